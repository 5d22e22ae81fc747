"""The steps between the lines of the backward pass: where a quantity is read, the derivative there, and what it adds.

For each statement of the forward program that reads v, one row: the statement, its derivative by v, and that derivative
times the adjoint of its target, which is what reverse mode adds to the adjoint of v. The line of the page is their sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.derivation.branches import Guards
from lstm_sym.derivation.local import Slopes, local_derivatives
from lstm_sym.document import document as d
from lstm_sym.notation.notation import Notation
from lstm_sym.program.statements import Accumulate, Affine, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value, adjoint, carried_adjoint, slope, total
from lstm_sym.report.formulas import expression_math, value_math
from lstm_sym.report.reading.story import Story


@dataclass(frozen=True)
class Reading:
    """A place where a value is read.

    Attributes:
        statement: what reads it.
        derivative: d target / d value there, as a formula.
        added: what the adjoint of the value gets: an expression, or a term that passes a matrix.
        known: the values of the symbols of the expression.
    """

    statement: Statement
    derivative: d.Math
    added: Expr | Term
    known: Mapping[sympy.Symbol, Value]

    @property
    def formula(self) -> d.Math:
        """What the adjoint gets, as a formula."""
        added = self.added
        if isinstance(added, Term):
            return d.Math(lambda n: n.signed([(added.coefficient, n.term(added))]))
        return expression_math(added, self.known)


def with_steps_between(section: d.Section, story: Story) -> d.Section:
    """The section with a table, folded, after each line of a quantity's adjoint."""
    steps = Steps(story)
    blocks: list[d.Block] = []
    for block in section.blocks:
        if isinstance(block, d.Section):
            blocks.append(with_steps_between(block, story))
            continue
        blocks.append(block)
        if isinstance(block, d.Equation) and block.id in steps.adjoints:
            blocks += steps.folded(block.id)
    return replace(section, blocks=tuple(blocks))


class Steps:
    """The readings of every value of a cell."""

    def __init__(self, story: Story) -> None:
        self.story, self.program = story, story.derivation.forward
        statements = story.derivation.adjoint.statements
        self.adjoints = {s.provenance.id: s.target for s in statements if _is_of_a_value(s.target)}

    def folded(self, identity: str) -> list[d.Block]:
        """The table of a line; none where it says no more than the line itself."""
        told, value = self.story.sentences, self.adjoints[identity].of
        assert value is not None
        if self.adjoints[identity].role is Role.CARRIED_ADJOINT:
            value = next(carry.incoming for carry in self.program.carries if carry.outgoing == value)
        rows = [*self.from_outside(value), *(self.row(reading) for reading in self.readings(value))]
        if not rows:
            return []
        head = tuple(told.text(f"by_hand.{column}") for column in ("read", "derivative", "adds"))
        return [d.Folded(told.text("by_hand.summary"), (d.Table(head, tuple(rows)),))]

    def from_outside(self, value: Value) -> Iterator[tuple[d.Line, ...]]:
        """What comes from the loss itself, and from the step after."""
        told = self.story.sentences
        for output, cotangent in zip(self.program.outputs, self.cotangents(), strict=True):
            if output == value:
                yield told.line("by_hand.output"), ("",), (value_math(cotangent),)
        for carry in self.program.carries:
            if carry.outgoing == value:
                yield told.line("by_hand.next"), ("",), (value_math(carried_adjoint(value, 0)),)

    def cotangents(self) -> list[Value]:
        """dy, one for each output."""
        inputs = self.story.derivation.reverse.inputs
        return list(inputs[: len(self.program.outputs)])

    def row(self, reading: Reading) -> tuple[d.Line, ...]:
        """A reading as a row: the line of the page that reads, the derivative, what is added."""
        statement = reading.statement
        shown = self.story.formula(statement.provenance.id)
        return shown, (reading.derivative,), (reading.formula,)

    def readings(self, value: Value) -> Iterator[Reading]:
        """Every place where a value is read, last first, as the backward pass meets them."""
        for statement in reversed(self.program.statements):
            if value in statement.reads():
                yield from self.of(statement, value)

    def of(self, statement: Statement, value: Value) -> Iterator[Reading]:
        """The readings of a value in one statement, by its kind."""
        received = adjoint(statement.target)
        match statement:
            case Affine():
                found = (term for term in statement.terms if term.operand == value)
                yield from (_in_a_sum(statement, term, received) for term in found)
            case Pointwise():
                yield from self.pointwise(statement, value, received)
            case Maximum():
                share, summed = slope(statement.target), total(received)
                known = {one.symbol: one for one in (share, summed)}
                yield Reading(statement, value_math(share), share.symbol * summed.symbol, known)
            case Accumulate():
                raise TypeError("a forward program accumulates nothing")
            case _:
                assert_never(statement)

    def pointwise(self, statement: Pointwise, value: Value, received: Value) -> Iterator[Reading]:
        """dphi/dv as reverse mode takes it, a slope by its own sign."""
        slopes = Slopes("", Guards.in_program(self.program))
        for operand, factor in local_derivatives(statement, slopes, []):
            if operand == value:
                known = {**self.story.values, **factor.symbols, received.symbol: received}
                derivative = expression_math(factor.expression, known)
                yield Reading(statement, derivative, factor.expression * received.symbol, known)


def _is_of_a_value(target: Value) -> bool:
    """Whether a line defines the whole adjoint of a value of the step, or what is handed to the step before."""
    return (
        target.of is not None
        and not target.place
        and target.role in (Role.ADJOINT, Role.CARRIED_ADJOINT)
        and (target.of.role is not Role.PARAMETER)
    )


def _in_a_sum(statement: Affine, term: Term, received: Value) -> Reading:
    """A term of an affine map: W v gives W^T delta; what only scales v, the same of delta."""
    if term.is_product or term.operator is not None:
        back = Term(term.matrix, received, not term.transposed, term.coefficient)
        return Reading(statement, d.Math(lambda n: _matrix(n, term)), back, {})
    coefficient = sympy.Rational(term.coefficient.numerator, term.coefficient.denominator)
    known = {value.symbol: value for value in (term.weight, received) if value is not None}
    scale = coefficient * (1 if term.weight is None else term.weight.symbol)
    return Reading(statement, expression_math(scale, known), scale * received.symbol, known)


def _matrix(notation: Notation, term: Term) -> str:
    """The matrix of a term, or its constant map."""
    if term.operator is not None:
        return notation.operator(term.operator, term.transposed)
    assert term.weight is not None
    text = notation.symbol(term.weight)
    return notation.signed([(term.coefficient, notation.transpose(text) if term.transposed else text)])
