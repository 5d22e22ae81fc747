"""The true gradients of a saturated cell: its equations, run in mpmath at many digits, one complex step an entry.

Nothing of the engine takes part: the functions are their definitions, and a complex step of 1e-100 leaves out 1e-200.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from lstm_sym.check.case import Array, Case, Named, kernel_gradients
from lstm_sym.check.equations import array_functions, run_equations
from lstm_sym.check.result import CheckResult
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.definitions import functions_over
from lstm_sym.equations.functions import FUNCTIONS

TINY = 1e-300
CHECKED_DIGITS = 200
DIGITS = 300  # sech^2(100) is 1e-86: a definition that cancels needs twice that, and digits to spare

DEFINITIONS = functions_over(mpmath, lambda c, u, v: u if c else v, lambda u, v: mpmath.re(u) > mpmath.re(v))
"""Every element-wise function by its definition, of real numbers and of complex steps from them."""


def functions() -> dict[str, Any]:
    """The functions of the equations on arrays of mpmath numbers."""
    elementwise = {name: np.frompyfunc(DEFINITIONS[name], row.arity, 1) for name, row in FUNCTIONS.items()}
    return {**array_functions(np), **elementwise, "max": _largest}


def _largest(units: Array) -> Array:
    return np.array([[max(row, key=lambda a: a.real)] * len(row) for row in units], dtype=object)


def exact(number: Any) -> Any:
    """A fraction as a number of mpmath."""
    return mpmath.mpf(number.numerator) / number.denominator


def true_gradients(cell: Cell, case: Case, digits: int = DIGITS, entries: int | None = None) -> Named:
    """All gradients of L = sum dy y + sum dstate s[T], named as `kernel_gradients` names them.

    entries: how many of each array, spread over it, are computed; the others are None.
    """
    with mpmath.workdps(digits):
        step, known = mpmath.mpf(10) ** -100, functions()
        given = {"x": case.x, **case.params} | {f"{name}[0]": value for name, value in case.state.items()}
        arrays = {name: to_mpmath(value) for name, value in given.items()}

        def loss() -> Any:
            params = {name: arrays[name] for name in case.params}
            state = {name: arrays[f"{name}[0]"] for name in case.state}
            outputs, last = run_equations(cell, arrays["x"], params, state, known, exact)
            total = sum((y_t * to_mpmath(dy_t)).sum() for y_t, dy_t in zip(outputs, case.dy, strict=True))
            return total + sum((last[name] * to_mpmath(case.dstate[name])).sum() for name in cell.states)

        gradients = {}
        for name, array in arrays.items():
            gradients[name] = np.empty(array.shape, dtype=object)
            for index in list(np.ndindex(array.shape))[:: 1 if entries is None else max(1, array.size // entries)]:
                value = array[index]
                array[index] = mpmath.mpc(value, step)
                gradients[name][index] = mpmath.im(loss()) / step
                array[index] = value
        return gradients


def check_saturation(cell: Cell, kernel: Any, case: Case) -> CheckResult:
    """Gradients of the precise form at saturated gates against mpmath, some entries of each array: <= 1e-10.

    Each error is relative to the largest entry of the kernel's array. Slopes written in the output lose more there; a
    normalised layer, whose units far from 0 cancel, keeps eleven digits.
    """
    expected, errors = true_gradients(cell, case, CHECKED_DIGITS, entries=3), {"": 0.0}
    found = kernel_gradients(kernel, case, precise=True)
    with mpmath.workdps(CHECKED_DIGITS):
        for name, array in found.items():
            size = max(float(np.abs(array).max(initial=0)), TINY)
            pairs = zip(array.ravel(), expected[name].ravel(), strict=True)
            differences = [float(abs(mpmath.mpf(float(value)) - true)) for value, true in pairs if true is not None]
            errors[name] = max(differences, default=0.0) / size if np.isfinite(array).all() else np.inf
    name = max(errors, key=lambda key: errors[key])
    what = "gradients against mpmath, units far from 0"
    return CheckResult("saturation", what, errors[name], 1e-10, f"{name}; {case.label}")


def to_mpmath(array: Array) -> Array:
    """The same numbers, exactly, as numbers of mpmath."""
    return np.asarray(np.frompyfunc(lambda value: mpmath.mpf(float(value)), 1, 1)(array), dtype=object)
