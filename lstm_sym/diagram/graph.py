"""The data flow of one step as a graph: nodes, edges, and the states that are only scaled and added to on their way."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sympy
from sympy import Expr

from lstm_sym.equations.signs import Sign
from lstm_sym.program.statements import Affine, Pointwise, Statement
from lstm_sym.program.values import Value

BLANK = "·"
"""Where the argument stands in the text of a function of one argument: σ(·), 1 − ·."""


class Kind(enum.Enum):
    """What a node is: what a step is given, what it hands on, a function in a box, or an operation on the line."""

    INPUT = "input"
    BEFORE = "state before"
    AFTER = "state after"
    OUTPUT = "output"
    BOX = "box"
    JOINT = "joint"


GIVEN, HANDED_ON = (Kind.INPUT, Kind.BEFORE), (Kind.AFTER, Kind.OUTPUT)


@dataclass(frozen=True)
class Node:
    """A node of the graph.

    Attributes:
        name: its key in the graph.
        kind: what it is.
        text: what it computes, as σ(·) or ×; "" for what is given or handed on, and for what is folded.
        values: the quantities with a name of their own that it gives; of a stage none.
        statements: the statements that it stands for, in order.
        linear: whether it only scales, adds or subtracts its inputs element by element.
    """

    name: str
    kind: Kind
    text: str = ""
    values: tuple[Value, ...] = ()
    statements: tuple[Statement, ...] = ()
    linear: bool = False


@dataclass(frozen=True)
class Edge:
    """What flows from one node to another: the `values`, a stage among them too; with -1 it is subtracted there."""

    source: str
    target: str
    values: tuple[Value, ...] = ()
    sign: int = 1


@dataclass(frozen=True)
class Graph:
    """Nodes by name in an order of computation, and the edges between them, at most one for two nodes."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    states: Mapping[str, str] = field(default_factory=dict)
    """Each node of a state before the step, with that after it."""
    signs: Mapping[str, Sign] = field(default_factory=dict)
    """How names are shown, where not as they are written."""

    @cached_property
    def into(self) -> dict[str, list[Edge]]:
        """The edges that end at each node."""
        return {name: [edge for edge in self.edges if edge.target == name] for name in self.nodes}

    @cached_property
    def out_of(self) -> dict[str, list[Edge]]:
        """The edges that begin at each node."""
        return {name: [edge for edge in self.edges if edge.source == name] for name in self.nodes}

    @cached_property
    def carousels(self) -> dict[str, tuple[str, ...]]:
        """State before the step -> the nodes of the way on which it is only scaled and added to, both ends too.

        States that pass a function or a matrix on every way have none. What scales them depends on them through
        functions alone.
        """
        found = {before: self._way(before, after) for before, after in self.states.items()}
        return {before: way for before, way in found.items() if way}

    @cached_property
    def rows(self) -> list[tuple[str, ...]]:
        """Those of these ways that have a row of their own in the drawing: each shares no node with those before it."""
        found: list[tuple[str, ...]] = []
        for way in self.carousels.values():
            if not any(set(way) & set(other) for other in found):
                found.append(way)
        return found

    def kept(self, before: str) -> Expr:
        """What the state is multiplied by on all such ways together, in the symbols of the program: f of the LSTM, 1
        where it is only added to.
        """
        expression: Expr = self.nodes[self.states[before]].values[0].symbol
        for name in reversed(list(self._reached(before))):
            for statement in reversed(self.nodes[name].statements):
                expression = expression.xreplace({statement.target.symbol: _on_the_line(statement)})
        return expression.diff(self.nodes[before].values[0].symbol)

    def count_of_ways(self, before: str) -> int:
        """On how many ways the state is only scaled and added to."""
        reached = self._reached(before)
        return sum(reached.get(edge.source, 0) for edge in self.into[self.states[before]])

    def _reached(self, before: str) -> dict[str, int]:
        """What the state reaches while it is only scaled and added to, in the order of computation, and on how many
        ways.
        """
        spread, found = self._spread(before), {before: 1}
        for name in self.nodes:
            if name != before and self._passes(name, spread):
                ways = sum(found.get(edge.source, 0) for edge in self.into[name])
                found |= {name: ways} if ways else {}
        return found

    def _spread(self, source: str) -> set[str]:
        """The nodes that a state reaches through joints alone."""
        reached = {source}
        for name, node in self.nodes.items():
            if node.kind is Kind.JOINT and any(edge.source in reached for edge in self.into[name]):
                reached.add(name)
        return reached

    def _way(self, before: str, after: str) -> tuple[str, ...]:
        """The shortest such way, () where there is none."""
        spread = self._spread(before)
        ways: list[tuple[str, ...]] = [(before,)]
        while ways:
            way = ways.pop(0)
            for edge in self.out_of[way[-1]]:
                if edge.target == after:
                    return (*way, after)
                if self._passes(edge.target, spread):
                    ways.append((*way, edge.target))
        return ()

    def _passes(self, name: str, spread: Collection[str]) -> bool:
        """Whether a node scales what comes, or adds to it."""
        node = self.nodes[name]
        alone = sum(edge.source in spread for edge in self.into[name]) == 1
        return node.kind is Kind.JOINT and node.linear and (alone or node.text != "×")


def _on_the_line(statement: Statement) -> Expr:
    """The right side of a statement of joints; of a sum, what passes no matrix."""
    if isinstance(statement, Pointwise):
        return statement.expression
    terms = statement.terms if isinstance(statement, Affine) else ()
    kept = (t for t in terms if t.operand is not None and not t.is_product and t.operator is None)
    return sympy.Add(
        *(
            sympy.Rational(term.coefficient.numerator, term.coefficient.denominator)
            * (1 if term.weight is None else term.weight.symbol)
            * (1 if term.operand is None else term.operand.symbol)
            for term in kept
        )
    )
