"""Mean field: against mpmath integrals, closed forms, tensor quadrature, iterated maps and networks that are drawn."""

import mpmath
import numpy as np
import pytest
import sympy
from sympy.calculus.util import maximum

from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.flow import FlowError
from lstm_sym.flow.theory import activation, critical_point, expectation, largest_exponent, mean_field
from lstm_sym.flow.theory.random_networks import hermite_weights


def integral(function, *breaks):
    """E[f(z)] to 20 digits."""

    def density(z):
        return function(z) * mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)

    return mpmath.quad(density, sorted({-12, -4, 0, 4, 12, *breaks}))


def sech(a):
    return 1 / mpmath.cosh(a)


# ------------------------------------------------------------------------------------------- expectations


@pytest.mark.parametrize("scale", [0.0, 1e-6, 0.3, 1.0, 3.0, 5.0])
def test_expectations_that_have_a_closed_form(scale):
    square = scale * scale
    assert expectation(np.cos, scale) == pytest.approx(np.exp(-square / 2), rel=1e-10, abs=1e-12)
    assert expectation(np.exp, scale) == pytest.approx(np.exp(square / 2), rel=1e-11)
    assert expectation(lambda a: a**4, scale) == pytest.approx(3 * square**2, rel=1e-12)
    relu = activation("relu")
    assert expectation(relu.value, scale, relu.kinks) == pytest.approx(scale / np.sqrt(2 * np.pi), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 0.5, 2.5, 40.0, 1e4])
def test_expectations_of_a_saturated_function_at_every_scale(scale):
    """E[tanh^2(s z)]; at s = 1e4 it is 1 - O(1/s), where Gauss-Hermite nodes would miss the step."""
    wanted = integral(
        lambda z: mpmath.tanh(scale * z) ** 2, *(sign * k / scale for sign in (-1, 1) for k in (1, 4, 16))
    )
    assert expectation(lambda a: np.tanh(a) ** 2, scale) == pytest.approx(float(wanted), rel=1e-11)


@pytest.mark.parametrize("scale", [0.7, 2.0, 11.0])
def test_kinks_cost_no_digits(scale):
    """E[hard_sigmoid] = 1/2 by symmetry; its slope is 1/6 with the probability of |s z| < 3."""
    phi = activation("hard_sigmoid")
    assert phi.kinks == (-3.0, 3.0)
    assert expectation(phi.value, scale, phi.kinks) == pytest.approx(0.5, rel=1e-13)
    share = float(mpmath.erf(3 / (scale * mpmath.sqrt(2))))
    assert expectation(phi.slope, scale, phi.kinks) == pytest.approx(share / 6, rel=1e-12)


def test_nodes_agree_with_gauss_hermite_where_that_converges():
    z, weights = np.polynomial.hermite_e.hermegauss(120)
    for name in ("tanh", "sigmoid", "gelu", "softplus", "sin"):
        phi = activation(name)
        wanted = weights @ phi.value(0.8 * z) ** 2 / weights.sum()
        assert expectation(lambda a, phi=phi: phi.value(a) ** 2, 0.8) == pytest.approx(wanted, rel=1e-10)


def test_the_nodes_of_a_panel_are_found_once(monkeypatch):
    expectation(np.cos, 0.75)
    monkeypatch.setattr(np.polynomial.legendre, "leggauss", None)
    assert expectation(np.cos, 0.625) == pytest.approx(np.exp(-(0.625**2) / 2), rel=1e-10)


@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_what_is_not_defined_everywhere_is_refused(name):
    with pytest.raises(FlowError, match="not a finite number"):
        expectation(activation(name).value)


def test_too_fast_an_oscillation_is_refused():
    with pytest.raises(FlowError, match="no convergence"):
        expectation(np.cos, 1e5)


# ------------------------------------------------------------------------------------------- functions of the table


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "exp", "log", "sqrt", "sin", "cos"])
def test_the_steepest_slope_is_the_one_that_sympy_finds(name):
    a = sympy.Symbol("a", real=True)
    wanted = maximum(FUNCTIONS[name].definition(a).diff(a), a, sympy.S.Reals)
    assert activation(name).steepest == pytest.approx(float(wanted), rel=1e-14)


@pytest.mark.parametrize(("name", "wanted"), [("relu", 1), ("hard_sigmoid", 1 / 6), ("abs", 1), ("softsign", 1)])
def test_the_steepest_slope_of_a_function_with_kinks(name, wanted):
    assert activation(name).steepest == wanted


