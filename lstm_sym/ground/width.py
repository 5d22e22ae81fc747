"""The cells that a text takes in a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence

# An East Asian character or a word with the spaces after it, each with the closing marks that must not begin a line.
_CLOSING = "[、。，：；）！？」』”]*"
_PIECE = re.compile(rf"[\u2e80-\u9fff\uff00-\uffef]{_CLOSING}|[^\s\u2e80-\u9fff\uff00-\uffef]+{_CLOSING}\s*|\s+")


def cells(text: str) -> int:
    """Cells of a text: East Asian characters take two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def padded(text: str, width: int, right: bool = False) -> str:
    """The text filled up with spaces to this many cells, to the right of it or, where it is a number, to the left."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def aligned(rows: Sequence[Sequence[str]], numeric: Collection[int] | None = None) -> list[str]:
    """Rows as lines, columns padded to one width, East Asian characters two cells wide.

    numeric: the columns of numbers, which go to the right; by default all but the first and the last.
    """
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    numeric = range(1, len(widths) - 1) if numeric is None else numeric
    columns = list(enumerate(widths))
    return ["  ".join(padded(row[k], width, k in numeric) for k, width in columns).rstrip() for row in rows]


def wrapped(text: str, width: int, indent: str = "") -> str:
    """The text in lines of at most `width` cells, broken at spaces and between East Asian characters."""
    lines = [indent]
    for piece in _PIECE.findall(text):
        if cells(lines[-1] + piece.rstrip()) > width and lines[-1].strip():
            lines.append(indent)
        lines[-1] += piece if lines[-1].strip() else piece.lstrip()
    return "\n".join(line.rstrip() for line in lines)


def pieces(text: str) -> list[str]:
    """The text cut where a line may end: after the spaces of a word, and between East Asian characters."""
    return _PIECE.findall(text)


def folded(parts: Iterable[str], width: int, indent: str = "") -> list[str]:
    """The parts in lines of at most `width` cells, each line after the first indented.

    A part too long for a line is broken as words are, a word too long for one wherever it has to be.
    """
    lines = [""]
    for part in parts:
        if cells(lines[-1] + part.rstrip()) <= width:
            lines[-1] += part
            continue
        lines += [indent] if lines[-1].strip() else []
        for piece in _fitting(part.lstrip(), width - cells(indent)):
            lines += [indent] if cells(lines[-1] + piece.rstrip()) > width else []
            lines[-1] += piece
    return [line.rstrip() for line in lines]


def _fitting(part: str, width: int) -> Iterator[str]:
    """The words of a part; those wider than this by their characters."""
    for piece in pieces(part):
        yield from [piece] if cells(piece.rstrip()) <= width else piece
