"""What cannot be measured is refused: what stands where, why that happens, how to fix it."""

import numpy as np
import pytest

from lstm_sym import build, parse
from lstm_sym.flow import FlowError, input_sensitivity, record, state_sensitivity, time_map
from lstm_sym.flow.theory import gate_product
from lstm_sym.kernels import lstm, rnn

X = np.random.default_rng(0).standard_normal((20, 2, 3))
NAN = X.copy()
NAN[7, 1, 2] = np.nan
CONSTANT = X.copy()
CONSTANT[:, 1] = 0.5
PARAMS = rnn.init(3, 4)


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        (NAN, {}, ["rnn, x", "nan at [7, 1, 2]", "one of 1"]),
        (np.where(X > 1, np.inf, X), {}, ["inf", "not finite"]),
        (CONSTANT, {}, ["sequence 1", "same at each of its 20 steps"]),
        (X[:6], {"lags": 6}, ["6 steps", "a lag of 6", "at least 7 steps"]),
        (X, {"lags": 0}, ["0 lags"]),
        (X, {"ends": 0}, ["0 end points", "1 to 15"]),
        (X, {"ends": 16}, ["16 end points"]),
        (X, {"ends": []}, ["ends of shape (0,)"]),
        (X, {"ends": [5.5]}, ["float64"]),
        (X, {"ends": [4, 10]}, ["the end point 4", "5 to 19"]),
        (X, {"ends": [10, 20, -1]}, ["the end point 20", "one of 2"]),
        (X[:, 0, 0], {}, ["shape (20,)", "x[:, np.newaxis]"]),
        (X[:, :0], {}, ["shape (20, 0, 3)"]),
        (X + 1j, {}, ["complex128"]),
        (X, {"norm": "nuclear"}, ["'nuclear'", "frobenius, spectral"]),
        (X, {"output": "c"}, ["'c'", "the cell carries h"]),
        (X, {"params": PARAMS._replace(U=PARAMS.U * np.nan)}, ["params.U", "nan at [0, 0]", "one of 16"]),
        (X, {"params": PARAMS._replace(U=PARAMS.U * 1j)}, ["params.U", "complex128"]),
    ],
)
def test_a_bad_request_is_refused_by_name(x, options, words):
    given = {"params": PARAMS, "lags": 5} | options
    with pytest.raises(FlowError) as refusal:
        input_sensitivity(record(rnn, given.pop("params"), x), **given)
    message = str(refusal.value)
    assert all(word in message for word in [*words, "usual cause: ", "fix: "]), message


def test_a_state_that_overflows_is_refused_with_its_step():
    kernel = build(parse("h[t] = U @ h[t-1] + W @ x[t]"))
    params = kernel.Params(U=1e200 * np.eye(2), W=np.ones((2, 3)))
    with pytest.raises(FlowError, match="step 2 of sequence 0: the state is no longer a finite number"):
        input_sensitivity(record(kernel, params, X), lags=5)


def test_a_hidden_state_that_overflows_is_refused_with_its_step():
    kernel = build(parse("c[t] = u * c[t-1] * c[t-1] + W @ x[t]\nh[t] = tanh(W @ x[t] + k * h[t-1])"))
    params = kernel.Params(W=np.ones((2, 3)), k=np.ones(2), u=np.full(2, 1e200))
    with pytest.raises(FlowError, match=r"step \d+ of sequence 0: a Jacobian of this step is not a finite number"):
        input_sensitivity(record(kernel, params, X[:, :1]), lags=5)


def test_an_output_that_is_no_state_is_refused_until_a_state_is_named():
    kernel = build(parse("h[t] = tanh(W @ x[t] + U @ h[t-1])\ny[t] = sigmoid(V @ h[t])", sizes={"y": "K"}))
    params = kernel.Params(W=np.ones((4, 3)), U=np.eye(4), V=np.ones((2, 4)))
    with pytest.raises(FlowError, match="none of its states, h"):
        input_sensitivity(record(kernel, params, X), lags=5)
    assert input_sensitivity(record(kernel, params, X), lags=5, output="h").output == "h"


def test_units_that_are_cut_off_are_refused_instead_of_minus_infinity():
    kernel = build(parse("h[t] = relu(W @ x[t] + U @ h[t-1] + b)"))
    params = kernel.init(3, 4, b=-100.0)
    with pytest.raises(FlowError, match=r"d h\[19\] / d x\[19\] is exactly 0"):
        input_sensitivity(record(kernel, params, X), lags=5)


def test_a_slope_below_every_float_is_refused_instead_of_minus_infinity():
    params = PARAMS._replace(b=np.full(4, 400.0))
    with pytest.raises(FlowError, match="pre-activation is beyond 370"):
        input_sensitivity(record(rnn, params, X), lags=5)


def test_a_slope_just_above_the_smallest_float_is_measured():
    params = PARAMS._replace(b=np.full(4, 330.0))
    profile = input_sensitivity(record(rnn, params, X), lags=5)
    assert np.isfinite(profile.log_norms).all()
    assert profile.median()[5] < 6 * -600


def test_a_state_that_another_does_not_depend_on_is_refused():
    with pytest.raises(FlowError, match=r"d h\[19\] / d c\[19\] is exactly 0"):
        state_sensitivity(record(lstm, lstm.init(3, 4), X), lags=5, output="h", source="c")


def test_an_error_survives_the_way_back_from_a_worker_process():
    import pickle

    error = FlowError("where", "found", "why", "fix")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "where: found\n  usual cause: why\n  fix: fix"


def test_a_state_that_is_not_a_number_is_refused_and_integers_are_taken():
    state = lstm.State(np.zeros((1, 4)), np.full((1, 4), np.nan))
    with pytest.raises(FlowError, match=r"state\.c: the value nan"):
        record(lstm, lstm.init(3, 4), X[:, :1], state=state)
    whole = lstm.State(np.zeros((1, 4), int), np.ones((1, 4), int))
    assert record(lstm, lstm.init(3, 4), X[:, :1], state=whole).last.h.dtype == np.float64


def test_what_a_cell_gives_out_does_not_depend_on_the_values():
    """The readout is 0 at the last step, as h is; it is no state all the same."""
    kernel = build(parse("h[t] = relu(W @ x[t] + u * h[t-1])\ny[t] = relu(V @ h[t])"))
    params = kernel.init(3, 4, H_y=4)._replace(W=np.zeros((4, 3)))
    with pytest.raises(FlowError, match="the cell gives out y, which is none of its states, h"):
        input_sensitivity(record(kernel, params, X), lags=5)


def test_equations_may_come_from_a_generator():
    run = record(lstm, lstm.init(3, 4), X)
    given = state_sensitivity(run, lags=5, through=(name for name in "ifgoc"))
    np.testing.assert_allclose(given.log_norms, state_sensitivity(run, lags=5).log_norms, rtol=0, atol=1e-13)


@pytest.mark.parametrize("norm", ["2", "bogus", ""])
def test_a_norm_of_another_name_is_refused_wherever_one_is_named(norm):
    run = record(lstm, lstm.init(3, 4), X)
    product = gate_product(run, lags=5, ends=2)
    for measure in (
        lambda: time_map(run, norm=norm),
        lambda: input_sensitivity(run, lags=5, norm=norm),
        lambda: product.log_norms(norm),
        lambda: product.overlay(norm),
    ):
        with pytest.raises(FlowError, match="give one of frobenius, spectral"):
            measure()
