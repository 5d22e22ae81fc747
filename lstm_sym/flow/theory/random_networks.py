"""Mean field of wide random networks: h[t] = phi(W h[t-1] + b), W_ij ~ N(0, sigma_w^2 / N), b_i ~ N(0, sigma_b^2).

For N -> infinity the pre-activations a = W h + b are Gaussian, and three numbers say how they and their gradients go:

    variance      q' = sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2, with the fixed point q*
    gradients     chi = sigma_w^2 E[phi'(sqrt(q*) z)^2]: ||dh[T]/dh[t]||_F^2 = N chi^(T-t)
    correlation   c' = (sigma_w^2 E[phi(a_1) phi(a_2)] + sigma_b^2) / q*, corr(a_1, a_2) = c, with the fixed point c*

Ordered where chi < 1: gradients vanish, trajectories meet (c* = 1). Chaotic where chi > 1: gradients explode,
trajectories part (c* < 1). chi = 1 is the critical line. The map x[t] = J phi(x[t-1]), J_ij ~ N(0, g^2 / N), is the
same network seen at its pre-activations, x = a: sigma_w = g, sigma_b = 0, and its Jacobians J diag(phi') have the
same exponents, the largest being (1/2) ln chi. An input drawn anew at every step adds its variance to sigma_b^2.

Sources: Poole, Lahiri, Raghu, Sohl-Dickstein & Ganguli 2016, arXiv:1606.05340 (variance and correlation maps);
Schoenholz, Gilmer, Ganguli & Sohl-Dickstein 2017, arXiv:1611.01232 (depth scales); Chen, Pennington & Schoenholz
2018, arXiv:1806.05394 (recurrent networks); Molgedey, Schuchhardt & Schuster 1992, PRL 69, 3717 (largest exponent).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_sym.flow.calculus.activations import Activation, activation
from lstm_sym.flow.calculus.gaussian import expectation, gaussian_rule, moment
from lstm_sym.flow.calculus.roots import bisected
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.flow.theory.overlay import Overlay, straight

SOURCE = "Schoenholz et al. 2017; Chen, Pennington & Schoenholz 2018"
# Variances among which a fixed point is looked for, and how near to one, relatively, counts as being one.
VARIANCES = tuple(2.0**power for power in range(-200, 81))
EQUAL = 1e-12
# Terms of the correlation map as a power series, nodes a panel for their coefficients.
TERMS, NODES = 512, 128


@dataclass(frozen=True)
class MeanField:
    """The fixed point of a wide random network, and how fast it is approached or left.

    Attributes:
        activation: the name of phi.
        weight_variance: sigma_w^2.
        bias_variance: sigma_b^2.
        variance: q*, the variance of the pre-activations.
        variance_slope: chi_q = dq'/dq at q*.
        chi: chi_1, the mean factor by which the squared norm of a gradient changes in a step.
        correlation: c*, to which the correlation of two trajectories goes.
        correlation_slope: chi_c = dc'/dc at c*; it is chi where c* = 1.
    """

    activation: str
    weight_variance: float
    bias_variance: float
    variance: float
    variance_slope: float
    chi: float
    correlation: float
    correlation_slope: float

    @property
    def variance_scale(self) -> float:
        """xi_q = -1 / ln |chi_q|, in steps: how fast the variance goes to q*."""
        return _scale(self.variance_slope)

    @property
    def correlation_scale(self) -> float:
        """xi_c = -1 / ln |chi_c|, in steps: how far back two inputs can be told apart; inf on the critical line."""
        return _scale(self.correlation_slope)

    @property
    def largest_exponent(self) -> float:
        """lambda_1 = (1/2) ln chi, in nats per step: the largest Lyapunov exponent; -inf where phi' is 0."""
        return 0.5 * float(np.log(self.chi)) if self.chi > 0 else -float("inf")

    @property
    def phase(self) -> str:
        """Where the network stands: "ordered" for chi < 1, "chaotic" for chi > 1, "critical" between, to 1e-12."""
        if abs(self.chi - 1) <= EQUAL:
            return "critical"
        return "ordered" if self.chi < 1 else "chaotic"

    def overlay(self, lags: Sequence[int] | Integers | Array) -> Overlay:
        """ln(||dh[T]/dh[T-lag]||_F / sqrt(N)) = lag (1/2) ln chi, for every lag."""
        line = straight(lags, self.largest_exponent)
        return Overlay(f"mean field, χ = {self.chi:.4g}", *line, "prediction", SOURCE)


