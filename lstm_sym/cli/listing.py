"""The list of the catalogue: the built-in cells, the user's, and the files of a user's folder that give none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_sym.api import load
from lstm_sym.cells import built_in_cell, built_in_names, cell_files, folders, missing_folders
from lstm_sym.cli.output import say_table
from lstm_sym.cli.streams import say
from lstm_sym.equations import Cell, CellError


@dataclass(frozen=True)
class Listed:
    """A line of the list: a cell, or a file that gives none and why; `path` is None for a built-in cell."""

    name: str
    path: Path | None
    cell: Cell | None
    error: str = ""

    def row(self) -> dict[str, Any]:
        """The line for JSON; what a file that gives no cell would hold is empty."""
        cell = self.cell
        return {
            "key": cell.key if cell else self.name,
            "name": cell.name if cell else "",
            "reference": cell.reference if cell else "",
            "states": [*cell.states] if cell else [],
            "options": {name: [*option.choices] for name, option in cell.options.items()} if cell else {},
            "constants": {name: float(value) for name, value in cell.constants.items()} if cell else {},
            "file": str(self.path) if self.path else None,
            "error": self.error or None,
        }


def listed() -> list[Listed]:
    """The built-in cells, then those of each folder; a file that cannot be read keeps no other from being listed."""
    found = [Listed(name, None, built_in_cell(name)) for name in built_in_names()]
    for file in cell_files():
        if file.hidden_by:
            why = f"{file.hidden_by} is called {file.name} too and goes before it: rename this file, or give its path"
            found.append(Listed(file.name, file.path, None, why))
            continue
        try:
            found.append(Listed(file.name, file.path, load(file.path)))
        except CellError as error:
            found.append(Listed(file.name, file.path, None, str(error).partition("\n")[0]))
    return found


def print_cells(found: Sequence[Listed]) -> None:
    """A table of the cells; where they are from if there are folders; then the files and folders that give none."""
    head = ["cell", "states", "options", "name"]
    rows = [[entry.name, ", ".join(cell.states), _options(cell), cell.name] for entry, cell in _good(found)]
    if folders():
        head, places = [*head, "from"], [str(entry.path or "built in") for entry, _ in _good(found)]
        rows = [[*row, place] for row, place in zip(rows, places, strict=True)]
    say_table([head, *rows])
    for entry in found:
        if entry.error:
            say(f"not usable: {entry.path}", fg="red")
            say(f"  {entry.error}")
    for folder in missing_folders():
        say(f"not there: {folder}", fg="red")
        say("  it is named as a folder of cells")


def _good(found: Sequence[Listed]) -> list[tuple[Listed, Cell]]:
    return [(entry, entry.cell) for entry in found if entry.cell]


def _options(cell: Cell) -> str:
    """phi_h=tanh|identity, alpha=0.1, as --set takes them."""
    functions = [f"{name}={'|'.join(option.choices)}" for name, option in cell.options.items()]
    numbers = [f"{name}={float(value):g}" for name, value in cell.constants.items()]
    return ", ".join(functions + numbers) or "-"
