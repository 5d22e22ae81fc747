"""Few cells that show every feature that any of many has: for what depends on the feature and not on the cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lstm_sym.equations import Cell
from lstm_sym.equations.expressions import Binary, Call, MatrixProduct
from lstm_sym.equations.sizes import is_composed


def features(cell: Cell) -> set[object]:
    """What a cell's equations are made of: kinds of nodes, functions, operators, and what the cell declares."""
    nodes = [node for equation in cell.equations for node in equation.expression.walk()]
    found: set[object] = {type(node) for node in nodes}
    found |= {node.function for node in nodes if isinstance(node, Call)}
    found |= {node.operator for node in nodes if isinstance(node, Binary)}
    found |= {("transposed", node.transposed) for node in nodes if isinstance(node, MatrixProduct)}
    found |= {("sizes", len(cell.size_names)), ("one state", len(cell.states) == 1), ("input", bool(cell.input))}
    declared = {"options": cell.options, "initial": cell.initial, "constants": cell.constants}
    declared["output that is no state"] = cell.output not in cell.states
    declared["composed size"] = any(is_composed(size) for shape in cell.shapes.values() for size in shape)
    declared["vector of scalars"] = any(shape == () for shape in cell.shapes.values())
    return found | {name for name, there in declared.items() if there}


def representatives(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """A few of the cells, with every feature there is among them: the one that adds most first, then the next."""
    of = {name: features(cell) for name, cell in cells.items()}
    missing, chosen = set().union(*of.values()), []
    while missing:
        chosen.append(max(of, key=lambda name: len(of[name] & missing)))
        missing -= of[chosen[-1]]
    return {name: cells[name] for name in cells if name in chosen}


def each(cells: Mapping[str, Cell]) -> list[Any]:
    """The names of cells as parameters of a test: of the representatives always, of the others in the long tests."""
    few = representatives(cells)
    return [name if name in few else pytest.param(name, marks=pytest.mark.long) for name in cells]
