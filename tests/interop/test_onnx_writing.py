"""Networks as ONNX: models that the checker of ONNX accepts, read as the same network; and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import interop
from lstm_sym.cells import built_in_names
from lstm_sym.equations import Cell
from lstm_sym.interop import InteropError
from lstm_sym.interop.conventions import ONNX
from lstm_sym.interop.onnx.cells import DEFAULTS, Activation, activation_rows, cell_of, operator_of, row_cell
from lstm_sym.interop.onnx.recognition import operator_for
from lstm_sym.networks import CellLayer, Dropout, Embedding, Network, NetworkError, Pooling, dense

onnx = pytest.importorskip("onnx", reason="the extra weights writes ONNX")


def with_function(kind: str, name: str, place: int, clip: float | None) -> Cell:
    """The cell of a row with another activation at one place."""
    numbers = {key: round(0.3 + 0.4 * k, 1) for k, key in enumerate(activation_rows()[name].wanted)}
    activations = [Activation(usual) for usual in DEFAULTS[operator_of(kind)]]
    activations[place] = Activation(name, **numbers)
    return cell_of(kind, activations, clip, "test")


@pytest.mark.parametrize("kind", ONNX)
def test_every_row_is_recognised_with_every_activation_at_every_place(kind: str) -> None:
    usual = operator_for(row_cell(kind))
    assert usual is not None and usual.kind == kind and usual.clip is None
    for name in activation_rows():
        for place in range(len(DEFAULTS[operator_of(kind)])):
            for clip in (None, 2.5):
                cell = with_function(kind, name, place, clip)
                found = operator_for(cell)
                assert found is not None and (found.kind, found.clip) == (kind, clip)
                assert found.activations[place].name == name and cell_of(*found, "test").text == cell.text


def test_cells_that_onnx_has_no_operator_for_are_not_recognised() -> None:
    """Of the catalogue those of the rows are, and that of a paper which has the equations of one of them."""
    known = {row.cell for row in ONNX.values()} | {"lstm_no_peepholes"}
    for name in built_in_names():
        assert (operator_for(ls.cell(name)) is not None) == (name in known), name


CELLS = {
    **{kind: row_cell(kind) for kind in ONNX},
    "chosen": ls.cell("lstm_peephole", phi_s="sigmoid", phi_h="identity"),
    "odd": with_function("LSTM with input_forget and peepholes", "HardSigmoid", 0, 3.0),
}
everywhere = pytest.mark.parametrize("direction", ["forward", "backward", "both"])


def same(found: interop.Model, network: Network, params: dict[str, np.ndarray]) -> None:
    assert found.network.widths[-1] == network.widths[-1] and found.params.keys() == params.keys()
    for name, value in params.items():
        assert found.params[name].dtype == value.dtype and np.array_equal(found.params[name], value)
    own, read = ([layer for layer in one.layers if isinstance(layer, CellLayer)] for one in (network, found.network))
    for layer, again in zip(own, read, strict=True):
        assert (layer.name, layer.direction, layer.size) == (again.name, again.direction, again.size)
        assert operator_for(layer.cell) == operator_for(again.cell)


@everywhere
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("key", CELLS)
def test_what_is_written_is_read_again(tmp_path: Path, key: str, direction: str, dtype: str) -> None:
    layers = (CellLayer("low", CELLS[key], 3, direction=direction), CellLayer("high", CELLS[key], 4))
    network = Network(layers, inputs=2)
    params = network.init(0, dtype=dtype)
    interop.write(tmp_path / "net.onnx", network, params)
    onnx.checker.check_model(onnx.load(tmp_path / "net.onnx"), full_check=True)
    found = interop.read(tmp_path / "net.onnx")
    same(found, network, params)
    assert found.unused == () and len(found.told) == 2
    again = replace(found.network, name=network.name)
    assert interop.to_onnx(again, found.params) == interop.to_onnx(network, params)


@pytest.mark.parametrize("function", ["identity", "tanh", "sigmoid", "relu", "softplus", "softsign"])
@pytest.mark.parametrize("bias", [True, False])
def test_embedding_and_dense_layers_are_read_again(tmp_path: Path, function: str, bias: bool) -> None:
    layers = (
        Embedding("words", 7, 3),
        Dropout("out", 0.5),
        CellLayer("lstm", ls.cell("lstm"), 3, direction="both"),
        dense("top", 2, function, bias=bias),
    )
    network = Network(layers)
    params = network.init(0, dtype=np.float32)
    data = interop.to_onnx(network, params, lengths=True)
    onnx.checker.check_model(onnx.load_model_from_string(data), full_check=True)
    (tmp_path / "net.onnx").write_bytes(data)
    found = interop.read(tmp_path / "net.onnx")
    same(found, network, params)
    x = np.array([[1, 2], [3, 6], [0, 0]])
    ours, read = (one.forward(x, params, lengths=[3, 2])[0] for one in (network, found.network))
    assert np.array_equal(ours, read)


LAYERS = {
    "slstm": (CellLayer("odd", ls.cell("slstm"), 3), "layer odd: no operator of ONNX computes its cell, slstm"),
    "a sum": (CellLayer("both", ls.cell("gru"), 3, direction="both", join="sum"), "become one as their sum"),
    "a pool": (Pooling("last", "last"), "layer last: it is a pooling layer"),
    "equations": (
        CellLayer("map", ls.parse("y[t] = tanh(V @ x[t]) * x[t]", stateless=True, sizes={"x": "H"}), 2),
        "layer map: its equations are no dense layer",
    ),
    "gelu": (dense("map", 2, "gelu"), "f one of tanh"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_without_an_operator_are_refused_by_name(tmp_path: Path, name: str) -> None:
    layer, told = LAYERS[name]
    network = Network((layer,), inputs=2)
    with pytest.raises(InteropError) as error:
        interop.write(tmp_path / "net.onnx", network, network.init(0))
    assert told in str(error.value) and not list(tmp_path.iterdir())


def test_parameters_of_several_types_or_of_another_network_are_refused() -> None:
    network = Network((CellLayer("gru", ls.cell("gru"), 3),), inputs=2)
    params = network.init(0)
    with pytest.raises(InteropError, match="of float32, float64"):
        interop.to_onnx(network, params | {"gru.b_z": params["gru.b_z"].astype("f4")})
    with pytest.raises(InteropError, match="of float16"):
        interop.to_onnx(network, {name: value.astype("f2") for name, value in params.items()})
    with pytest.raises(NetworkError, match="it is missing"):
        interop.to_onnx(network, {})


def test_equations_of_ones_own_are_written_where_onnx_has_them() -> None:
    """An LSTM with relu in place of tanh, written as a cell of one's own."""
    text = ls.cell("lstm").text.replace("tanh(", "relu(")
    found = operator_for(ls.parse(text, key="mine"))
    assert found is not None and [str(one) for one in found.activations] == ["Sigmoid", "Relu", "Relu"]
    assert operator_for(ls.parse(text.replace("c[t-1] +", "c[t-1] -"), key="mine")) is None


