"""Local derivatives of a pointwise statement: what reverse mode, forward mode and the Jacobians share.

For y = phi(a), one function of one operand, the derivative is a value of its own, y_slope = phi'(a). For anything else
it is SymPy's derivative, with the statement's own right side written as y.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import sympy
from sympy import Expr

from lstm_sym.derivation.branches import Guards
from lstm_sym.equations.functions import FUNCTIONS, where
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Maximum, Pointwise, Provenance, Statement
from lstm_sym.program.values import Role, Value, slope

_SLOPED = {row.symbol: row for row in FUNCTIONS.values() if row.slope is not None}


@dataclass(frozen=True)
class Factor:
    """A scalar expression with the values behind its symbols; it stands for diag(expression)."""

    expression: Expr
    symbols: dict[sympy.Symbol, Value]


@dataclass
class Slopes:
    """The slope statements made so far, one for each statement y = phi(a) and for each maximum.

    known: those that the program has already, by their y; the first that asks for one places it. guards: where values
    that only branches read are needed, if derivatives are to be multiplied (`branches`).
    """

    prefix: str
    guards: Guards = field(default_factory=Guards)
    known: Mapping[Value, Statement] = field(default_factory=dict)
    made: dict[Value, Value] = field(default_factory=dict)

    @property
    def placed(self) -> Collection[Value]:
        """The slopes that have their statement."""
        return self.made.values()

    def of(self, statement: Pointwise | Maximum, statements: list[Statement]) -> Value:
        """The slope of this statement's target, appending y_slope = phi'(a) the first time.

        For y = max v it is the share of each unit in the maximum.
        """
        target = statement.target
        if target not in self.made:
            value = slope(target)
            provenance = Provenance(f"{self.prefix}.{value.name}", "slope", statement.provenance.equation)
            if target in self.known:
                statements.append(self.known[target])
            elif isinstance(statement, Maximum):
                statements.append(Maximum(value, statement.operand, weights=True, provenance=provenance))
            else:
                row, argument = _SLOPED[type(statement.expression)], statement.operands[0]
                statements.append(Pointwise(value, row.slope(argument.symbol), (argument,), provenance))
            self.made[target] = value
        return self.made[target]


def slopes_of(program: Program) -> dict[Value, Statement]:
    """The slope statements of a program, by the value that they are the slope of."""
    found = (s for s in program.statements if s.target.role is Role.SLOPE)
    return {statement.target.of: statement for statement in found if statement.target.of is not None}


def local_derivatives(
    statement: Pointwise, slopes: Slopes, statements: list[Statement]
) -> Iterator[tuple[Value, Factor]]:
    """For each operand u of y = phi(u, ...): u and dphi/du, leaving out those that are identically zero."""
    target = statement.target
    operands = [operand for operand in statement.operands if operand.role is not Role.CONSTANT]
    known = {**statement.symbols, target.symbol: target}
    if operands and type(statement.expression) in _SLOPED and statement.expression.args[0].is_Symbol:
        value = slopes.of(statement, statements)
        known[value.symbol] = value
        factors: list[tuple[Value, Expr]] = [(operands[0], value.symbol)]
    else:
        factors = [(u, _derivative(statement.expression, u.symbol, target.symbol)) for u in operands]
    guard = slopes.guards.of.get(target)
    if guard is not None:
        known |= {symbol: slopes.guards.values[symbol] for symbol in guard.free_symbols}
        factors = [(operand, where(guard, factor, sympy.S.Zero)) for operand, factor in factors]
    for operand, factor in factors:
        if factor != 0:
            read = factor.free_symbols
            yield operand, Factor(factor, {symbol: value for symbol, value in known.items() if symbol in read})


@lru_cache(maxsize=4096)
def _derivative(expression: Expr, symbol: sympy.Symbol, output: sympy.Symbol) -> Expr:
    """d expression / d symbol, with the expression itself written as the output; every Jacobian asks for it again."""
    return expression.diff(symbol).xreplace({expression: output})
