"""The arrangements that an interface may have, those first that people use most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, permutations, product
from typing import Any

from lstm_sym.audit.interface.description import Arrangement, Interface, Packs
from lstm_sym.audit.interface.gates import Gates, blocks, permutations_by_use, shares
from lstm_sym.audit.interface.tuples import has_unknown_order

ROWS = ("TBD", "BTD", "TD")
COLUMNS = ("TDB", "DBT", "TD1")
"""Axes of x, where a vector is a row, and where it is a column."""

VECTORS = {**dict.fromkeys(ROWS, ("H", "1H")), **dict.fromkeys(COLUMNS, ("H1", "H"))}
"""How a bias lies beside them."""


def arrangements(interface: Interface, gates: Gates, states: Sequence[str]) -> list[Arrangement]:
    """All of them, for a cell of these gates and states."""
    sequences = [axes for axes in (*ROWS, *COLUMNS) if interface.by == "batch" or axes.startswith("T")]
    lasts = (False, True) if "dy" in interface.sources and interface.by == "batch" else (False,)
    tuples = list(permutations(states)) if has_unknown_order(interface.sources, interface.outputs) else [()]
    found = []
    for reading, packs in enumerate(interface.packs):
        stored = (False, True) if any(p.kinds != ("1",) for p in packs.values()) else (False,)
        orders = list(product(joinings(packs), gate_orders(packs, gates)))
        inside = (True, False) if interface.has_loss else (False,)
        for sequence, turned, place, last, tokens, of in product(sequences, stored, (0, 1), lasts, inside, tuples):
            given = sequence, turned, VECTORS[sequence][place], last
            found += [Arrangement(*given, side, order, reading, tokens, of) for side, order in orders]
    return sorted(found, key=lambda a: (a.last, a.reading, a.vector != VECTORS[a.sequence][0]))


def joinings(packs: Packs) -> list[tuple[str, ...]]:
    """The orders in which the weights of state and input may stand side by side, the bias too if it has no name."""
    if not any(pack.is_joined for pack in packs.values()):
        return [("h", "x")]
    found: list[tuple[str, ...]] = [("h", "x"), ("x", "h")]
    if not any(pack.kinds in (("1",), ("1h",)) for pack in packs.values()):
        found += sorted(permutations(("1", "x", "h")), key=lambda order: order[1] == "1")
    return found


def gate_orders(packs: Packs, gates: Gates) -> tuple[tuple[str, ...], ...]:
    """The orders of the gates, if any array holds several."""
    several = any(not pack.gates and not pack.parameter for pack in packs.values()) and len(gates) > 1
    return permutations_by_use(tuple(gates)) if several else ((),)


def specification(interface: Interface, arrangement: Arrangement, gates: Gates) -> dict[str, Any]:
    """An arrangement as the child process takes it, the blocks of each array of parameters worked out."""
    return {**head(arrangement), "packs": pack_rows(interface, arrangement, gates)}


def head(arrangement: Arrangement) -> dict[str, Any]:
    """All of it but what is in the arrays of parameters."""
    return {
        "sequence": arrangement.sequence,
        "turned": arrangement.turned,
        "vector": arrangement.vector,
        "last": arrangement.last,
        "tokens": arrangement.tokens,
        "states": arrangement.states,
    }


def pack_rows(interface: Interface, arrangement: Arrangement, gates: Gates) -> dict[str, Any]:
    """The user's arrays, each with the parameters in it and its share of them."""
    return {
        name: {"blocks": rows, "shares": shares(pack, arrangement, gates)}
        for name, pack in interface.packs[arrangement.reading].items()
        if (rows := blocks(pack, arrangement, gates))
    }


def trial(interface: Interface, tried: list[Arrangement], gates: Gates) -> dict[str, Any]:
    """All of them for a trial: those of one kind follow each other, and what is in their arrays stands in one list."""
    contents: dict[tuple[object, ...], int] = {}
    packs: list[dict[str, Any]] = []
    kinds: list[dict[str, Any]] = []
    for _, same in groupby(enumerate(tried), key=lambda pair: pair[1].kind):
        group = list(same)
        kinds.append({**head(group[0][1]), "first": group[0][0], "packs": []})
        for _, one in group:
            content = one.reading, one.joined, one.gates
            if content not in contents:
                contents[content] = len(packs)
                packs.append(pack_rows(interface, one, gates))
            kinds[-1]["packs"].append(contents[content])
    return {"kinds": kinds, "packs": packs}
