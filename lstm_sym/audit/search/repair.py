"""Sets of mistakes that give more and more of what was found: one added, one replaced, or two and three at once.

An output of a sequence is right under a set of mistakes if they give exactly what was found there. A set is made better
by the mistake that makes most outputs right. Of several sets that make the same outputs right by mistakes of the same
reach one is kept, that which is least surprising; the others are what it can be replaced by later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, product
from typing import TypeAlias

import numpy as np

from lstm_sym.audit.search.clock import Clock
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.frequency import surprise

Chosen: TypeAlias = tuple[Mistake, ...]
Outputs: TypeAlias = Mapping[int, frozenset[str]]
"""Place of a sequence -> names of outputs."""

BEAM = 6
"""Sets that are followed at once."""

TOGETHER = 8
"""Mistakes of a set at most."""

ZERO = 0.25
"""What an output that was found to be zero counts beside one that was not: too many mistakes make something zero."""

OTHERS = 12
"""What could stand in the place of a mistake, as far as earlier stages tell, of which so many are tried."""

SEVERAL = {2: 100, 3: 20}
"""Mistakes at once -> of how many, the least surprising ones, they are taken for one output."""


@dataclass(frozen=True)
class Repair:
    """A set of mistakes, the outputs that it makes right, and how much that counts."""

    chosen: Chosen
    right: Outputs
    count: float = 0.0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the mistakes, by which a set is told from another."""
        return tuple(sorted(mistake.key for mistake in self.chosen))

    @property
    def rank(self) -> tuple[float, float]:
        """The better the lower."""
        return -self.count, sum(1 + surprise(mistake) for mistake in self.chosen)


