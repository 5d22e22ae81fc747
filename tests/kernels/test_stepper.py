"""Steps as they come, with packed parameters: those of step(), in arrays of their own."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.cells import CELLS
from representatives import representatives

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.native.compiler import find_compiler

COMPILED = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler on this machine")
NAMES_IN_C = ("lstm", "lstm_output", "sru", "several_inputs", "projected")
FEW = representatives(CELLS)
IN_NUMPY = [pytest.param("numpy", name, marks=() if name in FEW else pytest.mark.long) for name in CELLS]
IN_C = [pytest.param("c", name, marks=COMPILED) for name in NAMES_IN_C]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("target", "name"), [*IN_NUMPY, *IN_C])
def test_steps_one_after_the_other_are_those_of_step_and_of_forward(target, name, dtype):
    cell = CELLS[name]
    kernel, case = ls.build(cell, target=target), random_case(cell, steps=5, batch=3)
    params, start = (
        record(*(np.asarray(values[field], dtype) for field in record._fields))
        for record, values in ((kernel.Params, case.params), (kernel.State, case.state))
    )
    x = case.x.astype(dtype)
    advance = kernel.stepper(params, batch=3)
    state, expected, found = start, start, []
    exact = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-13}
    for x_t in x:
        y_t, state = advance(x_t, state)
        y, expected = kernel.step(x_t, expected, params)
        found.append(y_t)
        for one, other in zip((y, *expected), (y_t, *state), strict=True):
            assert other.dtype == dtype
            np.testing.assert_allclose(other, one, **exact)
    np.testing.assert_allclose(np.stack(found), kernel.forward(x, params, start)[0], **exact)
    # No later step has changed what an earlier one gave.
    state = start
    for x_t, y_t in zip(x, found, strict=True):
        again, state = kernel.stepper(params, batch=3)(x_t, state)
        assert np.array_equal(again, y_t)


def test_parameters_are_looked_at_before_the_first_step():
    kernel = ls.build("lstm", target="numpy")
    params = kernel.init(3, 4)
    with pytest.raises(ValueError, match=r"params\.U_f has shape \(2, 2\)"):
        kernel.stepper(params._replace(U_f=np.ones((2, 2))))
    with pytest.raises(TypeError, match="params is None"):
        kernel.stepper(None)


@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=COMPILED)])
def test_two_steppers_share_no_memory_and_keep_their_parameters(target):
    kernel = ls.build("lstm", target=target)
    params, x = kernel.init(3, 4), np.ones((1, 3))
    state = kernel.State(np.zeros((1, 4)), np.zeros((1, 4)))
    one, other = kernel.stepper(params), kernel.stepper(kernel.init(3, 4, b_f=2.0))
    first, after = one(x, state)
    kept = first.copy(), after.c.copy()
    other(x, after)
    assert np.array_equal(first, kept[0]) and np.array_equal(after.c, kept[1])
    assert np.array_equal(one(x, state)[0], first) and not state.h.any()


@COMPILED
def test_a_step_of_another_batch_is_refused_and_of_complex_numbers_not_compiled():
    kernel = ls.build("lstm", target="c")
    params, state = kernel.init(3, 4), kernel.State(np.zeros((1, 4)), np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"x_t has shape \(2, 3\); this stepper takes \(1, 3\)"):
        kernel.stepper(params)(np.ones((2, 3)), state)
    point = kernel.Params(*(value + 0j for value in params))
    assert kernel.stepper(point)(np.ones((1, 3)) + 0j, state)[0].dtype == np.complex128


@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=COMPILED)])
def test_a_stepper_keeps_nothing_of_its_caller(target):
    """Neither a frame that is read into the same array again, nor parameters that training changes."""
    kernel = ls.build(ls.parse("h[t] = x[t]\nk[t] = tanh(U @ h[t-1] + x[t] + b)", sizes={"x": "H"}), target=target)
    rng = np.random.default_rng(0)
    params, frames = kernel.Params(rng.standard_normal((3, 3)), np.zeros(3)), rng.standard_normal((4, 1, 3))
    state = expected = kernel.State(*(np.zeros((1, 3)) for _ in kernel.State._fields))
    advance, frame = kernel.stepper(params), np.empty((1, 3))
    own = kernel.Params(*(value.copy() for value in params))
    for value in params:
        value += 1
    for given in frames:
        frame[...] = given
        y, state = advance(frame, state)
        right, expected = kernel.step(given, expected, own)
        np.testing.assert_allclose(y, right, rtol=1e-13)
