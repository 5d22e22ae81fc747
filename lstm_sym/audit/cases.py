"""The sequences on which a backward pass is audited.

Two are long enough for everything to show, from different seeds, so that no coincidence passes. The others have one
step and two: there mistakes have not yet mixed through time, and each can be told from the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_sym.audit import names
from lstm_sym.audit.child import in_case
from lstm_sym.audit.errors import AuditError
from lstm_sym.check import Case, random_case
from lstm_sym.compile.derivation import Derivation
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Backward, Values, run_forward

SIZES = {"batch": 3, "inputs": 2, "hidden": 4}
"""All different, so that what is mixed up shows in a shape."""

STEPS = (6, 6, 1, 2)
LONG, SHORT = (0, 1), (2, 3)
"""Places of the long and of the short sequences."""

ALL = frozenset({"dy", "dstate"})
"""What a function takes that takes every cotangent."""


@dataclass(frozen=True)
class ForwardPass:
    """One case, and all values of its forward pass."""

    case: Case
    steps: list[Values]

    def backward(self, taken: frozenset[str]) -> Backward:
        """What a backward program is given; cotangents that the function did not take are zero."""
        case = self.case
        dy = case.dy if "dy" in taken else np.zeros_like(case.dy)
        dstate = {
            name: value if taken & {"dstate", f"dstate/{name}", f"carried/{name}"} else np.zeros_like(value)
            for name, value in case.dstate.items()
        }
        return Backward(self.steps, dy, dstate)


def forward_passes(derivation: Derivation, seed: int) -> list[ForwardPass]:
    """Sequences of `STEPS` steps, each of its own seed; in that of one step nothing arrives from a step after.

    Raises AuditError for a cell whose own forward pass is not finite there.
    """
    cases = [random_case(derivation.cell, steps=steps, seed=seed + k, **SIZES) for k, steps in enumerate(STEPS)]
    alone = STEPS.index(1)
    cases[alone] = replace(cases[alone], dstate={name: 0 * value for name, value in cases[alone].dstate.items()})
    with np.errstate(all="ignore"):  # what is not finite is found in the values
        found = [ForwardPass(c, run_forward(derivation.forward, c.x, c.params, c.state)) for c in cases]
    if not all(np.isfinite(array).all() for one in found for values in one.steps for array in values.values()):
        raise AuditError(
            "",
            f"{derivation.cell.key}: the forward pass itself gives NaN or infinity on random sequences",
            "a logarithm or a quotient of what can be zero or negative",
            "try another --seed, or mend the cell",
        )
    return found


def request(derivation: Derivation, found: list[ForwardPass]) -> dict[str, Any]:
    """What the child process has to know of the cell."""
    cell = derivation.cell
    tape = list(_tape(derivation, found[0]))
    timed = {value.name for value in derivation.forward.values() if value.time == 0} | {
        f"{s}_prev" for s in cell.states
    }
    return {
        "arguments": names.arguments(derivation, found[0].case.sizes),
        "offered": names.offered(cell),
        "groups": names.groups(cell, tape),
        "outputs": names.outputs(cell),
        "order": names.order(cell),
        "states": list(cell.states),
        "output": cell.output,
        "sizes": [sequence.case.sizes for sequence in found],
        "timed": ["x", "dy", *(f"tape/{name}" for name in tape if name in timed)],
    }


def arrays(derivation: Derivation, found: list[ForwardPass]) -> dict[str, Array]:
    """The arrays of all cases, "0/x", "0/params/W_i", "0/tape/i", ..."""
    given: dict[str, Array] = {}
    for place, sequence in enumerate(found):
        case = sequence.case
        parts = {"params": case.params, "state": case.state, "dstate": case.dstate, "tape": _tape(derivation, sequence)}
        named = {f"{part}/{name}": value for part, of_part in parts.items() for name, value in of_part.items()}
        given |= in_case({**named, "x": case.x, "dy": case.dy}, place)
    return given


def _tape(derivation: Derivation, sequence: ForwardPass) -> dict[str, Array]:
    """Every quantity of the forward pass (T, B, H), and every state of the step before as h_prev."""
    program, steps = derivation.forward, sequence.steps
    found = {s.target.name: (s.target, s.target.time) for s in program.statements}
    found |= {f"{carry.incoming.name}_prev": (carry.incoming, 0) for carry in program.carries}
    return {
        name: np.asarray(steps[0][value]) if time is None else np.array([values[value] for values in steps])
        for name, (value, time) in found.items()
    }
