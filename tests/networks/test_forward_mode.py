"""Forward mode against complex steps and against reverse mode; that of `through_time` too."""

from __future__ import annotations

import numpy as np
import pytest
from networks.cases import LENGTHS, NETWORKS, given
from networks.test_episodes import RESET

import lstm_sym as ls
from lstm_sym import through_time
from lstm_sym.check.result import relative_error

STEP = 1e-30


def drawn(arrays, rng):
    return {key: rng.standard_normal(np.shape(value)) for key, value in arrays.items()}


def inner(left, right):
    return sum((left[key] * right[key]).sum() for key in left)


@pytest.mark.parametrize("reset", [None, RESET], ids=["sequences", "episodes"])
@pytest.mark.parametrize("name", NETWORKS)
def test_forward_mode_is_the_adjoint_of_reverse_mode(name, reset):
    """<dy, y_dot> + <dstate, last_dot> = <gradients, directions>."""
    network, rng = NETWORKS[name], np.random.default_rng(6)
    if network.pools and reset is not None:
        return
    params, (x, _) = network.init(1), given(network)
    _, last, _ = network.forward(x, params)
    state = {key: np.where(np.isfinite(value), 0.1 * value, value) for key, value in last.items()}
    y, last, tape = network.forward(x, params, state, lengths=LENGTHS, reset=reset, precise=True)
    dy, dstate = rng.standard_normal(y.shape), drawn(last, rng)
    grads = network.backward(dy, tape, params, dstate)
    params_dot, state_dot = drawn(params, rng), drawn(state, rng)
    x_dot = None if grads.x is None else rng.standard_normal(x.shape)
    options = {"lengths": LENGTHS, "reset": reset}
    value, y_dot, left, left_dot = network.jvp(
        x, params, state, x_dot=x_dot, params_dot=params_dot, state_dot=state_dot, **options
    )
    assert relative_error(value, y) <= 1e-14 and all(relative_error(left[key], last[key]) <= 1e-14 for key in last)
    forwards = (dy * y_dot).sum() + inner(dstate, left_dot)
    backwards = inner(grads.params, params_dot) + inner(grads.state, state_dot)
    backwards += 0 if x_dot is None else (grads.x * x_dot).sum()
    assert relative_error(forwards, backwards) <= 1e-13


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["lstm", "slstm", "lstm_projected"])
def test_of_a_kernel_it_is_a_complex_step(name, reverse):
    kernel, rng = ls.build(name), np.random.default_rng(2)
    sizes = {"C": 5} if name == "lstm_projected" else {}
    params, x = kernel.init(3, 4, **sizes), rng.standard_normal((6, 4, 3))
    lengths = [6, 2, 0, 5]
    _, state, _ = through_time.forward(kernel, x, params)
    arrays = {"x": x, **params._asdict(), **state._asdict()}
    dots = drawn(arrays, rng)
    moved = {key: value + 1j * STEP * dots[key] for key, value in arrays.items()}

    def fields(kind, values):
        return kind(**{key: values[key] for key in kind._fields})

    y, y_dot, last, last_dot = through_time.jvp(
        kernel,
        x,
        params,
        state,
        x_dot=dots["x"],
        params_dot=fields(kernel.Params, dots),
        state_dot=fields(kernel.State, dots),
        lengths=lengths,
        reverse=reverse,
    )
    stepped, after, _ = through_time.forward(
        kernel,
        moved["x"],
        fields(kernel.Params, moved),
        fields(kernel.State, moved),
        lengths=lengths,
        reverse=reverse,
        precise=True,
    )
    assert relative_error(y, stepped.real) <= 1e-14 and relative_error(y_dot, stepped.imag / STEP) <= 1e-13
    assert all(relative_error(found, value.imag / STEP) <= 1e-13 for found, value in zip(last_dot, after, strict=True))
    assert all(relative_error(found, value.real) <= 1e-14 for found, value in zip(last, after, strict=True))
    assert not y_dot[np.arange(6)[:, None] >= lengths].any()
    side = through_time.jvp(kernel, x.swapaxes(0, 1), params, batch_first=True)
    assert side[1].shape == (4, 6, y.shape[2]) and not side[1].any()
