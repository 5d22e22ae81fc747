r"""A document as Markdown with the mathematics GitHub draws: $...$ in a line, $$...$$ for an equation.

Markdown takes some backslashes for its own, so nothing here needs a backslash before punctuation: \thinspace stands
for a thin space and \cr for the end of a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import ClassVar

from lstm_sym import __version__
from lstm_sym.document import document as d
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.text import TextNotation

WIDE = 72
"""Characters in plain text from which on an equation is broken, a row a summand."""


def markdown_page(document: d.Document) -> str:
    """The document: same document, same bytes."""
    page = _Page(document)
    sections = (text for section in document.sections for text in page.section(section, 2))
    return "\n\n".join([f"<!-- Written by lstm_sym {__version__}. -->", markdown_head(document), *sections]) + "\n"


def markdown_head(document: d.Document) -> str:
    """Title, warning and lead."""
    page = _Page(document)
    warning = [f"> **{page.line(document.warning)}**"] if document.warning else []
    return "\n\n".join([f"# {_escaped(document.title)}", *warning, *map(page.line, document.lead)])


def markdown_section(document: d.Document, section: d.Section) -> str:
    """One section of a document."""
    return "\n\n".join(_Page(document).section(section, 2))


class _GitHubNotation(LatexNotation):
    """LaTeX in which no backslash stands before punctuation."""

    forms: ClassVar[Mapping[str, str]] = {
        **LatexNotation.forms,
        "scaled": r"{}\thinspace {}",
        "applied": r"{}\thinspace {}",
        "below": " ; ",
    }

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """A subscript with an underscore in it becomes two."""
        return super().name(base, [part for text in subscripts for part in text.split("_") if part], mark, time)


class _Page:
    """Renders blocks as paragraphs of Markdown."""

    def __init__(self, document: d.Document) -> None:
        self.notation = _GitHubNotation(signs=document.signs)
        self.plain = TextNotation(signs=document.signs)
        self.labels = document.labels

    def section(self, section: d.Section, level: int) -> list[str]:
        """Heading, blocks, sections inside; nothing for a section of what is drawn on pages alone."""
        found = self.blocks(section.blocks, level + 1)
        return [f"{'#' * level} {_escaped(section.title)}", *found] if found or not section.blocks else []

    def blocks(self, blocks: Sequence[d.Block], level: int) -> list[str]:
        """Blocks, and sections of this level."""
        found: list[str] = []
        for block in blocks:
            match block:
                case d.Section():
                    found += self.section(block, level)
                case d.Diagram() | d.Live():
                    pass
                case d.Beside():
                    found += self.blocks(block.blocks, level)
                case d.Folded():
                    summary = f"<details><summary>{escape(block.summary)}</summary>"
                    found += [summary, *self.blocks(block.blocks, level), "</details>"]
                case _:
                    found.append(self.block(block))
        return found

    def block(self, block: d.Block) -> str:
        """Any block that holds no others."""
        match block:
            case d.Paragraph():
                return self.line(block.line)
            case d.Equation():
                return self.equation(block)
            case d.Matrix():
                return self.matrix(block)
            case d.Definitions():
                return "\n".join(f"* {_bold(self.line(term))} – {self.line(text)}" for term, text in block.items)
            case d.Source():
                return f"```python\n{block.text}\n```"
            case d.Table():
                return self.table(block)
            case d.Listing():
                return f"```\n{block.text}\n```"
            case d.Figure():
                return f"![{_escaped(block.alternative)}]({block.file})\n\n{self.line(block.caption)}"
            case d.Comparison():
                return self.comparison(block)
        raise TypeError(f"no Markdown for {type(block).__name__}")

    def line(self, line: d.Line) -> str:
        """Text with mathematics in it; a formula has a space or punctuation on each side, or it is not seen as one."""
        text = "".join(self.inline(part) for part in line)
        return re.sub(r" {2,}", " ", text).strip()

    def inline(self, part: d.Inline) -> str:
        """One part of a line."""
        match part:
            case d.Math():
                return f" ${part.write(self.notation)}$ "
            case d.Code():
                return f"`{part.text}`"
            case d.Link(target=target) if target.startswith("#"):
                return _escaped(part.text)
            case d.Link():
                return f"[{_escaped(part.text)}]({part.target})"
            case d.Reference():
                return _escaped(part.text)
        return _escaped(part)

    def equation(self, equation: d.Equation) -> str:
        """A displayed equation with its number; below it the rule, the equation it follows from, the error."""
        if len(equation.write(self.plain)) > WIDE and len(equation.summands) > 1:
            body = self.broken(equation)
        else:
            body = equation.write(self.notation)
        note = self.note(equation)
        shown = f"$$\n{body} \\tag{{{equation.number}}}\n$$"
        return f"{shown}\n\n{note}" if note else shown

    def broken(self, equation: d.Equation) -> str:
        """A row a summand."""
        first, *rest = equation.parts(self.notation)
        rows = [f"{equation.left.write(self.notation)} &= {first}", *(rf"&\quad {part.lstrip()}" for part in rest)]
        return "\\begin{aligned}\n" + " \\cr\n".join(rows) + "\n\\end{aligned}"

    def note(self, equation: d.Equation) -> str:
        """Rule, origin and error in one small line."""
        parts = [self.labels.rule(equation.rule)] if equation.rule else []
        parts += [equation.origin] if equation.origin else []
        parts += [d.verdict_text(equation)] if equation.error is not None else []
        return f"<sub>({equation.number}) {' · '.join(parts)}</sub>" if parts else ""

    def matrix(self, matrix: d.Matrix) -> str:
        """A matrix of blocks."""
        rows = " \\cr\n".join(" & ".join(entry.write(self.notation) for entry in row) for row in matrix.rows)
        left = matrix.left.write(self.notation) + self.notation.equals
        return f"$$\n{left}\\begin{{pmatrix}}\n{rows}\n\\end{{pmatrix}}\n$$"

    def table(self, table: d.Table) -> str:
        """A table; numbers to the right."""
        rule = ["---:" if k in table.numeric else "---" for k in range(len(table.head))]
        rows = [[*map(_escaped, table.head)], rule, *([self.line(cell) for cell in row] for row in table.rows)]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def comparison(self, comparison: d.Comparison) -> str:
        """A table of two columns; what is the same stands in the first, with = beside it."""
        rows = [["", *map(_escaped, comparison.head)], ["---"] * 3]
        for pair in comparison.pairs:
            right = "=" if pair.same else self.content(pair.right)
            rows.append(["=" if pair.same else "≠", self.content(pair.left), right])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def content(self, content: d.Content) -> str:
        """One side of a comparison."""
        if isinstance(content, d.Equation):
            return f"${content.write(self.notation)}$"
        return self.line(content) or "—"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_$|<>\[\]])", r"\\\1", text)


def _bold(text: str) -> str:
    return text if text.startswith("$") else f"**{text}**"
