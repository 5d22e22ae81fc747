"""The tape holds what is read of it, by backward (the save set that liveness finds) or by the Jacobians: every such
value, and no array beyond those that hold one. Values packed into one array are kept with it, as whole rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kernels.cells import CELLS, arrays_of
from representatives import each

import lstm_sym as ls
from lstm_sym.check import Case, random_case, relative_error
from lstm_sym.compile.jacobian_reads import reads_of_jacobians
from lstm_sym.derivation import vjp
from lstm_sym.derivation.jacobian import Jacobians
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import run_step
from lstm_sym.passes import fast, lay_out, precise, prune, save_set
from lstm_sym.program import Program, Value, lower

FORMS = pytest.mark.parametrize("form", ["fast", "precise"])
EVERY_CELL = pytest.mark.parametrize("name", each(CELLS))


def read_values(name: str, form: str) -> tuple[Program, tuple[Value, ...]]:
    """The forward program of a form, and what backward or the Jacobians read of it."""
    program = prune(lower(CELLS[name]))
    reverse, exact = prune(vjp(program)), form == "precise"
    forward = precise(program, program) if exact else program
    saved = save_set(forward, prune(precise(reverse, program) if exact else fast(reverse)))
    return forward, tuple(dict.fromkeys([*saved, *sorted(reads_of_jacobians(Jacobians(program), exact), key=str)]))


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
def test_every_value_that_is_read_is_on_the_tape(name: str, form: str) -> None:
    _, case, _, tape = taped(name, form, seed=5)
    program, saved = read_values(name, form)
    steps = run_forward(program, case)
    for value in saved:
        expected = np.array([values[value] for values in steps])
        found = blocks(tape, len(steps), expected.shape[2])
        assert any(relative_error(block, expected) <= 1e-14 for block in found), value


def arrays_of_values(name: str, program: Program, values: tuple[Value, ...]) -> dict[object, tuple[int, int, str]]:
    """Every array that holds one of these values: its further time steps, its slots, and the size of a slot.

    A state is kept once for [t-1] and [t], T + 1 rows; packed values stand side by side, all slots of their row.
    """
    layout, found = lay_out(prune(lower(CELLS[name]))), {}
    states = {carry.incoming.name for carry in program.carries}
    for value in values:
        place = layout.place(value)
        if value.name in states or place is None:
            found[value.name] = (int(value.name in states), 1, value.shape[0])
        else:
            found[place.group.members, place.row] = (0, len(place.group.members), place.group.size)
    return found


@EVERY_CELL
@FORMS
def test_the_tape_is_no_larger_than_the_arrays_that_hold_what_is_read(name: str, form: str) -> None:
    _, case, _, tape = taped(name, form, steps=7)
    arrays = arrays_of_values(name, *read_values(name, form))
    batch = case.x.shape[1]
    expected = sorted(
        (7 + extra) * batch * slots * number_of(size, case.sizes) for extra, slots, size in arrays.values()
    )
    assert len(tape) == len(expected)
    assert all(size <= limit for size, limit in zip(sorted(field.size for field in tape), expected, strict=True))


@EVERY_CELL
@FORMS
def test_every_field_of_the_tape_is_read(name: str, form: str) -> None:
    """Another sign and size in it at one step changes a gradient or a Jacobian: no array is kept in vain."""
    kernel, case, params, tape = taped(name, form)

    def results(changed: Any) -> list[np.ndarray]:
        grads = kernel.backward(case.dy, changed, params, kernel.State(**case.dstate))
        return [*arrays_of(grads), kernel.jacobian(changed, params), kernel.input_jacobian(changed, params)]

    expected = results(tape)
    for field, array in tape._asdict().items():
        spoilt = array.copy()
        spoilt[2] = -2 * array[2] - 0.5
        found = results(tape._replace(**{field: spoilt}))
        assert not all(np.array_equal(*pair) for pair in zip(found, expected, strict=True)), field


def every_slot_is_read(name: str, form: str) -> bool:
    """Whether backward reads every slot of the packed arrays on the tape."""
    program, exact = prune(lower(CELLS[name])), form == "precise"
    reverse, layout = prune(vjp(program)), lay_out(program)
    saved = save_set(*((precise(program, program), precise(reverse, program)) if exact else (program, fast(reverse))))
    states = {carry.incoming.name for carry in program.carries}
    places = [place for value in saved if value.name not in states and (place := layout.place(value)) is not None]
    slots = {(place.group.members, place.row, place.slot) for place in places}
    return len(slots) == sum(len(members) for members, _ in {slot[:2] for slot in slots})


READ_THROUGHOUT = [(name, form) for name in CELLS for form in ("fast", "precise") if every_slot_is_read(name, form)]


@pytest.mark.parametrize(("name", "form"), [row for row in READ_THROUGHOUT if row[0] != "indrnn"])
def test_where_every_slot_is_needed_every_column_of_the_tape_is_read_by_backward(name: str, form: str) -> None:
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
        _, saved = read_values(name, "fast")
        assert not [value.name for value in saved if value.name.startswith("a_")]
