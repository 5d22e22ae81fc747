"""States that start anew in mid-sequence, and states that are carried from one window to the next."""

from __future__ import annotations

import numpy as np
import pytest
from networks.cases import BATCH, LENGTHS, NETWORKS, STEPS, given, worst

from lstm_sym.check.result import relative_error
from lstm_sym.networks import NetworkError

RESET = np.random.default_rng(8).random((STEPS, BATCH)) < 0.4
SEQUENCES = {name: network for name, network in NETWORKS.items() if not network.pools}
CAUSAL = {
    n: w for n, w in SEQUENCES.items() if all(getattr(layer, "direction", "forward") == "forward" for layer in w.layers)
}


def starts_of(sequence: int, length: int) -> list[int]:
    return [t for t in range(length) if t == 0 or RESET[t, sequence]]


@pytest.mark.parametrize("name", SEQUENCES)
def test_episodes_are_what_they_are_alone(name):
    """Output and gradients of each stretch between two resets are those of a sequence that is nothing but it."""
    network = SEQUENCES[name]
    params, (x, _) = network.init(1), given(network)
    dy = np.random.default_rng(1).standard_normal((STEPS, BATCH, network.widths[-1]))
    y, _, tape = network.forward(x, params, lengths=LENGTHS, reset=RESET)
    grads = network.backward(dy, tape, params)
    total = dict.fromkeys(params, 0.0)
    for b, length in enumerate(LENGTHS):
        starts = starts_of(b, length)
        for start, stop in zip(starts, [*starts[1:], length], strict=True):
            own = slice(start, stop), slice(b, b + 1)
            alone, _, taped = network.forward(x[own], params)
            assert relative_error(y[own], alone) <= 1e-14
            back = network.backward(dy[own], taped, params)
            total = {key: total[key] + back.params[key] for key in total}
            assert grads.x is None or relative_error(grads.x[own], back.x) <= 1e-13
    assert worst(grads.params, total) <= 1e-12
    assert not y[np.arange(STEPS)[:, None] >= LENGTHS].any()


@pytest.mark.parametrize("name", CAUSAL)
def test_two_windows_are_one_where_the_state_is_carried(name):
    network = CAUSAL[name]
    params, (x, _) = network.init(1), given(network)
    whole, last, _ = network.forward(x, params)
    first, state, _ = network.forward(x[:2], params)
    second, end, _ = network.forward(x[2:], params, state)
    assert relative_error(np.concatenate((first, second)), whole) <= 1e-14
    assert all(relative_error(end[key], last[key]) <= 1e-14 for key in last)


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_state_enters_where_its_sequence_begins_and_not_anew(name):
    """What enters at a reset does not matter, and has no gradient; what enters elsewhere has a complex step's."""
    network, rng, step = SEQUENCES[name], np.random.default_rng(2), 1e-30
    params, (x, _) = network.init(1), given(network)
    _, last, _ = network.forward(x, params)
    state = {key: 0.1 * rng.standard_normal(value.shape) for key, value in last.items()}
    y, _, tape = network.forward(x, params, state, lengths=LENGTHS, reset=RESET)
    dy = rng.standard_normal(y.shape)
    dstate = {key: rng.standard_normal(value.shape) for key, value in last.items()}
    grads = network.backward(dy, tape, params, dstate)
    along = {key: rng.standard_normal(value.shape) for key, value in state.items()}
    moved = {key: value + 1j * step * along[key] for key, value in state.items()}
    y, last, _ = network.forward(x, params, moved, lengths=LENGTHS, reset=RESET)
    expected = (dy * y.imag).sum() + sum((dstate[key] * last[key].imag).sum() for key in last)
    assert relative_error(sum((grads.state[key] * along[key]).sum() for key in along), expected / step) <= 1e-12
    if name in CAUSAL:
        assert all(not value[RESET[0]].any() for value in grads.state.values())


@pytest.mark.parametrize(
    ("reset", "found"),
    [
        (RESET.astype(int), "dtype int64"),
        (RESET[:-1], r"\(5, 4\)"),
        (RESET.T, r"\(4, 6\)"),
    ],
    ids=["numbers", "too few", "axes exchanged"],
)
def test_a_mask_that_does_not_fit_is_refused(reset, found):
    network = NETWORKS["stacked"]
    with pytest.raises(NetworkError, match=found):
        network.forward(given(network)[0], network.init(), reset=reset)


def test_one_vector_a_sequence_and_episodes_do_not_go_together():
    network = NETWORKS["mean"]
    with pytest.raises(NetworkError, match="give the episodes as sequences"):
        network.forward(given(network)[0], network.init(), reset=RESET)
