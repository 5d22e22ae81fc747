"""Functions that every kernel brings along: their source is copied into the kernel, so they need NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def times(sequence: Array, matrix: Array, out: Array | None = None) -> Array:
    """Every row of a sequence (T, B, N) times a matrix (N, M), as one product of T B rows: (T, B, M).

    `out`, if given, is a contiguous array of that shape.
    """
    steps, batch, width = sequence.shape
    rows = None if out is None else out.reshape(steps * batch, matrix.shape[1])
    rows = np.matmul(sequence.reshape(steps * batch, width), matrix, out=rows)
    return rows.reshape(steps, batch, matrix.shape[1])


def outer(left: Array, right: Array) -> Array:
    """The sum over time and batch of left right^T: (T, B, M), (T, B, N) -> (M, N), as one product."""
    steps, batch, _ = left.shape
    rows = steps * batch
    # BLAS is faster with the wide operand on the right, so the transpose of the result is computed.
    product: Array = right.reshape(rows, right.shape[2]).T @ left.reshape(rows, left.shape[2])
    return product.T


def sizes_of(params: Any, shapes: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The number behind each symbolic size, read off the parameters. Raises TypeError, ValueError."""
    sizes: dict[str, int] = {}
    for name, symbols in shapes.items():
        if not hasattr(params, name):
            raise TypeError(f"params has no field {name}; make them with init(), or Params({', '.join(shapes)})")
        shape = np.shape(getattr(params, name))
        if len(shape) != len(symbols):
            raise ValueError(f"params.{name} has shape {shape}; expected {len(symbols)} axes ({', '.join(symbols)})")
        for symbol, size in zip(symbols, shape, strict=True):
            if sizes.setdefault(symbol, size) != size:
                raise ValueError(
                    f"params.{name} has shape {shape}, but {symbol} = {sizes[symbol]} by the parameters before it; "
                    f"expected ({', '.join(symbols)})"
                )
    return sizes


def float_dtype(arrays: Sequence[Any]) -> np.dtype[Any]:
    """The one dtype all arrays are computed in: float32 stays float32. Raises TypeError for half and for no float."""
    dtype = np.result_type(*arrays)
    if dtype.kind not in "fc" or dtype.itemsize < 4:
        raise TypeError(
            f"arrays of dtype {dtype} cannot be used; convert with .astype(np.float64) or .astype(np.float32)"
        )
    return dtype.newbyteorder("=")


def checked(name: str, value: Any, axes: Sequence[str], sizes: Mapping[str, int], dtype: np.dtype[Any]) -> Array:
    """An array of this dtype whose axes have these sizes, an unknown size taken from it. Raises ValueError."""
    array = np.asarray(value)
    expected = tuple(sizes.get(axis, size) for axis, size in zip(axes, array.shape, strict=False))
    if array.ndim != len(axes) or array.shape != expected:
        known = ", ".join(f"{axis} = {sizes[axis]}" for axis in axes if axis in sizes)
        raise ValueError(f"{name} has shape {array.shape}; expected ({', '.join(axes)})" + (known and f" with {known}"))
    return array.astype(dtype, copy=False)


def checked_fields(
    name: str,
    values: Any,
    shapes: Mapping[str, Sequence[str]],
    sizes: Mapping[str, int],
    dtype: np.dtype[Any],
) -> Any:
    """A named tuple of arrays, field by field; None gives zeros. Raises TypeError, ValueError."""
    if values is None:
        return [np.zeros([sizes[axis] for axis in axes], dtype) for axes in shapes.values()]
    missing = [field for field in shapes if not hasattr(values, field)]
    if missing:
        raise TypeError(f"{name} has no field {missing[0]}; it needs {', '.join(shapes)}")
    return [checked(f"{name}.{f}", getattr(values, f), axes, sizes, dtype) for f, axes in shapes.items()]
