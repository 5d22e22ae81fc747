"""Pointwise expressions as NumPy source; `out=` at the outermost operation where a result goes into an array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy
from sympy import Expr

from lstm_sym.emit.scalar import CodeScalarPrinter
from lstm_sym.equations.functions import sigmoid
from lstm_sym.notation.scalar import PRODUCT
from lstm_sym.program.values import Value

NUMPY = ("tanh", "exp", "log", "sin", "cos", "sqrt")
BARE = ("add", "subtract", "multiply", *NUMPY)
"""Functions of NumPy that a loop calls by their bare names."""
_TAKES_OUT = (*NUMPY, "sigmoid")
CHOSEN = ("sigmoid",)
"""Functions that have a fast and a precise form."""


@dataclass(frozen=True, eq=False)
class NumPyPrinter(CodeScalarPrinter):
    """Prints expressions.

    precise: whether sigmoid is that of the precise form; None, the one chosen.
    bare: whether NumPy's functions are called by their bare names, with the result as last argument: the quickest way.
    """

    precise: bool | None = False
    bare: bool = False

    def function(self, name: str) -> str:
        """What a function is called in the kernel."""
        if name in NUMPY:
            return self.of_numpy(name)
        if name in CHOSEN and self.precise is None:
            return name
        return f"_{name}_precise" if name in CHOSEN and self.precise else f"_{name}"

    def of_numpy(self, name: str) -> str:
        """A function of NumPy."""
        return name if self.bare else f"np.{name}"

    def filling(self, function: str, arguments: str, target: str) -> str:
        """A call whose result goes into an array."""
        return f"{function}({arguments}, {'' if self.bare else 'out='}{target})"

    def call(self, name: str, argument: str) -> str:
        """f(a)."""
        return f"{self.function(name)}({argument})"

    def into(self, expression: Expr, target: str) -> str:
        """A statement that computes the expression into the array `target`, without a copy where NumPy allows it."""
        name = type(expression).__name__
        if isinstance(expression, sympy.Add):
            head, operation, last = self._split_sum(expression)
            return self.filling(self.of_numpy(operation), f"{self.print(head)}, {self.print(last)}", target)
        if isinstance(expression, sympy.Mul):
            sign, above, below = self.factors(expression)
            texts = [self.print(factor, PRODUCT) for factor in above]
            if sign > 0 and not below and target in texts:
                texts.remove(target)
                return f"{target} *= {self.product(texts)}"
            if sign > 0 and not below and len(above) > 1:
                return self.filling(self.of_numpy("multiply"), f"{self.product(texts[:-1])}, {texts[-1]}", target)
        if name in _TAKES_OUT:
            return self.filling(self.function(name), self.print(expression.args[0]), target)
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


def calls_chosen(expression: Expr, constants: Mapping[Value, Fraction]) -> bool:
    """Whether an expression calls a function that has two forms; of constants alone it is the number that it is."""
    known = {value.symbol for value in constants}
    return any(not call.free_symbols <= known for call in expression.atoms(sigmoid))
