"""Types, shapes and the values of attributes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.elements import MOST_AXES, count_of
from lstm_sym.interop.hdf5.source import Cursor, Source, decoded, unread
from lstm_sym.kernels import Array

_FLOATS = {2: (5, 10, 15), 4: (8, 23, 127), 8: (11, 52, 1023)}
"""Bytes -> bits of the exponent and of the mantissa, and what is added to the exponent."""
_HALF_OF_FLOAT32 = (8, 7, 127)
_WHOLE, _FLOAT, _TEXT, _OPAQUE, _VARYING = 0, 1, 3, 5, 9


class Type(NamedTuple):
    """A type: bytes of one value, its numbers, whether it is text of this length, or of any, in a heap.

    upper_half: numbers are the upper halves of float32. unnamed: they are so if an attribute says so.
    """

    size: int
    numbers: np.dtype[np.generic] | None = None
    upper_half: bool = False
    unnamed: bool = False
    text: bool = False
    varying: bool = False


def type_of(body: Cursor, where: str) -> Type:
    """The type that a message describes; one without numbers and text is none that weights have.

    Raises InteropError for numbers that NumPy does not have.
    """
    first, bits, size = body.number(1), body.number(3), body.number(4)
    kind, order = first & 15, "<>"[bits & 1]
    if kind == _WHOLE:
        if size not in (1, 2, 4, 8) or (body.number(2), body.number(2)) != (0, 8 * size):
            raise _numbers(where, f"whole numbers of {size} bytes")
        return Type(size, np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}"))
    if kind == _FLOAT:
        body.skip(5)  # where the exponent begins
        exponent, _, mantissa, bias = body.number(1), body.number(1), body.number(1), body.number(4)
        form = (exponent, mantissa, bias)
        if size == 2 and form == _HALF_OF_FLOAT32:
            return Type(size, np.dtype(f"{order}u2"), upper_half=True)
        if form != _FLOATS.get(size) or bits & 0x40:
            raise _numbers(where, f"numbers of {size} bytes, {exponent} bits of exponent and {mantissa} of mantissa")
        return Type(size, np.dtype(f"{order}f{size}"))
    if kind == _OPAQUE and size == 2:
        return Type(size, np.dtype("<u2"), upper_half=True, unnamed=True)
    return Type(size, text=kind == _TEXT, varying=kind == _VARYING and bits & 15 == 1)


def shape_of(body: Cursor, where: str) -> tuple[int, ...] | None:
    """The shape that a message describes, None for no value at all. Raises InteropError for one that no array has."""
    version, axes, flags = body.number(1), body.number(1), body.number(1)
    if version not in (1, 2) or axes > MOST_AXES:
        raise damaged(where, f"a shape of version {version} with {axes} axes")
    kind = body.number(1)
    if version == 1:
        body.skip(4)
    elif kind == 2:
        return None
    shape = tuple(body.number(8) for _ in range(axes))
    if flags & 1:
        body.skip(8 * axes)
    count_of(shape, where)
    return shape


def numbers_of(raw: memoryview, kind: Type, shape: Sequence[int]) -> Array:
    """Bytes as numbers of this machine, in memory of their own; of the upper half of float32 the whole."""
    assert kind.numbers is not None
    found = np.frombuffer(raw, kind.numbers).reshape(shape)
    found = found.astype(kind.numbers.newbyteorder("="))
    return (found.astype(np.uint32) << 16).view(np.float32) if kind.upper_half else found


def attribute(source: Source, body: Cursor, heap: Heap) -> tuple[str, object]:
    """Name and value: a text, a list of texts, an array; None for what is none of them.

    Raises InteropError for a value that is not there.
    """
    version, flags = body.number(1), body.number(1)
    if version not in (1, 2, 3):
        raise damaged(source.where, f"an attribute of version {version}")
    sizes = [body.number(2) for _ in range(3)]
    body.skip(version == 3)
    parts = []
    for size in sizes:
        parts.append(body.part(size))
        if version == 1:
            body.align()
    name = decoded(bytes(parts[0].view).partition(b"\0")[0], source.where)
    where = f"{source.where}, attribute {name[:80]}"
    if flags & 3:
        return name, None
    kind, shape = type_of(parts[1], where), shape_of(parts[2], where)
    if shape is None or not (kind.numbers or kind.text or kind.varying):
        return name, None
    values = body.raw(math.prod(shape) * kind.size)
    if kind.numbers:
        return name, numbers_of(values, kind, shape)
    texts = [decoded(raw, where) for raw in _texts(values, kind, heap, where)]
    return name, texts if shape else texts[0]


def _texts(values: memoryview, kind: Type, heap: Heap, where: str) -> list[bytes]:
    """The bytes of every text, up to where they are filled with zeros."""
    if kind.size < 1 or (kind.varying and kind.size != 16):
        raise damaged(where, f"texts of {kind.size} bytes")
    pieces = [values[at : at + kind.size] for at in range(0, len(values), kind.size)]
    if kind.varying:
        pieces = [heap.text(Cursor(piece, where)) for piece in pieces]
    return [bytes(piece).partition(b"\0")[0] for piece in pieces]


class Heap:
    """Texts that lie outside of what they belong to, many in one collection; each collection is looked through once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.collections: dict[int, dict[int, memoryview]] = {}

    def text(self, reference: Cursor) -> memoryview:
        """The bytes that a length, a collection and a number in it refer to. Raises InteropError for none."""
        length, at, number = reference.number(4), reference.number(8), reference.number(4)
        if not length:
            return memoryview(b"")
        if at not in self.collections:
            self.collections[at] = self._collection(at)
        found = self.collections[at].get(number)
        if found is None or len(found) < length:
            raise damaged(self.source.where, f"a text is said to be number {number} at {at:,}, and is not")
        self.source.spend(length)
        return found[:length]

    def _collection(self, at: int) -> dict[int, memoryview]:
        head = self.source.marked(at, b"GCOL", 16)
        head.skip(4)
        size = head.number(8)
        body, found = self.source.cursor(at + 16, max(size - 16, 0)), {}
        while body.left >= 16:
            number, _, length = body.number(2), body.number(6), body.number(8)
            if not number:
                break
            found[number] = body.raw(length)
            body.align()
        return found


def _numbers(where: str, found: str) -> Exception:
    return unread(where, found, "a type of numbers that NumPy does not have")
