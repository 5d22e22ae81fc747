"""SymPy expressions in ball arithmetic (Arb): every value an interval that is proved to hold the true one.

A small walk over the tree, one case a kind of node. SymPy takes no part in the arithmetic, and no text is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import sympy

DIGITS = 120
"""Working precision, in decimal digits: far beyond the radius of 1e-40 that is asked for."""


def heaviside(a: Any) -> Any:
    """1 above zero, 0 below and at exactly zero, as in the table of functions; no number around zero."""
    return flint.arb("nan") if a.contains(0) and not a.is_exact() else flint.arb(int(a > 0))


def delta(a: Any) -> Any:
    """0 away from zero; no number where the ball holds zero."""
    return flint.arb("nan") if a.contains(0) else flint.arb(0)


NODES: dict[Any, Callable[..., Any]] = {
    sympy.exp: lambda a: a.exp(),
    sympy.log: lambda a: a.log(),
    sympy.tanh: lambda a: a.tanh(),
    sympy.sin: lambda a: a.sin(),
    sympy.cos: lambda a: a.cos(),
    sympy.Abs: abs,
    sympy.sign: lambda a: heaviside(a) - heaviside(-a),
    sympy.Heaviside: lambda a, *_: heaviside(a),
    sympy.DiracDelta: lambda a, *_: delta(a),
    sympy.Max: lambda *parts: _fold(parts, lambda u, v: u.max(v)),
    sympy.Min: lambda *parts: _fold(parts, lambda u, v: u.min(v)),
    sympy.Add: lambda *parts: _fold(parts, lambda u, v: u + v),
    sympy.Mul: lambda *parts: _fold(parts, lambda u, v: u * v),
    sympy.Pow: lambda base, exponent: _power(base, exponent),
}


def _fold(parts: tuple[Any, ...], join: Callable[[Any, Any], Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = join(total, part)
    return total


def _power(base: Any, exponent: Any) -> Any:
    if exponent == flint.arb(0.5):
        return base.sqrt()
    whole = exponent.unique_fmpz()
    return base**exponent if whole is None else base ** int(whole)


def rational(number: Any) -> Any:
    """The ball of an exact number: a fraction, or a SymPy rational."""
    return flint.arb(int(number.numerator)) / int(number.denominator)


def ball(expression: sympy.Expr, known: dict[sympy.Expr, Any]) -> Any:
    """The ball of an expression; `known` begins with that of every symbol, and grows by every part of it.

    Raises KeyError for a kind of node that has no meaning here.
    """
    if expression not in known:
        if expression.is_Rational:
            known[expression] = rational(expression)
        elif isinstance(expression, sympy.Piecewise):
            known[expression] = _taken(expression, known)
        else:
            parts = [ball(argument, known) for argument in expression.args]
            known[expression] = NODES[expression.func](*parts)
    return known[expression]


def _taken(choice: sympy.Piecewise, known: dict[sympy.Expr, Any]) -> Any:
    """The ball of the branch whose condition holds; no number where a ball does not decide that."""
    for value, condition in choice.args:
        if condition in (sympy.true, sympy.false):
            holds = bool(condition)
        else:
            difference = ball(condition.gts, known) - ball(condition.lts, known)
            if difference.contains(0) and not difference.is_exact():
                return flint.arb("nan")
            holds = bool(difference > 0)
        if holds:
            return ball(value, known)
    return flint.arb("nan")


def precision() -> Any:
    """The context in which balls are worked with."""
    return flint.ctx.workdps(DIGITS)


def radius(value: Any) -> float:
    """Half the width of a ball, as a number that is not smaller."""
    return float(value.rad()) if value.is_finite() else float("inf")


def size(value: Any) -> float:
    """The largest size of anything in the ball."""
    return float(value.abs_upper()) if value.is_finite() else float("inf")
