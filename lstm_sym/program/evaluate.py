"""The meaning of a program, statement by statement, in NumPy: slow, obvious, and what emitted code must agree with.

Values are batches: a vector (N,) is an array (B, N), a matrix parameter (M, N) an array of that shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from sympy import Expr

from lstm_sym.program import arithmetic
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Pointwise, Statement
from lstm_sym.program.values import Value

Array = np.ndarray[Any, Any]


def run_step(program: Program, known: Mapping[Value, Array]) -> dict[Value, Array]:
    """All values of one step: `known` gives inputs, incoming carries and parameters.

    An `Accumulate` target gets the sum over the batch of this one step.
    """
    values = dict(known)
    for statement in program.statements:
        values[statement.target] = run_statement(statement, values)
    return values


def run_statement(statement: Statement, values: Mapping[Value, Array]) -> Array:
    """The value one statement defines."""
    if isinstance(statement, Pointwise):
        return np.asarray(evaluate(statement.expression, {s: values[v] for s, v in statement.symbols.items()}))
    if isinstance(statement, Affine):
        return _affine(statement, values)
    return _accumulate(statement, values)


def _affine(statement: Affine, values: Mapping[Value, Array]) -> Array:
    total: Any = 0
    for term in statement.terms:
        result = values[term.operand] if term.operand is not None else 1
        if term.is_product and term.matrix is not None:
            matrix = values[term.matrix]
            result = result @ (matrix if term.transposed else matrix.T)
        elif term.matrix is not None:
            result = result * values[term.matrix]
        total = total + float(term.coefficient) * result
    return np.asarray(total)


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
        total = total + float(part.coefficient) * result
    return np.asarray(total)


def evaluate(expression: Expr, values: Mapping[sympy.Symbol, Any]) -> Any:
    """A scalar expression on arrays, node by node; functions in their form free of cancellation."""
    if isinstance(expression, sympy.Symbol):
        return values[expression]
    if expression.is_Number:
        return float(expression)
    arguments = [evaluate(argument, values) for argument in expression.args]
    if isinstance(expression, sympy.Add):
        return sum(arguments[1:], arguments[0])
    if isinstance(expression, sympy.Mul):
        result = arguments[0]
        for argument in arguments[1:]:
            result = result * argument
        return result
    if isinstance(expression, sympy.Pow):
        return arguments[0] ** (int(expression.exp) if expression.exp.is_Integer else arguments[1])
    name = type(expression).__name__
    function = getattr(arithmetic, f"{name}_precise", None) or getattr(arithmetic, name, None) or getattr(np, name)
    return function(arguments[0])
