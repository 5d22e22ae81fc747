"""What a rewrite is, and what it is looked for in: a backward program beside the forward program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import sympy
from sympy import Expr

from lstm_sym.equations.functions import FUNCTIONS, FunctionRow
from lstm_sym.interpreter.loop import Edge, Reading, Total
from lstm_sym.interpreter.over_time import is_cotangent
from lstm_sym.mistakes.edits import Edit, Part, addends, symbols
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


@dataclass(frozen=True)
class Unstarted:
    """The adjoint `carried` is zero at the last step, whatever cotangent arrives; `target` is what reads it."""

    target: Value
    carried: Value


Change = Edit | Resummed | Unstarted


def made_in(change: Change) -> Value:
    """The value that is another one by this change, and by it all that depends on that."""
    return change.carried if isinstance(change, Unstarted) else change.target


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
        return symbols(self.forward, self.backward) | {value.symbol: value for value in self.readings}

    @cached_property
    def defined(self) -> dict[Value, Statement]:
        """Value -> the statement that defines it, of both programs."""
        return {s.target: s for program in (self.forward, self.backward) for s in program.statements}

    @cached_property
    def read(self) -> tuple[Value, ...]:
        """The forward values that the backward program reads."""
        return tuple(value for value in self.backward.inputs if value.role not in ADJOINTS)

    @cached_property
    def quantities(self) -> tuple[Value, ...]:
        """The vectors of the forward pass that people multiply by: the values of functions with a slope, and states."""
        states = (value for carry in self.forward.carries for value in (carry.incoming, carry.outgoing))
        values = (s.target for s in self.forward.statements if self.function(s.target) is not None)
        return tuple(value for value in dict.fromkeys((*values, *states)) if value.time is not None)

    @cached_property
    def shifted(self) -> dict[Value, Value]:
        """s[t-1] -> s[t] and back, of every state."""
        pairs = [(carry.incoming, carry.outgoing) for carry in self.forward.carries]
        return dict([*pairs, *((after, before) for before, after in pairs)])

    @cached_property
    def neighbours(self) -> dict[Value, dict[Value, Reading]]:
        """Value of this step -> what stands for it at a step beside this one, by name, and how that is found.

        Before the first step there is the last one, which an index -1 reads; after the last one zero.
        """
        known = symbols(self.forward, self.backward)
        cotangents = [value for value in self.backward.inputs if is_cotangent(value)]
        found: dict[Value, dict[Value, Reading]] = {}
        for value in dict.fromkeys((*self.forward.values(), *cotangents)):
            if value.time == 0:
                sides = {_at(value, -1): Reading(value, -1, Edge.WRAPPED), _at(value, 1): Reading(value, 1, Edge.ZERO)}
                found[value] = {side: reading for side, reading in sides.items() if side.symbol not in known}
        return found

    @cached_property
    def beginnings(self) -> dict[Value, dict[Value, Reading]]:
        """s[t-1] -> what stands for it where the initial state is not read: zero, or the last state of all; or s[t]
        under an `if t > 0`, zero at the first step.
        """
        found: dict[Value, dict[Value, Reading]] = {}
        for carry in self.forward.carries:
            state = carry.incoming
            for edge, offset in ((Edge.ZERO, -1), (Edge.WRAPPED, -1), (Edge.AFTER_FIRST, 0)):
                other = replace(state, name=f"{state.name} {edge.name.lower()}", role=Role.QUANTITY)
                found.setdefault(state, {})[other] = Reading(carry.outgoing, offset, edge)
        return found

    @cached_property
    def overwritten(self) -> dict[Value, dict[Value, Reading]]:
        """The cotangent of the output -> what is left of it where what a step sends is written over it."""
        found: dict[Value, dict[Value, Reading]] = {}
        for value in filter(is_cotangent, self.backward.inputs):
            left = replace(value, name=f"{value.name} last", role=Role.QUANTITY)
            found[value] = {left: Reading(value, 0, Edge.LAST_ALONE)}
        return found

    @cached_property
    def readings(self) -> dict[Value, Reading]:
        """Value -> how it is read at another step, of all that stand for another."""
        tables = (*self.neighbours.values(), *self.beginnings.values(), *self.overwritten.values())
        return {value: reading for table in tables for value, reading in table.items()}

    @cached_property
    def readers(self) -> dict[Value, tuple[Statement, ...]]:
        """Value -> the statements of the backward program that read it."""
        found: dict[Value, tuple[Statement, ...]] = {}
        for statement in self.backward.statements:
            for value in statement.reads():
                found[value] = (*found.get(value, ()), statement)
        return found

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

    def adjoint_of(self, part: Part) -> Value | None:
        """The one adjoint that a product has as a factor, itself."""
        if not isinstance(part, Expr):
            return None
        found = [self.values.get(factor) for factor in sympy.Mul.make_args(part)]
        adjoints = [value for value in found if value is not None and value.role in ADJOINTS]
        return adjoints[0] if len(adjoints) == 1 and part.has(adjoints[0].symbol) else None

    def summands(self, value: Value) -> tuple[Expr, ...]:
        """The terms of an adjoint that is a sum of several, element by element."""
        statement = self.defined.get(value)
        if not isinstance(statement, Pointwise) or value.role not in ADJOINTS:
            return ()
        found = addends(statement.expression)
        return found if len(found) > 1 else ()

    def goes_on_alone(self, value: Value) -> bool:
        """Whether all that reads an adjoint is one product of it, where any factor of it could stand as well."""
        readers = self.readers.get(value, ())
        if len(readers) != 1 or not isinstance(readers[0], Pointwise):
            return False
        found = [part for part in addends(readers[0].expression) if value.symbol in part.free_symbols]
        return len(found) == 1 and self.adjoint_of(found[0]) == value

    def before_slope(self, value: Value) -> Value | None:
        """The adjoint that `value` is the product of with a slope."""
        statement = self.defined.get(value)
        if not isinstance(statement, Pointwise) or not statement.expression.is_Mul:
            return None
        roles = {v.role: v for v in statement.operands}
        found = {role: v for role, v in roles.items() if role in ADJOINTS}
        return next(iter(found.values())) if Role.SLOPE in roles and len(roles) == 2 and found else None


def _at(value: Value, offset: int) -> Value:
    """A value of another step, by its own name; what is a function of another is that of the other's there."""
    call = (value.call[0], _at(value.call[1], offset)) if value.call is not None else None
    return replace(value, time=offset, role=Role.QUANTITY, call=call)
