"""The other calls of a kernel against the equations: parts, parameters, logarithms; and every call in float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lstm_sym.check.case import FORMS, Array, Case, Named, arrays_of
from lstm_sym.check.complex_step import STEP
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.check.result import CheckResult, relative_error, worst
from lstm_sym.derivation.jacobian import entries
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.functions import LOGARITHMS
from lstm_sym.interpreter.evaluation import evaluate
from lstm_sym.interpreter.over_time import run_forward
from lstm_sym.program import Pointwise, lower

SINGLE = 1e-4
"""How far float32 may be from float64 over a few steps: about 1,000 units in the last place."""


_JACOBIANS = ("jacobian", "input_jacobian", "output_jacobian", "output_input_jacobian")


def check_parts(cell: Cell, kernel: Any, case: Case) -> CheckResult:
    """jacobian_parts() of the first step in both forms, by complex steps of s[t-1] in one equation each: <= 1e-12."""
    params = kernel.Params(**case.params)
    expected = {name: _columns(cell, case, name) for name in (entry.name for entry in entries(lower(cell)))}
    largest = max(float(np.abs(part).max(initial=0)) for part in expected.values())
    errors = {"parts": 0.0 if set(kernel.jacobian_parts(case.tape(kernel), params, 0)) == set(expected) else np.inf}
    for form, precise in FORMS.items():
        for name, found in kernel.jacobian_parts(case.tape(kernel, precise=precise), params, 0).items():
            size = float(np.abs(expected[name]).max(initial=0)) or largest
            errors[f"{name} ({form})"] = float(np.abs(found[0] - expected[name]).max(initial=0)) / (size or 1.0)
    name, error = worst(errors)
    what = "the state Jacobian by the equation that the flow enters"
    return CheckResult("parts", what, error, 1e-12, f"{name}; {case.label}")


def _columns(cell: Cell, case: Case, equation: str) -> Array:
    """d states[t] / d states[t-1] of the first sequence, the states moved where one equation reads them: (S, S).

    A path belongs to the first equation that reads s[t-1]; what that passes on to later ones belongs to it as well.
    """
    columns = []
    previous = {name: case.state[name][:1] for name in cell.states}
    functions, x_t = array_functions(np), case.x[0, :1]
    for name, value in previous.items():
        for k in range(value.shape[1]):
            moved = {**previous, name: value + 1j * STEP * np.eye(value.shape[1])[k]}
            own = run_equations_once(cell, x_t, case.params, moved, functions, only=equation, otherwise=previous)
            columns.append(_derivatives(own, previous))
    return np.array(columns).T


def check_parameter_jacobian(cell: Cell, kernel: Any, case: Case) -> CheckResult:
    """parameter_jacobian() of the first step in both forms, by complex steps of each entry: <= 1e-12."""
    params, errors = kernel.Params(**case.params), {"": 0.0}
    expected = {name: _by_entries(cell, case, name) for name in cell.parameters}
    for form, precise in FORMS.items():
        found = kernel.parameter_jacobian(case.tape(kernel, precise=precise), params, 0)._asdict()
        errors |= {f"{name} ({form})": relative_error(array[0], expected[name]) for name, array in found.items()}
    name, error = worst(errors)
    what = f"{len(expected)} parameters against complex steps"
    return CheckResult("parameter Jacobian", what, error, 1e-12, f"{name}; {case.label}")


def _by_entries(cell: Cell, case: Case, name: str) -> Array:
    """d states[t] / d parameter of the first sequence and step: (S, *shape of the parameter)."""
    functions, value = array_functions(np), case.params[name]
    previous = {state: case.state[state][:1] for state in cell.states}
    rows = []
    for index in np.ndindex(value.shape):
        moved = value.astype(complex)
        moved[index] += 1j * STEP
        values = run_equations_once(cell, case.x[0, :1], {**case.params, name: moved}, previous, functions)
        rows.append(_derivatives(values, previous))
    return np.array(rows).T.reshape(-1, *value.shape)


def _derivatives(values: Named, states: Named) -> Array:
    """The imaginary parts of these states over the step, one after the other: (S,)."""
    return np.concatenate([np.broadcast_to(values[s], old.shape)[0].imag / STEP for s, old in states.items()])


def check_log_terms(cell: Cell, kernel: Any, case: Case) -> CheckResult:
    """log_terms() against logarithms of the gates and of complex steps of their functions: <= 1e-12."""
    expected = dict(_logarithms(cell, case))
    found = kernel.log_terms(case.tape(kernel), kernel.Params(**case.params), 0)
    errors = {"": 0.0}
    for name, terms in found.items():
        shown = expected.get(name)
        errors[name] = np.inf if shown is None else _difference(terms, np.broadcast_to(shown, terms.shape))
    name, error = worst(errors)
    what = f"{len(found)} logarithms of gates and slopes"
    return CheckResult("logarithms", what, error, 1e-12, f"{name}; {case.label}")


def _logarithms(cell: Cell, case: Case) -> Iterator[tuple[str, Array]]:
    """ln y and ln phi'(a) of every y = phi(a) of the first step, by the interpreter of programs."""
    program = lower(cell)
    [values] = run_forward(program, case.x[:1], case.params, case.state)
    with np.errstate(all="ignore"):
        for statement in program.statements:
            target = statement.target
            yield target.name, np.log(np.abs(values[target]))
            if isinstance(statement, Pointwise) and statement.expression.func in LOGARITHMS:
                moved = {s: values[v] + 1j * STEP for s, v in statement.symbols.items()}
                slope = np.asarray(np.imag(evaluate(statement.expression, moved))) / STEP
                yield f"{target.name}_slope", np.log(np.abs(slope))


