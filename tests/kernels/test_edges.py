"""Every cell of the catalogue at the edges: sizes, layouts, dtypes, numbers that are huge, tiny or none, threads.

The kernels are those that are checked in. What each property means in detail is in `test_arrays` and `test_contract`,
on fewer cells and more numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from kernels.cells import CATALOGUE, all_results, arrays_of
from representatives import each

from lstm_sym.check import Case, random_case, relative_error

EVERY_CELL = pytest.mark.parametrize("name", CATALOGUE)
FEW_CELLS = pytest.mark.parametrize("name", each(CATALOGUE))
BOTH = (False, True)
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "big-endian": lambda array: array.astype(">f8"),
    "Fortran order": np.asfortranarray,
    "read-only": lambda array: read_only(array),
}


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def changed(case: Case, change: Callable[[np.ndarray], np.ndarray]) -> Case:
    """The same case, every array of it changed."""
    named = {field: {n: change(v) for n, v in getattr(case, field).items()} for field in ("params", "state", "dstate")}
    return replace(case, x=change(case.x), dy=change(case.dy), **named)


def results(name: str, case: Case, *, precise: bool = False) -> dict[str, Any]:
    return all_results(import_module(f"lstm_sym.kernels.{name}"), case, precise=precise)


def everything(found: dict[str, Any]) -> list[np.ndarray]:
    return [np.asarray(array) for call in found.values() for array in arrays_of(call)]


def results_of_sequence(name: str, case: Case, *, precise: bool = False) -> Any:
    """What a sequence of no step has too: forward, backward, jvp, Jacobians."""
    kernel = import_module(f"lstm_sym.kernels.{name}")
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, last, tape = kernel.forward(case.x, params, state, precise=precise)
    grads = kernel.backward(case.dy, tape, params, dstate)
    tangents = kernel.jvp(case.x, params, state, x_dot=case.x, state_dot=dstate)
    return y, last, grads, tangents, kernel.jacobian(tape, params), kernel.input_jacobian(tape, params)


@EVERY_CELL
def test_no_step_no_sequence_and_one_unit(name: str) -> None:
    for precise in BOTH:
        for steps, batch in ((0, 2), (2, 0)):
            case = random_case(CATALOGUE[name], steps=steps, batch=batch)
            y, _, grads, *_, jacobian, _ = results_of_sequence(name, case, precise=precise)
            assert y.shape == case.dy.shape and grads.x.shape == case.x.shape
            assert jacobian.shape[:2] == (steps, batch)
            assert not any(value.any() for value in grads.params)
            given = case.dstate if steps == 0 else grads.state._asdict()
            assert all(np.array_equal(getattr(grads.state, key), value) for key, value in given.items())
        case = random_case(CATALOGUE[name], steps=3, batch=1, inputs=1, hidden=1)
        assert all(np.isfinite(array).all() for array in everything(results(name, case, precise=precise)))


@FEW_CELLS
def test_layouts_byte_orders_and_write_protection_change_nothing(name: str) -> None:
    """But for roundings: the order in which a BLAS adds depends on the layout, and a normalisation amplifies it."""
    case = random_case(CATALOGUE[name], steps=3)
    for precise in BOTH:
        right = everything(results(name, case, precise=precise))
        for layout, change in LAYOUTS.items():
            found = everything(results(name, changed(case, change), precise=precise))
            assert all(relative_error(*both) <= 1e-14 for both in zip(found, right, strict=True)), layout


@FEW_CELLS
def test_foreign_bytes_are_turned_at_every_call(name: str) -> None:
    """What fitted once is not looked at again, but it is converted again."""
    case = changed(random_case(CATALOGUE[name], steps=2), LAYOUTS["big-endian"])
    kernel = import_module(f"lstm_sym.kernels.{name}")
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    for _ in range(3):
        y, last, tape = kernel.forward(case.x, params, state)
        grads = kernel.backward(case.dy, tape, params)
        assert all(array.dtype == np.dtype("=f8") and array.dtype.isnative for array in (y, *last, *grads.params))


@EVERY_CELL
def test_half_precision_is_refused_in_words(name: str) -> None:
    """Sixteen bits keep three digits, and a gradient of 1e-8 not at all."""
    case = changed(random_case(CATALOGUE[name], steps=2), lambda array: array.astype(np.float16))
    with pytest.raises(TypeError, match="float16"):
        results(name, case)


@FEW_CELLS
def test_a_sequence_that_is_no_number_is_seen_and_stays_alone(name: str) -> None:
    cell, case = CATALOGUE[name], random_case(CATALOGUE[name], steps=4)
    for value in (np.nan, np.inf, -np.inf):
        wrong = replace(case, x=case.x.copy(), state={key: array.copy() for key, array in case.state.items()})
        if cell.input:
            wrong.x[1, 1] = value
        else:
            wrong.state[cell.states[0]][1] = value
        for precise in BOTH:
            right = results_of_sequence(name, case, precise=precise)
            with np.errstate(all="ignore"):
                y, _, grads, *_ = results_of_sequence(name, wrong, precise=precise)
            others = [0, 2]
            assert relative_error(y[:, others], right[0][:, others]) <= 1e-13
            assert all(
                relative_error(a[others], b[others]) <= 1e-12 for a, b in zip(grads.state, right[2].state, strict=True)
            )
            if np.isnan(value):
                assert np.isnan(y[-1, 1]).any()
                assert any(np.isnan(array[1]).any() for array in (grads.state)) or np.isnan(grads.x[:, 1]).any()
                assert any(np.isnan(gradient).any() for gradient in grads.params) or not cell.parameters


@EVERY_CELL
def test_the_smallest_numbers_there_are_give_numbers(name: str) -> None:
    """Subnormal inputs, states, weights and cotangents: nothing divides by one of them."""
    case = changed(random_case(CATALOGUE[name], steps=3), lambda array: np.sign(array) * 5e-324)
    for precise in BOTH:
        with np.errstate(all="raise", under="ignore"):
            found = everything(results(name, case, precise=precise))
        assert all(np.isfinite(array).all() for array in found)


@pytest.mark.parametrize("name", [name for name, cell in CATALOGUE.items() if cell.input])
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_pre_activations_of_ten_thousand_give_numbers_and_no_warning(name: str, dtype: type) -> None:
    case = random_case(CATALOGUE[name], steps=3, seed=1)
    case = changed(replace(case, x=1e4 * np.sign(case.x)), lambda array: array.astype(dtype))
    for precise in BOTH:
        with np.errstate(all="raise", under="ignore"):
            found = results_of_sequence(name, case, precise=precise)
        assert all(np.isfinite(array).all() for array in arrays_of(found))


@FEW_CELLS
def test_two_threads_at_once_give_the_results_of_one(name: str) -> None:
    cases = [random_case(CATALOGUE[name], steps=10, batch=4, hidden=8, seed=seed) for seed in range(4)]

    def run(case: Case) -> list[bytes]:
        return [array.tobytes() for array in everything(results(name, case))]

    serial = [run(case) for case in cases]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(run, cases)) == serial
