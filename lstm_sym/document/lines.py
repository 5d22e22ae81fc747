"""An equation in lines of a width: broken between its summands, inside a summand only where that is too long."""

from __future__ import annotations

from typing import NamedTuple

from lstm_sym.document.document import Equation
from lstm_sym.notation.breaks import BREAK, BreakableNotation, Measure, whole

INDENT = 3
"""How far a line is set in for each step, in letters."""

Piece = tuple[str, int]
"""A part between two marks, and how many letters wide it is."""


class Line(NamedTuple):
    """A line, and how many steps it is set in: 0 the first, 1 a summand, 2 what is left of a long one."""

    text: str
    steps: int


def in_lines(equation: Equation, notation: BreakableNotation, limit: int) -> list[Line]:
    """The right side in lines of at most `limit` letters, where its parts allow it, the first beside the left side.

    A line that goes on begins with the sign before which it was broken.
    """
    measure = Measure(signs=notation.signs)
    start = len(left_side(equation, measure) + measure.equals)
    found, used, is_empty = [Line("", 0)], start, True
    for text, measured in zip(equation.parts(notation), equation.parts(measure), strict=True):
        parts = _parts(text, measured)
        if used + sum(width for _, width in parts) > limit and not is_empty:
            found, used, is_empty = [*found, Line("", 1)], start + INDENT, True
        for part, width in parts:
            if used + width > limit and not is_empty:
                found, used = [*found, Line("", 2)], start + 2 * INDENT
            found[-1] = found[-1]._replace(text=found[-1].text + part)
            used, is_empty = used + width, False
    return [Line(line.text.strip(), line.steps) for line in found]


def left_side(equation: Equation, notation: BreakableNotation) -> str:
    """What stands before the equals sign, without marks."""
    return whole(equation.left.write(notation))


def _parts(text: str, measured: str) -> list[Piece]:
    """The parts between marks that are not empty. Raises ValueError where the marks of both are not the same."""
    texts, measures = text.split(BREAK), measured.split(BREAK)
    pairs = zip(map(whole, texts), map(whole, measures), strict=True)
    return [(part, len(size)) for part, size in pairs if part]
