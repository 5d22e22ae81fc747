"""The meaning of a program, statement by statement, in NumPy: slow, obvious, and what emitted code must agree with.

Values are batches: a vector (N,) is an array (B, N), a matrix parameter (M, N) an array of that shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from operator import add, itemgetter, mul
from typing import Any, assert_never

import numpy as np
import sympy
from sympy import Expr

from lstm_sym.equations.sizes import is_composed, number_of, parts_of, with_composed
from lstm_sym.program import arithmetic
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Maximum, Pointwise, Statement
from lstm_sym.program.values import Operator, Value

Array = np.ndarray[Any, Any]


def run_step(program: Program, known: Mapping[Value, Array]) -> dict[Value, Array]:
    """All values of one step: `known` gives inputs, incoming carries and parameters.

    An `Accumulate` target gets the sum over the batch of this one step.
    """
    values = dict(known) | {value: np.asarray(float(number)) for value, number in program.constants.items()}
    for statement in program.statements:
        values[statement.target] = run_statement(statement, values)
    return values


def run_statement(statement: Statement, values: Mapping[Value, Array]) -> Array:
    """The value one statement defines."""
    match statement:
        case Pointwise():
            return np.asarray(evaluate(statement.expression, {s: values[v] for s, v in statement.symbols.items()}))
        case Affine():
            return _affine(statement, values)
        case Maximum():
            share = arithmetic.largest_share if statement.weights else arithmetic.largest
            return share(values[statement.operand])
        case Accumulate():
            return _accumulate(statement, values)
    assert_never(statement)


def _affine(statement: Affine, values: Mapping[Value, Array]) -> Array:
    total: Any = 0
    for term in statement.terms:
        result = values[term.operand] if term.operand is not None else 1
        if term.operator is not None:
            matrix = operator_matrix(term.operator, _sizes_for(term.operator, values))
            result = result @ (matrix if term.transposed else matrix.T)
        elif term.is_product and term.weight is not None:
            matrix = values[term.weight]
            result = result @ (matrix if term.transposed else matrix.T)
        elif term.weight is not None:
            result = result * values[term.weight]
        total = total + float(term.coefficient) * result
    return np.asarray(total)


def known_sizes(values: Mapping[Value, Array]) -> dict[str, int]:
    """The number behind each symbolic size, read off the arrays that there are."""
    sizes: dict[str, int] = {}
    for value, array in values.items():
        if value.shape and array.ndim >= len(value.shape):
            sizes |= dict(zip(value.shape, array.shape[array.ndim - len(value.shape) :], strict=True))
    composed = {size: parts_of(size) for value in values for size in value.shape if is_composed(size)}
    return with_composed(sizes, composed)


def _sizes_for(operator: Operator, values: Mapping[Value, Array]) -> dict[str, int]:
    """The numbers behind the sizes of a constant map, read off the first arrays that tell them."""
    wanted = {name for size in (*operator.shape, *operator.before) for name in parts_of(size) if not name.isdigit()}
    sizes: dict[str, int] = {}
    for value, array in values.items():
        if wanted <= sizes.keys():
            return sizes
        if value.shape and array.ndim >= len(value.shape):
            sizes |= dict(zip(value.shape, array.shape[array.ndim - len(value.shape) :], strict=True))
    return known_sizes(values)


def operator_matrix(operator: Operator, sizes: Mapping[str, int]) -> Array:
    """A constant linear map as a matrix."""
    rows, columns = (number_of(size, sizes) for size in operator.shape)
    if operator.kind == "part":
        start = sum(number_of(size, sizes) for size in operator.before)
        return np.eye(rows)[:, start : start + columns]
    if operator.kind == "repeat":
        return np.repeat(np.eye(columns), operator.count, axis=0)
    return np.full((rows, columns), 1 / columns if operator.kind == "mean" else 1.0)


def _accumulate(statement: Accumulate, values: Mapping[Value, Array]) -> Array:
    total: Any = 0
    for part in statement.contributions:
        left = values[part.left]
        if part.right is None:
            result = left.sum(axis=0)
        elif len(statement.target.shape) == 2:
            result = left.T @ values[part.right]
        else:
            result = (left * values[part.right]).sum(axis=0)
        result = result if statement.target.shape else result.sum()
        total = total + float(part.coefficient) * result
    return np.asarray(total)


def evaluate(expression: Expr, values: Mapping[sympy.Symbol, Any]) -> Any:
    """A scalar expression on arrays, node by node; functions in their form free of cancellation."""
    return meaning(expression)(values)


@lru_cache(maxsize=4096)
def meaning(expression: Expr) -> Callable[[Mapping[sympy.Symbol, Any]], Any]:
    """What an expression computes of the values of its symbols: read once, run at every step."""
    if isinstance(expression, sympy.Symbol):
        return itemgetter(expression)
    if expression.is_Number:
        number = float(expression)
        return lambda values: number
    first, *others = map(meaning, expression.args)
    if isinstance(expression, sympy.Add):
        return lambda values: reduce(add, [other(values) for other in others], first(values))
    if isinstance(expression, sympy.Mul):
        return lambda values: reduce(mul, [other(values) for other in others], first(values))
    if isinstance(expression, sympy.Pow):
        if expression.exp.is_Integer:
            exponent = int(expression.exp)
            return lambda values: first(values) ** exponent
        return lambda values: first(values) ** others[0](values)
    name = type(expression).__name__
    function = getattr(arithmetic, f"{name}_precise", None) or getattr(arithmetic, name, None) or getattr(np, name)
    return lambda values: function(first(values), *[other(values) for other in others])
