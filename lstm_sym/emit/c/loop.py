"""The loop of one function over time as C: products and sums over units by calls, all else in loops over units.

Statements of one size that follow one another are one loop over units, in which every value is a variable; only what is
read outside of that loop is written to memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from lstm_sym.emit import nodes as n
from lstm_sym.emit.c.functions import STREAM
from lstm_sym.emit.c.memory import Memory
from lstm_sym.emit.c.rows import ROW_WISE, RowPrinter
from lstm_sym.emit.c.scalar import CScalarPrinter, constant
from lstm_sym.emit.functions import FunctionWriter
from lstm_sym.emit.scalar import in_braces


class Line(NamedTuple):
    """One element-wise statement: a name is set to a value, or the value is added to it."""

    name: str
    value: n.Node
    adds: bool
    note: str


@dataclass(frozen=True)
class Branches:
    """Element-wise statements of the precise form, or of the fast one."""

    precise: tuple[Line, ...]
    fast: tuple[Line, ...]


Part = Line | Branches


class RowWise(NamedTuple):
    """A statement over whole rows: a product, a sum over units."""

    name: str
    value: n.Node
    adds: bool
    note: str


@dataclass
class Group:
    """Element-wise statements of one size, in one loop over units."""

    size: str
    parts: list[Part] = field(default_factory=list)


class LoopPrinter:
    """Prints the loop of one function."""

    def __init__(self, function: FunctionWriter, compiled: n.Compiled) -> None:
        self.compiled, self.memory, self.remark = compiled, Memory(function, compiled), ""
        self.keeps = compiled.function == STREAM
        self.items = list(self.grouped(self.statements(compiled.loop.body)))
        self.in_memory = self.kept()
        self.rows = RowPrinter(self.memory, [(item.name, item.value) for item in self.row_wise], self.keeps)

    # What is computed

    def statements(self, nodes: Iterable[n.Node]) -> Iterator[Line | Branches | RowWise]:
        """The statements of the loop, those over whole rows by themselves."""
        for node in nodes:
            match node:
                case n.Choose():
                    precise, fast = (tuple(self.statements(part)) for part in (node.precise, node.fast))
                    yield from (part for part in (*precise, *fast) if isinstance(part, RowWise))
                    yield from self.by_size(*((p for p in side if isinstance(p, Line)) for side in (precise, fast)))
                case n.Assign() | n.Fill() | n.Add():
                    yield from self.statement(node)
                case n.Remark():
                    self.remark = node.text

    def by_size(self, precise: Iterable[Line], fast: Iterable[Line]) -> Iterator[Branches]:
        """Choices between both forms, one for each size."""
        found: dict[str, tuple[list[Line], list[Line]]] = {}
        for k, side in enumerate((precise, fast)):
            for line in side:
                found.setdefault(self.memory.place(line.name).size, ([], []))[k].append(line)
        yield from (Branches(tuple(one), tuple(other)) for one, other in found.values())

    def statement(self, node: n.Assign | n.Fill | n.Add) -> Iterator[Line | RowWise]:
        """One statement, after those over whole rows that it is made of."""
        assert isinstance(node.target, n.Name)
        note, self.remark = node.note or self.remark, ""
        name, adds = node.target.text, isinstance(node, n.Add)
        if isinstance(node.value, n.Product) or (type(node.value) in ROW_WISE and not adds):
            yield RowWise(name, node.value, adds, note)
            return
        value = node.value
        for inner in [part for part in n.walk(value) if type(part) in ROW_WISE]:
            made = self.memory.temporary(name)
            yield RowWise(made.text, inner, False, "")
            value = _with(value, inner, made)
        yield Line(name, value, adds, note)

    def grouped(self, parts: Iterable[Line | Branches | RowWise]) -> Iterator[Group | RowWise]:
        """Element-wise statements of one size that follow one another, together."""
        for size, found in groupby(parts, key=self.size):
            if size is None:
                yield from (part for part in found if isinstance(part, RowWise))
            else:
                yield Group(size, [part for part in found if not isinstance(part, RowWise)])

    def size(self, part: Line | Branches | RowWise) -> str | None:
        """The units of an element-wise statement, None for one over whole rows."""
        if isinstance(part, RowWise):
            return None
        first = part if isinstance(part, Line) else (*part.precise, *part.fast)[0]
        return self.memory.place(first.name).size

    def kept(self) -> set[str]:
        """The arrays of rows of one step that are in memory: read or written over whole rows, or by two loops."""
        handed_on = self.memory.places.handed_on
        found, seen = {*handed_on, *handed_on.values(), *self.memory.temporaries}, dict[str, int]()
        for k, item in enumerate(self.items):
            names = n.names_in([item.value]) if isinstance(item, RowWise) else _names(item)
            for name in (item.name, *names) if isinstance(item, RowWise) else names:
                if self.is_matrix(name):
                    continue
                place = self.memory.place(name)
                if isinstance(item, RowWise) or seen.setdefault(name, k) != k:
                    found.add(place.array)
        return found

    def is_matrix(self, name: str) -> bool:
        """Whether a name is a matrix, or a number: nothing with units in rows."""
        return name in self.memory.places.numbers or name in self.matrices

    @property
    def row_wise(self) -> list[RowWise]:
        """The statements over whole rows."""
        return [item for item in self.items if isinstance(item, RowWise)]

    @cached_property
    def matrices(self) -> set[str]:
        """The matrices of products."""
        products = [node for node in n.walk(self.compiled.loop.body) if isinstance(node, n.Product)]
        return {node.matrix.text for node in products if isinstance(node.matrix, n.Name)}

    # The text

    def lines(self) -> list[str]:
        """The function's body."""
        steps = "t = T - 1; t >= 0; t--" if self.compiled.loop.backwards else "t = 0; t < T; t++"
        body = [line for item in self.items for line in self.item(item)]
        swaps = [self.hand_on(*pair) for pair in self.memory.places.handed_on.items()]
        loop = [f"for (long {steps}) {{", *in_braces([*body, *swaps]), "}"]
        return [*self.rows.begin(self.in_memory), *loop, *self.rows.end()]

    def hand_on(self, receives: str, sends: str) -> str:
        """What this step sends is what the next one receives: the memory changes hands, or is copied."""
        to, source = self.memory.place(receives), self.memory.place(sends)
        one, other = self.memory.array(receives), self.memory.array(source.array)
        if source.kind != "local" or source.width != source.size:
            return f"copied(lanes, {self.memory.start(source)}, {source.width}, {to.size}, {one}, {to.width});"
        return f"{{ real *sent = {other}; {other} = {one}; {one} = sent; }}"

    def item(self, item: Group | RowWise) -> list[str]:
        """The lines of one statement over rows, or of one loop over units."""
        if isinstance(item, RowWise):
            return [*comment(item.note), *self.rows.call(item.name, item.value, item.adds)]
        inside = GroupPrinter(self, item).lines()
        row = ["const long row = t * B + first + lane;"] if any("row" in line for line in inside) else []
        units = ["EACH_UNIT", f"for (long unit = 0; unit < {item.size}; unit++) {{", *in_braces(inside), "}"]
        return ["for (long lane = 0; lane < lanes; lane++) {", *in_braces([*row, *units]), "}"]


