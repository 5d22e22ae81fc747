"""What a name in a formula stands for: by the table of the text, the cell's own names, what texts usually write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from lstm_sym.compile.derivation import Derivation
from lstm_sym.ground.size_names import SIZES
from lstm_sym.program.values import Role
from lstm_sym.proofreading.aliases import keys_of, own_keys, sums
from lstm_sym.proofreading.dialects import PLAIN, Dialect
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.tree import Leaf, Node, Partial, Quantity, Symbol, Transpose, filled
from lstm_sym.proofreading.words import Words

_ADJOINT = re.compile(r"(?:dLd|dL|(?:gradients?|grads?)d?|delta|d|D|g(?=[WUbR]))(.+)")
_LOSSES = {"dy", "dout", "dhout", "dhtop", "dyt", "gradout", "Delta", "dhy", "dhabove", "dhdirect"}
_SIZES = {name.replace("_", ""): size for size in "BT" for name in SIZES[size]}
_PACKED = {"W": "W", "Wx": "W", "Wxh": "W", "U": "U", "Wh": "U", "Whh": "U", "R": "U", "b": "b"}
_PRIME = re.compile(r"\^?\{?(?:['′’]|\\prime)\}?")
_PACKED_SUMS = ("a", "z", "gates", "A", "Z", "pre", "net", "g", "ifgo", "ifog")


@dataclass(frozen=True)
class Reading:
    """The conventions of a text.

    rows: vectors are rows. transposed: weights are stored transposed to those of the equations. before: what is called
    the adjoint of a gate is that of the sum the gate is a function of. swapped: W and U change places.
    order: of the gates in packed arrays. denominators: a derivative of one vector by another has a row for each element
    of the other.
    """

    rows: bool = False
    transposed: bool = False
    before: bool = False
    swapped: bool = False
    order: tuple[str, ...] = ()
    denominators: bool = False


@dataclass(frozen=True)
class Names:
    """The names of one text.

    table: keys that the text explains itself. bars: whether a bar marks an adjoint. lone: W, U or b without a letter
    below, where that is what one gate has, because all others have a letter. twins: letters, all small, of which others
    look like names of the same quantity, with what they are. bare: what a sign of a derivative stands for by itself.
    owned: own_key of the names that the text defines itself. layer: letters of a layer after the cell, which stand for
    nothing of it.
    """

    derivation: Derivation
    table: Mapping[str, Leaf] = field(default_factory=dict)
    bars: bool = False
    dialect: Dialect = PLAIN
    lone: Mapping[str, Quantity] = field(default_factory=dict)
    twins: Mapping[str, Quantity] = field(default_factory=dict)
    bare: Mapping[str, Quantity] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    layer: frozenset[str] = frozenset()

    @cached_property
    def keys(self) -> dict[str, Quantity]:
        """Key -> quantity, without those of the table."""
        return keys_of(self.derivation, self.dialect)

    @cached_property
    def own_keys(self) -> frozenset[str]:
        """The keys of the cell's own names, and of those that the text explains."""
        return own_keys(self.derivation) | {*self.table}

    def is_guess(self, symbol: Symbol) -> bool:
        """Whether a name is read as one of the cell because texts often call that so, not because the cell does."""
        key = symbol.key.removeprefix("d") if not symbol.adjoint else symbol.key
        is_found = key in self.lone or symbol.key in self.bare
        return key not in self.own_keys and symbol.key not in self.own_keys and not is_found

    @cached_property
    def functions(self) -> dict[str, str]:
        """Letters that are functions in this text -> which."""
        return self.dialect.functions_of(self.derivation)

    @cached_property
    def before(self) -> dict[str, str]:
        """Gate -> the sum that it is a function of; of states none, whose adjoints are always their own."""
        states = self.derivation.cell.states
        return {name: stage for name, stage in sums(self.derivation.forward).items() if name not in states}

    @cached_property
    def packs(self) -> dict[str, tuple[str, ...]]:
        """W, U, b -> the parameters of all sums, in the order of the equations; "a": the sums. Empty with one sum."""
        stages = [s for s in self.derivation.forward.statements if s.target.name in self.before.values()]
        found: dict[str, list[str]] = {"a": [statement.target.name for statement in stages], "W": [], "U": [], "b": []}
        for statement in stages:
            terms = getattr(statement, "terms", ())
            single = sum(term.is_product for term in terms) == 1
            for term in terms:
                if term.weight is None:
                    continue
                is_input = term.operand is not None and (single or term.operand.role is Role.INPUT)
                part = "b" if term.operand is None else "W" if is_input else "U" if term.is_product else ""
                found.setdefault(part, []).append(term.weight.name)
        whole = len(stages)
        return {part: tuple(names) for part, names in found.items() if part and len(names) == whole > 1}

    @cached_property
    def slopes(self) -> frozenset[str]:
        """What has a slope of its own, written i'."""
        values = self.derivation.adjoint.values()
        return frozenset(value.of.name for value in values if value.role is Role.SLOPE and value.of is not None)

    @property
    def gates(self) -> tuple[str, ...]:
        """What has a sum of its own, the gates and the candidate: what a star stands for in texts."""
        return tuple(self.dialect.called(name) for name in self.before)

    @property
    def words(self) -> Words:
        """What a parser must know of them."""
        return Words(self.known, self.gates, self.functions)

    def known(self, key: str) -> bool:
        """Whether letters that touch are one name."""
        is_array = len(key) > 1 and self.packed_sum(key)
        return key in self.keys or key in self.table or f"{key}0" in self.table or is_array

    def leaf(self, symbol: Symbol | Partial, reading: Reading) -> Leaf | None:
        """What a name stands for at which step, None if that is not known. Raises Unreadable."""
        if isinstance(symbol, Partial):
            return self.partial(symbol)
        found = self.of_table(symbol)
        if found is None and self.bars and symbol.key.startswith("-") and not symbol.adjoint:
            symbol = Symbol(symbol.key[1:], True, symbol.mark, symbol.time, symbol.form)
        if found is None:
            found = self.adjoint(symbol, reading) if symbol.adjoint else self.plain(symbol, reading)
        if found is not None and found.time != (symbol.time or 0):  # h_{prev}: its step is in its name
            return Leaf(found.quantity, found.time, filled(symbol.form, symbol.time or 0))
        return found

    def of_table(self, symbol: Symbol) -> Leaf | None:
        """By the table of the text, where it says more than which quantity or parameter the letters are."""
        for key in (f"{symbol.key}{symbol.mark}{'d' * symbol.adjoint}", f"{symbol.key}{'d' * symbol.adjoint}"):
            leaf = self.table.get(key)
            if leaf is not None and leaf.quantity.kind not in ("forward", "parameter"):
                shift = {"prev": -1, "next": 1}.get(symbol.mark, 0) if not key.endswith(symbol.mark) else 0
                return Leaf(leaf.quantity, leaf.time + (symbol.time or 0) + shift, symbol.form)
        return None

    def quantity(self, key: str) -> Quantity | None:
        """The quantity of a key, capital letters as small ones where nothing else is known."""
        leaf = self.table.get(key)
        if leaf is not None and leaf.quantity.kind in ("forward", "parameter"):
            return leaf.quantity
        if key in self.layer:
            return None
        found = self.lone.get(key) or self.twins.get(key.lower()) or self.keys.get(key)
        if found is None and len(key) == 1:
            small = self.keys.get(key.lower())
            found = small if small is not None and small.name == key.lower() else None
        if found is None and len(key) == 2:  # \tilde H for \tilde h, hs for h
            found = self.keys.get(key.lower()) if key[0] in "~^-" else self.keys.get(key[0]) if key[1] == "s" else None
        return found

    def plain(self, symbol: Symbol, reading: Reading) -> Leaf | None:
        """A name without a sign of a derivative before it; it may be in its letters, as dc_next."""
        key, form = symbol.key, symbol.form
        if key in _LOSSES:
            return Leaf(Quantity("dy"), symbol.time or 0, form)
        found = self.quantity(key)
        if found is None and key in _PACKED and _PACKED[key] in self.packs:
            return Leaf(Quantity("packed", _PACKED[key]), 0, form)
        if found is None:
            inner = _ADJOINT.fullmatch(key)
            if inner and (self.quantity(inner[1]) or inner[1] in _PACKED or inner[1] in _PACKED_SUMS):
                return self.adjoint(Symbol(inner[1], True, symbol.mark, symbol.time, form), reading)
            if key in self.bare:
                return Leaf(self.bare[key], (symbol.time or 0) + self.shift(symbol), form)
            if key in _SIZES:
                return Leaf(Quantity("size", _SIZES[key]), 0, form)
            return Leaf(Quantity("packed", "a"), symbol.time or 0, form) if self.packed_sum(key) else None
        if symbol.mark == "slope":
            return Leaf(Quantity("slope", found.name), symbol.time or 0, form) if found.name in self.slopes else None
        if found.kind == "parameter":
            return Leaf(self.swapped(found, reading), 0, form)
        return Leaf(found, (symbol.time or 0) + self.shift(symbol), form)

    def shift(self, symbol: Symbol) -> int:
        """How many steps a mark moves a name."""
        return {"prev": -1, "next": int(not self.dialect.next_is_this)}.get(symbol.mark, 0)

    def packed_sum(self, key: str) -> bool:
        """Whether a key is that of all sums in one array."""
        return "a" in self.packs and key in _PACKED_SUMS

    def adjoint(self, symbol: Symbol, reading: Reading) -> Leaf | None:
        """The adjoint of a name."""
        key, form, time = symbol.key, symbol.form, symbol.time or 0
        if symbol.mark == "output" or (key in ("y", "out") and self.quantity(key) is None):
            return Leaf(Quantity("dy"), time, form)
        found = self.quantity(key)
        if found is None and key in _PACKED and _PACKED[key] in self.packs:
            return Leaf(Quantity("packed gradient", _PACKED[key]), 0, form)
        if found is None:
            return Leaf(Quantity("packed adjoint", "a"), time, form) if self.packed_sum(key) else None
        if found.kind == "parameter":
            return Leaf(Quantity("gradient", self.swapped(found, reading).name), 0, form)
        if symbol.mark == "slope":
            return None
        if symbol.mark == "direct":
            return Leaf(Quantity("direct", found.name), time, form)
        whole = self.dialect.next_is_this and found.name == self.derivation.cell.output
        if symbol.mark in ("next", "prev") and found.name in self.derivation.cell.states and not whole:
            return Leaf(Quantity("carried", found.name), time - (symbol.mark == "prev"), form)
        name = self.before.get(found.name, found.name) if reading.before else found.name
        return Leaf(Quantity("adjoint", name), time + self.shift(symbol), form)

    def swapped(self, quantity: Quantity, reading: Reading) -> Quantity:
        """W_i for U_i and back, in texts that call them so."""
        if not reading.swapped:
            return quantity
        pairs = dict(zip(self.packs.get("W", ()), self.packs.get("U", ()), strict=False)) or {"W": "U"}
        pairs |= {other: name for name, other in pairs.items()}
        return Quantity(quantity.kind, pairs.get(quantity.name, quantity.name))

    def partial(self, partial: Partial) -> Leaf | None:
        """d c_t / d f_t, both by their names in the equations."""
        above, below = (self.plain(symbol, Reading()) for symbol in (partial.above, partial.below))
        if above is None or below is None or above.quantity.kind != "forward":
            return None
        if below.quantity.kind == "parameter" and len(self.derivation.cell.shapes[below.quantity.name]) == 1:
            return Leaf(Quantity("partial", f"{above.quantity.name}/{below.quantity.name}"), above.time, partial.form)
        if below.quantity.kind != "forward":
            return None
        if below.time - above.time not in (0, -1):
            return None
        step = "" if below.time == above.time else "[t-1]"
        name = f"{above.quantity.name}/{below.quantity.name}{step}"
        return Leaf(Quantity("partial", name), above.time, partial.form)


