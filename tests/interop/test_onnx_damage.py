"""ONNX files damaged at random: an InteropError, or a network and arrays that fit the file, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interop.cases import DATA
from interop.test_damage import KINDS, KNOWN, bounded_memory

import lstm_sym as ls
from lstm_sym import interop
from lstm_sym.networks import CellLayer, Embedding, Network, dense

pytest.importorskip("onnx", reason="the extra weights reads ONNX")
import onnx
from interop.onnx_cases import arrays, one_node, settings_of
from interop.onnx_models import folded_model, inner_model
from interop.onnx_quantised import quantised

MEMORY = 2**21
"""Bytes that reading one of these files may take; the equations of a cell are most of it."""


def whole_files() -> dict[str, bytes]:
    """Files of every kind that the reader knows: stacks, branches, weights that operators make, integers."""
    network = Network(
        (Embedding("words", 5, 3), CellLayer("low", ls.cell("lstm"), 2, direction="both"), dense("top", 2, "tanh"))
    )
    names = ["HardSigmoid", "Elu", "ScaledTanh"]
    return {
        "network": interop.to_onnx(network, network.init(0, dtype=np.float32), lengths=True),
        "attributes": one_node("LSTM", arrays("LSTM", peepholes=True), clip=3.0, input_forget=1, **settings_of(names)),
        "gru": one_node("GRU", arrays("GRU", 2), direction="bidirectional", linear_before_reset=1),
        "folded": folded_model(),
        "inner": inner_model(),
        "exported": (DATA / "exported_by_graph.onnx").read_bytes(),
        "quantised": quantised("bidirectional", channels=True)[0],
    }


def outcome(path: Path, data: bytes) -> bool:
    """Whether damaged bytes are read all the same. Anything that is raised but an InteropError fails the test."""
    path.write_bytes(data)
    done = 0
    for call in (_arrays, _read):
        try:
            call(path, len(data))
            done += 1
        except interop.InteropError as error:
            assert str(error)
    return done == 2


def _arrays(path: Path, size: int) -> None:
    for array in interop.arrays(path).values():
        assert type(array) is np.ndarray and array.dtype in KNOWN and array.size <= size
        array.tobytes()


def _read(path: Path, size: int) -> None:
    model = interop.read(path, node="gru_yes" if b"gru_yes" in path.read_bytes() else None)
    assert model.told and sum(value.size for value in model.params.values()) <= 16 * size
    assert all(np.isfinite(value).all() for value in model.params.values())


def rewired(data: bytes, rng: Any, _: object) -> bytes:
    """A whole model of other nodes: names, numbers, operators and sizes that changed places with others."""
    proto = onnx.load_model_from_string(data)
    graph = proto.graph
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    operators = ["LSTM", "GRU", "RNN", "Identity", "Concat", "Slice", "Reshape", "Squeeze", "Cast", "DequantizeLinear"]
    for _ in range(rng.integers(1, 4)):
        node = graph.node[rng.integers(len(graph.node))]
        edit = rng.integers(6)
        if edit == 0 and node.input:
            node.input[rng.integers(len(node.input))] = names[rng.integers(len(names))]
        elif edit == 1 and node.output:
            node.output[rng.integers(len(node.output))] = names[rng.integers(len(names))]
        elif edit == 2:
            node.op_type = operators[rng.integers(len(operators))]
        elif edit == 3 and node.attribute:
            attribute = node.attribute[rng.integers(len(node.attribute))]
            attribute.i, attribute.f = int(rng.integers(-3, 9)), float(rng.standard_normal())
            attribute.ints[:] = rng.integers(-3, 4, len(attribute.ints)).tolist()
        elif edit == 4 and graph.initializer:
            tensor = graph.initializer[rng.integers(len(graph.initializer))]
            tensor.dims[:] = tensor.dims[::-1]
        else:
            graph.node.append(node)
    return proto.SerializeToString()


EVERY = KINDS | {"rewired": rewired}


def damage(path: Path, kind: str, count: int) -> int:
    """How many of so many damaged files are read all the same."""
    change: Callable[..., bytes] = EVERY[kind]
    rng, files = np.random.default_rng(sorted(EVERY).index(kind)), list(whole_files().values())
    return sum(outcome(path, change(files[n % len(files)], rng, files)) for n in range(count))


def test_undamaged_files_pass_the_same_judgement(tmp_path: Path) -> None:
    for name, data in whole_files().items():
        assert outcome(tmp_path / "m", data), name


@pytest.mark.parametrize("kind", EVERY)
def test_a_damaged_file_is_refused_or_read(tmp_path: Path, kind: str) -> None:
    assert damage(tmp_path / "m", kind, 300) < 300


@pytest.mark.parametrize("kind", EVERY)
def test_damage_takes_no_memory(tmp_path: Path, kind: str) -> None:
    damage(tmp_path / "m", kind, 20)  # what Python and SymPy keep is there now
    with bounded_memory(MEMORY):
        damage(tmp_path / "m", kind, 20)


@pytest.mark.long
@pytest.mark.parametrize("kind", EVERY)
def test_ten_thousand_damaged_files_are_refused_or_read(tmp_path: Path, kind: str) -> None:
    assert damage(tmp_path / "m", kind, 10_000) < 10_000
