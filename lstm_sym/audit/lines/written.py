"""What the lines of a file assigned over one sequence, found again in the values of a program that gives the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_sym.audit.running.tracing import Assigned
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Run, Values
from lstm_sym.program.values import Value

NEAR = 1e-9


@dataclass(frozen=True)
class Line:
    """A target of a line: as it is called there; which assignments they are, the first step's (t = 0) first.

    turned: whether its arrays are those of the derivation transposed. adds_up: whether it is a sum over the steps.
    """

    line: int
    function: str
    name: str
    moments: tuple[int, ...]
    turned: bool
    adds_up: bool = False


class Written:
    """The assignments over a sequence, in order of time, and the values of a program over it by step.

    right: those of the right program.
    """

    def __init__(self, assigned: Sequence[Assigned], run: Run, right: Run, forward: Sequence[Values]) -> None:
        self.assigned, self.run, self.right = assigned, run, right
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
                    turned = self._fits(value, order, self.steps)
                    if turned is not None and self._fits(value, order, self.right.steps) is not False:
                        yield Line(line, function, name, tuple(order), turned)
                        break

    def totals(self, name: str) -> Iterator[Line]:
        """The lines that end with the gradient of a parameter, a sum over the steps, or add up to it; in order of time.

        Not those that give the right one: a square matrix may be transposed further on.
        """
        count = len(self.steps)
        for (line, function, called), moments in self.groups.items():
            values = [self.assigned[moment].value for moment in moments[-count:]]
            if len(moments) < count or count < 2 or any(value.shape != values[0].shape for value in values):
                continue
            for adds_up, value in ((True, values[-1]), (False, np.asarray(sum(values)))):
                turned = same(value, self.run.gradients[name])
                if turned is not None and same(value, self.right.gradients[name]) is not False:
                    yield Line(line, function, called, tuple(moments[: -count - 1 : -1]), turned, adds_up)

    def _fits(self, value: Value, moments: Sequence[int], steps: Sequence[Values]) -> bool | None:
        found = {same(self.assigned[m].value, steps[t].get(value)) for t, m in enumerate(moments)}
        return found.pop() if len(found) == 1 else None


def same(found: Array, value: Array | None) -> bool | None:
    """Whether an array is a value: False as it is, True transposed, None if it is not."""
    if value is None or not value.size:
        return None
    for turned in (False, True):
        array = found.T if turned else found
        if array.shape == value.shape and np.abs(array - value).max() <= NEAR * (np.abs(value).max() + 1e-12):
            return turned
    return None


def _grouped(assigned: Sequence[Assigned]) -> dict[tuple[int, str, str], list[int]]:
    """Line, function and target -> the moments at which it is assigned; targets of the same text apart by their place.

    `da[k]` of a loop over gates is several targets, `dx[t]` of a loop over steps is one.
    """
    found: dict[tuple[int, str, str], list[int]] = {}
    for moment, one in enumerate(assigned):
        for called in dict.fromkeys((one.name, one.place)):
            found.setdefault((one.line, one.function, called), []).append(moment)
    return found


def latest(assigned: Sequence[Assigned], moment: int, function: str) -> dict[str, tuple[str, Array]]:
    """Place -> its name as written and its value, of what a function had assigned before a moment, the latest last."""
    found: dict[str, tuple[str, Array]] = {}
    for one in assigned[:moment]:
        if one.function == function:
            found.pop(one.place, None)
            found[one.place] = one.name, one.value
    return found
