"""Rung 2: kernels against mpmath, in units in the last place (ulp).

An ulp of a number is the distance to the next larger float64. An array is measured by the ulp of its largest entry,
which is what a product with it feels, and entry by entry, each by its own ulp.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import lstm_sym as ls
from lstm_sym.check import Case, random_case
from lstm_sym.check.case import kernel_gradients
from lstm_sym.check.equations import run_equations
from lstm_sym.check.many_digits import DIGITS, exact, functions, to_mpmath, true_gradients

ORDINARY, SATURATED = 1.0, 60.0
"""Weights of the usual size, (-1/sqrt(H), 1/sqrt(H)), and sixty times that."""

Named = dict[str, np.ndarray]


def case_of(cell: ls.Cell, scale: float) -> Case:
    """Five steps of one sequence, three units."""
    return random_case(cell, steps=5, batch=1, inputs=2, hidden=3, seed=5, scale=scale)


def true_values(cell: ls.Cell, case: Case, digits: int) -> Named:
    """Outputs "y" and last states "h[T]", by the equations in mpmath."""
    with mpmath.workdps(digits):
        params, state = ({k: to_mpmath(v) for k, v in named.items()} for named in (case.params, case.state))
        outputs, last = run_equations(cell, to_mpmath(case.x), params, state, functions(), exact)
        return {"y": np.array(outputs), **{f"{name}[T]": value for name, value in last.items()}}


def found_values(kernel: Any, case: Case, *, precise: bool) -> Named:
    """The same by the kernel."""
    y, last, _ = kernel.forward(case.x, kernel.Params(**case.params), kernel.State(**case.state), precise=precise)
    return {"y": y, **{f"{name}[T]": value for name, value in last._asdict().items()}}


def ulps(found: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """The largest difference in ulp of the array's maximum, and in ulp of the entry it is at; 0 for an empty array."""
    if not found.size:
        return 0.0, 0.0
    if not np.isfinite(found).all():
        return float("inf"), float("inf")
    with mpmath.workdps(DIGITS):
        differences = [abs(value) for value in (to_mpmath(found) - expected).ravel()]
        units = [float(np.spacing(abs(float(value)))) for value in expected.ravel()]
        entries = (float(difference / unit) for difference, unit in zip(differences, units, strict=True))
        return float(max(differences) / max(units)), max(entries)


def errors(cell: ls.Cell, scale: float, *, precise: bool) -> dict[str, tuple[float, float]]:
    """ "forward" and "gradients" -> the worst array in ulp of its maximum, the worst entry in its own ulp."""
    case, kernel, digits = case_of(cell, scale), ls.build(cell), 50 if scale == ORDINARY else DIGITS
    pairs = {
        "forward": (found_values(kernel, case, precise=precise), true_values(cell, case, digits)),
        "gradients": (kernel_gradients(kernel, case, precise=precise), true_gradients(cell, case, digits)),
    }
    result = {}
    for name, (found, expected) in pairs.items():
        worst = [ulps(found[key], value) for key, value in expected.items()]
        result[name] = (max(array for array, _ in worst), max(entry for _, entry in worst))
    return result
