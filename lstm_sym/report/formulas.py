"""From statements and linear maps to the formulas of a document."""

from __future__ import annotations

from collections.abc import Mapping

import sympy
from sympy import Expr

from lstm_sym.api import Derivation
from lstm_sym.derivation.linear_map import LinearMap, Product
from lstm_sym.document.document import Equation, Math
from lstm_sym.notation.notation import Notation, sign_and_size
from lstm_sym.notation.scalar import PRODUCT
from lstm_sym.program.statements import Affine, Pointwise, Statement, Term
from lstm_sym.program.values import Operator, Value

Summands = tuple[tuple[int, Math], ...]
Values = Mapping[sympy.Symbol, Value]


def value_math(value: Value) -> Math:
    """A value by itself."""
    return Math(lambda n: n.symbol(value))


def partial_math(target: Value, source: Value) -> Math:
    """d target / d source as a sign."""
    return Math(lambda n: n.partial(n.symbol(target), n.symbol(source)))


def paper_line(derivation: Derivation, target: str, number: str = "") -> Equation:
    """The equation of the paper that defines a quantity."""
    cell, equation = derivation.cell, derivation.cell.equation(target)
    right = Math(lambda n: n.equation_right(equation, cell))
    return Equation(value_math(derivation.value(target)), ((1, right),), number, f"{cell.key}.equation.{target}")


def operator_math(operator: Operator, value: Value) -> Math:
    """A constant linear map of a value; of a stack, the part taken out."""
    return Math(lambda n: n.operator(operator, operator.kind == "part") + n.parentheses(n.symbol(value)))


def statement_summands(statement: Statement, values: Values) -> Summands:
    """The right side of a statement, summand by summand, joined as `Notation.right` joins them.

    values: those of its program, whose order is the order of factors, as in the kernel's comments.
    """
    if isinstance(statement, Affine) and len(statement.terms) > 1 and not statement.is_stack:
        return tuple((1 if term.coefficient > 0 else -1, _term(term)) for term in statement.terms)
    if isinstance(statement, Pointwise) and isinstance(statement.expression, sympy.Add):
        terms = Notation(values).terms(statement.expression)
        return tuple((sign, expression_math(term, values)) for sign, term in terms)
    return ((1, Math(lambda n: n.knowing(values).right(statement))),)


def map_summands(linear: LinearMap) -> Summands:
    """The products of a Jacobian."""
    if linear.is_zero:
        return ((1, Math(lambda n: n.zero)),)
    values, path = linear.values, linear.path

    def summand(product: Product) -> tuple[int, Math]:
        sign, size = sign_and_size(product)
        return sign, Math(lambda n: n.knowing(values).along(path).chain(size))

    return tuple(map(summand, linear.terms))


def _term(term: Term) -> Math:
    size = abs(term.coefficient)
    return Math(lambda n: n.signed([(size, n.term(term))]))


def expression_math(expression: Expr, values: Values) -> Math:
    """A pointwise expression as a summand."""
    return Math(lambda n: n.knowing(values).print(expression, PRODUCT))
