"""A figure while it is drawn: axes of a size in inches; then its titles, and a page of paper that is just as large.

Axes are placed in inches from a corner of their own; what stands around them decides how large the figure is, so the
same axes with words of several languages can be given one size together.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from lstm_sym.flow.drawing.colours import MUTED, PAPER
from lstm_sym.flow.drawing.looks import Look, joined
from lstm_sym.flow.errors import FlowError

# Inches around all that is drawn, on screens and on paper, and from the drawing up to the titles.
EDGE, TRIMMED, ABOVE = 0.16, 0.03, 0.17
# On paper letters and lines are smaller: those of 9 points have 7.2.
SMALLER = 0.8
# The least share of its height that a panel keeps, so that labels at curves do not touch.
LEAST = 0.75
# The least width of axes in inches, of all panels together.
NARROWEST = 0.9
ROUNDS = 4


class Sheet(Figure):
    """A figure with the words above it: `title`, and `notes`, what stands under it.

    `is_to_scale`: whether its height shrinks as its width does, as that of a map; a panel of curves stays higher.
    """

    def __init__(self, dpi: int) -> None:
        # Texts are measured at the resolution that they are drawn at: hinting makes their width depend on it.
        super().__init__(figsize=(1.0, 1.0), dpi=dpi, facecolor=PAPER)
        self.title, self.is_to_scale = "", False
        self.notes: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The notes in one line, with the semicolon of their language."""
        return joined(self.notes)

    def box(self) -> Bbox:
        """The inches around all that is drawn."""
        renderer = FigureCanvasAgg(self).get_renderer()  # type: ignore[no-untyped-call]
        return self.get_tightbbox(renderer)


def lay_out(sheets: Sequence[Sheet], look: Look) -> None:
    """Give sheets of the same axes one size, that of all that is drawn on any of them, with titles where they belong.

    Raises FlowError for a width that the words beside the axes need for themselves.
    """
    edge = EDGE
    if look.width is not None:
        edge = TRIMMED
        for sheet in sheets:
            _shrink(sheet, SMALLER)
        _narrow(sheets, look.width - 2 * edge)
    titles = [_titles(sheet) if look.title else [] for sheet in sheets]
    box = Bbox.union([sheet.box() for sheet in sheets])
    move = edge - np.array([box.x0, box.y0])
    size = np.array([box.width, box.height]) + 2 * edge
    if look.width is not None:
        size[0] = look.width
    for sheet, texts in zip(sheets, titles, strict=True):
        _resize(sheet, size, move)
        for text in texts:
            text.set_position(tuple(np.array(text.get_position()) + move))


def _titles(sheet: Sheet) -> list[Text]:
    """The words above all that is drawn, wrapped to its width."""
    renderer = FigureCanvasAgg(sheet).get_renderer()  # type: ignore[no-untyped-call]
    box = sheet.box()
    top, texts = box.y1 + ABOVE, []
    for text, font in (
        (sheet.note, {"fontsize": 9.5, "color": MUTED}),
        (sheet.title, {"fontsize": 14.5, "weight": "bold"}),
    ):
        if text:
            drawn = _title(sheet, text, (box.x0, top), box.width, renderer, font)
            top = drawn.get_window_extent(renderer).y1 / sheet.dpi + 0.11
            texts.append(drawn)
    return texts


def _title(
    sheet: Sheet, text: str, place: tuple[float, float], room: float, renderer: Any, font: dict[str, Any]
) -> Text:
    inches = sheet.dpi_scale_trans
    drawn = sheet.text(*place, text, transform=inches, va="bottom", parse_math=False, linespacing=1.25, **font)
    share = room * sheet.dpi / drawn.get_window_extent(renderer).width
    # Below a quarter more than the room, a wider figure looks better than a second line.
    if share < 0.8:
        drawn.set_text(textwrap.fill(text, max(24, int(len(text) * share))))
    return drawn


def _shrink(sheet: Sheet, share: float) -> None:
    """Axes, letters, lines and marks at this share of their size."""
    _resize(sheet, sheet.get_size_inches(), np.zeros(2), np.full(2, share))
    for artist in sheet.findobj():
        if isinstance(artist, Text):
            artist.set_fontsize(float(artist.get_fontsize()) * share)
        elif isinstance(artist, Line2D):
            artist.set_linewidth(artist.get_linewidth() * share)
            artist.set_markersize(artist.get_markersize() * share)
            artist.set_markeredgewidth(artist.get_markeredgewidth() * share)
        elif isinstance(artist, Collection):
            artist.set_linewidth([float(width) * share for width in np.atleast_1d(artist.get_linewidth())])
        elif isinstance(artist, FancyArrowPatch):
            artist.set_mutation_scale(artist.get_mutation_scale() * share)


def _narrow(sheets: Sequence[Sheet], width: float) -> None:
    """Axes as wide as leaves this width for them and the words beside them; in rounds, since ticks change as well."""
    whole = np.ones(2)
    for _ in range(ROUNDS):
        box = Bbox.union([sheet.box() for sheet in sheets])
        places = [axes.get_position() for axes in sheets[0].axes]
        inches = sheets[0].get_size_inches()[0]
        across = inches * (max(place.x1 for place in places) - min(place.x0 for place in places))
        wanted = across - (box.width - width)
        if wanted < NARROWEST:
            raise FlowError(
                "figure",
                f"a width of {width:.3g} inches, of which the words need all but {max(wanted, 0):.2g}",
                "long names of models, or points given as inches",
                f"give {width + NARROWEST - wanted:.1f} inches or more, or shorter names",
            )
        share = wanted / across
        # A part of a figure that is shrunk is never raised again above its own height.
        up = share if sheets[0].is_to_scale else float(np.clip(share * whole[1], LEAST, 1.0)) / whole[1]
        whole *= (share, up)
        for sheet in sheets:
            _resize(sheet, sheet.get_size_inches(), np.zeros(2), np.array([share, up]))


def _resize(sheet: Sheet, size: Any, move: Any, scale: Any = 1.0) -> None:
    """A sheet of `size` inches, its axes scaled from their common corner and then moved by `move` inches."""
    before = sheet.get_size_inches()
    places = [(axes, axes.get_position(original=True)) for axes in sheet.axes]
    sheet.set_size_inches(*size)
    for axes, place in places:
        left, bottom = (np.array([place.x0, place.y0]) * before * scale + move) / size
        width, height = np.array([place.width, place.height]) * before * scale / size
        axes.set_position((left, bottom, width, height))
