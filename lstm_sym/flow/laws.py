"""Laws of decay with the lag: exponential, power law, and the stretched exponential between the two.

All three are one family, a straight line in the lag under the transformation of Box & Cox (1964):

    ln m(l) = level - slope g(l),   g(l) = (l^shape - 1) / shape,   ln l at shape 0,   l >= 1

shape 1 is m ~ e^(-slope l); shape 0 is m ~ l^(-slope); between them m ~ e^(-(l/tau)^shape), tau^-shape = slope/shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from lstm_sym.flow.scaled import Array

EXPONENTIAL, POWER, STRETCHED = "exponential", "power law", "stretched exponential"
# Lags whose terms are added one by one before the rest of a sum is taken as an integral.
ADDED = 100
NODES = 64


def growth(lags: Array | np.float64, shape: float) -> Array:
    """g(l) for lags of 1 or more: ln l at shape 0, l - 1 at shape 1."""
    logarithm: Array = np.log(lags)
    return logarithm if shape == 0 else np.expm1(shape * logarithm) / shape


@dataclass(frozen=True)
class Law:
    """ln m(l) = level - slope g(l).

    Attributes:
        shape: 1 exponential, 0 power law; others stretched (below 1) or compressed (above 1).
        slope: the rate a step of the exponential, the exponent of the power law; negative where m grows.
        level: ln m at lag 1.
    """

    shape: float
    slope: float
    level: float

    @property
    def name(self) -> str:
        """EXPONENTIAL, POWER or STRETCHED."""
        return {1.0: EXPONENTIAL, 0.0: POWER}.get(self.shape, STRETCHED)

    @property
    def time_scale(self) -> float:
        """tau of e^(-(l/tau)^shape), in steps; inf without decay, NaN for a power law, which has no scale."""
        if self.shape == 0:
            return math.nan
        return float((self.shape / self.slope) ** (1.0 / self.shape)) if self.slope > 0 else math.inf

    def logarithm(self, lags: Array) -> Array:
        """ln m at lags of 1 or more."""
        return self.level - self.slope * growth(np.asarray(lags, np.float64), self.shape)

    def through(self, lag: int, logarithm: float) -> Law:
        """The law of the same decay that passes through ln m(lag) = logarithm."""
        return replace(self, level=logarithm + self.slope * float(growth(np.float64(lag), self.shape)))

    def crossing(self, logarithm: float) -> float:
        """The lag, not rounded, at which ln m = logarithm; inf where the law does not come there from lag 1 on."""
        if self.slope == 0 or (self.level - logarithm) / self.slope < 0:
            return math.inf
        distance = (self.level - logarithm) / self.slope
        exponent = distance if self.shape == 0 else math.log1p(self.shape * distance) / self.shape
        return math.exp(exponent) if exponent < 700 else math.inf

    def log_tail(self, lag: int) -> float:
        """ln sum_{l > lag} m(l); inf where the sum diverges: no decay, or a power law of exponent 1 or less.

        The first terms are added, the rest is the integral with the corrections of Euler and Maclaurin to the third
        derivative (NIST Handbook 2.10.1): relative error below 1e-12 for the exponential and power laws.
        """
        if self.slope <= 0 or (self.shape == 0 and self.slope <= 1):
            return math.inf
        lags = np.arange(lag + 1.0, lag + 2.0 + ADDED)
        logs = self.logarithm(lags)
        terms = np.exp(logs - logs[0])
        rest = terms[-1] * (self._integral(lags[-1]) + self._corrections(lags[-1]))
        return float(logs[0] + np.log(terms[:-1].sum() + rest))

    def _integral(self, start: float) -> float:
        """The integral of m from `start` to infinity over m(start); by Gauss and Laguerre in u = ln m(start)/m."""
        if self.shape == 0:
            return start / (self.slope - 1.0)
        nodes, weights = _laguerre()
        scale = self.slope * start**self.shape / self.shape
        values = (1.0 + nodes / scale) ** (1.0 / self.shape - 1.0)
        return float(start / (self.shape * scale) * (weights @ values))

    def _corrections(self, start: float) -> float:
        """1/2 - m'/12m + m'''/720m at `start`."""
        first = -self.slope * float(start) ** (self.shape - 1.0)
        second = (self.shape - 1.0) * first / start
        third = (self.shape - 2.0) * second / start
        return float(0.5 - first / 12.0 + (first**3 + 3.0 * first * second + third) / 720.0)


@cache
def _laguerre() -> tuple[Array, Array]:
    """Nodes and weights of the integral of e^-u f(u) from 0 to infinity."""
    nodes, weights = np.polynomial.laguerre.laggauss(NODES)
    return nodes, weights
