"""What a kernel does with arrays: layouts, byte orders, dtypes; no input is changed and no memory shared with one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from kernels.cells import CELLS, CORE, OWN, all_results, arrays_of
from representatives import each

import lstm_sym as ls
from lstm_sym.check import Case, random_case, relative_error

FORMS = pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
EVERY_CELL = pytest.mark.parametrize("name", each(CELLS))


def strided(array: np.ndarray) -> np.ndarray:
    wide = np.full([2 * size for size in array.shape], np.nan)
    wide[tuple(slice(None, None, 2) for _ in array.shape)] = array
    return wide[tuple(slice(None, None, 2) for _ in array.shape)]


def reversed_in_memory(array: np.ndarray) -> np.ndarray:
    backwards = tuple(slice(None, None, -1) for _ in array.shape)
    return array[backwards].copy()[backwards]


def transposed(array: np.ndarray) -> np.ndarray:
    return array.transpose().copy().transpose()


def batch_first(array: np.ndarray) -> np.ndarray:
    return array.swapaxes(0, -1).copy().swapaxes(0, -1)


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def big_endian(array: np.ndarray) -> np.ndarray:
    return array.astype(">f8")


LAYOUTS = [strided, reversed_in_memory, transposed, batch_first, np.asfortranarray, read_only, big_endian]


def changed(case: Case, change: Callable[[np.ndarray], np.ndarray]) -> Case:
    """The same case, every array of it changed."""

    def fields(named: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: change(value) for name, value in named.items()}

    params, state, dstate = fields(case.params), fields(case.state), fields(case.dstate)
    return replace(case, x=change(case.x), params=params, state=state, dy=change(case.dy), dstate=dstate)


def inputs(case: Case) -> list[np.ndarray]:
    return [case.x, case.dy, *case.params.values(), *case.state.values(), *case.dstate.values()]


@EVERY_CELL
@FORMS
def test_the_layout_of_the_inputs_changes_no_result(name: str, precise: bool) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=3)
    expected = all_results(kernel, case, precise=precise)
    for layout in LAYOUTS:
        other = changed(case, layout)
        assert all(np.array_equal(*pair) for pair in zip(inputs(other), inputs(case), strict=True))
        found = all_results(kernel, other, precise=precise)
        for call, result in expected.items():
            for left, right in zip(arrays_of(found[call]), arrays_of(result), strict=True):
                assert relative_error(left, right) <= 4e-15, (layout.__name__, call)


@EVERY_CELL
@FORMS
def test_no_call_modifies_an_input_or_hands_its_memory_out(name: str, precise: bool) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name])
    before = [value.tobytes() for value in inputs(case)]
    results = all_results(kernel, case, precise=precise)
    assert [value.tobytes() for value in inputs(case)] == before
    results.pop("tape")  # it keeps x as given
    for call, result in results.items():
        for array in arrays_of(result):
            assert not any(np.shares_memory(array, given) for given in inputs(case)), call


@FORMS
@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("name", each(CORE))
def test_results_own_their_memory_however_short_the_sequence(name: str, steps: int, precise: bool) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name], steps=steps)
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, last, tape = kernel.forward(case.x, params, state, precise=precise)
    grads = kernel.backward(case.dy, tape, params, dstate)
    tangents = kernel.jvp(case.x, params, state, state_dot=dstate)
    for array in arrays_of((y, last, grads.x, *grads.params, grads.state, tangents)):
        assert not any(np.shares_memory(array, given) for given in inputs(case))


@EVERY_CELL
@FORMS
def test_backward_leaves_the_tape_as_it_is(name: str, precise: bool) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name])
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, _, tape = kernel.forward(case.x, params, state, precise=precise)
    before = [value.tobytes() for value in tape]
    first = kernel.backward(case.dy, tape, params, dstate)
    kernel.jacobian(tape, params)
    y[...] = np.nan
    second = kernel.backward(case.dy, tape, params, dstate)
    assert [value.tobytes() for value in tape] == before
    assert [value.tobytes() for value in arrays_of(second)] == [value.tobytes() for value in arrays_of(first)]


@EVERY_CELL
@FORMS
@pytest.mark.parametrize("dtype", [np.float32, np.complex64], ids=["float32", "complex64"])
def test_single_precision_stays_single_and_is_as_good_as_single_can_be(name: str, precise: bool, dtype: type) -> None:
    """No rounding chain is longer than T steps of all element-wise operations and two inner products each.

    Every rounding is at most eps/2; each of them may be amplified by the condition of what follows, which gates of this
    size keep near 1. So T (operations + D + H) eps bounds the error against the same numbers in double precision.
    """
    cell = CELLS[name]
    kernel, case = ls.build(cell), changed(random_case(cell), lambda value: value.astype(np.float32).astype(float))
    single = all_results(kernel, changed(case, lambda value: value.astype(dtype)), precise=precise)
    double = all_results(kernel, case, precise=precise)
    chain = case.sizes["T"] * (ls.derive(cell).operations.elementwise + case.x.shape[2] + case.dy.shape[2])
    for call, result in double.items():
        for left, right in zip(arrays_of(single[call]), arrays_of(result), strict=True):
            assert left.dtype == dtype, call
            assert relative_error(left.astype(complex), right) <= chain * np.finfo(np.float32).eps, call


@EVERY_CELL
@FORMS
@pytest.mark.parametrize("dtype", [np.float16, np.int64, np.int8, np.bool_, object], ids=lambda dtype: dtype.__name__)
def test_what_is_no_float_of_full_size_is_refused_with_the_way_out(name: str, precise: bool, dtype: type) -> None:
    kernel, case = ls.build(CELLS[name]), changed(random_case(CELLS[name]), lambda value: value.astype(dtype))
    with pytest.raises(TypeError, match=rf"{np.dtype(dtype).name}.*astype\(np.float64\)"):
        kernel.forward(case.x, kernel.Params(**case.params), precise=precise)


@pytest.mark.parametrize("dtype", [np.int64, np.float16], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("field", ["x", "params", "state", "dy", "dstate", "x_dot", "params_dot", "state_dot"])
@pytest.mark.parametrize("name", each(CORE))
def test_one_array_that_is_no_float_of_full_size_is_refused_by_name(name: str, field: str, dtype: type) -> None:
    """Beside others that are: NumPy alone would promote, single precision to double with integers."""
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name])
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    given = {"x": case.x, "params": params, "state": state, "dy": case.dy, "dstate": state}
    given |= {"x_dot": case.x, "params_dot": params, "state_dot": state}
    _, _, tape = kernel.forward(case.x, params, state)
    wrong, expected = given[field], field
    if isinstance(wrong, tuple):
        last = wrong._fields[-1]
        wrong, expected = wrong._replace(**{last: getattr(wrong, last).astype(dtype)}), f"{field}.{last}"
    else:
        wrong = wrong.astype(dtype)
    given[field] = wrong
    with pytest.raises(TypeError, match=rf"^{expected} has dtype {np.dtype(dtype).name}"):
        kernel.forward(given["x"], given["params"], given["state"])
        kernel.backward(given["dy"], tape, params, given["dstate"])
        directions = {key: given[key] for key in ("x_dot", "params_dot", "state_dot")}
        kernel.jvp(case.x, params, state, **directions)


@pytest.mark.parametrize("name", each(CORE))
def test_a_complex_cotangent_of_the_last_state_keeps_its_imaginary_part(name: str) -> None:
    kernel, case = ls.build(CELLS[name]), random_case(CELLS[name])
    params, dstate = kernel.Params(**case.params), kernel.State(**case.dstate)
    _, _, tape = kernel.forward(case.x, params)
    real = kernel.backward(case.dy, tape, params, dstate)
    turned = kernel.backward(1j * case.dy, tape, params, kernel.State(*(1j * value for value in dstate)))
    alone = kernel.backward(np.zeros_like(case.dy), tape, params, kernel.State(*(1j * value for value in dstate)))
    assert relative_error(turned.x, 1j * real.x) <= 1e-14
    assert alone.x.imag.any()


@pytest.mark.parametrize("name", each(OWN))
def test_two_threads_at_once_give_the_serial_results(name: str) -> None:
    """The cells of the catalogue are held to it in `test_edges`."""
    kernel = ls.build(CELLS[name])
    cases = [random_case(CELLS[name], steps=10, batch=4, hidden=8, seed=seed) for seed in range(4)]

    def run(case: Case) -> list[bytes]:
        results = all_results(kernel, case, precise=case is cases[0])
        return [array.tobytes() for result in results.values() for array in arrays_of(result)]

    serial = [run(case) for case in cases]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(run, cases)) == serial
