"""Matrices far below the smallest float: every column is a float64 column times a power of two of its own.

A product of a thousand step Jacobians underflows, and so does one column of it beside another: the forget gate of one
unit may have closed where that of its neighbour is open. So each column carries its own binary exponent, an integer.
Powers of two are exact: a product here loses no more digits than one in float64 that neither under- nor overflows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# The exponent of a column that is exactly zero: far below what any product of step Jacobians reaches.
ZERO = -(2**40)
# Columns whose largest entries are within 2^-LOOSE and 2^LOOSE are left as they are, with one exponent for all of them.
LOOSE = 50
# A spread of binary exponents within which float64 products neither underflow nor overflow (2^-1022 is the limit).
SAFE = 800
# A binary exponent at which a term is 0 beside one of exponent 0.
UNSEEN = -1100
# The largest binary exponent, of either sign, of a factor that is a normal number.
FACTOR = 1022
# The largest size of entries of either sign of its logarithm whose squares are summed as they are.
FAR = 1e100
# How many terms of a product are given an exponent of their own at once: 4 MiB of them.
AT_ONCE = 2**19
# The norms of a matrix, by NumPy's name for each.
NORMS: Mapping[str, Any] = MappingProxyType({"frobenius": "fro", "spectral": 2})


@dataclass(frozen=True, eq=False)
class Scaled:
    """mantissa[..., :, j] * 2^exponent[..., j]: (..., M, N) and (..., N), |mantissa| of the size of 1 in every column.

    It is at most 1 as `scaled` makes it, and within 2^-LOOSE and 2^LOOSE in a product.
    """

    mantissa: Array
    exponent: Integers

    def columns(self, part: slice | Integers) -> Scaled:
        """Some columns of every matrix."""
        return Scaled(self.mantissa[..., part], self.exponent[..., part])


def log(values: Array | float) -> Array:
    """The natural logarithm, without a warning: -inf of 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values))


def scaled(matrix: Array, exponent: Integers | None = None) -> Scaled:
    """A stack of matrices (..., M, N), times 2^exponent (..., N) if given, its columns brought to [0.5, 1)."""
    largest = np.abs(matrix).max(axis=-2)
    shift = _parts(largest)[1]
    total = shift if exponent is None else shift + exponent
    return Scaled(_shifted(matrix, -shift[..., None, :]), np.where(largest > 0, total, ZERO))


def times(left: Scaled, right: Array) -> Scaled:
    """left @ right: stacks of n matrices for each sequence (B, n, ..., M, N), one step matrix for each (B, N, K)."""
    low, high = _spread(right)
    top = left.exponent.max(axis=-1, keepdims=True)
    below = np.where(left.exponent > ZERO, top - left.exponent, 0)
    if int(below.max(initial=0)) + high - low > SAFE:
        mantissa, power = _parts(right)
        return _times_by_column(left, mantissa, np.where(mantissa != 0, power, ZERO))
    level = left.mantissa * _shifted(1.0, -below)[..., None, :] if below.any() else left.mantissa
    high *= abs(high) > LOOSE
    # One tall product a sequence: many small ones would cost a hand-over between threads each.
    rows = level.reshape(len(level), -1, level.shape[-1])
    product = rows @ (_shifted(right, np.array([-high])) if high else right)
    return _settled(product.reshape(*level.shape[:-1], -1), top + high)


def _settled(matrix: Array, exponent: Integers) -> Scaled:
    """A stack (..., M, N) times 2^exponent (..., 1), its columns brought near to 1 where they are not.

    The columns of a matrix keep one exponent, so that the next product need not align them, unless they are far apart.
    """
    largest = np.maximum(matrix.max(axis=-2), -matrix.min(axis=-2))
    power = _parts(np.where(largest > 0, largest, largest.max(axis=-1, keepdims=True)))[1]
    if np.abs(power).max(initial=0) > LOOSE:
        middle = (power.max(axis=-1, keepdims=True) + power.min(axis=-1, keepdims=True)) // 2
        if np.abs(power - middle).max() > LOOSE:
            return scaled(matrix, np.broadcast_to(exponent, largest.shape))
        matrix, exponent = _shifted(matrix, -middle[..., None]), exponent + middle
    return Scaled(matrix, np.where(largest > 0, exponent, ZERO))


def plus(left: Scaled, right: Scaled) -> Scaled:
    """left + right."""
    top = np.maximum(left.exponent, right.exponent)
    parts = [
        part.mantissa * _shifted(1.0, np.maximum(part.exponent - top, UNSEEN))[..., None, :] for part in (left, right)
    ]
    return scaled(parts[0] + parts[1], top)


