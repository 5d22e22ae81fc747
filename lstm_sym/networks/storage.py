"""Parameters on disk, by their names: .npz, or .safetensors where that package is installed. Never a pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.ground.files import write_whole
from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError

LARGEST = 8 * 2**30
"""Bytes of all arrays of a file together."""


def save(path: str | Path, params: Mapping[str, Any]) -> Path:
    """Write arrays under their names; the file is whole or not there. Raises NetworkError for another ending."""
    path, arrays = Path(path), {name: np.asarray(value, order="C") for name, value in params.items()}
    if path.suffix == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        write_whole(path, buffer.getvalue())
    else:
        write_whole(path, _safetensors(path).save(arrays))
    return path


def load_params(path: str | Path) -> dict[str, Array]:
    """The arrays of a file, by name. Raises NetworkError for what is no such file, or holds more than arrays."""
    path = Path(path)
    if path.suffix == ".npz":
        return read_npz(path)
    try:
        return dict(_safetensors(path).load(path.read_bytes()))
    except NetworkError:
        raise
    except Exception as error:  # what readers raise for broken bytes is of every kind
        raise _unreadable(path, error) from error


def read_npz(path: Path) -> dict[str, Array]:
    """The same of an .npz archive, whatever the ending of its name."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST:
            raise NetworkError(str(path), f"its arrays take {size:,} bytes", "", f"at most {LARGEST:,} are read")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except NetworkError:
        raise
    except Exception as error:  # what readers raise for broken bytes is of every kind
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> NetworkError:
    if isinstance(error, FileNotFoundError):
        return NetworkError(
            str(path), "there is no such file", "a spelling mistake, or another folder", "check the path"
        )
    return NetworkError(
        str(path),
        f"it cannot be read: {error}",
        "a file that was cut short, of another kind, or of Python objects, which are never unpickled",
        "write it with networks.save(path, params), or np.savez(path, **arrays)",
    )


def _safetensors(path: Path) -> Any:
    """The package's functions for NumPy. Raises NetworkError where there is none, and for another ending."""
    if path.suffix != ".safetensors":
        raise NetworkError(
            str(path), f"its ending is {path.suffix!r}", "a pickle, or a name without an ending", "name it .npz"
        )
    try:
        import safetensors.numpy
    except ImportError as error:
        raise NetworkError(
            str(path), "the package safetensors is not there", "", "pip install 'lstm-sym[weights]', or use .npz"
        ) from error
    return safetensors.numpy
