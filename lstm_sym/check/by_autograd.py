"""Autograd on the equations: an independent second engine for every gradient."""

from __future__ import annotations

from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from lstm_sym.check.case import FORMS, Case, Named, default_case, kernel_gradients
from lstm_sym.check.complex_step import STEP
from lstm_sym.check.equations import Functions, array_functions, run_equations
from lstm_sym.check.result import CheckResult, relative_error, worst
from lstm_sym.compile.known_sizes import size_rules
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.expressions import Call
from lstm_sym.equations.functions import CHOICES, FUNCTIONS
from lstm_sym.equations.sizes import parts_of

ROUNDING = 1e-13
"""A gradient below this share of the largest one, over a few steps from the default state, is one that vanishes."""


def autograd_gradients(cell: Cell, case: Case) -> Named:
    """All gradients of L = sum dy y + sum dstate s[T] by autograd, named as `kernel_gradients` names them."""
    functions = array_functions(anp)
    return dict(autograd.grad(lambda given: _loss(cell, case, given, functions))(case.named))


def _loss(cell: Cell, case: Case, given: Named, functions: Functions) -> Any:
    """L = sum dy y + sum dstate s[T] of what is `given`, named as `Case.named` names it."""
    params, state = {name: given[name] for name in case.params}, {name: given[f"{name}[0]"] for name in case.state}
    outputs, last = run_equations(cell, given["x"], params, state, functions)
    total = sum((y_t * dy_t).sum() for y_t, dy_t in zip(outputs, case.dy, strict=True))
    return total + sum((last[name] * case.dstate[name]).sum() for name in cell.states)


def equation_gradients(cell: Cell, case: Case) -> Named:
    """The gradients by autograd, or where a choice makes one infinite by complex steps of the equations.

    Autograd multiplies the infinite slope of a branch that is not taken by 0; a complex step takes the other branch.
    """
    nodes = (node for equation in cell.equations for node in equation.expression.walk() if isinstance(node, Call))
    chooses = any(node.function in FUNCTIONS and FUNCTIONS[node.function].symbol in CHOICES for node in nodes)
    with np.errstate(all="ignore"):
        found = autograd_gradients(cell, case)
        if not chooses or all(np.isfinite(value).all() for value in found.values()):
            return found
        return complex_step_gradients(cell, case)


def complex_step_gradients(cell: Cell, case: Case) -> Named:
    """All gradients by one complex step of the equations an element, named as `kernel_gradients` names them."""
    functions = array_functions(np)
    gradients: Named = {name: np.zeros(value.shape) for name, value in case.named.items()}
    for name, value in case.named.items():
        for index in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[index] += 1j * STEP
            gradients[name][index] = np.imag(_loss(cell, case, case.named | {name: moved}, functions)) / STEP
    return gradients


def check_autograd(cell: Cell, kernel: Any, case: Case, *, default: bool = False) -> CheckResult:
    """Every gradient of both forms against autograd, each array by its own maximum: <= 1e-13.

    default: once more from the state that the kernel starts with by itself, if the sizes of its states can be told from
    parameters and input. Where the equations give no finite gradient from there, that is left out and said. A gradient
    that vanishes there, but for rounding, has no digits: its error is relative to the largest of all gradients.
    """
    errors, detail = gradient_errors(kernel, case, equation_gradients(cell, case)), case.label
    if default and _starts_by_itself(cell):
        start = default_case(cell, case)
        expected = equation_gradients(cell, start)
        if all(np.isfinite(value).all() for value in expected.values()):
            errors |= gradient_errors(kernel, start, expected, default=True)
        else:
            detail += "; no finite gradient from the default state: another one goes under [initial]"
    name, error = worst(errors)
    what = f"{len(errors)} gradients against autograd on the equations"
    return CheckResult("autograd", what, error, 1e-13, f"{name}; {detail}")


def gradient_errors(kernel: Any, case: Case, expected: Named, *, default: bool = False) -> dict[str, float]:
    """Relative error of each gradient of a kernel, in both forms, by name and form.

    default: from the state that the kernel starts with, where a gradient may vanish but for rounding.
    """
    errors: dict[str, float] = {}
    for form, precise in FORMS.items():
        found = kernel_gradients(kernel, case, precise=precise, default=default)
        own = errors_beside(found, expected, floor=ROUNDING if default else 0.0)
        label = f"{form}, default state" if default else form
        errors |= {f"{name} ({label})": error for name, error in own.items()}
    return errors


def errors_beside(found: Named, expected: Named, *, floor: float = ROUNDING) -> dict[str, float]:
    """Relative error of each array; of one that vanishes beside the largest but for rounding, relative to that."""
    smallest = floor * _size(*expected.values())
    return {
        name: ROUNDING * _size(found[name] - value) / smallest
        if _size(value) < smallest
        else relative_error(found[name], value)
        for name, value in expected.items()
    }


def _size(*arrays: Any) -> float:
    return float(max(np.abs(array).max(initial=0) for array in arrays))


def _starts_by_itself(cell: Cell) -> bool:
    """Whether parameters and input tell the size of every state."""
    solved = size_rules(cell, {("", "x"): cell.input_shape[0]} if cell.input else {})
    return all(set(parts_of(cell.shapes[name][0])) <= set(solved) for name in cell.states)
