"""The Lyapunov spectrum of a cell: the rates, in nats per step, at which small changes of its state grow or fade.

    lambda_i = lim 1/T sum_t ln |R[t]_ii|,     J[t] Q[t-1] = Q[t] R[t],     J[t] = ds[t]/ds[t-1]

over the whole state s, (h, c) of an LSTM: the rate of h alone, with c held, is that of nothing. In the driven form the
input is given; in the closed loop the cell reads what it gave out a step before (feedback.py). Every exponent comes
with a standard error, of its mean over time and of nothing else. Engelken, Wolf & Abbott 2023, Physical Review Research
5, 043044; Vogt et al. 2022, Frontiers in Applied Mathematics and Statistics 8, 818799.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.feedback import closed_jacobians
from lstm_sym.flow.runs.scaling import Array, Integers, log
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.flow.spectra.bins import BATCHES, Bins
from lstm_sym.flow.spectra.triangular import Factor, Frame, checked, random_columns
from lstm_sym.ground.progress import Progress, tell


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """The k leading exponents of a product of Jacobians over T steps of B sequences, in nats per step.

    Attributes:
        model: what figures and tables call it.
        exponents: (k,), descending, the mean over the sequences; -inf for a direction that was cut off exactly, as by
            units of a relu that rest, or a gate of exactly 0.
        errors: (k,), standard errors from batch means over time (bins.py), the sequences independent; 0 for -inf. They
            are those of the mean over this run: the spread between draws of the parameters or between inputs is no
            part of them, nor the bias of a finite run, in which the frame is still finding its directions, nor
            correlations longer than a batch, 1/16 to 1/31 of the run. Between draws take the scatter over runs.
        sequences: (B, k), the exponents of each sequence, in the same order.
        rounded: (k,), the share of the steps at which what was left of a direction was less than the rounding of the
            Jacobian that it came from. Where it is not 0 the exponent is in part that of rounding; it cannot be told
            from Jacobians in float64, as where the gates of an LSTM are saturated.
        rounding: (k,), how far each exponent may be off by the rounding of QR, nats per step: what is nearer to 0 is 0.
        running_steps: (n,), some 100 points of time.
        running: (n, k), the exponents as estimated up to each of them, in the same order.
        size: S, the units of all states.
        steps: the steps that were counted.
        burn_in: the steps before them, in which the frame found its directions.
    """

    model: str
    exponents: Array
    errors: Array
    sequences: Array
    rounded: Array
    rounding: Array
    running_steps: Integers
    running: Array
    size: int
    steps: int
    burn_in: int

    @property
    def dimension(self) -> float:
        """The Kaplan-Yorke dimension j + (lambda_1 + .. + lambda_j) / |lambda_{j+1}|, j the last whose sum is >= 0.

        0 where all exponents are negative, S where even the sum of all is not; a sum that is 0 but for its rounding is
        0, so that a product of isometries has S, and one that keeps a single direction 1. Standard errors are no part
        of it: an exponent that is 0 within its error may be counted or not. Kaplan & Yorke 1979, Lecture Notes in
        Mathematics 730, 204-227; Frederickson, Kaplan, Yorke & Yorke 1983, Journal of Differential Equations 49, 185.
        Raises FlowError where too few exponents were asked for to tell.
        """
        sums = np.cumsum(self.exponents)
        below = np.flatnonzero(sums < -np.cumsum(self.rounding))
        if not below.size:
            if len(sums) < self.size:
                raise self._too_few("the Kaplan-Yorke dimension", f"the sum of all of them is {sums[-1]:.3g}")
            return float(self.size)
        following = int(below[0])
        if not following:
            return 0.0
        return float(following + max(0.0, sums[following - 1]) / -self.exponents[following])

    @property
    def entropy(self) -> float:
        """The sum of the positive exponents, nats per step: a bound of the Kolmogorov-Sinai entropy (Ruelle 1978).

        It is the entropy itself where the measure is smooth along the unstable directions (Pesin 1977, Russian
        Mathematical Surveys 32(4)). Raises FlowError where too few exponents were asked for to tell.
        """
        positive = self.exponents > self.rounding
        if positive[-1] and len(self.exponents) < self.size:
            raise self._too_few("the entropy", f"the last of them is {self.exponents[-1]:.3g}")
        return float(self.exponents[positive].sum())

    def _too_few(self, what: str, found: str) -> FlowError:
        count = len(self.exponents)
        return FlowError(
            f"{self.model}, {what}",
            f"{count} of {self.size} exponents do not tell it: {found}, and has to be negative",
            "only the leading exponents were asked for",
            f"measure with count=None, or with more than {count}",
        )


def growth_rates(
    jacobians: Iterable[Any],
    *,
    count: int | None = None,
    burn_in: int = 0,
    model: str = "Jacobians",
    progress: Progress | None = None,
) -> LyapunovSpectrum:
    """The exponents of any product of matrices J[T] .. J[1], given in the order in which they act.

    jacobians: (B, S, S) or (S, S) each; read one after the other, so that a generator may be as long as it likes.
    count: how many exponents, all by default. burn_in: steps that are left out at the start. progress is told of
    sequences of known length only. Raises FlowError: no matrix, other shapes, NaN, too few steps.
    """
    total = len(jacobians) if isinstance(jacobians, Sequence | np.ndarray) else None
    return _measured(checked(jacobians, model), _Wanted(model, count, burn_in, total), progress)


def lyapunov(
    trajectory: Trajectory,
    *,
    count: int | None = None,
    burn_in: int | None = None,
    feedback: Any = None,
    progress: Progress | None = None,
) -> LyapunovSpectrum:
    """The Lyapunov spectrum of a cell along a trajectory, over all of its states.

    trajectory: from `record`, or from `closed_loop`. count: how many leading exponents, all by default; the cost of
    one is that of the Jacobians. burn_in: steps left out at the start, in which the state and the frame forget
    where they began; a tenth by default. feedback: (D, N), for a trajectory whose input is x[t] = feedback y[t-1]:
    then the exponents are those of the closed loop. A constant or zero input is allowed: an autonomous system.

    Raises FlowError: fewer than 16 steps after burn_in, a count beyond the states, a feedback that is not the one
    that the trajectory ran with, a Jacobian that is not finite.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    burn_in = len(trajectory) // 10 if burn_in is None else burn_in
    matrices = trajectory.jacobians() if feedback is None else closed_jacobians(trajectory, feedback)
    return _measured(matrices, _Wanted(trajectory.model, count, burn_in, len(trajectory)), progress)


