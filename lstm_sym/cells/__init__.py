"""The catalogue: one TOML file a cell, equations and meanings only."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files

from lstm_sym.equations import Cell, CellError, read_cell


def names() -> tuple[str, ...]:
    """The names of the catalogue's cells, in alphabetical order."""
    return tuple(sorted(f.name[:-5] for f in files(__package__).iterdir() if f.name.endswith(".toml")))


def cell(name: str, **choices: str) -> Cell:
    """A cell of the catalogue; `choices` set its function options (`phi_h="identity"`). Raises CellError."""
    known = names()
    if name not in known:
        close = get_close_matches(name, known, 1)
        raise CellError(
            f"there is no cell `{name[:40]}` in the catalogue",
            source="catalogue",
            allowed=", ".join(known),
            fix=f"did you mean {close[0]}?" if close else "give the path of a .toml file for a cell of your own",
        )
    content = files(__package__).joinpath(f"{name}.toml").read_bytes()
    return read_cell(content, key=name, source=f"{name}.toml", choices=choices)
