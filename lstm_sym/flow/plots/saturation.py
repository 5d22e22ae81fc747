"""Gate saturation: how often every unit of a gate is wide open, and how often shut.

The view is that of Karpathy, Johnson & Fei-Fei (2015), Visualizing and Understanding Recurrent Networks, figure 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.drawing import style
from lstm_sym.flow.drawing.colours import GRID, MUTED, gate_colours
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.translation import translated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lstm_sym.flow.drawing.sheets import Sheet

LABELS = {
    "title": "How often are the gates open, how often closed?",
    "subtitle": "{model}One ring a unit, over {count} values each; on the dashed line a unit is never between",
    "between": "for less than {least:g} % of the time either: {names}",
    "closed": "share of time closed (< {low:g})",
    "open": "share of time open (> {high:g})",
}
SIDE, GAP, ROW, ACROSS = 1.75, 0.42, 0.98, 4
LEAST = 0.05
"""A gate none of whose units is open, or closed, for this share of the time is between, and has no panel."""


def save_saturation(
    gates: Mapping[str, Any],
    folder: str | Path,
    stem: str,
    *,
    model: str = "",
    low: float = 0.1,
    high: float = 0.9,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw, for all gates of a cell, each unit's share of time above `high` against that below `low`.

    A gate none of whose units is open or closed for 5 % of the time has no panel, but is named, unless all are so.
    gates: the values of every gate, (T, B, H) or (T, H), in [0, 1]. model: named in the subtitle. Writes stem.svg,
    stem.png, stem.csv; the CSV has the columns gate, unit, closed, open. labels: other words for `LABELS`.

    Raises FlowError: no gate, values outside [0, 1] or NaN, thresholds out of order, and what `Drawing.save` refuses.
    """
    return saturation_drawing(gates, model=model, low=low, high=high, labels=labels).save(folder, stem, look)


def is_saturated(values: Any, low: float = 0.1, high: float = 0.9) -> bool:
    """Whether any unit of a gate is above `high`, or below `low`, for as much of the time as a panel shows."""
    return bool((_shares("", values, low, high) >= LEAST).any())


def saturation_drawing(
    gates: Mapping[str, Any],
    *,
    model: str = "",
    low: float = 0.1,
    high: float = 0.9,
    labels: Mapping[str, str] | None = None,
) -> Drawing:
    """The figure of `save_saturation`, to be written."""
    style.refuse_thresholds(low, high, "saturation")
    refusals.refuse_unclear_names(list(gates), "gate", "saturation")
    shares = {name: _shares(name, values, low, high) for name, values in gates.items()}
    counts = dict.fromkeys(str(np.size(values) // np.shape(values)[-1]) for values in gates.values())
    words = translated(LABELS, labels)
    subtitle = words["subtitle"].format(model=f"{model}. " if model else "", count=" / ".join(counts))
    words |= {"subtitle": subtitle, "closed": words["closed"].format(low=low), "open": words["open"].format(high=high)}
    return Drawing(lambda: _figure(shares, words), ("gate", "unit", "closed", "open"), [*_rows(shares)])


def _shares(name: str, values: Any, low: float, high: float) -> Array:
    """The shares of time closed and open of every unit: (2, H)."""
    array = np.asarray(values, np.float64)
    # Written so that NaN is refused as well.
    if array.ndim not in (2, 3) or not array.size or not ((array >= 0) & (array <= 1)).all():
        raise FlowError(
            f"saturation, gate {name!r}",
            f"an array of shape {array.shape}, or values that are not all in [0, 1]",
            "pre-activations in place of gate values, a tanh, or NaN",
            "give the values of a sigmoid, (T, B, H) or (T, H)",
        )
    flat = array.reshape(-1, array.shape[-1])
    return np.stack([(flat < low).mean(axis=0), (flat > high).mean(axis=0)])


def _rows(shares: Mapping[str, Array]) -> Iterator[list[Any]]:
    for name, (closed, opened) in shares.items():
        for unit, pair in enumerate(zip(closed, opened, strict=True)):
            yield [name, unit, *pair]


def _figure(shares: Mapping[str, Array], words: Mapping[str, str]) -> Sheet:
    figure = style.sheet()
    colours = gate_colours(list(shares))
    empty = [name for name, both in shares.items() if not (both >= LEAST).any()]
    empty = empty if len(empty) < len(shares) else []
    shares = {name: both for name, both in shares.items() if name not in empty}
    across = min(len(shares), ACROSS)
    down = -(-len(shares) // across)
    for at, (name, (closed, opened)) in enumerate(shares.items()):
        row, column = divmod(at, across)
        axes = style.axes_at(figure, column * (SIDE + GAP), (down - 1 - row) * (SIDE + ROW), SIDE, SIDE)
        _panel(axes)
        ring: Any = {"markersize": 5.5, "markerfacecolor": "none", "markeredgewidth": 1.1, "clip_on": False}
        axes.plot(closed, opened, "o", color=colours[name].light, alpha=0.55, zorder=3, **ring)
        above: Any = {"fontsize": 11.5, "fontweight": "bold", "color": colours[name].light, "parse_math": False}
        axes.set_title(name, loc="left", pad=7, **above)
        first = at == len(shares) - 1 - (len(shares) - 1) % across
        style.named(axes, words["closed"] if first else "", words["open"] if not column else "")
        axes.xaxis.label.set(horizontalalignment="left", x=0.0)
        axes.tick_params(axis="y", labelleft=not column)
    between = words["between"].format(least=100 * LEAST, names=", ".join(empty)) if empty else ""
    return style.finished(figure, words["title"], words["subtitle"], between, is_to_scale=True)


def _panel(axes: Axes) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    style.grid(axes, "both")
    axes.spines["left"].set_visible(True)
    axes.plot([0, 1], [1, 0], color=MUTED, linewidth=0.9, linestyle=(0, (5, 2)), zorder=2)
    axes.fill_between([0, 1], [1, 0], [1, 1], color=GRID, alpha=0.5, linewidth=0, zorder=1)
