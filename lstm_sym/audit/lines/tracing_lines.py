"""A user's function once more over a short sequence, its lines watched: in which of them are the mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.lines.mistaken import ELSEWHERE, OwnLine, own_lines
from lstm_sym.audit.lines.source import Source
from lstm_sym.audit.lines.written import Written
from lstm_sym.audit.search.explanations import Explanation
from lstm_sym.audit.sequences.cases import ForwardPass
from lstm_sym.interpreter.over_time import Backward, Run
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.program.program import Program

FEW = 8
"""Mistakes that give the same as another of which lines are looked for."""

Lines = tuple[tuple[OwnLine, ...], ...]


def traced(
    explanation: Explanation | None,
    sequence: ForwardPass,
    given: Backward,
    subject: Subject,
    convention: Convention,
) -> tuple[Explanation | None, Lines]:
    """Of each mistake, the lines that it is in; () where there is none, or the lines cannot be watched.

    Of mistakes that give the same, one that makes others wrong by its own line is named where that line stands there,
    and one whose line is wrong there before one of which no line is.
    sequence: a short one of two steps or more; given: what backward programs are given of it.
    """
    if explanation is None or not explanation.mistakes:
        return explanation, ()
    program = convention.derivation.adjoint
    if not _run(explanation.mistakes, given, program, False).steps:
        return explanation, ()
    try:
        assigned = subject.trace(convention, sequence)
        source = Source(subject.file)
    except (AuditError, OSError, SyntaxError, ValueError, RecursionError):
        return explanation, ()
    found: list[tuple[OwnLine, ...]] = []
    for place, mistake in enumerate(explanation.mistakes):
        others = [one for one in explanation.mistakes if one is not mistake]
        for one in _likeliest(mistake, explanation.alternatives[place]):
            written = (
                Written(assigned, wrong, right, given.steps, is_meant=is_meant)
                for is_meant in ((False,) if given.is_plain else (False, True))
                for wrong, right in [[_run(some, given, program, is_meant) for some in ((one, *others), others)]]
            )
            lines = next(filter(None, (tuple(own_lines(one, way, source)) for way in written)), ())
            if lines:
                explanation = explanation.naming(place, one)
                found.append(lines)
                break
        else:
            found.append(())
    return explanation, tuple(found)


def _likeliest(mistake: Mistake, others: Sequence[Mistake]) -> Iterator[Mistake]:
    """Those that give the same, in the order in which their lines are looked for."""
    yield from (one for one in others if one.kind in ELSEWHERE)
    yield mistake
    yield from [one for one in others if one.kind not in ELSEWHERE][:FEW]


def _run(mistakes: Sequence[Mistake], given: Backward, program: Program, is_meant: bool) -> Run:
    """A pass with these mistakes; up to the end of its loop, or with what is meant and done to its gradients."""
    together = _together(mistakes)
    way = given.run if is_meant else given.through_time
    return way(together.program, together.loop) if together else way(program)


def _together(mistakes: Sequence[Mistake]) -> Mistake | None:
    """All of them as one; the first alone where two change the same."""
    if not mistakes:
        return None
    first, *others = mistakes
    for other in others:
        first = first.and_(other) or first
    return first
