"""The contract at its edges: no step, no sequence, shapes that do not fit, numbers that are none, saturated gates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels.cells import CELLS, CORE, OPTIONS, all_results, arrays_of
from representatives import each

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.check.case import default_case
from lstm_sym.equations.sizes import parts_of

FORMS = pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
EVERY_CELL = pytest.mark.parametrize("name", each(CELLS))


@EVERY_CELL
@FORMS
@pytest.mark.parametrize(("steps", "batch"), [(0, 3), (4, 0), (0, 0)])
def test_no_step_or_no_sequence_gives_empty_arrays_of_the_right_shapes(
    name: str, precise: bool, steps: int, batch: int
) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=steps, batch=batch)
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, last, tape = kernel.forward(case.x, params, state, precise=precise)
    grads = kernel.backward(case.dy, tape, params, dstate)
    states = sum(value.shape[1] for value in state)
    assert y.shape == case.dy.shape
    assert grads.x.shape == case.x.shape
    assert kernel.jacobian(tape, params).shape == (steps, batch, states, states)
    assert kernel.input_jacobian(tape, params).shape == (steps, batch, states, case.x.shape[2])
    assert [value.shape for value in grads.params] == [value.shape for value in params]
    assert not any(value.any() for value in grads.params)
    assert [value.shape for value in (*last, *grads.state)] == [value.shape for value in (*state, *dstate)]
    y_again, y_dot, last_again, last_dot = kernel.jvp(case.x, params, state, state_dot=dstate)
    assert y_again.shape == y_dot.shape == y.shape
    if steps == 0:
        assert all(np.array_equal(*pair) for pair in zip((*last, *last_again), (*state, *state), strict=True))
        assert all(np.array_equal(*pair) for pair in zip((*grads.state, *last_dot), (*dstate, *dstate), strict=True))


@EVERY_CELL
@FORMS
def test_no_initial_state_is_that_of_the_cell_and_no_cotangent_zeros(name: str, precise: bool) -> None:
    kernel, case = ls.build(CELLS[name]), default_case(CELLS[name], random_case(CELLS[name]))
    params, zeros = kernel.Params(**case.params), kernel.State(*map(np.zeros_like, case.state.values()))
    initial = kernel.State(**case.state)
    left, right = (kernel.forward(case.x, params, state, precise=precise) for state in (None, initial))
    assert all(np.array_equal(*pair) for pair in zip(arrays_of(left), arrays_of(right), strict=True))
    grads = [kernel.backward(case.dy, left[2], params, dstate) for dstate in (None, zeros)]
    assert all(np.array_equal(*pair) for pair in zip(*map(arrays_of, grads), strict=True))


def lstm_call(**other: Any) -> Any:
    """forward, backward and jvp of the LSTM at T 4, B 3, D 2, H 5, some arrays replaced."""
    kernel, case = ls.build(CELLS["lstm"]), random_case(CELLS["lstm"], steps=4, batch=3, inputs=2, hidden=5)
    params = kernel.Params(**{**case.params, **{key: other[key] for key in case.params if key in other}})
    state = kernel.State(**{**case.state, **{key: other[key] for key in case.state if key in other}})
    params, state = other.get("params", params), other.get("state", state)
    _, _, tape = kernel.forward(other.get("x", case.x), params, state)
    kernel.backward(other.get("dy", case.dy), tape, params, other.get("dstate"))
    directions = {key: other[key] for key in ("x_dot", "params_dot", "state_dot") if key in other}
    kernel.jvp(case.x, params, state, **directions)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


@pytest.mark.parametrize(
    ("other", "error", "words"),
    [
        ({"x": zeros(3, 2)}, ValueError, ["x has shape (3, 2)", "(T, B, D)"]),
        ({"x": zeros(4, 3, 7)}, ValueError, ["x has shape (4, 3, 7)", "D = 2"]),
        ({"x": zeros(1, 4, 3, 2)}, ValueError, ["x has shape (1, 4, 3, 2)", "(T, B, D)"]),
        ({"x": zeros(4, 9, 2)}, ValueError, ["state.h has shape (3, 5)", "B = 9"]),
        ({"U_f": zeros(5, 4)}, ValueError, ["params.U_f", "(5, 4)", "(H, H)", "H = 5"]),
        ({"b_o": zeros(1, 5)}, ValueError, ["params.b_o", "(1, 5)", "(H)"]),
        ({"W_g": zeros(10)}, ValueError, ["params.W_g", "(10,)", "(H, D)"]),
        ({"c": zeros(3, 4)}, ValueError, ["state.c", "(3, 4)", "H = 5"]),
        ({"h": zeros(5)}, ValueError, ["state.h", "(5,)", "(B, H)"]),
        ({"dy": zeros(3, 3, 5)}, ValueError, ["dy", "(3, 3, 5)", "T = 4"]),
        ({"dy": zeros(4, 3)}, ValueError, ["dy", "(4, 3)", "(T, B, H)"]),
        ({"params": (zeros(5, 2),)}, TypeError, ["params", "W_i", "Params("]),
        ({"params": None}, TypeError, ["params is None", "W_i", "init()"]),
        ({"state": (zeros(3, 5), zeros(3, 5))}, TypeError, ["state", "h, c"]),
        ({"dstate": (zeros(3, 5), zeros(3, 5))}, TypeError, ["dstate", "h, c"]),
        ({"params_dot": (zeros(5, 2),)}, TypeError, ["params_dot", "W_i", "Params("]),
        ({"x_dot": zeros(4, 3, 3)}, ValueError, ["x_dot", "(4, 3, 3)", "D = 2"]),
        ({"state_dot": (zeros(3, 5), zeros(3, 5))}, TypeError, ["state_dot", "h, c"]),
    ],
)
def test_what_does_not_fit_is_refused_by_name(other: dict[str, Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        lstm_call(**other)
    assert [word for word in words if word not in str(caught.value)] == []


def test_the_call_that_is_broken_above_is_right_as_it_stands() -> None:
    lstm_call()


def test_lists_of_floats_are_arrays() -> None:
    kernel = ls.build(CELLS["rnn"])
    x, params = np.ones((4, 1, 2)), kernel.init(2, 3)
    lists = kernel.Params(*(value.tolist() for value in params))
    y, _, tape = kernel.forward(x, params)
    assert np.array_equal(kernel.forward(x.tolist(), lists)[0], y)
    pairs = zip(
        arrays_of(kernel.backward(y.tolist(), tape, lists)), arrays_of(kernel.backward(y, tape, params)), strict=True
    )
    assert all(np.array_equal(*pair) for pair in pairs)
    with pytest.raises(TypeError, match="x has dtype int64"):
        kernel.forward(x.astype(np.int64).tolist(), params)


@pytest.mark.parametrize("function", ["backward", "jacobian", "input_jacobian"])
@pytest.mark.parametrize("name", [None, "rnn", "gru", "lstm_peephole"])
def test_what_is_no_tape_of_this_kernel_is_refused_by_name(name: str | None, function: str) -> None:
    lstm, other = ls.build(CELLS["lstm"]), ls.build(CELLS[name or "rnn"])
    y, _, tape = other.forward(np.ones((4, 1, 2)), other.init(2, 3))
    tape, params = tape if name else None, lstm.init(2, 3)
    with pytest.raises(TypeError, match=r"^tape is a .*; it must be the third result of this kernel's forward\(\)"):
        lstm.backward(y, tape, params) if function == "backward" else getattr(lstm, function)(tape, params)


@pytest.mark.parametrize("function", ["jacobian", "input_jacobian"])
def test_jacobians_refuse_the_parameters_of_another_cell_by_name(function: str) -> None:
    lstm, rnn = ls.build(CELLS["lstm"]), ls.build(CELLS["rnn"])
    _, _, tape = lstm.forward(np.ones((4, 1, 2)), lstm.init(2, 3))
    for params, words in ((None, "params is None"), (rnn.init(2, 3), "params is a Params without the field W_i")):
        with pytest.raises(TypeError, match=words):
            getattr(lstm, function)(tape, params)


@EVERY_CELL
@FORMS
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_stays_in_its_sequence_and_in_its_future(name: str, precise: bool, value: float) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=6)
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    clean, _, _ = kernel.forward(case.x, params, state, precise=precise)
    x = case.x.copy()
    x[3, 1] = value
    with np.errstate(all="ignore"):
        y, _, tape = kernel.forward(x, params, state, precise=precise)
        grads = kernel.backward(case.dy, tape, params)
        kernel.jacobian(tape, params), kernel.input_jacobian(tape, params)
        kernel.jvp(x, params, state, x_dot=x)
    assert np.allclose(y[:3], clean[:3], rtol=1e-13, atol=0)
    assert np.allclose(y[:, [0, 2]], clean[:, [0, 2]], rtol=1e-13, atol=0)
    assert np.isfinite(grads.x[:, [0, 2]]).all()
    if np.isnan(value):
        assert np.isnan(y[3:, 1]).all()
        assert np.isnan(grads.x[:4, 1]).all()


@FORMS
@pytest.mark.parametrize("name", each(CORE | OPTIONS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_gates_driven_to_ten_thousand_give_no_nan_and_no_warning(name: str, precise: bool, dtype: type) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=8, batch=6, hidden=5)
    drives = np.array([-1e4, -1e2, 1e-30, 1e2, 1e4])
    for seed in range(4):
        rng = np.random.default_rng(seed)
        for field in case.params:
            if case.params[field].ndim == 1:
                case.params[field][...] = np.resize(rng.permutation(drives), case.params[field].shape)
        single = {key: value.astype(dtype) for key, value in case.params.items()}
        params, state = kernel.Params(**single), kernel.State(*(v.astype(dtype) for v in case.state.values()))
        with np.errstate(all="raise", under="ignore"):
            y, last, tape = kernel.forward(case.x.astype(dtype), params, state, precise=precise)
            grads = kernel.backward(case.dy.astype(dtype), tape, params)
            jacobians = kernel.jacobian(tape, params), kernel.input_jacobian(tape, params)
            tangents = kernel.jvp(case.x.astype(dtype), params, state, x_dot=case.x.astype(dtype))
            one = kernel.step(case.x[0].astype(dtype), state, params)
        for array in arrays_of((y, last, grads, jacobians, tangents, one)):
            assert np.isfinite(array).all()


@EVERY_CELL
def test_init_draws_from_the_default_distribution_of_pytorch(name: str) -> None:
    """Every parameter uniform in (-1/sqrt(H), 1/sqrt(H)): bounds, mean and variance within five standard errors."""
    cell, kernel = CELLS[name], ls.build(CELLS[name])
    params = kernel.init(input_size(name, 30, 100), 100, rng=np.random.default_rng(1), **further_sizes(name, 70))
    values, bound = np.concatenate([value.ravel() for value in params]), 0.1
    assert params._fields == cell.parameters
    assert np.abs(values).max() < bound
    assert abs(values.mean()) < 5 * bound / np.sqrt(3 * values.size)
    assert abs((values**2).mean() / (bound**2 / 3) - 1) < 5 * np.sqrt(4 / 5 / values.size)


def input_size(name: str, size: int, hidden: int) -> int:
    """The input's size, or the state's where the cell wants them equal."""
    cell = CELLS[name]
    return hidden if cell.input_shape == cell.shapes[cell.states[0]] else size


def further_sizes(name: str, size: int) -> dict[str, int]:
    """Sizes beyond D and that of the first state, which init takes by name."""
    cell = CELLS[name]
    known = {*cell.input_shape, *parts_of(cell.shapes[cell.states[0]][0])}
    return {symbol: size for symbol in cell.size_names if symbol not in known}


@EVERY_CELL
def test_init_gives_shapes_that_fit_and_the_same_numbers_for_the_same_seed(name: str) -> None:
    kernel, further, inputs = ls.build(CELLS[name]), further_sizes(name, 6), input_size(name, 2, 6)
    first, again, other = (kernel.init(inputs, 6, rng=np.random.default_rng(seed), **further) for seed in (7, 7, 8))
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert not any(np.array_equal(*pair) for pair in zip(first, other, strict=True))
    seeded = kernel.init(inputs, 6, rng=np.random.default_rng(0), **further)
    assert all(np.array_equal(*pair) for pair in zip(kernel.init(inputs, 6, **further), seeded, strict=True))
    y, _, _ = kernel.forward(np.zeros((3, 2, inputs)), first)
    assert y.shape[:2] == (3, 2)
    assert {value.dtype for value in kernel.init(inputs, 6, dtype=np.float32, **further)} == {np.dtype(np.float32)}


def test_init_fills_vectors_and_draws_the_others_as_without_it() -> None:
    kernel = ls.build(CELLS["lstm"])
    plain, filled = kernel.init(2, 3), kernel.init(2, 3, b_f=1.0, b_o=-2.0)
    assert np.array_equal(filled.b_f, [1, 1, 1]) and np.array_equal(filled.b_o, [-2, -2, -2])
    kept = [name for name in plain._fields if name not in ("b_f", "b_o")]
    assert all(np.array_equal(getattr(plain, name), getattr(filled, name)) for name in kept)


@pytest.mark.parametrize(
    ("sizes", "fill", "error", "words"),
    [
        ((0, 3), {}, ValueError, ["D is 0", "1 or more"]),
        ((2, -1), {}, ValueError, ["H is -1", "1 or more"]),
        ((2, 2.5), {}, ValueError, ["H is 2.5", "whole numbers"]),
        ((np.nan, 3), {}, ValueError, ["D is nan", "whole numbers"]),
        ((2, "3"), {}, ValueError, ["H is 3", "whole numbers"]),
        ((2, 3), {"W_i": 1.0}, TypeError, ["W_i", "b_i, b_f, b_g, b_o"]),
        ((2, 3), {"forget": 1.0}, TypeError, ["forget", "b_i, b_f, b_g, b_o"]),
    ],
)
def test_init_refuses_by_name(sizes: Any, fill: Any, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        ls.build(CELLS["lstm"]).init(*sizes, **fill)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float16, object], ids=lambda dtype: dtype.__name__)
def test_init_refuses_a_dtype_that_no_kernel_takes(dtype: type) -> None:
    with pytest.raises(TypeError, match=f"dtype {np.dtype(dtype).name}"):
        ls.build(CELLS["lstm"]).init(2, 3, dtype=dtype)


def test_every_call_is_covered() -> None:
    kernel, case = ls.build(CELLS["lstm"]), random_case(CELLS["lstm"])
    calls = {name for name, value in vars(kernel).items() if getattr(value, "__module__", "") == kernel.__name__}
    public = {name for name in calls if name[0].islower()}
    assert public == {*all_results(kernel, case, precise=False), "init"} - {"tape"}
