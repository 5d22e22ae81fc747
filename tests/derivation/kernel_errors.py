"""Every error of the kernel of a cell on a short random sequence, by a second way to each number.

Errors are relative to the largest element of an array. Where the terms of a gradient cancel, as those of p in
p * h[t-1] - p * h[t-1], what is left is rounding, below CANCELLED times the largest of all gradients of the cell, of
the first order and the second; in a cell whose every gradient is exactly 0, times 1, the size of its cotangents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType

import numpy as np

import lstm_sym as ls
from lstm_sym.check.by_autograd import equation_gradients
from lstm_sym.check.case import Case, kernel_gradients, random_case
from lstm_sym.check.dot import check_dot
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.check.result import relative_error
from lstm_sym.check.streaming import check_step

STEP = 1e-30
CANCELLED = 1e-14

Named = Mapping[str, np.ndarray]


def errors_of(cell: ls.Cell) -> dict[str, float]:
    """Gradients in both forms, forward mode, second order, streaming, Jacobians; on arrays that are read-only."""
    kernel = ls.build(cell)
    case = random_case(cell, steps=3, batch=2, inputs=2, hidden=3, seed=1)
    for array in (case.x, case.dy, *case.params.values(), *case.state.values(), *case.dstate.values()):
        array.flags.writeable = False
    expected = equation_gradients(cell, case)
    errors = {
        f"fast {name}": error for name, error in compared(kernel_gradients(kernel, case, precise=False), expected)
    }
    errors |= {f"precise {name}": e for name, e in compared(kernel_gradients(kernel, case, precise=True), expected)}
    if any(gradient.any() for gradient in expected.values()):
        errors["dot test"] = check_dot(kernel, case).error
    errors["step"] = check_step(kernel, case).error
    return errors | second_order_errors(kernel, case, expected) | jacobian_errors(cell, kernel, case)


def compared(found: Named, expected: Named, *others: Named) -> list[tuple[str, float]]:
    """Each array by its own size, or by that of all, and of the others, where its terms cancel."""
    largest = max(float(np.abs(value).max(initial=0)) for named in (expected, *others) for value in named.values())
    errors = []
    for name, value in expected.items():
        error = relative_error(found[name], value)
        if np.abs(found[name] - value).max(initial=0) <= CANCELLED * (largest or 1.0):
            error = 0.0
        errors.append((name, error))
    return errors


def second_order_errors(kernel: ModuleType, case: Case, gradients: Named, seed: int = 12) -> dict[str, float]:
    """The Hessian-vector product along a random direction of everything against a complex step of the gradients."""
    rng = np.random.default_rng(seed)

    def direction(named: Named) -> dict[str, np.ndarray]:
        return {name: rng.standard_normal(value.shape) for name, value in named.items()}

    def moved(named: Named, along: Named) -> dict[str, np.ndarray]:
        return {name: value + 1j * STEP * along[name] for name, value in named.items()}

    params, state, dstate = direction(case.params), direction(case.state), direction(case.dstate)
    x, dy = rng.standard_normal(case.x.shape), rng.standard_normal(case.dy.shape)
    _, found = kernel.hvp(
        case.x,
        kernel.Params(**case.params),
        kernel.State(**case.state),
        dy=case.dy,
        dstate=kernel.State(**case.dstate),
        x_dot=x,
        params_dot=kernel.Params(**params),
        state_dot=kernel.State(**state),
        dy_dot=dy,
        dstate_dot=kernel.State(**dstate),
    )
    point = replace(
        case,
        x=case.x + 1j * STEP * x,
        params=moved(case.params, params),
        state=moved(case.state, state),
        dy=case.dy + 1j * STEP * dy,
        dstate=moved(case.dstate, dstate),
    )
    expected = {name: value.imag / STEP for name, value in kernel_gradients(kernel, point, precise=True).items()}
    products = {"x": found.x, **found.params._asdict()}
    products |= {f"{name}[0]": value for name, value in found.state._asdict().items()}
    return {f"second order {name}": error for name, error in compared(products, expected, gradients)}


def jacobian_errors(cell: ls.Cell, kernel: ModuleType, case: Case) -> dict[str, float]:
    """Both Jacobians of the first step, fast and precise, against complex steps of the equations."""
    errors = {}
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    expected = {"Jacobian": columns(cell, case)}
    for precise in (False, True):
        _, _, tape = kernel.forward(case.x, params, state, precise=precise)
        blocks = [kernel.jacobian(tape, params, 0)[0]]
        if cell.input:
            blocks.append(kernel.input_jacobian(tape, params, 0)[0])
        ((_, error),) = compared({"Jacobian": np.concatenate(blocks, axis=1)}, expected)
        errors[f"Jacobians ({'precise' if precise else 'fast'})"] = error
    return errors


def columns(cell: ls.Cell, case: Case) -> np.ndarray:
    """d states[t] / d (states[t-1], x[t]) of the first sequence, one complex step a column."""
    given = {name: case.state[name][:1].astype(complex) for name in cell.states}
    given |= {cell.input: case.x[0, :1].astype(complex)}
    result = []
    for name, array in given.items():
        for k in range(array.shape[1]):
            moved = {**given, name: array + 1j * STEP * np.eye(array.shape[1])[k]}
            values = run_equations_once(cell, moved[cell.input], case.params, moved, array_functions(np))
            shapes = {state: case.state[state][:1].shape for state in cell.states}
            rows = [np.broadcast_to(values[state], shape)[0] for state, shape in shapes.items()]
            result.append(np.concatenate([np.imag(row) / STEP for row in rows]))
    return np.array(result).T
