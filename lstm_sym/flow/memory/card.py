"""The memory card of a model: every number that says how far back it reaches, with what the data can tell of it.

    cards = [flow.memory_card(profile) for profile in profiles]
    print(flow.memory_table(cards))
    rows = [card.row() for card in cards]                    # for JSON or CSV

Everything is read off m(l), the median over the end points of ||.|| at lag l relative to lag 0; the interval of a
number is that of the same number over resampled end points (bootstrap.py), for a given seed the same on every call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.memory.bootstrap import medians, resampling
from lstm_sym.flow.memory.decay import fit_decay, fitted, preferred
from lstm_sym.flow.memory.laws import EXPONENTIAL, POWER, SHIFTED, STRETCHED
from lstm_sym.flow.profiles.curves import centroids, half_lives, horizons, share_lags
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.translation import translated
from lstm_sym.ground.numbers import plain
from lstm_sym.ground.shown import Shown, bundle, text_bundle
from lstm_sym.ground.width import aligned

HEADINGS = {
    "model": "model",
    "half_life": "half-life",
    "centroid": "centroid",
    "lag50": "lag50",
    "lag90": "lag90",
    "horizon": "horizon",
    "law": "law",
    "decay": "decay",
    "interval": "interval over",
    EXPONENTIAL: "exponential",
    "growth": "exponential growth",
    POWER: "power law",
    SHIFTED: "shifted power law",
    STRETCHED: "stretched",
    "cannot_tell": "cannot tell",
    "one": "none: one end point",
    "caption": "{level} % intervals in brackets; ≥ more lags would give more; horizon: sensitivity below {tolerance:g} "
    "of lag 0 from there on; decay: e^(-rate lag), lag^(-exponent), (1 + lag/offset)^(-exponent) or "
    "e^(-(lag/scale)^shape), over the lags measured; only intervals over seeds hold the spread between draws",
}
LEVEL, TOLERANCE, RESAMPLES = 0.95, 1e-3, 1000


@dataclass(frozen=True)
class Estimate:
    """A number, its interval, and whether the lags measured bound it from below only.

    Attributes:
        value: in steps, or without unit for an exponent; may be inf.
        low, high: the ends of the interval; None where nothing could be resampled. They hold what resampling changes,
            named in MemoryCard.resampled: with SEEDS the spread between draws of the parameters, without it the
            scatter within one draw alone. Neither holds what more lags, another input or training would change.
        bound: whether more lags would make the value larger.
    """

    value: float
    low: float | None = None
    high: float | None = None
    bound: bool = False

    def __str__(self) -> str:
        mark = "≥ " if self.bound else ""
        ends = "" if self.low is None or self.high is None else f" [{_short(self.low)}, {_short(self.high)}]"
        return f"{mark}{_short(self.value)}{ends}"


@dataclass(frozen=True)
class MemoryCard(Shown):
    """How far back a model reaches.

    Attributes:
        model: its label.
        end_points: how many the profile has.
        half_life: ln 2 / the rate at which m falls, over all lags (Profile.half_life); inf without decay.
        centroid: sum l m / sum m.
        lag50, lag90: the smallest lags that hold 50 and 90 % of sum m.
        horizon: the first lag from which on m stays below `tolerance`.
        rate, exponent: of the exponential and of the power law fitted to m, a step and without unit (decay.py).
        time_scale, shape: of the stretched exponential e^(-(lag/time_scale)^shape).
        late_exponent, offset: of the shifted power law (1 + lag/offset)^(-late_exponent).
        law: the law that the data prefer, None where they cannot tell.
        margin: the difference of BIC that says so.
        support: the share of resamples that come to the same verdict; None without them.
        settled: whether the lags measured hold nearly all of sum m; else centroid, lag50, lag90 are bounds.
        groups, resampled: what the intervals rest on, as 8 "seeds"; 1 and "" where there is one end point. Blocks of
            end points leave out correlations longer than a block, and come out too narrow where there are any.
        tolerance, level: as asked for.
    """

    model: str
    end_points: int
    half_life: Estimate
    centroid: Estimate
    lag50: Estimate
    lag90: Estimate
    horizon: Estimate
    rate: Estimate
    exponent: Estimate
    time_scale: float
    shape: float
    late_exponent: float
    offset: float
    law: str | None
    margin: float
    support: float | None
    settled: bool
    groups: float
    resampled: str
    tolerance: float
    level: float

    @property
    def verdict(self) -> str:
        """What to call the law, a key of HEADINGS: an exponential that grows is growth, no law is cannot_tell."""
        if self.law == EXPONENTIAL and self.rate.value < 0:
            return "growth"
        return self.law or "cannot_tell"

    def row(self) -> dict[str, str | float | bool | None]:
        """One flat row for CSV or JSON: numbers as they are, infinity as "inf", what is not known as None."""
        row: dict[str, str | float | bool | None] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, Estimate):
                ends = {"": value.value, "_low": value.low, "_high": value.high, "_bound": value.bound}
                row |= {f"{name}{end}": plain(part) for end, part in ends.items()}
            else:
                row[name] = plain(value)
        return row


def memory_card(
    profile: Profile,
    *,
    tolerance: float = TOLERANCE,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> MemoryCard:
    """The memory card of a profile.

    tolerance: of the horizon, relative to lag 0. level: of the intervals. resamples: how many (at least 100).
    seed: of the resampling. A profile of one end point has no intervals, and says so.

    Raises FlowError: a tolerance or level that is not between 0 and 1, fewer than 3 lags, too few resamples.
    """
    refusals.refuse_all_but("Profile", profile)
    refusals.refuse_share(f"{profile.model}, tolerance", tolerance)
    refusals.refuse_share(f"{profile.model}, level", level)
    decay = fit_decay(profile)
    drawn = resampling(profile, resamples, np.random.default_rng(seed))
    curve = profile.median(relative=True)[None]
    curves = curve if drawn.counts is None else medians(profile, drawn.counts)
    fits = fitted(curves[:, 1:], 1, refined=0)
    verdicts, _ = preferred({name: fit.criterion for name, fit in fits.items()}, curves.shape[1] - 1)
    bounds = {"centroid": not profile.settled, "lag50": not profile.settled, "lag90": not profile.settled}
    bounds["horizon"] = bool(curve[0, -1] >= math.log(tolerance))

    def estimate(name: str, values: Array, value: float) -> Estimate:
        low, high = drawn.interval(values, level)
        return Estimate(value, low, high, bounds.get(name, False))

    measures = _measures(tolerance)
    estimates = {name: estimate(name, of(curves), float(of(curve)[0])) for name, of in measures.items()}
    return MemoryCard(
        profile.model,
        len(profile.log_norms),
        **estimates,
        rate=estimate("rate", fits[EXPONENTIAL].slope, decay.rate),
        exponent=estimate("exponent", fits[POWER].slope, decay.exponent),
        time_scale=decay.laws[STRETCHED].time_scale,
        shape=decay.laws[STRETCHED].shape,
        late_exponent=decay.laws[SHIFTED].slope,
        offset=decay.laws[SHIFTED].offset,
        law=decay.preferred,
        margin=decay.margin,
        support=None if drawn.counts is None else float(np.mean(verdicts == (decay.preferred or ""))),
        settled=profile.settled,
        groups=drawn.groups,
        resampled=drawn.kind,
        tolerance=tolerance,
        level=level,
    )


def memory_table(cards: Sequence[MemoryCard], *, labels: Mapping[str, str] | None = None) -> str:
    """The cards as lines of text, one row a model. labels: other words for `HEADINGS`. Raises FlowError without one."""
    if not cards:
        raise FlowError("memory_table", "no card", "a selection that is empty", "measure at least one model")
    words = translated(HEADINGS, labels)
    names = ("half_life", "centroid", "lag50", "lag90", "horizon")
    head = [words[name] for name in ("model", *names, "law", "decay", "interval")]
    rows = [[card.model, *(str(getattr(card, name)) for name in names), *_words(card, words)] for card in cards]
    caption = words["caption"].format(level=f"{100 * cards[0].level:g}", tolerance=cards[0].tolerance)
    return "\n".join([*aligned([head, *rows]), caption])


@bundle.register
def of_card(card: MemoryCard) -> dict[str, str]:
    """A card in a notebook: its row of the table."""
    return text_bundle(memory_table([card]))


def _measures(tolerance: float) -> dict[str, Callable[[Array], Array]]:
    """Each number as a function of curves of ln m, (n, L + 1) -> (n,)."""
    return {
        "half_life": half_lives,
        "centroid": centroids,
        "lag50": lambda curves: share_lags(curves, 0.5),
        "lag90": lambda curves: share_lags(curves, 0.9),
        "horizon": lambda curves: horizons(curves, math.log(tolerance)),
    }


def _words(card: MemoryCard, words: Mapping[str, str]) -> list[str]:
    """The columns of law, its parameters, and what the interval rests on."""
    support = "" if card.support is None else f", {card.support:.0%}"
    name = words[card.verdict]
    law = name if card.law is None else f"{name} (ΔBIC {_short(card.margin)}{support})"
    decay = {
        EXPONENTIAL: str(card.rate),
        POWER: str(card.exponent),
        SHIFTED: f"{_short(card.late_exponent)}, {_short(card.offset)}",
        STRETCHED: f"{_short(card.time_scale)}, {_short(card.shape)}",
        None: "",
    }[card.law]
    return [law, decay, f"{card.groups:.3g} {card.resampled}" if card.resampled else words["one"]]


def _short(value: float) -> str:
    return f"{value:.3g}".replace("inf", "∞")
