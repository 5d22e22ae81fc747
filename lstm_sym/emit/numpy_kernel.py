"""A kernel: one Python file that stands alone on NumPy, printed from the derived programs of a cell.

Printed here: the head, the named tuples, and the functions of the kernel contract (docs/kernels.md). Everything that
computes comes from the programs; the functions copied along are those of `arithmetic` and `kernel_support`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lstm_sym.derivation import jvp, vjp
from lstm_sym.emit import kernel_support
from lstm_sym.emit.numpy_function import (
    LoopFunction,
    array_lines,
    carry_lines,
    last,
    loop_function,
    loop_lines,
    size_lines,
    state_source,
    step_function,
    view_lines,
)
from lstm_sym.emit.numpy_jacobian import TapeForm, jacobian_functions
from lstm_sym.equations.cell import Cell
from lstm_sym.passes import fast, lay_out, precise, prune, save_set
from lstm_sym.passes.layout import Layout
from lstm_sym.program import arithmetic, lower
from lstm_sym.program.program import Program
from lstm_sym.program.values import Value

FORMAT_VERSION = "1"
_SUPPORT = ("sizes_of", "float_dtype", "checked", "checked_fields")


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


def kernel_source(cell: Cell) -> str:
    """The text of the kernel module of a cell: deterministic, byte for byte, on every machine."""
    return _Kernel(cell).source()


class _Kernel:
    """Collects the parts of one module."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.helpers: set[str] = set(_SUPPORT)
        self.program = prune(lower(cell))
        self.layout: Layout = lay_out(self.program)
        self.reverse = prune(vjp(self.program))
        self.forms = [self.form("fast"), self.form("precise")]

    def form(self, name: str) -> Form:
        """Forward and backward in one form, with the save set that liveness finds."""
        exact = name == "precise"
        forward = precise(self.program, self.program) if exact else self.program
        backward = prune(precise(self.reverse, self.program) if exact else fast(self.reverse))
        saved = save_set(forward, backward)
        sizes = self.cell.size_names
        given = tuple(v for v in backward.inputs if v.name != "dy")
        return Form(
            name,
            loop_function(forward, self.layout, sizes, keep=saved, given=forward.inputs, precise=exact),
            loop_function(backward, self.layout, sizes, given=(*given, *backward.inputs), precise=exact),
            saved,
        )

    def source(self) -> str:
        """The module."""
        functions = [
            self.init(),
            self.entry_points(),
            *(self.forward(form) for form in self.forms),
            *(self.backward(form) for form in self.forms),
            self.step(),
            self.jvp(),
            self.jacobians(),
        ]
        parts = [self.head(), self.classes(), *functions, self.copied()]
        text = "\n\n\n".join(part.strip("\n") for part in parts) + "\n"
        check_source(text)
        return text

    def head(self) -> str:
        """Docstring and imports: all that a reader must know before the first line of code."""
        cell = self.cell
        shapes = "\n".join(f"    {name:<8} ({', '.join(cell.shapes[name])})" for name in self.symbols())
        order = "; ".join(", ".join(m.removeprefix("a_") for m in group.members) for group in self.layout.groups)
        biases = [name for name in cell.parameters if name.startswith("b")]
        text = f"""{cell.name or cell.key}.

Reference: {cell.reference or "none given"}

Equations:
{_indented(cell.text)}

Shapes (T steps, B sequences, {", ".join(cell.size_names)}):
{shapes}

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order of the gates in packed arrays: {order}.
Biases: {len(biases)} ({", ".join(biases) or "none"}), one a gate; libraries that keep two add them.
Options: {", ".join(f"{k} = {v}" for k, v in cell.chosen.items()) or "none"}.

Generated from the equations (content hash {cell.content_hash[:16]}, format {FORMAT_VERSION}) by lstm_sym; stands alone on NumPy.
Written by the derivation, not by hand: change the equations and generate it again."""
        return f'{_docstring(text)}\n\nfrom __future__ import annotations\n\nfrom typing import Any, NamedTuple\n\nimport numpy as np\n\nArray = np.ndarray[Any, Any]\n\nCONTENT_HASH = "{cell.content_hash}"'

    def symbols(self) -> list[str]:
        """Every symbol of the cell, the input first."""
        cell = self.cell
        return [cell.input, *(e.target for e in cell.equations), *cell.parameters]

    def classes(self) -> str:
        """Params, State, Tape, PreciseTape, Grads, and the tables of shapes."""
        cell = self.cell
        params = [(name, f"({', '.join(cell.shapes[name])})" + _meant(cell, name)) for name in cell.parameters]
        states = [(name, f"(B, {cell.shapes[name][0]})" + _meant(cell, name)) for name in cell.states]
        tapes = [
            _named_tuple(
                form.tape_class,
                [(field, "") for field in form.fields().values()],
                "What `backward` needs of `forward`, computed by liveness; x is kept as given, not copied."
                if form.name == "fast"
                else "The same for the precise form, which reads pre-activations.",
            )
            for form in self.forms
        ]
        grads = [("x", f"(T, B, {cell.shapes[cell.input][0]})"), ("params", "like Params"), ("state", "of t = 0")]
        types = {"params": "Params", "state": "State"}
        tables = (
            f"_SHAPES = {_table(cell, cell.parameters)}\n_STATE_SHAPES = {_table(cell, cell.states, ('B',))}"
        )
        return "\n\n\n".join(
            [
                _named_tuple("Params", params, "The parameters, named as in the equations."),
                _named_tuple("State", states, "The carried state."),
                *tapes,
                _named_tuple("Grads", grads, "Gradients of a loss: of the input, the parameters, the initial state.", types),
                tables,
            ]
        )

    def init(self) -> str:
        """init(): PyTorch's default distribution."""
        cell = self.cell
        names = {cell.shapes[cell.states[0]][0]: "hidden_size", cell.shapes[cell.input][0]: "input_size"}
        others = [size for size in cell.size_names if size not in names]
        keywords = "".join(f"\n    {size}: int," for size in others)
        sizes = ", ".join(f"{size!r}: {names.get(size, size)}" for size in cell.size_names)
        vectors = tuple(name for name in cell.parameters if len(cell.shapes[name]) == 1)
        example = f"`fill` sets a vector to one value, as {vectors[-1]}=1.0. " if vectors else ""
        return f'''def init(
    input_size: int,
    hidden_size: int,
    *,{keywords}
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
    **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    {example}Without rng the seed is 0. Raises TypeError for a name in `fill` that is no vector, ValueError for a size < 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {{{sizes}}}
    for symbol, size in sizes.items():
        if size < 1:
            raise ValueError(f"the size {{symbol}} is {{size}}; sizes are 1 or more")
    for name in fill:
        if name not in {vectors!r}:
            raise TypeError(f"init() cannot fill {{name}}; the vectors of this cell are {", ".join(vectors) or "none"}")
    bound = 1 / hidden_size**0.5
    drawn = {{}}
    for name, symbols in _SHAPES.items():
        value = rng.uniform(-bound, bound, [sizes[symbol] for symbol in symbols])
        drawn[name] = np.asarray(np.full_like(value, fill[name]) if name in fill else value, dtype)
    return Params(**drawn)'''

    def entry_points(self) -> str:
        """forward() and backward(): check, choose the form, run."""
        cell = self.cell
        d = cell.shapes[cell.input][0]
        out = cell.shapes[cell.output][0]
        return f'''def _prepared(x: Any, params: Any, state: Any) -> tuple[Array, Params, State]:
    """Arrays of one dtype and of sizes that fit each other."""
    sizes = _sizes_of(params, _SHAPES)
    dtype = _float_dtype([x, *params, *(state or ())])
    x = _checked("x", x, ("T", "B", "{d}"), sizes, dtype)
    sizes |= {{"B": x.shape[1], "{d}": x.shape[2]}}
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    return x, params, State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))


def forward(
    x: Any, params: Params, state: State | None = None, *, precise: bool = False
) -> tuple[Array, State, Tape | PreciseTape]:
    """Run the cell over sequences.

    x (T, B, {d}), state (B, {out}) each or None for zeros -> y = {cell.output} (T, B, {out}), the state after T steps, the tape.
    `precise` keeps full relative accuracy of gates and slopes under saturation; `backward` follows the tape.
    Raises TypeError, ValueError, naming the array that does not fit.
    """
    x, params, state = _prepared(x, params, state)
    return (_forward_precise if precise else _forward_fast)(x, params, state)


def backward(dy: Any, tape: Tape | PreciseTape, params: Params, dstate: State | None = None) -> Grads:
    """Gradients of a loss L by backpropagation through time.

    dy = dL/dy (T, B, {out}); dstate = dL/d(state after T steps), or None for zeros; params as given to forward.
    Returns dL/dx (T, B, {d}), dL/dparams (named), dL/d(initial state). Raises TypeError, ValueError.
    """
    dtype = tape.{self.tape_reference()}.dtype
    T, B = tape.{self.tape_reference()}.shape[:2]
    sizes = _sizes_of(params, _SHAPES) | {{"T": T{self.tape_extra()}, "B": B}}
    dy = _checked("dy", dy, ("T", "B", "{out}"), sizes, _float_dtype([np.empty(0, dtype), dy]))
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    dstate = State(*_checked_fields("dstate", dstate, _STATE_SHAPES, sizes, dy.dtype))
    run = _backward_precise if isinstance(tape, PreciseTape) else _backward_fast
    return run(dy, tape, params, dstate)'''

    def tape_reference(self) -> str:
        """The field of the tape that tells T, B and the dtype."""
        return next(iter(self.forms[0].fields().values()))

    def tape_extra(self) -> str:
        """` - 1` if that field holds T + 1 states."""
        key = next(iter(self.forms[0].fields()))
        return " - 1" if isinstance(key, tuple) and key[1] == "states" else ""

    def forward(self, form: Form) -> str:
        """_forward_fast or _forward_precise."""
        function = form.forward
        self.helpers |= function.body.helpers
        program = function.plan.program
        inputs = [f"{function.storage.home(v).name} = x" for v in program.inputs if function.storage.home(v).name != "x"]
        source = state_source(tuple(carry.incoming for carry in program.carries))
        work = [*array_lines(function), *carry_lines(function, source), *view_lines(function), *loop_lines(function)]
        finals = ", ".join(last(function.storage.home(carry.incoming)) for carry in program.carries)
        fields = ", ".join(form.fields().values())
        output = function.storage.home(program.outputs[0]).whole()
        lines = [
            "T, B = x.shape[:2]",
            "dtype = x.dtype",
            *size_lines(self.cell, "\n".join(work)),
            *inputs,
            *function.body.packs,
            *work,
            f"return {output}.copy(), State({finals}), {form.tape_class}({fields})",
        ]
        signature = f"def _forward_{form.name}(x: Array, params: Params, state: State) -> tuple[Array, State, {form.tape_class}]:"
        return "\n".join([signature, *(f"    {line}" for line in lines)])

    def backward(self, form: Form) -> str:
        """_backward_fast or _backward_precise."""
        function = form.backward
        self.helpers |= function.body.helpers
        program = function.plan.program
        fields = form.fields()
        bound: dict[str, str] = {}
        for value in form.saved:
            key, name = function.array(value)
            bound[name] = f"{name} = tape.{fields[key]}"
        source = state_source(tuple(carry.incoming for carry in program.carries))
        work = [*array_lines(function), *carry_lines(function, source), *view_lines(function), *loop_lines(function)]
        adjoints = {s.target.of: function.storage.names.given[s.target] for s in program.statements if s.target.time is None}
        params = ", ".join(adjoints[v] for v in self.program.parameters)
        states = ", ".join(function.storage.home(carry.incoming).name for carry in program.carries)
        d_x = function.storage.home(program.outputs[0]).whole()
        lines = [
            "T, B = dy.shape[:2]",
            "dtype = dy.dtype",
            *size_lines(self.cell, "\n".join(work)),
            *bound.values(),
            *function.body.packs,
            *work,
            f"return Grads({d_x}, Params({params}), State({states}))",
        ]
        signature = (
            f"def _backward_{form.name}(dy: Array, tape: {form.tape_class}, params: Params, dstate: State) -> Grads:"
        )
        return "\n".join([signature, *(f"    {line}" for line in lines)])

    def step(self) -> str:
        """step(): one step, for streaming."""
        cell = self.cell
        function = step_function(self.program, cell.size_names)
        self.helpers |= function.body.helpers
        storage = function.storage
        program = self.program
        inputs = f"{storage.home(program.inputs[0]).name} = x_t"
        states = ", ".join(storage.home(carry.outgoing).name for carry in program.carries)
        carried = [f"{storage.home(c.incoming).name} = state.{c.incoming.name}" for c in program.carries]
        lines = [
            _docstring(
                f"One step, for streaming: x_t (B, {cell.shapes[cell.input][0]}) -> y_t (B, "
                f"{cell.shapes[cell.output][0]}) and the new state.\n\nShapes and dtypes are taken as they come."
            ),
            inputs,
            *carried,
            *function.body.packs,
            *function.body.loop,
            f"return {storage.home(program.outputs[0]).name}, State({states})",
        ]
        signature = "def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:"
        return "\n".join([signature, *(_indented(line) for line in lines)])

    def jvp(self) -> str:
        """jvp(): forward mode, in the precise form."""
        cell = self.cell
        program = precise(jvp(self.program), self.program)
        program = prune(replace(program, outputs=(*self.program.outputs, *program.outputs)))
        function = loop_function(program, self.layout, cell.size_names, given=program.inputs, precise=True)
        self.helpers |= function.body.helpers
        storage = function.storage
        incoming = tuple(carry.incoming for carry in program.carries)
        work = [*array_lines(function), *carry_lines(function, state_source(incoming)), *view_lines(function)]
        work += loop_lines(function)
        finals = [last(storage.home(value)) for value in incoming]
        y, y_dot = (storage.home(value).whole() for value in program.outputs)
        inputs = zip((storage.home(v).name for v in program.inputs), ("x", "x_dot"), strict=True)
        out = cell.shapes[cell.output][0]
        body = [
            "T, B = x.shape[:2]",
            "dtype = x.dtype",
            *size_lines(cell, "\n".join(work)),
            *(f"{name} = {given}" for name, given in inputs if name != given),
            *function.body.packs,
            *work,
            f"return {y}.copy(), {y_dot}.copy(), State({', '.join(finals[::2])}), State({', '.join(finals[1::2])})",
        ]
        head = f'''def jvp(
    x: Any,
    params: Params,
    state: State | None = None,
    *,
    x_dot: Any = None,
    params_dot: Params | None = None,
    state_dot: State | None = None,
) -> tuple[Array, Array, State, State]:
    """Forward mode: the derivative along (x_dot, params_dot, state_dot), each None for zero.

    Returns y, y_dot (T, B, {out}), the last state, its tangent. Raises TypeError, ValueError.
    """
    x, params, state = _prepared(x, params, state)
    x_dot = np.zeros_like(x) if x_dot is None else x_dot
    if params_dot is None:
        params_dot = Params(*map(np.zeros_like, params))
    if state_dot is None:
        state_dot = State(*map(np.zeros_like, state))
    dtype = _float_dtype([x, x_dot, *params_dot, *state_dot])
    x, params, state = _prepared(x.astype(dtype, copy=False), params, state)
    x_dot, params_dot, state_dot = _prepared(x_dot, params_dot, state_dot)
    return _jvp(x, params, state, x_dot, params_dot, state_dot)


def _jvp(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State]:'''
        return "\n".join([head, *(f"    {line}" for line in body)])

    def jacobians(self) -> str:
        """jacobian() and input_jacobian()."""
        forms = [TapeForm(form.name, form.tape_class, form.forward, form.fields()) for form in self.forms]
        text, helpers = jacobian_functions(self.cell, self.program, forms)
        self.helpers |= helpers
        return text

    def copied(self) -> str:
        """The functions the kernel brings along, in alphabetical order, with what they call."""
        names: set[str] = set()
        waiting = set(self.helpers)
        while waiting:
            name = waiting.pop()
            names.add(name)
            waiting |= {other for other in _callable_names() if re.search(rf"\b{other}\(", _source(name))} - names
        parts = []
        for name in sorted(names):
            text = _source(name)
            for other in names:
                text = re.sub(rf"\b(?<![.\w]){other}\(", f"_{other}(", text)
            parts.append(text.strip("\n"))
        return "\n\n\n".join(parts)


