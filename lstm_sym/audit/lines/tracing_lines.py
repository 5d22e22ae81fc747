"""A user's function once more over a short sequence, its lines watched: in which of them are the mistakes."""

from __future__ import annotations

from lstm_sym.audit import names
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.lines.mistaken import OwnLine, own_lines
from lstm_sym.audit.lines.surroundings import arguments
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
    *,
    by_step: bool,
) -> Lines:
    """Of each mistake, the lines that it is in; () where there is none, or the lines cannot be watched.

    sequence: a short one of two steps or more; given: what backward programs are given of it; by_step: whether the
    function is called step by step.
    """
    if explanation is None or not explanation.mistakes:
        return ()
    run = _together(explanation).run(given)
    if not run.steps:
        return ()
    try:
        assigned = subject.trace(convention, sequence)
        got = _given(subject, convention, sequence)
    except (AuditError, OSError, SyntaxError, ValueError, RecursionError):
        return ()
    written = Written(assigned, run, given.run(convention.derivation.adjoint), given.steps)
    found = (own_lines(one, written, subject.file, got, by_step=by_step) for one in explanation.mistakes)
    return tuple(tuple(lines) for lines in found)


def _given(subject: Subject, convention: Convention, sequence: ForwardPass) -> dict[str, str]:
    """What each argument gets; nothing of a function that gets it in another arrangement than the equations'."""
    if convention.interface is not None:
        return {}
    known = names.arguments(convention.derivation, sequence.case.sizes)
    source = subject.file.read_text(encoding="utf-8")
    return {name: known[name] for name in arguments(source, subject.function) if name in known}


def _together(explanation: Explanation) -> Mistake:
    """All of them as one; the first alone where two change the same."""
    first, *others = explanation.mistakes
    for other in others:
        first = first.and_(other) or first
    return first
