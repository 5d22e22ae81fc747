"""The derivation of a cell or a network as a page of some format, with the checks of all that stands on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import click

from lstm_sym.check.several import Checks, check_cells
from lstm_sym.cli import networks
from lstm_sym.cli.cells import load_cells
from lstm_sym.cli.notebooks import notebook, refuse_network
from lstm_sym.document.document import Document
from lstm_sym.document.sentences import Sentences, in_order
from lstm_sym.ground.cache import Cache
from lstm_sym.ground.progress import reporter
from lstm_sym.report import PAGES


class Sheet(NamedTuple):
    """Whether the exercises alone are wanted, as a sheet to print, and whether their answers too."""

    exercises: bool = False
    answers: bool = False


def refuse_no_sheet(name: str, kind: str, exercises: bool, answers: bool) -> None:
    """Raise UsageError where there is no sheet of exercises to write, and one is asked for."""
    if answers and not exercises:
        raise click.UsageError("--answers are those of a sheet: add --exercises; a page has them below each exercise")
    if exercises and (kind == "ipynb" or networks.is_network(name)):
        raise click.UsageError("--exercises are those of one cell, as .html, .md, .tex or .pdf")


def derived_page(
    name: str, settings: tuple[str, ...], kind: str, language: str, cache: Cache, sheet: Sheet
) -> tuple[str | bytes, Checks]:
    """The page, in all languages where its format has them; and the checks. Raises what `load_cells` raises."""
    said = [Sentences(one) for one in (in_order(language) if kind == "html" else (language,))]
    if kind == "ipynb":
        refuse_network(name)
    if networks.is_network(name):
        network = networks.load_network(name, settings)
        checks: Checks = networks.checked(network, False, reporter("checking"), cache)
        return PAGES[kind](*(networks.derived(network, sentences, checks) for sentences in said)), checks
    [cell] = load_cells([name], settings)
    checks = check_cells([cell], reporter=reporter, cache=cache)

    def documents() -> Sequence[Document]:
        from lstm_sym.explore import with_explorer
        from lstm_sym.report.checked import derivation_pages
        from lstm_sym.report.reading.sheet import exercise_sheet

        found = derivation_pages(cell, said, checks[cell.key])
        if sheet.exercises:
            pairs = zip(found, said, strict=True)
            return [exercise_sheet(page, cell, sentences, answers=sheet.answers) for page, sentences in pairs]
        return with_explorer(found, cell, said) if kind == "html" else found

    if kind == "ipynb":
        return notebook(name, settings, documents()[0]), checks
    decided_by = [cell, checks[cell.key], language, kind, *sheet]
    return cache.result("page", decided_by, lambda: PAGES[kind](*documents())), checks
