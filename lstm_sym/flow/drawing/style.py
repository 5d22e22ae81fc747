"""What every figure shares: fonts and settings, axes, grids, ticks, and the words of its axes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lstm_sym.flow.drawing import fonts
from lstm_sym.flow.drawing.colours import GRID, INK, MUTED
from lstm_sym.flow.errors import FlowError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lstm_sym.flow.drawing.sheets import Sheet

SETTINGS: Any = {
    "svg.hashsalt": "lstm_sym",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # TrueType, which journals ask for
    "font.size": 10.0,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "hatch.linewidth": 0.6,
    "path.simplify": False,
}
DPI = 200
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@contextmanager
def styled() -> Iterator[None]:
    """The settings of the figure alone, and the fonts that come with the package."""
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS | {"font.family": fonts.families()})
        # What is written sees to the characters that are in no font.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing")
        yield


def refuse_thresholds(low: float, high: float, where: str) -> None:
    """Raise a FlowError for bounds of a closed and an open gate that are not in order within 0 and 1."""
    if not 0 < low < high < 1:
        raise FlowError(where, f"low {low}, high {high}", "the two exchanged", "give 0 < low < high < 1")


def sheet() -> Sheet:
    """An empty figure, to be given axes with `axes_at` and its words with `finished`."""
    from lstm_sym.flow.drawing.sheets import Sheet

    return Sheet(DPI)


def finished(figure: Sheet, title: str, *notes: str, is_to_scale: bool = False) -> Sheet:
    """The figure with its title and its notes, "" for nothing; where they stand is decided when it is written."""
    figure.title, figure.notes, figure.is_to_scale = title, tuple(filter(None, notes)), is_to_scale
    return figure


def axes_at(figure: Sheet, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes of this place and size in inches, only the lower spine drawn."""
    size = figure.get_size_inches()
    axes = figure.add_axes((left / size[0], bottom / size[1], width / size[0], height / size[1]))
    axes.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=6, labelsize=9.5)
    axes.tick_params(axis="x", length=3)
    return axes


def grid(axes: Axes, axis: Any = "y") -> None:
    """Thin lines behind the data."""
    axes.grid(axis=axis, color=GRID, linewidth=0.8)


def named(axes: Axes, x: str, y: str) -> None:
    """The texts of the two axes; a dollar sign is a dollar sign."""
    axes.set_xlabel(x, labelpad=6, parse_math=False)
    axes.set_ylabel(y, labelpad=6, parse_math=False)


def ticks(axis: Any, *, whole: bool = False) -> None:
    """Some seven ticks at round numbers, or at whole ones."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(7, integer=whole, steps=(1, 2, 2.5, 5, 10)))


def power_of_ten(exponent: float) -> str:
    """10⁻³ for -3; 1 for 0."""
    return f"10{f'{exponent:.0f}'.translate(_RAISED)}" if round(exponent) else "1"
