"""The smallest sequence on which a pass is wrong, with all its numbers: what it was given and gave, what is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.page.parts import differs
from lstm_sym.interpreter.evaluation import Array

MOST = 400
"""Numbers of one array that are shown."""


@dataclass(frozen=True)
class Row:
    """A row of an array: its index but for the last axis, from 0; its numbers, those that are right beside returned
    ones, and which of them are wrong.
    """

    name: str
    index: tuple[int, ...]
    values: Array
    right: Array | None = None
    wrong: Array | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether a number of it is."""
        return self.wrong is not None and bool(self.wrong.any())


def smallest_place(audit: Audit) -> int | None:
    """The place of the sequence with the fewest numbers on which an output is wrong; None where all is right."""

    def size(place: int) -> tuple[int, int]:
        case = audit.passes[place].case
        return sum(value.size for value in (case.x, case.dy, *case.params.values())), place

    return min(audit.wrong_on, key=size, default=None)


def given(audit: Audit, place: int) -> Iterator[Row]:
    """What the function may have been given of a sequence: input, parameters, initial states, cotangents."""
    case, sequence = audit.passes[place].case, audit.evidence.given[place]
    arrays = {"x": case.x, **case.params, **{f"{name}[0]": value for name, value in case.state.items()}}
    arrays |= {"dy": sequence.dy, **{f"d{name}[T]": value for name, value in sequence.dstate.items()}}
    for name, array in arrays.items():
        yield from rows(name, array)


def returned(audit: Audit, place: int) -> Iterator[Row]:
    """The outputs of a sequence that are wrong there, beside the right ones."""
    found, right = audit.evidence.found[place], audit.evidence.right[place].gradients
    for verdict in audit.verdicts:
        if place in verdict.wrong_on:
            name = verdict.name
            yield from rows(name, found[name], right[name], audit.evidence.bars[place])


def first_wrong(audit: Audit) -> tuple[int, str, str, float, float] | None:
    """The first wrong number of the smallest case: place of the sequence, output, index, what it is, what is right."""
    place = smallest_place(audit)
    row = None if place is None else next((row for row in returned(audit, place) if row.is_wrong), None)
    if place is None or row is None or row.right is None or row.wrong is None:
        return None
    column = int(np.argmax(row.wrong))
    index = ", ".join(map(str, (*row.index, column)))
    return place, row.name, index, float(row.values[column]), float(row.right[column])


def rows(name: str, array: Array, right: Array | None = None, bar: float = 0.0) -> Iterator[Row]:
    """The rows of an array, the first of those of a large one."""
    if array.ndim == 0:
        array, right = array[None], None if right is None else right[None]
    wrong = None if right is None else differs(array, right, bar)
    width = max(1, array.shape[-1])
    for index in list(np.ndindex(array.shape[:-1]))[: max(1, MOST // width)]:
        beside = None if right is None or wrong is None else (right[index], wrong[index])
        yield Row(name, index, array[index], *(beside or (None, None)))
