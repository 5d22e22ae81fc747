"""Expressions as source code: what the printers of all programming languages share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy
from sympy import Expr

from lstm_sym.emit.nodes import Node
from lstm_sym.equations.functions import number_of
from lstm_sym.notation.scalar import ScalarPrinter
from lstm_sym.program.values import Value


@dataclass(frozen=True, eq=False)
class CodeScalarPrinter(ScalarPrinter):
    """Prints expressions over references such as `f_t`; `constants` are values that stand for a number."""

    values: Mapping[sympy.Symbol, Value]
    reference: Callable[[Value], str]
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
        """A literal: it never changes the type of an array."""
        return literal(value)


def literal(number: Fraction) -> str:
    """An exact number as programming languages write it."""
    return str(number.numerator) if number.denominator == 1 else repr(float(number))


def in_braces(lines: Iterable[str]) -> list[str]:
    """The lines of a block in braces."""
    return [f"  {line}" for line in lines]


def filled(template: str, node: Node, print_node: Callable[[Node], str]) -> str:
    """A template with the fields of a node: nodes printed, several with commas, truth and absence as in JSON."""

    def text(value: Any) -> str:
        if isinstance(value, tuple):
            return ", ".join(map(text, value))
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        return print_node(value) if isinstance(value, Node) else str(value)

    return template.format(**{place: text(getattr(node, place)) for place in node.places})