def mean_field(name: str, weight_variance: float, bias_variance: float = 0.0) -> MeanField:
    """The mean field of phi = `name` (a row of the table of functions) at sigma_w^2, sigma_b^2.

    q* is where the variance comes to rest when it starts large: above sigma_w^2 + sigma_b^2, and high enough to fall.
    Raises FlowError: variances that are negative or not finite, no
    fixed point (relu with sigma_w^2 > 2 grows without bound), or every q one (relu with sigma_w^2 = 2, sigma_b^2 = 0).
    """
    _refuse_variance("weight_variance", weight_variance)
    _refuse_variance("bias_variance", bias_variance)
    phi = activation(name)
    q = _fixed_variance(phi, weight_variance, bias_variance)
    chi = weight_variance * mean_square(phi.slope, q, phi)
    correlation, correlation_slope = _fixed_correlation(phi, q, weight_variance, bias_variance, chi)
    slope = weight_variance * _mean_square_slope(phi, q)
    return MeanField(name, weight_variance, bias_variance, q, slope, chi, correlation, correlation_slope)


def critical_point(name: str, bias_variance: float = 0.0) -> MeanField:
    """The mean field on the critical line chi = 1 at this sigma_b^2: its `weight_variance` is the critical one.

    On the line sigma_w^2 = 1 / E[phi'(sqrt(q) z)^2], sigma_b^2 = q - sigma_w^2 E[phi(sqrt(q) z)^2] (Poole et al. 2016,
    section 2, with chi_1 = 1); the smallest q >= 0 of them is taken. tanh at sigma_b^2 = 0.05: sigma_w^2 = 1.7609546,
    q* = 0.5700479. Raises FlowError: no point of the line has this sigma_b^2.
    """
    _refuse_variance("bias_variance", bias_variance)
    phi = activation(name)

    def missing(q: float) -> float:
        slope = mean_square(phi.slope, q, phi)
        return q - mean_square(phi.value, q, phi) / slope - bias_variance if slope > 0 else -float("inf")

    q = 0.0 if missing(0.0) == 0 else _first_crossing(missing, name, bias_variance)
    return mean_field(name, 1 / mean_square(phi.slope, q, phi), bias_variance)


def largest_exponent(name: str, gain: float) -> float:
    """lambda_1 = (1/2) ln(g^2 E[phi'(sqrt(q) z)^2]), q = g^2 E[phi(sqrt(q) z)^2], nats per step, of x' = J phi(x).

    J_ij ~ N(0, g^2 / N), N -> infinity. tanh, g = 3: 0.310249. Raises FlowError as `mean_field` does.
    """
    return mean_field(name, gain**2).largest_exponent


def mean_square(function: Callable[[Array], Array], q: float, phi: Activation) -> float:
    """E[f(sqrt(q) z)^2], f being phi or one of its derivatives."""
    return expectation(lambda a: function(a) ** 2, q**0.5, phi.kinks)


def _mean_square_slope(phi: Activation, q: float) -> float:
    """d/dq E[phi(sqrt(q) z)^2] = E[z phi phi'] / sqrt(q), which needs no phi'' and so holds at kinks as well."""
    zero = np.zeros(1)
    if q == 0:
        return float((phi.slope(zero) ** 2 + phi.value(zero) * phi.curvature(zero))[0])
    root = float(q**0.5)
    # E[z] = 0: what phi phi' is at 0 only adds rounding errors, which 1 / sqrt(q) would magnify.
    centre = phi.value(zero) * phi.slope(zero)
    products = moment(lambda z: z * (phi.value(root * z) * phi.slope(root * z) - centre), root, phi.kinks)
    return products / root


