"""Weights of a cell of one's own: a table says which array is which parameter, and what is wrong in it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.interop import InteropError, from_state_dict, mapped, read, to_state_dict
from lstm_sym.interop.conventions import KERAS, PYTORCH, from_cell
from lstm_sym.networks import CellLayer, Network

D, H = 3, 4
EQUATIONS = 'equations = """\nh[t] = 0.9 * h[t-1] + 0.1 * tanh(W @ x[t] + U @ h[t-1] + b)\n"""\n'
OF_PYTORCH = {
    f"{ours}_{gate}": {"array": f"{theirs}_l0", "rows": [k, 4]}
    for k, gate in enumerate("ifgo", 1)
    for ours, theirs in (("W", "weight_ih"), ("U", "weight_hh"))
} | {f"b_{g}": [{"array": f"bias_{way}_l0", "rows": [k, 4]} for way in ("ih", "hh")] for k, g in enumerate("ifgo", 1)}


def lstm_arrays(seed: int = 0) -> tuple[Network, dict[str, np.ndarray]]:
    network = Network((CellLayer("layer", ls.cell("lstm"), H),), D)
    return network, network.init(seed)


def test_a_table_of_the_layout_of_pytorch_gives_what_the_reader_of_pytorch_gives() -> None:
    network, params = lstm_arrays()
    arrays = to_state_dict(network, params) | {"bias_hh_l0": np.linspace(-1, 1, 4 * H)}
    ours, theirs = mapped(arrays, "lstm", OF_PYTORCH), from_state_dict(arrays)
    assert ours.network.shapes.keys() == {name.replace("layer0", "layer") for name in theirs.params}
    for name, value in theirs.params.items():
        assert np.array_equal(ours.params[name.replace("layer0", "layer")], value)
    assert "W_f (4, 3): weight_ih_l0, rows 2 of 4" in ours.told and ours.unused == ()


def test_transposed_columns_are_those_of_keras() -> None:
    network, params = lstm_arrays()
    arrays = from_cell(KERAS["LSTM"], {name.removeprefix("layer."): value for name, value in params.items()})
    table: dict[str, Any] = {}
    for k, gate in enumerate("ifgo", 1):
        table |= {
            f"{ours}_{gate}": {"array": theirs, "columns": [k, 4], "transpose": True}
            for ours, theirs in (("W", "kernel"), ("U", "recurrent_kernel"))
        }
        table[f"b_{gate}"] = {"array": "bias", "rows": [k, 4]}
    found = mapped(arrays, network, {"layer": table})
    assert all(np.array_equal(found.params[name], value) for name, value in params.items())


def test_a_cell_file_and_a_table_file_open_a_file_of_weights(tmp_path: Path) -> None:
    """h[t] = 0.9 h[t-1] + 0.1 tanh(W x[t] + U h[t-1] + b), by hand."""
    rng = np.random.default_rng(0)
    arrays = {"kernel": rng.standard_normal((D, H)), "rec": rng.standard_normal((H, H)), "other": np.zeros(2)}
    np.savez(tmp_path / "weights.npz", **arrays)
    (tmp_path / "leaky.toml").write_text(EQUATIONS, encoding="utf-8")
    (tmp_path / "map.toml").write_text(
        'W = { array = "kernel", transpose = true }\nU = { array = "rec", negate = true }\nb = 0.5\n', encoding="utf-8"
    )
    model = read(tmp_path / "weights.npz", into=tmp_path / "leaky.toml", table=tmp_path / "map.toml")
    x = rng.standard_normal((5, 1, D))
    y, _, _ = model.network.forward(x, model.params)
    h = np.zeros(H)
    for t in range(5):
        h = 0.9 * h + 0.1 * np.tanh(arrays["kernel"].T @ x[t, 0] - arrays["rec"] @ h + 0.5)
        assert relative_error(y[t, 0], h) <= 1e-14
    assert model.unused == ("other",) and model.network.name == "weights"
    assert model.told[1:] == ("U (4, 4): -rec", "b (4,): 0.5 everywhere")


def test_without_a_table_each_parameter_has_its_own_name() -> None:
    network, params = lstm_arrays()
    bare = {name.removeprefix("layer."): value for name, value in params.items()}
    assert all(np.array_equal(mapped(bare, "lstm").params[name], value) for name, value in params.items())
    assert all(np.array_equal(mapped(params, network).params[name], value) for name, value in params.items())


def test_sizes_follow_from_the_arrays_where_a_cell_has_several() -> None:
    """The projected LSTM has units of its own inside, C."""
    row = PYTORCH["LSTM with proj_size"]
    params = Network((CellLayer("layer", ls.cell(row.cell), 2, {"C": 5}),), D).init(0)
    model = mapped({name.removeprefix("layer."): value for name, value in params.items()}, row.cell)
    assert all(np.array_equal(model.params[name], value) for name, value in params.items())


BROKEN: dict[str, tuple[Any, Any, str]] = {
    "a parameter that is forgotten": ("rnn", {"W": "W", "U": "U"}, "b: the table does not say"),
    "an array that is not there": ("rnn", {"W": "w", "U": "U", "b": "b"}, "there is no array 'w'"),
    "a name of another cell": ("rnn", {"W": "W", "U": "U", "b": "b", "W_f": "W"}, "W_f: there is no such parameter"),
    "a block of too many": ("rnn", {"W": {"array": "W", "rows": [1, 3]}, "U": "U", "b": "b"}, "not 3 blocks of rows"),
    "a block beyond the last": ("rnn", {"W": {"array": "W", "rows": [3, 2]}, "U": "U", "b": "b"}, "rows: [3, 2]"),
    "an unknown key": ("rnn", {"W": {"array": "W", "row": [1, 2]}, "U": "U", "b": "b"}, "did you mean rows?"),
    "a transposed matrix": ("rnn", {"W": {"array": "W", "transpose": True}, "U": "U", "b": "b"}, "H = 3 elsewhere"),
    "a sum of two shapes": ("rnn", {"W": ["W", "U"], "U": "U", "b": "b"}, "a sum of arrays of the shapes"),
    "an entry of no form": ("rnn", {"W": True, "U": "U", "b": "b"}, "W: True"),
    "a vector for a matrix": ("rnn", {"W": "b", "U": "U", "b": "b"}, "in the equations it is H × D"),
    "numbers for all that has the input": ("rnn", {"W": 0.5, "U": "U", "b": "b"}, "no array tells the size D"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_in_a_table_is_said(name: str) -> None:
    into, table, told = BROKEN[name]
    rng = np.random.default_rng(0)
    arrays = {"W": rng.standard_normal((H, D)), "U": rng.standard_normal((H, H)), "b": rng.standard_normal(H)}
    with pytest.raises(InteropError) as error:
        mapped(arrays, into, table)
    assert told in str(error.value)


def test_a_table_without_a_cell_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", W=np.zeros((2, 2)))
    with pytest.raises(InteropError, match="without a cell"):
        read(tmp_path / "weights.npz", table={"W": "W"})
