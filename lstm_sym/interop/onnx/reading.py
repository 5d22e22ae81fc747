"""An ONNX file as arrays, and as the network of its recurrent nodes."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.model import Model, ReadLayer, model_of
from lstm_sym.interop.onnx.constants import Constants
from lstm_sym.interop.onnx.folds import FOLDS
from lstm_sym.interop.onnx.graphs import Graph, all_graphs, operators
from lstm_sym.interop.onnx.layers import initial_state, layers_of
from lstm_sym.interop.onnx.messages import RECURRENT, model_of_bytes
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.interop.onnx.stacks import Link, chain, check_order, listed, recurrent_nodes
from lstm_sym.interop.onnx.tensors import TEXT, array_of
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer


def of_bytes(data: bytes, where: str) -> dict[str, Array]:
    """The initialisers of an ONNX file by name, those of inner graphs below the names of the nodes that hold them.

    Text is left out. Raises InteropError as `array_of` does.
    """
    graph = Graph(model_of_bytes(data, where).graph)
    return {
        f"{inner.path}{name}": array_of(tensor, where)
        for inner in all_graphs(graph)
        for name, tensor in inner.tensors.items()
        if tensor.data_type != TEXT
    }


def network_of(data: bytes, where: str, *, name: str, node: str | None = None) -> Model:
    """The network of the recurrent nodes of an ONNX file, from below; `node` is the highest of them.

    Raises InteropError: no recurrent node, or several that are not above each other; weights that are no constants, do
    not fit or are not finite; numbers that no cell may hold.
    """
    graph = Graph(model_of_bytes(data, where).graph)
    constants = Constants(where, len(data))
    stack = chain(recurrent_nodes(graph, where), node, where)
    read: list[ReadLayer] = []
    for k, (one, link) in enumerate(stack):
        layer = _layer(f"layer{k}", one, constants, where)
        notes = _notes(one, constants)
        if k:
            notes += _above(stack[k - 1][0], read[-1], one, link, constants)
        read.append(layer._replace(told=", ".join([layer.told, *notes])))
    inputs = next(iter(read[0].params.values())).shape[1]
    unused = [f"{inner.path}{key}" for inner in all_graphs(graph) for key in inner.tensors]
    model = model_of(name, read, inputs, [key for key in unused if key not in constants.used])
    others = [
        (operator, count)
        for operator, count in operators(all_graphs(graph)).most_common()
        if operator not in (*RECURRENT, *FOLDS, "Constant")
    ]
    told = [*model.told, *([f"operators that are not taken: {listed(others)}"] if others else [])]
    return Model(model.network, model.params, tuple(told), model.unused)


def _layer(name: str, node: RecurrentNode, constants: Constants, where: str) -> ReadLayer:
    layers = layers_of(name, node, constants, where)
    if len(layers) > 1:
        raise InteropError(
            f"{where}, {node.name[:80]}, activations",
            "its two directions have different ones",
            "a model that was written by hand",
            "a layer has one cell for both directions; interop.run_onnx runs this node",
        )
    return layers[0]


def _notes(node: RecurrentNode, constants: Constants) -> list[str]:
    given: Mapping[str, Array] = initial_state(node, constants)
    return [f"{role} of the file is not 0 and is left out" for role in given]


def _above(
    lower: RecurrentNode, layer: ReadLayer, upper: RecurrentNode, link: Link, constants: Constants
) -> list[str]:
    """What there is to say of the way from one node to the next."""
    assert isinstance(layer.layer, CellLayer)
    if check_order(lower, layer.layer.size, upper, link, constants):
        return []
    return [f"above {lower.name} by the number of units, through shapes that the model works out when it runs"]
