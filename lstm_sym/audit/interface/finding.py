"""The interface of a backward pass, found in the text of its file: what is called, with what, after which forward."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lstm_sym.audit import names
from lstm_sym.audit.interface import tuples, vocabulary, weights
from lstm_sym.audit.interface.description import Arguments, Call, Interface, Names, Packs
from lstm_sym.audit.interface.gates import gates_of, scalings
from lstm_sym.audit.interface.source import (
    Argument,
    Function,
    Source,
    arguments,
    in_shapes,
    is_no_array,
    is_static,
    reached,
    reads_by_name,
    returned,
    unpacked,
)
from lstm_sym.compile.derivation import Derivation
from lstm_sym.ground import size_names

PARTNERS = (
    ("backward", "forward"),
    ("backprop", "forward"),
    ("bptt", "forward"),
    ("bwd", "fwd"),
    ("back", "forward"),
    ("back", "fwd"),
    ("grads", "forward"),
    ("gradients", "forward"),
    ("backward", "forward_pass"),
    ("backward_pass", "forward"),
    ("backprop", "feedforward"),
)
"""Parts of the names of backward passes, and what stands there in those of their forward passes."""

CALLED = ("__call__", "call")
"""Methods that are the forward pass of a class that has none of such a name."""

BACKWARD = ("backward", "bptt", "backprop", "backward_pass", "back", "back_propagation", "backpropagate")
"""Methods that are taken for the backward pass of a class that is named by itself."""

SIZES = dict.fromkeys("TBDH", 0)


@dataclass(frozen=True)
class Place:
    """Where to look: the class, "" for none, and the function or method."""

    owner: str
    name: str


def place_of(source: Source, function: str) -> Place | None:
    """The class and the method of "LSTM.backward", of "LSTM"; None if the file has no such thing at its top."""
    owner, _, name = function.rpartition(".")
    if owner:
        return Place(owner, name) if owner in source.classes and name in source.methods(owner) else None
    if name in source.functions:
        return Place("", name)
    methods = source.methods(name) if name in source.classes else {}
    return next((Place(name, method) for method in BACKWARD if method in methods), None)


@dataclass(frozen=True)
class Finder:
    """Reads one file for one cell. lenient: an argument without a known meaning is given "", and no reason to stop."""

    source: Source
    derivation: Derivation
    packs: Sequence[Packs]
    lenient: bool = False

    def interface(self, place: Place) -> Interface | None:
        """What is called, or None where an argument has no known meaning."""
        methods = self.source.methods(place.owner)
        backward = methods[place.name]
        forward_name = partner(place.name, methods)
        forward = methods.get(forward_name)
        context = is_context(backward)
        first = 1 if context else 0
        is_method = bool(place.owner)
        taken = arguments(backward, is_method)[first:]
        is_object = is_method and not is_static(backward)
        needs_forward = context or is_object
        documented = names.arguments(self.derivation, SIZES)
        own = [a.name for a in taken if a.is_needed and (a.name not in documented or a.name in vocabulary.CACHE)]
        if not own and not needs_forward:  # all that it takes has a meaning here, whatever else the file has
            forward = None
        table = vocabulary.backward_arguments(self.derivation, SIZES)
        from_forward = self.from_forward(backward, forward, taken, table) if forward else {}
        given = self.given(backward, taken, table, from_forward)
        if given is None:
            return None
        if self.readout() and not takes_cotangent(role for _, role in given):  # what is called y is what y should be
            given = tuple((name, "targets" if name in ("y", "Y", "ys") else role) for name, role in given)
        called = None
        if forward is not None and (from_forward or needs_forward):
            called = self.forward_call(forward, arguments(forward, is_method)[first:])
            if called is None:
                is_dict = not needs_forward and all(reads_by_name(backward, name) for name in from_forward)
                given = self.given(backward, taken, table, {}) if is_dict else None
            if given is None:
                return None
        construct = self.construct(place) if is_object else ()
        if construct is None:
            return None
        outputs, gives = self.outputs(), returned(backward)
        states = tuple(self.derivation.cell.states)
        outputs |= tuples.returned_by_place(gives, self.source.texts, outputs, states)
        outputs |= tuples.listed_gradients(role for _, role in given)
        outputs |= tuples.kept_gradients(self.source.classes[place.owner], self.packs) if is_object else {}
        differentiated = called.arguments if called else [(n, r) for n, r in given if r not in ("dy", "dstate", "")]
        by_order = tuple(f"d{name}" for name, _ in differentiated)
        gives = by_order if context else named_by_order(gives, [by_order, *self.orders()], outputs)
        roles = [role for _, role in given]
        plain = not is_method and called is None and all(a.name in documented for a in taken if a.is_needed)
        plain = plain and not tuples.has_tuples(roles, gives)
        return Interface(
            backward=Call(place.name, given, gives),
            forward=called,
            owner=place.owner,
            construct=construct,
            context=context,
            is_object=is_object,
            by="step" if any(role.startswith("carried/") for role in roles) else "batch",
            packs=tuple(self.packs),
            globals=self.globals(),
            readout=self.readout(),
            guessed=tuple(self.guessed(place).items()) if is_object else (),
            reached=tuple(sorted(reached(methods, [place.name, forward_name]))) if is_object else (),
            outputs=outputs,
            is_documented=plain and not self.globals(),
        )

    def from_forward(
        self, backward: Function, forward: Function, taken: Sequence[Argument], table: Mapping[str, str]
    ) -> dict[str, str]:
        """The arguments of the backward pass that its forward pass returns, each with the part that it is."""
        parts, apart = returned(forward, self.source.callables), unpacked(backward)
        kept = {*vocabulary.CACHE, *self.only_unknown(taken, table)}
        found = {a.name: part_of(a, parts, table, kept, len(apart.get(a.name, ()))) for a in taken}
        return {name: part for name, part in found.items() if part}

    def only_unknown(self, taken: Sequence[Argument], table: Mapping[str, str]) -> list[str]:
        """The one argument of no known meaning, where it is one and there is no cache: what a forward pass gives."""
        unknown = [a.name for a in taken if a.is_needed and not self.role(a.name, table)]
        has_cache = any(a.name in vocabulary.CACHE for a in taken)
        return unknown if len(unknown) == 1 and not has_cache else []

    def forward_call(self, forward: Function, taken: Sequence[Argument]) -> Call | None:
        """The forward pass, and what it is given; None where an argument has no known meaning."""
        given = self.given(forward, taken, vocabulary.forward_arguments(self.derivation, SIZES), {})
        return None if given is None else Call(forward.name, given, returned(forward))

    def given(
        self, function: Function, taken: Sequence[Argument], table: Mapping[str, str], forward: Mapping[str, str]
    ) -> Arguments | None:
        """What each argument is given: of those that it must have, and of those with a default that are known."""
        apart = tuples.parts_taken(function, self.source.callables)
        states = tuple(self.derivation.cell.states)
        found = []
        for argument in taken:
            role = forward.get(argument.name) or self.role(argument.name, table)
            if argument.name in apart and argument.name not in forward:
                parts = apart[argument.name]
                role = (
                    tuples.role_of(argument.name, parts, role, states) or tuples.listed(parts, role, self.packs) or role
                )
            elif argument.name not in forward and not is_no_array(function, argument.name, states):
                role = tuples.only_state(argument.name, role, states) or role
            if role:
                found.append((argument.name, role))
            elif argument.is_needed and self.lenient:
                found.append((argument.name, ""))
            elif argument.is_needed:
                return None
        return tuple(found)

    def role(self, name: str, table: Mapping[str, str]) -> str:
        """What an argument of this name is given, "" if that is not known."""
        if any(name in reading for reading in self.packs):
            return f"pack/{name}"
        if name in table:
            return table[name]
        alike = {plain(other): role for other, role in reversed(list(table.items())) if len(other) > 1}
        known = alike.get(plain(name)) or ("params" if name in vocabulary.PARAMETERS else "")
        return known or vocabulary.size_like(name)

    def construct(self, place: Place) -> Arguments | None:
        """What the constructor of a class is given."""
        methods = self.source.methods(place.owner)
        if "__init__" not in methods:
            return ()
        start, wanted = methods["__init__"], arguments(methods["__init__"], True)
        table = vocabulary.backward_arguments(self.derivation, SIZES) | vocabulary.CONSTRUCTOR
        return self.given(start, wanted, table, self.guessed(place))

    def guessed(self, place: Place) -> dict[str, str]:
        """The sizes that a constructor takes under names of its own: what is left of D and H, in this order."""
        methods = self.source.methods(place.owner) if place.owner else {}
        if "__init__" not in methods:
            return {}
        table = vocabulary.backward_arguments(self.derivation, SIZES) | vocabulary.CONSTRUCTOR
        known = {a.name: self.role(a.name, table) for a in arguments(methods["__init__"], True) if a.is_needed}
        shaping = in_shapes(self.source.classes[place.owner])
        unknown = [name for name, role in known.items() if not role and name in shaping]
        left = [size for size in ("size/D", "size/H") if size not in known.values()]
        return dict(zip(unknown, left, strict=False)) if len(unknown) <= len(left) else {}

    def globals(self) -> Arguments:
        """The names of the file's top that hold parameters or sizes."""
        table = {name: f"size/{size}" for size, words in size_names.SIZES.items() for name in words if size != "Y"}
        found = []
        for name in dict.fromkeys(self.source.globals):
            if any(name in reading for reading in self.packs):
                found.append((name, f"pack/{name}"))
            elif name in table and is_number(self.source, name):
                found.append((name, table[name]))
        return tuple(found)

    def readout(self) -> Arguments:
        """The names of weights of a layer after the cell: it may need them, though no gradient depends on them."""
        words, held = set(self.source.words), {name for reading in self.packs for name in reading}
        kinds = vocabulary.READOUT.items()
        return tuple((n, f"readout/{kind}") for kind, names in kinds for n in names if n in words and n not in held)

    def orders(self) -> list[Names]:
        """The orders in which docs/audit.md has gradients."""
        whole = tuple(names.order(self.derivation.cell))
        return [whole, whole[: len(whole) - len(self.derivation.cell.states)]]

    def outputs(self) -> dict[str, str]:
        """Name of a gradient -> the output, or the array of parameters, that it is of."""
        found = vocabulary.outputs(self.derivation)
        for reading in self.packs:
            for name in reading:
                spelled = [f"{d}{name}" for d in weights.GRADIENT] + [f"{name}_grad", f"{name}grad", f"d{name.lower()}"]
                found |= {other: f"pack/{name}" for other in [*spelled, name]}
        alike = {name.replace("_", ""): what for name, what in reversed(found.items()) if len(name) > 2} | found
        several = {name: re.sub(r"(s|_?(list|all|seq|steps))$", "", name) for name in self.source.names}
        others = {name: alike.get(one) or alike.get(name.replace("_", "")) for name, one in several.items()}
        return {**{name: what for name, what in others.items() if what}, **found}


