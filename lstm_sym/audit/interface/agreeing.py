"""The answer of a user's function on the sequences, under the convention that was found for it.

A function whose arguments are all known by name is called so, as docs/audit.md has it. Another interface, and one under
which nothing of what comes back is right, is sought by trial.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lstm_sym.audit import names
from lstm_sym.audit.errors import AuditError, complaint
from lstm_sym.audit.interface import vocabulary
from lstm_sym.audit.interface.candidates import arrangements
from lstm_sym.audit.interface.choosing import chosen, normal, right_gradients, score
from lstm_sym.audit.interface.convention import Convention, Recognised, untaken_states
from lstm_sym.audit.interface.description import Interface
from lstm_sym.audit.interface.failing import with_forward_missing
from lstm_sym.audit.interface.finding import as_step, find, place_of, takes_cotangent, unknown_argument
from lstm_sym.audit.interface.gates import gates_of
from lstm_sym.audit.interface.source import Source, functions_inside, read_source
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.running.answer import Answer
from lstm_sym.audit.running.child.values import of_case
from lstm_sym.audit.sequences.cases import ForwardPass
from lstm_sym.compile.derivation import Derivation

Answered = tuple[Convention, list[ForwardPass], Answer]


def answered(derivation: Derivation, subject: Subject, sequences: Sequence[ForwardPass]) -> Answered:
    """The convention, the sequences as the function was given them, and what came back. Raises AuditError."""
    file, function = subject.file, subject.function
    start = Convention(derivation, gates_of(derivation))
    check_place(file, function)
    source = read_source(file)
    interface = find(source, function, derivation) if source else None
    if interface is None and (unknown := source and unknown_argument(source, function, derivation)):
        raise unknown_meaning(unknown, subject, derivation)
    if interface is not None and source and not takes_cotangent(interface.sources):
        inside = functions_inside(source, function)
        kind, facts = ("made inside", {"names": inside}) if inside else ("no cotangent", {})
        raise complaint(kind, facts, file, function, names.offered(derivation.cell), [])
    if interface is not None and not interface.is_documented:
        convention = _tried(start, interface, subject)
        return _run(convention, subject, sequences)
    try:
        found = _documented(start, interface, subject, sequences)
    except AuditError as error:
        if interface is None or error.kind not in ("raised", "wrong length"):
            raise
        other = _other(start, interface, subject)
        if other is None:
            raise with_forward_missing(error, interface) from None
        return _run(other, subject, sequences)
    if interface is not None and nothing_is_right(found):
        other = _other(start, interface, subject)
        found = _run(other, subject, sequences) if other else found
    return found


def unknown_meaning(unknown: tuple[str, str], subject: Subject, derivation: Derivation) -> AuditError:
    """The error for an argument of no known meaning: of the function itself, or of what has to be called before it."""
    call, argument = unknown
    known = names.offered(derivation.cell)
    if call == subject.function.rpartition(".")[2] and not call[:1].isupper():
        return complaint("unknown argument", {"argument": argument}, subject.file, subject.function, known, [])
    is_class = call == subject.function.partition(".")[0]
    of = f"an object of the class {call}" if is_class else f"its forward pass {call}"
    offered = vocabulary.SIZE_NAMES if is_class else known
    facts = {"argument": argument, "of": of}
    return complaint("unknown elsewhere", facts, subject.file, subject.function, offered, [])


def convention_to_adapt(derivation: Derivation, subject: Subject) -> tuple[Convention, Source, list[str], str]:
    """What can be found out for an adapter, the file as text, the arguments of no known meaning, which keep it from
    being tried, and the error with which it failed in the trial.

    Raises AuditError for a file that is none, or has no such function.
    """
    file, function = subject.file, subject.function
    check_place(file, function)
    source = read_source(file)
    interface = find(source, function, derivation, lenient=True) if source else None
    if source is None or interface is None:
        raise complaint("no function", {"names": [*source.functions] if source else []}, file, function, [], [])
    start = Convention(derivation, gates_of(derivation))
    first = arrangements(interface, start.gates, tuple(derivation.cell.states))[0]
    likeliest = replace(start, interface=interface, arrangement=first)
    if unknown := [name for given in interface.calls.values() for name, role in given if not role]:
        return likeliest, source, unknown, ""
    try:
        return _tried(start, interface, subject), source, [], ""
    except AuditError as error:
        return likeliest, source, [], str(error)


def _tried(start: Convention, interface: Interface, subject: Subject) -> Convention:
    """The convention that is found by trial; that of one step where it may be that, and is nothing else."""
    cell = start.derivation.cell
    other = as_step(interface, tuple(cell.states), cell.output)
    if other is None:
        return chosen(start, interface, subject)
    try:
        found = chosen(start, interface, subject)
    except AuditError:
        with contextlib.suppress(AuditError):
            return chosen(start, other, subject)
        raise
    if found.outputs_right:
        return found
    with contextlib.suppress(AuditError):
        step = chosen(start, other, subject)
        return step if step.outputs_right else found
    return found


def _documented(
    start: Convention, interface: Interface | None, subject: Subject, sequences: Sequence[ForwardPass]
) -> Answered:
    """By the names of the arguments; that the first state is not taken shows in these, or in what is read of a tape."""
    if interface is None or "tape" in interface.sources:
        found = _run(start, subject, sequences)
        if interface is None:
            return found
        zero = _starting_at_zero(start, interface, found[2].read)
        return _run(zero, subject, sequences) if zero.zero_states else found
    return _run(_starting_at_zero(start, interface, frozenset()), subject, sequences)


def _starting_at_zero(start: Convention, interface: Interface, read: frozenset[str]) -> Convention:
    zero = untaken_states(interface, tuple(start.derivation.cell.states), read)
    said = (Recognised("audit.starts_at_zero", {"states": ", ".join(zero)}),) if zero else ()
    return replace(start, zero_states=zero, recognised=said)


def _run(convention: Convention, subject: Subject, sequences: Sequence[ForwardPass]) -> Answered:
    given = convention.given(sequences)
    said = replace(convention, recognised=(*convention.recognised, *convention.unused(sequences)))
    return said, given, subject.run(convention, given)


def _other(start: Convention, interface: Interface, subject: Subject) -> Convention | None:
    """Another arrangement in which something of what comes back is right, if there is one."""
    try:
        convention = chosen(start, interface, subject)
    except AuditError:
        return None
    return convention if convention.outputs_right else None


def nothing_is_right(found: Answered) -> bool:
    """Whether no output of the first sequence is right."""
    convention, asked, answer = found
    right = right_gradients(convention, asked[0], normal(answer.taken), last=False)
    return score(convention, of_case(answer.outputs, 0), asked[0], right).right < 1


def check_named(file: Path, function: str) -> None:
    """Raises AuditError for a function whose name stands nowhere in the file, nor may come from another by a star.

    Nothing of it is run. Of a file that is no Python, or that has no function at all, it is told when it is run.
    """
    source = read_source(file)
    if source is None or not source.callables or {"*", function.rpartition(".")[2]} & source.all_names:
        return
    raise complaint("no function", {"names": [*source.functions]}, file, function, [], [])


def check_place(file: Path, function: str) -> None:
    """Raises AuditError for a class or a method that the file does not have, or a function that another one makes.

    Nothing of it is run.
    """
    source = read_source(file)
    if source is None:
        return
    owner, _, name = function.rpartition(".")
    is_class = function in source.classes
    for maker in source.functions if function not in source.callables else ():
        if function in (inside := functions_inside(source, maker)):
            raise complaint("made inside", {"names": inside}, file, maker, [], [])
    if place_of(source, function) or not (owner or is_class):
        return
    pool = list(source.methods(function)) if is_class else [*source.classes, *source.functions]
    if owner in source.classes:
        pool = list(source.methods(owner))
    near = difflib.get_close_matches(name, pool, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise AuditError(
        "",
        f"{file} has no {function}" if not is_class else f"{file}: the class {function} has no method backward",
        "another name, or a class that is made by the file as it runs",
        f"{hint}write FILE:FUNCTION or FILE:CLASS.METHOD; it has {', '.join(pool) or 'none'}",
    )
