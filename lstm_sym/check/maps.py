"""Symbolic linear maps as numbers: of the first sequence of the values of one step."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.check.case import Array
from lstm_sym.derivation.linear_map import Applied, Block, Diagonal, LinearMap, Matrix
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import evaluate, known_sizes, operator_matrix
from lstm_sym.program.values import Operator, Value

Values = dict[Value, Array]
Blocks = dict[Block, Array]


def along(linear: LinearMap, values: Values, change: Array, known: Blocks | None = None) -> Array:
    """A symbolic linear map applied to a change of a parameter, for the first sequence of these values."""
    known = _stages(linear, values, known)
    symbols = _first_sequence(values)
    total = np.zeros(_size(linear.rows[0], values))
    for product in linear.terms:
        vector = change
        for factor in reversed(product):
            if isinstance(factor, Applied):
                vector = (change.T if factor.transposed else change) @ values[factor.operand][0]
            elif isinstance(factor, Diagonal):
                vector = evaluate(factor.expression, symbols) * vector
            else:
                matrix = _factor_matrix(factor, values, known)
                vector = matrix @ np.broadcast_to(vector, matrix.shape[1:])
        total = total + vector
    return total


def _first_sequence(values: Values) -> dict[Any, Array]:
    vectors = {v: array for v, array in values.items() if v.time is not None or array.ndim <= 1}
    return {v.symbol: array if v.time is None or array.ndim < 2 else array[0] for v, array in vectors.items()}


def dense(linear: LinearMap, values: Values, known: Blocks | None = None) -> Array:
    """A symbolic linear map as a matrix, for the first sequence of these values; `known`: stages evaluated before."""
    known = _stages(linear, values, known)
    symbols = _first_sequence(values)
    rows, columns = (_size(shape[0], values) for shape in (linear.rows, linear.columns))
    total = np.zeros((rows, columns))
    for product in linear.terms:
        matrix = np.eye(columns)
        for factor in reversed(product):
            if isinstance(factor, Diagonal):
                matrix = np.broadcast_to(evaluate(factor.expression, symbols), (len(matrix),))[:, None] * matrix
            elif isinstance(factor, Applied):
                raise TypeError("Applied is no matrix; is this a parameter Jacobian?")
            else:
                matrix = _factor_matrix(factor, values, known) @ matrix
        total = total + matrix
    return total


def _stages(linear: LinearMap, values: Values, known: Blocks | None) -> Blocks:
    """The stages of a map as matrices, together with those known before."""
    known = {} if known is None else known
    for block in linear.stages:
        if block not in known:
            stage_matrix(linear, block, values, known)
    return known


def stage_matrix(linear: LinearMap, block: Block, values: Values, known: Blocks) -> Array:
    """A stage of a map as a matrix, from those before it; it is known then."""
    known[block] = dense(linear.stages[block], values, known)
    return known[block]


def _factor_matrix(factor: Matrix | Block, values: Values, known: Blocks) -> Array:
    """A matrix, its transpose, or a stage."""
    if isinstance(factor, Block):
        return known[factor]
    of = factor.value
    weights = operator_matrix(of, known_sizes(values)) if isinstance(of, Operator) else values[of]
    return weights.T if factor.transposed else weights


def _size(name: str, values: Values) -> int:
    return number_of(name, known_sizes(values))
