"""The unfolded network, its nodes shaded by their sensitivity to the first input, its gates marked open or closed.

The form is that of Graves (2012), Supervised Sequence Labelling with Recurrent Neural Networks, figures 4.1 and 4.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.attribution.unfolding import GATES, ROWS, Unfolded
from lstm_sym.flow.drawing import style
from lstm_sym.flow.drawing.colours import INK, MUTED, PAPER, gate_colours
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.translation import translated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lstm_sym.flow.drawing.sheets import Sheet

LABELS = {
    "title": "{model}: what becomes of the first input",
    "subtitle": "Shade: how sensitive a node is to the input at step 1",
    "input": "input",
    "hidden": "hidden layer",
    "output": "output",
    "step": "step",
    "most": "largest of its row",
    "decades": "{decades:g} decades less, and 0",
    "none": "0",
    "open": "open (> {high:g})",
    "closed": "closed (< {low:g})",
    "gate input": "input gate, below",
    "gate forget": "forget gate, left",
    "gate output": "output gate, above",
}
LOW, HIGH = 0.1, 0.9
# Inches: between columns, between rows, the radius of a node, from its edge to the middle of a mark, that of a mark.
ACROSS, UP, NODE, AWAY, MARK = 1.0, 1.08, 0.2, 0.25, 0.065


def gate_mark(value: float, low: float = LOW, high: float = HIGH) -> str:
    """O for an open gate (> high), - for a closed one (< low), else the value in two digits."""
    return "O" if value > high else "-" if value < low else f"{value:.1g}".removeprefix("0")


def save_unfolded(
    network: Unfolded,
    folder: str | Path,
    stem: str,
    *,
    decades: float | None = None,
    low: float = LOW,
    high: float = HIGH,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw the unfolded network with shaded nodes and marked gates: stem.svg, stem.png, stem.csv.

    A node is black where it is the most sensitive of its row and white where it feels nothing of the first input;
    linear, or logarithmic over so many `decades`. At every hidden node the input gate is marked below, the forget gate
    on the left, the output gate above: a ring for open (> high), a bar for closed (< low), else its value. labels:
    other words for `LABELS`. The CSV has the columns step, input, hidden, output (sensitivities in log10) and one
    column for each gate. Raises FlowError: thresholds out of order, and what `Drawing.save` refuses.
    """
    style.refuse_thresholds(low, high, "unfolded")
    parts = {"model": network.model, "decades": decades or 0, "low": low, "high": high}
    words = translated(LABELS, labels)
    words |= {name: words[name].format(**parts) for name in ("title", "decades", "open", "closed")}
    drawing = _Drawing(network, network.shades(decades), decades is not None, (low, high), words)
    columns = ["step", *ROWS, *(f"{name}_gate" for name in network.gates)]
    return Drawing(drawing.figure, columns, [*_rows(network)]).save(folder, stem, look)


def _rows(network: Unfolded) -> Iterator[list[Any]]:
    columns = [*(network.log_sensitivity / np.log(10.0)), *network.gates.values()]
    for at, row in enumerate(zip(*columns, strict=True)):
        yield [at + 1, *(float(value) for value in row)]


