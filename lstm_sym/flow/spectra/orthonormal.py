"""Orthonormal vectors and a triangle, X = Q R, by products of matrices where X allows it, else by Householder's QR.

Cholesky's factor of the Gram matrix gives both, X'X = R'R and Q = X R^-1, in products of matrices, of which a processor
does several times as many a second as of what Householder's QR is made of; but it squares the condition of X. So it is
taken of few vectors at a time, after all those before them have been taken out of them (block Gram-Schmidt); of vectors
that are rather parallel twice, so that the second factor mends what the first one lost; and of none that are so
parallel that the Gram matrix does not tell them apart. Q R = X then holds to rounding, and Q'Q = 1 to the rounding
times the loss ||R[:, i]|| / |R[i, i]|, of all vectors, and its square, of those of one panel.
Yamamoto, Nakatsukasa, Yanagisawa & Fukaya 2015, Electronic Transactions on Numerical Analysis 44 (CholeskyQR2).
"""

from __future__ import annotations

import math

import numpy as np

from lstm_sym.flow.runs.scaling import Array

# The most vectors of one Gram matrix.
PANEL = 64
# Fewer vectors than these are left to Householder's QR, which is one call.
FEWEST = 96
# The largest loss in a panel whose factor is not mended by a second one, as Q'Q = 1 to the rounding times its square:
# where others are to be taken out of it, which multiplies that by theirs, and of the last. Beyond MENDED none helps.
SOUND, LAST, MENDED = 1e2, 1e4, 1e6


def orthonormal_rows(rows: Array) -> tuple[Array, Array]:
    """Q' (B, k, S) and R (B, k, k), upper triangular, of vectors that stand in the rows of X' (B, k, S)."""
    batch, count, _ = rows.shape
    if count >= FEWEST:
        directions, lower = rows.copy(), np.zeros((batch, count, count))
        if _factored(directions, lower):
            return directions, lower.swapaxes(-2, -1)
    columns, triangle = np.linalg.qr(rows.swapaxes(-2, -1))
    return columns.swapaxes(-2, -1), triangle


def _factored(rows: Array, lower: Array) -> bool:
    """Rows made orthonormal in place, and their factor; False where they are too parallel for it."""
    count = rows.shape[1]
    for start in range(0, count, PANEL):
        part, rest = slice(start, start + PANEL), slice(start + PANEL, count)
        panel, others = rows[:, part], rows[:, rest]
        if not _panel(panel, lower[:, part, part], LAST if start + PANEL >= count else SOUND):
            return False
        lower[:, rest, part] = share = others @ panel.swapaxes(-2, -1)
        others -= share @ panel
    return True


def _panel(rows: Array, lower: Array, sound: float) -> bool:
    """The same of a few rows: by Cholesky's factor, or by two of them."""
    gram = rows @ rows.swapaxes(-2, -1)
    try:
        factor = np.asarray(np.linalg.cholesky(gram), np.float64)
    except np.linalg.LinAlgError:
        return False
    loss = math.sqrt((_diagonal(gram) / _diagonal(factor) ** 2).max())
    if not loss <= MENDED:
        return False
    lower[...], rows[...] = factor, np.linalg.inv(factor) @ rows
    if loss > sound:
        again = np.empty_like(factor)
        if not _panel(rows, again, sound):
            return False
        lower[...] = factor @ again
    return True


def _diagonal(matrices: Array) -> Array:
    """The diagonals of matrices (B, k, k), (B, k)."""
    found: Array = np.einsum("bii->bi", matrices)
    return found
