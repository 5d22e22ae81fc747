"""Expectations over a standard Gaussian: E[f(s z)] = integral of f(s z) exp(-z^2 / 2) / sqrt(2 pi) dz.

Gauss-Hermite nodes converge as exp(-d sqrt(2 n)) where f(s z) has a pole at distance d, and tanh(s z) has one at
pi / (2 s): at s = 30 ten digits take thousands of nodes, and a kink spoils them altogether. Here Gauss-Legendre
nodes stand on panels whose lengths halve towards 0, and which end at the kinks: every pole is as far away as its panel
is long, so the error falls at one rate for all s. The number of nodes is doubled until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs.scaling import Array

# Beyond this z the density is below the smallest float.
REACH = 38.0
# Nodes a panel: where to begin, where to give up; the relative change at which the doubling ends.
FIRST, LAST, TOLERANCE = 16, 512, 1e-13


def expectation(function: Callable[[Array], Array], scale: float = 1.0, kinks: Sequence[float] = ()) -> float:
    """E[f(s z)], z standard Gaussian, to 12 digits of E|f(s z)|.

    function: f, element by element. scale: s >= 0. kinks: where f or its derivative jumps.
    Raises FlowError: f is not finite, its expectation is not, or it oscillates too fast for 512 nodes a panel.
    """
    return moment(lambda z: function(scale * z), scale, kinks)


def moment(function: Callable[[Array], Array], scale: float = 1.0, kinks: Sequence[float] = ()) -> float:
    """E[f(z)] for an f that varies on the length 1 / s, with kinks at kink / s; the rest is as in `expectation`."""
    before, nodes = float("nan"), FIRST
    while nodes <= LAST:
        z, weights = gaussian_rule(scale, tuple(kinks), nodes)
        with np.errstate(over="ignore", invalid="ignore"):
            terms = weights * function(z)
        found, size = float(terms.sum()), float(np.abs(terms).sum())
        if not np.isfinite(found):
            break
        if abs(found - before) <= TOLERANCE * size:
            return found
        before, nodes = found, 2 * nodes
    raise FlowError(
        f"Gaussian expectation at scale {scale:g}",
        "the integral is not a finite number"
        if not np.isfinite(found)
        else f"no convergence with {LAST} nodes a panel",
        "a function that is not defined for negative arguments (log, sqrt), that grows faster than a Gaussian falls, "
        "or that oscillates many times within its width",
        "choose a function defined everywhere, or a smaller variance",
    )


@lru_cache(maxsize=64)
def gaussian_rule(scale: float, kinks: tuple[float, ...], nodes: int) -> tuple[Array, Array]:
    """Nodes z (n,) and weights (n,), the Gaussian density in them, for an f that varies on the length 1 / scale."""
    halvings = 4 + max(0, int(np.ceil(np.log2(REACH * scale)))) if scale > 0 else 4
    right = REACH * 0.5 ** np.arange(halvings + 1)
    inside = [kink / scale for kink in kinks if scale > 0 and abs(kink) < REACH * scale]
    edges = np.unique(np.concatenate([-right, [0.0], right, inside]))
    points, weights = _legendre(nodes)
    half = np.diff(edges)[:, None] / 2
    z = ((edges[:-1, None] + half) + half * points).ravel()
    return z, (half * weights).ravel() * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


@cache
def _legendre(nodes: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss and Legendre on a panel, the same for every scale."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return points, weights
