"""Which part of the outputs is wrong: of one its steps, sequences, rows or columns; of all what they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.compare import Verdict
from lstm_sym.audit.deviations.deviation import is_parameter
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Value

AXES = {"x": ("steps", "sequences", "inputs"), "state": ("sequences", "units")}
"""What the axes of an output are, of x and of an initial state."""


@dataclass(frozen=True)
class WrongPart:
    """Along an axis, "steps" say, of this many those at `places`, from 1, hold something wrong, and the others not."""

    axis: str
    places: tuple[int, ...]
    count: int


def wrong_parts(audit: Audit, verdict: Verdict) -> list[WrongPart]:
    """What is wrong of an output, on the first sequence on which it is; [] where that is all of it."""
    return [] if verdict.right or verdict.broken else wrong_parts_on(audit, verdict.name, verdict.wrong_on[0])


def wrong_parts_on(audit: Audit, name: str, place: int) -> list[WrongPart]:
    """What is wrong of an output on a sequence; [] where that is all of it, or nothing."""
    evidence = audit.evidence
    wrong = differs(evidence.found[place][name], evidence.right[place].gradients[name], evidence.bars[place])
    found = []
    for number, axis in enumerate(axes(name, wrong.ndim)):
        others = tuple(other for other in range(wrong.ndim) if other != number)
        here = np.asarray(wrong.any(axis=others))
        if here.any() and not here.all():
            found.append(WrongPart(axis, tuple(int(k) + 1 for k in np.flatnonzero(here)), len(here)))
    return found


def axes(name: str, count: int) -> Sequence[str]:
    """What the axes of an output are."""
    if is_parameter(name):
        return ("rows", "columns")[:count] if count == 2 else ("units",)[:count]
    return AXES["x" if name == "x" else "state"]


def differs(found: Array, right: Array, bar: float) -> Array:
    """Which elements are off by more than the error allowed, relative to the largest right one."""
    with np.errstate(all="ignore"):
        return np.asarray(~(np.abs(found - right) <= bar * np.abs(right).max(initial=0)))


def read_with(audit: Audit) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """A quantity with the outputs that are gradients of parameters in its equation: all wrong ones, and all right ones.

    Yields nothing unless every quantity has outputs that are all wrong or all right, and there are both.
    """
    right = {verdict.name: verdict.right for verdict in audit.verdicts}
    groups: dict[str, list[str]] = {}
    for statement in audit.derivation.adjoint.statements:
        if isinstance(statement, Accumulate) and statement.target.of is not None and statement.target.of.name in right:
            for name in {owner(audit, part.left) for part in statement.contributions}:
                groups.setdefault(name, []).append(statement.target.of.name)
    whole = {name: {right[output] for output in outputs} for name, outputs in groups.items()}
    if all(len(found) == 1 for found in whole.values()) and len({*map(min, whole.values())}) == 2:
        for name, outputs in groups.items():
            yield name, *((tuple(outputs), ()) if whole[name] == {False} else ((), tuple(outputs)))


def owner(audit: Audit, adjoint: Value) -> str:
    """The quantity whose equation an adjoint belongs to: o, of the adjoint of its pre-activation."""
    value = adjoint.of
    readers = [s.target for s in audit.derivation.forward.statements if value in s.reads()]
    if len(readers) == 1 and readers[0].name in audit.derivation.cell.shapes:
        return readers[0].name
    return value.name if value is not None else adjoint.name