def find(source: Source, function: str, derivation: Derivation, *, lenient: bool = False) -> Interface | None:
    """The interface of a function, a method, or the backward pass of a class; None if the text does not show it."""
    place = place_of(source, function)
    if place is None:
        return None
    known = gates_of(derivation), derivation.cell.parameters, scalings(derivation)
    taken = [given.name for method in both(source, place) for given in arguments(method, bool(place.owner))]
    packs = weights.readings(taken, *known)  # what is taken tells more than what it is unpacked into
    if not any(weights.covers(way, known[0]) for way in packs):
        packs = weights.readings(source.words, *known)
    if not packs[0]:  # keys of a dict that are made up as it runs, say: their gradients may have names
        packs = weights.readings(bases(source.names), *known)
    return Finder(source, derivation, packs, lenient).interface(place)


def both(source: Source, place: Place) -> list[Function]:
    """The backward pass, and the forward pass that goes with it, if there is one."""
    methods = source.methods(place.owner)
    return [methods[name] for name in (place.name, partner(place.name, methods)) if name in methods]


def takes_cotangent(roles: Iterable[str]) -> bool:
    """Whether a function is told what to give the gradients of, or makes that itself."""
    kinds = {role.partition("/")[0] for role in roles}
    return bool(kinds & {"dy", "dstate", "dstates", "carried", "targets"})


