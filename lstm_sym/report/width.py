"""The cells that a text takes in a terminal."""

from __future__ import annotations

import re
import unicodedata

# A word with the spaces after it; an East Asian character with the closing marks that must not begin a line.
_PIECE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef][、。，：；）！？」』”]*|[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|\s+")


def cells(text: str) -> int:
    """Cells of a text: East Asian characters take two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def padded(text: str, width: int, right: bool = False) -> str:
    """The text filled up with spaces to this many cells, to the right of it or, where it is a number, to the left."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def wrapped(text: str, width: int, indent: str = "") -> str:
    """The text in lines of at most `width` cells, broken at spaces and between East Asian characters."""
    lines = [indent]
    for piece in _PIECE.findall(text):
        if cells(lines[-1] + piece.rstrip()) > width and lines[-1].strip():
            lines.append(indent)
        lines[-1] += piece if lines[-1].strip() else piece.lstrip()
    return "\n".join(line.rstrip() for line in lines)
