"""A large graph made small: nodes folded into one until what is left is read at a glance."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import pairwise

from lstm_sym.diagram.graph import BLANK, GIVEN, HANDED_ON, Edge, Graph, Kind, Node

LARGEST = 14
"""The most boxes of a drawing; two joints, small as they are, count as one."""

Group = tuple[str, ...]


def folded(graph: Graph) -> Graph:
    """The graph with at most LARGEST boxes.

    Folded first are the operations within one equation, then what is read by one box alone, then all that depends on
    the same inputs and states and no others, at last whatever follows one another. What lies on the way of a state that
    is only scaled and added to stays as it is as long as the rest gives way.
    """
    for groups in (_within_equations, _read_by_one_box, _of_same_origin, _one_after_another):
        while size(graph) > LARGEST and (group := next(groups(graph), None)):
            graph = together(graph, group)
    return graph


def size(graph: Graph) -> float:
    """How many boxes a graph has, two joints for one."""
    kinds = [node.kind for node in graph.nodes.values()]
    return kinds.count(Kind.BOX) + kinds.count(Kind.JOINT) / 2


def together(graph: Graph, group: Collection[str]) -> Graph:
    """The graph with a group of nodes as one, which gives what others read of them."""
    members = [graph.nodes[name] for name in graph.nodes if name in group]
    last = members[-1]
    read = {value for edge in graph.edges if edge.source in group and edge.target not in group for value in edge.values}
    values = tuple(v for node in members for v in node.values if v in read) or last.values
    statements = tuple(dict.fromkeys(s for node in members for s in node.statements))
    text = last.text if last.text.endswith(f"({BLANK})") and values == last.values else ""
    made = Node(last.name, Kind.BOX, text, values, statements)
    edges: dict[tuple[str, str], Edge] = {}
    for edge in graph.edges:
        source, target = (made.name if end in group else end for end in (edge.source, edge.target))
        if source != target:
            known = edges.get((source, target), Edge(source, target, (), edge.sign))
            sign = 1 if target == made.name else edge.sign
            edges[source, target] = replace(
                known, values=tuple(dict.fromkeys([*known.values, *edge.values])), sign=sign
            )
    nodes = {name: node for name, node in graph.nodes.items() if name not in group} | {made.name: made}
    return Graph(_in_order(nodes, edges.values()), tuple(edges.values()), graph.states, graph.signs)


def _in_order(nodes: dict[str, Node], edges: Collection[Edge]) -> dict[str, Node]:
    """The nodes, each after those that it reads, otherwise in the order in which they stand."""
    waiting = {name: {edge.source for edge in edges if edge.target == name} for name in nodes}
    ordered: dict[str, Node] = {}
    while waiting:
        name = next(name for name, sources in waiting.items() if not sources & waiting.keys())
        ordered[name] = nodes[name]
        del waiting[name]
    return ordered


def _free(graph: Graph) -> list[str]:
    """The nodes that may be folded: neither given nor handed on, nor on the way of a state scaled and added to."""
    kept = {name for way in graph.carousels.values() for name in way}
    ends = (*GIVEN, *HANDED_ON)
    return [name for name, node in graph.nodes.items() if name not in kept and node.kind not in ends]


def _within_equations(graph: Graph) -> Iterator[Group]:
    """The nodes of one equation that ends in a box, or the joints of one without a box; those of most nodes first."""
    groups: dict[str, list[str]] = {}
    for name in _free(graph):
        groups.setdefault(graph.nodes[name].statements[-1].provenance.equation, []).append(name)
    several = [group for group in groups.values() if len(group) > 2 and _is_convex(graph, group)]
    yield from map(tuple, sorted(several, key=len, reverse=True))


def _read_by_one_box(graph: Graph) -> Iterator[Group]:
    """A node and the box that alone reads it."""
    free = _free(graph)
    for name in free:
        readers = [edge.target for edge in graph.out_of[name]]
        if len(readers) == 1 and readers[0] in free and graph.nodes[readers[0]].kind is Kind.BOX:
            yield name, readers[0]


def _of_same_origin(graph: Graph) -> Iterator[Group]:
    """Nodes that depend on the same of what is given, those that depend on least first."""
    origins: dict[str, frozenset[str]] = {}
    for name, node in graph.nodes.items():
        above = [origins[edge.source] for edge in graph.into[name]]
        origins[name] = frozenset({name}) if node.kind in GIVEN else frozenset().union(*above)
    everything = {name for name, node in graph.nodes.items() if node.kind in GIVEN}
    groups: dict[frozenset[str], list[str]] = {}
    for name in _free(graph):
        if origins[name] < everything:
            groups.setdefault(origins[name], []).append(name)
    found = [group for group in groups.values() if len(group) > 1 and _is_convex(graph, group)]
    yield from map(tuple, sorted(found, key=lambda group: len(origins[group[0]])))


def _one_after_another(graph: Graph) -> Iterator[Group]:
    """Two neighbours in order, the smallest first; those on the way of a state when all else is folded."""
    inner = [name for name, node in graph.nodes.items() if node.kind in (Kind.BOX, Kind.JOINT)]
    free = set(_free(graph))

    def cost(pair: Group) -> tuple[bool, int]:
        return not free.issuperset(pair), sum(len(graph.nodes[name].statements) for name in pair)

    yield from sorted(pairwise(inner), key=cost)


def _is_convex(graph: Graph, group: Collection[str]) -> bool:
    """Whether no way leaves a group and comes back to it, so that it can be one node."""
    outside: set[str] = set()
    for name in graph.nodes:
        sources = {edge.source for edge in graph.into[name]}
        if name in group:
            if sources & outside:
                return False
        elif sources & (outside | set(group)):
            outside.add(name)
    return True
