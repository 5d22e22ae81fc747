"""The numbers behind the symbolic sizes of a layer, from what it reads, its own size, and the others it was given."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from lstm_sym.equations import Cell
from lstm_sym.equations.sizes import is_composed, number_of, parts_of, with_composed
from lstm_sym.networks.errors import NetworkError

LARGEST = 2**40
"""The most numbers of one parameter."""


def layer_sizes(where: str, cell: Cell, inputs: int, size: int, others: Mapping[str, int]) -> dict[str, int]:
    """Name of a size -> its number. `inputs`: the units read; `size`: that of the first state, else of the output.

    Raises NetworkError: a size that nothing tells, one that no equation has, units that do not make whole blocks, and
    an input that leaves nothing for the first of several.
    """
    known = _own(where, cell, size) | _others(where, cell, others)
    first = cell.shapes[cell.inputs[0]][0]
    whole = cell.input_shape[0]
    try:
        known = with_composed({whole: inputs, **known}, {whole: parts_of(whole)} if is_composed(whole) else {})
    except ValueError as error:
        raise _misfit(where, cell, inputs, str(error)) from error
    if known.get(whole, inputs) != inputs:
        raise _misfit(where, cell, inputs, f"its input has the size of a state, {known[whole]}")
    missing = [name for name in cell.size_names if name not in known]
    if missing:
        raise NetworkError(
            where,
            f"the equations of {cell.key} have further sizes: {', '.join(missing)}",
            "sizes that neither what it reads nor its own size tells",
            f"give them: sizes = {{ {', '.join(f'{name} = {size}' for name in missing)} }}",
        )
    if known.get(first, 1) < 1:
        raise _misfit(where, cell, inputs, f"of which nothing is left for {cell.inputs[0]}")
    return known


def parameter_shapes(cell: Cell, sizes: Mapping[str, int], where: str) -> dict[str, tuple[int, ...]]:
    """Name of a parameter -> its shape. Raises NetworkError for one that no memory holds."""
    shapes = {name: tuple(number_of(size, sizes) for size in cell.shapes[name]) for name in cell.parameters}
    for name, shape in shapes.items():
        if prod(shape) > LARGEST:
            raise NetworkError(
                where,
                f"{name} would be {' × '.join(map(str, shape))} numbers",
                "a size with digits too many",
                "shrink it",
            )
    return shapes


def _own(where: str, cell: Cell, size: int) -> dict[str, int]:
    """The size of the first state, or of the output: a whole number of blocks where it is a multiple."""
    parts = parts_of(cell.shapes[(*cell.states, cell.output)[0]][0])
    name, count = next(iter(parts.items()))
    if len(parts) > 1 or count == 1:
        return {name: size}
    if size % count:
        raise NetworkError(
            where, f"size {size}", f"the states of {cell.key} come in blocks of {count}", f"give a multiple of {count}"
        )
    return {name: size // count}


def _others(where: str, cell: Cell, others: Mapping[str, int]) -> dict[str, int]:
    for name in others:
        if name not in cell.size_names:
            raise NetworkError(
                f"{where}, sizes",
                f"the equations of {cell.key} have no size {name}",
                "the name of a parameter or a quantity in place of a size",
                f"its sizes are {', '.join(cell.size_names)}; see `lstm-sym show {cell.key} --only symbols`",
            )
    return dict(others)


def _misfit(where: str, cell: Cell, inputs: int, why: str) -> NetworkError:
    several = f", which hold {', '.join(cell.inputs)}: {cell.input_shape[0]}" if len(cell.inputs) > 1 else ""
    return NetworkError(
        where,
        f"it reads {inputs} units{several}; {why}",
        "sizes of another cell, or layers that do not fit each other",
        "let the layer below give out as many units as this one reads",
    )
