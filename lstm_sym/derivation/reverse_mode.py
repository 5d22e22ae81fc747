"""Reverse mode: forward program -> backward program (Griewank & Walther 2008, ch. 3; BPTT: Werbos 1990).

Conventions. d_v is the adjoint dL/dv, same shape as v. For each statement kind one rule says what its target's adjoint
adds to the adjoints of what it reads:

    Affine     z = sum_k W_k v_k + b      v_k gets W_k^T d_z       W_k gets d_z v_k^T      b gets d_z
    Pointwise  y = phi(u, ...)            u gets (dphi/du) d_y     a parameter the same, summed over time
    Maximum    y = max v                  v gets y_slope sum(d_y)  y_slope the share of each unit in the maximum

A statement y = phi(a) of one function keeps its derivative as a value of its own, y_slope = phi'(a): the textbook's
delta a = delta y * phi'(a). The loop runs backwards: what reaches the state s from step t+1 is the carried d_s_next[t].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.derivation.branches import Guards
from lstm_sym.derivation.local import Slopes, local_derivatives, slopes_of
from lstm_sym.program.program import Carry, Program
from lstm_sym.program.statements import (
    Accumulate,
    Affine,
    Contribution,
    Maximum,
    Pointwise,
    Provenance,
    Statement,
    Term,
    in_order,
)
from lstm_sym.program.values import (
    Operator,
    Role,
    Value,
    adjoint,
    carried_adjoint,
    direct_adjoint,
    placed_adjoint,
    total,
)

ACCUMULATES = "reverse mode over an Accumulate is not defined; for second order take the jvp of the vjp"


@dataclass
class _Incoming:
    """What an adjoint is made of so far: terms that pass a matrix, and a pointwise sum."""

    terms: list[Term] = field(default_factory=list)
    pointwise: Expr = sympy.S.Zero


def vjp(program: Program) -> Program:
    """The backward program: reads the cotangents of the outputs and forward values, gives input and state adjoints.

    Its inputs are the outputs' cotangents and every forward value its statements read; liveness decides what is saved.
    Raises TypeError for a program that accumulates.
    """
    if any(isinstance(statement, Accumulate) for statement in program.statements):
        raise TypeError(ACCUMULATES)
    return _Reverse(program).run()


class _Reverse:
    """One sweep over the statements, last to first."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.incoming: dict[Value, _Incoming] = {}
        self.gradients: dict[Value, list[Contribution]] = {}
        self.statements: list[Statement] = []
        self.known: dict[sympy.Symbol, Value] = {}
        self.kind = "backward" if program.kind == "forward" else f"{program.kind}_backward"
        made = {y: s.target for y, s in slopes_of(program).items()}
        self.slopes = Slopes(f"{program.cell}.{self.kind}", Guards.in_program(program), made=made)
        self.equations = {s.target: s.provenance.equation for s in program.statements}
        self.cotangents = tuple(Value(_cotangent(v), v.shape, 0, Role.ADJOINT) for v in program.outputs)

    def run(self) -> Program:
        """Seed the adjoints, apply the rule of each statement in reverse, close the loop."""
        for value, cotangent in zip(self.program.outputs, self.cotangents, strict=True):
            self.add_pointwise(value, self.symbol(cotangent))
        for carry in self.program.carries:
            self.add_pointwise(carry.outgoing, self.symbol(carried_adjoint(carry.outgoing, 0)))
        for statement in reversed(self.program.statements):
            self.reverse(statement)
        carries = tuple(self.close(carry) for carry in self.program.carries)
        outputs = tuple(self.define(value, adjoint(value)) for value in self.program.inputs)
        self.finish_gradients()
        return self.assemble(carries, outputs)

    def assemble(self, carries: tuple[Carry, ...], outputs: tuple[Value, ...]) -> Program:
        """The program; forward values that are read become its inputs."""
        defined = {statement.target for statement in self.statements} | {carry.incoming for carry in carries}
        parameters = {*self.program.parameters, *self.program.constants}
        reads = dict.fromkeys(v for s in self.statements for v in s.reads())
        inputs = tuple(v for v in reads if v not in defined and v not in parameters and v not in self.cotangents)
        return Program(
            self.program.cell,
            self.kind,
            (*self.cotangents, *inputs),
            carries,
            self.program.parameters,
            tuple(self.statements),
            outputs,
            direction=-self.program.direction,
            constants=self.program.constants,
        )

    def symbol(self, value: Value) -> sympy.Symbol:
        """The symbol of a value, remembered with it."""
        self.known[value.symbol] = value
        return value.symbol

    def add_pointwise(self, value: Value, expression: Expr) -> None:
        """Add to a value's adjoint."""
        entry = self.incoming.setdefault(value, _Incoming())
        entry.pointwise = entry.pointwise + expression

    def reverse(self, statement: Statement) -> None:
        """The rule of one statement; a statement whose target nothing needs has no adjoint and is skipped."""
        if statement.target not in self.incoming:
            return
        incoming = self.define(statement.target, adjoint(statement.target))
        match statement:
            case Affine():
                self.affine_rule(statement, incoming)
            case Pointwise():
                self.pointwise_rule(statement, incoming)
            case Maximum():
                self.maximum_rule(statement, incoming)
            case Accumulate():
                raise TypeError(ACCUMULATES)
            case _:
                assert_never(statement)

    def affine_rule(self, statement: Affine, incoming: Value) -> None:
        """z = sum c W v: v gets c W^T d_z, W gets c d_z v^T; p * v: v gets p d_z, p gets d_z v; b gets d_z."""
        for term in statement.terms:
            if term.operand is not None:
                self.affine_operand(term, incoming)
            if term.weight is not None and term.weight.role is not Role.CONSTANT:
                left, right = incoming, term.operand
                if term.transposed and right is not None:
                    left, right = right, left
                part = Contribution(left, right, term.coefficient)
                self.gradients.setdefault(term.weight, []).append(part)

    def affine_operand(self, term: Term, incoming: Value) -> None:
        """What the operand of one term gets."""
        assert term.operand is not None
        if term.is_product or term.operator is not None:
            entry = self.incoming.setdefault(term.operand, _Incoming())
            entry.terms.append(Term(term.matrix, incoming, not term.transposed, term.coefficient))
            return
        factor = _rational(term.coefficient) * (self.symbol(term.weight) if term.weight is not None else 1)
        self.add_pointwise(term.operand, factor * self.symbol(incoming))

    def pointwise_rule(self, statement: Pointwise, incoming: Value) -> None:
        """y = phi(u, ...): u gets (dphi/du) d_y; for one function of one operand dphi/du is the slope of y."""
        for operand, factor in local_derivatives(statement, self.slopes, self.statements):
            self.known |= factor.symbols
            contribution = factor.expression * self.symbol(incoming)
            if operand.is_parameter:
                self.parameter_contribution(operand, statement.target, contribution)
            else:
                self.add_pointwise(operand, contribution)

    def maximum_rule(self, statement: Maximum, incoming: Value) -> None:
        """y = max v: v gets y_slope * sum(d_y), the sum over units at every unit."""
        share = self.symbol(self.slopes.of(statement, self.statements))
        shape = (*incoming.shape, *incoming.shape)
        summed = total(incoming)
        rule = self.provenance(summed, "maximum vjp", statement.provenance.equation)
        self.statements.append(Affine(summed, (Term(Operator("sum", shape), incoming),), rule))
        self.add_pointwise(statement.operand, share * self.symbol(summed))

    def parameter_contribution(self, parameter: Value, target: Value, expression: Expr) -> None:
        """A parameter inside a pointwise statement: its adjoint at this step, a scalar's unit by unit, then summed."""
        value = placed_adjoint(parameter, target)
        self.append_pointwise(value, expression, "pointwise vjp", self.equations[target])
        self.gradients.setdefault(parameter, []).append(Contribution(value, None))

    def append_pointwise(self, target: Value, expression: Expr, rule: str, equation: str) -> None:
        """Append target = expression; its operands are those of its symbols."""
        symbols = sorted(expression.free_symbols, key=lambda s: list(self.known).index(s))
        operands = tuple(self.known[symbol] for symbol in symbols)
        self.statements.append(Pointwise(target, expression, operands, self.provenance(target, rule, equation)))

    def provenance(self, target: Value, rule: str, equation: str) -> Provenance:
        """The id, rule and equation of a derived statement."""
        name = target.of.name if target.of is not None and target.role is not Role.TOTAL else target.name
        if target.of is not None and (target.time == -1 or target.of.time == -1):
            name += "_prev"
        if target.role is Role.DIRECT_ADJOINT:
            name += "_direct"
        name += f"_by_{target.place}" if target.place else ""
        return Provenance(f"{self.program.cell}.{self.kind}.{name}", rule, equation)

    def define(self, value: Value, target: Value) -> Value:
        """Append the statement that sums all that has come in for a value, and return the adjoint it defines."""
        entry = self.incoming.pop(value, _Incoming())
        equation = self.equations.get(value, "")
        if not entry.terms:
            self.append_pointwise(target, entry.pointwise, "sum of adjoints", equation)
        else:
            terms = list(entry.terms)
            if entry.pointwise != 0:
                terms.append(Term(None, self.direct(value, entry.pointwise, equation)))
            rule = self.provenance(target, "affine vjp", equation)
            self.statements.append(Affine(target, in_order(terms), rule))
        self.symbol(target)
        return target

    def direct(self, value: Value, expression: Expr, equation: str) -> Value:
        """The part of an adjoint that passes no matrix, as a value of its own if it is not one already."""
        if expression.is_Symbol:
            return self.known[expression]
        target = direct_adjoint(value)
        self.append_pointwise(target, expression, "sum of adjoints", equation)
        self.symbol(target)
        return target

    def close(self, carry: Carry) -> Carry:
        """The adjoint of the incoming state is what the step before receives."""
        sent = self.define(carry.incoming, carried_adjoint(carry.outgoing, -1))
        return Carry(carried_adjoint(carry.outgoing, 0), sent)

    def finish_gradients(self) -> None:
        """One Accumulate a parameter, in the order of the program's parameters."""
        for parameter in self.program.parameters:
            parts = self.gradients.get(parameter, [])
            target = Value(f"d_{parameter.name}", parameter.shape, None, Role.ADJOINT, parameter)
            rule = "outer product" if len(parameter.shape) == 2 else "sum over batch"
            self.statements.append(Accumulate(target, tuple(parts), self.provenance(target, rule, "")))


def _cotangent(output: Value) -> str:
    """The name of the cotangent of an output: dy, and dy_dot for that of its tangent."""
    inner = output
    while inner.role is Role.TANGENT and inner.of is not None:
        inner = inner.of
    return "dy" + output.name.removeprefix(inner.name)


def _rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)
