"""Weights of a model that no framework's layout describes: a table says which array is which parameter."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from lstm_sym.cells import cell as of_catalogue
from lstm_sym.equations import Cell, load
from lstm_sym.equations.sizes import is_composed, parts_of, with_composed
from lstm_sym.interop.conventions import Arrays
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.model import Model, refuse_not_finite
from lstm_sym.interop.table import Place, Table, places, value_of
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Network

Target = Cell | Network | str | os.PathLike[str]
"""What the parameters are of: a network, or a cell, its name in the catalogue, or its file."""


def mapped(arrays: Arrays, into: Target, table: Table | None = None, *, name: str = "model") -> Model:
    """A network whose parameters are arrays of a file, as a table says; without a table each by its own name.

    Of a cell one layer is made, whose sizes follow from the shapes of the arrays. The table has the parameters as the
    cell or the network calls them (`lstm_sym.interop.table`).

    Raises InteropError: a parameter without an array, an array that is not there, a table of another form, shapes that
    do not fit the equations, NaN; CellError for a cell or a table that cannot be read, NetworkError for other shapes.
    """
    refuse_not_finite(arrays)
    target = into if isinstance(into, Cell | Network) else _cell(os.fspath(into))
    names = tuple(target.shapes) if isinstance(target, Network) else target.parameters
    found = places(table, names)
    values = {one: value_of(place, arrays, one) for one, place in found.items()}
    network, prefix = (target, "") if isinstance(target, Network) else (_network(target, values, name), "layer.")
    params = {prefix + one: np.asarray(value) for one, value in values.items()}
    for one, shape in network.shapes.items():
        params[one] = np.full(shape, params[one]) if params[one].ndim == 0 else params[one]
    taken = {part.array for place in found.values() if isinstance(place, tuple) for part in place}
    told = tuple(f"{one} {network.shapes[prefix + one]}: {_text(place)}" for one, place in found.items())
    return Model(network, network.checked(name, params), told, tuple(key for key in arrays if key not in taken))


def _cell(given: str) -> Cell:
    return load(given) if given.endswith(".toml") or os.sep in given else of_catalogue(given)


def _text(place: Place) -> str:
    return " + ".join(map(str, place)) if isinstance(place, tuple) else f"{place:g} everywhere"


def _network(cell: Cell, values: Mapping[str, Array | float], name: str) -> Network:
    """One layer of a cell, with the sizes that its arrays have."""
    inputs, state = cell.input_shape[0], cell.shapes[(*cell.states, cell.output)[0]][0]
    sizes = _sizes(cell, values, (inputs, state))
    if missing := [size for size in (inputs, state) if size not in sizes]:
        raise InteropError(
            cell.key,
            f"no array tells the size {missing[0]}",
            "numbers in the table where an array belongs, or a cell without a matrix of this size",
            "give the network file that has the sizes, in place of the cell",
        )
    told = {*parts_of(inputs), *parts_of(state)}
    others = {one: sizes[one] for one in cell.size_names if one in sizes and one not in told}
    return Network((CellLayer("layer", cell, sizes[state], others),), sizes[inputs], name=name)


def _sizes(cell: Cell, values: Mapping[str, Array | float], wanted: tuple[str, ...]) -> dict[str, int]:
    """The number behind each size of the equations, and those wanted. Raises InteropError where arrays do not agree."""
    known: dict[str, int] = {}
    for name, value in values.items():
        if not isinstance(value, np.ndarray):
            continue
        axes, named = cell.shapes[name], " × ".join(cell.shapes[name])
        if value.ndim != len(axes):
            raise _misfit(name, f"its shape is {value.shape}, and in the equations it is {named or 'a number'}")
        for axis, size in zip(axes, value.shape, strict=True):
            if known.setdefault(axis, size) != size:
                raise _misfit(name, f"its shape is {value.shape} for {named}, and {axis} = {known[axis]} elsewhere")
    composed = {size: parts_of(size) for size in (*known, *wanted) if is_composed(size)}
    try:
        return with_composed(known, composed)
    except ValueError as error:
        raise _misfit(cell.key, str(error)) from error


def _misfit(where: str, found: str) -> InteropError:
    return InteropError(
        where,
        found,
        "a matrix that is transposed, or blocks of another number of gates",
        "weights are (rows of the result, columns of what is read): say transpose = true, or rows = [1, 4]",
    )