class GroupPrinter:
    """Prints the inside of one loop over units."""

    def __init__(self, loop: LoopPrinter, group: Group) -> None:
        self.loop, self.group = loop, group
        self.known: set[str] = set()
        self.written: dict[tuple[str, str, str], str] = {}
        self.begin: list[str] = []

    def lines(self) -> list[str]:
        """Reads, statements, and what is written to memory."""
        body = [line for part in self.group.parts for line in self.part(part)]
        return [*self.begin, *body, *(line for name in self.written.values() for line in self.stored(name))]

    def part(self, part: Part) -> list[str]:
        """One statement, or a choice between two forms; what either sets is a variable before it."""
        if isinstance(part, Line):
            return self.line(part)
        every = dict.fromkeys(line.name for line in (*part.precise, *part.fast))
        new = [name for name in every if name not in self.known]
        self.known.update(new)
        precise, fast = ([text for line in side for text in self.line(line)] for side in (part.precise, part.fast))
        declared = [f"real {', '.join(f'{self.loop.memory.variable(name)} = 0' for name in new)};"] if new else []
        return [*declared, "if (precise) {", *in_braces(precise), "} else {", *in_braces(fast), "}"]

    def line(self, line: Line) -> list[str]:
        """One statement."""
        value = self.text(line.value)
        if line.adds:
            self.read(line.name)
        new = "" if line.name in self.known else "real "
        self.known.add(line.name)
        place = self.loop.memory.place(line.name)
        self.written.pop((place.array, place.kind, place.low), None)
        self.written[place.array, place.kind, place.low] = line.name
        sign = "+=" if line.adds else "="
        return [*comment(line.note), f"{new}{self.loop.memory.variable(line.name)} {sign} {value};"]

    def stored(self, name: str) -> list[str]:
        """The line that writes a value to memory, if anything reads it there."""
        place = self.loop.memory.place(name)
        if place.kind == "local" and place.array not in self.loop.in_memory:
            return []
        # In the fast form the other array is this memory, and what is written there now is what is read.
        alias = self.loop.memory.function.loop.aliases.get(place.array)
        only = "if (precise) " if (alias, place.kind, place.low) in self.written else ""
        return [f"{only}{self.loop.memory.element(name)} = {self.loop.memory.variable(name)};"]

    def read(self, name: str) -> str:
        """A variable that holds the unit of a value, read from memory where no statement has set it."""
        memory = self.loop.memory
        if name in memory.places.numbers:
            return constant(memory.places.numbers[name])
        if name not in self.known:
            self.known.add(name)
            value = memory.element(name)
            form = memory.function.one_form.get(memory.place(name).array)
            if form is not None:
                value = f"precise ? {value} : 0" if form else f"precise ? 0 : {value}"
            self.begin.append(f"real {memory.variable(name)} = {value};")
        return memory.variable(name)

    def text(self, node: n.Node) -> str:
        """One unit of an expression."""
        match node:
            case n.Name():
                return self.read(node.text)
            case n.Number(value=value):
                return constant(value)
            case n.Elementwise():
                return self.scalar(node).print(node.expression)
            case n.Sum(sign=sign):
                right = self.text(node.right)
                return f"{self.text(node.left)} {'+' if sign > 0 else '-'} ({right})"
            case n.Scaled():
                return f"({constant(node.coefficient)}) * ({self.text(node.operand)})"
            case n.Weighted():
                return f"{self.text(node.weight)} * {self.text(node.operand)}"
            case n.Full():
                return self.text(node.value)
        raise TypeError(f"{type(node).__name__} is no element-wise expression")

    def scalar(self, node: n.Elementwise) -> CScalarPrinter:
        """The printer of an expression over these operands."""
        return CScalarPrinter(node.values, lambda value: self.text(node.operands[value.symbol]), node.constants)


def _names(group: Group) -> list[str]:
    """The names that a group reads or writes."""
    lines = [line for part in group.parts for line in ([part] if isinstance(part, Line) else _sides(part))]
    return [*dict.fromkeys(name for line in lines for name in (line.name, *n.names_in([line.value])))]


def _sides(branches: Branches) -> Sequence[Line]:
    return (*branches.precise, *branches.fast)


def _with(node: n.Node, inner: n.Node, name: n.Name) -> n.Node:
    """The node with one of its parts under a name."""
    if node is inner:
        return name
    match node:
        case n.Sum():
            return n.Sum(_with(node.left, inner, name), _with(node.right, inner, name), node.sign)
        case n.Scaled():
            return n.Scaled(node.coefficient, _with(node.operand, inner, name))
        case n.Weighted():
            return n.Weighted(node.weight, _with(node.operand, inner, name))
    return node


def comment(text: str) -> list[str]:
    """A comment above a line."""
    return [f"// {text}"] if text else []
