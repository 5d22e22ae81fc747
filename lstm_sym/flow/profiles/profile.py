"""The sensitivity profile of a model: a curve against the lag for every end point, and what is read off the curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profiles.curves import EQUAL, centroids, half_lives, share_lags
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.ground.shown import Shown


@dataclass(frozen=True, eq=False)
class Profile(Shown):
    """ln ||d output[T] / d source[T - lag]|| for n end points and the lags 0, 1, ..., L.

    Attributes:
        model: what the figure and the table call it.
        log_norms: (n, L + 1), natural logarithms, finite.
        ends: (n, 2), the step T and the sequence of each end point.
        seeds: (n,), the seed that each end point's parameters were drawn with; -1 for given parameters.
        output: the state whose sensitivity it is, "state" for all states together, "readout" or "loss" for one's own.
        source: "x" for the input, else the name of a state, or "state" for all of them.
        norm: "frobenius" or "spectral".

    Raises FlowError: other shapes, or a logarithm that is not finite. A sensitivity of exactly 0 has none, and every
    quantity read off a profile is relative to lag 0.
    """

    model: str
    log_norms: Array = field(repr=False)
    ends: Integers = field(repr=False)
    seeds: Integers = field(repr=False)
    output: str
    source: str
    norm: str

    def __post_init__(self) -> None:
        refusals.refuse_masked(self.model, log_norms=self.log_norms, ends=self.ends, seeds=self.seeds)
        shape = np.shape(self.log_norms)
        if len(shape) != 2 or 0 in shape or np.shape(self.ends) != (shape[0], 2) or np.shape(self.seeds) != shape[:1]:
            raise FlowError(
                f"{self.model}, profile",
                f"log_norms of shape {shape}, ends of {np.shape(self.ends)}, seeds of {np.shape(self.seeds)}",
                "a single curve given as (L + 1,), or end points left out",
                "give log_norms (n, L + 1), ends (n, 2) and seeds (n,) for n end points",
            )
        wrong = np.argwhere(~np.isfinite(self.log_norms))
        if wrong.size:
            row, lag = (int(part) for part in wrong[0])
            raise FlowError(
                f"{self.model}, profile",
                f"log_norms[{row}, {lag}] is {self.log_norms[row, lag]}, one of {len(wrong)} that are not finite",
                "the logarithm of a sensitivity of exactly 0, or of a missing one",
                "leave out the end point, or the lags from there on; a map or a spectrum states exact zeros as -inf",
            )

    @property
    def lags(self) -> Integers:
        """0, 1, ..., L: (L + 1,)."""
        return np.arange(self.log_norms.shape[1])

    def relative(self) -> Array:
        """ln(||.|| at each lag / ||.|| at lag 0) of every end point: (n, L + 1), the first column 0."""
        return self.log_norms - self.log_norms[:, :1]

    def quantiles(self, shares: Sequence[float], *, relative: bool = False) -> Array:
        """Quantiles over the end points, natural logarithms: (len(shares), L + 1); relative to lag 0 if asked for."""
        values = self.relative() if relative else self.log_norms
        return np.quantile(values, shares, axis=0)

    def median(self, *, relative: bool = False) -> Array:
        """The median over the end points, natural logarithm: (L + 1,); relative to lag 0 if asked for."""
        middle: Array = self.quantiles([0.5], relative=relative)[0]
        return middle

    def half_life(self, first: int = 0, last: int | None = None) -> float:
        """The steps in which the sensitivity halves: ln 2 / -slope, inf where it does not decay but by rounding.

        slope is that of the least-squares line through the median of ln(||.|| / ||.|| at lag 0) over the lags
        `first` to `last` (all by default): a rate of the whole curve, to which the first step, where x still acts
        past the gates, counts no more than any other. For ||.|| = rho^lag it is ln 2 / -ln rho. Untrained, with
        H = 64, 8 standard Gaussian inputs and kernel.init, it is about 1.3 steps for the tanh RNN, 1.5 for the LSTM,
        4.2 for the LSTM with b_f=1 (lags 0 to 60, mean of 8 draws; one draw to the next differs by 0.2, 0.1, 0.3).
        It has no interval: `memory_card` gives one.

        Raises FlowError unless 0 <= first < last <= L.
        """
        last = len(self.lags) - 1 if last is None else last
        if not 0 <= first < last < len(self.lags):
            raise FlowError(
                f"{self.model}, half_life",
                f"a line through the lags {first} to {last} of a profile that has the lags 0 to {len(self.lags) - 1}",
                "lags chosen for a longer profile, or first and last exchanged",
                "give 0 <= first < last within the profile, or measure more lags",
            )
        return float(half_lives(self.median(relative=True)[None, first : last + 1])[0])

    def halving_lag(self) -> float:
        """The lag at which the median first falls to half of its value at lag 0; inf if it never does.

        Between two lags the logarithm is interpolated. Unlike `half_life` it sees the first steps only.
        """
        median = self.median(relative=True) + np.log(2.0)
        below = np.flatnonzero(median <= EQUAL)
        if not below.size:
            return float("inf")
        lag = int(below[0])
        return float(lag - median[lag] / (median[lag] - median[lag - 1]))

    def share_lag(self, share: float) -> int:
        """The smallest lag l with sum_{k <= l} m_k >= share * sum_{k <= L} m_k, m the median relative to lag 0.

        share_lag(0.5) is lag50, share_lag(0.9) lag90. Where `settled` is False it is a lower bound: the sum over the
        lags measured is not yet the whole. Raises FlowError unless 0 < share < 1.
        """
        refusals.refuse_share(f"{self.model}, share_lag", share)
        return int(share_lags(self.median(relative=True)[None], share)[0])

    @property
    def centroid_lag(self) -> float:
        """sum_l l m_l / sum_l m_l, m the median relative to lag 0; a lower bound where `settled` is False."""
        return float(centroids(self.median(relative=True)[None])[0])

    @property
    def settled(self) -> bool:
        """Whether the last tenth of the lags holds at most 1 % of the sum over all: more lags would add little."""
        cumulative = np.logaddexp.accumulate(self.median(relative=True))
        before = len(cumulative) - 1 - max(1, len(cumulative) // 10)
        return bool(-np.expm1(cumulative[before] - cumulative[-1]) <= 0.01)

    def by_seed(self) -> dict[int, Profile]:
        """One profile for each seed, in the order of the seeds."""
        rows = {int(seed): self.seeds == seed for seed in np.unique(self.seeds)}
        return {
            seed: replace(self, log_norms=self.log_norms[of], ends=self.ends[of], seeds=self.seeds[of])
            for seed, of in rows.items()
        }


def pooled(profiles: Sequence[Profile]) -> Profile:
    """One profile over the end points of several profiles of the same model."""
    parts = ("log_norms", "ends", "seeds")
    joined: Any = {part: np.concatenate([getattr(profile, part) for profile in profiles]) for part in parts}
    return replace(profiles[0], **joined)
