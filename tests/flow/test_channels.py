"""Single components of the input: columns of the whole, alone or several, in every measure that takes them."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.kernels import henon, lstm
from lstm_sym.networks import Network, Recurrence, dense
from lstm_sym.networks.cell_layer import CellLayer

T, D, H = 14, 6, 4
X = np.random.default_rng(0).standard_normal((T, 2, D))
PARAMS = lstm.init(D, H, rng=np.random.default_rng(1))
RUN = flow.record(lstm, PARAMS, X)
ENDS = {"lags": 6, "ends": [9, 13]}


def gap(found, wanted):
    return np.abs(found - wanted).max()


def test_the_norm_of_one_component_is_that_of_its_complex_step():
    """|d logit[T] / d x_k[t]|, one row and one channel: the gradient itself."""
    readout = np.random.default_rng(2).standard_normal(H)
    for k in range(D):
        found = flow.input_sensitivity(RUN, readout=readout, channels=[k], lags=6, ends=[13])
        assert (found.source, found.output) == (f"x_{k}", "readout")
        for lag in range(7):
            x = X.astype(complex)
            x[13 - lag, :, k] += 1e-30j
            wanted = np.abs(lstm.forward(x, PARAMS, precise=True)[0][-1].imag @ readout) / 1e-30
            assert gap(found.log_norms[:, lag], np.log(wanted)) < 1e-12


@pytest.mark.parametrize("measure", [flow.input_sensitivity, flow.unit_sensitivity])
def test_the_channels_together_are_the_whole(measure):
    one, rest = measure(RUN, channels=[2], **ENDS), measure(RUN, channels=[0, 1, 3, 4, 5], **ENDS)
    whole = measure(RUN, **ENDS)
    assert gap(np.logaddexp(2 * one.log_norms, 2 * rest.log_norms) / 2, whole.log_norms) < 1e-13
    assert gap(measure(RUN, channels=range(D), **ENDS).log_norms, whole.log_norms) == 0
    assert gap(one.log_norms, whole.log_norms) > 0.1


def test_a_map_of_one_channel():
    found = flow.time_map(RUN, first=4, sequence=1, channels=[3])
    assert found.source == "x_3"
    for row in range(1, 10):
        profile = flow.input_sensitivity(RUN, lags=row, ends=[4 + row], channels=[3])
        assert gap(found.log_norms[row, : row + 1][::-1], profile.log_norms[1]) < 1e-12


def test_more_than_four_channels_have_a_short_name():
    named = [flow.input_sensitivity(RUN, channels=of, **ENDS).source for of in ([1, 2], [0, 1, 2, 3, 5], np.array([4]))]
    assert named == ["x_1,2", "x_0,..,5", "x_4"]


def test_channels_of_a_network():
    network = Network((CellLayer("low", ls.cell("gru"), 3), dense("out", 2, "tanh")), D)
    kernel = Recurrence(network, output_is_a_state=True)
    run = flow.record(kernel, kernel.Params(**network.init(0)), X)
    found = flow.input_sensitivity(run, readout=[0.0, 1.0], channels=[5], lags=4, ends=[13])
    dy = np.zeros((T, 2, 2))
    dy[-1, :, 1] = 1
    y, _, tape = network.forward(X, run.params._asdict(), precise=True)
    wanted = np.abs(network.backward(dy, tape, run.params._asdict()).x[:-6:-1, :, 5].T)
    assert gap(found.log_norms, np.log(wanted)) < 1e-12 and y.shape[2] == 2


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ([6], r"channels: \[6\], of 6 inputs"),
        ([-1], r"channels: \[-1\]"),
        ([], r"channels: \[\]"),
        (2, "channels: 2, of"),
        ([0.5], "give a list of numbers from 0 to 5"),
        (["price"], "price"),
        ([[0], [1, 2]], "channels"),
        (np.ma.masked_greater([1, 2], 1), "masked"),
    ],
)
def test_channels_that_are_not_there_are_refused(channels, words):
    for measure in (flow.input_sensitivity, flow.unit_sensitivity):
        with pytest.raises(flow.FlowError, match=words):
            measure(RUN, channels=channels, **ENDS)
    with pytest.raises(flow.FlowError, match=words):
        flow.time_map(RUN, channels=channels)


def test_channels_are_those_of_the_input():
    with pytest.raises(flow.FlowError, match="channels of 'c'"):
        flow.time_map(RUN, source="c", channels=[0])
    run = flow.record(henon, henon.init(0, 2), steps=9, state=henon.State(*np.full((2, 1, 2), 0.1)))
    with pytest.raises(flow.FlowError, match="of 0 inputs"):
        flow.input_sensitivity(run, lags=3, ends=1, channels=[0])
