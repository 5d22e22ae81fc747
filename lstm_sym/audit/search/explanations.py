"""Which mistakes give exactly these gradients: each known one is made in the derived program, run, and compared.

First every mistake by itself. If none gives all outputs of all sequences, they are put together stage by stage: what
one step of one sequence shows is explained first, and carried on to where more has mixed. When the time is up, or what
is left is nothing that is known, those that explain some of the outputs are named, and it is said which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lstm_sym.audit.search.clock import Clock, TimeIsUp
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.search.repair import SEVERAL, TOGETHER, Chosen, Repair, Repairs, best
from lstm_sym.audit.search.stages import FEW_STEPS, Shown, Stage, in_stages
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.frequency import surprise

SECONDS = 20.0
"""How long a search may take."""


@dataclass(frozen=True)
class Explanation:
    """What is wrong, as far as it is known.

    mistakes: those that together give the outputs found, all but the `unexplained` ones; that which explains most comes
    first. alternatives: of each, others that in its place give the same. stages: what each stage of the search showed.
    in_time: whether the search came to its end.
    """

    mistakes: Chosen
    alternatives: tuple[Chosen, ...] = ()
    unexplained: tuple[str, ...] = ()
    stages: tuple[Shown, ...] = ()
    in_time: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether the mistakes give all that was found."""
        return bool(self.mistakes) and not self.unexplained

    @property
    def also(self) -> Chosen:
        """Of a single mistake: others that give the same."""
        return self.alternatives[0] if len(self.alternatives) == 1 else ()

    def naming(self, place: int, mistake: Mistake) -> Explanation:
        """The same with this one of those that give the same named in this place."""
        named, same = self.mistakes[place], self.alternatives[place]
        if mistake is named:
            return self
        others = (named, *(one for one in same if one is not mistake))
        return replace(
            self,
            mistakes=(*self.mistakes[:place], mistake, *self.mistakes[place + 1 :]),
            alternatives=(*self.alternatives[:place], others, *self.alternatives[place + 1 :]),
        )


Told = Callable[[Shown], None]


def explain(
    evidence: Evidence,
    known: Sequence[Mistake],
    clock: Clock | None = None,
    *,
    told: Told = lambda shown: None,
    usual: Sequence[int] | None = None,
) -> Explanation:
    """The mistakes that give what was found. A mutant may divide by zero or overflow: then it is not it.

    clock: how long it may take, SECONDS unless given; told hears what each stage shows, as soon as it is known; usual:
    the places of the sequences on which mistakes are sought, all unless given.
    """
    with np.errstate(all="ignore"):
        search = Search(evidence, known, clock or Clock(SECONDS), told)
        if evidence.is_usual():
            return search.now_and_then()
        return search.explained(range(len(evidence.given)) if usual is None else usual)


