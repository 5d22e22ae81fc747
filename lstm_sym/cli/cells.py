"""From what a user typed to cells: a name of the catalogue or the path of a cell file, with its options."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.cells import built_in_file, cell_files
from lstm_sym.cli.streams import say
from lstm_sym.cli.tool import Refused
from lstm_sym.equations import Cell, CellError
from lstm_sym.networks.file import is_network_file
from lstm_sym.studies.selection import chosen_of, file_of, is_path, read, select


def note_hidden(names: Sequence[str]) -> None:
    """A note on the standard error stream where a file of a user's folder has a name and is not the one taken."""
    for file in cell_files():
        if file.hidden_by and file.name in names:
            what = f"{file.name} is {file.hidden_by}, not {file.path}"
            say(f"note: {what}; rename that file, or give its path", err=True)


def load_cells(names: Sequence[str], settings: Sequence[str]) -> list[Cell]:
    """The cells, each with the options it has. Raises what `select` raises; notes what hides a file."""
    note_hidden(names)
    for name in names:
        if is_path(name) and is_network_file(name):
            raise Refused(
                f"{name}: a network, and this command takes cells\n"
                "  allowed: networks in show, check, derive, diff and flow\n"
                "  fix: name the cell of a layer, or its file"
            )
    return select(names, choices_of(settings))


def usable(names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Of these names those that give a cell of a name of its own; and why the others give none."""
    keys: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for name in names:
        try:
            key = read(name, {}).key
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
    note_hidden([left, right])
    cells = read(left, {}), read(right, {})
    chosen, [further] = chosen_of(cells, choices_of(settings)), chosen_of(cells[1:], choices_of(right_settings))
    return read(left, chosen[0]), read(right, {**chosen[1], **further})


def choices_of(settings: Sequence[str]) -> dict[str, str]:
    """What the options --set say, by name. Raises Refused."""
    return dict(map(_choice, settings))


def _choice(setting: str) -> tuple[str, str]:
    name, sign, value = setting.partition("=")
    if not (name and sign and value):
        raise Refused(
            f"--set {setting}: not NAME=FUNCTION or NAME=NUMBER\n  fix: write, for instance, --set phi_h=identity"
        )
    return name.strip(), value.strip()


def cell_file(name: str) -> str:
    """The text of the file that a cell is read from. Raises CellError, OSError."""
    note_hidden([name])
    read(name, {})  # refuses, in words, what is no cell
    path = file_of(name)
    content = path.read_bytes() if path else built_in_file(name)
    return content.decode("utf-8-sig").replace("\r\n", "\n")
