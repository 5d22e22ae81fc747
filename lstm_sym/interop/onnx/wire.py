"""Whether bytes are an ONNX model: protobuf has no first bytes of its own, so the fields of the whole file are asked.

A message is a row of fields, each a key (number and kind) and a value: a whole number, or a length and so many bytes.
A file is taken for ONNX only where its fields, one after the other, are those of a model and end with the file, and
those of its graph are those of a graph with a node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

MOST_FIELDS = 1_000_000
"""Of one message: a graph has one for each node and each tensor."""
_NUMBER, _BYTES = 0, 2
_VERSION, _GRAPH, _NODE = 1, 7, 1
_MODEL = {_VERSION: _NUMBER, 5: _NUMBER} | dict.fromkeys((2, 3, 4, 6, _GRAPH, 8, 14, 20, 25, 26), _BYTES)
"""Field of a model -> its kind."""
_IN_GRAPH = dict.fromkeys((_NODE, 2, 5, 10, 11, 12, 13, 14, 15, 16), _BYTES)
"""Field of a graph -> its kind."""


class _Field(NamedTuple):
    """A field of a message: its number, its kind, and where its value begins and ends."""

    number: int
    kind: int
    begin: int
    end: int


def looks_like(data: bytes) -> bool:
    """Whether these are all the fields of an ONNX model, with a version, and a graph that has a node."""
    fields = _fields(data, 0, len(data), _MODEL)
    if not {_VERSION, _GRAPH} <= fields.keys() or max(field.end for field in fields.values()) != len(data):
        return False
    return _NODE in _fields(data, fields[_GRAPH].begin, fields[_GRAPH].end, _IN_GRAPH)


def looks_cut(data: bytes) -> bool:
    """Whether it begins as an ONNX model does, and ends inside its graph."""
    fields = _fields(data, 0, len(data), _MODEL)
    if not {_VERSION, _GRAPH} <= fields.keys() or fields[_GRAPH].end <= len(data):
        return False
    return bool(_fields(data, fields[_GRAPH].begin, len(data), _IN_GRAPH))


def _fields(data: bytes, at: int, end: int, known: Mapping[int, int]) -> dict[int, _Field]:
    """The last field of each number up to an end, beyond which it may go; none where not all are known fields."""
    found: dict[int, _Field] = {}
    for field in _read(data, at, end):
        if field is None or known.get(field.number) != field.kind:
            return {}
        found[field.number] = field
    return found


def _read(data: bytes, at: int, end: int) -> Iterator[_Field | None]:
    """The fields up to an end; None for what is no field, and where there are too many."""
    for _ in range(MOST_FIELDS):
        if at >= end:
            return
        key, at = _whole_number(data, at)
        value, begin = _whole_number(data, at)
        if key is None or value is None or key & 7 not in (_NUMBER, _BYTES):
            break
        at = begin + value if key & 7 == _BYTES else begin
        yield _Field(key >> 3, key & 7, begin, at)
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
