"""A file of trained weights as a network: what `lstm-sym flow --weights FILE` measures."""

from __future__ import annotations

import os
from pathlib import Path

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.files import whole
from lstm_sym.interop.formats import arrays, file_format
from lstm_sym.interop.mapping import Target, mapped
from lstm_sym.interop.model import Model
from lstm_sym.interop.onnx import network_of
from lstm_sym.interop.state_dict import from_state_dict
from lstm_sym.interop.table import Table


def read(
    path: str | os.PathLike[str],
    *,
    into: Target | None = None,
    table: Table | None = None,
    node: str | None = None,
) -> Model:
    """The network in a file of weights, called as the file.

    into: the cell or network that it is the weights of, where no framework's layout says so: with `table`, which array
    is which parameter (`mapped`); without, each by its own name. node: of an ONNX file with several networks, the
    highest recurrent node of the one that is read.

    Raises InteropError, which names the file, and what `mapped` raises.
    """
    name = Path(path).stem
    if into is None and table is None and file_format(Path(path)) == "onnx":
        return network_of(whole(Path(path)), Path(path).name, name=name, node=node)
    if node is not None:
        found_there = "it is given, and this is no ONNX file, or a cell or a table says what its arrays are"
        raise InteropError(f"{Path(path).name}, node", found_there, "", "leave it out")
    found = arrays(Path(path))
    if into is None and table is not None:
        raise InteropError("table", "it is given without a cell", "", "name the cell or network of its parameters")
    try:
        return from_state_dict(found, name=name) if into is None else mapped(found, into, table, name=name)
    except InteropError as error:
        raise InteropError(f"{Path(path).name}, {error.where}", error.found, error.why, error.fix) from error
