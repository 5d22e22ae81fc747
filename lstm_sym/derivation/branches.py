"""What only branches read: its slope may be infinite where no branch that reads it is taken, and then passes nothing.

    l = log(a), h = where(a, l, v)      dh/da by l = where(a, 1/a, 0), which is 0 at a = 0, where 0 * (1/a) is NaN

Reverse mode and Jacobians, which multiply, ask here; forward mode chooses among tangents and needs no guard.
A value is needed where a reader of it is: through a choice where its branch is taken, through a matrix or
a reduction everywhere, since a unit is needed where any unit of the result is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy
from sympy import Expr

from lstm_sym.equations.functions import CHOICES, branches, positive, sqrt
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Affine, Pointwise, Statement
from lstm_sym.program.values import Value


@dataclass(frozen=True)
class Guards:
    """`of` each value that only branches read, an expression that is > 0 where it is needed; `values` by symbol."""

    of: Mapping[Value, Expr] = field(default_factory=dict)
    values: Mapping[sympy.Symbol, Value] = field(default_factory=dict)

    @classmethod
    def in_program(cls, program: Program) -> Guards:
        """The guards of a program; none where it chooses nothing."""
        return cls(guards(program), {value.symbol: value for value in program.values()})


def guards(program: Program) -> dict[Value, Expr]:
    """Of each value that can be infinite, or have an infinite slope, and that only branches read: what is > 0 where it
    is needed.
    """
    if not any(isinstance(s, Pointwise) and s.expression.has(*CHOICES) for s in program.statements):
        return {}
    needed: dict[Value, Expr] = dict.fromkeys(program.outputs, sympy.S.One)
    needed |= {carry.outgoing: sympy.S.One for carry in program.carries}
    for statement in reversed(program.statements):
        own = needed.get(statement.target, sympy.S.One)  # what nothing reads is asked for itself
        for value in statement.reads():
            through = own * _read_where(statement.expression, value.symbol) if isinstance(statement, Pointwise) else own
            if own != 1 and _mixes_units(statement, value):
                through = sympy.S.One  # a unit is needed where any unit of the result is
            needed[value] = _either(needed.get(value, sympy.S.Zero), through)
    infinite: set[Value] = set()  # what may be, or be made of what may be
    for statement in program.statements:
        singular = isinstance(statement, Pointwise) and _is_singular(statement.expression)
        if singular or not infinite.isdisjoint(statement.reads()):
            infinite.add(statement.target)
    return {value: where for value in infinite if (where := needed.get(value, sympy.S.One)) != 1}


def _mixes_units(statement: Statement, value: Value) -> bool:
    """Whether a unit of a statement's target may read any unit of a value: through a matrix, a reduction, a stack."""
    if isinstance(statement, Affine):
        return any(t.operand == value and (t.is_product or t.operator is not None) for t in statement.terms)
    return not isinstance(statement, Pointwise)


def _read_where(expression: Expr, symbol: sympy.Symbol) -> Expr:
    """1 where the value of an expression depends on a symbol, 0 where it does not; a condition is no dependence."""
    if expression == symbol:
        return sympy.S.One
    if not expression.has(symbol):
        return sympy.S.Zero
    if isinstance(expression, CHOICES):
        condition, u, v = branches(expression)
        first = positive(condition)
        return _either(first * _read_where(u, symbol), (1 - first) * _read_where(v, symbol))
    found: Expr = sympy.S.Zero
    for argument in expression.args:
        found = _either(found, _read_where(argument, symbol))
    return found


def _either(left: Expr, right: Expr) -> Expr:
    """What is > 0 where one of two is; 1 where one is so everywhere."""
    if left == 1 or right == 1 or sympy.expand(left + right) == 1:
        return sympy.S.One
    return left if left == right else left + right


def _is_singular(expression: Expr) -> bool:
    """Whether a slope can be infinite: of a logarithm, a root, an exponential, a quotient."""
    quotient = any(power.exp.is_negative for power in expression.atoms(sympy.Pow))
    return quotient or expression.has(sympy.exp, sympy.log, sqrt)
