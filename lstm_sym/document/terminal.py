"""A document as Unicode text for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lstm_sym.document import document as d
from lstm_sym.document.columns import two_columns
from lstm_sym.ground.width import aligned, wrapped

if TYPE_CHECKING:
    from lstm_sym.equations.signs import Sign
    from lstm_sym.notation.notation import Notation

Style = Callable[[str], str]


def terminal_text(
    document: d.Document,
    *,
    width: int = 100,
    prose: bool = False,
    heading: Style = str,
    quiet: Style = str,
    loud: Style = str,
    notation: Notation | None = None,
) -> str:
    """The document as lines of at most `width` cells where words allow it.

    prose: with the sentences, not the formulas alone. heading: how a title is set off, as a function of its text; quiet
    and loud: the same for a line of a comparison that holds on both sides, and for one that does not. notation: that of
    the formulas, Unicode text without one.
    """
    page = _Page(width, prose, heading, quiet, loud, notation or _unicode(document.signs))
    parts = [heading(document.title)]
    told = [document.warning, *(document.lead if prose else ())]
    parts += [page.wrapped(page.line(line)) for line in told if line]
    parts += [page.section(section) for section in document.sections]
    return "\n\n".join(part for part in parts if part)


def _unicode(signs: Mapping[str, Sign]) -> Notation:
    from lstm_sym.notation.text import TextNotation

    return TextNotation(signs=signs)


class _Page:
    """Renders blocks as text."""

    def __init__(self, width: int, prose: bool, heading: Style, quiet: Style, loud: Style, notation: Notation) -> None:
        self.width, self.prose = width, prose
        self.heading, self.quiet, self.loud = heading, quiet, loud
        self.notation = notation

    def section(self, section: d.Section) -> str:
        """A title and its blocks; nothing where there is nothing to show."""
        body = self.blocks(section.blocks)
        return f"{self.heading(section.title)}\n{body}" if body else ""

    def blocks(self, blocks: Sequence[d.Block]) -> str:
        """Blocks below each other, lines of equations without a gap."""
        parts: list[str] = []
        lines: list[str] = []
        for block in blocks:
            if isinstance(block, d.Equation):
                lines.append(self.equation(block))
                continue
            parts += ["\n".join(lines)] if lines else []
            lines = []
            parts.append(self.section(block) if isinstance(block, d.Section) else self.block(block))
        parts += ["\n".join(lines)] if lines else []
        return "\n\n".join(part for part in parts if part)

    def block(self, block: d.Block) -> str:
        """Any block but a section or an equation."""
        match block:
            case d.Paragraph():
                return self.wrapped(self.line(block.line)) if self.prose else ""
            case d.Definitions():
                terms = [(self.line(term), self.line(text)) for term, text in block.items]
                return "\n".join(self.wrapped(f"{a} – {b}") for a, b in terms) if self.prose else ""
            case d.Matrix():
                return self.matrix(block)
            case d.Table():
                return self.table(block)
            case d.Listing() | d.Source():
                return textwrap.indent(block.text, "  ")
            case d.Figure():
                return f"  {block.file}"
            case d.Diagram() | d.Live():
                return ""
            case d.Beside() | d.Folded():
                return self.blocks(block.blocks)
            case d.Comparison():
                return two_columns(block, self.width, self.notation, self.quiet, self.loud)
        raise TypeError(f"no text for {type(block).__name__}")

    def wrapped(self, text: str) -> str:
        """A paragraph, indented by two."""
        return wrapped(text, self.width, "  ")

    def line(self, line: d.Line) -> str:
        """Text with mathematics in it."""
        return d.line_text(line, self.notation)

    def equation(self, equation: d.Equation) -> str:
        """(B4)  left = right, broken before a sign where it is too long."""
        number = f"  {f'({equation.number})':<6} "
        left = equation.left.write(self.notation) + self.notation.equals
        lines, indent = [number + left], " " * (len(number) + 4)
        for text in equation.parts(self.notation):
            if len(lines[-1]) + len(text) > self.width:
                lines[-1] = lines[-1].rstrip()
                lines.append(indent + text.lstrip())
            else:
                lines[-1] += text
        return "\n".join(lines)

    def matrix(self, matrix: d.Matrix) -> str:
        """A matrix between tall brackets."""
        rows = [[entry.write(self.notation) for entry in row] for row in matrix.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        left = matrix.left.write(self.notation) + self.notation.equals
        shown = []
        for place, row in enumerate(rows):
            first, last = ("( ", " )") if len(rows) == 1 else _brackets(place, len(rows))
            middle = "  ".join(f"{text:^{size}}" for text, size in zip(row, widths, strict=True))
            shown.append(f"  {left if place == 0 else ' ' * len(left)}{first}{middle}{last}")
        return "\n".join(shown)

    def table(self, table: d.Table) -> str:
        """Columns padded to one width."""
        rows = [[*table.head], *([self.line(cell) for cell in row] for row in table.rows)]
        return "\n".join(f"  {line}" for line in aligned(rows, table.numeric))


def _brackets(place: int, count: int) -> tuple[str, str]:
    if place == 0:
        return "⎛ ", " ⎞"
    return ("⎝ ", " ⎠") if place == count - 1 else ("⎜ ", " ⎟")
