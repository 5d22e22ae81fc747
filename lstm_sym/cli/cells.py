"""From what a user typed to cells: a name of the catalogue or the path of a cell file, with its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_sym.cli.streams import say
from lstm_sym.cli.tool import Refused

if TYPE_CHECKING:
    from lstm_sym.equations import Cell


def is_path(name: str) -> bool:
    """Whether a cell is given by the path of its file: it ends in .toml or has a folder in it."""
    return name.endswith(".toml") or "/" in name or "\\" in name


def load_cell(name: str) -> Cell:
    """The cell of a catalogue name or a file. Raises CellError, OSError.

    A note goes to the standard error stream where a file of a user's folder has the name and is not the one taken.
    """
    from lstm_sym.cells import cell_files

    for file in cell_files() if not is_path(name) else []:
        if file.name == name and file.hidden_by:
            say(f"note: {name} is {file.hidden_by}, not {file.path}; rename that file, or give its path", err=True)
    return _read(name, {})


def _read(name: str, choices: Mapping[str, str]) -> Cell:
    """The cell with these choices: read anew, so that it is refused at once, by its file, where they spoil it."""
    from lstm_sym.api import cell, load

    return load(name, **choices) if is_path(name) else cell(name, **choices)


def load_cells(names: Sequence[str], settings: Sequence[str]) -> list[Cell]:
    """The cells, each with the options it has; refuses an option that none has, and two cells of one name."""
    names = list(dict.fromkeys(names))
    cells = [load_cell(name) for name in names]
    if settings:
        cells = [_read(name, chosen) for name, chosen in zip(names, _chosen(cells, settings), strict=True)]
    keys = [cell.key for cell in cells]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise Refused(
            f"two cells are called {twice[0]}\n"
            "  usual cause: a file with the name of a catalogue cell, or two files of one name in different folders\n"
            "  fix: rename a file: its name is the name of its cell"
        )
    return cells


def usable(names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Of these names those that give a cell of a name of its own; and why the others give none."""
    from lstm_sym.equations import CellError

    keys: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for name in names:
        try:
            key = load_cell(name).key
        except (CellError, OSError) as error:
            unusable[name] = f"not usable: {file_of(name) or name}\n{error}"
            continue
        if key in keys:
            unusable[name] = f"not usable: {file_of(name) or name}\nits cell is called {key}, as that of {keys[key]} is"
        else:
            keys[key] = name
    return [*keys.values()], unusable


def load_pair(left: str, right: str, settings: Sequence[str], right_settings: Sequence[str]) -> tuple[Cell, Cell]:
    """Two cells, which may have one name, or be one cell with two choices of its functions."""
    cells = load_cell(left), load_cell(right)
    chosen, [further] = _chosen(cells, settings), _chosen(cells[1:], right_settings)
    return _read(left, chosen[0]), _read(right, chosen[1] | further)


def _chosen(cells: Sequence[Cell], settings: Sequence[str]) -> list[dict[str, str]]:
    """For each cell the functions and constants that are set and that it has. Raises Refused for one that none has."""
    choices = dict(_choice(setting) for setting in settings)
    settable = [{*cell.options, *cell.constants} for cell in cells]
    for option in choices:
        if not any(option in names for names in settable):
            known = sorted(set().union(*settable))
            raise Refused(
                f"no cell named here has the option or constant {option}; they have: {', '.join(known) or 'none'}\n"
                "  usual cause: a spelling mistake, or a cell whose functions are fixed\n"
                "  fix: see the options of each cell with `lstm-sym cells`"
            )
    return [{name: value for name, value in choices.items() if name in names} for names in settable]


def _choice(setting: str) -> tuple[str, str]:
    name, sign, value = setting.partition("=")
    if not (name and sign and value):
        raise Refused(
            f"--set {setting}: not NAME=FUNCTION or NAME=NUMBER\n  fix: write, for instance, --set phi_h=identity"
        )
    return name.strip(), value.strip()


def file_of(name: str) -> Path | None:
    """The file of a cell that is the user's; None for a built-in cell."""
    from lstm_sym.cells import user_cells

    return Path(name) if is_path(name) else user_cells().get(name)


def cell_file(name: str) -> str:
    """The text of the file that a cell is read from. Raises CellError, OSError."""
    from lstm_sym.cells import built_in_file

    load_cell(name)  # refuses, in words, what is no cell
    path = file_of(name)
    content = path.read_bytes() if path else built_in_file(name)
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def protected(names: Sequence[str]) -> list[Path]:
    """The files among what the user named: none of them may be overwritten."""
    files = [path for name in names if (path := file_of(name))]
    return [path for path in (*map(Path, names), *files) if path.exists()]


def folder_options(names: Sequence[str]) -> list[str]:
    """--cells and its folders, as far as a cell named here comes from one."""
    from lstm_sym.cells import folders

    from_folder = any(not is_path(name) and file_of(name) for name in names)
    return [part for folder in folders() if from_folder for part in ("--cells", str(folder))]
