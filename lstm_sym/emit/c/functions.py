"""The functions of a kernel whose loops are compiled: their names, plans, and code in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from lstm_sym.compile.plan import LoopPlan, Plan
from lstm_sym.emit import nodes as n
from lstm_sym.emit.functions import FunctionWriter

NAMES = ("forward", "backward", "tangents", "second_order")


class CompiledFunctions:
    """The functions over time of a fused plan."""

    def __init__(self, plan: Plan) -> None:
        assert plan.fused
        self.plan = plan

    @cached_property
    def writers(self) -> dict[str, FunctionWriter]:
        """Name -> writer."""
        plan = self.plan
        loops: tuple[LoopPlan, ...] = (plan.forward, plan.backward, plan.forward_tangent, plan.backward_tangent)
        return {name: FunctionWriter(plan, loop, name) for name, loop in zip(NAMES, loops, strict=True)}

    @cached_property
    def code(self) -> dict[str, tuple[n.Node, ...]]:
        """Name -> the function as nodes, its loop one call."""
        makers: tuple[Callable[[FunctionWriter], tuple[n.Node, ...]], ...] = (
            FunctionWriter.forward,
            FunctionWriter.backward,
            FunctionWriter.tangent,
            FunctionWriter.second_order,
        )
        return {name: make(self.writers[name]) for name, make in zip(NAMES, makers, strict=True)}

    def loops(self) -> Iterator[tuple[FunctionWriter, n.Compiled]]:
        """Every function with its loop."""
        for name, nodes in self.code.items():
            for node in n.walk(nodes):
                if isinstance(node, n.Compiled):
                    yield self.writers[name], node

    @property
    def arguments(self) -> dict[str, tuple[int, int]]:
        """Name -> how many sizes and arrays it is given, beside the form, the sequences, T and B."""
        return {node.function: (len(node.sizes), len(node.arrays)) for _, node in self.loops()}
