"""The flow of gradients on the site: of the classics together, and of each model that a package ships."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from lstm_sym.document import document as d
from lstm_sym.document.html import html_page
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.flow import memory_card
from lstm_sym.ground.progress import Progress, silent
from lstm_sym.networks import CellLayer, Network
from lstm_sym.report import network_document
from lstm_sym.report.diagram import picture_block
from lstm_sym.report.facts import Facts
from lstm_sym.shipped import Opened
from lstm_sym.site.ways import gallery_link, with_way_back
from lstm_sym.studies.flow_run import GradientFlow, flow_of
from lstm_sym.studies.request import Request
from lstm_sym.studies.settings import Settings

INPUT, SETTINGS = "japanese-vowels", Settings(hidden=32)
"""What cells are measured over, and how: half of the usual units, so that a site does not wait for it."""
RECORD = "flow.json"
FLOW, MODELS = "site.flow", "site.models"
"""Anchors of the gallery; a key of a cell has no dot."""

Reporter = Callable[[str], Progress]


@dataclass(eq=False)
class FlowPage:
    """A page about the flow of gradients, in a folder of its own.

    Attributes:
        folder: below that of the site. request: what is measured.
        half_life: of what is measured first, once it is; "" of a network that reads in both directions.
    """

    folder: str
    request: Request
    half_life: str = field(default="", init=False)

    @property
    def page(self) -> str:
        """The page itself."""
        return f"{self.folder}/index.html"

    @property
    def names(self) -> list[str]:
        """Every file that it may come with."""
        return [f"{self.folder}/{name}" for name in (*GradientFlow.planned(self.request), RECORD)]

    def files(self, reporter: Reporter = silent) -> dict[str, bytes]:
        """Measure, draw and write: every file by its name. Raises NothingMeasured."""
        found = flow_of(self.request, reporter)
        if found.profiles:
            self.half_life = str(memory_card(found.profiles[0]).half_life)
        page = html_page(*map(self.completed, found.pages(self.folder))).encode("utf-8")
        record = json.dumps(found.record(self.folder), indent=1, ensure_ascii=False) + "\n"
        every = {"index.html": page, **found.beside, RECORD: record.encode("utf-8")}
        return {f"{self.folder}/{name}": content for name, content in every.items()}

    def completed(self, document: d.Document) -> d.Document:
        """The page as the site shows it: with the way to the gallery, and to the derivations of its cells."""
        return with_way_back(document, FLOW, self.request.cells)


@dataclass(eq=False)
class ModelPage(FlowPage):
    """The page of a model that a package ships: what it is built of, then how far back it remembers.

    Attributes:
        opened: the package. cells: key -> the page of a cell that is on the site.
    """

    opened: Opened
    cells: dict[str, str]

    @property
    def network(self) -> Network:
        """Its network."""
        return self.opened.model.network

    @property
    def recurrent(self) -> dict[str, Cell]:
        """Its cells by their keys."""
        layers = (layer for layer in self.network.layers if isinstance(layer, CellLayer) and layer.cell.states)
        return {layer.cell.key: layer.cell for layer in layers}

    def completed(self, document: d.Document) -> d.Document:
        """With the model as the title, and what it is built of before what was measured."""
        sentences, one = Sentences(document.language), self.opened.package
        title = sentences.text("site.model.title", name=one.name, version=one.version)
        built = d.Section("built", sentences.text("site.model.built"), tuple(self.built(sentences)))
        line = sentences.line("site.model.lead", gallery=gallery_link("../../", MODELS, sentences), task=one.task)
        lead = (line, *document.lead)
        [package], rest = document.sections[:1], document.sections[1:]
        quantities = tuple(tuple(e.target for e in cell.equations) for cell in self.recurrent.values())
        sections = (package, built, *rest)
        return replace(document, title=title, lead=lead, sections=sections, quantities=quantities)

    def built(self, sentences: Sentences) -> Iterator[d.Block]:
        """Its layers, and the drawing of each cell with a link to its derivation."""
        [chain] = network_document(self.network, sentences, only=("chain",)).sections
        yield from chain.blocks
        for key, cell in self.recurrent.items():
            line = sentences.line("site.model.cell", cell=self.derivation(key), name=cell.name_in(sentences.language))
            yield picture_block(Facts(cell).drawing, (d.Paragraph(line),), cell.name)

    def derivation(self, key: str) -> d.Inline:
        """The name of a cell, which leads to its page where it has one."""
        return d.Link(key, f"../../{self.cells[key]}") if key in self.cells else d.Code(key)


def flow_page(cells: Sequence[Cell], language: str) -> FlowPage:
    """The page about cells beside each other."""
    return FlowPage("flow", Request(tuple(cells), INPUT, SETTINGS, language))


def model_pages(models: Iterable[Opened], cells: dict[str, str], language: str) -> list[ModelPage]:
    """The pages of models of packages, each measured as its package says."""
    return [ModelPage(f"models/{one.package.name.lower()}", _request(one, language), one, cells) for one in models]


def _request(one: Opened, language: str) -> Request:
    return Request((), one.sequences, Settings(**one.package.settings), language, package=one)
