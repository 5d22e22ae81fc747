"""What a check says, and the one measure of error that checks use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class CheckResult:
    """One check: its `name`, `what` was compared, the worst relative `error`, the `bar`, and a `detail` (where, sizes).

    For orders of convergence `error` is the order and larger is better (`at_least`). A check that does not apply to the
    cell says in `left_out` why ("no input"): it neither holds nor fails, and is counted apart. `lines`: of a check of
    derived lines, the error of each by its id.
    """

    name: str
    what: str
    error: float
    bar: float
    detail: str = ""
    at_least: bool = False
    left_out: str = ""
    lines: Mapping[str, float] = field(default_factory=dict, repr=False)

    @property
    def ran(self) -> bool:
        """Whether it applies to the cell."""
        return not self.left_out

    @property
    def ended_early(self) -> bool:
        """Whether the cell grew so large that only the first steps of the case were compared."""
        return bool(re.search(r"\bT \d+ of \d+", self.detail))

    @property
    def passed(self) -> bool:
        """Whether the bar is held; NaN never is. What did not run did not fail."""
        if not self.ran:
            return True
        return bool(self.error >= self.bar) if self.at_least else bool(self.error <= self.bar)


def relative_error(found: Any, expected: Any) -> float:
    """max |found - expected| / max |expected|, over the whole array; no absolute floor.

    0 if both are exactly zero or empty, infinity if only the expected one is zero or if anything is not finite.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return np.inf
    if not expected.size:
        return 0.0
    if not (np.isfinite(found).all() and np.isfinite(expected).all()):
        return np.inf
    size = float(np.abs(expected).max())
    difference = float(np.abs(found - expected).max())
    if size == 0:
        return 0.0 if difference == 0 else np.inf
    return difference / size


def worst(errors: dict[str, float]) -> tuple[str, float]:
    """The name with the largest error; NaN counts as the largest."""
    name = max(errors, key=lambda key: np.inf if np.isnan(errors[key]) else errors[key])
    return name, errors[name]
