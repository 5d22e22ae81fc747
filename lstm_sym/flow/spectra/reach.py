"""How many directions a product of matrices can keep, by the zeros of its factors alone.

A column of zeros is a unit that nothing listens to, a row of zeros one that listens to nothing: the rank of a product
is at most the number of its rows, and of its columns, that are not zeros, and at most that of each of its factors. So
an LSTM whose gates do not read h keeps H of its 2 H directions, exactly; QR in float64 would leave the rounding of the
others in their place.
"""

from __future__ import annotations

import numpy as np

from lstm_sym.flow.runs.scaling import Array, Integers


class Reach:
    """Which units can act on which along a product J[t] .. J[1] of matrices (B, S, S), given one after the other."""

    def __init__(self) -> None:
        self._acts: Array | None = None
        self._most: Integers | None = None
        self._all_act = False

    def after(self, matrix: Array) -> Integers:
        """The most directions left after one more matrix, (B,): a bound of the rank, S where nothing is 0."""
        if self._all_act and self._most is not None and np.einsum("bii->bi", matrix).all():
            return self._most  # no row and no column of zeros, so that each unit still acts on all
        filled = matrix != 0
        most = _lines(filled)
        if self._acts is None or self._most is None:
            acts = filled
        elif self._all_act and filled.any(axis=-1).all():
            acts = self._acts
        else:
            acts = filled.astype(np.float32) @ self._acts.astype(np.float32) > 0
        if self._most is not None:
            most = np.minimum(np.minimum(most, _lines(acts)), self._most)
        self._acts, self._most, self._all_act = acts, most, bool(acts.all())
        return most


def _lines(filled: Array) -> Integers:
    """The rows, or the columns where those are fewer, that hold something but zeros, (B,)."""
    rows, columns = filled.any(axis=-1).sum(axis=-1), filled.any(axis=-2).sum(axis=-1)
    least: Integers = np.minimum(rows, columns)
    return least
