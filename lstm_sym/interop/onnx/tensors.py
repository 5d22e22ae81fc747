"""A tensor of an ONNX file as an array: its sizes are checked against its bytes before there is an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.interop.elements import TYPES, are_counts, count_of, flat
from lstm_sym.interop.errors import InteropError
from lstm_sym.kernels import Array

_KINDS = {
    1: ("F32", "float_data"),
    2: ("U8", "int32_data"),
    3: ("I8", "int32_data"),
    5: ("I16", "int32_data"),
    6: ("I32", "int32_data"),
    7: ("I64", "int64_data"),
    9: ("BOOL", "int32_data"),
    10: ("F16", "int32_data"),
    11: ("F64", "double_data"),
    16: ("BF16", "int32_data"),
}
"""Number of a type -> its name in `elements.TYPES`, and the field for numbers that are not raw bytes."""
TEXT = 8
"""The number of the type of tensors of text."""
INDICES = (6, 7)
"""Those of int32 and int64, in which axes and sizes are kept."""
_EXTERNAL = 1


def array_of(tensor: Any, where: str) -> Array:
    """The numbers of a TensorProto, in memory of their own; bfloat16 becomes float32.

    Raises InteropError: numbers that stand in another file, a type that is not read, more or fewer bytes than the shape
    needs.
    """
    where = f"{where}, {tensor.name[:80]}"
    if tensor.data_location == _EXTERNAL or tensor.external_data:
        raise InteropError(
            where,
            "its numbers stand in another file, which is not opened",
            "a model of more than 2 GB, or one that was saved with external data",
            "save it as one file: onnx.save(onnx.load(path), new, save_as_external_data=False)",
        )
    if tensor.data_type not in _KINDS:
        raise InteropError(
            where,
            f"its type is number {tensor.data_type} of ONNX; {', '.join(kind for kind, _ in _KINDS.values())} are read",
            "weights quantised to few bits, or complex numbers",
            "export the model before it was quantised",
        )
    kind, field = _KINDS[tensor.data_type]
    shape = tuple(tensor.dims)
    if not are_counts(shape):
        raise _misfit(where, f"a shape of {str(shape)[:80]}")
    count, data = count_of(shape, where), tensor.raw_data
    if tensor.HasField("raw_data") and len(data) == count * TYPES[kind].size:
        return flat(data, kind, where).reshape(shape)
    numbers = getattr(tensor, field)
    if tensor.HasField("raw_data") or len(numbers) != count:
        found = f"{len(data)} bytes" if tensor.HasField("raw_data") else f"{len(numbers)} numbers"
        raise _misfit(where, f"{found} for {kind} of shape {shape}")
    return _listed(np.array(numbers), kind, where).reshape(shape)


def _listed(numbers: Array, kind: str, where: str) -> Array:
    """Numbers that stand as numbers; of float16 and bfloat16 their bits do."""
    stored = np.dtype("<u2") if kind in ("F16", "BF16") else TYPES[kind].stored
    if numbers.dtype.kind == "i" and stored.itemsize < numbers.dtype.itemsize:
        bounds: Any = np.iinfo(stored.str)
        lowest, highest = bounds.min, bounds.max
        if numbers.size and (numbers.min() < lowest or numbers.max() > highest):
            raise _misfit(where, f"a number beyond {lowest} to {highest} in a tensor of {kind}")
    return flat(numbers.astype(stored).tobytes(), kind, where)


def _misfit(where: str, found: str) -> InteropError:
    return InteropError(where, found, "a file that was cut short, or changed", "fetch or save it again")
