"""The cells that a text takes in a terminal."""

from __future__ import annotations

import unicodedata


def cells(text: str) -> int:
    """Cells of a text: East Asian characters take two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def padded(text: str, width: int, right: bool = False) -> str:
    """The text filled up with spaces to this many cells, to the right of it or, where it is a number, to the left."""
    space = " " * (width - cells(text))
    return space + text if right else text + space
