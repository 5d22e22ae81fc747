"""Count what a program costs: element-wise operations per unit, and multiplications in matrix products.

One operation: an addition, subtraction, multiplication, division, square, or function value, per unit and step.
Counted: pointwise statements, and the element-wise terms of affine maps (peepholes: a product and an addition each);
a mean, sum or maximum over units, and a repetition, count one.
Counted apart: matrix products with their biases and sums (BLAS), sums over the batch, and the addition of the caller's
cotangent dy, which belongs to the loss and not to the cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Maximum, Pointwise, Statement
from lstm_sym.program.values import Role, Value


@dataclass(frozen=True)
class Operations:
    """Per unit: `elementwise` operations and `cotangent` additions; `products` counts matrices multiplied."""

    elementwise: int = 0
    cotangent: int = 0
    products: int = 0

    def __add__(self, other: Operations) -> Operations:
        return Operations(
            self.elementwise + other.elementwise, self.cotangent + other.cotangent, self.products + other.products
        )


def count_operations(program: Program) -> Operations:
    """The operations of one step of a program."""
    return sum((_statement(statement) for statement in program.statements), Operations())


def _statement(statement: Statement) -> Operations:
    match statement:
        case Pointwise():
            cotangent = sum(_is_given_cotangent(value) for value in statement.operands)
            additions = cotangent if isinstance(statement.expression, sympy.Add) else 0
            return Operations(expression_operations(statement.expression) - additions, additions)
        case Maximum():
            return Operations(1)
        case Affine():
            diagonal = sum(2 for term in statement.terms if term.is_diagonal)
            identity = sum(term.matrix is None for term in statement.terms)
            reduced = sum(term.operator is not None and term.operator.kind != "part" for term in statement.terms)
            return Operations(diagonal + identity + reduced, 0, sum(term.is_product for term in statement.terms))
        case Accumulate():
            outer = len(statement.target.shape) == 2
            weighted = sum(part.right is not None for part in statement.contributions)
            return Operations(0, 0, weighted) if outer else Operations(weighted)
    assert_never(statement)


def _is_given_cotangent(value: Value) -> bool:
    return value.role is Role.ADJOINT and value.name == "dy"


def expression_operations(expression: Expr) -> int:
    """Operations of a scalar expression; a sign folded into a sum costs nothing, x**n costs the squarings it takes."""
    below = sum(expression_operations(argument) for argument in expression.args)
    if isinstance(expression, sympy.Add):
        return below + len(expression.args) - 1
    if isinstance(expression, sympy.Mul):
        factors = [a for a in expression.args if a != -1]
        quotient = any(not _is_reciprocal(a) for a in factors)
        divisions = sum(_is_reciprocal(a) for a in factors) if quotient else 0
        return below + len(factors) - 1 - divisions
    if isinstance(expression, sympy.Pow):
        return below - expression_operations(expression.exp) + _power(expression.exp)
    return below + (1 if isinstance(expression, sympy.Function) else 0)


def _is_reciprocal(expression: Expr) -> bool:
    return isinstance(expression, sympy.Pow) and expression.exp == -1


def _power(exponent: Expr) -> int:
    if exponent.is_Integer and exponent > 0:
        size = int(exponent)
        return size.bit_length() - 1 + size.bit_count() - 1
    return 1