@dataclass(frozen=True)
class _Wanted:
    """What is asked for, and of what; `total` steps, None where it is not known."""

    model: str
    count: int | None
    burn_in: int
    total: int | None


def _measured(matrices: Iterator[Array], wanted: _Wanted, progress: Progress | None) -> LyapunovSpectrum:
    """Carry a frame through all matrices and sum up the logarithms of its factors."""
    burn_in = _burn_in(wanted)
    first = next(matrices, None)
    if first is None:
        raise _too_few_steps(0, wanted)
    batch, size, _ = first.shape
    frame = Frame(random_columns(size, _count(wanted, size)), batch)
    matrices = chain([first], matrices)
    heard = None if wanted.total is None else progress
    done = 0
    for factor in frame.factors(islice(matrices, burn_in)):
        done += factor.steps
        tell(heard, done, wanted.total or 0)
    bins, rounded, rounding = Bins(), *np.zeros((2, frame.columns.shape[-1]))
    for factor in frame.factors(matrices):
        bins.add(factor.steps, log(factor.sizes))
        rounded += factor.rounded.mean(axis=0)
        rounding += _rounding(factor, size)
        done += factor.steps
        tell(heard, done, wanted.total or 0)
    if bins.steps < BATCHES:
        raise _too_few_steps(bins.steps, wanted)
    return _spectrum(bins, rounded / bins.steps, rounding / bins.steps, size, wanted)


def _spectrum(bins: Bins, rounded: Array, rounding: Array, size: int, wanted: _Wanted) -> LyapunovSpectrum:
    """The exponents in descending order, with all that belongs to each."""
    sequences = bins.mean()
    errors = np.sqrt((bins.error() ** 2).sum(axis=0)) / len(sequences)
    steps, running = bins.running()
    order = np.argsort(-sequences.mean(axis=0), kind="stable")
    return LyapunovSpectrum(
        model=wanted.model,
        exponents=sequences.mean(axis=0)[order],
        errors=errors[order],
        sequences=sequences[:, order],
        rounded=rounded[order],
        rounding=rounding[order],
        running_steps=steps,
        running=running.mean(axis=1)[:, order],
        size=size,
        steps=bins.steps,
        burn_in=wanted.burn_in,
    )


def _rounding(factor: Factor, size: int) -> Array:
    """How far ln |R_ii| may be off, (k,): the rounding of sums of S terms times the loss; 0 where R_ii is 0 exactly."""
    return np.asarray(size * factor.steps * np.finfo(np.float64).eps * factor.losses.mean(axis=0))


def _count(wanted: _Wanted, size: int) -> int:
    count = size if wanted.count is None else operator.index(wanted.count)
    if not 1 <= count <= size:
        raise FlowError(
            f"{wanted.model}, count",
            f"{count} exponents of a state of {size} units",
            "as many exponents as units exist, one a direction",
            f"ask for 1 to {size}, or None for all",
        )
    return count


def _burn_in(wanted: _Wanted) -> int:
    burn_in = operator.index(wanted.burn_in)
    if burn_in < 0:
        raise FlowError(f"{wanted.model}, burn_in", f"{burn_in} steps", "a count from the end", "give 0 or more")
    if wanted.total is not None and wanted.total - burn_in < BATCHES:
        raise _too_few_steps(max(0, wanted.total - burn_in), wanted)
    return burn_in


def _too_few_steps(found: int, wanted: _Wanted) -> FlowError:
    return FlowError(
        f"{wanted.model}, Lyapunov exponents",
        f"{found} steps after the first {wanted.burn_in}, where a mean and its error need {BATCHES}",
        "a short stream, or a burn_in as long as the stream; an exponent is a mean over very many steps",
        "give more steps or a smaller burn_in; for a short product take the singular spectrum",
    )
