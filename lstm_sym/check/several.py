"""The checks of several cells, many of them in parallel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from lstm_sym.check.result import CheckResult
from lstm_sym.check.suite import check_cell
from lstm_sym.equations.cell import Cell
from lstm_sym.ground.numbers import finite
from lstm_sym.ground.progress import Progress, part_of, silent

PARALLEL_FROM = 5
"""From so many cells on, processes share the work."""

Checks = Mapping[str, tuple[CheckResult, ...]]
"""The results of the checks of each cell, by its key."""


def check_cells(
    cells: Sequence[Cell], *, quick: bool = False, reporter: Callable[[str], Progress] = silent
) -> dict[str, tuple[CheckResult, ...]]:
    """Check every cell (`check_cell`), many of them in parallel; one progress over all of them."""
    report = reporter("checking")
    if len(cells) >= PARALLEL_FROM:
        return _in_parallel(cells, quick, report)
    return {
        cell.key: check_cell(cell, quick=quick, progress=part_of(report, place, len(cells)))
        for place, cell in enumerate(cells)
    }


def _in_parallel(cells: Sequence[Cell], quick: bool, report: Progress) -> dict[str, tuple[CheckResult, ...]]:
    """A process a core; the cells with the most equations first, so that none is waited for at the end."""
    found = {}
    longest = sorted(cells, key=lambda cell: -len(cell.equations))
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(cells))) as pool:
        running = {pool.submit(check_cell, cell, quick=quick): cell for cell in longest}
        for done, future in enumerate(as_completed(running), 1):
            found[running[future].key] = future.result()
            report(done, len(cells))
    return {cell.key: found[cell.key] for cell in cells}


def check_rows(checks: Checks) -> list[dict[str, Any]]:
    """The results for JSON, a row each."""
    return [
        {
            "cell": key,
            "check": result.name,
            "what": result.what if result.ran else f"left out: {result.what}",
            "detail": result.detail,
            "measured": finite(result.error) if result.ran else None,
            "ran": result.ran,
            "bar": result.bar,
            "at_least": result.at_least,
            "passed": result.passed,
        }
        for key, results in checks.items()
        for result in results
    ]
