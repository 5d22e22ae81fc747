"""Checks of cells as a table, and why some could not be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_sym.check import CheckResult
from lstm_sym.check.result import worst
from lstm_sym.check.several import Checks
from lstm_sym.cli.output import say_table
from lstm_sym.cli.streams import say
from lstm_sym.document.document import error_text
from lstm_sym.document.sentences import Sentences
from lstm_sym.report.checks import check_name

ROW_A_CELL_FROM = 5
"""From so many cells on, and beside a network, a table has a row a cell."""

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


def unusable_rows(unusable: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows for JSON of files that give no cell, by name with the reason; nothing could be checked of them."""
    nothing = {"detail": "", "measured": None, "ran": False, "bar": None, "at_least": False, "passed": False}
    return [{"cell": name, "check": "cell file", "what": why, **nothing} for name, why in unusable.items()]


def print_checks(found: Checks, apart: Sequence[str] = ()) -> None:
    """One table: a row a check; of many cells a row a cell, and then the checks that failed.

    apart: what is no cell and has checks of its own, so that each has a row in any case.
    """
    results = [result for of_cell in found.values() for result in of_cell]
    cells = {key: of_cell for key, of_cell in found.items() if key not in apart}
    if len(cells) >= ROW_A_CELL_FROM or (cells and apart):
        _print_summary(cells)
        unlike = {key: tuple(r for r in of_cell if not r.passed) for key, of_cell in cells.items()}
        found = {key: found[key] for key in apart} | unlike
    if any(found.values()):
        _print_rows(found)
    if any(result.ended_early for result in results):
        say(Sentences().text("checks.ended_early"))
    failed, left_out = (sum(not r.passed for r in results), sum(not r.ran for r in results))
    notes = (f", {failed} FAILED" if failed else "") + (f", {left_out} left out" if left_out else "")
    ran = len(results) - left_out
    say(f"{ran - failed} of {ran} checks passed{notes}")


def _print_summary(found: Checks) -> None:
    """A row a cell: the worst error of each kind of check, the smallest order of each Taylor remainder."""
    rows = [["cell", *SUMMARY, ""]]
    for key, results in found.items():
        cells = [_worst([r for r in results if r.name in names and r.ran]) for names in SUMMARY.values()]
        rows.append([key, *cells, "ok" if all(r.passed for r in results) else "FAILED"])
    say_table(rows, range(1, len(SUMMARY) + 1), [place for place, row in enumerate(rows) if row[-1] == "FAILED"])


def _worst(results: Sequence[CheckResult]) -> str:
    if not results:
        return "—"
    if results[0].at_least:
        return f"{min(result.error for result in results):.3f}"
    return error_text(worst({result.name: result.error for result in results})[1])


def _print_rows(found: Checks) -> None:
    sentences = Sentences()
    rows = [["cell", "check", "measured", "bar", "", "compared"]]
    rows += [_row(key, result, sentences) for key, results in found.items() for result in results]
    say_table(rows, (2, 3), [place for place, row in enumerate(rows) if row[4] == "FAILED"])


def _row(key: str, result: CheckResult, sentences: Sentences) -> list[str]:
    if not result.ran:
        return [key, check_name(result, sentences), "—", "", "left out", result.what]
    measured = f"{result.error:.3f}" if result.at_least else error_text(result.error)
    bar = f"{'≥' if result.at_least else '≤'} {result.bar:g}"
    verdict = "ok" if result.passed else "FAILED"
    return [key, check_name(result, sentences), measured, bar, verdict, f"{result.what}; {result.detail}"]


def failures(key: str, results: Sequence[CheckResult]) -> str:
    """In a line, which checks of a cell fail; empty where none does."""
    names = [result.name for result in results if not result.passed]
    return f"{key}: {len(names)} of {len(results)} checks FAILED: {', '.join(names)}" if names else ""
