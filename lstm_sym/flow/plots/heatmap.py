"""The T x T map: how much the state at every step feels the input at every step before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.drawing import style
from lstm_sym.flow.drawing.colours import MUTED
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.plots.curves import power_ticks
from lstm_sym.flow.profiles.maps import TimeMap
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.flow.translation import translated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lstm_sym.flow.drawing.sheets import Sheet

LABELS = {
    "title": "What every step still feels of every input",
    "subtitle": "{model}: ‖d{output}[T]/d{source}[t]‖",
    "zero": "hatched: exactly 0",
    "end": "end step T",
    "source": "source step t",
    "sensitivity": "sensitivity",
}
SIDE, BAR, GAP = 2.65, 0.16, 0.22
# Viridis: its lightness rises evenly, so it reads with any form of colour blindness and in grey.
COLOURS = "viridis"
ZERO, HATCH = "#D5D9DE", "/////"


def save_heat_map(
    measured: TimeMap,
    folder: str | Path,
    stem: str,
    *,
    decades: float | None = None,
    limits: tuple[float, float] | None = None,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw ln ||d output[T] / d source[t]|| as a map, T down and t across, and return stem.svg, stem.png, stem.csv.

    decades: how many below the largest value have colours of their own, all by default; what is smaller has the
    lowest colour, and the end of the colour bar is pointed. limits: the lowest and the highest value of the scale, in
    log10, such as `scale_of` several maps. Exact zeros are grey and hatched. labels: other words for `LABELS`. The CSV
    has the columns end, source, log10_norm, one row for every source <= end, or for every source where the map has
    `sources` of its own.

    Raises FlowError: no square map, NaN where source <= end, infinity, and what `Drawing.save` refuses.
    """
    return heat_map_drawing(measured, decades=decades, limits=limits, labels=labels).save(folder, stem, look)


