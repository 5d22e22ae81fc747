"""A user's function once more over a short sequence, its lines watched: in which of them are the mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.lines.mistaken import OwnLine, own_lines
from lstm_sym.audit.lines.source import Source
from lstm_sym.audit.lines.written import Written
from lstm_sym.audit.search.explanations import Explanation
from lstm_sym.audit.sequences.cases import ForwardPass
from lstm_sym.interpreter.over_time import Backward
from lstm_sym.mistakes.catalogue import Mistake

Lines = tuple[tuple[OwnLine, ...], ...]


def traced_lines(
    explanation: Explanation | None,
    sequence: ForwardPass,
    given: Backward,
    subject: Subject,
    convention: Convention,
) -> Lines:
    """Of each mistake, the lines that it is in; () where there is none, or the lines cannot be watched.

    sequence: a short one of two steps or more; given: what backward programs are given of it.
    """
    if explanation is None or not explanation.mistakes:
        return ()
    together = _together(explanation.mistakes)
    assert together is not None
    run = together.run(given)
    if not run.steps:
        return ()
    try:
        assigned = subject.trace(convention, sequence)
        source = Source(subject.file)
    except (AuditError, OSError, SyntaxError, ValueError, RecursionError):
        return ()
    found: list[tuple[OwnLine, ...]] = []
    for mistake in explanation.mistakes:
        others = _together([one for one in explanation.mistakes if one is not mistake])
        right = others.run(given) if others else given.run(convention.derivation.adjoint)
        found.append(tuple(own_lines(mistake, Written(assigned, run, right, given.steps), source)))
    return tuple(found)


def _together(mistakes: Sequence[Mistake]) -> Mistake | None:
    """All of them as one; the first alone where two change the same."""
    if not mistakes:
        return None
    first, *others = mistakes
    for other in others:
        first = first.and_(other) or first
    return first
