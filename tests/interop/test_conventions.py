"""Each row of the layouts: cell -> arrays -> cell gives the same numbers, and arrays of the shapes that it states."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_sym.cells import built_in_names, cell
from lstm_sym.equations import load
from lstm_sym.interop.conventions import CONVENTIONS, Convention, from_cell, to_cell
from lstm_sym.interop.onnx.cells import OWN
from lstm_sym.networks import CellLayer, Network

ROWS = {f"{framework}, {kind}": row for framework, rows in CONVENTIONS.items() for kind, row in rows.items()}
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def drawn(row: Convention) -> dict[str, np.ndarray]:
    """Parameters of the cell of a row, with peepholes of 0 where it has no place for them."""
    sizes = {"C": 5} if row.projection else {}
    own_cell = cell(row.cell) if row.cell in built_in_names() else load(OWN / f"{row.cell}.toml")
    params = Network((CellLayer("layer", own_cell, 4, sizes),), 3).init(0)
    own = {name.removeprefix("layer."): value for name, value in params.items()}
    return own | {name: np.zeros_like(own[name]) for name in row.absent}


@every_row
def test_a_cell_comes_back_from_its_arrays(row: Convention) -> None:
    params = drawn(row)
    arrays = from_cell(row, params)
    assert {name: value.shape for name, value in arrays.items()} == row.shapes(arrays)
    assert arrays.keys() == set(row.names)
    found = to_cell(row, arrays)
    assert found.keys() == params.keys()
    for name, value in params.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-15, atol=1e-15)


@every_row
def test_the_blocks_stand_in_the_order_of_its_gates(row: Convention) -> None:
    """Of each gate W is filled with its place, and U with ten times its place."""
    params = drawn(row)
    places = {gate: k for k, gate in enumerate(row.gates) if gate not in row.unread}
    for gate, k in places.items():
        matrices = [f"{letter}_{gate}" if gate else letter for letter in "WU"]
        sign = -1 if gate in row.negated else 1
        params |= {name: np.full_like(params[name], sign * s * k) for name, s in zip(matrices, (1, 10), strict=True)}
    arrays = from_cell(row, params)
    for name, ten in ((row.input, 1), (row.recurrent, 10)):
        rows = arrays[name].T if row.transposed else arrays[name]
        blocks = np.split(rows, len(row.gates))
        assert [np.unique(block).tolist() for block in blocks] == [[ten * places.get(gate, 0)] for gate in row.gates]


@every_row
def test_without_biases_they_are_zero_but_for_what_is_added(row: Convention) -> None:
    arrays = from_cell(row, drawn(row))
    bare = to_cell(row, {name: value for name, value in arrays.items() if name not in row.biases})
    biases = {name: value for name, value in bare.items() if name.startswith("b")}
    assert biases and all(np.all(value == row.added.get(name[2:], 0)) for name, value in biases.items())
