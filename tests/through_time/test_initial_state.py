"""Sequences of a cell whose stabiliser starts at minus infinity, where no state is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from through_time.batches import CELLS, batch, named

from lstm_sym import through_time
from lstm_sym.check import relative_error
from lstm_sym.check.case import default_case
from lstm_sym.kernels import slstm
from lstm_sym.through_time import RTRL

LENGTHS = (4, 7, 0, 2)


def given(lengths: Any = LENGTHS) -> tuple[Any, Any, Any, Any]:
    """A case, parameters, the cell's own initial state, and a cotangent of the last state."""
    _, case = batch("slstm", steps=7, lengths=lengths, hidden=3)
    case = default_case(CELLS["slstm"], case)
    params, state, dstate = named(slstm, case)
    assert np.isneginf(state.m).all()
    return case, params, state, dstate


def arrays(*results: Any) -> list[np.ndarray]:
    return [array for result in results for array in (arrays(*result) if isinstance(result, tuple) else [result])]


def assert_equal(left: list[np.ndarray], right: list[np.ndarray], bar: float = 0.0) -> None:
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert np.array_equal(np.isneginf(one), np.isneginf(other))  # the state of a sequence without a step
        finite = np.isfinite(other)
        assert relative_error(one[finite], other[finite]) <= bar


@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"checkpoint": 3}, {"precise": True}], ids=str)
def test_no_state_is_the_state_of_the_cell_in_every_sequence(options: dict[str, Any]) -> None:
    case, params, state, dstate = given()
    results = []
    for start in (None, state):
        with np.errstate(all="raise", under="ignore"):
            y, last, tape = through_time.forward(slstm, case.x, params, start, lengths=LENGTHS, **options)
            grads = through_time.backward(case.dy, tape, params, dstate)
        results.append(arrays(y, last, grads))
    assert_equal(*results)
    assert np.isneginf(last.m[2]).all() and np.isfinite(last.m[[0, 1, 3]]).all()
    assert all(np.isfinite(gradient).all() for gradient in arrays(grads))


def test_truncated_and_real_time_gradients_start_there_too() -> None:
    case, params, _, dstate = given()
    options = {"dy": case.dy, "dstate": dstate, "lengths": LENGTHS}
    y, last, tape = through_time.forward(slstm, case.x, params, lengths=LENGTHS)
    grads = through_time.backward(case.dy, tape, params, dstate)
    truncated = through_time.truncated(slstm, case.x, params, window=7, **options)
    assert_equal(arrays(*truncated), arrays(y, last, grads), 1e-12)
    online = through_time.rtrl(slstm, case.x, params, **options)
    assert_equal(arrays(*online), arrays(y, last, grads.params, grads.state), 1e-11)


def test_a_stream_learns_from_its_first_step() -> None:
    case, params, _, dstate = given((7, 7))
    learner = RTRL(slstm, params)
    for t in range(7):
        assert np.isfinite(learner.step(case.x[t])).all()
        _, _, tape = slstm.forward(case.x[: t + 1], params)
        dy = np.zeros_like(case.dy[: t + 1])
        dy[t] = case.dy[t]
        found, expected = learner.gradient(case.dy[t], dstate), slstm.backward(dy, tape, params, dstate)
        assert_equal(arrays(found.params, found.state), arrays(expected.params, expected.state), 1e-11)


def test_both_directions_and_the_hessian_from_there() -> None:
    case, params, state, _ = given((7, 7))
    left, right = (
        through_time.bidirectional.forward(slstm, case.x, (params, params), s) for s in (None, (state, state))
    )
    assert np.array_equal(left[0], right[0])
    hessian = through_time.hessian(slstm, case.x, params, dy=case.dy).matrix
    assert relative_error(hessian, hessian.T) <= 1e-12 and hessian.any()
