"""Models of ONNX with one recurrent node or a few, made by hand, and what the equations of the specification give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

T, B, D, H = 5, 3, 2, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
LENGTHS = np.array([T, 2, 3], np.int32)


def arrays(
    operator: str, ways: int = 1, *, peepholes: bool = False, states: bool = True, seed: int = 0, inputs: int = D
) -> dict[str, np.ndarray]:
    """What a node reads, in float32, with sequences of several lengths."""
    rng, gates = np.random.default_rng(seed), GATES[operator]
    shapes = {
        "X": (T, B, inputs),
        "W": (ways, gates * H, inputs),
        "R": (ways, gates * H, H),
        "B": (ways, 2 * gates * H),
    }
    shapes |= {"initial_h": (ways, B, H)} if states else {}
    shapes |= {"initial_c": (ways, B, H)} if states and operator == "LSTM" else {}
    shapes |= {"P": (ways, 3 * H)} if peepholes else {}
    found = {name: rng.standard_normal(shape).astype("f4") for name, shape in shapes.items()}
    return found | {"sequence_lens": LENGTHS}


def tensor(name: str, value: np.ndarray) -> Any:
    return numpy_helper.from_array(np.ascontiguousarray(value), name)


def model(
    nodes: Sequence[Any], tensors: Mapping[str, np.ndarray], outputs: Sequence[str] = ("Y",), reads: Sequence[Any] = ()
) -> bytes:
    """The bytes of a model whose graph reads what is said and gives out what is said."""
    outs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(
        list(nodes), "graph", list(reads), outs, [tensor(name, value) for name, value in tensors.items()]
    )
    sets = [helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8).SerializeToString()


def read_of(name: str, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, None)


def one_node(operator: str, given: Mapping[str, np.ndarray], **settings: Any) -> bytes:
    """A model of one node, which is given X, the lengths and the first states; its weights are initialisers."""
    names = INPUTS if operator == "LSTM" else INPUTS[:6]
    names = names[: max(k for k, name in enumerate(names) if name in given) + 1]
    gives = ["Y", "Y_h", *(["Y_c"] if operator == "LSTM" else [])]
    node = helper.make_node(
        operator, [name if name in given else "" for name in names], gives, name="node", hidden_size=H, **settings
    )
    fed = [name for name in given if name in ("X", "sequence_lens", "initial_h", "initial_c")]
    reads = [read_of(name, TensorProto.INT32 if name == "sequence_lens" else TensorProto.FLOAT) for name in fed]
    return model([node], {name: value for name, value in given.items() if name not in fed}, gives, reads)


def fed(given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value for name, value in given.items() if name in ("X", "sequence_lens", "initial_h", "initial_c")}


FUNCTIONS: dict[str, Any] = {
    "Sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "Tanh": np.tanh,
    "Relu": lambda a: np.maximum(a, 0),
    "Affine": lambda a, alpha, beta: alpha * a + beta,
    "LeakyRelu": lambda a, alpha: np.where(a >= 0, a, alpha * a),
    "ThresholdedRelu": lambda a, alpha: np.where(a > alpha, a, 0),
    "ScaledTanh": lambda a, alpha, beta: alpha * np.tanh(beta * a),
    "HardSigmoid": lambda a, alpha, beta: np.clip(alpha * a + beta, 0, 1),
    "Elu": lambda a, alpha: np.where(a >= 0, a, alpha * (np.exp(np.minimum(a, 0)) - 1)),
    "Softsign": lambda a: a / (1 + np.abs(a)),
    "Softplus": lambda a: np.logaddexp(0, a),
}
"""As the specification has them."""
NUMBERS = {
    "Affine": (0.7, 0.1),
    "LeakyRelu": (0.3,),
    "ThresholdedRelu": (0.4,),
    "ScaledTanh": (1.7159, 0.6667),
    "HardSigmoid": (0.25, 0.4),
    "Elu": (1.2,),
}
"""Alpha and beta that are not the usual ones."""


def settings_of(names: Sequence[str]) -> dict[str, Any]:
    """The attributes of these activations, with the numbers above."""
    found: dict[str, Any] = {"activations": list(names)}
    for key, k in (("activation_alpha", 0), ("activation_beta", 1)):
        numbers = [NUMBERS[name][k] for name in names if len(NUMBERS.get(name, ())) > k]
        found |= {key: numbers} if numbers else {}
    return found


def by_hand(
    operator: str,
    given: Mapping[str, np.ndarray],
    names: Sequence[str] | None = None,
    *,
    clip: float | None = None,
    input_forget: bool = False,
    linear_before_reset: bool = False,
    directions: Sequence[int] = (1,),
) -> np.ndarray:
    """Y (T, ways, B, H) of the equations of the specification in float64, step by step, sequence by sequence."""
    names = names or {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}[operator]
    act = [lambda a, n=name: FUNCTIONS[n](a, *np.float32(NUMBERS.get(n, ())).astype(float)) for name in names]
    bounded = (lambda a: a) if clip is None else (lambda a: np.clip(a, -clip, clip))
    y = np.zeros((T, len(directions), B, H))
    for way, direction in enumerate(directions):
        w, r = given["W"][way].astype(float), given["R"][way].astype(float)
        wb, rb = np.split(given["B"][way].astype(float), 2)
        p = np.split(given.get("P", np.zeros((2, 3 * H)))[way].astype(float), 3)
        for b in range(B):
            h, c = (given[f"initial_{s}"][way, b] if f"initial_{s}" in given else np.zeros(H) for s in "hc")
            for t in range(given["sequence_lens"][b])[::direction]:
                a, u = w @ given["X"][t, b].astype(float) + wb, r @ h + rb
                if operator == "RNN":
                    h = act[0](bounded(a + u))
                elif operator == "GRU":
                    (az, ar, an), (uz, ur, un) = np.split(a, 3), np.split(u, 3)
                    z, reset = act[0](bounded(az + uz)), act[0](bounded(ar + ur))
                    rn, bn = r[2 * H :], rb[2 * H :]
                    n = act[1](bounded(an + (reset * un if linear_before_reset else rn @ (reset * h) + bn)))
                    h = (1 - z) * n + z * h
                else:
                    ai, ao, af, ag = np.split(a + u, 4)
                    i, f = act[0](bounded(ai + p[0] * c)), act[0](bounded(af + p[2] * c))
                    c = (1 - i if input_forget else f) * c + i * act[1](bounded(ag))
                    h = act[0](bounded(ao + p[1] * c)) * act[2](c)
                y[t, way, b] = h
    return y


__all__ = [name for name in globals() if not name.startswith("_")]
assert onnx
