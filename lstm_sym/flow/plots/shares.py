"""Gate shares over time: what part of the gradient's step each gate passes, positive parts up, negative parts down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.attribution.shares import Shares
from lstm_sym.flow.drawing import style
from lstm_sym.flow.drawing.colours import INK, gate_colours
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.labels import ROOM, end_label, spread
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.plots.curves import HEIGHT, WIDTH
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.translation import translated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lstm_sym.flow.drawing.sheets import Sheet

LABELS = {
    "title": "Through which gates does the gradient pass?",
    "subtitle": "{model}: share of each gate in one step of the gradient; line: their sum",
    "cut": "{count} of {steps} steps reach beyond the axis",
    "step": "step t",
    "share": "share",
}
# A share is a quotient; where its denominator nears 0, shares are huge and cancel. Such steps are not let stretch the
# axis: it holds this part of all steps, and all where they need at most so many times the room.
HELD, ROOMIER = 0.95, 1.6


def save_shares(
    shares: Shares,
    folder: str | Path,
    stem: str,
    *,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw the shares of the gates as stacked areas over time: stem.svg, stem.png, stem.csv.

    Positive shares are stacked upwards from 0, negative ones downwards, so that the upper edge less the depth of the
    lower one is the sum, which is drawn as a line at 1. Steps that reach beyond the axis are counted in the subtitle.
    labels: other words for `LABELS`. The CSV has the columns step and the names of the gates.

    Raises FlowError: shapes that do not fit, NaN, shares that do not sum to 1, and what `Drawing.save` refuses.
    """
    return shares_drawing(shares, labels=labels).save(folder, stem, look)


def shares_drawing(shares: Shares, *, labels: Mapping[str, str] | None = None) -> Drawing:
    """The figure of `save_shares`, to be written."""
    steps, values = _checked(shares)
    words = translated(LABELS, labels)
    columns = ["step", *shares.names]
    rows: list[list[Any]] = [[int(step), *row] for step, row in zip(steps, values, strict=True)]
    return Drawing(lambda: _figure(shares, steps, values, words), columns, rows)


def _checked(shares: Shares) -> tuple[Any, Array]:
    steps, values = np.asarray(shares.steps), np.asarray(shares.values, np.float64)
    refusals.refuse_unclear_names(list(shares.names), "gate", f"{shares.model}, shares")
    fits = values.shape == (len(steps), len(shares.names)) and len(steps) > 0
    if not fits or not np.isfinite(values).all():
        raise FlowError(
            f"{shares.model}, shares",
            f"values of shape {values.shape} for {len(steps)} steps and {len(shares.names)} gates, or not all finite",
            "a gradient that is exactly 0 at some step, which has no shares",
            "give (steps, gates), and only the steps that have shares",
        )
    off = np.abs(values.sum(axis=1) - 1) / np.maximum(1.0, np.abs(values).sum(axis=1))
    if off.max() > 1e-9:
        raise FlowError(
            f"{shares.model}, shares at step {int(steps[off.argmax()])}",
            f"they sum to {values[off.argmax()].sum():.6g}, not to 1",
            "a part of the Jacobian that no gate was charged with",
            "give all parts, the direct one included",
        )
    return steps, values


def _figure(shares: Shares, steps: Any, values: Array, words: Mapping[str, str]) -> Sheet:
    figure = style.sheet()
    height = max(HEIGHT, ROOM * len(shares.names))
    axes = style.axes_at(figure, 0.0, 0.0, WIDTH, height)
    up, down = _limits(values)
    axes.set_ylim(down, up)
    axes.set_xlim(steps[0] - 0.5, steps[-1] + 0.5)
    style.grid(axes)
    _stack(axes, shares.names, steps, values)
    axes.plot(steps, values.sum(axis=1), color=INK, linewidth=1.3, zorder=4)
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=4)
    style.ticks(axes.xaxis, whole=True)
    style.ticks(axes.yaxis)
    style.named(axes, words["step"], words["share"])
    _names(axes, shares.names, values, ROOM / height)
    beyond = int(((_above(values) > up) | (_below(values) < down)).sum())
    cut = words["cut"].format(count=beyond, steps=len(steps)) if beyond else ""
    return style.finished(figure, words["title"], words["subtitle"].format(model=shares.model), cut)


def _above(values: Array) -> Array:
    total: Array = values.clip(0).sum(axis=1)
    return total


def _below(values: Array) -> Array:
    total: Array = values.clip(None, 0).sum(axis=1)
    return total


def _limits(values: Array) -> tuple[float, float]:
    tops = []
    for depth, least in ((_above(values), 1.0), (-_below(values), 0.0)):
        held, most = float(np.quantile(depth, HELD)), float(depth.max())
        tops.append(max(least, most if most <= ROOMIER * max(held, least, 0.1) else held))
    margin = 0.05 * sum(tops)
    return tops[0] + margin, -tops[1] - margin * (tops[1] > 0)


def _stack(axes: Axes, names: Sequence[str], steps: Any, values: Array) -> None:
    colours = gate_colours(names)
    # Each step is as wide as it is: between two steps there is nothing to be seen.
    edges = np.append(steps - 0.5, steps[-1] + 0.5)
    for part in (values.clip(0), values.clip(None, 0)):
        levels = np.hstack([np.zeros((len(steps), 1)), part.cumsum(axis=1)])
        for at, name in enumerate(names):
            low, high = (np.append(level, level[-1]) for level in (levels[:, at], levels[:, at + 1]))
            colour = colours[name].light
            axes.fill_between(edges, low, high, step="post", color=colour, alpha=0.62, linewidth=0, zorder=2)


def _names(axes: Axes, names: Sequence[str], values: Array, gap: float) -> None:
    """The gates at the right, each beside its area of the last step."""
    last, colours = values[-1], gate_colours(names)
    low, high = axes.get_ylim()
    middles = [
        (last[:at].clip(0).sum() if last[at] >= 0 else last[:at].clip(None, 0).sum()) + last[at] / 2
        for at in range(len(names))
    ]
    ends = ((np.array(middles) - low) / (high - low)).clip(0.0, 1.0)
    for name, end, height in zip(names, ends, spread(ends, gap), strict=True):
        end_label(axes, (1.0, end), height, gap, (name, "", ""), colours[name].light)
