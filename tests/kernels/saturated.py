"""The true gradients of a saturated cell: its equations, run in mpmath at 300 digits, one complex step an entry.

Nothing of the engine takes part: the functions are their definitions, and a complex step of 1e-100 leaves out 1e-200.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from lstm_sym.check import Case
from lstm_sym.check.equations import run_equations
from lstm_sym.equations import Cell

DIGITS = 300  # sech^2(100) is 1e-86: a definition that cancels needs twice that, and digits to spare

DEFINITIONS = {
    "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)),
    "tanh": lambda a: (mpmath.exp(a) - mpmath.exp(-a)) / (mpmath.exp(a) + mpmath.exp(-a)),
}


def exact(number: Any) -> Any:
    return mpmath.mpf(number.numerator) / number.denominator


def true_gradients(cell: Cell, case: Case) -> dict[str, np.ndarray]:
    """All gradients of L = sum dy y + sum dstate s[T], named as `kernel_gradients` names them."""
    with mpmath.workdps(DIGITS):
        step = mpmath.mpf(10) ** -100
        functions = {name: np.frompyfunc(function, 1, 1) for name, function in DEFINITIONS.items()}
        given = {"x": case.x, **case.params} | {f"{name}[0]": value for name, value in case.state.items()}
        arrays = {name: to_mpmath(value) for name, value in given.items()}

        def loss() -> Any:
            params = {name: arrays[name] for name in case.params}
            state = {name: arrays[f"{name}[0]"] for name in case.state}
            outputs, last = run_equations(cell, arrays["x"], params, state, functions, exact)
            total = sum((y_t * to_mpmath(dy_t)).sum() for y_t, dy_t in zip(outputs, case.dy, strict=True))
            return total + sum((last[name] * to_mpmath(case.dstate[name])).sum() for name in cell.states)

        gradients = {}
        for name, array in arrays.items():
            gradients[name] = np.empty(array.shape, dtype=object)
            for index in np.ndindex(array.shape):
                value = array[index]
                array[index] = mpmath.mpc(value, step)
                gradients[name][index] = mpmath.im(loss()) / step
                array[index] = value
        return gradients


def to_mpmath(array: np.ndarray) -> np.ndarray:
    return np.frompyfunc(lambda value: mpmath.mpf(float(value)), 1, 1)(array)


def error_to(found: np.ndarray, expected: np.ndarray) -> float:
    """max |found - expected| / max |expected|, the difference taken in mpmath."""
    with mpmath.workdps(DIGITS):
        if not np.isfinite(found).all():
            return float("inf")
        size = max(abs(value) for value in expected.ravel())
        return float(max(abs(value) for value in (to_mpmath(found) - expected).ravel()) / size)


def entry_errors(found: np.ndarray, expected: np.ndarray) -> list[float]:
    """The relative error of each entry on its own."""
    with mpmath.workdps(DIGITS):
        pairs = zip(to_mpmath(found).ravel(), expected.ravel(), strict=True)
        return [float(abs(value - true) / abs(true)) for value, true in pairs if true != 0]
