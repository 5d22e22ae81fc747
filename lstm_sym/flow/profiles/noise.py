"""What of a gradient that reaches back is signal: its mean over samples against its scatter, by lag.

Sample i is one end point T of one sequence, with a loss gradient u_i = dL_i/d output[T]. Its gradient at lag l is

    g_i(l) = dL_i / d source[T - l],        SNR(l) = ||E g(l)|| / sqrt(E ||g(l) - E g(l)||^2)

Averaged over n independent samples the noise falls by sqrt(n), so the mean is seen from about n = 1 / SNR^2 on.
||mean of n||^2 is too large an estimate of ||E g||^2, by the variance of the mean; that is subtracted. The variance of
the mean is taken over sequences where there are several, as end points of one sequence are no independent samples.

u is carried back as one row with a binary exponent per column (scaling.py), and the sums over samples with one per lag.
Deviations are summed about the first sample of each lag, so gradients that are all alike have a noise of exactly 0.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.readouts import start_of
from lstm_sym.flow.runs.scaling import UNSEEN, ZERO, Array, Integers, Scaled, log
from lstm_sym.flow.runs.sweeps import sweep
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress

INPUT = "x"


@dataclass(frozen=True, eq=False)
class SignalToNoise:
    """Mean and scatter of dL/d source[T - lag] over the samples, by lag.

    Attributes:
        model: what tables and figures call it.
        source: "x" for the input, else the name of a state, or "state" for all of them.
        samples: n, end points times sequences.
        sequences: B; with one of them the end points count as independent.
        log_mean: (L + 1,), ln ||mean of g||; -inf where the samples cancel exactly.
        log_noise: (L + 1,), ln sqrt(sum ||g - mean||^2 / (n - 1)); -inf where the samples are all alike.
        ratio_squared: (L + 1,), the estimate of SNR^2 without bias in the mean: below 0 where the mean of the samples
            is smaller than chance makes it; inf where the noise is 0.
    """

    model: str
    source: str
    samples: int
    sequences: int
    log_mean: Array
    log_noise: Array
    ratio_squared: Array

    @property
    def lags(self) -> Integers:
        """0, 1, ..., L: (L + 1,)."""
        return np.arange(len(self.log_mean))

    @property
    def ratio(self) -> Array:
        """SNR by lag, (L + 1,); 0 where no signal can be told from noise."""
        return np.sqrt(np.maximum(self.ratio_squared, 0.0))

    @property
    def needed(self) -> Array:
        """1 / SNR^2, the independent samples to average before the signal is as large as the noise, (L + 1,)."""
        with np.errstate(divide="ignore"):
            return np.where(self.ratio > 0, 1.0 / self.ratio**2, np.inf)

    def reach(self, samples: int) -> int:
        """The first lag at which a mean over so many independent samples is more noise than signal; L + 1 if none."""
        lost = self.needed > samples
        return int(np.argmax(lost)) if lost.any() else len(lost)


def signal_to_noise(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    cotangent: Any = None,
    output: str | None = None,
    readout: Any = None,
    source: str | None = INPUT,
    progress: Progress | None = None,
) -> SignalToNoise:
    """The signal-to-noise ratio of the gradient at lag 0 .. `lags`, over end points and sequences.

    trajectory: from `record`. ends: the steps T, or how many, as in `input_sensitivity`; one that is given several
    times counts as several samples. output: the state that the loss reads, by default the one that the cell gives out,
    of N units. readout: what it reads of that state instead, N rows, as in `input_sensitivity`. cotangent: dL/d output,
    (N,) for all samples, (ends, N) or (ends, B, N); by default 1 for each unit, the gradient of their sum. source: "x",
    the name of a state, or None for all states.

    Raises FlowError: fewer steps than lags, fewer than two samples, a cotangent or a readout of another shape or not
    finite, no such state, a gradient that is exactly 0 in every sample.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    lags = operator.index(lags)
    points = refusals.end_points(ends, len(trajectory), lags, trajectory.model)
    if len(points) * trajectory.batch < 2:
        raise FlowError(
            f"{trajectory.model}, ends",
            "one end point of one sequence, which has no noise",
            "a gradient looked at for a single sample",
            "give several end points, or several sequences",
        )
    start = start_of(trajectory, points, output, readout)
    cotangent = np.ones(start.rows.shape[2]) if cotangent is None else cotangent
    rows = start.loss(cotangent, len(points), trajectory.batch, trajectory.model).rows
    columns = None if source == INPUT else trajectory.columns(source)
    sums = _Sums.empty(lags, trajectory.batch, trajectory.x.shape[2] if columns is None else _size(columns))
    for back in sweep(trajectory, rows, points, lags, progress=progress):
        sums.add(back.lags, back.source(columns))
    return _result(trajectory, source or "state", sums, len(points))


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over samples in units of 2^level of each lag; deviations are those from `reference`."""

    level: Integers  # (L + 1,)
    reference: Array  # (L + 1, D)
    deviation: Array  # (L + 1, B, D)
    squares: Array  # (L + 1,)

    @staticmethod
    def empty(lags: int, batch: int, units: int) -> _Sums:
        shape = (lags + 1, units)
        return _Sums(np.full(lags + 1, ZERO), np.zeros(shape), np.zeros((lags + 1, batch, units)), np.zeros(lags + 1))

    def add(self, lags: Integers, found: Scaled) -> None:
        """Add a sample of every sequence to each of k lags, in descending order, (B, k, 1, D); a lag may repeat."""
        repeat = np.arange(len(lags)) - np.searchsorted(-lags, -lags)
        for number in range(int(repeat.max()) + 1):
            chosen = repeat == number
            self._add_different(lags[chosen], Scaled(found.mantissa[:, chosen], found.exponent[:, chosen]))

    def _add_different(self, lags: Integers, found: Scaled) -> None:
        """As `add`, for lags that are all different: one assignment to each."""
        fresh = self.level[lags] == ZERO
        level = np.maximum(self.level[lags], found.exponent.max(axis=(0, 2), initial=ZERO + 1))
        shift = np.maximum(self.level[lags] - level, UNSEEN)
        relative = np.maximum(found.exponent - level[:, None], UNSEEN)
        values = np.ldexp(found.mantissa[:, :, 0], relative.astype(np.intc)).swapaxes(0, 1)
        reference = np.ldexp(self.reference[lags], shift.astype(np.intc)[:, None])
        reference = np.where(fresh[:, None], values[:, 0], reference)
        rest = values - reference[:, None]
        self.level[lags], self.reference[lags] = level, reference
        self.deviation[lags] = np.ldexp(self.deviation[lags], shift.astype(np.intc)[:, None, None]) + rest
        self.squares[lags] = np.ldexp(self.squares[lags], 2 * shift.astype(np.intc)) + (rest**2).sum(axis=(1, 2))


def _result(trajectory: Trajectory, source: str, sums: _Sums, ends: int) -> SignalToNoise:
    batch = trajectory.batch
    samples = ends * batch
    by_sequence = sums.reference[:, None] + sums.deviation / ends
    shift = sums.deviation.sum(axis=1) / samples
    mean = ((sums.reference + shift) ** 2).sum(axis=1)
    noise = np.maximum(sums.squares - samples * (shift**2).sum(axis=1), 0.0) / (samples - 1)
    if batch > 1:
        scatter = ((by_sequence - by_sequence.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))
        chance = scatter / (batch * (batch - 1))
    else:
        chance = noise / samples
    _refuse_zero(trajectory.model, source, (mean == 0) & (noise == 0))
    log_mean, log_noise = (sums.level * np.log(2.0) + log(part) / 2 for part in (mean, noise))
    ratio = np.where(noise > 0, (mean - chance) / np.where(noise > 0, noise, 1.0), np.inf)
    return SignalToNoise(trajectory.model, source, samples, batch, log_mean, log_noise, ratio)


def _refuse_zero(model: str, source: str, zero: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    if zero.any():
        raise FlowError(
            f"{model}, lag {int(np.argmax(zero))}",
            f"dL/d {source}[T - lag] is exactly 0 in every sample",
            "units cut off, a cotangent of zeros, or an output that does not depend on this at that lag",
            "choose another cotangent, output or source, or fewer lags",
        )


def _size(columns: slice) -> int:
    return int(columns.stop - columns.start)
