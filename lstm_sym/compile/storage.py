"""Where each value of a scheduled program lives in code: arrays over time, views of them, or plain variables.

* a row of a group: one array (T, B, n H), its slots views; or (B, n H) if nothing keeps it over time;
* a state that is kept: one array (T+1, B, H), h[t-1] at index t and h[t] at index t + 1;
* any other kept value: an array (T, B, H); everything else a local variable of the loop.

A row may take over the array of a row that dies where it is born (gates over pre-activations). Where the precise form
keeps the older row and the fast form does not, the two share one array in the fast form alone: an alias.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from lstm_sym.equations.sizes import multiplied, parts_of
from lstm_sym.passes.layout import Group, Place
from lstm_sym.passes.scheduling import Schedule
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Pointwise
from lstm_sym.program.values import Role, Value

RowKey = tuple[Group, tuple[str, ...]]
Span = tuple[int, int]


class Names:
    """Python names for values, never one that is taken: a clash gets an underscore."""

    def __init__(self, reserved: frozenset[str]) -> None:
        self.taken = set(reserved)
        self.given: dict[object, str] = {}

    def get(self, key: object, wanted: str) -> str:
        """The name given to a key, the wanted one if it is free."""
        if key not in self.given:
            while wanted in self.taken:
                wanted += "_"
            self.taken.add(wanted)
            self.given[key] = wanted
        return self.given[key]


@dataclass(frozen=True)
class Home:
    """Where a value lives: `kind` is "whole" (T rows), "states" (T+1 rows), "local" or "constant"."""

    name: str
    kind: str
    offset: int = 0


class View(NamedTuple):
    """The slots [low, high) of an array that holds `parts` of them side by side, each of `size` units."""

    array: str
    low: int
    high: int
    parts: int
    size: str


class Storage:
    """Homes of all values of one scheduled program.

    `given` are values that come in stored (inputs, the tape); a row takes over another only if neither is given.
    The array of a row holds the slots from its first value to its last; `spans` says which those are of a given row.
    """

    def __init__(
        self, plan: Schedule, given: frozenset[Value], reserved: frozenset[str], spans: Mapping[RowKey, Span]
    ) -> None:
        self.plan, self.given, self.spans = plan, given, dict(spans)
        self.program: Program = plan.program
        self.names = Names(reserved)
        self.rows = self._rows()
        self.takes_over = self._takeovers()
        self.views: dict[str, View] = {}

    def _rows(self) -> dict[RowKey, dict[int, Value]]:
        rows: dict[RowKey, dict[int, Value]] = {}
        for value in (*self.program.values(), *self.given):
            place = self.plan.layout.place(value)
            if place is not None:
                rows.setdefault((place.group, place.row), {})[place.slot] = value
        return rows

    def _takeovers(self) -> dict[RowKey, RowKey]:
        """Row -> the row whose array it takes over."""
        chosen: dict[RowKey, RowKey] = {}
        for key, slots in self.rows.items():
            for source in self._sources(key, slots):
                free = source not in chosen.values() and source not in chosen
                if free and self._dies_into(source, slots):
                    chosen[key] = source
                    break
        return chosen

    def _sources(self, key: RowKey, slots: dict[int, Value]) -> list[RowKey]:
        """Rows that the statements of a row read in the same slot, kept ones first."""
        operands = {s.target: s.operands for s in self.program.statements if isinstance(s, Pointwise)}
        found: dict[RowKey, bool] = {}
        for slot, value in slots.items():
            for operand in operands.get(value, ()):
                place = self.plan.layout.place(operand)
                if place is not None and place.group == key[0] and place.slot == slot:
                    found[(place.group, place.row)] = operand in self.plan.stored
        return sorted(found, key=lambda row: not found[row])

    def _dies_into(self, source: RowKey, slots: dict[int, Value]) -> bool:
        """Whether every value of `source` is read only by the statement of the same slot in the new row."""
        for slot, old in self.rows[source].items():
            readers = [s.target for s in self.program.statements if old in s.reads()]
            if old in self.given or old in self.plan.kept:
                return False
            if slot in slots and readers != [slots[slot]]:
                return False
        return set(slots) <= set(self.rows[source])

    def root(self, key: RowKey) -> RowKey:
        """The row that names the array: the last to take it over."""
        for later, source in self.takes_over.items():
            if source == key:
                return self.root(later)
        return key

    def row_values(self, key: RowKey) -> list[Value]:
        """All values that live in the array named by a root row."""
        values = list(self.rows[key].values())
        source = self.takes_over.get(key)
        return values + (self.row_values(source) if source else [])

    def slots(self, key: RowKey) -> set[int]:
        """The slots of a root row that hold a value at some time."""
        return {place.slot for value in self.row_values(key) if (place := self.place(value)) is not None}

    def span(self, key: RowKey) -> Span:
        """The slots [low, high) that the array of a row holds."""
        root = self.root(key)
        if root not in self.spans:
            slots = self.slots(root)
            self.spans[root] = min(slots), max(slots) + 1
        return self.spans[root]

    def row_home(self, key: RowKey) -> Home:
        """The array of a row."""
        root = self.root(key)
        group, row = root
        slots = self.rows[root]
        low, high = self.span(root)
        wanted = identifier(slots[low]) if high - low == 1 and low in slots else row_name(group, row)
        kept = any(value in self.plan.stored or value in self.given for value in self.row_values(root))
        return Home(self.names.get(("row", root), wanted), "whole" if kept else "local")

    def slot_home(self, key: RowKey, low: int, high: int) -> Home:
        """A range of slots: the array itself if it is all of them, else a named view."""
        home, root = self.row_home(key), self.root(key)
        start, end = self.span(root)
        if (low, high) == (start, end):
            return home
        if high - low == 1:
            wanted = identifier(self.rows[root].get(low, self.rows[key][low]))
        else:
            wanted = "_".join([row_name(*root), *key[0].short_names[low:high]])
        name = self.names.get(("slot", root, low, high), wanted)
        self.views[name] = View(home.name, low - start, high - start, end - start, root[0].size)
        return Home(name, home.kind)

    def home(self, value: Value) -> Home:
        """Where a value lives."""
        if value.time is None:
            return Home(self.names.get(value, identifier(value)), "constant")
        place = self.plan.layout.place(value)
        if place is not None:
            return self.slot_home((place.group, place.row), place.slot, place.slot + 1)
        state = self.state_of(value)
        if state is not None and any(kept.name == state for kept in (*self.plan.stored, *self.given)):
            return Home(self.names.get(("states", state), state), "states", int(value.time == 0))
        kind = "whole" if value in self.plan.stored or value in self.given else "local"
        return Home(self.names.get(value, identifier(value)), kind)

    def state_of(self, value: Value) -> str | None:
        """The name of the carried quantity of which this is the value before or after the step."""
        for carry in self.program.carries:
            if value in (carry.incoming, carry.outgoing) and carry.incoming.role is not Role.CARRIED_ADJOINT:
                return value.name
        tangent = value.role is Role.TANGENT and value.of is not None and value.of.role is Role.STATE
        return value.name if value in self.given and (value.role is Role.STATE or tangent) else None

    def place(self, value: Value) -> Place | None:
        """The slot of a value."""
        return self.plan.layout.place(value)

    def array(self, value: Value) -> tuple[object, str]:
        """The array a stored value lives in: a key that is the same in every program of the cell, and its name here."""
        place = self.place(value)
        if place is not None:
            root = self.root((place.group, place.row))
            return (root[0].members, place.row), self.row_home(root).name
        home = self.home(value)
        return (value.name, home.kind), home.name

    def width(self, value: Value) -> dict[str, int]:
        """The last axis of the array a stored value lives in: {"H": 4} for four gates side by side; {} for a number."""
        place = self.place(value)
        if place is None:
            return parts_of(value.shape[-1]) if value.shape else {}
        low, high = self.span((place.group, place.row))
        return parts_of(multiplied(place.group.size, high - low))

    def spans_of(self, values: Iterable[Value]) -> dict[RowKey, Span]:
        """Which slots the arrays of these values hold, for a program that is given them."""
        places = (place for value in values if (place := self.place(value)) is not None)
        return {(place.group, place.row): self.span((place.group, place.row)) for place in places}


def identifier(value: Value) -> str:
    """The Python name a value asks for."""
    if value.role is Role.CARRIED_ADJOINT and value.of is not None:
        return f"d_{value.of.name}_next" if value.time == 0 else f"d_{value.of.name}_prev"
    return value.name + ("_prev" if value.time == -1 else "")


def row_name(group: Group, row: tuple[str, ...]) -> str:
    """The name of a row's array: a, gates, gates_slope, d_gates, d_a; with the group's name where there are two."""
    gates = bool(row) and row[0] == "activation"
    name = ("gates" if gates else "a") + (f"_{group.name}" if group.name else "")
    for role in row[gates:]:
        name = {"adjoint": f"d_{name}", "tangent": f"{name}_dot", "slope": f"{name}_slope"}[role]
    return name
