"""Reader of dictionaries of tensors that torch.save wrote: zip archives (from PyTorch 1.6 on), and the older form."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import numpy as np

from lstm_sym.interop.archives import damaged, stored_members
from lstm_sym.interop.elements import TYPES, flat
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.files import whole
from lstm_sym.interop.pickled import Pickled, read_pickle
from lstm_sym.interop.tensors import Storage, Tensor
from lstm_sym.kernels import Array

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
DEEPEST = 32
"""Dictionaries in dictionaries."""
MOST_ENTRIES = 200_000
LONGEST_NAME = 1000
_TORCH = "torch.save(model.state_dict(), path)"


def read_pytorch(path: str | Path) -> dict[str, Array]:
    """The tensors of a file by name, as arrays; bfloat16 becomes float32. Nothing of the file is run.

    Of dictionaries in dictionaries, as in {"model": state_dict, "epoch": 3}, names are dotted: "model.lstm.bias_hh_l0".
    What is no tensor is left out. Tensors that share numbers in the file share memory here: copy what is to change
    by itself.

    Raises InteropError: a whole model or other code, by name; numbers in big-endian order or of an unknown type; a
    file that is damaged, compressed, or holds no tensor in a dictionary.
    """
    return of_bytes(whole(Path(path)), str(path))


def of_bytes(data: bytes, where: str) -> dict[str, Array]:
    """The same, of the bytes of a file. Raises InteropError as `read_pytorch` does."""
    if data.startswith(b"PK"):
        return _of_zip(data, where)
    if looks_old(data):
        return _of_stream(data, where)
    raise InteropError(where, "no file of torch.save: neither a zip archive nor its older form", "", f"use {_TORCH}")


def looks_old(data: bytes) -> bool:
    """Whether a file begins with the pickle of the magic number, as those before PyTorch 1.6 do."""
    return data[:1] == b"\x80" and MAGIC.to_bytes(10, "little") in data[:32]


def _of_zip(data: bytes, where: str) -> dict[str, Array]:
    """NAME/data.pkl is the pickle, NAME/data/KEY the numbers of a storage."""
    members = stored_members(data, where, "torch.save", _TORCH)
    pickles = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise InteropError(where, "a zip archive without a data.pkl in one folder", "another kind of file", _TORCH)
    top = pickles[0].removesuffix("data.pkl")
    order = members.get(f"{top}byteorder", b"little")
    if order != b"little":
        raise _big_endian(where, f"its byteorder is {order[:20]!r}")
    folder = f"{top}data/"
    numbers = {name.removeprefix(folder): found for name, found in members.items() if name.startswith(folder)}
    return _arrays(read_pickle(io.BytesIO(members[pickles[0]]), where), numbers, where)


def _of_stream(data: bytes, where: str) -> dict[str, Array]:
    """Five pickles (magic number, protocol, machine, dictionary, keys), then of each key a count and the numbers."""
    stream = io.BytesIO(data)
    magic, protocol, machine, found, keys = (read_pickle(stream, where) for _ in range(5))
    if type(magic.value) is not int or magic.value != MAGIC or type(protocol.value) is not int:
        raise damaged(where, "it does not begin with the magic number of torch.save and a protocol")
    if protocol.value != PROTOCOL:
        raise damaged(where, f"its protocol is not {PROTOCOL}, the only one there was")
    if not isinstance(machine.value, dict) or machine.value.get("little_endian") is not True:
        raise _big_endian(where, "it does not say that it was written little-endian")
    if not isinstance(keys.value, list) or not all(isinstance(key, str) for key in keys.value):
        raise damaged(where, "the keys of its storages are no list of text")
    return _arrays(found, _in_order(keys.value, found, memoryview(data)[stream.tell() :], where), where)


def _in_order(keys: list[str], found: Pickled, data: memoryview, where: str) -> dict[str, memoryview]:
    """The bytes of the numbers of every key; before them stands how many there are."""
    numbers: dict[str, memoryview] = {}
    for key in keys:
        storage, there = found.storages.get(key), int.from_bytes(data[:8], "little")
        if storage is None or key in numbers or there != storage.count:
            raise damaged(where, f"the {there:,} numbers under the key {key[:80]!r} are not those that it describes")
        end = 8 + there * TYPES[storage.kind].size
        if end > len(data):
            raise damaged(where, f"{end - 8:,} bytes of numbers belong under the key {key[:80]!r}, fewer are there")
        numbers[key], data = data[8:end], data[end:]
    if len(data):
        raise damaged(where, f"{len(data):,} bytes stand after the last of its numbers")
    return numbers


def _arrays(found: Pickled, numbers: Mapping[str, bytes | memoryview], where: str) -> dict[str, Array]:
    """Every tensor as an array over the numbers of its storage, which are read once."""
    if not isinstance(found.value, dict):
        raise InteropError(where, "it holds no dictionary of tensors", "torch.save of one tensor, or of a list", _TORCH)
    flats: dict[Storage, Array] = {}
    arrays: dict[str, Array] = {}
    for name, tensor in _tensors(found.value, where):
        if name in arrays:
            raise damaged(where, f"two of its tensors have the name {name}")
        if tensor.storage not in flats:
            flats[tensor.storage] = _flat(tensor.storage, numbers, where)
        arrays[name] = _array(tensor, flats[tensor.storage])
    if not arrays:
        raise InteropError(where, "its dictionaries hold no tensors", "a file of settings or of progress", _TORCH)
    return arrays


def _tensors(
    value: dict[str, object], where: str, above: tuple[str, ...] = (), seen: Iterator[int] | None = None
) -> Iterator[tuple[str, Tensor]]:
    """Dotted name and tensor, through dictionaries in dictionaries, in the order of the file.

    A dictionary may stand in several others, or in itself, so that what is met is bounded, not what the file holds.
    """
    seen = seen or count(1)
    for key, entry in value.items():
        path = (*above, key)
        name = ".".join(path)
        if next(seen) > MOST_ENTRIES or len(path) > DEEPEST or len(name) > LONGEST_NAME:
            limits = (
                f"{MOST_ENTRIES:,} entries, {DEEPEST} dictionaries in each other and names of {LONGEST_NAME:,} letters"
            )
            raise InteropError(where, f"more than {limits}", "a dictionary that stands in itself", _TORCH)
        if isinstance(entry, Tensor):
            yield name, entry
        elif isinstance(entry, dict):
            yield from _tensors(entry, where, path, seen)


def _flat(storage: Storage, numbers: Mapping[str, bytes | memoryview], where: str) -> Array:
    """All numbers of a storage."""
    data = numbers.get(storage.key)
    expected = storage.count * TYPES[storage.kind].size
    if data is None or len(data) != expected:
        there = "none" if data is None else f"{len(data):,}"
        key = storage.key[:80]
        raise damaged(where, f"{expected:,} bytes of numbers belong under the key {key!r}, {there} are there")
    return flat(data, storage.kind, f"{where}, storage {storage.key[:80]}")


def _array(tensor: Tensor, numbers: Array) -> Array:
    """The view of a storage that a tensor is. NumPy too refuses one that leaves its buffer."""
    size = numbers.itemsize
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, numbers.dtype)
    strides = [step * size if n > 1 else size for n, step in zip(tensor.shape, tensor.strides, strict=True)]
    return np.ndarray(tensor.shape, numbers.dtype, numbers, tensor.offset * size, strides)


def _big_endian(where: str, found: str) -> InteropError:
    return InteropError(
        where,
        f"{found}, and little-endian numbers are read",
        "a file of another kind of machine",
        "save it again on a little-endian machine",
    )