def heat_map_drawing(
    measured: TimeMap,
    *,
    decades: float | None = None,
    limits: tuple[float, float] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Drawing:
    """The figure of `save_heat_map`, to be written."""
    logs = checked(measured)
    words, columns = translated(LABELS, labels), ("end", "source", "log10_norm")
    rows = [*_rows(logs, *_steps_of(measured, logs))]
    return Drawing(lambda: _figure(measured, logs, _scale(logs, decades, limits), words), columns, rows)


def scale_of(maps: Sequence[TimeMap]) -> tuple[float, float]:
    """The smallest and the largest value of several maps, in log10: one scale for all of them."""
    values = [logs[np.isfinite(logs)] for logs in map(checked, maps)]
    found = [scale for scale in map(_extent, values) if scale is not None]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else (-1.0, 0.0)


def _extent(finite: Array) -> tuple[float, float] | None:
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _scale(logs: Array, decades: float | None, limits: tuple[float, float] | None) -> tuple[float, float]:
    """The ends of the colours: those given, or all there is, or so many decades of it."""
    low, high = limits or _extent(logs[np.isfinite(logs)]) or (-1.0, 0.0)
    if decades is not None:
        low = max(low, high - decades)
    return (low, high) if high > low else (high - 0.5, high + 0.5)


def checked(measured: TimeMap) -> Array:
    """The map in log10 (n, m); NaN above the diagonal of one that runs forward. Raises FlowError for what is none."""
    logs: Array = np.array(measured.log_norms, np.float64) / np.log(10.0)
    if getattr(measured, "sources", None) is None:
        seen = np.tri(*logs.shape) > 0 if logs.ndim == 2 and logs.shape[0] == logs.shape[1] else None
    else:
        seen = np.ones_like(logs, bool) if logs.shape == tuple(map(len, _steps_of(measured, logs))) else None
    if seen is None or not logs.size or np.isnan(logs[seen]).any() or np.isposinf(logs).any():
        raise FlowError(
            f"{measured.model}, map",
            f"an array of shape {logs.shape}, or values that are NaN or infinite where source <= end",
            "a measurement over NaN, or a map of another form",
            "give (T, T), rows end steps, columns source steps, finite or -inf on and below the diagonal",
        )
    return np.where(seen, logs, np.nan)


def _rows(logs: Array, ends: Integers, sources: Integers) -> Iterator[list[Any]]:
    for end, row in zip(ends.tolist(), logs, strict=True):
        for source, value in zip(sources.tolist(), row, strict=True):
            if not np.isnan(value):
                yield [end, source, value]


def _figure(measured: TimeMap, logs: Array, limits: tuple[float, float], words: Mapping[str, str]) -> Sheet:
    figure = style.sheet()
    axes = style.axes_at(figure, 0.0, 0.0, SIDE, SIDE)
    finite = logs[np.isfinite(logs)]
    ends, sources = _steps_of(measured, logs)
    consecutive = bool((np.diff(ends) == 1).all())
    left, top = sources[0] - 0.5, (ends[0] if consecutive else 0) - 0.5
    extent = (left, left + len(sources), top + len(ends), top)
    place: Any = {"extent": extent, "interpolation": "none", "aspect": "auto"}
    shown = np.ma.masked_invalid(logs)
    image = axes.imshow(shown, cmap=COLOURS, vmin=limits[0], vmax=limits[1], zorder=2, **place)
    zero = np.isneginf(logs)
    if zero.any():
        _hatch(axes, zero, left, top)
    _bar(figure, image, limits, "min" if finite.size and finite.min() < limits[0] else "neither", words)
    _steps(axes, words, None if consecutive else ends)
    named = {"model": measured.model, "output": measured.output, "source": measured.source}
    note = words["zero"] if zero.any() else ""
    return style.finished(figure, words["title"], words["subtitle"].format(**named), note, is_to_scale=True)


def _steps_of(measured: TimeMap, logs: Array) -> tuple[Integers, Integers]:
    """The steps of the rows and of the columns; a map that does not say its steps begins at 0."""
    ends = np.asarray(getattr(measured, "steps", np.arange(len(logs))))
    sources = getattr(measured, "sources", None)
    return ends, ends if sources is None else np.asarray(sources)


def _hatch(axes: Axes, zero: Any, left: float, top: float) -> None:
    """Grey and hatched where the sensitivity is exactly 0, one run of a row at a time."""
    from matplotlib.collections import PolyCollection

    edges = np.diff(zero.astype(int), axis=1, prepend=0, append=0)
    runs = zip(np.argwhere(edges > 0), np.argwhere(edges < 0), strict=True)
    boxes = [
        [(left + x, top + y) for x, y in ((start, row), (stop, row), (stop, row + 1), (start, row + 1))]
        for (row, start), (_, stop) in runs
    ]
    axes.add_collection(PolyCollection(boxes, facecolor=ZERO, edgecolor=MUTED, linewidth=0, hatch=HATCH, zorder=3))


def _bar(figure: Sheet, image: Any, limits: tuple[float, float], extend: str, words: Mapping[str, str]) -> None:
    beside = style.axes_at(figure, SIDE + GAP, 0.0, BAR, SIDE)
    bar = figure.colorbar(image, cax=beside, extend=extend)
    bar.outline.set_visible(False)
    power_ticks(bar.ax.yaxis, limits, limits[1] - limits[0])
    bar.ax.tick_params(length=0, pad=5, labelsize=9.5)
    bar.set_label(words["sensitivity"], labelpad=6, parse_math=False)


def _steps(axes: Axes, words: Mapping[str, str], ends: Integers | None) -> None:
    """Ticks at whole steps; rows whose steps do not follow each other are named one by one."""
    for axis in (axes.xaxis, axes.yaxis):
        style.ticks(axis, whole=True)
    if ends is not None:
        axes.yaxis.set_major_formatter(lambda row, _: str(ends[int(row)]) if 0 <= row < len(ends) else "")
    axes.tick_params(axis="y", length=3)
    axes.spines["left"].set_visible(True)
    style.named(axes, words["source"], words["end"])
