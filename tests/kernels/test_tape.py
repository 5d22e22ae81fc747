"""The tape holds the save set that liveness finds: each value of it, and not a number more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kernels.cells import CELLS, arrays_of

import lstm_sym as ls
from lstm_sym.check import Case, random_case, relative_error
from lstm_sym.derivation import vjp
from lstm_sym.passes import fast, precise, prune, save_set
from lstm_sym.program import Program, Value, lower
from lstm_sym.program.evaluate import run_step

FORMS = pytest.mark.parametrize("form", ["fast", "precise"])
EVERY_CELL = pytest.mark.parametrize("name", CELLS)


SLOTS = pytest.mark.xfail(reason="a packed array keeps all its slots, if only one of them is needed", strict=True)
EVERY_PACKED_CELL = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOTS) if name == "functions" else name for name in CELLS]
)


def saved_values(name: str, form: str) -> tuple[Program, tuple[Value, ...]]:
    """The forward program of a form and its save set."""
    program = prune(lower(CELLS[name]))
    reverse = prune(vjp(program))
    if form == "fast":
        return program, save_set(program, prune(fast(reverse)))
    forward = precise(program, program)
    return forward, save_set(forward, prune(precise(reverse, program)))


def run_forward(program: Program, case: Case) -> list[dict[Value, np.ndarray]]:
    """All values of all steps, statement by statement."""
    parameters = {value: case.params[value.name] for value in program.parameters}
    carried = {carry.incoming: case.state[carry.incoming.name] for carry in program.carries}
    steps = []
    for x_t in case.x:
        steps.append(run_step(program, {**parameters, **carried, program.inputs[0]: x_t}))
        carried = {carry.incoming: steps[-1][carry.outgoing] for carry in program.carries}
    return steps


def taped(name: str, form: str, **sizes: int) -> tuple[Any, Case, Any, Any]:
    """Kernel, case, parameters, tape."""
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], **sizes)
    params = kernel.Params(**case.params)
    _, _, tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=form == "precise")
    return kernel, case, params, tape


def blocks(tape: Any, steps: int, size: int) -> Iterator[np.ndarray]:
    """Every (T, B, size) block of the tape that can hold one value: its slots, and both ends of a row of states."""
    for field in tape:
        for start in range(0, field.shape[2] - size + 1):
            for first in range(field.shape[0] - steps + 1):
                yield field[first : first + steps, :, start : start + size]


@EVERY_CELL
@FORMS
def test_every_value_of_the_save_set_is_on_the_tape(name: str, form: str) -> None:
    _, case, _, tape = taped(name, form, seed=5)
    program, saved = saved_values(name, form)
    steps = run_forward(program, case)
    for value in saved:
        expected = np.array([values[value] for values in steps])
        found = blocks(tape, len(steps), expected.shape[2])
        assert any(relative_error(block, expected) <= 1e-14 for block in found), value


@EVERY_PACKED_CELL
@FORMS
def test_the_tape_is_no_larger_than_the_save_set(name: str, form: str) -> None:
    """A state is kept once for [t-1] and [t], T + 1 rows; everything else T rows."""
    _, case, _, tape = taped(name, form, steps=7)
    program, saved = saved_values(name, form)
    states = {carry.incoming.name for carry in program.carries}
    rows = {value.name: (8 if value.name in states else 7, case.sizes[value.shape[0]]) for value in saved}
    batch = case.x.shape[1]
    assert sum(field.size for field in tape) == sum(steps * batch * size for steps, size in rows.values())


@EVERY_PACKED_CELL
@FORMS
def test_backward_reads_every_column_of_the_tape(name: str, form: str) -> None:
    """Another sign and size in a column at one step changes a gradient: nothing is kept in vain."""
    kernel, case, params, tape = taped(name, form)
    dstate = kernel.State(**case.dstate)
    expected = arrays_of(kernel.backward(case.dy, tape, params, dstate))
    for field, array in tape._asdict().items():
        for column in range(array.shape[2]):
            spoilt = array.copy()
            spoilt[2, :, column] = -2 * array[2, :, column] - 0.5
            found = arrays_of(kernel.backward(case.dy, tape._replace(**{field: spoilt}), params, dstate))
            assert not all(np.array_equal(*pair) for pair in zip(found, expected, strict=True)), (field, column)


@EVERY_CELL
def test_the_fast_form_keeps_no_pre_activation_that_its_slope_can_do_without(name: str) -> None:
    fast_form, precise_form = (sum(v.size for v in taped(name, form)[3]) for form in ("fast", "precise"))
    assert fast_form <= precise_form
    if name in ("lstm", "gru", "rnn", "lstm_peephole"):
        _, saved = saved_values(name, "fast")
        assert not [value.name for value in saved if value.name.startswith("a_")]
