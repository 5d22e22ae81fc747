"""Cells that somebody may have written instead of a cell, with the parameters of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from lstm_sym.audit.forward.rewrites import rewritten
from lstm_sym.cells.built_in import built_in_cell, built_in_names
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.conventions import without_terms
from lstm_sym.equations.errors import CellError

Given = TypeVar("Given")


@dataclass(frozen=True)
class Variant:
    """Another cell with the parameters of the one that was asked for; key, facts: the sentence that says which."""

    cell: Cell
    key: str
    facts: Mapping[str, str]


def other_cells(cell: Cell) -> Iterator[Variant]:
    """Those of the catalogue, those of other functions that the cell leaves open, those with one equation changed."""
    yield from in_catalogue(cell)
    for name, option in cell.options.items():
        for choice in option.choices:
            if choice != cell.chosen.get(name):
                yield Variant(cell.with_options(**{name: choice}), "audit.forward.set", {"setting": f"{name}={choice}"})
    yield from with_one_changed(cell)


def in_catalogue(cell: Cell) -> Iterator[Variant]:
    """Cells of the catalogue with these states and parameters; vectors that they have besides, biases, are left out."""
    for name in built_in_names():
        other = built_in_cell(name)
        lacking = [extra for extra in other.parameters if extra not in cell.parameters]
        if name == cell.key or {*other.states} != {*cell.states} or other.output != cell.output:
            continue
        found = _made(without_terms, other, lacking)
        if found is not None and _is_like(found, cell):
            facts = {"cell": name, "zero": ", ".join(lacking)}
            yield Variant(found, "audit.forward.catalogue_without" if lacking else "audit.forward.catalogue", facts)


def with_more_parameters(cell: Cell) -> Iterator[Variant]:
    """Cells of the catalogue with these states that have these parameters and others besides."""
    for other in map(built_in_cell, built_in_names()):
        is_like = {*other.states} == {*cell.states} and other.output == cell.output
        if is_like and {*other.parameters} > {*cell.parameters}:
            yield Variant(other, "audit.forward.catalogue", {"cell": other.key})


def with_one_changed(cell: Cell) -> Iterator[Variant]:
    """The cell with one thing in one equation changed."""
    seen: set[tuple[str, str]] = set()
    every = [(equation.target, new) for equation in cell.equations for new in rewritten(equation.expression)]
    whole = {equation.target: equation.expression for equation in cell.equations}
    for target, new in every:
        if (target, str(new)) in seen or new == whole[target]:
            continue
        seen.add((target, str(new)))
        found = _made(Cell.with_right_sides, cell, {target: new})
        if found is not None and _is_like(found, cell):
            facts = {"own": f"{target}[t] = {new}", "right": f"{target}[t] = {whole[target]}"}
            yield Variant(found, "audit.forward.equation", facts)


def _made(make: Callable[[Cell, Given], Cell], cell: Cell, given: Given) -> Cell | None:
    """Another cell made of this one; None where that is no cell."""
    try:
        return make(cell, given)
    except CellError:
        return None


def _is_like(found: Cell, cell: Cell) -> bool:
    """Whether it has the parameters, the states and the shapes of the other."""
    names = {*cell.parameters, *cell.states, cell.input}
    is_same = {*found.parameters, *found.states, found.input} == names
    return is_same and all(found.shapes[name] == cell.shapes[name] for name in names if name)
