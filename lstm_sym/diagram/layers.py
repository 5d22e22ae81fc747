"""Layers from left to right, by the longest way to each node, and the order within each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lstm_sym.diagram.graph import HANDED_ON, Graph, Kind

ROUNDS = 8
"""How often the order of the layers is improved, from the left and from the right."""


@dataclass(frozen=True)
class Item:
    """What has a place in a layer: a node, or the line of a node that passes through to a later layer.

    row: the row, from the top, of the state on whose thick line it lies, None for what lies on none.
    """

    node: str
    passes: bool = False
    row: int | None = field(default=None, compare=False)


Layers = tuple[tuple[Item, ...], ...]


def layered(graph: Graph) -> Layers:
    """The items of each layer from top to bottom: states that are scaled and added to on top, each in its own row."""
    layers = _filled(graph, _depths(graph))
    best = layers
    for number in range(ROUNDS):
        layers = _improved(graph, layers, number % 2 == 1)
        if crossings(graph, layers) < crossings(graph, best):
            best = layers
    return best


def _depths(graph: Graph) -> dict[str, int]:
    """Layer of each node; all that is handed on stands in the last."""
    depths: dict[str, int] = {}
    for name in graph.nodes:
        depths[name] = max((depths[edge.source] + 1 for edge in graph.into[name]), default=0)
    last = max(depths.values())
    return {name: last if graph.nodes[name].kind in HANDED_ON else depth for name, depth in depths.items()}


def _filled(graph: Graph, depths: Mapping[str, int]) -> Layers:
    """The layers in their first order: that in which the outputs, from the top, ask for what they are made of."""
    found: list[list[Item]] = [[] for _ in range(max(depths.values()) + 1)]
    rows = {name: row for row, way in enumerate(graph.rows) for name in way}
    next_on_row = {one: other for way in graph.rows for one, other in pairwise(way)}
    for name in _asked(graph, rows):
        found[depths[name]].append(Item(name, row=rows.get(name)))
        end = max((depths[edge.target] for edge in graph.out_of[name]), default=0)
        for depth in range(depths[name] + 1, end):
            on_row = name in next_on_row and depth < depths[next_on_row[name]]
            found[depth].append(Item(name, passes=True, row=rows[name] if on_row else None))
    return tuple(_sorted(graph, layer, dict.fromkeys(layer, 0.0)) for layer in found)


def _asked(graph: Graph, rows: Mapping[str, int]) -> list[str]:
    """The nodes in the order in which what is handed on asks for them, those on the rows of states first."""
    found: dict[str, None] = {}

    def ask(name: str) -> None:
        for edge in sorted(graph.into[name], key=lambda edge: edge.source not in rows):
            if edge.source not in found:
                ask(edge.source)
        found.setdefault(name)

    ends = [name for name, node in graph.nodes.items() if node.kind in HANDED_ON]
    for name in sorted(ends, key=lambda name: rows.get(name, len(rows))):
        ask(name)
    return [*found, *(name for name in graph.nodes if name not in found)]


def _sorted(graph: Graph, layer: Sequence[Item], keys: Mapping[Item, float]) -> tuple[Item, ...]:
    """A layer by these keys, rows of states on top and inputs at the bottom."""

    def key(item: Item) -> tuple[int, bool, float]:
        given = not item.passes and graph.nodes[item.node].kind is Kind.INPUT
        return (len(graph.nodes) if item.row is None else item.row, given, keys[item])

    return tuple(sorted(layer, key=key))


def joined(graph: Graph, left: Item, right: Item) -> bool:
    """Whether a line goes from an item to one of the next layer."""
    if right.passes:
        return left.node == right.node
    return any(edge.source == left.node for edge in graph.into[right.node])


def links(graph: Graph, left: Sequence[Item], right: Sequence[Item]) -> Iterator[tuple[int, int]]:
    """Which place of a layer is joined with which of the next."""
    places = {item.node: place for place, item in enumerate(left)}
    for place, item in enumerate(right):
        sources = [item.node] if item.passes else [edge.source for edge in graph.into[item.node]]
        for source in sources:
            if source in places:
                yield places[source], place


def _improved(graph: Graph, layers: Layers, backward: bool) -> Layers:
    """Every layer in the order of the mean places of what its items are joined with in the one before."""
    found = list(layers)
    steps = range(len(layers) - 2, -1, -1) if backward else range(1, len(layers))
    for at in steps:
        beside = found[at + 1 if backward else at - 1]
        pairs = links(graph, found[at], beside) if backward else links(graph, beside, found[at])
        joined: dict[int, list[int]] = {}
        for one, other in pairs:
            own, there = (one, other) if backward else (other, one)
            joined.setdefault(own, []).append(there)
        scale = len(beside) / max(1, len(found[at]))
        means = {
            item: sum(joined[place]) / len(joined[place]) if place in joined else place * scale
            for place, item in enumerate(found[at])
        }
        found[at] = _sorted(graph, found[at], means)
    return tuple(found)


def crossings(graph: Graph, layers: Layers) -> int:
    """How often links of neighbouring layers cross."""
    total = 0
    for left, right in pairwise(layers):
        found = sorted(links(graph, left, right))
        total += sum(a < c and b > d for at, (a, b) in enumerate(found) for c, d in found[at + 1 :])
    return total
