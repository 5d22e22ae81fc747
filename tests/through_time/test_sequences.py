"""A batch of sequences is each of its sequences by itself; no padding is read, and none is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from through_time.batches import CELLS, LENGTHS, Results, batch, error, named, one_by_one, results, rows

import lstm_sym as ls
from lstm_sym import through_time
from lstm_sym.check import relative_error
from lstm_sym.kernels import henon, lstm
from lstm_sym.through_time import SequenceError

FORMS = pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
WAYS = pytest.mark.parametrize("reverse", [False, True], ids=["ahead", "back"])


def run(kernel, case, **options) -> Results:
    params, state, dstate = named(kernel, case)
    options = {"lengths": LENGTHS} | options
    found = through_time.forward(kernel, case.x, params, state, **options)
    return results(found, through_time.backward(case.dy, found[2], params, dstate))


@FORMS
@WAYS
@pytest.mark.parametrize("name", CELLS)
def test_every_sequence_gives_what_it_gives_alone(name, reverse, precise):
    """y, last state, and the gradients of x, parameters and initial state, with losses of every step and last state."""
    kernel, case = batch(name)
    expected = one_by_one(kernel, case, LENGTHS, reverse=reverse, precise=precise)
    assert error(run(kernel, case, reverse=reverse, precise=precise), expected) <= 1e-13


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    reverse=st.booleans(),
    checkpoint=st.one_of(st.none(), st.just(True), st.integers(1, 12)),
)
def test_any_lengths_in_any_order_in_any_segments(lengths, reverse, checkpoint):
    kernel, case = batch("lstm", lengths=lengths)
    expected = one_by_one(kernel, case, lengths, reverse=reverse)
    assert error(run(kernel, case, lengths=lengths, reverse=reverse, checkpoint=checkpoint), expected) <= 1e-13


@WAYS
def test_padding_is_zero_in_y_and_in_the_gradient_of_x_whatever_stands_there(reverse):
    kernel, case = batch("lstm")
    found = run(kernel, case, reverse=reverse)
    inside = through_time.mask_of(LENGTHS, 9)
    assert np.isnan(case.x[~inside]).all()
    for array in (found.y, found.dx):
        assert (array[~inside] == 0).all()
        assert (array[inside] != 0).all()


@pytest.mark.parametrize("wrong", [(5, 8, 0, 3, 9), (5, 9, 1, 3, 9), (4, 9, 0, 3, 9)])
def test_a_length_that_is_off_by_one_is_noticed_by_the_comparison(wrong):
    kernel, case = batch("lstm")
    case = replace(case, x=np.nan_to_num(case.x), dy=np.nan_to_num(case.dy))
    expected = one_by_one(kernel, case, LENGTHS)
    assert error(run(kernel, case), expected) <= 1e-13
    assert error(run(kernel, case, lengths=wrong), expected) > 1e-3


@WAYS
@pytest.mark.parametrize("part", ["x", "params", "state"])
def test_gradients_by_a_complex_step_through_the_ragged_batch(part, reverse):
    """Im L(p + i h d) / h = <dL/dp, d> along a random d, the loss of every output and of each last state."""
    kernel, case = batch("gru")
    case = replace(case, x=np.nan_to_num(case.x), dy=np.nan_to_num(case.dy))
    params, state, dstate = named(kernel, case)
    given = {"x": (case.x,), "params": params, "state": state}
    direction = [np.random.default_rng(1).standard_normal(value.shape) for value in given[part]]
    shifted = [value + 1e-30j * d for value, d in zip(given[part], direction, strict=True)]
    given[part] = shifted if part == "x" else type(given[part])(*shifted)
    options = {"lengths": LENGTHS, "reverse": reverse, "precise": True}
    y, last, _ = through_time.forward(kernel, given["x"][0], given["params"], given["state"], **options)
    loss = (y * case.dy).sum() + sum((a * b).sum() for a, b in zip(last, dstate, strict=True))
    found = run(kernel, case, **options)
    gradient = {"x": (found.dx,), "params": found.params, "state": found.d_initial}[part]
    slope = sum((g * d).sum() for g, d in zip(gradient, direction, strict=True))
    assert relative_error(slope, loss.imag / 1e-30) <= 1e-12


@WAYS
@pytest.mark.parametrize("checkpoint", [None, True])
def test_batch_first_is_the_same_numbers_in_the_other_layout(reverse, checkpoint):
    kernel, case = batch("lstm")
    swapped = replace(case, x=case.x.swapaxes(0, 1), dy=case.dy.swapaxes(0, 1))
    expected = run(kernel, case, reverse=reverse, checkpoint=checkpoint)
    found = run(kernel, swapped, reverse=reverse, checkpoint=checkpoint, batch_first=True)
    assert found.y.shape == (5, 9, 4)
    assert found.y.flags.c_contiguous
    assert found.dx.flags.c_contiguous
    assert np.array_equal(found.y.swapaxes(0, 1), expected.y)
    assert error(found._replace(y=expected.y, dx=found.dx.swapaxes(0, 1)), expected) == 0


@FORMS
@pytest.mark.parametrize("lengths", [None, [9, 9, 9, 9, 9]])
def test_sequences_of_one_length_are_the_kernel_itself_to_the_last_bit(lengths, precise):
    kernel, case = batch("lstm", lengths=(9,) * 5)
    params, state, dstate = named(kernel, case)
    whole = kernel.forward(case.x, params, state, precise=precise)
    expected = results(whole, kernel.backward(case.dy, whole[2], params, dstate))
    assert error(run(kernel, case, lengths=lengths, precise=precise), expected) == 0


@WAYS
def test_reversed_sequences_are_reversed_within_their_own_lengths(reverse):
    kernel, case = batch("gru")
    turned = replace(
        case, x=through_time.reverse_within(case.x, LENGTHS), dy=through_time.reverse_within(case.dy, LENGTHS)
    )
    left, right = run(kernel, case, reverse=reverse), run(kernel, turned, reverse=not reverse)
    y, dx = (through_time.reverse_within(array, LENGTHS) for array in (right.y, right.dx))
    assert error(right._replace(y=y, dx=dx), left) <= 1e-14


def test_a_loss_of_the_last_steps_alone():
    """L = <last(y), d> has the gradient of dy = last_cotangent(d), and for a state that is given out, of dstate = d."""
    kernel, case = batch("rnn")
    params, state, dstate = named(kernel, case)
    y, last, tape = through_time.forward(kernel, case.x, params, state, lengths=LENGTHS)
    nonempty = np.array(LENGTHS) > 0
    assert np.array_equal(through_time.last(y, LENGTHS)[nonempty], last.h[nonempty])
    dy = through_time.last_cotangent(dstate.h, 9, LENGTHS)
    by_output = through_time.backward(dy, tape, params)
    by_state = through_time.backward(None, tape, params, dstate)
    assert all(relative_error(*pair) <= 1e-14 for pair in zip(by_output.params, by_state.params, strict=True))
    assert relative_error(by_output.x, by_state.x) <= 1e-14


@pytest.mark.parametrize("name", CELLS)
def test_step_repeated_and_pieces_joined_are_forward(name):
    """Streaming: the state handed on is all that a later step needs of the earlier ones."""
    kernel, case = batch(name, lengths=(9, 9))
    params, state, _ = named(kernel, case)
    y, last, _ = through_time.forward(kernel, case.x, params, state)
    streamed, carried = [], state
    for x_t in case.x:
        y_t, carried = kernel.step(x_t, carried, params)
        streamed.append(y_t)
    first, middle, _ = through_time.forward(kernel, case.x[:4], params, state)
    second, end, _ = through_time.forward(kernel, case.x[4:], params, middle)
    assert relative_error(np.array(streamed), y) <= 1e-13
    assert relative_error(np.concatenate((first, second)), y) <= 1e-13
    for a, b, c in zip(last, carried, end, strict=True):
        assert max(relative_error(b, a), relative_error(c, a)) <= 1e-13


@WAYS
@pytest.mark.parametrize(("steps", "lengths"), [(0, (0, 0)), (4, (0, 0)), (4, ()), (0, ())])
def test_where_no_step_is_the_state_and_its_cotangent_pass_through(steps, lengths, reverse):
    kernel, case = batch("lstm", steps=steps, lengths=lengths)
    _, state, dstate = named(kernel, case)
    for checkpoint in (None, True, 3):
        found = run(kernel, case, lengths=list(lengths), reverse=reverse, checkpoint=checkpoint)
        assert found.y.shape == (steps, len(lengths), 4)
        assert found.dx.shape == (steps, len(lengths), 2)
        assert not found.y.any() and not found.dx.any() and not any(value.any() for value in found.params)
        assert all(map(np.array_equal, found.last + found.d_initial, state + dstate))


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.complex128], ids=lambda dtype: dtype.__name__)
def test_the_dtype_is_kept(dtype):
    kernel, case = batch("lstm")
    fields = {
        part: {k: v.astype(dtype) for k, v in getattr(case, part).items()} for part in ("params", "state", "dstate")
    }
    single = replace(case, x=case.x.astype(dtype), dy=case.dy.astype(dtype), **fields)
    for checkpoint in (None, True):
        found = run(kernel, single, checkpoint=checkpoint)
        assert {a.dtype for a in (found.y, found.dx, *found.last, *found.d_initial, *found.params)} == {np.dtype(dtype)}
        assert relative_error(found.y, run(kernel, case).y) <= 1e-5
        assert max(map(relative_error, found.params, run(kernel, case).params)) <= 1e-5


def big_endian(array):
    return array.astype(">f8")


def strided(array):
    wide = np.full([2 * size for size in array.shape], np.nan)
    every_second = tuple(slice(None, None, 2) for _ in array.shape)
    wide[every_second] = array
    return wide[every_second]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def changed(case, change):
    """The same case with every array changed."""
    parts = {part: {k: change(v) for k, v in getattr(case, part).items()} for part in ("params", "state", "dstate")}
    return replace(case, x=change(case.x), dy=change(case.dy), **parts)


@WAYS
@pytest.mark.parametrize(
    "change", [big_endian, strided, read_only, np.asfortranarray], ids=lambda change: change.__name__
)
def test_the_layout_in_memory_changes_nothing(change, reverse):
    kernel, case = batch("lstm")
    assert error(run(kernel, changed(case, change), reverse=reverse), run(kernel, case, reverse=reverse)) <= 1e-15


@pytest.mark.parametrize("options", [{}, {"checkpoint": 2}, {"reverse": True}, {"lengths": None}])
def test_no_input_is_modified_and_no_memory_of_one_handed_out(options):
    kernel, case = batch("lstm")
    given = [case.x, case.dy, *case.params.values(), *case.state.values(), *case.dstate.values()]
    before = [array.tobytes() for array in given]
    found = run(kernel, case, **options)
    assert [array.tobytes() for array in given] == before
    for array in (found.y, found.dx, *found.last, *found.d_initial, *found.params):
        assert not any(np.shares_memory(array, one) for one in given)


def test_no_state_and_one_cotangent_mean_zeros():
    kernel, case = batch("lstm")
    params = named(kernel, case)[0]
    zeros = kernel.State(*np.zeros((2, 5, 4)))
    by_default = through_time.forward(kernel, case.x, params, lengths=LENGTHS)
    explicit = through_time.forward(kernel, case.x, params, zeros, lengths=LENGTHS)
    assert np.array_equal(by_default[0], explicit[0])
    expected = through_time.backward(case.dy, explicit[2], params, zeros)
    assert all(map(np.array_equal, through_time.backward(case.dy, by_default[2], params).params, expected.params))


def test_equal_sequences_at_any_place_of_the_batch_give_equal_results():
    kernel, case = batch("lstm", lengths=(4, 9, 4))
    params, state, _ = named(kernel, case)
    case.x[:, 2] = case.x[:, 0]
    state = kernel.State(*(value[[0, 1, 0]] for value in state))
    y, last, _ = through_time.forward(kernel, case.x, params, state, lengths=(4, 9, 4))
    assert np.array_equal(y[:, 0], y[:, 2])
    assert all(np.array_equal(*map(np.ravel, (rows(last, 0)[k], rows(last, 2)[k]))) for k in (0, 1))


def test_progress_counts_steps_up_to_the_last():
    kernel, case = batch("rnn", steps=2500, lengths=(2500, 700))
    told = []
    params = named(kernel, case)[0]
    _, _, tape = through_time.forward(
        kernel, case.x, params, lengths=(2500, 700), progress=lambda *counts: told.append(counts)
    )
    assert told[-1] == (2500, 2500)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert max(np.diff([0, *(done for done, _ in told)])) <= 1000
    again = []
    through_time.backward(case.dy, tape, params, progress=lambda *counts: again.append(counts))
    assert again[-1] == (2500, 2500)
    assert len(again) == len(told)


# ------------------------------------------------------------------------------------------------ refusals

PARAMS = lstm.init(3, 4)
X = np.zeros((6, 2, 3))


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([6, 7], r"lengths\[1\]: 7, one of 1 outside 0 to 6"),
        ([-1, 7], r"lengths\[0\]: -1, one of 2 outside 0 to 6"),
        ([3], r"shape \(1,\) .* where 2 integers belong"),
        (6, r"shape \(\) .* where 2 integers belong"),
        ([3.0, 4.0], "dtype float64, where 2 integers belong"),
        ([True, False], "dtype bool"),
        (np.ones((6, 2), bool), r"shape \(6, 2\)[\s\S]*lengths_of\(mask\)"),
    ],
)
def test_lengths_that_cannot_be_are_refused(lengths, words):
    with pytest.raises(SequenceError, match=words):
        through_time.forward(lstm, X, PARAMS, lengths=lengths)


@pytest.mark.parametrize("checkpoint", [0, -1, 2.5, "yes"])
def test_a_number_of_segments_that_cannot_be_is_refused(checkpoint):
    with pytest.raises(SequenceError, match=r"checkpoint: .*number of segments belongs"):
        through_time.forward(lstm, X, PARAMS, checkpoint=checkpoint)


def test_sequences_without_the_axis_of_the_batch_are_refused():
    with pytest.raises(SequenceError, match=r"x: an array of shape \(6, 3\), where \(T, B, size\) belongs"):
        through_time.forward(lstm, X[:, 0], PARAMS)
    with pytest.raises(SequenceError, match=r"where \(B, T, size\) belongs"):
        through_time.forward(lstm, X[0], PARAMS, batch_first=True)


def test_a_list_of_ragged_sequences_is_told_about_pad():
    with pytest.raises(SequenceError, match=r"different lengths[\s\S]*pad\(sequences\)"):
        through_time.forward(lstm, [[[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]], PARAMS)


def test_what_the_kernel_refuses_it_refuses_here_and_says_where_the_0_comes_from():
    with pytest.raises(ValueError, match=r"x has shape \(0, 2, 5\); expected .* D = 3") as caught:
        through_time.forward(lstm, np.zeros((6, 2, 5)), PARAMS)
    assert "x is of shape (6, 2, 5)" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match=r"x has dtype int64.*astype\(np.float64\)"):
        through_time.forward(lstm, X.astype(np.int64), PARAMS)
    with pytest.raises(ValueError, match=r"state.h has shape \(3, 4\)"):
        through_time.forward(lstm, X, PARAMS, lstm.State(*np.zeros((2, 3, 4))))


def test_cotangents_of_another_shape_are_refused_in_the_layout_of_the_caller():
    tape = through_time.forward(lstm, X, PARAMS)[2]
    with pytest.raises(SequenceError, match=r"dy: .* \(5, 2, 4\), where \(T, B, H\) = \(6, 2, 4\) belongs"):
        through_time.backward(np.zeros((5, 2, 4)), tape, PARAMS)
    with pytest.raises(SequenceError, match=r"\(2, 4\)"):
        through_time.backward(np.zeros((2, 4)), tape, PARAMS)
    tape = through_time.forward(lstm, X.swapaxes(0, 1), PARAMS, batch_first=True)[2]
    with pytest.raises(SequenceError, match=r"\(6, 2, 4\), where \(B, T, H\) = \(2, 6, 4\) belongs"):
        through_time.backward(np.zeros((6, 2, 4)), tape, PARAMS)
    with pytest.raises(ValueError, match=r"dstate.h has shape \(3, 4\)"):
        through_time.backward(None, tape, PARAMS, lstm.State(*np.zeros((2, 3, 4))))


def test_no_loss_is_refused():
    tape = through_time.forward(lstm, X, PARAMS)[2]
    with pytest.raises(SequenceError, match="both are None") as caught:
        through_time.backward(None, tape, PARAMS)
    assert "dstate = dL/d(last state)" in caught.value.fix


@pytest.mark.parametrize(
    "kernel", ["lstm", ls.cell("lstm"), None, lstm.Params], ids=["a name", "a cell", "none", "a type"]
)
def test_what_is_no_kernel_is_refused(kernel):
    for call in (
        lambda: through_time.forward(kernel, X, PARAMS),
        lambda: through_time.truncated(kernel, X, PARAMS, dy=X, window=2),
        lambda: through_time.rtrl(kernel, X, PARAMS, dy=X),
        lambda: through_time.RTRL(kernel, PARAMS),
        lambda: through_time.hessian(kernel, X, PARAMS, dy=X),
        lambda: through_time.bidirectional.forward(kernel, X, (PARAMS, PARAMS)),
    ):
        with pytest.raises(SequenceError, match=r"kernel: .*no (forward|hvp)") as caught:
            call()
        assert "lstm_sym.build(cell)" in caught.value.fix


def test_a_cell_without_an_input_is_told_the_shape_of_its_x():
    with pytest.raises(SequenceError, match="x: None") as caught:
        through_time.forward(henon, None, henon.Params())
    assert "(T, B, 0)" in caught.value.fix
    x = np.empty((4, 2, 0))
    assert through_time.forward(henon, x, henon.Params(), henon.State(*np.zeros((2, 2, 3))))[0].shape == (4, 2, 3)


def test_the_tape_of_the_kernel_is_refused():
    _, _, tape = lstm.forward(X, PARAMS)
    with pytest.raises(TypeError, match=r"third result of through_time.forward\(\)"):
        through_time.backward(None, tape, PARAMS)


def test_an_error_survives_the_way_back_from_a_worker_process():
    import pickle

    again = pickle.loads(pickle.dumps(SequenceError("where", "found", "why", "fix")))
    assert str(again) == "where: found\n  usual cause: why\n  fix: fix"
