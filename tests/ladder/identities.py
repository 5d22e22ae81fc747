"""Rung 1: what the engine derived, minus what SymPy differentiates, is identically zero.

Every function of the table is written out by its definition (sigmoid(a) = 1/(1 + exp(-a))), every slope by the
derivative of that. SymPy decides whether the difference is zero; whatever it says, the difference is also enclosed in
a ball at random points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import flint
import sympy
from ladder.balls import ball, precision, radius
from sympy import Expr

from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation import vjp
from lstm_sym.derivation.local import Slopes, local_derivatives
from lstm_sym.equations import Cell
from lstm_sym.equations.functions import FUNCTIONS, SLOPES, positive
from lstm_sym.passes.slope_forms import from_output
from lstm_sym.program import Pointwise, Program, Statement
from lstm_sym.program.values import Role

POINTS = 20
ATTEMPTS = 400


@dataclass(frozen=True)
class Identity:
    """A difference that must be zero for all values of its symbols; `name`: statement, operand, form."""

    name: str
    difference: Expr


def expanded(expression: Expr) -> Expr:
    """Functions by their definitions, slopes by the derivatives of those, the step as Heaviside's."""
    if not expression.args:
        return expression
    arguments = [expanded(argument) for argument in expression.args]
    name = type(expression).__name__
    if name in FUNCTIONS:
        return FUNCTIONS[name].definition(*arguments)
    if name in SLOPES:
        return slope_of_definition(name).xreplace({UNIT: arguments[0]})
    if isinstance(expression, positive):
        return sympy.Heaviside(arguments[0])
    return expression.func(*arguments)


UNIT = sympy.Dummy("a", real=True)


@lru_cache
def slope_of_definition(name: str) -> Expr:
    """phi'(a) of a slope symbol, by differentiating the definition."""
    return SLOPES[name].definition(UNIT).diff(UNIT)


def identities(cell: Cell) -> Iterator[Identity]:
    """Every local derivative of the forward program in both forms, and of the backward program: the second order."""
    forward = Derivation(cell).forward
    yield from program_identities(forward)
    yield from program_identities(vjp(forward))


def program_identities(program: Program) -> Iterator[Identity]:
    """Derived minus differentiated, for each pointwise statement and each operand."""
    slopes, made = Slopes(program.name), []
    for statement in program.statements:
        if not isinstance(statement, Pointwise):
            continue
        derived = {value: factor.expression for value, factor in local_derivatives(statement, slopes, made)}
        right = expanded(statement.expression)
        for operand in statement.operands:
            if operand.role is Role.CONSTANT:
                continue
            for form, replacements in forms(statement, made).items():
                found = expanded(derived.get(operand, sympy.S.Zero).xreplace(replacements))
                difference = found - right.diff(operand.symbol)
                yield Identity(f"{statement.provenance.id} by {operand} ({form})", difference)


def forms(statement: Pointwise, slopes: list[Statement]) -> dict[str, dict[Expr, Expr]]:
    """What stands for the slopes: functions of the pre-activation, or the textbook's, in the output."""
    own = {statement.target.symbol: statement.expression}
    precise = {s.target.symbol: s.expression for s in slopes}
    textbook = {
        s.target.symbol: from_output(s).expression.xreplace(own) for s in slopes if s.target.of == statement.target
    }
    return {"precise": precise | own} | ({"textbook": precise | textbook | own} if textbook else {})


def decided(difference: Expr) -> bool:
    """Whether SymPy finds the difference to be zero: over a common denominator, in exponentials, multiplied out."""
    if difference == 0:
        return True
    over, _ = sympy.fraction(sympy.together(difference.rewrite(sympy.exp)))
    return sympy.powsimp(sympy.expand(over)) == 0


def enclosures(difference: Expr, seed: int = 0) -> list[Any]:
    """Balls of the difference at POINTS random points where it is defined, exact dyadic numbers of size 1/4 to 2.

    Fewer where ATTEMPTS points do not give as many: a logarithm wants positive numbers, so every other point has them.
    """
    draw, found = Random(seed), []
    symbols = sorted(difference.free_symbols, key=str)
    for attempt in range(ATTEMPTS):
        signs = (1,) if attempt % 2 else (-1, 1)
        known = {s: flint.arb(draw.choice(signs) * draw.uniform(0.25, 2)) for s in symbols}
        value = ball(difference, known)
        if value.is_finite():
            found.append(value)
        if len(found) == POINTS:
            break
    return found


def proof(cell: Cell) -> dict[str, Any]:
    """How many identities there are, how many SymPy decides, the largest radius of a ball, and which do not hold."""
    count = by_sympy = 0
    largest, failed = 0.0, []
    with precision():
        for identity in identities(cell):
            count += 1
            zero = decided(identity.difference)
            by_sympy += zero
            balls = [] if identity.difference == 0 else enclosures(identity.difference)
            largest = max([largest, *map(radius, balls)])
            held = identity.difference == 0 or (len(balls) == POINTS and all(value.contains(0) for value in balls))
            if not held:
                failed.append(identity.name)
    return {"identities": count, "by sympy": by_sympy, "radius": largest, "failed": failed}
