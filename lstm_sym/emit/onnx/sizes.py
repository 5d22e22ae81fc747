"""Symbolic sizes as tensors: a number where the file holds the parameters, else read off the arrays that are given."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_sym.compile.known_sizes import SizeRule
from lstm_sym.emit.onnx.graph import Graph
from lstm_sym.equations.sizes import parts_of


class Sizes:
    """The sizes of one graph. `numbers` are those that are known; `given` is what an array is called: record, name."""

    def __init__(
        self,
        graph: Graph,
        rules: Mapping[str, SizeRule],
        numbers: Mapping[str, int],
        given: Mapping[tuple[str, str], str],
    ) -> None:
        self.graph, self.rules, self.numbers, self.given = graph, rules, numbers, given

    def shape(self, *axes: str) -> str:
        """Sizes one after the other, as operators take a shape."""
        parts = [self.axis(axis) for axis in axes]
        if all(isinstance(part, int) for part in parts):
            return self.graph.integers(*(part for part in parts if isinstance(part, int)))
        tensors = [self.graph.integers(part) if isinstance(part, int) else part for part in parts]
        return tensors[0] if len(tensors) == 1 else self.graph.op("Concat", *tensors, axis=0)

    def axis(self, size: str) -> int | str:
        """The number of a size, or the tensor that holds it."""
        total: int | str = 0
        for name, count in parts_of(size).items():
            total = self._added(total, self._times(self._named(name), count))
        return total

    def _named(self, name: str) -> int | str:
        if name.isdigit():
            return int(name)
        if name in self.numbers:
            return self.numbers[name]
        rule = self.rules[name]
        array = self.given[rule.record, rule.array]
        settings = {"start": rule.axis} | ({"end": rule.axis + 1} if rule.axis != -1 else {})
        found: int | str = self.graph.op("Shape", array, **settings)
        for other in rule.others:
            found = self._added(found, self._times(self.axis(other), -1))
        return found if rule.divisor == 1 else self.graph.op("Div", str(found), self.graph.integers(rule.divisor))

    def _times(self, value: int | str, count: int) -> int | str:
        if isinstance(value, int):
            return value * count
        return value if count == 1 else self.graph.op("Mul", value, self.graph.integers(count))

    def _added(self, left: int | str, right: int | str) -> int | str:
        if isinstance(left, int) and isinstance(right, int):
            return left + right
        if 0 in (left, right):
            return right if left == 0 else left
        both = (self.graph.integers(part) if isinstance(part, int) else part for part in (left, right))
        return self.graph.op("Add", *both)
