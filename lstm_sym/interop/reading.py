"""A file of trained weights as a network: what `lstm-sym flow --weights FILE` measures."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lstm_sym.interop import keras
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.formats import arrays_of, opened
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
    if into is None and table is not None:
        raise InteropError("table", "it is given without a cell", "", "name the cell or network of its parameters")
    kind, data = opened(Path(path))
    name = Path(path).stem.removesuffix(".weights")
    if into is None and kind == "onnx":
        return network_of(data, Path(path).name, name=name, node=node)
    if node is not None:
        found_there = "it is given, and this is no ONNX file, or a cell or a table says what its arrays are"
        raise InteropError(f"{Path(path).name}, node", found_there, "", "leave it out")
    if into is None and kind in _MODELS:
        return _MODELS[kind](data, Path(path).name, name)
    found = arrays_of(kind, data, Path(path))
    try:
        return from_state_dict(found, name=name) if into is None else mapped(found, into, table, name=name)
    except InteropError as error:
        raise InteropError(f"{Path(path).name}, {error.where}", error.found, error.why, error.fix) from error


def _refused(framework: str, data: bytes, where: str, name: str) -> Model:
    """No network: what stands above what is in the program that made the file."""
    raise InteropError(
        where,
        f"{framework} keeps arrays by their names, and does not say which layer reads which",
        "",
        "make its layers of interop.arrays(path) with recurrent_layer of lstm_sym.interop.model: docs/weights.md",
    )


_MODELS: dict[str, Callable[[bytes, str, str], Model]] = {
    "hdf5": lambda data, where, name: keras.model_of_keras(keras.of_hdf5(data, where), name),
    "paddle": partial(_refused, "Paddle"),
    "dynet": partial(_refused, "DyNet"),
    "keras": lambda data, where, name: keras.model_of_keras(keras.of_archive(data, where), name),
}
"""Format of a file that may describe its model -> the network in its bytes; the file as errors call it; its name."""
