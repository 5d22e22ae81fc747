"""Gates driven far into saturation: the precise form keeps the digits that the textbook form y (1 - y) loses.

Weights of the usual size times 60. Truth is the equations themselves in mpmath (`kernels.saturated`).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from kernels.cells import CORE
from kernels.digits import entry_errors, error_to

import lstm_sym as ls
from lstm_sym.check import Case, random_case
from lstm_sym.check.case import kernel_gradients
from lstm_sym.check.equations import run_equations
from lstm_sym.check.many_digits import DEFINITIONS, DIGITS, exact, to_mpmath, true_gradients

STEP = mpmath.mpf(10) ** -100
LSTM = pytest.param("lstm", 5, marks=pytest.mark.long)  # with peepholes it is all of that and more
SATURATED = pytest.mark.parametrize(("name", "seed"), [("rnn", 5), LSTM, ("gru", 1), ("lstm_peephole", 5)])


def saturated_case(name: str, seed: int) -> Case:
    return random_case(CORE[name], steps=5, batch=1, inputs=2, hidden=3, seed=seed, scale=60.0)


@cache
def truth(name: str, seed: int) -> dict[str, np.ndarray]:
    return true_gradients(CORE[name], saturated_case(name, seed))


def found_gradients(name: str, seed: int, *, precise: bool) -> dict[str, np.ndarray]:
    return kernel_gradients(ls.build(CORE[name]), saturated_case(name, seed), precise=precise)


@SATURATED
def test_precise_gradients_hold_twelve_digits_of_the_maximum_of_each_array(name: str, seed: int) -> None:
    found = found_gradients(name, seed, precise=True)
    errors = {key: error_to(found[key], expected) for key, expected in truth(name, seed).items()}
    assert max(errors.values()) <= 1e-12, errors


@SATURATED
def test_the_fast_form_loses_digits_where_the_precise_form_does_not(name: str, seed: int) -> None:
    """Without this the test above could not fail: some array is wrong in its sixth digit, some entry in all."""
    found, expected = found_gradients(name, seed, precise=False), truth(name, seed)
    assert max(error_to(found[key], true) for key, true in expected.items()) > 1e-6
    assert max(max(entry_errors(found[key], true), default=0) for key, true in expected.items()) > 0.9


@pytest.mark.parametrize(("name", "seed"), [("rnn", 5), LSTM, ("lstm_peephole", 5)])
def test_gates_that_multiply_keep_the_digits_of_every_single_entry(name: str, seed: int) -> None:
    """Not so the GRU: its dL/dz holds h[t-1] - n[t], two numbers near 1 whose difference has few digits of its own."""
    found = found_gradients(name, seed, precise=True)
    assert max(max(entry_errors(found[key], true)) for key, true in truth(name, seed).items()) <= 1e-11


@SATURATED
def test_forward_mode_holds_twelve_digits_too(name: str, seed: int) -> None:
    cell, kernel, case = CORE[name], ls.build(CORE[name]), saturated_case(name, seed)
    rng = np.random.default_rng(1)
    given = {"x": case.x, **case.params, **{f"{key}[0]": value for key, value in case.state.items()}}
    directions = {key: rng.standard_normal(value.shape) for key, value in given.items()}
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    params_dot = kernel.Params(**{key: directions[key] for key in case.params})
    state_dot = kernel.State(**{key: directions[f"{key}[0]"] for key in case.state})
    _, y_dot, _, last_dot = kernel.jvp(
        case.x, params, state, x_dot=directions["x"], params_dot=params_dot, state_dot=state_dot
    )
    outputs, last = run_moved(cell, given, directions, case)
    for t, y_t in enumerate(outputs):
        assert error_to(y_dot[t], imaginary(y_t)) <= 1e-12, t
    for key in cell.states:
        assert error_to(getattr(last_dot, key), imaginary(last[key])) <= 1e-12, key


def run_moved(cell: Any, given: dict[str, np.ndarray], directions: dict[str, np.ndarray], case: Case) -> Any:
    """The equations at given + i STEP directions."""
    with mpmath.workdps(DIGITS):
        functions = {name: np.frompyfunc(function, 1, 1) for name, function in DEFINITIONS.items()}
        unit = mpmath.mpc(0, STEP)
        moved = {key: to_mpmath(value) + unit * to_mpmath(directions[key]) for key, value in given.items()}
        params = {key: moved[key] for key in case.params}
        state = {key: moved[f"{key}[0]"] for key in case.state}
        return run_equations(cell, moved["x"], params, state, functions, exact)


def imaginary(array: np.ndarray) -> np.ndarray:
    with mpmath.workdps(DIGITS):
        return np.frompyfunc(lambda value: mpmath.im(value) / STEP, 1, 1)(array)


@SATURATED
def test_state_jacobians_hold_twelve_digits_of_every_block(name: str, seed: int) -> None:
    cell, kernel, case = CORE[name], ls.build(CORE[name]), saturated_case(name, seed)
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    _, _, tape = kernel.forward(case.x, params, state, precise=True)
    for t in range(3):
        found = kernel.jacobian(tape, params, t)[0]
        for column, expected in enumerate(jacobian_columns(cell, case, t, state)):
            for row, block in enumerate(np.split(expected, len(state))):
                size = block.shape[0]
                assert error_to(found[row * size : (row + 1) * size, column], block) <= 1e-12, (t, row, column)
        _, state, _ = kernel.forward(case.x[t : t + 1], params, state, precise=True)


def jacobian_columns(cell: Any, case: Case, t: int, state: Any) -> list[np.ndarray]:
    """d state[t] / d state[t-1], column by column."""
    columns = []
    given = {"x": case.x[t : t + 1], **case.params} | {f"{key}[0]": value for key, value in state._asdict().items()}
    still = {key: np.zeros(value.shape) for key, value in given.items()}
    for key, value in state._asdict().items():
        for unit in np.eye(value.shape[1]):
            _, last = run_moved(cell, given, {**still, f"{key}[0]": unit[None]}, case)
            columns.append(np.concatenate([imaginary(last[name])[0] for name in cell.states]))
    return columns
