"""A comparison in the terminal: two columns, what is the same across both of them, every line within the width."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import TYPE_CHECKING

from lstm_sym.document.document import Comparison, Content, Equation, content_text
from lstm_sym.ground.width import folded, padded, pieces

if TYPE_CHECKING:
    from lstm_sym.notation.notation import Notation

Style = Callable[[str], str]

MARK, BAR, HANGING = 4, " │ ", "    "


def two_columns(comparison: Comparison, width: int, notation: Notation, quiet: Style, loud: Style) -> str:
    """The rows: `= once` where both sides say the same, set off by `quiet`; `≠ left │ right`, by `loud`."""
    column = (width - MARK - len(BAR)) // 2
    left, right = (folded(pieces(name), column) for name in comparison.head)
    lines = [f"    {text}" for text in _beside(left, right, column)]
    for pair in comparison.pairs:
        if pair.same:
            texts = _lines(pair.left, width - MARK, notation)
        else:
            texts = _beside(_lines(pair.left, column, notation), _lines(pair.right, column, notation), column)
        mark, style = ("=", quiet) if pair.same else ("≠", loud)
        lines += [style(f"  {' ' if place else mark} {text}") for place, text in enumerate(texts)]
    return "\n".join(lines)


def _beside(left: list[str], right: list[str], column: int) -> list[str]:
    return [f"{padded(a, column)}{BAR}{b}".rstrip() for a, b in zip_longest(left, right, fillvalue="")]


def _lines(content: Content, width: int, notation: Notation) -> list[str]:
    """A side in lines of at most `width` cells, a formula broken before its summands where that is enough."""
    if not isinstance(content, Equation):
        return folded(pieces(content_text(content, notation) or "—"), width)
    first, *rest = content.parts(notation)
    return folded([content.left.write(notation) + notation.equals + first, *rest], width, HANGING)
