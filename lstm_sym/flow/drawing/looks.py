"""What a figure is drawn for: files of their own, a paper, or a page. No matplotlib here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lstm_sym.flow.errors import FlowError

KINDS = ("svg", "png", "pdf")
WIDEST = 40.0


@dataclass(frozen=True)
class Look:
    """What a figure is drawn for, and how.

    Attributes:
        kinds: the endings of its files, of "svg", "png" and "pdf"; its data are always beside them as "csv".
        title: whether title and subtitle stand in it.
        width: in inches, of all of it, its letters at 7 to 8.5 points; None for as large as it comes.
        text: whether an SVG holds its texts as text, to be edited and searched, and not as shapes of letters.

    Raises FlowError for another ending, and for a width that is no number of inches.
    """

    kinds: tuple[str, ...] = ("svg", "png")
    title: bool = True
    width: float | None = None
    text: bool = False

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds or isinstance(self.kinds, str):
            allowed = f"give some of {', '.join(KINDS)}, as a tuple"
            raise FlowError("figure, kinds", f"{self.kinds!r}", "an ending with its point", allowed)
        if self.width is not None and not (math.isfinite(self.width) and 0 < self.width <= WIDEST):
            why = "points, millimetres or pixels in place of inches"
            raise FlowError("figure, width", f"{self.width!r} inches", why, f"give 3.25 for a column, up to {WIDEST:g}")

    @classmethod
    def paper(cls, width: float = 3.25, *, kinds: tuple[str, ...] = ("pdf",)) -> Look:
        """For a paper: a PDF of this width in inches, a column of a journal say (its page: 6.75), without a title.

        The caption belongs to the paper; what the subtitle would say stands in the metadata of the file.
        """
        return cls(kinds, title=False, width=width)


FILES = Look()
"""Files that stand for themselves: SVG and PNG, with titles."""
PAGE = Look(("svg",), title=False, text=True)
"""A figure of a page, which says title and subtitle itself, in every language."""


def joined(notes: Sequence[str]) -> str:
    """Notes in one line, with the semicolon of their language."""
    return ("；" if any(letter >= "\u3000" for note in notes for letter in note) else "; ").join(notes)
