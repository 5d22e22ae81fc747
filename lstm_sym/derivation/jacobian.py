"""Jacobians of one step, as symbols: forward accumulation of linear maps over the statements of a program.

    Affine     z = sum W v + b     dz/ds = sum W dv/ds
    Pointwise  y = phi(u, ...)     dy/ds = sum diag(dphi/du) du/ds
    Maximum    y = max v           dy/ds = sum diag(y_slope) dv/ds, sum being the sum over units at every unit

A map that would repeat work where it is multiplied out stands by name (`lstm_sym.derivation.named_jacobians`). Of a
parameter deep inside a step, where every parameter would need named maps of its own, those of the target are shared:
dh/dW = (dh/da) (da/dW), dh/da by reverse accumulation.

The state Jacobian is the block matrix ds[t]/ds[t-1] over all states: for the LSTM over (h, c), not over h alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import assert_never

import sympy

from lstm_sym.derivation.branches import Guards
from lstm_sym.derivation.linear_map import (
    Applied,
    Block,
    Diagonal,
    LinearMap,
    Matrix,
    Product,
    blocks,
    chain,
    collect,
    collect_last,
    compose,
)
from lstm_sym.derivation.local import Slopes, local_derivatives
from lstm_sym.derivation.named_jacobians import is_stage
from lstm_sym.program.program import Program
from lstm_sym.program.statements import EQUATION, Accumulate, Affine, Maximum, Pointwise, Statement
from lstm_sym.program.values import Operator, Role, Value

Maps = dict[Value, list[Product]]
"""Of each value that depends on the source, its Jacobian as a sum of products."""


@dataclass(frozen=True)
class Jacobian:
    """d target / d source of one step: the map, and the slope statements its diagonals refer to."""

    target: Value
    source: Value
    map: LinearMap
    slopes: tuple[Statement, ...]


class Jacobians:
    """The Jacobians of a program: each accumulation is run once, for all targets or for all parameters."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._forward: dict[tuple[Value, frozenset[Value], Value | None], _Accumulation] = {}
        self._reverse: dict[Value, _Accumulation] = {}

    def of(
        self, target: Value, source: Value, kept: frozenset[Value] = frozenset(), entry: Value | None = None
    ) -> Jacobian:
        """d target[t] / d source, the source being a state at [t-1], the input at [t], a quantity, or a parameter.

        Quantities in `kept` are not expanded: their own Jacobian stands as a `Block`, which is no stage of the map.
        With an `entry`, a quantity that an equation defines, it is the part of the Jacobian that flows through this
        equation first; the parts of all equations sum to the whole.
        """
        key = (source, kept, entry)
        if key not in self._forward:
            self._forward[key] = self.forward(source, kept, entry)
        run = self._forward[key]
        terms = run.own.get(target, ())
        if source.is_parameter and run.reached(terms):
            if target not in self._reverse:
                self._reverse[target] = self.reverse(target)
            run = self._reverse[target]
            terms = tuple(collect(collect_last(self.through_readers(run, source))))
        stages = {block: run.linear(run.stages[block], block.target, block.source) for block in run.reached(terms)}
        linear = replace(run.linear(terms, target, source), stages=stages)
        return Jacobian(target, source, linear, tuple(run.rules.slope_statements))

    def of_states(self, staged: bool = False) -> dict[tuple[str, str], Jacobian]:
        """All blocks ds_i[t]/ds_j[t-1]: {("h", "c"): ...}; `staged`: through the states of this step before it."""
        carried = states(self.program)
        kept = frozenset(after for _, after in carried) if staged else frozenset()
        return {
            (after.name, before.name): self.of(after, before, kept) for _, after in carried for before, _ in carried
        }

    @cached_property
    def uses(self) -> Counter[Value]:
        """How many terms read a value."""
        return Counter(value for statement in self.program.statements for value in _operands(statement))

    @cached_property
    def guards(self) -> Guards:
        """Where values that only branches read are needed."""
        return Guards.in_program(self.program)

    def rules(self, source: Value) -> _Rules:
        """The rules for a source, with no slope made yet."""
        return _Rules(source, Slopes(f"{self.program.cell}.jacobian", self.guards))

    def forward(self, source: Value, kept: frozenset[Value], entry: Value | None) -> _Accumulation:
        """Forward accumulation from a source: d value / d source of every value."""
        run = _Accumulation(self.rules(source))
        start: Maps = {} if source.is_parameter else {source: [()]}
        outside: Maps = {} if entry is None else start
        run.maps = start if entry is None else {}
        for statement in self.program.statements:
            value = statement.target
            if value == source:
                continue
            products = run.rules.products(statement, run.maps)
            reached = run.rules.products(statement, outside) if outside else []
            if value == entry:
                products += reached
            elif reached and statement.provenance.rule != EQUATION:
                outside[value] = list(collect(reached))
            if products:
                run.keep(value, Block(value, source), products, self.uses[value], value in kept)
        return run

    def reverse(self, target: Value) -> _Accumulation:
        """Reverse accumulation from a target: d target / d value of every value that the target depends on."""
        run = _Accumulation(self.rules(target), {target: [()]})
        for statement in reversed(self.program.statements):
            value, read = statement.target, _operands(statement)
            if value not in run.maps:
                continue
            if value != target:
                run.keep(value, Block(target, value), collect_last(run.maps[value]), len(read))
            for operand in dict.fromkeys(read):
                below = run.maps.setdefault(operand, [])
                below += run.through(value, replace(run.rules, source=operand).products(statement, {operand: [()]}))
        return run

    def through_readers(self, run: _Accumulation, parameter: Value) -> list[Product]:
        """d target / d parameter: for each statement that reads it, what the statement passes on to the target."""
        rules, products = replace(run.rules, source=parameter), []
        for statement in self.program.statements:
            if parameter in statement.reads():
                products += run.through(statement.target, rules.products(statement, {}))
        return products


