"""Cost against T, B and H: one line a peer, with its quartiles, on two logarithmic axes; one figure an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from _measure import Spread

from lstm_sym.flow.drawing.colours import DASHES, INK, MUTED, PALETTE
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.drawing.style import axes_at, finished, grid, named, sheet

AXES: dict[str, tuple[str, tuple[tuple[int, int, int, int], ...]]] = {
    "T": ("steps T", tuple((T, 1, 32, 32) for T in (10, 30, 100, 300, 1000))),
    "B": ("sequences B", tuple((50, B, 64, 64) for B in (1, 4, 16, 64, 256))),
    "H": ("units H = D", tuple((50, 16, H, H) for H in (16, 32, 64, 128, 256, 512))),
}
"""Axis -> its words, and the shapes (T, B, D, H) along it."""
FIXED = {"T": "B = 1, D = H = 32", "B": "T = 50, D = H = 64", "H": "T = 50, B = 16"}
LINES: dict[str, tuple[str, Any, float]] = {
    "C": (PALETTE[0], DASHES[0], 2.4),
    "NumPy": (PALETTE[0], DASHES[1], 1.6),
    "torch.nn": (PALETTE[1], DASHES[0], 1.6),
    "torch loop": (PALETTE[1], DASHES[1], 1.6),
    "JAX scan": (PALETTE[2], DASHES[0], 1.6),
    "autograd": (PALETTE[3], DASHES[0], 1.6),
    "floor": (MUTED, DASHES[2], 1.6),
}
"""Peer -> colour, dashes, width of its line."""
Curves = dict[str, list[Spread]]  # peer -> seconds along an axis


def stem(axis: str) -> str:
    """The name of the figure of an axis, without its ending."""
    return f"peers_{axis}"


def figure(axis: str, cell: str, dtype: str, curves: Curves) -> Drawing:
    """The figure of an axis; its data are milliseconds."""
    words, shapes = AXES[axis]
    sizes = [shape["TBDH".index(axis)] for shape in shapes]

    def draw() -> Any:
        return drawn(words, sizes, curves, (f"Cost of a gradient: {cell}", f"{dtype}, {FIXED[axis]}; bands: quartiles"))

    pairs = [(name, *pair) for name in curves for pair in zip(sizes, curves[name], strict=True)]
    rows = [(name, size, *(1e3 * value for value in spread)) for name, size, spread in pairs]
    return Drawing(draw, ("peer", axis, "median ms", "lower quartile ms", "upper quartile ms"), rows)


def drawn(words: str, sizes: Sequence[int], curves: Curves, said: tuple[str, str]) -> Any:
    """Lines and bands; the peers are named under the axes, in the order of the highest size."""
    made = sheet()
    axes = axes_at(made, 0.0, 0.0, 3.0, 2.3)
    grid(axes, "both")
    for name in sorted(curves, key=lambda name: -curves[name][-1].median):
        colour, dashes, width = LINES[name]
        low, middle, high = (
            [1e3 * getattr(spread, part) for spread in curves[name]] for part in ("low", "median", "high")
        )
        axes.fill_between(sizes, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(sizes, middle, color=colour, linestyle=dashes, linewidth=width, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, labels=[f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    named(axes, words, "milliseconds")
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, -0.24),
        ncols=3,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handlelength=2.4,
        columnspacing=1.2,
        borderaxespad=0,
    )
    return finished(made, *said)


def svg(drawing: Drawing) -> bytes:
    """Its file."""
    return drawing.files(Look(("svg",)))["svg"]
