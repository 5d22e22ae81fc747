"""The same interface as a Python file: what was found out, for a user to read, to complete and to audit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.description import Arguments, Call, Interface
from lstm_sym.audit.interface.gates import blocks, shares
from lstm_sym.audit.interface.state_tuples import named_in

FILL = "# <-- fill in"
"""Marks what could not be found out."""

LOOK = "# <-- look at"
"""Marks what was found by trial, or is the likeliest: where to look first if the audit is not what you expect."""

HELPERS = '''
def packed(params, name):
    """One of your arrays: gates below each other, what stands side by side in a row."""
    rows = []
    for names, share in zip(PACKS[name], SHARES.get(name, [1.0] * len(PACKS[name]))):
        parts = [params[one] * share for one in names]
        parts = [part.reshape(len(part), -1) for part in parts] if len(parts) > 1 else parts
        rows.append(np.concatenate(parts, axis=-1))
    whole = np.concatenate(rows)
    if whole.ndim == 1:
        return whole{vector}
    return whole.T if TRANSPOSED else whole


def taken_apart(gradient, name, params):
    """The gradients of the parameters in such an array, each by itself."""
    gradient, found, top = np.asarray(gradient).T if TRANSPOSED else np.asarray(gradient), {{}}, 0
    if params[PACKS[name][0][0]].ndim == 1 and len(PACKS[name][0]) == 1:
        gradient = np.asarray(gradient).reshape(-1)
    for names in PACKS[name]:
        left, height = 0, len(params[names[0]])
        for one in names:
            width = params[one].shape[1] if params[one].ndim == 2 else 1
            part = gradient[top : top + height]
            found[one] = (part if part.ndim == 1 else part[:, left : left + width]).reshape(params[one].shape)
            left += width
        top += height
    return found


def named(value, names):
    """What was returned, by name: of a tuple in this order, of dicts by their keys."""
    if isinstance(value, dict) and not all(isinstance(key, int) for key in value):
        return {{name: part for key, inner in value.items() for name, part in named(inner, key).items()}}
    if isinstance(names, (list, tuple)):
        value = value if len(names) > 1 or isinstance(value, (list, tuple)) else [value]
        return {{name: part for inner, key in zip(value, names) for name, part in named(inner, key).items()}}
    return {{}} if value is None else {{names: value}}
'''


OBJECT = '''

def left_in(layer):
    """The gradients that a method left in its object: attributes called d..., and dicts of gradients."""
    found = {}
    for name, value in vars(layer).items():
        if "grad" in name and isinstance(value, dict):
            found |= {key if key.startswith("d") else f"d{key}": part for key, part in value.items()}
        elif name.startswith(("d", "grad")):
            found[name] = value
    return found
'''

CONTEXT = '''

class Context:
    """Keeps what the forward pass saves."""

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors
'''


def adapter_text(convention: Convention, words: Sequence[str], file: Path, function: str, target: Path | None) -> str:
    """The file. Its function `audited` takes and returns what docs/audit.md says, so that it can be audited itself."""
    interface = convention.interface
    assert interface is not None
    writer = Writer(convention, interface, words)
    return "\n".join(
        [
            f'"""Between `lstm-sym audit` and {file.name}: calls {function}, and names what it returns.',
            "",
            f"lstm-sym audit {target.name if target else 'adapter.py'}:audited --cell {convention.derivation.cell.key}",
            '"""',
            "",
            *imports(file, target, interface),
            "",
            *writer.tables(),
            "",
            *writer.helpers(),
            "",
            *writer.function(),
            "",
        ]
    )


def imports(file: Path, target: Path | None, interface: Interface) -> Iterator[str]:
    """The user's file, from wherever it stands."""
    away = os.path.relpath(file.resolve().parent, (target or Path("adapter.py")).resolve().parent)
    yield from ("import importlib", "import sys", "from pathlib import Path", "", "import numpy as np", "")
    yield f"sys.path.insert(0, str(Path(__file__).resolve().parent / {away!r}))"
    yield f"own = importlib.import_module({file.stem!r})"


