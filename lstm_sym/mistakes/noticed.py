"""Which rewrites are mistakes: those that change a gradient. relu'(relu(a)) is relu'(a), and so no mistake."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_sym.interpreter.over_time import Backward, deviations
from lstm_sym.mistakes.catalogue import Mistake, candidates
from lstm_sym.mistakes.mutants import Mutants
from lstm_sym.mistakes.variants import Variants
from lstm_sym.program.program import Program

NOTICED = 1e-6
"""Relative difference of gradients from which on a mistake is one."""


def mistakes(backward: Program, forward: Program, sequence: Backward) -> tuple[Mistake, ...]:
    """Every mistake that changes a gradient, of `vjp(forward)` or its textbook form; those of one place first.

    sequence: where it must show, random and of two steps and two sequences or more.
    """
    return noticeable(candidates(backward, forward), sequence)


def noticeable(found: Sequence[Mistake], sequence: Backward) -> tuple[Mistake, ...]:
    """Those of the rewrites whose gradients on this sequence differ from the right ones."""
    if not found:
        return ()
    with np.errstate(all="ignore"):
        right = sequence.run(found[0].context.backward)
        mutants = Mutants(Variants(found[0].context), sequence, right)
        return tuple(m for m in found if max(deviations(mutants.gradients((m,)), right.gradients).values()) > NOTICED)
