"""What the lines of a file assigned over one sequence, found again in the values of a program that gives the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_sym.audit.running.tracing import Assigned
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Run, Values
from lstm_sym.program.values import Value

NEAR = 1e-9

Where = tuple[tuple[int, int], ...]
"""Of each axis of a value: where it begins in an array that holds others beside it, and how long that array is."""

Fit = tuple[bool, Where | None]
"""How an array holds a value: whether it lies transposed there, and in which part; None: it is all of it."""


@dataclass(frozen=True)
class Line:
    """A target of a line: as it is called there; which assignments they are, the first step's (t = 0) first.

    call: the name of the function; turned: whether its arrays are those of the derivation transposed; where: the part
    of them that the value is, if not all; shape: that of the value. adds_up: whether it is a sum over the steps;
    at_once: whether it is the gradient of all steps, assigned once; overwrites: whether it would be right, were what it
    assigns added up.
    """

    line: int
    function: str
    name: str
    moments: tuple[int, ...]
    turned: bool
    where: Where | None = None
    shape: tuple[int, ...] = ()
    adds_up: bool = False
    at_once: bool = False
    overwrites: bool = False

    @property
    def is_returned(self) -> bool:
        """Whether it stands in a return statement."""
        return self.name.startswith("return")


class Written:
    """The assignments over a sequence, in order of time, and the values of a program over it by step.

    right: those of the right program; is_meant: whether both have what is meant and done to the gradients in the end,
    a clip say: what is assigned once may then be that, and only what a step adds is a mistake.
    """

    def __init__(
        self, assigned: Sequence[Assigned], run: Run, right: Run, forward: Sequence[Values], *, is_meant: bool = False
    ) -> None:
        self.assigned, self.run, self.right, self.is_meant = assigned, run, right, is_meant
        self.steps = [{**before, **values} for before, values in zip(forward, run.steps, strict=True)]
        self.groups = _grouped(assigned)
        self.counts = Counter((one.function, one.place) for one in assigned)

    def lines(self, value: Value) -> Iterator[Line]:
        """The lines that assign a value at every step, last step first or first step first, in order of time.

        Of a line that does so several times a step, as one that adds up, the last time counts; one that assigns what is
        right is none.
        """
        count = len(self.steps)
        for (line, function, name), every in self.groups.items():
            if len(every) % count == 0:
                moments = every[len(every) // count - 1 :: len(every) // count]
                for order in (moments[::-1], moments):
                    found = self._fit(value, order, self.steps)
                    if found is not None and not self._is_right(value, order, found):
                        shape = np.shape(self.steps[0][value])
                        yield Line(line, function, name, tuple(order), *found, shape)
                        break

    def totals(self, name: str) -> Iterator[Line]:
        """The lines that end with the gradient of a parameter, a sum over the steps, or add up to it; in order of time.

        Not those that give the right one: a square matrix may be transposed further on.
        """
        count, shape = len(self.steps), self.run.gradients[name].shape
        for (line, function, called), moments in self.groups.items():
            values = [self.assigned[moment].value for moment in moments[-count:]]
            if any(value.shape != values[0].shape for value in values):
                continue
            at_once = len(moments) == 1
            if at_once and self.is_meant:
                continue
            if at_once or len(moments) >= count > 1:
                calls = {self.assigned[moment].call for moment in moments}
                ways = [(not at_once, values[-1])] if len(calls) == 1 or "." in called else []
                for adds_up, value in (*ways, *([] if at_once else [(False, sum(values))])):
                    found = self._wrong_total(np.asarray(value), name)
                    if found is not None:
                        order = tuple(moments[: -count - 1 : -1])
                        added = not at_once and holds(np.asarray(sum(values)), self.right.gradients[name], found)
                        yield Line(line, function, called, order, *found, shape, adds_up, at_once, adds_up and added)

    def is_zero(self, value: Value) -> bool:
        """Whether a value is zero throughout, with the mistake: then it is found in all that is."""
        return not any(np.any(step[value]) for step in self.steps if value in step)

    def is_summed_wrongly(self, value: Value) -> bool:
        """Whether what each step adds to a gradient is right, and so it is their sum that is not."""
        pairs = zip(self.run.steps, self.right.steps, strict=True)
        return all(same(step[value], right[value]) is False for step, right in pairs)

    def _wrong_total(self, value: Array, name: str) -> Fit | None:
        """How an array holds the gradient of a parameter where that is not the right one."""
        found, right = next(fits(value, self.run.gradients[name]), None), self.right.gradients[name]
        if found is None or holds(value, right, found):
            return None
        is_right = any(holds(value, right, (turned, found[1])) for turned in self.layouts)
        return None if is_right else found

    @cached_property
    def layouts(self) -> frozenset[bool]:
        """Whether gradients of matrices are transposed in the file, told by those that are not square; else both."""
        oblong = [one for one in self.run.gradients.values() if one.ndim == 2 and len(set(one.shape)) == 2]
        ends = [self.assigned[moments[-1]].value for moments in self.groups.values()]
        found = {turned for end in ends for one in oblong if end.ndim == 2 for turned, _ in fits(end, one)}
        return frozenset(found or {False, True})

    def _fit(self, value: Value, moments: Sequence[int], steps: Sequence[Values]) -> Fit | None:
        """How the arrays of these moments hold a value, alike at every step."""
        values = [steps[t].get(value) for t in range(len(moments))]
        pairs = [(self.assigned[m].value, one) for m, one in zip(moments, values, strict=True) if one is not None]
        if len(pairs) < len(moments):
            return None
        telling = next((pair for pair in pairs if pair[1].any()), pairs[0])  # zero is found in every array of zeros
        found = (how for how in fits(*telling) if all(holds(array, one, how) for array, one in pairs))
        return next(found, None)

    def _is_right(self, value: Value, moments: Sequence[int], found: Fit) -> bool:
        right = [step[value] for step in self.right.steps]
        return all(holds(self.assigned[m].value, one, found) for m, one in zip(moments, right, strict=True))


def same(found: Array, value: Array | None) -> bool | None:
    """Whether an array is a value: False as it is, True transposed, None if it is not."""
    if value is None or not value.size:
        return None
    return next((turned for turned in (False, True) if holds(found, value, (turned, None))), None)


def holds(array: Array, value: Array, how: Fit) -> bool:
    """Whether an array holds a value in this way."""
    turned, where = how
    array = laid(array, value, turned)
    if where is not None:
        if array.shape != tuple(size for _, size in where):
            return False
        array = array[tuple(slice(begin, begin + n) for (begin, _), n in zip(where, value.shape, strict=True))]
    return array.shape == value.shape and _near(array - value, value)


def fits(array: Array, value: Array) -> Iterator[Fit]:
    """How an array holds a value: as it is, transposed, or as a part of it that is not zero alone."""
    found = same(array, value)
    if found is not None:
        yield found, None
        return
    if not value.size or not value.any():
        return
    for turned in (False, True)[: array.ndim]:
        whole = laid(array, value, turned)
        if (
            whole.ndim == value.ndim
            and all(size >= n for size, n in zip(whole.shape, value.shape, strict=True))
            and whole.size > value.size
        ):
            windows = sliding_window_view(whole, value.shape)
            axes = tuple(range(value.ndim, 2 * value.ndim))
            near = np.abs(windows - value).max(axis=axes) <= NEAR * np.abs(value).max()
            for begin in np.argwhere(near):
                yield turned, tuple((int(at), size) for at, size in zip(begin, whole.shape, strict=True))


def laid(array: Array, value: Array, turned: bool) -> Array:
    """An array as a value lies in the derivation; a vector may be a row, or a column where it is transposed, and the
    row of one sequence a vector.
    """
    if array.ndim == 2 and value.ndim == 1:
        return array.reshape(-1) if array.shape[turned] == 1 else array
    if array.ndim == 1 and value.ndim == 2 and len(value) == 1:
        return array[None]
    return array.T if turned else array


def _near(difference: Array, value: Array) -> bool:
    return bool(np.abs(difference).max() <= NEAR * (np.abs(value).max() + 1e-12))


def _grouped(assigned: Sequence[Assigned]) -> dict[tuple[int, str, str], list[int]]:
    """Line, function and target -> the moments at which it is assigned; targets of the same text apart by their place.

    `da[k]` of a loop over gates is several targets, `dx[t]` of a loop over steps is one.
    """
    found: dict[tuple[int, str, str], list[int]] = {}
    for moment, one in enumerate(assigned):
        if one.line:
            for called in dict.fromkeys((one.name, one.place)):
                found.setdefault((one.line, one.function, called), []).append(moment)
    return found


def latest(assigned: Sequence[Assigned], moment: int) -> dict[str, tuple[str, Array]]:
    """Place -> its name as written and its value, of what the call that is running had before a moment, in order."""
    found: dict[str, tuple[str, Array]] = {}
    for one in assigned[:moment]:
        if one.call == assigned[moment].call and not one.name.startswith("return"):
            found.pop(one.place, None)
            found[one.place] = one.name, one.value
    return found
