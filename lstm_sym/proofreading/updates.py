"""Lines that change what their left side was: a += b, a = a + b, a = a * b; and what a step sends to the one before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from lstm_sym.equations.cell import Cell
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.entries import Entry
from lstm_sym.proofreading.names import own_key
from lstm_sym.proofreading.parser import Line
from lstm_sym.proofreading.tree import Leaf, Node, Partial, Quantity, Symbol

ADDED = ("+=", r"\mathrel{+}=", r"\mathrel{+}{=}", r"\mathrel{+=}")
"""How a formula says that it adds to its left side."""
MAX_TERMS = 8
"""The most terms of a line of which parts are tried together."""


def update_key(symbol: Symbol) -> str:
    """The key of what a line changes: dc[t] and dc[t-1] are not one."""
    return f"{own_key(symbol)}@{symbol.time or 0}"


def last_updates(entries: Sequence[Entry]) -> dict[str, int]:
    """update_key of what lines add to -> the place of the last of them."""
    found = {}
    for place, entry in enumerate(entries):
        left = entry.line.sides[0] if entry.line else None
        if entry.line and isinstance(left, Symbol) and is_update(entry.line) and is_sum(entry.line):
            found[update_key(left)] = place
    return found


def is_update(line: Line) -> bool:
    """Whether a line makes its left side of what that was."""
    left = line.sides[0]
    if not isinstance(left, Symbol) or len(line.sides) != 2:
        return False
    own = own_key(left)
    inside = [n for n in line.sides[1].walk() if isinstance(n, Symbol) and own_key(n) == own and n.time == left.time]
    return line.adds or bool(inside)


def is_sum(line: Line) -> bool:
    """Whether an update adds something to what its left side was; else it multiplies it."""
    left, right = line.sides[0], line.sides[-1]
    terms = [term for _, term in right.terms] if isinstance(right, tree.Sum) else []
    return line.adds or any(
        isinstance(term, Symbol) and isinstance(left, Symbol) and update_key(term) == update_key(left) for term in terms
    )


def without_self(node: Node, key: str) -> Node:
    """A sum without the term that is the left side itself."""
    if isinstance(node, tree.Sum):
        terms = tuple(t for t in node.terms if not (isinstance(t[1], Symbol) and update_key(t[1]) == key))
        return tree.total(terms)
    return node


def resolved_with(node: Node, key: str, start: Node, leaves: Callable[[Node], Node]) -> Node:
    """A formula in which the name of the left side stands for what it was before; leaves: what others stand for."""
    if isinstance(node, Symbol) and update_key(node) == key:
        return start
    if isinstance(node, Symbol | Partial):
        return leaves(node)
    changed = node.mapped(lambda child: resolved_with(child, key, start, leaves))
    return tree.total(changed.terms) if isinstance(changed, tree.Sum) else changed


def sent(node: Node, states: Collection[str]) -> Node:
    """With the part of the adjoint of a state a step before that this step sends there."""
    if isinstance(node, Leaf) and node.quantity.kind == "adjoint" and node.time == -1:
        is_state = node.quantity.name in states
        return replace(node, quantity=Quantity("carried", node.quantity.name)) if is_state else node
    return node.mapped(lambda part: sent(part, states))


def starts(target: Leaf, cell: Cell) -> Iterator[Node]:
    """What a quantity may be before a first line adds to it."""
    name = target.quantity.name
    if target.quantity.kind != "carried":
        if name in cell.states:
            yield Leaf(Quantity("carried", name), target.time)
        if name == cell.output:
            yield Leaf(Quantity("dy"), target.time)
    yield tree.Number(0, "0")
    if target.quantity.kind != "carried":
        yield target


def some_terms(line: Node | None) -> Iterator[Node]:
    """Every part of a sum that is a term of it, or several: what some of the lines add that make it together."""
    terms = line.terms if isinstance(line, tree.Sum) else ()
    for size in range(1, len(terms)) if len(terms) <= MAX_TERMS else ():
        yield from map(tree.total, combinations(terms, size))