class Repairs:
    """Looks for the mistakes that give what was found on some sequences.

    settled: places of those of earlier stages, where what is right is to stay so.
    """

    def __init__(self, evidence: Evidence, known: Sequence[Mistake], clock: Clock) -> None:
        self.evidence, self.clock = evidence, clock
        self.known = sorted(known, key=surprise)
        self.settled: tuple[int, ...] = ()

    def tried(self, chosen: Chosen, places: Sequence[int]) -> Repair:
        """What a set makes right on these sequences."""
        right = {place: frozenset(self.evidence.given_by(chosen, place)) for place in places}
        zero = sum(len(names & self.evidence.zero(place)) for place, names in right.items())
        return Repair(chosen, right, sum(map(len, right.values())) - (1 - ZERO) * zero)

    def wrong(self, repair: Repair) -> dict[int, frozenset[str]]:
        """The outputs that a set does not make right, where there are any."""
        names = self.evidence.names
        return {place: names - right for place, right in repair.right.items() if names - right}

    def with_one_changed(self, repair: Repair) -> Iterator[Repair]:
        """Sets that make more right by one mistake more, or by another for one of them."""
        yield from self.with_one_more(repair)
        if self.settled:
            yield from self.with_others(repair)

    def with_one_more(self, repair: Repair) -> Iterator[Repair]:
        """Sets that make more right by one mistake more."""
        wrong = self.wrong(repair)
        for mistake in self.clock.watched(self._addable(repair.chosen)):
            better = self._added(repair, mistake, wrong)
            if better is not None:
                yield better

    def with_others(self, repair: Repair) -> Iterator[Repair]:
        """Sets that make more right by others in the place of one or two, that gave the same in earlier stages."""
        settled = self.tried(repair.chosen, self.settled)
        others = {m.key: list(islice(self.alternatives(settled, m), OTHERS)) for m in repair.chosen}
        for size in (1, 2):
            for replaced in combinations(repair.chosen, size):
                for instead in self.clock.watched(product(*(others[mistake.key] for mistake in replaced))):
                    rest = [mistake for mistake in repair.chosen if mistake not in replaced]
                    if compatible((*rest, *instead)):
                        better = self.tried((*rest, *instead), tuple(repair.right))
                        if better.count > repair.count:
                            yield better

    def alternatives(self, repair: Repair, mistake: Mistake) -> Iterator[Mistake]:
        """What in the place of one of the set makes all right that the set does."""
        rest = tuple(other for other in repair.chosen if other is not mistake)
        reaches = {p: self.evidence.affected(mistake, p, rest) for p in repair.right}
        asked = {place: right & reaches[place] for place, right in repair.right.items()}
        needed = {place: names - self.evidence.given_by(rest, place, names) for place, names in asked.items()}
        for other in self.clock.watched(self._addable(rest)):
            if other is not mistake and all(
                self.evidence.affected(other, p, rest) >= names for p, names in needed.items()
            ):
                together = (*rest, other)
                if self._gives(together, needed) and self._gives(together, repair.right):
                    yield other

    def variations(self, repair: Repair) -> Iterator[Repair]:
        """Sets that make the same right by another for one of them, and give something else where it is wrong."""
        wrong = self.wrong(repair)
        seen = {self._seen(repair.chosen, wrong)}
        for mistake in repair.chosen:
            for other in self.alternatives(repair, mistake):
                chosen = tuple(other if one is mistake else one for one in repair.chosen)
                if (given := self._seen(chosen, wrong)) not in seen:
                    seen.add(given)
                    yield replace(repair, chosen=chosen)

    def with_another_and_more(self, repair: Repair, names: frozenset[str]) -> Iterator[Repair]:
        """Sets that make more right by another for one, that makes the same right, and one or two more."""
        found = list(self.variations(repair))
        for one in found:
            yield from self.with_one_more(one)
        for one in found:
            yield from self.with_several_more(one, names, 2)

    def with_several_more(self, repair: Repair, names: frozenset[str], size: int) -> Iterator[Repair]:
        """Two more, or three, of which none alone helps: for one output, of what can change that and nothing right."""
        for name, place, pool in self._pools(repair, names):
            several = combinations(pool[: SEVERAL[size]], size)
            fitting = [more for more in self.clock.watched(several) if self._fits(repair.chosen, more, place, name)]
            found = [self.tried((*repair.chosen, *more), tuple(repair.right)) for more in fitting]
            better = [one for one in found if one.count > repair.count]
            yield from better
            if better:
                return

    def in_few_words(self, repair: Repair) -> Repair:
        """The same by fewer mistakes, if one that changes several lines at once stands for some of them."""
        for whole in self.known if len(repair.chosen) > 1 else ():
            rest = tuple(m for m in repair.chosen if not m.places & whole.places)
            is_fewer = len(whole.changes) > 1 and len(rest) + 1 < len(repair.chosen)
            if is_fewer and self._gives((whole, *rest), repair.right):
                repair = self.tried((whole, *rest), tuple(repair.right))
        return repair

    def _seen(self, chosen: Chosen, outputs: Outputs) -> tuple[bytes, ...]:
        """What a set gives of these outputs, by its first digits."""
        each = (self.evidence.gradients(chosen, place, names) for place, names in outputs.items())
        pairs = zip(each, outputs.values(), strict=True)
        return tuple(digits(found[name]) for found, names in pairs for name in sorted(names))

    def _fits(self, chosen: Chosen, more: Chosen, place: int, name: str) -> bool:
        return compatible(more) and name in self.evidence.given_by((*chosen, *more), place, (name,))

    def _pools(self, repair: Repair, names: frozenset[str]) -> list[tuple[str, int, list[Mistake]]]:
        """Of these outputs each wrong one, a sequence, and what changes it there and nothing right; few come first."""
        places = {name: place for place, wrong in self.wrong(repair).items() for name in sorted(wrong)}
        reached = {place: self._different(repair, place) for place in dict.fromkeys(places.values())}
        pools = [
            (name, place, [mistake for mistake, outputs in reached[place] if name in outputs])
            for name, place in places.items()
            if name in names
        ]
        return sorted(pools, key=lambda item: len(item[2]))

    def _different(self, repair: Repair, place: int) -> list[tuple[Mistake, frozenset[str]]]:
        """What changes nothing right of a sequence, with the outputs it changes; of what gives the same there one."""
        right = repair.right[place] - self.evidence.zero(place)
        found: dict[object, tuple[Mistake, frozenset[str]]] = {}
        for mistake in self.clock.watched(self._addable(repair.chosen)):
            outputs = self.evidence.affected(mistake, place, repair.chosen)
            if outputs and outputs.isdisjoint(right):
                given = self.evidence.gradients((*repair.chosen, mistake), place, outputs)
                alike = tuple((name, digits(given[name])) for name in sorted(outputs))
                found.setdefault(alike, (mistake, outputs))
        return list(found.values())

    def _addable(self, chosen: Chosen) -> list[Mistake]:
        taken = frozenset().union(*(mistake.places for mistake in chosen))
        return [mistake for mistake in self.known if not mistake.places & taken]

    def _added(self, repair: Repair, mistake: Mistake, wrong: Outputs) -> Repair | None:
        """The set with one more, if that makes more right than wrong, and nothing wrong that is settled."""
        together = (*repair.chosen, mistake)
        reach = {place: self.evidence.affected(mistake, place, repair.chosen) for place in repair.right}
        reached = {place: names & reach[place] for place, names in wrong.items()}
        if not any(reached.values()):
            return None
        settled = {place: repair.right[place] & reach[place] for place in self.settled}
        if not self._gives(together, settled):
            return None
        if not any(names and self.evidence.given_by(together, place, names) for place, names in reached.items()):
            return None
        better = self.tried(together, tuple(repair.right))
        return better if better.count > repair.count else None

    def _gives(self, chosen: Chosen, outputs: Outputs) -> bool:
        """Whether a set gives all of these outputs; one is looked at after the other."""
        return all(self.evidence.given_by(chosen, p, (name,)) for p, names in outputs.items() for name in names)


def digits(array: Array) -> bytes:
    """An array by its first digits: the same for two that differ by rounding, but for bad luck."""
    size = float(np.abs(array).max(initial=0.0))
    return f"{size:.8g}".encode() + (np.round(array / size, 8) + 0.0).tobytes() if size else b""


def compatible(chosen: Sequence[Mistake]) -> bool:
    """Whether no two change the same part."""
    return not any(one.places & other.places for one, other in combinations(chosen, 2))


def best(found: Iterable[Repair], evidence: Evidence, most: int = BEAM) -> list[Repair]:
    """The best of these sets, one of those that make the same right and reach the same outputs."""
    kept: dict[object, Repair] = {}
    first = evidence.shortest_first()[:1]
    for repair in sorted(found, key=lambda one: one.rank):
        reached = tuple(sorted(tuple(sorted(evidence.affected(m, p))) for m in repair.chosen for p in first))
        kept.setdefault((tuple(repair.right.items()), reached), repair)
    return list(kept.values())[:most]