def as_step(interface: Interface, states: Sequence[str], output: str) -> Interface | None:
    """The same as a function of one step, if it takes the adjoint of every state, as one of all steps may too."""
    carried = {"dy": f"carried/{output}", **{f"dstate/{name}": f"carried/{name}" for name in states if name != output}}
    given = interface.backward.arguments
    if interface.forward is None or not set(carried) <= {role for _, role in given}:
        return None
    turned = tuple((name, carried.get(role, role)) for name, role in given)
    return replace(interface, backward=replace(interface.backward, arguments=turned), by="step")


def bases(words: Sequence[str]) -> list[str]:
    """The words, and those that are the gradient of something as that."""
    found = list(words)
    for word in words:
        found += [word.removeprefix(start) for start in weights.GRADIENT if word.startswith(start)]
    return list(dict.fromkeys(found))


def plain(name: str) -> str:
    """A name without what says nothing of its meaning: its case, digits, and words like list."""
    return re.sub(r"(_(in|list|seq|all|t|batch|arr|array|data|steps)|[_\d])+$", "", name).lower().replace("_", "")


def forward_names(name: str) -> list[str]:
    """What the forward pass of a backward pass of this name may be called."""
    longest = max((len(back) for back, _ in PARTNERS if back in name), default=0)
    swapped = [name.replace(back, forth) for back, forth in PARTNERS if back in name and len(back) == longest]
    return swapped or ["forward"]