def resolved(node: Node, names: Names, reading: Reading, own: Mapping[str, Leaf]) -> Node:
    """The tree with what its names stand for; own: names that the text defines itself. Raises Unreadable."""
    if isinstance(node, Symbol | Partial):
        key = own_key(node) if isinstance(node, Symbol) else ""
        leaf = names.leaf(node, reading)
        if key in own:
            given = own[key]
            step = node.time or 0 if isinstance(node, Symbol) else 0
            return Leaf(given.quantity, given.time + step, node.form)
        if leaf is None and isinstance(node, Symbol) and node.mark == "slope":  # x' is no slope, but a row
            plain = replace(node, mark="", form=_PRIME.sub("", node.form))
            return Transpose(resolved(plain, names, reading, own), "'")
        if leaf is None:
            written = filled(node.form, getattr(node, "time", 0) or 0)
            meaning = "adjoint of ..." if isinstance(node, Symbol) and node.adjoint else "..."
            raise Unreadable(
                f"{written} is no name of {names.derivation.cell.key}, nor one that texts usually have for one",
                f"explain it at the top of the text: | {written} | {meaning} |",
            )
        return leaf
    return node.mapped(lambda child: resolved(child, names, reading, own))


def own_key(symbol: Symbol) -> str:
    """The key of a name that a text may define itself."""
    return f"{symbol.key}{'d' * symbol.adjoint}{symbol.mark}"
