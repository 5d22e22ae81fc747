"""Linear maps as symbols: sums of products of diag(...), matrices and identities. Matrices are never written out.

A product is read left to right as in the formula: diag(a) U diag(b) maps v to a * (U (b * v)). Neighbouring diagonals
merge; products that differ in their first diagonal alone merge; so dc/dc of a peephole LSTM is one diag.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy
from sympy import Expr

from lstm_sym.equations.equation import Shape
from lstm_sym.ground.shown import Shown
from lstm_sym.program.statements import Statement
from lstm_sym.program.values import Operator, Value


@dataclass(frozen=True)
class Diagonal:
    """diag(expression)."""

    expression: Expr


@dataclass(frozen=True)
class Matrix:
    """A parameter matrix, or an operator, or the transpose of one."""

    value: Value | Operator
    transposed: bool = False


@dataclass(frozen=True)
class Applied:
    """dW -> dW v (or dW^T v): how a change of a matrix parameter enters."""

    operand: Value
    transposed: bool = False


@dataclass(frozen=True)
class Block:
    """d target / d source of the same step by its name: a stage, or a block computed before."""

    target: Value
    source: Value


Factor = Diagonal | Matrix | Applied | Block
Product = tuple[Factor, ...]

Path = Mapping[sympy.Symbol, tuple[int, int]]
"""Symbol of a value -> how many statements from the end of a step on it is read last, and made."""

EXPANDED = 1000
"""The most products that `LinearMap.expanded` writes: pages of them already."""


@dataclass(frozen=True, repr=False)
class LinearMap(Shown):
    """A sum of products, from `columns` to `rows` (symbolic sizes). No term: zero. The empty product: identity.

    stages: the maps of the blocks that the terms refer to, directly or through each other, each after those it reads.
    path: of each value how far from the end of the step it is read, and made, which gives factors their order.
    """

    terms: tuple[Product, ...]
    rows: Shape
    columns: Shape
    values: Mapping[sympy.Symbol, Value]
    stages: Mapping[Block, LinearMap] = field(default_factory=dict)
    path: Path = field(default_factory=dict)

    def __repr__(self) -> str:
        rows, columns = (" x ".join(shape) for shape in (self.rows, self.columns))
        stages = f", {len(self.stages)} stages" if self.stages else ""
        return f"<LinearMap to {rows} from {columns}: a sum of {len(self.terms)}{stages}>"

    @property
    def is_zero(self) -> bool:
        """Whether nothing passes."""
        return not self.terms

    def diagonal(self) -> Expr | None:
        """The expression e if the map is diag(e); None if it is not diagonal."""
        if len(self.terms) == 1 and all(isinstance(factor, Diagonal) for factor in self.terms[0]):
            return sympy.Mul(*(f.expression for f in self.terms[0] if isinstance(f, Diagonal)))
        return None

    def expanded(self) -> LinearMap:
        """The map with every stage multiplied out, along every path. Raises ValueError: too many products."""
        counts: dict[Factor, int] = {}
        for block, stage in self.stages.items():
            counts[block] = _count(stage.terms, counts)
        count = _count(self.terms, counts)
        if count > EXPANDED:
            raise ValueError(
                f"multiplied out along every path this Jacobian is a sum of {count} products, more than {EXPANDED}: "
                "their number grows exponentially with the depth of a step. Read it by stages: its terms refer to "
                "the maps in .stages"
            )
        sums: dict[Factor, tuple[Product, ...]] = {}
        for block, stage in self.stages.items():
            sums[block] = _multiplied(stage.terms, sums)
        return replace(self, terms=_multiplied(self.terms, sums), stages={})


def blocks(terms: Iterable[Product]) -> list[Block]:
    """The blocks that a sum of products refers to, each once."""
    return list(dict.fromkeys(factor for product in terms for factor in product if isinstance(factor, Block)))


def path_of(statements: Sequence[Statement]) -> Path:
    """The path from the end of a step to its beginning, on which a Jacobian collects its factors."""
    count = len(statements)
    made = {statement.target.symbol: count - k for k, statement in enumerate(statements)}
    read = {value.symbol: count - k for k, statement in enumerate(statements) for value in statement.reads()}
    return {symbol: (read.get(symbol, 0), made.get(symbol, count + 1)) for symbol in {**made, **read}}


def _count(terms: Iterable[Product], counts: Mapping[Factor, int]) -> int:
    """How many products a sum is once its stages are multiplied out."""
    return sum(math.prod(counts.get(factor, 1) for factor in product) for product in terms)


def _multiplied(terms: Iterable[Product], sums: Mapping[Factor, tuple[Product, ...]]) -> tuple[Product, ...]:
    """The products with each stage replaced by its sum, multiplied out."""
    found: list[Product] = []
    for product in terms:
        paths: list[Product] = [()]
        for factor in reversed(product):
            paths = [chain(left, right) for left in sums.get(factor, ((factor,),)) for right in paths]
        found += paths
    return collect(found)


def chain(left: Product, right: Product) -> Product:
    """left times right."""
    for factor in reversed(left):
        right = compose(factor, right)
    return right


def compose(factor: Factor, product: Product) -> Product:
    """factor times product, with neighbouring diagonals merged, identities dropped, numbers in front."""
    if isinstance(factor, Diagonal):
        if factor.expression == 1:
            return product
        if product and isinstance(product[0], Diagonal):
            merged = factor.expression * product[0].expression
            return product[1:] if merged == 1 else (Diagonal(merged), *product[1:])
    if product and isinstance(product[0], Diagonal) and product[0].expression.is_Number:
        return compose(product[0], (factor, *product[1:]))
    return (factor, *product)


def collect(products: list[Product]) -> tuple[Product, ...]:
    """Merge products that differ in their first diagonal alone; drop those that vanish."""
    sums: dict[Product, Expr] = {}
    for product in products:
        head = product[0] if product and isinstance(product[0], Diagonal) else None
        rest = product[1:] if head is not None else product
        scale = head.expression if head is not None else sympy.Integer(1)
        sums[rest] = sums.get(rest, sympy.Integer(0)) + scale
    return tuple(compose(Diagonal(scale), rest) for rest, scale in sums.items() if scale != 0)


def collect_last(products: list[Product]) -> list[Product]:
    """Merge products that differ in their last diagonal alone, as those do that a target is reached by."""
    sums: dict[Product, Expr] = {}
    for product in products:
        last = product[-1] if product and isinstance(product[-1], Diagonal) else None
        rest = product[:-1] if last is not None else product
        scale = last.expression if last is not None else sympy.Integer(1)
        sums[rest] = sums.get(rest, sympy.Integer(0)) + scale
    return [chain(rest, compose(Diagonal(scale), ())) for rest, scale in sums.items() if scale != 0]


def substitute(
    linear: LinearMap, replacements: Mapping[Expr, Expr], values: Mapping[sympy.Symbol, Value], path: Path
) -> LinearMap:
    """The map with expressions replaced (slopes by their textbook form, say), for these values on this path."""

    def replaced(factor: Factor) -> Factor:
        return Diagonal(factor.expression.xreplace(replacements)) if isinstance(factor, Diagonal) else factor

    def rewritten(one: LinearMap) -> LinearMap:
        terms = collect([tuple(replaced(factor) for factor in product) for product in one.terms])
        return LinearMap(terms, one.rows, one.columns, values, path=path)

    stages = {block: rewritten(stage) for block, stage in linear.stages.items()}
    return replace(rewritten(linear), stages=stages)
