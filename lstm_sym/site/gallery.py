"""The first page of the site: every cell with its drawing, its equations, how far its gradient comes, and its pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.equation import Equation
from lstm_sym.report.diagram import picture_block
from lstm_sym.report.reading.limits import life_text
from lstm_sym.report.reading.measured import SEED, STEPS, UNITS
from lstm_sym.site.entry import Entry

KINDS = {"md": "Markdown", "tex": "LaTeX", "ipynb": "Jupyter", "pdf": "PDF"}
TARGETS = {"numpy": "NumPy", "javascript": "JavaScript"}


def gallery_document(entries: Sequence[Entry], sentences: Sentences) -> d.Document:
    """The gallery in one language; a part a cell, whose key is its anchor."""
    case = d.Code(f"H = D = {UNITS}, T = {STEPS}, seed {SEED}")
    return d.Document(
        sentences.text("site.title"),
        sentences.language,
        (sentences.line("site.lead", count=str(len(entries))), sentences.line("site.half_life_is", case=case)),
        tuple(_part(entry, sentences) for entry in entries),
        sentences.text("site.contents"),
        quantities=tuple(tuple(e.target for e in entry.cell.equations) for entry in entries),
    )


def _part(entry: Entry, sentences: Sentences) -> d.Section:
    """A cell: what it is, beside its drawing."""
    cell = entry.cell
    title = f"{cell.key}: {cell.name_in(sentences.language)}" if cell.name else cell.key
    return d.Section(cell.key, title, (picture_block(entry.facts.drawing, tuple(_blocks(entry, sentences)), title),))


def _blocks(entry: Entry, sentences: Sentences) -> Iterator[d.Block]:
    cell = entry.cell
    if cell.reference:
        yield d.Paragraph((cell.reference,))
    yield from (d.Paragraph((_formula(equation, cell),)) for equation in cell.equations)
    life = entry.measured.drawn_half_life
    if life is not None:
        yield d.Paragraph(sentences.line("site.half_life", steps=life_text(life)))
    yield d.Paragraph(sentences.listed(list(_links(entry, sentences))))


def _formula(equation: Equation, cell: Cell) -> d.Math:
    return d.Math(lambda n: n.equation(equation, cell))


def _links(entry: Entry, sentences: Sentences) -> Iterator[d.Inline]:
    """Every page and file of a cell."""
    yield d.Link(sentences.text("site.derivation"), entry.derivation)
    if entry.explorer:
        yield d.Link(sentences.text("site.explore"), entry.explorer)
    for key, page in entry.comparisons.items():
        yield d.Link(sentences.text("site.beside", other=key), page)
    for target, path in entry.kernels.items():
        yield d.Link(TARGETS[target], path)
    for kind, path in entry.documents.items():
        yield d.Link(KINDS[kind], path)
