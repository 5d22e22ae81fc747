"""Sums over time in a bounded number of bins, for running means and for the standard error of a mean."""

from __future__ import annotations

import numpy as np

from lstm_sym.flow.runs.scaling import Array, Integers

# The bins that are kept at most; where more are needed, neighbours are joined and every bin is twice as long.
MOST = 128
# The least number of batches that a standard error is taken from; it is less than twice that.
BATCHES = 16


class Bins:
    """Sums of a quantity of shape (B, k) over bins of equal length in time, at most MOST of them."""

    def __init__(self) -> None:
        self.steps = 0
        self._length = 1
        self._full: list[Array] = []
        self._last: Array | float = 0.0
        self._filled = 0

    def add(self, steps: int, total: Array) -> None:
        """Take note of the sum over the next `steps` steps, spread evenly over them."""
        self.steps += steps
        rate = total / steps
        while steps:
            part = min(steps, self._length - self._filled)
            self._last = self._last + part * rate
            self._filled += part
            steps -= part
            if self._filled == self._length:
                self._full.append(np.asarray(self._last))
                self._last, self._filled = 0.0, 0
            if len(self._full) == MOST:
                self._full = [left + right for left, right in zip(self._full[::2], self._full[1::2], strict=True)]
                self._length *= 2

    def mean(self) -> Array:
        """The mean over all steps, (B, k)."""
        return np.asarray((sum(self._full) + self._last) / self.steps)

    def running(self) -> tuple[Integers, Array]:
        """Steps (n,), and the mean up to each of them (n, B, k), at the ends of the bins."""
        steps = self._length * np.arange(1, len(self._full) + 1)
        return steps, np.cumsum(self._full, axis=0) / steps[:, None, None]

    def error(self) -> Array:
        """The standard error of the mean, (B, k), from the scatter of batch means; 0 where the mean is -inf.

        The steps are cut into 16 to 31 batches of equal length with the means m_1 .. m_n, whose scatter gives
        sqrt(sum (m_i - m)^2 / (n (n - 1))). Neighbouring steps are correlated, batches are not, as long as a batch is
        longer than the memory of the process (Flegal & Jones 2010, Annals of Statistics 38(2)); where it is shorter the
        error comes out too small. Needs BATCHES steps.
        """
        size = len(self._full) // BATCHES
        count = len(self._full) // size
        sums = np.reshape(self._full[: size * count], (count, size, *self._full[0].shape)).sum(axis=1)
        lost = np.isneginf(sums).any(axis=0)
        means = np.where(lost, 0.0, sums) / (size * self._length)
        return np.asarray(means.std(axis=0, ddof=1) / np.sqrt(count))
