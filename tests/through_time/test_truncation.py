"""BPTT(h; h') carries the errors of the last h' steps back over the last h, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from through_time.batches import LENGTHS, batch, error, named, one_by_one, results, rows

from lstm_sym import through_time
from lstm_sym.check import relative_error
from lstm_sym.kernels import lstm, rnn
from lstm_sym.through_time import SequenceError

PARAMS = lstm.init(3, 4)
X = np.zeros((6, 2, 3))


def truncated(kernel, case, **options):
    params, state, dstate = named(kernel, case)
    y, last, grads = through_time.truncated(kernel, case.x, params, state, dy=case.dy, dstate=dstate, **options)
    return results((y, last, None), grads)


@pytest.mark.parametrize(("window", "every"), [(9, 1), (9, 4), (9, 9), (100, 2), (100, 100)])
@pytest.mark.parametrize("name", ["rnn", "lstm", "readout", "projected"])
def test_a_window_of_all_steps_is_full_backpropagation(name, window, every):
    kernel, case = batch(name)
    expected = one_by_one(kernel, case, LENGTHS)
    assert error(truncated(kernel, case, window=window, every=every, lengths=LENGTHS), expected) <= 1e-13


@pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
@pytest.mark.parametrize("name", ["rnn", "lstm", "readout", "projected"])
def test_outputs_and_last_states_are_exact_however_short_the_window(name, precise):
    kernel, case = batch(name)
    found = truncated(kernel, case, window=3, every=2, lengths=LENGTHS, precise=precise)
    expected = one_by_one(kernel, case, LENGTHS, precise=precise)
    assert relative_error(found.y, expected.y) <= 1e-13
    assert max(map(relative_error, found.last, expected.last)) <= 1e-13


def by_definition(kernel, case, lengths, window, every):
    """The errors of each step by themselves through the full network, cut where their window ends: dL/dx[s]."""
    params, state, dstate = named(kernel, case)
    total = np.zeros_like(case.x)
    for row, length in enumerate(lengths):
        initial = kernel.State(*(value[row : row + 1] for value in state))
        _, _, tape = kernel.forward(case.x[:length, row : row + 1], params, initial)
        for step in range(length):
            end = min(-(-(step + 1) // every) * every, length)
            dy = np.zeros((length, 1, case.dy.shape[2]))
            dy[step, 0] = case.dy[step, row]
            ending = kernel.State(*(value[row : row + 1] * (step == length - 1) for value in dstate))
            reached = slice(max(0, end - window), None)
            total[reached, row][: length - reached.start] += kernel.backward(dy, tape, params, ending).x[reached, 0]
    return total


@pytest.mark.parametrize("lengths", [(9, 9, 9, 9, 9), LENGTHS])
@pytest.mark.parametrize(("window", "every"), [(1, 1), (3, 3), (4, 1), (5, 3), (8, 2), (4, 4), (30, 7)])
def test_the_gradient_of_the_input_is_that_of_the_definition(window, every, lengths):
    kernel, case = batch("lstm", lengths=lengths)
    case = replace(case, x=np.nan_to_num(case.x), dy=np.nan_to_num(case.dy))
    expected = by_definition(kernel, case, lengths, window, every)
    found = truncated(kernel, case, window=window, every=every, lengths=lengths)
    assert relative_error(found.dx, expected) <= 1e-13


@pytest.mark.parametrize(("window", "every"), [(1, 1), (3, 3), (4, 1), (5, 3), (8, 2), (4, 4), (30, 7)])
@pytest.mark.parametrize("name", ["rnn", "lstm", "readout", "projected"])
def test_a_batch_gives_the_sum_of_what_its_sequences_give_alone(name, window, every):
    kernel, case = batch(name)
    together = truncated(kernel, case, window=window, every=every, lengths=LENGTHS)
    params, state, dstate = named(kernel, case)
    total = kernel.Params(*map(np.zeros_like, params))
    for row, length in enumerate(LENGTHS):
        alone = slice(row, row + 1)
        y, last, grads = through_time.truncated(
            *(kernel, case.x[:length, alone], params, rows(state, row)),
            **{"dy": case.dy[:length, alone], "dstate": rows(dstate, row), "window": window, "every": every},
        )
        total = kernel.Params(*map(np.add, total, grads.params))
        assert relative_error(together.y[:length, alone], y) <= 1e-13
        assert relative_error(together.dx[:length, alone], grads.x) <= 1e-13
        assert max(map(relative_error, rows(together.last, row), last)) <= 1e-13
        assert max(map(relative_error, rows(together.d_initial, row), grads.state)) <= 1e-13
    assert max(map(relative_error, together.params, total)) <= 1e-13


@pytest.mark.parametrize(("window", "every"), [(4, 1), (5, 3), (8, 2), (4, 4)])
def test_gradients_of_parameters_are_credited_to_the_same_steps(window, every):
    """In an RNN whose W is the identity dL/dx[s] = da[s], and dW = sum da x', dU = sum da h[-1]', db = sum da."""
    kernel, case = batch("rnn", lengths=(9, 9), inputs=4)
    case.params["W"][...] = np.eye(4)
    da = by_definition(kernel, case, (9, 9), window, every)
    found = truncated(kernel, case, window=window, every=every)
    before = np.concatenate((case.state["h"][None], found.y[:-1]))
    assert relative_error(found.params.b, da.sum(axis=(0, 1))) <= 1e-13
    assert relative_error(found.params.W, np.einsum("tbi,tbj->ij", da, case.x)) <= 1e-13
    assert relative_error(found.params.U, np.einsum("tbi,tbj->ij", da, before)) <= 1e-13


def test_a_short_window_differs_from_full_backpropagation():
    kernel, case = batch("lstm")
    expected = one_by_one(kernel, case, LENGTHS)
    assert error(truncated(kernel, case, window=8, every=8, lengths=LENGTHS), expected) > 1e-6


def test_the_initial_state_feels_what_is_within_a_window_of_it():
    kernel, case = batch("lstm", lengths=(9,))
    case.dy[:2] = 0
    near, far = (truncated(kernel, case, window=window, every=2).d_initial for window in (4, 2))
    assert all(value.any() for value in near)
    assert not any(value.any() for value in far)


def test_errors_may_be_computed_from_the_outputs_as_they_come():
    kernel, case = batch("gru", lengths=(9, 9))
    params, state, _ = named(kernel, case)
    seen = []

    def errors(steps, y):
        seen.append(steps)
        return y - case.dy[steps]

    y, last, grads = through_time.truncated(kernel, case.x, params, state, dy=errors, window=5, every=2)
    given = through_time.truncated(kernel, case.x, params, state, dy=y - case.dy, window=5, every=2)
    assert seen == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8), slice(8, 9)]
    assert error(results((y, last, None), grads), results(given, given[2])) <= 1e-14


@pytest.mark.parametrize("by_function", [False, True])
def test_batch_first_is_the_same_numbers_in_the_other_layout(by_function):
    kernel, case = batch("lstm")
    expected = truncated(kernel, case, window=4, every=2, lengths=LENGTHS)
    swapped = replace(case, x=case.x.swapaxes(0, 1), dy=case.dy.swapaxes(0, 1))
    if by_function:
        swapped = replace(swapped, dy=lambda steps, y: case.dy.swapaxes(0, 1)[:, steps] + 0 * y)
    found = truncated(kernel, swapped, window=4, every=2, lengths=LENGTHS, batch_first=True)
    found = found._replace(y=found.y.swapaxes(0, 1), dx=found.dx.swapaxes(0, 1))
    assert error(found, expected) <= 1e-15


@pytest.mark.parametrize(("steps", "lengths"), [(0, (0, 0)), (4, (0, 0)), (4, ())])
def test_where_no_step_is_the_state_and_its_cotangent_pass_through(steps, lengths):
    kernel, case = batch("lstm", steps=steps, lengths=lengths)
    _, state, dstate = named(kernel, case)
    found = truncated(kernel, case, window=3, lengths=list(lengths))
    assert found.y.shape == (steps, len(lengths), 4)
    assert not found.dx.any() and not any(value.any() for value in found.params)
    assert all(map(np.array_equal, found.last + found.d_initial, state + dstate))


def test_the_dtype_is_kept():
    x = np.ones((7, 2, 3), np.float32)
    params = rnn.init(3, 4, dtype=np.float32)
    y, last, grads = through_time.truncated(rnn, x, params, dy=np.ones((7, 2, 4), np.float32), window=3, every=2)
    assert {array.dtype for array in (y, *last, grads.x, *grads.params, *grads.state)} == {np.dtype(np.float32)}


def test_progress_counts_steps_up_to_the_last():
    told = []
    through_time.truncated(
        lstm, X, PARAMS, dy=np.ones((6, 2, 4)), window=4, every=4, progress=lambda *counts: told.append(counts)
    )
    assert told == [(4, 6), (6, 6)]


@pytest.mark.parametrize(("window", "every"), [(2, 3), (0, None), (4, 0), (2.0, 1), (-1, -1)])
def test_windows_that_leave_steps_out_are_refused(window, every):
    with pytest.raises(SequenceError, match="1 <= every <= window"):
        through_time.truncated(lstm, X, PARAMS, dy=np.ones((6, 2, 4)), window=window, every=every)


def test_errors_of_another_shape_are_refused_by_their_steps():
    with pytest.raises(SequenceError, match=r"dy: .* \(6, 2, 5\), where \(T, B, H\) = \(6, 2, 4\)"):
        through_time.truncated(lstm, X, PARAMS, dy=np.zeros((6, 2, 5)), window=4)
    with pytest.raises(SequenceError, match=r"dy\(slice\(4, 6\), y\): .* \(4, 2, 4\), where .* \(2, 2, 4\)"):
        through_time.truncated(lstm, X, PARAMS, dy=lambda steps, y: np.zeros((4, 2, 4)), window=4)
    with pytest.raises(ValueError, match=r"dstate.h has shape \(1, 4\)"):
        through_time.truncated(lstm, X, PARAMS, dy=None, window=4, dstate=lstm.State(*np.zeros((2, 1, 4))))


def test_no_loss_is_refused():
    with pytest.raises(SequenceError, match="both are None"):
        through_time.truncated(lstm, X, PARAMS, dy=None, window=4)
    with pytest.raises(SequenceError, match=r"dy\(slice\(0, 4\), y\): None") as caught:
        through_time.truncated(lstm, X, PARAMS, dy=lambda steps, y: None, window=4)
    assert "return" in caught.value.fix
    ending = lstm.State(*np.ones((2, 2, 4)))
    assert through_time.truncated(lstm, X, PARAMS, dy=None, dstate=ending, window=4)[2].params.b_f.any()
