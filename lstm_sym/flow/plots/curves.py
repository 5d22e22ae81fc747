"""Curves against an axis, each labelled at its end: measured ones with bands, theory and bounds beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.drawing import style
from lstm_sym.flow.drawing.colours import INK, MUTED, PAPER, darker
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.labels import ROOM, end_label, spread, two_lines
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.drawing.strokes import KINDS, stroked
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.translation import translated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lstm_sym.flow.drawing.sheets import Sheet

LABELS = {"zero": "▼ exactly 0", "infinite": "▼ −∞"}
SCALES = ("linear", "log", "ln")
WIDTH, HEIGHT = 5.5, 3.4
# The least height of a panel among several, and what stands between two: a heading, and numbers on the axis above.
PANEL, BETWEEN = 1.5, 0.7


@dataclass(frozen=True, eq=False)
class Curve:
    """A labelled curve.

    Attributes:
        label: written at its right end.
        x, y: (n,), x ascending. On the scale "ln", y is a natural logarithm, -inf that of an exact zero.
        low, high: (n,) each, the edges of a band; None for none.
        kind: "measured" (solid), "theory" (dashed) or "bound" (dotted).
        of: the label of the measured curve whose colour a theory or bound has; "" for grey.
        note: a second line under the label.
        ring: where on x a ring is drawn on the curve; None for none.
        dots: whether every point is marked, its band drawn as a bar, as where x is a handful of values.
        colour: "#RRGGBB" on white; "" for that of its label, `model_colours`.
    """

    label: str
    x: Any
    y: Any
    low: Any = None
    high: Any = None
    kind: str = "measured"
    of: str = ""
    note: str = ""
    ring: float | None = None
    dots: bool = False
    colour: str = ""


@dataclass(frozen=True)
class Frame:
    """The texts and scales of a figure of curves; `limits` are those of y, None for what the measured curves need.

    x_scale: "linear" or "log". y_scale: "linear", "log", or "ln": y holds natural logarithms, and the axis has the
    powers of ten of what they are logarithms of. verticals: (x, text) of vertical lines.
    """

    title: str
    subtitle: str
    x: str
    y: str
    x_scale: str = "linear"
    y_scale: str = "linear"
    limits: tuple[float, float] | None = None
    verticals: Sequence[tuple[float, str]] = ()


def save_curves(
    curves: Sequence[Curve],
    folder: str | Path,
    stem: str,
    *,
    title: str,
    subtitle: str = "",
    x: str,
    y: str,
    x_scale: str = "linear",
    y_scale: str = "linear",
    limits: tuple[float, float] | None = None,
    verticals: Sequence[tuple[float, str]] = (),
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw curves into one figure and return the files: stem.svg, stem.png, stem.csv, or what `look` says.

    The arguments are those of `Curve` and `Frame`. Where theory or a bound leaves the range of what was measured by
    more than that range, it is cut there, and an arrow at its label says so. Exact zeros on a logarithmic scale stand
    as triangles on the lower edge, as does -inf on a linear one. labels: other words for `LABELS`. The CSV has the
    columns curve, kind, x, y, low, high; on the scale "ln", log10_y, log10_low and log10_high.

    Raises FlowError: no curve, two of one label, arrays of different lengths, NaN, values that have no logarithm on a
    logarithmic scale, and what `Drawing.save` refuses.
    """
    frame = Frame(title, subtitle, x, y, x_scale, y_scale, limits, verticals)
    return curves_drawing(curves, frame, labels).save(folder, stem, look)


def curves_drawing(curves: Sequence[Curve], frame: Frame, labels: Mapping[str, str] | None = None) -> Drawing:
    """The figure of `save_curves`, to be written."""
    words = translated(LABELS, labels)
    drawn = prepared(curves, frame)
    power = "log10_" if frame.y_scale == "ln" else ""
    columns = ["curve", "kind", "x", *(power + name for name in ("y", "low", "high"))]
    lowest = words["infinite" if frame.y_scale == "linear" else "zero"]
    return Drawing(lambda: curves_figure(drawn, frame, lowest), columns, [*_rows(drawn, frame.y_scale)])


