"""Every element-wise function and its derivative against mpmath, in units of the last place, subnormals to 1e308."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from lstm_sym.equations.functions import FUNCTIONS, SLOPES
from lstm_sym.interpreter.evaluation import evaluate
from lstm_sym.program import arithmetic

A, *_ = ARGUMENTS = sympy.symbols("a b c", real=True)
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


def softsign_slope(a: Any) -> Any:
    return 1 / (1 + abs(a)) ** 2


def gelu_argument(a: Any) -> Any:
    """Its constants are the rounded ones of the table."""
    return mpmath.mpf("1.5957691216057308") * (a + mpmath.mpf("0.044715") * a**3)


def gelu_growth(a: Any) -> Any:
    return mpmath.mpf("1.5957691216057308") * (a + 3 * mpmath.mpf("0.044715") * a**3)


def gelu(a: Any) -> Any:
    return a * sigmoid(gelu_argument(a))


def gelu_slope(a: Any) -> Any:
    return sigmoid(gelu_argument(a)) + gelu_growth(a) * sigmoid_slope(gelu_argument(a))


ROWS: dict[str, tuple[Reference, Reference, tuple[float, float], tuple[float, float]]] = {
    # function: value, derivative, range of the argument, bars in units of the last place
    "sigmoid": (sigmoid, sigmoid_slope, (-1e308, 1e308), (2, 4)),
    "tanh": (tanh, tanh_slope, (-1e308, 1e308), (4, 4)),
    "relu": (relu, step, (-1e308, 1e308), (0, 0)),
    "softplus": (softplus, sigmoid, (-1e308, 1e308), (2, 2)),
    "softsign": (lambda a: a / (1 + abs(a)), softsign_slope, (-1e308, 1e308), (2, 4)),
    "sqrt": (mpmath.sqrt, lambda a: 1 / (2 * mpmath.sqrt(a)), (0, 1e308), (1, 2)),
    "abs": (abs, mpmath.sign, (-1e308, 1e308), (0, 0)),
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


CHOICES: dict[str, Reference] = {
    "maximum": lambda u, v: max(u, v),
    "minimum": lambda u, v: min(u, v),
    "where": lambda c, u, v: u if c > 0 else v,
}
OTHERS = {"gelu", "hard_sigmoid"}  # which have a bar of their own below
OVER_UNITS = {"largest", "largest_share", "mean_of", "sum_of", "run_sums"}


def test_every_row_of_the_table_of_functions_has_a_case() -> None:
    assert {*ROWS, *CHOICES, *OTHERS} == set(FUNCTIONS)
    assert {name for name, row in FUNCTIONS.items() if row.arity > 1} == set(CHOICES)


def test_every_function_of_arithmetic_is_a_function_or_a_slope_of_the_table() -> None:
    functions = {name for name, member in vars(arithmetic).items() if inspect.isfunction(member)}
    known = {
        *FUNCTIONS,
        *SLOPES,
        *(f"{name}_precise" for name in FUNCTIONS),
        "negative_magnitude",
        "positive",
        "gelu_argument",
    }
    assert functions <= known | OVER_UNITS


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
    if name in ("log", "sqrt"):
        a = a[a > 1e-307]  # below, 1/a is no float
    if name == "tanh":
        a = a[np.abs(a) < 8e307]  # test_no_slope_overflows has those
    with np.errstate(all="raise", under="ignore"):
        found = evaluate(FUNCTIONS[name].symbol(A).diff(A), {A: a})
    assert units_in_the_last_place(np.broadcast_to(found, a.shape), derivative, a) <= bar


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_and_its_derivatives_are_exact(name: str) -> None:
    """Each argument gets 1 where it is chosen, else 0; where two are equal, the latter is."""
    row, points = FUNCTIONS[name], [-1e308, -2.5, -5e-324, 0.0, 1e-310, 0.75, 1e308]
    symbols = ARGUMENTS[: row.arity]
    given = np.array(list(product(points, repeat=row.arity))).T
    values = dict(zip(symbols, given, strict=True))
    with np.errstate(all="raise", under="ignore", over="ignore"):  # u - v may leave the range, its sign does not
        assert np.array_equal(evaluate(row.symbol(*symbols), values), [CHOICES[name](*p) for p in given.T])
        shares = [np.broadcast_to(evaluate(row.symbol(*symbols).diff(s), values), given[0].shape) for s in symbols]
    chosen = shares[-2:]
    assert np.array_equal(sum(chosen), np.ones(given.shape[1])) and np.isin(chosen, (0, 1)).all()
    assert not (name == "where" and shares[0].any())
    found = sum(share * value for share, value in zip(chosen, given[-2:], strict=True))
    assert np.array_equal(found, evaluate(row.symbol(*symbols), values))


def test_gelu_is_right_to_the_last_places_that_its_argument_leaves() -> None:
    """s(k) and s'(k) multiply the rounding of k by |k|; the slope is a sum, which may cancel near a = -0.75."""
    a = arguments(-1e100, 1e100)[::3]
    with np.errstate(all="raise", under="ignore"):
        values, slopes = (evaluate(e, {A: a}) for e in (FUNCTIONS["gelu"].symbol(A), SLOPES["gelu_slope"].slope(A)))
    tiny, eps = np.finfo(float).smallest_subnormal, np.finfo(float).eps
    for argument, value, slope in zip(a, values, slopes, strict=True):
        with mpmath.workdps(DIGITS):
            exact = mpmath.mpf(float(argument))
            condition = 1 + min(abs(gelu_argument(exact)), 760)
            size = sigmoid(gelu_argument(exact)) + abs(gelu_growth(exact) * sigmoid_slope(gelu_argument(exact)))
            # A sigmoid below the normal floats has lost digits before it is multiplied.
            lost = 2 * tiny * (1 + abs(gelu_growth(exact)) if abs(gelu_argument(exact)) < 800 else 1)
            assert abs(mpmath.mpf(float(value)) - gelu(exact)) <= 4 * eps * condition * abs(gelu(exact)) + lost
            assert abs(mpmath.mpf(float(slope)) - gelu_slope(exact)) <= 4 * eps * condition * size + lost


