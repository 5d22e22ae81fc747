"""How high everything stands: states in rows of their own on top, lines as straight as the order of layers allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lstm_sym.diagram.graph import Graph, Kind
from lstm_sym.diagram.layers import Item, Layers, joined
from lstm_sym.diagram.measures import SIDES, Measure

APART, STUB = 10.0, 9.0
"""Space between two items of a layer, and the length of the line by which a joint is entered from above or below."""
SWEEPS, CLOSE = 4, 8.0
"""How often all heights are improved; and how far from level a line to a joint looks like a mistake."""

Places = dict[tuple[int, Item], float]
"""Layer and item -> the height of its middle."""


def placed(graph: Graph, layers: Layers, measures: Mapping[str, Measure]) -> Places:
    """The height of every item; no two of a layer overlap."""
    return _Rows(graph, layers, measures).places()


class _Rows:
    """Places layer after layer, from the right and from the left in turn."""

    def __init__(self, graph: Graph, layers: Layers, measures: Mapping[str, Measure]) -> None:
        self.graph, self.layers, self.measures = graph, layers, measures
        self.heights = self.row_heights()
        self.found: Places = {}

    def places(self) -> Places:
        """All heights."""
        for at, layer in enumerate(self.layers):
            self.place(at, dict.fromkeys(layer, 0.0))
        for _ in range(SWEEPS):
            for at in reversed(range(len(self.layers))):
                self.place(at, {item: self.wanted(at, item, self.readers) for item in self.layers[at]})
            for at in range(len(self.layers)):
                self.place(at, {item: self.wanted(at, item, self.read) for item in self.layers[at]}, straight=True)
            self.close_up()
        self.place(0, {item: self.wanted(0, item, self.readers) for item in self.layers[0]})
        for at in reversed(range(len(self.layers) - 1)):
            self.settle(at)
        return self.found

    def settle(self, at: int) -> None:
        """Level a node with what it is joined with, where nothing is in the way; a joint first with what is close."""
        for item in self.layers[at]:
            if item.passes or item.row is not None:
                continue
            read, readers = list(self.read(at, item)), list(self.readers(at, item))
            joint = self.graph.nodes[item.node].kind is Kind.JOINT
            close = [height for height in read if joint and 0 < abs(height - self.found[at, item]) < CLOSE]
            level = [*close, *(readers if len(readers) == 1 else ()), *(read if joint else ())]
            done = read if close else [*read, *readers]
            line = self.line_from(at, item)
            fitting = [height for height in level if all(self.fits(key, height) for key in line)]
            if fitting and self.found[at, item] not in done:
                self.found |= dict.fromkeys(line, fitting[0])

    def line_from(self, at: int, item: Item) -> list[tuple[int, Item]]:
        """A node and its line, as far as that runs level through layers."""
        found = [(at, item)]
        while self.found.get((found[-1][0] + 1, Item(item.node, passes=True))) == self.found[at, item]:
            found.append((found[-1][0] + 1, Item(item.node, passes=True)))
        return found

    def fits(self, key: tuple[int, Item], height: float) -> bool:
        """Whether an item could stand at this height, all else where it is."""
        at, item = key
        layer = self.layers[at]
        place = layer.index(item)
        others = {other: self.found[at, layer[other]] for other in range(len(layer)) if other != place}
        low, high = self.limits(layer, place, others)
        return layer[place].row is None and low <= height <= high

    def close_up(self) -> None:
        """Move everything up as far as there is room; what lies level stays so."""
        level = self.levels()
        height: dict[tuple[int, Item], float] = {}
        for key in sorted(self.found, key=lambda key: self.found[key]):
            height[level[key]] = max(height.get(level[key], 0.0), self.lowest(key, level, height))
        for key in self.found:
            if key[1].row is None:
                self.found[key] = height[level[key]]

    def lowest(self, key: tuple[int, Item], level: Mapping[Any, Any], height: Mapping[Any, float]) -> float:
        """How high an item may move at most, for what stands above it in its layer."""
        at, item = key
        layer = self.layers[at]
        place = layer.index(item)
        if item.row is not None:
            return self.heights[item.row]
        if place == 0:
            return self.reach(item)[0]
        return height[level[at, layer[place - 1]]] + self.span(layer, place - 1, place)

    def levels(self) -> dict[tuple[int, Item], tuple[int, Item]]:
        """Each item with the first of those that a level line joins it with."""
        found: dict[tuple[int, Item], tuple[int, Item]] = {}
        for at, layer in enumerate(self.layers):
            for item in layer:
                before = [o for o in self.layers[at - 1] if at and joined(self.graph, o, item)]
                straight = [o for o in before if self.found[at - 1, o] == self.found[at, item]]
                found[at, item] = found[at - 1, straight[0]] if straight else (at, item)
        return found

    def reach(self, item: Item) -> tuple[float, float]:
        """How far an item reaches up and down from its middle, the lines that enter it from there too."""
        if item.passes:
            return 5.0, 5.0
        height, node = self.measures[item.node].height / 2, self.graph.nodes[item.node]
        several = 1 < len(self.graph.into[item.node]) <= SIDES
        stub = STUB if node.kind is Kind.JOINT and several else 0.0
        top = 0.0 if item.row == 0 and len(self.graph.into[item.node]) == 2 else stub
        return height + top, height + stub

    def row_heights(self) -> list[float]:
        """The height of each row of a state."""
        heights: list[float] = []
        below = 0.0
        for row in range(len(self.graph.rows)):
            reaches = [self.reach(item) for layer in self.layers for item in layer if item.row == row]
            heights.append(below + max(up for up, _ in reaches))
            below = heights[-1] + max(down for _, down in reaches) + APART
        return heights

    def place(self, at: int, wanted: Mapping[Item, float], straight: bool = False) -> None:
        """Give the items of a layer the heights they want, as far as those that matter more leave room.

        straight: what cannot have the height that it wants stays as near as it can to where it is.
        """
        layer = self.layers[at]
        order = sorted(range(len(layer)), key=lambda place: (-self.weight(layer[place]), place))
        done: dict[int, float] = {}
        for place in order:
            row = layer[place].row
            low, high = self.limits(layer, place, done)
            height = wanted[layer[place]]
            if straight and not low <= height <= high:
                height = self.found[at, layer[place]]
            done[place] = self.heights[row] if row is not None else max(low, min(high, height))
        self.found |= {(at, item): done[place] for place, item in enumerate(layer)}

    def limits(self, layer: Sequence[Item], place: int, done: Mapping[int, float]) -> tuple[float, float]:
        """Between which heights an item may stand."""
        above = max((other for other in done if other < place), default=None)
        below = min((other for other in done if other > place), default=None)
        low = self.reach(layer[0])[0] + self.span(layer, 0, place) if above is None else 0.0
        low = low if above is None else done[above] + self.span(layer, above, place)
        return low, float("inf") if below is None else done[below] - self.span(layer, place, below)

    def span(self, layer: Sequence[Item], first: int, last: int) -> float:
        """The least distance of two items of a layer, with all that stands between them."""
        pairs = zip(layer[first:last], layer[first + 1 : last + 1], strict=True)
        return sum(self.reach(one)[1] + APART + self.reach(other)[0] for one, other in pairs)

    def weight(self, item: Item) -> int:
        """What has its way first: rows of states, lines, joints and states that are read once."""
        if item.row is not None:
            return 3
        kind, alone = self.graph.nodes[item.node].kind, len(self.graph.out_of[item.node]) == 1
        return 2 if item.passes else 1 if kind is Kind.JOINT or (kind is Kind.BEFORE and alone) else 0

    def wanted(self, at: int, item: Item, beside: object) -> float:
        """The height that an item wants for the sake of what it is joined with on one side."""
        heights = sorted(self.readers(at, item) if beside == self.readers else self.read(at, item))
        here = self.found[at, item]
        if not heights:
            return here
        if beside == self.readers:
            given = not item.passes and self.graph.nodes[item.node].kind in (Kind.INPUT, Kind.BEFORE)
            return sum(heights) / len(heights) if given else heights[(len(heights) - 1) // 2]
        kind = self.graph.nodes[item.node].kind
        if len(heights) > 1 and kind is Kind.BOX and not item.passes:
            return here
        return heights[(len(heights) - 1) // 2]

    def read(self, at: int, item: Item) -> Iterator[float]:
        """The heights of what an item reads, in the layer before."""
        sources = [item.node] if item.passes else [edge.source for edge in self.graph.into[item.node]]
        for other in self.layers[at - 1] if at else ():
            if other.node in sources:
                yield self.found[at - 1, other]

    def readers(self, at: int, item: Item) -> Iterator[float]:
        """The heights of what reads an item, in the layer after."""
        targets = {edge.target for edge in self.graph.out_of[item.node]}
        for other in self.layers[at + 1] if at + 1 < len(self.layers) else ():
            if other.node == item.node if other.passes else other.node in targets:
                yield self.found[at + 1, other]
