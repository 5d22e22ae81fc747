"""Programs over a sequence: gradients as autograd has them, sums over time as asked, nothing computed twice."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check import Case, random_case, relative_error
from lstm_sym.check.by_autograd import autograd_gradients
from lstm_sym.interpreter.over_time import Backward, Total, deviations, run_forward
from lstm_sym.mistakes.catalogue import candidates

NAMES = ["rnn", "lstm", "lstm_peephole", "gru"]


def sequence(name: str, **sizes: int) -> tuple[ls.Derivation, Case, Backward]:
    derivation, case = ls.derive(ls.cell(name)), random_case(ls.cell(name), **sizes)
    steps = run_forward(derivation.forward, case.x, case.params, case.state)
    return derivation, case, Backward(steps, case.dy, case.dstate)


@pytest.mark.parametrize("name", NAMES)
def test_the_backward_program_gives_the_gradients_of_another_engine(name: str) -> None:
    derivation, case, given = sequence(name)
    found, expected = given.run(derivation.adjoint).gradients, autograd_gradients(ls.cell(name), case)
    assert found.keys() == expected.keys()
    assert max(relative_error(found[key], value) for key, value in expected.items()) <= 1e-13


@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_what_a_rewrite_cannot_change_need_not_be_computed_again(name: str) -> None:
    derivation, _, given = sequence(name, steps=3, batch=2)
    right = given.run(derivation.adjoint)
    for mistake in candidates(derivation.adjoint, derivation.forward):
        reused, anew = mistake.run(given, right).gradients, mistake.run(given).gradients
        assert all(np.array_equal(reused[key], anew[key]) for key in anew), mistake.key


def test_gradients_are_summed_as_asked() -> None:
    derivation, _, given = sequence("rnn", steps=2, batch=3)
    [weight] = [s.target for s in derivation.adjoint.statements if s.target.name == "d_U"]
    run = given.run(derivation.adjoint)
    first, last = (step[weight] for step in run.steps)
    for how, expected in {
        Total.SUM: first + last,
        Total.FIRST_STEP: first,
        Total.LAST_STEP: last,
        Total.BATCH_MEAN: (first + last) / 3,
        Total.TIME_MEAN: (first + last) / 2,
    }.items():
        assert np.array_equal(given.run(derivation.adjoint, {weight: how}).gradients["U"], expected)


def test_deviations_are_relative_and_see_what_is_not_finite() -> None:
    right = {"a": np.array([1.0, -2.0]), "noise": np.array([1e-17]), "zero": np.zeros(1), "nan": np.ones(1)}
    found = {"a": np.array([1.0, -1.0]), "noise": np.array([-1e-17]), "zero": np.zeros(1), "nan": np.array([np.nan])}
    errors = deviations(found, right)
    assert errors == {"a": 0.5, "noise": pytest.approx(1e-10), "zero": 0.0, "nan": np.inf}
    assert deviations({"a": np.ones(1)}, {"a": np.zeros(1)}) == {"a": np.inf}
