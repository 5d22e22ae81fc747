"""Types of numbers in files of weights, and flat bytes as arrays of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

import numpy as np

from lstm_sym.interop.errors import InteropError
from lstm_sym.kernels import Array

MOST_AXES = 32
"""Axes of an array that every NumPy can hold."""
LARGEST = 2**63 - 1


class Elements(NamedTuple):
    """A type of numbers: how it lies in a file, little-endian, and bytes of one of them."""

    stored: np.dtype[np.generic]

    @property
    def size(self) -> int:
        """Bytes of one number."""
        return self.stored.itemsize


TYPES = {
    "F64": Elements(np.dtype("<f8")),
    "F32": Elements(np.dtype("<f4")),
    "F16": Elements(np.dtype("<f2")),
    "BF16": Elements(np.dtype("<u2")),
    "I64": Elements(np.dtype("<i8")),
    "I32": Elements(np.dtype("<i4")),
    "I16": Elements(np.dtype("<i2")),
    "I8": Elements(np.dtype("i1")),
    "U8": Elements(np.dtype("u1")),
    "BOOL": Elements(np.dtype("u1")),
}
"""By the names that safetensors gives them; BF16 is the upper half of a float32."""


def flat(data: bytes | memoryview, name: str, where: str) -> Array:
    """All numbers of these bytes, as an array of its own; bfloat16 becomes float32, bit for bit.

    Raises InteropError: a truth value that is neither 0 nor 1.
    """
    found: Array = np.frombuffer(data, TYPES[name].stored).copy()
    if name == "BF16":
        return (found.astype("<u4") << 16).view("<f4")
    if name != "BOOL":
        return found
    if found.size and found.max() > 1:
        raise InteropError(
            where, f"a truth value of {found.max()}, where 0 or 1 belongs", "bytes that were changed", "fetch it again"
        )
    return found.view(np.bool_)


def are_counts(numbers: object) -> TypeGuard[Sequence[int]]:
    """Whether this is a list or a tuple of integers from 0 on, of one for each axis at most.

    Its length is asked first: a file may name a long list often, at no cost of its own.
    """
    if not isinstance(numbers, list | tuple) or len(numbers) > MOST_AXES:
        return False
    return all(type(n) is int and 0 <= n <= LARGEST for n in numbers)


def count_of(shape: Sequence[int], where: str) -> int:
    """How many numbers an array of this shape holds. Raises InteropError for one that no array can have."""
    if math.prod(n for n in shape if n) > LARGEST // 16:
        found = f"a shape of {tuple(shape)}, which no array can have"
        raise InteropError(where, found, "bytes that were changed", "fetch it again")
    return math.prod(shape)
