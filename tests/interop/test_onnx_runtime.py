"""Against onnxruntime where there is one: what is read of a model, and what is written as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import interop
from lstm_sym.check import relative_error
from lstm_sym.interop.onnx.cells import DEFAULTS, Activation, cell_of, operator_of
from lstm_sym.networks import CellLayer, Dropout, Embedding, Network, dense

pytest.importorskip("onnx", reason="the extra weights reads ONNX")
runtime = pytest.importorskip("onnxruntime", reason="the runtime of ONNX is the peer where there is one")
from interop.onnx_cases import FUNCTIONS, LENGTHS, B, D, H, T, arrays, fed, one_node, settings_of  # noqa: E402

DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}
KINDS = {
    "LSTM": ("LSTM", {}, False),
    "LSTM with peepholes": ("LSTM", {}, True),
    "LSTM with peepholes and clip": ("LSTM", {"clip": 0.4}, True),
    "LSTM with input_forget": ("LSTM", {"input_forget": 1}, True),
    "GRU": ("GRU", {}, False),
    "GRU, linear before reset": ("GRU", {"linear_before_reset": 1}, False),
    "GRU with clip": ("GRU", {"clip": 0.4}, False),
    "RNN": ("RNN", {}, False),
}


def by_runtime(data: bytes, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def same_as_runtime(tmp_path: Path, data: bytes, given: dict[str, np.ndarray], most: float = 1e-6) -> None:
    (tmp_path / "m.onnx").write_bytes(data)
    found = interop.run_onnx(tmp_path / "m.onnx", fed(given))
    for ours, wanted in zip(found, by_runtime(data, fed(given)), strict=False):
        assert ours.shape == wanted.shape and relative_error(ours, wanted) <= most


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_node_gives_what_the_runtime_gives(tmp_path: Path, kind: str, direction: str) -> None:
    operator, settings, peepholes = KINDS[kind]
    given = arrays(operator, DIRECTIONS[direction], peepholes=peepholes)
    same_as_runtime(tmp_path, one_node(operator, given, direction=direction, **settings), given)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_are_those_of_the_runtime(tmp_path: Path, name: str) -> None:
    for operator, names in (("LSTM", ["HardSigmoid", name, "Softsign"]), ("RNN", [name])):
        given = arrays(operator)
        given["R"] /= 4
        same_as_runtime(tmp_path, one_node(operator, given, clip=2.0, **settings_of(names)), given)


def test_the_cell_is_not_clipped_before_its_activation(tmp_path: Path) -> None:
    """Gates that stay at 1 let the cell grow beyond the bound."""
    given = arrays("LSTM")
    given["X"], given["W"] = np.abs(given["X"]) + 3, np.abs(given["W"])
    settings: dict[str, Any] = {"activations": ["HardSigmoid", "Tanh", "Tanh"], "clip": 0.2}
    settings |= {"activation_alpha": [1.0], "activation_beta": [1.0]}
    same_as_runtime(tmp_path, one_node("LSTM", given, **settings), given)
    assert interop.run_onnx(tmp_path / "m.onnx", fed(given)).Y_c.max() > 0.4


CELLS = {
    "lstm": ls.cell("lstm"),
    "lstm_peephole": ls.cell("lstm_peephole"),
    "lstm_peephole, chosen": ls.cell("lstm_peephole", phi_s="sigmoid", phi_h="identity"),
    "lstm_coupled": ls.cell("lstm_coupled"),
    "gru": ls.cell("gru"),
    "gru_reset_after": ls.cell("gru_reset_after"),
    "rnn": ls.cell("rnn"),
    "odd": cell_of(
        "LSTM with input_forget and peepholes",
        (Activation("HardSigmoid", 0.3, 0.4), Activation("LeakyRelu", 0.2), Activation("ScaledTanh", 1.7, 0.6)),
        1.5,
        "odd",
    ),
}


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("key", CELLS)
def test_a_network_that_is_written_gives_the_same_there(key: str, direction: str) -> None:
    network = Network(
        (CellLayer("low", CELLS[key], H, direction=direction), CellLayer("high", CELLS[key], H)), inputs=D, name=key
    )
    params = network.init(1, dtype=np.float32)
    x = np.random.default_rng(2).standard_normal((T, B, D)).astype("f4")
    [whole] = by_runtime(interop.to_onnx(network, params), {"x": x})
    assert relative_error(network.forward(x, params)[0], whole) <= 1e-6
    [cut] = by_runtime(interop.to_onnx(network, params, lengths=True), {"x": x, "lengths": LENGTHS})
    assert relative_error(network.forward(x, params, lengths=LENGTHS)[0], cut) <= 1e-6


@pytest.mark.parametrize("function", ["identity", "tanh", "sigmoid", "relu", "softplus", "softsign"])
def test_embedding_dropout_and_dense_are_written_too(function: str) -> None:
    network = Network(
        (Embedding("words", 9, D), Dropout("out", 0.5), CellLayer("lstm", CELLS["lstm"], H), dense("top", 3, function))
    )
    params = network.init(1, dtype=np.float32)
    words = np.random.default_rng(2).integers(0, 9, (T, B))
    [found] = by_runtime(interop.to_onnx(network, params), {"x": words})
    assert relative_error(network.forward(words, params)[0], found) <= 1e-6


@pytest.mark.parametrize("kind", ["tensor", "channel"])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_a_quantised_lstm_is_read_with_its_scales(tmp_path: Path, direction: str, kind: str) -> None:
    """The runtime rounds what it reads to integers as well, so that its own numbers agree to about a hundredth."""
    from interop.onnx_quantised import quantised

    data, given = quantised(direction, channels=kind == "channel")
    same_as_runtime(tmp_path, data, given, 0.05)
    assert DEFAULTS[operator_of("LSTM")][0] == "Sigmoid"
