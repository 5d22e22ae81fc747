"""Numbers and constants: folded as they are read, of the arrays' dtype in a kernel, refused where they are none."""

from __future__ import annotations

import warnings
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from derivation.kernel_errors import errors_of

import lstm_sym as ls
from lstm_sym.check import random_case, relative_error
from lstm_sym.check.by_autograd import complex_step_gradients, kernel_gradients
from lstm_sym.equations import CellError
from lstm_sym.equations.functions import FUNCTIONS, number_of
from lstm_sym.program import lower

A = "a[t] = W @ x[t] + U @ h[t-1]\n"
FOLDED = {
    "a function of a constant": "h[t] = sigmoid(alpha) * h[t-1] + exp(-alpha) * tanh(W @ x[t])",
    "a function of a number": "h[t] = sqrt(2) * tanh(W @ x[t] + sin(1) * h[t-1])",
    "a function of an expression of constants": "h[t] = exp(alpha / beta) * h[t-1] + W @ x[t]",
    "a larger of constants": "h[t] = maximum(alpha, beta) * h[t-1] + minimum(alpha, 2) * (W @ x[t])",
    "a constant that chooses the first": "h[t] = where(alpha, h[t-1], log(h[t-1])) + W @ x[t]",
    "a constant that chooses the second": "h[t] = where(beta, log(h[t-1]), h[t-1]) + W @ x[t]",
    "a bias of constants": "h[t] = tanh(W @ x[t] + U @ h[t-1] + gelu(alpha))",
    "terms that cancel to a number": A + "h[t] = sigmoid(a[t] - a[t] + 2) * h[t-1] + W @ x[t]",
    "factors that cancel to a number": A + "h[t] = tanh(a[t] / a[t]) * h[t-1] + W @ x[t]",
    "an input that cancels": ("h[t] = tanh(x[t] - x[t]) * h[t-1] + U @ h[t-1]", {"x": "H"}),
    "an input that is taken away again": ("h[t] = U @ h[t-1] + 0 * x[t]", {"x": "H"}),
}
BRANCHES = {
    "a logarithm": A + "h[t] = where(a[t], log(a[t]), tanh(a[t]))",
    "a root of what is negative": A + "h[t] = where(a[t], a[t], sqrt(-a[t]))",
    "a quotient": A + "h[t] = where(a[t] - 0.5, 1 / a[t], a[t])",
    "a negative power": A + "h[t] = where(a[t] - 0.5, a[t] ** -2, a[t])",
    "a named quantity": A + "l[t] = log(a[t])\nq[t] = 2 * l[t]\nh[t] = where(a[t], tanh(q[t]), a[t])",
    "a product of what is singular": A + "l[t] = log(2 + tanh(a[t]))\nz[t] = V @ l[t]\nh[t] = where(a[t], z[t], a[t])",
    "a sum of what is singular": A + "e[t] = exp(a[t])\nz[t] = mean(e[t]) + max(e[t])\nh[t] = where(a[t], z[t], a[t])",
    "a choice in a choice": A + "h[t] = where(a[t], where(a[t] - 0.1, log(a[t]), 1 / a[t]), a[t])",
    "the larger": A + "h[t] = maximum(a[t], log(relu(a[t])) - 9)",
    "the smaller": A + "h[t] = minimum(a[t], exp(800 - 1000 * a[t] ** 2))",
}


def cell_of(form: str | tuple[str, dict[str, str]]) -> ls.Cell:
    text, sizes = form if isinstance(form, tuple) else (form, {})
    constants = {"alpha": Fraction(1, 4), "beta": Fraction(-1, 2)}
    return ls.parse(text, sizes=sizes, constants={k: v for k, v in constants.items() if k in text})


def every_array(cell: ls.Cell, dtype: type, precise: bool) -> list[np.ndarray]:
    """What each call of the kernel returns."""
    kernel = ls.build(cell)
    sizes = {"x": 3} if cell.shapes[cell.input] == ("H",) else {"x": 2}
    params = kernel.init(sizes["x"], 3, dtype=dtype)
    x = np.random.default_rng(0).standard_normal((4, 2, sizes["x"])).astype(dtype)
    state = kernel.State(*(np.full((2, 3), 0.3, dtype) for _ in cell.states))
    y, last, tape = kernel.forward(x, params, state, precise=precise)
    grads = kernel.backward(np.ones_like(y), tape, params)
    second = kernel.hvp(x, params, state, dy=y, x_dot=x)
    y_t, after = kernel.step(x[0], state, params)
    jacobians = [kernel.jacobian(tape, params), kernel.input_jacobian(tape, params)]
    jacobians += [*kernel.parameter_jacobian(tape, params), *kernel.jacobian_parts(tape, params).values()]
    found = [y, *last, *tape, *jacobians, y_t, *after, *kernel.jvp(x, params, state, x_dot=x)[:2]]
    for gradients in (grads, *second):
        found += [gradients.x, *gradients.params, *gradients.state]
    return found


