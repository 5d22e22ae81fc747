"""Element-wise functions and slopes on NumPy arrays, real or complex, any float dtype, shape kept.

Each function of the table of functions has its value twice: fast, and free of cancellation (`_precise`); each slope is
free of cancellation. The source of these functions is copied into the kernels that use them, so each of them needs only
NumPy and the functions of this file. Nothing overflows: every exponential is of a number whose real part is <= 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def negative_magnitude(a: Array) -> Array:
    """-|a| for real a; for complex a the sign is that of the real part, so that the function stays analytic."""
    return np.where(a.real < 0, a, -a)


def sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)), as tanh, which never overflows."""
    result: Array = np.multiply(a, 0.5, out=out)
    np.tanh(result, out=result)
    result *= 0.5
    result += 0.5
    return result


def sigmoid_precise(a: Array) -> Array:
    """1 / (1 + exp(-a)) with full relative accuracy on both sides: e/(1+e) or 1/(1+e), e = exp(-|a|).

    The rounding of 1 + e is known exactly and put right, which saves half a unit in the last place.
    """
    e = np.exp(negative_magnitude(a))
    divisor = 1 + e
    rounding = e - (divisor - 1)
    value: Array = np.where(a.real < 0, e, 1) / divisor
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
    return np.where(a.real <= 0, 0 * a, a)


def relu_slope(a: Array) -> Array:
    """1 where a > 0, else 0."""
    return (a.real > 0).astype(a.dtype)


def softplus(a: Array) -> Array:
    """log(1 + exp(a)) = max(a, 0) + log1p(exp(-|a|))."""
    value: Array = np.where(a.real < 0, 0 * a, a) + np.log1p(np.exp(negative_magnitude(a)))
    return value
