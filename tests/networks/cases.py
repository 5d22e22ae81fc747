"""Networks of every kind of layer, and the same written once more, for autograd and complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import lstm_sym as ls
from lstm_sym import networks as nets
from lstm_sym.check.equations import array_functions, run_equations
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
        y = output_by_equations(network, x[:length, b], params, module)
        for t, z in enumerate(y):
            wanted = target[b] if network.pools else target[t, b]
            total = total + loss_of(network.loss, z, wanted, module)
            count += 1
    return total / count


def output_by_equations(network: Network, x: Any, params: Any, module: Any) -> list[Any]:
    """What the network gives out for one sequence, a vector a step; one vector where it pools."""
    functions = array_functions(module)
    values = list(x)
    for layer in network.layers:
        own = {name.partition(".")[2]: value for name, value in params.items() if name.startswith(f"{layer.name}.")}
        if isinstance(layer, Embedding):
            values = [own["E"][word] for word in values]
        elif isinstance(layer, Pooling):
            stacked = module.stack(values)
            values = [{"mean": stacked.mean(axis=0), "max": stacked.max(axis=0), "last": stacked[-1]}[layer.over]]
        elif isinstance(layer, CellLayer):
            values = joined(layer, [one_way(layer, values, own, *way, functions) for way in layer.ways], module)
    return values


def one_way(layer: CellLayer, values: list[Any], own: Any, prefix: str, reverse: bool, functions: Any) -> list[Any]:
    """One direction of a layer, from zeros or what the cell begins with."""
    params = {name: own[prefix + name] for name in layer.cell.parameters}
    sizes = {
        name: value.shape[1]
        for name, value in zip(layer.kernel.State._fields, fresh(layer, len(values[0])), strict=True)
    }
    state = {name: np.full((1, size), layer.cell.initial.get(name, 0.0)) for name, size in sizes.items()}
    order = values[::-1] if reverse else values
    outputs, _ = run_equations(layer.cell, [value.reshape(1, -1) for value in order], params, state, functions)
    outputs = [output[0] for output in outputs]
    return outputs[::-1] if reverse else outputs


def fresh(layer: CellLayer, inputs: int) -> Any:
    """The first state of a layer, for its sizes."""
    params = layer.kernel.init(inputs, layer.size, **layer.sizes)
    return layer.kernel.forward(np.zeros((0, 1, inputs)), params)[1]


def joined(layer: CellLayer, ways: list[list[Any]], module: Any) -> list[Any]:
    """Both directions, step by step."""
    if len(ways) == 1:
        return ways[0]
    join = {
        "concat": lambda u, v: module.concatenate((u, v)),
        "sum": lambda u, v: u + v,
        "mean": lambda u, v: (u + v) / 2,
    }
    return [join[layer.join](u, v) for u, v in zip(*ways, strict=True)]


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
