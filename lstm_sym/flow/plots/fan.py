"""The quantile fan: one profile with its spread over the end points, and what theory says beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.drawing.colours import model_colours
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.plots.curves import Curve, Frame, curves_figure, prepared
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.theory.overlay import Overlay
from lstm_sym.flow.translation import translated

if TYPE_CHECKING:
    from lstm_sym.flow.drawing.sheets import Sheet

LABELS = {
    "title": "{model}: how far back does it feel its input?",
    "subtitle": "Median over {count} end points; bands: 25–75 % and 5–95 % of them",
    "lag": "lag (steps back from the output)",
    "sensitivity": "‖d{output}[T]/d{source}[T-lag]‖",
    "relative": "sensitivity relative to lag 0",
}
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
COLUMNS = ("curve", "kind", "lag", "q05", "q25", "median", "q75", "q95")


def save_fan(
    profile: Profile,
    folder: str | Path,
    stem: str,
    *,
    theory: Iterable[Overlay] = (),
    relative: bool = True,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw the 5, 25, 50, 75 and 95 % quantiles of a profile by lag, theory beside it: stem.svg, stem.png, stem.csv.

    theory: curves of `flow.theory`; a "bound" is dotted, all other theory dashed.
    relative: to lag 0 of every end point; theory is drawn as given, so it has to be relative as well. labels: other
    words for `LABELS`. The CSV has the columns curve, kind, lag, q05, q25, median, q75, q95, values in log10; theory
    fills the median alone.

    Raises FlowError: theory with NaN or with the label of the model, and what `Drawing.save` refuses.
    """
    return fan_drawing(profile, theory=theory, relative=relative, labels=labels).save(folder, stem, look)


def fan_drawing(
    profile: Profile,
    *,
    theory: Iterable[Overlay] = (),
    relative: bool = True,
    labels: Mapping[str, str] | None = None,
    colour: str = "",
) -> Drawing:
    """The figure of `save_fan`, to be written; in the colour that the model has on a page."""
    refusals.refuse_all_but("Profile", profile)
    words = translated(LABELS, labels)
    named = {"model": profile.model, "output": profile.output, "source": profile.source}
    y = words["relative"] if relative else words["sensitivity"].format(**named)
    subtitle = words["subtitle"].format(count=len(profile.log_norms))
    frame = Frame(words["title"].format(**named), subtitle, words["lag"], y, y_scale="ln")
    quantiles = profile.quantiles(SHARES, relative=relative)
    colour = colour or model_colours([profile.model])[profile.model]
    given = [Curve(profile.model, profile.lags, quantiles[2], quantiles[0], quantiles[4], colour=colour)]
    for law in theory:
        kind = "bound" if law.kind == "bound" else "theory"
        given.append(Curve(law.label, law.x, law.log_values, kind=kind))
    curves = prepared(given, frame)
    inner = quantiles[[1, 3]] / np.log(10.0)
    return Drawing(lambda: _figure(curves, inner, frame), COLUMNS, [*_rows(curves, inner)])


def _figure(curves: Sequence[Curve], inner: Array, frame: Frame) -> Sheet:
    figure = curves_figure(curves, frame)
    figure.axes[0].fill_between(curves[0].x, *inner, color=curves[0].colour, alpha=0.26, linewidth=0, zorder=2)
    return figure


def _rows(curves: Sequence[Curve], inner: Array) -> Iterator[list[Any]]:
    fan = curves[0]
    for lag, *values in zip(fan.x, fan.low, inner[0], fan.y, inner[1], fan.high, strict=True):
        yield [fan.label, fan.kind, int(lag), *values]
    for law in curves[1:]:
        for x, value in zip(law.x, law.y, strict=True):
            yield [law.label, law.kind, int(x) if x == int(x) else x, np.nan, np.nan, value, np.nan, np.nan]
