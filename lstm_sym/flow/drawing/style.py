"""What every figure shares: fonts and settings, axes of a size in inches, titles that fit, and how it is saved."""

from __future__ import annotations

import csv
import io
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.drawing import fonts
from lstm_sym.flow.drawing.colours import GRID, INK, MUTED, PAPER
from lstm_sym.flow.errors import FlowError
from lstm_sym.ground.files import write_in_order
from lstm_sym.ground.safe_text import printable_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

SETTINGS: Any = {
    "svg.hashsalt": "lstm_sym",
    "svg.fonttype": "path",
    "font.size": 10.0,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "hatch.linewidth": 0.6,
    "path.simplify": False,
}
# Inches around all that is drawn, and from the drawing up to the titles.
EDGE, ABOVE = 0.16, 0.17
DPI = 200


def save(
    folder: str | Path, stem: str, draw: Callable[[], Figure], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> list[Path]:
    """Draw a figure in the style and return the files: stem.svg, stem.png, stem.csv.

    draw: makes the figure. columns, rows: the data that it shows; numbers are written in full, NaN as nothing.
    The same data give the same bytes. The folder is made; all three files are on the disk before the first gets its
    name, and each is whole or not there. Where a character is in no font, the SVG holds its texts as text, which the
    reader's own fonts draw, and the PNG shows a box for it. Raises FlowError: a `stem` that is a path.
    """
    _refuse_path(stem)
    with styled():
        figure = draw()
        _choose_fonts(figure)
        drawn = {
            "svg": _bytes(figure, "svg", metadata={"Date": None, "Creator": "lstm_sym"}),
            "png": _bytes(figure, "png", dpi=DPI, metadata={"Software": None}),
            "csv": csv_bytes(columns, rows),
        }
    files = {Path(folder) / f"{stem}.{kind}": data for kind, data in drawn.items()}
    write_in_order([*files.items()])
    return [*files]


def refuse_thresholds(low: float, high: float, where: str) -> None:
    """Raise a FlowError for bounds of a closed and an open gate that are not in order within 0 and 1."""
    if not 0 < low < high < 1:
        raise FlowError(where, f"low {low}, high {high}", "the two exchanged", "give 0 < low < high < 1")


@contextmanager
def styled() -> Iterator[None]:
    """The settings of the figure alone, and the fonts that come with the package."""
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS | {"font.family": fonts.families()})
        # `_choose_fonts` sees to the characters that are in no font.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing")
        yield


def has_text(svg: str) -> bool:
    """Whether an SVG of `save` holds its texts as text: a character of them is in no font here."""
    return "<text " in svg


def _choose_fonts(figure: Figure) -> None:
    """The right fonts for the texts of a figure; texts that no font can write stay text in the SVG."""
    import matplotlib
    from matplotlib.text import Text

    fonts.choose(figure)
    texts = figure.findobj(Text)
    if fonts.without_font("".join(text.get_text() for text in texts)):
        matplotlib.rcParams["svg.fonttype"] = "none"
        for text in texts:  # characters that do not print may not stand in an SVG
            text.set_text(printable_lines(text.get_text()))


def sheet() -> Figure:
    """An empty figure, to be given axes with `axes_at` and its size with `finished`."""
    from matplotlib.figure import Figure

    # Texts are measured at the resolution that they are drawn at: hinting makes their width depend on it.
    return Figure(figsize=(1.0, 1.0), dpi=DPI, facecolor=PAPER)


def axes_at(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes of this place and size in inches, only the lower spine drawn."""
    size = figure.get_size_inches()
    axes = figure.add_axes((left / size[0], bottom / size[1], width / size[0], height / size[1]))
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


def finished(figure: Figure, title: str, *notes: str) -> Figure:
    """Titles above all that is drawn, wrapped to its width, and a figure just as large; the axes keep their size.

    notes: what stands under the title, "" for nothing.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    box = figure.get_tightbbox(renderer)
    top, texts = box.y1 + ABOVE, []
    subtitle = "; ".join(filter(None, notes))
    for text, font in ((subtitle, {"fontsize": 9.5, "color": MUTED}), (title, {"fontsize": 14.5, "weight": "bold"})):
        if text:
            drawn = _title(figure, text, (box.x0, top), box.width, renderer, font)
            top = drawn.get_window_extent(renderer).y1 / figure.dpi + 0.11
            texts.append(drawn)
    box = figure.get_tightbbox(renderer)
    move = EDGE - np.array([box.x0, box.y0])
    _resize(figure, np.array([box.width, box.height]) + 2 * EDGE, move)
    for drawn in texts:
        drawn.set_position(tuple(np.array(drawn.get_position()) + move))
    return figure


def _title(
    figure: Figure, text: str, place: tuple[float, float], room: float, renderer: Any, font: dict[str, Any]
) -> Text:
    inches = figure.dpi_scale_trans
    drawn = figure.text(*place, text, transform=inches, va="bottom", parse_math=False, linespacing=1.25, **font)
    share = room * figure.dpi / drawn.get_window_extent(renderer).width
    # Below a quarter more than the room, a wider figure looks better than a second line.
    if share < 0.8:
        drawn.set_text(textwrap.fill(text, max(24, int(len(text) * share))))
    return drawn


def _resize(figure: Figure, size: Any, move: Any) -> None:
    """A figure of `size` inches, its axes moved by `move` inches."""
    before = figure.get_size_inches()
    places = [(axes, axes.get_position(original=True)) for axes in figure.axes]
    figure.set_size_inches(*size)
    for axes, place in places:
        left, bottom = (np.array([place.x0, place.y0]) * before + move) / size
        width, height = np.array([place.width, place.height]) * before / size
        axes.set_position((left, bottom, width, height))


def _refuse_path(stem: str) -> None:
    if not stem.strip(".") or set("/\\\0") & set(stem):
        raise FlowError(
            "figure",
            f"the stem {stem!r}",
            "a path given as the stem",
            "give the path as the folder, the name alone here",
        )


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as CSV: numbers with all their digits, NaN as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_written(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8")


def _written(value: Any) -> Any:
    """A number with all its digits, NaN as nothing, -0 as 0; integers and texts as they are."""
    if not isinstance(value, float):
        return value
    return "" if np.isnan(value) else repr(float(value) + 0.0)


def _bytes(figure: Figure, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, **options)
    return buffer.getvalue()
