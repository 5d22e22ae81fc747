"""Tables that say which array of a file is which parameter: TOML, or a dict of the same form.

    W_f = "rnn.weight_ih"                                 # the array of this name
    U_f = { array = "rnn/kernel:0", transpose = true }
    b_f = { array = "rnn.bias", rows = [2, 4] }           # the second of four blocks of rows; also columns = [2, 4]
    b_i = ["bias_ih", { array = "bias_hh", negate = true }]         # their sum
    p_f = 0.0                                             # one number for all of it

Of a network the parameters of a layer stand in a table of its name: [lstm], and below it W_f = ...
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from lstm_sym.equations.cellfile import plain_file
from lstm_sym.equations.suggestions import did_you_mean, listed
from lstm_sym.equations.tomlfile import TomlFile
from lstm_sym.interop.conventions import Arrays
from lstm_sym.interop.errors import InteropError
from lstm_sym.kernels import Array

Table = Mapping[str, Any] | str | os.PathLike[str]
"""Parameter -> where it comes from, or the TOML file that says so."""

_KEYS = {"array": str, "rows": list, "columns": list, "transpose": bool, "negate": bool}
_FORM = 'write "name", { array = "name", rows = [2, 4], transpose = true, negate = true }, a list of these, or a number'


@dataclass(frozen=True)
class Part:
    """A part of an array of a file.

    Attributes:
        array: its name.
        rows: (k, n): the k-th of n blocks of rows, as they stand in the file; all of them without it.
        columns: the same of the columns.
        transpose: whether it is transposed, after that.
        negate: whether its sign is turned.
    """

    array: str
    rows: tuple[int, int] | None = None
    columns: tuple[int, int] | None = None
    transpose: bool = False
    negate: bool = False

    def __str__(self) -> str:
        blocks = (f"{what} {block[0]} of {block[1]}" for what, block in self.blocks if block is not None)
        return ", ".join(["-" * self.negate + self.array, *blocks, *["transposed"] * self.transpose])

    @property
    def blocks(self) -> tuple[tuple[str, tuple[int, int] | None], ...]:
        """The blocks of rows and of columns."""
        return ("rows", self.rows), ("columns", self.columns)

    def of(self, arrays: Arrays, where: str) -> Array:
        """Its numbers. Raises InteropError for an array that is not there, or has no such blocks."""
        if self.array not in arrays:
            fix = did_you_mean(self.array, tuple(arrays)) or f"the arrays are {listed(tuple(arrays))}"
            raise InteropError(where, f"there is no array {self.array!r} in the file", "a spelling mistake", fix)
        value = arrays[self.array]
        for axis, (what, block) in enumerate(self.blocks):
            if block is None:
                continue
            if value.ndim <= axis or value.shape[axis] % block[1]:
                raise InteropError(
                    f"{where}, {what} = {[*block]}",
                    f"{self.array} has the shape {value.shape}, which are not {block[1]} blocks of {what}",
                    "a cell with another number of gates, or an array that is transposed",
                    "say how many blocks there are, and of which axis: rows, or columns",
                )
            value = np.split(value, block[1], axis)[block[0] - 1]
        value = value.T if self.transpose else value
        return -value if self.negate else value


Place = float | tuple[Part, ...]
"""Where a parameter comes from: one number for all of it, or the sum of parts of arrays."""


def places(table: Table | None, names: Sequence[str]) -> dict[str, Place]:
    """Where each parameter comes from; without a table from the array of its own name.

    Raises InteropError: a parameter that the table does not have, a name that is no parameter, an entry of another
    form; CellError for what is no TOML.
    """
    if table is None:
        return {name: (Part(name),) for name in names}
    if isinstance(table, Mapping):
        document, source = dict(table), "table"
    else:
        path = Path(table)
        document, source = TomlFile.read(plain_file(path), path.name).document, path.name
    found = {name: _place(_entry(document, name, source), f"{source}, {name}") for name in names}
    left = {name: value for name, value in document.items() if name not in found and value != {}}
    if left:
        name = next(iter(left))
        fix = did_you_mean(name, tuple(names)) or f"the parameters are {listed(tuple(names))}"
        raise InteropError(f"{source}, {name}", "there is no such parameter", "a name of another cell", fix)
    return found


def value_of(place: Place, arrays: Arrays, where: str) -> Array | float:
    """The numbers of a parameter. Raises InteropError as `Part.of` does, and for a sum of arrays of several shapes."""
    if not isinstance(place, tuple):
        return place
    parts = [part.of(arrays, where) for part in place]
    if len({part.shape for part in parts}) > 1:
        shapes = ", ".join(str(part.shape) for part in parts)
        raise InteropError(where, f"a sum of arrays of the shapes {shapes}", "", "add up arrays of one shape")
    return sum(parts[1:], parts[0])


def _entry(document: dict[str, Any], name: str, source: str) -> Any:
    """The entry of a parameter, taken out: under its name, or in the tables that the parts of its name lead to."""
    if name in document:
        return document.pop(name)
    first, _, rest = name.partition(".")
    if rest and isinstance(document.get(first), Mapping):
        document[first] = dict(document[first])
        return _entry(document[first], rest, source)
    raise InteropError(
        f"{source}, {name}", "the table does not say where it comes from", "a parameter that was forgotten", _FORM
    )


def _place(given: Any, where: str) -> Place:
    if isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given):
        return float(given)
    parts = given if isinstance(given, list) and given else [given]
    return tuple(_part(part, where) for part in parts)


def _part(given: Any, where: str) -> Part:
    entry: Any = {"array": given} if isinstance(given, str) else given
    if not isinstance(entry, Mapping) or "array" not in entry:
        raise InteropError(where, f"{given!r:.60}", "an entry of another form", _FORM)
    value: Any
    for key, value in entry.items():
        if key not in _KEYS:
            raise InteropError(where, f"unknown key {key!r:.40}", "", did_you_mean(key, tuple(_KEYS)) or _FORM)
        if not isinstance(value, _KEYS[key]) or (_KEYS[key] is list and not _is_block(cast(list[Any], value))):
            raise InteropError(f"{where}, {key}", f"{value!r:.60}", "the second of four blocks is [2, 4]", _FORM)
    found: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Part(**found)


def _is_block(value: list[Any]) -> bool:
    whole = len(value) == 2 and all(isinstance(one, int) and not isinstance(one, bool) for one in value)
    return whole and 1 <= value[0] <= value[1]
