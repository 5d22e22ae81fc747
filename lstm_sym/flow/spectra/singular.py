"""All singular values of a long product of matrices, in logarithms, exact far beyond the range of float64.

    J[T] ... J[1] = U diag(exp(l_1), .., exp(l_S)) V'

QR along the product leaves triangular factors; QR along these, transposed and in the opposite order, leaves others of
the same singular values, whose diagonals are closer to them (Stewart 1995, Electronic Transactions on Numerical
Analysis 3, on graded QR decompositions of products). What remains between close singular values one-sided Jacobi
rotations settle, on the rows of the product, each of which carries its own logarithm (Demmel & Veselic 1992, SIAM
Journal on Matrix Analysis 13(4): their relative accuracy does not depend on how far the rows are apart in size).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers, log
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.flow.spectra.triangular import Factor, Frame, checked, random_columns
from lstm_sym.ground.progress import Progress, tell

# Memory of the triangular factors, in bytes, at the worst: one a step.
MEMORY = 2**30
# A QR that loses more digits than these is not taken over several steps: 1e-11 of every factor at the worst.
ALLOWED = 1e5
# Sweeps of QR: until no diagonal moves by more than this, in nats, or that many of them.
SETTLED = 1e-3
SWEEPS = 4
# Rows whose cosine is below this are orthogonal; and the rounds of rotations after which they should be.
ORTHOGONAL = 1e-14
ROUNDS = 60
# The logarithm of a row of zeros: far below that of any product.
ZERO = -1e18


@dataclass(frozen=True, eq=False)
class SingularSpectrum:
    """The singular values of a product of Jacobians, ds[t]/ds[t - T], for B sequences.

    Attributes:
        model: what figures and tables call it.
        log_values: (B, S), natural logarithms, descending; -inf for a singular value of exactly 0.
        steps: T, the Jacobians in the product.
        rounded: (B,), whether a single Jacobian has a direction less than its rounding in float64: then the smallest
            values are those of the rounding, as many as the Jacobians lose directions in all. What the zeros of the
            Jacobians cut off (reach.py) is exactly -inf; a product that is 0 because each step cuts off another
            direction, none of them along the units, comes out as its rounding, about exp(-38) of its steps.
    """

    model: str
    log_values: Array
    steps: int
    rounded: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def rates(self) -> Array:
        """log_values / T, (B, S): the finite-time Lyapunov exponents, nats per step."""
        return self.log_values / self.steps

    @property
    def log_condition(self) -> Array:
        """The natural logarithm of the condition number, (B,): largest over smallest; inf for a singular product."""
        difference: Array = self.log_values[:, 0] - self.log_values[:, -1]
        return difference


def singular_spectrum(
    source: Trajectory | Sequence[Any] | Array,
    *,
    start: int = 0,
    stop: int | None = None,
    model: str | None = None,
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> SingularSpectrum:
    """All singular values of the product J[stop - 1] ... J[start] of Jacobians over the whole state.

    source: a trajectory, or a sequence of matrices (S, S) or (B, S, S) in the order in which they act. start, stop:
    the steps, as in a slice. memory: bytes that the triangular factors may take; they need up to 8 T B S^2. progress:
    told of the steps of the first sweep, about half of the work.

    The relative error of each value is the rounding of float64 times the steps and the condition of a single matrix,
    not of the product. Raises FlowError: no step, other shapes, NaN, more memory than allowed.
    """
    if isinstance(source, str | type | Mapping) or not hasattr(source, "__getitem__"):
        refusals.refuse_all_but("Trajectory", source)
    steps = range(len(source))[slice(start, stop)]
    name = model or (source.model if isinstance(source, Trajectory) else "matrices")
    if not steps:
        raise FlowError(
            f"{name}, singular spectrum",
            f"no step from {start} to {stop}",
            "a stop before the start, or beyond the end",
            f"give steps within 0 and {len(source)}",
        )
    batch, size = _shape(source)
    _refuse_size(8 * len(steps) * batch * size**2, memory, len(steps), name)
    matrices = _told(_matrices(source, steps, name), len(steps), progress)
    factors = _swept(matrices, random_columns(size, size), batch)
    rows = _product(_settled(factors, batch, size))
    values = [_rotated(directions, logarithms, name) for directions, logarithms in zip(*rows, strict=True)]
    rounded = np.any([factor.rounded.any(axis=1) for factor in factors], axis=0)
    return SingularSpectrum(name, np.array(values), len(steps), rounded)


def _shape(source: Any) -> tuple[int, int]:
    """B and S; matrices of other shapes are refused later."""
    if isinstance(source, Trajectory):
        return source.batch, source.width
    first = np.shape(source[0])
    return (first[0] if len(first) == 3 else 1), (first[-1] if first else 1)


def _matrices(source: Any, steps: range, model: str) -> Iterator[Array]:
    if not isinstance(source, Trajectory):
        return checked((source[step] for step in steps), model)
    return source.jacobians(np.arange(steps.start, steps.stop))


def _swept(matrices: Iterable[Array], start: Array, batch: int) -> list[Factor]:
    """The triangular factors along these matrices, from Q[0] = start (S, S)."""
    return list(Frame(start, batch, ALLOWED).factors(matrices))


def _told(matrices: Iterable[Array], total: int, progress: Progress | None) -> Iterator[Array]:
    for done, matrix in enumerate(matrices, 1):
        yield matrix
        tell(progress, done, total)


def _settled(factors: list[Factor], batch: int, size: int) -> list[Array]:
    """Triangular factors of a product of the same singular values, close to its diagonal but where these are close.

    Where an exact zero, or a step beyond the digits of float64, would be lost in the rounding of the transposed sweep,
    they stay as they are.
    """
    diagonal = sum(log(factor.sizes) for factor in factors)
    for _ in range(SWEEPS - 1):
        swept = _swept([factor.triangle.swapaxes(-2, -1) for factor in reversed(factors)], np.eye(size), batch)
        if not np.isfinite(diagonal).all() or any(factor.rounded.any() for factor in swept):
            break
        before, diagonal, factors = diagonal, sum(log(factor.sizes) for factor in swept), swept
        if np.abs(diagonal - before).max() <= SETTLED:
            break
    return [factor.triangle for factor in factors]


def _product(factors: Sequence[Array]) -> tuple[Array, Array]:
    """The product F[n] ... F[1], its rows as directions (B, S, S) and the logarithms of their lengths (B, S).

    From the left every row is multiplied by itself, so each may be scaled as it likes.
    """
    rows, logarithms = np.broadcast_to(np.eye(factors[0].shape[-1]), factors[0].shape), np.zeros(factors[0].shape[:2])
    for factor in reversed(factors):
        rows, change = _lengths(rows @ factor)
        logarithms = logarithms + change
    return rows, logarithms


def _lengths(rows: Array) -> tuple[Array, Array]:
    """Rows of length 1, and the logarithms that they had; ZERO for a row of zeros."""
    largest = np.abs(rows).max(axis=-1, keepdims=True)
    scaled = rows / np.where(largest > 0, largest, 1.0)
    length = largest * np.sqrt((scaled**2).sum(axis=-1, keepdims=True))
    length = np.where(length > 0, length, 1.0)
    return rows / length, np.where(largest > 0, np.log(length), ZERO)[..., 0]


def _rotated(rows: Array, logarithms: Array, model: str) -> Array:
    """The logarithms of the singular values of diag(exp(logarithms)) rows, descending, by one-sided Jacobi.

    rows (S, S) of length 1. In every round each row meets each other once, half of them at a time (round robin).
    """
    order = np.argsort(-logarithms, kind="stable")
    rows, logarithms = rows[order].copy(), logarithms[order].copy()
    pairs = list(_round_robin(len(rows)))
    for _ in range(ROUNDS):
        if not max((_rotate(rows, logarithms, *pair) for pair in pairs), default=0.0) > ORTHOGONAL * len(rows):
            return np.sort(np.where(logarithms > ZERO / 2, logarithms, -np.inf))[::-1]
    raise FlowError(
        f"{model}, singular spectrum",
        f"rows are not orthogonal after {ROUNDS} rounds of rotations",
        "matrices of rank far below their size, whose rounding alone is left",
        "take fewer steps, or the Lyapunov spectrum with a small count",
    )


def _round_robin(count: int) -> Iterator[tuple[Integers, Integers]]:
    """Pairs of 0 .. count - 1 in sets without a common member; over all sets every pair once."""
    players = np.arange(count + count % 2)
    for _ in range(len(players) - 1):
        left, right = players[: len(players) // 2], players[: len(players) // 2 - 1 : -1]
        met = (left < count) & (right < count)
        yield left[met], right[met]
        players = np.concatenate([players[:1], players[-1:], players[1:-1]])


def _rotate(rows: Array, logarithms: Array, left: Integers, right: Integers) -> float:
    """Rotate pairs of rows until they are orthogonal, in place; the largest cosine that was found.

    With x = u_p and y = d u_q in units of the longer row, d = exp(l_q - l_p) <= 1 and c = u_p . u_q, the tangent of the
    rotation is d w, w = -2 c / (1 - d^2 + sqrt((1 - d^2)^2 + 4 d^2 c^2)):  x' ~ u_p - w d^2 u_q,  y' ~ d (u_q + w u_p).
    Nothing in it is small beyond float64, however small d is.
    """
    swapped = logarithms[left] < logarithms[right]
    long, short = np.where(swapped, right, left), np.where(swapped, left, right)
    ratio = np.exp(logarithms[short] - logarithms[long])
    first, second = rows[long], rows[short]
    cosine = (first * second).sum(axis=-1)
    gap = 1 - ratio**2
    divisor = gap + np.hypot(gap, 2 * ratio * cosine)
    weight = np.where(divisor > 0, -2 * cosine / np.where(divisor > 0, divisor, 1.0), 0.0)
    shrink = 0.5 * np.log1p((weight * ratio) ** 2)
    for index, row in (
        (long, first - (weight * ratio**2)[:, None] * second),
        (short, second + weight[:, None] * first),
    ):
        rows[index], change = _lengths(row)
        logarithms[index] += change - shrink
    return float(np.abs(cosine).max(initial=0.0))


def _refuse_size(needed: int, memory: int, steps: int, model: str) -> None:
    """Raise a FlowError if the factors of so many steps may need more bytes than allowed."""
    if needed > memory:
        raise FlowError(
            f"{model}, singular spectrum",
            f"{steps} triangular factors need up to {needed / 2**20:.0f} MiB; {memory / 2**20:.0f} are allowed",
            "a long trajectory; all singular values of a product need all of its factors, from both ends",
            f"take {memory * steps // needed} steps, allow memory={needed}, or measure the Lyapunov spectrum",
        )
