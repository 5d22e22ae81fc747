"""Networks of every kind of layer, and the same written once more, for autograd and complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import lstm_sym as ls
from lstm_sym import networks as nets
from lstm_sym.check.networks.equations import run_network
from lstm_sym.check.result import relative_error
from lstm_sym.networks import CellLayer, Embedding, Network, Pooling, dense

LSTM, GRU = ls.cell("lstm"), ls.cell("gru")
SOFTMAX, LOGISTIC, SQUARED = (nets.LOSSES[name] for name in ("softmax", "logistic", "squared"))

NETWORKS = {
    "one layer": Network((CellLayer("lstm", LSTM, 4),), 3, SQUARED),
    "stacked": Network((CellLayer("low", LSTM, 4), CellLayer("high", GRU, 5), dense("out", 2, "tanh")), 3, SQUARED),
    "both, side by side": Network((CellLayer("lstm", LSTM, 3, direction="both"), dense("out", 2)), 3, LOGISTIC),
    "both, summed": Network((CellLayer("gru", GRU, 3, direction="both", join="sum"), dense("out", 4)), 3, SOFTMAX),
    "both, their mean": Network((CellLayer("rnn", ls.cell("rnn"), 3, direction="both", join="mean"),), 3, SQUARED),
    "backwards": Network((CellLayer("lstm", LSTM, 4, direction="backward"), Pooling("mean", "mean")), 3, SQUARED),
    "words": Network((Embedding("words", 7, 3), CellLayer("lstm", LSTM, 4), dense("out", 7)), loss=SOFTMAX),
    "mean": Network((CellLayer("lstm", LSTM, 4), Pooling("mean", "mean"), dense("out", 1)), 3, LOGISTIC),
    "max": Network((CellLayer("lstm", LSTM, 4), Pooling("pool", "max"), dense("out", 3)), 3, SOFTMAX),
    "last": Network((CellLayer("lstm", LSTM, 4), Pooling("pool", "last"), dense("out", 3)), 3, SOFTMAX),
    "first": Network((CellLayer("gru", GRU, 4, direction="backward"), Pooling("pool", "first")), 3, SQUARED),
    "ends": Network((CellLayer("gru", GRU, 2, direction="both"), Pooling("pool", "ends"), dense("out", 3)), 3, SOFTMAX),
    "projected": Network(
        (CellLayer("p", ls.cell("lstm_projected"), 3, {"C": 5}), CellLayer("lstm", LSTM, 2)), 3, SQUARED
    ),
    "an output of its own": Network((CellLayer("lstm", ls.cell("lstm_output"), 4, {"K": 3}),), 3, LOGISTIC),
    "a state that begins at -inf": Network((CellLayer("slstm", ls.cell("slstm"), 3),), 3, SQUARED),
}
STEPS, BATCH = 6, 4
LENGTHS = np.array([6, 2, 5, 1])


def given(network: Network, seed: int = 0) -> tuple[Any, Any]:
    """Input and target, drawn."""
    rng = np.random.default_rng(seed)
    words = isinstance(network.layers[0], Embedding)
    x = rng.integers(0, 7, (STEPS, BATCH)) if words else rng.standard_normal((STEPS, BATCH, network.inputs))
    shape = (BATCH, network.widths[-1]) if network.pools else (STEPS, BATCH, network.widths[-1])
    if network.loss is SOFTMAX:
        return x, rng.integers(0, shape[-1], shape[:-1])
    return x, rng.random(shape) if network.loss is LOGISTIC else rng.standard_normal(shape)


def loss_by_equations(network: Network, x: Any, target: Any, params: Any, lengths: Any, module: Any) -> Any:
    """The loss, sequence by sequence, the equations run as they are written over this NumPy-like module."""
    total, count = 0.0, 0
    for b, length in enumerate(lengths):
        first = network.fresh(network.init(0), 1)
        sequence = x[:length, b] if x.ndim == 2 else x[:length, b : b + 1]
        y, _ = run_network(network, sequence, params, first, module)
        for t, z in enumerate(y):
            wanted = target[b] if network.pools else target[t, b]
            total = total + loss_of(network.loss, z[0], wanted, module)
            count += 1
    return total / count


def loss_of(loss: Any, z: Any, y: Any, module: Any) -> Any:
    """The loss of one sample, as textbooks define it."""
    if loss is SOFTMAX:
        return -z[y] + module.log(module.sum(module.exp(z)))
    if loss is LOGISTIC:
        p = 1 / (1 + module.exp(-z))
        return -module.sum(y * module.log(p) + (1 - y) * module.log(1 - p))
    return module.sum((z - y) ** 2) / 2


def worst(found: Any, expected: Any) -> float:
    """The largest relative error of an array; of one that is 0 but for rounding (b_i of the sLSTM), to the largest."""
    size = max(np.abs(value).max() for value in expected.values())
    assert found.keys() == expected.keys()
    pairs = [(found[key], expected[key]) for key in found]
    felt = [relative_error(u, v) for u, v in pairs if np.abs(v).max() > 1e-14 * size]
    noise = [np.abs(u).max() / size for u, v in pairs if not np.abs(v).max() > 1e-14 * size]
    return max([*felt, *noise])
