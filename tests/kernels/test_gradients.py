"""Every gradient of every cell, at the smallest sizes and at large ones: against autograd, and by the complex step."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.cells import CELLS
from representatives import each, representatives

import lstm_sym as ls
from lstm_sym.check import check_cell, random_case, relative_error
from lstm_sym.check.by_autograd import autograd_gradients
from lstm_sym.check.case import kernel_gradients

STEP = 1e-30

SIZES = {
    "all one": {"steps": 1, "batch": 1, "inputs": 1, "hidden": 1},
    "one step": {"steps": 1, "batch": 3, "inputs": 2, "hidden": 4},
    "one sequence": {"steps": 6, "batch": 1, "inputs": 3, "hidden": 2},
    "one input": {"steps": 6, "batch": 2, "inputs": 1, "hidden": 3},
    "one unit": {"steps": 6, "batch": 2, "inputs": 3, "hidden": 1},
    "all more": {"steps": 7, "batch": 4, "inputs": 3, "hidden": 5},
    "long": {"steps": 100, "batch": 2, "inputs": 2, "hidden": 3},
}

FEW = representatives(CELLS)

# What loses digits however it is computed: a single unit less its mean, and a quotient by a random n near 0.
CONDITION = {
    ("layer_norm_lstm", "all one"): 1e-10,
    ("layer_norm_lstm", "one unit"): 1e-11,
    ("slstm", "one unit"): 1e-11,
}


@pytest.mark.parametrize(
    ("name", "size"),
    [
        (name, size) if name in FEW or size == "all more" else pytest.param(name, size, marks=pytest.mark.long)
        for name in CELLS
        for size in SIZES
    ],
)
def test_every_gradient_is_that_of_autograd(name: str, size: str) -> None:
    cell, case = CELLS[name], random_case(CELLS[name], **SIZES[size])
    expected = autograd_gradients(cell, case)
    for precise in (False, True):
        found = kernel_gradients(ls.build(cell), case, precise=precise)
        assert found.keys() == expected.keys()
        errors = {key: relative_error(found[key], value) for key, value in expected.items()}
        assert max(errors.values()) <= CONDITION.get((name, size), 1e-13), (precise, errors)


def test_a_quantity_may_be_called_y() -> None:
    cell = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1] + b)\ny[t] = V @ h[t] + e")
    assert [result for result in check_cell(cell, quick=True) if not result.passed] == []


@pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
@pytest.mark.parametrize("name", each(CELLS))
def test_a_complex_step_through_the_kernel_is_its_backward_pass(name: str, precise: bool) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], seed=2)
    gradients = kernel_gradients(kernel, case, precise=precise)
    rng = np.random.default_rng(0)
    for moved, gradient in gradients.items():
        direction = np.where(gradient < 0, -1.0, 1.0) * rng.uniform(0.5, 1, gradient.shape)
        shifted = {key: value.astype(complex) for key, value in named_arguments(case).items()}
        shifted[moved] = shifted[moved] + 1j * STEP * direction
        params = kernel.Params(**{key: shifted[key] for key in case.params})
        y, last, _ = kernel.forward(
            shifted["x"], params, kernel.State(*(shifted[f"{key}[0]"] for key in case.state)), precise=precise
        )
        loss = (y * case.dy).sum() + sum((value * case.dstate[key]).sum() for key, value in last._asdict().items())
        assert loss.imag / STEP == pytest.approx((gradient * direction).sum(), rel=1e-13), moved


def named_arguments(case: object) -> dict[str, np.ndarray]:
    return {"x": case.x, **case.params} | {f"{key}[0]": value for key, value in case.state.items()}


@pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
@pytest.mark.parametrize("name", each(CELLS))
def test_jacobians_are_the_columns_of_a_complex_step(name: str, precise: bool) -> None:
    """At every step and for every sequence: d state[t] / d state[t-1] and d state[t] / d x[t]."""
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], seed=3)
    params = kernel.Params(**case.params)
    _, _, tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=precise)
    complex_params, state = kernel.Params(*(value.astype(complex) for value in params)), kernel.State(**case.state)
    for t, x_t in enumerate(case.x):
        joined = np.concatenate([*state, x_t], axis=1)
        columns = [
            after_step(kernel, complex_params, joined + 1j * STEP * unit, state) for unit in np.eye(joined.shape[1])
        ]
        expected = np.stack(columns, axis=-1).imag / STEP
        found = np.concatenate([kernel.jacobian(tape, params, t), kernel.input_jacobian(tape, params, t)], axis=-1)
        assert relative_error(found, expected) <= 1e-14
        _, state = kernel.step(x_t, state, params)


def after_step(kernel: object, params: object, joined: np.ndarray, like: object) -> np.ndarray:
    """One step from (states, x) side by side to the states side by side."""
    *parts, x_t = np.split(joined, np.cumsum([value.shape[1] for value in like]), axis=1)
    _, state = kernel.step(x_t, kernel.State(*parts), params)
    return np.concatenate(state, axis=1)


@pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
@pytest.mark.parametrize("name", each(CELLS))
def test_jacobians_take_a_step_a_slice_or_an_array_of_steps(name: str, precise: bool) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=6)
    params = kernel.Params(**case.params)
    _, _, tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=precise)
    for jacobian in (kernel.jacobian, kernel.input_jacobian):
        whole = jacobian(tape, params)
        states = sum(value.shape[1] for value in case.state.values())
        assert whole.shape == (6, 3, states, states if jacobian is kernel.jacobian else case.x.shape[2])
        for t in (0, 3, -1, -6, np.int64(2), slice(1, 4), slice(None, None, -2), np.array([5, 0, 0]), [1, -1]):
            assert relative_error(jacobian(tape, params, t), whole[t]) <= 1e-14
        with pytest.raises(IndexError):
            jacobian(tape, params, 6)


@pytest.mark.parametrize("name", each(CELLS))
def test_forward_mode_gives_the_values_of_forward_and_takes_missing_directions_as_zero(name: str) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name])
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    y, last, _ = kernel.forward(case.x, params, state, precise=True)
    y_again, y_dot, last_again, last_dot = kernel.jvp(case.x, params, state)
    assert relative_error(y_again, y) <= 1e-15
    assert all(relative_error(*pair) <= 1e-15 for pair in zip(last_again, last, strict=True))
    assert not y_dot.any() and not any(value.any() for value in last_dot)
    zeros = kernel.Params(*map(np.zeros_like, params)), kernel.State(*map(np.zeros_like, state))
    given = kernel.jvp(case.x, params, state, x_dot=case.x, params_dot=zeros[0], state_dot=zeros[1])
    assert np.array_equal(given[1], kernel.jvp(case.x, params, state, x_dot=case.x)[1])


@pytest.mark.parametrize("name", each(CELLS))
def test_steps_of_streaming_are_the_sequence(name: str) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=40)
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    y, last, _ = kernel.forward(case.x, params, state)
    for x_t, y_t in zip(case.x, y, strict=True):
        streamed, state = kernel.step(x_t, state, params)
        assert relative_error(streamed, y_t) <= 1e-14
    assert all(relative_error(*pair) <= 1e-14 for pair in zip(state, last, strict=True))


@pytest.mark.parametrize("name", each(CELLS))
def test_a_sequence_cut_in_two_is_the_same_sequence(name: str) -> None:
    """The state handed over, forwards, and its adjoint, backwards, are all that one part must know of the other."""
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=9, seed=4)
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, _, tape = kernel.forward(case.x, params, state)
    grads = kernel.backward(case.dy, tape, params, dstate)
    y_first, middle, first = kernel.forward(case.x[:4], params, state)
    y_second, _, second = kernel.forward(case.x[4:], params, middle)
    later = kernel.backward(case.dy[4:], second, params, dstate)
    earlier = kernel.backward(case.dy[:4], first, params, later.state)
    assert relative_error(np.concatenate([y_first, y_second]), y) <= 1e-14
    assert relative_error(np.concatenate([earlier.x, later.x]), grads.x) <= 1e-14
    assert all(relative_error(*pair) <= 1e-14 for pair in zip(earlier.state, grads.state, strict=True))
    for total, *parts in zip(grads.params, earlier.params, later.params, strict=True):
        assert relative_error(sum(parts), total) <= 1e-13
