"""Checks of cells, as a table and as JSON, and documents that carry them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any

from lstm_sym.check import CheckResult, check_cell, check_lines
from lstm_sym.check.result import worst
from lstm_sym.cli.streams import say
from lstm_sym.document.document import error_text
from lstm_sym.document.terminal import aligned
from lstm_sym.equations import Cell
from lstm_sym.flow import reporter
from lstm_sym.report import Document, Words, derivation_document
from lstm_sym.report.checks import check_name
from lstm_sym.studies.measurement import finite

PARALLEL_FROM = 5
"""From so many cells on, processes share the work, and a table has a row a cell."""

SUMMARY = {
    "gradient": ("autograd", "autograd, smallest", "autograd, odd and large", "autograd, many steps"),
    "saturated": ("saturation",),
    "complex": ("complex step",),
    "dot": ("dot test",),
    "Taylor": ("Taylor",),
    "Taylor 2": ("Taylor, second order",),
    "HVP": ("second order",),
    "Jacobian": ("explicit Jacobian", "parts", "parameter Jacobian"),
    "logs": ("logarithms",),
    "lines": ("every line",),
    "step": ("step",),
    "float32": ("float32",),
}
"""Columns of the table of many cells: the checks of which each shows the worst."""


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


def unusable_rows(unusable: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows for JSON of files that give no cell, by name with the reason; nothing could be checked of them."""
    nothing = {"detail": "", "measured": None, "ran": False, "bar": None, "at_least": False, "passed": False}
    return [{"cell": name, "check": "cell file", "what": why, **nothing} for name, why in unusable.items()]


def check_all(cells: Sequence[Cell], *, quick: bool = False) -> dict[str, Checked]:
    """Check every cell, many of them in parallel; progress over all goes to the standard error stream."""
    if len(cells) >= PARALLEL_FROM:
        return _in_parallel(cells, quick)
    found = {}
    report = reporter("checking")
    for place, cell in enumerate(cells):

        def progress(done: int, total: int, place: int = place) -> None:
            report(place * total + done, len(cells) * total)

        found[cell.key] = Checked(cell, check_cell(cell, quick=quick, progress=progress))
    return found


def _in_parallel(cells: Sequence[Cell], quick: bool) -> dict[str, Checked]:
    """A process a core; the cells with the most equations first, so that none is waited for at the end."""
    report, found = reporter("checking"), {}
    longest = sorted(cells, key=lambda cell: -len(cell.equations))
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(cells))) as pool:
        running = {pool.submit(check_cell, cell, quick=quick): cell for cell in longest}
        for done, future in enumerate(as_completed(running), 1):
            found[running[future].key] = Checked(running[future], future.result())
            report(done, len(cells))
    return {cell.key: found[cell.key] for cell in cells}


def print_checks(found: Mapping[str, Checked]) -> None:
    """One table: a row a check; of many cells a row a cell, and then the checks that failed."""
    results = [result for checked in found.values() for result in checked.results]
    if len(found) >= PARALLEL_FROM:
        _print_summary(found)
        found = {key: replace(c, results=tuple(r for r in c.results if not r.passed)) for key, c in found.items()}
    if any(checked.results for checked in found.values()):
        _print_rows(found)
    failed, left_out = (sum(not r.passed for r in results), sum(not r.ran for r in results))
    notes = (f", {failed} FAILED" if failed else "") + (f", {left_out} left out" if left_out else "")
    ran = len(results) - left_out
    say(f"{ran - failed} of {ran} checks passed{notes}")


def _print_summary(found: Mapping[str, Checked]) -> None:
    """A row a cell: the worst error of each kind of check, the smallest order of each Taylor remainder."""
    rows = [["cell", *SUMMARY, ""]]
    for key, checked in found.items():
        cells = [_worst([r for r in checked.results if r.name in names and r.ran]) for names in SUMMARY.values()]
        rows.append([key, *cells, "ok" if all(r.passed for r in checked.results) else "FAILED"])
    for place, line in enumerate(aligned(rows, frozenset(range(1, len(SUMMARY) + 1)))):
        failed = rows[place][-1] == "FAILED"
        say(line, bold=place == 0 or failed, fg="red" if failed else None)


def _worst(results: Sequence[CheckResult]) -> str:
    if not results:
        return "—"
    if results[0].at_least:
        return f"{min(result.error for result in results):.3f}"
    return error_text(worst({result.name: result.error for result in results})[1])


def _print_rows(found: Mapping[str, Checked]) -> None:
    words = Words()
    rows, passed = [["cell", "check", "measured", "bar", "", "compared"]], []
    for checked in found.values():
        for result in checked.results:
            rows.append(_row(checked.cell.key, result, words))
            passed.append(result.passed)
    lines = aligned(rows, frozenset({2, 3}))
    say(lines[0], bold=True)
    for line, good in zip(lines[1:], passed, strict=True):
        say(line, bold=not good, fg=None if good else "red")


def _row(key: str, result: CheckResult, words: Words) -> list[str]:
    if not result.ran:
        return [key, check_name(result, words), "—", "", "left out", result.what.removeprefix("left out: ")]
    measured = f"{result.error:.3f}" if result.at_least else error_text(result.error)
    bar = f"{'≥' if result.at_least else '≤'} {result.bar:g}"
    verdict = "ok" if result.passed else "FAILED"
    return [key, check_name(result, words), measured, bar, verdict, f"{result.what}; {result.detail}"]


def failures(found: Checked) -> str:
    """In a line, which checks of a cell fail; empty where none does."""
    failed = [result for result in found.results if not result.passed]
    names = ", ".join(result.name for result in failed)
    return f"{found.cell.key}: {len(failed)} of {len(found.results)} checks FAILED: {names}" if failed else ""


def checked_document(cell: Cell, words: Words, results: Sequence[CheckResult]) -> Document:
    """The derivation with the numeric check of every line and the table of checks."""
    return derivation_document(cell, words, errors=check_lines(cell), checks=results)
