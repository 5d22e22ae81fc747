"""Errors to numbers of many digits."""

from __future__ import annotations

import mpmath
import numpy as np

from lstm_sym.check.many_digits import DIGITS, to_mpmath


def error_to(found: np.ndarray, expected: np.ndarray) -> float:
    """max |found - expected| / max |expected|, the difference taken in mpmath."""
    with mpmath.workdps(DIGITS):
        if not np.isfinite(found).all():
            return float("inf")
        size = max(abs(value) for value in expected.ravel())
        return float(max(abs(value) for value in (to_mpmath(found) - expected).ravel()) / size)


def entry_errors(found: np.ndarray, expected: np.ndarray) -> list[float]:
    """The relative error of each entry on its own."""
    with mpmath.workdps(DIGITS):
        pairs = zip(to_mpmath(found).ravel(), expected.ravel(), strict=True)
        return [float(abs(value - true) / abs(true)) for value, true in pairs if true != 0]
