"""The bootstrap of a profile: how its median curve would differ, had other seeds, sequences or end points been drawn.

End points are no independent sample: those of one draw of the parameters share them, neighbours in a sequence share
most of their past. So whole groups are drawn with replacement (Efron & Tibshirani 1993): first seeds, and within each
seed drawn its sequences, or where there is one sequence circular blocks of neighbouring end points (Politis & Romano
1992). The block length follows from the correlation of neighbours, 2 rho / (1 - rho^2) (Carlstein 1986, section 5).

Of few groups a bootstrap finds too narrow an interval. It is widened as Hesterberg (2015, The American Statistician
69, section 4.3) does: quantiles at Phi(-+ sqrt(n / (n - 1)) t_{n-1}) of n groups. Of two groups no quantile is wide
enough: their interval of 95 % holds the truth about three times in four.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs.scaling import Array, Integers

SEEDS, SEQUENCES, BLOCKS = "seeds", "sequences", "blocks of {length} end points"


@dataclass(frozen=True, eq=False)
class Resampling:
    """How often each end point is drawn.

    Attributes:
        counts: (resamples, n), integers; None where nothing can be resampled.
        groups: the independent groups that the intervals rest on; fractional for blocks, n / length.
        kind: what they are: SEEDS, SEQUENCES or BLOCKS; "" for one end point.
    """

    counts: Integers | None
    groups: float
    kind: str

    def interval(self, values: Array, level: float) -> tuple[float, float] | tuple[None, None]:
        """The interval at `level` of a statistic from its `values` in the resamples; None twice where there is none."""
        return (None, None) if self.counts is None else interval(values, self.groups, level)


def resampling(profile: Profile, resamples: int, rng: np.random.Generator) -> Resampling:
    """Draw the seeds of a profile, within them its sequences or blocks of end points, `resamples` times.

    Raises FlowError: fewer than 100 resamples.
    """
    if resamples < 100:
        raise FlowError(
            f"{profile.model}, resamples", f"{resamples}", "a trial run", "give at least 100, 1000 for a 95 % interval"
        )
    seeds = np.unique(profile.seeds)
    drawn = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=resamples)
    counts = np.zeros((resamples, len(profile.seeds)), np.int64)
    groups, kind = float(len(seeds)), SEEDS
    for index, seed in enumerate(seeds):
        rows = np.flatnonzero(profile.seeds == seed)
        members, picks, inside = _pieces(profile, rows)
        counts[:, rows] = rng.multinomial(drawn[:, index] * picks, np.full(len(members), 1 / len(members))) @ members
        if len(seeds) == 1:
            groups, kind = _named(members, inside)
    return Resampling(counts if groups >= 2 else None, groups, kind)


def medians(profile: Profile, counts: Integers) -> Array:
    """The median relative to lag 0 of every resample: (resamples, L + 1), each end point as often as it was drawn."""
    curves = profile.relative()
    total = counts.sum(axis=1, keepdims=True)
    result = np.empty((len(counts), curves.shape[1]))
    for lag, values in enumerate(curves.T):
        order = np.argsort(values, kind="stable")
        below = np.cumsum(counts[:, order], axis=1)
        low = (below < (total + 1) // 2).sum(axis=1)
        high = (below < total // 2 + 1).sum(axis=1)
        result[:, lag] = (values[order[low]] + values[order[high]]) / 2
    return result


def interval(values: Array, groups: float, level: float) -> tuple[float, float]:
    """The interval at `level` from a statistic of every resample, widened for few groups; ends may be infinite."""
    tail = NormalDist().cdf(-math.sqrt(groups / (groups - 1)) * t_quantile((1 + level) / 2, math.floor(groups) - 1))
    ordered, last = np.sort(values), len(values) - 1
    low = math.floor(tail * last)
    return float(ordered[low]), float(ordered[last - low])


def t_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t for 0.5 < share < 1 and whole degrees of freedom, by bisection of its CDF."""
    low, high = 0.0, 1.0
    while t_share(high, freedom) < share:
        high *= 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if t_share(middle, freedom) < share else (low, middle)
    return high


def t_share(value: float, freedom: int) -> float:
    """P(t <= value) for value >= 0 and whole degrees of freedom (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4)."""
    angle = math.atan(value / math.sqrt(freedom))
    cosine, odd = math.cos(angle), freedom % 2
    term, total = 1.0, 0.0
    for step in range(freedom // 2):
        total += term
        term *= cosine**2 * (2 * step + 1 + odd) / (2 * step + 2 + odd)
    both = 2 / math.pi * (angle + math.sin(angle) * cosine * total) if odd else math.sin(angle) * total
    return (1 + both) / 2


def _pieces(profile: Profile, rows: Integers) -> tuple[Integers, int, int]:
    """What is drawn of a seed: the members (pieces, its end points) of each, how many draws, and a block's length.

    The length is 0 where the pieces are sequences.
    """
    sequences = profile.ends[rows, 1]
    names = np.unique(sequences)
    if len(names) > 1:
        return (names[:, None] == sequences).astype(np.int64), len(names), 0
    order = np.argsort(profile.ends[rows, 0], kind="stable")
    length = _block_length(profile.relative()[rows[order]].mean(axis=1))
    members = np.zeros((len(rows), len(rows)), np.int64)
    for start in range(len(rows)):
        members[start, order[np.arange(start, start + length) % len(rows)]] = 1
    return members, math.ceil(len(rows) / length), length


def _named(members: Integers, length: int) -> tuple[float, str]:
    """The number of independent groups within a single seed, and what they are."""
    if len(members) == 1:
        return 1.0, ""
    return (len(members) / length, BLOCKS.format(length=length)) if length else (float(len(members)), SEQUENCES)


def _block_length(values: Array) -> int:
    """(2 rho / (1 - rho^2))^(2/3) n^(1/3), rho the correlation of neighbours in time; at most half of n, at least 1."""
    n = len(values)
    rest = values - values.mean()
    power = float(rest @ rest)
    if n < 4 or power == 0:
        return 1
    rho = min(max(float(rest[1:] @ rest[:-1]) / power, 0.0), 0.99)
    return int(min(max(1, math.ceil((2 * rho / (1 - rho**2)) ** (2 / 3) * n ** (1 / 3))), n // 2))
