"""Which format a file of weights has, by what it holds, and the reader of that format."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from lstm_sym.interop import dynet, hdf5, keras, onnx, paddle, pytorch, safetensors
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.files import whole
from lstm_sym.kernels import Array
from lstm_sym.networks import NetworkError
from lstm_sym.networks.storage import read_npz

_OTHERS = {
    b"\x93NUMPY": "one NumPy array (.npy), without names",
    b"\x80": "a pickle that torch.save did not write",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"version https://git-lfs": "a pointer of Git LFS, not the file: run git lfs pull",
    b"<": "a page of HTML or XML: the download gave a page, not the file",
}
"""First bytes -> what a file that begins with them is."""


def arrays(path: str | Path) -> dict[str, Array]:
    """The arrays of a file of trained weights by name: .safetensors, .npz, a state_dict of PyTorch, a file of Keras,
    an ONNX model, a model of DyNet, a tensor of Paddle, or a folder of such tensors.

    The content says which it is, not the ending of the name. Nothing of the file is run.

    Raises InteropError: none of these (the message says what it is), or what its reader refuses.
    """
    return arrays_of(*opened(path), Path(path))


def arrays_of(kind: str, data: bytes, path: Path) -> dict[str, Array]:
    """The arrays in the bytes of a file of this format. Raises InteropError for what its reader refuses."""
    return _READERS[kind](data, path)


def file_format(path: str | Path) -> str:
    """Which format a file of weights has, by its name in docs/weights.md. Raises InteropError for another."""
    return opened(path)[0]


def opened(path: str | Path) -> tuple[str, bytes]:
    """The format of a file, and its bytes. Raises InteropError as `file_format` does."""
    if os.path.isdir(path):
        paddle.files_of(Path(path))
        return "paddle", b""
    data = whole(Path(path))
    return _format(data, str(path)), data


def _format(data: bytes, where: str) -> str:
    if data.startswith(b"PK"):
        return _format_of_zip(data, where)
    if data.startswith(hdf5.SIGNATURE):
        return "hdf5"
    if data.startswith(dynet.MARKS):
        return "dynet"
    if paddle.looks_like(data):
        return "paddle"
    if pytorch.looks_old(data):
        return "pytorch"
    if safetensors.looks_like(data):
        return "safetensors"
    if onnx.looks_like(data):
        return "onnx"
    if onnx.looks_cut(data):
        raise _unknown(where, "it begins as an ONNX file does, and ends inside its graph")
    known = (what for start, what in _OTHERS.items() if data.startswith(start))
    raise _unknown(where, f"it is {next(known, f'a file that begins with {data[:8]!r}' if data else 'empty')}")


def _format_of_zip(data: bytes, where: str) -> str:
    """An archive of .npy files alone is .npz; one with a data.pkl is of PyTorch, with a model.weights.h5 of Keras."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except Exception as error:  # what zipfile raises for broken bytes is of every kind
        raise _unknown(where, f"it is a zip archive that cannot be read: {str(error)[:200]}") from error
    if any(name.endswith("/data.pkl") for name in names):
        return "pytorch"
    if keras.WEIGHTS in names:
        return "keras"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    raise _unknown(where, f"it is a zip archive of {', '.join(names[:5])[:200] or 'nothing'}")


def _npz(path: Path) -> dict[str, Array]:
    try:
        return read_npz(path)
    except NetworkError as error:
        raise InteropError(error.where, error.found, error.why, error.fix) from error


def _unknown(where: str, found: str) -> InteropError:
    return InteropError(
        where,
        found,
        "weights in a format that is not read here, or a file that was cut short",
        "give .safetensors, .npz, a model of Keras or ONNX, or what torch.save(model.state_dict(), path) wrote",
    )


_READERS: dict[str, Callable[[bytes, Path], dict[str, Array]]] = {
    "safetensors": lambda data, path: safetensors.of_bytes(data, str(path)),
    "pytorch": lambda data, path: pytorch.of_bytes(data, str(path)),
    "npz": lambda _, path: _npz(path),
    "onnx": lambda data, path: onnx.of_bytes(data, str(path)),
    "hdf5": lambda data, path: hdf5.of_bytes(data, str(path)).arrays,
    "paddle": lambda data, path: paddle.of_bytes(data, str(path)) if data else paddle.of_folder(path),
    "dynet": lambda data, path: dynet.of_bytes(data, str(path)),
    "keras": lambda data, path: keras.of_archive(data, str(path)).contents.arrays,
}
