"""What C calls the arrays, rows and units of a loop, and where they are."""

from __future__ import annotations

from functools import cached_property

from lstm_sym.compile.storage import Names
from lstm_sym.emit import nodes as n
from lstm_sym.emit.c.words import RESERVED, plus, times_size
from lstm_sym.emit.functions import FunctionWriter
from lstm_sym.emit.places import Place


class Memory:
    """The names of one function; `temporaries` are rows that are part of a statement, each with its units."""

    def __init__(self, function: FunctionWriter, compiled: n.Compiled) -> None:
        self.function, self.places = function, function.places
        self.names = Names(RESERVED | set(compiled.sizes))
        self.temporaries: dict[str, str] = {}

    def temporary(self, target: str) -> n.Name:
        """A name for rows that are part of a statement: as many units as its target has."""
        name = self.names.get(("part", len(self.temporaries)), f"{target}_part")
        self.temporaries[name] = self.place(target).size
        return n.Name(name)

    def place(self, name: str) -> Place:
        """The place of a name, that of a temporary too."""
        if name in self.temporaries:
            return Place(name, "local", self.temporaries[name], "", self.temporaries[name])
        return self.places.of(name)

    def array(self, name: str) -> str:
        """The C name of an array."""
        return self.names.get(("array", name), name)

    def variable(self, name: str) -> str:
        """The C name of the variable that holds one unit of a value."""
        return self.names.get(("unit", name), name)

    def received(self, name: str) -> str:
        """The C name of what the first step receives."""
        return self.names.get(("given", name), f"{name}_given")

    def packed(self, matrix: str, transposed: bool) -> str:
        """The packed form of a matrix, or of its transpose."""
        return self.names.get(("packed", matrix, transposed), f"{matrix}{'_T' if transposed else ''}_packed")

    def element(self, name: str) -> str:
        """One unit of a value in memory."""
        place = self.place(name)
        array = self.array(place.array)
        if place.kind == "constant":
            return f"{array}[{'unit' if place.size else '0'}]"
        return f"{array}[{plus(times_size(self.row(place, 'row', 'lane'), place.width), place.low, 'unit')}]"

    def start(self, place: Place) -> str:
        """The first unit of the first row that a call computes."""
        row = self.row(place, "(t * B + first)", "0")
        return plus(self.array(place.array), times_size(row, place.width) if row != "0" else "", place.low)

    def row(self, place: Place, step_row: str, batch_row: str) -> str:
        """The row of an array that a place is in."""
        if place.kind == "local":
            return batch_row
        if place.array in self.scratch:
            return f"(precise ? {step_row} : first + {batch_row})"
        return f"({step_row} + B)" if place.kind == "current" else step_row

    @cached_property
    def scratch(self) -> set[str]:
        """Arrays of which the fast form has one row alone."""
        homes = map(self.function.storage.home, self.function.loop.scratch)
        return {home.name for home in homes if home.kind == "whole"}
