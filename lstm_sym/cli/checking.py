"""Checks of cells, as a table and as JSON, and documents that carry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from lstm_sym.check import CheckResult, check_cell, check_lines
from lstm_sym.equations import Cell
from lstm_sym.flow import reporter
from lstm_sym.report import Document, Words, derivation_document
from lstm_sym.report.checks import check_name, error_text
from lstm_sym.report.measurement import finite
from lstm_sym.report.terminal import aligned


@dataclass(frozen=True)
class Checked:
    """A cell and the results of its checks."""

    cell: Cell
    results: tuple[CheckResult, ...]

    def rows(self) -> list[dict[str, Any]]:
        """The results for JSON."""
        return [
            {
                "cell": self.cell.key,
                "check": result.name,
                "what": result.what,
                "detail": result.detail,
                "measured": finite(result.error) if result.ran else None,
                "ran": result.ran,
                "bar": result.bar,
                "at_least": result.at_least,
                "passed": result.passed,
            }
            for result in self.results
        ]


def check_all(cells: Sequence[Cell], *, quick: bool = False) -> dict[str, Checked]:
    """Check every cell; progress over all of them goes to the standard error stream."""
    found = {}
    report = reporter("checking")
    for place, cell in enumerate(cells):

        def progress(done: int, total: int, place: int = place) -> None:
            report(place * total + done, len(cells) * total)

        found[cell.key] = Checked(cell, check_cell(cell, quick=quick, progress=progress))
    return found


def print_checks(found: Mapping[str, Checked]) -> None:
    """One table, a row a check, failures in red; then a line that counts them."""
    words = Words()
    head = ["cell", "check", "measured", "bar", "", "compared"]
    rows, passed, left_out = [head], [], 0
    for checked in found.values():
        for result in checked.results:
            rows.append(_row(checked.cell.key, result, words))
            passed.append(result.passed)
            left_out += not result.ran
    lines = aligned(rows, frozenset({2, 3}))
    click.echo(click.style(lines[0], bold=True))
    for line, good in zip(lines[1:], passed, strict=True):
        click.echo(line if good else click.style(line, fg="red", bold=True))
    failed = passed.count(False)
    ran = len(passed) - left_out
    notes = (f", {failed} FAILED" if failed else "") + (f", {left_out} left out" if left_out else "")
    click.echo(f"{ran - failed} of {ran} checks passed{notes}")


def _row(key: str, result: CheckResult, words: Words) -> list[str]:
    if not result.ran:
        return [key, check_name(result, words), "—", "", "left out", result.what.removeprefix("left out: ")]
    measured = f"{result.error:.3f}" if result.at_least else error_text(result.error)
    bar = f"{'≥' if result.at_least else '≤'} {result.bar:g}"
    verdict = "ok" if result.passed else "FAILED"
    return [key, check_name(result, words), measured, bar, verdict, f"{result.what}; {result.detail}"]


def checked_document(cell: Cell, words: Words, results: Sequence[CheckResult] | None = None) -> Document:
    """The derivation with the numeric check of every line and the table of checks."""
    if results is None:
        results = check_cell(cell, progress=reporter(f"checking {cell.key}"))
    return derivation_document(cell, words, errors=check_lines(cell), checks=results)
