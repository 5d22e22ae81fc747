"""What every renderer needs to know of a formula: how long it is in print."""

from __future__ import annotations

from lstm_sym.emit.text import TextNotation
from lstm_sym.report.document import Equation


def printed_length(equation: Equation) -> int:
    """The characters of an equation in plain text: a measure of its width in any notation."""
    return len(equation.write(TextNotation()))