class Search:
    """One search: the sets of mistakes that are followed, and what the stages have shown."""

    def __init__(self, evidence: Evidence, known: Sequence[Mistake], clock: Clock, told: Told) -> None:
        self.evidence, self.clock, self._told = evidence, clock, told
        self.repairs = Repairs(evidence, known, clock)
        self.shown: list[Shown] = []
        self.beam = [Repair((), {})]
        self.usual: tuple[int, ...] = ()
        self._given_up: set[str] = set()

    def now_and_then(self) -> Explanation:
        """Of what is right on the usual sequences: the mistakes each of which gives all that was found elsewhere."""
        wrong = [place for place in self.evidence.shortest_first() if not self.evidence.explained((), (place,))]
        found: list[Mistake] = []
        if wrong and len(self.evidence.given[wrong[0]].steps) <= FEW_STEPS:
            found = [mistake for mistake in self._in_time() if self.evidence.explained((mistake,), wrong)]
        if found:
            return Explanation((found[0],), (tuple(found[1:]),))
        return Explanation((), unexplained=self._unexplained(()))

    def explained(self, usual: Sequence[int]) -> Explanation:
        """The mistakes that give what was found, by stages."""
        single = tuple(mistake for mistake in self._in_time() if self.evidence.explained((mistake,)))
        in_time, self.usual = True, tuple(usual)
        for stage in in_stages(self.evidence.given, usual):
            try:
                if not single and in_time:
                    self._seek(stage)
            except TimeIsUp:
                in_time = False
            self._show(stage, single[:1] or self.beam[0].chosen)
        if single:
            return Explanation(single[:1], (single[1:],), (), tuple(self.shown))
        return self._concluded(in_time)

    def _in_time(self) -> Iterator[Mistake]:
        """The known mistakes, as long as there is time."""
        with suppress(TimeIsUp):
            yield from self.clock.watched(self.repairs.known)

    def _seek(self, stage: Stage) -> None:
        """Better sets than those of the stage before, over its sequences and those of this one."""
        steps = {place: len(self.evidence.given[place].steps) for place in stage.places if place in self.usual}
        few = [place for place, count in steps.items() if count <= FEW_STEPS]
        settled, places = tuple(self.beam[0].right), tuple(dict.fromkeys((*self.beam[0].right, *few)))
        self.beam = best([self.repairs.tried(one.chosen, places) for one in self.beam], self.evidence)
        self.repairs.settled = settled
        start, tried = self.beam[0], set[tuple[str, ...]]()
        while self.repairs.wrong(self.beam[0]) and len(self.beam[0].chosen) < TOGETHER:
            fresh = [repair for repair in self.beam if repair.keys not in tried]
            wrong = frozenset().union(*self.repairs.wrong(self.beam[0]).values())
            ways = [partial(self.repairs.with_one_changed, repair) for repair in fresh]
            left = wrong - self._given_up
            bases = {one.keys: one for one in (self.beam[0], start)}.values()
            ways += [partial(self.repairs.with_several_more, one, left, size) for size in SEVERAL for one in bases]
            ways += [partial(self.repairs.with_another_and_more, self.beam[0], left)] if left else []
            tried |= {repair.keys for repair in fresh}
            if not any(map(self._improve, ways)):
                self._given_up |= wrong
                return

    def _improve(self, way: Callable[[], Iterator[Repair]]) -> bool:
        """Whether a way leads to other sets that are worth following, also where the time is up meanwhile."""
        before, found = {repair.keys for repair in self.beam}, list(self.beam)
        try:
            for repair in way():
                found.append(repair)
        finally:
            self.beam = best(found, self.evidence)
        return any(repair.keys not in before for repair in self.beam)

    def _show(self, stage: Stage, mistakes: Chosen) -> None:
        """Say what the sequences of a stage show."""
        right, given = (self._everywhere(chosen, stage.places) for chosen in ((), mistakes))
        names = [name for name in self.evidence.right[0].gradients if name in self.evidence.names]
        wrong = tuple(name for name in names if name not in right)
        left = tuple(name for name in names if name not in given)
        shown = Shown(stage.name, tuple(name for name in names if name in right), wrong, mistakes, left)
        self.shown.append(shown)
        self._told(shown)

    def _everywhere(self, chosen: Chosen, places: Iterable[int]) -> frozenset[str]:
        """The outputs that a set gives on all of these sequences."""
        found = [self.evidence.given_by(chosen, place) for place in places]
        return frozenset(self.evidence.names.intersection(*found))

    def _unexplained(self, chosen: Chosen) -> tuple[str, ...]:
        given = self._everywhere(chosen, range(len(self.evidence.given)))
        return tuple(name for name in self.evidence.right[0].gradients if name in self.evidence.names - given)

    def _concluded(self, in_time: bool) -> Explanation:
        """The best set without what it does not need, what explains most first, and what could stand for each."""
        places = [place for place in self.evidence.shortest_first() if place in self.usual]
        found = self.repairs.tried(self.beam[0].chosen, places)
        repair = self._needed(self.repairs.in_few_words(found))
        alternatives: list[Chosen] = [() for _ in repair.chosen]
        with suppress(TimeIsUp):
            for place in range(len(repair.chosen)):
                every = (repair.chosen[place], *self.repairs.alternatives(repair, repair.chosen[place]))
                first, *others = sorted(every, key=surprise)
                chosen = (*repair.chosen[:place], first, *repair.chosen[place + 1 :])
                repair, alternatives[place] = Repair(chosen, repair.right), tuple(others)
        left = self._unexplained(repair.chosen)
        return Explanation(repair.chosen, tuple(alternatives), left, tuple(self.shown), in_time)

    def _needed(self, repair: Repair) -> Repair:
        """The set without the mistakes that make nothing right, or zeros now and then; what makes most right first."""
        lost: dict[int, float] = {}
        for mistake in sorted(repair.chosen, key=surprise, reverse=True):
            rest = tuple(other for other in repair.chosen if other is not mistake)
            without = self.repairs.tried(rest, tuple(repair.right))
            lost[id(mistake)] = repair.count - without.count
            if without.count >= repair.count or self._makes_some_zeros(repair, without):
                repair = without
        return replace(repair, chosen=tuple(sorted(repair.chosen, key=lambda one: -lost[id(one)])))

    def _makes_some_zeros(self, repair: Repair, without: Repair) -> bool:
        """Whether what a set makes right beside another is zeros alone, and no output on every sequence."""
        more = {place: names - without.right.get(place, frozenset()) for place, names in repair.right.items()}
        gained, everywhere = frozenset[str]().union(*more.values()), frozenset[str].intersection(*repair.right.values())
        return not gained & everywhere and all(names <= self.evidence.zero(place) for place, names in more.items())
