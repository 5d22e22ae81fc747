"""What was found on each sequence, and what mistakes would have given there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from lstm_sym.audit.sequences.plan import LONG, SHORT
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import ROUNDING, Backward, Named, Run
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.mutants import Mutants
from lstm_sym.mistakes.variants import Variants

MOST_COMPARED = 20_000
"""Arrays of one output of one sequence of which it is remembered whether they are what was found."""


class Evidence:
    """Sequences, what was found on each, the right run of each, and the relative error up to which it is that."""

    def __init__(
        self, given: Sequence[Backward], found: Sequence[Named], right: Sequence[Run], bars: Sequence[float]
    ) -> None:
        self.given, self.found, self.right, self.bars = given, found, right, bars
        self.names = frozenset(found[0]) if found else frozenset()
        self._mutants: dict[int, Mutants] = {}
        self._variants: Variants | None = None
        self._zero: dict[int, frozenset[str]] = {}
        self._affected: dict[tuple[tuple[int, ...], bool], tuple[Mistake, frozenset[str]]] = {}
        self._compared: dict[tuple[int, str], dict[int, tuple[Array, bool]]] = {}
        self._floors = [
            ROUNDING * max((_size(value) for value in run.gradients.values()), default=0.0) for run in right
        ]

    def gradients(self, mistakes: Sequence[Mistake], place: int, names: Iterable[str] | None = None) -> Named:
        """The outputs of one sequence with these mistakes: all of them, or those of these names."""
        if not mistakes:
            return self.right[place].gradients
        if place not in self._mutants:
            self._mutants[place] = Mutants(self._known(mistakes[0]), self.given[place], self.right[place])
        return self._mutants[place].gradients(mistakes, names)

    def affected(self, mistake: Mistake, place: int, among: Sequence[Mistake] = ()) -> frozenset[str]:
        """The outputs of one sequence that a mistake can change, among others, of those that were found."""
        if not self.given[place].is_plain:
            return self.names
        variants = self._known(mistake)
        leading = tuple(other for other in among if variants.leads_elsewhere(other))
        key = tuple(map(id, (mistake, *leading))), len(self.given[place].steps) == 1
        known = self._affected.get(key)
        if known is None:
            names = variants.outputs(mistake, leading, one_step=key[1])
            known = self._affected[key] = mistake, self.names.intersection(names)
        return known[1]

    def given_by(self, mistakes: Sequence[Mistake], place: int, names: Iterable[str] | None = None) -> set[str]:
        """The outputs of one sequence, of these names, that are what was found there."""
        asked = self.names if names is None else names
        gradients = self.gradients(mistakes, place, asked)
        return {name for name in asked if self._agrees(place, name, gradients[name])}

    def zero(self, place: int) -> frozenset[str]:
        """The outputs of one sequence that were found to be zero."""
        if place not in self._zero:
            self._zero[place] = frozenset(n for n, value in self.found[place].items() if not value.any())
        return self._zero[place]

    @cached_property
    def right_names(self) -> frozenset[str]:
        """The outputs that are right on every sequence."""
        return self.names.intersection(*(self.given_by((), place) for place in range(len(self.given))))

    def explained(self, mistakes: Sequence[Mistake], places: Iterable[int] | None = None) -> bool:
        """Whether they give every output of these sequences, or of all; short ones are looked at first."""
        order = self.shortest_first() if places is None else places
        return all(len(self.given_by(mistakes, place)) == len(self.names) for place in order)

    def shortest_first(self) -> list[int]:
        """The places of all sequences, by length and batch."""
        sizes = [(len(one.steps), one.batch) for one in self.given]
        return sorted(range(len(sizes)), key=lambda place: (sizes[place], place))

    def unnoticed(self, known: Sequence[Mistake]) -> tuple[Mistake, ...]:
        """Those that would have shown on no sequence, in what was returned."""
        left = tuple(known)
        with np.errstate(all="ignore"):
            for place in self.shortest_first():
                left = tuple(mistake for mistake in left if self._is_hidden(mistake, place))
        return left

    def is_usual(self) -> bool:
        """Whether the usual sequences are all right."""
        return self.explained((), (*SHORT, *LONG))

    def _is_hidden(self, mistake: Mistake, place: int) -> bool:
        names = self.affected(mistake, place)
        return len(self.given_by((mistake,), place, names)) == len(names)

    def _known(self, mistake: Mistake) -> Variants:
        if self._variants is None:
            self._variants = Variants(mistake.context)
        return self._variants

    def _agrees(self, place: int, name: str, gradient: Array) -> bool:
        """Whether an output is what was found; an array that was compared before is not compared again."""
        compared = self._compared.setdefault((place, name), {})
        known = compared.get(id(gradient))
        if known is None:
            difference, size = _size(self.found[place][name] - gradient), max(_size(gradient), self._floors[place])
            agrees = difference <= self.bars[place] * size
            if len(compared) > MOST_COMPARED:
                compared.clear()
            known = compared[id(gradient)] = gradient, agrees
        return known[1]


def _size(array: Array) -> float:
    return float(np.abs(array).max(initial=0.0))
