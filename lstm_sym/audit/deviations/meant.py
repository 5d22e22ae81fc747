"""A sequence over which backward programs are run with deviations: whatever runs there, right or wrong, has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from lstm_sym.audit.deviations.deviation import Deviation
from lstm_sym.audit.deviations.truncation import LAST, Cut, LastSteps, Windowed
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.loop import Loop
from lstm_sym.interpreter.over_time import AS_IT_SHOULD_BE, Backward, Named, Run, Values
from lstm_sym.program.program import Program
from lstm_sym.program.values import Value


@dataclass(frozen=True)
class Meant(Backward):
    """One sequence with its deviations, in order; returned: the outputs that the function gives."""

    deviations: tuple[Deviation, ...] = ()
    returned: frozenset[str] = frozenset()

    def through_time(self, program: Program, loop: Loop = AS_IT_SHOULD_BE) -> Run:
        """As without deviations, but for them; in windows without the values of the steps."""
        if self.is_one_loop:
            return super().through_time(program, loop)
        if self.left_out:
            return Run(program, [], self._of_the_rest(program, loop))
        if not self.last_piece:
            return Run(program, [], _added(self, self.window, program, loop))
        whole, first = super().through_time(program, loop), self.last_piece
        inner = tuple(one for one in self.deviations if not isinstance(one, Cut))
        piece = Meant(self.steps[first:], self.dy[first:], self.dstate, inner).through_time(program, loop).gradients
        last = {name: value for name, value in piece.items() if name.endswith("[0]")}
        return replace(whole, gradients=whole.gradients | last)

    def _of_the_rest(self, program: Program, loop: Loop) -> Named:
        """The gradients of a loop that ends before it is at the first step."""
        [last], first = [one for one in self.deviations if isinstance(one, LastSteps)], self.left_out
        inner = tuple(one for one in self.deviations if one != last)
        found = Meant(self.steps[first:], self.dy[first:], self.dstate, inner).through_time(program, loop).gradients
        whole = spread(found, first, len(self.steps))
        sent = {name: value for name, value in found.items() if name.endswith("[0]")}
        return whole | sent if last.first == LAST else whole

    @property
    def left_out(self) -> int:
        """How many steps at the start the loop does not go back over."""
        counts = (one.steps for one in self.deviations if isinstance(one, LastSteps))
        return max(0, len(self.steps) - next(counts, len(self.steps)))

    @property
    def window(self) -> int:
        """How many steps the loss of a step goes back."""
        return next((one.steps for one in self.deviations if isinstance(one, Windowed)), len(self.steps))

    @property
    def last_piece(self) -> int | None:
        """The step with which the last piece begins, if the gradients of the initial state come from there."""
        cuts = (one for one in self.deviations if isinstance(one, Cut) and one.first == LAST)
        return next((cut.last_piece(len(self.steps)) for cut in cuts), None)

    @property
    def is_one_loop(self) -> bool:
        """Whether every loss goes back all steps, and all gradients come from there."""
        return self.window >= len(self.steps) - 1 and not self.last_piece and not self.left_out

    @property
    def is_plain(self) -> bool:
        """Whether there are no deviations, some of which change all gradients."""
        return not self.deviations

    def afterwards(self, gradients: Named) -> Named:
        """The gradients with what is done to them in the end."""
        return reduce(lambda found, one: one.afterwards(found, self, self.returned), self.deviations, gradients)

    def computed(self, value: Value, array: Array) -> Array:
        """A value of a step."""
        return reduce(lambda found, one: one.computed(value, found), self.deviations, array)

    def entering(self, carried: Values) -> Values:
        """The carried adjoints that arrive."""
        return reduce(lambda found, one: one.arriving(found), self.deviations, carried)

    def leaving(self, carried: Values, step: int) -> Values:
        """The carried adjoints that a step sends."""
        return reduce(lambda found, one: one.sent(found, step, len(self.steps)), self.deviations, carried)


def _added(sequence: Meant, window: int, program: Program, loop: Loop) -> Named:
    """The gradients of the loss of every step by itself, which goes back as many steps as the window has, added."""
    inner = tuple(one for one in sequence.deviations if one.rank < 2 and not isinstance(one, Windowed))
    whole: Named = {}
    for last in range(len(sequence.steps)):
        first = max(0, last - window)
        found = Meant(*of_one_loss(sequence, first, last), inner).run(program, loop).gradients
        for name, value in spread(found, first, len(sequence.steps)).items():
            whole[name] = whole[name] + value if name in whole else value
    return whole


def of_one_loss(sequence: Backward, first: int, last: int) -> tuple[list[Values], Array, Named]:
    """The steps from `first` to `last` with the cotangents that come from the last of them alone."""
    dy = np.zeros_like(sequence.dy[first : last + 1])
    dy[-1] = sequence.dy[last]
    is_end = last == len(sequence.steps) - 1
    dstate = {name: value if is_end else np.zeros_like(value) for name, value in sequence.dstate.items()}
    return list(sequence.steps[first : last + 1]), dy, dstate


def spread(gradients: Named, first: int, steps: int) -> Named:
    """Gradients of a piece of a sequence that begins at `first`, as ones of the whole of it."""
    found = {
        name: value if first == 0 or not name.endswith("[0]") else np.zeros_like(value)
        for name, value in gradients.items()
    }
    if "x" in found:
        inner = found["x"]
        found["x"] = np.zeros((steps, *inner.shape[1:]))
        found["x"][first : first + len(inner)] = inner
    return found
