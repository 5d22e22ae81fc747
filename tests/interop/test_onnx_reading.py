"""ONNX files as networks: weights that operators make, inner graphs, stacks, and what stands around them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstm_sym import interop
from lstm_sym.check import relative_error
from lstm_sym.interop import InteropError

onnx = pytest.importorskip("onnx", reason="the extra weights reads ONNX")
from interop.cases import DATA  # noqa: E402
from interop.onnx_cases import D, H, arrays, by_hand, model, one_node, read_of, tensor  # noqa: E402
from interop.onnx_models import (  # noqa: E402
    STACKS,
    Nodes,
    folded_model,
    inner_model,
    node,
    numbers,
    recurrent,
    stacked,
    weights,
    written,
)
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

CHAINS: dict[str, tuple[Callable[[np.ndarray], dict[str, np.ndarray]], Nodes]] = {
    "Identity": (lambda w: {"v": w}, [node("Identity", ["v"], ["W"])]),
    "Constant": (lambda w: {}, []),
    "Transpose": (lambda w: {"v": w.transpose(2, 0, 1)}, [node("Transpose", ["v"], ["W"], perm=[1, 2, 0])]),
    "Transpose of all axes": (lambda w: {"v": w.T}, [node("Transpose", ["v"], ["W"])]),
    "Concat": (lambda w: {"a": w[:, :5], "b": w[:, 5:]}, [node("Concat", ["a", "b"], ["W"], axis=1)]),
    "Slice": (
        lambda w: {"v": np.pad(w, ((0, 0), (2, 3), (0, 0))), "s": numbers(2), "e": numbers(-3), "x": numbers(1)},
        [node("Slice", ["v", "s", "e", "x"], ["W"])],
    ),
    "Slice from the last to the first": (
        lambda w: {"v": w[:, ::-1], "s": numbers(-1), "e": numbers(-(2**63)), "x": numbers(1), "p": numbers(-1)},
        [node("Slice", ["v", "s", "e", "x", "p"], ["W"])],
    ),
    "Slice of the first operators": (
        lambda w: {"v": np.pad(w, ((0, 0), (0, 0), (1, 0)))},
        [node("Slice", ["v"], ["W"], starts=[1], ends=[2**31], axes=[2])],
    ),
    "Squeeze": (lambda w: {"v": w[None], "x": numbers(0)}, [node("Squeeze", ["v", "x"], ["W"])]),
    "Squeeze of the first operators": (lambda w: {"v": w[None]}, [node("Squeeze", ["v"], ["W"], axes=[0])]),
    "Unsqueeze": (lambda w: {"v": w[0], "x": numbers(0)}, [node("Unsqueeze", ["v", "x"], ["W"])]),
    "Reshape": (
        lambda w: {"v": w.reshape(1, -1), "s": numbers(0, 4 * H, -1)},
        [node("Reshape", ["v", "s"], ["W"])],
    ),
    "Cast": (lambda w: {"v": w.astype("f8")}, [node("Cast", ["v"], ["W"], to=TensorProto.FLOAT)]),
    "bfloat16 and float16": (lambda w: {"v": w.astype("f2")}, [node("Cast", ["v"], ["W"], to=TensorProto.FLOAT)]),
    "DequantizeLinear": (
        lambda w: {"v": (np.round(w * 8) + 3).astype("i1"), "s": np.float32(1 / 8), "z": np.int8(3)},
        [node("DequantizeLinear", ["v", "s", "z"], ["W"])],
    ),
    "DequantizeLinear by rows": (
        lambda w: {"v": np.round(w * 8).astype("i1"), "s": np.full(4 * H, 1 / 8, "f4")},
        [node("DequantizeLinear", ["v", "s"], ["W"], axis=1)],
    ),
}
"""What stands in a file in place of W, and the nodes that make W of it."""


def chained(name: str) -> tuple[bytes, np.ndarray]:
    """A model whose W is made by these nodes, and that W."""
    parts, makers = CHAINS[name]
    given = weights("LSTM")
    given["W"] = np.round(given["W"] * 8) / 8  # what integers, halves and all others hold alike
    w, tensors = given["W"], {key: value for key, value in given.items() if key != "W"}
    nodes = makers or [node("Constant", [], ["W"], value=tensor("w", w))]
    return model([*nodes, recurrent("LSTM", "X", "Y")], tensors | parts(w), reads=[read_of("X")]), w


@pytest.mark.parametrize("name", CHAINS)
def test_weights_are_found_behind_operators(tmp_path: Path, name: str) -> None:
    data, w = chained(name)
    onnx.load_model_from_string(data)
    params = interop.read(written(tmp_path, data)).params
    found = np.concatenate([params[f"Y.W_{gate}"] for gate in "iofg"])
    np.testing.assert_allclose(found, w[0], rtol=0, atol=1 / 16 if "Dequantize" in name else 0)
    if "Dequantize" in name:
        assert np.array_equal(found, np.round(w[0] * 8) / 8)


def test_gates_that_are_put_together_anew(tmp_path: Path) -> None:
    model_read = interop.read(written(tmp_path, folded_model()))
    given = weights("LSTM", 2)
    for way, prefix in enumerate(("ahead", "back")):
        for k, gate in enumerate("iofg"):
            block = slice(k * H, (k + 1) * H)
            assert np.array_equal(model_read.params[f"Y.{prefix}.W_{gate}"], given["W"][way, block])
            assert np.array_equal(model_read.params[f"Y.{prefix}.U_{gate}"], given["R"][way, block])
    assert model_read.unused == () and len(model_read.told) == 1


def test_nodes_of_branches_are_found_with_weights_from_around(tmp_path: Path) -> None:
    path = written(tmp_path, inner_model())
    assert set(interop.arrays(path)) == {"W", "R", "if/then_branch/yes_B", "if/else_branch/no_B"}
    with pytest.raises(InteropError, match="2 recurrent nodes") as error:
        interop.read(path)
    assert "gru_yes" in str(error.value) and "gru_no" in str(error.value) and "node='gru_" in str(error.value)
    given = weights("GRU")
    for k, name in enumerate(("yes", "no")):
        found = interop.read(path, node=f"gru_{name}")
        assert np.array_equal(found.params[f"gru_{name}.W_z"], given["W"][0, :H])
        both = given["B"][0, : 3 * H] + given["B"][0, 3 * H :] + 2 * k
        assert np.allclose(found.params[f"gru_{name}.b_z"], both[:H], atol=1e-6)
        assert found.told[1] == "operators that are not taken: If"
        assert found.unused == (
            f"if/{'else' if name == 'yes' else 'then'}_branch/{'no' if name == 'yes' else 'yes'}_B",
        )


@pytest.mark.parametrize("name", STACKS)
def test_nodes_above_each_other_are_layers(tmp_path: Path, name: str) -> None:
    between, tensors, ways = STACKS[name]
    found = interop.read(written(tmp_path, stacked(between, tensors, ways=ways)))
    assert [layer.name for layer in found.network.layers] == ["low", "high"]
    assert found.network.widths == (D, H * ways, H) and len(found.told) == 2 and "known when" not in found.told[1]


@pytest.mark.parametrize("file", ["exported_by_tracing", "exported_by_graph"])
def test_what_exporters_of_pytorch_write_is_the_network_that_it_was(file: str) -> None:
    """With free sizes, and with those of the example written into the file."""
    found = interop.read(DATA / f"{file}.onnx")
    with np.load(DATA / f"{file}.npz") as arrays_of:
        x, y = arrays_of["x"], arrays_of["y"]
    assert found.network.widths == (0, 3, 4, 4, 2) and found.unused == ()
    assert not any(words in "".join(found.told) for words in ("known when", "not taken", "initial_h"))
    assert relative_error(found.network.forward(x, found.params, batch_first=True)[0], y) <= 1e-6


def test_a_stack_of_shapes_that_the_file_does_not_tell_is_said(tmp_path: Path) -> None:
    between = [node("Shape", ["X"], ["s"]), node("Reshape", ["low_Y", "s"], ["low_y"])]
    found = interop.read(written(tmp_path, stacked(between, {})))
    assert (
        len(found.network.layers) == 2
        and "above low, through shapes that are known when the model runs" in found.told[1]
    )


def test_layers_that_are_turned_round_between_are_refused(tmp_path: Path) -> None:
    between = [node("Reshape", ["low_Y", "s"], ["low_y"])]
    with pytest.raises(InteropError, match="in another order than step by step"):
        interop.read(written(tmp_path, stacked(between, {"s": numbers(0, -1, 2 * H)}, ways=2)))


def test_an_exchange_that_a_size_of_an_example_may_explain_is_said(tmp_path: Path) -> None:
    """It keeps the order of one step, and of no more."""
    between = [node("Reshape", ["low_Y", "s"], ["r"]), node("Transpose", ["r"], ["low_y"], perm=[1, 0, 2])]
    found = interop.read(written(tmp_path, stacked(between, {"s": numbers(-1, 1, H)})))
    assert "above low, through shapes that are known when the model runs" in found.told[1]


EXCHANGED: dict[str, tuple[Nodes, int]] = {
    "one direction": (
        [node("Squeeze", ["low_Y", "x"], ["q"]), node("Transpose", ["q"], ["low_y"], perm=[1, 0, 2])],
        1,
    ),
    "both directions": (
        [
            node("Transpose", ["low_Y"], ["t"], perm=[0, 2, 1, 3]),
            node("Reshape", ["t", "s"], ["r"]),
            node("Transpose", ["r"], ["low_y"], perm=[1, 0, 2]),
        ],
        2,
    ),
    "units as steps": (
        [node("Squeeze", ["low_Y", "x"], ["q"]), node("Transpose", ["q"], ["low_y"], perm=[2, 0, 1])],
        1,
    ),
}


@pytest.mark.parametrize("name", EXCHANGED)
def test_steps_that_are_exchanged_for_sequences_are_refused(tmp_path: Path, name: str) -> None:
    """The shapes fit for one step of one sequence, which shows nothing."""
    between, ways = EXCHANGED[name]
    tensors = {"x": numbers(1), "s": numbers(0, 0, 2 * H)}
    with pytest.raises(InteropError, match="in another order than step by step"):
        interop.read(written(tmp_path, stacked(between, tensors, ways=ways)))


def test_a_node_is_chosen_with_what_is_below_it(tmp_path: Path) -> None:
    between, tensors, _ = STACKS["Squeeze"]
    path = written(tmp_path, stacked(between, tensors))
    assert interop.read(path, node="low").network.widths == (D, H)
    assert interop.read(path, node="high").network.widths == (D, H, H)
    with pytest.raises(InteropError, match="no recurrent node is called 'middle'") as error:
        interop.read(path, node="middle")
    assert "low, high" in str(error.value)
    np.savez(tmp_path / "w.npz", a=np.ones(3))
    with pytest.raises(InteropError, match="this is no ONNX file"):
        interop.read(tmp_path / "w.npz", node="low")


def test_nodes_without_names_and_of_one_name_are_told_apart(tmp_path: Path) -> None:
    nodes = [recurrent("LSTM", "X", f"Y{k}", "same") for k in range(2)]
    bare = helper.make_node("LSTM", ["X", "W", "R"], ["Z"], hidden_size=H)
    with pytest.raises(InteropError) as error:
        interop.read(written(tmp_path, model([*nodes, bare], weights("LSTM"), reads=[read_of("X")])))
    assert "there are same[0], same[1], LSTM_2" in str(error.value)
    assert interop.read(tmp_path / "m.onnx", node="same[1]").network.widths == (D, H)


def test_a_model_without_a_recurrent_node_names_its_operators(tmp_path: Path) -> None:
    nodes = [node("Relu", ["X"], ["a"]), node("Relu", ["a"], ["b"]), node("MatMul", ["b", "W"], ["Y"])]
    with pytest.raises(InteropError, match=r"its operators are Relu \(2\), MatMul"):
        interop.read(written(tmp_path, model(nodes, weights("LSTM"), reads=[read_of("X")])))


def test_first_states_of_the_file_are_said(tmp_path: Path) -> None:
    given = arrays("GRU")
    reads = ["X", "W", "R", "B", "", "initial_h"]
    tensors = {key: given[key] for key in ("W", "R", "B", "initial_h")}
    path = written(tmp_path, model([node("GRU", reads, ["Y"], hidden_size=H)], tensors, reads=[read_of("X")]))
    assert "initial_h of the file is not 0 and is left out" in interop.read(path).told[0]
    whole = given | {"sequence_lens": np.full(3, 5)}
    np.testing.assert_allclose(interop.run_onnx(path, {"X": given["X"]}).Y, by_hand("GRU", whole), atol=1e-6)


LINEAR: dict[str, Nodes] = {
    "MatMul and Add": [
        node("MatMul", ["y", "V"], ["p"]),
        node("Add", ["c", "p"], ["s"]),
        node("Sigmoid", ["s"], ["out"]),
    ],
    "Gemm": [
        node("Reshape", ["y", "flat"], ["f"]),
        node("Gemm", ["f", "V", "c"], ["g"]),
        node("Sigmoid", ["g"], ["out"]),
    ],
    "Gemm, turned": [node("Gemm", ["y", "Vt", "c"], ["g"], transB=1), node("Sigmoid", ["g"], ["out"])],
}


@pytest.mark.parametrize("name", LINEAR)
def test_a_table_below_and_a_linear_layer_above_are_found(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(5)
    v, c, table = (rng.standard_normal(shape).astype("f4") for shape in ((H, 2), 2, (7, D)))
    tensors = {"V": v, "Vt": v.T, "c": c, "flat": numbers(-1, H), "table": table, "x": numbers(1)}
    nodes = [
        node("Gather", ["table", "words"], ["e"]),
        recurrent("LSTM", "e", "Y", "lstm"),
        node("Squeeze", ["Y", "x"], ["y"]),
        *LINEAR[name],
    ]
    found = interop.read(
        written(tmp_path, model(nodes, weights("LSTM") | tensors, ["out"], [read_of("words", TensorProto.INT64)]))
    )
    assert [layer.name for layer in found.network.layers] == ["embedding", "lstm", "linear"]
    assert np.array_equal(found.params["linear.V"], v.T) and np.array_equal(found.params["linear.b"], c)
    assert np.array_equal(found.params["embedding.E"], table)
    assert found.network.layers[-1].cell.text == "y[t] = sigmoid(V @ x[t] + b)"
    assert found.told[0] == "embedding: table, 7 words, 2 units each" and len(found.told) == 3


def test_a_linear_layer_that_is_not_alone_is_not_taken(tmp_path: Path) -> None:
    nodes = [
        recurrent("LSTM", "X", "Y", "lstm"),
        node("Squeeze", ["Y", "x"], ["y"]),
        node("MatMul", ["y", "V"], ["p"]),
        node("Relu", ["y"], ["r"]),
    ]
    tensors = {"V": np.ones((H, 2), "f4"), "x": numbers(1)}
    found = interop.read(written(tmp_path, model(nodes, weights("LSTM") | tensors, ["p", "r"], [read_of("X")])))
    assert len(found.network.layers) == 1 and found.unused == ("V",)
    assert found.told[1] == "operators that are not taken: MatMul, Relu"


def test_a_linear_layer_that_reads_the_directions_one_by_one_is_not_taken(tmp_path: Path) -> None:
    nodes = [recurrent("LSTM", "X", "Y", "lstm", direction="bidirectional"), node("MatMul", ["Y", "V"], ["p"])]
    tensors = weights("LSTM", 2) | {"V": np.ones((H, 2), "f4")}
    found = interop.read(written(tmp_path, model(nodes, tensors, ["p"], [read_of("X")])))
    assert len(found.network.layers) == 1 and found.told[1] == "operators that are not taken: MatMul"


@pytest.mark.parametrize("name", ["w", "w.pt", "w.npz"])
def test_a_file_under_any_name(tmp_path: Path, name: str) -> None:
    given = arrays("GRU")
    (tmp_path / name).write_bytes(one_node("GRU", given))
    assert interop.file_format(tmp_path / name) == "onnx"
    found = interop.arrays(tmp_path / name)
    assert set(found) == {"W", "R", "B"} and np.array_equal(found["R"], given["R"])


def test_bytes_at_random_are_no_onnx_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        (tmp_path / "w").write_bytes(b"\x08\x08" + rng.bytes(rng.integers(1, 60)))
        with pytest.raises(InteropError, match=r"it is a file|it begins"):
            interop.file_format(tmp_path / "w")


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_was_cut_is_said_to_be(tmp_path: Path, share: float) -> None:
    data = one_node("GRU", arrays("GRU"))
    with pytest.raises(InteropError, match="begins as an ONNX file does, and ends inside its graph"):
        interop.arrays(written(tmp_path, data[: int(share * len(data))]))


def test_types_of_tensors(tmp_path: Path) -> None:
    """As raw bytes and as numbers, of each type that is read; text is left out."""
    values = {
        kind: np.array([[0, 1], [1, 0]]).astype(kind) for kind in ("f4", "f8", "f2", "i8", "i4", "i2", "i1", "u1", "?")
    }
    raw = [numpy_helper.from_array(value, kind) for kind, value in values.items()]
    listed = [
        helper.make_tensor(
            f"{kind}_listed", helper.np_dtype_to_tensor_dtype(value.dtype), (2, 2), value.ravel().tolist()
        )
        for kind, value in values.items()
    ]
    text = helper.make_tensor("text", TensorProto.STRING, (1,), [b"a"])
    brain = helper.make_tensor("bf", TensorProto.BFLOAT16, (2,), [1.5, -2.0])
    graph = helper.make_graph([node("Relu", ["f4"], ["Y"])], "g", [], [], [*raw, *listed, text, brain])
    found = interop.arrays(written(tmp_path, helper.make_model(graph).SerializeToString()))
    assert "text" not in found and found["bf"].tolist() == [1.5, -2.0] and found["bf"].dtype == np.float32
    for kind, value in values.items():
        for name in (kind, f"{kind}_listed"):
            assert found[name].dtype == value.dtype and np.array_equal(found[name], value)


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, one_node("GRU", arrays("GRU")))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InteropError, match=r'pip install "lstm_sym\[weights\]"'):
        interop.arrays(path)
    assert interop.file_format(path) == "onnx"


def test_the_package_is_imported_when_a_file_is_opened_and_not_before() -> None:
    code = "import sys, lstm_sym.interop, lstm_sym.cli; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