def _operands(statement: Statement) -> list[Value]:
    """The values a statement reads, once for each term; no parameters, no constants."""
    read = [term.operand for term in statement.terms] if isinstance(statement, Affine) else statement.reads()
    return [v for v in read if v is not None and not v.is_parameter and v.role is not Role.CONSTANT]


@dataclass
class _Accumulation:
    """One run over the statements: of every value its own map, and what others read of it, the map or its name."""

    rules: _Rules
    maps: Maps = field(default_factory=dict)
    own: dict[Value, tuple[Product, ...]] = field(default_factory=dict)
    stages: dict[Block, tuple[Product, ...]] = field(default_factory=dict)

    def keep(self, value: Value, block: Block, products: list[Product], uses: int, kept: bool = False) -> None:
        """Keep a map, under its name if it is a stage or `kept` elsewhere."""
        self.own[value] = own = collect(products)
        staged = is_stage(own, uses) and not kept
        if staged:
            self.stages[block] = own
        self.maps[value] = [(block,)] if own and (staged or kept) else list(own)

    def through(self, value: Value, local: list[Product]) -> list[Product]:
        """What is read of the map of a value, times the products of a local map."""
        return [chain(left, right) for left in self.maps.get(value, []) for right in local]

    def reached(self, terms: tuple[Product, ...]) -> list[Block]:
        """The stages that products refer to, directly or through each other, in the order in which they were made."""
        wanted = set(blocks(terms))
        for block in reversed(self.stages):
            if block in wanted:
                wanted.update(blocks(self.stages[block]))
        return [block for block in self.stages if block in wanted]

    def linear(self, terms: tuple[Product, ...], target: Value, source: Value) -> LinearMap:
        """The products as a map."""
        return LinearMap(terms, target.shape, source.shape, self.rules.symbols)


@dataclass
class _Rules:
    """The rule of each kind of statement: from the maps of what it reads to the products of its own."""

    source: Value
    slopes: Slopes
    slope_statements: list[Statement] = field(default_factory=list)
    symbols: dict[sympy.Symbol, Value] = field(default_factory=dict)

    def products(self, statement: Statement, maps: Maps) -> list[Product]:
        """d target / d source as a sum of products; none for a statement that reads nothing of the source."""
        match statement:
            case Affine():
                return self.affine(statement, maps)
            case Pointwise():
                return self.pointwise(statement, maps)
            case Maximum():
                return self.maximum(statement, maps)
            case Accumulate():
                raise TypeError("a Jacobian is that of a forward program, which accumulates nothing")
        assert_never(statement)

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
    """All blocks of the state Jacobian of a program, as `Jacobians.of_states`."""
    return Jacobians(program).of_states(staged)
