"""The slow evaluation of a program against the equations run as they are written, and the element-wise functions."""

from __future__ import annotations

from random import Random

import mpmath
import numpy as np
import pytest
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.check.case import random_case
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.check.result import relative_error
from lstm_sym.equations.functions import FUNCTIONS, SLOPES
from lstm_sym.program import arithmetic, lower
from lstm_sym.program.evaluate import evaluate, run_step

CELLS = [ls.cell(name) for name in ls.names()] + [
    random_cell(Random(seed), plain=seed % 2 == 0).parse() for seed in range(60)
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
def test_a_step_of_the_program_is_a_step_of_the_equations(cell):
    case, program = random_case(cell, steps=1, batch=2, inputs=2, hidden=3, seed=2), lower(cell)
    known = {value: case.params[value.name] for value in program.parameters}
    known |= {program.inputs[0]: case.x[0]}
    known |= {carry.incoming: case.state[carry.incoming.name] for carry in program.carries}
    found = run_step(program, known)
    expected = run_equations_once(cell, case.x[0], case.params, case.state, array_functions(np))
    by_name = {value.name: found[value] for value in found if value.time != -1}
    for equation in cell.equations:
        value = expected[equation.target]
        assert relative_error(np.broadcast_to(by_name[equation.target], value.shape), value) <= 1e-14


POINTS = (-700.0, -40.0, -3.0, -1e-3, -1e-12, 1e-12, 1e-3, 0.7, 3.0, 40.0, 700.0)


EXACT = {
    "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)),
    "tanh": mpmath.tanh,
    "relu": lambda a: a if a > 0 else mpmath.mpf(0),
    "softplus": lambda a: mpmath.log(1 + mpmath.exp(a)),
    "exp": mpmath.exp,
    "log": mpmath.log,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
}
EXACT_SLOPES = {
    "sigmoid_slope": lambda a: mpmath.exp(-a) / (1 + mpmath.exp(-a)) ** 2,
    "tanh_slope": lambda a: 1 / mpmath.cosh(a) ** 2,
    "relu_slope": lambda a: mpmath.mpf(a > 0),
}


def test_every_function_and_slope_of_the_table_has_an_exact_form_here():
    assert set(EXACT) == set(FUNCTIONS) and set(EXACT_SLOPES) == set(SLOPES)


@pytest.mark.parametrize("name", [*EXACT, *EXACT_SLOPES])
def test_functions_and_slopes_hold_all_digits_on_both_sides(name):
    row = FUNCTIONS[name].symbol if name in FUNCTIONS else SLOPES[name].slope
    argument = ls.derive(ls.cell("rnn")).value("h").symbol
    for point in POINTS:
        if name == "log" and point <= 0:
            continue
        found = evaluate(row(argument), {argument: np.array([point])})[0]
        with mpmath.workdps(1000):  # what differs from 1 by exp(-1400) needs that many digits
            expected = float({**EXACT, **EXACT_SLOPES}[name](mpmath.mpf(point)))
        assert found == pytest.approx(expected, rel=4.5e-16, abs=0)


@pytest.mark.parametrize("name", [*(n for n, row in FUNCTIONS.items() if row.analytic), "sigmoid_slope", "tanh_slope"])
def test_a_complex_step_through_a_function_is_its_derivative(name):
    row = FUNCTIONS[name].symbol if name in FUNCTIONS else SLOPES[name].slope
    argument = ls.derive(ls.cell("rnn")).value("h").symbol
    points = np.array([0.3, 1.0, 2.5])
    step = np.imag(evaluate(row(argument), {argument: points + 1e-30j})) / 1e-30
    assert relative_error(step, evaluate(row(argument).diff(argument), {argument: points})) <= 1e-15


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize(
    "name", ["sigmoid", "sigmoid_precise", "sigmoid_slope", "tanh_slope", "relu", "relu_slope", "softplus"]
)
def test_the_dtype_stays(name, dtype):
    result = getattr(arithmetic, name)(np.array([-1e4, -1.0, 0.0, 1.0, 1e4], dtype))
    assert result.dtype == dtype and np.isfinite(result).all()


@pytest.mark.parametrize("name", ["sigmoid", "sigmoid_precise", "sigmoid_slope", "tanh_slope", "relu", "softplus"])
def test_not_a_number_stays_not_a_number(name):
    assert np.isnan(getattr(arithmetic, name)(np.array([np.nan]))).all()
