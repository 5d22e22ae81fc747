"""A DynamicQuantizeLSTM of onnxruntime: matrices as integers, the other way round, with scales."""

from __future__ import annotations

from typing import Any

import numpy as np
from interop.onnx_cases import H, arrays, model, read_of
from onnx import TensorProto, helper


def integers(matrix: np.ndarray, channels: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ways, gates H, N) -> integers (ways, N, gates H), and the scale and the zero of each way, or of each column."""
    turned = np.ascontiguousarray(matrix.transpose(0, 2, 1))
    # Seven bits: on some processors the runtime adds two products in 16 bits.
    scale = np.abs(turned).max(axis=1 if channels else (1, 2)) / 63
    whole = scale[:, None] if channels else scale[:, None, None]
    return np.round(turned / whole).astype("i1"), scale.astype("f4"), np.zeros(scale.shape, "i1")


def quantised(direction: str, *, channels: bool) -> tuple[bytes, dict[str, Any]]:
    """The model, and what it was made of: its matrices are those that the integers and scales give."""
    ways = 2 if direction == "bidirectional" else 1
    given = arrays("LSTM", ways, states=False)
    tensors = {"B": given["B"]}
    for role in "WR":
        tensors |= dict(zip((role, f"{role}_s", f"{role}_z"), integers(given[role], channels), strict=True))
        scale = tensors[f"{role}_s"][:, None] if channels else tensors[f"{role}_s"][:, None, None]
        given[role] = (tensors[role] * scale).transpose(0, 2, 1)
    reads = ["X", "W", "R", "B", "sequence_lens", "", "", "", "W_s", "W_z", "R_s", "R_z"]
    node = helper.make_node(
        "DynamicQuantizeLSTM",
        reads,
        ["Y", "Y_h", "Y_c"],
        name="node",
        domain="com.microsoft",
        hidden_size=H,
        direction=direction,
    )
    inputs = [read_of("X"), read_of("sequence_lens", TensorProto.INT32)]
    return model([node], tensors, ["Y", "Y_h", "Y_c"], inputs), given
