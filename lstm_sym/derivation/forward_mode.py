"""Forward mode: program -> program that carries tangents beside values (Griewank & Walther 2008, ch. 3).

Conventions. v_dot is the derivative of v along the direction (x_dot, parameters_dot, state_dot), same shape as v:

    Affine      z = sum_k W_k v_k + b     z_dot = sum_k (W_k v_k_dot + W_k_dot v_k) + b_dot
    Pointwise   y = phi(u, ...)           y_dot = sum_u (dphi/du) u_dot
    Maximum     y = max v                 y_dot = sum(y_slope v_dot), y_slope the share of each unit in the maximum
    Accumulate  G = sum l r^T             G_dot = sum (l_dot r^T + l r_dot^T)

The rules hold for any program, the backward program included: its JVP is the Hessian-vector product. They hold for what
they make, too: of a program that has tangents already, the JVP is along one direction more, v_dot_again of v.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.derivation.local import Slopes, local_derivatives, slopes_of
from lstm_sym.equations.functions import CHOICES
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
)
from lstm_sym.program.values import Operator, Role, Value, directions, share, tangent


def jvp(program: Program) -> Program:
    """The program that computes values and tangents together; every input, parameter and carry gets a tangent.

    Its outputs are the outputs and their tangents.
    """
    forward = _Forward(program)
    for statement in program.statements:
        if statement.target not in forward.slopes.placed:
            forward.statements.append(statement)
        forward.differentiate(statement)
    along = forward.along
    carries = tuple(
        c for carry in program.carries for c in (carry, Carry(along(carry.incoming), along(carry.outgoing)))
    )
    return replace(
        program,
        kind="tangent" if program.kind == "forward" else f"{program.kind}_tangent",
        inputs=(*program.inputs, *map(along, program.inputs)),
        carries=carries,
        parameters=(*program.parameters, *map(along, program.parameters)),
        statements=tuple(forward.statements),
        outputs=(*program.outputs, *map(along, program.outputs)),
    )


_KINDS = {"forward": "tangent", "backward": "second"}
"""Kind of a program -> that of the tangent lines made of it, as it stands in their ids."""


class _Forward:
    """One sweep over the statements, first to last."""

    def __init__(self, program: Program) -> None:
        self.statements: list[Statement] = []
        self.prefix = f"{program.cell}.{_KINDS.get(program.kind, f'{program.kind}_tangent')}"
        self.slopes = Slopes(self.prefix, known=slopes_of(program))
        self.direction = 1 + directions((*program.inputs, *program.parameters, *(c.incoming for c in program.carries)))

    def along(self, value: Value) -> Value:
        """The tangent of a value along the direction of this sweep."""
        return tangent(value, self.direction)

    def differentiate(self, statement: Statement) -> None:
        """Append the tangent of one statement, by the rule of its kind."""
        match statement:
            case Affine():
                self.statements.append(self.affine_rule(statement))
            case Pointwise():
                self.pointwise_rule(statement)
            case Maximum():
                self.maximum_rule(statement)
            case Accumulate():
                self.statements.append(self.accumulate_rule(statement))
            case _:
                assert_never(statement)

    def provenance(self, statement: Statement, rule: str) -> Provenance:
        """The id, rule and equation of a tangent statement."""
        late = "_prev" if statement.target.time == -1 else ""
        return Provenance(f"{self.prefix}.{statement.target.name}{late}", rule, statement.provenance.equation)

    def affine_rule(self, statement: Affine) -> Affine:
        """z_dot = sum (W v_dot + W_dot v) + b_dot."""
        terms = []
        for term in statement.terms:
            if term.operand is not None:
                terms.append(replace(term, operand=self.along(term.operand)))
            if term.weight is not None and term.weight.role is not Role.CONSTANT:
                terms.append(Term(self.along(term.weight), term.operand, term.transposed, term.coefficient))
        return Affine(self.along(statement.target), tuple(terms), self.provenance(statement, "affine jvp"))

    def pointwise_rule(self, statement: Pointwise) -> None:
        """y_dot = sum (dphi/du) u_dot; the slope of a single function becomes a statement before it.

        The tangent of a choice is chosen too: that of the branch not taken may be anything, times 0 too.
        """
        total: Expr = sympy.Integer(0)
        known: dict[sympy.Symbol, Value] = {}
        if statement.expression.has(*CHOICES):
            self.choice_rule(statement)
            return
        for operand, factor in local_derivatives(statement, self.slopes, self.statements):
            direction = self.along(operand)
            total = total + factor.expression * direction.symbol
            known |= factor.symbols | {direction.symbol: direction}
        operands = tuple(value for symbol, value in known.items() if symbol in total.free_symbols)
        target = self.along(statement.target)
        self.statements.append(Pointwise(target, total, operands, self.provenance(statement, "pointwise jvp")))

    def choice_rule(self, statement: Pointwise) -> None:
        """d/de of the expression along u + e u_dot, at e = 0, with every choice left in its place."""
        step = sympy.Dummy("e", real=True)
        moving = {u.symbol: u for u in statement.operands if u.role is not Role.CONSTANT}
        directions = {symbol: self.along(u) for symbol, u in moving.items()}
        moved = {symbol: symbol + step * direction.symbol for symbol, direction in directions.items()}
        total = statement.expression.xreplace(moved).diff(step).xreplace({step: sympy.S.Zero})
        known = {**statement.symbols, **{direction.symbol: direction for direction in directions.values()}}
        operands = tuple(value for symbol, value in known.items() if symbol in total.free_symbols)
        rule = self.provenance(statement, "pointwise jvp")
        self.statements.append(Pointwise(self.along(statement.target), total, operands, rule))

    def maximum_rule(self, statement: Maximum) -> None:
        """y_dot = sum(y_slope v_dot); the shares themselves do not change."""
        target, rule = self.along(statement.target), self.provenance(statement, "maximum jvp")
        if statement.weights:
            self.statements.append(Pointwise(target, sympy.Integer(0), (), rule))
            return
        weights, direction = self.slopes.of(statement, self.statements), self.along(statement.operand)
        weighted, weighted_rule = share(target), replace(rule, id=f"{rule.id}_share")
        expression = weights.symbol * direction.symbol
        self.statements.append(Pointwise(weighted, expression, (weights, direction), weighted_rule))
        operator = Operator("sum", (*target.shape, *target.shape))
        self.statements.append(Affine(target, (Term(operator, weighted),), rule))

    def accumulate_rule(self, statement: Accumulate) -> Accumulate:
        """G_dot = sum (l_dot r^T + l r_dot^T)."""
        parts = []
        for part in statement.contributions:
            parts.append(replace(part, left=self.along(part.left)))
            if part.right is not None:
                parts.append(Contribution(part.left, self.along(part.right), part.coefficient))
        return Accumulate(self.along(statement.target), tuple(parts), self.provenance(statement, "accumulate jvp"))
