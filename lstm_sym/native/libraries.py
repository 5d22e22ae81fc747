"""Shared libraries built from C and kept: by content, flags, compiler and processor, in a folder of the user alone."""

from __future__ import annotations

import ctypes
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lstm_sym.ground import folders
from lstm_sym.native.compiler import FLAGS, Compiler, machine, needed_compiler
from lstm_sym.native.errors import NativeError


def cache_folder() -> Path:
    """Where libraries are kept: $XDG_CACHE_HOME/lstm_sym/native, ~/.cache where it is not set."""
    return folders.cache_folder() / "native"


def library(source: str, definitions: tuple[str, ...] = ()) -> ctypes.CDLL:
    """The library of a C source, from the cache or built now. Raises NativeError.

    A file whose bytes are not those that its name tells is not loaded, and built again.
    """
    chosen = needed_compiler()
    target, tuned = machine()
    flags = (*FLAGS, *tuned, *definitions)
    key = hashlib.sha256("\n".join([source, *flags, chosen.identity, target]).encode()).hexdigest()[:32]
    folder = folders.private_folder(cache_folder())
    if folder is None:  # nowhere to keep it: built for this process
        with tempfile.TemporaryDirectory(prefix="lstm-sym-") as made:
            return ctypes.CDLL(str(_build(Path(made), key, source, flags, chosen)))
    kept = next(_kept(folder, key), None)
    return ctypes.CDLL(str(kept or _build(folder, key, source, flags, chosen)))


def _kept(folder: Path, key: str) -> Iterator[Path]:
    """The libraries of this key whose bytes are those that their names tell; others are removed."""
    for path in sorted(folder.glob(f"{key}-*.so")):
        try:
            intact = hashlib.sha256(path.read_bytes()).hexdigest()[:32] == path.stem.partition("-")[2]
            if intact:
                yield path
            else:
                path.unlink()
        except OSError:
            continue


def _build(folder: Path, key: str, source: str, flags: tuple[str, ...], chosen: Compiler) -> Path:
    """Compile in a folder of its own and give the library its name at once: others see it whole or not at all."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix="building-") as made:
            text, built = Path(made) / "kernel.c", Path(made) / "kernel.so"
            text.write_text(source, encoding="utf-8")
            chosen.compile(text, built, flags)
            digest = hashlib.sha256(built.read_bytes()).hexdigest()[:32]
            path = folder / f"{key}-{digest}.so"
            built.replace(path)
            return path
    except OSError as error:
        raise NativeError(
            str(folder), f"no library can be built here: {error}", "the disk is full", "free some space"
        ) from error