class Writer:
    """Writes the parts of the file."""

    def __init__(self, convention: Convention, interface: Interface, words: Sequence[str]) -> None:
        self.convention, self.interface, self.words = convention, interface, words
        self.arrangement = convention.arrangement
        self.packs = interface.packs[self.arrangement.reading]
        self.is_by_step = interface.by == "step"
        order = self.arrangement.states or tuple(convention.derivation.cell.states)
        self.returns = named_in(interface.backward.returns, interface.outputs, order)
        self.order = self.arrangement.sequence.replace("T", "") if self.is_by_step else self.arrangement.sequence

    def tables(self) -> Iterator[str]:
        """The arrays of parameters, and the names of gradients."""
        gates, arrangement = self.convention.gates, self.arrangement
        yield f"PACKS = {{  {LOOK}: the order of the gates, and which parameters are side by side"
        rows = {name: blocks(pack, arrangement, gates) for name, pack in self.packs.items()}
        for name, parameters in rows.items():
            if parameters:
                yield f"    {name!r}: {[list(row) for row in parameters]},"
        yield "}"
        yield '"""Your name of an array -> the parameters of the cell in it."""'
        parts = {name: list(shares(pack, arrangement, gates)) for name, pack in self.packs.items() if pack.share != 1}
        yield f"SHARES = {parts}"
        yield f"TRANSPOSED = {self.arrangement.turned}  {LOOK}: True if weights are (D, H), as x @ W wants them"
        words = {name: what for name, what in self.interface.outputs.items() if self.is_used(name)}
        yield "GRADIENTS = {"
        yield from (f"    {name!r}: {what.removeprefix('pack/')!r}," for name, what in words.items())
        yield "}"
        yield '"""Your name of a gradient -> the output, or your array, that it is the gradient of."""'

    def is_used(self, name: str) -> bool:
        """Whether the gradient of this name comes back, or may do: it is in the file, or made up of what is in it."""
        words = {*self.words, *flat(self.returns)}
        return name in words or name.removeprefix("d") in self.packs

    def helpers(self) -> list[str]:
        """Functions that every adapter has, for this arrangement."""
        vector = {"H": "", "1H": "[None]", "H1": "[:, None]"}[self.arrangement.vector]
        text = HELPERS.format(vector=vector)
        text += OBJECT if self.interface.is_object else CONTEXT if self.interface.context else ""
        return text.strip("\n").split("\n")

    def function(self) -> Iterator[str]:
        """`audited`, and what it does for one sequence where it is one at a time."""
        arguments = self.arguments()
        name = "one" if self.arrangement.is_single else "audited"
        yield f"def {name}({', '.join(arguments)}):"
        yield from (f"    {line}" for line in self.body())
        if not self.arrangement.is_single:
            return
        batched = {"x": "x[:, b]", "dy": "dy[:, b]", "params": "params"}
        if self.is_by_step:
            batched = {"x": "x[b]", "dy": "dy[b]", "params": "params"}
        given = ", ".join(batched.get(argument, f"{argument}[b]") for argument in arguments)
        count = "x.shape[0]" if self.is_by_step else "x.shape[1]"
        axis = 0 if self.is_by_step else 1
        yield ""
        yield ""
        yield f"def audited({', '.join(arguments)}):"
        yield '    """One sequence of the batch after the other; gradients of parameters add up."""'
        yield f"    found = [one({given}) for b in range({count})]"
        yield "    whole = {name: sum(each[name] for each in found) for name in found[0]}"
        yield "    for name in set(whole) - set(params):"
        yield f"        axis = {axis} if name == 'x' else 0"
        yield "        whole[name] = np.stack([each[name] for each in found], axis=axis)"
        yield "    return whole"

    def arguments(self) -> list[str]:
        """What `audited` takes, by the names of docs/audit.md."""
        sources, states = self.interface.sources, list(self.convention.derivation.cell.states)
        found = ["x"]
        suffix = "_prev" if self.is_by_step else "0"
        takes_all = self.interface.takes_all("state")
        found += [f"{s}{suffix}" for s in states if takes_all or f"state/{s}" in sources]
        found += [*dict.fromkeys(s.partition("/")[2] or "tape" for s in sorted(sources) if s.startswith("tape"))]
        found += ["params"]
        output = self.convention.derivation.cell.output
        if "dy" in sources:
            found += [f"d{output}_T"] if self.arrangement.last else ["dy"]
        takes_all = self.interface.takes_all("dstate")
        found += [f"d{s}_T" for s in states if takes_all or f"dstate/{s}" in sources]
        return [*found, *(f"d{s}_next" for s in states if f"carried/{s}" in sources)]

    def body(self) -> Iterator[str]:
        """The calls, and what comes of them."""
        interface = self.interface
        yield f'"""x {self.axes()}; each array is given as {interface.backward.name} wants it."""'
        yield "given = {name: packed(params, name) for name in PACKS}"
        yield f"x = {self.placed('x', 'TBD')}  {LOOK}: the axes of x: {self.order}"
        yield f"width = {{'D': x.shape[{self.order.index('D')}], 'H': len(next(iter(params.values())))}}"
        for call in filter(None, (interface.forward, interface.backward)):
            for name in [name for name, source in call.arguments if source in ("", "targets")]:
                yield f"{name} = None  {FILL} what {call.name} is to be given as {name}"
        for name, source in interface.readout:
            size = "(1, width['H'])" if source.endswith("matrix") else "(1, 1)"
            yield f"given[{name!r}] = np.zeros({size})"
        yield from self.globals()
        owner = "own"
        if interface.owner:
            owner = f"own.{interface.owner}"
        if interface.is_object:
            yield f"layer = {owner}({self.written(interface.construct)})"
            yield "for holder in [vars(layer), *(v for v in vars(layer).values() if isinstance(v, dict))]:"
            yield "    holder.update({name: value for name, value in given.items() if name in holder})"
            owner = "layer"
        first = "context"
        if interface.context:
            yield "context = Context()"
        if interface.forward:
            yield f"kept = {self.call(owner, interface.forward, first)}"
        yield f"result = {self.call(owner, interface.backward, first)}"
        yield f"found = named(result, {list_text(self.returns)})  {LOOK}: the order of what is returned"
        if interface.is_object:
            yield "found = {**left_in(layer), **found}"
        yield from self.answer()

    def globals(self) -> Iterator[str]:
        """What is set in the module."""
        for name, source in self.interface.globals:
            yield f"own.{name} = {self.value(source)}"

    def call(self, owner: str, call: Call, first: str) -> str:
        """One call."""
        written = self.written(call.arguments, positional=self.interface.context)
        start = f"{first}, " if self.interface.context else ""
        return f"{owner}.{call.name}({start}{written})"

    def written(self, arguments: Arguments, *, positional: bool = False) -> str:
        """Arguments, each as it is given."""
        values = [(n, n if source in ("", "targets") else self.value(source)) for n, source in arguments]
        return ", ".join(value if positional else f"{name}={value}" for name, value in values)

    def value(self, source: str) -> str:
        """What an argument is given, in terms of those of `audited`."""
        kind, _, name = source.partition("/")
        output = self.convention.derivation.cell.output
        states = self.convention.derivation.cell.states
        suffix = "_prev" if self.is_by_step else "0"
        match kind:
            case "x":
                return "x"
            case "dy" if self.arrangement.last:
                return self.placed(f"d{output}_T", "BD")
            case "dy":
                return self.placed("dy", "TBD")
            case "tape":
                return self.placed(name, "TBD") if name else "tape"
            case "pack":
                return f"given[{name!r}]"
            case "params":
                return "given"
            case "state" if name:
                return self.placed(f"{name}{suffix}", "BD")
            case "dstate" if name:
                return self.placed(f"d{name}_T", "BD")
            case "carried":
                return self.placed(f"d{name}_next", "BD")
            case "states" | "dstates":
                form = "d{0}_T" if kind == "dstates" else f"{{0}}{suffix}"
                order = name.split(",") if name else self.arrangement.states or states
                return f"({', '.join(self.placed(form.format(s), 'BD') for s in order)},)"
            case "forward":
                return f"kept[{name}]" if name else "kept"
            case "size" if name in "DH":
                return f"width[{name!r}]"
            case "size" if name in self.order:
                return f"x.shape[{self.order.index(name)}]"
        return "None"

    def placed(self, name: str, axes: str) -> str:
        """An array with its axes in the order that is wanted; one sequence of it comes without its batch."""
        if self.is_by_step:
            axes = axes.replace("T", "")
        if self.arrangement.is_single:
            axes = axes.replace("B", "")
        letters = [letter for letter in self.order if letter in axes]
        order = tuple(axes.index(letter) for letter in letters)
        turned = name if order == tuple(range(len(order))) else f"{name}.transpose{order}"
        return f"{turned}[..., None]" if "1" in self.order else turned

    def axes(self) -> str:
        """The axes of x as `audited` gets it."""
        axes = "".join(
            a for a in "TBD" if not (self.is_by_step and a == "T") and not (self.arrangement.is_single and a == "B")
        )
        return f"({', '.join(axes)})"

    def answer(self) -> Iterator[str]:
        """Gradients by the names of the cell, in the layout of the equations."""
        suffix = "_prev" if self.is_by_step else "0"
        yield "gradients = {}"
        yield "for name, value in found.items():"
        yield "    what = GRADIENTS.get(name)"
        yield "    if what in PACKS:"
        yield "        gradients |= taken_apart(value, what, params)"
        yield "    elif what == 'x':"
        yield f"        gradients['x'] = {self.back('TBD')}"
        yield "    elif what and what.endswith('[0]'):"
        yield f"        gradients['d' + what.replace('[0]', {suffix!r})] = {self.back('BD')}"
        yield "return gradients"

    def back(self, axes: str) -> str:
        """A gradient in the user's arrangement, its axes as those of the equations."""
        if self.is_by_step:
            axes = axes.replace("T", "")
        if self.arrangement.is_single:
            axes = axes.replace("B", "")
        letters = [letter for letter in self.order if letter in axes]
        order = tuple(letters.index(letter) for letter in axes)
        text = "np.asarray(value)" if "1" not in self.order else "np.asarray(value)[..., 0]"
        return text if order == tuple(range(len(order))) else f"{text}.transpose{order}"


def list_text(names: Sequence[object]) -> str:
    """Names as a list, those in tuples too."""
    inner = [list_text(name) if isinstance(name, list | tuple) else repr(name) for name in names]
    return f"[{', '.join(inner)}]"


def flat(names: Sequence[object]) -> Iterator[str]:
    """All of the names."""
    for name in names:
        if isinstance(name, list | tuple):
            yield from flat(name)
        else:
            yield str(name)
