"""Real-time recurrent learning gives the gradients of backpropagation through time, at every step."""

from __future__ import annotations

import numpy as np
import pytest
from through_time.batches import CELLS, LENGTHS, batch, named, one_by_one
from through_time.immediate import ByDefinition

from lstm_sym import through_time
from lstm_sym.check import relative_error
from lstm_sym.kernels import lstm
from lstm_sym.through_time import RTRL, SequenceError

PARAMS = lstm.init(3, 4)


def run(kernel, case, **options):
    params, state, dstate = named(kernel, case)
    return through_time.rtrl(kernel, case.x, params, state, dy=case.dy, dstate=dstate, **options)


@pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
@pytest.mark.parametrize("name", CELLS)
def test_the_gradients_are_those_of_backpropagation(name, precise):
    """Of parameters and initial state, for losses of every step and of the last state, several sequences in a batch."""
    kernel, case = batch(name, steps=5, lengths=(5, 5, 5), hidden=3)
    params, state, dstate = named(kernel, case)
    y, last, tape = kernel.forward(case.x, params, state, precise=precise)
    expected = kernel.backward(case.dy, tape, params, dstate)
    found_y, found_last, found = run(kernel, case, precise=precise)
    assert relative_error(found_y, y) <= 1e-13
    assert max(map(relative_error, found_last, last)) <= 1e-13
    assert type(found.params) is type(params)
    for parameter in params._fields:
        left, right = (getattr(grads.params, parameter) for grads in (found, expected))
        assert relative_error(left, right) <= 1e-12, parameter
    assert max(map(relative_error, found.state, expected.state)) <= 1e-12


@pytest.mark.parametrize("name", ["lstm", "readout"])
def test_the_gradient_of_each_step_is_that_of_its_own_loss(name):
    kernel, case = batch(name, steps=6, lengths=(6, 6))
    params, state, dstate = named(kernel, case)
    learner = RTRL(kernel, params, state)
    for t in range(6):
        y_t = learner.step(case.x[t])
        y, last, tape = kernel.forward(case.x[: t + 1], params, state)
        dy = np.zeros_like(y)
        dy[t] = case.dy[t]
        assert relative_error(y_t, y[t]) <= 1e-13
        assert max(map(relative_error, learner.state, last)) <= 1e-13
        for given in (None, dstate):
            found, expected = learner.gradient(case.dy[t], given), kernel.backward(dy, tape, params, given)
            assert max(map(relative_error, found.params, expected.params)) <= 1e-12
            assert max(map(relative_error, found.state, expected.state)) <= 1e-12


@pytest.mark.parametrize("name", ["gru", "lstm", "readout", "projected"])
def test_sequences_of_different_lengths_give_what_each_gives_alone(name):
    kernel, case = batch(name)
    expected = one_by_one(kernel, case, LENGTHS)
    y, last, found = run(kernel, case, lengths=LENGTHS)
    assert relative_error(y, expected.y) <= 1e-13
    assert max(map(relative_error, last, expected.last)) <= 1e-13
    assert max(map(relative_error, found.params, expected.params)) <= 1e-12
    assert max(map(relative_error, found.state, expected.d_initial)) <= 1e-12


@pytest.mark.parametrize("rows", [[2, 0], slice(1, 3), np.array([True, False, True])], ids=str)
def test_sequences_that_have_ended_are_let_go(rows):
    kernel, case = batch("lstm", steps=4, lengths=(4, 4, 4))
    params, state, _ = named(kernel, case)
    learner = RTRL(kernel, params, state)
    for x_t in case.x[:2]:
        learner.step(x_t)
    learner.keep(rows)
    with pytest.raises(SequenceError, match=r"none since keep\(\)"):
        learner.gradient()
    for x_t in case.x[2:]:
        learner.step(x_t[rows])
    found = learner.gradient(case.dy[3][rows])
    chosen = kernel.State(*(value[rows] for value in state))
    dy = np.zeros_like(case.dy[:, rows])
    dy[3] = case.dy[3][rows]
    expected = kernel.backward(dy, kernel.forward(case.x[:, rows], params, chosen)[2], params)
    assert max(map(relative_error, found.params, expected.params)) <= 1e-12
    assert max(map(relative_error, found.state, expected.state)) <= 1e-12


