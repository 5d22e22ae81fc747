"""Second order: hvp() against a complex step of backward(), which knows nothing of the tangents of adjoints."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.check.case import Case, arrays_of
from lstm_sym.check.complex_step import STEP
from lstm_sym.check.result import CheckResult, relative_error
from lstm_sym.equations.cell import Cell


def check_second_order(cell: Cell, kernel: Any, case: Case, seed: int = 12) -> CheckResult:
    """Gradients and Hessian-vector product along a random direction of everything, dy included: <= 1e-11.

    d grad / d direction = Im grad(point + i h direction) / h, with the gradients of the precise form.
    """
    rng = np.random.default_rng(seed)
    params, state, dstate = case.of(kernel)
    x_dot, dy_dot = rng.standard_normal(case.x.shape), rng.standard_normal(case.dy.shape)
    params_dot = kernel.Params(*(rng.standard_normal(np.shape(value)) for value in params))
    state_dot, dstate_dot = (kernel.State(*(rng.standard_normal(v.shape) for v in state)) for _ in range(2))
    direction = {"x_dot": x_dot, "params_dot": params_dot, "state_dot": state_dot}
    found = kernel.hvp(
        case.x, params, state, dy=case.dy, dstate=dstate, **direction, dy_dot=dy_dot, dstate_dot=dstate_dot
    )
    moved = kernel.Params(*map(_moved, params, params_dot))
    _, _, tape = kernel.forward(
        _moved(case.x, x_dot), moved, kernel.State(*map(_moved, state, state_dot)), precise=True
    )
    expected = kernel.backward(_moved(case.dy, dy_dot), tape, moved, kernel.State(*map(_moved, dstate, dstate_dot)))
    errors = []
    for gradient, product, both in zip(*map(arrays_of, (*found, expected)), strict=True):
        errors += [relative_error(gradient, both.real), relative_error(product, both.imag / STEP)]
    return CheckResult(
        "second order", "gradients and Hessian-vector product against a complex step", max(errors), 1e-11, case.label
    )


def _moved(value: Any, direction: Any) -> Any:
    return value + 1j * STEP * direction