@pytest.mark.parametrize("name", FOLDED)
def test_a_folded_number_is_that_of_the_equations(name):
    errors = errors_of(cell_of(FOLDED[name]))
    assert max(errors.values()) <= 1e-12, errors


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FOLDED)
def test_a_number_promotes_no_array(name, dtype, precise):
    found = every_array(cell_of(FOLDED[name]), dtype, precise)
    assert {np.asarray(array).dtype for array in found} == {np.dtype(dtype)}


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("name", ["an input that cancels", "an input that is taken away again"])
def test_a_gradient_that_is_identically_zero_is_an_array_like_any_other(name, precise):
    kernel = ls.build(cell_of(FOLDED[name]))
    x = np.ones((4, 2, 3), np.float32)
    y, _, tape = kernel.forward(x, kernel.init(3, 3, dtype=np.float32), precise=precise)
    found = kernel.backward(y, tape, kernel.init(3, 3, dtype=np.float32)).x
    assert found.dtype == np.float32 and found.shape == x.shape and not found.any()
    found += 1


@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch_that_is_not_taken_touches_no_gradient(name):
    """First and second order, Jacobians and every derived line: finite, and those of the branch taken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        errors = errors_of(cell_of(BRANCHES[name]))
    assert max(errors.values()) <= 1e-12, errors


@pytest.mark.parametrize("precise", [False, True])
def test_a_branch_that_is_infinite_at_zero_touches_no_gradient(precise):
    """At a = 0 exactly, where 0 times the slope 1/a is NaN, and a complex step takes the other branch."""
    cell = ls.parse(A + "l[t] = log(a[t])\nq[t] = 2 * l[t]\nh[t] = where(a[t] - 1, tanh(q[t]), a[t])")
    case = random_case(cell)
    case.x[:], case.state["h"][:] = 0, 0
    with np.errstate(all="ignore"):
        found = kernel_gradients(ls.build(cell), case, precise=precise)
        expected = complex_step_gradients(cell, case)
    for name, value in expected.items():
        assert relative_error(found[name], value) <= 1e-13


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("h[t] = log(-1) * h[t-1] + W @ x[t]", 8, "`log(-1)` is no finite number"),
        ("h[t] = log(0) * h[t-1] + W @ x[t]", 8, "`log(0)` is no finite number"),
        ("h[t] = W @ x[t] + exp(100) * h[t-1]", 19, r"`exp(100)` is no finite number"),
        ("h[t] = sqrt(beta) * h[t-1] + W @ x[t]", 8, "`sqrt(beta)` is no finite number"),
        ("h[t] = W @ x[t] + h[t-1] / (alpha - 0.25)", 19, "divides by zero"),
        ("h[t] = W @ x[t] + (beta + 0.5) ** -1 * h[t-1]", 19, "divides by zero"),
        ("h[t] = W @ x[t] + h[t-1] / log(4 * alpha)", 1, "divides by zero"),
    ],
)
def test_what_is_no_number_is_refused_at_its_place(text, column, what):
    with pytest.raises(CellError) as caught:
        lower(cell_of(text))
    assert what in caught.value.what and caught.value.column == column


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_number_is_rounded_once(name):
    """Folding is the definition at 40 digits, rounded to float64."""
    row = FUNCTIONS[name]
    given = (Fraction(3, 4), Fraction(1, 3), Fraction(5, 7))[: row.arity]
    found = number_of(row.symbol(*(sympy.Rational(n.numerator, n.denominator) for n in given)))
    with mpmath.workdps(40):
        exact = row.definition(*(sympy.Rational(n.numerator, n.denominator) for n in given))
        exact = exact if exact.is_Rational else exact.evalf(40)
        assert found == (Fraction(str(exact)) if exact.is_Rational else Fraction(repr(float(exact))))