def test_over_many_steps_a_vanishing_gradient_keeps_its_digits():
    """dh[T]/dh[0] over 200 steps, far below 1e-16."""
    kernel, case = batch("rnn", steps=200, lengths=(200,))
    params, state, _ = named(kernel, case)
    case.dy[:-1] = 0
    expected = kernel.backward(case.dy, kernel.forward(case.x, params, state, precise=True)[2], params)
    found = through_time.rtrl(kernel, case.x, params, state, dy=case.dy, precise=True)[2]
    assert 0 < np.abs(expected.state.h).max() < 1e-20
    assert relative_error(found.state.h, expected.state.h) <= 1e-12
    assert max(map(relative_error, found.params, expected.params)) <= 1e-12


@pytest.mark.parametrize("name", CELLS)
def test_the_immediate_influence_of_the_kernel_is_that_of_its_definition(name):
    kernel, case = batch(name, steps=1, lengths=(1, 1), hidden=3)
    params, state, _ = named(kernel, case)
    defined = ByDefinition(kernel)
    tape = defined.forward(case.x, params, state)[2]
    found, expected = (used.parameter_jacobian(tape, params, 0) for used in (kernel, defined))
    assert max(map(relative_error, found, expected)) <= 1e-13


class Wrong(ByDefinition):
    """A kernel one of whose Jacobians is wrong."""

    def __init__(self, kernel, factor, which):
        super().__init__(kernel)
        self.factor, self.which = factor, which

    def jacobian(self, tape, params, t):
        return self.kernel.jacobian(tape, params, t) * (self.factor if self.which == "jacobian" else 1)

    def parameter_jacobian(self, tape, params, t):
        found = super().parameter_jacobian(tape, params, t)
        return type(found)(*(value * (self.factor if self.which == "immediate" else 1) for value in found))


@pytest.mark.parametrize("factor", [0, 2, -1])
@pytest.mark.parametrize("which", ["jacobian", "immediate"])
def test_a_wrong_jacobian_is_noticed_by_the_comparison(which, factor):
    kernel, case = batch("lstm", steps=4, lengths=(4, 4))
    params, state, dstate = named(kernel, case)
    expected = kernel.backward(case.dy, kernel.forward(case.x, params, state)[2], params, dstate)
    right, wrong = (
        through_time.rtrl(used, case.x, params, state, dy=case.dy, dstate=dstate)[2]
        for used in (ByDefinition(kernel), Wrong(kernel, factor, which))
    )
    assert max(map(relative_error, right.params, expected.params)) <= 1e-12
    assert max(map(relative_error, wrong.params, expected.params)) > 1e-3


def test_parameters_may_be_exchanged_as_the_stream_runs():
    """The influence then holds each step's Jacobians at the parameters of that step."""
    kernel, case = batch("rnn", steps=3, lengths=(3,))
    params, state, _ = named(kernel, case)
    others = type(params)(*(1.5 * value for value in params))
    learner = RTRL(kernel, params, state)
    learner.step(case.x[0])
    learner.params = others
    learner.step(case.x[1])
    found = learner.gradient(case.dy[1])
    _, middle, first = kernel.forward(case.x[:1], params, state)
    second = kernel.backward(case.dy[1:2], kernel.forward(case.x[1:2], others, middle)[2], others)
    before = kernel.backward(np.zeros_like(case.dy[:1]), first, params, second.state)
    assert max(map(relative_error, found.params, map(np.add, second.params, before.params))) <= 1e-12
    assert max(map(relative_error, found.state, before.state)) <= 1e-12


def test_a_step_that_is_refused_leaves_everything_as_it_was():
    kernel, case = batch("lstm", steps=3, lengths=(3, 3))
    params, state, _ = named(kernel, case)
    interrupted, straight = (RTRL(kernel, params, state) for _ in range(2))
    for x_t in case.x:
        with pytest.raises(ValueError, match="x has shape"):
            interrupted.step(x_t[:, :1])
        assert np.array_equal(interrupted.step(x_t), straight.step(x_t))
    found, expected = (learner.gradient(case.dy[2]) for learner in (interrupted, straight))
    assert all(map(np.array_equal, found.params + found.state, expected.params + expected.state))


def test_batch_first_is_the_same_numbers_in_the_other_layout():
    kernel, case = batch("gru", steps=4, lengths=(4, 4, 4))
    params, state, dstate = named(kernel, case)
    y, _, expected = run(kernel, case)
    x, dy = case.x.swapaxes(0, 1), case.dy.swapaxes(0, 1)
    options = {"dy": dy, "dstate": dstate, "batch_first": True}
    found_y, _, found = through_time.rtrl(kernel, x, params, state, **options)
    assert np.array_equal(found_y.swapaxes(0, 1), y)
    assert all(map(np.array_equal, found.params + found.state, expected.params + expected.state))


