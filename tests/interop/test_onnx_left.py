"""Operators of an ONNX file of which no layer was made are named, wherever they stand; those that were used are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lstm_sym import interop
from lstm_sym.interop import InteropError
from lstm_sym.interop.model import Model

pytest.importorskip("onnx", reason="the extra weights reads ONNX")
from interop.onnx_cases import H, model, read_of
from interop.onnx_models import Nodes, node, numbers, weights, written
from onnx import numpy_helper

NOT_TAKEN = "operators that are not taken: "


def read_with(
    path: Path, nodes: Nodes, tensors: Mapping[str, np.ndarray], *, x: str = "X", h: str = "", gives: str = "Y"
) -> Model:
    """The network of a GRU among nodes."""
    gru = node("GRU", [x, "W", "R", "B", "", h], ["Y"], name="gru", hidden_size=H)
    named = [one for one in nodes if gives in one.output]
    every = [*(one for one in nodes if one not in named), gru, *named]
    return interop.read(written(path, model(every, weights("GRU") | tensors, [gives], [read_of("X")])))


def named_in(found: Model) -> str:
    return "".join(told.removeprefix(NOT_TAKEN) for told in found.told if told.startswith(NOT_TAKEN))


BELOW: dict[str, tuple[Nodes, dict[str, np.ndarray], str]] = {
    "backward in time": (
        [node("Slice", ["X", "s", "e", "a", "p"], ["x"])],
        {"s": numbers(-1), "e": numbers(-(2**62)), "a": numbers(0), "p": numbers(-1)},
        "Slice",
    ),
    "features side by side": ([node("Concat", ["X", "X"], ["x"], axis=2)], {}, "Concat"),
    "features as steps": ([node("Transpose", ["X"], ["x"], perm=[2, 0, 1])], {}, "Transpose"),
    "all axes turned round": ([node("Transpose", ["X"], ["x"])], {}, "Transpose"),
    "another shape": ([node("Reshape", ["X", "s"], ["x"])], {"s": numbers(0, -1, 2)}, "Reshape"),
    "its batch first": ([node("Transpose", ["X"], ["x"], perm=[1, 0, 2])], {}, ""),
}
"""What stands between x and the layer: nodes, tensors, and what is named of them."""


@pytest.mark.parametrize("name", BELOW)
def test_what_stands_below_is_named_unless_it_keeps_features(tmp_path: Path, name: str) -> None:
    nodes, tensors, named = BELOW[name]
    assert named_in(read_with(tmp_path, nodes, tensors, x="x")) == named


ABOVE: dict[str, tuple[Nodes, str]] = {
    "a Squeeze": ([node("Squeeze", ["Y", "one"], ["out"])], ""),
    "a Squeeze beside another": (
        [node("Squeeze", ["Y", "one"], ["out"]), node("Squeeze", ["X", "one"], ["other"])],
        "Squeeze",
    ),
    "backward in time": ([node("Slice", ["Y", "s", "e", "a", "p"], ["out"])], "Slice"),
    "the last step": ([node("Gather", ["Y", "s"], ["out"], axis=0)], "Gather"),
}


@pytest.mark.parametrize("name", ABOVE)
def test_what_stands_above_is_named_unless_it_is_followed(tmp_path: Path, name: str) -> None:
    nodes, named = ABOVE[name]
    tensors = {"one": numbers(1), "s": numbers(-1), "e": numbers(-(2**62)), "a": numbers(0), "p": numbers(-1)}
    assert named_in(read_with(tmp_path, nodes, tensors, gives="out")) == named


def of_shape(number: float) -> Nodes:
    """A first state of one number, in the shape that x asks for, as exporters of PyTorch write it."""
    filled = numpy_helper.from_array(np.array([number], "f4"))
    return [
        node("Shape", ["X"], ["shape"]),
        node("Gather", ["shape", "one"], ["sequences"]),
        node("Concat", ["one", "sequences", "units"], ["sizes"], axis=0),
        node("ConstantOfShape", ["sizes"], ["h"], value=filled),
    ]


def test_what_makes_a_state_of_zeros_is_not_worth_a_name(tmp_path: Path) -> None:
    tensors = {"one": numbers(1), "units": numbers(H), "last": numbers(-1)}
    assert len(read_with(tmp_path, of_shape(0), tensors, h="h").told) == 1
    last = node("Gather", ["Y", "last"], ["out"], axis=0)
    assert named_in(read_with(tmp_path, [*of_shape(0), last], tensors, h="h", gives="out")) == "Gather"


STATES: dict[str, tuple[Nodes, str]] = {
    "zeros of a shape": (of_shape(0), ""),
    "zeros of a shape, cut": ([*of_shape(0), node("Slice", ["h", "zero", "one", "zero"], ["part"])], ""),
    "ones of a shape": (of_shape(1), "initial_h is made or given as the model runs"),
    "a parameter, repeated": (
        [*of_shape(1)[:3], node("Expand", ["learnt", "sizes"], ["h"])],
        "initial_h is made or given as the model runs",
    ),
    "what the model is given": ([], "initial_h is made or given as the model runs"),
    "an array": ([node("Unsqueeze", ["learnt", "zero"], ["h"])], "initial_h of the file is not 0"),
}


@pytest.mark.parametrize("name", STATES)
def test_first_states_that_may_not_be_zero_are_said(tmp_path: Path, name: str) -> None:
    nodes, told = STATES[name]
    tensors = {"zero": numbers(0), "one": numbers(1), "units": numbers(H), "learnt": np.ones((1, H), "f4")}
    found = read_with(tmp_path, nodes, tensors, h="part" if "cut" in name else "h")
    [layer, *others] = found.told
    assert told in layer and ("initial_h" in layer) == bool(told)
    assert bool(others) == ("made or given" in told and bool(nodes))
    assert ("learnt" in found.unused) == (name != "an array")


def test_a_state_of_another_size_than_the_layer_is_refused(tmp_path: Path) -> None:
    """What an exporter of PyTorch writes for proj_size: the state has more units than the output."""
    with pytest.raises(InteropError, match=rf"its shape is \(1, 3, {H + 2}\), and the layer has {H} units") as error:
        read_with(tmp_path, [], {"h": np.zeros((1, 3, H + 2), "f4")}, h="h")
    assert "proj_size" in str(error.value) and "initial_h" in str(error.value)
