"""Whether bytes are an ONNX model: protobuf has no first bytes of its own, so the fields of the whole file are asked.

A message is a row of fields, each a key (number and kind) and a value: a whole number, or a length and so many bytes.
An ONNX file is taken for one only where its fields, one after the other, are those of a model and end with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MOST_FIELDS = 100_000
"""Of the outermost message: a model has a few, and some for each of its functions and properties."""
_NUMBER, _BYTES = 0, 2
_MODEL = {1: _NUMBER, 2: _BYTES, 3: _BYTES, 4: _BYTES, 5: _NUMBER, 6: _BYTES, 7: _BYTES, 8: _BYTES}
_MODEL |= {14: _BYTES, 20: _BYTES, 25: _BYTES, 26: _BYTES}
"""Field of a ModelProto -> its kind. 1 is ir_version, 7 the graph, 8 the sets of operators."""
_VERSION, _GRAPH = 1, 7


class _Field(NamedTuple):
    """A field of a message: its number, its kind, and where it ends."""

    number: int
    kind: int
    end: int


def looks_like(data: bytes) -> bool:
    """Whether these are all the fields of an ONNX model, with a version and a graph."""
    found = set()
    for field in _fields(data):
        if field is None or _MODEL.get(field.number) != field.kind or field.end > len(data):
            return False
        found.add(field.number)
    return {_VERSION, _GRAPH} <= found


def looks_cut(data: bytes) -> bool:
    """Whether it begins as an ONNX model does, and ends inside a field."""
    found = set()
    for field in _fields(data):
        if field is None or _MODEL.get(field.number) != field.kind:
            return False
        found.add(field.number)
        if field.end > len(data):
            return _VERSION in found and field.number == _GRAPH
    return False


def _fields(data: bytes) -> Iterator[_Field | None]:
    """The outermost fields; None for what is no field, and where there are too many."""
    at = 0
    for _ in range(MOST_FIELDS):
        if at >= len(data):
            return
        key, at = _whole_number(data, at)
        value, at = _whole_number(data, at)
        if key is None or value is None or key & 7 not in (_NUMBER, _BYTES):
            break
        at += value if key & 7 == _BYTES else 0
        yield _Field(key >> 3, key & 7, at)
    yield None


def _whole_number(data: bytes, at: int) -> tuple[int | None, int]:
    """A number of seven bits a byte, the lowest first, and where it ends; None where it does not."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    return None, at
