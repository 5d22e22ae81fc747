"""The first page of the site: every cell with its drawing, its equations, how far its gradient comes, and its pages;
then the flow of gradients, and the models that packages ship.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.equation import Equation
from lstm_sym.report.diagram import picture_block
from lstm_sym.report.reading.limits import life_text
from lstm_sym.report.reading.measured import SEED, STEPS, UNITS
from lstm_sym.site.entry import BESIDE, Entry
from lstm_sym.site.flows import FLOW, MODELS, FlowPage, ModelPage

KINDS = {"md": "Markdown", "tex": "LaTeX", "ipynb": "Jupyter", "pdf": "PDF"}
TARGETS = {"numpy": "NumPy", "javascript": "JavaScript"}
PAIR, PACKAGES = "lstm-sym diff ONE OTHER -o pair.html", "lstm-sym site --package all"
"""The commands for what is not on the site: any other pair of cells, and the models of packages."""


def gallery_document(
    entries: Sequence[Entry], flows: Sequence[FlowPage], models: Sequence[ModelPage], sentences: Sentences
) -> d.Document:
    """The gallery in one language; a part a cell, whose key is its anchor, and what is measured at the end."""
    case = d.Code(f"H = D = {UNITS}, T = {STEPS}, seed {SEED}")
    return d.Document(
        sentences.text("site.title"),
        sentences.language,
        (
            sentences.line("site.lead", count=str(len(entries))),
            sentences.line("site.half_life_is", case=case),
            *_pairs(entries, sentences),
        ),
        (
            *(_part(entry, sentences) for entry in entries),
            *(_flow(page, sentences) for page in flows),
            _models(models, sentences),
        ),
        sentences.text("site.contents"),
        quantities=tuple(tuple(e.target for e in entry.cell.equations) for entry in entries),
    )


def _part(entry: Entry, sentences: Sentences) -> d.Section:
    """A cell: what it is, beside its drawing."""
    cell = entry.cell
    title = f"{cell.key}: {cell.name_in(sentences.language)}" if cell.name else cell.key
    return d.Section(cell.key, title, (picture_block(entry.facts.drawing, tuple(_blocks(entry, sentences)), title),))


def _pairs(entries: Sequence[Entry], sentences: Sentences) -> list[d.Line]:
    """Which cells the others stand beside, and the command for any other pair; nothing where there is none."""
    beside = [key for key in BESIDE if any(key in entry.compared for entry in entries)]
    return [sentences.line("site.pairs", cells=", ".join(beside), command=d.Code(PAIR))] if beside else []


def _flow(page: FlowPage, sentences: Sentences) -> d.Section:
    """The way to the page about the classics."""
    link = d.Link(sentences.text("flow.title"), page.page)
    line = sentences.line("site.flow.line", flow=link, cells=", ".join(page.request.names))
    return d.Section(FLOW, sentences.text("flow.title"), (d.Paragraph(line),))


def _models(models: Sequence[ModelPage], sentences: Sentences) -> d.Section:
    """The models of packages, a row a model; where there are none, the command that adds them."""
    title = sentences.text("site.models.title")
    if not models:
        line = sentences.line("site.models.none", command=d.Code(PACKAGES))
        return d.Section(MODELS, title, (d.Paragraph(line),))
    columns = ("package.package", "package.task", "package.layers", "package.step", "measure.half_life")
    rows = tuple(_model_row(page) for page in models)
    table = d.Table(tuple(sentences.text(column) for column in columns), rows, frozenset({4}))
    return d.Section(MODELS, title, (d.Paragraph(sentences.line("site.models.lead")), table))


def _model_row(page: ModelPage) -> tuple[d.Line, ...]:
    one = page.opened.package
    return ((d.Link(one.name, page.page),), (one.task,), (one.layers,), (one.step,), (page.half_life or "—",))


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
