"""A recurrent node run on arrays, as a runtime of ONNX runs it, through the network that it is read as."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.ground.refusal import Refusal
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.files import whole
from lstm_sym.interop.model import ReadLayer
from lstm_sym.interop.onnx.constants import Constants
from lstm_sym.interop.onnx.graphs import opened
from lstm_sym.interop.onnx.layers import layers_of
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.interop.onnx.stacks import listed, recurrent_nodes
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Network

_STATES = {"h": "initial_h", "c": "initial_c"}
"""State of a cell -> what the node reads of it."""


class NodeOutputs(NamedTuple):
    """What a recurrent node gives out, in the layout of the node: all steps, the last states; Y_c of an LSTM alone."""

    Y: Array
    Y_h: Array
    Y_c: Array | None


def run_onnx(path: str | os.PathLike[str], inputs: Mapping[str, Any], *, node: str | None = None) -> NodeOutputs:
    """Run one recurrent node of an ONNX file through the network that it is read as.

    inputs: arrays by the names that they have in the file: what the node reads (X, sequence_lens, initial_h, ...),
    where it is no constant of the file; any other name may be given too. node: which one, of several.

    Raises InteropError: several nodes and none chosen, an input that is missing or of another shape, and what `read`
    raises of the weights.
    """
    where, data = str(path), whole(Path(path))
    nodes = recurrent_nodes(opened(data, where), where)
    if len(nodes) != 1 if node is None else node not in nodes:
        found = f"{len(nodes)} recurrent nodes: {listed([(name, 1) for name in nodes])}"
        raise InteropError(where, found, "a model of several layers", f"choose one: node={next(iter(nodes))!r}")
    one = nodes[next(iter(nodes)) if node is None else node]
    constants = Constants(where, len(data), {name: np.asarray(value) for name, value in inputs.items()})
    given = _given(one, constants, where)
    layers, place = layers_of("node", one, constants, where), f"{where}, {one.name[:80]}"
    try:
        parts = [part for k, layer in enumerate(layers) for part in _run(layer, given, slice(k, None), place)]
    except InteropError:
        raise
    except Refusal as error:
        raise InteropError(f"{place}, {error.where}", error.found, error.why, error.fix) from error
    kind, back = given["X"].dtype, one.batch_first
    y, h, c = (None if one_of[0] is None else np.stack(one_of).astype(kind) for one_of in zip(*parts, strict=True))
    # The directions stand first here; in ONNX they stand after the steps, or after sequences and steps.
    assert y is not None and h is not None
    y = y.transpose((2, 1, 0, 3) if back else (1, 0, 2, 3))
    return NodeOutputs(y, _turned(h, back), None if c is None else _turned(c, back))


def _given(node: RecurrentNode, constants: Constants, where: str) -> dict[str, Array]:
    """What the node reads beside its weights, steps or directions first. Raises InteropError for what is missing."""
    found = {}
    for role in ("X", "sequence_lens", *_STATES.values()):
        name = node.reads.get(role, "")
        value = constants.value(node.graph, name) if name else None
        if value is None and (name or role == "X"):
            raise InteropError(
                f"{where}, {node.name[:80]}, {role}",
                f"{name[:80]!r} is no constant of the file, and is not given",
                "a value that the model is given, or works out when it runs",
                f"inputs={{{name!r}: array, ...}}",
            )
        if value is not None:
            found[role] = _turned(value, node.batch_first) if role != "sequence_lens" else value
    if found["X"].ndim != 3 or found["X"].dtype.kind != "f":
        raise InteropError(
            f"{where}, {node.name[:80]}, X",
            f"its shape is {found['X'].shape}, of {found['X'].dtype}",
            "",
            "three axes of numbers",
        )
    return found


def _run(
    read: ReadLayer, given: Mapping[str, Array], ways: slice, place: str
) -> list[tuple[Array, Array, Array | None]]:
    """The outputs and last states of each direction of a layer, which are those of `ways` in the first states."""
    layer = read.layer
    assert isinstance(layer, CellLayer)
    weight = next(iter(read.params.values()))
    x, network = given["X"].astype(weight.dtype, copy=False), Network((layer,), weight.shape[1])
    if x.shape[-1] != weight.shape[1]:
        found = f"it has {x.shape[-1]} units at a step, where the node reads {weight.shape[1]}"
        raise InteropError(f"{place}, X", found, "data of another model, or axes that are exchanged", "")
    state = network.fresh(read.params, x.shape[1])
    for k, (prefix, _) in enumerate(layer.ways):
        for name, role in _STATES.items():
            if role not in given or name not in layer.cell.states:
                continue
            first = given[role][ways][k : k + 1]
            own = state[f"{layer.prefix}{prefix}{name}"]
            if first.shape != (1, *own.shape):
                found = f"its shape is {given[role].shape}, of {own.shape} for each direction"
                raise InteropError(f"{place}, {role}", found, "axes that are exchanged", "directions, sequences, units")
            state[f"{layer.prefix}{prefix}{name}"] = first[0].astype(x.dtype, copy=False)
    y, last, _ = network.forward(x, read.params, state, lengths=given.get("sequence_lens"))
    outputs = np.split(y, len(layer.ways), axis=-1)
    return [
        (out, last[f"{layer.prefix}{prefix}h"], last.get(f"{layer.prefix}{prefix}c"))
        for out, (prefix, _) in zip(outputs, layer.ways, strict=True)
    ]


def _turned(value: Array, batch_first: bool) -> Array:
    """Sequences and steps, or sequences and directions, exchanged where the layout of the node has sequences first."""
    return np.swapaxes(value, 0, 1) if batch_first and value.ndim > 1 else value
