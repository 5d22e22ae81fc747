"""From what a user names to cells: names of the catalogue, paths of cell files, or cells, with the options chosen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lstm_sym.api import cell as catalogue_cell
from lstm_sym.api import load
from lstm_sym.cells import folders, names, user_cells
from lstm_sym.equations import Cell
from lstm_sym.networks import Network
from lstm_sym.studies.errors import StudyError

Given = Cell | Network | str | os.PathLike[str]
"""A cell, its name in the catalogue, the path of its file, which ends in .toml or has a folder in it; or a network."""
Choices = Mapping[str, str | float]
"""Options and constants of cells by name: {"phi_h": "identity", "alpha": 0.2}."""


def is_path(given: Given) -> bool:
    """Whether a cell is given by the path of its file."""
    if isinstance(given, str):
        return given.endswith(".toml") or "/" in given or "\\" in given
    return isinstance(given, os.PathLike)


def read(given: Given, choices: Choices) -> Cell:
    """The cell with these choices: read anew, so that it is refused at once, by its file, where they spoil it.

    Raises CellError, OSError.
    """
    if isinstance(given, Cell):
        return given.with_options(**choices) if choices else given
    if isinstance(given, Network):
        raise _no_cell(given)
    return load(os.fspath(given), **choices) if is_path(given) else catalogue_cell(str(given), **choices)


def _no_cell(network: Network) -> StudyError:
    return StudyError(
        network.name, "a network stands where a cell belongs", "", "measure it with gradient_flow; check it, derive it"
    )


def select(given: Sequence[Given], choices: Choices) -> list[Cell]:
    """The cells, each with the options and constants among `choices` that it has.

    Raises StudyError for an option that none has, and for two cells of one name; CellError, OSError.
    """
    given = [one for place, one in enumerate(given) if one not in given[:place]]
    cells = [read(one, {}) for one in given]
    if choices:
        cells = [read(one, chosen) for one, chosen in zip(given, chosen_of(cells, choices), strict=True)]
    keys = [cell.key for cell in cells]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise StudyError(
            "",
            f"two cells are called {twice[0]}",
            "a file with the name of a catalogue cell, or two files of one name in different folders",
            "rename a file: its name is the name of its cell",
        )
    return cells


def chosen_of(cells: Sequence[Cell], choices: Choices) -> list[Choices]:
    """For each cell the functions and constants that are chosen and that it has; StudyError for one that none has."""
    settable = [{*cell.options, *cell.constants} for cell in cells]
    for option in choices:
        if not any(option in settable_names for settable_names in settable):
            known = sorted(set().union(*settable))
            raise StudyError(
                "",
                f"no cell named here has the option or constant {option}; they have: {', '.join(known) or 'none'}",
                "a spelling mistake, or a cell whose functions are fixed",
                "see the options of each cell with `lstm-sym cells`",
            )
    return [{name: value for name, value in choices.items() if name in own} for own in settable]


def file_of(given: Given) -> Path | None:
    """The file of a cell that is the user's; None for a built-in cell, and one that is in no file."""
    if isinstance(given, Cell | Network):
        return None
    return Path(given) if is_path(given) else user_cells().get(str(given))


def files_of(given: Sequence[Given]) -> list[Path]:
    """The files among what the user named, cells and data: none of them may be overwritten."""
    named = [Path(one) for one in given if not isinstance(one, Cell | Network)]
    return [path for path in (*named, *map(file_of, given)) if path is not None and path.exists()]


def named_on_a_command_line(given: Sequence[Given]) -> list[str] | None:
    """The words by which a command line names these cells and the folders they come from; None where it cannot."""
    words = [_name(one) for one in given]
    found = [word for word in words if word is not None]
    if len(found) < len(words):
        return None
    from_folder = any(not is_path(name) and file_of(name) for name in found)
    return [*found, *(part for folder in folders() if from_folder for part in ("--cells", str(folder)))]


def _name(given: Given) -> str | None:
    """The name that gives this very cell, None where no name does."""
    if isinstance(given, Network):
        return None
    if not isinstance(given, Cell):
        return os.fspath(given)
    return given.key if given.key in names() and catalogue_cell(given.key) == given else None
