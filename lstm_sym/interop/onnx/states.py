"""The first states that a file gives a recurrent node; a network begins at 0, so others are told."""

from __future__ import annotations

import numpy as np

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.onnx.constants import DEEPEST, Constants
from lstm_sym.interop.onnx.graphs import Graph
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.interop.onnx.stacks import SHAPE_ONLY

_SPREAD = (*SHAPE_ONLY, "Slice", "Expand", "Tile")
"""Operators that make zeros of zeros."""


def given_states(node: RecurrentNode) -> list[str]:
    """The first states that the file gives a node: "initial_h", "initial_c"."""
    return [role for role, name in node.reads.items() if role.startswith("initial") and name]


def begins_at_zero(node: RecurrentNode, role: str, constants: Constants) -> bool:
    """Whether it is certain that a first state is 0: it is a constant, or zeros in a shape of the running model."""
    graph: Graph | None = node.graph
    name = node.reads[role]
    for _ in range(DEEPEST):
        value = None if graph is None else constants.value(graph, name)
        if value is not None:
            return not np.any(value)
        graph = None if graph is None else graph.home(name)
        maker = None if graph is None else graph.makers.get(name)
        if maker is None or not maker.input:
            return False
        if maker.op_type == "ConstantOfShape":
            return not np.any(constants.filling(maker))
        if maker.op_type not in _SPREAD:
            return False
        name = maker.input[0]
    return False


def told_of_states(node: RecurrentNode, units: int, constants: Constants, where: str) -> list[str]:
    """What there is to say of first states that may not be 0.

    Raises InteropError for one of another size than the units: a node whose output was a projection of its state.
    """
    notes, used = [], set(constants.used)
    for role in given_states(node):
        value = constants.value(node.graph, node.reads[role])
        if value is not None and value.shape[-1:] != (units,):
            raise InteropError(
                f"{where}, {node.name[:80]}, {role}",
                f"its shape is {value.shape}, and the layer has {units} units",
                "an LSTM with a projection (proj_size), which the operator of ONNX does not have",
                "give the weights as they were before the export, such as a state_dict",
            )
        if value is None and not begins_at_zero(node, role, constants):
            constants.used &= used  # an array that was looked at on the way, and that no layer holds
            notes.append(f"{role} is made or given as the model runs and is not read: the layer begins at 0")
        elif value is not None and np.any(value):
            notes.append(f"{role} of the file is not 0 and is left out")
    return notes
