"""One drawing, shown equation by equation: its parts are lit where they belong to the one that is spoken of.

Every part has the class of the equations that it belongs to, of-3 or of-3-4, whose opacity is a variable: a page draws
the cell once, refers to it from each step, and sets the variables there.
"""

from __future__ import annotations

from collections.abc import Iterable

from lstm_sym.diagram.graph import HANDED_ON, Edge, Graph, Node
from lstm_sym.equations.cell import Cell

EARLIER, LATER = 0.45, 0.13
"""How visible is what earlier equations have built, and what later ones will."""


class Lighting:
    """The equations of each node and edge of a graph, by their places in the cell, from 1."""

    def __init__(self, graph: Graph, cell: Cell) -> None:
        self.graph = graph
        self.places = {equation.text: place for place, equation in enumerate(cell.equations, 1)}

    def node(self, node: Node) -> tuple[int, ...]:
        """Of a node the equations whose statements it stands for; of what a step is given those that read it."""
        if node.statements:
            return self._of(node)
        if node.kind in HANDED_ON:
            return self._joined(self.graph.nodes[edge.source] for edge in self.graph.into[node.name])
        return self._joined(self.graph.nodes[edge.target] for edge in self.graph.out_of[node.name])

    def edge(self, edge: Edge) -> tuple[int, ...]:
        """Of an edge the equations of the node that reads it; of a state's last one those that give it."""
        return self.node(self.graph.nodes[edge.target])

    def rules(self) -> str:
        """The rules of a style sheet: without a variable everything is as visible as the rest, and that fully."""
        return "".join(
            f".cell-diagram .{name_of(group)} {{ opacity: var(--{name_of(group)}, var(--rest, 1)); }}\n"
            for group in self.groups()
        )

    def at(self, place: int) -> str:
        """The variables with which the drawing shows the equation of a place."""
        shown = {group: 1.0 if place in group else EARLIER if min(group) < place else LATER for group in self.groups()}
        return "".join(f"--{name_of(group)}:{opacity:g};" for group, opacity in shown.items())

    def groups(self) -> list[tuple[int, ...]]:
        """The sets of equations that parts belong to, in order."""
        nodes = (self.node(node) for node in self.graph.nodes.values())
        return sorted({group for group in nodes if group})

    def _of(self, node: Node) -> tuple[int, ...]:
        found = {self.places[statement.provenance.equation] for statement in node.statements}
        return tuple(sorted(found))

    def _joined(self, nodes: Iterable[Node]) -> tuple[int, ...]:
        return tuple(sorted({place for node in nodes for place in self._of(node)}))


def name_of(group: tuple[int, ...]) -> str:
    """The class of a group: of-3-4; "" of none."""
    return "-".join(["of", *map(str, group)]) if group else ""
