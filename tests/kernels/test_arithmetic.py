"""Every element-wise function and its derivative against mpmath, in units of the last place, subnormals to 1e308."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from lstm_sym.equations.functions import FUNCTIONS, SLOPES
from lstm_sym.program import arithmetic
from lstm_sym.program.evaluate import evaluate

A = sympy.Symbol("a", real=True)
DIGITS = 60

# Values to 2 units of the last place, slopes to 4 (they square a rounded sum); NumPy's own functions promise 4.
# sin and cos are compared up to 1e5: what they do beyond is NumPy's reduction of the argument, and no gate goes there.
Reference = Callable[[Any], Any]


def exp_or_zero(a: Any) -> Any:
    return mpmath.exp(a) if a > -2000 else mpmath.mpf(0)


def sigmoid(a: Any) -> Any:
    return 1 / (1 + exp_or_zero(-a)) if a >= 0 else exp_or_zero(a) / (1 + exp_or_zero(a))


def sigmoid_slope(a: Any) -> Any:
    return sigmoid(a) * sigmoid(-a)


def tanh(a: Any) -> Any:
    return mpmath.tanh(a) if abs(a) < 1000 else mpmath.sign(a)


def tanh_slope(a: Any) -> Any:
    return 4 * sigmoid_slope(2 * a)


def softplus(a: Any) -> Any:
    return max(a, 0) + mpmath.log1p(exp_or_zero(-abs(a)))


def relu(a: Any) -> Any:
    return max(a, mpmath.mpf(0))


def step(a: Any) -> Any:
    return mpmath.mpf(a > 0)


ROWS: dict[str, tuple[Reference, Reference, tuple[float, float], tuple[float, float]]] = {
    # function: value, derivative, range of the argument, bars in units of the last place
    "sigmoid": (sigmoid, sigmoid_slope, (-1e308, 1e308), (2, 4)),
    "tanh": (tanh, tanh_slope, (-1e308, 1e308), (4, 4)),
    "relu": (relu, step, (-1e308, 1e308), (0, 0)),
    "softplus": (softplus, sigmoid, (-1e308, 1e308), (2, 2)),
    "exp": (mpmath.exp, mpmath.exp, (-745, 709), (4, 4)),
    "log": (mpmath.log, lambda a: 1 / a, (0, 1e308), (4, 1)),
    "sin": (mpmath.sin, mpmath.cos, (-1e5, 1e5), (4, 4)),
    "cos": (mpmath.cos, lambda a: -mpmath.sin(a), (-1e5, 1e5), (4, 4)),
}


def arguments(low: float, high: float) -> np.ndarray:
    """Both signs, every decade from 1e-310 on, and dense where gates saturate; 0 where it is allowed."""
    rng = np.random.default_rng(0)
    decades = 10 ** np.linspace(-310, 308, 400) * rng.uniform(1, 1.5, 400)
    dense = [rng.uniform(0, scale, 500) for scale in (1, 5, 40, 750)]
    corners = [5e-324, 2.3e-308, 1e-16, 18.4, 19.06, 36.7, 37.5, 354.9, 372.2, 709.7, 745.1, 745.2, 1e308]
    positive = np.concatenate([decades, *dense, corners])
    both = np.concatenate([positive, -positive, [0.0]])
    return both[(both >= low) & (both <= high) & ((low < 0) | (both > 0))]


def units_in_the_last_place(found: np.ndarray, reference: Reference, a: np.ndarray) -> float:
    """The largest error, in spacings of float64 at the true value; infinity for NaN."""
    worst = 0.0
    with mpmath.workdps(DIGITS):
        for value, argument in zip(found, a, strict=True):
            exact = reference(mpmath.mpf(float(argument)))
            unit = float(np.spacing(abs(float(exact))))
            error = abs(mpmath.mpf(float(value)) - exact) / mpmath.mpf(unit)
            worst = max(worst, float(error)) if np.isfinite(value) else np.inf
    return worst


def test_every_row_of_the_table_of_functions_has_a_case() -> None:
    assert ROWS.keys() == FUNCTIONS.keys()


def test_every_function_of_arithmetic_is_a_function_or_a_slope_of_the_table() -> None:
    functions = {name for name, member in vars(arithmetic).items() if inspect.isfunction(member)}
    known = {*FUNCTIONS, *SLOPES, *(f"{name}_precise" for name in FUNCTIONS), "negative_magnitude"}
    assert functions <= known


@pytest.mark.parametrize("name", ROWS)
def test_a_function_is_right_to_the_last_places(name: str) -> None:
    value, _, (low, high), (bar, _) = ROWS[name]
    a = arguments(low, high)
    with np.errstate(all="raise", under="ignore"):
        found = evaluate(FUNCTIONS[name].symbol(A), {A: a})
    assert units_in_the_last_place(found, value, a) <= bar


@pytest.mark.parametrize("name", ROWS)
def test_a_derivative_is_right_to_the_last_places(name: str) -> None:
    _, derivative, (low, high), (_, bar) = ROWS[name]
    a = arguments(low, high)
    if name == "log":
        a = a[a > 1e-307]  # below, 1/a is no float
    if name == "tanh":
        a = a[np.abs(a) < 8e307]  # test_no_slope_overflows has those
    with np.errstate(all="raise", under="ignore"):
        found = evaluate(FUNCTIONS[name].symbol(A).diff(A), {A: a})
    assert units_in_the_last_place(np.broadcast_to(found, a.shape), derivative, a) <= bar


def test_no_slope_overflows() -> None:
    with np.errstate(all="raise", under="ignore"):
        assert not arithmetic.tanh_slope(np.array([-1.7e308, -1e308, 1e308, 1.7e308])).any()


def test_the_textbook_forms_lose_what_the_slopes_keep() -> None:
    """Why there are two forms: at a = 30 and 15 half of the digits of y (1 - y) and 1 - y^2 are gone, later all."""
    for name, near, far in (("sigmoid", 30.0, 40.0), ("tanh", 15.0, 20.0)):
        row, derivative = FUNCTIONS[name], ROWS[name][1]
        for a, lost in ((near, 1e-4), (far, 0.99)):
            y = float(evaluate(row.symbol(A), {A: np.array(a)}))
            textbook, slope = (
                float(row.from_output(sympy.Float(y, 17))),
                float(evaluate(row.slope(A), {A: np.array(a)})),
            )
            exact = float(derivative(mpmath.mpf(a)))
            assert abs(textbook / exact - 1) > lost
            assert abs(slope / exact - 1) < 1e-15


def test_the_fast_sigmoid_is_right_to_one_rounding_of_one() -> None:
    """Its error is absolute, 1.5 eps: far to the left, where sigmoid is smaller than that, it has no right digit."""
    a = arguments(-1e308, 1e308)
    with np.errstate(all="raise", under="ignore"):
        difference = np.abs(arithmetic.sigmoid(a.copy()) - arithmetic.sigmoid_precise(a))
    assert difference.max() <= 1.5 * np.finfo(float).eps
    assert np.abs(arithmetic.sigmoid(np.array([-40.0])) / arithmetic.sigmoid_precise(np.array([-40.0])) - 1) > 0.5


def test_the_fast_sigmoid_writes_where_it_is_told() -> None:
    a = np.linspace(-3, 3, 7)
    out = np.empty(7)
    assert arithmetic.sigmoid(a, out=out) is out
    assert np.array_equal(out, arithmetic.sigmoid(a)) and np.array_equal(a, np.linspace(-3, 3, 7))
    assert np.array_equal(arithmetic.sigmoid(a, out=a), out)


@pytest.mark.parametrize("name", [name for name, row in FUNCTIONS.items() if row.analytic])
def test_a_complex_step_of_a_function_is_its_derivative(name: str) -> None:
    """Through saturation too: the derivative keeps its digits in the imaginary part."""
    low, high = ROWS[name][2]
    a = arguments(max(low, -300), min(high, 300))
    a = a[np.abs(a) > 1e-3] if name == "log" else a
    step = 1e-30 * np.maximum(np.abs(a), 1e-3) if name == "log" else np.full(a.shape, 1e-30)
    found = np.imag(evaluate(FUNCTIONS[name].symbol(A), {A: a + 1j * step})) / step
    expected = np.broadcast_to(evaluate(FUNCTIONS[name].symbol(A).diff(A), {A: a}), a.shape)
    kept = np.abs(expected) > 1e-270  # times 1e-30 the others are no normal floats
    assert np.allclose(found[kept], expected[kept], rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *SLOPES}))
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128], ids=lambda d: d.__name__)
def test_dtype_and_shape_are_kept(name: str, dtype: type) -> None:
    row = FUNCTIONS.get(name)
    function = row.symbol if row else SLOPES[name].slope
    a = np.linspace(0.5, 2, 6).reshape(3, 2).astype(dtype)
    for expression in (function(A), function(A).diff(A)):
        if expression.free_symbols:
            found = evaluate(expression, {A: a})
            assert (found.dtype, found.shape) == (a.dtype, a.shape)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *SLOPES}))
def test_the_derivative_of_every_function_and_slope_is_that_of_its_complex_step_or_difference(name: str) -> None:
    """Second order: sigmoid' and tanh' are functions with a derivative of their own."""
    row = FUNCTIONS.get(name)
    function = row.symbol if row else SLOPES[name].slope
    a = np.array([0.3, 0.7, 1.5, 2.5]) * (1 if name == "log" else np.array([1, -1, 1, -1]))
    found = np.broadcast_to(np.float64(evaluate(function(A).diff(A), {A: a})), a.shape)
    if (row or SLOPES[name]).analytic:
        expected = np.imag(evaluate(function(A), {A: a + 1e-30j})) / 1e-30
    else:
        expected = evaluate(function(A), {A: a + 0.125}) - evaluate(function(A), {A: a - 0.125})
        expected = expected / 0.25
    assert np.allclose(found, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *SLOPES}))
def test_not_a_number_stays_one(name: str) -> None:
    row = FUNCTIONS.get(name)
    function = row.symbol if row else SLOPES[name].slope
    found = evaluate(function(A), {A: np.array([np.nan])})
    assert np.isnan(found[0]) or name == "relu_slope"
