"""The triangular factors of a long product of matrices, by QR carried along it: the engine of both spectra.

    J[t] ... J[1] Q[0] = Q[t] R[t] ... R[1],     Q (S, k) orthonormal, R (k, k) upper triangular

No product is ever longer than a window of a few steps: a window ends where QR is still as good as exact. How many steps
that is follows from the windows before; one that turns out to be too long is halved and done again. Benettin, Galgani,
Giorgilli & Strelcyn 1980, Meccanica 15(1); Geist, Parlitz & Lauterborn 1990, Progress of Theoretical Physics 83(5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.flow.spectra.orthonormal import orthonormal_rows
from lstm_sym.flow.spectra.reach import Reach

# The most steps of a window.
LONGEST = 10
# A window that loses more, ||R[:, i]|| / |R[i, i]|, is halved: QR errs by the rounding of float64 times the loss.
ALLOWED = 1e8
# A window is planned for a loss that is smaller by this factor.
RESERVE = 10.0
# Factors beyond 1 / WIDE and WIDE are near the ends of float64: their window is halved too.
WIDE = 1e150
# Below this share of the rows that it is made of, what is left of a direction in a single step is their rounding.
ROUNDING = 1e-13


class Factor(NamedTuple):
    """The triangular factor of a window.

    Attributes:
        steps: how many steps the window has.
        triangle: R, (B, k, k), upper triangular; the signs of its diagonal mean nothing. Rows of zeros, from the first
            on that is beyond what the zeros of the matrices leave (reach.py), are exact.
        losses: (B, k), ||R[:, i]|| / |R[i, i]|, by which the rounding of R[i, i] is larger; 0 where that is 0 exactly.
        rounded: (B, k), whether R[i, i] is but the rounding of the matrix that it came from.
    """

    steps: int
    triangle: Array
    losses: Array
    rounded: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def sizes(self) -> Array:
        """|R[i, i]|, (B, k)."""
        return np.abs(np.diagonal(self.triangle, axis1=-2, axis2=-1))


class _Step(NamedTuple):
    """A matrix (B, S, S), and the most directions that the product up to it can have kept, (B,)."""

    matrix: Array
    most: Integers


class Frame:
    """An orthonormal frame Q (B, S, k) carried along a product of matrices, in place.

    columns: Q[0], (S, k), one for all sequences. batch: B. allowed: the loss of digits at which a window is halved.
    """

    def __init__(self, columns: Array, batch: int, allowed: float = ALLOWED) -> None:
        self._rows: Array = np.broadcast_to(columns.T, (batch, *columns.T.shape))
        self._allowed = allowed
        self._planned = 1

    @property
    def columns(self) -> Array:
        """Q, (B, S, k)."""
        return self._rows.swapaxes(-2, -1)

    def factors(self, matrices: Iterable[Array]) -> Iterator[Factor]:
        """The factors along matrices (B, S, S), in the order in which they act; the last window may be short."""
        window: list[_Step] = []
        reach = Reach()
        for matrix in matrices:
            window.append(_Step(matrix, reach.after(matrix)))
            if len(window) >= self._planned:
                yield from self._factored(window)
                window = []
        if window:
            yield from self._factored(window)

    def _factored(self, window: Sequence[_Step]) -> Iterator[Factor]:
        """One factor, or those of both halves where one would lose too much."""
        steps, product = len(window), self._rows
        with np.errstate(over="ignore", invalid="ignore"):
            for step in window:
                product = product @ step.matrix.swapaxes(-2, -1)
            rows, triangle = orthonormal_rows(product)
        kept = np.arange(product.shape[1]) < window[-1].most[:, None]
        if not kept.all():
            triangle = triangle * kept[:, :, None]
        losses, low, high = _lost(triangle, kept)
        loss = float(losses.max(initial=1.0)) if low > 0 else math.inf
        if loss <= self._allowed and low > 1 / WIDE and high < WIDE:
            self._rows = rows
            self._planned = self._following(steps, loss, max(high, 1 / low, 1.0))
            yield Factor(steps, triangle, losses, np.zeros(losses.shape, dtype=bool))
        elif steps > 1:
            yield from self._factored(window[: steps // 2])
            yield from self._factored(window[steps // 2 :])
        else:
            self._planned = 1
            columns, triangle, rounded = _by_falling_rows(product.swapaxes(-2, -1))
            self._rows = columns.swapaxes(-2, -1)
            triangle = triangle * kept[:, :, None]
            yield Factor(1, triangle, _losses(triangle), rounded & kept)

    def _following(self, steps: int, loss: float, reach: float) -> int:
        """The steps of the next window, if it loses and grows per step as the last one did."""
        shares = math.log(loss) / math.log(self._allowed / RESERVE), math.log(reach) / math.log(WIDE / RESERVE)
        return max(1, int(steps / max(*shares, steps / LONGEST)))


def random_columns(size: int, count: int) -> Array:
    """Orthonormal columns (S, k) at random, of a fixed seed.

    Where blocks of the matrices do not mix, columns along the axes would miss the leading directions.
    """
    return np.linalg.qr(np.random.default_rng(0).standard_normal((size, count)))[0]


def _lost(triangle: Array, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[Array, float, float]:
    """The losses of a factor, its least |R[i, i]| that is kept, and its greatest ||R[:, i]||."""
    sizes = np.abs(np.diagonal(triangle, axis1=-2, axis2=-1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        lengths = np.sqrt(np.square(triangle).sum(axis=-2))
        losses = np.where(kept, lengths / sizes, 0.0)
    return losses, float(sizes.min(initial=math.inf, where=kept)), float(lengths.max())


def _losses(triangle: Array) -> Array:
    """The losses of a factor whose columns may be anywhere between the ends of float64."""
    sizes, largest = np.abs(np.diagonal(triangle, axis1=-2, axis2=-1)), np.abs(triangle).max(axis=-2)
    lengths = np.linalg.norm(triangle / np.where(largest > 0, largest, 1.0)[:, None], axis=-2)
    return np.where(sizes > 0, lengths * (largest / np.where(sizes > 0, sizes, 1.0)), 0.0)


def _by_falling_rows(matrix: Array) -> tuple[Array, Array, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Q, R, and which R[i, i] are but rounding, of matrices whose rows may be of very different size.

    With the largest rows first, Householder's QR errs in every row by about the rounding of that row alone (Cox &
    Higham 1998, Stability of Householder QR factorization for weighted least squares); rows of zeros stay zeros. To
    first order an error E in the rows changes R[i, i] by q_i' E, q_i the column of Q: what is left of two nearly
    parallel rows is measured against both of them.
    """
    lengths = np.abs(matrix).max(axis=-1)
    order = np.argsort(-lengths, axis=-1, kind="stable")
    columns, triangle = np.linalg.qr(np.take_along_axis(matrix, order[..., None], axis=-2))
    columns = np.take_along_axis(columns, np.argsort(order, axis=-1)[..., None], axis=-2)
    reach = np.einsum("bji,bj->bi", np.abs(columns), lengths)
    size = np.abs(np.diagonal(triangle, axis1=-2, axis2=-1))
    return columns, triangle, size < ROUNDING * reach


def checked(matrices: Iterable[Any], model: str) -> Iterator[Array]:
    """The matrices as float64 (B, S, S), all of one shape, finite. Raises FlowError for others, naming the step."""
    shape: tuple[int, ...] | None = None
    for step, given in enumerate(matrices):
        refusals.refuse_masked(model, **{f"the matrix of step {step}": given})
        matrix = np.asarray(given, dtype=np.float64)
        matrix = matrix[None] if matrix.ndim == 2 else matrix
        shape = matrix.shape if shape is None else shape
        if matrix.ndim != 3 or matrix.shape != shape or matrix.shape[1] != matrix.shape[2] or 0 in matrix.shape:
            raise FlowError(
                f"{model}, the matrix of step {step}",
                f"an array of shape {np.shape(given)}, where {'(B, S, S)' if step == 0 else shape} belongs",
                "a Jacobian of one state with respect to another, or one of a list with a batch, another without",
                "give square matrices (S, S) or (B, S, S), all of one shape",
            )
        step_number: Integers = np.array([step])
        refusals.refuse_not_finite(matrix[None], step_number, model)
        yield matrix
