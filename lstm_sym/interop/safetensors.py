"""Reader and writer of .safetensors: the length of a header, the header as JSON, and the bytes of all arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lstm_sym.interop.elements import TYPES, are_counts, count_of, flat
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.files import whole
from lstm_sym.kernels import Array

LONGEST_HEADER = 100_000_000
"""Bytes, as the format has it."""
_WRITTEN = ("I64", "F64", "F32", "I32", "F16", "I16", "I8", "U8", "BOOL")
"""Types in the order in which the package writes them."""
_KEYS = {"dtype", "shape", "data_offsets"}


class _Entry(NamedTuple):
    """What the header says of one array; its bytes are counted from the end of the header."""

    name: str
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_safetensors(path: str | Path) -> dict[str, Array]:
    """The arrays of a .safetensors file by name, each writable and in memory of its own; bfloat16 becomes float32.

    Raises InteropError: cut short, or anything in the header that is not as the format has it: its length, its JSON,
    a name twice, an unknown type, bytes of an array that are not those of its shape, that overlap others, leave a gap
    or lie beyond the file.
    """
    return of_bytes(whole(Path(path)), str(path))


def of_bytes(data: bytes, where: str) -> dict[str, Array]:
    """The same, of the bytes of a file. Raises InteropError as `read_safetensors` does."""
    text, start = _header(data, where)
    entries = [_entry(name, value, where) for name, value in _parsed(text, where).items() if name != "__metadata__"]
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    _refuse_gaps(entries, len(data) - start, where)
    view = memoryview(data)[start:]
    return {e.name: flat(view[e.begin : e.end], e.kind, _at(where, e.name)).reshape(e.shape) for e in entries}


def to_safetensors(arrays: Mapping[str, Array]) -> bytes:
    """The bytes of a .safetensors file of these arrays, as the package writes them: by type, then by name.

    Raises InteropError for a type that the format does not have.
    """
    names = {TYPES[kind].stored: kind for kind in _WRITTEN if kind != "BOOL"} | {np.dtype(bool): "BOOL"}
    little = {name: np.asarray(value, value.dtype.newbyteorder("<"), order="C") for name, value in arrays.items()}
    for name, value in little.items():
        if value.dtype not in names:
            raise InteropError(name, f"its type is {value.dtype}", "", f"give numbers of {', '.join(_WRITTEN)}")
    order = sorted(little, key=lambda name: (_WRITTEN.index(names[little[name].dtype]), name))
    header, parts, size = {}, [], 0
    for name in order:
        value = little[name]
        span = [size, size + value.nbytes]
        header[name] = {"dtype": names[value.dtype], "shape": list(value.shape), "data_offsets": span}
        parts.append(value.tobytes())
        size += value.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def looks_like(data: bytes) -> bool:
    """Whether a file begins as one of these does."""
    return data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= LONGEST_HEADER


def _header(data: bytes, where: str) -> tuple[bytes, int]:
    """The bytes of the header, and where those of the arrays begin."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(LONGEST_HEADER, len(data) - 8):
        found = f"its first 8 bytes announce a header of {length:,} bytes; {max(len(data) - 8, 0):,} follow"
        raise InteropError(where, found, "no .safetensors file, or one that was cut short", "fetch or save it again")
    if data[8:9] != b"{":
        raise _broken(where, f"its header begins with {data[8:9]!r}, not with b'{{'")
    return data[8 : 8 + length], 8 + length


def _parsed(text: bytes, where: str) -> dict[str, object]:
    """The header as a dictionary; every name stands in it once, at any depth."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = sorted(name for name, _ in pairs)
            twice = next(name for name, following in pairwise(names) if name == following)
            raise _broken(where, f"its header has {twice[:80]!r} twice")
        return found

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except InteropError:
        raise
    except (ValueError, RecursionError) as error:
        raise _broken(where, f"its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise _broken(where, "its header is no JSON object")
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _broken(where, "its __metadata__ is no map from names to text")
    return header


def _entry(name: str, value: object, where: str) -> _Entry:
    """What the header says of one array, if it can be true."""
    where = _at(where, name)
    if not isinstance(value, dict) or set(value) != _KEYS:
        raise _broken(where, f"it is not described by {', '.join(sorted(_KEYS))}, and nothing else")
    kind, shape, span = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(kind, str) or kind not in TYPES:
        found = f"its dtype is {str(kind)[:40]!r}; {', '.join(TYPES)} are read"
        raise InteropError(where, found, "weights quantised for inference", "convert them to float32 and save again")
    if not are_counts(shape) or not are_counts(span) or len(span) != 2:
        raise _broken(where, "its shape, or its two data_offsets, are no short lists of integers from 0 on")
    expected, (begin, end) = count_of(shape, where) * TYPES[kind].size, span
    if end - begin != expected:
        found = f"{kind} of shape {tuple(shape)} takes {expected:,} bytes, its data_offsets {begin}, {end} span "
        raise _broken(where, f"{found}{end - begin:,}")
    return _Entry(name, kind, tuple(shape), begin, end)


def _refuse_gaps(entries: list[_Entry], size: int, where: str) -> None:
    """Arrays lie one after the other, from the end of the header to that of the file."""
    reached = 0
    for entry in entries:
        if entry.begin != reached:
            what = "a gap before it" if entry.begin > reached else "it overlaps another array"
            raise _broken(_at(where, entry.name), f"{what}: it begins at byte {entry.begin}, where {reached} belongs")
        reached = entry.end
    if reached != size:
        found = f"its arrays take {reached:,} bytes after the header, and {size:,} are there"
        raise InteropError(where, found, "a download or a copy that was interrupted", "fetch or save it again")


def _at(where: str, name: str) -> str:
    return f"{where}, {name[:80]}"


def _broken(where: str, found: str) -> InteropError:
    return InteropError(
        where, found, "a program that writes the format wrongly, or bytes that were changed", "fetch or save it again"
    )
