"""The derivation of a cell with the check of every line, its program, and the path for its reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lstm_sym.check import CheckResult, check_lines
from lstm_sym.document.document import Document
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.facts import Facts
from lstm_sym.report.reading import with_reading_path
from lstm_sym.report.reading.measured import Measured
from lstm_sym.report.source import with_source


def derivation_pages(
    cell: Cell, languages: Sequence[Sentences], results: Sequence[CheckResult], ways: Mapping[str, str] | None = None
) -> list[Document]:
    """The page of a cell in each language: the path for its reader, then the checked derivation.

    What is derived, drawn and measured is so once. ways: pages that lie beside it, by what they show.
    """
    facts, measured = Facts(cell), Measured(cell)
    documents = _checked(facts, languages, results)
    pairs = zip(documents, languages, strict=True)
    return [with_reading_path(document, facts, measured, sentences, ways) for document, sentences in pairs]


def checked_derivation(cell: Cell, sentences: Sentences, results: Sequence[CheckResult]) -> Document:
    """The derivation with the check of every line, made here if the results have none, and the table of checks."""
    [document] = _checked(Facts(cell), [sentences], results)
    return document


def _checked(facts: Facts, languages: Sequence[Sentences], results: Sequence[CheckResult]) -> list[Document]:
    errors = next((result.lines for result in results if result.lines), None) or check_lines(facts.cell)
    documents = (
        derivation_document(facts.cell, sentences, errors=errors, checks=results, facts=facts)
        for sentences in languages
    )
    return [with_source(document, facts, sentences) for document, sentences in zip(documents, languages, strict=True)]
