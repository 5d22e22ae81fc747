"""jvp() and hvp() of a kernel: forward mode, and forward mode over the backward pass, both in the precise form."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_sym.derivation import jvp, vjp
from lstm_sym.emit.numpy import contract
from lstm_sym.emit.numpy.function import LoopFunction, function_lines, last, loop_function
from lstm_sym.emit.numpy.storage import RowKey, Span
from lstm_sym.equations.cell import Cell
from lstm_sym.passes.layout import Layout
from lstm_sym.passes.liveness import save_set
from lstm_sym.passes.pruning import prune
from lstm_sym.passes.slope_forms import precise, reuse
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Role, Value

_POINT = "x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State"


def tangent_functions(cell: Cell, program: Program, layout: Layout, numbers: Mapping[str, str]) -> tuple[str, set[str]]:
    """The text of jvp, hvp and the functions they call, and the functions to bring along."""
    writer = _Writer(cell, program, layout, numbers)
    parts = [contract.jvp_entry_point(cell), writer.jvp(), contract.hvp_entry_point(cell), *writer.hvp()]
    return "\n\n\n".join(parts), writer.helpers


class _Writer:
    """Writes the functions of one cell."""

    def __init__(self, cell: Cell, program: Program, layout: Layout, numbers: Mapping[str, str]) -> None:
        self.cell, self.program, self.layout, self.numbers = cell, program, layout, numbers
        self.tangent = precise(jvp(program), program)
        self.helpers: set[str] = set()

    def emitted(
        self,
        program: Program,
        keep: tuple[Value, ...] = (),
        given: tuple[Value, ...] = (),
        spans: Mapping[RowKey, Span] | None = None,
    ) -> LoopFunction:
        """A program scheduled and emitted in the precise form."""
        sizes = self.cell.size_names
        function = loop_function(
            program, self.layout, sizes, self.numbers, keep=keep, given=given, spans=spans, precise=True
        )
        self.helpers |= function.body.helpers
        return function

    def text(self, signature: str, function: LoopFunction, before: list[str], after: str) -> str:
        """A whole function."""
        return signature + "\n" + contract.indented("\n".join(function_lines(self.cell, function, before, after)))

    def forward_lines(self, function: LoopFunction) -> list[str]:
        """What a forward function with tangents begins with."""
        inputs = function.plan.program.inputs
        names = zip((function.storage.home(value).name for value in inputs), ("x", "x_dot"), strict=False)
        renamed = [f"{name} = {given}" for name, given in names if name != given]
        return ["T, B = x.shape[:2]", "dtype = x.dtype", *renamed]

    def jvp(self) -> str:
        """_jvp(): values and tangents in one loop."""
        program = prune(self.tangent)
        function = self.emitted(program, given=program.inputs)
        storage = function.storage
        finals = [last(storage.home(carry.incoming)) for carry in program.carries]
        y, y_dot = (storage.home(value).whole() for value in program.outputs)
        states = f"State({', '.join(finals[::2])}), State({', '.join(finals[1::2])})"
        signature = f"def _jvp(\n    {_POINT}\n) -> tuple[Array, Array, State, State]:"
        after = f"return {y}.copy(), {y_dot}.copy(), {states}"
        return self.text(signature, function, self.forward_lines(function), after)

    def hvp(self) -> tuple[str, str, str]:
        """SecondTape, _hvp_forward() and _hvp_backward()."""
        reverse = prune(vjp(self.program))
        second = prune(reuse(precise(jvp(reverse), self.program), self.program))
        saved = save_set(self.tangent, second)
        forward = self.emitted(prune(self.tangent, frozenset(saved)), keep=saved, given=self.tangent.inputs)
        backward = self.emitted(second, given=second.inputs, spans=forward.spans(saved))
        fields = dict(forward.array(value) for value in saved)
        tape = contract.named_tuple("SecondTape", [(name, "") for name in fields.values()], _TAPE_TEXT)
        signature = f"def _hvp_forward(\n    {_POINT}\n) -> SecondTape:"
        after = f"return SecondTape({', '.join(fields.values())})"
        first = self.text(signature, forward, self.forward_lines(forward), after)
        return tape, first, self.hvp_backward(backward, fields, saved)

    def hvp_backward(self, function: LoopFunction, fields: dict[object, str], saved: tuple[Value, ...]) -> str:
        """_hvp_backward(): adjoints and their tangents in one loop."""
        storage, program = function.storage, function.plan.program
        read = [function.array(value) for value in saved if value in program.inputs]
        bound = dict.fromkeys(f"{name} = tape.{fields[key]}" for key, name in read)
        signature = (
            "def _hvp_backward(\n    dy: Array, dy_dot: Array, tape: SecondTape, params: Params, params_dot: Params,\n"
            "    dstate: State, dstate_dot: State\n) -> tuple[Grads, Grads]:"
        )
        names = [storage.names.given[s.target] for s in program.statements if isinstance(s, Accumulate)]
        adjoints = [s.target for s in program.statements if isinstance(s, Accumulate)]
        pairs = dict(zip(adjoints, names, strict=True))
        none = "np.zeros((T, B, 0), dtype)"
        outputs = [storage.home(value).whole() for value in program.outputs] or [none, none]
        states = [last(storage.home(carry.incoming)) for carry in program.carries]
        grads = []
        for k, output in enumerate(outputs):
            params = ", ".join(self.of_parameters(pairs, tangents=k == 1))
            grads.append(f"Grads({output}, Params({params}), State({', '.join(states[k::2])}))")
        before = ["T, B = dy.shape[:2]", "dtype = dy.dtype", *bound]
        return self.text(signature, function, before, f"return {', '.join(grads)}")

    def of_parameters(self, names: Mapping[Value, str], tangents: bool) -> list[str]:
        """The names of the gradients, or of their tangents, in the order of the parameters."""
        found = {}
        for value, name in names.items():
            adjoint = value.of if value.role is Role.TANGENT else value
            if (value.role is Role.TANGENT) == tangents and adjoint is not None:
                found[adjoint.of] = name
        return [found[parameter] for parameter in self.program.parameters]


_TAPE_TEXT = "What the second-order backward pass needs: values and their tangents."
