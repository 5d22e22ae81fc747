"""A kernel: one Python file that stands alone on NumPy, printed from the plan of a cell.

Everything that computes comes from the plan; `contract` and `entry` say what the file is and what it checks, `copied`
brings along the functions it calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.functions import FunctionWriter, cut_after_loop
from lstm_sym.emit.nodes import Node
from lstm_sym.emit.numpy import contract, entry
from lstm_sym.emit.numpy.copied import copied_functions
from lstm_sym.emit.numpy.init import init_function
from lstm_sym.emit.numpy.jacobian import JacobianWriter
from lstm_sym.emit.numpy.jacobian_table import jacobian_functions
from lstm_sym.emit.numpy.layout import docstring, folded
from lstm_sym.emit.numpy.local import LocalValues
from lstm_sym.emit.numpy.logs import log_function
from lstm_sym.emit.numpy.printer import CodePrinter, bare_names, choices, indented
from lstm_sym.emit.numpy.shared_tanh import share_tanh
from lstm_sym.emit.numpy.stepper import stepper_function
from lstm_sym.emit.numpy.whitelist import check_source
from lstm_sym.equations.cell import Cell

Records = Mapping[str, tuple[str, ...]]
Widths = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Class of a tape -> field -> its last axis, as sizes and how often each counts."""

_STEP = """One step, for streaming: x_t (B, {size}) -> y_t (B, {out}) and the new state.

Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit."""
_GRADIENTS = """What follows the loop of `_second_order`: sums over all steps."""
LONGEST = 116
"""Lines of a second-order function that is not cut after its loop."""


def kernel_source(cell: Cell) -> str:
    """The text of the kernel module of a cell: deterministic, byte for byte, on every machine."""
    return numpy_source(Plan(Derivation(cell)))


def numpy_source(plan: Plan) -> str:
    """The text of the kernel module of a plan."""
    return NumPyKernel(plan).source()


