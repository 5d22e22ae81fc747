"""Pointwise expressions to text: one walk, in an order for people, shared by every target.

A target subclasses `ScalarPrinter` and says how a symbol, a number, a call, and by `forms` all else, look.
Factors are printed adjoints and tangents first, then in order of definition; positive terms before negative ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import sympy
from sympy import Expr

from lstm_sym.program.values import Role, Value

SUM, PRODUCT, ATOM = 1, 2, 3

_FIRST = (Role.CARRIED_ADJOINT, Role.ADJOINT, Role.DIRECT_ADJOINT, Role.TANGENT)


@dataclass(frozen=True, eq=False)
class ScalarPrinter:
    """Prints SymPy scalar expressions; `values` says which value each symbol is.

    A printer never changes: what was printed before has no influence on what is printed next.
    """

    values: Mapping[sympy.Symbol, Value] = field(default_factory=dict)
    forms: ClassVar[Mapping[str, str]] = {
        "power": "{}**{}",
        "product": " * ",
        "fraction": "{} / {}",
        "scaled": "{} * {}",
        "parentheses": "({})",
    }
    """How this target writes what has one form: places for the parts, or, of many parts, the sign between them."""

    def symbol(self, value: Value) -> str:
        """A value."""
        raise NotImplementedError

    def number(self, value: Fraction) -> str:
        """A number."""
        raise NotImplementedError

    def call(self, name: str, argument: str) -> str:
        """A function of the table, or a slope."""
        raise NotImplementedError

    def power(self, base: str, exponent: int) -> str:
        """A whole power of an atom."""
        return self.forms["power"].format(base, exponent)

    def product(self, factors: list[str]) -> str:
        """Two or more factors, element by element."""
        return self.forms["product"].join(factors)

    def fraction(self, numerator: str, denominator: str) -> str:
        """A quotient; the parts come with the brackets they need."""
        return self.forms["fraction"].format(numerator, denominator)

    def scaled(self, number: str, rest: str) -> str:
        """A number times the rest."""
        return self.forms["scaled"].format(number, rest)

    def parentheses(self, text: str) -> str:
        """An expression in brackets."""
        return self.forms["parentheses"].format(text)

    plus, minus, negative, comma = " + ", " - ", "-", ", "
    fraction_bar = False
    """Whether a quotient is drawn with a bar, which holds sums together without brackets."""

    def print(self, expression: Expr, context: int = 0) -> str:
        """The expression as text, in brackets if it binds less than `context` asks."""
        text, strength = self._text(expression)
        return self.parentheses(text) if strength < context else text

    def _text(self, expression: Expr) -> tuple[str, int]:
        if isinstance(expression, sympy.Symbol):
            return self.symbol(self.values[expression]), ATOM
        if expression.is_Rational:
            value = Fraction(int(expression.p), int(expression.q))
            return (self.number(value), ATOM) if value >= 0 else (self.negative + self.number(-value), SUM)
        if isinstance(expression, sympy.Add):
            terms = self.joined((sign, self.print(term, PRODUCT)) for sign, term in self.terms(expression))
            return "".join(terms), SUM
        if isinstance(expression, sympy.Mul) or _is_reciprocal(expression):
            return self._product(expression)
        if isinstance(expression, sympy.Pow):
            return self._power(expression)
        if expression is sympy.E:
            return self.call("exp", self.number(Fraction(1))), ATOM
        arguments = self.comma.join(self.print(argument) for argument in expression.args)
        return self.call(type(expression).__name__, arguments), ATOM

    def terms(self, expression: Expr) -> list[tuple[int, Expr]]:
        """(sign, term) of a sum, positive first, each half in order."""
        signed = [(-1, -t) if t.could_extract_minus_sign() else (1, t) for t in sympy.Add.make_args(expression)]
        return sorted(signed, key=lambda pair: (-pair[0], self.rank(pair[1])))

    def joined(self, parts: Iterable[tuple[int | Fraction, str]]) -> list[str]:
        """The terms of a sum, each with its sign before it: of (sign, text)."""
        found: list[str] = []
        for sign, text in parts:
            joint = (self.plus if sign > 0 else self.minus) if found else ("" if sign > 0 else self.negative)
            found.append(joint + text)
        return found

    def factors(self, expression: Expr) -> tuple[int, list[Expr], list[Expr]]:
        """Sign, factors above and factors below the line, each in order."""
        sign, above, below = 1, [], []
        for factor in sympy.Mul.make_args(expression):
            if factor.is_Rational and factor < 0:
                sign, factor = -sign, -factor
            if factor == 1:
                continue
            if _is_reciprocal(factor):
                below.append(1 / factor)
            else:
                above.append(factor)
        return sign, self.arranged(above), self.arranged(below)

    def arranged(self, factors: list[Expr]) -> list[Expr]:
        """Factors in the order in which they are printed."""
        return sorted(factors, key=self.rank)

    def _product(self, expression: Expr) -> tuple[str, int]:
        sign, above, below = self.factors(expression)
        text, strength = self._joined(above)
        if below:
            divisor, divisor_strength = self._joined(below)
            if not self.fraction_bar:
                text = self.parentheses(text) if strength < PRODUCT else text
                divisor = self.parentheses(divisor) if divisor_strength < ATOM else divisor
            text, strength = self.fraction(text, divisor), PRODUCT
        if sign < 0:
            return self.negative + (self.parentheses(text) if strength == SUM else text), SUM
        return text, strength

    def _joined(self, factors: list[Expr]) -> tuple[str, int]:
        if not factors:
            return self.number(Fraction(1)), ATOM
        if len(factors) == 1:
            return self._text(factors[0])
        texts = [self.print(factor, PRODUCT) for factor in factors]
        scalars = sum(self.is_scalar(factor) for factor in factors[:-1])
        text = self.product(texts[scalars:]) if len(texts) - scalars > 1 else texts[-1]
        for scalar in reversed(texts[:scalars]):
            text = self.scaled(scalar, text)
        return text, PRODUCT

    def is_scalar(self, expression: Expr) -> bool:
        """Whether an expression is one number at every unit: numbers, constants and learned scalars alone."""
        return not any(self.values[symbol].shape for symbol in expression.free_symbols)

    def _power(self, expression: Expr) -> tuple[str, int]:
        base, exponent = expression.args
        if exponent == sympy.Rational(1, 2):
            return self.call("sqrt", self.print(base)), ATOM
        return self.raised(base, int(exponent)), ATOM

    def raised(self, base: Expr, exponent: int) -> str:
        """A whole power of an expression."""
        return self.power(self.print(base, ATOM), exponent)

    @cached_property
    def order(self) -> Mapping[sympy.Symbol, int]:
        """Symbol -> its place in the order of definition."""
        return {symbol: k for k, symbol in enumerate(self.values)}

    def rank(self, expression: Expr) -> tuple[int, ...]:
        """Where a factor or term stands: numbers, then adjoints, tangents, then the others in order of definition."""
        if not expression.free_symbols:
            return (0,)
        order = self.order
        symbols = sorted(expression.free_symbols, key=order.__getitem__)
        if self.is_scalar(expression):
            return (0, 1, *(order[s] for s in symbols))
        places = [(1 if self.values[s].role in _FIRST else 2, order[s]) for s in symbols]
        return (min(places)[0], 0 if expression.is_Symbol or len(symbols) > 1 else 1, *min(places))


def _is_reciprocal(expression: Expr) -> bool:
    return isinstance(expression, sympy.Pow) and bool(expression.exp.is_negative)