@dataclass(frozen=True, eq=False)
class _Drawing:
    """The figure in the making; its axes count in inches."""

    network: Unfolded
    shades: Array
    logarithmic: bool
    thresholds: tuple[float, float]
    words: Mapping[str, str]

    def figure(self) -> Sheet:
        steps = self.shades.shape[1]
        sheet = style.sheet()
        left, right = -NODE - AWAY - 2 * MARK, (steps - 1) * ACROSS + NODE
        width, height = right - left + 2.1, 2 * UP + 2 * NODE + 0.1
        axes = style.axes_at(sheet, 0.0, 0.0, width, height)
        axes.set(xlim=(left, left + width), ylim=(-NODE - 0.05, height - NODE - 0.05))
        axes.axis("off")
        for step in range(steps):
            self._arrows(axes, step)
            self._nodes(axes, step)
            for name, values in self.network.gates.items():
                colour = gate_colours([name])[name].light
                self._mark(axes, self._beside(step, name), float(values[step]), colour)
        self._names(axes, left)
        self._key(axes, right + 0.55)
        return style.finished(sheet, self.words["title"], self.words["subtitle"], is_to_scale=True)

    def _arrows(self, axes: Axes, step: int) -> None:
        x = step * ACROSS
        ways = [((x, 0.0), (x, UP)), ((x, UP), (x, 2 * UP))]
        ways += [((x - ACROSS, UP), (x, UP))] if step else []
        shape: Any = {"arrowstyle": "-|>", "color": MUTED, "linewidth": 0.9, "mutation_scale": 8}
        shape |= {"shrinkA": 72 * NODE, "shrinkB": 72 * NODE + 1}
        for start, end in ways:
            axes.annotate("", end, start, arrowprops=shape, zorder=1)

    def _nodes(self, axes: Axes, step: int) -> None:
        from matplotlib.patches import Circle

        for row, shade in enumerate(self.shades[:, step]):
            place = (step * ACROSS, row * UP)
            axes.add_patch(Circle(place, NODE, facecolor=_grey(shade), edgecolor=INK, linewidth=1.1, zorder=3))

    def _beside(self, step: int, gate: str) -> tuple[float, float]:
        """Where the mark of a gate stands: below, left of, or above its hidden node."""
        x, away = step * ACROSS, NODE + AWAY
        return {"input": (x, UP - away), "forget": (x - away, UP), "output": (x, UP + away)}[gate]

    def _mark(self, axes: Axes, place: tuple[float, float], value: float, colour: str) -> None:
        from matplotlib.patches import Circle

        (x, y), mark = place, gate_mark(value, *self.thresholds)
        # Paper behind the mark, so that it interrupts the arrow.
        axes.add_patch(Circle(place, 1.75 * MARK, facecolor=PAPER, edgecolor="none", zorder=2))
        if mark == "O":
            axes.add_patch(Circle(place, MARK, facecolor=PAPER, edgecolor=colour, linewidth=1.8, zorder=4))
        elif mark == "-":
            ends = [x - 1.2 * MARK, x + 1.2 * MARK]
            axes.plot(ends, [y, y], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=4)
        else:
            font: Any = {"fontsize": 8.0, "fontweight": "bold", "color": colour, "parse_math": False}
            axes.text(x, y, mark, ha="center", va="center_baseline", zorder=4, **font)

    def _names(self, axes: Axes, left: float) -> None:
        """The names of the rows at the left, the numbers of the steps below."""
        font: Any = {"va": "center", "color": INK, "parse_math": False}
        for row, name in enumerate(ROWS):
            axes.text(left - 0.1, row * UP, self.words[name], ha="right", fontsize=10.5, **font)
        below: Any = {"va": "top", "color": MUTED, "fontsize": 9.5, "parse_math": False}
        for step in range(self.shades.shape[1]):
            axes.text(step * ACROSS, -NODE - 0.12, str(step + 1), ha="center", **below)
        axes.text(left - 0.1, -NODE - 0.12, self.words["step"], ha="right", **below)

    def _key(self, axes: Axes, x: float) -> None:
        """What shades and marks mean, at the right."""
        top, bottom = 2 * UP + NODE, UP + 0.32 if self.network.gates else UP - 0.3
        edge: Any = {"extent": (x - 0.07, x + 0.07, bottom, top), "aspect": "auto", "zorder": 2}
        levels = np.array([[_level(share)] * 3 for share in np.linspace(0, 1, 64)])[:, None]
        limits = axes.get_xlim(), axes.get_ylim()
        axes.imshow(levels, origin="lower", interpolation="nearest", **edge)
        axes.set(xlim=limits[0], ylim=limits[1], aspect="auto")
        axes.plot(
            [x - 0.07, x + 0.07, x + 0.07, x - 0.07, x - 0.07], [bottom, bottom, top, top, bottom], color=MUTED, lw=0.8
        )
        least = self.words["decades" if self.logarithmic else "none"]
        font: Any = {"fontsize": 9.0, "color": MUTED, "va": "center", "parse_math": False}
        axes.text(x + 0.18, top - 0.06, self.words["most"], **font)
        axes.text(x + 0.18, bottom + 0.06, least, **font)
        if self.network.gates:
            self._gate_key(axes, x, bottom - 0.34, font)

    def _gate_key(self, axes: Axes, x: float, y: float, font: Any) -> None:
        for value, text in ((1.0, "open"), (0.0, "closed")):
            self._mark(axes, (x, y), value, INK)
            axes.text(x + 0.18, y, self.words[text], **font)
            y -= 0.22
        for name in reversed(GATES):
            if name in self.network.gates:
                y -= 0.22
                axes.text(x - 0.07, y, self.words[f"gate {name}"], **font | {"color": gate_colours([name])[name].light})


def _level(shade: float) -> float:
    """The grey of a shade, 1 white: even steps of shade are even steps of what is seen."""
    return 1.0 - 0.96 * float(shade)


def _grey(shade: float) -> tuple[float, float, float]:
    return (_level(shade),) * 3