def _fixed_variance(phi: Activation, weight_variance: float, bias_variance: float) -> float:
    def growth(q: float) -> float:
        return weight_variance * mean_square(phi.value, q, phi) + bias_variance - q

    largest = next((q for q in VARIANCES if q > weight_variance + bias_variance and growth(q) < -EQUAL * q), None)
    if largest is None:
        raise FlowError(
            f"mean field of {phi.name}, sigma_w^2 = {weight_variance:g}, sigma_b^2 = {bias_variance:g}",
            "every variance is a fixed point, or the variance grows without bound",
            "a function without a bound, with weights that make up for what it takes away",
            "lower weight_variance: relu has one fixed point below 2, identity below 1",
        )
    below = reversed(VARIANCES[: VARIANCES.index(largest)])
    low = next((q for q in below if growth(q) > EQUAL * q), 0.0)
    return 0.0 if low == 0 and growth(0.0) <= 0 else bisected(growth, low, 2 * low or VARIANCES[0])


def _first_crossing(missing: Callable[[float], float], name: str, bias_variance: float) -> float:
    signs = [missing(q) > EQUAL * q for q in VARIANCES]
    crossing = next((k for k in range(len(signs) - 1) if signs[k + 1] and not signs[k]), None)
    if crossing is None:
        raise FlowError(
            f"critical line of {name}",
            f"no point of it has sigma_b^2 = {bias_variance:g}",
            "a function whose gradients vanish or explode whatever the weights, or one without a bound",
            "give another bias_variance; for relu chi = sigma_w^2 / 2 at every variance",
        )
    return bisected(missing, VARIANCES[crossing], VARIANCES[crossing + 1])


def _fixed_correlation(
    phi: Activation, q: float, weight_variance: float, bias_variance: float, chi: float
) -> tuple[float, float]:
    """c* and chi_c. c' is a power series in c without negative coefficients, so that one root at most lies below 1."""
    if chi <= 1 + EQUAL or q == 0:
        return 1.0, chi
    values, slopes = hermite_weights(phi.value, q, phi), hermite_weights(phi.slope, q, phi)
    if weight_variance * values[0] + bias_variance <= EQUAL * q:
        return 0.0, weight_variance * float(slopes[0])
    rest = max(0.0, mean_square(phi.value, q, phi) - float(values.sum()))

    def leaving(c: float) -> float:
        # 1 - c' from sum w_k (1 - c^k): the part of the series beyond its last term is known where c = 1.
        kept = values * -np.expm1(np.arange(TERMS) * np.log(c))
        return weight_variance * (float(kept.sum()) + rest * (1 - c**TERMS)) / q - (1 - c)

    c = bisected(leaving, EQUAL, 1 - 1e-9)
    return c, weight_variance * float(np.polynomial.polynomial.polyval(c, slopes))


def hermite_weights(function: Callable[[Array], Array], q: float, phi: Activation) -> Array:
    """w_k = E[f(sqrt(q) z) He_k(z)]^2 / k!, k = 0 .. 511: (512,), so that E[f(a_1) f(a_2)] = sum w_k c^k.

    a_1, a_2 Gaussian of variance q and correlation c: Mehler's formula (1866).
    """
    z, weights = gaussian_rule(q**0.5, phi.kinks, NODES)
    terms = weights * function(q**0.5 * z)
    before, now = np.zeros_like(z), np.ones_like(z)
    found = np.empty(TERMS)
    for k in range(TERMS):
        found[k] = terms @ now
        before, now = now, (z * now - k**0.5 * before) / (k + 1) ** 0.5
    return found**2


def _scale(slope: float) -> float:
    size = abs(slope)
    if size == 0 or abs(size - 1) <= EQUAL:
        return 0.0 if size == 0 else float("inf")
    return -1 / float(np.log(size))


def _refuse_variance(name: str, variance: float) -> None:
    if not (np.isfinite(variance) and variance >= 0):
        raise FlowError(
            f"mean field, {name}", f"{variance}", "a standard deviation with a sign, or NaN", "give a number >= 0"
        )
