"""The operators of a file that are part of nothing that was read: each stands for something that the network lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from lstm_sym.interop.onnx.around import Beside, above_of
from lstm_sym.interop.onnx.constants import Constants
from lstm_sym.interop.onnx.graphs import Graph, all_graphs
from lstm_sym.interop.onnx.messages import RECURRENT, attributes
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.interop.onnx.stacks import Link
from lstm_sym.interop.onnx.states import begins_at_zero, given_states

_NOTHING = ("Constant", "Identity", "Dropout")
"""Operators that change nothing, wherever they stand."""
_SIZES = ("Shape", "Size")
_STEPS_FIRST = [1, 0], [1, 0, 2]
"""Of words and of vectors: sequences and steps exchanged, as a layer that reads its batch first has them."""

Place = tuple[Graph, str]
"""A node: its graph, and the first value that it gives out."""


def operators_left(
    outermost: Graph,
    stack: Sequence[tuple[RecurrentNode, Link]],
    units: int,
    beside: Sequence[Beside],
    constants: Constants,
) -> Counter[str]:
    """How often each operator occurs that made no weight, no layer, no zero state and no way between layers."""
    ways = list(_followed(stack, units, beside, constants))
    read = (
        constants.made
        | {(graph, _given(node)) for graph, node in ways}
        | {place for one in beside for place in one.places}
    )
    ends = [(graph, name) for graph, node in ways for name in node.input[1:]]
    for node, _ in stack:
        ends += [(node.graph, node.reads[role]) for role in given_states(node) if begins_at_zero(node, role, constants)]
    for graph, name in ends:
        read |= _sizes(graph, name)
    return Counter(
        node.op_type
        for graph in all_graphs(outermost)
        for node in graph.proto.node
        if node.op_type not in (*RECURRENT, *_NOTHING) and (graph, _given(node)) not in read
    )


def _followed(
    stack: Sequence[tuple[RecurrentNode, Link]], units: int, beside: Sequence[Beside], constants: Constants
) -> Iterator[tuple[Graph, Any]]:
    """The operators of shape below, between and above the layers that leave each vector where it belongs."""
    below = [stack[0][1], *(one.words for one in beside if one.words)]
    yield from (step for link in below for step in link.operators if _keeps_features(step[1]))
    yield from (step for _, link in stack[1:] for step in link.operators)
    yield from above_of(stack[-1][0], units, constants)


def _keeps_features(node: Any) -> bool:
    if node.op_type == "Transpose":
        return attributes(node).get("perm") in _STEPS_FIRST
    return node.op_type in ("Cast", "Squeeze", "Unsqueeze")


def _sizes(graph: Graph, name: str) -> set[Place]:
    """The nodes that make a value of sizes alone; none of them where something else is in it."""
    found: set[Place] = set()
    waiting = [(graph, name)]
    while waiting:
        graph, name = waiting.pop()
        home = graph.home(name) if name else None
        if name and home is None:
            return set()
        maker = None if home is None else home.makers.get(name)
        if home is None or maker is None or (home, _given(maker)) in found:
            continue
        found.add((home, _given(maker)))
        waiting += [] if maker.op_type in _SIZES else [(home, read) for read in maker.input]
    return found


def _given(node: Any) -> str:
    return next((name for name in node.output if name), "")