def test_the_hard_sigmoid_is_right_to_one_rounding_of_one() -> None:
    """Its error is absolute: near a = -3 it is the difference of two numbers of size 1/2."""
    a = np.concatenate([arguments(-1e308, 1e308), np.linspace(-3, 3, 1001)])
    with np.errstate(all="raise", under="ignore"):
        found = evaluate(FUNCTIONS["hard_sigmoid"].symbol(A), {A: a})
        slopes = evaluate(SLOPES["hard_sigmoid_slope"].slope(A), {A: a})
    exact = [min(max(mpmath.mpf(float(p)) / 6 + mpmath.mpf(0.5), 0), 1) for p in a]
    assert max(abs(mpmath.mpf(float(f)) - e) for f, e in zip(found, exact, strict=True)) <= np.finfo(float).eps
    assert ((found >= 0) & (found <= 1)).all()
    assert np.array_equal(slopes, np.where(np.abs(a) < 3, 1 / 6, 0))


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
    """Its error is absolute, 1.5 eps; by tanh it has no right digit far to the left, where sigmoid is smaller."""
    a = arguments(-1e308, 1e308)
    with np.errstate(all="raise", under="ignore"):
        difference = np.abs(arithmetic.sigmoid(a.copy()) - arithmetic.sigmoid_precise(a))
        single = np.clip(a, -1e30, 1e30).astype(np.float32)
        difference_of_single = np.abs(arithmetic.sigmoid(single) - arithmetic.sigmoid_precise(single))
    assert difference.max() <= 1.5 * np.finfo(float).eps
    assert difference_of_single.max() <= 1.5 * np.finfo(np.float32).eps
    far = np.array([-40.0])
    assert np.abs(arithmetic.sigmoid(far) / arithmetic.sigmoid_precise(far) - 1) < 1e-14
    far = far.astype(np.float32)
    assert np.abs(arithmetic.sigmoid(far) / arithmetic.sigmoid_precise(far) - 1) > 0.5


def test_the_fast_sigmoid_writes_where_it_is_told() -> None:
    a = np.linspace(-3, 3, 7)
    out = np.empty(7)
    assert arithmetic.sigmoid(a, out=out) is out
    assert np.array_equal(out, arithmetic.sigmoid(a)) and np.array_equal(a, np.linspace(-3, 3, 7))
    assert np.array_equal(arithmetic.sigmoid(a, out=a), out)


