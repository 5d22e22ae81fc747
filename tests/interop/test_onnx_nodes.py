"""The backend tests of ONNX for LSTM, GRU and RNN, as the installed package has them, run through the importer."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_sym import interop

onnx = pytest.importorskip("onnx", reason="the extra weights reads ONNX")
EXPECTED = {"test_lstm": 6, "test_gru": 6, "test_simple_rnn": 5, "test_rnn": 1}
"""Beginning of a name -> how many tests onnx 1.15 and later have, at least."""


def cases() -> dict[str, Any]:
    """Name -> test of the package: a model with one node, and arrays that go in and come out."""
    backend = importlib.import_module("onnx.backend.test.case.node")
    for operator in ("lstm", "gru", "rnn"):
        importlib.import_module(f"onnx.backend.test.case.node.{operator}")
    return {case.name: case for case in backend._NodeTestCases if case.name.startswith(tuple(EXPECTED))}


CASES = cases()


def test_there_are_as_many_as_are_known() -> None:
    for start, count in EXPECTED.items():
        assert sum(name.startswith(start) for name in CASES) >= count


@pytest.mark.parametrize("name", CASES)
def test_a_node_gives_what_onnx_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = tmp_path / "model.onnx"
    path.write_bytes(case.model.SerializeToString())
    graph = case.model.graph
    assert case.data_sets
    for inputs, outputs in case.data_sets:
        found = interop.run_onnx(path, dict(zip([one.name for one in graph.input], inputs, strict=True)))
        wanted = dict(zip([one.name for one in graph.output], outputs, strict=True))
        named = dict(zip(graph.node[0].output, found, strict=False))
        assert wanted
        for output, value in wanted.items():
            assert named[output].shape == value.shape and named[output].dtype == value.dtype
            np.testing.assert_allclose(named[output], value, rtol=1e-5, atol=1e-5)
