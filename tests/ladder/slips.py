"""Rung 6: the mistakes that people make in a backward pass, and whether autograd notices them."""

from __future__ import annotations

from typing import Any

import numpy as np

import lstm_sym as ls
from lstm_sym.check import random_case, relative_error
from lstm_sym.check.by_autograd import autograd_gradients
from lstm_sym.interpreter.over_time import Backward, run_forward
from lstm_sym.mistakes.catalogue import candidates
from lstm_sym.mistakes.mutants import Mutants
from lstm_sym.mistakes.noticed import NOTICED, noticeable
from lstm_sym.mistakes.variants import Variants

SIZES = {"steps": 3, "batch": 5, "hidden": 3}


def backward(derivation: ls.Derivation, case: Any) -> Backward:
    """What every backward pass over a case is given."""
    return Backward(run_forward(derivation.forward, case.x, case.params, case.state), case.dy, case.dstate)


def score(cell: ls.Cell) -> dict[str, Any]:
    """How many rewrites there are, how many change a gradient, of how many kinds these are, and which go unnoticed.

    Whether a rewrite changes a gradient is decided on other numbers than whether it is noticed.
    """
    derivation = ls.derive(cell)
    every = candidates(derivation.adjoint, derivation.forward)
    found = noticeable(every, backward(derivation, random_case(cell, seed=20, **SIZES)))
    case = random_case(cell, seed=21, **SIZES)
    given, expected = backward(derivation, case), autograd_gradients(cell, case)
    right = given.run(derivation.adjoint)

    def error(gradients: dict[str, np.ndarray]) -> float:
        return max(relative_error(gradient, expected[name]) for name, gradient in gradients.items())

    mutants = Mutants(Variants(found[0].context), given, right)
    with np.errstate(all="ignore"):
        missed = [one.key for one in found if not error(mutants.gradients((one,))) > NOTICED]
    missed += [] if error(right.gradients) <= 1e-12 else ["the right one is taken for wrong"]
    kinds = len({mistake.kind for mistake in found})
    return {"kinds": kinds, "rewrites": len(every), "mistakes": len(found), "failed": missed}
