"""Reader of tensors of Paddle (fluid): one after the other in a file, or one a file in a folder.

A tensor: version 0 (4 bytes), a count of levels (8) and for each a length (8) and bytes, which tell sequences apart;
version 0 (4), the length of a description (4), the description, a protocol buffer of type and sizes; the numbers.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.conventions import Arrays
from lstm_sym.interop.elements import TYPES, are_counts, count_of, flat
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.files import LARGEST, whole
from lstm_sym.kernels import Array

MOST_FILES = 10_000
"""Of a folder."""
_TYPES = {0: "BOOL", 1: "I16", 2: "I32", 3: "I64", 4: "F16", 5: "F32", 6: "F64", 20: "U8", 21: "I8", 22: "BF16"}
"""Number of a type in Paddle -> its name in `elements.TYPES`."""
_HEAD = 4 + 8
_LONGEST = 1024
"""Bytes of a description."""


class _Described(NamedTuple):
    """A type and sizes."""

    kind: str
    shape: tuple[int, ...]


def looks_like(data: bytes) -> bool:
    """Whether a file begins as a tensor without levels does."""
    return data[:16] == bytes(16) and 0 < int.from_bytes(data[16:20], "little") <= _LONGEST and data[20:21] == b"\x08"


def files_of(path: Path) -> list[Path]:
    """The files of a folder that hold tensors, by their names; a link is none.

    Raises InteropError: too many files, or none with tensors.
    """
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode))
    if len(names) > MOST_FILES:
        raise InteropError(str(path), f"{len(names):,} files in it; at most {MOST_FILES:,} are read", "", "name a file")
    found = []
    for name in names:
        with open(path / name, "rb") as file:
            found += [path / name] if looks_like(file.read(_HEAD + 9)) else []
    if not found:
        fix = "name the file of weights itself, or another folder"
        raise InteropError(str(path), "a folder without tensors of Paddle", "", fix)
    return found


def of_folder(path: Path) -> dict[str, Array]:
    """The tensors of all files of a folder, by the names of the files; other files in it are left out.

    Raises InteropError: no tensor in it, too many or too large files, a tensor that is damaged.
    """
    arrays: dict[str, Array] = {}
    left = LARGEST
    for file in files_of(path):
        data = whole(file)
        left -= len(data)
        if left < 0:
            raise InteropError(str(path), f"files of more than {LARGEST:,} bytes", "", "name a file in it")
        arrays |= of_bytes(data, str(file))
    return arrays


def of_bytes(data: bytes, where: str) -> dict[str, Array]:
    """The tensors of a file: one by the name of the file, several by their numbers, "0", "1", ...

    Raises InteropError: cut short, another version, a type or sizes that no array here has.
    """
    view, found = memoryview(data), []
    while view:
        head = _taken(view, _HEAD, where)
        _check_version(head[:4], where)
        view, levels = view[_HEAD:], int.from_bytes(head[4:], "little")
        for _ in range(levels):
            size = int.from_bytes(_taken(view, 8, where), "little")
            view = view[8 + len(_taken(view[8:], size, where)) :]
        head = _taken(view, 8, where)
        _check_version(head[:4], where)
        length = int.from_bytes(head[4:], "little")
        described = _described(_taken(view[8:], min(length, len(data)), where), where)
        size = count_of(described.shape, where) * TYPES[described.kind].size
        numbers = _taken(view[8 + length :], size, where)
        found.append(flat(numbers, described.kind, where).reshape(described.shape))
        view = view[8 + length + size :]
    if not found:
        raise damaged(where, "it is empty")
    return {Path(where).name: found[0]} if len(found) == 1 else {str(k): value for k, value in enumerate(found)}


def gru_arrays(arrays: Arrays, linear: str, gru: str) -> dict[str, Array]:
    """The arrays of a dynamic_gru and of the linear layer (fc) below it, as its row of the layouts has them.

    In a file the matrices of u and r are one matrix (H, 2 H), and that of c another, (H, H), one behind the other in
    memory; here they are the columns of one (H, 3 H). `linear` and `gru` are what stands before the point in the names:
    "fc_0", "gru_0".

    Raises InteropError where arrays are missing, or are not those of a GRU.
    """
    names = {"input_weight": f"{linear}.w_0", "input_bias": f"{linear}.b_0"}
    names |= {"weight": f"{gru}.w_0", "bias": f"{gru}.b_0"}
    found = {name: arrays[place] for name, place in names.items() if place in arrays}
    for name in ("input_weight", "weight"):
        if name not in found:
            raise InteropError(names[name], "it is missing", "a folder that was copied in part", "copy all its files")
    weight = found["weight"]
    units = len(weight) if weight.ndim else 0
    if weight.shape != (units, 3 * units):
        raise InteropError(names["weight"], f"its shape is {weight.shape}", "no GRU", "(H, 3 H) is that of a GRU")
    gates, candidate = weight.reshape(-1)[: 2 * units**2], weight.reshape(-1)[2 * units**2 :]
    found["weight"] = np.concatenate((gates.reshape(units, 2 * units), candidate.reshape(units, units)), axis=1)
    return found | {name: value.reshape(-1) for name, value in found.items() if "bias" in name}


def _described(view: memoryview, where: str) -> _Described:
    """What a protocol buffer says: field 1 is the number of a type, field 2 a size, as often as there are axes."""
    kind, shape = -1, []
    while view:
        tag, view = _number(view, where)
        if tag == 0x12:  # sizes in one piece, as newer versions of the protocol may write them
            length, view = _number(view, where)
            part, view = _taken(view, length, where), view[length:]
            while part:
                size, part = _number(part, where)
                shape.append(size)
            continue
        value, view = _number(view, where)
        if tag == 0x08:
            kind = value
        elif tag == 0x10:
            shape.append(value)
        else:
            raise damaged(where, f"the description of a tensor has a field {tag >> 3}")
    if kind not in _TYPES:
        raise InteropError(where, f"its type is number {kind}", "a type that weights do not have", "save it as float32")
    if not are_counts(shape):
        raise damaged(where, f"its sizes are {shape[:40]}")
    return _Described(_TYPES[kind], tuple(shape))


def _number(view: memoryview, where: str) -> tuple[int, memoryview]:
    """A number of seven bits a byte, the lowest first, and what follows it."""
    found = 0
    for k, byte in enumerate(view[:10]):
        found |= (byte & 0x7F) << (7 * k)
        if byte < 0x80:
            return found, view[k + 1 :]
    raise damaged(where, "a number in the description of a tensor has no end")


def _taken(view: memoryview, count: int, where: str) -> memoryview:
    if count > len(view):
        raise damaged(where, f"{count:,} bytes belong there, and {len(view):,} are")
    return view[:count]


def _check_version(raw: memoryview, where: str) -> None:
    if any(raw):
        raise InteropError(where, f"its version is {int.from_bytes(raw, 'little')}", "", "version 0 is read")
