"""Profiles as a table for the terminal: half-life, lag50, lag90, sensitivity at some lags, and the curve in small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.translation import translated
from lstm_sym.ground.shown import bundle, text_bundle
from lstm_sym.ground.width import aligned

LAGS = (1, 2, 5, 10, 20, 50)
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24

HEADINGS = {
    "model": "model",
    "half_life": "half-life",
    "lag50": "lag50",
    "lag90": "lag90",
    "lag": "lag",
    "caption": "median of ‖d{output}[T]/d{source}[T-lag]‖ relative to lag 0; "
    "bars: its logarithm, lag 0 to {lags}, █ = 1, ▁ = {floor}",
}


def table(profiles: Sequence[Profile], *, lags: Sequence[int] = LAGS, labels: Mapping[str, str] | None = None) -> str:
    """The profiles as lines of text, one row a model, columns aligned, East Asian characters two cells wide.

    lags: those whose sensitivity is shown; one beyond a profile is left blank, one beyond all is left out.
    `≥` marks a lag50 or lag90 of a profile that has not settled within its lags. labels: other words for `HEADINGS`.
    Raises FlowError without a profile.
    """
    if not profiles:
        raise FlowError("table", "no profile", "a selection that is empty", "measure at least one model")
    words = translated(HEADINGS, labels)
    longest = max(profiles, key=lambda profile: len(profile.lags))
    shown = [lag for lag in lags if lag < len(longest.lags)]
    floor = min(float(profile.median(relative=True).min()) for profile in profiles)
    head = [words["model"], words["half_life"], words["lag50"], words["lag90"]]
    head += [f"{words['lag']} {lag}" for lag in shown] + [""]
    rows = [head, *(_row(profile, shown, floor, len(longest.lags)) for profile in profiles)]
    caption = words["caption"].format(
        output=longest.output, source=longest.source, lags=len(longest.lags) - 1, floor=power(floor)
    )
    return "\n".join([*aligned(rows), caption])


@bundle.register
def of_profile(profile: Profile) -> dict[str, str]:
    """A profile in a notebook: its row of the table."""
    return text_bundle(table([profile]))


def power(logarithm: float) -> str:
    """exp(logarithm) in three digits, however small or large: 0.54, 3.1e-05, 1.0e-5000."""
    if -3 < logarithm / math.log(10.0) < 4:
        return f"{math.exp(logarithm):.3g}"
    exponent = math.floor(logarithm / math.log(10.0))
    digits = f"{math.exp(logarithm - exponent * math.log(10.0)):.1f}"
    return f"1.0e{exponent + 1:+03d}" if digits == "10.0" else f"{digits}e{exponent:+03d}"


def sparkline(logarithms: Array, floor: float, width: int = WIDTH) -> str:
    """A curve of logarithms as one line of bars: 0 and above is the full bar, `floor` and below the lowest."""
    at = np.linspace(0, len(logarithms) - 1, min(width, len(logarithms)))
    values = np.interp(at, np.arange(len(logarithms)), logarithms)
    heights = (values / floor if floor < 0 else np.zeros_like(values)).clip(0, 1)
    return "".join(BARS[round((1 - height) * (len(BARS) - 1))] for height in heights)


def _row(profile: Profile, shown: Sequence[int], floor: float, longest: int) -> list[str]:
    median = profile.median(relative=True)
    bound = "" if profile.settled else "≥ "
    width = max(1, round(WIDTH * len(median) / longest))
    return [
        profile.model,
        f"{profile.half_life():.3g}".replace("inf", "∞"),
        *(f"{bound}{profile.share_lag(share)}" for share in (0.5, 0.9)),
        *(power(float(median[lag])) if lag < len(median) else "" for lag in shown),
        sparkline(median, floor, width),
    ]
