"""The right-hand side of an equation as written: immutable nodes, one class a kind, printed back as text.

These nodes keep the order and the form of the paper; `str` writes them so that the parser reads the same nodes again,
with brackets where a reader would want them although Python does not. Rewriting and differentiation happen later, on
a program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

_SUM = ("+", "-")
_PRODUCT = ("*", "/")


@dataclass(frozen=True)
class Expression:
    """A node; `column` (from 1) is where it stands in its equation, and takes no part in equality."""

    column: int = field(default=0, compare=False, kw_only=True)

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below, left to right."""
        return ()

    def walk(self) -> Iterator[Expression]:
        """This node and all below it, in reading order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children()))


@dataclass(frozen=True)
class Number(Expression):
    """An exact number: `0.1` is one tenth."""

    value: Fraction

    def __str__(self) -> str:
        return str(self.value) if self.value.denominator == 1 else repr(float(self.value))


@dataclass(frozen=True)
class Name(Expression):
    """A name; `time` is 0 for `h[t]`, -1 for `h[t-1]`, None for a parameter."""

    name: str
    time: int | None

    def __str__(self) -> str:
        return self.name + {None: "", 0: "[t]", -1: "[t-1]"}[self.time]


@dataclass(frozen=True)
class Negate(Expression):
    """-operand."""

    operand: Expression

    def children(self) -> tuple[Expression, ...]:
        """The operand."""
        return (self.operand,)

    def __str__(self) -> str:
        return f"-{_wrapped(self.operand)}"


@dataclass(frozen=True)
class Binary(Expression):
    """left op right, element by element; op is one of + - * / **."""

    operator: str
    left: Expression
    right: Expression

    def children(self) -> tuple[Expression, ...]:
        """Left, right."""
        return (self.left, self.right)

    def __str__(self) -> str:
        if self.operator in _SUM:
            right = f"({self.right})" if _is_sum(self.right) or isinstance(self.right, Negate) else f"{self.right}"
            return f"{self.left} {self.operator} {right}"
        chain = self.operator in _PRODUCT and isinstance(self.left, Binary) and self.left.operator in _PRODUCT
        left = f"{self.left}" if chain else _wrapped(self.left)
        return f"{left} {self.operator} {_wrapped(self.right)}"


@dataclass(frozen=True)
class MatrixProduct(Expression):
    """matrix @ operand: a parameter matrix (M, N) times a vector (N,); transposed, matrix.T @ operand, (M,) -> (N,)."""

    matrix: Name
    operand: Expression
    transposed: bool = False

    def children(self) -> tuple[Expression, ...]:
        """Matrix, operand."""
        return (self.matrix, self.operand)

    def __str__(self) -> str:
        return f"{self.matrix}{'.T' if self.transposed else ''} @ {_wrapped(self.operand)}"


@dataclass(frozen=True)
class Stack(Expression):
    """[u, v, ...]: vectors one under the other, (M,), (N,) -> (M + N,)."""

    parts: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        """The parts."""
        return self.parts

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.parts))}]"


@dataclass(frozen=True)
class Repeat(Expression):
    """repeat(operand, k): every unit k times in a row, (M,) -> (k M,); `times` is k as written, `count` its value."""

    operand: Expression
    times: Expression
    count: int

    def children(self) -> tuple[Expression, ...]:
        """The operand; k is no quantity."""
        return (self.operand,)

    def __str__(self) -> str:
        return f"repeat({self.operand}, {self.times})"


@dataclass(frozen=True)
class Call(Expression):
    """function(u, v, ...): a row of the table of functions, element by element, or of the table of reductions."""

    function: str
    arguments: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.arguments

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


def summands(node: Expression, sign: int = 1) -> list[tuple[int, Expression]]:
    """(sign, term) of every term of a sum, however it is nested; a node that is no sum is one term."""
    if isinstance(node, Negate):
        return summands(node.operand, -sign)
    if isinstance(node, Binary) and node.operator in "+-":
        right = sign if node.operator == "+" else -sign
        return summands(node.left, sign) + summands(node.right, right)
    return [(sign, node)]


def with_children(node: Expression, children: tuple[Expression, ...]) -> Expression:
    """The node over other ones, in the order of `children`; the matrix of a product stays a name."""
    match node:
        case Negate() | Repeat():
            return replace(node, operand=children[0])
        case Binary():
            return replace(node, left=children[0], right=children[1])
        case MatrixProduct(matrix=matrix):
            new = children[0]
            return replace(node, matrix=new if isinstance(new, Name) else matrix, operand=children[1])
        case Stack():
            return replace(node, parts=children)
        case Call():
            return replace(node, arguments=children)
    return node


def is_affine_sum(node: Expression) -> bool:
    """Whether a sum has a matrix product among its summands, with at most a number before it."""
    for _, part in summands(node):
        if isinstance(part, Binary) and part.operator == "*" and isinstance(part.left, Number):
            part = part.right
        if isinstance(part, MatrixProduct):
            return True
    return False


def _is_sum(node: Expression) -> bool:
    return isinstance(node, Binary) and node.operator in _SUM


def _wrapped(node: Expression) -> str:
    compound = isinstance(node, Negate | Binary | MatrixProduct)
    return f"({node})" if compound else str(node)
