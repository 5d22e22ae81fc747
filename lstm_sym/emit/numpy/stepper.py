"""stepper() of a kernel: steps one after the other with the same parameters, for streaming."""

from __future__ import annotations

from lstm_sym.compile.plan import Plan
from lstm_sym.emit import nodes as n
from lstm_sym.emit.functions import FunctionWriter
from lstm_sym.emit.numpy.layout import docstring, folded
from lstm_sym.emit.numpy.printer import StepPrinter, bare_names, choices, indented
from lstm_sym.emit.numpy.shared_tanh import share_tanh
from lstm_sym.equations.cell import Cell

_TEXT = """step() for many steps with the same parameters, which are packed once, and memory that is made once.

Gives advance(x_t (B, {size}), state) -> y_t (B, {out}) and the new state, for B = batch, in the dtype of the
parameters; what changes in these later is not seen. As `step` it takes its arrays as they come, and y_t may be an
array of the state. One stepper is for one thread. Raises TypeError, ValueError for parameters that do not fit."""


COPIED = (
    "_sizes_of(params, _SHAPES)",
    'dtype = _float_dtype(_named("params", params, _SHAPES))',
    "params = Params(*(np.array(value, dtype) for value in params))",
)
"""The parameters are looked at, and copied: what changes in them later is not seen."""


class StreamPrinter(StepPrinter):
    """Prints one step in memory that is there: a product is computed in it, where it is no view of a part of it."""

    def fill(self, node: n.Fill) -> list[str]:
        """Into the memory that is there."""
        value, target = node.value, self.text(node.target)
        if isinstance(value, n.Product) and target not in self.views:
            return [f"{self.text(value.left)}.dot({self.matrix(value)}, {target})"]
        return super().fill(node)


def stepper_function(plan: Plan) -> str:
    """The function, with the step that it gives inside."""
    cell, writer = plan.cell, FunctionWriter(plan, plan.stream)
    share_tanh(writer.writer)
    shared, step = writer.stream()
    printer = StreamPrinter("False", {"state": cell.states})
    lines, inner = printer.lines(shared), printer.lines(step)
    memory = any(isinstance(node, n.Allocate) for node in shared)
    begin = [*COPIED, *(["B = batch"] if memory else [])] if cell.parameters else []
    begin += [*choices(step, "False"), *bare_names(inner)]
    advance = [
        "def advance(x_t: Array, state: State) -> tuple[Array, State]:",
        *indented(['"""One step."""', *_changed(shared, step), *inner]),
    ]
    return stepper_text(cell, [*begin, *lines], advance)


def stepper_text(cell: Cell, begin: list[str], advance: list[str]) -> str:
    """The function, of what it does once, and of the step that it gives."""
    text = docstring(_TEXT.format(size=cell.input_shape[0], out=cell.shapes[cell.output][0]))
    body = [*text.split("\n"), *begin, *(["", *advance, "", "return advance"] if advance else [])]
    return "\n".join(["def stepper(params: Params, batch: int = 1) -> Any:", *indented(body)])


def _changed(shared: tuple[n.Node, ...], step: tuple[n.Node, ...]) -> list[str]:
    """The memory that a step adds to in place: nonlocal gates."""
    nodes = [*n.walk(shared)]
    made = {node.target.text for node in nodes if isinstance(node, n.Allocate)}
    made |= {target.text for node in nodes if isinstance(node, n.Split) for target in node.targets}
    places = [node.target for node in n.walk(step) if isinstance(node, n.Add | n.Fill)]
    places += [node.sigmoids for node in n.walk(step) if isinstance(node, n.SharedTanh)]
    names = [name for name in n.names_in(places) if name in made]
    return folded(f"nonlocal {', '.join(names)}") if names else []
