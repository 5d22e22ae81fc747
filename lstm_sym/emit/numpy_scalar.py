"""Pointwise expressions as NumPy source; `out=` at the outermost operation where a result goes into an array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import sympy
from sympy import Expr

from lstm_sym.emit.scalar import PRODUCT, ScalarPrinter
from lstm_sym.program.values import Value

_NUMPY = ("tanh", "exp", "log", "sin", "cos", "sqrt")
_TAKES_OUT = (*_NUMPY, "sigmoid")


class NumPyPrinter(ScalarPrinter):
    """Prints expressions over references such as `f[t]`; notes in `used` the functions a kernel must bring along."""

    def __init__(
        self,
        values: Mapping[sympy.Symbol, Value],
        reference: Callable[[Value], str],
        used: set[str],
        precise: bool = False,
    ) -> None:
        super().__init__(values)
        self.reference, self.used, self.precise = reference, used, precise

    def symbol(self, value: Value) -> str:
        """The array or row that holds the value."""
        return self.reference(value)

    def number(self, value: Fraction) -> str:
        """A Python literal: it never changes the dtype of an array."""
        return str(value.numerator) if value.denominator == 1 else repr(float(value))

    def function(self, name: str) -> str:
        """What a function is called in the kernel, noting that it is used."""
        if name in _NUMPY:
            return f"np.{name}"
        chosen = "sigmoid_precise" if name == "sigmoid" and self.precise else name
        self.used.add(chosen)
        return f"_{chosen}"

    def call(self, name: str, argument: str) -> str:
        """f(a)."""
        return f"{self.function(name)}({argument})"

    def power(self, base: str, exponent: int) -> str:
        """base**n."""
        return f"{base}**{exponent}"

    def product(self, factors: list[str]) -> str:
        """a * b * c."""
        return " * ".join(factors)

    def fraction(self, numerator: str, denominator: str) -> str:
        """a / b."""
        return f"{numerator} / ({denominator})"

    def into(self, expression: Expr, target: str) -> str:
        """A statement that computes the expression into the array `target`, without a copy where NumPy allows it."""
        name = type(expression).__name__
        if isinstance(expression, sympy.Add):
            return self._sum_into(expression, target)
        if isinstance(expression, sympy.Mul):
            sign, above, below = self.factors(expression)
            texts = [self.print(factor, PRODUCT) for factor in above]
            if sign > 0 and not below and target in texts:
                texts.remove(target)
                return f"{target} *= {self.product(texts)}"
            if sign > 0 and not below and len(above) > 1:
                head = self.product([self.print(factor, PRODUCT) for factor in above[:-1]])
                return f"np.multiply({head}, {self.print(above[-1])}, out={target})"
        if name in _TAKES_OUT and not (name == "sigmoid" and self.precise):
            return f"{self.function(name)}({self.print(expression.args[0])}, out={target})"
        return f"{target}[...] = {self.print(expression)}"

    def _sum_into(self, expression: Expr, target: str) -> str:
        terms = self.terms(expression)
        head = sympy.Add(*(sign * term for sign, term in terms[:-1]))
        sign, last = terms[-1]
        operation = "add" if sign > 0 else "subtract"
        return f"np.{operation}({self.print(head)}, {self.print(last)}, out={target})"
