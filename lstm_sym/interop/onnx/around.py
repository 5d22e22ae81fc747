"""What stands below and above a stack of recurrent nodes: a table of vectors, and a linear layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from lstm_sym.interop.model import ReadLayer, linear_layer
from lstm_sym.interop.onnx.constants import DEEPEST, Constants
from lstm_sym.interop.onnx.graphs import STANDARD, Graph
from lstm_sym.interop.onnx.layers import at_least_single
from lstm_sym.interop.onnx.messages import attributes
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.interop.onnx.order import keeps_vectors
from lstm_sym.interop.onnx.stacks import SHAPE_ONLY, Link, leading
from lstm_sym.interop.onnx.writing import FUNCTIONS
from lstm_sym.kernels import Array
from lstm_sym.networks import Embedding


class Beside(NamedTuple):
    """A layer below or above the stack, the nodes that it was read from, and what leads to the words of a table."""

    read: ReadLayer
    places: tuple[tuple[Graph, str], ...]
    words: Link | None = None


def embedding_below(link: Link, node: RecurrentNode, inputs: int, constants: Constants) -> Beside | None:
    """The table whose rows a node reads, None where there is none: a Gather of words that the model is given."""
    home = node.graph.home(link.origin)
    maker = home.makers.get(link.origin) if home is not None else None
    if home is None or maker is None or not _is(maker, "Gather", 2) or attributes(maker).get("axis", 0) != 0:
        return None
    table, words = (constants.value(home, name) for name in maker.input)
    if table is None or words is not None or table.shape[1:] != (inputs,) or table.dtype.kind != "f":
        return None
    name = _name(link.origin, ".y", "embedding")
    table = at_least_single(table)
    told = f"{name}: {maker.input[0]}, {len(table)} words, {inputs} units each"
    read = ReadLayer(Embedding(name, *table.shape), {f"{name}.E": table}, told)
    return Beside(read, ((home, link.origin),), leading(home, maker.input[1], {}))


def above_of(node: RecurrentNode, units: int, constants: Constants) -> tuple[tuple[Graph, Any], ...]:
    """The operators of shape that alone read what a node gives out, as long as each vector in it stays one."""
    graph, name = node.graph, node.gives["Y"]
    passed: list[tuple[Graph, Any]] = []
    while (reader := _reader(graph, name)) is not None and reader.op_type in SHAPE_ONLY and len(passed) <= DEEPEST:
        passed.append((graph, reader))
        name = reader.output[0]
    while passed and not keeps_vectors(node, units, Link(None, "", tuple(passed)), constants):
        passed.pop()
    return tuple(passed)


def linear_above(node: RecurrentNode, units: int, constants: Constants) -> Beside | None:
    """The linear layer that alone reads what a node gives out at every step, None where that is not certain."""
    graph, passed = node.graph, above_of(node, units, constants)
    name = passed[-1][1].output[0] if passed else node.gives["Y"]
    reader = _reader(graph, name)
    if reader is None or not keeps_vectors(node, units, Link(None, name, passed), constants):
        return None
    found = _linear(graph, reader, name, constants)
    if found is None:
        return None
    weight, bias = found
    taken, last = [reader], _reader(graph, reader.output[0])
    if bias is None and last is not None and _is(last, "Add", 2):
        other = constants.value(graph, next((one for one in last.input if one != reader.output[0]), ""))
        if _is_bias(other, weight):
            bias, taken, last = other, [*taken, last], _reader(graph, last.output[0])
    function = next((key for key, value in FUNCTIONS.items() if value and last is not None and _is(last, value, 1)), "")
    called = _name(reader.output[0], ".product", "linear")
    bias = None if bias is None else at_least_single(bias)
    place = reader.name or reader.op_type
    read = linear_layer(called, place, at_least_single(weight), bias, function or "identity")
    taken += [last] if function else []
    return Beside(read, tuple((graph, one.output[0]) for one in taken))


def _linear(graph: Graph, reader: Any, name: str, constants: Constants) -> tuple[Array, Array | None] | None:
    """Weight (M, N) and bias (M,) of a product of this value with a constant matrix; None for any other node."""
    given = attributes(reader)
    if _is(reader, "MatMul", 2) and reader.input[0] == name:
        weight, bias = constants.value(graph, reader.input[1]), None
        weight = None if weight is None or weight.ndim != 2 else weight.T
    elif _is(reader, "Gemm", 2, 3) and reader.input[0] == name and not given.get("transA"):
        if (given.get("alpha", 1.0), given.get("beta", 1.0)) != (1.0, 1.0):
            return None
        weight, bias = (constants.value(graph, one) for one in [*reader.input, ""][1:3])
        weight = weight if weight is None or given.get("transB") else weight.T
        if len(reader.input) > 2 and not _is_bias(bias, weight):
            return None
    else:
        return None
    return None if weight is None or weight.ndim != 2 or weight.dtype.kind != "f" else (weight, bias)


def _is_bias(value: Array | None, weight: Array | None) -> bool:
    """Whether this is a number for each row of a matrix."""
    return value is not None and weight is not None and value.shape == weight.shape[:1] and value.dtype.kind == "f"


def _reader(graph: Graph, name: str) -> Any:
    """The one node of a graph that reads a value, those that ask for its shape alone not counted; None for several."""
    readers = [node for node in graph.proto.node if name in node.input and node.op_type != "Shape"]
    return readers[0] if len(readers) == 1 else None


def _is(node: Any, operator: str, *reads: int) -> bool:
    """Whether a node is this operator of ONNX, with so many inputs."""
    return node.op_type == operator and node.domain in STANDARD and len(node.input) in reads


def _name(value: str, ending: str, otherwise: str) -> str:
    """The name of a layer: that of a value which `to_onnx` wrote, else the usual one."""
    name = value.removesuffix(ending)
    return name if value.endswith(ending) and name.isidentifier() else otherwise
