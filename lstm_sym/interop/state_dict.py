"""The arrays of a PyTorch state_dict as a network: layers by their names, widths by what chains."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from lstm_sym.cells import cell
from lstm_sym.interop.conventions import PYTORCH, Arrays, from_cell
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.model import Model, ReadLayer, linear_layer, model_of, recurrent_layer, refuse_not_finite
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Embedding, Network
from lstm_sym.networks.layer import below

NAME = re.compile(
    r"(?P<prefix>.*?)(?P<part>weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)_l(?P<layer>\d+)(?P<way>_reverse)?"
)
WAYS = {False: ("",), True: ("", "_reverse")}


Group = dict[tuple[int, str], dict[str, Array]]
"""Layer and direction ("" or "_reverse") -> its arrays: weight_ih, weight_hh, ..."""


def from_state_dict(arrays: Arrays, *, name: str = "model") -> Model:
    """The network of a state_dict with one recurrent module, and of what chains to it.

    An embedding whose vectors the module reads stands below it; the first linear layer that reads what it gives out
    stands above it. What else there is, a file of weights does not order: it is named in `unused`.

    Raises InteropError: no recurrent module or several, a layer, direction or array that is missing, shapes that do not
    fit each other, values that are not finite.
    """
    refuse_not_finite(arrays)
    prefix, group = _recurrent(arrays)
    read = _recurrent_layers(prefix, group, _kind(prefix, group))
    rest = {key: value for key, value in arrays.items() if NAME.fullmatch(key) is None}
    inputs = group[0, ""]["weight_ih"].shape[1]
    embedding = next((key for key in rest if _is_embedding(rest, key, inputs)), None)
    if embedding is not None:
        words = rest.pop(embedding)
        told = f"embedding: {embedding}, {len(words)} words, {inputs} units each"
        read.insert(0, ReadLayer(Embedding("embedding", *words.shape), {"embedding.E": words}, told))
    gives = Network(tuple(layer for layer, _, _ in read), 0 if embedding else inputs).widths[-1]
    linear = next((key for key in rest if key.endswith("weight") and rest[key].shape[1:] == (gives,)), None)
    if linear is not None:
        weight, bias = rest.pop(linear), rest.pop(f"{linear.removesuffix('weight')}bias", None)
        read.append(linear_layer("linear", linear, weight, bias))
    return model_of(name, read, 0 if embedding else inputs, tuple(rest))


def to_state_dict(network: Network, params: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of the recurrent layers of a network as PyTorch's module has them: weight_ih_l0, ...

    Raises InteropError: layers of several cells, a cell that no module computes, and peepholes that are not 0.
    """
    layers = [layer for layer in network.layers if isinstance(layer, CellLayer) and layer.cell.states]
    kinds = {kind for kind, row in PYTORCH.items() for layer in layers if layer.cell == cell(row.cell)}
    if len(kinds) != 1 or len({(layer.cell.key, layer.direction) for layer in layers}) != 1:
        raise InteropError(
            network.name,
            f"its cells are {', '.join(dict.fromkeys(layer.cell.key for layer in layers)) or 'none'}",
            "PyTorch has one module for layers of one kind",
            f"a stack of one of {', '.join(row.cell for row in PYTORCH.values())}, in one direction or both",
        )
    [kind] = kinds
    found: dict[str, Array] = {}
    for k, layer in enumerate(layers):
        for (prefix, reverse), way in zip(layer.ways, WAYS[len(layer.ways) > 1], strict=True):
            if reverse and not way:
                raise InteropError(layer.name, "it runs backward alone", "", "PyTorch has forward, or both directions")
            try:
                own = from_cell(PYTORCH[kind], below(f"{layer.name}.{prefix}", params))
            except ValueError as error:
                raise InteropError(f"{network.name}, layer {layer.name}", str(error)) from error
            found |= {f"{part}_l{k}{way}": value for part, value in own.items()}
    return found