def save_panels(
    panels: Sequence[tuple[Frame, Sequence[Curve]]],
    folder: str | Path,
    stem: str,
    *,
    title: str,
    subtitle: str = "",
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw frames of curves one below the other, over the same range of x, and return stem.svg, stem.png, stem.csv.

    The title of each frame stands above it, the x of the last below all; a subtitle of a frame is not shown. The rest
    is as in `save_curves`; the CSV has the columns panel, curve, kind, x, y, low, high, all as they were given.
    Raises FlowError: no panel, two of one title, and what `save_curves` refuses.
    """
    refusals.refuse_unclear_names([frame.title for frame, _ in panels], "panel")
    words = translated(LABELS, labels)
    drawn = [(frame, prepared(curves, frame)) for frame, curves in panels]
    rows = [[frame.title, *row] for frame, curves in panels for row in _rows(_as_given(curves, frame), "linear")]
    columns = ["panel", "curve", "kind", "x", "y", "low", "high"]
    return Drawing(lambda: panels_figure(drawn, title, subtitle, words), columns, rows).save(folder, stem, look)


def _as_given(curves: Sequence[Curve], frame: Frame) -> list[Curve]:
    """The curves with arrays in float64, on no scale."""
    return prepared(curves, replace(frame, y_scale="linear"))


def prepared(curves: Sequence[Curve], frame: Frame) -> list[Curve]:
    """The curves with arrays in float64, y and the band in log10 where its scale is not linear."""
    refusals.refuse_unclear_names([curve.label for curve in curves], "curve")
    for name, scale, known in (("x_scale", frame.x_scale, SCALES[:2]), ("y_scale", frame.y_scale, SCALES)):
        refusals.refuse_unknown(f"figure, {name}", scale, known)
    return [_prepared(curve, frame) for curve in curves]


def _prepared(curve: Curve, frame: Frame) -> Curve:
    refusals.refuse_unknown(f"{_where(curve)}, kind", curve.kind, KINDS)
    x = np.asarray(curve.x, np.float64)
    if not x.size or not np.isfinite(x).all() or (np.diff(x) < 0).any() or (frame.x_scale == "log" and x[0] <= 0):
        raise FlowError(
            f"{_where(curve)}, x",
            f"{x.size} values that are not finite and ascending, or not above 0 on a logarithmic scale",
            "an empty selection, unsorted data, or lag 0 on a logarithmic axis",
            "sort the points by x, leave out what has no place, or use x_scale='linear'",
        )
    band = [None if edge is None else _heights(edge, curve, frame) for edge in (curve.low, curve.high)]
    return Curve(**{**vars(curve), "x": x, "y": _heights(curve.y, curve, frame), "low": band[0], "high": band[1]})


def _where(curve: Curve) -> str:
    return f"figure, curve {curve.label!r}"


def _heights(values: Any, curve: Curve, frame: Frame) -> Array:
    """Values as they are drawn: themselves, or log10 of what they are or are the logarithm of."""
    heights = np.array(values, np.float64)
    negative = frame.y_scale == "log" and bool((heights < 0).any())
    infinite = bool((np.isnan(heights) | np.isposinf(heights)).any())
    if heights.shape != np.shape(curve.x) or negative or infinite:
        raise FlowError(
            _where(curve),
            f"values of shape {heights.shape} beside x of shape {np.shape(curve.x)}, or some that cannot be drawn",
            "NaN or infinity in a measurement, or a negative value on a logarithmic scale",
            "give one finite number for every x; cut the curve where it is not defined",
        )
    if frame.y_scale == "log":
        with np.errstate(divide="ignore"):
            return np.log10(heights)
    return heights / np.log(10.0) if frame.y_scale == "ln" else heights


def _rows(curves: Sequence[Curve], scale: str) -> Iterator[list[Any]]:
    for curve in curves:
        blank = np.full_like(curve.y, np.nan)
        columns = [curve.y, *(blank if edge is None else edge for edge in (curve.low, curve.high))]
        values = np.array([10.0**column if scale == "log" else column for column in columns])
        for x, row in zip(curve.x, values.T, strict=True):
            yield [curve.label, curve.kind, int(x) if x == int(x) else x, *row]


def curves_figure(curves: Sequence[Curve], frame: Frame, zero: str = LABELS["zero"]) -> Sheet:
    """The figure of curves that are `prepared`. zero: the note on triangles, which stand for -inf."""
    figure = style.sheet()
    _axes(figure, curves, frame, 0.0, max(HEIGHT, ROOM * len(curves)))
    return style.finished(figure, frame.title, frame.subtitle, zero if _has_zero(curves) else "")


def panels_figure(
    panels: Sequence[tuple[Frame, Sequence[Curve]]], title: str, subtitle: str, words: Mapping[str, str]
) -> Sheet:
    """The figure of panels whose curves are `prepared`, the last at the bottom; `words` as in `LABELS`."""
    figure, bottom = style.sheet(), 0.0
    every = [curve for _, curves in panels for curve in curves]
    heading: Any = {"fontsize": 11.0, "weight": "bold", "va": "bottom", "parse_math": False}
    for frame, curves in reversed(panels):
        height = max(PANEL, ROOM * len(curves))
        axes = _axes(figure, curves, frame, bottom, height)
        axes.set_xlim(min(curve.x[0] for curve in every), max(curve.x[-1] for curve in every))
        axes.set_xlabel(axes.get_xlabel() if bottom == 0 else "")
        axes.text(0.0, 1 + 0.1 / height, frame.title, transform=axes.transAxes, **heading)
        bottom += height + BETWEEN
    zeros = {words["infinite" if f.y_scale == "linear" else "zero"]: None for f, curves in panels if _has_zero(curves)}
    return style.finished(figure, title, subtitle, *zeros)


def _has_zero(curves: Sequence[Curve]) -> bool:
    return any(np.isneginf(curve.y).any() for curve in curves)


def _axes(figure: Sheet, curves: Sequence[Curve], frame: Frame, bottom: float, height: float) -> Axes:
    """Axes of this place and height in inches, with the curves and their labels."""
    axes = style.axes_at(figure, 0.0, bottom, WIDTH, height)
    _frame(axes, curves, frame)
    looks = stroked(curves, axes.get_ylim())
    for order, (curve, look) in enumerate(zip(curves, looks, strict=True)):
        _draw(axes, curve, look, 1 - order / len(curves))
    _label(axes, curves, looks, ROOM / height)
    return axes


def _frame(axes: Axes, curves: Sequence[Curve], frame: Frame) -> None:
    axes.set_xscale("log" if frame.x_scale == "log" else "linear")
    left, right = min(curve.x[0] for curve in curves), max(curve.x[-1] for curve in curves)
    room = 0.0 if right > left else 0.5
    axes.set_xlim(left - room * (frame.x_scale == "linear"), right + room)
    logarithmic = frame.y_scale != "linear"
    low, high = _range(curves) if frame.limits is None else _limits(frame)
    margin = 0.04 * (max(high - low, 1.0) if logarithmic else (high - low or 1.0))
    axes.set_ylim(low - margin, high + margin)
    _ticks(axes, curves, frame, high - low)
    style.grid(axes)
    style.named(axes, frame.x, frame.y)
    if not logarithmic and low < 0 < high:
        axes.axhline(0.0, color=MUTED, linewidth=0.9, zorder=1)
    for place, text in frame.verticals:
        axes.axvline(place, color=MUTED, linewidth=0.9, linestyle=KINDS["bound"], zorder=1)
        above: Any = {"ha": "center", "va": "bottom", "fontsize": 9.0, "color": MUTED, "parse_math": False}
        axes.text(place, 1.01, text, transform=axes.get_xaxis_transform(), **above)


def _limits(frame: Frame) -> tuple[float, float]:
    low, high = frame.limits or (0.0, 1.0)
    if frame.y_scale == "log":
        return float(np.log10(low)), float(np.log10(high))
    factor = 1.0 if frame.y_scale == "linear" else 1 / np.log(10.0)
    return low * factor, high * factor


def _range(curves: Sequence[Curve]) -> tuple[float, float]:
    """The range of the measured curves, and that of the others as far as it is not beyond it by more than itself."""
    low, high = _extent([curve for curve in curves if curve.kind == "measured"] or curves)
    every = _extent(curves)
    span = max(high - low, 0.5)
    return max(every[0], low - span), min(every[1], high + span)


def _extent(curves: Sequence[Curve]) -> tuple[float, float]:
    edges = [edge for curve in curves for edge in (curve.y, curve.low, curve.high) if edge is not None]
    values = np.concatenate(edges)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (-1.0, 0.0)


def _ticks(axes: Axes, curves: Sequence[Curve], frame: Frame, decades: float) -> None:
    if frame.x_scale == "linear":
        style.ticks(axes.xaxis, whole=all((curve.x == np.round(curve.x)).all() for curve in curves))
    else:
        _plain_ticks(axes)
    axes.tick_params(axis="x", which="minor", length=0)
    if frame.y_scale == "linear":
        style.ticks(axes.yaxis)
    else:
        power_ticks(axes.yaxis, axes.get_ylim(), decades)


def _plain_ticks(axes: Axes) -> None:
    """On a logarithmic x of less than three decades, ticks at 1, 2, 5 times powers of ten, written as plain numbers."""
    from matplotlib.ticker import FixedLocator, NullFormatter

    low, high = np.log10(axes.get_xlim())
    axes.xaxis.set_minor_formatter(NullFormatter())
    if high - low < 3:
        powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
        ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= np.log10(tick) <= high]))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def power_ticks(axis: Any, limits: tuple[float, float], decades: float) -> None:
    """Ticks at powers of ten; at 1, 2, 5 times them where there are few, written as plain numbers."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    if decades > 2:
        axis.set_major_locator(MaxNLocator(7, integer=True))
        axis.set_major_formatter(lambda value, _: style.power_of_ten(value))
        return
    low, high = limits
    powers = range(int(np.floor(low)), int(np.ceil(high)))
    ticks = [power + float(np.log10(digit)) for power in powers for digit in (1, 2, 5)]
    axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axis.set_major_formatter(lambda value, _: f"{10.0**value:.2g}")


def _draw(axes: Axes, curve: Curve, look: dict[str, Any], remaining: float) -> None:
    """Draw one curve; `remaining` falls from 1 to 0 and thins the lines, so that one shows under another."""
    colour = look["color"]
    width = 1.1 if curve.dots else 1.4 + 1.5 * remaining if curve.kind == "measured" else 1.6
    if curve.low is not None and curve.high is not None:
        if curve.dots:
            drawn = np.isfinite(curve.low) & np.isfinite(curve.high)
            bars = (curve.x[drawn], curve.low[drawn], curve.high[drawn])
            axes.vlines(*bars, color=colour, linewidth=1.2, zorder=2, clip_on=False)
        else:
            axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.16, linewidth=0, zorder=2)
    zero = np.isneginf(curve.y)
    heights = np.where(zero, np.nan, curve.y)
    marker: Any = {"marker": "o", "markersize": 4.0, "clip_on": False} if curve.dots or curve.x.size == 1 else {}
    axes.plot(curve.x, heights, linewidth=width, zorder=4 - remaining, **look, **marker)
    # An empty line that is not clipped would still be given room.
    if zero.any():
        triangle: Any = {"marker": "v", "markersize": 5, "linestyle": "none", "clip_on": False, "zorder": 7}
        triangle |= {"color": colour, "transform": axes.get_xaxis_transform()}
        axes.plot(curve.x[zero], np.full(zero.sum(), 0.02), **triangle)
    if curve.ring is not None:
        ring: Any = {"marker": "o", "markersize": 4.8 + 3.6 * remaining, "markerfacecolor": PAPER}
        ring |= {"markeredgecolor": colour, "markeredgewidth": 1.6, "clip_on": False, "zorder": 6 - remaining}
        axes.plot(curve.ring, np.interp(curve.ring, curve.x, curve.y), **ring)


def _label(axes: Axes, curves: Sequence[Curve], looks: Sequence[dict[str, Any]], gap: float) -> None:
    """Label and note at the right end of every curve, moved apart where curves end close together."""
    low = axes.get_ylim()[0]
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = [to_axes.transform((curve.x[-1], max(curve.y[-1], low))) for curve in curves]
    heights = spread(np.array([end[1] for end in ends]).clip(0.0, 1.0), gap)
    for curve, look, end, height in zip(curves, looks, ends, heights, strict=True):
        beyond = " ↑" if end[1] > 1 else " ↓" if curve.y[-1] < low and np.isfinite(curve.y[-1]) else ""
        colour = INK if look["color"] == MUTED else darker(look["color"])
        is_measured = curve.kind == "measured"
        label, note = (curve.label, curve.note) if is_measured else two_lines(curve.label, curve.note)
        place = (end[0], float(np.clip(end[1], 0, 1)))
        end_label(axes, place, height, gap, (label, note, beyond), colour, is_measured)
