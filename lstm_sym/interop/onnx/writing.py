"""A network as an ONNX model: LSTM, GRU or RNN, a product for a dense layer, a table for an embedding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_sym import __version__
from lstm_sym.interop.conventions import ONNX, from_cell
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.onnx.cells import DEFAULTS, Activation, operator_of
from lstm_sym.interop.onnx.messages import package
from lstm_sym.interop.onnx.nodes import READS, WAYS
from lstm_sym.interop.onnx.recognition import operator_for
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Dropout, Embedding, Layer, Network
from lstm_sym.networks.layer import below

OPERATORS, FORMAT = 14, 8
"""The version of the operators, the first with batches in either axis; and that of the format, which goes with it."""
DENSE = re.compile(r"y\[t\] = (\w+)\(V @ x\[t\]( \+ b)?\)")
FUNCTIONS = {
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "Relu",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "identity": "",
}
"""Function of a dense layer -> operator that applies it; none for the identity."""


def to_onnx(network: Network, params: Mapping[str, Any], *, lengths: bool = False) -> bytes:
    """The bytes of an ONNX model that computes the network: input x (T, B, N), or words (T, B), output y (T, B, M).

    Recurrent layers are LSTM, GRU and RNN, each called as its layer, with states that begin at 0. Dense layers and an
    embedding are written too; dropout is left out, as where a network is used. lengths: whether the model has a second
    input, the steps (B,) of each sequence, as int32.

    Raises InteropError for a layer that ONNX has no operator for, NetworkError for parameters of another network.
    """
    arrays = network.checked("params", params)
    kinds = {value.dtype for value in arrays.values()} or {np.dtype("f4")}
    if len(kinds) != 1 or not kinds <= {np.dtype("f4"), np.dtype("f8")}:
        raise InteropError(
            network.name,
            f"its parameters are of {', '.join(sorted(map(str, kinds)))}",
            "arrays of several types",
            "give all of them as float32, which runtimes compute in, or as float64",
        )
    model = _Model(kinds.pop(), lengths)
    name = "x"
    for layer in network.layers:
        name = _written(model, layer, below(layer.prefix, arrays), name)
    return model.finished(network, name)


class _Model:
    """The nodes and tensors that are written so far."""

    def __init__(self, kind: np.dtype[Any], lengths: bool) -> None:
        self.onnx, self.kind, self.lengths = package(), kind, lengths
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def tensor(self, name: str, value: Array) -> str:
        """Its name, after it is kept."""
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, reads: list[str], gives: str, **settings: Any) -> str:
        """What it gives out, called as it is."""
        helper = self.onnx.helper
        self.nodes.append(helper.make_node(operator, reads, [gives], name=gives, **settings))
        return gives

    def finished(self, network: Network, last: str) -> bytes:
        """The bytes of the model, whose output is called y; the same on every machine."""
        helper, kind = self.onnx.helper, self.onnx.helper.np_dtype_to_tensor_dtype(self.kind)
        words, steps = isinstance(network.layers[0], Embedding), ["steps", "sequences"]
        integers = self.onnx.TensorProto
        x = ("x", integers.INT64, steps) if words else ("x", kind, [*steps, network.inputs])
        inputs = [x, *([("lengths", integers.INT32, ["sequences"])] if self.lengths else [])]
        self.nodes.append(helper.make_node("Identity", [last], ["y"], name="y"))
        graph = helper.make_graph(
            self.nodes,
            network.name,
            [helper.make_tensor_value_info(*one) for one in inputs],
            [helper.make_tensor_value_info("y", kind, [*steps, network.widths[-1]])],
            self.tensors,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPERATORS)],
            ir_version=FORMAT,
            producer_name="lstm_sym",
            producer_version=__version__,
        )
        data: bytes = model.SerializeToString(deterministic=True)
        return data


def _written(model: _Model, layer: Layer, params: Mapping[str, Array], x: str) -> str:
    """The name of what a layer gives out. Raises InteropError for one that is not written."""
    if isinstance(layer, Dropout):
        return x
    if isinstance(layer, Embedding):
        return model.node("Gather", [model.tensor(f"{layer.name}.E", params["E"]), x], f"{layer.name}.y", axis=0)
    if isinstance(layer, CellLayer):
        return _recurrent(model, layer, params, x) if layer.cell.states else _dense(model, layer, params, x)
    raise _refused(layer, f"it is a {type(layer).__name__.lower()} layer", "recurrent, dense and embedding layers")


def _recurrent(model: _Model, layer: CellLayer, params: Mapping[str, Array], x: str) -> str:
    operator = operator_for(layer.cell)
    if operator is None:
        kinds = ", ".join(dict.fromkeys(row.cell for row in ONNX.values()))
        raise _refused(
            layer, f"no operator of ONNX computes its cell, {layer.cell.key}", f"{kinds}, with other functions too"
        )
    if len(layer.ways) > 1 and layer.join != "concat":
        raise _refused(layer, f"its two directions become one as their {layer.join}", "both directions side by side")
    row, name = ONNX[operator.kind], layer.name
    ways = [from_cell(row, below(prefix, params)) for prefix, _ in layer.ways]
    read = {key: model.tensor(f"{name}.{key}", np.stack([way[key] for way in ways])) for key in row.names}
    read |= {"X": x} | ({"sequence_lens": "lengths"} if model.lengths else {})
    kind = operator_of(operator.kind)
    reads = [read.get(role, "") for role in READS[kind]]
    while not reads[-1]:
        reads.pop()
    # The node is called as its layer, and what it gives out is layer.Y.
    settings: dict[str, Any] = {"hidden_size": layer.size} | _settings(
        operator.kind, operator.activations, operator.clip, layer
    )
    model.nodes.append(model.onnx.helper.make_node(kind, reads, [f"{name}.Y"], name=name, **settings))
    if len(ways) == 1:
        axis = model.tensor(f"{name}.axis", np.array([1], np.int64))
        return model.node("Squeeze", [f"{name}.Y", axis], f"{name}.y")
    beside = model.node("Transpose", [f"{name}.Y"], f"{name}.beside", perm=[0, 2, 1, 3])
    return model.node("Reshape", [beside, model.tensor(f"{name}.sizes", np.array([0, 0, -1], np.int64))], f"{name}.y")


def _settings(kind: str, activations: tuple[Activation, ...], clip: float | None, layer: CellLayer) -> dict[str, Any]:
    """The attributes that are not what they are where a file does not say."""
    found: dict[str, Any] = {}
    direction = next(name for name, way in WAYS.items() if way == layer.direction)
    if direction != "forward":
        found["direction"] = direction
    if tuple(map(str, activations)) != DEFAULTS[operator_of(kind)]:
        every = activations * len(layer.ways)
        found["activations"] = [activation.name for activation in every]
        for key in ("alpha", "beta"):
            numbers = [getattr(activation, key) for activation in every]
            if numbers := [number for number in numbers if number is not None]:
                found[f"activation_{key}"] = numbers
    if clip is not None:
        found["clip"] = clip
    return found | dict.fromkeys(
        [name for name, part in (("input_forget", "input_forget"), ("linear_before_reset", "linear")) if part in kind],
        1,
    )


def _dense(model: _Model, layer: CellLayer, params: Mapping[str, Array], x: str) -> str:
    match = DENSE.fullmatch(layer.cell.text)
    if match is None or match[1] not in FUNCTIONS:
        raise _refused(
            layer, "its equations are no dense layer", f"y[t] = f(V @ x[t] + b), f one of {', '.join(FUNCTIONS)}"
        )
    name = layer.name
    found = model.node("MatMul", [x, model.tensor(f"{name}.V", params["V"].T)], f"{name}.product")
    if match[2]:
        found = model.node("Add", [found, model.tensor(f"{name}.b", params["b"])], f"{name}.sum")
    return model.node(FUNCTIONS[match[1]], [found], f"{name}.y") if FUNCTIONS[match[1]] else found


def _refused(layer: Layer, found: str, written: str) -> InteropError:
    return InteropError(f"layer {layer.name}", found, "an operator that ONNX does not have", f"written are: {written}")
