"""Jacobians of one step, as symbols: forward accumulation of linear maps over the statements of a program.

    Affine     z = sum W v + b     dz/ds = sum W dv/ds
    Pointwise  y = phi(u, ...)     dy/ds = sum diag(dphi/du) du/ds
    Maximum    y = max v           dy/ds = sum diag(y_slope) dv/ds, sum being the sum over units at every unit

The state Jacobian is the block matrix ds[t]/ds[t-1] over all states: for the LSTM over (h, c), not over h alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy

from lstm_sym.derivation.linear_map import (
    Applied,
    Block,
    Diagonal,
    LinearMap,
    Matrix,
    Product,
    collect,
    compose,
)
from lstm_sym.derivation.local import Slopes, local_derivatives
from lstm_sym.program.program import Program
from lstm_sym.program.statements import EQUATION, Affine, Maximum, Pointwise, Statement
from lstm_sym.program.values import Operator, Value

Maps = dict[Value, list[Product]]
"""Of each value that depends on the source, its Jacobian as a sum of products."""


@dataclass(frozen=True)
class Jacobian:
    """d target / d source of one step: the map, and the slope statements its diagonals refer to."""

    target: Value
    source: Value
    map: LinearMap
    slopes: tuple[Statement, ...]


def jacobian(
    program: Program,
    target: Value,
    source: Value,
    stages: frozenset[Value] = frozenset(),
    entry: Value | None = None,
) -> Jacobian:
    """d target[t] / d source, the source being a state at [t-1], the input at [t], a quantity at [t], or a parameter.

    Quantities in `stages` are not expanded: their own Jacobian stands as a `Block`. With an `entry`, a quantity that
    an equation defines, it is the part of the Jacobian that flows through this equation first; the parts of all
    equations sum to the whole.
    """
    rules = _Rules(source, Slopes(program.name.split(".")[0] + ".jacobian"))
    start: Maps = {} if source.is_parameter else {source: [()]}
    maps, outside = (start, {}) if entry is None else ({}, start)
    for statement in program.statements:
        if statement.target == source:
            continue
        products = rules.products(statement, maps)
        reached = rules.products(statement, outside) if outside else []
        if statement.target == entry:
            products += reached
        elif reached and statement.provenance.rule != EQUATION:
            outside[statement.target] = list(collect(reached))
        if products:
            staged = statement.target in stages and statement.target != target
            maps[statement.target] = [(Block(statement.target),)] if staged else list(collect(products))
    linear = LinearMap(tuple(maps.get(target, ())), target.shape, source.shape, rules.symbols)
    return Jacobian(target, source, linear, tuple(rules.slope_statements))


@dataclass
class _Rules:
    """The rule of each kind of statement: from the maps of what it reads to the products of its own."""

    source: Value
    slopes: Slopes
    slope_statements: list[Statement] = field(default_factory=list)
    symbols: dict[sympy.Symbol, Value] = field(default_factory=dict)

    def products(self, statement: Statement, maps: Maps) -> list[Product]:
        """d target / d source as a sum of products; none for a statement that reads nothing of the source."""
        if isinstance(statement, Affine):
            return self.affine(statement, maps)
        if isinstance(statement, Pointwise):
            return self.pointwise(statement, maps)
        return self.maximum(statement, maps) if isinstance(statement, Maximum) else []

    def affine(self, statement: Affine, maps: Maps) -> list[Product]:
        """Sum W dv/ds, and what a parameter does to its own map."""
        products: list[Product] = []
        for term in statement.terms:
            scale = Diagonal(sympy.Rational(term.coefficient.numerator, term.coefficient.denominator))
            if term.weight == self.source:
                products.append(compose(scale, _own_map(term.operand, term.transposed, term.is_product)))
            if term.operand is None:
                continue
            for product in maps.get(term.operand, []):
                if term.matrix is not None and len(term.matrix.shape) == 2:
                    product = compose(Matrix(term.matrix, term.transposed), product)
                elif term.weight is not None:
                    product = compose(Diagonal(term.weight.symbol), product)
                products.append(compose(scale, product))
        return products

    def pointwise(self, statement: Pointwise, maps: Maps) -> list[Product]:
        """Sum diag(dphi/du) du/ds."""
        own: Maps = {self.source: [()]} if self.source.is_parameter else {}
        products: list[Product] = []
        if not any(value in maps or value in own for value in statement.operands):
            return products
        for operand, factor in local_derivatives(statement, self.slopes, self.slope_statements):
            below = own.get(operand, []) or maps.get(operand, [])
            if below:
                self.symbols |= factor.symbols
            products += [compose(Diagonal(factor.expression), product) for product in below]
        return products

    def maximum(self, statement: Maximum, maps: Maps) -> list[Product]:
        """Sum over units of diag(share) dv/ds."""
        below = maps.get(statement.operand, [])
        if not below:
            return []
        share = self.slopes.of(statement, self.slope_statements)
        self.symbols[share.symbol] = share
        total = Matrix(Operator("sum", (*statement.target.shape, *statement.target.shape)))
        return [compose(total, compose(Diagonal(share.symbol), product)) for product in below]


def entries(program: Program) -> tuple[Value, ...]:
    """The quantities whose equations read a state at [t-1], directly or through unnamed stages, in their order."""
    outside = {before for before, _ in states(program)}
    found = []
    for statement in program.statements:
        if outside.isdisjoint(statement.reads()):
            continue
        if statement.provenance.rule == EQUATION:
            found.append(statement.target)
        else:
            outside.add(statement.target)
    return tuple(found)


def _own_map(operand: Value | None, transposed: bool, is_product: bool) -> Product:
    """How a parameter enters its own affine map: dW v, diag(v) dp, or db."""
    if operand is None:
        return ()
    return (Applied(operand, transposed),) if is_product else (Diagonal(operand.symbol),)


def states(program: Program) -> tuple[tuple[Value, Value], ...]:
    """(s[t-1], s[t]) of every state, in order."""
    return tuple((carry.incoming, carry.outgoing) for carry in program.carries)


def state_jacobian(program: Program, staged: bool = False) -> dict[tuple[str, str], Jacobian]:
    """All blocks ds_i[t]/ds_j[t-1]: {("h", "c"): ...}. `staged`: through the states already computed in this step."""
    outgoing = frozenset(carry.outgoing for carry in program.carries) if staged else frozenset()
    return {
        (after.name, before.name): jacobian(program, after, before, outgoing)
        for _, after in states(program)
        for before, _ in states(program)
    }
