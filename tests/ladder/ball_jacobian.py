"""Rung 1, the state Jacobian as a whole at H = 2: the engine's linear maps against explicit elements, in balls.

The explicit elements: the equations run on arrays of SymPy symbols, each element of an equation differentiated by each
that it is made of. The engine's: its symbolic sums of diagonals and matrices, put together from
the balls of a forward program that is run statement by statement.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import sympy
from ladder.balls import ball, precision, radius, rational
from ladder.identities import expanded

from lstm_sym.check import Case, random_case
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation.linear_map import Block, Diagonal, LinearMap, Matrix
from lstm_sym.equations import Cell
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import operator_matrix
from lstm_sym.program import Affine, Maximum, Operator, Pointwise, Program, Term, Value
from lstm_sym.program.values import slope

Array = np.ndarray
Balls = dict[Value, Array]


def symbols(name: str, shape: tuple[int, ...]) -> Array:
    """A symbol for every element."""
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        array[index] = sympy.Symbol(f"{name}{list(index)}", real=True)
    return array


def largest(units: Array) -> Array:
    """The maximum over units, at every unit."""
    return np.array([[sympy.Max(*row)] * len(row) for row in units], dtype=object)


def explicit_elements(cell: Cell, case: Case) -> Array:
    """d state[t] / d (state[t-1], x[t]) of the first sequence: (S, S + D) balls.

    Every element of every equation is a SymPy expression of the elements before it; each is differentiated by each, and
    the balls are multiplied along all paths.
    """
    params = {name: symbols(name, value.shape) for name, value in case.params.items()}
    state = {name: symbols(f"{name}_prev", (1, value.shape[1])) for name, value in case.state.items()}
    x = symbols("x_t", (1, case.x.shape[2]))
    pairs = [*((params[name], case.params[name]) for name in params), (x, case.x[0, :1])]
    pairs += [(state[name], case.state[name][:1]) for name in state]
    known = {s: flint.arb(float(v)) for array, numbers in pairs for s, v in zip(array.flat, numbers.flat, strict=True)}
    sources = [*(s for name in cell.states for s in state[name][0]), *x[0]]
    rows = dict(zip(sources, exact(np.eye(len(sources))), strict=True))

    def named(target: str, expressions: Array) -> Array:
        elements = symbols(f"{target}_now", expressions.shape)
        for symbol, expression in zip(elements.flat, expressions.flat, strict=True):
            below = [s for s in expression.free_symbols if s in rows]
            parts = [ball(expression.diff(s), known) * rows[s] for s in below]
            rows[symbol] = sum(parts, exact(np.zeros(len(sources))))
            known[symbol] = ball(expression, known)
        return elements

    elementwise = {name: np.frompyfunc(row.definition, row.arity, 1) for name, row in FUNCTIONS.items()}
    functions = {**array_functions(np), **elementwise, "max": largest}
    values = run_equations_once(cell, x, params, state, functions, as_rational, named)
    return np.array([rows[element] for name in cell.states for element in values[name][0]], dtype=object)


def as_rational(number: Any) -> sympy.Rational:
    """An exact number as SymPy's."""
    return sympy.Rational(number.numerator, number.denominator)


def exact(array: Array) -> Array:
    """Every number of an array as a ball."""
    result = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        result[index] = flint.arb(float(array[index]))
    return result