def whole_state_dict(network: Network, params: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of all layers: those of `to_state_dict`, after "rnn." where there are others, and of each other layer
    NAME.weight and NAME.bias.

    Raises InteropError as `to_state_dict` does, and for a layer with parameters that is neither an embedding nor a
    linear layer below a function.
    """
    params = network.checked(network.name, params)
    recurrent = to_state_dict(network, params)
    others: dict[str, Array] = {}
    for layer in network.layers:
        own = below(layer.prefix, params)
        if isinstance(layer, CellLayer) and layer.cell.states:
            continue
        if not own.keys() <= {"E", "V", "b"}:
            raise InteropError(
                f"{network.name}, layer {layer.name}",
                f"its parameters are {', '.join(own)}",
                "equations of its own, for which PyTorch has no module",
                "keep them under their own names: networks.save(path, params)",
            )
        others |= {f"{layer.name}.{'bias' if name == 'b' else 'weight'}": value for name, value in own.items()}
    return {f"rnn.{name}" if others else name: value for name, value in recurrent.items()} | others


def _recurrent(arrays: Arrays) -> tuple[str, Group]:
    """The name before the arrays of the recurrent module, and these."""
    groups: dict[str, Group] = defaultdict(lambda: defaultdict(dict))
    for key, value in arrays.items():
        if match := NAME.fullmatch(key):
            groups[match["prefix"]][int(match["layer"]), match["way"] or ""][match["part"]] = value
    if len(groups) != 1:
        raise InteropError(
            "recurrent modules",
            f"{len(groups)} in it: {', '.join(map(repr, groups)) or 'no array is called weight_ih_l0'}",
            "a model of another kind, or of several modules, whose order a file of weights does not tell",
            "give the arrays of one module, and build the network of several by hand: networks.Network(...)",
        )
    [(prefix, group)] = groups.items()
    both = any(way for _, way in group)
    for k in range(max(layer for layer, _ in group) + 1):
        for way in WAYS[both]:
            if not {"weight_ih", "weight_hh"} <= group.get((k, way), {}).keys():
                raise InteropError(
                    f"{prefix}weight_ih_l{k}{way}", "it is missing", "a file that was cut", "save it anew"
                )
    return prefix, {place: dict(parts) for place, parts in group.items()}


def _kind(prefix: str, group: Group) -> str:
    """The module, by the rows that the recurrent matrix has for each of its columns."""
    parts = group[0, ""]
    rows, columns = parts["weight_hh"].shape
    if "weight_hr" in parts:
        return "LSTM with proj_size"
    for kind, row in PYTORCH.items():
        if rows == len(row.gates) * columns and not row.projection:
            return kind
    counts = ", ".join(f"{len(row.gates)} in a {kind}" for kind, row in PYTORCH.items() if not row.projection)
    raise InteropError(
        f"{prefix}weight_hh_l0",
        f"its shape is {(rows, columns)}",
        "a module that is no LSTM, GRU or RNN",
        f"its rows are so many times its columns: {counts}",
    )


def _recurrent_layers(prefix: str, group: Group, kind: str) -> list[ReadLayer]:
    """The layers from below."""
    both = any(way for _, way in group)
    notes = [] if len(PYTORCH[kind].gates) > 1 else ["tanh (a file does not tell relu)"]
    return [
        recurrent_layer(
            f"layer{k}",
            ("PyTorch", kind, f"{prefix}*_l{k}"),
            [group[k, way] for way in WAYS[both]],
            notes=notes,
        )
        for k in range(len(group) // len(WAYS[both]))
    ]


def _is_embedding(arrays: Arrays, key: str, inputs: int) -> bool:
    """Whether an array is a table of vectors that the first layer reads, and no linear layer, which has a bias."""
    bias = f"{key.removesuffix('weight')}bias"
    return key.endswith("weight") and arrays[key].ndim == 2 and arrays[key].shape[1] == inputs and bias not in arrays
