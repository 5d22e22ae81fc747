"""An equation of a cell, the symbolic shape of a quantity, and a function that a cell leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field

from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Expression

Shape = tuple[str, ...]
"""Symbolic sizes: ("H", "D") is a matrix from inputs to hidden units, ("H",) a vector."""


@dataclass(frozen=True)
class Equation:
    """target[t] = expression; `text` as written (comment removed), `line` and `column` where it begins, from 1.

    `source` is the name of its file, for errors.
    """

    target: str
    expression: Expression = field(repr=False)
    text: str
    line: int
    column: int = 1
    source: str = field(default="equations", compare=False, repr=False)

    def error(self, what: str, node: Expression | None, allowed: str, fix: str) -> CellError:
        """The error at a node of the right side, or at the target."""
        column, text = (node.column if node else 1) + self.column - 1, " " * (self.column - 1) + self.text
        return CellError(what, source=self.source, line=self.line, column=column, text=text, allowed=allowed, fix=fix)


@dataclass(frozen=True)
class Option:
    """A function left open by the cell: phi_h in {tanh, sigmoid, identity}."""

    choices: tuple[str, ...]
    default: str
