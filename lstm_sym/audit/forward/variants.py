"""Cells that somebody may have written instead of a cell, with the parameters of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lstm_sym.audit.forward.rewrites import changed, rewritten
from lstm_sym.cells.built_in import built_in_cell, built_in_names
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Binary, Expression, Name


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
        expressions = [_without(equation.expression, lacking) for equation in other.equations]
        found = _rewritten(other, dict(zip((e.target for e in other.equations), expressions, strict=True)))
        if found is not None and _is_like(found, cell):
            facts = {"cell": name, "zero": ", ".join(lacking)}
            yield Variant(found, "audit.forward.catalogue_without" if lacking else "audit.forward.catalogue", facts)


def with_one_changed(cell: Cell) -> Iterator[Variant]:
    """The cell with one thing in one equation changed."""
    seen: set[tuple[str, str]] = set()
    every = [(equation.target, new) for equation in cell.equations for new in rewritten(equation.expression)]
    whole = {equation.target: equation.expression for equation in cell.equations}
    for target, new in every:
        if (target, str(new)) in seen or new == whole[target]:
            continue
        seen.add((target, str(new)))
        found = _rewritten(cell, {target: new})
        if found is not None and _is_like(found, cell):
            facts = {"own": f"{target}[t] = {new}", "right": f"{target}[t] = {whole[target]}"}
            yield Variant(found, "audit.forward.equation", facts)


def _without(expression: Expression, names: list[str]) -> Expression:
    """A right side without these addends."""

    def rule(node: Expression) -> Iterator[Expression]:
        for kept, left in ((node.left, node.right), (node.right, node.left)) if isinstance(node, Binary) else ():
            if isinstance(node, Binary) and node.operator == "+" and isinstance(left, Name) and left.name in names:
                yield kept

    while shorter := next(changed(expression, rule), None):
        expression = shorter
    return expression


def _rewritten(cell: Cell, expressions: Mapping[str, Expression]) -> Cell | None:
    """The cell with these right sides; None where that is no cell."""
    try:
        return cell.with_right_sides(expressions)
    except CellError:
        return None


def _is_like(found: Cell, cell: Cell) -> bool:
    """Whether it has the parameters, the states and the shapes of the other."""
    names = {*cell.parameters, *cell.states, cell.input}
    is_same = {*found.parameters, *found.states, found.input} == names
    return is_same and all(found.shapes[name] == cell.shapes[name] for name in names if name)