def _times_by_column(left: Scaled, mantissa: Array, power: Integers) -> Scaled:
    """left @ (mantissa * 2^power), each column of the result summed relative to its own largest term.

    Term i of column j has the exponent e_i + power_ij; what is 2^-1000 of the largest one cannot be seen beside it.
    """
    *stack, rows, size = left.mantissa.shape
    matrices = left.mantissa.reshape(len(power), -1, rows, size)
    exponents = left.exponent.reshape(len(power), -1, size, 1)
    product = np.empty((*matrices.shape[:-1], power.shape[-1]))
    total = np.empty((*exponents.shape[:-2], power.shape[-1]), dtype=np.int64)
    most = max(1, AT_ONCE // power.size)
    for part in (slice(at, at + most) for at in range(0, matrices.shape[1], most)):
        exponent = np.maximum(exponents[:, part] + power[:, None], ZERO)
        total[:, part] = exponent.max(axis=-2)
        relative = np.maximum(exponent - total[:, part, None], UNSEEN)
        product[:, part] = matrices[:, part] @ _shifted(mantissa[:, None], relative)
    return scaled(product.reshape(*stack, rows, -1), total.reshape(*stack, -1))


def log_norm(matrix: Scaled, norm: str = "frobenius") -> Array:
    """ln ||.|| of every matrix of a stack: (...,); -inf where it is exactly zero. norm: one of NORMS."""
    top = matrix.exponent.max(axis=-1)
    relative = np.maximum(matrix.exponent - top[..., None], UNSEEN)
    level = matrix.mantissa * _shifted(1.0, relative)[..., None, :] if relative.any() else matrix.mantissa
    size = spectral_norms(level) if norm == "spectral" else np.linalg.norm(level, NORMS[norm], axis=(-2, -1))
    return np.asarray(log(size) + top * np.log(2.0))


def spectral_norms(matrices: Array) -> Array:
    """||.||_2 of every matrix of a stack (..., M, N): (...,).

    The root of the largest eigenvalue of the Gram matrix, which alone of them is as exact as the singular value itself.
    Matrices whose squares would under- or overflow are brought to the size of 1 first.
    """
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.swapaxes(-2, -1)
    peaks = np.maximum(wide.max(axis=(-2, -1), initial=0.0), -wide.min(axis=(-2, -1), initial=0.0))
    if peaks.max(initial=1.0) > FAR or peaks.min(initial=1.0, where=peaks > 0) < 1 / FAR:
        return np.asarray(spectral_norms(wide / np.where(peaks > 0, peaks, 1.0)[..., None, None]) * peaks)
    largest = np.linalg.eigvalsh(wide @ wide.swapaxes(-2, -1)).max(axis=-1, initial=0.0)
    return np.asarray(np.sqrt(np.where(peaks > 0, largest, 0.0)))


def unit_rows(matrix: Scaled) -> tuple[Array, Array]:
    """Every row at norm 1, (..., M, N), and ln of the norm it had, (..., M); a row of zeros stays, with -inf."""
    mantissa, power = _parts(matrix.mantissa)
    power = np.where(mantissa != 0, power + matrix.exponent[..., None, :], 2 * ZERO)
    top = power.max(axis=-1)
    level = _shifted(mantissa, np.maximum(power - top[..., None], UNSEEN))
    size = np.linalg.norm(level, axis=-1)
    return level / np.where(size > 0, size, 1.0)[..., None], log(size) + top * np.log(2.0)


def _parts(values: Array) -> tuple[Array, Integers]:
    """Mantissas and binary exponents; these in 64 bits, as ZERO does not fit into the 32 that frexp gives."""
    mantissa, power = np.frexp(values)
    return mantissa, power.astype(np.int64)


def _spread(matrix: Array) -> tuple[int, int]:
    """The least and the greatest binary exponent of the entries that are not 0; -SAFE twice where all are."""
    size = np.abs(matrix)
    largest = float(size.max(initial=0.0))
    if largest == 0:
        return -SAFE, -SAFE
    high = max(-SAFE, math.frexp(largest)[1])
    # Bits of floats are in the order of their sizes; 0 less 1 is the greatest of all.
    least = (size.view(np.uint64) - 1).min() + 1
    return min(high, math.frexp(float(least.view(np.float64)))[1]), high


def _shifted(values: Array | float, power: Integers) -> Array:
    """values * 2^power; ldexp takes integers of C, which are of 32 bits on some systems."""
    power = power.astype(np.intc)
    # Where 2^power is a normal number the product is the same to the bit, and many are multiplied at once.
    if power.size < np.size(values) and abs(power).max(initial=0) <= FACTOR:
        return np.asarray(values * np.ldexp(1.0, power))
    return np.asarray(np.ldexp(values, power))
