"""A loop over time as one node Scan: what it carries, what it reads row by row, and what it hands out of every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_sym.emit.onnx.graph import Graph


class Scan:
    """The loop in a graph; its body is a graph of its own, which reads what is there before the loop as it is."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.body = graph, Graph(graph.names, graph.dtype, outer=graph)
        self.kind = graph.onnx.helper.np_dtype_to_tensor_dtype(graph.dtype)
        self.place = 0
        self._carried: dict[str, str] = {}
        self._rows: dict[str, str] = {}
        self._kinds: dict[str, int] = {}
        self._sequences: dict[str, str] = {}

    def carry(self, state: str, initial: str) -> str:
        """What a step receives of a state, which is `initial` at the first."""
        self._carried[initial] = self.body.given(f"{state}_before")
        return self._carried[initial]

    def row(self, sequence: str, kind: int = 0) -> str:
        """The row of this step of what is there for all steps; `kind` is its type, where that is not of the arrays."""
        if sequence not in self._rows:
            self._rows[sequence] = self.body.given(f"{sequence}_row")
            self._kinds[self._rows[sequence]] = kind or self.kind
        return self._rows[sequence]

    def sequence(self, row: str, wanted: str = "") -> str:
        """All steps of what one computes; `wanted` is what they are to be called, a name that is kept for them."""
        known = {name: sequence for sequence, name in self._rows.items()} | self._sequences
        if row not in known:
            known[row] = self._sequences[row] = wanted or self.graph.given(f"{row}_steps")
            self.graph.known.add(known[row])
        return known[row]

    def ended(self, steps: str) -> None:
        """The node stands after all that the graph has by now; `steps` is their number, where it reads no rows."""
        if not self._rows:
            first, step = (self.graph.op("Squeeze", self.graph.integers(number)) for number in (0, 1))
            numbers = self.graph.op("Range", first, self.graph.op("Squeeze", steps), step)
            self.row(numbers, self.graph.onnx.TensorProto.INT64)
        self.place = len(self.graph.nodes)

    def finish(self, sent: Sequence[str], last: Sequence[str]) -> None:
        """Write the node: `sent` is what a step hands to the next, `last` what that is called after all of them."""
        helper = self.graph.onnx.helper
        typed = dict.fromkeys(self._carried.values(), self.kind) | self._kinds
        results = dict.fromkeys(self._results([*sent, *self._sequences], set(typed)), self.kind)
        body = helper.make_graph(self.body.nodes, "step", _described(helper, typed), _described(helper, results))
        reads, gives = [*self._carried, *self._rows], [*last, *self._sequences.values()]
        node = helper.make_node("Scan", reads, gives, name="over_time", body=body, num_scan_inputs=len(self._rows))
        self.graph.nodes.insert(self.place, node)

    def _results(self, wanted: Sequence[str], taken: set[str]) -> list[str]:
        """What the body gives, each under a name that it alone has, as ONNX asks."""
        results: list[str] = []
        for name in wanted:
            if name in taken or name not in self.body.known:
                name = self.body.copy(name)
            taken.add(name)
            results.append(name)
        return results


def _described(helper: Any, typed: Mapping[str, int]) -> list[Any]:
    return [helper.make_tensor_value_info(name, kind, None) for name, kind in typed.items()]
