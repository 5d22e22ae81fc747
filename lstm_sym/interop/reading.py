"""A file of trained weights as a network: what `lstm-sym flow --weights FILE` measures."""

from __future__ import annotations

import os
from pathlib import Path

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.formats import arrays
from lstm_sym.interop.mapping import Target, mapped
from lstm_sym.interop.model import Model
from lstm_sym.interop.state_dict import from_state_dict
from lstm_sym.interop.table import Table


def read(path: str | os.PathLike[str], *, into: Target | None = None, table: Table | None = None) -> Model:
    """The network in a file of weights, called as the file.

    into: the cell or network that it is the weights of, where no framework's layout says so: with `table`, which array
    is which parameter (`mapped`); without, each by its own name.

    Raises InteropError, which names the file, and what `mapped` raises.
    """
    found, name = arrays(Path(path)), Path(path).stem
    if into is None and table is not None:
        raise InteropError("table", "it is given without a cell", "", "name the cell or network of its parameters")
    try:
        return from_state_dict(found, name=name) if into is None else mapped(found, into, table, name=name)
    except InteropError as error:
        raise InteropError(f"{Path(path).name}, {error.where}", error.found, error.why, error.fix) from error
