"""Programs over a sequence: gradients as autograd has them, and loops around them as asked."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check import Case, random_case, relative_error
from lstm_sym.check.by_autograd import autograd_gradients
from lstm_sym.interpreter.loop import Edge, Loop, Reading, Total
from lstm_sym.interpreter.over_time import Backward, deviations, run_forward

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


def test_outputs_are_summed_as_asked() -> None:
    derivation, _, given = sequence("rnn", steps=2, batch=3)
    [weight, bias] = [s.target for s in derivation.adjoint.statements if s.target.name in ("d_U", "d_b")]
    run = given.run(derivation.adjoint)
    first, last = (step[weight] for step in run.steps)
    adjoint = next(value for value in run.steps[0] if value.name == "d_a_h")
    state = next(carry.incoming for carry in derivation.forward.carries)
    left, right = np.array([step[adjoint] for step in run.steps]), np.array([step[state] for step in given.steps])
    rows, turned = left.reshape(6, -1), left.swapaxes(0, 1).reshape(6, -1)
    for how, expected in {
        Total.SUM: first + last,
        Total.FIRST_STEP: first,
        Total.LAST_STEP: last,
        Total.BATCH_MEAN: (first + last) / 3,
        Total.TIME_MEAN: (first + last) / 2,
        Total.FIRST_SEQUENCE: left[:, 0].T @ right[:, 0],
        Total.LAST_SEQUENCE: left[:, -1].T @ right[:, -1],
        Total.MIXED: rows.T @ right.swapaxes(0, 1).reshape(6, -1),
        Total.MIXED_BACK: turned.T @ right.reshape(6, -1),
    }.items():
        found = given.run(derivation.adjoint, Loop({weight: how})).gradients["U"]
        assert np.allclose(found, expected, rtol=1e-13), how
    whole = run.gradients["b"]
    assert np.allclose(given.run(derivation.adjoint, Loop({bias: Total.MIXED})).gradients["b"], whole, rtol=1e-13)


def test_the_steps_of_an_output_stand_as_asked() -> None:
    derivation, _, given = sequence("rnn", steps=2, batch=3)
    [output], right = derivation.adjoint.outputs, given.run(derivation.adjoint).gradients["x"]
    for how, expected in {
        Total.REVERSED: right[::-1],
        Total.MIXED: right.swapaxes(0, 1).reshape(right.shape),
        Total.MIXED_BACK: right.reshape(3, 2, -1).swapaxes(0, 1),
    }.items():
        assert np.array_equal(given.run(derivation.adjoint, Loop({output: how})).gradients["x"], expected)


def test_the_last_cotangent_may_be_ignored_and_values_read_at_other_steps() -> None:
    derivation, _, given = sequence("rnn", steps=3, batch=2)
    [carry] = derivation.adjoint.carries
    none = Backward(given.steps, given.dy, {"h": np.zeros_like(given.dstate["h"])})
    ignored = given.run(derivation.adjoint, Loop(unstarted=frozenset({carry.incoming}))).gradients
    assert all(np.array_equal(ignored[key], value) for key, value in none.run(derivation.adjoint).gradients.items())
    state = derivation.forward.carries[0].outgoing
    values = [step[state] for step in given.steps]
    for offset, edge, expected in [
        (-1, Edge.WRAPPED, [values[2], values[0], values[1]]),
        (-1, Edge.ZERO, [0 * values[0], values[0], values[1]]),
        (1, Edge.ZERO, [values[1], values[2], 0 * values[0]]),
        (0, Edge.LAST_ALONE, [0 * values[0], 0 * values[0], values[2]]),
        (0, Edge.AFTER_FIRST, [0 * values[0], values[1], values[2]]),
    ]:
        found = [given.read(Reading(state, offset, edge), t) for t in range(3)]
        assert np.array_equal(found, expected)


def test_deviations_are_relative_and_see_what_is_not_finite() -> None:
    right = {"a": np.array([1.0, -2.0]), "noise": np.array([1e-17]), "zero": np.zeros(1), "nan": np.ones(1)}
    found = {"a": np.array([1.0, -1.0]), "noise": np.array([-1e-17]), "zero": np.zeros(1), "nan": np.array([np.nan])}
    errors = deviations(found, right)
    assert errors == {"a": 0.5, "noise": pytest.approx(1e-10), "zero": 0.0, "nan": np.inf}
    assert deviations({"a": np.ones(1)}, {"a": np.zeros(1)}) == {"a": np.inf}
