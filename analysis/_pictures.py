"""Figures of experiments that train, where curves do not fit: seeds as dots, cells of a grid, words in colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.flow.drawing import style
from lstm_sym.flow.drawing.colours import GRID, INK, MUTED, PALETTE
from lstm_sym.flow.drawing.drawings import Drawing

ROW, ACROSS = 0.36, 4.6
"""Inches of a row, and of the axis of numbers."""
CELL, WIDE, GAP = 0.16, 0.38, 0.34
"""Inches of a cell of a grid, down and across, and between its panels."""
LINE, CHARACTER = 0.44, 0.088
"""Inches of a line of words, and of a character in it."""


@dataclass(frozen=True)
class Row:
    """A row of dots: its label, a value a seed, and whether it is a baseline (grey)."""

    label: str
    values: Sequence[float]
    baseline: bool = False


def save_dots(
    rows: Sequence[Row],
    folder: Path,
    stem: str,
    *,
    title: str,
    subtitle: str,
    x: str,
    limits: tuple[float, float] | None = None,
    verticals: Sequence[tuple[float, str]] = (),
) -> list[Path]:
    """A row a model, a dot a seed, a line at their mean, which is written beside; stem.svg, stem.png, stem.csv.

    verticals: (x, text) of dashed lines, such as what chance gives. The CSV has the columns row, seed, value.
    """

    def draw() -> Any:
        figure = style.sheet()
        axes = style.axes_at(figure, 0.0, 0.0, ACROSS, ROW * len(rows))
        every = [value for row in rows for value in row.values] + [value for value, _ in verticals]
        room = 0.06 * (max(every) - min(every) or 1.0)
        low, high = limits or (min(every) - room, max(every) + room)
        axes.set_xlim(low, high)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        for at, row in enumerate(rows):
            _dots(axes, at, row)
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.tick_params(axis="y", labelcolor=INK, labelsize=10)
        for value, text in verticals:
            axes.axvline(value, color=MUTED, linewidth=0.9, linestyle=(0, (5, 2)), zorder=1)
            above: Any = {"ha": "center", "va": "bottom", "fontsize": 9, "color": MUTED}
            axes.text(value, -0.6, text, **above)
        style.ticks(axes.xaxis)
        style.grid(axes, "x")
        style.named(axes, x, "")
        return style.finished(figure, title, subtitle)

    cells = [[row.label, seed, float(value)] for row in rows for seed, value in enumerate(row.values)]
    return Drawing(draw, ("row", "seed", "value"), cells).save(folder, stem)


def _dots(axes: Any, at: int, row: Row) -> None:
    colour = MUTED if row.baseline else PALETTE[0]
    mean = float(np.mean(row.values))
    axes.plot(row.values, [at] * len(row.values), "o", color=colour, alpha=0.55, markersize=6, markeredgewidth=0)
    axes.plot([mean, mean], [at - 0.3, at + 0.3], color=colour, linewidth=2.2, solid_capstyle="butt")
    place: Any = {"xy": (1.0, at), "xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate(f"{mean:.3f}", xytext=(10, 0), va="center", fontsize=10, color=INK, **place)


def save_grid(
    panels: Mapping[str, Any],
    folder: Path,
    stem: str,
    *,
    columns: Sequence[str],
    title: str,
    subtitle: str,
    y: str,
    names: tuple[str, str, str],
    limits: tuple[float, float] = (0.0, 1.0),
) -> list[Path]:
    """Panels of cells one below the other, one colour scale: panel -> (rows, columns); stem.svg, stem.png, stem.csv.

    names: of a column, of a row and of the value, for the CSV, whose first column is the panel.
    """

    def draw() -> Any:
        figure = style.sheet()
        heights = [CELL * len(values) for values in panels.values()]
        whole, wide, image = sum(heights) + GAP * (len(panels) - 1), WIDE * len(columns), None
        top = whole
        for number, (panel, values) in enumerate(panels.items(), 1):
            top -= heights[number - 1]
            axes = style.axes_at(figure, 0.0, top, wide, heights[number - 1])
            place: Any = {"cmap": "viridis", "vmin": limits[0], "vmax": limits[1], "aspect": "auto"}
            image = axes.imshow(values, interpolation="nearest", **place)
            shown = columns if number == len(panels) else []
            axes.set_xticks(range(len(shown)), shown, rotation=50, ha="right", rotation_mode="anchor")
            axes.tick_params(axis="x", length=0, labelcolor=INK)
            axes.set_yticks([])
            axes.spines["bottom"].set_visible(False)
            axes.set_title(panel, loc="left", fontsize=11, fontweight="bold", color=INK, pad=6)
            style.named(axes, "", y)
            top -= GAP
        beside = style.axes_at(figure, wide + 0.22, 0.0, 0.14, whole)
        bar = figure.colorbar(image, cax=beside)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, pad=5, labelsize=9.5)
        bar.set_label(names[2], labelpad=6)
        return style.finished(figure, title, subtitle)

    cells = [
        [panel, f"{at} {columns[at]}", row, float(value)]
        for panel, values in panels.items()
        for row, line in enumerate(values)
        for at, value in enumerate(line)
    ]
    return Drawing(draw, ("panel", *names), cells).save(folder, stem)


@dataclass(frozen=True)
class Line:
    """A sentence: its words, a signed value of each, and what is said of it above."""

    words: Sequence[str]
    values: Sequence[float]
    note: str


def save_words(
    lines: Sequence[Line], folder: Path, stem: str, *, title: str, subtitle: str, name: str, across: float = 9.0
) -> list[Path]:
    """Sentences whose words stand on colours: blue above 0, orange below, none at 0; stem.svg, stem.png, stem.csv.

    One scale for all. The CSV has the columns sentence, place, word and `name`.
    """

    def draw() -> Any:
        figure = style.sheet()
        places = [_broken(line.words, across) for line in lines]
        height = sum(LINE * (len(rows) + 1) for rows in places)
        axes = style.axes_at(figure, 0.0, 0.0, across, height)
        axes.set_axis_off()
        axes.set_xlim(0, across)
        axes.set_ylim(height, 0)
        largest, top = max(np.abs(line.values).max() for line in lines), 0.0
        for line, rows in zip(lines, places, strict=True):
            axes.text(0, top + 0.6 * LINE, line.note, va="center", fontsize=9.5, color=MUTED, parse_math=False)
            for at, row in enumerate(rows, 1):
                for left, width, number in row:
                    box = (left, top + at * LINE, width)
                    _word(axes, line.words[number], float(line.values[number]) / largest, box)
            top += LINE * (len(rows) + 1)
        return style.finished(figure, title, subtitle)

    cells = [
        [number, at, word, float(value)]
        for number, line in enumerate(lines)
        for at, (word, value) in enumerate(zip(line.words, line.values, strict=True))
    ]
    return Drawing(draw, ("sentence", "place", "word", name), cells).save(folder, stem)


def _word(axes: Any, word: str, share: float, box: tuple[float, float, float]) -> None:
    """A word on its colour: share of the strongest, in [-1, 1]; box: left, top, width in inches."""
    from matplotlib.patches import Rectangle

    left, top, width = box
    colour = PALETTE[0] if share > 0 else PALETTE[1]
    behind: Any = {"facecolor": colour, "alpha": 0.6 * abs(share), "edgecolor": GRID, "linewidth": 0.0}
    axes.add_patch(Rectangle((left, top + 0.04), width - 0.03, LINE - 0.08, **behind))
    middle: Any = {"ha": "center", "va": "center", "fontsize": 10.5, "parse_math": False}
    axes.text(left + width / 2 - 0.015, top + LINE / 2, word, color=INK, **middle)


def _broken(words: Sequence[str], across: float) -> list[list[tuple[float, float, int]]]:
    """Words in lines no wider than `across`: (left, width, number of the word)."""
    rows: list[list[tuple[float, float, int]]] = [[]]
    left = 0.0
    for number, word in enumerate(words):
        width = CHARACTER * (len(word) + 1.4)
        if left + width > across and rows[-1]:
            rows.append([])
            left = 0.0
        rows[-1].append((left, width, number))
        left += width
    return rows
