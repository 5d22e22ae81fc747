"""Which recurrent node reads what which other gives out: nodes above each other are layers of one network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.onnx.constants import DEEPEST
from lstm_sym.interop.onnx.graphs import STANDARD, Graph, all_graphs, is_recurrent, operators
from lstm_sym.interop.onnx.nodes import RecurrentNode, recurrent_node

SHAPE_ONLY = ("Identity", "Dropout", "Cast", "Transpose", "Squeeze", "Unsqueeze", "Reshape")
"""Operators that leave numbers as they are, outside training."""


class Link(NamedTuple):
    """What leads to an input: the node whose Y it is, None for another origin, and the operators on the way."""

    below: str | None
    origin: str
    operators: tuple[tuple[Graph, Any], ...]


def recurrent_nodes(outermost: Graph, where: str) -> dict[str, RecurrentNode]:
    """The recurrent nodes of all graphs by name, in their order. Raises InteropError where there is none."""
    graphs = list(all_graphs(outermost))
    found = [(graph, node, name) for graph in graphs for name, node in graph.named if is_recurrent(node)]
    if not found:
        raise InteropError(
            where,
            f"an ONNX model without a recurrent node; its operators are {listed(operators(graphs).most_common())}",
            "a model of another kind, or an LSTM that the exporter took apart",
            "export it so that LSTM, GRU or RNN stay one operator, outside of local functions",
        )
    counts = Counter(name for _, _, name in found)
    places = [name if counts[name] == 1 else f"{graph.path}{name}" for graph, _, name in found]
    return {
        place: recurrent_node(graph, node, place, where) for (graph, node, _), place in zip(found, places, strict=True)
    }


def chain(nodes: dict[str, RecurrentNode], chosen: str | None, where: str) -> list[tuple[RecurrentNode, Link]]:
    """The nodes below a node and itself, from below, each with what leads to it.

    chosen: its name; None for the one that no other reads. Raises InteropError where that is not one.
    """
    givers = {(node.graph, node.gives["Y"]): name for name, node in nodes.items() if node.gives["Y"]}
    links = {name: leading(node.graph, node.reads["X"], givers) for name, node in nodes.items()}
    read = {link.below for link in links.values()}
    tops = [name for name in nodes if name not in read]
    if chosen is None and len(tops) == 1:
        [chosen] = tops
    if chosen not in nodes:
        every = listed([(name, 1) for name in nodes])
        raise InteropError(
            where,
            f"{len(tops)} recurrent nodes that no other reads"
            if chosen is None
            else f"no recurrent node is called {chosen[:80]!r}",
            "a model of several networks, or of branches for several inputs",
            f"choose one, with what is below it: node={next(iter(nodes))!r}; there are {every}",
        )
    found: list[tuple[RecurrentNode, Link]] = []
    name: str | None = chosen
    while name is not None:
        if len(found) >= len(nodes):
            raise InteropError(where, f"{name[:80]} reads what it gives out itself", "bytes that were changed", "")
        found.insert(0, (nodes[name], links[name]))
        name = links[name].below
    return found


def leading(graph: Graph, name: str, givers: Mapping[tuple[Graph, str], str]) -> Link:
    """What leads to a value, through operators that leave numbers as they are; `givers` are the nodes whose Y it is."""
    passed: list[tuple[Graph, Any]] = []
    while (home := graph.home(name) if name else None) is not None and len(passed) <= DEEPEST:
        if (home, name) in givers:
            return Link(givers[home, name], name, tuple(passed[::-1]))
        maker = home.makers.get(name)
        if maker is None or maker.op_type not in SHAPE_ONLY or maker.domain not in STANDARD or not maker.input:
            break
        passed.append((home, maker))
        graph, name = home, maker.input[0]
    return Link(None, name, tuple(passed[::-1]))


def listed(names: Sequence[tuple[str, int]], most: int = 12) -> str:
    """Names with how often they occur, where that is more than once."""
    shown = [f"{name[:80]}{f' ({count})' if count > 1 else ''}" for name, count in names[:most]]
    return ", ".join([*shown, *(["..."] if len(names) > most else [])])
