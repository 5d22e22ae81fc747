"""Cells by name, by file and by text. One that is read here can be derived and built: else it is refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any, cast

from lstm_sym import cells, equations
from lstm_sym.cells import names
from lstm_sym.equations import Cell, CellError, read_cell
from lstm_sym.equations.parameters import Parameter
from lstm_sym.program import lower

_CELL_FILE = re.compile(r"""^[ \t]*equations[ \t]*=[ \t]*["']""", re.MULTILINE)
"""A line of every cell file and of no equations, which hold no text between quotes."""


def cell(name: str, **choices: str | float) -> Cell:
    """A cell of the catalogue; `choices` set its options and constants (`phi_h="identity"`, `alpha=0.2`).

    Raises CellError.

    >>> import lstm_sym as ls
    >>> ls.cell("lstm")
    <Cell lstm (Long short-term memory): input x, states h, c, output h>
    """
    _refuse_what_is_for_another("cell", name)
    return _usable(cells.cell(name, **choices))


def load(path: str | Path, **choices: str | float) -> Cell:
    """Read a cell file; `choices` set its options and constants (`phi_h="identity"`, `alpha=0.2`). Raises CellError."""
    if not (isinstance(path, str) and "\n" not in path and Path(path).exists()):
        _refuse_what_is_for_another("load", path)
    return _usable(equations.load(path, **choices))


def parse(
    text: str,
    *,
    key: str = "cell",
    options: Mapping[str, str] | None = None,
    sizes: Mapping[str, str] | None = None,
    constants: Mapping[str, Fraction] | None = None,
    initial: Mapping[str, float] | None = None,
    parameters: Mapping[str, str | float | Parameter] | None = None,
    output: str | None = None,
    source: str = "equations",
    first_line: int = 1,
    inputs: Sequence[str] | None = None,
    stateless: bool = False,
) -> Cell:
    """A cell from the text of its equations, one a line, or from the text of a whole cell file (TOML).

    `options` names function options and their value, as {"phi_h": "tanh"}; `sizes` declares sizes, as {"x": "H"};
    `constants` gives names that stand for a number, as {"alpha": Fraction(1, 10)}; `initial` what a state starts with
    where that is not 0, as {"m": -inf}; `parameters` what is known of them, as {"tau": "scalar, > 0", "b_f": 1.0};
    `output` is the quantity the cell gives out (default: the one defined last); `inputs` names several inputs, in the
    order in which the columns of x hold them.
    A cell file says all this itself. `source` and `first_line` are where errors say that the text stands. stateless:
    equations that read nothing at [t-1] are taken, as those of a layer of a network.
    Raises CellError with line, column, what is allowed and the likely fix.

    >>> import lstm_sym as ls
    >>> cell = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1] + b)", key="mine")
    >>> cell.shapes["W"], cell.states, cell.output
    (('H', 'D'), ('h',), 'h')
    """
    _refuse_what_is_for_another("parse", text)
    settings: dict[str, Any] = {"options": options, "sizes": sizes, "constants": constants, "initial": initial}
    settings |= {"parameters": parameters, "output": output, "inputs": inputs}
    if not _CELL_FILE.search(text):
        found = equations.parse(
            text, key=key, source=source, first_line=first_line, stateless=stateless, **cast(Any, settings)
        )
        return _usable(found)
    for name, value in settings.items():
        if value is not None:
            raise CellError(
                f"`{name}` is given beside the text of a whole cell file",
                source=source,
                allowed="settings beside equations alone; a cell file has tables for them",
                fix=f"write {name} into the text, or give the equations alone",
            )
    return _usable(read_cell(text.encode("utf-8", "surrogatepass"), key=key, source=source))


def _usable(found: Cell) -> Cell:
    """The cell, if the engine takes it. Raises CellError; lowering is what refuses cells."""
    lower(found)
    return found


def cell_of(call: str, given: object) -> Cell:
    """A cell as given, or that of a name. Raises CellError."""
    if isinstance(given, Cell):
        return given
    _refuse_what_is_for_another(call, given)
    return cell(cast(str, given))


_TAKES = {
    "cell": "the name of a cell of the catalogue",
    "load": "the path of a .toml file",
    "parse": "the text of equations, or of a cell file",
}


def _refuse_what_is_for_another(call: str, given: object) -> None:
    """Raise CellError for what this call does not take, naming the call that does."""
    takes, fits = call if call in _TAKES else "cell", _call_for(given)
    if fits == takes or (isinstance(given, str) and not fits):
        return
    read = {"cell": f'ls.cell("{given}")', "load": f'ls.load("{given}")', "parse": "ls.parse(text)"}.get(fits)
    if read is not None:
        fix = f"write {read if call == takes else f'ls.{call}({read})'}"
    elif isinstance(given, Cell):
        fix = "it is a cell already"
    else:
        fix = "give the cell that it was made of" if hasattr(given, "cell") else 'make a cell: ls.cell("lstm")'
    kind = type(given).__name__
    raise CellError(
        f"`{given[:40]}` is given to {call}()" if isinstance(given, str) else f"{call}() takes no {kind}",
        source="lstm_sym",
        allowed=_TAKES[takes] if call == takes else f"a cell, or {_TAKES[takes]}",
        fix=fix,
    )


def _call_for(given: object) -> str:
    """The call that reads this: "cell", "load" or "parse"; "" where it is none of their arguments for certain."""
    if isinstance(given, PathLike):
        return "load"
    if not isinstance(given, str):
        return ""
    if given in names():
        return "cell"
    if "=" in given or "\n" in given.strip():
        return "parse"
    return "load" if given.endswith(".toml") else ""
