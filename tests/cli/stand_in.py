"""What stands in the place of all checks of a cell where it is asked which cells are checked, in any process."""

from __future__ import annotations

from lstm_sym.check import CheckResult


def passed(cell: object, **options: object) -> tuple[CheckResult, ...]:
    """One check, which holds."""
    return (CheckResult("autograd", "w", 0.0, 1e-13),)
