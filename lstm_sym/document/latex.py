r"""A document as LaTeX source that a plain TeX Live compiles: pdflatex or xelatex, xelatex for Chinese.

Every equation is an environment of its own under its number, \tag{B17}, to be taken into a paper as it stands; the
rules and the errors of the checks follow in a table. Long right sides are broken into lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from itertools import groupby
from typing import assert_never

from lstm_sym import __version__
from lstm_sym.document import document as d
from lstm_sym.document.latex_tables import columns, fits, longtable, paragraph
from lstm_sym.document.latex_text import declarations, escaped, is_chinese
from lstm_sym.document.lines import in_lines, left_side
from lstm_sym.document.references import bibtex, works
from lstm_sym.document.sentences import Sentences
from lstm_sym.notation.breaks import BREAK, HELD, BreakableLatex, whole
from lstm_sym.notation.text import TextNotation

LINE = 86
"""Letters of a formula in a line: the width of the text without the number."""
INDENTS = ("", r"\quad", r"\qquad\quad")
"""How far the lines of an equation are set in that go on with it."""
HEADINGS = ("section", "subsection", "subsubsection", "paragraph")
FONTS = {
    "zh-Hant": ("Noto Serif CJK TC", "Noto Sans CJK TC", "Songti TC", "Microsoft JhengHei", "bsmi00lp.ttf"),
    "zh-Hans": ("Noto Serif CJK SC", "Noto Sans CJK SC", "Songti SC", "Microsoft YaHei", "FandolSong-Regular.otf"),
}
"""Chinese fonts of systems, and last one that TeX Live brings; the first that is there is taken."""


def latex_page(document: d.Document) -> str:
    """The source: same document, same bytes."""
    page = _Page(document)
    body = [
        *([rf"\textbf{{{page.line(document.warning)}}}"] if document.warning else []),
        *(page.line(line) for line in document.lead),
        *([r"\tableofcontents"] if len(document.sections) > 1 else []),
        *(text for section in document.sections for text in page.section(section, 0)),
        *page.bibliography(),
    ]
    text, title = "\n\n".join(body), escaped(document.title)
    chinese = _chinese(document.language) if any(map(is_chinese, title + text)) else ""
    return (
        f"% Written by lstm_sym {__version__}.\n% !TeX program = {'xelatex' if chinese else 'pdflatex'}\n"
        + files(__package__).joinpath("preamble.tex").read_text(encoding="utf-8")
        + f"{chinese}{_named(document)}"
        + "".join(f"{line}\n" for line in declarations(title + text))
        + f"\\title{{{title}}}\n\\author{{}}\\date{{}}\n\n"
        + f"\\begin{{document}}\n\\maketitle\n\n{text}\n\n\\end{{document}}\n"
        + "".join(f"% {line}".rstrip() + "\n" for line in bibtex(document.references()).splitlines())
    )


def _named(document: d.Document) -> str:
    """The words that LaTeX adds itself, in the language."""
    references = Sentences(document.language).text("formats.references")
    contents = f"\\renewcommand{{\\contentsname}}{{{document.contents}}}\n" if document.contents else ""
    return f"\\renewcommand{{\\refname}}{{{references}}}\n{contents}"


def _chinese(language: str) -> str:
    """xeCJK with a font that is there."""
    tries = "".join(f"\\trychinesefont{{{font}}}\n" for font in FONTS.get(language, FONTS["zh-Hant"]))
    return f"""\
