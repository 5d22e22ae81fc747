"""A network that was read from a file, and how one of its recurrent layers is made of the arrays of a framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lstm_sym.cells import cell as built_in
from lstm_sym.equations import Cell
from lstm_sym.interop.conventions import CONVENTIONS, Arrays, Convention, to_cell
from lstm_sym.interop.errors import InteropError
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Layer, Network, NetworkError, dense
from lstm_sym.networks.layer import above


@dataclass(frozen=True, eq=False)
class Model:
    """A network that was read, its parameters, and how it was read.

    Attributes:
        network: the layers, from below; without a loss, which no file of weights tells.
        params: their parameters, by the names of the network.
        told: a line a layer: which arrays it is made of, their order of gates, biases, directions.
        unused: the names of arrays that no layer took.
    """

    network: Network
    params: dict[str, Array] = field(repr=False)
    told: tuple[str, ...]
    unused: tuple[str, ...]


class ReadLayer(NamedTuple):
    """A layer of a model that is being read: its parameters by the names of the network, and how it was read."""

    layer: Layer
    params: dict[str, Array]
    told: str


def model_of(
    name: str, read: Sequence[ReadLayer], inputs: int, unused: Sequence[str], notes: Sequence[str] = ()
) -> Model:
    """The network of layers from below, over so many inputs, 0 where the first is an embedding; notes: told after them.

    What is kept in 16 bits becomes float32. Raises InteropError for NaN and infinity in what a layer takes, and for
    layers that do not chain.
    """
    params = {key: _widened(value) for _, own, _ in read for key, value in own.items()}
    refuse_not_finite(params)
    try:
        network = Network(tuple(layer for layer, _, _ in read), inputs, name=name)
        checked = network.checked(name, params)
    except NetworkError as error:
        raise InteropError(error.where, error.found, error.why, error.fix) from error
    return Model(network, checked, (*(told for _, _, told in read), *notes), tuple(unused))


def _widened(value: Array) -> Array:
    return value.astype(np.float32) if value.dtype == np.float16 else value


def refuse_other_than_arrays(arrays: Mapping[str, object]) -> None:
    """Raise InteropError for what is no array of numbers, as a tensor of a framework."""
    for key, value in arrays.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
            found = f"a {type(value).__name__}" if not isinstance(value, np.ndarray) else f"an array of {value.dtype}"
            fix = "give arrays: {name: tensor.numpy() for name, tensor in state_dict.items()}"
            raise InteropError(key, f"it is {found}, where an array of numbers belongs", "tensors of a framework", fix)


def recurrent_layer(
    name: str,
    source: tuple[str, str, str],
    ways: Sequence[Arrays],
    *,
    direction: str | None = None,
    join: str = "concat",
    cell: Cell | None = None,
    notes: Sequence[str] = (),
) -> ReadLayer:
    """The layer of arrays that one row of `CONVENTIONS` describes.

    name: what the network calls it. source: framework, row, and where its arrays come from, for people:
    ("PyTorch", "LSTM", "rnn.*_l0"). ways: the arrays of its direction, or of both, the one from the first step on
    first. direction: as in CellLayer; "both" where there are two. cell: in place of the cell of the row, one with the
    same parameters, as with another activation. notes: what else there is to say of how it was read.

    Raises InteropError for arrays that do not fit each other.
    """
    framework, kind, place = source
    row, direction = CONVENTIONS[framework][kind], direction or ("both" if len(ways) > 1 else "forward")
    for k, arrays in enumerate(ways):
        _check(f"{place}, way back" if k else place, row, arrays)
    rows, out = _sizes(row, ways[0])
    sizes = {"C": rows // len(row.gates)} if row.projection else {}
    layer = CellLayer(name, cell or built_in(row.cell), out, sizes, direction=direction, join=join)
    params: dict[str, Array] = {}
    for (prefix, _), arrays in zip(layer.ways, ways, strict=True):
        params |= above(f"{name}.{prefix}", to_cell(row, arrays))
    return ReadLayer(layer, params, f"{name}: {place}, {_line(framework, kind, layer, ways[0], notes)}")


def linear_layer(name: str, place: str, weight: Array, bias: Array | None, activation: str = "identity") -> ReadLayer:
    """A dense layer of a weight (M, N) and a bias (M,), or none."""
    layer = dense(name, len(weight), activation, bias=bias is not None)
    params = {f"{name}.V": weight} | ({} if bias is None else {f"{name}.b": bias})
    told = f"{name}: {place}, {weight.shape[1]} to {len(weight)}"
    return ReadLayer(
        layer, params, told + (f", {activation}" * (activation != "identity")) + ", no bias" * (bias is None)
    )


def refuse_not_finite(arrays: Arrays) -> None:
    """Raise InteropError for the first array with NaN or infinity in it."""
    for key, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise InteropError(
                key, "it holds NaN or infinity", "a training that diverged before it was saved", "take an earlier file"
            )


def _sizes(row: Convention, arrays: Arrays) -> tuple[int, int]:
    """The rows of all gates, and the units that the layer gives out."""
    rows, out = arrays[row.recurrent].shape[:: -1 if row.transposed else 1]
    return rows, out


def _check(where: str, row: Convention, arrays: Arrays) -> None:
    """Raise InteropError where the arrays of one direction do not fit each other, or one of them is missing."""
    for name in (row.input, row.recurrent):
        if name not in arrays or arrays[name].ndim != 2:
            found = "it is missing" if name not in arrays else f"its shape is {arrays[name].shape}, and it is a matrix"
            raise InteropError(f"{where}, {name}", found, "a file that was cut, or part of a model", "save it anew")
    rows, out = _sizes(row, arrays)
    wanted = row.shapes(arrays)
    wrong = (name for name in row.names if name in arrays and arrays[name].shape != wanted[name])
    misfit = row.recurrent if out * len(row.gates) != rows and not row.projection else ""
    if name := next(wrong, misfit):
        raise InteropError(
            f"{where}, {name}",
            f"its shape is {arrays[name].shape} beside {arrays[row.recurrent].shape} of {row.recurrent}",
            "arrays of several models in one file, or a part of one",
            f"{len(row.gates)} blocks of the units of the layer: save the weights of one model",
        )


def _line(framework: str, kind: str, layer: CellLayer, arrays: Arrays, notes: Sequence[str]) -> str:
    """How a layer was read, for people: order of gates, biases, direction."""
    row = CONVENTIONS[framework][kind]
    rows, out = _sizes(row, arrays)
    reads = arrays[row.input].shape[0 if row.transposed else 1]
    order = f"{'columns' if row.transposed else 'rows'} in the order {' '.join(row.gates)}"
    biases = sum(arrays[name].size for name in row.biases if name in arrays) // rows
    described = [
        f"{kind} of {framework} as {row.cell}",
        f"{reads} to {out}" + (f" by {rows // len(row.gates)}" if row.projection else ""),
        *([order] if len(row.gates) > 1 else []),
        _BIASES[biases] + (("; those of the candidate apart" if row.apart else " added") if biases > 1 else ""),
        *(f"{added:+g} to the bias of {gate}" for gate, added in row.added.items()),
        *(f"1 - {gate} as {gate}" for gate in row.negated),
        *notes,
        *({"both": ["both directions"], "backward": ["from the last step"]}.get(layer.direction, [])),
    ]
    return ", ".join(described)


_BIASES = ("no bias", "one bias", "two biases")
