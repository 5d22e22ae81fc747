"""In which convention a text may have its cell: 1 - z called z, one matrix for [h, x], no biases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lstm_sym.equations.cell import Cell
from lstm_sym.equations.conventions import biases, complemented, complemented_gates, joined, without_terms
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.names import Names, Reading
from lstm_sym.proofreading.tree import Node, Symbol


@dataclass(frozen=True)
class Convention:
    """A convention and the cell in it.

    kind: "joined", its name the order of the two; "complemented", its name the gate; "unbiased", without a name.
    """

    kind: str
    name: str
    cell: Cell = field(repr=False, compare=False)


def joined_conventions(cell: Cell, parts: Iterable[Node], names: Names) -> Iterator[Convention]:
    """One matrix for [h, x] or [x, h], where a text stacks the two."""
    first = {_first(node, names) for node in parts if isinstance(node, tree.Stack)}
    for state_first in (True, False):
        found = joined(cell, state_first=state_first) if state_first in first else None
        if found is not None:
            yield Convention("joined", "h, x" if state_first else "x, h", found)


def unbiased_conventions(cell: Cell, parts: Iterable[Node], names: Names) -> Iterator[Convention]:
    """No biases, where a text names none."""
    left_out = biases(cell)
    leaves = (names.leaf(node, Reading()) for node in parts if isinstance(node, Symbol))
    named = any(leaf.quantity.name in {*left_out, "b"} for leaf in leaves if leaf is not None)
    if left_out and not named:
        yield Convention("unbiased", "", without_terms(cell, left_out))


def complemented_conventions(cell: Cell, parts: Iterable[Node], names: Names) -> Iterator[Convention]:
    """1 - z called z, for every gate that shares out."""
    for gate in complemented_gates(cell):
        yield Convention("complemented", gate, complemented(cell, gate))


def _first(stack: tree.Stack, names: Names) -> bool | None:
    """Whether a stack of two has the input behind something else; None where it is no such stack."""
    if len(stack.parts) != 2:
        return None
    inputs = [_is_input(part, names) for part in stack.parts]
    return inputs[1] if inputs.count(True) == 1 else None


def _is_input(part: Node, names: Names) -> bool:
    leaf = names.leaf(part, Reading()) if isinstance(part, Symbol) else None
    return leaf is not None and leaf.quantity.kind == "forward" and leaf.quantity.name == names.derivation.cell.input
