"""Which cell a user's own forward pass is that of, found by numbers: by what it returns, else by the gradients.

The order of gates in one array is known only together with the cell, so every arrangement is tried again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.forward.variants import Variant, other_cells, with_more_parameters
from lstm_sym.audit.interface.choosing import chosen, forward_agrees, normal, tried_out
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.finding import find
from lstm_sym.audit.interface.gates import Gates, gates_of
from lstm_sym.audit.interface.source import read_source
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.sequences.cases import ForwardPass
from lstm_sym.audit.sequences.plan import LONG, SHORT
from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.cell import Cell
from lstm_sym.interpreter.over_time import deviations, run_forward


def forward_differs(convention: Convention) -> bool:
    """Whether the file's own forward pass gives another output than the cell."""
    return any(said.key == "audit.forward_differs" for said in convention.recognised)


def by_output(convention: Convention, subject: Subject) -> Variant | None:
    """The first cell whose output the forward pass gives in some arrangement; None if there is none."""
    assert convention.interface is not None
    done = tried_out(convention, convention.interface, subject)
    for variant in other_cells(convention.derivation.cell):
        known = _with(variant.cell, done.one)
        for place, parts in done.found.items():
            if forward_agrees(replace(done.plain, arrangement=done.arrangements[place]), parts, known):
                return variant
    return _with_second_bias(convention, subject)


def _with_second_bias(convention: Convention, subject: Subject) -> Variant | None:
    """The cell of the catalogue that has a second bias for what the file has two of, if the forward pass is its own."""
    assert convention.interface is not None
    packs = convention.interface.packs[convention.arrangement.reading].values()
    source = read_source(subject.file) if any(pack.kinds == ("1h",) for pack in packs) else None
    for variant in with_more_parameters(convention.derivation.cell) if source else ():
        derivation = Derivation(variant.cell)
        gates = gates_of(derivation)
        interface = find(source, subject.function, derivation) if source and _has_second_bias(gates) else None
        if interface is None:
            continue
        with contextlib.suppress(AuditError):  # it cannot be called as that one
            found = chosen(Convention(derivation, gates), interface, subject)
            if found.outputs_right and not forward_differs(found):
                return variant
    return None


def _has_second_bias(gates: Gates) -> bool:
    return any("1h" in kinds for kinds in gates.values())


def by_gradients(cell: Cell, evidence: Evidence, known: Sequence[ForwardPass], taken: frozenset[str]) -> Variant | None:
    """The first cell whose gradients all those are that came back; taken: what the function takes.

    Where the function is given values of the forward pass, that is not its own.
    """
    if any(source.startswith("tape") for source in taken) or evidence.given_by((), LONG[0]):
        return None
    for variant in other_cells(cell):
        if all(_gives(variant.cell, evidence, place, known[place], taken) for place in (SHORT[-1], LONG[0])):
            return variant
    return None


def _gives(cell: Cell, evidence: Evidence, place: int, one: ForwardPass, taken: frozenset[str]) -> bool:
    derivation, found = Derivation(cell), evidence.found[place]
    with np.errstate(all="ignore"):
        right = _with(cell, one).backward(normal(taken)).run(derivation.adjoint).gradients
    return all(error <= evidence.bars[place] for error in deviations(found, right).values())


def _with(cell: Cell, one: ForwardPass) -> ForwardPass:
    """The same sequence under another cell."""
    case = one.case
    with np.errstate(all="ignore"):  # what is not finite is no output of anybody's
        return replace(one, steps=run_forward(Derivation(cell).forward, case.x, case.params, case.state))
