"""The number that most of several measurements agree on."""

from __future__ import annotations

from collections.abc import Iterable

SIGNIFICANT = 6

LEAST = 1e-3
"""Nobody clips to less: what is smaller than that everywhere is wrong, and not clipped."""


def commonest(numbers: Iterable[float], tolerance: float = 1e-6, least: int = 1) -> float | None:
    """The middle one of the largest group that agrees to this relative tolerance; None if no group has `least`."""
    groups: list[list[float]] = []
    for number in sorted(numbers):
        if groups and abs(number - groups[-1][0]) <= tolerance * abs(number):
            groups[-1].append(number)
        else:
            groups.append([number])
    largest = max(groups, key=len, default=[])
    return rounded(largest[len(largest) // 2]) if len(largest) >= max(1, least) else None


def rounded(number: float) -> float:
    """A number of six digits where it is that but for rounding: what somebody wrote."""
    short = float(f"{number:.{SIGNIFICANT}g}")
    return short if abs(short - number) <= 1e-8 * abs(number) else number
