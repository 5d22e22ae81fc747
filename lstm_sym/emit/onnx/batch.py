"""Sequences of a batch that end before others, or begin anew: further inputs of a model, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lstm_sym.emit.onnx.graph import Graph
from lstm_sym.emit.onnx.sizes import Sizes
from lstm_sym.equations.cell import Cell


class Batch:
    """What a graph is given of the sequences of a batch; `inputs` are those of the model, to which it adds."""

    def __init__(self, graph: Graph, sizes: Sizes, initial: Mapping[str, str], inputs: list[Any]) -> None:
        self.graph, self.sizes, self.initial, self.inputs = graph, sizes, initial, inputs

    def given(self, name: str, kind: int, *axes: str) -> str:
        """A further input."""
        tensor = self.graph.given(name)
        self.inputs.append(self.graph.onnx.helper.make_tensor_value_info(tensor, kind, axes))
        return tensor

    def anew(self, cell: Cell, shapes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where a step begins anew, (T, B, 1), and the states that the cell begins at."""
        graph = self.graph
        marks = graph.op("Unsqueeze", self.given("resets", graph.onnx.TensorProto.BOOL, "T", "B"), graph.integers(-1))
        numbers = {name: graph.number(cell.initial.get(name, 0)) for name in cell.states}
        return marks, {name: graph.op("Expand", number, shapes[name]) for name, number in numbers.items()}

    def cut(
        self,
        write: Callable[[Mapping[str, str], Mapping[str, str]], None],
        sequences: Mapping[str, str],
        last: Mapping[str, str],
    ) -> None:
        """All steps of each sequence, and zeros after its own last one; and the states after that.

        write: what computes all steps, as if every sequence had them, under the names that it is given.
        """
        graph, zero, one = self.graph, self.graph.integers(0), self.graph.integers(1)
        lengths = self.given("lengths", graph.onnx.TensorProto.INT32, "B")
        ends = graph.op("Cast", lengths, to=graph.onnx.TensorProto.INT64)
        steps = {name: graph.given(f"{name}_steps") for name in sequences}
        write(steps, {name: graph.given(f"{name}_after") for name in last})
        bounds = (graph.op("Squeeze", bound) for bound in (zero, self.sizes.shape("T"), one))
        times = graph.op("Unsqueeze", graph.op("Range", *bounds), graph.integers(1, 2))
        rows = graph.op("Unsqueeze", ends, graph.integers(0, 2))
        lasting = graph.op("Less", times, rows)
        for name, wanted in sequences.items():
            graph.copy(graph.op("Where", lasting, steps[name], graph.number(0)), wanted)
        for name, wanted in last.items():
            states = graph.op("Concat", graph.op("Unsqueeze", self.initial[name], zero), steps[name], axis=0)
            places = graph.op("Expand", rows, graph.op("Shape", graph.op("Unsqueeze", self.initial[name], zero)))
            graph.copy(graph.op("Squeeze", graph.op("GatherElements", states, places, axis=0), zero), wanted)
