"""What is meant and what is mistaken in a pass: deviations are found under mistakes, mistakes under deviations.

First deviations of the right pass. What is wrong beside them is sought as mistakes in a pass that has them. If these
explain a part, deviations are sought of the pass with these mistakes, and mistakes beside those. Then what is only
likely to be meant is tried. If that explains nothing, a mistake is sought on the usual sequences, where a clip or a
truncation does not show yet, and deviations of the pass that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from lstm_sym.audit.deviations.finding import Found, find
from lstm_sym.audit.deviations.seen import Deviations, Seen
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.search.explanations import Explanation
from lstm_sym.audit.sequences.plan import LONG, SHORT
from lstm_sym.interpreter.over_time import Backward, Run
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.program.program import Program

FOLLOWED = 3
"""Mistakes that explain the usual sequences, under which deviations are sought."""

FIRST = 0.6
"""Share of the time for what is certainly meant; what is found out from that, and what is likely, has the rest."""

Explain = Callable[[Evidence, float], Explanation]
"""What seeks mistakes, in a share of the time that is left."""


@dataclass(frozen=True)
class Understood:
    """What is meant, what was found as a pass that means that has it, and the mistakes that are left."""

    meant: Deviations
    evidence: Evidence
    explanation: Explanation | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to explain."""
        return is_right(self.evidence)

    @property
    def is_explained(self) -> bool:
        """Whether the mistakes explain what is left."""
        return self.explanation is not None and self.explanation.is_whole


def understand(evidence: Evidence, program: Program, known: Sequence[Mistake], explain: Explain) -> Understood:
    """Deviations and mistakes that give what was found; known: the mistakes, explain: what seeks them."""
    with np.errstate(all="ignore"):
        found = find(_seen(evidence, program, lambda sequence: sequence.run(program)))
        certain = Understood(found.certain, meaning(evidence, program, found.certain))
        if certain.is_whole:
            return certain
        explanation = explain(certain.evidence, FIRST)
        partly = Understood(certain.meant, certain.evidence, explanation)
        if explanation.is_whole:
            return partly
        beside = _beside(evidence, program, explanation, explain)
        if beside is not None and beside.is_explained:
            return beside
        for place, meant in enumerate(found.likely):
            likely = meaning(evidence, program, meant)
            if not likely.right_names >= certain.evidence.right_names:
                continue  # what is right throughout is not so by chance
            explanation = explain(likely, 1 / (len(found.likely) - place))
            if explanation.is_whole:
                return _least(evidence, program, Understood(meant, likely, explanation))
        usual = tuple(_usual(certain.evidence, known))
        hidden = (_under(evidence, program, mistake, usual) for mistake in usual)
        return next((one for one in hidden if one is not None), beside or partly)


def meaning(evidence: Evidence, program: Program, meant: Deviations) -> Evidence:
    """The same outputs beside those of a right pass that means to do otherwise."""
    if not meant:
        return evidence
    seen = _seen(evidence, program, lambda sequence: sequence.run(program))
    given = [seen.meant(place, meant) for place in range(len(evidence.given))]
    return Evidence(given, evidence.found, [sequence.run(program) for sequence in given], evidence.bars)


def is_right(evidence: Evidence) -> bool:
    """Whether all that was found is right."""
    return evidence.explained(())


def _seen(evidence: Evidence, program: Program, run: Callable[[Backward], Run]) -> Seen:
    return Seen(evidence.given, evidence.found, evidence.bars, program, run)


def _least(evidence: Evidence, program: Program, whole: Understood) -> Understood:
    """Without the deviations that the mistakes do not need."""
    assert whole.explanation is not None
    for one in whole.meant:
        fewer = tuple(other for other in whole.meant if other != one)
        less = meaning(evidence, program, fewer)
        if less.explained(whole.explanation.mistakes):
            return _least(evidence, program, Understood(fewer, less, whole.explanation))
    return whole


def _beside(evidence: Evidence, program: Program, partly: Explanation, explain: Explain) -> Understood | None:
    """The deviations of a pass with the mistakes that explain a part, and the mistakes in a pass that has those."""
    if not partly.mistakes:
        return None
    together = reduce(lambda one, other: one.and_(other) or one, partly.mistakes)
    found = find(_seen(evidence, program, together.run))
    if not found.certain:
        return None
    under = meaning(evidence, program, found.certain)
    if under.explained(partly.mistakes):
        pairs = zip(partly.mistakes, partly.alternatives, strict=True)
        others = tuple(tuple(o for o in all_ if under.explained(_instead(partly, one, o))) for one, all_ in pairs)
        last = [replace(one, mistakes=partly.mistakes, left=()) for one in partly.stages[-1:]]
        whole = replace(partly, unexplained=(), alternatives=others, stages=(*partly.stages[:-1], *last))
        return Understood(found.certain, under, whole)
    return Understood(found.certain, under, explain(under, 1.0))


def _instead(explanation: Explanation, one: Mistake, other: Mistake) -> Sequence[Mistake]:
    """The mistakes with another in the place of one."""
    return [other if mistake is one else mistake for mistake in explanation.mistakes]


def _usual(evidence: Evidence, known: Sequence[Mistake]) -> Iterator[Mistake]:
    """Mistakes each of which gives all that was found on the usual sequences, or on the short ones.

    The gradient of an initial state may be zero throughout: where something is cut, that may be meant.
    """
    zero = frozenset.intersection(*(evidence.zero(place) for place in range(len(evidence.given))))
    left = [{n: v for n, v in one.items() if not (n in zero and n.endswith("[0]"))} for one in evidence.found]
    evidence, count = Evidence(evidence.given, left, evidence.right, evidence.bars), 0
    for places in ((*SHORT, *LONG), SHORT):
        for mistake in known:
            if count < FOLLOWED and evidence.explained((mistake,), places):
                count += 1
                yield mistake


def _under(evidence: Evidence, program: Program, mistake: Mistake, usual: Sequence[Mistake]) -> Understood | None:
    """The deviations of a pass with this mistake, if they give all that was found; usual: what may give the same."""
    found: Found = find(_seen(evidence, program, lambda sequence: mistake.run(sequence)))
    under = meaning(evidence, program, found.certain)
    if not found.certain or not under.explained((mistake,)):
        return None
    also = tuple(one for one in usual if one is not mistake and under.explained((one,)))
    return Understood(found.certain, under, Explanation((mistake,), (also,)))
