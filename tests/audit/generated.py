"""Passes that are generated: the derived backward pass with mistakes in it, printed as NumPy in several styles.

A style says how what one step needs and gives is wrapped: by names, in a loop, behind a cache, with weights packed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from random import Random

from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.numpy.plain import plain_source
from lstm_sym.equations import Cell
from lstm_sym.interpreter.loop import Total
from lstm_sym.mistakes.catalogue import Mistake

SUMS = {
    Total.SUM: "{0} += {1}",
    Total.FIRST_STEP: "{0} = {1}",
    Total.LAST_STEP: "{0} += {1} * (t == T - 1)",
    Total.BATCH_MEAN: "{0} += {1} / B",
    Total.TIME_MEAN: "{0} += {1} / T",
}
"""How the gradient of a parameter is summed over the steps -> the line that does it."""


def printable(mistake: Mistake) -> bool:
    """Whether it is one of a step, or of how gradients of parameters are summed: not of the loop around it.

    Nor that the cotangent of the output is left out: all is zero then where a function takes no other. Nor that a line
    has nothing on its right side.
    """
    loop, context = mistake.loop, mistake.context
    known = {*context.forward.values(), *context.backward.values()}
    sums = {*SUMS} >= {*loop.totals.values()} and all(value.time is None for value in loop.totals)
    is_whole = all(statement.reads() for statement in mistake.program.statements)
    is_zero = mistake.kind == "cotangent left out"
    return sums and is_whole and not is_zero and not loop.unstarted and {*mistake.program.values()} <= known


class Steps:
    """forward() and backward() of one step as source, the backward pass with a mistake; and what they are given."""

    def __init__(self, cell: Cell, mistake: Mistake | None) -> None:
        derivation = Derivation(cell)
        if mistake is not None:
            vars(derivation)["adjoint"] = mistake.program
        self.cell, self.mistake = cell, mistake
        text = plain_source(Plan(derivation))
        text = re.sub(r"\s*#.*", "", text[text.index("import numpy") :])
        text = re.sub(r"np\.full\(\(B, ([^)]*)\), (\w+), dtype\)", r"np.full((len(dy), \1), \2, float)", text)
        self.text = text.replace("def forward(", "def step_forward(").replace("def backward(", "def step_backward(")
        self.given = {name: self._names(rf"def step_{name}\((.*?)\):") for name in ("forward", "backward")}
        first, second = (self._names(pattern) for pattern in self._returns())
        self.gives = {"forward": first, "backward": second}

    def _names(self, pattern: str) -> list[str]:
        found = re.search(pattern, self.text, re.DOTALL)
        assert found is not None
        return re.findall(r"\w+", found[1])

    def _returns(self) -> tuple[str, str]:
        head = r"def step_{}\(.*?\):.*?    return \(?([^)]*?)\)?(?:\n\n|\n*\Z)"
        return head.format("forward"), head.format("backward")

    @property
    def gradients(self) -> list[str]:
        """What step_backward() calls the gradients of the parameters, in their order."""
        return self.gives["backward"][1 : 1 + len(self.cell.parameters)]

    def sums(self) -> list[str]:
        """The lines that sum what a step gives into total_W_i."""
        totals = {value.of.name: how for value, how in (self.mistake.loop.totals if self.mistake else {}).items()}
        pairs = zip(self.cell.parameters, self.gradients, strict=True)
        return [SUMS[totals.get(name, Total.SUM)].format(f"total_{name}", given) for name, given in pairs]


def written(cell: Cell, mistake: Mistake | None, style: str, random: Random) -> tuple[str, str]:
    """The text of a file in this style, and the function in it that goes back."""
    steps = Steps(cell, mistake)
    return STYLES[style](steps, random)


def _by_steps(steps: Steps, random: Random) -> tuple[str, str]:
    """A function of one step, which is given all by name."""
    return steps.text, "step_backward"


def _loop(steps: Steps, states: Sequence[str], x_t: str, dy_t: str) -> str:
    """The loop back over `caches`, of which each holds what step_backward() reads beside the adjoints, by name."""
    carried = [name for name in steps.given["backward"] if name.endswith("_next")]
    sent = steps.gives["backward"][-len(carried) :]
    arguments = [name if name in (*carried, *steps.cell.parameters) else f"cache[{name!r}]" for name in _read(steps)]
    call = ", ".join(["dy_t", *carried, *arguments])
    return "\n".join(
        [
            *(f"{name} = {start}" for name, start in zip(carried, states, strict=True)),
            *(f"total_{name} = np.zeros_like({name})" for name in steps.cell.parameters),
            f"dx = np.zeros_like({x_t.partition('[')[0]})",
            "for t in reversed(range(T)):",
            f"    cache, dy_t = caches[t], {dy_t}",
            f"    {', '.join(steps.gives['backward'])} = step_backward({call})",
            f"    {x_t} = {steps.gives['backward'][0]}",
            *(f"    {line}" for line in steps.sums()),
            *(f"    {name} = {value}" for name, value in zip(carried, sent, strict=True)),
        ]
    ).replace("np.zeros_like(dx)", "np.zeros(x_shape)")


def _read(steps: Steps) -> list[str]:
    """What step_backward() is given beside dy and what arrives."""
    return [name for name in steps.given["backward"] if name != "dy" and not name.endswith("_next")]


def _forward(steps: Steps, x_t: str, y_t: str, starts: Sequence[str]) -> str:
    """The loop ahead, which fills `caches`."""
    states = steps.cell.states
    given = ", ".join("x_t" if name == "x" else name for name in steps.given["forward"])
    names = [*steps.gives["forward"], *(f"{state}_prev" for state in states)]
    kept = ", ".join(f"{name!r}: {name}" for name in dict.fromkeys(names))
    return "\n".join(
        [
            *(f"{state}_prev = {start}" for state, start in zip(states, starts, strict=True)),
            "caches = []",
            "for t in range(T):",
            f"    x_t = {x_t}",
            f"    {', '.join(steps.gives['forward'])} = step_forward({given})",
            f"    {y_t} = {steps.cell.output}",
            f"    caches.append({{'x': x_t, {kept}}})",
            *(f"    {state}_prev = {state}" for state in states),
        ]
    )


def _indent(text: str, by: int = 4) -> str:
    return textwrap.indent(text, " " * by)


def _packed(steps: Steps, random: Random, *, time_first: bool, names: tuple[str, str, str]) -> tuple[str, str]:
    """A pair forward(), backward() whose weights of all gates are the columns of one array each."""
    gates = _gates(steps.cell)
    random.shuffle(gates)
    states, others = steps.cell.states, _others(steps.cell)
    unpacked, packed = [], []
    for letter, name in zip("WUb", names, strict=True):
        turn = "" if letter == "b" else ".T"
        unpacked += [f"{letter}{g} = {name}[..., {k} * H : {k + 1} * H]{turn}" for k, g in enumerate(gates)]
        parts = ", ".join(f"total_{letter}{gate}{turn}" for gate in gates)
        packed.append(f"d{name} = np.concatenate(({parts}), axis=-1)" if len(gates) > 1 else f"d{name} = {parts}")
    arguments = ", ".join(["x", *(f"{state}0" for state in states), *names, *others])
    at = "x[t]" if time_first else "x[:, t]"
    starts = [f"{state}0" for state in states]
    zeros = [f"np.zeros_like(caches[0]['{state}_prev'])" for state in states]
    y_shape, axes = ("(T, B, H)", "T, B, D") if time_first else ("(B, T, H)", "B, T, D")
    sizes = f"{axes} = x.shape\nH = {starts[0]}.shape[1]"
    ahead = f"{sizes}\ny = np.zeros({y_shape})\n" + "\n".join(unpacked)
    ahead += "\n" + _forward(steps, at, at.replace("x", "y"), starts)
    ahead += f"\nreturn y, (x, caches, {', '.join([*names, *others])})"
    back = (
        f"x, caches, {', '.join([*names, *others])} = cache\n{sizes.replace(starts[0], 'dy').replace('[1]', '[2]')}\n"
    )
    back += "\n".join(unpacked) + "\n" + _loop(steps, zeros, at.replace("x", "dx"), at.replace("x", "dy"))
    back = back.replace("np.zeros_like(dx)", "np.zeros_like(x)").replace("np.zeros(x_shape)", "np.zeros_like(x)")
    back = back.replace("cache, dy_t", "step, dy_t").replace("cache[", "step[")
    back += "\n" + "\n".join(packed)
    carried = [name for name in steps.given["backward"] if name.endswith("_next")]
    first = [f"d{state}0 = {name}" for state, name in zip(states, carried, strict=True)]
    first += [f"d{name} = total_{name}" for name in others]
    results = ["dx", *(f"d{state}0" for state in states), *(f"d{name}" for name in (*names, *others))]
    back += "\n" + "\n".join(first) + f"\nreturn {', '.join(results)}"
    text = (
        f"{steps.text}\n\ndef forward({arguments}):\n{_indent(ahead)}\n\n\ndef backward(dy, cache):\n{_indent(back)}\n"
    )
    return text, "backward"


def _gates(cell: Cell) -> list[str]:
    """The endings of the parameters: "_i", "_f", ...; "" of a cell with one W."""
    return [name[1:] for name in cell.parameters if name.startswith("W")]


def _others(cell: Cell) -> list[str]:
    """Parameters that are no weights or bias of a gate: peepholes."""
    return [name for name in cell.parameters if name[0] not in "WUb"]


def _by_names(steps: Steps, random: Random) -> tuple[str, str]:
    """A function of the whole sequence, which is given all by name."""
    cell = steps.cell
    read = [name for name in _read(steps) if name not in cell.parameters]
    arguments = ["dy", *read, *cell.parameters, *(f"d{state}_T" for state in cell.states)]
    back = "T, B = dy.shape[:2]\n" + _loop(steps, [f"d{state}_T" for state in cell.states], "dx[t]", "dy[t]")
    back = back.replace("np.zeros(x_shape)", "np.zeros_like(x)").replace("np.zeros_like(dx)", "np.zeros_like(x)")
    back = back.replace("    cache, dy_t = caches[t], dy[t]\n", "    dy_t = dy[t]\n")
    back = re.sub(r"cache\['(\w+)'\]", r"\1[t]", back)
    if "x" not in arguments:
        arguments.insert(1, "x")
    carried = [name for name in steps.given["backward"] if name.endswith("_next")]
    entries = ["'dx': dx", *(f"'d{name}': total_{name}" for name in cell.parameters)]
    entries += [f"'d{state}0': {name}" for state, name in zip(cell.states, carried, strict=True)]
    back += f"\nreturn {{{', '.join(entries)}}}"
    return f"{steps.text}\n\ndef backward({', '.join(arguments)}):\n{_indent(back)}\n", "backward"


def _course(steps: Steps, random: Random) -> tuple[str, str]:
    return _packed(steps, random, time_first=False, names=("Wx", "Wh", "b"))


def _time_first(steps: Steps, random: Random) -> tuple[str, str]:
    return _packed(steps, random, time_first=True, names=("Wxh", "Whh", "bh"))


def _one_matrix(steps: Steps, random: Random) -> tuple[str, str]:
    """One matrix, which acts on [x, h], and states that begin at zero."""
    text, function = _packed(steps, random, time_first=False, names=("Wx", "Wh", "b"))
    states = ", ".join(f"{state}0" for state in steps.cell.states)
    zeros = "\n".join(f"    {state}0 = np.zeros((len(x), H))" for state in steps.cell.states)
    text = text.replace(f"def forward(x, {states}, Wx, Wh,", "def forward(x, W_all,")
    text = re.sub(r"    H = \w+0\.shape\[1\]\n", f"    Wx, Wh = W_all[:D], W_all[D:]\n    H = len(Wh)\n{zeros}\n", text)
    joined = "dW_all = np.concatenate((dWx, dWh))"
    given = ", ".join(["dx", *(f"d{state}0" for state in steps.cell.states), "dWx", "dWh"])
    return text.replace(f"return {given},", f"{joined}\n    return dx, dW_all,"), function


def _class(steps: Steps, random: Random) -> tuple[str, str]:
    """A class that keeps its weights, its cache and its gradients."""
    text, _ = _packed(steps, random, time_first=True, names=("Wxh", "Whh", "bh"))
    others, states = _others(steps.cell), [f"{state}0" for state in steps.cell.states]
    weights = ["Wxh", "Whh", "bh", *others]
    shapes = [f"(D, {len(_gates(steps.cell))} * H)", f"(H, {len(_gates(steps.cell))} * H)"]
    shapes += [shapes[0].replace("D, ", "")] + ["H"] * len(others)
    owned = ", ".join(f"self.{name}" for name in weights)
    lines = ["", "", "class Layer:", "    def __init__(self, D, H):"]
    lines += [f"        self.{name} = np.zeros({shape})" for name, shape in zip(weights, shapes, strict=True)]
    lines += ["", f"    def forward(self, x, {', '.join(states)}):"]
    lines += [f"        y, self.cache = forward(x, {', '.join(states)}, {owned})", "        return y"]
    gradients = ", ".join(f"self.d{name}" for name in weights)
    back = ", ".join(["dx", *(f"d{state}" for state in states)])
    lines += ["", "    def backward(self, dy):", f"        {back}, {gradients} = backward(dy, self.cache)"]
    return text + "\n".join([*lines, f"        return {back}", ""]), "Layer.backward"


Style = Callable[[Steps, Random], tuple[str, str]]
STYLES: dict[str, Style] = {
    "by steps": _by_steps,
    "by names": _by_names,
    "course": _course,
    "time first": _time_first,
    "one matrix": _one_matrix,
    "class": _class,
}
