"""Mistakes in what is packed together: gates of one array in another order, batch and time mixed by a reshape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import TypeAlias

from lstm_sym.interpreter.loop import Total
from lstm_sym.mistakes.context import ADJOINTS, Context, Resummed, Rewrite, Says
from lstm_sym.mistakes.edits import Edit, Part, parts
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Statement, Term
from lstm_sym.program.values import Value

Read: TypeAlias = tuple[str, tuple[str, ...]]
Gate: TypeAlias = dict[Read, Accumulate]
"""With what an adjoint is multiplied, and the shape of that -> the gradient of the parameter."""

MIXED = {Total.MIXED: "batch and time mixed", Total.MIXED_BACK: "batch and time mixed the other way"}
"""What a reshape does to the rows of two sides -> the kind of rewrite."""

ORDERED = 4
"""So many gates are tried in every order; of more, two at a time change places."""


def in_packs(context: Context) -> Iterator[Rewrite]:
    """Every rewrite of these kinds."""
    gates = _gates(context)
    for pack in _packs(gates):
        for first, second in combinations(pack, 2):
            yield from _swapped(first, second, gates)
        orders = permutations(pack) if len(pack) <= ORDERED else ()
        for order in orders:
            moved = sum(a != b for a, b in zip(pack, order, strict=True))
            if moved > 2:
                yield _reordered(pack, order, gates)
        for first, second in combinations(pack, 2):
            yield _taken_for_another(first, second, context)
    for statement in context.backward.statements:
        yield from _mixed(statement, context)


def _gates(context: Context) -> dict[Value, Gate]:
    """Adjoint of a pre-activation -> the gradients of parameters that are nothing but it times something."""
    found: dict[Value, Gate] = {}
    for statement in context.backward.statements:
        if isinstance(statement, Accumulate) and len(statement.contributions) == 1:
            [part] = statement.contributions
            key = str(part.right), statement.target.shape
            if part.left.role in ADJOINTS:
                found.setdefault(part.left, {})[key] = statement
    return found


def _packs(gates: dict[Value, Gate]) -> list[list[Value]]:
    """Gates with parameters of the same kinds, at least two of them in common: those people put into one array."""
    packs: list[list[Value]] = []
    for gate, gradients in gates.items():
        fitting = [pack for pack in packs if len(gates[pack[0]].keys() & gradients.keys()) > 1]
        if fitting:
            fitting[0].append(gate)
        else:
            packs.append([gate])
    return packs


def _swapped(first: Value, second: Value, gates: dict[Value, Gate]) -> Iterator[Rewrite]:
    """The gradients of two gates in each other's place: one kind of parameter alone, and all of them."""
    pairs = [(gates[first][key], gates[second][key]) for key in gates[first] if key in gates[second]]
    for one, other in pairs:
        says: Says = (one.target, " and ", other.target, " stand in each other's place")
        yield Rewrite(_exchanged([(one, other), (other, one)]), "gates swapped", str(other.target), says)
    if len(pairs) > 1:
        both = [pair for one, other in pairs for pair in ((one, other), (other, one))]
        says = ("all gradients made of ", first, " stand in the place of those made of ", second, ", and the other way")
        yield Rewrite(_exchanged(both), "gates swapped", f"{first} {second}", says)


def _reordered(pack: Sequence[Value], order: Sequence[Value], gates: dict[Value, Gate]) -> Rewrite:
    """The gradients of all gates in another order."""
    common = set.intersection(*(set(gates[gate]) for gate in pack))
    pairs = [
        (gates[place][key], gates[gate][key])
        for place, gate in zip(pack, order, strict=True)
        for key in gates[place]
        if key in common and place != gate
    ]
    shown = [part for gate in order for part in (", ", gate)][1:]
    says: Says = ("the gradients of the gates stand in the order of ", *shown)
    return Rewrite(_exchanged(pairs), "gates in another order", " ".join(map(str, order)), says)


def _exchanged(pairs: Sequence[tuple[Accumulate, Accumulate]]) -> tuple[Edit, ...]:
    """The gradient of each first with what the second is made of."""
    return tuple(Edit(one.target, 0, other.contributions[0]) for one, other in pairs)


def _taken_for_another(first: Value, second: Value, context: Context) -> Rewrite:
    """Two adjoints in each other's place in all that reads them: one array of both, cut up in another order."""
    other = {first: second, second: first}
    edits = [
        Edit(statement.target, place, _renamed(part, other))
        for statement in context.backward.statements
        for place, part in enumerate(parts(statement))
        if isinstance(statement, Affine | Accumulate) and {first, second} & set(_reads(part))
    ]
    says: Says = (first, " and ", second, " stand in each other's place wherever they are read")
    return Rewrite(tuple(edits), "adjoints of gates swapped", f"{first} {second}", says)


def _reads(part: Part) -> tuple[Value, ...]:
    return part.reads() if isinstance(part, Term | Contribution) else ()


def _renamed(part: Part, other: dict[Value, Value]) -> Part:
    if isinstance(part, Term):
        return replace(part, operand=other.get(part.operand, part.operand) if part.operand is not None else None)
    assert isinstance(part, Contribution)
    return replace(part, left=other.get(part.left, part.left))


def _mixed(statement: Statement, context: Context) -> Iterator[Rewrite]:
    """Rows (t, b) of one side beside rows (b, t) of the other; the steps of dx in another order."""
    target = statement.target
    if target in context.backward.outputs:
        says: Says = (target, ": the steps stand in the order of the backward loop, the last one first")
        yield Rewrite((Resummed(target, Total.REVERSED),), "steps in reverse", "", says)
        for how, kind in MIXED.items():
            yield Rewrite((Resummed(target, how),), kind, "", (target, ": a reshape has mixed batch and time"), "dx")
    if isinstance(statement, Accumulate) and len(target.shape) == 2 and statement.contributions:
        right = statement.contributions[0].right
        for how, kind in MIXED.items() if right is not None else ():
            assert right is not None
            says = (target, ": of ", statement.contributions[0].left, " and ", right)
            says = (*says, " one has its rows batch first, the other time first")
            yield Rewrite((Resummed(target, how),), kind, "", says, right.name)
