"""The derivation of a cell with the check of every line, and its program."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.check import CheckResult, check_lines
from lstm_sym.document.document import Document
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.source import with_source


def checked_derivation(cell: Cell, sentences: Sentences, results: Sequence[CheckResult]) -> Document:
    """The derivation with the check of every line, made here if the results have none, and the table of checks."""
    errors = next((result.lines for result in results if result.lines), None) or check_lines(cell)
    document = derivation_document(cell, sentences, errors=errors, checks=results)
    return with_source(document, cell, sentences)
