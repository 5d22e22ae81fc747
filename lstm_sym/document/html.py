"""A document as one HTML page that stands alone: MathML and its font, a style sheet, small scripts, no network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

from lstm_sym import __version__
from lstm_sym.document import document as d
from lstm_sym.document.breaking import pieces
from lstm_sym.document.copying import copying_script, copying_style
from lstm_sym.document.figures import figure_html, figure_style
from lstm_sym.document.maths_font import font_rule
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.notation.text import TextNotation

NAMES = {"en": "English", "zh-Hant": "繁體中文", "zh-Hans": "简体中文"}
SHORT, SENTENCE = 12, 40
"""Letters of the longest text of a column that stays on a line, and of one that is no sentence."""
_SPACES = (" ", "\u2002")
_COMMENT, _SET_BACK = re.compile(r"(?m)# .*$"), r'<span class="comment">\g<0></span>'
# The end of a formula with the sign behind it, which browsers would let begin the next line.
_BEFORE_SIGN = re.compile(r"<math>(?:(?!<math>).)*</math>[.,;:)!?，。；：）、？]+")
# A row of one thing, which lays nothing out: browsers show the same without it.
_ROW_OF_ONE = re.compile(r"<mrow>(<(mi|mn)\b[^>]*>[^<]*</\2>|<msub\b[^>]*>(?:(?!</?mrow|</?msub).)*</msub>)</mrow>")


def html_page(document: d.Document, *others: d.Document) -> str:
    """The page: same documents, same bytes.

    others: the same document in further languages. The page holds all of them and shows one, at first the language of
    `document`; what reads the same in all stands there once.
    """
    from lstm_sym.document.colours import colour_class, colour_style, quantity_colours  # figures: for a page alone

    colours = quantity_colours(document.quantities)
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8") + colour_style(colours)
    style += figure_style(document)
    style += "".join(document.styles())
    classes = {name: colour_class(name) for name in (*colours, *document.symbols)}
    pages = _Pages([_Page(one, classes) for one in (document, *others)])
    body = pages.body()
    style += copying_style() + (font_rule() if "<math" in body else "")
    return (
        f'<!DOCTYPE html>\n<html lang="{document.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="lstm_sym {__version__}">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(document.title)}</title>\n<style>\n{style}{pages.style}</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n{pages.script(body)}</body>\n</html>\n"
    )


class _Pages:
    """One page of the documents of several languages, which have the same blocks; every method gives HTML."""

    def __init__(self, pages: Sequence[_Page]) -> None:
        self.pages = pages
        self.documents = [page.document for page in pages]
        self.languages = [document.language for document in self.documents]

    def body(self) -> str:
        """Title, lead, contents, sections."""
        leads = zip(*(one.lead for one in self.documents), strict=True)
        texts = ([page.line(line) for page, line in zip(self.pages, lines, strict=True)] for lines in leads)
        parts = [
            f"<header>{self.switch()}<h1>{self.told([escape(one.title) for one in self.documents])}</h1>",
            *([f'<p class="warning" role="alert">{warning}</p>'] if (warning := self.warning()) else []),
            *(f'<p class="lead">{self.told(lines)}</p>' for lines in texts),
            "</header>",
            self.told([page.contents() for page in self.pages], "div"),
            *(self.section(sections, 2) for sections in zip(*(one.sections for one in self.documents), strict=True)),
        ]
        return "\n".join(parts)

    def warning(self) -> str:
        """What is wrong, above all else."""
        return self.told([page.line(page.document.warning) for page in self.pages])

    def told(self, texts: Sequence[str], tag: str = "span") -> str:
        """What the languages say: once where they say the same."""
        if len(set(texts)) == 1:
            return texts[0]
        pairs = zip(self.languages, texts, strict=True)
        return "".join(f'<{tag} class="told" lang="{language}">{text}</{tag}>' for language, text in pairs)

    def section(self, sections: tuple[d.Section, ...], level: int) -> str:
        """A section and those inside it; of a folded one the title alone is seen at first."""
        title = f"<h{level}>{self.told([escape(one.title) for one in sections])}</h{level}>"
        inner = self.inside(sections, level + 1)
        if sections[0].folded:
            inner = f"<details>\n<summary>{title}</summary>\n{inner}\n</details>"
            title = ""
        return f'<section id="{escape(sections[0].key)}">\n{title}\n{inner}\n</section>'

    def inside(self, holders: Sequence[d.Section | d.Beside | d.Folded], level: int) -> str:
        """The blocks that a block holds."""
        return "\n".join(self.block(blocks, level) for blocks in zip(*(one.blocks for one in holders), strict=True))

    def block(self, blocks: tuple[d.Block, ...], level: int) -> str:
        """A block in all languages; of an equation only the note differs."""
        first = blocks[0]
        if isinstance(first, d.Section):
            return self.section(tuple(block for block in blocks if isinstance(block, d.Section)), level)
        if isinstance(first, d.Beside):
            inner = self.inside([block for block in blocks if isinstance(block, d.Beside)], level)
            shown = first.write(self.pages[0].notation.classes, first.prefix)
            return f'<div class="beside"><div>{inner}</div><div class="part" inert>{shown}</div></div>'
        if isinstance(first, d.Folded):
            return self.folded([block for block in blocks if isinstance(block, d.Folded)], level)
        pairs = zip(self.pages, blocks, strict=True)
        if isinstance(first, d.Equation):
            return self.pages[0].equation(
                first, self.note([block for block in blocks if isinstance(block, d.Equation)])
            )
        if isinstance(first, d.Diagram):
            return self.diagram([block for block in blocks if isinstance(block, d.Diagram)])
        if isinstance(first, d.Figure):
            figures = [block for block in blocks if isinstance(block, d.Figure)]
            captions = [page.line(figure.caption) for page, figure in zip(self.pages, figures, strict=True)]
            return figure_html(figures, self.languages, self.told, captions)
        if isinstance(first, d.Live):
            words = {page.document.language: block.words for page, block in pairs if isinstance(block, d.Live)}
            texts = {key: [escape(of[key]) for of in words.values()] for key in first.words}
            return first.write({key: self.told(text) for key, text in texts.items()}, words)
        return self.told([page.block(block) for page, block in pairs], "div")

    def note(self, equations: Sequence[d.Equation]) -> str:
        """Rule, the equation it follows from, the error of its check, the ways to the code and to the drawing.

        Each part stands once, with what the languages say in it.
        """
        first, labels = equations[0], [document.labels for document in self.documents]
        parts = [self.told([escape(of.rule(first.rule)) for of in labels])] if first.rule else []
        parts += [f"<span>{escape(first.origin)}</span>"] if first.origin else []
        if first.error is not None:
            verdict = "wrong" if first.is_wrong else "right"
            parts.append(f'<span class="{verdict} by-{first.number[0]}">{d.verdict_text(first)}</span>')
        if first.in_source:
            told = self.told([escape(of.source) for of in labels])
            parts.append(f'<a href="#{escape(first.id)}.code">{told}</a>')
        if first.id in self.pages[0].drawn:
            told = self.told([escape(of.drawing) for of in labels])
            parts.append(f'<a class="drawn" href="#{self.pages[0].drawn[first.id]}">{told}</a>')
        return " · ".join(parts)

    def checks_style(self) -> str:
        """What is seen over a verdict: how lines of its kind are checked, a rule a kind and a language."""
        numbers = {one.number[0]: one.number for one in self.documents[0].equations() if one.error is not None}
        rules = ""
        for place, document in enumerate(self.documents):
            chosen = f'html:has(input[value="{document.language}"]:checked) ' if place else ""
            for kind, number in sorted(numbers.items()):
                rules += f"{chosen}.by-{kind} {{ --how: {_quoted(document.labels.checked(number))}; }}\n"
        return rules

    def diagram(self, diagrams: Sequence[d.Diagram]) -> str:
        """A drawing, its layers and what it shows, in a box that scrolls by itself on a narrow window."""
        first, classes = diagrams[0], self.pages[0].notation.classes
        lines = [
            "".join(f"<p>{page.line(line)}</p>" for line in diagram.lines)
            for page, diagram in zip(self.pages, diagrams, strict=True)
        ]
        caption = f"{escape(first.prefix)}diagram.caption"
        switch = self.told([escape(diagram.switch) for diagram in diagrams])
        return (
            f'<figure class="diagram"><div class="drawing" role="group" tabindex="0" aria-labelledby="{caption}">\n'
            f"{first.write(classes, first.prefix)}</div>\n"
            f'<label class="switch"><input type="checkbox"><span>{switch}</span></label>\n'
            f'<figcaption id="{caption}">{self.told(lines, "div")}</figcaption></figure>'
        )

    def folded(self, blocks: Sequence[d.Folded], level: int) -> str:
        """What a reader opens; before it a field for a number that may be tried, where one is asked."""
        summary = self.told([escape(block.summary) for block in blocks])
        inner = self.inside(blocks, level)
        shown = f"<details><summary>{summary}</summary>\n{inner}\n</details>"
        return self.field(blocks[0].asked) + shown if blocks[0].asked is not None else shown

    def field(self, asked: float | None) -> str:
        """A field for a number, which a script compares with the one that is asked for; without scripts hidden."""
        label, right, wrong = (
            self.told([escape(document.labels.answer[place]) for document in self.documents]) for place in range(3)
        )
        return (
            f'<p class="answer" data-asked="{asked!r}" hidden><label>{label} <input inputmode="decimal" size="9">'
            f'</label> <span role="status"><span class="right" hidden>✓ {right}</span>'
            f'<span class="wrong" hidden>✗ {wrong}</span></span></p>\n'
        )

    def switch(self) -> str:
        """A button a language; nothing for one."""
        if len(self.languages) == 1:
            return ""
        buttons = (
            f'<label lang="{language}"><input type="radio" name="language" value="{language}"'
            f"{' checked' if place == 0 else ''}>{NAMES[language]}</label>"
            for place, language in enumerate(self.languages)
        )
        return f'<fieldset class="languages"><legend>Language</legend>{"".join(buttons)}</fieldset>'

    @property
    def style(self) -> str:
        """Rules that show one language, also where scripts are off."""
        if len(self.languages) == 1:
            return self.checks_style()
        chosen = (
            f'html:has(input[value="{language}"]:checked) .told:not([lang="{language}"])' for language in self.languages
        )
        return ",\n".join(chosen) + " { display: none; }\n" + self.checks_style()

    def script(self, body: str) -> str:
        """What keeps the language in the address, opens what a link leads into, looks at answers, and is alive."""
        names = ["languages.js"] if len(self.languages) > 1 else []
        names += ["folded.js"] if "<details>" in body else []
        names += ["symbols.js"] if self.documents[0].symbols else []
        texts = [files(__package__).joinpath(name).read_text(encoding="utf-8") for name in names]
        texts += dict.fromkeys(live.script for live in self.documents[0].lives())
        return "".join(f"<script>\n{text}</script>\n" for text in texts) + copying_script(self.documents)


class _Page:
    """Renders blocks; every method gives HTML."""

    def __init__(self, document: d.Document, classes: Mapping[str, str]) -> None:
        self.document = document
        self.notation = MathMLNotation(classes=classes, signs=document.signs)
        self.plain = TextNotation(signs=document.signs)
        self.drawn = {
            anchor: f"{diagram.prefix}diagram"
            for diagram in document.diagrams()
            for anchor in re.findall(r' href="#([^"]+)"', diagram.write(classes, diagram.prefix))
        }

    def contents(self) -> str:
        """The list of sections, none for a document of one."""
        if len(self.document.sections) < 2:
            return ""
        items = "".join(f'<li><a href="#{s.key}">{escape(s.title)}</a></li>' for s in self.document.sections)
        return f'<nav aria-label="{escape(self.document.contents)}"><ol>{items}</ol></nav>'

    def block(self, block: d.Block) -> str:
        """Any block but a section."""
        match block:
            case d.Paragraph():
                alone = ' class="alone"' if _is_formula(block.line) else ""
                return f"<p{alone}>{self.line(block.line)}</p>"
            case d.Matrix():
                return self.matrix(block)
            case d.Definitions():
                items = (f"<dt>{self.line(term)}</dt><dd>{self.line(text)}</dd>" for term, text in block.items)
                return f"<dl>{''.join(items)}</dl>"
            case d.Table():
                return self.table(block)
            case d.Listing():
                return f'<pre tabindex="0">{escape(block.text)}</pre>'
            case d.Source():
                return self.source(block)
            case d.Comparison():
                return self.comparison(block)
        raise TypeError(f"no HTML for {type(block).__name__}")

    def line(self, line: d.Line) -> str:
        """Text with mathematics in it."""
        return _BEFORE_SIGN.sub(r'<span class="kept">\g<0></span>', "".join(self.inline(part) for part in line))

    def inline(self, part: d.Inline) -> str:
        """One part of a line."""
        match part:
            case d.Math():
                return self.broken([part.write(self.notation)])
            case d.Code():
                return f"<code>{escape(part.text)}</code>"
            case d.Link():
                return f'<a href="{escape(part.target)}">{escape(part.text)}</a>'
            case d.Reference():
                return f"<cite>{escape(part.text)}</cite>"
        return escape(part)

    def equation(self, equation: d.Equation, note: str) -> str:
        """A numbered line."""
        anchor = escape(equation.id)
        number = f'<a class="number" href="#{anchor}">({equation.number})</a>'
        parts = [number, self.formula(equation), f'<div class="note">{note}</div>' if note else ""]
        return f'<div class="equation" id="{anchor}">{"".join(parts)}</div>'

    def formula(self, equation: d.Equation) -> str:
        """left = right."""
        left = equation.left.write(self.notation) + self.notation.equals
        said = escape(equation.write(self.plain))
        pieces = self.broken([left, *self.summands(equation)])
        return f'<div class="formula" role="math" aria-label="{said}">{pieces}</div>'

    def broken(self, parts: Iterable[str]) -> str:
        """Formulas one behind the other, with places where a line may break."""
        texts = (_ROW_OF_ONE.sub(r"\1", piece) for part in parts for piece in pieces(part))
        return "<wbr>".join(f"<math>{text}</math>" for text in texts)

    def summands(self, equation: d.Equation) -> list[str]:
        """The right side, each summand with its sign before it."""
        found = []
        for place, (sign, summand) in enumerate(equation.summands):
            shown = {(1, True): "", (-1, True): self.notation.negative, (1, False): _infix("+")}.get(
                (sign, place == 0), _infix("−")
            )
            found.append(f"<mrow>{shown}{summand.write(self.notation)}</mrow>")
        return found

    def matrix(self, matrix: d.Matrix) -> str:
        """A matrix of blocks."""
        cells = ((f"<mtd>{math.write(self.notation)}</mtd>" for math in row) for row in matrix.rows)
        rows = "".join(f"<mtr>{''.join(row)}</mtr>" for row in cells)
        table = self.notation.parentheses(f"<mtable>{rows}</mtable>")
        left = matrix.left.write(self.notation) + self.notation.equals
        return f'<div class="matrix" tabindex="0">{self.notation.page(left + table)}</div>'

    def table(self, table: d.Table) -> str:
        """A table in a box that scrolls by itself on a narrow window."""
        kinds = [_column(table, k) for k in range(len(table.head))]
        head = "".join(f"<th{kind}>{escape(text)}</th>" for kind, text in zip(kinds, table.head, strict=True))
        rows = "".join(
            f"<tr>{''.join(f'<td{kind}>{self.line(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))}</tr>\n"
            for row in table.rows
        )
        body = f"<thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody>"
        return f'<div class="table" tabindex="0"><table>{body}</table></div>'

    def source(self, source: d.Source) -> str:
        """A program whose lines are linked with the equations that they compute; comments are set back."""
        seen: set[str] = set()

        def link(found: re.Match[str]) -> str:
            identity = source.ids.get(found[1], "")
            if not identity:
                return found[0]
            anchor = f' id="{escape(identity)}.code"' if identity not in seen else ""
            seen.add(identity)
            return f'<a{anchor} href="#{escape(identity)}">({found[1]})</a>'

        lines = (re.sub(r"\(([A-Z]\d+)\)", link, escape(line)) for line in source.text.split("\n"))
        return f'<pre tabindex="0">{_COMMENT.sub(_SET_BACK, chr(10).join(lines))}</pre>'

    def comparison(self, comparison: d.Comparison) -> str:
        """Two columns; what is the same goes across both."""
        head = "".join(f"<th>{escape(name)}</th>" for name in comparison.head)
        rows = []
        for pair in comparison.pairs:
            if pair.same:
                rows.append(f'<tr class="same"><td>=</td><td colspan="2">{self.content(pair.left)}</td></tr>\n')
            else:
                sides = "".join(f"<td>{self.content(side)}</td>" for side in (pair.left, pair.right))
                rows.append(f'<tr class="different"><td>≠</td>{sides}</tr>\n')
        body = f'<thead><tr><td class="mark"></td>{head}</tr></thead><tbody>\n{"".join(rows)}</tbody>'
        return f'<div class="table" tabindex="0"><table class="comparison">{body}</table></div>'

    def content(self, content: d.Content) -> str:
        """One side of a comparison."""
        if isinstance(content, d.Equation):
            return self.formula(content)
        return self.line(content) or "—"


def page_colours() -> str:
    """The variables of the style sheet with the colours of light and dark pages, for a drawing that stands alone."""
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return style[: style.index("* {")]


def _quoted(text: str) -> str:
    """A text as CSS writes it."""
    return '"' + text.replace("\\", r"\5c ").replace('"', r"\22 ").replace("<", r"\3c ").replace("\n", r"\a ") + '"'


def _infix(sign: str) -> str:
    return f'<mo form="infix">{sign}</mo>'


def _is_formula(line: d.Line) -> bool:
    """Whether a line is a formula alone, with its number or without."""
    has_math = any(isinstance(part, d.Math) for part in line)
    return has_math and all(isinstance(part, d.Math | d.Link) or part in _SPACES for part in line)


def _column(table: d.Table, column: int) -> str:
    """The class of a column: of numbers; of sentences, which need some width; of short texts, which stay on a line."""
    if column in table.numeric:
        return ' class="numeric"'
    cells = [row[column] for row in table.rows]
    longest = max((sum(len(part) for part in cell if isinstance(part, str)) for cell in cells), default=0)
    if longest > SENTENCE:
        return ' class="sentences"'
    is_plain = all(isinstance(part, str) for cell in cells for part in cell)
    return ' class="short"' if is_plain and 0 < longest <= SHORT else ""
