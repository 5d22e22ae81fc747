"""Where the numbers of each name of a loop are: in which columns of which array, at which row."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import sympy

from lstm_sym.compile.storage import Storage
from lstm_sym.emit import nodes as n
from lstm_sym.emit.regions import RegionWriter
from lstm_sym.equations.functions import number_of
from lstm_sym.equations.sizes import multiplied
from lstm_sym.program.values import Value


class Place(NamedTuple):
    """Columns [low, low + size) of an array with `width` of them.

    kind: "whole" (a row for every step), "previous" and "current" (of T + 1 rows, that before and after a step),
    "local" (a row for a step alone), "constant" (a parameter, or what depends on parameters alone).
    """

    array: str
    kind: str
    width: str
    low: str
    size: str


class Places:
    """The places of all names that the loop of one function reads and writes."""

    def __init__(self, writer: RegionWriter) -> None:
        self.writer, self.storage = writer, writer.storage
        self.arrays = _arrays(writer, writer.storage)
        self.carried = {carry.incoming: carry.outgoing for carry in writer.plan.program.carries}

    def of(self, name: str) -> Place:
        """The place of a name."""
        whole, kind = name, ""
        if name in self.writer.received:
            whole, kind = self.writer.received[name].name, "previous"
        row = self.writer.regions.rows.get(name)
        if isinstance(row, n.Steps):
            whole, kind = row.array.text, row.which
        elif isinstance(row, n.Name):
            whole = row.text
        view = self.storage.views.get(whole)
        if view is None:
            home_kind, width = self.arrays[whole]
            return Place(whole, kind or home_kind, width, "", width)
        size = multiplied(view.size, view.high - view.low)
        low = multiplied(view.size, view.low) if view.low else ""
        return Place(view.array, self.arrays[view.array][0], multiplied(view.size, view.parts), low, size)

    @cached_property
    def numbers(self) -> dict[str, Fraction]:
        """Names that stand for a number: constants of the cell, and stages that are one."""
        found: dict[str, Fraction] = {}
        assigned = [node for node in self.writer.regions.before if isinstance(node, n.Assign)]
        for node in (*self.writer.parameters.bound.values(), *assigned):
            number = _number(node.value, found)
            if number is not None:
                found[node.target.text] = number
        return found

    def is_given(self, place: Place) -> bool:
        """Whether the array is there before the loop: what is not of one step alone, and what a first step receives."""
        if place.kind != "local":
            return place.array not in self.numbers
        return place.array in self.handed_on

    @property
    def handed_on(self) -> dict[str, str]:
        """What one step receives of the one before -> what that one sends, of rows of one step alone."""
        homes = {value: self.storage.home(value) for pair in self.carried.items() for value in pair}
        pairs = ((homes[incoming], homes[outgoing]) for incoming, outgoing in self.carried.items())
        return {incoming.name: outgoing.name for incoming, outgoing in pairs if incoming.kind == "local"}


def _number(node: n.Node, known: Mapping[str, Fraction]) -> Fraction | None:
    """The number that an expression is, if it reads nothing else."""
    match node:
        case n.Number(value=value):
            return value
        case n.Name(text=text):
            return known.get(text)
        case n.Scaled(coefficient=coefficient, operand=operand):
            inner = _number(operand, known)
            return None if inner is None else coefficient * inner
        case n.Sum(left=left, right=right, sign=sign):
            one, other = _number(left, known), _number(right, known)
            return None if one is None or other is None else one + sign * other
        case n.Elementwise(expression=expression, operands=operands):
            numbers = {symbol: _number(operand, known) for symbol, operand in operands.items()}
            if None in numbers.values():
                return None
            rational = {s: sympy.Rational(v.numerator, v.denominator) for s, v in numbers.items() if v is not None}
            return number_of(expression.xreplace(rational))
    return None


def _arrays(writer: RegionWriter, storage: Storage) -> dict[str, tuple[str, str]]:
    """Name of an array -> its kind and its last axis."""
    found = {name: ("constant", "") for name in writer.parameters.bound}
    for key in storage.rows:
        home, root = storage.row_home(key), storage.root(key)
        low, high = storage.span(root)
        found[home.name] = home.kind, multiplied(root[0].size, high - low)
    for value in _values(writer):
        if storage.place(value) is None:
            home = storage.home(value)
            found[home.name] = home.kind, value.shape[0] if value.shape else ""
    return found


def _values(writer: RegionWriter) -> list[Value]:
    """Every value that the loop may name."""
    program = writer.plan.program
    carried = (value for carry in program.carries for value in (carry.incoming, carry.outgoing))
    stated = (value for statement in writer.plan.precisely.values() for value in statement.reads())
    return [*dict.fromkeys([*program.values(), *carried, *stated, *writer.storage.given])]
