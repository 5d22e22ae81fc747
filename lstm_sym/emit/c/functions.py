"""The functions of a kernel whose loops are compiled: their names, plans, and code in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from lstm_sym.compile.plan import LoopPlan, Plan
from lstm_sym.emit import nodes as n
from lstm_sym.emit.functions import FunctionWriter

STREAM = "stream"
NAMES = ("forward", "backward", "tangents", "second_order", STREAM)


class CompiledFunctions:
    """The functions over time of a fused plan."""

    def __init__(self, plan: Plan) -> None:
        assert plan.fused
        self.plan = plan

    @cached_property
    def writers(self) -> dict[str, FunctionWriter]:
        """Name -> writer."""
        plan = self.plan
        first_order, second_order = (plan.forward, plan.backward), (plan.forward_tangent, plan.backward_tangent)
        loops: tuple[LoopPlan, ...] = (*first_order, *second_order, plan.stream)
        return {name: FunctionWriter(plan, loop, name) for name, loop in zip(NAMES, loops, strict=True)}

    @cached_property
    def code(self) -> dict[str, tuple[n.Node, ...]]:
        """Name -> the function as nodes, its loop one call."""
        makers: tuple[Callable[[FunctionWriter], tuple[n.Node, ...]], ...] = (
            FunctionWriter.forward,
            FunctionWriter.backward,
            FunctionWriter.tangent,
            FunctionWriter.second_order,
            lambda writer: (writer.compiled_stream(),),
        )
        return {name: make(self.writers[name]) for name, make in zip(NAMES, makers, strict=True)}

    def loops(self) -> Iterator[tuple[FunctionWriter, n.Compiled]]:
        """Every function with its loop."""
        for name, nodes in self.code.items():
            for node in n.walk(nodes):
                if isinstance(node, n.Compiled):
                    yield self.writers[name], node

    @property
    def calls(self) -> dict[tuple[str, bool], tuple[str, int, int, int, bool]]:
        """Function and whether it is of the precise form -> its name, its part, the number of its sizes and arrays, and
        whether its caller keeps its memory.
        """
        found = [(node, form) for _, node in self.loops() for form in forms(node)]
        return {(node.function, f.precise): _call(node, f) for node, f in found}


class Form(NamedTuple):
    """One form of a loop as a function of C, in the part of the source that is compiled with it."""

    name: str
    precise: bool
    part: int


def forms(loop: n.Compiled) -> list[Form]:
    """Both forms where the caller chooses, parts 1 and 2, for few need both; forward mode and second order, part 3;
    single steps, part 4.
    """
    if loop.exact is not None:
        return [Form(loop.function, loop.exact, 4 if loop.function == STREAM else 3)]
    return [Form(f"{loop.function}_fast", False, 1), Form(f"{loop.function}_precise", True, 2)]


def _call(loop: n.Compiled, form: Form) -> tuple[str, int, int, int, bool]:
    """What a caller of a loop in this form must know."""
    return form.name, form.part, len(loop.sizes), len(loop.arrays), loop.function == STREAM
