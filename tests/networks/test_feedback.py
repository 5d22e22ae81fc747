"""A network that reads its own output, through output layers that are no states: the closed map by complex steps."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.check.result import relative_error
from lstm_sym.flow.runs.feedback import closed_jacobians
from lstm_sym.kernels import lstm_output
from lstm_sym.networks import CellLayer, Network, Recurrence, dense

LSTM, GRU = CellLayer("low", ls.cell("lstm"), 4), CellLayer("high", ls.cell("gru"), 3)
NETWORKS = {
    "a dense layer": Network((LSTM, dense("out", 3, "tanh")), 2),
    "two layers and a dense one": Network((LSTM, GRU, dense("out", 3, "sigmoid")), 2),
    "lstm_output": Network((CellLayer("cell", ls.cell("lstm_output"), 4, {"K": 3}),), 2),
    "qrnn": Network((CellLayer("cell", ls.cell("qrnn"), 3),), 2),
    "sru": Network((CellLayer("cell", ls.cell("sru"), 2),), 2),
    "a state": Network((LSTM, GRU), 2),
}
STEPS = 12


def loop(name):
    """The network, its kernel, parameters, F and a closed run from a state that is drawn, the output with it."""
    network = NETWORKS[name]
    kernel = Recurrence(network, output_is_a_state=True)
    rng = np.random.default_rng(5)
    params = kernel.Params(**{key: 2 * value for key, value in network.init(4).items()})
    _, last, _ = kernel.forward(np.zeros((0, 2, 2)), params)
    start = kernel.State(*(rng.standard_normal(part.shape) for part in last))
    feedback = rng.standard_normal((2, getattr(last, kernel.OUTPUT).shape[1]))
    run = flow.closed_loop(kernel, params, feedback, start, STEPS)
    assert all(np.array_equal(kept, given) for kept, given in zip(run.starts[0], start, strict=True))
    return network, kernel, params, feedback, run


def closed_step(network, kernel, params, feedback, flat, sizes):
    """The closed map on (states, output), by the network's own forward pass: (n, S) -> (n, S), complex too."""
    parts = dict(zip(kernel.State._fields, np.split(flat, np.cumsum(sizes)[:-1], axis=1), strict=True))
    x = parts[kernel.OUTPUT] @ feedback.T
    own = {key: value for key, value in parts.items() if not (kernel.adds and key == kernel.OUTPUT)}
    y, last, _ = network.forward(x[None], params._asdict(), own, precise=True)
    return np.concatenate([*last.values(), *([y[0]] if kernel.adds else [])], axis=1)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_closed_jacobian_is_that_of_the_closed_map(name):
    network, kernel, params, feedback, run = loop(name)
    map_ = network, kernel, params, feedback
    state = np.concatenate(run.starts[0], axis=1)
    for t, found in enumerate(closed_jacobians(run, feedback)):
        assert relative_error(run.x[t], state[:, run.columns(kernel.OUTPUT)] @ feedback.T) <= 1e-13
        for sequence in range(2):
            moved = np.repeat(state[sequence : sequence + 1], run.width, axis=0) + 1e-30j * np.eye(run.width)
            wanted = closed_step(*map_, moved, run.sizes).imag.T / 1e-30
            assert relative_error(found[sequence], wanted) <= 1e-13
        state = closed_step(*map_, state, run.sizes)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_change_of_the_start_is_the_product_of_the_closed_jacobians(name):
    network, kernel, params, feedback, run = loop(name)
    state = np.concatenate(run.starts[0], axis=1)[:1] + 1e-30j * np.eye(run.width)
    product = np.eye(run.width)
    for jacobian in closed_jacobians(run, feedback):
        state = closed_step(network, kernel, params, feedback, state, run.sizes)
        product = jacobian[0] @ product
    assert relative_error(product, state.imag.T / 1e-30) <= 1e-12


def test_exponents_of_a_loop_through_an_output_layer():
    network, kernel, params, feedback, _ = loop("a dense layer")
    run = flow.closed_loop(kernel, params, feedback, None, 200)
    assert not run.x[0].any() and run.x[1].any()
    found = flow.lyapunov(run, feedback=feedback)
    by_hand = flow.growth_rates([matrix[0] for matrix in closed_jacobians(run, feedback)], burn_in=20)
    np.testing.assert_array_equal(found.exponents, by_hand.exponents)
    driven = flow.lyapunov(run)
    assert found.exponents.shape == (11,) and abs(found.exponents[0] - driven.exponents[0]) > 1e-3
    assert network.layers[-1].cell.states == ()


def test_a_kernel_whose_output_is_no_state_is_told_how_to_close_the_loop():
    with pytest.raises(flow.FlowError, match=r"networks.Recurrence\(network, output_is_a_state=True\)"):
        flow.closed_loop(lstm_output, lstm_output.init(2, 4, K=3), np.ones((2, 3)), None, 5)