def test_the_steepest_slope_of_gelu_stands_where_its_curvature_is_zero():
    phi = activation("gelu")
    grid = np.linspace(-4, 4, 400_001)
    assert phi.steepest == pytest.approx(np.abs(phi.slope(grid)).max(), rel=1e-9)
    assert phi.steepest >= np.abs(phi.slope(grid)).max()


def test_every_function_of_one_argument_is_there():
    for row in FUNCTIONS.values():
        if row.arity == 1:
            phi, a = activation(row.name), np.array([0.3, 1.7])
            exact = [complex(row.definition(sympy.Float(value, 30))).real for value in a]
            assert phi.value(a) == pytest.approx(exact, rel=1e-13)


def test_an_unknown_function_is_refused():
    with pytest.raises(FlowError, match=r"swish[\s\S]*identity, sigmoid, tanh"):
        activation("swish")
    with pytest.raises(FlowError):
        activation("maximum")


# ------------------------------------------------------------------------------------------- fixed points


def test_the_critical_line_of_tanh_is_that_of_mpmath():
    """chi = 1 and q = sigma_w^2 E[tanh^2] + sigma_b^2, solved to 20 digits: sigma_w^2 = 1.7609546, q* = 0.5700479."""
    found = critical_point("tanh", 0.05)

    def equations(q, w):
        root = mpmath.sqrt(q)
        return (
            w * integral(lambda z: sech(root * z) ** 4) - 1,
            w * integral(lambda z: mpmath.tanh(root * z) ** 2) + 0.05 - q,
        )

    q, w = mpmath.findroot(equations, (0.6, 1.7))
    assert found.weight_variance == pytest.approx(float(w), rel=1e-11)
    assert found.variance == pytest.approx(float(q), rel=1e-11)
    assert found.weight_variance == pytest.approx(1.7609546, abs=1e-7)
    assert found.variance == pytest.approx(0.5700479, abs=1e-7)
    assert (found.phase, found.correlation_scale) == ("critical", np.inf)


def test_without_biases_the_critical_gain_is_one_over_the_slope_at_zero():
    assert critical_point("tanh").weight_variance == 1.0
    assert critical_point("sin").weight_variance == 1.0


@pytest.mark.parametrize(("w", "b"), [(0.5, 0.1), (1.5, 0.3), (1.99, 1e-6)])
def test_relu_in_closed_form(w, b):
    """E[relu^2] = q/2 and E[relu'^2] = 1/2: q* = b / (1 - w/2), chi = chi_q = w/2 (He et al. 2015)."""
    found = mean_field("relu", w, b)
    assert found.variance == pytest.approx(b / (1 - w / 2), rel=1e-9)
    assert (found.chi, found.variance_slope) == (pytest.approx(w / 2), pytest.approx(w / 2, rel=1e-10))
    assert found.phase == "ordered"


@pytest.mark.parametrize(("w", "b"), [(2.0, 0.0), (2.5, 0.1)])
def test_relu_without_a_fixed_point_is_refused(w, b):
    with pytest.raises(FlowError, match="without bound"):
        mean_field("relu", w, b)


def test_a_line_that_has_no_such_point_is_refused():
    with pytest.raises(FlowError, match="critical line of relu"):
        critical_point("relu", 0.1)


@pytest.mark.parametrize(("name", "w", "b"), [("tanh", 2.5, 0.1), ("sigmoid", 9.0, 0.2), ("gelu", 1.2, 0.3)])
def test_the_variance_is_where_the_iterated_map_ends_and_approaches_it_with_its_slope(name, w, b):
    z, weights = np.polynomial.hermite_e.hermegauss(160)
    phi, found, path = activation(name), mean_field(name, w, b), [5.0]
    for _ in range(400):
        path.append(float(w * weights @ phi.value(path[-1] ** 0.5 * z) ** 2 / weights.sum() + b))
    assert found.variance == pytest.approx(path[-1], rel=1e-9)
    gaps = np.abs(np.array(path) - path[-1])
    late = next(k for k in range(len(gaps)) if gaps[k] < 1e-5)
    rate = np.log(gaps[late + 1] / gaps[late])
    assert found.variance_scale == pytest.approx(-1 / rate, rel=1e-3)


