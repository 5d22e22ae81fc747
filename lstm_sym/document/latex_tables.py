r"""Tables for LaTeX: over as many pages as they need, their columns as wide as what stands in them, while that fits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lstm_sym.document.latex_text import is_chinese

PAGE, GAP = 440.0, 12.0
"""Points of the width of the text but for a margin, and of the room between two columns."""
LETTER, SMALL = 5.1, 4.5
"""Points of a letter, in a table and in one that is set small as it would be too wide."""
WORDS = r"[ _.\u2e80-\uffef]"
"""Between what a line may break: in Chinese everywhere."""
NARROW = 14
"""Letters of the widest column that stays as wide as its text where others are broken."""


def longtable(columns: str, rows: Sequence[Sequence[str]]) -> str:
    """A table of LaTeX, the first row its head."""
    head, *body = (" & ".join(row) + r" \\" for row in rows)
    parts = [rf"\begin{{longtable}}[l]{{@{{}}{columns}@{{}}}}", r"\toprule", head, r"\midrule", r"\endhead"]
    return "\n".join([*parts, *body, r"\bottomrule", r"\end{longtable}"])


def fits(texts: Sequence[Sequence[str]]) -> bool:
    """Whether a row can be as wide as its texts; texts: those of each column."""
    return sum(map(_width, texts)) * LETTER + GAP * len(texts) <= PAGE


def columns(texts: Sequence[Sequence[str]], numeric: frozenset[int]) -> str:
    """The columns of a table with these texts: where a row does not fit, those with long ones share its width."""
    kinds = ["r" if place in numeric else "l" for place in range(len(texts))]
    if fits(texts):
        return "".join(kinds)
    long = {place: _width(column) for place, column in enumerate(texts) if _width(column) > NARROW}
    least = {place: max(_letters(word) for text in texts[place] for word in re.split(WORDS, text)) for place in long}
    short = sum(_width(column) for place, column in enumerate(texts) if place not in long)
    left = PAGE - GAP * (len(texts) - 1) - SMALL * (short + sum(least.values()))
    for place, width in long.items():
        share = SMALL * least[place] + max(left, 0) * width / sum(long.values())
        kinds[place] = paragraph(min(share, SMALL * width) / PAGE, right=place in numeric)
    return "".join(kinds)


def paragraph(share: float, *, right: bool = False) -> str:
    """A column of this share of the width, whose lines are broken."""
    return rf">{{\ragged{'left' if right else 'right'}\arraybackslash}}p{{{share:.3f}\linewidth}}"


def _width(column: Sequence[str]) -> int:
    return max(map(_letters, column), default=0)


def _letters(text: str) -> int:
    """Letters of a text; a Chinese one counts twice."""
    return sum(1 + is_chinese(character) for character in text)
