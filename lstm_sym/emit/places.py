"""Where the numbers of each name of a loop are: in which columns of which array, at which row."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from lstm_sym.compile.storage import Storage
from lstm_sym.emit import nodes as n
from lstm_sym.emit.regions import RegionWriter
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
        found = {}
        assigned = [node for node in self.writer.regions.before if isinstance(node, n.Assign)]
        for node in (*self.writer.parameters.bound.values(), *assigned):
            match node.value:
                case n.Number(value=value):
                    found[node.target.text] = value
                case n.Elementwise(expression=expression) if expression.is_Rational:
                    found[node.target.text] = Fraction(int(expression.p), int(expression.q))
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
