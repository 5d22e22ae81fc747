"""The derivation of a cell as a notebook, which makes the cell again as it was named: from the catalogue or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_sym.cli.cells import cell_file, load_cells
from lstm_sym.cli.networks import is_network
from lstm_sym.cli.tool import Refused

if TYPE_CHECKING:
    from lstm_sym.document.document import Document


def refuse_network(name: str) -> None:
    """Raise Refused for a network: a notebook runs the program of one cell."""
    if is_network(name):
        raise Refused(
            f"{name}: a network, and a notebook is of one cell\n"
            "  fix: name the cell of a layer, or its file; or another format: -o NAME.html, .md, .tex or .pdf"
        )


def notebook(name: str, settings: tuple[str, ...], document: Document) -> str:
    """The notebook of a cell as it was named, with these settings; `document` is its derivation."""
    from lstm_sym.document.sentences import Sentences
    from lstm_sym.report.notebook import derivation_notebook
    from lstm_sym.studies.selection import file_of

    [cell] = load_cells([name], settings)
    text = cell_file(name) if file_of(name) else ""
    return derivation_notebook(document, cell, Sentences(document.language), text)
