"""A recurrent node as a layer of a network: the arrays of its directions, and the cell that computes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lstm_sym.equations import Cell
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.model import ReadLayer, recurrent_layer, refuse_not_finite
from lstm_sym.interop.onnx.cells import DEFAULTS, Activation, cell_of
from lstm_sym.interop.onnx.constants import Constants
from lstm_sym.interop.onnx.folds import RAISED, dequantized
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.kernels import Array

_AXES = {"W": 3, "R": 3, "B": 2, "P": 2}


def layers_of(name: str, node: RecurrentNode, constants: Constants, where: str) -> list[ReadLayer]:
    """The layer of a node; two of them, forward and backward, where each direction has activations of its own.

    Raises InteropError for weights that are missing, that do not fit each other, or that hold no finite numbers.
    """
    ways, place = list(_ways(node, constants, where)), f"{where}, {node.name[:80]}"
    hidden = ways[0]["R"].shape[-1]
    if node.hidden not in (None, hidden):
        found = f"it is {node.hidden}, and R has {hidden} columns"
        raise InteropError(f"{place}, hidden_size", found, "a file that was changed", "export the model again")
    if len(set(node.activations)) == 1:
        groups = [(node.direction, ways, node.activations[0])]
    else:
        groups = [
            (direction, [way], activations)
            for direction, way, activations in zip(("forward", "backward"), ways, node.activations, strict=True)
        ]
    return [
        _layer((name, node), direction, arrays, cell_of(node.kind, activations, node.clip, place), activations, where)
        for direction, arrays, activations in groups
    ]


def _layer(
    named: tuple[str, RecurrentNode],
    direction: str,
    arrays: Sequence[Mapping[str, Array]],
    cell: Cell,
    activations: Sequence[Activation],
    where: str,
) -> ReadLayer:
    name, node = named
    notes = _notes(node, [str(activation) for activation in activations])
    try:
        for way in arrays:
            refuse_not_finite(way)
        source = "ONNX", node.kind, node.name
        with np.errstate(over="ignore"):  # the sum of two biases
            found = recurrent_layer(name, source, arrays, direction=direction, cell=cell, notes=notes)
        refuse_not_finite(found.params)
        return found
    except InteropError as error:
        raise InteropError(f"{where}, {error.where}", error.found, error.why, error.fix) from error


def _notes(node: RecurrentNode, activations: list[str]) -> list[str]:
    """What there is to say of a node that its row does not say."""
    usual = activations == list(DEFAULTS[node.operator])
    return [
        *([] if usual else [f"with {' '.join(activations)}"]),
        *([] if node.clip is None else [f"pre-activations between -{node.clip:g} and {node.clip:g}"]),
        *(["integers times their scales"] if node.quantised else []),
    ]


def _ways(node: RecurrentNode, constants: Constants, where: str) -> Iterator[dict[str, Array]]:
    """W, R, B and P of each direction, those that are there."""
    given: dict[str, Array] = {}
    for role, axes in _AXES.items():
        if node.reads.get(role):
            given[role] = _weight(node, role, constants, where)
            _check_axes(node, role, given[role], axes, where)
        elif role in ("W", "R"):
            raise InteropError(f"{where}, {node.name[:80]}, {role}", "it is left out", "", "export the model again")
    for k in range(2 if node.direction == "both" else 1):
        way = {role: value[k] for role, value in given.items()}
        if node.quantised:
            way |= {role: _scaled(node, role, k, way[role], constants, where) for role in ("W", "R")}
        yield {role: at_least_single(value) for role, value in way.items()}


def _weight(node: RecurrentNode, role: str, constants: Constants, where: str) -> Array:
    """The array behind an input of a node, which may not depend on what the model reads."""
    name = node.reads[role]
    value = constants.value(node.graph, name)
    if value is None:
        raise InteropError(
            f"{where}, {node.name[:80]}, {role}",
            f"{name[:80]} is no constant of the file",
            "weights that the model is given, or that operators make which are not worked out here",
            "give the array by its name, or fold the constants of the model first, with onnx-simplifier",
        )
    return value


def _check_axes(node: RecurrentNode, role: str, value: Array, axes: int, where: str) -> None:
    ways = 2 if node.direction == "both" else 1
    kinds = "fiu" if node.quantised else "f"
    if value.ndim != axes or len(value) != ways or not value.size or value.dtype.kind not in kinds:
        raise InteropError(
            f"{where}, {node.name[:80]}, {role}",
            f"its shape is {value.shape}, of {value.dtype}",
            "a file that was changed, or an exporter of its own kind",
            f"{axes} axes of numbers, the first of {ways} for a layer that reads {node.direction}",
        )


def _scaled(node: RecurrentNode, role: str, k: int, value: Array, constants: Constants, where: str) -> Array:
    """(q - zero) scale of one direction, with its gates as rows: integers are kept the other way round."""
    ways, zero_point = 2 if node.direction == "both" else 1, f"{role}_zero_point"
    scale = _of_way(_weight(node, f"{role}_scale", constants, where), k, ways)
    zero = _of_way(_weight(node, zero_point, constants, where), k, ways) if node.reads.get(zero_point) else None
    try:
        return dequantized(value, scale, zero, axis=1).T
    except RAISED as error:
        raise InteropError(
            f"{where}, {node.name[:80]}, {role}", f"it cannot be scaled: {str(error)[:200]}", "", "quantise it again"
        ) from error


def _of_way(part: Array, k: int, ways: int) -> Array:
    """The scales of a direction: one for all, one for each direction, or one for each place of each direction."""
    return part[k] if part.ndim and len(part) == ways else part


def at_least_single(value: Array) -> Array:
    """float16 as float32, which holds all of it, and in which kernels compute."""
    return value.astype(np.float32) if value.dtype == np.float16 else value