@pytest.mark.parametrize("steps", [0, 1])
def test_of_no_step_or_one_the_gradients_are_those_of_the_kernel(steps):
    kernel, case = batch("lstm", steps=steps, lengths=(steps, steps))
    params, state, dstate = named(kernel, case)
    expected = kernel.backward(case.dy, kernel.forward(case.x, params, state)[2], params, dstate)
    y, last, found = run(kernel, case)
    assert y.shape == (steps, 2, 4)
    assert all(map(np.array_equal, found.params + found.state, expected.params + expected.state)) or steps
    assert max(map(relative_error, found.params + found.state, expected.params + expected.state)) <= 1e-14
    assert all(map(np.array_equal, last, kernel.forward(case.x, params, state)[1]))


def test_of_no_sequence_gradients_are_zero():
    kernel, case = batch("lstm", steps=3, lengths=())
    params = named(kernel, case)[0]
    y, _, found = through_time.rtrl(kernel, case.x, params, dy=case.dy)
    assert y.shape == (3, 0, 4)
    assert [value.shape for value in found.params] == [value.shape for value in params]
    assert not any(value.any() for value in found.params)


def test_the_dtype_is_kept():
    params = lstm.init(3, 4, dtype=np.float32)
    x, dy = np.ones((3, 2, 3), np.float32), np.ones((3, 2, 4), np.float32)
    y, last, grads = through_time.rtrl(lstm, x, params, dy=dy)
    assert {array.dtype for array in (y, *last, *grads.params, *grads.state)} == {np.dtype(np.float32)}


def test_progress_counts_every_step():
    told = []
    x, dy = np.ones((3, 2, 3)), np.ones((3, 2, 4))
    through_time.rtrl(lstm, x, PARAMS, dy=dy, progress=lambda *counts: told.append(counts))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_influence_beyond_the_memory_allowed_is_refused_before_it_is_made():
    """3 * 8 bytes * B S (N + S): B = 2, S = 8, N = 128."""
    needed = 3 * 8 * 2 * 8 * (128 + 8)
    assert sum(value.size for value in PARAMS) == 128
    RTRL(lstm, PARAMS, memory=needed).step(np.zeros((2, 3)))
    words = r"0\.0 MiB for the influence of 128 parameters on 8 state components in a batch of 2[\s\S]*truncated\(\)"
    with pytest.raises(SequenceError, match=words):
        RTRL(lstm, PARAMS, memory=needed - 1).step(np.zeros((2, 3)))
    large = lstm.init(256, 512)
    with pytest.raises(SequenceError, match=r"36936\.0 MiB .* where 2048\.0 MiB are allowed"):
        RTRL(lstm, large).step(np.zeros((1, 256)))


def test_a_gradient_before_the_first_step_and_one_of_another_shape_are_refused():
    learner = RTRL(lstm, PARAMS)
    with pytest.raises(SequenceError, match=r"no step has been taken[\s\S]*call step\(x_t\) first"):
        learner.gradient(np.zeros((2, 4)))
    learner.step(np.zeros((2, 3)))
    with pytest.raises(SequenceError, match=r"dy_t: .* \(2, 5\), where \(B, H\) = \(2, 4\) belongs"):
        learner.gradient(np.zeros((2, 5)))
    with pytest.raises(SequenceError, match="x_t"):
        learner.step(np.zeros(3))
    with pytest.raises(ValueError, match=r"x has shape \(1, 2, 5\)"):
        learner.step(np.zeros((2, 5)))


def test_no_loss_is_refused():
    x = np.ones((3, 2, 3))
    with pytest.raises(SequenceError, match="both are None"):
        through_time.rtrl(lstm, x, PARAMS, dy=None)
    learner = RTRL(lstm, PARAMS)
    learner.step(x[0])
    with pytest.raises(SequenceError, match="dy_t, dstate: both are None"):
        learner.gradient()


@pytest.mark.parametrize("rows", [[0, 5], [True, False], np.ones(4, bool), 1, "all"], ids=str)
def test_rows_that_are_none_of_the_batch_are_refused_and_leave_it_as_it_was(rows):
    learner = RTRL(lstm, PARAMS)
    learner.step(np.ones((3, 3)))
    with pytest.raises(SequenceError, match="rows: ") as caught:
        learner.keep(rows)
    assert "choose of the 3 sequences" in caught.value.fix
    assert learner.gradient(np.ones((3, 4))).params.b_o.any()
