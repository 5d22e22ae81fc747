"""The few operators that stand between weights and the nodes that read them, on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lstm_sym.interop.onnx.messages import attributes
from lstm_sym.kernels import Array

Operands = Sequence[Array | None]
Fold = Callable[[Operands, dict[str, Any]], Array]

_CAST = {1: "f4", 2: "u1", 3: "i1", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8"}
"""Number of a type of ONNX -> the type of NumPy."""


def _identity(operands: Operands, _: dict[str, Any]) -> Array:
    return _first(operands)


def _transpose(operands: Operands, given: dict[str, Any]) -> Array:
    return np.transpose(_first(operands), given.get("perm"))


def _concat(operands: Operands, given: dict[str, Any]) -> Array:
    return np.concatenate([_there(value) for value in operands], axis=given["axis"])


def _slice(operands: Operands, given: dict[str, Any]) -> Array:
    """Starts, ends, axes and steps are attributes up to version 9 of the operators, and operands from 10 on."""
    value = _first(operands)
    starts, ends, axes, steps = (
        given.get(name) if operand is None else operand.tolist()
        for name, operand in zip(("starts", "ends", "axes", "steps"), [*operands[1:], *[None] * 4], strict=False)
    )
    if starts is None or ends is None:
        raise ValueError("a slice without its ends")
    cuts = [slice(None)] * value.ndim
    for axis, start, end, step in zip(
        axes or range(len(starts)), starts, ends, steps or [1] * len(starts), strict=True
    ):
        # Below the first entry a slice of NumPy ends with None: -1 is its last.
        cuts[axis] = slice(start, None if step < 0 and end < -value.shape[axis] else end, step)
    return value[tuple(cuts)]


def _squeeze(operands: Operands, given: dict[str, Any]) -> Array:
    axes = _axes(operands, given)
    return np.squeeze(_first(operands), None if axes is None else tuple(axes))


def _unsqueeze(operands: Operands, given: dict[str, Any]) -> Array:
    axes = _axes(operands, given)
    if axes is None:
        raise ValueError("no axes")
    return np.expand_dims(_first(operands), tuple(axes))


def _reshape(operands: Operands, given: dict[str, Any]) -> Array:
    """0 keeps the size of its place, unless allowzero says that it means 0."""
    value = _first(operands)
    sizes = given["shape"] if len(operands) < 2 else _there(operands[1]).tolist()
    if not given.get("allowzero"):
        sizes = [value.shape[k] if size == 0 else size for k, size in enumerate(sizes)]
    return value.reshape(sizes)


def _cast(operands: Operands, given: dict[str, Any]) -> Array:
    return _first(operands).astype(_CAST[given["to"]])


def _dequantize(operands: Operands, given: dict[str, Any]) -> Array:
    if given.get("block_size"):
        raise ValueError("quantised in blocks")
    value, scale = _first(operands), _there(operands[1])
    return dequantized(value, scale, operands[2] if len(operands) > 2 else None, given.get("axis", 1))


def dequantized(value: Array, scale: Array, zero: Array | None, axis: int) -> Array:
    """(q - zero) scale, with one scale for all numbers, or one for each place along an axis."""
    zero = np.zeros(1, value.dtype) if zero is None else zero
    if not {scale.size, zero.size} <= {1, value.shape[axis] if value.ndim else 1}:
        raise ValueError(f"{scale.size} scales and {zero.size} zeros for numbers of shape {value.shape}")
    whole = [1] * value.ndim
    along = [-1 if k == axis % value.ndim else 1 for k in range(value.ndim)]
    scale, zero = (part.reshape(along if part.size > 1 else whole) for part in (scale, zero))
    with np.errstate(all="ignore"):  # what is not finite is refused with the layer
        found: Array = (value.astype(np.int64) - zero.astype(np.int64)).astype(scale.dtype) * scale
    return found


def _axes(operands: Operands, given: dict[str, Any]) -> list[int] | None:
    """An attribute up to version 12 of the operators, an operand from 13 on."""
    found: list[int] | None = given.get("axes") if len(operands) < 2 else _there(operands[1]).reshape(-1).tolist()
    return found


def _first(operands: Operands) -> Array:
    return _there(operands[0])


def _there(value: Array | None) -> Array:
    if value is None:
        raise ValueError("an operand that is left out")
    return value


FOLDS: dict[str, Fold] = {
    "Identity": _identity,
    "Transpose": _transpose,
    "Concat": _concat,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Cast": _cast,
    "DequantizeLinear": _dequantize,
}
"""Operator -> what it makes of arrays."""
RAISED = (ValueError, IndexError, KeyError, TypeError, OverflowError)
"""What NumPy raises for operands that do not fit each other."""


def folded(node: Any, operands: Operands) -> Array:
    """What a node makes of its operands, None for one that is left out. Raises those of `RAISED`."""
    return FOLDS[node.op_type](operands, attributes(node))
