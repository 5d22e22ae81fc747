"""Which equation a node or an edge is: its number, its anchor in a report, and its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lstm_sym.compile.derivation import Derivation
from lstm_sym.diagram.graph import Edge, Node
from lstm_sym.equations.signs import Sign
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes.numbering import number_statements
from lstm_sym.program.program import Program
from lstm_sym.program.statements import EQUATION, Statement
from lstm_sym.program.values import Role, Value

MOST = 4
"""The most lines of the text of a node that stands for several equations."""


@dataclass(frozen=True)
class Reference:
    """An equation: its anchor, and (E5) with the equation itself; "" for what no equation defines."""

    anchor: str
    text: str


class References:
    """The equations of a derivation by what they define; numbers and anchors are those of the report."""

    def __init__(self, derivation: Derivation) -> None:
        forward, backward = derivation.forward, derivation.adjoint
        numbers = number_statements(forward, backward, derivation.tangent)
        cell, self.text = derivation.cell, TextNotation(signs=derivation.cell.signs)
        self.equations = {
            equation.target: Reference(
                f"{cell.key}.equation.{equation.target}", f"(E{at}) {self.text.equation(equation, cell)}"
            )
            for at, equation in enumerate(cell.equations, 1)
        }
        self.targets = {equation.text: equation.target for equation in cell.equations}
        self.stages = _written(forward, numbers, cell.signs)
        lines = _written(backward, numbers, cell.signs)
        self.adjoints = {s.target.of: lines[s.target] for s in backward.statements if _is_whole_adjoint(s)}
        for carry in backward.carries:
            if carry.incoming.of is not None and carry.outgoing in lines:
                before = next(v for v in forward.values() if v.name == carry.incoming.of.name and v.time == -1)
                self.adjoints[before] = lines[carry.outgoing]

    def node(self, node: Node) -> Reference:
        """Of what a node computes: the equation of the paper, or of a stage its line; of several the first."""
        return _joined([self.value(value) for value in node.values] or [self.line(s) for s in node.statements[-1:]])

    def line(self, statement: Statement) -> Reference:
        """Of a statement: the equation of the paper that it is, or the line of the stage."""
        if statement.provenance.rule == EQUATION:
            return self.equations[self.targets[statement.provenance.equation]]
        return self.stages[statement.target]

    def value(self, value: Value) -> Reference:
        """Of a value: the equation that defines it, here or a step before, or the line of a stage."""
        if value.name in self.equations:
            return self.equations[value.name]
        return self.stages.get(value, Reference("", self.text.symbol(value)))

    def forward(self, edge: Edge, source: Node) -> Reference:
        """Of an edge: the equation of what flows."""
        return _joined([self.value(value) for value in edge.values]) if edge.values else self.node(source)

    def backward(self, edge: Edge, source: Node) -> Reference | None:
        """Of the gradient against an edge: the line of the adjoint to which it adds; None where none is derived.

        Within an expression it is the adjoint of what the expression defines.
        """
        values = edge.values or source.values or tuple(s.target for s in source.statements[-1:])
        found = [self.adjoints[value] for value in values if value in self.adjoints]
        return _joined(found) if found else None


def _written(program: Program, numbers: Mapping[str, str], signs: Mapping[str, Sign]) -> dict[Value, Reference]:
    """Target -> the line of its statement."""
    notation = replace(TextNotation.of(program), signs=signs)
    return {
        statement.target: Reference(
            statement.provenance.id, f"({numbers[statement.provenance.id]}) {notation.line(statement)}"
        )
        for statement in program.statements
    }


def _is_whole_adjoint(statement: Statement) -> bool:
    """Whether a line defines the adjoint of a quantity, not a part of it and not that of a parameter's place."""
    target = statement.target
    return target.role is Role.ADJOINT and target.of is not None and not target.place


def _joined(references: Iterable[Reference]) -> Reference:
    """Several as one: the anchor of the first that has one, the text of all."""
    found = list(dict.fromkeys(references))
    anchor = next((reference.anchor for reference in found if reference.anchor), "")
    texts = [reference.text for reference in found]
    shown = texts if len(texts) <= MOST else [*texts[: MOST - 2], "…", texts[-1]]
    return Reference(anchor, "\n".join(shown))
