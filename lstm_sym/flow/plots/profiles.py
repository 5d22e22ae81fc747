"""The figure of sensitivity against lag, one curve a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.plots.curves import Curve, Frame, curves_figure, prepared
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.translation import translated

LABELS = {
    "title": "How far back does the output feel its input?",
    "subtitle": "Median over {count} end points a model; band: 10–90 % of them; ring: half-life",
    "lag": "lag (steps back from the output)",
    "sensitivity": "sensitivity relative to lag 0",
    "half_life": "half-life {steps} steps",
    "no_half_life": "does not decay",
}
COLUMNS = ("model", "lag", "median", "q10", "q90")


def save_profile_figure(
    profiles: Sequence[Profile],
    folder: str | Path,
    stem: str,
    *,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw the profiles against the lag, relative to lag 0, and return the files: stem.svg, stem.png, stem.csv.

    The lines are medians over the end points, the bands hold 10 to 90 % of them, the ring stands at the half-life.
    The CSV has the columns model, lag, median, q10, q90, the last three in log10. labels: other words for `LABELS`,
    in any language. The same profiles give the same bytes. The folder is made; all three files are drawn before the
    first is written, and each is whole or not there.

    Raises FlowError: no profile, two of one name, a `stem` that is a path.
    """
    return profiles_drawing(profiles, labels=labels).save(folder, stem, look)


def profiles_drawing(
    profiles: Sequence[Profile], *, labels: Mapping[str, str] | None = None, colours: Mapping[str, str] | None = None
) -> Drawing:
    """The figure of `save_profile_figure`, to be written; in the colours that models have on a page, by label."""
    refusals.refuse_unclear_names([profile.model for profile in profiles], "profile")
    words = translated(LABELS, labels)
    count = " / ".join(dict.fromkeys(str(len(profile.log_norms)) for profile in profiles))
    subtitle = words["subtitle"].format(count=count)
    frame = Frame(words["title"], subtitle, words["lag"], words["sensitivity"], y_scale="ln")
    curves = prepared([_curve(profile, words, (colours or {}).get(profile.model, "")) for profile in profiles], frame)
    return Drawing(lambda: curves_figure(curves, frame), COLUMNS, [*_rows(curves)])


def _curve(profile: Profile, words: Mapping[str, str], colour: str) -> Curve:
    low, median, high = profile.quantiles([0.1, 0.5, 0.9], relative=True)
    half_life = profile.half_life()
    ring = half_life if half_life <= profile.lags[-1] else None
    note = _steps(half_life, words)
    return Curve(profile.model, profile.lags, median, low, high, note=note, ring=ring, colour=colour)


def _rows(curves: Sequence[Curve]) -> Iterator[list[Any]]:
    for curve in curves:
        for lag, *values in zip(curve.x, curve.y, curve.low, curve.high, strict=True):
            yield [curve.label, int(lag), *values]


def _steps(half_life: float, words: Mapping[str, str]) -> str:
    """The half-life in words, in two digits."""
    if not np.isfinite(half_life):
        return words["no_half_life"]
    shown = f"{half_life:.1f}" if 1 <= half_life < 10 else f"{float(f'{half_life:.2g}'):g}"
    return words["half_life"].format(steps=shown)
