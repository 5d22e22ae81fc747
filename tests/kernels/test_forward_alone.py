"""Forward without a tape, and arrays kept from call to call: the same numbers, in less memory and fewer pages."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from kernels.cells import CELLS

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.native.compiler import find_compiler

COMPILED = pytest.param(
    "c", marks=pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler on this machine")
)


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_without_a_tape_output_and_state_are_the_same(name, precise):
    cell = CELLS[name]
    kernel, case = ls.build(cell, target="numpy"), random_case(cell, steps=5, batch=600)
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    y, last, tape = kernel.forward(case.x, params, state, precise=precise)
    found, found_last, none = kernel.forward(case.x, params, state, precise=precise, tape=False)
    assert none is None and tape is not None
    for one, other in zip((y, *last), (found, *found_last), strict=True):
        assert other.dtype == one.dtype
        np.testing.assert_allclose(other, one, rtol=1e-13, atol=1e-14 * np.abs(one).max(initial=0.0))


@pytest.mark.parametrize("target", ["numpy", COMPILED])
def test_without_a_tape_memory_is_that_of_the_output(target):
    kernel = ls.build("lstm", target=target)
    x, params = np.ones((400, 32, 24)), kernel.init(24, 48)
    kernel.forward(x[:2], params, tape=False)
    tracemalloc.start()
    y, _, _ = kernel.forward(x, params, tape=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    kernel.forward(x, params)
    with_tape = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 1.8 * y.nbytes and with_tape >= 7 * y.nbytes


@pytest.mark.parametrize("steps", [0, 1])
def test_few_steps_or_none(steps):
    kernel = ls.build("gru", target="numpy")
    y, state, tape = kernel.forward(np.ones((steps, 2, 3)), kernel.init(3, 4), tape=False)
    assert y.shape == (steps, 2, 4) and state.h.shape == (2, 4) and tape is None


def test_what_has_no_tape_has_no_gradient():
    kernel = ls.build("lstm", target="numpy")
    params = kernel.init(3, 4)
    y, _, tape = kernel.forward(np.ones((2, 1, 3)), params, tape=False)
    with pytest.raises(TypeError, match=r"forward\(\), and not with tape=False"):
        kernel.backward(y, tape, params)


@pytest.mark.parametrize("target", ["numpy", COMPILED])
@pytest.mark.parametrize("name", ["lstm", "slstm"])
def test_a_workspace_changes_no_bit_and_makes_no_large_array_twice(name, target):
    kernel, rng = ls.build(name, target=target), np.random.default_rng(0)
    params, workspace = kernel.init(3, 40), {}
    for steps, batch in ((50, 8), (50, 8), (7, 2), (50, 8)):
        x = rng.standard_normal((steps, batch, 3))
        y, state, tape = kernel.forward(x, params)
        grads = kernel.backward(y, tape, params)
        found, found_state, kept = kernel.forward(x, params, workspace=workspace)
        found_grads = kernel.backward(found, kept, params, workspace=workspace)
        ours = (found, *found_state, found_grads.x, *found_grads.params)
        assert all(map(np.array_equal, (y, *state, grads.x, *grads.params), ours))
    first = kernel.forward(x, params, workspace=workspace)[2]
    second = kernel.forward(x + 1, params, workspace=workspace)[2]
    own = [field for field in first._fields if getattr(first, field) is getattr(second, field)]
    assert own and "x" not in own and all(getattr(tape, field) is not getattr(first, field) for field in own)


def test_two_workspaces_share_nothing():
    kernel = ls.build("lstm", target="numpy")
    params, x = kernel.init(3, 4), np.ones((5, 2, 3))
    tapes = [kernel.forward(x * k, params, workspace={})[2] for k in (1, 2)]
    assert not np.shares_memory(tapes[0].gates, tapes[1].gates) and not np.array_equal(tapes[0].gates, tapes[1].gates)


@pytest.mark.parametrize("target", ["numpy", COMPILED])
def test_a_gradient_that_is_the_adjoint_of_the_loop_outlives_the_next_call(target):
    kernel = ls.build(ls.parse("h[t] = tanh(h[t-1] + x[t])", sizes={"x": "H"}), target=target)
    x, params, workspace = np.ones((5, 2, 3)), kernel.Params(), {}
    y, _, tape = kernel.forward(x, params, workspace=workspace)
    grads = kernel.backward(y, tape, params, workspace=workspace)
    kept = grads.x.copy()
    kernel.backward(2 * y, tape, params, workspace=workspace)
    assert kept.any() and np.array_equal(grads.x, kept)


@pytest.mark.parametrize("workspace", [[], set(), (), True, "", 0])
def test_a_workspace_that_is_no_dict_is_refused(workspace):
    kernel = ls.build("rnn", target="numpy")
    with pytest.raises(TypeError, match=r"workspace is a .*; give a dict"):
        kernel.forward(np.ones((2, 1, 3)), kernel.init(3, 4), workspace=workspace)