def _difference(found: Array, expected: Array) -> float:
    """The largest difference of two logarithms, by their size where that is > 1: the relative error of the numbers."""
    if not np.isfinite(found).all():
        return float("inf")
    return float((np.abs(found - expected) / np.maximum(np.abs(expected), 1)).max(initial=0))


def check_single_precision(kernel: Any, case: Case) -> CheckResult:
    """Every call in float32 beside float64: arrays of float32 throughout, and the same numbers: <= 1e-4."""
    errors = {"": 0.0}
    single = {name: dict(_calls(kernel, case, dtype)) for name, dtype in (("32", np.float32), ("64", np.float64))}
    for call, arrays in single["64"].items():
        largest = max((float(np.abs(array).max(initial=0)) for array in arrays), default=0.0)
        for found, expected in zip(single["32"][call], arrays, strict=True):
            errors[call] = max(errors.get(call, 0.0), single_error(found, expected, largest))
    name, error = worst(errors)
    return CheckResult("float32", "every call beside float64", error, SINGLE, f"{name}; {case.label}")


def single_error(found: Array, expected: Array, largest: float) -> float:
    """How far an array of float32 is from that of float64, relative to its largest entry; infinite for another dtype.

    largest: of all arrays beside it; one that vanishes beside them is measured by that.
    """
    size = max(float(np.abs(expected).max(initial=0)), SINGLE * largest) or 1.0
    return float(np.abs(found - expected).max(initial=0)) / size if found.dtype == np.float32 else np.inf


def _calls(kernel: Any, case: Case, dtype: Any) -> Iterator[tuple[str, list[Array]]]:
    """Every call of the contract, and the arrays it returns."""
    x, dy = case.x.astype(dtype), case.dy.astype(dtype)
    params, state, dstate = (type(part)(*(value.astype(dtype) for value in part)) for part in case.of(kernel))
    direction = {"x_dot": x, "params_dot": params, "state_dot": state}
    for form, precise in FORMS.items():
        y, last, tape = kernel.forward(x, params, state, precise=precise)
        yield f"forward ({form})", [y, *last, *tape]
        yield f"backward ({form})", arrays_of(kernel.backward(dy, tape, params, dstate))
        for name in _JACOBIANS:
            if hasattr(kernel, name):  # of a state, and of an output that is none
                yield f"{name} ({form})", [getattr(kernel, name)(tape, params)]
        if case.state:
            yield f"parameter_jacobian ({form})", list(kernel.parameter_jacobian(tape, params))
            yield f"jacobian_parts ({form})", list(kernel.jacobian_parts(tape, params).values())
    yield "log_terms", list(kernel.log_terms(tape, params).values())
    y_t, after = kernel.step(x[0], state, params)
    yield "step", [y_t, *after]
    y, y_dot, last, last_dot = kernel.jvp(x, params, state, **direction)
    yield "jvp", [y, y_dot, *last, *last_dot]
    grads, products = kernel.hvp(x, params, state, dy=dy, dstate=dstate, **direction)
    yield "hvp", [*arrays_of(grads), *arrays_of(products)]
