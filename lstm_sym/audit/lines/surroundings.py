"""What a line of a user's file can read: what the function had been given, and what it had assigned before."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from lstm_sym.audit.lines.written import Fit, Line, Where, Written, fits, holds, latest
from lstm_sym.audit.running.child.indices import index_of
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.program.values import Value

Known = Mapping[str, tuple[str, Array]]
"""Place -> its name as written, and its value."""

LEADING = ("", ":, ", ":, :, ")
"""Axes that may stand before that of the steps."""

MOST_ENTRIES = 40
"""Arrays by step of which it is tried whether an entry of them is a value."""


class Surroundings:
    """The names that stand for values where a line is, at every step."""

    def __init__(self, written: Written, line: Line, wrong: Value, parts: Sequence[str] = ()) -> None:
        """wrong: the value that the mistake is in; only what is right has its name. parts: of arrays, as they are read
        on the line.
        """
        self.wrong, self.written, self.line, self.parts = wrong, written, line, parts
        self.known = [latest(written.assigned, moment) for moment in line.moments]

    def of(self, line: Line) -> Surroundings:
        """The same for a line at the same moments."""
        found = Surroundings(self.written, line, self.wrong, self.parts)
        found.__dict__["names"] = self.names
        return found

    def text(self, value: Value, where: Where | None = None) -> tuple[str, bool] | None:
        """What a value is called there, and whether it is stored transposed; None if it has no name.

        where: the part of an array that it is, and then what the array is called.
        """
        for text, arrays in self.names:
            for turned in (False, True):
                if self._is(arrays, value, (turned, where)):
                    return text, turned
        return None

    def shape(self, value: Value) -> tuple[int, ...]:
        """The shape of the array that a value is."""
        found = self._value(value, 0)
        return () if found is None else np.shape(found)

    @property
    def axes(self) -> int:
        """How many axes the array has that the line assigns."""
        return self.written.assigned[self.line.moments[0]].value.ndim

    @cached_property
    def is_single(self) -> bool:
        """Whether the steps of one sequence are vectors here, no rows and no columns."""
        batch = {len(array) for value, array in self.written.steps[0].items() if value.time is not None and array.ndim}
        return batch == {1} and not any(arrays[0].ndim == 2 and 1 in arrays[0].shape for _, arrays in self.names)

    def holding(self, value: Value) -> Iterator[tuple[str, Fit]]:
        """The names of the arrays of which a value is a part, and which."""
        first = self._value(value, 0)
        for text, arrays in self.names if first is not None else ():
            assert first is not None
            for found in fits(arrays[0], first):
                if found[1] is not None and self._is(arrays, value, found):
                    yield text, found

    @cached_property
    def names(self) -> list[tuple[str, list[Array]]]:
        """Everything that can be named at every step, the latest first: its name, and its array at each step.

        What changes within a step, as what a loop over gates takes, comes last, then parts that the line reads, then
        entries of what holds all steps.
        """
        known, counts = list(reversed(self.known[0].items())), self.written.counts
        often = sorted(known, key=lambda entry: counts[self.line.function, entry[0]] > len(self.known) + 1)
        texts = dict.fromkeys(text for place, (name, _) in often for text in (place, name))
        found = [(text, self._everywhere(text)) for text in (*texts, *self.parts, *self._by_step())]
        return [(text, arrays) for text, arrays in found if arrays is not None]

    def _is(self, arrays: list[Array], value: Value, how: Fit) -> bool:
        values = [self._value(value, t) for t in range(len(arrays))]
        pairs = zip(arrays, values, strict=True)
        return all(one is not None and one.size > 0 and holds(array, one, how) for array, one in pairs)

    def _value(self, value: Value, t: int) -> Array | None:
        return (self.written.right.steps if value == self.wrong else self.written.steps)[t].get(value)

    def _everywhere(self, text: str) -> list[Array] | None:
        """What an expression is at each step; None if it is nothing known at one of them."""
        found = []
        for known in self.known:
            array = evaluated(text, known)
            if array is None:
                return None
            found.append(array)
        return found

    def _by_step(self) -> Iterator[str]:
        """Entries of what holds one for each step: h[t], states[t - 1], x[:, t], a[:, :, t + 1]."""
        step = next(self._steps(), "")
        if not step:
            return
        lists = dict.fromkeys(place.rpartition("[")[0] for place in self.known[0] if place.endswith("]"))
        wide = [place for place, (_, array) in self.known[0].items() if array.ndim > 1 and not _has_index(place)]
        for owner in islice(dict.fromkeys((*wide, *lists)), MOST_ENTRIES):
            yield from (f"{owner}[{before}{at}]" for before in LEADING for at in (step, f"{step} - 1", f"{step} + 1"))

    def _steps(self) -> Iterator[str]:
        """The variables that hold the number of the step."""
        for place in self.known[0]:
            numbers = [known[place][1] for known in self.known if place in known]
            if len(numbers) == len(self.known) and all(n.size == 1 and n == t for t, n in enumerate(numbers)):
                yield place


def evaluated(text: str, known: Known) -> Array | None:
    """The value of a name, an attribute or an entry among what is known; None where it is not there."""
    if text in known and not _has_index(text):
        return known[text][1]
    try:
        return _value(ast.parse(text, mode="eval").body, known)
    except (SyntaxError, ValueError, IndexError, TypeError, KeyError):
        return None


def _has_index(text: str) -> bool:
    return text.endswith("]") and not text.endswith(("']", '"]'))


def _value(node: ast.expr, known: Known) -> Array:
    is_part = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice | ast.Tuple)
    place = _place(node, known)
    if place in known and not is_part:  # a part is called alike at every step: it is cut from what is whole
        return known[place][1]
    if isinstance(node, ast.Subscript):
        found = _value(node.value, known)[_index(node.slice, known)]
        if hasattr(found, "shape"):
            return found  # type: ignore[no-any-return]
    raise KeyError(place)


def _place(node: ast.expr, known: Known) -> str:
    """How a target is recorded: its indices worked out, but those of several axes as they are written."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name):
            return f"{_place(owner, known)}.{name}"
        case ast.Subscript(value=owner, slice=index):
            at = _index(index, known)
            return f"{_place(owner, known)}[{ast.unparse(index) if isinstance(at, slice | tuple) else repr(at)}]"
    raise ValueError(ast.unparse(node))


def _index(node: ast.expr, known: Known) -> Any:
    return index_of(node, lambda part: int(_value(part, known)))