@pytest.mark.parametrize(("name", "w", "b"), [("tanh", 4.0, 0.3), ("tanh", 2.2, 0.05), ("sin", 3.0, 0.2)])
def test_the_correlation_is_a_fixed_point_of_the_map_in_two_dimensions(name, w, b):
    """c' and dc'/dc by a tensor product of Gauss-Hermite nodes at a_2 = sqrt(q) (c z_1 + sqrt(1 - c^2) z_2)."""
    phi, found = activation(name), mean_field(name, w, b)
    z, weights = np.polynomial.hermite_e.hermegauss(140)
    weights, c, q = weights / weights.sum(), found.correlation, found.variance
    first = q**0.5 * z[:, None] + 0 * z
    second = q**0.5 * (c * z[:, None] + (1 - c * c) ** 0.5 * z)
    assert 0 < c < 1 and found.phase == "chaotic"
    mapped = w * weights @ (phi.value(first) * phi.value(second)) @ weights + b
    assert mapped == pytest.approx(q * c, rel=1e-7)
    slope = w * weights @ (phi.slope(first) * phi.slope(second)) @ weights
    assert found.correlation_slope == pytest.approx(slope, rel=1e-6)
    assert found.correlation_slope < 1 < found.chi


def test_correlation_in_closed_form():
    """For relu E[relu(a_1) relu(a_2)] = q (sqrt(1 - c^2) + c (pi - arccos c)) / 2 pi (Cho & Saul 2009, n = 1)."""
    found = hermite_weights(activation("relu").value, 1.7, activation("relu"))
    for c in (0.0, 0.3, 0.8):
        wanted = 1.7 * (np.sqrt(1 - c * c) + c * (np.pi - np.arccos(c))) / (2 * np.pi)
        assert np.polynomial.polynomial.polyval(c, found) == pytest.approx(wanted, rel=1e-12)


def test_an_ordered_network_forgets_where_it_started():
    found = mean_field("tanh", 0.8, 0.1)
    assert (found.phase, found.correlation) == ("ordered", 1.0)
    assert found.correlation_scale == pytest.approx(-1 / np.log(found.chi))
    dead = mean_field("tanh", 0.64)
    assert (dead.variance, dead.chi) == (0.0, pytest.approx(0.64))


@pytest.mark.parametrize("arguments", [(-1.0, 0.0), (1.0, -0.1), (np.nan, 0.0), (1.0, np.inf)])
def test_variances_that_are_none_are_refused(arguments):
    with pytest.raises(FlowError, match="variance"):
        mean_field("tanh", *arguments)


# ------------------------------------------------------------------------------------------- networks that are drawn


def test_the_largest_exponent_of_the_random_map_at_gain_3():
    """x' = J tanh x: q = g^2 E[tanh^2(sqrt(q) z)], lambda_1 = ln(g^2 E[sech^4(sqrt(q) z)]) / 2 = 0.310249."""
    q = mpmath.findroot(lambda q: 9 * integral(lambda z: mpmath.tanh(mpmath.sqrt(q) * z) ** 2) - q, 6)
    wanted = mpmath.log(9 * integral(lambda z: sech(mpmath.sqrt(q) * z) ** 4)) / 2
    assert largest_exponent("tanh", 3.0) == pytest.approx(float(wanted), rel=1e-10)
    assert largest_exponent("tanh", 3.0) == pytest.approx(0.310249, abs=5e-7)


def test_the_largest_exponent_is_that_of_a_network_of_400_units():
    size, gain, rng = 400, 3.0, np.random.default_rng(0)
    weights = rng.standard_normal((size, size)) * gain / size**0.5
    x, tangent, growth = rng.standard_normal(size), rng.standard_normal(size), []
    for _ in range(700):
        tangent = weights @ (tangent / np.cosh(x) ** 2)
        growth.append(np.log(np.linalg.norm(tangent)))
        tangent /= np.linalg.norm(tangent)
        x = weights @ np.tanh(x)
    assert np.mean(growth[200:]) == pytest.approx(largest_exponent("tanh", gain), abs=0.02)


@pytest.mark.parametrize(("w", "b"), [(0.8, 0.2), (2.5, 0.1)])
def test_the_overlay_is_what_gradients_of_a_drawn_network_do(w, b):
    """||dh[T]/dh[T-lag]||_F / sqrt(N) of h = tanh(W h + b), new weights at every step, N = 400."""
    size, lags, rng = 400, 6, np.random.default_rng(1)
    h, found = rng.standard_normal(size), mean_field("tanh", w, b)
    product, logs = np.eye(size), [0.0]
    for step in range(14 + lags):
        weights = rng.standard_normal((size, size)) * (w / size) ** 0.5
        h = np.tanh(weights @ h + rng.standard_normal(size) * b**0.5)
        if step >= 14:
            product = (1 - h**2)[:, None] * weights @ product
            logs.append(np.log(np.linalg.norm(product) / size**0.5))
    overlay = found.overlay(range(lags + 1))
    assert overlay.kind == "prediction"
    assert np.abs(overlay.log_values - logs).max() < 0.2
    assert overlay.log_values[0] == 0
