"""Kernels of cells that run by themselves: forward(steps=T), arrays without columns, and what must be given."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check import random_case

NETWORK = ls.parse("h[t] = tanh(U @ h[t-1] + b)")
MAP = ls.parse(
    "h[t] = 1 - a * h[t-1] ** 2 + c[t-1]\nc[t] = b * h[t-1]",
    constants={"a": Fraction(7, 5), "b": Fraction(3, 10)},
    output="h",
)


def network(dtype: type = np.float64):
    """Kernel, parameters and state of three units and two sequences."""
    kernel = ls.build(NETWORK)
    return kernel, kernel.init(hidden_size=3, dtype=dtype), kernel.State(np.full((2, 3), 0.1, dtype))


@pytest.mark.parametrize("precise", [False, True])
def test_steps_and_an_input_without_columns_say_the_same(precise):
    kernel, params, state = network()
    first = kernel.forward(None, params, state, steps=4, precise=precise)
    second = kernel.forward(np.empty((4, 2, 0)), params, state, precise=precise)
    assert first[0].shape == (4, 2, 3)
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1].h, second[1].h)
    assert np.array_equal(first[0][-1], first[1].h)


def test_steps_follow_the_equations():
    kernel, params, state = network()
    y, _, _ = kernel.forward(None, params, state, steps=3)
    h = state.h
    for t in range(3):
        h = np.tanh(h @ params.U.T + params.b)
        assert np.allclose(y[t], h, rtol=1e-14)


def test_gradients_have_no_columns_for_the_input():
    kernel, params, state = network()
    _, _, tape = kernel.forward(None, params, state, steps=4)
    grads = kernel.backward(np.ones((4, 2, 3)), tape, params)
    assert grads.x.shape == (4, 2, 0) and grads.state.h.shape == (2, 3) and grads.params.U.shape == (3, 3)
    assert kernel.jacobian(tape, params).shape == (4, 2, 3, 3)
    assert kernel.input_jacobian(tape, params).shape == (4, 2, 3, 0)


def test_no_step_is_no_output_and_the_state_as_it_was():
    kernel, params, state = network()
    y, last, tape = kernel.forward(None, params, state, steps=0)
    assert y.shape == (0, 2, 3) and np.array_equal(last.h, state.h)
    assert np.array_equal(kernel.backward(y, tape, params, kernel.State(np.ones((2, 3)))).state.h, np.ones((2, 3)))


def test_without_a_state_one_sequence_runs_from_zeros():
    kernel, params, _ = network()
    y, _, _ = kernel.forward(None, params, steps=2)
    assert y.shape == (2, 1, 3) and np.allclose(y[0, 0], np.tanh(params.b), rtol=1e-15)


@pytest.mark.parametrize("steps", [np.int64(3), np.int32(3)])
def test_a_whole_number_of_steps_of_any_kind(steps):
    kernel, params, state = network()
    assert kernel.forward(None, params, state, steps=steps)[0].shape == (3, 2, 3)


@pytest.mark.parametrize("steps", [None, 2.0, "4", -1])
def test_steps_that_are_no_number_of_steps(steps):
    kernel, params, state = network()
    with pytest.raises((TypeError, ValueError), match=r"steps is .*; .*forward\(steps=100"):
        kernel.forward(None, params, state, steps=steps)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.empty((4, 2, 1)), r"x has shape \(4, 2, 1\)"),
        (np.empty((4, 2)), r"x has shape \(4, 2\)"),
        (np.empty((4, 5, 0)), r"state.h has shape \(2, 3\).*B = 5"),
    ],
)
def test_an_input_that_has_columns_or_another_batch(x, message):
    kernel, params, state = network()
    with pytest.raises(ValueError, match=message):
        kernel.forward(x, params, state)


def test_where_no_parameter_tells_the_size_a_state_must():
    kernel = ls.build(MAP)
    with pytest.raises(ValueError, match="no parameter tells its size H; give state"):
        kernel.forward(steps=4)
    y, _, _ = kernel.forward(steps=4, state=kernel.State(np.full((5, 2), 0.1), np.full((5, 2), 0.05)))
    assert y.shape == (4, 5, 2)


def test_a_map_without_parameters_is_exact():
    kernel = ls.build(MAP)
    y, last, _ = kernel.forward(steps=10, state=kernel.State(np.array([[0.1]]), np.array([[0.2]])))
    h, c = 0.1, 0.2
    for t in range(10):
        h, c = 1 - 1.4 * h**2 + c, 0.3 * h
        assert y[t, 0, 0] == pytest.approx(h, rel=1e-12)
    assert last.c[0, 0] == pytest.approx(c, rel=1e-12)


@pytest.mark.parametrize("cell", [NETWORK, MAP], ids=["network", "map"])
@pytest.mark.parametrize("precise", [False, True])
def test_single_precision_stays_single(cell, precise):
    kernel = ls.build(cell)
    params = kernel.init(hidden_size=3, dtype=np.float32)
    state = kernel.State(*(np.full((2, 3), 0.1, np.float32) for _ in cell.states))
    y, last, tape = kernel.forward(None, params, state, steps=4, precise=precise)
    grads = kernel.backward(np.ones_like(y), tape, params)
    assert {array.dtype for array in (y, *last, *grads.params, *grads.state)} == {np.dtype(np.float32)}


def test_single_precision_stays_single_without_a_state():
    kernel, params, _ = network(np.float32)
    assert kernel.forward(None, params, steps=4)[0].dtype == np.float32


def test_an_input_and_steps_that_disagree_are_refused():
    kernel, params, state = network()
    with pytest.raises(ValueError, match="steps"):
        kernel.forward(np.empty((5, 2, 0)), params, state, steps=4)


def test_states_of_two_sizes_that_must_be_one_are_refused_by_name():
    kernel = ls.build(MAP)
    with pytest.raises(ValueError, match=r"state\.c has shape \(1, 3\)"):
        kernel.forward(steps=4, state=kernel.State(np.full((1, 2), 0.1), np.full((1, 3), 0.1)))


def test_step_takes_an_input_without_columns():
    kernel, params, state = network()
    y, after = kernel.step(np.empty((2, 0)), state, params)
    assert np.array_equal(y, kernel.forward(None, params, state, steps=1)[0][0]) and np.array_equal(after.h, y)


def test_tangents_run_along_parameters_and_state():
    kernel, params, state = network()
    case = random_case(NETWORK, steps=4, batch=2, hidden=3)
    dot = kernel.Params(**case.params)
    x = np.empty((4, 2, 0))
    _, y_dot, _, _ = kernel.jvp(x, params, state, params_dot=dot, state_dot=state)
    shifted = kernel.Params(*(p + 1e-30j * d for p, d in zip(params, dot, strict=True)))
    y, _, _ = kernel.forward(x, shifted, kernel.State(state.h + 1e-30j * state.h), precise=True)
    assert np.allclose(y_dot, y.imag / 1e-30, rtol=1e-13)
    _, product = kernel.hvp(x, params, state, dy=case.dy, params_dot=dot)
    assert product.x.shape == x.shape and np.isfinite(product.params.U).all()


def test_init_needs_no_input_size():
    kernel = ls.build(NETWORK)
    assert kernel.init(hidden_size=5).U.shape == (5, 5) and kernel.init().U.shape == (1, 1)
    assert ls.build(MAP).init() == ()
