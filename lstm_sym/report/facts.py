"""What the documents of a cell are written from, in whatever language: each found once, when it is asked for."""

from __future__ import annotations

from functools import cached_property

from lstm_sym.api import Derivation, derive, generate
from lstm_sym.diagram.drawing import Drawing
from lstm_sym.equations.cell import Cell


class Facts:
    """A cell, its derivation, its drawing, and one step of it as a program."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.derivation: Derivation = derive(cell)

    @cached_property
    def drawing(self) -> Drawing:
        """The drawing of one step."""
        return Drawing(self.derivation)

    @cached_property
    def program(self) -> str:
        """One step forward and one back, as `generate(cell, plain=True)` writes them, without the head."""
        text = generate(self.cell, plain=True).strip("\n")
        return text[text.index("def ") :]
