"""Files of weights as they are and as they are not."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lstm_sym.interop.elements import TYPES
from lstm_sym.interop.paddle import _TYPES as PADDLE_TYPES

DATA = Path(__file__).parent / "data"
FILES = {
    "lstm.pt": "lstm",
    "lstm_old.pt": "lstm",
    "lstm_protocol_4.pt": "lstm",
    "numbers.pt": "numbers",
    "numbers_old.pt": "numbers",
    "checkpoint.pt": "checkpoint",
    "checkpoint_old.pt": "checkpoint",
}
"""File of PyTorch -> name of the .npz of the arrays that it holds."""


def expected(file: str) -> dict[str, np.ndarray]:
    with np.load(DATA / f"{FILES[file]}.npz") as arrays:
        return dict(arrays)


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


def members(file: str) -> dict[str, bytes]:
    """Of a zip archive among the fixtures."""
    return members_of((DATA / file).read_bytes())


def members_of(data: bytes) -> dict[str, bytes]:
    """Of the bytes of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_file(content: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """The bytes of an archive of these members, with sums that are right whatever they hold."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def torch_file(pickled: bytes, numbers: Mapping[str, bytes] | None = None, **more: bytes) -> bytes:
    """As torch.save writes it today, with this pickle, and numbers by the keys of storages."""
    content = {"a/data.pkl": pickled} | {f"a/data/{key}": data for key, data in (numbers or {}).items()}
    return zip_file(content | {f"a/{name}": data for name, data in more.items()})


def text(word: str) -> bytes:
    """A step that pushes text."""
    return pickle.BINUNICODE + len(word.encode()).to_bytes(4, "little") + word.encode()


def name(dotted: str) -> bytes:
    """A step that pushes what a name stands for."""
    return pickle.GLOBAL + "{}\n{}\n".format(*dotted.rsplit(".", 1)).encode()


def integer(number: int) -> bytes:
    return pickle.LONG1 + b"\x0a" + number.to_bytes(10, "little", signed=True)


def several(*steps: bytes) -> bytes:
    """A tuple of what these steps push."""
    return pickle.MARK + b"".join(steps) + pickle.TUPLE


def storage(count: int = 6, key: str = "0", kind: str = "torch.FloatStorage") -> bytes:
    return several(text("storage"), name(kind), text(key), text("cpu"), integer(count)) + pickle.BINPERSID


def tensor(numbers: bytes, offset: int = 0, shape: Sequence[int] = (2, 3), strides: Sequence[int] = (3, 1)) -> bytes:
    """Steps that make a tensor, whether there can be one or not."""
    sizes = [several(*map(integer, values)) for values in (shape, strides)]
    hooks = name("collections.OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    arguments = several(numbers, integer(offset), *sizes, pickle.NEWFALSE, hooks)
    return name("torch._utils._rebuild_tensor_v2") + arguments + pickle.REDUCE


def entry(value: bytes, key: bytes | None = None) -> bytes:
    """A pickle of a dictionary with one entry."""
    return pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + (key or text("w")) + value + pickle.SETITEM + pickle.STOP


def keras_files(version: int) -> dict[str, bytes]:
    """Name -> bytes of the files of Keras 2 or 3 among the fixtures."""
    with np.load(DATA / f"keras_{version}.npz") as arrays:
        return {name: value.tobytes() for name, value in arrays.items() if value.dtype == np.uint8}


def keras_run(version: int, file: str) -> tuple[np.ndarray, np.ndarray]:
    """What the model in such a file was given, (B, T, N), and what it gave out."""
    name = file.partition(".")[0]
    with np.load(DATA / f"keras_{version}.npz") as arrays:
        return arrays[f"{name}.x"], arrays[f"{name}.y"]


NUMBERS = {name: number for number, name in PADDLE_TYPES.items()}
"""Type -> its number in Paddle."""


def varint(number):
    found = b""
    while number >= 0x80:
        found, number = found + bytes([number & 0x7F | 0x80]), number >> 7
    return found + bytes([number])


def paddle_tensor(raw, kind="F32", shape=(2,), levels=(), description=None):
    """The bytes of a tensor as fluid writes them."""
    if description is None:
        description = b"\x08" + varint(NUMBERS[kind]) + b"".join(b"\x10" + varint(size) for size in shape)
    told = b"".join(len(level).to_bytes(8, "little") + level for level in levels)
    head = bytes(4) + len(levels).to_bytes(8, "little") + told
    return head + bytes(4) + len(description).to_bytes(4, "little") + description + raw


def paddle_array(value, kind="F32"):
    return paddle_tensor(np.asarray(value, TYPES[kind].stored).tobytes(), kind, np.shape(value))


def dynet_parameter(name, value, kind="Parameter", gradient=False):
    """A parameter as DyNet's TextFileSaver writes it: column by column."""
    value = np.float32(value)
    line = " ".join(f"{number:+.8e}" for number in value.ravel(order="F")) + " \n"
    text = line * (2 if gradient else 1)
    sizes = ",".join(map(str, value.shape))
    head = f"#{kind}# {name} {{{sizes}}} {len(text)} {'FULL' if gradient else 'ZERO'}_GRAD\n"
    return (head + text).encode()
