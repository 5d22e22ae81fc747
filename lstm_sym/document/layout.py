"""What every renderer needs to know of a formula: how long it is in print."""

from __future__ import annotations

from lstm_sym.document.document import Equation
from lstm_sym.notation.text import TextNotation


def printed_length(equation: Equation) -> int:
    """The characters of an equation in plain text: a measure of its width in any notation."""
    return len(equation.write(TextNotation()))