def partner(name: str, methods: Mapping[str, object]) -> str:
    """The forward pass of a backward pass, by its name; "" if there is none."""
    exact = [other for other in forward_names(name) if other in methods and other != name]
    if exact:
        return exact[0]
    others = [other for other in methods if "forward" in other] or [other for other in CALLED if other in methods]
    return others[0] if len(others) == 1 else ""


def part_of(
    argument: Argument, parts: Sequence[object], known: Collection[object], caches: Collection[str], apart: int = 0
) -> str:
    """The part of what the forward pass returns that an argument of the backward pass is, "" if it is none.

    What is called a cache, and has no name of its own there, is the last part, if that is nothing known by its name; it
    is all of them where it is taken apart into as many, and none is a cache, or a tuple, itself.
    """
    if argument.name in parts:
        return "forward" if len(parts) == 1 else f"forward/{parts.index(argument.name)}"
    if argument.name not in caches or not argument.is_needed:
        return ""
    kept = [place for place, part in enumerate(parts) if part in vocabulary.CACHE]
    if not kept and apart == len(parts) > 1 and not any(isinstance(part, tuple) for part in parts):
        return "forward"
    if not kept and (not parts or parts[-1] in known):
        return ""
    return "forward" if len(parts) == 1 else f"forward/{(kept or [len(parts) - 1])[-1]}"


def named_by_order(gives: Names, orders: Sequence[Names], outputs: Mapping[str, str]) -> Names:
    """The names returned; what tells nothing is called after its place in one of the orders, if they are as many."""
    known = [outputs.get(name, "") if isinstance(name, str) else "" for name in gives]
    for order in orders:
        if len(order) != len(gives):
            continue
        if len({*known} - {""}) * 2 < len(gives):
            return tuple(other if isinstance(name, str) else name for name, other in zip(gives, order, strict=True))
        free = [not meaning and outputs.get(other) not in known for meaning, other in zip(known, order, strict=True)]
        if any(free):
            return tuple(other if is_free else name for name, other, is_free in zip(gives, order, free, strict=True))
    return gives


def is_context(function: Function) -> bool:
    """Whether it is a static method whose first argument is the context of an autograd function."""
    first = [argument.arg for argument in function.args.args[:1]]
    return is_static(function) and first == ["ctx"]


def is_number(source: Source, name: str) -> bool:
    """Whether the file gives this name a whole number, or a length."""
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=int())) if target == name:
                return True
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id="len"))) if target == name:
                return True
    return False


def unknown_argument(source: Source, function: str, derivation: Derivation) -> tuple[str, str] | None:
    """What is called, and the first argument of it without a meaning; None if there is none."""
    interface = find(source, function, derivation, lenient=True)
    calls = interface.calls.items() if interface else ()
    return next(((call, name) for call, given in calls for name, role in given if not role), None)
