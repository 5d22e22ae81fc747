"""Every error of the kernel of a cell on a short random sequence, by a second way to each number."""

from __future__ import annotations

from types import ModuleType

import numpy as np

import lstm_sym as ls
from lstm_sym.check.case import Case, random_case
from lstm_sym.check.complex_step import is_analytic
from lstm_sym.check.dot import check_dot
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.check.result import relative_error
from lstm_sym.check.second_engine import check_autograd
from lstm_sym.check.streaming import check_step

STEP = 1e-30


def errors_of(cell: ls.Cell) -> dict[str, float]:
    """Gradients in both forms, forward against reverse mode, streaming, Jacobians; on arrays that are read-only."""
    kernel = ls.build(cell)
    case = random_case(cell, steps=3, batch=2, inputs=2, hidden=3, seed=1)
    for array in (case.x, case.dy, *case.params.values(), *case.state.values(), *case.dstate.values()):
        array.flags.writeable = False
    errors = {check.name: check.error for check in (check_autograd(cell, kernel, case), check_dot(kernel, case))}
    errors["step"] = check_step(kernel, case).error
    return errors | (jacobian_errors(cell, kernel, case) if is_analytic(cell) else {})


def jacobian_errors(cell: ls.Cell, kernel: ModuleType, case: Case) -> dict[str, float]:
    """Both Jacobians of the first step, fast and precise, against complex steps of the equations."""
    errors = {}
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    for precise in (False, True):
        _, _, tape = kernel.forward(case.x, params, state, precise=precise)
        found = np.concatenate((kernel.jacobian(tape, params, 0)[0], kernel.input_jacobian(tape, params, 0)[0]), axis=1)
        errors[f"Jacobians ({'precise' if precise else 'fast'})"] = relative_error(found, columns(cell, case))
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
            result.append(np.concatenate([np.imag(values[s][0]) / STEP for s in cell.states]))
    return np.array(result).T
