"""Which cell a user's own forward pass is that of, found by numbers: by what it returns, else by the gradients.

The order of gates in one array is known only together with the cell, so every arrangement is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_sym.audit.forward.variants import Variant, other_cells
from lstm_sym.audit.interface.choosing import forward_agrees, normal, tried_out
from lstm_sym.audit.interface.convention import Convention
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
    return None


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
