"""What the quantities and parameters of a cell are to it, read off its equations: gates, biases, forget gates.

    gate         a quantity with values from 0 on that multiplies another quantity: sigmoid, hard_sigmoid, exp, 1 - gate
    bias         a vector parameter that is added, alone, wherever it is read: b in W x + U h + b
    forget gate  a gate y with ds[t]/ds[t-1] = y (...) or (1 - y) (...), along the path of a state s to itself that
                 passes through no matrix and no gate's own pre-activation
    recurrent    a matrix that what is carried passes on its way to the next step; a vector where no matrix is
    forget bias  a bias that, along such a path, moves a forget gate one way only, whatever the values are

No name counts: a gate may be called anything, and what is called b_f may be a feature's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

import numpy as np
import sympy
from sympy import Expr

from lstm_sym.equations.functions import hard_sigmoid, sigmoid
from lstm_sym.interpreter.evaluation import evaluate
from lstm_sym.program.program import Program
from lstm_sym.program.statements import EQUATION, Accumulate, Affine, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value

POSITIVE = (sigmoid, hard_sigmoid, sympy.exp)
"""Functions of a pre-activation whose values are 0 or more, as those of a gate are."""

POINTS = 16
"""At how many points of random values it is tried whether a bias moves a gate one way only."""


@dataclass(frozen=True)
class Bias:
    """A bias: its parameter, the quantity in whose equation it is added, and to what.

    Attributes:
        name: of the parameter.
        quantity: the quantity whose equation adds it.
        products: how many matrix products stand beside it in its sum. A library may keep a bias beside each of them;
            where there are two or more, such biases can be added to one.
    """

    name: str
    quantity: str
    products: int


@dataclass(frozen=True)
class ForgetGate:
    """A gate that keeps a state, or forgets it.

    Attributes:
        name: of the gate; of an unnamed one, that of its stage.
        state: the state whose path to itself it multiplies.
        keeps: True where the state is kept at 1 (the LSTM's f), False where it is kept at 0 (the MGU's f).
        bias: the bias that moves it alone, None where there is none.
        sign: 1 where a larger bias keeps more of the state, -1 where it keeps less; 0 without a bias.
    """

    name: str
    state: str
    keeps: bool
    bias: str | None
    sign: int


class Roles:
    """The roles in the forward program of a cell; each is found when it is asked for."""

    def __init__(self, forward: Program) -> None:
        self.program = forward

    @cached_property
    def gates(self) -> tuple[Value, ...]:
        """The gates in the order of their equations, an unnamed one as the stage that it is."""
        found: list[Value] = []
        for statement in self.program.statements:
            if isinstance(statement, Pointwise) and self._is_positive(statement.expression, found):
                found.append(statement.target)
        return tuple(gate for gate in found if self._multiplies(gate))

    @cached_property
    def biases(self) -> tuple[Bias, ...]:
        """The biases in the order of the parameters, one entry for each sum that reads one."""
        return tuple(bias for parameter in self.program.parameters for bias in self._sums_of(parameter))

    @cached_property
    def forget_gates(self) -> tuple[ForgetGate, ...]:
        """The gates that keep a state or forget it, state by state."""
        found = []
        for carry in self.program.carries:
            kept = self._along(carry.incoming, held=self.gates).get(carry.outgoing, sympy.Integer(0))
            for gate in self.gates if kept != 0 else ():
                if (at := self._closes(kept, gate)) is not None:
                    found.append(self._with_bias(gate, carry.outgoing.name, keeps=at == 0))
        return tuple(found)

    @cached_property
    def recurrent(self) -> tuple[str, ...]:
        """The matrices that what is carried passes on its way to the next step; vectors, where there is no matrix."""
        statements, carries = self.program.statements, self.program.carries
        fed = reached(statements, (carry.incoming for carry in carries))
        read = _read_for(statements, (carry.outgoing for carry in carries))
        affine = (s for s in statements if isinstance(s, Affine) and s.target in read)
        terms = [
            t for s in affine for t in s.terms if t.operand in fed and t.weight and t.weight.role is Role.PARAMETER
        ]
        chosen = [term for term in terms if term.is_product] or terms
        names = {term.weight.name for term in chosen if term.weight}
        return tuple(value.name for value in self.program.parameters if value.name in names)

    def bias_of(self, gate: Value) -> tuple[str, int] | None:
        """The bias that moves a gate one way only, and which way; None where no bias does.

        1 where a larger bias opens it, -1 where it closes it. Of several, one that opens it, else the first.
        """
        names = dict.fromkeys(bias.name for bias in self.biases)
        moved = {name: sign for name in names if (sign := self._sign(name, gate))}
        name = max(moved, key=lambda one: moved[one], default=None)
        return None if name is None else (name, moved[name])

    def _is_positive(self, expression: Expr, gates: Collection[Value]) -> bool:
        return isinstance(expression, POSITIVE) or any(expression == 1 - gate.symbol for gate in gates)

    def _multiplies(self, gate: Value) -> bool:
        """Whether a gate, or 1 minus it, is a factor beside a quantity of the step, not of a quotient alone."""
        names = self._copies(gate)
        moving = {value.symbol for value in self.program.values() if value.time is not None}
        for product in self._products():
            factors = [f for f in product.args if f in names or 1 - f in names]
            others = [f for f in product.args if f not in factors and not (f.is_Pow and f.exp.is_negative)]
            if factors and (len(factors) > 1 or any(other.free_symbols & moving for other in others)):
                return True
        return False

    def _copies(self, gate: Value) -> set[sympy.Symbol]:
        """The symbols of a gate: its own, and those of its units repeated."""
        repeated = (s.target.symbol for s in self.program.statements if _is_repeat_of(s, gate))
        return {gate.symbol, *repeated}

    def _products(self) -> Iterator[Expr]:
        for statement in self.program.statements:
            if isinstance(statement, Pointwise):
                yield from (part for part in sympy.preorder_traversal(statement.expression) if part.is_Mul)

    def _sums_of(self, parameter: Value) -> list[Bias]:
        """The sums that a vector is added to, alone; none if it is read in any other way."""
        readers = [s for s in self.program.statements if parameter in s.reads()]
        if len(parameter.shape) != 1 or not all(_adds_alone(s, parameter) for s in readers):
            return []
        return [Bias(parameter.name, self._quantity(s).name, _products_in(s)) for s in readers]

    def _quantity(self, statement: Statement) -> Value:
        """The quantity that the equation of a statement defines."""
        rest = self.program.statements[self.program.statements.index(statement) :]
        return next(s.target for s in rest if s.provenance.rule == EQUATION)

    def _along(self, source: Value, held: Collection[Value]) -> dict[Value, Expr]:
        """d value / d source of every value that it reaches through no matrix and none of the values that are held."""
        found: dict[Value, Expr] = {source: sympy.Integer(1)}
        for statement in self.program.statements:
            if statement.target not in held:
                total = sympy.Add(*_passed_on(statement, found, source))
                if total != 0:
                    found[statement.target] = total
        return found

    def _closes(self, kept: Expr, gate: Value) -> int | None:
        """The value of a gate, 0 or 1, at which nothing of the state is kept; None where it is no factor of it."""
        copies = self._copies(gate)
        for value in (0, 1):
            if (
                kept.free_symbols & copies
                and sympy.expand(kept.xreplace(dict.fromkeys(copies, sympy.Integer(value)))) == 0
            ):
                return value
        return None

    def _with_bias(self, gate: Value, state: str, *, keeps: bool) -> ForgetGate:
        """The gate with the bias that moves it."""
        name, sign = self.bias_of(gate) or (None, 0)
        return ForgetGate(gate.name, state, keeps, name, sign if keeps else -sign)

    def _sign(self, bias: str, gate: Value) -> int:
        """1 where a larger bias opens a gate, -1 where it closes it, 0 where it does neither or both."""
        parameter = next(value for value in self.program.parameters if value.name == bias)
        slope = self._along(parameter, held=()).get(gate, sympy.Integer(0))
        if slope == 0:
            return 0
        rng = np.random.default_rng(0)
        symbols = sorted(slope.free_symbols, key=str)
        values = {symbol: rng.standard_normal(POINTS) for symbol in symbols}
        found = np.sign(np.asarray(evaluate(slope, values), np.float64))
        low, high = found.min(), found.max()
        return int(high or low) if low * high >= 0 else 0


def _passed_on(statement: Statement, maps: dict[Value, Expr], source: Value) -> Iterator[Expr]:
    """What each operand passes on of its own derivative, element by element."""
    match statement:
        case Pointwise():
            for operand in statement.operands:
                if operand in maps:
                    yield statement.expression.diff(operand.symbol) * maps[operand]
        case Affine():
            for term in statement.terms:
                scale = sympy.Rational(term.coefficient.numerator, term.coefficient.denominator)
                if term.operand is None and term.weight == source:
                    yield scale
                elif term.operand in maps and _is_element_wise(term):
                    yield scale * maps[term.operand] * (1 if term.weight is None else term.weight.symbol)
        case Maximum() | Accumulate():
            return
        case _:
            assert_never(statement)


def _is_element_wise(term: Term) -> bool:
    return not term.is_product and (term.operator is None or term.operator.kind == "repeat")


def _is_repeat_of(statement: Statement, value: Value) -> bool:
    if not isinstance(statement, Affine) or len(statement.terms) != 1:
        return False
    (term,) = statement.terms
    return term.operand == value and term.operator is not None and term.operator.kind == "repeat"


def _adds_alone(statement: Statement, parameter: Value) -> bool:
    """Whether a statement reads a vector as a summand, and in no other way."""
    match statement:
        case Affine():
            return all(term.operand is None for term in statement.terms if parameter in term.reads())
        case Pointwise(expression=expression):
            sums = [part for part in sympy.preorder_traversal(expression) if part.is_Add]
            alone = sum(argument in (parameter.symbol, -parameter.symbol) for part in sums for argument in part.args)
            met = sum(part == parameter.symbol for part in sympy.preorder_traversal(expression))
            return bool(0 < alone == met)
        case Maximum() | Accumulate():
            return False
    assert_never(statement)


def _products_in(statement: Statement) -> int:
    """The matrix products in a sum."""
    return sum(term.is_product for term in statement.terms) if isinstance(statement, Affine) else 0


def reached(statements: Iterable[Statement], starts: Iterable[Value]) -> set[Value]:
    """These values, and all of the step that is made of them."""
    found = set(starts)
    for statement in statements:
        if found & set(statement.reads()):
            found.add(statement.target)
    return found


def _read_for(statements: Sequence[Statement], ends: Iterable[Value]) -> set[Value]:
    """These values, and all of the step that they are made of."""
    found = set(ends)
    for statement in reversed(statements):
        if statement.target in found:
            found.update(statement.reads())
    return found
