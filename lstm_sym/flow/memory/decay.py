"""Which law a profile decays by: exponential, power law or one of the two between, and whether the data can tell.

The logarithm of a sensitivity is a sum of one term a step, so what a curve strays from its law at one lag it carries
on to the next. Every law of laws.py is therefore fitted with Gaussian errors that follow an AR(1) process along the
lag, by maximum likelihood over level, slope, variance and correlation phi, and for the stretched exponential its shape,
for the shifted power law its offset:

    -2 ln L = n ln(rss(phi) / n) - ln(1 - phi^2),    BIC = -2 ln L + parameters ln n          (Schwarz 1978)

rss(phi) is the residual sum of squares after the errors are made independent (Prais & Winsten 1954). A difference of
BIC of 6 is "strong", of 10 "very strong" (Raftery 1995, Bayesian model selection in social research, table 6): below
the first no law is named, below the second none that has a parameter more. Whatever law is named describes the lags
measured; beyond them it is a model.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.memory.laws import EXPONENTIAL, POWER, SHIFTED, STRETCHED, Law, growth
from lstm_sym.flow.profiles.curves import levelled
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array

STRONG, VERY_STRONG = 6.0, 10.0
# With fewer lags than this no law is preferred: the fits have four and five parameters.
FEWEST = 10
CORRELATIONS = np.tanh(np.linspace(-2.0, 4.0, 61))
# Shape and ln offset are found on a grid, then on finer ones around the best point: to its spacing / 4^REFINED.
REFINED = 14


@dataclass(frozen=True)
class Decay:
    """The laws fitted to a curve, and the one it prefers.

    Attributes:
        laws: the best law of each kind, by name; ln m is relative to lag 0.
        criteria: the BIC of each, by name.
        preferred: the name of the law that the data prefer, None where they cannot tell.
        margin: how much larger the BIC of the runner-up is; where `preferred` is None, that between the two laws that
            cannot be told apart, below STRONG.
        lags: the first and the last lag of the fit.
    """

    laws: dict[str, Law]
    criteria: dict[str, float]
    preferred: str | None
    margin: float
    lags: tuple[int, int]

    @property
    def law(self) -> Law | None:
        """The preferred law, None where the data cannot tell."""
        return None if self.preferred is None else self.laws[self.preferred]

    @property
    def rate(self) -> float:
        """-d ln m / d lag of the exponential, a step."""
        return self.laws[EXPONENTIAL].slope

    @property
    def exponent(self) -> float:
        """-d ln m / d ln lag of the power law."""
        return self.laws[POWER].slope


@dataclass(frozen=True)
class Continuation:
    """How a curve goes on beyond the lags measured: an exponential or a power law, fitted from the lag `first` on.

    It is a model: no data are there.
    """

    law: Law
    first: int


@dataclass(frozen=True, eq=False)
class Fits:
    """One law fitted to each of n curves: shape, slope, level, offset and BIC, (n,) each."""

    shape: Array
    slope: Array
    level: Array
    offset: Array
    criterion: Array

    def law(self, index: int) -> Law:
        """The law of one of the curves."""
        return Law(*(float(part[index]) for part in (self.shape, self.slope, self.level, self.offset)))


@dataclass(frozen=True)
class _Family:
    """Laws with one more parameter: its grid, evenly spaced, and the shape and the offset that a value of it means."""

    grid: tuple[float, ...]
    spacing: float
    is_shape: bool

    def shape_and_offset(self, value: float) -> tuple[float, float]:
        return (value, 0.0) if self.is_shape else (0.0, float(np.exp(value)))

    def values(self, fits: Fits) -> Array:
        """What the parameter is in fits."""
        return fits.shape if self.is_shape else np.log(fits.offset)


SPACING = 0.05, 0.25
FAMILIES = {
    STRETCHED: _Family(tuple(SPACING[0] * step for step in range(1, 41)), SPACING[0], True),
    SHIFTED: _Family(tuple(SPACING[1] * step for step in range(-6, 25)), SPACING[1], False),
}


def fit_decay(profile: Profile, *, first: int = 1, last: int | None = None) -> Decay:
    """The laws of the median of a profile relative to lag 0, over the lags `first` to `last` (all from 1 by default).

    At lag 0, where a power law has no value, the input still acts past the gates: it is no part of the fit.
    Raises FlowError unless 1 <= first and first + 2 <= last <= L.
    """
    refusals.refuse_all_but("Profile", profile)
    last = len(profile.lags) - 1 if last is None else last
    refuse_few_lags(profile, first, last)
    fits = _fitted_once(tuple(profile.median(relative=True)[first : last + 1].tolist()), first)
    laws = {name: f.law(0) for name, f in fits.items()}
    criteria = {name: float(f.criterion[0]) for name, f in fits.items()}
    name, margin = preferred({name: f.criterion for name, f in fits.items()}, last + 1 - first)
    return Decay(laws, criteria, str(name[0]) or None, float(margin[0]), (first, last))


def continuation(profile: Profile) -> Continuation | None:
    """How a profile goes on beyond its lags, which is a model; None where it has not settled and tells no law.

    An exponential or a power law goes on as it is. A law between the two may be what a mixture of rates looks like on
    the way to the slowest of them: a product of stationary random Jacobians is exponential in the long run (Furstenberg
    & Kesten 1960, Oseledets 1968). So a stretched exponential goes on at the rate of the last half of the lags, and so
    does a shifted power law where that half speaks for an exponential; else that goes on as it is too. A profile that
    has settled without a law goes on by the exponential or the power law, the one that leaves more.
    """
    decay, last = fit_decay(profile), len(profile.lags) - 1
    if decay.preferred in FAMILIES:
        middle = max(1, min(last // 2, last - 2))
        late = fit_decay(profile, first=middle)
        gain = min(late.criteria[n] for n in (POWER, SHIFTED)) - min(late.criteria[n] for n in (EXPONENTIAL, STRETCHED))
        if decay.preferred == STRETCHED or gain >= STRONG:
            return Continuation(late.laws[EXPONENTIAL], middle)
    if decay.law is not None:
        return Continuation(decay.law, 1)
    if not profile.settled:
        return None
    value = float(profile.median(relative=True)[-1])
    slower = max((decay.laws[n] for n in (EXPONENTIAL, POWER)), key=lambda law: law.through(last, value).log_tail(last))
    return Continuation(slower, 1)


def refuse_few_lags(profile: Profile, first: int, last: int) -> None:
    """Raise a FlowError unless the lags `first` to `last` are three or more of the profile's, from 1 on."""
    if not (first >= 1 and first + 2 <= last < len(profile.lags)):
        raise FlowError(
            f"{profile.model}, decay",
            f"a law fitted to the lags {first} to {last} of a profile that has the lags 0 to {len(profile.lags) - 1}",
            "a profile of too few lags; lag 0 has no place in a power law",
            "measure at least 3 lags, and give 1 <= first, first + 2 <= last within the profile",
        )


