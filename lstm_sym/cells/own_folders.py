"""Folders of a user's own cells: every .toml file in them is a cell of the catalogue, called as its file is.

The environment variable LSTM_SYM_CELLS names them, separated as in PATH; `also_from` adds some for a while.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from lstm_sym.cells.built_in import built_in_names

VARIABLE = "LSTM_SYM_CELLS"

_added: ContextVar[tuple[Path, ...]] = ContextVar("added folders", default=())


@dataclass(frozen=True)
class CellFile:
    """A user's cell: its name, its file, and what of the same name goes before it ("" where nothing does)."""

    name: str
    path: Path
    hidden_by: str = ""


@contextmanager
def also_from(paths: Iterable[Path]) -> Iterator[None]:
    """Within this, the cells of these folders are part of the catalogue too, before those of the variable."""
    token = _added.set((*_added.get(), *paths))
    try:
        yield
    finally:
        _added.reset(token)


def folders() -> tuple[Path, ...]:
    """The folders in the order in which they are looked through, each once, whether they are there or not."""
    named = (part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part.strip())
    return tuple(dict.fromkeys((*_added.get(), *(Path(part).expanduser() for part in named))))


def missing_folders() -> tuple[Path, ...]:
    """Those of the folders that are not there or cannot be read."""
    return tuple(folder for folder in folders() if not os.access(folder, os.R_OK | os.X_OK) or not folder.is_dir())


def cell_files() -> tuple[CellFile, ...]:
    """Every cell of the folders, read or not. A built-in cell goes before one of its name, an earlier folder before."""
    taken = dict.fromkeys(built_in_names(), "the built-in cell")
    gone, found = missing_folders(), []
    for folder in folders():
        for path in sorted(folder.glob("[!.]*.toml")) if folder not in gone else ():
            found.append(CellFile(path.stem, path, taken.get(path.stem, "")))
            taken.setdefault(path.stem, str(path))
    return tuple(found)


def user_cells() -> dict[str, Path]:
    """Name -> file of the cells that a name of the catalogue gives."""
    return {file.name: file.path for file in cell_files() if not file.hidden_by}
