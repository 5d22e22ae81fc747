"""A graph of ONNX as it is written: nodes in order, names, and the numbers that they read.

What is computed of the same tensors twice is one node, and what a step computes of what is there before the loop stands
before the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_sym.compile.storage import Names
from lstm_sym.emit.errors import EmitError


def package() -> Any:
    """The package onnx. Raises EmitError where it is not installed."""
    try:
        import onnx
    except ImportError as error:
        raise EmitError(
            "ONNX",
            "the package onnx, which writes its files, is not there",
            "it is no part of a plain installation",
            'pip install "lstm_sym[weights]"',
        ) from error
    return onnx


class Graph:
    """A graph; `outer` is that around it, where it is the body of a loop."""

    def __init__(self, names: Names, dtype: np.dtype[Any], outer: Graph | None = None) -> None:
        self.names, self.dtype, self.outer = names, dtype, outer
        self.onnx = package()
        self.nodes: list[Any] = []
        self.tensors: list[Any] = outer.tensors if outer else []
        self.known: set[str] = set()
        self.narrow: set[str] = outer.narrow if outer else set()
        """Tensors that have neither steps nor sequences: numbers, parameters, what is computed of them alone."""
        self._made: dict[object, list[str]] = {}
        self._last: tuple[object, str] = (None, "")

    def name(self, wanted: str) -> str:
        """A name that no tensor has, the wanted one if it is free."""
        return self.names.get(object(), wanted)

    def given(self, wanted: str, narrow: bool = False) -> str:
        """A tensor that no node makes."""
        name = self.name(wanted)
        self.known.add(name)
        if narrow:
            self.narrow.add(name)
        return name

    def op(self, operator: str, *reads: str, **settings: Any) -> str:
        """What a node with one result gives."""
        return self.several(operator, reads, 1, **settings)[0]

    def several(self, operator: str, reads: Sequence[str], count: int, **settings: Any) -> list[str]:
        """What a node with several results gives."""
        if self.outer is not None and self.outer.known.issuperset(reads):
            return self.outer.several(operator, reads, count, **settings)
        key = operator, tuple(reads), count, str(settings)
        if key not in self._made:
            found = [self.given(f"{operator.lower()}_{len(self.known)}") for _ in range(count)]
            if self.narrow.issuperset(reads) and operator != "Expand":
                self.narrow.update(found)
            self.nodes.append(self.onnx.helper.make_node(operator, [*reads], found, **settings))
            self._made[key] = found
            self._last = (key, found[0]) if count == 1 else (None, "")
        return self._made[key]

    def copy(self, tensor: str, wanted: str = "") -> str:
        """The same in a tensor of its own, made in this graph; `wanted` is its name, whatever else has it."""
        found = wanted or self.name(f"{tensor}_copy")
        self.known.add(found)
        self.nodes.append(self.onnx.helper.make_node("Identity", [tensor], [found], name=found))
        self._last = (None, "")
        return found

    def called(self, tensor: str, wanted: str, note: str) -> str:
        """The tensor under the name of what an equation defines, with the equation, if the last node made it."""
        key, last = self._last
        if tensor != last or key is None:
            return tensor
        name = self.given(wanted, narrow=tensor in self.narrow)
        self.nodes[-1].output[0], self.nodes[-1].name, self.nodes[-1].doc_string = name, name, note
        self._made[key], self._last = [name], (None, "")
        return name

    def number(self, value: float) -> str:
        """A number of the type of the arrays."""
        return self._kept(("number", value), "number", np.array(value, self.dtype))

    def integers(self, *values: int) -> str:
        """A list of whole numbers: an axis, a shape."""
        return self._kept(("integers", values), "integers", np.array(values, np.int64))

    def _kept(self, key: object, wanted: str, value: np.ndarray[Any, Any]) -> str:
        if self.outer is not None:
            return self.outer._kept(key, wanted, value)
        if key not in self._made:
            self._made[key] = [self.keep(self.given(f"{wanted}_{len(self.tensors)}", narrow=True), value)]
        return self._made[key][0]

    def keep(self, name: str, value: np.ndarray[Any, Any]) -> str:
        """An array that the file holds, under this name."""
        self.known.add(name)
        self.tensors.append(self.onnx.numpy_helper.from_array(value, name))
        return name