def fitted(
    curves: Array, first: int, *, refined: int = REFINED, kinds: Collection[str] = (EXPONENTIAL, POWER, *FAMILIES)
) -> dict[str, Fits]:
    """The best law of each kind for each of n curves (n, lags) of ln m, at the lags first, first + 1, ...

    kinds: the names of the laws that are wanted. refined: how often the grid of an extra parameter is made finer. A
    curve that only its rounding keeps from being level is taken as level.
    """
    lags = np.arange(first, first + curves.shape[1], dtype=np.float64)
    start = curves[:, :1]
    # From its first value on a level curve is exactly 0, and so is its slope.
    curves = levelled(curves) - start
    straight = {name: _line(curves, lags, shape) for name, shape in ((EXPONENTIAL, 1.0), (POWER, 0.0)) if name in kinds}
    between = {name: _curved(curves, lags, FAMILIES[name], refined) for name in FAMILIES if name in kinds}
    return {name: replace(fits, level=fits.level + start[:, 0]) for name, fits in (straight | between).items()}


@lru_cache(maxsize=64)
def _fitted_once(curve: tuple[float, ...], first: int) -> dict[str, Fits]:
    """`fitted` of one curve: every piece of advice on a profile asks for the same."""
    return fitted(np.array([curve]), first)


def _curved(curves: Array, lags: Array, family: _Family, refined: int) -> Fits:
    """The best law of a family for each curve."""
    best = _best([_line(curves, lags, *family.shape_and_offset(value), 5) for value in family.grid])
    step = family.spacing
    for _ in range(refined):
        step /= 4
        # The finer grids of the curves differ: each curve is fitted around its own best value.
        own = family.values(best)
        best = _best([best, *(_own_lines(curves, lags, family, own + move * step) for move in (-3, -2, -1, 1, 2, 3))])
    return best


