"""Readouts that are functions: where they are called, and what they may give."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.networks import CellLayer, Network, Recurrence, dense, sensitivity_map

D = 2


def test_a_readout_that_is_a_function_sees_the_end_points_of_each_sequence_alone():
    network = Network((CellLayer("low", ls.cell("lstm"), 3, direction="both"), dense("z", 2)), D)
    params, x = network.init(0), np.random.default_rng(0).standard_normal((9, 2, D))

    def direction(y):
        assert np.isfinite(y).all() and y.any(axis=-1).all()
        return (y / np.linalg.norm(y, axis=-1, keepdims=True))[:, None, :]

    together = sensitivity_map(network, params, x, lengths=[9, 4], readout=direction)
    alone = sensitivity_map(network, params, x[:4, 1:], readout=direction)
    own = together.ends[:, 1] == 1
    assert np.allclose(together.log_norms[own][:, :4], alone.log_norms, rtol=1e-12)


def test_one_row_an_end_point_is_not_read_as_a_matrix():
    network = Network((CellLayer("low", ls.cell("lstm"), 3, direction="both"), dense("z", 2)), D)
    with pytest.raises(flow.FlowError, match="one row for each of 3"):
        sensitivity_map(network, network.init(0), np.ones((9, 1, D)), ends=[2, 4, 6], readout=lambda y: 2 * y)
    stacked = Network((CellLayer("low", ls.cell("lstm"), 4), CellLayer("high", ls.cell("gru"), 5)), D)
    kernel, x = Recurrence(stacked), np.random.default_rng(0).standard_normal((9, 2, D))
    run = flow.record(kernel, kernel.Params(**stacked.init(0)), x)
    with pytest.raises(flow.FlowError, match="one row for each of 2"):
        flow.input_sensitivity(run, lags=2, ends=2, readout=lambda s: 2 * getattr(s, "high.h"))