class NumPyKernel:
    """Collects the parts of one module."""

    standing = "stands alone on NumPy"

    def __init__(self, plan: Plan) -> None:
        self.plan, self.cell = plan, plan.cell

    def source(self) -> str:
        """The module: what people read first comes first."""
        plan, cell = self.plan, self.cell
        local = LocalValues(plan)
        tapes = {name: plan.forward.widths(plan.saved[name == "PreciseTape"]) for name in ("Tape", "PreciseTape")}
        second = plan.forward_tangent.fields(plan.second_saved).values()
        extra_rows = {name: self.extra_rows(name == "PreciseTape") for name in tapes}
        reference, extra = self.reference()
        parts = [
            contract.head(plan, self.standing),
            self.classes(tapes, extra_rows, second),
            init_function(cell),
            self.forward(),
            self.backward(),
            self.step(),
            self.stepper(),
            entry.jvp_entry(cell),
            entry.hvp_entry(cell),
            *(JacobianWriter(plan, function, local).text() for function in jacobian_functions(plan)),
            log_function(plan),
            self.tangents(),
            self.second_order(),
            local.text(),
            entry.prepared(cell),
            entry.cotangents(cell, reference, extra),
            entry.directions(cell),
            entry.reading(cell, reference, extra),
        ]
        text = "\n\n\n".join(part.strip("\n") for part in parts)
        check_source(text)
        return f"{text}\n\n\n{copied_functions(text)}\n"

    def classes(self, tapes: Widths, extra: Mapping[str, Mapping[str, int]], second: Iterable[str]) -> str:
        """The named tuples and tables."""
        return contract.classes(self.cell, tapes, extra, second)

    def extra_rows(self, exact: bool) -> dict[str, int]:
        """Field of a tape -> the rows that it has beside one a step, -1 for what is the same at all steps."""
        plan = self.plan
        homes = {plan.forward.storage.array(v)[1]: plan.forward.storage.home(v).kind for v in plan.saved[exact]}
        return {
            name: {"states": 1, "constant": -1}.get(homes[name], 0)
            for name in plan.forward.fields(plan.saved[exact]).values()
        }

    def reference(self) -> tuple[str, str]:
        """The first field that both tapes have with axes of time and batch; " - 1" if it holds T + 1 states."""
        fields = self.plan.tape_fields
        for key, field in fields[False].items():
            kind = key[1] if isinstance(key, tuple) else ""
            if fields[True].get(key) == field and kind != "constant":
                return field, " - 1" if kind == "states" else ""
        raise ValueError(f"the tapes of {self.cell.key} have no array over time in common")

    def body(
        self,
        text: str,
        begin: Iterable[str],
        nodes: tuple[Node, ...],
        records: Records | None = None,
        condition: str = "precise",
        empty: str = "np.empty",
    ) -> str:
        """Docstring, first lines and code of a function over time."""
        code = CodePrinter(condition, records, empty).lines(nodes)
        chosen = [*choices(nodes, condition), *bare_names(code)]
        return "\n".join(indented([*docstring(text).split("\n"), *begin, *chosen, *code]))

    def forward(self) -> str:
        """forward(): the fast and the precise form in one body."""
        signature, text, first = entry.forward_steps()
        writer = FunctionWriter(self.plan, self.plan.forward)
        share_tanh(writer.writer)
        nodes = writer.forward()
        body = self.body(text, ["(T, B), dtype = x.shape[:2], x.dtype", first], nodes, empty="empty")
        return f"{entry.forward_entry(self.cell)}\n\n\n{signature}\n{body}"

    def backward(self) -> str:
        """backward(): slopes from the form of the tape, all else in one body."""
        signature, text, first = entry.backward_steps()
        nodes = FunctionWriter(self.plan, self.plan.backward).backward()
        begin = ["(T, B), dtype = dy.shape[:2], dy.dtype", first]
        body = self.body(text, begin, nodes, condition="isinstance(tape, PreciseTape)", empty="empty")
        return f"{entry.backward_entry(self.cell)}\n\n\n{signature}\n{body}"

    def step(self) -> str:
        """step(): one step, for streaming."""
        size, out = self.cell.input_shape[0], self.cell.shapes[self.cell.output][0]
        nodes = FunctionWriter(self.plan, self.plan.step).step()
        signature = "def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:"
        records = {"params": self.cell.parameters, "state": self.cell.states}
        return signature + "\n" + self.body(_STEP.format(size=size, out=out), [], nodes, records)

    def stepper(self) -> str:
        """stepper(): the same for many steps, with packed parameters."""
        return stepper_function(self.plan)

    def tangents(self) -> str:
        """_tangents(): values and tangents in one loop, in the precise form."""
        signature, text, _ = entry.tangents_entry(self.cell)
        nodes = FunctionWriter(self.plan, self.plan.forward_tangent).tangent()
        return signature + "\n" + self.body(text, ["(T, B), dtype = x.shape[:2], x.dtype"], nodes)

    def second_order(self) -> str:
        """_second_order(): adjoints and their tangents in one loop, in the precise form."""
        signature, text, _ = entry.second_order_entry()
        nodes = FunctionWriter(self.plan, self.plan.backward_tangent).second_order()
        records = {"tape": tuple(self.plan.forward_tangent.fields(self.plan.second_saved).values())}
        begin = ["(T, B), dtype = dy.shape[:2], dy.dtype"]
        body = self.body(text, begin, nodes, records)
        if body.count("\n") <= LONGEST:
            return f"{signature}\n{body}"
        first, arguments, second = cut_after_loop(nodes, "_second_order_gradients")
        listed = ", ".join(f"{name}: Any" for name in arguments)
        rest = folded(f"def _second_order_gradients({listed}) -> tuple[Grads, Grads]:")
        body = self.body(text, begin, first, records)
        return "\n".join([signature, body, "", "", *rest, self.body(_GRADIENTS, [], second)])
