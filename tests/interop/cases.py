"""Files of weights as they are and as they are not."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np


def same(found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> bool:
    """Names, types, shapes and every bit."""
    return set(found) == set(wanted) and all(
        (found[name].dtype, found[name].shape, found[name].tobytes()) == (array.dtype, array.shape, array.tobytes())
        for name, array in wanted.items()
    )


def safetensors_file(header: object, data: bytes = b"") -> bytes:
    """The bytes of a file with this header: text as it is, anything else as JSON."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def described(dtype: str = "F32", shape: object = (2,), span: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": span}
