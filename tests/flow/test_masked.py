"""A masked array is refused wherever one can be given: NumPy would compute on with what lies below the mask."""

import numpy as np
import pytest

from lstm_sym import flow
from lstm_sym.flow import FlowError
from lstm_sym.flow.runs.feedback import closed_loop
from lstm_sym.flow.theory import fisher_memory
from lstm_sym.kernels import rnn

X = np.random.default_rng(0).standard_normal((30, 1, 4))
PARAMS = rnn.init(4, 4)
RUN = flow.record(rnn, PARAMS, X)
STATE = rnn.State(h=np.zeros((1, 4)))


def masked(array):
    """The array with its first entry masked."""
    mask = np.zeros(np.shape(array), bool)
    mask.flat[0] = True
    return np.ma.array(array, mask=mask)


HALF = masked(np.full(4, 0.5))
CALLS = {
    "x": lambda: flow.record(rnn, PARAMS, masked(X)),
    "W": lambda: flow.record(rnn, PARAMS._replace(W=masked(PARAMS.W)), X),
    "h": lambda: flow.record(rnn, PARAMS, X, state=STATE._replace(h=masked(STATE.h))),
    "ends": lambda: flow.input_sensitivity(RUN, lags=5, ends=masked(np.array([10, 20]))),
    "matrix of step 0": lambda: flow.growth_rates([masked(np.eye(2))] * 20),
    "matrix of step 1": lambda: flow.singular_spectrum([np.eye(2), masked(np.eye(2))]),
    "cotangent of shares": lambda: flow.gate_shares(RUN, first=2, last=9, cotangent=HALF),
    "tangent": lambda: flow.gate_shares(RUN, first=2, last=9, tangent=HALF),
    "cotangent of contributions": lambda: flow.contributions(RUN, lags=5, cotangent=HALF),
    "cotangent of a rounded gradient": lambda: flow.rounded_gradient(RUN, "float16", lags=5, cotangent=HALF),
    "cotangent of samples": lambda: flow.signal_to_noise(RUN, lags=5, cotangent=HALF),
    "feedback": lambda: closed_loop(rnn, PARAMS, masked(np.eye(4)), STATE, 20),
    "state": lambda: flow.unfold(rnn, PARAMS, X, hidden="h", state=STATE._replace(h=masked(STATE.h))),
    "params": lambda: flow.unfold(rnn, PARAMS._replace(W=masked(PARAMS.W)), X, hidden="h"),
    "log_sensitivity": lambda: flow.Unfolded("m", masked(np.zeros((3, 5)))),
    "forget": lambda: flow.Unfolded("m", np.zeros((3, 5)), {"forget": masked(np.ones(5))}),
    "log_norms": lambda: flow.Profile("m", masked(np.zeros((1, 5))), np.zeros((1, 2)), np.zeros(1), "h", "x", "f"),
    "U": lambda: fisher_memory(masked(0.5 * np.eye(3)), np.ones(3), lags=5),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_masked_array_is_refused_by_name(name):
    with pytest.raises(FlowError, match=f"{name.split(' of ')[0]}.*: a masked array"):
        CALLS[name]()


def test_an_array_that_masks_nothing_is_one_like_any_other():
    found = flow.record(rnn, PARAMS, np.ma.array(X))
    assert type(found.x) is np.ndarray and np.array_equal(found.x, X)
