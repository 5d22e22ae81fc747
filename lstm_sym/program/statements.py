"""The kinds of statement. Every rule, pass and printer handles each of them once.

Shapes: a value (N,) stands for a batch (B, N) in code; matrices are (M, N); nothing here knows of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sympy import Expr, Symbol

from lstm_sym.program.values import Operator, Value

EQUATION = "equation"
"""The rule of the statement that defines what an equation defines; the others are stages on the way to it."""


@dataclass(frozen=True)
class Provenance:
    """Where a statement comes from: a stable id (`lstm.backward.c`), the rule that made it, the cell's equation."""

    id: str = ""
    rule: str = ""
    equation: str = ""


@dataclass(frozen=True)
class Term:
    """One term of an affine map: coefficient * matrix @ operand, matrix.T @ operand, operand, or the bias `matrix`.

    matrix None: the identity. matrix a vector: diag(matrix); a constant: a number times the identity. operand None:
    `matrix` is a vector, added as it is.
    matrix an Operator: a constant linear map of the operand.
    """

    matrix: Value | Operator | None
    operand: Value | None
    transposed: bool = False
    coefficient: Fraction = Fraction(1)

    def reads(self) -> tuple[Value, ...]:
        """The values this term reads."""
        return tuple(value for value in (self.weight, self.operand) if value is not None)

    @property
    def weight(self) -> Value | None:
        """The parameter of the term, if it has one."""
        return self.matrix if isinstance(self.matrix, Value) else None

    @property
    def operator(self) -> Operator | None:
        """The constant linear map of the term, if it has one."""
        return self.matrix if isinstance(self.matrix, Operator) else None

    @property
    def is_part(self) -> bool:
        """Whether the term is a part of a stack: what stands there, and nothing else."""
        return self.operator is not None and self.operator.kind == "part" and not self.transposed

    @property
    def is_product(self) -> bool:
        """Whether the term is a product with a parameter of rank 2 (what a BLAS call computes)."""
        return self.weight is not None and len(self.weight.shape) == 2

    @property
    def is_diagonal(self) -> bool:
        """Whether the term is diag(matrix) operand, or a constant times the operand."""
        return self.weight is not None and self.operand is not None and len(self.weight.shape) <= 1


def in_order(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms, those of a stack from its first part to its last, as `Affine.is_stack` takes them."""
    if all(term.is_part for term in terms):
        return tuple(sorted(terms, key=lambda term: term.operator.place if term.operator else 0))
    return tuple(terms)


@dataclass(frozen=True)
class Affine:
    """target = sum of terms, for instance a = W x + U h + b."""

    target: Value
    terms: tuple[Term, ...]
    provenance: Provenance = field(default=Provenance(), compare=False)

    @property
    def is_stack(self) -> bool:
        """Whether it does nothing but stack its operands."""
        return all(term.is_part for term in self.terms)

    def reads(self) -> tuple[Value, ...]:
        """The values this statement reads, in order, each once."""
        return tuple(dict.fromkeys(value for term in self.terms for value in term.reads()))


@dataclass(frozen=True)
class Pointwise:
    """target = phi(u, v, ...), element by element; `expression` is SymPy over the operands' symbols."""

    target: Value
    expression: Expr
    operands: tuple[Value, ...]
    provenance: Provenance = field(default=Provenance(), compare=False)

    def reads(self) -> tuple[Value, ...]:
        """The values this statement reads, in order, each once."""
        return self.operands

    @property
    def symbols(self) -> dict[Symbol, Value]:
        """Symbol in the expression -> operand."""
        return {value.symbol: value for value in self.operands}


@dataclass(frozen=True)
class Contribution:
    """coefficient * left right^T (right given, matrix target), * left * right (vector target), or * left alone.

    For a target that is one number, a learned scalar, the last two are summed over units.
    """

    left: Value
    right: Value | None
    coefficient: Fraction = Fraction(1)

    def reads(self) -> tuple[Value, ...]:
        """The values this contribution reads."""
        return (self.left,) if self.right is None else (self.left, self.right)


@dataclass(frozen=True)
class Accumulate:
    """target += sum over the batch of its contributions, at every step: the gradient of a parameter."""

    target: Value
    contributions: tuple[Contribution, ...]
    provenance: Provenance = field(default=Provenance(), compare=False)

    def reads(self) -> tuple[Value, ...]:
        """The values this statement reads, in order, each once."""
        return tuple(dict.fromkeys(value for part in self.contributions for value in part.reads()))


@dataclass(frozen=True)
class Maximum:
    """target = max over the units of the operand, at every unit; with `weights`, the share of each unit in it instead:
    1 at the largest unit, 0 elsewhere, equal shares of units that tie. The weights are the derivative of the maximum.
    """

    target: Value
    operand: Value
    weights: bool = False
    provenance: Provenance = field(default=Provenance(), compare=False)

    def reads(self) -> tuple[Value, ...]:
        """The operand."""
        return (self.operand,)


Statement = Affine | Pointwise | Maximum | Accumulate
