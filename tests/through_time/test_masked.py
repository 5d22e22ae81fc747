"""A masked array is refused by name; lengths say what its mask said."""

import numpy as np
import pytest

from lstm_sym import through_time
from lstm_sym.kernels import rnn
from lstm_sym.through_time import SequenceError

X = np.random.default_rng(0).standard_normal((6, 2, 3))
PARAMS = rnn.init(3, 4)
DY = np.ones((6, 2, 4))
STATE = rnn.State(h=np.zeros((2, 4)))


def masked(array):
    """The array with its last step masked."""
    mask = np.zeros(np.shape(array), bool)
    mask[-1] = True
    return np.ma.array(array, mask=mask)


def taped():
    return through_time.forward(rnn, X, PARAMS)[2]


def learner(**parts):
    return through_time.RTRL(rnn, **({"params": PARAMS} | parts))


def after_a_step():
    found = learner()
    found.step(X[0])
    return found


CALLS = {
    "x": lambda: through_time.forward(rnn, masked(X), PARAMS),
    "params": lambda: through_time.forward(rnn, X, PARAMS._replace(W=masked(PARAMS.W))),
    "state": lambda: through_time.forward(rnn, X, PARAMS, STATE._replace(h=masked(STATE.h))),
    "lengths": lambda: through_time.forward(rnn, X, PARAMS, lengths=masked(np.array([6, 2]))),
    "dy": lambda: through_time.backward(masked(DY), taped(), PARAMS),
    "dstate": lambda: through_time.backward(DY, taped(), PARAMS, STATE._replace(h=masked(STATE.h))),
    "x of windows": lambda: through_time.truncated(rnn, masked(X), PARAMS, dy=DY, window=2),
    "dy of windows": lambda: through_time.truncated(rnn, X, PARAMS, dy=masked(DY), window=2),
    "x_t": lambda: learner().step(masked(X[0])),
    "params of a learner": lambda: learner(params=PARAMS._replace(W=masked(PARAMS.W))).step(X[0]),
    "dy_t": lambda: after_a_step().gradient(masked(DY[0])),
    "dy of a Hessian": lambda: through_time.hessian(rnn, X, PARAMS, dy=masked(DY)),
    "y": lambda: through_time.last(masked(DY)),
    "d_last": lambda: through_time.last_cotangent(masked(DY[0]), 6),
    r"sequences\[1\]": lambda: through_time.pad([X[:, 0], masked(X[:, 1])]),
    "mask": lambda: through_time.lengths_of(masked(np.ones((6, 2), bool))),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_masked_array_is_refused_by_name(name):
    with pytest.raises(SequenceError, match=f"^{name.split(' of ')[0]}: a masked array"):
        CALLS[name]()


def test_the_lengths_that_the_message_names_are_those_of_the_mask():
    x = masked(X)
    lengths = through_time.lengths_of(~np.ma.getmaskarray(x).any(axis=-1))
    assert lengths.tolist() == [5, 5]
    y = through_time.forward(rnn, x.data, PARAMS, lengths=lengths)[0]
    assert np.array_equal(y[:5], through_time.forward(rnn, X[:5], PARAMS)[0]) and not y[5].any()
