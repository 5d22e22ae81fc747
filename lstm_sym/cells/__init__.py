"""The catalogue: the built-in cells, and those in the folders that the user names (LSTM_SYM_CELLS)."""

from __future__ import annotations

from difflib import get_close_matches

from lstm_sym.cells.built_in import built_in_cell, built_in_file, built_in_names
from lstm_sym.cells.own_folders import CellFile, also_from, cell_files, folders, missing_folders, user_cells
from lstm_sym.equations import Cell, CellError, load

__all__ = [
    "CellFile",
    "also_from",
    "built_in_cell",
    "built_in_file",
    "built_in_names",
    "cell",
    "cell_files",
    "folders",
    "missing_folders",
    "names",
    "user_cells",
]


def names() -> tuple[str, ...]:
    """The names of the catalogue's cells, in alphabetical order; a file of a user's folder counts unread."""
    return tuple(sorted((*built_in_names(), *user_cells())))


def cell(name: str, **choices: str | float) -> Cell:
    """A cell of the catalogue; `choices` set its options and constants (`phi_h="identity"`, `alpha=0.2`).

    Raises CellError.
    """
    if not isinstance(name, str):
        raise CellError(
            f"a {type(name).__name__} is no name of a cell",
            source="catalogue",
            allowed=", ".join(names()),
            fix='write the name as text: cell("lstm")',
        )
    if name in built_in_names():
        return built_in_cell(name, choices)
    path = user_cells().get(name)
    if path is None:
        raise _unknown(name)
    return load(path, **choices)


def _unknown(name: str) -> CellError:
    close = get_close_matches(name, names(), 1)
    gone = ", ".join(map(str, missing_folders()))
    where = f" (and no folder {gone}, which is named as one of cells)" if gone else ""
    return CellError(
        f"there is no cell `{name[:40]}` in the catalogue{where}",
        source="catalogue",
        allowed=", ".join(names()),
        fix=f"did you mean {close[0]}?" if close else "give the path of a .toml file for a cell of your own",
    )