class Step:
    """One step of the forward program of the first sequence of a case, every value a vector of balls."""

    def __init__(self, program: Program, case: Case) -> None:
        self.sizes = {name: size for name, size in case.sizes.items() if name != "T"}
        self.values: Balls = {value: exact(case.params[value.name]) for value in program.parameters}
        self.values |= {value: exact(case.x[0, 0]) for value in program.inputs}
        self.values |= {carry.incoming: exact(case.state[carry.incoming.name][0]) for carry in program.carries}
        self.values |= {value: np.array(rational(number), dtype=object) for value, number in program.constants.items()}
        for statement in program.statements:
            self.values[statement.target] = self.result(statement)
            if isinstance(statement, Maximum):
                units = self.values[statement.operand]
                shares = [flint.arb(int(all(u > v for v in units if v is not u))) for u in units]
                self.values[slope(statement.target)] = np.array(shares, dtype=object)

    def result(self, statement: Any) -> Array:
        """The value that a statement defines."""
        if isinstance(statement, Affine):
            return sum((self.term(term) for term in statement.terms), start=flint.arb(0))
        if isinstance(statement, Pointwise):
            return self.pointwise(statement.expression, statement.symbols, statement.target.shape)
        units = self.values[statement.operand]
        top = units[0]
        for unit in units[1:]:
            top = top.max(unit)
        return np.array([top] * len(units), dtype=object)

    def term(self, term: Term) -> Array:
        """coefficient * matrix @ operand."""
        result = self.values[term.operand] if term.operand is not None else flint.arb(1)
        if term.matrix is not None and len(term.matrix.shape) == 2:
            matrix = self.matrix(term.matrix)
            result = (matrix.T if term.transposed else matrix) @ result
        elif term.matrix is not None:
            result = self.values[term.matrix] * result
        return result * rational(term.coefficient)

    def matrix(self, of: Value | Operator) -> Array:
        """A parameter, or a constant map; a mean is an exact fraction."""
        if isinstance(of, Value):
            return self.values[of]
        if of.kind != "mean":
            return exact(operator_matrix(of, self.sizes))
        columns = number_of(of.shape[1], self.sizes)
        return np.full((columns, columns), flint.arb(1) / columns, dtype=object)

    def pointwise(self, expression: sympy.Expr, known: dict[sympy.Symbol, Value], shape: tuple[str, ...]) -> Array:
        """An expression element by element."""
        length = [number_of(name, self.sizes) for name in shape]
        vectors = {symbol: np.broadcast_to(self.values[value], length) for symbol, value in known.items()}
        result, written = np.empty(length, dtype=object), expanded(expression)
        for index in np.ndindex(*length):
            result[index] = ball(written, {symbol: vector[index] for symbol, vector in vectors.items()})
        return result

    def dense(self, linear: LinearMap) -> Array:
        """A symbolic linear map as a matrix of balls, after the stages that it refers to."""
        known: dict[Block, Array] = {}
        for block, stage in linear.stages.items():
            known[block] = self.total(stage, known)
        return self.total(linear, known)

    def total(self, linear: LinearMap, known: dict[Block, Array]) -> Array:
        """The sum of the products of a map."""
        rows, columns = (number_of(shape[0], self.sizes) for shape in (linear.rows, linear.columns))
        total = np.full((rows, columns), flint.arb(0), dtype=object)
        for product in linear.terms:
            matrix = exact(np.eye(columns))
            for factor in reversed(product):
                if isinstance(factor, Matrix):
                    weights = self.matrix(factor.value)
                    matrix = (weights.T if factor.transposed else weights) @ matrix
                elif isinstance(factor, Block):
                    matrix = known[factor] @ matrix
                else:
                    assert isinstance(factor, Diagonal)
                    matrix = self.diagonal(factor, len(matrix), linear)[:, None] * matrix
            total = total + matrix
        return total

    def diagonal(self, factor: Diagonal, length: int, linear: LinearMap) -> Array:
        """The diagonal of diag(expression)."""
        written = expanded(factor.expression)
        known = {s: np.broadcast_to(self.values[linear.values[s]], length) for s in written.free_symbols}
        elements = [ball(written, {s: vector[k] for s, vector in known.items()}) for k in range(length)]
        return np.array(elements, dtype=object)


def engine_elements(derivation: Derivation, case: Case) -> Array:
    """The same elements by the engine: (S, S + D) balls."""
    cell, step = derivation.cell, Step(derivation.forward, case)
    sources = [*cell.states, *filter(None, [cell.input])]
    return np.block([[step.dense(derivation.jacobian(row, column)) for column in sources] for row in cell.states])


def proof(cell: Cell, points: int = 3, derivation: Derivation | None = None) -> dict[str, Any]:
    """How many elements were compared at how many random points, the largest radius of a difference, which differ.

    `derivation` may be given, so that a test can hand in a broken one.
    """
    derivation = derivation or Derivation(cell)
    worst, failed, count = 0.0, [], 0
    with precision():
        for seed in range(points):
            case = random_case(cell, steps=1, batch=1, inputs=2, hidden=2, seed=seed)
            expected, found = explicit_elements(cell, case), engine_elements(derivation, case)
            for index, element in np.ndenumerate(expected):
                difference = found[index] - element
                worst, count = max(worst, radius(difference)), count + 1
                if not (difference.is_finite() and difference.contains(0)):
                    failed.append(index)
    return {"elements": expected.size, "compared": count, "radius": worst, "failed": failed}
