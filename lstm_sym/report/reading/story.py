"""What every part of the path reads: the cell, its derivation, its drawing, the numbers of the lines of the page."""

from __future__ import annotations

from functools import cached_property

import sympy

from lstm_sym.diagram.drawing import Drawing
from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.program.values import Value
from lstm_sym.report.facts import Facts
from lstm_sym.report.reading.measured import Measured


def shown(value: float) -> str:
    """A number in a sentence, with the sign that print has: −1."""
    return f"{value:g}".replace("-", "−")


class Story:
    """One cell told in one language."""

    def __init__(self, document: d.Document, facts: Facts, measured: Measured, sentences: Sentences) -> None:
        self.cell, self.derivation, self.measured = facts.cell, facts.derivation, measured
        self.facts, self.sentences = facts, sentences
        self.lines = {equation.id: equation for equation in document.equations()}

    @property
    def drawing(self) -> Drawing:
        """The drawing of the cell, as on the page."""
        return self.facts.drawing

    @cached_property
    def values(self) -> dict[sympy.Symbol, Value]:
        """Every value of the forward program by its symbol."""
        return {value.symbol: value for value in self.derivation.forward.values()}

    def section(self, key: str, *blocks: d.Block, folded: bool = False) -> d.Section:
        """A section with the title of its key."""
        return d.Section(key, self.sentences.text(f"section.{key}"), blocks, folded)

    def paragraph(self, key: str, **parts: d.Inline | d.Line) -> d.Paragraph:
        """A sentence of the table with its places filled."""
        return d.Paragraph(self.sentences.line(key, **parts))

    def link(self, identity: str) -> d.Link:
        """(B7), a link to the line of this id."""
        return d.Link(f"({self.lines[identity].number})", f"#{identity}")

    def equation(self, target: str) -> d.Link:
        """(E2), a link to the equation of a quantity."""
        return self.link(f"{self.cell.key}.equation.{target}")

    def formula(self, identity: str) -> d.Line:
        """A line of the page once more, with the link to it: (B18)  left = right."""
        line = self.lines[identity]
        return self.link(identity), "\u2002", d.Math(line.write)
