"""The interpreter of the equations, on numbers worked out by hand: everything else is measured against it."""

from __future__ import annotations

import math
from fractions import Fraction

import autograd.numpy as anp
import numpy as np
import pytest
from kernels.cells import CELLS

import lstm_sym as ls
from lstm_sym.check import random_case, relative_error
from lstm_sym.check.equations import array_functions, run_equations
from lstm_sym.check.explicit import explicit_jacobian
from lstm_sym.equations import parse
from lstm_sym.equations.functions import FUNCTIONS


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
def test_every_row_of_the_table_of_functions_has_a_meaning_of_its_own(module: object) -> None:
    functions, a = array_functions(module), np.array([0.2, 0.7, 3.0])
    assert functions.keys() == FUNCTIONS.keys()
    for name, row in FUNCTIONS.items():
        expected = [float(row.definition(value)) for value in a]
        assert functions[name](a) == pytest.approx(np.array(expected), rel=1e-15), name


def test_the_explicit_jacobian_of_the_plain_network_is_the_textbook_line() -> None:
    """dh/dh = diag(1 - h^2) U and dh/dx = diag(1 - h^2) W."""
    cell = CELLS["rnn"]
    case = random_case(cell, steps=1, batch=1, hidden=2)
    outputs, _ = run_equations(cell, case.x, case.params, case.state, array_functions(np))
    expected = (1 - outputs[0][0] ** 2)[:, None] * np.hstack([case.params["U"], case.params["W"]])
    assert relative_error(explicit_jacobian(cell, case), expected) <= 1e-15
