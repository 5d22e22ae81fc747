"""Fisher memory of a linear recurrent network: how much its state still tells of an input k steps ago.

    h[t] = U h[t-1] + v s[t] + noise of variance eps for every unit

    J(k) = v' U'^k C^-1 U^k v        C = eps sum_k U^k U'^k, the covariance of the noise in the state

J(k) is the Fisher information that h[t] holds about s[t-k]. In units of v'v / eps, what the input itself brings, the
sum over all k is exactly 1 for every normal U (orthogonal, symmetric), and at most N, the number of units, for any U:
summed over N orthogonal directions v it is N. Only nonnormal networks, which hand the input on from unit to unit,
remember more.

Source: Ganguli, Huh & Sompolinsky 2008, PNAS 105(48), 18970-18975.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.flow.theory.overlay import Overlay

SOURCE = "Ganguli, Huh & Sompolinsky 2008"
# Doublings of the number of terms of C: 2^60 steps are more than any spectral radius that is below 1 in float64 needs.
DOUBLINGS = 60
# The share of the sum that its second half may still add when it is called complete.
SETTLED = 1e-19


@dataclass(frozen=True, eq=False)
class FisherMemory:
    """The Fisher memory curve of a linear network and one input direction.

    Attributes:
        lags: (L + 1,), k = 0 .. L.
        log_values: (L + 1,), ln(J(k) eps / v'v); -inf where the network holds exactly nothing.
        total: the sum over all k, also beyond L, in the same unit: 1 for a normal network, at most N.
        units: N.
    """

    lags: Integers
    log_values: Array
    total: float
    units: int

    def overlay(self, lags: Sequence[int] | Integers | None = None) -> Overlay:
        """ln J(k) in units of v'v / eps, at these lags, all by default."""
        chosen = self.lags if lags is None else np.asarray(lags)
        return Overlay("Fisher memory", chosen.astype(float), self.log_values[chosen], "prediction", SOURCE)


def fisher_memory(recurrent: Array, source: Array, lags: int) -> FisherMemory:
    """J(k) in units of v'v / eps, for k = 0 .. lags, and its sum over all k.

    recurrent: U (N, N), its spectral radius below 1. source: v (N,), not zero; its length and eps cancel.
    Raises FlowError: no lag, other shapes, values that are not finite, v = 0, a spectral radius of 1 or more, and one
    so near to 1, or a network so far from normal, that the covariance of the noise is not a finite number.
    """
    matrix, vector = _checked(recurrent, source, lags)
    root = _inverse_root(doubled_sum(matrix, np.eye(len(matrix))))
    direction, scale = vector / np.linalg.norm(vector), 0.0
    log_values = np.full(lags + 1, -np.inf)
    for k in range(lags + 1):
        log_values[k] = scale + 2 * np.log(np.linalg.norm(root @ direction))
        direction = matrix @ direction
        size = np.linalg.norm(direction)
        if size == 0:
            break
        direction, scale = direction / size, scale + 2 * np.log(size)
    unit = vector / np.linalg.norm(vector)
    total = float(unit @ doubled_sum(matrix.T, root.T @ root) @ unit)
    return FisherMemory(np.arange(lags + 1), log_values, total, len(vector))


def doubled_sum(matrix: Array, first: Array) -> Array:
    """S = sum_k A^k F A'^k, the solution of S = A S A' + F, (N, N), for a spectral radius of A below 1; F symmetric.

    By doubling: the first 2 n terms are S_n + A^n S_n A'^n. Raises FlowError where the sum is not finite.
    """
    total, power = first, matrix
    for _ in range(DOUBLINGS):
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            added = power @ total @ power.T
            total, power = total + added, power @ power
        if not np.isfinite(total).all():
            break
        if np.abs(added).max() <= SETTLED * np.abs(total).max():
            return np.asarray((total + total.T) / 2)
    raise _refused("a sum that is not a finite number", "a spectral radius too near to 1, or a network far from normal")


def _inverse_root(covariance: Array) -> Array:
    """R with R' R = C^-1."""
    try:
        return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))
    except np.linalg.LinAlgError as error:
        raise _refused("a covariance that is not positive definite", "a network too far from normal") from error


def _checked(recurrent: Array, source: Array, lags: int) -> tuple[Array, Array]:
    refusals.refuse_masked("Fisher memory", U=recurrent, v=source)
    matrix, vector = np.asarray(recurrent, np.float64), np.asarray(source, np.float64)
    if lags < 0:
        raise _refused(f"{lags} lags", "lag 0 is the input that just came")
    if matrix.ndim != 2 or vector.shape != matrix.shape[:1] or matrix.shape[0] != matrix.shape[1]:
        raise _refused(f"U of shape {matrix.shape} and v of shape {vector.shape}", "U must be (N, N) and v (N,)")
    if not (np.isfinite(matrix).all() and np.isfinite(vector).all() and vector.any()):
        raise _refused("values that are not finite, or v = 0", "a diverged training, or no input at all")
    radius = float(np.abs(np.linalg.eigvals(matrix)).max())
    if radius >= 1:
        raise _refused(f"a spectral radius of {radius:.6g}", "noise that the network does not forget adds up for ever")
    return matrix, vector


def _refused(found: str, why: str) -> FlowError:
    return FlowError("Fisher memory", found, why, "scale the recurrent weights to a spectral radius below 1")
