"""The files in an archive that are needed: taken out one by one, weights by a temporary file; nothing is run."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lstm_sym import interop
from lstm_sym.kernels import Array
from lstm_sym.shipped.errors import ShippedError


def members(data: bytes, names: Mapping[str, str], where: str) -> dict[str, bytes]:
    """The members of a wheel, a zip or a tar archive: {"weights": its path inside} -> {"weights": its bytes}.

    Raises ShippedError: no such archive, or one without the member.
    """
    try:
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return {key: archive.read(name) for key, name in names.items()}
        with tarfile.open(fileobj=io.BytesIO(data)) as packed:
            return {key: _extracted(packed, name) for key, name in names.items()}
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        found = f"it cannot be read: {error}"
        raise ShippedError(where, found, "bytes that were changed, or another archive", "fetch it again") from error


def weights(data: bytes, name: str) -> dict[str, Array]:
    """The arrays of a file of weights that lies in an archive. Raises InteropError as `interop.arrays` does."""
    with _unpacked({Path(name).name: data}) as folder:
        return interop.arrays(folder / Path(name).name)


def weights_of_files(files: Mapping[str, bytes]) -> dict[str, Array]:
    """The arrays of a folder with a file an array, by the names of the files, as Paddle writes. Raises InteropError."""
    with _unpacked(files) as folder:
        return interop.arrays(folder)


def network(data: bytes, name: str) -> interop.Model:
    """The network of a file of weights that lies in an archive. Raises InteropError as `interop.read` does."""
    with _unpacked({Path(name).name: data}) as folder:
        return interop.read(folder / Path(name).name)


@contextmanager
def _unpacked(files: Mapping[str, bytes]) -> Iterator[Path]:
    """The files in a folder of their own for as long as they are read: readers take paths."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        yield Path(folder)


def _extracted(packed: tarfile.TarFile, name: str) -> bytes:
    opened = packed.extractfile(name)
    if opened is None:
        raise KeyError(f"{name} is no file")
    return opened.read()
