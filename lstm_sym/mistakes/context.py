"""What a rewrite is, and what it is looked for in: a backward program beside the forward program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import sympy
from sympy import Expr

from lstm_sym.equations.functions import FUNCTIONS, FunctionRow
from lstm_sym.interpreter.over_time import Total
from lstm_sym.mistakes.edits import Edit, Part, symbols
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Contribution, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value

Says: TypeAlias = tuple[str | Value | Expr | Term, ...]
ADJOINTS = frozenset({Role.ADJOINT, Role.CARRIED_ADJOINT, Role.DIRECT_ADJOINT})


@dataclass(frozen=True)
class Resummed:
    """The gradient `target` of a parameter is summed in another way."""

    target: Value
    how: Total


Change = Edit | Resummed


@dataclass(frozen=True)
class Rewrite:
    """What may be written by mistake; it is a `Mistake` if numbers notice it.

    changes; the kind; a detail that tells it from others of its kind; says: what it is in a sentence.
    qualifier: which of its kind are often made together ("sigmoid": every slope of a sigmoid).
    """

    changes: tuple[Change, ...]
    kind: str
    detail: str
    says: Says
    qualifier: str = ""


def edited(
    target: Value, place: int, part: Part | None, kind: str, detail: str, says: Says, qualifier: str = ""
) -> Rewrite:
    """The rewrite of one edit."""
    return Rewrite((Edit(target, place, part),), kind, detail, says, qualifier)


def stands_for(wrong: Value | Expr, right: Value | Expr) -> Says:
    """The words for one thing in the place of another."""
    return wrong, " stands where ", right, " belongs"


@dataclass(frozen=True)
class Context:
    """The backward program that rewrites are looked for in, and the forward program it was derived from."""

    backward: Program
    forward: Program

    @cached_property
    def values(self) -> dict[sympy.Symbol, Value]:
        """Symbol -> value of both programs."""
        return symbols(self.forward, self.backward)

    @cached_property
    def defined(self) -> dict[Value, Statement]:
        """Value -> the statement that defines it, of both programs."""
        return {s.target: s for program in (self.forward, self.backward) for s in program.statements}

    @cached_property
    def read(self) -> tuple[Value, ...]:
        """The forward values that the backward program reads."""
        return tuple(value for value in self.backward.inputs if value.role not in ADJOINTS)

    @cached_property
    def shifted(self) -> dict[Value, Value]:
        """s[t-1] -> s[t] and back, of every state."""
        pairs = [(carry.incoming, carry.outgoing) for carry in self.forward.carries]
        return dict([*pairs, *((after, before) for before, after in pairs)])

    @cached_property
    def slopes(self) -> dict[Value, Expr]:
        """Slope -> its formula, which reads forward values alone."""
        found = (s for s in self.backward.statements if isinstance(s, Pointwise) and s.target.role is Role.SLOPE)
        return {statement.target: statement.expression for statement in found}

    @cached_property
    def complements(self) -> frozenset[Value]:
        """Values z of which 1 - z is a factor of an adjoint."""
        others = [s for s in self.backward.statements if isinstance(s, Pointwise) and s.target.role is not Role.SLOPE]
        factors = {factor for statement in others for factor in statement.expression.atoms(sympy.Add)}
        return frozenset(value for symbol, value in self.values.items() if 1 - symbol in factors)

    @cached_property
    def outer(self) -> tuple[Contribution, ...]:
        """Everything that is summed into gradients of matrices."""
        gradients = [s for s in self.backward.statements if isinstance(s, Accumulate) and len(s.target.shape) == 2]
        return tuple(part for statement in gradients for part in statement.contributions)

    def function(self, value: Value) -> tuple[FunctionRow, Value] | None:
        """The row and the argument a of y = phi(a), where phi has a slope."""
        statement = self.defined.get(value)
        row = FUNCTIONS.get(type(statement.expression).__name__) if isinstance(statement, Pointwise) else None
        if statement is None or row is None or row.slope is None or len(statement.reads()) != 1:
            return None
        return row, statement.reads()[0]

    def before_slope(self, value: Value) -> Value | None:
        """The adjoint that `value` is the product of with a slope."""
        statement = self.defined.get(value)
        if not isinstance(statement, Pointwise) or not statement.expression.is_Mul:
            return None
        roles = {v.role: v for v in statement.operands}
        found = {role: v for role, v in roles.items() if role in ADJOINTS}
        return next(iter(found.values())) if Role.SLOPE in roles and len(roles) == 2 and found else None
