"""The one root finder: bisection, which cannot miss a sign change, on an axis of logarithms."""

from __future__ import annotations

from collections.abc import Callable

# More halvings than a float64 between two numbers can take.
HALVINGS = 200


def bisected(function: Callable[[float], float], low: float, high: float) -> float:
    """The root between low < high of a function whose signs there differ, to the last digits.

    The middle is the geometric mean where both ends are positive: roots near 1e-30 are found to as many digits.
    """
    rising = function(high) > 0
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5 if low > 0 and high > 2 * low else low + (high - low) / 2
        if not low < middle < high:
            break
        if (function(middle) > 0) == rising:
            high = middle
        else:
            low = middle
    return low + (high - low) / 2
