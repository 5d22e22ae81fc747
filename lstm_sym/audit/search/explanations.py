"""Which mistake gives exactly these gradients: each known one is made in the derived program, run, and compared.

First every mistake by itself. If none explains all outputs, mistakes are added one by one, each time that which brings
the most outputs of the short sequences to what was found: mistakes have not mixed there, so each explains some. At last
come pairs, for mistakes of one chain of statements mix at once. What is found must hold on every sequence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice

import numpy as np

from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.sequences.plan import SHORT
from lstm_sym.ground.progress import Progress
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.program.values import Value

TOGETHER = 4
"""Mistakes that are sought at once."""

FEW_STEPS = 10
"""Steps of a sequence on which every known mistake is tried."""

PAIRS = 10_000
"""Pairs that are tried at most."""


@dataclass(frozen=True)
class Explanation:
    """The mistakes that together give the gradients found; `also`: other single ones that give the same."""

    mistakes: tuple[Mistake, ...]
    also: tuple[Mistake, ...] = ()


def explain(evidence: Evidence, known: Sequence[Mistake], progress: Progress) -> Explanation | None:
    """The mistakes that give what was found, or None. A mutant may divide by zero or overflow: then it is not it."""
    with np.errstate(all="ignore"):
        if evidence.is_usual():
            return _now_and_then(evidence, known)
        single = [mistake for mistake in known if evidence.explained(mistake)]
        if single:
            return Explanation((single[0],), tuple(single[1:]))
        chosen, done = _one_by_one(evidence, known, progress)
        return Explanation(chosen) if done else _with_two_more(evidence, chosen, known, progress)


def _now_and_then(evidence: Evidence, known: Sequence[Mistake]) -> Explanation | None:
    """Of what is right on the usual sequences: the mistakes each of which gives all that was found elsewhere."""
    places = range(len(evidence.given))
    wrong = [k for k in places if evidence.agreeing(evidence.right[k].gradients, k) < len(evidence.found[k])]
    wrong.sort(key=lambda place: len(evidence.given[place].steps))
    if not wrong or len(evidence.given[wrong[0]].steps) > FEW_STEPS:
        return None
    found = [mistake for mistake in known if evidence.explained_on(mistake, wrong)]
    return Explanation((found[0],), tuple(found[1:])) if found else None


def _one_by_one(evidence: Evidence, known: Sequence[Mistake], progress: Progress) -> tuple[tuple[Mistake, ...], bool]:
    """Mistakes, each of which brings more outputs to what was found; and whether they give all of it."""
    chosen: tuple[Mistake, ...] = ()
    best = sum(evidence.agreeing(evidence.right[place].gradients, place) for place in SHORT)
    for depth in range(TOGETHER):
        added: Mistake | None = None
        for place, mistake in enumerate(known):
            progress(depth * len(known) + place, TOGETHER * len(known))
            together = _together((*chosen, mistake))
            score = evidence.score(together) if together is not None else 0
            if score > best:
                best, added = score, mistake
        if added is None:
            break
        chosen = (*chosen, added)
        together = _together(chosen)
        if together is not None and evidence.explained(together):
            return chosen, True
    return chosen, False


def _with_two_more(
    evidence: Evidence, chosen: tuple[Mistake, ...], known: Sequence[Mistake], progress: Progress
) -> Explanation | None:
    """Two more mistakes, of which neither alone explains more; those in neighbouring statements are tried first."""
    pairs = list(islice(_pairs(known), PAIRS))
    for place, pair in enumerate(pairs):
        progress(place, len(pairs))
        together = _together((*chosen, *pair))
        if together is not None and evidence.explained(together):
            return Explanation((*chosen, *pair))
    return None


def _pairs(known: Sequence[Mistake]) -> Iterator[tuple[Mistake, Mistake]]:
    local = [mistake for mistake in known if len(mistake.changes) == 1]
    reading = {
        target: {s.target for s in local[0].context.backward.statements if target in s.reads()} | {target}
        for target in {_target(mistake) for mistake in local}
    }
    pairs = [(first, second) for place, first in enumerate(local) for second in local[place + 1 :]]
    yield from (pair for pair in pairs if _target(pair[1]) in reading[_target(pair[0])])
    yield from (pair for pair in pairs if _target(pair[1]) not in reading[_target(pair[0])])


def _target(mistake: Mistake) -> Value:
    return next(iter(mistake.changes)).target


def _together(chosen: Sequence[Mistake]) -> Mistake | None:
    first: Mistake | None = chosen[0]
    return reduce(lambda all_, one: all_.and_(one) if all_ is not None else None, chosen[1:], first)