def preferred(criteria: dict[str, Array], lags: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.str_]], Array]:
    """The law that each of n curves prefers, "" where it cannot be told, and the margin in BIC: (n,) each.

    The laws of FAMILIES hold the others as limits: one of them is named where it beats both by VERY_STRONG and the
    other one by STRONG; else the better of the two simple laws, if it beats the other by STRONG.
    """
    exponential, power, stretched, shifted = (criteria[name] for name in (EXPONENTIAL, POWER, STRETCHED, SHIFTED))
    gain = np.minimum(exponential, power) - np.minimum(stretched, shifted)
    curved = gain >= VERY_STRONG
    between = np.where(curved, np.abs(stretched - shifted), np.abs(exponential - power))
    simple = np.where(exponential < power, EXPONENTIAL, POWER)
    name = np.where(curved, np.where(stretched < shifted, STRETCHED, SHIFTED), simple)
    margin = np.where(curved, np.minimum(gain, between), between)
    known = (margin >= STRONG) & (lags >= FEWEST)
    return np.where(known, name, ""), margin


def _best(candidates: list[Fits]) -> Fits:
    """For every curve the fit of the lowest criterion."""
    at = np.argmin([fits.criterion for fits in candidates], axis=0)
    columns = np.arange(len(at))
    parts = Fits.__dataclass_fields__
    return Fits(*(np.array([getattr(fits, part) for fits in candidates])[at, columns] for part in parts))


def _own_lines(curves: Array, lags: Array, family: _Family, values: Array) -> Fits:
    """`_line` with a value of the extra parameter for each curve."""
    laws = [family.shape_and_offset(float(value)) for value in values]
    single = [_line(curve[None], lags, *law, 5) for curve, law in zip(curves, laws, strict=True)]
    return Fits(*(np.concatenate([getattr(fits, part) for fits in single]) for part in Fits.__dataclass_fields__))


def _line(curves: Array, lags: Array, shape: float, offset: float = 0.0, parameters: int = 4) -> Fits:
    """Straight lines in g(lag) through n curves, with errors of the likeliest correlation."""
    n = len(lags)
    values = growth(lags, shape, offset)
    centre = values.mean()
    basis = np.stack([np.ones(n), values - centre])
    ordinary = np.linalg.solve(basis @ basis.T, basis @ curves.T).T
    rest = curves - ordinary @ basis
    inner = _whitened(basis[:, None], basis[None])  # (correlations, 2, 2)
    outer = _whitened(basis[:, None], rest[None])  # (correlations, 2, n)
    moved = np.linalg.solve(inner, outer)
    squares = _whitened(rest, rest) - (moved * outer).sum(axis=1)
    # What rounding alone leaves of a curve that is a law exactly is no evidence between laws.
    floor = (4 * np.finfo(np.float64).eps * np.abs(curves).max(axis=1)) ** 2 + np.finfo(np.float64).tiny
    deviance = n * np.log(np.maximum(squares / n, floor)) - np.log1p(-(CORRELATIONS**2))[:, None]
    at = np.argmin(deviance, axis=0)
    columns = np.arange(len(curves))
    middle, slope = (ordinary + moved[at, :, columns]).T
    level = middle - slope * centre
    criterion = deviance[at, columns] + parameters * np.log(n)
    shapes, offsets = (np.full(len(curves), value) for value in (shape, offset))
    return Fits(shapes, -slope, level, offsets, criterion)


def _whitened(left: Array, right: Array) -> Array:
    """<left, right> along the last axis after AR(1) errors are made independent: (correlations, ...).

    (1 - phi^2) u_0 v_0 + sum_t (u_t - phi u_{t-1})(v_t - phi v_{t-1}) is a polynomial of degree 2 in phi.
    """
    whole = (left * right).sum(axis=-1)
    cross = (left[..., 1:] * right[..., :-1] + left[..., :-1] * right[..., 1:]).sum(axis=-1)
    inside = (left[..., 1:-1] * right[..., 1:-1]).sum(axis=-1)
    phi = CORRELATIONS.reshape(-1, *[1] * np.ndim(whole))
    result: Array = whole - phi * cross + phi**2 * inside
    return result
