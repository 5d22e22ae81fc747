"""Code as a tree of few kinds of nodes: what every target prints. No node holds text of a language.

Expressions are arrays: sequences (T, B, N), rows of one step (B, N), parameters. Statements bind them, fill them and
add to them. A size is symbolic, as in `equations.sizes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, ClassVar, dataclass_transform

from sympy import Expr, Symbol

from lstm_sym.compile.known_sizes import SizeRule
from lstm_sym.program.values import Operator, Value


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Node:
    """An expression or a statement; every kind of node is a frozen dataclass. `places` are its fields."""

    places: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        kind: Any = dataclass(frozen=True)(cls)
        cls.places = tuple(part.name for part in fields(kind) if part.repr)


def walk(value: Any) -> Iterator[Node]:
    """A node and all nodes in it; of several, one after the other."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Node):
            yield value
            waiting += [getattr(value, place) for place in reversed(value.places)]
        elif isinstance(value, tuple | list):
            waiting += reversed(value)
        elif isinstance(value, Mapping):
            waiting += reversed([*value.values()])


# Expressions


class Name(Node):
    """A variable."""

    text: str


class Field(Node):
    """A field of a record: params.U_f, tape.h; of a learned scalar, an array of one unit."""

    record: str
    name: str
    is_scalar: bool = False


class Number(Node):
    """A number, which promotes no array."""

    value: Fraction


class Steps(Node):
    """Of an array of T + 1 states: those before each step, "previous"; those after it, "current"; "first"; "last"."""

    array: Name
    which: str


class Elementwise(Node):
    """A scalar expression at every element.

    `operands` says which array each symbol is, `values` which value of the program, `constants` what numbers some are;
    `exact` whether functions are those of the precise form, None where the caller chooses.
    """

    expression: Expr
    operands: Mapping[Symbol, Node]
    exact: bool | None
    values: Mapping[Symbol, Value] = field(repr=False)
    constants: Mapping[Value, Fraction] = field(repr=False)


class Complement(Node):
    """1 - z of a gate z = sigmoid(a), in the form that the caller chooses."""

    gate: Node
    argument: Node


class Sum(Node):
    """left + right, or left - right."""

    left: Node
    right: Node
    sign: int = 1


class Scaled(Node):
    """A number times an array."""

    coefficient: Fraction
    operand: Node


class Product(Node):
    """Every row of `left` (..., N) times a matrix (N, M), or (M, N) transposed; `over_time`: left is a sequence."""

    left: Node
    matrix: Node
    transposed: bool = False
    over_time: bool = False


class Weighted(Node):
    """A vector, or one number, times an array, unit by unit."""

    weight: Node
    operand: Node


class Transposed(Node):
    """The transpose of a matrix, copied so that its rows lie one after the other."""

    matrix: Node


class Packed(Node):
    """Parameters one under the other."""

    parts: tuple[Node, ...]


class Stacked(Node):
    """Vectors of units, one after the other."""

    parts: tuple[Node, ...]


class Mapped(Node):
    """A constant linear map over units: a part of a stack, repetition, mean, sum; or its transpose."""

    operator: Operator
    operand: Node
    transposed: bool = False


class Largest(Node):
    """The maximum over units, at every unit; with `share`, the share of each unit in it."""

    operand: Node
    share: bool = False


class Outer(Node):
    """The sum over steps and batch of left right^T."""

    left: Node
    right: Node


class OverTime(Node):
    """The sum over steps and batch of an array, or of its product with another; `units`: over units too, one number."""

    operand: Node
    weight: Node | None = None
    units: bool = False


class Full(Node):
    """An array of one number."""

    axes: tuple[str, ...]
    value: Node


class ZerosLike(Node):
    """An array of zeros of the shape of another."""

    operand: Node


class Copy(Node):
    """An array in memory of its own."""

    operand: Node


class Extent(Node):
    """A size, read off an axis."""

    rule: SizeRule


class Record(Node):
    """State(h, c), Params(...), Tape(...), Grads(...)."""

    name: str
    fields: tuple[Node, ...]


class Together(Node):
    """Several results."""

    parts: tuple[Node, ...]


# Statements


class Assign(Node):
    """A variable of its own."""

    target: Name
    value: Node
    note: str = ""


class Rotate(Node):
    """Several variables at once: what this step sends is what the next one receives."""

    targets: tuple[Name, ...]
    values: tuple[Node, ...]


class Fill(Node):
    """Into the memory that is there; `over_time`: every step at once."""

    target: Node
    value: Node
    over_time: bool = False
    note: str = ""


class Add(Node):
    """Add to what is there."""

    target: Node
    value: Node
    note: str = ""


class Allocate(Node):
    """An array of these axes, of zeros or of anything.

    `fast`: what it is where the precise form alone keeps it: another array, or, "", a row that each step writes over.
    """

    target: Name
    axes: tuple[str, ...]
    zeros: bool = False
    fast: Name | None = None


class Split(Node):
    """Views of the parts [low, high) of an array that holds `count` of them side by side, each of one size.

    One target is all of them together, several are one each. They lie along units, or along the rows of a parameter.
    """

    targets: tuple[Name, ...]
    array: Name
    low: int
    high: int
    size: str
    count: int = 0
    rows: bool = False


class Choose(Node):
    """The statements of the form that the tape is of."""

    precise: tuple[Node, ...]
    fast: tuple[Node, ...]


class SharedTanh(Node):
    """The statements `apart`, sigmoids and tanhs of neighbouring slots, as one tanh: sigma(a) = (1 + tanh(a / 2)) / 2.

    `slots` are all of them, in memory that holds the pre-activations before; `sigmoids` those that are sigmoids.
    """

    slots: Node
    sigmoids: Node
    apart: tuple[Node, ...]


class Remark(Node):
    """A comment above what follows."""

    text: str


class Section(Node):
    """Statements under a heading; `reads` and `gives` are the arrays that go in and come out."""

    title: str
    body: tuple[Node, ...]
    reads: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


class Loop(Node):
    """The steps in order, or backwards; `rows` binds the row of each step to a name."""

    rows: Mapping[str, Node]
    body: tuple[Node, ...]
    backwards: bool = False


class Compiled(Node):
    """A loop that another language runs: a call of `function` with these sizes and arrays, read or filled.

    exact: whether it is of the precise form, None where the caller chooses.

    The loop itself is not walked: no line of this language names what is inside.
    """

    function: str
    sizes: tuple[str, ...]
    arrays: tuple[Name, ...]
    exact: bool | None
    loop: Loop = field(repr=False)


class Perhaps(Node):
    """A field of a tape that has it in one form alone, the precise one where `exact`; nothing in the other."""

    record: str
    name: str
    exact: bool


class Return(Node):
    """What a function gives back."""

    value: Node


def names_in(nodes: Any) -> dict[str, None]:
    """The names of all variables that these nodes read or write, in order."""
    return dict.fromkeys(node.text for node in walk(nodes) if isinstance(node, Name))


def sizes_in(nodes: Any) -> set[str]:
    """The symbolic sizes that these nodes speak of, as they are written."""
    found: set[str] = set()
    for node in walk(nodes):
        if isinstance(node, Allocate | Full):
            found.update(node.axes)
        elif isinstance(node, Split):
            found.add(node.size)
        elif isinstance(node, Compiled):
            found.update(node.sizes)
        elif isinstance(node, Mapped) and node.operator.kind == "part":
            found.update((*node.operator.before, node.operator.shape[1]))
    return found - {"T", "B", "T + 1"}
