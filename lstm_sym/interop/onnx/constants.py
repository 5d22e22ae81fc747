"""Values that do not depend on what a model reads: initialisers, constants, and what a few operators make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.onnx.folds import FOLDS, RAISED, Operands, folded
from lstm_sym.interop.onnx.graphs import STANDARD, Graph
from lstm_sym.interop.onnx.messages import attributes
from lstm_sym.interop.onnx.tensors import array_of
from lstm_sym.kernels import Array

DEEPEST = 64
"""Operators one after the other, from a weight to the node that reads it."""
MOST_NUMBERS = 16
"""Of all values together, for each byte of the file: an operator may repeat what it reads."""


class Constants:
    """The values of a file, each made when it is asked for, and once.

    Attributes:
        used: the names of the initialisers that were asked for.
    """

    def __init__(self, where: str, size: int, given: Mapping[str, Array] | None = None) -> None:
        """The size is that of the file in bytes; `given` are values by name, which go before those of the file."""
        self._where, self._left = where, MOST_NUMBERS * size
        self._given = given or {}
        self._found: dict[tuple[Graph, str], Array | None] = {}
        self.used: set[str] = set()

    @property
    def made(self) -> set[tuple[Graph, str]]:
        """The graph and the name of each value that was found."""
        return {place for place, value in self._found.items() if value is not None}

    def filling(self, node: Any) -> Array:
        """The number that a ConstantOfShape repeats, which is 0 where it does not say."""
        given = attributes(node).get("value")
        return np.zeros(1) if given is None else array_of(given, f"{self._where}, {(node.name or node.op_type)[:80]}")

    def value(self, graph: Graph, name: str, depth: int = 0) -> Array | None:
        """The array of this name, None where it depends on what the model reads.

        Raises InteropError: a tensor or operands that are wrong, a chain of operators or numbers without end.
        """
        if name in self._given:
            return self._given[name]
        home = graph.home(name) if name else None
        if home is None:
            return None
        if depth > DEEPEST:
            found = f"more than {DEEPEST} operators one after the other make it, or a circle of them"
            raise InteropError(f"{self._where}, {name[:80]}", found, "bytes that were changed", "simplify the model")
        place = home, name
        if place not in self._found:
            self._found[place] = self._made(home, name, depth)
        return self._found[place]

    def _made(self, home: Graph, name: str, depth: int) -> Array | None:
        if name in home.tensors:
            self.used.add(f"{home.path}{name}")
            return self._counted(array_of(home.tensors[name], self._where))
        node = home.makers[name]
        if node.domain not in STANDARD or node.output[0] != name:
            return None
        if node.op_type == "Constant":
            return self._counted(self._worked_out(node, self._constant, []))
        if node.op_type not in FOLDS:
            return None
        operands = [self.value(home, operand, depth + 1) for operand in node.input]
        if any(value is None for value, operand in zip(operands, node.input, strict=True) if operand):
            return None
        self._refuse_more(sum(value.size for value in operands if value is not None))
        return self._counted(self._worked_out(node, folded, operands))

    def _worked_out(self, node: Any, rule: Callable[[Any, Operands], Array | None], operands: Operands) -> Array | None:
        try:
            with np.errstate(all="ignore"):
                return rule(node, operands)
        except InteropError:
            raise
        except RAISED as error:
            raise InteropError(
                f"{self._where}, {(node.name or node.op_type)[:80]}",
                f"its {node.op_type} cannot be worked out: {str(error)[:200]}",
                "operands that do not fit each other, or bytes that were changed",
                "check the model: onnx.checker.check_model(path, full_check=True)",
            ) from error

    def _constant(self, node: Any, _: Operands) -> Array | None:
        """The value of a Constant: a tensor, a number or a list of numbers; None for text and for sparse tensors."""
        given = attributes(node)
        if hasattr(given.get("value"), "raw_data"):
            return array_of(given["value"], f"{self._where}, {(node.name or node.op_type)[:80]}")
        for name, kind in (("float", np.float32), ("int", np.int64)):
            for field in (f"value_{name}", f"value_{name}s"):
                if field in given:
                    return np.array(given[field], kind)
        return None

    def _counted(self, value: Array | None) -> Array | None:
        count = 0 if value is None else value.size
        self._refuse_more(count)
        self._left -= count
        return value

    def _refuse_more(self, count: int) -> None:
        """Raise InteropError where so many numbers more are beyond what a file of this size may make."""
        if count > self._left:
            raise InteropError(
                self._where,
                f"its operators make more than {MOST_NUMBERS} numbers of each byte of it",
                "a model that repeats its weights many times, or bytes that were changed",
                "fold its constants first, with onnx-simplifier",
            )
