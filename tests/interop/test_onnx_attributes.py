"""Every attribute of the recurrent operators, against the equations of the specification written out step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import interop
from lstm_sym.check import check_cell, relative_error
from lstm_sym.interop import InteropError

pytest.importorskip("onnx", reason="the extra weights reads ONNX")
from interop.onnx_cases import FUNCTIONS, B, D, H, T, arrays, by_hand, fed, one_node, settings_of

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM": ("LSTM", {}),
    "LSTM, clip": ("LSTM", {"clip": 0.5}),
    "LSTM, input_forget": ("LSTM", {"input_forget": 1}),
    "GRU": ("GRU", {}),
    "GRU, linear_before_reset": ("GRU", {"linear_before_reset": 1}),
    "GRU, linear_before_reset, clip": ("GRU", {"linear_before_reset": 1, "clip": 0.5}),
    "RNN": ("RNN", {}),
    "RNN, clip": ("RNN", {"clip": 0.5}),
}
VARIANTS |= {f"{name}, peepholes": variant for name, variant in VARIANTS.items() if variant[0] == "LSTM"}
DIRECTIONS = {"forward": (1,), "reverse": (-1,), "bidirectional": (1, -1)}


def ran(tmp_path: Path, operator: str, given: dict[str, np.ndarray], **settings: Any) -> Any:
    path = tmp_path / "m.onnx"
    path.write_bytes(one_node(operator, given, **settings))
    return interop.run_onnx(path, fed(given))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_in_each_direction(tmp_path: Path, variant: str, direction: str) -> None:
    operator, settings = VARIANTS[variant]
    given = arrays(operator, len(DIRECTIONS[direction]), peepholes="peepholes" in variant)
    found = ran(tmp_path, operator, given, direction=direction, **settings)
    wanted = by_hand(operator, given, directions=DIRECTIONS[direction], **settings)
    assert found.Y.dtype == np.float32 and found.Y_h.shape == (len(DIRECTIONS[direction]), B, H)
    assert relative_error(found.Y, wanted) <= 1e-6
    lengths = given["sequence_lens"]
    for way, step in enumerate(DIRECTIONS[direction]):
        last = [wanted[length - 1 if step > 0 else 0, way, b] for b, length in enumerate(lengths)]
        assert relative_error(found.Y_h[way], np.array(last)) <= 1e-6
    assert (found.Y_c is None) == (operator != "LSTM")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_activation_at_each_place_of_an_lstm(tmp_path: Path, name: str, place: int) -> None:
    names = ["Sigmoid", "Tanh", "Tanh"]
    names[place] = name
    given = arrays("LSTM", peepholes=True)
    given["R"] /= 4  # functions without a bound must not grow beyond it
    found = ran(tmp_path, "LSTM", given, **settings_of(names))
    assert relative_error(found.Y, by_hand("LSTM", given, names)) <= 1e-5


@pytest.mark.parametrize("operator", ["GRU", "RNN"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_activation_of_a_gru_and_of_an_rnn(tmp_path: Path, name: str, operator: str) -> None:
    names = [name] if operator == "RNN" else ["HardSigmoid", name]
    given = arrays(operator)
    given["R"] /= 4
    found = ran(tmp_path, operator, given, clip=2.0, **settings_of(names))
    assert relative_error(found.Y, by_hand(operator, given, names, clip=2.0)) <= 1e-5


def test_what_a_file_does_not_say_is_as_the_operators_of_onnx_have_it(tmp_path: Path) -> None:
    given = arrays("RNN")
    for name, numbers in {"LeakyRelu": [0.01], "HardSigmoid": [0.2, 0.5], "Elu": [1.0], "Affine": [1.0, 0.0]}.items():
        told = {"activation_alpha": numbers[:1]} | ({"activation_beta": numbers[1:]} if numbers[1:] else {})
        usual, said = (ran(tmp_path, "RNN", given, activations=[name], **more).Y for more in ({}, told))
        assert np.array_equal(usual, said)


def test_alpha_and_beta_go_to_the_functions_that_have_them(tmp_path: Path) -> None:
    given = arrays("LSTM")
    found = ran(tmp_path, "LSTM", given, **settings_of(["Sigmoid", "LeakyRelu", "HardSigmoid"]))
    assert relative_error(found.Y, by_hand("LSTM", given, ["Sigmoid", "LeakyRelu", "HardSigmoid"])) <= 1e-5


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_layout_with_sequences_first(tmp_path: Path, direction: str) -> None:
    given = arrays("LSTM", len(DIRECTIONS[direction]))
    wanted = ran(tmp_path, "LSTM", given, direction=direction)
    turned = given | {name: given[name].swapaxes(0, 1) for name in ("X", "initial_h", "initial_c")}
    found = ran(tmp_path, "LSTM", turned, direction=direction, layout=1)
    assert np.array_equal(found.Y, wanted.Y.transpose(2, 0, 1, 3))
    assert np.array_equal(found.Y_h, wanted.Y_h.swapaxes(0, 1))
    assert np.array_equal(found.Y_c, wanted.Y_c.swapaxes(0, 1))


def test_each_direction_may_have_activations_of_its_own(tmp_path: Path) -> None:
    """A layer has one cell: it is run, and no network is made of it."""
    given = arrays("RNN", 2)
    found = ran(tmp_path, "RNN", given, direction="bidirectional", activations=["Tanh", "Softsign"])
    for way, name in enumerate(["Tanh", "Softsign"]):
        own = {
            key: value[way : way + 1] if key in ("W", "R", "B", "initial_h") else value for key, value in given.items()
        }
        wanted = by_hand("RNN", own, [name], directions=[1 - 2 * way])
        assert relative_error(found.Y[:, way], wanted[:, 0]) <= 1e-6
    with pytest.raises(InteropError, match="its two directions have different ones"):
        interop.read(tmp_path / "m.onnx")


def test_without_lengths_states_and_biases(tmp_path: Path) -> None:
    given = arrays("GRU", states=False)
    bare = {name: value for name, value in given.items() if name not in ("sequence_lens", "B")}
    whole = given | {"sequence_lens": np.full(B, T), "B": np.zeros_like(given["B"])}
    assert relative_error(ran(tmp_path, "GRU", bare).Y, by_hand("GRU", whole)) <= 1e-6


CATALOGUE = {
    "lstm": ("LSTM", {}, False),
    "lstm_peephole": ("LSTM", {}, True),
    "lstm_coupled": ("LSTM", {"input_forget": 1}, False),
    "lstm_coupled_peephole": ("LSTM", {"input_forget": 1}, True),
    "gru": ("GRU", {}, False),
    "gru_reset_after": ("GRU", {"linear_before_reset": 1}, False),
    "rnn": ("RNN", {}, False),
}


@pytest.mark.parametrize("key", CATALOGUE)
def test_the_cell_is_that_of_the_catalogue_where_there_is_one(tmp_path: Path, key: str) -> None:
    operator, settings, peepholes = CATALOGUE[key]
    (tmp_path / "m.onnx").write_bytes(one_node(operator, arrays(operator, peepholes=peepholes), **settings))
    model = interop.read(tmp_path / "m.onnx")
    assert model.network.layers[0].cell.key == key
    assert key not in ls.names() or model.network.layers[0].cell == ls.cell(key)
    assert model.network.widths == (D, H)


def test_functions_that_a_cell_leaves_open_are_chosen(tmp_path: Path) -> None:
    given = arrays("LSTM", peepholes=True)
    (tmp_path / "m.onnx").write_bytes(one_node("LSTM", given, activations=["Sigmoid", "Sigmoid", "Affine"]))
    read = interop.read(tmp_path / "m.onnx").network.layers[0].cell
    assert read == ls.cell("lstm_peephole", phi_s="sigmoid", phi_h="identity")


def odd_model(tmp_path: Path) -> interop.Model:
    names = ["HardSigmoid", "Elu", "ScaledTanh"]
    given = arrays("LSTM", 2, peepholes=True)
    (tmp_path / "odd.onnx").write_bytes(
        one_node("LSTM", given, direction="bidirectional", clip=3.0, input_forget=1, **settings_of(names * 2))
    )
    return interop.read(tmp_path / "odd.onnx")


def test_how_it_was_read_is_told(tmp_path: Path) -> None:
    [told] = odd_model(tmp_path).told
    for part in (
        "rows in the order i o f g",
        "two biases added",
        "both directions",
        "HardSigmoid(0.25, 0.4) Elu(1.2) ScaledTanh(1.7159, 0.6667)",
        "pre-activations between -3 and 3",
        "with input_forget and peepholes",
    ):
        assert part in told


def test_equations_of_other_activations_pass_every_check(tmp_path: Path) -> None:
    """They are equations as those of a cell file are: derived, and checked as all cells are."""
    cell = odd_model(tmp_path).network.layers[0].cell
    assert "maximum(minimum(" in cell.text and cell.meaning("a_i") == "input gate, before its activation"
    results = check_cell(cell)
    assert len(results) >= 5 and all(result.passed for result in results)
