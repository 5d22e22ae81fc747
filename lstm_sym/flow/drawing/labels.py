"""Labels at the right ends of curves, moved apart where these end close together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.runs.scaling import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches that one label with its note takes.
ROOM = 0.38
# Longer names are cut in the figure; the CSV has them whole.
LONGEST = 40


def end_label(
    axes: Axes,
    end: tuple[float, float],
    height: float,
    gap: float,
    texts: tuple[str, str, str],
    colour: str,
    is_loud: bool = True,
) -> None:
    """A label and the note under it at `height`, with a leader from the end of its curve; all in parts of the axes.

    texts: label, note ("" for none), and what is set behind the label. is_loud: whether the label is bold.
    """
    leader: Any = {"color": colour, "linewidth": 0.8, "alpha": 0.6, "clip_on": False}
    start = max(end[0], 1.0) + 0.008
    axes.plot([start, 1.03, 1.045], [end[1], height, height], transform=axes.transAxes, **leader)
    # A curve that ends early is led to the edge by dots, which nobody takes for data.
    if end[0] < 0.98:
        axes.plot([end[0] + 0.012, 1.0], [end[1], end[1]], transform=axes.transAxes, linestyle=":", **leader)
    label, note, beyond = texts
    shown = label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
    bold: Any = {"fontsize": 10.5, "fontweight": "bold" if is_loud else "normal"}
    places = ((shown + beyond, 0.2 if note else 0.0, bold), (note, -0.24, {"fontsize": 9.0}))
    for text, shift, font in places:
        options: Any = {"color": colour, "va": "center", "parse_math": False, **font}
        axes.text(1.055, height + shift * gap, text, transform=axes.transAxes, **options)


def two_lines(label: str, note: str) -> tuple[str, str]:
    """A label and what stands under it: its note, or what follows the first comma of the label."""
    place = next((at for at, character in enumerate(label) if character in ",，"), 0)
    if note or not place:
        return label, note
    return label[:place], label[place + 1 :].strip()


def spread(heights: Array, gap: float) -> Array:
    """Heights moved as little as possible (least squares) so that they are `gap` apart, within 0 and 1, in their order.

    Where so many do not fit, they fill 0 to 1 evenly.
    """
    order = np.argsort(heights, kind="stable")
    count = len(heights)
    gap = min(gap, 1.0 / max(count - 1, 1))
    steps = gap * np.arange(count)
    # With the steps taken out, "gap apart" reads "not descending": pool the violators, the nearest such sequence.
    level = _ascending(heights[order] - steps).clip(0.0, max(1.0 - steps[-1], 0.0))
    moved = np.empty(count)
    moved[order] = level + steps
    return moved


def _ascending(values: Array) -> Array:
    """The ascending sequence nearest to values in least squares, by pooling adjacent violators."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])
