"""The arrays of a PyTorch state_dict as a network: layers by their names, widths by what chains."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from lstm_sym.cells import cell
from lstm_sym.interop.beside import bias_of, places
from lstm_sym.interop.conventions import PYTORCH, Arrays, from_cell
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.model import (
    Model,
    ReadLayer,
    linear_layer,
    model_of,
    recurrent_layer,
    refuse_other_than_arrays,
)
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

    An embedding whose vectors the module reads stands below it, a linear layer that reads what it gives out above it,
    where one array alone can be it: names and shapes do not order layers. What else there is, is named in `unused`, and
    in `told` where it could have had a place.

    Raises InteropError: no recurrent module or several, a layer, direction or array that is missing, shapes that do not
    fit each other, values that are not finite, no arrays.
    """
    refuse_other_than_arrays(arrays)
    prefix, group = _recurrent(arrays)
    read = _recurrent_layers(prefix, group, _kind(prefix, group))
    rest = {key: value for key, value in arrays.items() if NAME.fullmatch(key) is None}
    inputs = group[0, ""]["weight_ih"].shape[1]
    gives = Network(tuple(layer for layer, _, _ in read), inputs).widths[-1]
    found = places(rest, inputs, gives)
    if found.embedding:
        words = rest.pop(found.embedding)
        told = f"embedding: {found.embedding}, {len(words)} words, {inputs} units each"
        read.insert(0, ReadLayer(Embedding("embedding", *words.shape), {"embedding.E": words}, told))
    if found.head:
        weight, bias = rest.pop(found.head), rest.pop(bias_of(found.head), None)
        read.append(linear_layer("linear", found.head, weight, bias))
    return model_of(name, read, 0 if found.embedding else inputs, tuple(rest), found.notes)


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
    _refuse_no_module(network, layers)
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


def _refuse_no_module(network: Network, layers: Sequence[CellLayer]) -> None:
    """Raise InteropError for recurrent layers that are no one module: others between, sizes, joins."""
    named = [layer.name for layer in network.layers]
    first = named.index(layers[0].name)
    sizes = {(layer.size, *layer.sizes.values()) for layer in layers}
    joins = {layer.join for layer in layers if layer.direction == "both"} - {"concat"}
    apart = named[first : first + len(layers)] != [layer.name for layer in layers]
    for wrong, found in (
        (apart, "other layers stand between its recurrent layers"),
        (len(sizes) > 1, f"its recurrent layers have {', '.join(str(layer.size) for layer in layers)} units"),
        (joins, f"the outputs of both directions are joined by {', '.join(joins)}"),
    ):
        if wrong:
            raise InteropError(
                network.name,
                found,
                "PyTorch has one module for a stack of layers of one size, whose directions stand side by side",
                "write the layers one by one, as networks of their own, or the whole as .onnx or .weights.h5",
            )


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
    normed = next((key for key in arrays if re.search(r"weight_[ih]h_l\d+(_reverse)?(_[gv]$|\.original)", key)), None)
    if normed is not None:
        raise InteropError(
            normed,
            "the weights are kept as a size and a direction, by weight norm",
            "a module with weight_norm, or another parametrization",
            "take it off before saving: remove_weight_norm, or parametrize.remove_parametrizations",
        )
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
    for part in ("weight_ih", "weight_hh"):
        if parts[part].ndim != 2 or not parts[part].size:
            found = f"its shape is {parts[part].shape}, where a matrix belongs"
            raise InteropError(f"{prefix}{part}_l0", found, "a file that was cut, or other arrays", "save it anew")
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
    notes = [] if len(PYTORCH[kind].gates) > 1 else ["tanh (a file does not tell relu: give its cell, and a table)"]
    return [
        recurrent_layer(
            f"layer{k}",
            ("PyTorch", kind, f"{prefix}*_l{k}"),
            [group[k, way] for way in WAYS[both]],
            notes=notes,
        )
        for k in range(len(group) // len(WAYS[both]))
    ]
