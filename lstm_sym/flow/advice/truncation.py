"""How many steps back to propagate: the truncation length K for a wanted bias, and the bias that is really there.

Truncated after K steps, backpropagation drops the terms of all lags above K. With m(l) the sensitivity at lag l, and
terms that are otherwise of one size, the share of the gradient that is lost is about

    bias(K) = sum_{l > K} m(l) / sum_l m(l)

It is an estimate and no bound: terms of opposite sign cancel, in what is lost as in the whole gradient it is a share
of, so that a single draw may lose more, up to twice as much (`truncation_error` measures what comes of that).
Beyond the lags measured, m goes on from its last value as `decay.continuation` says: that part of the sums is a model
and no data, and `Truncation.modelled` says whether the answer rests on it. Where the sum over all lags diverges, as of
a power law of exponent 1 or less, every K loses all of it, and there is no truncation length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym import through_time
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.memory.bootstrap import medians, resampling
from lstm_sym.flow.memory.decay import continuation, fitted
from lstm_sym.flow.memory.laws import Law
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.kernels import Kernel
from lstm_sym.through_time.kernel import check_kernel
from lstm_sym.through_time.lengths import time_major

# A length beyond this is no advice.
LONGEST = 2**40
# The share of the bias from which on the part of it that is but modelled is told.
MODELLED = 0.1
EQUAL = 1e-12


@dataclass(frozen=True)
class Truncation:
    """The truncation length for a bias.

    Attributes:
        model: its label.
        bias: the share of the gradient that may be lost.
        length: K, the lags 0 to K are kept, 1 + K steps; inf where there is none, as the sum diverges or none below
            2^40 is enough, None where not known.
        low, high: its interval at 95 %; None where nothing could be resampled, or the length is not known.
        measured: L, the lags measured; a longer `length` is extrapolated.
        law: the law of the lags beyond L (`decay.continuation`); None where there is none to go by.
        tail: the share of sum_l m(l) that lies beyond L by that law; 1 where the sum diverges, None without a law.
        diverges: whether the sum over all lags is infinite by that law.
    """

    model: str
    bias: float
    length: float | None
    low: float | None
    high: float | None
    measured: int
    law: str | None
    tail: float | None
    diverges: bool = False

    @property
    def modelled(self) -> bool:
        """Whether more than a tenth of what may be lost lies beyond the lags measured: a model there, and no data."""
        return self.tail is not None and self.tail > MODELLED * self.bias

    @property
    def extrapolated(self) -> bool:
        """Whether the length rests on the law beyond the lags measured."""
        return self.length is not None and self.length > self.measured


@dataclass(frozen=True, eq=False)
class TruncationError:
    """How far the gradient of truncated backpropagation is from that of the full one.

    Attributes:
        windows: (n,), the steps k2 of each pass.
        bias: (n,), ||g_window - g|| / ||g|| over all parameters together.
        cosine: (n,), of the angle between the two; NaN where the truncated gradient is 0.
    """

    windows: Integers
    bias: Array
    cosine: Array


def truncation_length(profile: Profile, bias: float, *, resamples: int = 1000, seed: int = 0) -> Truncation:
    """The smallest K with bias(K) <= `bias`, and its 95 % interval over seeds, sequences or end points.

    A profile that has not settled and tells no law gives no length: `length` is None. A power law of exponent 1 or
    less, shifted or not, or growth gives inf: the sum over all lags diverges.

    Raises FlowError: a bias that is not between 0 and 1, fewer than 3 lags, fewer than 100 resamples.
    """
    refusals.refuse_all_but("Profile", profile)
    refusals.refuse_share(f"{profile.model}, bias", bias)
    curve = profile.median(relative=True)
    beyond = continuation(profile)
    measured = len(curve) - 1
    if beyond is None:
        return Truncation(profile.model, bias, None, None, None, measured, None, None)
    law = beyond.law
    length = _length(curve, law, bias)
    drawn = resampling(profile, resamples, np.random.default_rng(seed))
    curves = curve[None] if drawn.counts is None else medians(profile, drawn.counts)
    fits = fitted(curves[:, beyond.first :], beyond.first, refined=0, kinds=(law.name,))[law.name]
    lengths = [_length(one, fits.law(index), bias) for index, one in enumerate(curves)]
    low, high = drawn.interval(np.array(lengths), 0.95)
    tail = math.exp(_log_sums(curve, law)[1])
    return Truncation(profile.model, bias, length, low, high, measured, law.name, tail, law.diverges)


def bias_curve(profile: Profile, law: Law | None = None) -> Array:
    """bias(K) for K = 0 .. L, (L + 1,); the lags beyond L count as `law` says, as nothing without one."""
    refusals.refuse_all_but("Profile", profile)
    curve = profile.median(relative=True)
    sums, tail = _log_sums(curve, law)
    shares: Array = np.exp(np.append(sums, tail)[1:])
    return shares


def truncation_error(
    kernel: Kernel,
    params: Any,
    x: Any,
    *,
    dy: Any,
    windows: Sequence[int],
    every: int | None = None,
    state: Any = None,
) -> TruncationError:
    """The gradient of the parameters by truncated backpropagation against the full one, for each window.

    x (T, B, D). dy: dL/dy (T, B, H), or a function of steps and y, as in `through_time.truncated`. windows: the steps
    k2 that a pass goes back. every: k1, the steps between passes; None is k2. An error is carried at most window - 1
    steps back, and with every=1 exactly so far: that is K = window - 1 in `truncation_length`.

    Raises FlowError: no window, a gradient that is 0; and what `through_time.truncated` raises.
    """
    if not len(windows):
        raise FlowError("truncation_error, windows", "no window", "an empty selection", "give at least one")
    check_kernel(kernel)
    steps = len(time_major("x", x, axes=3))

    def gradient(window: int, between: int | None) -> Array:
        how: Any = {"dy": dy, "window": window, "every": between, "precise": True}
        _, _, grads = through_time.truncated(kernel, x, params, state, **how)
        return np.concatenate([np.ravel(part) for part in grads.params])

    full = gradient(steps, None)
    size = float(np.linalg.norm(full))
    if not 0 < size < math.inf:
        raise FlowError(
            "truncation_error, dy",
            f"a full gradient of norm {size}",
            "a loss that no parameter changes, or one that overflows",
            "give the gradient of a loss at some step",
        )
    cut = np.array([gradient(window, every) for window in windows])
    norms = np.linalg.norm(cut, axis=1)
    cosine = cut @ full / np.where(norms > 0, norms, np.nan) / size
    return TruncationError(np.asarray(windows, np.int64), np.linalg.norm(cut - full, axis=1) / size, cosine)


def _log_sums(curve: Array, law: Law | None) -> tuple[Array, float]:
    """ln of the shares of sum_l m(l) at the lags l >= 0, 1, ..., L, and of those beyond L."""
    last = len(curve) - 1
    tail = -math.inf if law is None else law.through(last, float(curve[-1])).log_tail(last)
    if tail == math.inf:
        return np.zeros_like(curve), 0.0
    sums = np.logaddexp.accumulate(np.append(curve, tail)[::-1])[::-1]
    return sums[:-1] - sums[0], float(tail - sums[0])


def _length(curve: Array, law: Law, bias: float) -> float:
    """The smallest K with bias(K) <= bias; inf where no K has."""
    sums, tail = _log_sums(curve, law)
    # Shares that are equal but for rounding are equal.
    bias *= 1 + EQUAL
    beyond = np.append(sums[1:], tail)
    within = np.flatnonzero(beyond <= math.log(bias))
    if within.size:
        return float(within[0])
    if law.diverges:
        return math.inf
    last = len(curve) - 1
    whole = law.through(last, float(curve[-1]))
    total = whole.log_tail(last) - tail
    low, high = last, 2 * last
    while high < LONGEST and not whole.log_tail(high) - total <= math.log(bias):
        low, high = high, 2 * high
    if high >= LONGEST:
        return math.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if whole.log_tail(middle) - total <= math.log(bias) else (middle, high)
    return float(high)
