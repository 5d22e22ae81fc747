"""Whether numbers that go from one node to the next through operators of shape come to the places where they belong.

Every number is followed: an array of different numbers is sent through the operators, and looked at where it arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import numpy as np

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.onnx.constants import Constants
from lstm_sym.interop.onnx.folds import FOLDS, RAISED, folded
from lstm_sym.interop.onnx.nodes import RecurrentNode
from lstm_sym.interop.onnx.stacks import Link

_FREE = 3, 5
"""Steps and sequences of the array that is sent first: numbers that no shape has by chance."""
_MOST_PAIRS, _MOST_NUMBERS = 50, 2**22
"""How many other pairs are tried, and of how large arrays."""


def check_order(lower: RecurrentNode, units: int, upper: RecurrentNode, link: Link, constants: Constants) -> bool:
    """Whether it is certain that a node reads what another gives out, step by step, its directions side by side.

    Where sizes are known to the running model alone, nothing is certain. Raises InteropError where the numbers come in
    another order, or in another shape that no Reshape to sizes of an example explains.
    """
    elsewhere = False
    for wanted, found in _sent(lower, units, link, constants):
        steps, sequences = wanted.shape[:2]
        wanted = wanted.transpose(1, 0, 2) if upper.batch_first else wanted
        if found.shape != wanted.shape:
            elsewhere = True
        elif not np.array_equal(found, wanted):
            raise _other_order(lower, upper)
        elif steps > 1 or (sequences > 1 and not elsewhere):  # one step of one sequence is itself in any order
            return True
    if elsewhere and not any(np.any(shape[:-1] > 0) for shape in _shapes(link, constants)):
        raise _other_order(lower, upper)
    return False


def _other_order(lower: RecurrentNode, upper: RecurrentNode) -> InteropError:
    return InteropError(
        upper.name,
        f"it reads the output of {lower.name} in another order than step by step",
        "a model that turns steps, sequences and units round between its layers",
        f"read the layers one by one: node={lower.name!r}",
    )


def keeps_vectors(lower: RecurrentNode, units: int, link: Link, constants: Constants) -> bool:
    """Whether it is certain that what a node gives out at a step stays one vector, its directions side by side."""
    for wanted, found in _sent(lower, units, link, constants):
        if found.shape[-1:] == wanted.shape[-1:]:
            rows = [value.reshape(-1, wanted.shape[-1]) for value in (wanted, found)]
            return bool(np.array_equal(*(value[np.argsort(value[:, 0])] for value in rows)))
    return False


def _sent(lower: RecurrentNode, units: int, link: Link, constants: Constants) -> Iterator[tuple[Any, Any]]:
    """What a node gives out as (steps, sequences, units of its directions), and what the operators make of it."""
    ways = 2 if lower.direction == "both" else 1
    for steps, sequences in _pairs(link, constants):
        if steps * sequences * ways * units > _MOST_NUMBERS:
            continue
        numbers = np.arange(steps * ways * sequences * units).reshape(steps, ways, sequences, units)
        wanted = numbers.transpose(0, 2, 1, 3).reshape(steps, sequences, ways * units)
        found = _passed(numbers.transpose(2, 0, 1, 3) if lower.batch_first else numbers, link, constants)
        if found is not None:
            yield wanted, found


def _pairs(link: Link, constants: Constants) -> Iterator[tuple[int, int]]:
    """Steps and sequences to try: any, then those that an exporter may have written into a shape."""
    yield _FREE
    known = _shapes(link, constants)
    sizes = {int(size) for shape in known for size in shape[:8] if size > 0}
    every = sorted({1, _FREE[0], *sizes})
    yield from islice(product(every, every), _MOST_PAIRS)


def _shapes(link: Link, constants: Constants) -> list[Any]:
    """The shapes on the way that the file holds, each flat."""
    found = [
        constants.value(graph, node.input[1])
        for graph, node in link.operators
        if node.op_type == "Reshape" and len(node.input) > 1
    ]
    return [shape.reshape(-1) for shape in found if shape is not None and shape.dtype.kind == "i"]


def _passed(numbers: Any, link: Link, constants: Constants) -> Any:
    """What the operators on the way make of an array; None where they cannot be worked out."""
    for graph, node in link.operators:
        if node.op_type in ("Dropout", "Cast"):
            continue
        others = [constants.value(graph, name) for name in node.input[1:]]
        if node.op_type not in FOLDS or any(value is None for value in others):
            return None
        try:
            numbers = folded(node, [numbers, *others])
        except RAISED:
            return None
    return numbers
