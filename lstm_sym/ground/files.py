"""Files that are whole or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = ".lstm-sym-"
"""How the names of files begin that are being written."""


def write_whole(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write `data` to a temporary name in the same folder, flush it to the disk, and give it its name.

    The folder is made. A failure at any point leaves an older file of that name as it was. mode: the permissions of the
    file, those that the user gives every new file without. Raises OSError, which names the file.
    """
    write_in_order([(path, data)], mode=mode)


def write_in_order(contents: Sequence[tuple[Path, bytes | None]], mark: str = MARK, *, mode: int | None = None) -> None:
    """Write all contents to temporary names, and only then give each its name, one after the other.

    A disk that fills up leaves every older file as it was. None removes a file; a name may occur twice. Folders are
    made, and removed again where nothing comes into them. mark: how the temporary names begin. mode: as in
    `write_whole`. Raises OSError, which names the file.
    """
    staged: list[tuple[Path, str]] = []
    made: list[Path] = []
    try:
        for path, data in contents:
            made += [folder for folder in path.parents if not folder.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            with naming(path):
                staged.append((path, "" if data is None else _staged(path, data, mark, mode)))
        for path, temporary in staged:
            with naming(path):
                if temporary:
                    os.replace(temporary, path)
                else:
                    path.unlink(missing_ok=True)
    except BaseException:
        _remove(temporary for _, temporary in staged if temporary)
        for folder in sorted(made, key=lambda folder: -len(folder.parts)):
            with suppress(OSError):  # something has come into it
                folder.rmdir()
        raise


def _staged(path: Path, data: bytes, mark: str, mode: int | None) -> str:
    """The name of a temporary file beside `path` with this content, on the disk."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=mark)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_usual_mode() if mode is None else mode)
    except BaseException:
        _remove([temporary])
        raise
    return temporary


def _usual_mode() -> int:
    """The permissions of a new file of this user."""
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        Path(path).unlink(missing_ok=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the operating system name the file, or the folder, that was to be written."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
