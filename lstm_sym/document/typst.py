"""A document as Typst source, of which the PDF is made: every text is a string in it, so nothing in it is run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import assert_never

from lstm_sym import __version__
from lstm_sym.document import document as d
from lstm_sym.document.lines import in_lines, left_side
from lstm_sym.document.references import works
from lstm_sym.document.sentences import Sentences
from lstm_sym.notation.breaks import BREAK, BreakableTypst, whole

LINE = 72
"""Letters of a formula in a line: the width of the text without the column of numbers and notes."""
INDENTS = ("", "quad", "quad quad quad")
"""How far the lines of an equation are set in that go on with it."""
FONTS = {
    "en": ("en", "GB", ("lstm_sym TC", "lstm_sym SC")),
    "zh-Hant": ("zh", "TW", ("lstm_sym TC", "lstm_sym SC")),
    "zh-Hans": ("zh", "CN", ("lstm_sym SC", "lstm_sym TC")),
}
"""Language of a document -> language and region as Typst names them, and the Chinese of the package, best first."""


def typst_page(document: d.Document) -> str:
    """The source: same document, same bytes."""
    page = _Page(document)
    language, region, fonts = FONTS[document.language]
    families = ", ".join(map(_quoted, ("Libertinus Serif", *fonts)))
    title = _quoted(document.title)
    body = [
        f"#block(above: 0pt, below: 1.2em, text(size: 17pt, {title}))",
        *([f"#text(fill: wrong, strong[{page.line(document.warning)}])"] if document.warning else []),
        *(page.line(line) for line in document.lead),
        *([f"#outline(title: {_quoted(document.contents)})"] if len(document.sections) > 1 else []),
        *(text for section in document.sections for text in page.section(section, 1)),
        *page.bibliography(),
    ]
    return (
        f"// Written by lstm_sym {__version__}.\n"
        f"#set document(title: {title}, author: {_quoted(f'lstm_sym {__version__}')}, date: none)\n"
        f"#set text(lang: {_quoted(language)}, region: {_quoted(region)}, font: ({families}))\n"
        + files(__package__).joinpath("page.typ").read_text(encoding="utf-8")
        + "\n"
        + "\n\n".join(body)
        + "\n"
    )


class _Page:
    """Renders blocks; every method gives Typst."""

    def __init__(self, document: d.Document) -> None:
        self.document = document
        self.notation = BreakableTypst(signs=document.signs)

    def section(self, section: d.Section, level: int) -> list[str]:
        """Heading, blocks, sections inside; nothing for a section of what is drawn on pages alone."""
        found = self.blocks(section.blocks, level + 1)
        return [f"{'=' * level} {_text(section.title)}", *found] if found or not section.blocks else []

    def blocks(self, blocks: Sequence[d.Block], level: int) -> list[str]:
        """Blocks, and sections of this level."""
        found: list[str] = []
        for block in blocks:
            match block:
                case d.Section():
                    found += self.section(block, level)
                case d.Beside():
                    found += self.blocks(block.blocks, level)
                case d.Folded():
                    found += [f"#strong[{_text(block.summary)}]", *self.blocks(block.blocks, level)]
                case d.Diagram() | d.Live():
                    pass
                case _:
                    found.append(self.block(block))
        return found

    def block(self, block: d.Block) -> str:
        """Any block; of those that hold others, the blocks in it."""
        match block:
            case d.Paragraph():
                return self.line(block.line)
            case d.Equation():
                return self.equation(block)
            case d.Matrix():
                return self.matrix(block)
            case d.Definitions():
                return "\n".join(f"#defined[{self.line(term)}][{self.line(text)}]" for term, text in block.items)
            case d.Table():
                return self.table(block)
            case d.Listing() | d.Source():
                return f"#program(raw({_quoted(block.text)}, block: true))"
            case d.Figure():
                return self.figure(block)
            case d.Comparison():
                return self.comparison(block)
            case d.Diagram() | d.Live() | d.Beside() | d.Folded() | d.Section():
                return "\n\n".join(self.blocks([block], 1))
        assert_never(block)

    def line(self, line: d.Line) -> str:
        """Text with mathematics in it."""
        return "".join(map(self.inline, line))

    def inline(self, part: d.Inline) -> str:
        """One part of a line; a formula breaks where Typst breaks one."""
        match part:
            case str():
                return _text(part)
            case d.Math():
                return self.formula(part.write(self.notation))
            case d.Code():
                return f"#raw({_quoted(part.text)});"
            case d.Link() | d.Reference():
                return _text(part.text)
        assert_never(part)

    def formula(self, text: str) -> str:
        """A formula in a line, in pieces between which the line may break."""
        first, *rest = filter(None, (whole(piece).strip() for piece in text.split(BREAK)))
        return f"${first}$" + "".join(f"{_gap(piece)}${_infix(piece)}$" for piece in rest)

    def equation(self, equation: d.Equation) -> str:
        """A numbered line, in several where it is long; beside it the rule, the equation it follows from, the error."""
        left, (first, *rest) = left_side(equation, self.notation), in_lines(equation, self.notation, LINE)
        rows = [f"{left} &= {first.text}", *(f"& {INDENTS[line.steps]} {_infix(line.text)}" for line in rest)]
        note = self.note(equation)
        number = f"[{_text(f'({equation.number})')}]" if equation.number else "[]"
        said = f"[{_text(note)}]" if note else "none"
        formula = " \\\n  ".join(rows)
        return f"#line-of(\n  $ {formula} $,\n  {number}, {said}, {str(equation.is_wrong).lower()})"

    def note(self, equation: d.Equation) -> str:
        """Rule, origin and error."""
        rule = self.document.labels.rule(equation.rule) if equation.rule else ""
        return " · ".join(filter(None, [rule, equation.origin, d.verdict_text(equation)]))

    def matrix(self, matrix: d.Matrix) -> str:
        """A matrix of blocks."""
        rows = "; ".join(", ".join(entry.write(self.notation) for entry in row) for row in matrix.rows)
        left = matrix.left.write(self.notation) + self.notation.equals
        return whole(f"$ {left} mat({rows}; row-gap: #0.6em) $")

    def figure(self, figure: d.Figure) -> str:
        """A drawing under its title."""
        head = "".join(f"#strong[{_text(text)}]\n\n" for text in (figure.title, figure.note) if text)
        picture = f'image(bytes({_quoted(figure.svg)}), format: "svg", width: 100%, alt: {_quoted(figure.alternative)})'
        return f"{head}#figure({picture}, caption: [{self.line(figure.caption)}], supplement: none, numbering: none)"

    def table(self, table: d.Table) -> str:
        """A table over as many pages as it needs; numbers to the right."""
        columns = ["right" if place in table.numeric else "left" for place in range(len(table.head))]
        return _rows(
            columns, [_text(text) for text in table.head], [[self.line(cell) for cell in row] for row in table.rows]
        )

    def comparison(self, comparison: d.Comparison) -> str:
        """A table of two columns; what is the same stands in the first, with = beside it."""
        rows = []
        for pair in comparison.pairs:
            right = "=" if pair.same else self.content(pair.right)
            rows.append(["$=$" if pair.same else "$≠$", self.content(pair.left), right])
        head = ["", *map(_text, comparison.head)]
        return _rows(["left"] * 3, head, rows, "(auto, 1fr, 1fr)")

    def content(self, content: d.Content) -> str:
        """One side of a comparison."""
        if isinstance(content, d.Equation):
            return self.formula(content.write(self.notation))
        return self.line(content) or "—"

    def bibliography(self) -> list[str]:
        """The works that the document refers to."""
        named = works(self.document.references())
        title = Sentences(self.document.language).text("formats.references")
        return [f"= {_text(title)}", *(_text(work.text) for work in named)] if named else []


def _rows(columns: list[str], head: list[str], rows: list[list[str]], widths: str = "") -> str:
    """A call of the function `rows` of the page."""
    cells = "\n".join("  " + ", ".join(f"[{cell}]" for cell in row) + "," for row in rows)
    heads = "".join(f"[{text}]," for text in head)
    sizes = widths or f"({'auto,' * len(columns)})"
    return f"#rows({sizes}, ({','.join(columns)}), ({heads}),\n{cells}\n)"


def _gap(piece: str) -> str:
    """What stands before a piece of a formula in a line: room before a sign, none after a line break."""
    return f"#h({'0.22em' if _is_infix(piece) else '0pt'}, weak: true)#sym.zws;"


def _is_infix(text: str) -> bool:
    return text.partition(" ")[0] in ("+", "-", "⊙")


def _infix(text: str) -> str:
    """A line that begins with a sign between two terms: with room around it, as if one stood before it."""
    sign, space, rest = text.partition(" ")
    return f'class("binary", {sign}){space}{rest}' if _is_infix(text) else text


def _text(text: str) -> str:
    return f"#{_quoted(text)};" if text else ""


def _quoted(text: str) -> str:
    """A string of Typst: as of JSON, but for characters by their numbers."""
    return json.dumps(text.replace("\b", "").replace("\f", ""), ensure_ascii=False)
