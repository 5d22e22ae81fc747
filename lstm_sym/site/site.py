"""All pages of a site, as files by their names; cell by cell, so that a person can see how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lstm_sym.api import generate
from lstm_sym.check.several import check_cells
from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.explore import explorer_pages, with_explorer
from lstm_sym.ground.output import Output
from lstm_sym.ground.progress import Progress, silent
from lstm_sym.report import PAGES, derivation_notebook, html_page
from lstm_sym.report.checked import derivation_pages
from lstm_sym.report.comparison import comparison_document, side, size_for_all
from lstm_sym.report.reading.measured import PLAIN
from lstm_sym.shipped import Opened
from lstm_sym.site.entry import BESIDE, Entry, entries_of
from lstm_sym.site.flows import flow_page, model_pages
from lstm_sym.site.gallery import gallery_document
from lstm_sym.site.ways import INDEX, with_way_back

MANIFEST = "site.json"
INPUT, HIDDEN = 32, 64
"""The sizes at which cells are compared, as `diff` takes them."""


class Site:
    """The gallery of some cells with all pages that it leads to.

    languages: those of the pages, the one shown first in front. texts: key -> the cell file of a cell that is in no
    catalogue, from which its notebook reads it. models: packages whose models have a page each.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        languages: Sequence[Sentences],
        texts: Mapping[str, str] | None = None,
        models: Sequence[Opened] = (),
    ) -> None:
        self.texts = texts or {}
        self.cells = {cell.key: cell for cell in cells}
        self.languages = list(languages)
        self.entries = entries_of(cells)
        language, classics = self.languages[0].language, [self.cells[key] for key in BESIDE if key in self.cells]
        self.flows = [flow_page(classics, language)] if len(classics) > 1 else []
        self.models = model_pages(models, {entry.cell.key: entry.derivation for entry in self.entries}, language)

    @property
    def names(self) -> list[str]:
        """Every file, without the manifest."""
        of_cells = (name for entry in self.entries for name in entry.files)
        return [INDEX, *of_cells, *(name for page in (*self.flows, *self.models) for name in page.names)]

    def output(self, folder: Path, inputs: Sequence[Path] = (), *, force: bool = False) -> Output:
        """The folder, before anything is derived. Raises OutputError where a file must not be written."""
        return Output(folder, self.names, inputs, force=force, manifest=MANIFEST)

    def write(self, output: Output, reporter: Callable[[str], Progress] = silent) -> dict[Path, str]:
        """Make every page and write them: path -> "wrote" or "removed". Raises OSError."""
        record = {"cells": [*self.cells], "packages": [page.opened.package.name for page in self.models]}
        return output.write(self.files(reporter), record)

    def files(self, reporter: Callable[[str], Progress] = silent) -> dict[str, bytes]:
        """Every file by its name."""
        progress, found = reporter("site"), dict[str, bytes]()
        for done, entry in enumerate(self.entries):
            progress(done, len(self.entries))
            found |= {name: text.encode("utf-8") for name, text in self._of(entry)}
        progress(len(self.entries), len(self.entries))
        for page in (*self.flows, *self.models):
            found |= page.files(reporter)
        documents = (gallery_document(self.entries, self.flows, self.models, one) for one in self.languages)
        return found | {INDEX: html_page(*documents).encode("utf-8")}

    def _of(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """The files of a cell."""
        cell, languages = entry.cell, self.languages
        results = check_cells([cell])[cell.key]
        ways = {key: f"../{path}" for key, path in self._ways(entry).items()}
        documents = derivation_pages(cell, languages, results, ways=ways)
        yield entry.derivation, html_page(*with_explorer(documents, cell, languages))
        for kind, path in entry.documents.items():
            yield path, self._in_format(kind, documents[0], cell)
        if entry.explorer:
            explored = self._explored(cell)
            pages = explorer_pages(explored, languages)
            yield entry.explorer, html_page(*(with_way_back(page, cell.key, explored) for page in pages))
        for target, path in entry.kernels.items():
            yield path, generate(cell, target=target)
        for key, path in entry.comparisons.items():
            yield path, html_page(*self._compared(cell, self.cells[key]))

    def _in_format(self, kind: str, document: d.Document, cell: Cell) -> str:
        """A derivation in a format beside HTML."""
        if kind == "ipynb":
            return derivation_notebook(document, cell, self.languages[0], self.texts.get(cell.key, ""))
        text = PAGES[kind](document)
        assert isinstance(text, str)
        return text

    def _ways(self, entry: Entry) -> dict[str, str]:
        """What the last section of a derivation leads to, from the folder of the site."""
        ways = {"gallery": f"{INDEX}#{entry.cell.key}", "generate": entry.kernels["numpy"]}
        ways |= {"explore": entry.explorer} if entry.explorer else {}
        ways |= {f"diff {key}": path for key, path in entry.comparisons.items()}
        measured = [page.page for page in self.flows if entry.cell in page.request.cells]
        return ways | ({"flow": measured[0]} if measured else {})

    def _explored(self, cell: Cell) -> list[Cell]:
        """The cell, and beside it the plain network."""
        return [cell] if cell.key == PLAIN or PLAIN not in self.cells else [cell, self.cells[PLAIN]]

    def _compared(self, cell: Cell, other: Cell) -> Iterator[d.Document]:
        """Two cells side by side, in each language."""
        hidden = size_for_all([cell, other], HIDDEN)
        one, second = (side(c.key, c, input_size=INPUT, hidden_size=hidden) for c in (cell, other))
        documents = (comparison_document(one, second, sentences) for sentences in self.languages)
        return (with_way_back(document, cell.key, (cell, other)) for document in documents)
