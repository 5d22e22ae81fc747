"""Inference: onnxruntime's LSTM and GRU against our forward pass, over sequences and frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from _peers import Case

ORDERS = {"lstm": ("LSTM", "iofg"), "gru": ("GRU", "zrn")}
"""Cell -> the operator, and the order of its gates."""
SEQUENCES = ((100, 1, 32, 32), (50, 32, 32, 64))
FRAMES = (100, 1, 64, 128)  # of a detector of voices: a frame arrives, its output is wanted at once


def session(case: Case, params: Any) -> Any:
    """The operator with these weights, in one thread: inputs x and the states, outputs y and the states."""
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper

    (operator, gates), (_, B, D, H) = ORDERS[case.cell], case.shape
    states = ["h", "c"][: 2 if operator == "LSTM" else 1]
    W, U, b = (np.concatenate([getattr(params, f"{kind}_{gate}") for gate in gates]) for kind in "WUb")
    arrays = {"W": W[None], "R": U[None], "B": np.concatenate([b, np.zeros_like(b)])[None]}
    node = helper.make_node(
        operator,
        ["x", "W", "R", "B", "", *states],
        ["y", *(f"{state}_new" for state in states)],
        hidden_size=H,
    )
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(case.dtype))

    def value(name: str, shape: list[Any]) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        [node],
        case.cell,
        [value("x", ["T", B, D]), *(value(state, [1, B, H]) for state in states)],
        [value("y", ["T", 1, B, H]), *(value(f"{state}_new", [1, B, H]) for state in states)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def by_onnxruntime(case: Case, framewise: bool) -> Callable[[], Any]:
    """y (T, B, H) by the operator."""
    x, params, dy = case.numbers()
    run = session(case, params).run
    zeros = np.zeros((1, *dy.shape[1:]), dy.dtype)
    first = {state: zeros for state in ["h", "c"][: 2 if case.cell == "lstm" else 1]}

    def frames() -> Any:
        states, y = first, []
        for frame in x:
            y_t, *new = run(None, {"x": frame[None], **states})
            states = dict(zip(first, new, strict=True))
            y.append(y_t[0, 0])
        return np.stack(y)

    return frames if framewise else lambda: run(None, {"x": x, **first})[0][:, 0]


def by_kernel(case: Case, target: str, framewise: bool) -> Callable[[], Any]:
    """The same by one of our kernels: `forward` without a tape, or step by step with `stepper`."""
    kernel, (x, params, _) = case.kernel(target), case.numbers()
    advance, first = kernel.stepper(params, batch=x.shape[1]), kernel.forward(x[:0], params)[1]

    def frames() -> Any:
        state, y = first, []
        for frame in x:
            y_t, state = advance(frame, state)
            y.append(y_t)
        return np.stack(y)

    return frames if framewise else lambda: kernel.forward(x, params, tape=False)[0]


def calls(case: Case, framewise: bool) -> dict[str, Callable[[], Any]]:
    """All three; raises ValueError where they differ: what is not the same must not be compared by its time."""
    found = {target: by_kernel(case, name, framewise) for target, name in (("C", "c"), ("NumPy", "numpy"))}
    found["onnxruntime"] = by_onnxruntime(case, framewise)
    expected = found["NumPy"]()
    for name, call in found.items():
        difference = np.abs(call() - expected).max() / np.abs(expected).max()
        if not difference < 1e-5:
            raise ValueError(f"{case.name}: {name} and NumPy differ by {difference:.1e} in y")
    return found
