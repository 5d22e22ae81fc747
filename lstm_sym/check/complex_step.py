"""The complex step: Im f(x + i h) / h, exact at any lag, because nothing is subtracted (Squire & Trapp 1998)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lstm_sym.check.case import Array, Case
from lstm_sym.check.equations import array_functions, run_equations
from lstm_sym.check.result import CheckResult, relative_error
from lstm_sym.equations.cell import Cell

STEP = 1e-30


def gradient_of_first_input(cell: Cell, case: Case) -> Array:
    """d(sum of dy[T-1] y[T-1]) / dx[0] (B, D), one complex step an input."""
    functions = array_functions(np)
    gradient: Array = np.zeros_like(case.x[0])
    for k in range(gradient.shape[1]):
        x = case.x.astype(complex)
        x[0, :, k] += 1j * STEP
        outputs, _ = run_equations(cell, x, case.params, case.state, functions)
        gradient[:, k] = (outputs[-1].imag * case.dy[-1]).sum(axis=1) / STEP
    return gradient


def check_complex_step(cell: Cell, kernel: Any, case: Case) -> CheckResult:
    """d y[T-1] / d x[0], however small it is, in the precise form: relative error <= 1e-12.

    T is halved as long as the gradient is exactly zero.
    """
    if not cell.input:
        return CheckResult("complex step", "the cell reads no input", 0.0, 1e-12, left_out="no input")
    expected = gradient_of_first_input(cell, case)
    while not expected.any() and len(case.x) > 2:
        # Units behind a kink pass nothing on; over a shorter lag there is something to compare.
        case = replace(case, x=case.x[: len(case.x) // 2], dy=case.dy[: len(case.x) // 2])
        expected = gradient_of_first_input(cell, case)
    dy = np.zeros_like(case.dy)
    dy[-1] = case.dy[-1]
    found = kernel.backward(dy, case.tape(kernel), kernel.Params(**case.params)).x[0]
    lag = case.x.shape[0] - 1
    size = np.abs(expected).max()
    error = relative_error(found, expected)
    return CheckResult("complex step", f"dy/dx over {lag} steps, |gradient| {size:.0e}", error, 1e-12, case.label)
