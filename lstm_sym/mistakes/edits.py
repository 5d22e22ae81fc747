"""Statements taken apart and put together again: what a rewrite of a derived program works on.

The parts of a statement are its summands: the terms of an `Affine`, the contributions of an `Accumulate`, the addends
of a `Pointwise`. A slope statement is one part; a `Maximum` has none, and is never rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias, assert_never

import sympy
from sympy import Expr

from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value

Part: TypeAlias = Expr | Term | Contribution
Symbols = Mapping[sympy.Symbol, Value]


@dataclass(frozen=True)
class Edit:
    """In the statement of `target`, part number `place` is replaced by `part`, or left out if that is None.

    A place after the last adds a part.
    """

    target: Value
    place: int
    part: Part | None


def parts(statement: Statement) -> tuple[Part, ...]:
    """The summands of a statement, in a fixed order."""
    match statement:
        case Affine():
            return statement.terms
        case Accumulate():
            return statement.contributions
        case Pointwise():
            return (statement.expression,) if statement.target.role is Role.SLOPE else addends(statement.expression)
        case Maximum():
            return ()
    assert_never(statement)


def addends(expression: Expr) -> tuple[Expr, ...]:
    """The terms of a sum in the order SymPy prints them, which does not depend on the process."""
    return tuple(expression.as_ordered_terms()) if expression.is_Add else (expression,)


def scaled(part: Part, factor: Fraction | int) -> Part:
    """A part with a factor."""
    if isinstance(part, Term | Contribution):
        return replace(part, coefficient=part.coefficient * factor)
    return sympy.Rational(factor) * part


def reads(part: Part, values: Symbols) -> tuple[Value, ...]:
    """The values a part reads."""
    if isinstance(part, Term | Contribution):
        return part.reads()
    return tuple(values[symbol] for symbol in sorted(part.free_symbols, key=str))


def symbols(*programs: Program) -> dict[sympy.Symbol, Value]:
    """Symbol -> value, for the values of these programs."""
    return {value.symbol: value for program in programs for value in program.values()}


def rewritten(program: Program, edits: Sequence[Edit], values: Symbols) -> Program:
    """The program with these edits; forward values that it now reads become inputs. Raises ProgramError."""
    wanted: dict[Value, dict[int, Part | None]] = {}
    for edit in edits:
        wanted.setdefault(edit.target, {})[edit.place] = edit.part
    statements = tuple(
        edited_statement(statement, wanted[statement.target], values) if statement.target in wanted else statement
        for statement in program.statements
    )
    known = {statement.target for statement in statements} | set(program.values())
    added = dict.fromkeys(value for statement in statements for value in statement.reads() if value not in known)
    return replace(program, statements=statements, inputs=(*program.inputs, *added))


def edited_statement(statement: Statement, changes: Mapping[int, Part | None], values: Symbols) -> Statement:
    """A statement with other parts at these places. Raises KeyError for a symbol that is none of `values`."""
    every = {**dict(enumerate(parts(statement))), **changes}
    left: tuple[Any, ...] = tuple(every[place] for place in sorted(every) if every[place] is not None)
    match statement:
        case Affine():
            return replace(statement, terms=left)
        case Accumulate():
            return replace(statement, contributions=left)
        case Pointwise():
            expression = sympy.Add(*left)
            return replace(statement, expression=expression, operands=reads(expression, values))
        case Maximum():
            return statement
    assert_never(statement)
