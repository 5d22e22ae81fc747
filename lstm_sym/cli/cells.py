"""From what a user typed to cells: a name of the catalogue or the path of a cell file, with its function options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_sym.cli.tool import Refusal

if TYPE_CHECKING:
    from lstm_sym.equations import Cell


def is_path(name: str) -> bool:
    """Whether a cell is given by the path of its file: it ends in .toml or has a folder in it."""
    return name.endswith(".toml") or "/" in name or "\\" in name


def load_cell(name: str) -> Cell:
    """The cell of a catalogue name or a file. Raises CellError, OSError."""
    from lstm_sym.api import cell, load

    return load(name) if is_path(name) else cell(name)


def load_cells(names: Sequence[str], settings: Sequence[str]) -> list[Cell]:
    """The cells, each with the options it has; refuses an option that none has, and two cells of one name."""
    cells = [load_cell(name) for name in dict.fromkeys(names)]
    choices = dict(_choice(setting) for setting in settings)
    for option in choices:
        if not any(option in cell.options for cell in cells):
            known = sorted({name for cell in cells for name in cell.options})
            raise Refusal(
                f"no cell named here has the option {option}; they have: {', '.join(known) or 'none'}\n"
                "  usual cause: a spelling mistake, or a cell whose functions are fixed\n"
                "  fix: see the options of each cell with `lstm-sym cells`"
            )
    keys = [cell.key for cell in cells]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise Refusal(
            f"two cells are called {twice[0]}\n"
            "  usual cause: a file with the name of a catalogue cell, or two files of one name in different folders\n"
            "  fix: rename a file: its name is the name of its cell"
        )
    chosen = ({name: value for name, value in choices.items() if name in cell.options} for cell in cells)
    return [cell.with_options(**options) if options else cell for cell, options in zip(cells, chosen, strict=True)]


def _choice(setting: str) -> tuple[str, str]:
    name, sign, value = setting.partition("=")
    if not (name and sign and value):
        raise Refusal(f"--set {setting}: not NAME=FUNCTION\n  fix: write, for instance, --set phi_h=identity")
    return name.strip(), value.strip()


def cell_file(name: str) -> str:
    """The text of the file that a cell is read from."""
    from importlib.resources import files

    load_cell(name)  # refuses, in words, what is no cell
    if is_path(name):
        return Path(name).read_text(encoding="utf-8-sig")
    return files("lstm_sym.cells").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def protected(names: Sequence[str]) -> list[Path]:
    """The files among what the user named: none of them may be overwritten."""
    return [Path(name) for name in names if Path(name).exists()]
