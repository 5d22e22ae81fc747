"""Models of ONNX whose weights are made by operators, stand in branches, or belong to nodes above each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from interop.onnx_cases import D, H, arrays, model, read_of, tensor
from onnx import TensorProto, helper

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
    "Reshape to sizes of an export": (
        [node("Transpose", ["low_Y"], ["t"], perm=[0, 2, 1, 3]), node("Reshape", ["t", "s"], ["low_y"])],
        {"s": numbers(6, 2, 2 * H)},
        2,
    ),
    "Reshape to one sequence": ([node("Reshape", ["low_Y", "s"], ["low_y"])], {"s": numbers(-1, 1, H)}, 1),
}
