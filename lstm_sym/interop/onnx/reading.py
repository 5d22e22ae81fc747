"""An ONNX file as arrays, and as the network of its recurrent nodes."""

from __future__ import annotations

from lstm_sym.ground.refusal import Refusal
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.model import Model, ReadLayer, model_of, refuse_not_finite
from lstm_sym.interop.onnx.around import embedding_below, linear_above
from lstm_sym.interop.onnx.constants import Constants
from lstm_sym.interop.onnx.graphs import Graph, all_graphs, opened
from lstm_sym.interop.onnx.layers import layers_of
from lstm_sym.interop.onnx.left import operators_left
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.interop.onnx.order import check_order
from lstm_sym.interop.onnx.stacks import Link, chain, listed, recurrent_nodes
from lstm_sym.interop.onnx.states import told_of_states
from lstm_sym.interop.onnx.tensors import INDICES, TEXT, array_of
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer


def of_bytes(data: bytes, where: str) -> dict[str, Array]:
    """The initialisers of an ONNX file by name, those of inner graphs below the names of the nodes that hold them.

    Text is left out. Raises InteropError as `array_of` does.
    """
    graph = opened(data, where)
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
    graph = opened(data, where)
    constants = Constants(where, len(data))
    stack = chain(recurrent_nodes(graph, where), node, where)
    read = _stack(stack, constants, where)
    inputs = next(iter(read[0].params.values())).shape[1]
    highest = stack[-1][0]
    below = embedding_below(stack[0][1], stack[0][0], inputs, constants)
    above = linear_above(highest, _units(read[-1]), constants)
    beside = [one for one in (below, above) if one is not None]
    layers = [*([below.read] if below else []), *read, *([above.read] if above else [])]
    try:
        for one in beside:
            refuse_not_finite(one.read.params)
        model = model_of(name, layers, 0 if below else inputs, _unused(graph, constants))
    except Refusal as error:
        raise InteropError(f"{where}, {error.where}", error.found, error.why, error.fix) from error
    others = operators_left(graph, stack, _units(read[-1]), beside, constants).most_common()
    told = [*model.told, *([f"operators that are not taken: {listed(others)}"] if others else [])]
    return Model(model.network, model.params, tuple(told), model.unused)


def _unused(outermost: Graph, constants: Constants) -> list[str]:
    """The names of the initialisers that no layer took, but for those that are axes, sizes and places."""
    every = ((f"{graph.path}{key}", one) for graph in all_graphs(outermost) for key, one in graph.tensors.items())
    return [key for key, tensor in every if key not in constants.used and tensor.data_type not in INDICES]


def _stack(stack: list[tuple[RecurrentNode, Link]], constants: Constants, where: str) -> list[ReadLayer]:
    """The recurrent layers, from below, called as their nodes where all of these have names that a layer may have."""
    names = [node.name for node, _ in stack]
    names = names if all(map(str.isidentifier, names)) else [f"layer{k}" for k in range(len(stack))]
    read: list[ReadLayer] = []
    for k, (node, link) in enumerate(stack):
        layer = _layer(names[k], node, constants, where)
        notes = told_of_states(node, _units(layer), constants, where)
        if k and not check_order(stack[k - 1][0], _units(read[-1]), node, link, constants):
            notes.append(f"above {stack[k - 1][0].name}, through shapes that are known when the model runs")
        read.append(layer._replace(told=", ".join([layer.told, *notes])))
    return read


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


def _units(read: ReadLayer) -> int:
    """The units of one direction."""
    assert isinstance(read.layer, CellLayer)
    return read.layer.size
