"""Where everything stands: nodes in columns, lines in channels between them, each line a way of straight pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from statistics import median

from lstm_sym.diagram.graph import Graph, Kind
from lstm_sym.diagram.layers import Item, joined, layered
from lstm_sym.diagram.measures import JOINT, LINE, SIDES, Measure, joint_width, measure
from lstm_sym.diagram.rows import APART, STUB, Places, placed
from lstm_sym.diagram.tracks import Channel, Line, channel

MARGIN, TRACK, CLEAR = 4.0, 10.0, 8.5
"""Space around the drawing, between two tracks, and between a column and the first track beside it."""
ASIDE, WIDER = 11.0, 1.6
"""How far from the middle of a box the second of two lines enters where the first runs straight into the middle;
and how much wider than usual a box is that does not widen the others of its column."""

NUDGES = (6.0, -6.0, 10.0, -10.0)
"""By how much an item is moved where two lines would lie on each other."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """A node in the drawing: its measure, and the middle of its left side."""

    x: float
    y: float
    measure: Measure

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.measure.width


@dataclass(frozen=True)
class Placement:
    """All places; the way of each edge; the points where a line forks, with the node that it comes from."""

    places: dict[str, Place]
    routes: dict[tuple[str, str], tuple[Point, ...]]
    forks: tuple[tuple[str, Point], ...]
    width: float
    height: float


def laid_out(graph: Graph) -> Placement:
    """The graph laid out from left to right."""
    return _Placing(graph).result()


@dataclass(frozen=True)
class _Entry:
    """Where an edge enters a node: at a height, from the left, or, over the middle of a joint, from above or below."""

    height: float
    side: str = "left"


class _Placing:
    """Heights first, then the entries of each node, the tracks of each channel and from them columns and ways."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.layers = layered(graph)
        self.measures = self.measured()
        self.heights = placed(graph, self.layers, self.measures)
        self.depth = {item.node: at for at, layer in enumerate(self.layers) for item in layer if not item.passes}
        self.route_lines()
        while self.conflicts and self.eased():
            pass
        self.columns = self.laid()

    def route_lines(self) -> None:
        """The entries of all nodes and the tracks of all channels, from the heights."""
        self.entries = {name: self.entered(name) for name in self.graph.nodes}
        self.channels: list[Channel] = [channel(list(self.lines(at))) for at in range(len(self.layers))]
        self.conflicts = sum(found.conflicts for found in self.channels)
        self.bends = sum(len(found.tracks) for found in self.channels)

    def eased(self) -> bool:
        """Move what lies level a little so that fewer lines lie on each other; False where that helps no more."""
        heights, before = self.heights, (self.conflicts, self.bends)
        best, chosen = before, heights
        nearby = {at + side for at, found in enumerate(self.channels) if found.conflicts for side in (0, 1)}
        for key, by in product([key for key in heights if key[0] in nearby], NUDGES):
            moved = self.level_with(*key, heights)
            if all(item.row is None and self.has_room(at, item, by, heights) for at, item in moved):
                self.heights = heights | {key: heights[key] + by for key in moved}
                self.route_lines()
                if (self.conflicts, self.bends) < best:
                    best, chosen = (self.conflicts, self.bends), self.heights
        self.heights = chosen
        self.route_lines()
        return best < before

    def level_with(self, at: int, item: Item, heights: Places) -> list[tuple[int, Item]]:
        """An item and those that level lines join it with, to both sides."""
        found, new = [(at, item)], [(at, item)]
        while new:
            place, one = new.pop()
            for side in (-1, 1):
                for other in self.layers[place + side] if 0 <= place + side < len(self.layers) else ():
                    ends = (other, one) if side < 0 else (one, other)
                    key = place + side, other
                    if key not in found and heights[key] == heights[place, one] and joined(self.graph, *ends):
                        found.append(key)
                        new.append(key)
        return found

    def has_room(self, at: int, item: Item, by: float, heights: Places) -> bool:
        """Whether an item may move by so much."""
        layer = self.layers[at]
        place = layer.index(item) + (1 if by > 0 else -1)
        if not 0 <= place < len(layer):
            return True
        ends = [one for one in (item, layer[place]) if not one.passes]
        halves = sum(self.measures[one.node].height / 2 + ASIDE for one in ends)
        return abs(heights[at, layer[place]] - heights[at, item]) - abs(by) >= halves + TRACK

    def result(self) -> Placement:
        """Everything, moved so that nothing lies outside."""
        places = {name: self.place(name) for name in self.graph.nodes}
        routes = {(edge.source, edge.target): self.route(edge.source, edge.target) for edge in self.graph.edges}
        points = [point for route in routes.values() for point in route]
        top = min(min(y for _, y in points), min(p.y - p.measure.height / 2 for p in places.values())) - MARGIN
        bottom = max(max(y for _, y in points), max(p.y + p.measure.height / 2 for p in places.values())) + MARGIN
        down = {name: Place(p.x, p.y - top, p.measure) for name, p in places.items()}
        moved = {key: tuple((x, y - top) for x, y in route) for key, route in routes.items()}
        forks = tuple((net, (x, y - top)) for net, (x, y) in self.forks())
        return Placement(down, moved, forks, max(place.right for place in places.values()) + MARGIN, bottom - top)

    def measured(self) -> dict[str, Measure]:
        """The measure of each node; boxes of a column are as wide as the widest that is not far wider than others."""
        found = {name: measure(self.graph, node) for name, node in self.graph.nodes.items()}
        for layer in self.layers:
            boxes = [i.node for i in layer if not i.passes and self.graph.nodes[i.node].kind is Kind.BOX]
            widths = [found[name].width for name in boxes]
            usual = [width for width in widths if width <= WIDER * median(widths)]
            found |= {name: replace(found[name], width=max(found[name].width, *usual)) for name in boxes}
        return found

    def height(self, name: str, at: int) -> float:
        """The height of a node, or of its line, in a layer."""
        return self.heights[at, Item(name, passes=at > self.depth[name])]

    def entered(self, name: str) -> dict[str, _Entry]:
        """Source -> where its line enters a node."""
        at, kind, middle = self.depth[name], self.graph.nodes[name].kind, self.heights[self.depth[name], Item(name)]
        sources = sorted((self.height(e.source, at - 1), e.source) for e in self.graph.into[name])
        if kind is Kind.JOINT and 1 < len(sources) <= SIDES:
            sides = self.sides([height for height, _ in sources], middle)
            found = zip(sources, sides, strict=True)
            return {source: self.entry(name, side, middle, height) for (height, source), side in found}
        straight = [place for place, (height, _) in enumerate(sources) if height == middle]
        if len(sources) == 2 and straight:
            return {source: _Entry(middle + ASIDE * (place - straight[0])) for place, (_, source) in enumerate(sources)}
        first = middle - LINE * (len(sources) - 1) / 2
        return {source: _Entry(first + LINE * place) for place, (_, source) in enumerate(sources)}

    def sides(self, heights: list[float], middle: float) -> list[str]:
        """From which side lines of these heights, from above, enter a joint: a straight one from the left."""
        if len(heights) == SIDES:
            if heights[0] == middle:
                return ["left", "above", "below"]
            return ["above", "below", "left"] if heights[2] == middle else ["above", "left", "below"]
        if heights[0] < middle < heights[1]:
            return ["above", "below"]
        return ["left", "below"] if heights[0] >= middle else ["above", "left"]

    def entry(self, name: str, side: str, middle: float, height: float) -> _Entry:
        """An entry on a side: over a stub, or, where nothing lies between, at the height at which the line comes."""
        if side == "left":
            return _Entry(middle)
        sign = 1 if side == "below" else -1
        stub = middle + sign * (JOINT / 2 + STUB)
        layer = self.layers[self.depth[name]]
        place = layer.index(Item(name)) + sign
        free = sign * (height - stub) > 0
        if free and 0 <= place < len(layer):
            other = layer[place]
            half = 0.0 if other.passes else self.measures[other.node].height / 2 + STUB
            free = sign * (self.heights[self.depth[name], other] - height) >= half + APART
        return _Entry(height if free else stub, side)

    def laid(self) -> list[tuple[float, float]]:
        """Left and right side of each column."""
        columns: list[tuple[float, float]] = []
        left = MARGIN
        for at, layer in enumerate(self.layers):
            width = max((self.measures[item.node].width for item in layer if not item.passes), default=0.0)
            width = max(width, sum(self.joint_sides(at)))
            columns.append((left, left + width))
            left += width + 2 * CLEAR + TRACK * max(0, self.channels[at].count - 1)
        return columns

    def lines(self, at: int) -> Iterator[Line]:
        """The lines through the channel after a layer."""
        if at + 1 == len(self.layers):
            return
        for item in self.layers[at]:
            targets = [edge.target for edge in self.graph.out_of[item.node] if self.depth[edge.target] == at + 1]
            leaves = [self.entries[target][item.node].height for target in targets]
            leaves += [self.heights[at + 1, Item(item.node, True)]] if self.passes(item.node, at + 1) else []
            if leaves:
                yield Line(item.node, self.heights[at, item], tuple(sorted(leaves)))

    def passes(self, name: str, at: int) -> bool:
        """Whether the line of a node passes through a layer."""
        return Item(name, passes=True) in self.layers[at]

    def track(self, name: str, at: int) -> float:
        """Where the track of a line lies in the channel after a layer."""
        return self.columns[at][1] + CLEAR + TRACK * self.channels[at].tracks.get(name, 0)

    def place(self, name: str) -> Place:
        """A node in the middle of its column; names at the ends stand where their lines begin and end."""
        at, measured = self.depth[name], self.measures[name]
        left, right = self.columns[at]
        free = right - left - measured.width
        share = 1.0 if at == 0 else 0.0 if at == len(self.layers) - 1 else 0.5
        if self.graph.nodes[name].kind is Kind.JOINT:
            return Place(self.joint_middle(at) - joint_width(measured.text) / 2, self.height(name, at), measured)
        return Place(left + share * free, self.height(name, at), measured)

    def joint_sides(self, at: int) -> tuple[float, float]:
        """How far the joints of a column reach to the left and right of their middle, the same for all."""
        names = [i.node for i in self.layers[at] if not i.passes and self.graph.nodes[i.node].kind is Kind.JOINT]
        halves = [joint_width(self.measures[name].text) / 2 for name in names]
        rests = [self.measures[name].width - half for name, half in zip(names, halves, strict=True)]
        return max(halves, default=0.0), max(rests, default=0.0)

    def joint_middle(self, at: int) -> float:
        """The middle of the joints of a column."""
        (left, right), (before, after) = self.columns[at], self.joint_sides(at)
        return max(left + before, min((left + right) / 2, right - after))

    def route(self, source: str, target: str) -> tuple[Point, ...]:
        """The way of an edge: along its line, over the tracks of channels where its height changes, into its node."""
        start, entry, end = self.place(source), self.entries[target][source], self.place(target)
        height, last = start.y, self.depth[target]
        joint = self.graph.nodes[source].kind is Kind.JOINT
        points: list[Point] = [(start.x + joint_width(start.measure.text) if joint else start.right, height)]
        for at in range(self.depth[source], last):
            after = entry.height if at + 1 == last else self.heights[at + 1, Item(source, True)]
            if after != height:
                points += [(self.track(source, at), height), (self.track(source, at), after)]
            height = after
        if entry.side == "left":
            return (*points, (end.x, height))
        middle = end.x + joint_width(end.measure.text) / 2
        sign = 1 if entry.side == "below" else -1
        return (*points, (middle, height), (middle, end.y + sign * end.measure.height / 2))

    def forks(self) -> Iterator[tuple[str, Point]]:
        """The points on tracks where a line goes on in more than one direction."""
        for at in range(len(self.layers) - 1):
            for line in self.lines(at):
                low, high = line.span
                for height in sorted({line.enters, *line.leaves}) if line.bends else ():
                    ways = (height == line.enters) + (height in line.leaves) + (height > low) + (height < high)
                    if ways > 2:
                        yield line.net, (self.track(line.net, at), height)
