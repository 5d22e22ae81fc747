"""ONNX files in which something is wrong: an InteropError that names the file, the node and what stands there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_sym import interop
from lstm_sym.interop import InteropError

onnx = pytest.importorskip("onnx", reason="the extra weights reads ONNX")
from interop.onnx_cases import arrays, fed, one_node  # noqa: E402
from interop.onnx_models import STACKS, node, numbers, stacked, written  # noqa: E402
from interop.onnx_quantised import quantised  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402


def changed(
    edit: Callable[[Any], object], operator: str = "LSTM", *, quantised_node: bool = False, **settings: Any
) -> bytes:
    """A model of one node, changed."""
    if quantised_node:
        proto = onnx.load_model_from_string(quantised("forward", channels=False)[0])
        edit(proto)
        return proto.SerializeToString()
    proto = onnx.load_model_from_string(one_node(operator, arrays(operator, peepholes=operator == "LSTM"), **settings))
    edit(proto)
    return proto.SerializeToString()


def attribute(name: str, value: Any) -> Callable[[Any], None]:
    return lambda proto: proto.graph.node[0].attribute.append(helper.make_attribute(name, value))


def initialiser(name: str, **fields: Any) -> Callable[[Any], None]:
    """Sets fields of a tensor."""

    def edit(proto: Any) -> None:
        found = next(one for one in proto.graph.initializer if one.name == name)
        for field, value in fields.items():
            if isinstance(value, list):
                del getattr(found, field)[:]
                getattr(found, field).extend(value)
            else:
                setattr(found, field, value)

    return edit


def replaced(name: str, value: np.ndarray) -> Callable[[Any], None]:
    def edit(proto: Any) -> None:
        next(one for one in proto.graph.initializer if one.name == name).CopyFrom(numpy_helper.from_array(value, name))

    return edit


def circle(proto: Any) -> None:
    """R is made of itself."""
    proto.graph.node.append(node("Identity", ["R_again"], ["R_made"]))
    proto.graph.node.append(node("Identity", ["R_made"], ["R_again"]))
    proto.graph.node[0].input[2] = "R_made"


def long_chain(proto: Any) -> None:
    for k in range(200):
        proto.graph.node.append(node("Identity", [f"r{k}" if k else "R"], [f"r{k + 1}"]))
    proto.graph.node[0].input[2] = "r200"


def repeated(proto: Any) -> None:
    """A matrix a thousand times beside itself, and that again."""
    name = "R"
    for k in range(4):
        proto.graph.node.append(node("Concat", [name] * 1000, [f"r{k}"], axis=1))
        name = f"r{k}"
    proto.graph.node[0].input[2] = name


def wrong_axes(proto: Any) -> None:
    proto.graph.node.append(node("Transpose", ["R"], ["r"], perm=[7]))
    proto.graph.node[0].input[2] = "r"


def reads_itself(proto: Any) -> None:
    proto.graph.node[0].input[0] = "Y"


REFUSED: dict[str, tuple[bytes, str]] = {
    "a direction": (changed(attribute("direction", "both")), "direction: it is 'both'"),
    "a direction that is no text": (changed(attribute("direction", 3)), "direction: it is no text"),
    "a clip of 0": (changed(attribute("clip", 0.0)), "clip: it is 0"),
    "a clip that is no number": (changed(attribute("clip", float("nan"))), "clip: it is no finite number"),
    "a layout": (changed(attribute("layout", 2)), "layout: it is 2"),
    "another hidden_size": (changed(lambda p: setattr(p.graph.node[0].attribute[0], "i", 9)), "it is 9, and R has 4"),
    "an activation": (changed(attribute("activations", ["Sine", "Tanh", "Tanh"])), "'Sine'"),
    "too few activations": (changed(attribute("activations", ["Tanh"])), "there are 1"),
    "no alpha": (changed(attribute("activations", ["Tanh", "Tanh", "ScaledTanh"])), "that of ScaledTanh is missing"),
    "an alpha beyond cells": (
        changed(attribute("activation_alpha", [1e-38]), activations=["Sigmoid", "LeakyRelu", "Tanh"]),
        "no cell can be made",
    ),
    "numbers elsewhere": (changed(initialiser("W", data_location=1)), "in another file, which is not opened"),
    "a type that is not read": (changed(initialiser("W", data_type=14)), "its type is number 14"),
    "no scale": (changed(lambda p: p.graph.node[0].input.__setitem__(8, ""), quantised_node=True), "W_scale"),
    "a scale too many": (
        changed(replaced("W_s", np.ones(3, "f4")), quantised_node=True),
        "it cannot be scaled: 3 scales",
    ),
    "a shape of more": (changed(initialiser("W", dims=[1, 16, 2**40])), "bytes for F32 of shape"),
    "a shape that nothing has": (changed(initialiser("W", dims=[2**62, 2**62])), "which no array can have"),
    "a shape below 0": (changed(initialiser("W", dims=[-1, 16, 2])), "a shape of (-1, 16, 2)"),
    "fewer bytes": (changed(initialiser("W", raw_data=b"1234")), "4 bytes for F32"),
    "a matrix without ways": (changed(replaced("W", np.ones((16, 2), "f4"))), "its shape is (16, 2)"),
    "integers": (changed(replaced("W", np.ones((1, 16, 2), "i4"))), "of int32"),
    "no units": (changed(replaced("R", np.ones((1, 16, 0), "f4"))), "its shape is (1, 16, 0)"),
    "two ways": (changed(attribute("direction", "bidirectional")), "the first of 2"),
    "rows that are no gates": (changed(replaced("R", np.ones((1, 13, 4), "f4"))), "beside (13, 4) of R"),
    "a bias of another length": (changed(replaced("B", np.ones((1, 7), "f4"))), "its shape is (7,)"),
    "NaN": (changed(replaced("R", np.full((1, 16, 4), np.nan, "f4"))), "NaN or infinity"),
    "no W": (changed(lambda p: p.graph.node[0].input.__setitem__(1, "")), "W: it is left out"),
    "a W that is given": (changed(lambda p: p.graph.node[0].input.__setitem__(1, "X")), "X is no constant"),
    "inputs too many": (changed(lambda p: p.graph.node[0].input.append("W")), "inputs: 9"),
    "a circle": (changed(circle), "a circle of them"),
    "a chain without end": (changed(long_chain), "more than 64 operators"),
    "a matrix of millions": (changed(repeated), "more than 16 numbers of each byte"),
    "an operator that does not fit": (
        changed(wrong_axes),
        "its Transpose cannot be worked out",
    ),
    "a node that reads itself": (changed(reads_itself), "recurrent nodes that no other reads"),
    "no node": (changed(lambda p: p.graph.ClearField("node")), "it is a file that begins with"),
    "layers that do not fit": (stacked(STACKS["Squeeze"][0], {"x": numbers(1), "bW": np.ones((1, 16, 9), "f4")}), "9"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_by_name(tmp_path: Path, name: str) -> None:
    data, told = REFUSED[name]
    with pytest.raises(InteropError) as error:
        interop.read(written(tmp_path, data))
    assert told in str(error.value) and "m.onnx" in str(error.value)


def test_what_a_node_reads_must_be_there(tmp_path: Path) -> None:
    given = arrays("LSTM")
    path = written(tmp_path, one_node("LSTM", given))
    for change, told in (
        ({"X": None}, "'X' is no constant of the file"),
        ({"initial_c": None}, "'initial_c' is no constant"),
        ({"X": np.ones((2, 2))}, "its shape is (2, 2)"),
        ({"X": np.ones((5, 3, 7), "f4")}, "7 units"),
        ({"initial_h": np.ones((1, 3, 9), "f4")}, "its shape is (1, 3, 9)"),
    ):
        inputs = {key: value for key, value in (fed(given) | change).items() if value is not None}
        with pytest.raises(InteropError) as error:
            interop.run_onnx(path, inputs)
        assert told in str(error.value)
    between, tensors, _ = STACKS["Squeeze"]
    with pytest.raises(InteropError, match="2 recurrent nodes: low, high"):
        interop.run_onnx(written(tmp_path, stacked(between, tensors)), {})
