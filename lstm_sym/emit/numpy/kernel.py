"""A kernel: one Python file that stands alone on NumPy, printed from the derived programs of a cell.

Everything that computes comes from the programs; `numpy_contract` says what the file is, `numpy_copied` brings along
the functions it calls.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from lstm_sym.derivation import jvp, vjp
from lstm_sym.derivation.jacobian import Jacobians
from lstm_sym.derivation.roles import Roles
from lstm_sym.emit.numpy import contract
from lstm_sym.emit.numpy.copied import SUPPORT, copied_functions
from lstm_sym.emit.numpy.function import (
    LoopFunction,
    function_lines,
    last,
    loop_function,
    solved_sizes,
    step_function,
)
from lstm_sym.emit.numpy.jacobian import TapeForm, jacobian_functions, jacobian_reads, reference_field
from lstm_sym.emit.numpy.logs import log_function
from lstm_sym.emit.numpy.parts import parts_functions
from lstm_sym.emit.numpy.tangent import tangent_functions
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import parts_of
from lstm_sym.passes import fast, lay_out, precise, prune, save_set
from lstm_sym.passes.numbering import number_statements
from lstm_sym.program import lower
from lstm_sym.program.program import Program
from lstm_sym.program.values import Value

_FORBIDDEN = (
    "eval",
    "exec",
    "compile",
    "__import__",
    "open",
    "globals",
    "locals",
    "vars",
    "getattr",
    "setattr",
    "delattr",
    "input",
)
_IMPORTS = {"numpy", "typing", "__future__"}
_NUMPY = frozenset(
    {
        "add",
        "array",
        "asarray",
        "ascontiguousarray",
        "broadcast_to",
        "concatenate",
        "cos",
        "dtype",
        "einsum",
        "eye",
        "isfinite",
        "isnan",
        "mean",
        "real",
        "repeat",
        "sign",
        "sum",
        "take_along_axis",
        "max",
        "argmax",
        "empty",
        "exp",
        "float32",
        "float64",
        "inf",
        "full",
        "full_like",
        "log",
        "log1p",
        "matmul",
        "maximum",
        "multiply",
        "ndarray",
        "random",
        "result_type",
        "shape",
        "sin",
        "sqrt",
        "subtract",
        "tanh",
        "where",
        "zeros",
        "zeros_like",
    }
)


@dataclass
class Form:
    """The programs of one form (fast or precise) of a cell, emitted: forward, backward, and what the tape holds."""

    name: str
    forward: LoopFunction
    backward: LoopFunction
    saved: tuple[Value, ...]

    @property
    def tape_class(self) -> str:
        """Tape or PreciseTape."""
        return "PreciseTape" if self.name == "precise" else "Tape"

    def fields(self) -> dict[object, str]:
        """Array key -> the field of the tape that holds it, in order of definition."""
        return dict(self.forward.array(value) for value in self.saved)

    def widths(self) -> dict[str, dict[str, int]]:
        """Field -> its last axis, as sizes and how often each counts."""
        fields = self.fields()
        return {fields[self.forward.array(value)[0]]: self.forward.width(value) for value in self.saved}


def kernel_source(cell: Cell) -> str:
    """The text of the kernel module of a cell: deterministic, byte for byte, on every machine."""
    return _Kernel(cell).source()


class _Kernel:
    """Collects the parts of one module."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.helpers: set[str] = set(SUPPORT) | (set() if cell.input else {"without_input"})
        if any(parameter.is_bounded for parameter in cell.declared.values()):
            self.helpers |= {"within", "check_bounds"}
        self.program = prune(lower(cell))
        self.local = Jacobians(self.program)
        self.layout = lay_out(self.program)
        self.reverse = prune(vjp(self.program))
        tangents = prune(jvp(self.program)), jvp(self.reverse)
        self.numbers = number_statements(self.program, self.reverse, *tangents)
        reads = {exact: self.reads(exact) for exact in (False, True)}
        anchors = self.anchors(reads[False] & reads[True])
        self.forms = [self.form(exact, reads[exact] | anchors) for exact in (False, True)]

    def programs(self, exact: bool) -> tuple[Program, Program]:
        """Forward and backward in the precise or the fast form."""
        if exact:
            return precise(self.program, self.program), prune(precise(self.reverse, self.program))
        return self.program, prune(fast(self.reverse))

    def reads(self, exact: bool) -> set[Value]:
        """What backward and the Jacobians read of forward, found by liveness."""
        return {*save_set(*self.programs(exact)), *jacobian_reads(self.local, exact)}

    def anchors(self, common: set[Value]) -> set[Value]:
        """What the tape holds although no gradient needs it: T, B and the input's size are read off something."""
        found: set[Value] = set()
        if not self.cell.parameters or all(value.time is None for value in common):
            found |= {*self.program.inputs, self.program.carries[0].incoming}
        # The Jacobians have rows of every state; what no parameter tells the size of is there to tell it.
        told = solved_sizes(self.cell, {})
        found |= {c.incoming for c in self.program.carries if not set(parts_of(c.incoming.shape[0])) <= set(told)}
        states = {name: self.cell.shapes[name][0] for name in self.cell.states}
        if self.cell.input and not set(parts_of(self.cell.input_shape[0])) <= set(solved_sizes(self.cell, states)):
            found |= set(self.program.inputs)
        return found

    def form(self, exact: bool, read: set[Value]) -> Form:
        """Forward and backward in one form; `read` is what the tape holds."""
        forward, backward = self.programs(exact)
        saved = tuple(value for value in forward.values() if value in read)
        sizes = self.cell.size_names
        before = loop_function(
            forward, self.layout, sizes, self.numbers, keep=saved, given=forward.inputs, precise=exact
        )
        after = loop_function(
            backward,
            self.layout,
            sizes,
            self.numbers,
            given=backward.inputs,
            spans=before.spans(saved),
            precise=exact,
        )
        return Form("precise" if exact else "fast", before, after, saved)

    def source(self) -> str:
        """The module."""
        fast_fields, precise_fields = (form.fields() for form in self.forms)
        shared = {key: field for key, field in fast_fields.items() if precise_fields.get(key) == field}
        reference, states = reference_field(shared)
        extra = " - 1" if states else ""
        functions = [
            contract.entry_points(self.cell, reference, extra),
            *(self.forward(form) for form in self.forms),
            *(self.backward(form) for form in self.forms),
            self.step(),
            self.tangents(),
            contract.reading(reference, extra),
            self.jacobians(),
        ]
        tapes = [(form.tape_class, form.widths()) for form in self.forms]
        parts = [
            contract.head(self.cell, self.layout, Roles(self.program)),
            contract.classes(self.cell, tapes),
            contract.init(self.cell),
            *functions,
            copied_functions(self.helpers),
        ]
        text = "\n\n\n".join(part.strip("\n") for part in parts) + "\n"
        check_source(text)
        return text

    def body(self, function: LoopFunction, before: Sequence[str], after: str) -> str:
        """The lines of a function over time, between what comes before and what it returns."""
        self.helpers |= function.body.helpers
        return contract.indented("\n".join(function_lines(self.cell, function, before, after)))

    def forward(self, form: Form) -> str:
        """_forward_fast or _forward_precise."""
        function = form.forward
        storage, program = function.storage, function.plan.program
        given = [storage.home(value).name for value in program.inputs]
        finals = ", ".join(last(storage.home(carry.incoming)) for carry in program.carries)
        fields = ", ".join(form.fields().values())
        output = storage.home(program.outputs[0]).whole()
        before = ["T, B = x.shape[:2]", "dtype = x.dtype", *(f"{name} = x" for name in given if name != "x")]
        after = f"return {output}.copy(), State({finals}), {form.tape_class}({fields})"
        signature = (
            f"def _forward_{form.name}(\n    x: Array, params: Params, state: State\n"
            f") -> tuple[Array, State, {form.tape_class}]:"
        )
        return signature + "\n" + self.body(function, before, after)

    def backward(self, form: Form) -> str:
        """_backward_fast or _backward_precise."""
        function = form.backward
        storage, program = function.storage, function.plan.program
        fields = form.fields()
        read = [function.array(value) for value in form.saved if value in program.inputs]
        bound = dict.fromkeys(f"{name} = tape.{fields[key]}" for key, name in read)
        targets = {s.target.of: s.target for s in program.statements if s.target.time is None}
        params = ", ".join(storage.names.given[targets[value]] for value in self.program.parameters)
        states = ", ".join(last(storage.home(carry.incoming)) for carry in program.carries)
        before = ["T, B = dy.shape[:2]", "dtype = dy.dtype", *bound]
        dx = [storage.home(value).whole() for value in program.outputs] or ["np.zeros((T, B, 0), dtype)"]
        after = f"return Grads({dx[0]}, Params({params}), State({states}))"
        signature = (
            f"def _backward_{form.name}(dy: Array, tape: {form.tape_class}, params: Params, dstate: State) -> Grads:"
        )
        return signature + "\n" + self.body(function, before, after)

    def step(self) -> str:
        """step(): one step, for streaming."""
        cell, program = self.cell, self.program
        function = step_function(program, cell.size_names, self.numbers)
        self.helpers |= function.body.helpers
        storage = function.storage
        states = ", ".join(storage.home(carry.outgoing).name for carry in program.carries)
        sizes = cell.input_shape[0], cell.shapes[cell.output][0]
        text = (
            f"One step, for streaming: x_t (B, {sizes[0]}) -> y_t (B, {sizes[1]}) and the new state.\n\n"
            "Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit."
        )
        lines = [
            contract.docstring(text),
            *(f"{storage.home(value).name} = x_t" for value in program.inputs),
            *(f"{storage.home(c.incoming).name} = state.{c.incoming.name}" for c in program.carries),
            *function.body.packs,
            *function.body.loop,
            f"return {storage.home(program.outputs[0]).name}, State({states})",
        ]
        signature = "def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:"
        return "\n".join([signature, *(contract.indented(line) for line in lines)])

    def tangents(self) -> str:
        """_jvp(), hvp() and what it calls: values and tangents in one loop, in the precise form."""
        text, helpers = tangent_functions(self.cell, self.program, self.layout, self.numbers)
        self.helpers |= helpers
        return text

    def jacobians(self) -> str:
        """jacobian(), input_jacobian(), parameter_jacobian(), jacobian_parts() and log_terms()."""
        forms = [TapeForm(form.name, form.tape_class, form.forward, form.fields()) for form in self.forms]
        made = [make(self.cell, self.local, forms) for make in (jacobian_functions, parts_functions)]
        made.append(log_function(self.cell, self.program, forms[-1], self.forms[-1].saved))
        self.helpers.update(*(helpers for _, helpers in made))
        return "\n\n\n".join(text for text, _ in made)


def check_source(text: str) -> None:
    """Generated source is parsed again and walked with a whitelist. Raises SyntaxError, ValueError.

    Allowed: imports of NumPy and typing, the names of NumPy that printers use, attributes without underscores in front.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or "."] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            relative = isinstance(node, ast.ImportFrom) and node.level > 0
            if relative or not set(names) <= _IMPORTS:
                raise ValueError(f"a kernel may not import {', '.join(names)}")
        if isinstance(node, ast.Name) and node.id in _FORBIDDEN:
            raise ValueError(f"a kernel may not use {node.id}")
        if isinstance(node, ast.Attribute):
            of_numpy = isinstance(node.value, ast.Name) and node.value.id == "np"
            if (node.attr.startswith("__") and node.attr != "__name__") or (of_numpy and node.attr not in _NUMPY):
                raise ValueError(f"a kernel may not use .{node.attr}")
