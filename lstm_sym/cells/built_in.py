"""The cells that come with the package: one TOML file a cell, equations and meanings only."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from lstm_sym.equations import Cell, read_cell


def built_in_names() -> tuple[str, ...]:
    """The names of the built-in cells, in alphabetical order."""
    return tuple(sorted(f.name[:-5] for f in files(__package__).iterdir() if f.name.endswith(".toml")))


def built_in_file(name: str) -> bytes:
    """The content of a built-in cell's file. Raises OSError where there is none."""
    return files(__package__).joinpath(f"{name}.toml").read_bytes()


def built_in_cell(name: str, choices: Mapping[str, str | float] | None = None) -> Cell:
    """A built-in cell with its options and constants chosen. Raises CellError, and OSError where there is none."""
    return read_cell(built_in_file(name), key=name, source=f"{name}.toml", choices=choices or {})
