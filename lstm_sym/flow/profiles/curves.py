"""What is read off curves of ln m: m(l) is the sensitivity at lag l = 0 .. L relative to lag 0, (n, L + 1) -> (n,).

Each formula stands here once: a profile reads its median by it, a memory card the medians of resampled end points, and
the units of an output each its own curve.
"""

from __future__ import annotations

import numpy as np

from lstm_sym.flow.runs.scaling import Array

# How much rounding may change ln ||.|| a lag: 32 units in the last place.
ROUNDING = 32 * np.finfo(np.float64).eps
# Logarithms of sums, or of shares, that are closer than this are equal.
EQUAL = 1e-12


def levelled(curves: Array) -> Array:
    """The curves, those that only their rounding keeps from being level made level.

    Of an isometry the logarithms differ in the last place, and a slope of 1e-17 is no decay.
    """
    range_ = curves.max(axis=1, keepdims=True) - curves.min(axis=1, keepdims=True)
    allowed = ROUNDING * curves.shape[1] * np.maximum(1.0, np.abs(curves).max(axis=1, keepdims=True))
    level: Array = np.where(range_ <= allowed, curves[:, :1], curves)
    return level


def half_lives(curves: Array) -> Array:
    """ln 2 / -slope of the least-squares line through each curve; inf without decay."""
    lags = np.arange(curves.shape[1]) - (curves.shape[1] - 1) / 2
    curves = levelled(curves)
    # Relative to the first lag, a level curve has a slope of exactly 0.
    slopes = (curves - curves[:, :1]) @ lags / (lags @ lags)
    return np.where(slopes < 0, np.log(2.0) / -np.where(slopes < 0, slopes, -1.0), np.inf)


def centroids(curves: Array) -> Array:
    """sum_l l m_l / sum_l m_l."""
    weights = np.exp(curves - curves.max(axis=1, keepdims=True))
    centroid: Array = weights @ np.arange(curves.shape[1]) / weights.sum(axis=1)
    return centroid


def share_lags(curves: Array, share: float) -> Array:
    """The smallest lags l with sum_{k <= l} m_k >= share * sum_{k <= L} m_k."""
    cumulative = np.logaddexp.accumulate(curves, axis=1)
    reached: Array = np.argmax(cumulative >= cumulative[:, -1:] + np.log(share) - EQUAL, axis=1).astype(np.float64)
    return reached


def horizons(curves: Array, logarithm: float) -> Array:
    """The first lags from which on ln m stays below `logarithm`; L + 1 where it is not yet."""
    above = curves[:, ::-1] >= logarithm - EQUAL * max(1.0, abs(logarithm))
    return np.where(above.any(axis=1), curves.shape[1] - np.argmax(above, axis=1), 0).astype(np.float64)