DENSE_ELSEWHERE = {
    "below": (("dense", "gru"), ["gru"], "MatMul, Add"),
    "two above": (("gru", "dense", "dense"), ["gru", "l1"], "MatMul, Add"),
}


def of_kinds(kinds: tuple[str, ...]) -> Network:
    """Layers of three units, called by their places where they are dense."""
    layers = [
        dense(f"l{k}", 3) if kind == "dense" else CellLayer(kind, ls.cell("gru_reset_after"), 3)
        for k, kind in enumerate(kinds)
    ]
    return Network(tuple(layers), inputs=3)


@pytest.mark.parametrize("name", DENSE_ELSEWHERE)
def test_dense_layers_that_are_not_read_again_are_named(tmp_path: Path, name: str) -> None:
    kinds, read, told = DENSE_ELSEWHERE[name]
    network = of_kinds(kinds)
    interop.write(tmp_path / "m.onnx", network, network.init(0, dtype=np.float32))
    found = interop.read(tmp_path / "m.onnx")
    assert [layer.name for layer in found.network.layers] == read
    assert f"operators that are not taken: {told}" in found.told and len(found.unused) == 2


def test_a_dense_layer_between_parts_a_network_that_is_read_again(tmp_path: Path) -> None:
    layers = CellLayer("low", ls.cell("gru"), 3), dense("between", 3), CellLayer("high", ls.cell("gru"), 3)
    network = Network(layers, inputs=3)
    interop.write(tmp_path / "m.onnx", network, network.init(0, dtype=np.float32))
    with pytest.raises(InteropError, match="2 recurrent nodes that no other reads"):
        interop.read(tmp_path / "m.onnx")
    assert [layer.name for layer in interop.read(tmp_path / "m.onnx", node="high").network.layers] == ["high"]
