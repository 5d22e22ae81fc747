"""What was found on each sequence, and what a mistake would have given there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lstm_sym.audit.sequences.plan import LONG, SHORT
from lstm_sym.interpreter.over_time import Backward, Named, Run, deviations
from lstm_sym.mistakes.catalogue import Mistake


class Evidence:
    """Sequences, what was found on each, the right run of each, and the relative error up to which it is that."""

    def __init__(
        self, given: Sequence[Backward], found: Sequence[Named], right: Sequence[Run], bars: Sequence[float]
    ) -> None:
        self.given, self.found, self.right, self.bars = given, found, right, bars

    def gradients(self, mistake: Mistake, place: int) -> Named:
        """The outputs of one sequence with this mistake."""
        return mistake.run(self.given[place], self.right[place]).gradients

    def agreeing(self, gradients: Named, place: int) -> int:
        """How many outputs of one sequence are these gradients."""
        return sum(error <= self.bars[place] for error in deviations(self.found[place], gradients).values())

    def matches(self, mistake: Mistake, place: int) -> int:
        """How many outputs of one sequence the mistake gives."""
        return self.agreeing(self.gradients(mistake, place), place)

    def explained(self, mistake: Mistake) -> bool:
        """Whether it gives every output of every sequence."""
        rest = range(max(*SHORT, *LONG) + 1, len(self.given))
        return self.explained_on(mistake, (*SHORT, *LONG, *rest))

    def explained_on(self, mistake: Mistake, places: Iterable[int]) -> bool:
        """Whether it gives every output of these sequences."""
        return all(self.matches(mistake, place) == len(self.found[place]) for place in places)

    def unnoticed(self, known: Sequence[Mistake]) -> tuple[Mistake, ...]:
        """Those that would have shown on no sequence, in what was returned; short sequences are tried first."""
        order = sorted(range(len(self.given)), key=lambda place: (len(self.given[place].steps), place))
        left = tuple(known)
        with np.errstate(all="ignore"):
            for place in order:
                left = tuple(mistake for mistake in left if self.matches(mistake, place) == len(self.found[place]))
        return left

    def is_usual(self) -> bool:
        """Whether the usual sequences are all right."""
        return all(self.agreeing(self.right[k].gradients, k) == len(self.found[k]) for k in (*SHORT, *LONG))

    def score(self, mistake: Mistake) -> int:
        """How many outputs of the short sequences it gives."""
        return sum(self.matches(mistake, place) for place in SHORT)
