"""Autograd on the equations: an independent second engine for every gradient."""

from __future__ import annotations

from typing import Any

import autograd
import autograd.numpy as anp

from lstm_sym.check.case import Case, Named, kernel_gradients
from lstm_sym.check.equations import array_functions, run_equations
from lstm_sym.check.result import CheckResult, relative_error, worst
from lstm_sym.equations.cell import Cell


def autograd_gradients(cell: Cell, case: Case) -> Named:
    """All gradients of L = sum dy y + sum dstate s[T] by autograd, named as `kernel_gradients` names them."""
    functions = array_functions(anp)

    def loss(given: tuple[Any, Named, Named]) -> Any:
        x, params, state = given
        outputs, last = run_equations(cell, x, params, state, functions)
        total = sum(anp.sum(y_t * dy_t) for y_t, dy_t in zip(outputs, case.dy, strict=True))
        return total + sum(anp.sum(last[name] * case.dstate[name]) for name in cell.states)

    x, params, state = autograd.grad(loss)((case.x, dict(case.params), dict(case.state)))
    return {"x": x, **params} | {f"{name}[0]": value for name, value in state.items()}


def check_autograd(cell: Cell, kernel: Any, case: Case) -> CheckResult:
    """Every gradient of both forms against autograd, each array by its own maximum: <= 1e-13."""
    expected = autograd_gradients(cell, case)
    errors: dict[str, float] = {}
    for precise in (False, True):
        found = kernel_gradients(kernel, case, precise=precise)
        for name, value in expected.items():
            errors[f"{name} ({'precise' if precise else 'fast'})"] = relative_error(found[name], value)
    name, error = worst(errors)
    return CheckResult(
        "autograd", f"{len(errors)} gradients against autograd on the equations", error, 1e-13, f"{name}; {case.label}"
    )
