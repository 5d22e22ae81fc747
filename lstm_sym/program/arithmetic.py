"""Element-wise functions and slopes on NumPy arrays, real or complex, any float dtype, shape kept.

Each function of the table of functions has its value twice: fast, and free of cancellation (`_precise`); each slope is
free of cancellation. The source of these functions is copied into the kernels that use them, so each of them needs only
NumPy and the functions of this file. Nothing overflows: every exponential is of a number whose real part is bounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def negative_magnitude(a: Array) -> Array:
    """-|a| for real a; for complex a the sign is that of the real part, so that the function stays analytic."""
    return np.where(a.real < 0, a, -a)


def sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)): in float64 e/(1+e), e = exp(min(a, 700)); else as tanh, which costs less there."""
    if a.dtype == np.float64:
        result: Array = np.exp(np.minimum(a, np.array(700.0), out=out), out=out)
        result /= result + 1
        return result
    half = np.array(0.5, a.dtype)
    result = np.multiply(a, half, out=out)
    np.tanh(result, out=result)
    result *= half
    result += half
    return result


def sigmoid_precise(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)) with full relative accuracy on both sides: e/(1+e) or 1/(1+e), e = exp(-|a|).

    The rounding of 1 + e is known exactly and put right, which saves half a unit in the last place.
    """
    e = np.exp(negative_magnitude(a))
    divisor = 1 + e
    rounding = e - (divisor - 1)
    value: Array = np.divide(np.where(a.real < 0, e, 1), divisor, out=out)
    value -= value * (rounding / divisor)
    return value


def sigmoid_slope(a: Array) -> Array:
    """sigmoid'(a) = e / (1+e)^2, e = exp(-|a|): no digit is lost however far the gate is saturated."""
    e = np.exp(negative_magnitude(a))
    slope: Array = e / (1 + e * (2 + e))
    return slope


def tanh_slope(a: Array) -> Array:
    """tanh'(a) = 4E / (1+E)^2, E = exp(-2|a|): no digit is lost however far the unit is saturated.

    Below exp(-800) there is no number left, so the argument is held there: doubling it must not overflow.
    """
    e = np.exp(2 * np.maximum(negative_magnitude(a), -400))
    slope: Array = 4 * e / (1 + e * (2 + e))
    return slope


def relu(a: Array) -> Array:
    """max(a, 0); NaN stays NaN."""
    return np.where(a.real <= 0, 0, a)


def relu_slope(a: Array) -> Array:
    """1 where a > 0, else 0; NaN stays NaN."""
    return positive(a)


def softplus(a: Array) -> Array:
    """log(1 + exp(a)) = max(a, 0) + log1p(exp(-|a|))."""
    value: Array = np.where(a.real < 0, 0, a) + np.log1p(np.exp(negative_magnitude(a)))
    return value


def softsign(a: Array) -> Array:
    """a / (1 + |a|), from |a| = 1 on as 1 - 1/(1 + |a|), which has a limit."""
    size = -negative_magnitude(a)
    large = size.real > 1
    outside = 1 - 1 / (1 + size)
    value: Array = np.where(large, np.where(a.real < 0, -outside, outside), np.where(large, 0, a) / (1 + size))
    return value


def softsign_slope(a: Array) -> Array:
    """softsign'(a) = 1 / (1 + |a|)^2."""
    slope: Array = (1 / (1 - negative_magnitude(a))) ** 2
    return slope


def hard_sigmoid(a: Array) -> Array:
    """a/6 + 1/2 held between 0 and 1; NaN stays NaN."""
    return np.where(a.real <= -3, 0, np.where(a.real >= 3, 1, a / 6 + 0.5))


def hard_sigmoid_slope(a: Array) -> Array:
    """1/6 between -3 and 3, else 0; NaN stays NaN."""
    slope: Array = np.where(np.isnan(a.real), a, np.where((a.real > -3) & (a.real < 3), 1 / 6, 0)).astype(a.dtype)
    return slope


def gelu_argument(a: Array) -> Array:
    """a held between -64 and 64, where gelu' is 0 or 1 to all digits, and the cube of a is in the range of floats."""
    held: Array = np.where(a.real > 64, 64, np.where(a.real < -64, -64, a)).astype(a.dtype, copy=False)
    return held


def gelu(a: Array) -> Array:
    """a sigmoid(k(a)), k = 2 sqrt(2/pi) (a + 0.044715 a^3): the tanh form of Hendrycks & Gimpel 2016."""
    held = gelu_argument(a)
    value: Array = a * sigmoid_precise(1.5957691216057308 * held * (1 + 0.044715 * held**2))
    return value


def gelu_slope(a: Array) -> Array:
    """gelu'(a) = sigmoid(k) + a k'(a) sigmoid'(k); both sides vanish without cancellation."""
    held = gelu_argument(a)
    inner = 1.5957691216057308 * held * (1 + 0.044715 * held**2)
    growth = 1.5957691216057308 * held * (1 + 0.134145 * held**2)
    slope: Array = sigmoid_precise(inner) + growth * sigmoid_slope(inner)
    return slope


def abs(a: Array) -> Array:
    """|a|; for complex a the sign is that of the real part."""
    size: Array = np.where(a.real < 0, -a, a)
    return size


def abs_slope(a: Array) -> Array:
    """The sign of a, 0 at 0."""
    sign: Array = np.sign(a.real).astype(a.dtype)
    return sign


def positive(a: Array) -> Array:
    """1 where a > 0, else 0; NaN where a is NaN, so that it does not choose a branch silently."""
    indicator: Array = np.where(np.isnan(a.real), a, a.real > 0).astype(a.dtype)
    return indicator


def maximum(u: Any, v: Any) -> Array:
    """The larger of two; NaN if either is."""
    larger: Array = np.where((np.real(u) > np.real(v)) | np.isnan(u), u, v)
    return larger


def minimum(u: Any, v: Any) -> Array:
    """The smaller of two; NaN if either is."""
    smaller: Array = np.where((np.real(u) < np.real(v)) | np.isnan(u), u, v)
    return smaller


def where(c: Array, u: Any, v: Any) -> Array:
    """u where c > 0, else v; NaN where c is NaN."""
    chosen = np.where(np.isnan(c.real), c, np.where(c.real > 0, u, v))
    result: Array = chosen.astype(np.result_type(c, u, v), copy=False)
    return result


def largest(a: Array) -> Array:
    """The largest unit, at every unit; NaN if any is. Of complex units the one with the largest real part."""
    chosen: Array = np.take_along_axis(a, np.argmax(a.real, axis=-1)[..., None], axis=-1) + np.zeros_like(a)
    return chosen


def largest_share(a: Array) -> Array:
    """1 at the largest unit, 0 elsewhere; units that tie share equally. NaN throughout if any unit is NaN."""
    ties = (a.real == np.max(a.real, axis=-1, keepdims=True)).astype(a.dtype)
    share: Array = ties / np.sum(ties, axis=-1, keepdims=True)
    return share


def mean_of(a: Array) -> Array:
    """The mean over units, at every unit."""
    mean: Array = np.mean(a, axis=-1, keepdims=True) + np.zeros_like(a)
    return mean


def sum_of(a: Array) -> Array:
    """The sum over units, at every unit."""
    total: Array = np.sum(a, axis=-1, keepdims=True) + np.zeros_like(a)
    return total


def run_sums(a: Array, count: int) -> Array:
    """The sum of every `count` units in a row: (..., k N) -> (..., N)."""
    runs = a.reshape(*a.shape[:-1], a.shape[-1] // count, count)
    total: Array = runs.sum(axis=-1)
    return total
