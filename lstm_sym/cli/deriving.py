"""The derivation of a cell or a network as a page of some format, with the checks of all that stands on it."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.check.several import Checks, check_cells
from lstm_sym.cli import networks
from lstm_sym.cli.cells import load_cells
from lstm_sym.cli.notebooks import notebook, refuse_network
from lstm_sym.document.document import Document
from lstm_sym.document.sentences import Sentences, in_order
from lstm_sym.ground.cache import Cache
from lstm_sym.ground.progress import reporter
from lstm_sym.report import PAGES


def derived_page(
    name: str, settings: tuple[str, ...], kind: str, language: str, cache: Cache
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

        found = derivation_pages(cell, said, checks[cell.key])
        return with_explorer(found, cell, said) if kind == "html" else found

    if kind == "ipynb":
        return notebook(name, settings, documents()[0]), checks
    decided_by = [cell, checks[cell.key], language, kind]
    return cache.result("page", decided_by, lambda: PAGES[kind](*documents())), checks
