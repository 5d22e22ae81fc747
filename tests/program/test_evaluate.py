"""The slow evaluation of a program against the equations run as they are written, and the element-wise functions."""

from __future__ import annotations

from itertools import product
from random import Random

import mpmath
import numpy as np
import pytest
import sympy
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.check.case import random_case
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.check.result import relative_error
from lstm_sym.equations.functions import FUNCTIONS, SLOPES
from lstm_sym.interpreter.evaluation import evaluate, run_step
from lstm_sym.program import arithmetic, lower

CELLS = [ls.cell(name) for name in ls.names()] + [
    random_cell(Random(seed), plain=seed % 2 == 0).parse() for seed in range(60)
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
def test_a_step_of_the_program_is_a_step_of_the_equations(cell):
    case, program = random_case(cell, steps=1, batch=2, inputs=2, hidden=3, seed=2), lower(cell)
    known = {value: case.params[value.name] for value in program.parameters}
    known |= {value: case.x[0] for value in program.inputs}
    known |= {carry.incoming: case.state[carry.incoming.name] for carry in program.carries}
    found = run_step(program, known)
    expected = run_equations_once(cell, case.x[0], case.params, case.state, array_functions(np))
    by_name = {value.name: found[value] for value in found if value.time != -1}
    for equation in cell.equations:
        pair = np.broadcast_arrays(by_name[equation.target], expected[equation.target])
        assert relative_error(*pair) <= 1e-14


OVER_UNITS = ("largest", "largest_share", "mean_of", "sum_of")
STEPS = {"relu_slope"}  # 0 where nothing is greater than 0

POINTS = (-700.0, -40.0, -3.0, -1e-3, -1e-12, 1e-12, 1e-3, 0.7, 3.0, 40.0, 700.0)


def gelu_argument(a):
    """2 sqrt(2/pi) (a + 0.044715 a^3), its constants rounded to seventeen digits as the table has them."""
    return mpmath.mpf("1.5957691216057308") * (a + mpmath.mpf("0.044715") * a**3)


EXACT = {
    "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)),
    "tanh": mpmath.tanh,
    "relu": lambda a: a if a > 0 else mpmath.mpf(0),
    "softsign": lambda a: a / (1 + abs(a)),
    "hard_sigmoid": lambda a: min(max(a / 6 + mpmath.mpf(0.5), mpmath.mpf(0)), mpmath.mpf(1)),
    "gelu": lambda a: a / (1 + mpmath.exp(-gelu_argument(a))),
    "sqrt": mpmath.sqrt,
    "abs": abs,
    "maximum": max,
    "minimum": min,
    "where": lambda c, u, v: u if c > 0 else v,
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
    "softsign_slope": lambda a: 1 / (1 + abs(a)) ** 2,
    "hard_sigmoid_slope": lambda a: mpmath.mpf(-3 < a < 3) / 6,
    "gelu_slope": lambda a: mpmath.diff(EXACT["gelu"], a, h=mpmath.mpf(10) ** -300),
    "abs_slope": mpmath.sign,
}


def test_every_function_and_slope_of_the_table_has_an_exact_form_here():
    assert set(EXACT) == set(FUNCTIONS) and set(EXACT_SLOPES) == set(SLOPES)


@pytest.mark.parametrize("name", [*EXACT, *EXACT_SLOPES])
def test_functions_and_slopes_hold_all_digits_on_both_sides(name):
    """That of gelu as many as its argument leaves, whose rounding the exponential makes larger by its size."""
    row = FUNCTIONS.get(name) or SLOPES[name]
    symbol = row.symbol if name in FUNCTIONS else row.slope
    arguments = sympy.symbols("a b c", real=True)[: row.arity if name in FUNCTIONS else 1]
    for points in product(POINTS, repeat=len(arguments)):
        if name in ("log", "sqrt") and points[0] <= 0:
            continue
        found = evaluate(symbol(*arguments), {a: np.array([p]) for a, p in zip(arguments, points, strict=True)})[0]
        with mpmath.workdps(1000):  # what differs from 1 by exp(-1400) needs that many digits
            expected = float({**EXACT, **EXACT_SLOPES}[name](*map(mpmath.mpf, points)))
            condition = 1 + min(abs(gelu_argument(points[0])), 750) if name.startswith("gelu") else 1
        assert found == pytest.approx(expected, rel=float(4.5e-16 * condition), abs=0)


@pytest.mark.parametrize("name", [*FUNCTIONS, *SLOPES])
def test_a_complex_step_through_a_function_is_its_derivative(name):
    """In each of its arguments, on either side of a kink."""
    symbol = FUNCTIONS[name].symbol if name in FUNCTIONS else SLOPES[name].slope
    arguments = sympy.symbols("a b c", real=True)[: FUNCTIONS[name].arity if name in FUNCTIONS else 1]
    points = np.array([0.3, 1.0, 2.5]) if name in ("log", "sqrt") else np.array([-4.0, -2.5, -0.3, 0.4, 1.1, 3.5])
    values = dict(zip(arguments, np.array(list(product(points, repeat=len(arguments)))).T, strict=True))
    for argument in arguments:
        step = np.imag(evaluate(symbol(*arguments), {**values, argument: values[argument] + 1e-30j})) / 1e-30
        expected = evaluate(symbol(*arguments).diff(argument), values)
        assert relative_error(step, np.broadcast_to(expected, step.shape)) <= 2e-15


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize(
    "name", sorted({*FUNCTIONS, *SLOPES, "sigmoid_precise", *OVER_UNITS, "positive"} & set(vars(arithmetic)))
)
def test_the_dtype_stays(name, dtype):
    arity = FUNCTIONS[name].arity if name in FUNCTIONS else 1
    a = np.array([-1e4, -1.0, 0.0, 1.0, 1e4], dtype)
    result = getattr(arithmetic, name)(*(a[::-1], a, 2 * a)[:arity])
    assert result.dtype == dtype and result.shape == a.shape and np.isfinite(result).all()


@pytest.mark.parametrize(
    "name", sorted(({*FUNCTIONS, *SLOPES, "sigmoid_precise", *OVER_UNITS, "positive"} & set(vars(arithmetic))) - STEPS)
)
def test_not_a_number_stays_not_a_number(name):
    arity = FUNCTIONS[name].arity if name in FUNCTIONS else 1
    one, missing = np.array([1.0, 2.0]), np.array([np.nan, np.nan])
    for place in range(arity if name != "where" else 1):
        given = [missing if k == place else one for k in range(arity)]
        with np.errstate(invalid="ignore"):  # no share is left to divide by
            assert np.isnan(getattr(arithmetic, name)(*given)).all()


def test_a_choice_takes_nothing_from_the_branch_it_leaves():
    c, u, v = np.array([1.0, -1.0, np.nan]), np.array([2.0, np.nan, 2.0]), np.array([np.nan, 3.0, 3.0])
    assert np.array_equal(arithmetic.where(c, u, v), [2, 3, np.nan], equal_nan=True)
