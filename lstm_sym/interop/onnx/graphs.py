"""The graphs of a model, one inside the other: what each name in them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.onnx.messages import RECURRENT, attributes, model_of_bytes

STANDARD = ("", "ai.onnx")


class Graph:
    """A graph, or the body of an If, a Loop or a Scan, which also sees the names of the graphs around it.

    Attributes:
        path: the nodes and attributes that lead to it, "" for the outermost.
        tensors: name -> TensorProto of an initialiser.
        makers: name -> NodeProto that gives it out.
    """

    def __init__(self, proto: Any, outer: Graph | None = None, path: str = "") -> None:
        self.proto, self.outer, self.path = proto, outer, path

    @cached_property
    def tensors(self) -> dict[str, Any]:
        """Name -> TensorProto of an initialiser."""
        return {tensor.name: tensor for tensor in self.proto.initializer}

    @cached_property
    def makers(self) -> dict[str, Any]:
        """Name -> NodeProto that gives it out."""
        return {name: node for node in self.proto.node for name in node.output if name}

    def home(self, name: str) -> Graph | None:
        """The innermost graph that has a value of this name as an initialiser or from a node; None for an input."""
        graph: Graph | None = self
        while graph is not None:
            if name in graph.makers or name in graph.tensors:
                return graph
            graph = graph.outer
        return None

    @cached_property
    def inner(self) -> tuple[Graph, ...]:
        """The bodies of its nodes."""
        return tuple(self._bodies())

    @cached_property
    def named(self) -> list[tuple[str, Any]]:
        """Its nodes with names, each once: one without a name is its operator and its place, as one of several is."""
        plain = [node.name or f"{node.op_type}_{place}" for place, node in enumerate(self.proto.node)]
        counts = Counter(plain)
        names = (f"{name}[{place}]" if counts[name] > 1 else name for place, name in enumerate(plain))
        return list(zip(names, self.proto.node, strict=True))

    def _bodies(self) -> Iterator[Graph]:
        for called, node in self.named:
            for name, value in attributes(node).items():
                for k, body in enumerate(value if isinstance(value, list) else [value]):
                    if hasattr(body, "initializer"):
                        step = f"{called}/{name}{f'.{k}' if isinstance(value, list) else ''}"
                        yield Graph(body, self, f"{self.path}{step}/")


def opened(data: bytes, where: str) -> Graph:
    """The outermost graph of an ONNX file. Raises InteropError: no whole model, or names in it that are no text."""
    outermost = Graph(model_of_bytes(data, where).graph)
    for graph in all_graphs(outermost):
        for named in (*graph.proto.node, *graph.proto.initializer):
            if not all(isinstance(name, str) for name in _names(named)):
                raise InteropError(
                    f"{where}, {graph.path}{named.name!r}",
                    "it holds a name that is no text",
                    "bytes that were changed",
                    "",
                )
    return outermost


def _names(named: Any) -> Iterator[Any]:
    """All names that a node or a tensor holds; what is no UTF-8 comes as bytes."""
    yield named.name
    if hasattr(named, "op_type"):
        yield from (named.op_type, named.domain, *named.input, *named.output)
        yield from (attribute.name for attribute in named.attribute)


def all_graphs(outermost: Graph) -> Iterator[Graph]:
    """A graph and all in it; messages in each other are as many as protobuf reads, so this ends."""
    yield outermost
    for graph in outermost.inner:
        yield from all_graphs(graph)


def is_recurrent(node: Any) -> bool:
    """Whether a node is an LSTM, a GRU or an RNN, of ONNX or quantised by onnxruntime."""
    home = ("com.microsoft",) if node.op_type.startswith("Dynamic") else STANDARD
    return node.op_type in RECURRENT and node.domain in home


def operators(graphs: Iterable[Graph]) -> Counter[str]:
    """How often each operator occurs."""
    return Counter(node.op_type for graph in graphs for node in graph.proto.node)
