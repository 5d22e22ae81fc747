"""Expressions of one unit as C: numbers are of the kernel's own type, a whole power is a product."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sympy import Expr

from lstm_sym.emit.scalar import CodeScalarPrinter
from lstm_sym.notation.scalar import ATOM


@dataclass(frozen=True, eq=False)
class CScalarPrinter(CodeScalarPrinter):
    """Prints expressions; functions are those of functions.h, which has one form of each, free of cancellation."""

    def number(self, value: Fraction) -> str:
        """A number of the kernel's type; a small whole one as it is."""
        return constant(value)

    def call(self, name: str, argument: str) -> str:
        """f(a)."""
        return f"{name}_at({argument})"

    def raised(self, base: Expr, exponent: int) -> str:
        """x * x of a variable, in brackets, for it stands where an atom does; any other power by a call."""
        factor = self.print(base, ATOM)
        return f"({factor} * {factor})" if exponent == 2 and base.is_Symbol else f"power_at({factor}, {exponent})"


def constant(value: Fraction) -> str:
    """A literal that promotes no float to double."""
    if value.denominator == 1 and abs(value) < 1 << 20:
        return str(value.numerator)
    return f"(real){float(value)!r}"
