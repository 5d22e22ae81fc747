"""The checks of several cells, many of them in parallel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from lstm_sym.check.result import CheckResult
from lstm_sym.check.suite import check_cell
from lstm_sym.equations.cell import Cell
from lstm_sym.ground.cache import OFF, Cache
from lstm_sym.ground.numbers import finite
from lstm_sym.ground.progress import Progress, part_of, silent

PARALLEL_FROM = 5
"""From so many cells on, processes share the work."""

Checks = Mapping[str, tuple[CheckResult, ...]]
"""The results of the checks of each cell, by its key."""


def check_cells(
    cells: Sequence[Cell], *, quick: bool = False, reporter: Callable[[str], Progress] = silent, cache: Cache = OFF
) -> dict[str, tuple[CheckResult, ...]]:
    """Check every cell (`check_cell`), many of them in parallel; one progress over all of them.

    cache: where results are kept; a cell whose results are there is not checked again.
    """
    found = {cell.key: cache.find("checks", [cell, quick], [CheckResult]) for cell in cells}
    missing, report = [cell for cell in cells if found[cell.key] is None], reporter("checking")
    checked = _in_parallel if len(missing) >= PARALLEL_FROM else _one_by_one
    for cell, results in checked(missing, quick, report):
        found[cell.key] = results
        cache.keep("checks", [cell, quick], results)
    return found


def kept_checks(
    check: Callable[..., tuple[CheckResult, ...]], of: Any, quick: bool, cache: Cache, progress: Progress | None
) -> tuple[CheckResult, ...]:
    """What `check_cell` or `check_network` finds of what it is to check, or found before."""
    return cache.result("checks", [of, quick], lambda: check(of, quick=quick, progress=progress), [CheckResult])


Checked = Iterator[tuple[Cell, tuple[CheckResult, ...]]]


def _one_by_one(cells: Sequence[Cell], quick: bool, report: Progress) -> Checked:
    for place, cell in enumerate(cells):
        yield cell, check_cell(cell, quick=quick, progress=part_of(report, place, len(cells)))


def _in_parallel(cells: Sequence[Cell], quick: bool, report: Progress) -> Checked:
    """A process a core; the cells with the most equations first, so that none is waited for at the end."""
    longest = sorted(cells, key=lambda cell: -len(cell.equations))
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(cells))) as pool:
        running = {pool.submit(check_cell, cell, quick=quick): cell for cell in longest}
        for done, future in enumerate(as_completed(running), 1):
            yield running[future], future.result()
            report(done, len(cells))


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
