"""The names by which a user's function may ask for what it needs, and by which it may return gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.cell import Cell

INPUTS = ("x", "xs", "X", "input", "inputs", "seq", "sequence", "tokens", "words", "chars", "sentence")
"""What people call the input."""


def arguments(derivation: Derivation, sizes: Mapping[str, int]) -> dict[str, str]:
    """Name of an argument -> what it is given: "x", "dy", "params", "params/W_i", "tape/i", "carried/h", ...

    A name of the cell itself stands for that quantity, whatever else it could mean.
    """
    cell = derivation.cell
    found = {name: f"size/{name}" for name in sizes}
    found |= {value.name: f"tape/{value.name}" for value in derivation.forward.values() if value.time == 0}
    found |= dict.fromkeys(("params", "parameters", "weights"), "params")
    found |= dict.fromkeys(("state", "states", "initial_state", "state0"), "state")
    found |= dict.fromkeys(("dstate", "d_state", "dstates", "dstate_T", "grad_state"), "dstate")
    found |= dict.fromkeys(("tape", "cache", "caches", "saved", "values"), "tape")
    found |= dict.fromkeys((*INPUTS, "x_t", "xt"), "x")
    found |= {"y": f"tape/{cell.output}", "ys": f"tape/{cell.output}"}
    cotangents = [f"{d}{end}" for d in ("dy", f"d{cell.output}", f"d_{cell.output}") for end in ("", "s", "_t")]
    found |= dict.fromkeys((*cotangents, "dout", "grad_y", "grad_output"), "dy")
    for name in cell.states:
        found |= dict.fromkeys((f"{name}_prev", f"prev_{name}"), f"tape/{name}_prev")
        found |= dict.fromkeys((f"{name}0", f"{name}_0", f"{name}_init"), f"state/{name}")
        last = (f"d{name}_T", f"d_{name}_T", f"d{name}T", f"d{name}_last", f"d{name}_final")
        found |= dict.fromkeys(last, f"dstate/{name}")
        found |= dict.fromkeys((f"d{name}_next", f"d_{name}_next", f"dnext_{name}"), f"carried/{name}")
    found |= {name: f"params/{name}" for name in cell.parameters}
    found |= {equation.target: f"tape/{equation.target}" for equation in cell.equations}
    return found | ({cell.input: "x"} if cell.input else {})


def offered(cell: Cell) -> list[str]:
    """The names of arguments to tell a user of, those that most functions want first."""
    states = [f"{start}{name}{end}" for start, end in (("", "0"), ("d", "_T"), ("d", "_next")) for name in cell.states]
    quantities = [equation.target for equation in cell.equations]
    whole = ["x", "dy", "params", "state", "dstate", "tape"]
    return list(dict.fromkeys([*whole, *states, *(f"{s}_prev" for s in cell.states), *quantities, *cell.parameters]))


def groups(cell: Cell, tape: Sequence[str]) -> dict[str, dict[str, str]]:
    """The arguments that are given as a dict: its keys, and what stands at them."""
    return {
        "params": {name: f"params/{name}" for name in cell.parameters},
        "state": {name: f"state/{name}" for name in cell.states},
        "dstate": {name: f"dstate/{name}" for name in cell.states},
        "tape": {"x": "x", cell.input or "x": "x", **{name: f"tape/{name}" for name in tape}},
    }


def order(cell: Cell) -> list[str]:
    """The outputs in the order in which a tuple is read: x, the parameters, the initial states "h[0]"."""
    return [*(["x"] if cell.input else []), *cell.parameters, *(f"{name}[0]" for name in cell.states)]


def outputs(cell: Cell) -> dict[str, str]:
    """Name of an entry of what is returned -> the output it is; a parameter goes before anything else of its name."""
    found: dict[str, str] = {}
    for name in cell.states:
        ends = ("", "0", "_0", "_init", "_prev", "_next")
        found |= {f"{d}{name}{end}": f"{name}[0]" for d in ("", "d", "d_", "grad_") for end in ends}
        found |= {f"{name}[0]": f"{name}[0]", f"dprev_{name}": f"{name}[0]"}
    for name in (*INPUTS, cell.input):
        found |= {f"{d}{name}": "x" for d in ("", "d", "d_", "grad_")} if name else {}
    for d in ("grad_", "d_", "d", ""):
        found |= {f"{d}{name}": name for name in cell.parameters}
    return found