\\RequireXeTeX % Chinese needs xelatex
\\usepackage{{xeCJK}}
\\newcommand{{\\trychinesefont}}[1]{{%
  \\ifdefined\\chinesefont\\else\\IfFontExistsTF{{#1}}{{\\def\\chinesefont{{#1}}}}{{}}\\fi}}
{tries}\\ifdefined\\chinesefont
  \\setCJKmainfont[AutoFakeBold=2]{{\\chinesefont}}
  \\setCJKsansfont[AutoFakeBold=2]{{\\chinesefont}}
  \\setCJKmonofont{{\\chinesefont}}
\\fi
"""


class _Page:
    """Renders blocks; every method gives LaTeX."""

    def __init__(self, document: d.Document) -> None:
        self.document = document
        self.notation = BreakableLatex(signs=document.signs)
        self.labels, self.sentences = document.labels, Sentences(document.language)

    def section(self, section: d.Section, level: int) -> list[str]:
        """Heading, blocks, sections inside; nothing for a section of what is drawn on pages alone."""
        found = self.blocks(section.blocks, level + 1)
        heading = HEADINGS[min(level, len(HEADINGS) - 1)]
        title = rf"\{heading}{{{escaped(section.title)}}}\label{{{section.key}}}"
        return [title, *found] if found or not section.blocks else []

    def blocks(self, blocks: Sequence[d.Block], level: int) -> list[str]:
        """Blocks, and sections of this level; then a table of what is said of the equations among the blocks."""
        found: list[str] = []
        for is_equation, group in groupby(blocks, lambda block: isinstance(block, d.Equation)):
            run = [text for block in group for text in self.texts(block, level)]
            found += ["\n".join(run)] if is_equation else run  # no empty line between: it would begin a paragraph
        equations = (block for block in blocks if isinstance(block, d.Equation))
        noted = [equation for equation in equations if equation.rule or equation.error is not None]
        return [*found, self.notes(noted)] if noted else found

    def texts(self, block: d.Block, level: int) -> list[str]:
        """A block, or those that it holds."""
        match block:
            case d.Section():
                return self.section(block, level)
            case d.Beside():
                return self.blocks(block.blocks, level)
            case d.Folded():
                return [rf"\textbf{{{escaped(block.summary)}}}", *self.blocks(block.blocks, level)]
            case d.Diagram() | d.Live():
                return []
            case _:
                return [self.block(block)]

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
                items = (rf"\item[{{{self.line(term)}}}] {self.line(text)}" for term, text in block.items)
                return "\n".join([r"\begin{description}", *items, r"\end{description}"]) if block.items else ""
            case d.Table():
                return self.table(block)
            case d.Listing() | d.Source():
                return f"{{\\scriptsize\n\\begin{{verbatim}}\n{block.text}\n\\end{{verbatim}}}}"
            case d.Figure():
                head = "".join(rf"\textbf{{{escaped(text)}}} " for text in (block.title, block.note) if text)
                return rf"{head}{self.line(block.caption)} (\texttt{{{escaped(block.file)}}})"
            case d.Comparison():
                return self.comparison(block)
            case d.Diagram() | d.Live() | d.Beside() | d.Folded() | d.Section():
                return "\n\n".join(self.blocks([block], 1))
        assert_never(block)

    def line(self, line: d.Line) -> str:
        """Text with mathematics in it."""
        return "".join(map(self.inline, line))

    def inline(self, part: d.Inline) -> str:
        """One part of a line."""
        match part:
            case str():
                return escaped(part)
            case d.Math():
                return self.formula(part.write(self.notation))
            case d.Code():
                return rf"\texttt{{{escaped(part.text)}}}"
            case d.Link() if part.target.startswith("#"):
                return rf"\hyperref[{{{part.target[1:]}}}]{{{escaped(part.text)}}}"
            case d.Link():
                return rf"\href{{{part.target}}}{{{escaped(part.text)}}}"
            case d.Reference():
                keys = ",".join(work.key for work in works(self.document.references()) if work.text in part.text)
                return escaped(part.text) + (rf"~\cite{{{keys}}}" if keys else "")
        assert_never(part)

    def formula(self, text: str) -> str:
        """A formula in a line, which may break at its marks."""
        depth, found = 0, ""
        for character in text.replace(HELD, ""):
            depth += (character == "{") - (character == "}")
            found += character if character != BREAK else r"\allowbreak " if depth == 0 else ""
        return f"${found}$"

    def equation(self, equation: d.Equation) -> str:
        """A numbered equation, in several lines where it is long."""
        label = rf"\label{{{equation.id}}}"
        tag = rf"\tag{{{equation.number}}}{label}" if equation.number else r"\notag"
        left, (first, *rest) = left_side(equation, self.notation), in_lines(equation, self.notation, LINE)
        if not rest:
            return f"\\begin{{equation}}\n{left} = {first.text} {tag}\n\\end{{equation}}"
        rows = [f"{left} &= {first.text}", *(f"&{INDENTS[line.steps]}{{}} {line.text}" for line in rest)]
        body = " \\\\\n".join(rows)
        return f"\\begin{{equation}}\n{tag}\n\\begin{{split}}\n{body}\n\\end{{split}}\n\\end{{equation}}"

    def notes(self, equations: Sequence[d.Equation]) -> str:
        """The line, the rule that made it, the equation it follows from, and the error of its check."""
        head = tuple(self.sentences.text(f"formats.{column}") for column in ("line", "rule", "origin", "error"))
        rows: tuple[tuple[d.Line, ...], ...] = tuple(
            ((f"({e.number})",), (self.labels.rule(e.rule),), (e.origin,), (d.verdict_text(e),)) for e in equations
        )
        return f"{{\\footnotesize\n{self.table(d.Table(head, rows, frozenset({3})))}}}"

    def matrix(self, matrix: d.Matrix) -> str:
        """A matrix of blocks."""
        rows = " \\\\\n".join(" & ".join(entry.write(self.notation) for entry in row) for row in matrix.rows)
        left = matrix.left.write(self.notation) + self.notation.equals
        body = whole(f"{left}\\begin{{pmatrix}}\n{rows}\n\\end{{pmatrix}}")
        return f"\\begin{{equation*}}\n\\renewcommand{{\\arraystretch}}{{1.6}}\n{body}\n\\end{{equation*}}"

    def table(self, table: d.Table) -> str:
        """A table, set small where it would be too wide."""
        plain = [[d.line_text(cell, TextNotation(signs=self.document.signs)) for cell in row] for row in table.rows]
        texts = list(zip(table.head, *plain, strict=True))
        head = [rf"\textbf{{{escaped(text)}}}" for text in table.head]
        rows = [[self.line(cell) for cell in row] for row in table.rows]
        text = longtable(columns(texts, table.numeric), [head, *rows])
        return text if fits(texts) else f"{{\\footnotesize\n{text}}}"

    def comparison(self, comparison: d.Comparison) -> str:
        """A table of two columns; what is the same stands in the first, with = beside it."""
        rows = [["", *(rf"\textbf{{{escaped(name)}}}" for name in comparison.head)]]
        for pair in comparison.pairs:
            right = "=" if pair.same else self.content(pair.right)
            rows.append(["$=$" if pair.same else r"$\ne$", self.content(pair.left), right])
        return longtable("l" + paragraph(0.44) * 2, rows)

    def content(self, content: d.Content) -> str:
        """One side of a comparison."""
        if isinstance(content, d.Equation):
            return self.formula(content.write(self.notation))
        return self.line(content) or "---"

    def bibliography(self) -> list[str]:
        """The works that the document refers to."""
        items = [rf"\bibitem{{{work.key}}} {escaped(work.text)}" for work in works(self.document.references())]
        return ["\n".join([r"\begin{thebibliography}{9}", *items, r"\end{thebibliography}"])] if items else []