def _callable_names() -> set[str]:
    modules = (arithmetic, kernel_support)
    return {
        name
        for module in modules
        for name, member in vars(module).items()
        if inspect.isfunction(member) and member.__module__ == module.__name__
    }


def _source(name: str) -> str:
    module = arithmetic if hasattr(arithmetic, name) else kernel_support
    text = inspect.getsource(getattr(module, name))
    return text.replace("Mapping[str, tuple[str, ...]]", "Any").replace("Mapping[str, Sequence[str]]", "Any").replace(
        "Mapping[str, int]", "Any"
    ).replace("Sequence[str]", "Any").replace("Sequence[Any]", "Any")


def _indented(text: str, by: int = 4) -> str:
    return "\n".join(" " * by + line if line else line for line in text.split("\n"))


def _docstring(text: str) -> str:
    """A docstring whatever the text holds: by repr if quotes or backslashes are in it."""
    if '"""' in text or "\\" in text or text.endswith('"'):
        return repr(text)
    return f'"""{text}\n"""' if "\n" in text else f'"""{text}"""'


def _meant(cell: Cell, name: str) -> str:
    meaning = cell.meaning(name)
    return f" {meaning}" if meaning else ""


def _named_tuple(
    name: str, fields: Iterable[tuple[str, str]], text: str, types: dict[str, str] | None = None
) -> str:
    lines = [f"class {name}(NamedTuple):", f"    {_docstring(text)}", ""]
    for field, note in fields:
        comment = f"  # {note}" if note else ""
        lines.append(f"    {field}: {(types or {}).get(field, 'Array')}{comment}")
    return "\n".join(lines)


def _table(cell: Cell, names: tuple[str, ...], lead: tuple[str, ...] = ()) -> str:
    rows: dict[str, Any] = {name: (*lead, *cell.shapes[name]) for name in names}
    return "{\n" + "".join(f"    {name!r}: {shape!r},\n" for name, shape in rows.items()) + "}"


def check_source(text: str) -> None:
    """Generated source is parsed again, and imports NumPy and typing alone. Raises SyntaxError, ValueError."""
    for node in ast.walk(ast.parse(text)):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [module] if module else []
        for name in names:
            if name not in ("numpy", "typing", "__future__"):
                raise ValueError(f"a kernel may not import {name}")
        if isinstance(node, ast.Name) and node.id in ("eval", "exec", "compile", "__import__", "open", "globals"):
            raise ValueError(f"a kernel may not use {node.id}")


__all__ = ["Program", "check_source", "kernel_source"]
