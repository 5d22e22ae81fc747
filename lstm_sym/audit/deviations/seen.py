"""What was found on each sequence, beside what the program gives with deviations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from lstm_sym.audit.deviations.deviation import Deviation
from lstm_sym.audit.deviations.meant import Meant
from lstm_sym.interpreter.over_time import Backward, Named, Run, deviations
from lstm_sym.program.program import Program

Deviations: TypeAlias = tuple[Deviation, ...]
Agreement: TypeAlias = frozenset[tuple[str, int]]
"""Outputs that are what was found, each with the place of the sequence."""

AFTERWARDS = 2
"""Deviations from this rank on change the gradients alone, not the loop that gives them."""


@dataclass(frozen=True)
class Seen:
    """Sequences, what was found on each and how near it must be; `run` gives the gradients, with a mistake or without.

    program: the derived one, whose values deviations in the loop are about.
    """

    given: Sequence[Backward]
    found: Sequence[Named]
    bars: Sequence[float]
    program: Program
    run: Callable[[Backward], Run]
    kept: dict[tuple[int, Deviations], Named] = field(default_factory=dict, repr=False)

    @property
    def returned(self) -> frozenset[str]:
        """The outputs that were returned."""
        return frozenset(self.found[0])

    @property
    def by_length(self) -> list[int]:
        """The places of the sequences, short ones first."""
        return sorted(range(len(self.given)), key=lambda place: (len(self.given[place].steps), place))

    def meant(self, place: int, known: Deviations) -> Meant:
        """A sequence with these deviations."""
        one = self.given[place]
        return Meant(one.steps, one.dy, one.dstate, known, self.returned)

    def expected(self, place: int, known: Deviations) -> Named:
        """The outputs of a sequence with these deviations."""
        inner = tuple(one for one in known if one.rank < AFTERWARDS)
        if (place, inner) not in self.kept:
            with np.errstate(all="ignore"):
                self.kept[place, inner] = self.run(self.meant(place, inner)).gradients
        return self.afterwards(place, known, self.kept[place, inner])

    def afterwards(self, place: int, known: Deviations, gradients: Named) -> Named:
        """Gradients of a sequence with what deviations make of them in the end."""
        for one in known:
            gradients = one.afterwards(gradients, self.given[place], self.returned)
        return gradients

    def agreeing(self, place: int, known: Deviations) -> Agreement:
        """The outputs of one sequence that are what was found."""
        errors = deviations(self.found[place], self.expected(place, known))
        return frozenset((name, place) for name, error in errors.items() if error <= self.bars[place])

    def agreement(self, known: Deviations, kept: Agreement = frozenset()) -> Agreement | None:
        """Those of all sequences; None where one of `kept` is none of them."""
        whole: set[tuple[str, int]] = set()
        for place in self.by_length:
            here = self.agreeing(place, known)
            if {one for one in kept if one[1] == place} - here:
                return None
            whole |= here
        return frozenset(whole)

    def right(self, agreement: Agreement) -> set[str]:
        """The outputs that are so on every sequence."""
        return {name for name in self.returned if all((name, place) in agreement for place in range(len(self.given)))}

    def is_everything(self, agreement: Agreement) -> bool:
        """Whether every output of every sequence is what was found."""
        return len(agreement) == len(self.given) * len(self.returned)


def in_order(chosen: Iterable[Deviation]) -> Deviations:
    """Deviations as one writes them: in the loop first, clipping last."""
    return tuple(sorted(chosen, key=lambda one: one.rank))
