"""The interpreter of the equations, on numbers worked out by hand: everything else is measured against it."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from types import ModuleType

import autograd.numpy as anp
import numpy as np
import pytest
from kernels.cells import CELLS

import lstm_sym as ls
from lstm_sym.check import random_case, relative_error
from lstm_sym.check.equations import array_functions, run_equations
from lstm_sym.check.explicit import explicit_jacobian
from lstm_sym.equations import parse
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS


def logistic(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def test_one_step_of_an_lstm_worked_out_by_hand() -> None:
    """D = 2, H = 1: x = (0.5, -1), h = 0.25, c = -0.5, every pre-activation added up in the open."""
    params = {
        "W_i": [[0.1, 0.2]], "U_i": [[0.3]], "b_i": [0.05],
        "W_f": [[-0.4, 0.5]], "U_f": [[0.6]], "b_f": [1.0],
        "W_g": [[0.7, -0.8]], "U_g": [[0.9]], "b_g": [-0.1],
        "W_o": [[-1.0, 0.3]], "U_o": [[-0.2]], "b_o": [0.4],
    }  # fmt: skip
    i = logistic(0.1 * 0.5 + 0.2 * -1 + 0.3 * 0.25 + 0.05)
    f = logistic(-0.4 * 0.5 + 0.5 * -1 + 0.6 * 0.25 + 1.0)
    g = math.tanh(0.7 * 0.5 - 0.8 * -1 + 0.9 * 0.25 - 0.1)
    o = logistic(-1.0 * 0.5 + 0.3 * -1 - 0.2 * 0.25 + 0.4)
    c = f * -0.5 + i * g
    h = o * math.tanh(c)
    state = {"h": np.array([[0.25]]), "c": np.array([[-0.5]])}
    arrays = {name: np.array(value) for name, value in params.items()}
    outputs, last = run_equations(CELLS["lstm"], np.array([[[0.5, -1.0]]]), arrays, state, array_functions(np))
    assert outputs[0] == pytest.approx(np.array([[h]]), rel=1e-15)
    assert last["c"] == pytest.approx(np.array([[c]]), rel=1e-15)
    kernel = ls.build(CELLS["lstm"])
    y, after, _ = kernel.forward(np.array([[[0.5, -1.0]]]), kernel.Params(**arrays), kernel.State(**state))
    assert (y[0, 0, 0], after.h[0, 0], after.c[0, 0]) == pytest.approx((h, h, c), rel=1e-15)


def test_every_operator_means_what_it_says() -> None:
    cell = parse("h[t] = -a * (x[t] - 3) / (b + 2) ** 2 + h[t-1] ** -1 - 0.1 + W @ (x[t] * h[t-1])", sizes={"x": "H"})
    x, h = np.array([[[4.0, 5.0]]]), np.array([[2.0, 8.0]])
    params = {"a": np.array([1.0, 2.0]), "b": np.array([1.0, 0.0]), "W": np.array([[1.0, 2.0], [0.0, 1.0]])}
    outputs, _ = run_equations(cell, x, params, {"h": h}, array_functions(np))
    expected = [-1 / 9 + 1 / 2 - 0.1 + (8 + 2 * 40), -2 * 2 / 4 + 1 / 8 - 0.1 + 40]
    assert outputs[0][0] == pytest.approx(np.array(expected), rel=1e-15)


def test_numbers_of_the_equations_are_exact_until_they_are_turned_into_those_of_the_arrays() -> None:
    cell = parse("h[t] = 0.1 * h[t-1] + W @ x[t]")
    given = np.array([[Fraction(1)]], dtype=object)
    outputs, _ = run_equations(cell, np.array([given]), {"W": given * 0}, {"h": given}, {}, Fraction)
    assert outputs[0][0, 0] == Fraction(1, 10)


def test_the_state_goes_from_step_to_step_and_the_output_need_be_no_state() -> None:
    cell = parse("s[t] = s[t-1] + W @ x[t]\nq[t] = 2 * s[t]")
    one = np.array([[1.0]])
    outputs, last = run_equations(cell, np.ones((3, 1, 1)), {"W": one}, {"s": 10 * one}, array_functions(np))
    assert [y[0, 0] for y in outputs] == [22, 24, 26]
    assert set(last) == {"s"} and last["s"][0, 0] == 13


@pytest.mark.parametrize("module", [np, anp], ids=["numpy", "autograd"])
def test_every_row_of_the_table_of_functions_has_a_meaning_of_its_own(module: ModuleType) -> None:
    functions = array_functions(module)
    assert functions.keys() == {*FUNCTIONS, *REDUCTIONS, "stack", "repeat"}
    points = np.array([-4.0, -0.7, 0.2, 0.7, 3.5])
    for name, row in FUNCTIONS.items():
        given = np.array(list(product(points[2:] if name in ("log", "sqrt") else points, repeat=row.arity))).T
        expected = [float(row.definition(*values)) for values in given.T]
        assert functions[name](*given) == pytest.approx(np.array(expected), rel=1e-15, abs=1e-15), name


@pytest.mark.parametrize("module", [np, anp], ids=["numpy", "autograd"])
def test_what_runs_over_units_gives_its_value_to_every_unit(module: ModuleType) -> None:
    functions, a = array_functions(module), np.array([[1.0, 2.0, 6.0], [-3.0, -1.0, -2.0]])
    assert functions["sum"](a).tolist() == [[9, 9, 9], [-6, -6, -6]]
    assert functions["mean"](a).tolist() == [[3, 3, 3], [-2, -2, -2]]
    assert functions["max"](a).tolist() == [[6, 6, 6], [-1, -1, -1]]
    assert functions["stack"]([a, a[:, :1]]).tolist() == [[1, 2, 6, 1], [-3, -1, -2, -3]]
    assert functions["repeat"](a, 2).tolist() == [[1, 1, 2, 2, 6, 6], [-3, -3, -1, -1, -2, -2]]


def test_stacks_repetitions_transposes_and_constants_mean_what_they_say() -> None:
    text = "h[t] = alpha * (W.T @ [h[t-1], repeat(x[t], 2)]) - beta * mean(h[t-1]) + max(h[t-1])"
    cell = parse(text, constants={"alpha": Fraction(1, 2), "beta": Fraction(3)})
    w = np.arange(8.0).reshape(4, 2)
    h, x = np.array([[1.0, 4.0]]), np.array([[[5.0]]])
    outputs, _ = run_equations(cell, x, {"W": w}, {"h": h}, array_functions(np))
    stacked = [1.0, 4.0, 5.0, 5.0]
    expected = [0.5 * sum(w[i, j] * stacked[i] for i in range(4)) - 3 * 2.5 + 4 for j in range(2)]
    assert outputs[0][0] == pytest.approx(np.array(expected), rel=1e-15)


def test_a_cell_without_an_input_runs_by_itself() -> None:
    """The logistic map at r = 4 from 1/2: 1, 0, 0."""
    cell = parse("h[t] = r * h[t-1] * (1 - h[t-1])", constants={"r": Fraction(4)})
    outputs, _ = run_equations(cell, np.empty((3, 1, 0)), {}, {"h": np.array([[0.5]])}, array_functions(np))
    assert [float(y[0, 0]) for y in outputs] == [1, 0, 0]


def test_the_explicit_jacobian_of_the_plain_network_is_the_textbook_line() -> None:
    """dh/dh = diag(1 - h^2) U and dh/dx = diag(1 - h^2) W."""
    cell = CELLS["rnn"]
    case = random_case(cell, steps=1, batch=1, hidden=2)
    outputs, _ = run_equations(cell, case.x, case.params, case.state, array_functions(np))
    expected = (1 - outputs[0][0] ** 2)[:, None] * np.hstack([case.params["U"], case.params["W"]])
    assert relative_error(explicit_jacobian(cell, case), expected) <= 1e-15


@pytest.mark.parametrize("bound", [0.1, 3.0])
def test_the_explicit_jacobian_reads_a_choice_in_a_choice(bound: float) -> None:
    """Between the bounds it is that of the pre-activation, beyond them 0."""
    cell = parse(f"h[t] = maximum(minimum(W @ x[t] + U @ h[t-1], {bound}), -{bound})")
    case = random_case(cell, steps=1, batch=1, hidden=2, seed=3)
    u, w = case.params["U"], case.params["W"]
    inside = np.abs(w @ case.x[0, 0] + u @ case.state["h"][0]) < bound
    assert inside.any() == (bound > 1)
    assert relative_error(explicit_jacobian(cell, case), inside[:, None] * np.hstack([u, w])) <= 1e-15
