"""ONNX files as networks: weights that operators make, inner graphs, stacks, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_sym import interop
from lstm_sym.interop import InteropError

onnx = pytest.importorskip("onnx", reason="the extra weights reads ONNX")
from interop.onnx_cases import D, H, arrays, by_hand, fed, model, one_node, read_of, tensor  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

Nodes = list[Any]


def node(operator: str, reads: list[str], gives: list[str], **settings: Any) -> Any:
    return helper.make_node(operator, reads, gives, name=settings.pop("name", gives[0]), **settings)


def recurrent(operator: str, x: str, y: str, name: str = "", prefix: str = "", **settings: Any) -> Any:
    reads = [x, *(f"{prefix}{role}" for role in "WRB")]
    return node(operator, reads, [y], name=name or y, hidden_size=H, **settings)


def weights(operator: str, ways: int = 1, prefix: str = "", inputs: int = D, seed: int = 0) -> dict[str, np.ndarray]:
    found = arrays(operator, ways, inputs=inputs, seed=seed)
    return {f"{prefix}{role}": found[role] for role in "WRB"}


def written(path: Path, data: bytes) -> Path:
    (path / "m.onnx").write_bytes(data)
    return path / "m.onnx"


def numbers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


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


def folded_model() -> bytes:
    """Weights that are cut in pieces, and put together again in another order, as exporters do with gates."""
    given = weights("LSTM", 2)
    nodes, tensors = [], {"B": given["B"], "axis": numbers(0)}
    for role in "WR":
        ways = []
        for way in range(2):
            tensors[f"{role}{way}"] = given[role][way, np.r_[0:H, 2 * H : 4 * H, H : 2 * H]]  # i f g o
            pieces = []
            for k, (start, end) in enumerate([(0, 1), (3, 4), (1, 3)]):  # i, o, then f and g
                name = f"{role}{way}_{k}"
                tensors |= {f"{name}s": numbers(start * H), f"{name}e": numbers(end * H)}
                nodes.append(node("Slice", [f"{role}{way}", f"{name}s", f"{name}e", "axis"], [name]))
                pieces.append(name)
            nodes.append(node("Concat", pieces, [f"{role}{way}_all"], axis=0))
            nodes.append(node("Unsqueeze", [f"{role}{way}_all", "axis"], [f"{role}{way}_way"]))
            ways.append(f"{role}{way}_way")
        nodes.append(node("Concat", ways, [role], axis=0))
    nodes.append(recurrent("LSTM", "X", "Y", direction="bidirectional"))
    return model(nodes, tensors, reads=[read_of("X")])


def inner_model() -> bytes:
    """An If whose branches each have a GRU, with weights of the graph around it, and of the branch."""
    given = weights("GRU")
    bodies = []
    for k, name in enumerate(("yes", "no")):
        out = helper.make_tensor_value_info(f"Y_{name}", TensorProto.FLOAT, None)
        own = [tensor(f"{name}_B", given["B"] + k)]
        reads = ["X", "W_turned", "R", f"{name}_B"]
        body = node("GRU", reads, [f"Y_{name}"], name=f"gru_{name}", hidden_size=H)
        bodies.append(helper.make_graph([body], name, [], [out], own))
    outer = [
        node("Transpose", ["W"], ["W_turned"], perm=[0, 2, 1]),
        helper.make_node("If", ["condition"], ["Y"], name="if", then_branch=bodies[0], else_branch=bodies[1]),
    ]
    tensors = {"W": given["W"].transpose(0, 2, 1), "R": given["R"]}
    return model(outer, tensors, reads=[read_of("X"), read_of("condition", TensorProto.BOOL)])


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


def stacked(
    between: Nodes, tensors: Mapping[str, np.ndarray], *, ways: int = 1, second: str = "low_y", **top: Any
) -> bytes:
    """Two LSTMs, one above the other, and nodes between them."""
    direction = "bidirectional" if ways == 2 else "forward"
    given = weights("LSTM", ways, "a") | weights("LSTM", 1, "b", inputs=H * ways, seed=1)
    nodes = [
        recurrent("LSTM", "X", "low_Y", "low", "a", direction=direction),
        *between,
        recurrent("LSTM", second, "Y", "high", "b", **top),
    ]
    return model(nodes, given | tensors, reads=[read_of("X")])


STACKS = {
    "Squeeze": ([node("Squeeze", ["low_Y", "x"], ["low_y"])], {"x": numbers(1)}, 1),
    "Transpose and Reshape": (
        [node("Transpose", ["low_Y"], ["t"], perm=[0, 2, 1, 3]), node("Reshape", ["t", "s"], ["low_y"])],
        {"s": numbers(0, 0, -1)},
        2,
    ),
    "through sequences first": (
        [
            node("Squeeze", ["low_Y", "x"], ["q"]),
            node("Transpose", ["q"], ["t"], perm=[1, 0, 2]),
            node("Dropout", ["t"], ["d"]),
            node("Transpose", ["d"], ["low_y"], perm=[1, 0, 2]),
        ],
        {"x": numbers(1)},
        1,
    ),
    "Reshape to one sequence": ([node("Reshape", ["low_Y", "s"], ["low_y"])], {"s": numbers(-1, 1, H)}, 1),
}


@pytest.mark.parametrize("name", STACKS)
def test_nodes_above_each_other_are_layers(tmp_path: Path, name: str) -> None:
    between, tensors, ways = STACKS[name]
    found = interop.read(written(tmp_path, stacked(between, tensors, ways=ways)))
    assert [layer.name for layer in found.network.layers] == ["low", "high"]
    assert found.network.widths == (D, H * ways, H) and len(found.told) == 2 and "known when" not in found.told[1]


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


def test_a_node_is_chosen_with_what_is_below_it(tmp_path: Path) -> None:
    between, tensors, _ = STACKS["Squeeze"]
    path = written(tmp_path, stacked(between, tensors))
    assert interop.read(path, node="low").network.widths == (D, H)
    assert interop.read(path, node="high").network.widths == (D, H, H)
    with pytest.raises(InteropError, match="no recurrent node is called 'middle'") as error:
        interop.read(path, node="middle")
    assert "low, high" in str(error.value)
    np.savez(tmp_path / "w.npz", a=np.ones(3))
    with pytest.raises(InteropError, match="for no ONNX file"):
        interop.read(tmp_path / "w.npz", node="low")


def test_nodes_without_names_and_of_one_name_are_told_apart(tmp_path: Path) -> None:
    nodes = [recurrent("LSTM", "X", f"Y{k}", "same") for k in range(2)]
    bare = helper.make_node("LSTM", ["X", "W", "R"], ["Z"], hidden_size=H)
    with pytest.raises(InteropError) as error:
        interop.read(written(tmp_path, model([*nodes, bare], weights("LSTM"), reads=[read_of("X")])))
    assert "LSTM_2" in str(error.value)


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


def changed(edit: Callable[[Any], None], operator: str = "LSTM", **settings: Any) -> bytes:
    """A model of one node, changed."""
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