@pytest.mark.parametrize("name", ROWS)
def test_a_complex_step_of_a_function_is_its_derivative(name: str) -> None:
    """Through saturation too: the derivative keeps its digits in the imaginary part. At 0 there may be a kink."""
    low, high = ROWS[name][2]
    a = arguments(max(low, -300), min(high, 300))
    a = a[np.abs(a) > 1e-3] if name in ("log", "sqrt") else a[a != 0]
    step = 1e-30 * np.maximum(np.abs(a), 1e-3) if name in ("log", "sqrt") else np.full(a.shape, 1e-30)
    found = np.imag(evaluate(FUNCTIONS[name].symbol(A), {A: a + 1j * step})) / step
    expected = np.broadcast_to(evaluate(FUNCTIONS[name].symbol(A).diff(A), {A: a}), a.shape)
    kept = np.abs(expected) > 1e-270  # times 1e-30 the others are no normal floats
    assert np.allclose(found[kept], expected[kept], rtol=1e-14, atol=0)


def of(name: str) -> tuple[Any, tuple[Any, ...]]:
    """A function or slope of the table, and symbols for its arguments."""
    row = FUNCTIONS.get(name)
    return (row.symbol, ARGUMENTS[: row.arity]) if row else (SLOPES[name].slope, ARGUMENTS[:1])


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *SLOPES}))
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128], ids=lambda d: d.__name__)
def test_dtype_and_shape_are_kept(name: str, dtype: type) -> None:
    function, symbols = of(name)
    a = np.linspace(0.5, 2, 6).reshape(3, 2).astype(dtype)
    given = {symbol: (k - 1) * a if k else a for k, symbol in enumerate(symbols)}
    for expression in (function(*symbols), *(function(*symbols).diff(symbol) for symbol in symbols)):
        if expression.free_symbols:
            found = evaluate(expression, given)
            assert (found.dtype, found.shape) == (a.dtype, a.shape)


@pytest.mark.parametrize("name", sorted(CHOICES))
@pytest.mark.parametrize("dtype", [np.float32, np.complex64], ids=lambda d: d.__name__)
def test_a_number_among_the_arguments_leaves_the_dtype(name: str, dtype: type) -> None:
    """maximum(u, 0.5), as a cell may write it."""
    function, symbols = of(name)
    a = np.linspace(-2, 2, 6).astype(dtype)
    for place in range(1, len(symbols)):
        arguments = [sympy.Rational(1, 2) if k == place else symbol for k, symbol in enumerate(symbols)]
        found = evaluate(function(*arguments), {symbol: a for symbol in symbols})
        assert (found.dtype, found.shape) == (a.dtype, a.shape)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *SLOPES}))
def test_the_derivative_of_every_function_and_slope_is_that_of_its_complex_step_and_difference(name: str) -> None:
    """Second order: sigmoid' and tanh' are functions with a derivative of their own."""
    function, symbols = of(name)
    points = np.array([0.3, 0.7, 1.5, 2.5]) * (1 if name in ("log", "sqrt") else np.array([1, -1, 1, -1]))
    rows = np.array([p for p in product(points, repeat=len(symbols)) if len({*p}) == len(p)]).T  # off the kinks
    given = dict(zip(symbols, rows, strict=True))
    for symbol in symbols:
        found = np.broadcast_to(np.float64(evaluate(function(*symbols).diff(symbol), given)), given[symbol].shape)
        step = np.imag(evaluate(function(*symbols), {**given, symbol: given[symbol] + 1e-30j})) / 1e-30
        assert np.allclose(found, step, rtol=1e-14, atol=0)
        above, below = ({**given, symbol: given[symbol] + sign * 1e-5} for sign in (1, -1))
        difference = (evaluate(function(*symbols), above) - evaluate(function(*symbols), below)) / 2e-5
        assert np.allclose(found, difference, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *SLOPES}))
def test_not_a_number_stays_one(name: str) -> None:
    """Wherever it stands, except in the branch that `where` leaves."""
    function, symbols = of(name)
    for missing in symbols[:1] if name == "where" else symbols:
        given = {symbol: np.array([np.nan if symbol == missing else 1.0]) for symbol in symbols}
        assert np.isnan(evaluate(function(*symbols), given)[0]) or name == "relu_slope"
