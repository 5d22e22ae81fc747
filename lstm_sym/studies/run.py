"""The study: derive, check, generate and measure cells, and conclude."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from lstm_sym.api import generate
from lstm_sym.check import CheckResult
from lstm_sym.check.several import Checks, check_cells, check_rows
from lstm_sym.document.document import Document, Link, line_text
from lstm_sym.document.html import html_page
from lstm_sym.document.sentences import Sentences, in_order
from lstm_sym.equations import Cell
from lstm_sym.flow import Profile, table
from lstm_sym.flow.drawing.drawings import Shown
from lstm_sym.flow.plots.profiles import profiles_drawing
from lstm_sym.ground.cache import OFF, Cache
from lstm_sym.ground.progress import Progress, silent
from lstm_sym.ground.width import wrapped
from lstm_sym.notation.text import TextNotation
from lstm_sym.report.checked import derivation_pages
from lstm_sym.studies.errors import StudyError
from lstm_sym.studies.flow_figures import figure_labels
from lstm_sym.studies.kept import profiles_of
from lstm_sym.studies.measurement import Input
from lstm_sym.studies.page import findings, study_document, table_labels
from lstm_sym.studies.pictures import Pictures, names_of_files
from lstm_sym.studies.record import record_of, versions
from lstm_sym.studies.request import Request, cells_given
from lstm_sym.studies.saving import Report
from lstm_sym.studies.selection import Choices, Given
from lstm_sym.studies.settings import Settings

FIGURE = "sensitivity"
WIDTH = 100
"""Of the lines of the conclusions as text."""


def study(
    cells: Given | Iterable[Given] = ("rnn", "lstm"),
    *,
    choices: Choices | None = None,
    input: Input = "japanese-vowels",
    length: int = 1000,
    hidden: int = 64,
    lags: int = 60,
    ends: int = 50,
    seeds: int = 4,
    language: str = "en",
    paper: float | None = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    reporter: Callable[[str], Progress] = silent,
    cache: Cache = OFF,
) -> Study:
    """Check cells, measure how far back each feels its input, and conclude: `lstm-sym study` from Python.

    cells: names of the catalogue, paths of cell files, or cells; one or several. choices: options and constants, as
    {"phi_h": "identity"}, for the cells that have them. input: a name of `lstm_sym.inputs`, the path of a file,
    `inputs.Sequences`, or an array (T,) or (T, D). The first `length` steps of it are used, standardised.
    hidden: the units H; lags: the steps looked back, from `ends` points; seeds: the number of draws of the
    parameters. A cell with a forget gate is measured as drawn and with a forget bias. language: "en", "zh-Hant" or
    "zh-Hans", which the page shows first, and that of the conclusions. paper: a width in inches, 3.25 for a column of a
    journal, at which the figure is written as a PDF too. output: a folder to write, refused before anything is
    measured; force overwrites files there that are not of a run before. reporter: what tells how far it is,
    `flow.reporter` say. cache: where results are kept; none is without one (`lstm_sym.ground.cache.Cache.of_user()`
    is that of the commands).

        found = ls.study(["rnn", "lstm"], hidden=32, seeds=2)
        print(found)                     # the table and the conclusions
        found.passed, found.checks["lstm"], found.profiles
        found.save("study")              # index.html, the derivations, the kernels, the figure, study.json

    Raises CellError, InputError, FlowError for what cannot be measured, StudyError for cells or settings that cannot
    stand in one study, OutputError for a folder that cannot be written, ValueError for another language.
    """
    settings = Settings(hidden, lags, ends, seeds, length)
    request = Request(cells_given(cells), input, settings, language, choices or {}, paper=paper)
    if request.networks:
        raise StudyError(
            request.networks[0].name,
            "a network, and a study is of cells",
            "",
            "measure it with gradient_flow; check it, derive it",
        )
    place = None if output is None else Study.output(request, output, force=force)
    _ = request.stream
    checks = check_cells(request.cells, reporter=reporter, cache=cache)
    found = Study(request, checks, profiles_of(request, cache, reporter("measuring")), cache)
    if place is not None:
        found.write(place)
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Study(Report):
    """What a study found; `str` of it is the table of the profiles, and the conclusions.

    Attributes:
        request: the cells, the input, the settings.
        checks: the results of the checks of each cell, by its key.
        profiles: the sensitivity by lag of each model: each cell as drawn, and with a forget bias where it has one.
        cache: where results are kept.
        written: the files that were written, and removed.
    """

    COMMAND: ClassVar[str] = "study"

    checks: Checks
    profiles: tuple[Profile, ...]
    cache: Cache = OFF

    @property
    def results(self) -> list[CheckResult]:
        """The checks of all cells."""
        return [result for results in self.checks.values() for result in results]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(result.passed for result in self.results)

    @property
    def conclusions(self) -> tuple[str, ...]:
        """The sentences that the study concludes with."""
        lines = findings(self.request.cells, self.profiles, self.request.sentences)
        return tuple(line_text(line, TextNotation()) for line in lines)

    @property
    def document(self) -> Document:
        """The page; `lstm_sym.report` renders it as HTML, Markdown or text for a terminal."""
        return self._page(None, self.request.sentences)

    def __str__(self) -> str:
        shown = table(self.profiles, labels=table_labels(self.request.sentences))
        return "\n".join([shown, "", *(wrapped(sentence, WIDTH) for sentence in self.conclusions)])

    @classmethod
    def planned(cls, request: Request) -> list[str]:
        """Every file that it comes with, without the manifest."""
        figure = names_of_files([FIGURE], request.paper)
        pages = [f"derivations/{cell.key}.html" for cell in request.cells]
        return ["index.html", *figure, *pages, *(f"kernels/{cell.key}.py" for cell in request.cells)]

    def record(self, folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """What was measured, from what and with what, for JSON; with the command for the folder it goes into."""
        return record_of(self.request, self.profiles) | {
            "command": self.request.command(self.COMMAND, folder),
            "versions": versions(),
            "checks": check_rows(self.checks),
        }

    def files(self, folder: str | os.PathLike[str]) -> dict[str, bytes]:
        """Every file by its name: the page, the figure, the derivations, the kernels."""
        languages = [Sentences(language) for language in in_order(self.request.language)]
        page = html_page(*(self._page(folder, sentences) for sentences in languages))
        files = {"index.html": page.encode("utf-8"), **self._pictures.files}
        for cell in self.request.cells:
            files |= self._files_of(cell, languages)
        return files

    def _files_of(self, cell: Cell, languages: Sequence[Sentences]) -> dict[str, bytes]:
        """The derivation of a cell, and its kernel."""

        def made() -> dict[str, bytes]:
            documents = derivation_pages(cell, languages, self.checks[cell.key])
            pairs = zip(documents, languages, strict=True)
            page = html_page(*(_with_way_back(document, sentences) for document, sentences in pairs))
            texts = {f"derivations/{cell.key}.html": page, f"kernels/{cell.key}.py": generate(cell)}
            return {name: text.encode("utf-8") for name, text in texts.items()}

        decided_by = [cell, self.checks[cell.key], [one.language for one in languages]]
        return self.cache.result("derivation", decided_by, made)

    def _page(self, folder: str | os.PathLike[str] | None, sentences: Sentences) -> Document:
        command = self.request.command(self.COMMAND, folder)
        return study_document(self.request, self.checks, self.profiles, self._pictures, command, sentences)

    @cached_property
    def _pictures(self) -> Pictures:
        """The figure and its data."""
        drawn = {FIGURE: lambda sentences: profiles_drawing(self.profiles, labels=figure_labels(sentences))}
        how = self.request.language, self.request.paper
        return self.cache.result("figures", [self.profiles, how], lambda: Pictures.of(drawn, *how), [Pictures, Shown])


def _with_way_back(document: Document, sentences: Sentences) -> Document:
    """A derivation with a way back to the study."""
    back = sentences.line("derivations.back", study=Link(sentences.text("study.title"), "../index.html"))
    return replace(document, lead=(*document.lead, back))
