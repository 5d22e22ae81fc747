"""What is taken or returned as a tuple, states, `h, c = state`, or parameters, `W, b = params`, and in which order."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from lstm_sym.audit.interface import vocabulary
from lstm_sym.audit.interface.description import Names, Packs
from lstm_sym.audit.interface.source import Function, handed_on, unpacked

Parts = Mapping[int, str]
"""Place in a tuple -> the name that what stands there is given; "" if it has none."""

Outputs = dict[str, str]
"""Name under which a gradient comes back -> the output that it is."""

ROLES = {"state": "states", "dstate": "dstates"}
"""A dict of all states -> a tuple of them."""

PLACE = "states/{0}[0]"
"""The gradient of a first state, where its place in a tuple is all that is known of it."""


def parts_taken(function: Function, methods: Mapping[str, Function], deep: int = 2) -> dict[str, Parts]:
    """The arguments that are taken apart as tuples, there or in a function of the file that they are handed on to."""
    found: dict[str, Parts] = dict(unpacked(function))
    for name, other, argument in handed_on(function, methods) if deep else ():
        inner = parts_taken(methods[other], methods, deep - 1)
        if argument in inner:
            found.setdefault(name, inner[argument])
    return found


def role_of(name: str, parts: Parts, known: str, states: Sequence[str]) -> str:
    """What an argument that is taken apart is given: "states/h,c", "dstates" where the order is not known, or "".

    known: what its name says that it is given. One of a meaning of its own, x say, is no tuple of states.
    """
    if not parts or max(parts) >= len(states):
        return ""
    is_state = name in vocabulary.STATE_TUPLES or known == "state"
    is_gradient = name in vocabulary.STATE_GRADIENT_TUPLES or known == "dstate"
    if known and not is_state and not is_gradient:
        return ""
    first, last = vocabulary.first_states(states), vocabulary.state_gradients(states)
    tables = {"states": first, "dstates": last}
    if is_state or is_gradient:
        tables = {"states" if is_state else "dstates": first | last}
    for kind, table in tables.items():
        if order := order_of(parts, table, states):
            return f"{kind}/{','.join(order)}"
    return next(iter(tables)) if is_state or is_gradient else ""


def only_state(name: str, known: str, states: Sequence[str]) -> str:
    """What an argument is given that is called as all states are, where the cell has one and it is that; "" if none."""
    if len(states) != 1 or known not in ("", "state", "dstate", "size/H"):
        return ""
    if name in vocabulary.STATE_TUPLES:
        return f"state/{states[0]}"
    return f"dstate/{states[0]}" if name in vocabulary.STATE_GRADIENT_TUPLES else ""


def listed(parts: Parts, known: str, packs: Sequence[Packs]) -> str:
    """What a list of arrays of parameters is given: "packs/Wx,Wh,b", by the names of its parts; "" if it is none."""
    order = [parts.get(place, "") for place in range(max(parts, default=-1) + 1)]
    is_list = len(order) > 1 and any(all(name in reading for name in order) for reading in packs)
    return f"packs/{','.join(order)}" if is_list and known in ("", "params") else ""


def listed_gradients(roles: Iterable[str]) -> Outputs:
    """The names of gradients that come back as a list in the order of such parameters: "grads/0" of the first."""
    orders = [role.partition("/")[2].split(",") for role in roles if role.startswith("packs/")]
    pairs = [(place, name) for order in orders[:1] for place, name in enumerate(order)]
    return {f"{word}/{place}": f"pack/{name}" for word in vocabulary.PARAMETER_GRADIENTS for place, name in pairs}


def kept_gradients(owner: ast.AST, packs: Sequence[Packs]) -> Outputs:
    """The names of gradients that an object keeps as a list, in the order of the list of its parameters:
    `self.params = [Wx, Wh, b]`, or `Wx, Wh, b = self.params`.
    """
    for node in ast.walk(owner):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=kept)], value=ast.List(elts=parts) | ast.Tuple(elts=parts)):
                pass
            case ast.Assign(targets=[ast.Tuple(elts=parts) | ast.List(elts=parts)], value=ast.Attribute(attr=kept)):
                pass
            case _:
                continue
        order = dict(enumerate(getattr(part, "id", getattr(part, "attr", "")) for part in parts))
        role = listed(order, "", packs)
        if kept in vocabulary.PARAMETERS and role:
            return listed_gradients([role])
    return {}


def order_of(parts: Parts, table: Mapping[str, str], states: Sequence[str]) -> tuple[str, ...]:
    """The states in a tuple, by the names of its parts; () if these do not tell."""
    named = {place: table[part] for place, part in parts.items() if part in table}
    left = [state for state in states if state not in named.values()]
    if len(left) > 1 or len({*named.values()}) < len(named) or not named:
        return ()
    return tuple(named.get(place) or left[0] for place in range(len(states)))


def returned_by_place(gives: Names, keys: set[str], known: Mapping[str, str], states: Sequence[str]) -> Outputs:
    """The names of tuples of states that are returned, each part by its place: "dstate/0" is the first of them.

    keys: texts in the file, which may be keys of what is returned; known: the names of outputs.
    """
    parts = range(len(states))
    taken = [name for name in vocabulary.STATE_GRADIENTS if name in {*gives, *keys} and name not in known]
    if len(states) == 1:  # then it is the one state itself
        return {name: f"{states[0]}[0]" for name in taken}
    found = {f"{name}/{place}": PLACE.format(place) for name in taken for place in parts}
    for name in gives:
        if isinstance(name, tuple) and len(name) == len(states) and not any(part in known for part in name):
            found |= {part: PLACE.format(place) for place, part in enumerate(name)}
    return found


def has_unknown_order(sources: frozenset[str], outputs: Mapping[str, str]) -> bool:
    """Whether states come or go as a tuple whose order its names do not tell."""
    return bool(sources & {*ROLES.values()}) or PLACE.format(0) in outputs.values()


def has_tuples(roles: Sequence[str], gives: Names) -> bool:
    """Whether states or parameters are taken as a tuple, or anything is returned in a tuple in a tuple."""
    is_taken = any(role.partition("/")[0] in (*ROLES.values(), "packs") for role in roles)
    return is_taken or any(isinstance(name, tuple) for name in gives)


def named_in(gives: Names, outputs: Mapping[str, str], order: Sequence[str]) -> Names:
    """The names returned; in the place of a tuple whose parts are known by place alone, what they are: dh0, dW.

    order: that of the states.
    """
    places = {PLACE.format(place): f"d{state}0" for place, state in enumerate(order)}
    found: list[object] = []
    for name in gives:
        keys = name if isinstance(name, tuple) else [key for key in outputs if key.startswith(f"{name}/")]
        are = [outputs.get(key, "") for key in keys]
        is_known = bool(are) and all(what in places or what.startswith("pack/") for what in are)
        if is_known and (not isinstance(name, tuple) or are[0] in places):
            found.append(tuple(places.get(what, f"d{what.removeprefix('pack/')}") for what in are))
        else:
            found.append(name)
    return tuple(found)
