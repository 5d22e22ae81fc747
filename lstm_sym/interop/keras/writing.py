"""The arrays of a network as Keras 3 keeps them in a .weights.h5: by the places of layers, counted for each class."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from lstm_sym.cells import cell as built_in
from lstm_sym.equations import Cell
from lstm_sym.interop.conventions import KERAS, from_cell
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.keras.activations import ACTIVATIONS, map_text, with_functions
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Dropout, Embedding, Layer, Network, Pooling
from lstm_sym.networks.layer import below

_CLASSES = {"LSTM": "lstm", "GRU": "gru", "GRU, reset before": "gru", "SimpleRNN": "simple_rnn"}
"""Row of the layouts -> what Keras calls places of it."""
_OURS = ("identity", "tanh", "sigmoid", "relu", "softplus", "softsign", "hard_sigmoid", "exp")
_DENSE = {f"y[t] = {name}(V @ x[t]{bias})" for name in _OURS for bias in ("", " + b")} | {
    map_text(f"V @ x[t]{bias}", name, "3") for name in (*ACTIVATIONS, "softmax") for bias in ("", " + b")
}
"""The equations of dense layers that Keras has."""


def to_keras(network: Network, params: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of a network by their paths in a .weights.h5 of Keras 3, as `Model.load_weights` wants them.

    The model that reads them is Sequential: Embedding, LSTM, GRU (reset_after as the cell is), SimpleRNN, Bidirectional
    of one of them with merge_mode "concat", "sum" or "ave", Dense, in the order of the network; dropout and pools have
    no arrays, and Dropout has no place in it. Activations stand in that model, not in the file.

    Raises InteropError: a cell or a map that Keras does not have, by its name; a layer that runs backward alone.
    """
    params = network.checked(network.name, params)
    counts: Counter[str] = Counter()
    found: dict[str, Array] = {}
    for layer in network.layers:
        if isinstance(layer, Pooling | Dropout):
            continue
        place, parts = _layer(layer, below(layer.prefix, params))
        numbered = f"{place}_{counts[place]}" if counts[place] else place
        counts[place] += 1
        for part, arrays in parts.items():
            found |= {f"layers/{numbered}/{part}vars/{k}": value for k, value in enumerate(arrays)}
    return found


def keras_file(network: Network, params: Mapping[str, Array]) -> bytes:
    """The bytes of a .weights.h5 of these arrays. Raises InteropError as `to_keras` does, and where h5py is missing."""
    arrays = to_keras(network, params)
    try:
        import h5py
    except ImportError as error:
        raise InteropError(
            network.name, "the package h5py is not there", "", 'pip install "lstm_sym[weights]"'
        ) from error
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, value in arrays.items():
            file[path] = np.ascontiguousarray(value)
    return buffer.getvalue()


def _layer(layer: Layer, params: Mapping[str, Array]) -> tuple[str, dict[str, list[Array]]]:
    """What Keras calls its place, and the arrays of each of its parts."""
    if isinstance(layer, Embedding):
        return "embedding", {"": [params["E"]]}
    if not isinstance(layer, CellLayer):
        raise _unknown(layer, f"it is a {type(layer).__name__}")
    if layer.cell.text in _DENSE:
        return "dense", {"": [params["V"].T, *([params["b"]] if "b" in params else [])]}
    kind = next(_kinds(layer.cell), None)
    if kind is None:
        raise _unknown(layer, f"its cell is {layer.cell.key}")
    if layer.direction == "backward":
        raise _unknown(layer, "it runs backward alone, and what go_backwards=True gives out stands in another order")
    row = KERAS[kind]
    ways = [from_cell(row, below(prefix, params)) for prefix, _ in layer.ways]
    arrays = [[way[row.input], way[row.recurrent], way[row.biases[0]]] for way in ways]
    if len(arrays) == 1:
        return _CLASSES[kind], {"cell/": arrays[0]}
    return "bidirectional", {"forward_layer/cell/": arrays[0], "backward_layer/cell/": arrays[1]}


def _kinds(cell: Cell) -> Iterator[str]:
    """The layers of Keras that compute a cell, with functions of its own too."""
    for kind in _CLASSES:
        key = KERAS[kind].cell
        if cell == built_in(key):
            yield kind
        for activation, gate in product(ACTIVATIONS, repeat=2):
            if cell.key == f"{key}_{activation}_{gate}" and cell == with_functions(key, gate, activation, "3"):
                yield kind


def _unknown(layer: Layer, found: str) -> InteropError:
    cells = ", ".join(dict.fromkeys(KERAS[kind].cell for kind in _CLASSES))
    fix = f"layers of {cells} with functions of Keras 3, ahead or in both directions, Embedding and dense layers"
    return InteropError(f"layer {layer.name}", f"{found}, which Keras does not have", "", fix)
