"""Pointwise expressions as NumPy source; `out=` at the outermost operation where a result goes into an array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import sympy
from sympy import Expr

from lstm_sym.equations.functions import number_of
from lstm_sym.notation.scalar import PRODUCT, ScalarPrinter
from lstm_sym.program.values import Value

_NUMPY = ("tanh", "exp", "log", "sin", "cos", "sqrt")
_TAKES_OUT = (*_NUMPY, "sigmoid")


@dataclass(frozen=True, eq=False)
class NumPyPrinter(ScalarPrinter):
    """Prints expressions over references such as `f[t]`; notes in `used` the functions a kernel must bring along."""

    values: Mapping[sympy.Symbol, Value]
    reference: Callable[[Value], str]
    used: set[str]
    precise: bool = False
    constants: Mapping[Value, Fraction] = field(default_factory=dict)

    def _text(self, expression: Expr) -> tuple[str, int]:
        """As of every target; a function of constants is the number that it is, which promotes no array."""
        numbers = {value.symbol: sympy.Rational(n.numerator, n.denominator) for value, n in self.constants.items()}
        if isinstance(expression, sympy.Function) and expression.free_symbols <= set(numbers):
            number = number_of(expression.xreplace(numbers))
            if number is None:
                raise ValueError(f"{expression} is no finite number")
            return super()._text(sympy.Rational(number.numerator, number.denominator))
        return super()._text(expression)

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
        return f"{numerator} / {denominator}"

    def into(self, expression: Expr, target: str) -> str:
        """A statement that computes the expression into the array `target`, without a copy where NumPy allows it."""
        name = type(expression).__name__
        if isinstance(expression, sympy.Add):
            head, operation, last = self._split_sum(expression)
            return f"np.{operation}({self.print(head)}, {self.print(last)}, out={target})"
        if isinstance(expression, sympy.Mul):
            sign, above, below = self.factors(expression)
            texts = [self.print(factor, PRODUCT) for factor in above]
            if sign > 0 and not below and target in texts:
                texts.remove(target)
                return f"{target} *= {self.product(texts)}"
            if sign > 0 and not below and len(above) > 1:
                return f"np.multiply({self.product(texts[:-1])}, {texts[-1]}, out={target})"
        if name in _TAKES_OUT and not (name == "sigmoid" and self.precise):
            return f"{self.function(name)}({self.print(expression.args[0])}, out={target})"
        return f"{target}[...] = {self.print(expression)}"

    def in_place(self, expression: Expr, target: str) -> list[str]:
        """The same for whole sequences, step by step in the target's own memory: no array of T B H beside it."""
        if target in {self.symbol(self.values[symbol]) for symbol in expression.free_symbols}:
            return [self.into(expression, target)]
        if isinstance(expression, sympy.Pow) and expression.exp == 2 and expression.base.is_Symbol:
            base = self.print(expression.base)
            return [f"np.multiply({base}, {base}, out={target})"]
        if isinstance(expression, sympy.Mul):
            sign, above, below = self.factors(expression)
            compound = [factor for factor in above if factor.args]
            if sign > 0 and not below and len(compound) == 1:
                rest = self.product([self.print(f, PRODUCT) for f in above if f is not compound[0]])
                return [*self.in_place(compound[0], target), f"{target} *= {rest}"]
        if isinstance(expression, sympy.Add):
            head, operation, last = self._split_sum(expression)
            if last.args and not head.args:
                return [*self.in_place(last, target), f"np.{operation}({self.print(head)}, {target}, out={target})"]
        return [self.into(expression, target)]

    def _split_sum(self, expression: Expr) -> tuple[Expr, str, Expr]:
        """All terms but the last, the operation that joins them, the last term."""
        terms = self.terms(expression)
        head = sympy.Add(*(sign * term for sign, term in terms[:-1]))
        sign, last = terms[-1]
        return head, "add" if sign > 0 else "subtract", last
