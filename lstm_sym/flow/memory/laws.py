"""Laws of decay with the lag: exponential, power law, and two between them, the stretched exponential and the power
law that begins late.

All are one family, a straight line in the lag under the transformation of Box & Cox (1964), from an origin:

    ln m(l) = level - slope g(l),   g(l) = ((l + s)^shape - (1 + s)^shape) / shape,   ln (l + s)/(1 + s) at shape 0

shape 1 is m ~ e^(-slope l); shape 0 is m ~ l^(-slope) where the offset s is 0, and m ~ (1 + l/s)^(-slope) with it, flat
for the first s lags; between 0 and 1, with s = 0, m ~ e^(-(l/tau)^shape), tau^-shape = slope/shape. l >= 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from lstm_sym.flow.runs.scaling import Array

EXPONENTIAL, POWER, STRETCHED = "exponential", "power law", "stretched exponential"
SHIFTED = "shifted power law"
# Lags whose terms are added one by one before the rest of a sum is taken as an integral.
ADDED = 100
NODES = 64


def growth(lags: Array | np.float64, shape: float, offset: float = 0.0) -> Array:
    """g(l) for lags of 1 or more, 0 at lag 1: ln l at shape 0, l - 1 at shape 1. An offset goes with shape 0 alone."""
    logarithm: Array = np.log1p((lags - 1.0) / (1.0 + offset))
    return logarithm if shape == 0 else np.expm1(shape * logarithm) / shape


@dataclass(frozen=True)
class Law:
    """ln m(l) = level - slope g(l).

    Attributes:
        shape: 1 exponential, 0 power law; others stretched (below 1) or compressed (above 1).
        slope: the rate a step of the exponential, the exponent of the power law; negative where m grows.
        level: ln m at lag 1.
        offset: s, the lags before a power law begins; 0 for the other laws.
    """

    shape: float
    slope: float
    level: float
    offset: float = 0.0

    @property
    def name(self) -> str:
        """EXPONENTIAL, POWER, STRETCHED or SHIFTED."""
        power = SHIFTED if self.offset else POWER
        return {1.0: EXPONENTIAL, 0.0: power}.get(self.shape, STRETCHED)

    @property
    def diverges(self) -> bool:
        """Whether the sum of m over all lags is infinite: no decay, or a power law of exponent 1 or less."""
        return self.slope <= 0 or (self.shape == 0 and self.slope <= 1)

    @property
    def time_scale(self) -> float:
        """tau of e^(-(l/tau)^shape), in steps; inf without decay, NaN for a power law, which has no scale."""
        if self.shape == 0:
            return math.nan
        return float((self.shape / self.slope) ** (1.0 / self.shape)) if self.slope > 0 else math.inf

    def logarithm(self, lags: Array) -> Array:
        """ln m at lags of 1 or more."""
        return self.level - self.slope * growth(np.asarray(lags, np.float64), self.shape, self.offset)

    def through(self, lag: int, logarithm: float) -> Law:
        """The law of the same decay that passes through ln m(lag) = logarithm."""
        grown = float(growth(np.float64(lag), self.shape, self.offset))
        return replace(self, level=logarithm + self.slope * grown)

    def crossing(self, logarithm: float) -> float:
        """The lag, not rounded, at which ln m = logarithm; inf where the law does not come there from lag 1 on."""
        if self.slope == 0 or (self.level - logarithm) / self.slope < 0:
            return math.inf
        distance = (self.level - logarithm) / self.slope
        exponent = distance if self.shape == 0 else math.log1p(self.shape * distance) / self.shape
        return 1.0 + (1.0 + self.offset) * math.expm1(exponent) if exponent < 700 else math.inf

    def log_tail(self, lag: int) -> float:
        """ln sum_{l > lag} m(l); inf where the sum diverges.

        The first terms are added, the rest is the integral with the corrections of Euler and Maclaurin to the third
        derivative (NIST Handbook 2.10.1): relative error below 1e-12 for the exponential and power laws.
        """
        if self.diverges:
            return math.inf
        lags = np.arange(lag + 1.0, lag + 2.0 + ADDED)
        logs = self.logarithm(lags)
        terms = np.exp(logs - logs[0])
        rest = terms[-1] * (self._integral(lags[-1]) + self._corrections(lags[-1]))
        return float(logs[0] + np.log(terms[:-1].sum() + rest))

    def _integral(self, start: float) -> float:
        """The integral of m from `start` to infinity over m(start); by Gauss and Laguerre in u = ln m(start)/m."""
        if self.shape == 0:
            return (start + self.offset) / (self.slope - 1.0)
        nodes, weights = _laguerre()
        scale = self.slope * start**self.shape / self.shape
        values = (1.0 + nodes / scale) ** (1.0 / self.shape - 1.0)
        return float(start / (self.shape * scale) * (weights @ values))

    def _corrections(self, start: float) -> float:
        """1/2 - m'/12m + m'''/720m at `start`."""
        start = float(start) + self.offset
        first = -self.slope * start ** (self.shape - 1.0)
        second = (self.shape - 1.0) * first / start
        third = (self.shape - 2.0) * second / start
        return float(0.5 - first / 12.0 + (first**3 + 3.0 * first * second + third) / 720.0)


@cache
def _laguerre() -> tuple[Array, Array]:
    """Nodes and weights of the integral of e^-u f(u) from 0 to infinity."""
    nodes, weights = np.polynomial.laguerre.laggauss(NODES)
    return nodes, weights
