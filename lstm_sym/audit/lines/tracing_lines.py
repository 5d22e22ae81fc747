"""A user's function once more over a short sequence, its lines watched: in which of them are the mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lstm_sym.audit import names
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.lines.mistaken import OwnLine, own_lines
from lstm_sym.audit.lines.surroundings import arguments
from lstm_sym.audit.lines.written import Written
from lstm_sym.audit.running.tracing import trace
from lstm_sym.audit.search.explanations import Explanation
from lstm_sym.audit.sequences.cases import ForwardPass, arrays, request
from lstm_sym.interpreter.over_time import Backward
from lstm_sym.mistakes.catalogue import Mistake

Lines = tuple[tuple[OwnLine, ...], ...]


@dataclass(frozen=True)
class Called:
    """The function of a file, how long it may take, whether it is called step by step, and under which convention."""

    file: Path
    function: str
    timeout: float
    by_step: bool
    convention: Convention


def traced_lines(
    explanation: Explanation,
    sequence: ForwardPass,
    given: Backward,
    called: Called,
) -> Lines:
    """Of each mistake, the lines that it is in; () where the lines cannot be watched.

    sequence: a short one of two steps or more; given: what backward programs are given of it.
    """
    run = _together(explanation).run(given)
    if not run.steps:
        return ()
    derivation = called.convention.derivation
    asked = {**request(derivation, [sequence]), **called.convention.request}
    try:
        assigned = trace(called.file, called.function, asked, arrays(derivation, [sequence]), called.timeout)
        source = called.file.read_text(encoding="utf-8")
        got = _given(source, called, sequence)
    except (AuditError, OSError, SyntaxError, ValueError, RecursionError):
        return ()
    written = Written(assigned, run, given.run(derivation.adjoint), given.steps)
    found = (own_lines(one, written, called.file, got, by_step=called.by_step) for one in explanation.mistakes)
    return tuple(tuple(lines) for lines in found)


def _given(source: str, called: Called, sequence: ForwardPass) -> dict[str, str]:
    """What each argument gets; nothing of a function that gets it in another arrangement than the equations'."""
    if called.convention.interface is not None:
        return {}
    known = names.arguments(called.convention.derivation, sequence.case.sizes)
    return {name: known[name] for name in arguments(source, called.function) if name in known}


def _together(explanation: Explanation) -> Mistake:
    """All of them as one; the first alone where two change the same."""
    first, *others = explanation.mistakes
    for other in others:
        first = first.and_(other) or first
    return first
