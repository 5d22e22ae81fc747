"""A formula as it is written: immutable nodes that know how their writer spells them.

Names are `Symbol` as they are read, and `Leaf` once it is known what they stand for. Where a quantity of another step
can stand in its place, the spelling of a name has a hole for the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

HOLE, SMALL_HOLE = "\0", "\1"
"""Where the step stands in the spelling of a name; where it is written in lowered characters."""

ELEMENTWISE = frozenset({"\\odot", "\\circ", "\\ast", ".*", "⊙", "∘", "∗"})
MATRIX = frozenset({"@", ".dot"})
OUTER = frozenset({"\\otimes", "⊗"})
DIVISION = frozenset({"/", "\\div"})
GENERIC = frozenset({"", "*", "\\cdot", "\\times", ".", "·", "⋅", "×"})
"""Signs of a product: of elements, of matrices, of two vectors, and those that mean what the shapes allow."""


@dataclass(frozen=True)
class Node:
    """A part of a formula."""

    def children(self) -> tuple[Node, ...]:
        """The parts directly below, left to right."""
        found: list[Node] = []
        for field in fields(self):
            value = getattr(self, field.name)
            found += [part for part in _parts(value) if isinstance(part, Node)]
        return tuple(found)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in reading order."""
        yield self
        for child in self.children():
            yield from child.walk()

    def mapped(self, change: Callable[[Node], Node]) -> Self:
        """The node with `change` made of each part directly below."""
        changed = {f.name: _mapped(getattr(self, f.name), change) for f in fields(self)}
        return replace(self, **changed)


def _parts(value: Any) -> tuple[Any, ...]:
    if isinstance(value, tuple):
        return tuple(inner for part in value for inner in _parts(part))
    return (value,)


def _mapped(value: Any, change: Callable[[Node], Node]) -> Any:
    if isinstance(value, Node):
        return change(value)
    return tuple(_mapped(part, change) for part in value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Number(Node):
    """A number."""

    value: float
    text: str


@dataclass(frozen=True)
class Symbol(Node):
    """A name as read.

    key: letters with the sign of an accent before them, subscripts behind them, without `_`: "~h", "Wxi".
    adjoint: whether a sign of a derivative of the loss stands before it. mark: "", "next", "prev", "direct", "slope".
    time: the step relative to t, None where none is written. form: the spelling, with a hole where the step stands.
    """

    key: str
    adjoint: bool
    mark: str
    time: int | None
    form: str


@dataclass(frozen=True)
class Partial(Node):
    """A derivative of one quantity by another."""

    above: Symbol
    below: Symbol
    form: str


@dataclass(frozen=True)
class Quantity:
    """What a name stands for.

    kind: "forward", "parameter", "adjoint", "carried", "direct", "slope", "gradient", "dy", "packed", "packed adjoint",
    "packed gradient", "size", "partial", "own".
    """

    kind: str
    name: str = ""


@dataclass(frozen=True)
class Leaf(Node):
    """A quantity at step t + `time`; spelling as in `Symbol`, "" where the writer has none."""

    quantity: Quantity
    time: int
    form: str = ""


@dataclass(frozen=True)
class Sum(Node):
    """A sum of terms, each with its sign, +1 or -1."""

    terms: tuple[tuple[int, Node], ...]


@dataclass(frozen=True)
class Product(Node):
    """Factors with the signs of a product between them, as they are written."""

    factors: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Fraction(Node):
    """above / below, with a bar."""

    above: Node
    below: Node


@dataclass(frozen=True)
class Power(Node):
    """A whole power of every element; `sign` is ^ or **."""

    base: Node
    exponent: int
    sign: str = "^"


@dataclass(frozen=True)
class Transpose(Node):
    """The transpose; `mark` is how it is written: ^T, .T, ..."""

    base: Node
    mark: str


@dataclass(frozen=True)
class Call(Node):
    """A function of every element, or its slope; `head` is how the function is spelled; exponent of tanh^2(c)."""

    function: str
    prime: bool
    argument: Node
    head: str
    exponent: int = 1


@dataclass(frozen=True)
class Operation(Node):
    """diag(v), sum(v) over the batch, a sum over t; `kind` is "diag", "batch" or "time", head its spelling."""

    kind: str
    body: Node
    head: str


@dataclass(frozen=True)
class Stack(Node):
    """Vectors one below the other."""

    parts: tuple[Node, ...]
    form: str


@dataclass(frozen=True)
class Part(Node):
    """Some of the elements of a vector, from `first` up to `last`: sizes times numbers, ("H", 1), None for an end."""

    base: Node
    first: tuple[str, int] | None
    last: tuple[str, int] | None
    written: str


@dataclass(frozen=True)
class Blocks(Node):
    """A matrix of blocks, row by row; `form` is how it is written, with a place for each block."""

    rows: tuple[tuple[Node, ...], ...]
    form: str


@dataclass(frozen=True)
class Blockwise(Node):
    """A function for each of equal parts of a vector, one below the other; head is the column of functions."""

    functions: tuple[str, ...]
    argument: Node
    head: str


def product(factors: tuple[Node, ...], signs: tuple[str, ...]) -> Node:
    """The product of these; of a single one, that itself; of none, 1."""
    if not factors:
        return Number(1, "1")
    return factors[0] if len(factors) == 1 else Product(factors, signs)


def total(terms: tuple[tuple[int, Node], ...]) -> Node:
    """The sum of these; of a single one that is not negative, that itself; of none, 0."""
    flat: list[tuple[int, Node]] = []
    for sign, term in terms:
        flat += [(sign * inner, part) for inner, part in term.terms] if isinstance(term, Sum) else [(sign, term)]
    terms = tuple(flat)
    if not terms:
        return Number(0, "0")
    return terms[0][1] if len(terms) == 1 and terms[0][0] == 1 else Sum(terms)


def replaced(node: Node, path: tuple[int, ...], part: Node) -> Node:
    """The node with `part` in the place that `path` leads to: which child, then which child of that, ..."""
    if not path:
        return part
    place = iter(range(len(node.children())))
    return node.mapped(lambda child: replaced(child, path[1:], part) if next(place) == path[0] else child)


def places(node: Node, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Node]]:
    """Every part with the path that leads to it."""
    yield path, node
    for place, child in enumerate(node.children()):
        yield from places(child, (*path, place))


def filled(form: str, time: int) -> str:
    """A spelling with the step t + `time` in its hole."""
    step = "t" + (f"{time:+d}" if time else "")
    small = "ₜ" + (f"{time:+d}" if time else "").translate(str.maketrans("+-12", "₊₋₁₂"))
    if time:
        form = form.replace(f"_{HOLE}", f"_{{{HOLE}}}").replace(f"^{HOLE}", f"^{{{HOLE}}}")
    return form.replace(HOLE, step).replace(SMALL_HOLE, small)
