"""The size of what a program adds up: every statement again, with the sizes of its terms in place of the terms.

A line whose terms cancel has rounding errors relative to these sizes, not to what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, assert_never

import numpy as np
import sympy
from sympy import Expr

from lstm_sym.interpreter.evaluation import evaluate, run_statement
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Term
from lstm_sym.program.values import Value

Array = np.ndarray[Any, Any]
Part = TypeVar("Part", Term, Contribution)


def magnitudes(program: Program, values: Mapping[Value, Array]) -> dict[Value, Array]:
    """The sum of the sizes of the terms of every value of one step, those of its operands carried along."""
    computed = {statement.target for statement in program.statements}
    sizes = {value: np.abs(array) for value, array in values.items() if value not in computed}
    sizes |= {value: np.asarray(abs(float(number))) for value, number in program.constants.items()}
    for statement in program.statements:
        match statement:
            case Pointwise():
                symbols = statement.symbols
                exact = {symbol: values[value] for symbol, value in symbols.items() if value in values}
                size = _magnitude(statement.expression, {s: sizes[v] for s, v in symbols.items()}, exact)
            case Maximum():
                size = np.abs(values[statement.target])
            case Affine():
                size = np.abs(run_statement(replace(statement, terms=_positive(statement.terms)), sizes))
            case Accumulate():
                parts = _positive(statement.contributions)
                size = np.abs(run_statement(replace(statement, contributions=parts), sizes))
            case _:
                assert_never(statement)
        sizes[statement.target] = np.asarray(size)
    return sizes


def _magnitude(expression: Expr, sizes: Mapping[sympy.Symbol, Any], exact: Mapping[sympy.Symbol, Any]) -> Any:
    """Sums without cancellation; functions and powers of what they are of."""
    if isinstance(expression, sympy.Add):
        return sum(_magnitude(argument, sizes, exact) for argument in expression.args)
    if isinstance(expression, sympy.Mul):
        product: Any = 1.0
        for argument in expression.args:
            product = product * _magnitude(argument, sizes, exact)
        return product
    if isinstance(expression, sympy.Symbol):
        return sizes[expression]
    return np.abs(evaluate(expression, exact))


def _positive(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Terms or contributions with their coefficients made positive."""
    return tuple(replace(part, coefficient=abs(part.coefficient)) for part in parts)
