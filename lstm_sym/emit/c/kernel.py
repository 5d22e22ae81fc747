"""The kernel module around compiled loops: that of NumPy, where the loops over time are calls.

`_compiled` and `_numpy` are there before its text is run: the loops, and the NumPy kernel, whose functions serve
dtypes that are not compiled, as complex numbers for a complex step. Jacobians and logarithms are NumPy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lstm_sym.emit import nodes as n
from lstm_sym.emit.c.functions import STREAM, CompiledFunctions
from lstm_sym.emit.c.stepper import compiled_stepper
from lstm_sym.emit.numpy import contract, entry
from lstm_sym.emit.numpy.kernel import NumPyKernel, Widths
from lstm_sym.emit.numpy.layout import docstring, folded
from lstm_sym.emit.numpy.printer import CodePrinter, choices, indented

SHARED = (
    *("Params", "State", "Tape", "PreciseTape", "Grads"),
    *("_SHAPES", "_STATE_SHAPES", "_COMPOSED", "_WIDTHS", "_RECORDS", "_EXTRA"),
)
"""What such a module has of the NumPy kernel: parameters and tapes of either serve the other."""


class CallPrinter(CodePrinter):
    """Prints nodes of functions whose loop is compiled."""

    def text(self, node: n.Node) -> str:
        """An expression."""
        if isinstance(node, n.Perhaps):
            kind = "PreciseTape" if node.exact else "Tape"
            return f"{node.record}.{node.name} if isinstance({node.record}, {kind}) else None"
        return super().text(node)

    def statement(self, node: n.Node) -> list[str]:
        """One statement."""
        if isinstance(node, n.Compiled):
            form = self.condition if node.exact is None else str(node.exact)
            sizes, arrays = ", ".join(["T", "B", *node.sizes]), self.listed(node.arrays)
            return folded(f'_compiled.run("{node.function}", {form}, dtype, ({sizes}), ({arrays},))')
        return super().statement(node)

    def allocated(self, node: n.Allocate) -> str:
        """A new array; where the fast form keeps it for no step, of one row."""
        if node.fast is None or node.fast.text:
            return super().allocated(node)
        row = self.array(("1", *node.axes[1:]), node.zeros)
        return f"{node.target.text} = {self.array(node.axes, node.zeros)} if {self.condition} else {row}"


class CompiledKernel(NumPyKernel):
    """Collects the parts of the module around the loops of a fused plan."""

    def __init__(self, functions: CompiledFunctions) -> None:
        super().__init__(functions.plan)
        self.code, self.stream = functions.code, functions.writers[STREAM]

    standing = "its loops over time are compiled, and all else stands on the NumPy kernel"

    def classes(self, tapes: Widths, extra: Mapping[str, Mapping[str, int]], second: Iterable[str]) -> str:
        """Named tuples and tables of the NumPy kernel."""
        given = "\n".join(f"{name} = _numpy.{name}" for name in SHARED)
        return f"{given}\n{contract.second_tape(second)}\n_FITTED: dict[Any, dict[str, int]] = {{}}"

    def forward(self) -> str:
        """forward(): the fast and the precise form in one body."""
        call = "_forward(x, params, state, precise, workspace)"
        steps = self.function("forward", entry.forward_steps(), "x", call, "precise")
        return f"{entry.forward_entry(self.cell)}\n\n\n{steps}"

    def backward(self) -> str:
        """backward(): slopes from the form of the tape."""
        call, form = "_backward(dy, tape, params, dstate, workspace)", "isinstance(tape, PreciseTape)"
        steps = self.function("backward", entry.backward_steps(), "dy", call, form)
        return f"{entry.backward_entry(self.cell)}\n\n\n{steps}"

    def stepper(self) -> str:
        """stepper(): one step compiled, in memory that is made once."""
        return compiled_stepper(self.plan, self.stream)

    def tangents(self) -> str:
        """_tangents(): values and tangents in one loop."""
        call = "_tangents(x, params, state, x_dot, params_dot, state_dot)"
        return self.function("tangents", entry.tangents_entry(self.cell), "x", call)

    def second_order(self) -> str:
        """_second_order(): adjoints and their tangents in one loop."""
        call = "_second_order(dy, dy_dot, tape, params, params_dot, dstate, dstate_dot)"
        return self.function("second_order", entry.second_order_entry(), "dy", call)

    def function(
        self, name: str, head: tuple[str, str, str], given: str, otherwise: str, condition: str = "True"
    ) -> str:
        """Checks, what is left to NumPy, the code."""
        signature, text, first = head
        nodes = self.code[name]
        begin = [
            f"if {given}.dtype not in _compiled.dtypes:",
            f"    return _numpy.{otherwise}",
            f"(T, B), dtype = {given}.shape[:2], {given}.dtype",
            *filter(None, [first]),
        ]
        code = CallPrinter(condition, empty="empty" if first else "np.empty").lines(nodes)
        lines = [*docstring(text).split("\n"), *begin, *choices(nodes, condition), *code]
        return "\n".join([signature, *indented(lines)])
