"""Values and gradients of networks against their equations, run one by one over autograd and complex numbers."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from networks.cases import BATCH, LENGTHS, NETWORKS, STEPS, given, loss_by_equations, worst

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.networks import CellLayer, Network, Pooling

every_network = pytest.mark.parametrize("name", NETWORKS)


@every_network
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["of one length", "of different lengths"])
@pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
def test_loss_and_gradients_are_those_of_the_equations(name, lengths, precise):
    network = NETWORKS[name]
    params, (x, target) = network.init(1), given(network)
    value, grads, _ = network.value_and_grad(x, target, params, lengths=lengths, precise=precise)
    steps = np.full(BATCH, STEPS) if lengths is None else lengths

    def loss(params):
        return loss_by_equations(network, x, target, params, steps, anp)

    assert relative_error(value, loss(params)) <= 1e-13
    assert grads.params.keys() == network.shapes.keys()
    assert worst(grads.params, autograd.grad(loss)(params)) <= 1e-12


@every_network
def test_the_gradient_of_the_input_and_the_state_is_a_complex_step(name):
    """Along one direction at once: dL = <dx, x_dot> + <dstate, state_dot>."""
    network, rng, step = NETWORKS[name], np.random.default_rng(3), 1e-30
    params, (x, target) = network.init(2), given(network)
    _, _, last = network.value_and_grad(x, target, params, lengths=LENGTHS)
    state = {key: np.where(np.isfinite(v), 0.1 * rng.standard_normal(v.shape), v) for key, v in last.items()}
    _, grads, _ = network.value_and_grad(x, target, params, state, lengths=LENGTHS)
    along = {key: rng.standard_normal(value.shape) for key, value in state.items()}
    moved = {key: value + 1j * step * along[key] for key, value in state.items()}
    expected = sum((grads.state[key] * along[key]).sum() for key in along)
    x_moved = x
    if grads.x is not None:
        x_dot = rng.standard_normal(x.shape)
        x_moved, expected = x + 1j * step * x_dot, expected + (grads.x * x_dot).sum()
    value, _, _ = network.value_and_grad(x_moved, target, params, moved, lengths=LENGTHS)
    assert relative_error(value.imag / step, expected) <= 1e-12


@every_network
def test_a_loss_of_the_last_state_is_sent_back(name):
    """dstate is the cotangent of the state after the last steps, as `forward` names it."""
    network, rng, step = NETWORKS[name], np.random.default_rng(4), 1e-30
    params, (x, _) = network.init(2), given(network)
    _, last, tape = network.forward(x, params, lengths=LENGTHS)
    dstate = {key: rng.standard_normal(value.shape) for key, value in last.items()}
    grads = network.backward(None, tape, params, dstate)
    along = {key: rng.standard_normal(value.shape) for key, value in params.items()}
    moved = {key: value + 1j * step * along[key] for key, value in params.items()}
    _, found, _ = network.forward(x, moved, lengths=LENGTHS)
    with np.errstate(invalid="ignore"):
        expected = sum(np.nansum(dstate[key] * found[key].imag) for key in dstate) / step
    got = sum((grads.params[key] * along[key]).sum() for key in along)
    assert relative_error(got, expected) <= 1e-12


@every_network
def test_batch_first_is_the_same_seen_from_the_side(name):
    network = NETWORKS[name]
    params, (x, target) = network.init(1), given(network)
    value, grads, _ = network.value_and_grad(x, target, params, lengths=LENGTHS)
    side = target if network.pools else target.swapaxes(0, 1)
    other, others, _ = network.value_and_grad(x.swapaxes(0, 1), side, params, lengths=LENGTHS, batch_first=True)
    assert relative_error(value, other) <= 1e-14
    assert worst(grads.params, others.params) <= 1e-12
    assert grads.x is None or relative_error(grads.x, others.x.swapaxes(0, 1)) <= 1e-13


@every_network
def test_padding_changes_nothing_and_has_no_gradient(name):
    network = NETWORKS[name]
    params, (x, target) = network.init(1), given(network)
    padding = np.arange(STEPS)[:, None] >= LENGTHS
    other = np.where(padding if x.ndim == 2 else padding[..., None], 10**6, x)
    runs = [network.value_and_grad(values, target, params, lengths=LENGTHS) for values in (x, other)]
    assert runs[0][0] == runs[1][0]
    assert all(np.array_equal(runs[0][1].params[key], runs[1][1].params[key]) for key in params)
    assert runs[0][1].x is None or not runs[0][1].x[padding].any()


def test_a_pool_of_the_ends_is_the_last_state_of_each_direction() -> None:
    """Where Keras and others say the last step of two directions, they mean this."""
    layer = CellLayer("gru", ls.cell("gru"), 2, direction="both")
    lengths, x = np.array([6, 2, 5, 1]), np.random.default_rng(0).standard_normal((6, 4, 3))
    params = Network((layer,), 3).init(0)
    _, state, _ = Network((layer,), 3).forward(x, params, lengths=lengths)
    y, _, _ = Network((layer, Pooling("pool", "ends")), 3).forward(x, params, lengths=lengths)
    assert np.array_equal(y, np.concatenate((state["gru.ahead.h"], state["gru.back.h"]), axis=-1))
    back = CellLayer("gru", ls.cell("gru"), 2, direction="backward")
    own = {name.replace("back.", ""): value for name, value in params.items() if "back" in name}
    y, state, _ = Network((back, Pooling("pool", "first")), 3).forward(x, own, lengths=lengths)
    assert np.array_equal(y, state["gru.h"])
