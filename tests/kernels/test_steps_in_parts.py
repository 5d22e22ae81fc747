"""Backward in parts of steps: the same gradients, and no more memory than the tape and what is given out."""

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


def leaves(record):
    return [array for part in record for array in (leaves(part) if isinstance(part, tuple) else [part])]


@pytest.mark.parametrize("name", CELLS)
def test_gradients_in_parts_are_those_of_all_steps_at_once(name, monkeypatch):
    cell = CELLS[name]
    kernel, case = ls.build(cell, target="numpy"), random_case(cell, steps=7, batch=3)
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    for precise in (False, True):
        tape = kernel.forward(case.x, params, state, precise=precise)[2]
        whole = kernel.backward(case.dy, tape, params, dstate)
        parts = [slice(5, 7), slice(4, 5), slice(0, 4)]
        monkeypatch.setitem(vars(kernel), "_parts", lambda tape, steps, batch, parts=parts: parts)
        for one, other in zip(leaves(whole), leaves(kernel.backward(case.dy, tape, params, dstate)), strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-13 * np.abs(one).max(initial=0.0))
        monkeypatch.undo()


def test_a_part_that_is_left_out_is_noticed(monkeypatch):
    kernel = ls.build("lstm", target="numpy")
    x, params = np.ones((6, 2, 3)), kernel.init(3, 4)
    y, _, tape = kernel.forward(x, params)
    whole = kernel.backward(np.ones_like(y), tape, params).params.U_f
    monkeypatch.setitem(vars(kernel), "_parts", lambda *given: [slice(4, 6), slice(0, 3)])
    assert np.abs(kernel.backward(np.ones_like(y), tape, params).params.U_f - whole).max() > 1e-3 * np.abs(whole).max()


@pytest.mark.parametrize("target", ["numpy", COMPILED])
@pytest.mark.parametrize("name", ["lstm", "gru", "lstm_peephole", "nested_lstm", "slstm"])
def test_backward_holds_little_beside_the_tape_and_what_it_gives(name, target):
    """Peak memory <= 1.15 times the save set, and parameters, gradients and what the caller holds."""
    kernel = ls.build(name, target=target)
    rng = np.random.default_rng(0)
    x, params = rng.standard_normal((200, 32, 24)), kernel.init(24, 48, rng=rng)
    y, _, tape = kernel.forward(x, params)
    dy = rng.standard_normal(y.shape)
    kernel.backward(dy[:2], kernel.forward(x[:2], params)[2], params)
    tracemalloc.start()
    grads = kernel.backward(dy, tape, params)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    saved = sum(array.nbytes for array in tape)
    parameters = sum(array.nbytes for array in params)
    # The tape, dy and params are the caller's, so none of them counts here.
    given = grads.x.nbytes + 2 * parameters + sum(array.nbytes for array in grads.state)
    assert peak <= 0.15 * saved + given, (peak - given) / saved
