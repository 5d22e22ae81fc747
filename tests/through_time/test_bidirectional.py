"""Both directions at once are each direction by itself, outputs side by side and gradients of x added."""

from __future__ import annotations

import numpy as np
import pytest
from through_time.batches import CELLS, LENGTHS, batch, named

from lstm_sym import through_time
from lstm_sym.check import random_case, relative_error
from lstm_sym.kernels import lstm
from lstm_sym.through_time import SequenceError, bidirectional

PARAMS = lstm.init(3, 4)
X = np.zeros((6, 2, 3))


@pytest.mark.parametrize("options", [{}, {"checkpoint": True}, {"precise": True}, {"batch_first": True}])
@pytest.mark.parametrize("name", ["lstm", "gru", "readout"])
def test_each_direction_is_a_run_by_itself(name, options):
    kernel, case = batch(name)
    other = random_case(CELLS[name], batch=len(LENGTHS), seed=7)
    (params, state, dstate), (params_back, state_back, dstate_back) = named(kernel, case), named(kernel, other)
    options = {"lengths": LENGTHS} | options
    layout = (1, 0, 2) if "batch_first" in options else (0, 1, 2)
    x, dy = case.x.transpose(layout), np.concatenate((case.dy, 2 * case.dy), axis=-1).transpose(layout)
    y, last, tape = bidirectional.forward(kernel, x, (params, params_back), (state, state_back), **options)
    grads = bidirectional.backward(dy, tape, (params, params_back), (dstate, dstate_back))
    ahead = through_time.forward(kernel, x, params, state, **options)
    back = through_time.forward(kernel, x, params_back, state_back, reverse=True, **options)
    expected = through_time.backward(dy[..., :4], ahead[2], params, dstate)
    expected_back = through_time.backward(dy[..., 4:], back[2], params_back, dstate_back)
    assert np.array_equal(y, np.concatenate((ahead[0], back[0]), axis=-1))
    assert relative_error(grads.x, expected.x + expected_back.x) == 0
    for way, (run, one) in enumerate([(ahead, expected), (back, expected_back)]):
        assert all(map(np.array_equal, last[way], run[1]))
        assert all(map(np.array_equal, grads.params[way], one.params))
        assert all(map(np.array_equal, grads.state[way], one.state))


def test_every_step_sees_the_whole_of_its_sequence_and_nothing_of_another():
    kernel, case = batch("gru", lengths=(5, 3))
    params = named(kernel, case)[0]
    _, _, tape = bidirectional.forward(kernel, case.x, (params, params), lengths=(5, 3))
    dy = np.zeros((9, 2, 8))
    dy[1, 0] = 1
    dx = bidirectional.backward(dy, tape, (params, params)).x
    assert dx.any(axis=2)[:, 0].tolist() == [True] * 5 + [False] * 4
    assert not dx[:, 1].any()


def test_progress_counts_both_directions():
    told = []
    tape = bidirectional.forward(lstm, X, (PARAMS, PARAMS), progress=lambda *counts: told.append(counts))[2]
    assert told == [(6, 12), (12, 12)]
    bidirectional.backward(np.ones((6, 2, 8)), tape, (PARAMS, PARAMS), progress=lambda *counts: told.append(counts))
    assert told[2:] == told[:2]


def test_no_loss_is_refused_and_a_loss_of_one_direction_is_none_of_the_other():
    tape = bidirectional.forward(lstm, X, (PARAMS, PARAMS))[2]
    for dstate in (None, (None, None)):
        with pytest.raises(SequenceError, match="both are None"):
            bidirectional.backward(None, tape, (PARAMS, PARAMS), dstate)
    ending = lstm.State(*np.ones((2, 2, 4)))
    grads = bidirectional.backward(None, tape, (PARAMS, PARAMS), (ending, None))
    assert grads.params[0].b_f.any() and not any(value.any() for value in grads.params[1] + grads.state[1])


def test_parameters_of_one_direction_are_refused():
    with pytest.raises(SequenceError, match=r"params: a Params, where a pair belongs[\s\S]*params_ahead, params_back"):
        bidirectional.forward(lstm, X, PARAMS)
    state = lstm.State(*np.zeros((2, 2, 4)))  # two fields, yet no pair
    with pytest.raises(SequenceError, match="state: a State, where a pair belongs"):
        bidirectional.forward(lstm, X, (PARAMS, PARAMS), state)


def test_a_cotangent_of_one_direction_and_a_foreign_tape_are_refused():
    tape = bidirectional.forward(lstm, X, (PARAMS, PARAMS))[2]
    with pytest.raises(SequenceError, match=r"dy: .* \(6, 2, 4\), whose last size is not 8"):
        bidirectional.backward(np.zeros((6, 2, 4)), tape, (PARAMS, PARAMS))
    with pytest.raises(TypeError, match=r"third result of bidirectional.forward\(\)"):
        bidirectional.backward(None, tape.ahead, (PARAMS, PARAMS))
