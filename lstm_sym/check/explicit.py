"""The explicit Jacobian: every element a SymPy expression, differentiated by every other, at H = 2."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from sympy.logic.boolalg import BooleanFunction

from lstm_sym.check.case import Array, Case
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.check.result import CheckResult, relative_error
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.functions import FUNCTIONS


def _symbols(name: str, shape: tuple[int, ...]) -> Array:
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        array[index] = sympy.Symbol(name + "_" + "_".join(map(str, index)), real=True)
    return array


def explicit_jacobian(cell: Cell, case: Case) -> Array:
    """d state[t] / d (state[t-1], x[t]) at t = 0 of the first sequence: (S, S + D).

    Every element of every equation is a SymPy expression of the elements before it; each is differentiated by each, and
    the numbers are multiplied along all paths.
    """
    params = {name: _symbols(name, value.shape) for name, value in case.params.items()}
    state = {name: _symbols(name + "_prev", (1, value.shape[1])) for name, value in case.state.items()}
    x = _symbols(cell.input, (1, case.x.shape[2]))
    elementwise = {name: np.frompyfunc(row.definition, row.arity, 1) for name, row in FUNCTIONS.items()}
    functions = {**array_functions(np), **elementwise, "max": _largest}
    sources = [*(s for name in cell.states for s in state[name][0]), *x[0]]
    known: dict[sympy.Expr, float] = {}
    for symbols, numbers in (
        *((params[name], case.params[name]) for name in params),
        *((state[name][0], case.state[name][0]) for name in cell.states),
        (x[0], case.x[0, 0]),
    ):
        known |= {s: float(number) for s, number in zip(symbols.ravel(), numbers.ravel(), strict=True)}
    rows = dict(zip(sources, np.eye(len(sources)), strict=True))

    def named(target: str, expressions: Array) -> Array:
        expressions = np.atleast_2d(expressions)  # what is made of parameters alone has no row of its own
        symbols = _symbols(target + "_now", expressions.shape)
        for symbol, expression in zip(symbols.ravel(), expressions.ravel(), strict=True):
            # In the order in which they were made: that of a set, and with it the last digit, changes from run to run.
            below = [s for s in rows if s in expression.free_symbols]
            rows[symbol] = sum((_number(expression.diff(s), known) * rows[s] for s in below), np.zeros(len(sources)))
            known[symbol] = _number(expression, known)
        return symbols

    def exact(number: Fraction) -> sympy.Rational:
        return sympy.Rational(number.numerator, number.denominator)

    values = run_equations_once(cell, x, params, state, functions, exact, named)
    return np.array([rows[element] for name in cell.states for element in values[name][0]])


def _largest(units: Array) -> Array:
    return np.array([[sympy.Max(*row)] * len(row) for row in units], dtype=object)


def _number(expression: sympy.Expr, known: dict[sympy.Expr, float]) -> float:
    """The value of an expression; `known` grows by every part of it, so that shared parts are computed once."""
    if expression not in known and isinstance(expression, sympy.Piecewise):
        taken = (value for value, condition in expression.args if _holds(condition, known))
        known[expression] = _number(next(taken), known)
    if expression not in known:
        values = [_number(argument, known) for argument in expression.args]
        if expression.is_Number:
            known[expression] = float(expression)
        elif isinstance(expression, sympy.Add):
            known[expression] = sum(values)
        elif isinstance(expression, sympy.Mul):
            known[expression] = float(np.prod(values))
        elif isinstance(expression, sympy.Pow):
            known[expression] = float(values[0] ** values[1])
        else:
            value = expression.func(*map(sympy.Float, values))
            known[expression] = float(value) if value.is_real else float("nan")  # in a branch that is not taken
    return known[expression]


def _holds(condition: Any, known: dict[sympy.Expr, float]) -> bool:
    """Whether the condition of a branch holds; no other branch is looked at."""
    if condition in (sympy.true, sympy.false):
        return bool(condition)
    if isinstance(condition, BooleanFunction):  # one condition of several, as where a choice stands in a choice
        return bool(condition.func(*(_holds(part, known) for part in condition.args)))
    return bool(condition.func(*(sympy.Float(_number(side, known)) for side in condition.args)))


def check_explicit(cell: Cell, kernel: Any, case: Case) -> CheckResult:
    """jacobian() and input_jacobian() of both forms against the explicit one: <= 1e-13."""
    expected = explicit_jacobian(cell, case)
    params = kernel.Params(**case.params)
    worst = 0.0
    for precise in (False, True):
        tape = case.tape(kernel, precise=precise)
        blocks = [kernel.jacobian(tape, params, 0)[0], kernel.input_jacobian(tape, params, 0)[0]]
        worst = max(worst, relative_error(np.concatenate(blocks, axis=1), expected))
    rows, columns = expected.shape
    return CheckResult("explicit Jacobian", f"{rows} x {columns} elements by SymPy", worst, 1e-13, case.label)
