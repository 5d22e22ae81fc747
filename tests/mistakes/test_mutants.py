"""What mistakes give is what their programs give, though little of it is computed anew; alone and together."""

from __future__ import annotations

import random

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.interpreter.over_time import Backward, run_forward
from lstm_sym.mistakes.catalogue import candidates
from lstm_sym.mistakes.mutants import Mutants
from lstm_sym.mistakes.variants import Variants


@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_mutants_give_what_their_programs_give(name: str) -> None:
    derivation, case = ls.derive(ls.cell(name)), random_case(ls.cell(name), steps=3, batch=2)
    steps = run_forward(derivation.forward, case.x, case.params, case.state)
    given = Backward(steps, case.dy, case.dstate)
    every, draw = candidates(derivation.adjoint, derivation.forward), random.Random(0)
    mutants = Mutants(Variants(every[0].context), given, given.run(derivation.adjoint))
    few = every[::3]
    chosen = [(mistake,) for mistake in few] + [tuple(draw.sample(few, 2)) for _ in range(40)]
    with np.errstate(all="ignore"):
        for mistakes in chosen:
            together = mistakes[0] if len(mistakes) == 1 else mistakes[0].and_(mistakes[1])
            if together is not None:
                found, expected = mutants.gradients(mistakes), together.run(given).gradients
                assert found.keys() == expected.keys()
                assert all(np.array_equal(found[key], expected[key], equal_nan=True) for key in expected)
                assert set(mutants.gradients(mistakes, ["x"])) == {"x"}


def test_what_no_mistake_reaches_is_not_computed() -> None:
    derivation, case = ls.derive(ls.cell("lstm")), random_case(ls.cell("lstm"), steps=2, batch=2)
    steps = run_forward(derivation.forward, case.x, case.params, case.state)
    given = Backward(steps, case.dy, case.dstate)
    right = given.run(derivation.adjoint)
    every = candidates(derivation.adjoint, derivation.forward)
    [bias] = [mistake for mistake in every if mistake.key == "lstm.backward.b_f: sign: d_a_f[t]"]
    found = Mutants(Variants(bias.context), given, right).gradients((bias,))
    assert [name for name in found if found[name] is not right.gradients[name]] == ["b_f"]
