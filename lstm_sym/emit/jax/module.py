"""forward() of a cell as a module that stands alone on JAX, with the derived passes as its derivatives.

    forward --vjp--> the derived backward pass --vjp--> forward mode and the derived second order

JAX differentiates none of it up to the second order. Every function is that of the precise form.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from importlib.resources import files
from math import isfinite

from lstm_sym.compile.plan import Plan
from lstm_sym.emit.jax.scan import ScanFunction, Words, is_tangent, known_sizes, tuple_of
from lstm_sym.emit.numpy.copied import copied_functions, without_types
from lstm_sym.emit.numpy.init import argument_sizes
from lstm_sym.emit.numpy.layout import docstring, folded
from lstm_sym.emit.numpy.printer import indented
from lstm_sym.equations.cell import Cell
from lstm_sym.passes import precise, prune
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate

_HEAD = """{name}, for JAX.

{equations}

    y, state = forward(x, params)           # x (T, B, {inputs}), or one sequence (T, {inputs}); y = {output}
    params = init(0, {inputs}, {output_size})

`forward` and `step` work under jit, vmap, grad and grad of grad: the derivatives of first and second order are those
derived from the equations, reverse mode alone (for jax.hessian write jacrev of jacrev).
Rows are sequences of a batch, weights (rows of the result, columns of the operand), d_v is dL/dv, v_dot a tangent;
(B1) is equation B1 of the derivation report. Generated from the equations by lstm_sym; not written by hand."""

_MODULE = '''{head}

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Params(NamedTuple):
    """The parameters, named as in the equations."""

{params}


class State(NamedTuple):
    """The carried state."""

{states}


{init}


def forward(x: Any, params: Any, state: Any = None) -> tuple[Any, State]:
    """Run the cell: x (T, B, {inputs}) -> y = {output} (T, B, {output_size}) and the last state.

    One sequence is x (T, {inputs}), and nothing has the axis B. params, state: by name, in a dict, or in order;
    state None: {start}. Raises ValueError for an array of another shape.
    """
    y, last, _ = _run(*_prepared(x, params, state))
    return y, last


def step(x_t: Any, state: Any, params: Any) -> tuple[Any, State]:
    """One step: x_t (B, {inputs}) or ({inputs},) -> y_t and the new state."""
    y, last = forward(jnp.asarray(x_t)[None], params, state)
    return y[0], last


@jax.custom_vjp
def _run(x: Any, params: Any, state: Any) -> Any:
    """y, the last state, and the tape, whose own derivative nobody asks for."""
    return _forward(x, params, state)


def _run_kept(x: Any, params: Any, state: Any) -> Any:
    y, last, tape = _run(x, params, state)
    return (y, last, tape), (x, params, state, tape)


def _run_back(kept: Any, cotangents: Any) -> Any:
    dy, dstate, _ = cotangents
    return _gradients(*kept, dy, dstate)


_run.defvjp(_run_kept, _run_back)


@jax.custom_vjp
def _gradients(x: Any, params: Any, state: Any, tape: Any, dy: Any, dstate: Any) -> Any:
    """The backward pass as a function of all that it depends on; the tape is one of x, params, state."""
    return _backward(x, params, tape, dy, dstate)


def _gradients_kept(x: Any, params: Any, state: Any, tape: Any, dy: Any, dstate: Any) -> Any:
    return _gradients(x, params, state, tape, dy, dstate), (x, params, state, dy, dstate)


def _gradients_back(kept: Any, direction: Any) -> Any:
    """Along a direction of x, params, state: forward mode for dy, dstate; Hessian-vector product for the others."""
    x, params, state, dy, dstate = kept
    x_dot, params_dot, state_dot = direction
    y_dot, last_dot, tape = _tangents(x, params, state, x_dot, params_dot, state_dot)
    gradients = _second_order(x, params, tape, dy, dstate, x_dot, params_dot)
    return *gradients, None, y_dot, last_dot


_gradients.defvjp(_gradients_kept, _gradients_back)


{functions}


{prepared}


{support}
'''

_PREPARED = '''def _prepared(x: Any, params: Any, state: Any) -> Any:
    """All as arrays of one dtype and of shapes that fit. Raises ValueError."""
    params = Params(**params) if isinstance(params, dict) else Params(*params)
    if state is not None:
        state = State(**state) if isinstance(state, dict) else State(*state)
    dtype = jnp.result_type(*jax.tree.leaves((x, params, state)), 1.0)
    x, params, state = jax.tree.map(lambda value: jnp.asarray(value, dtype), (x, params, state))
    if x.ndim not in (2, 3):
        raise ValueError(f"x is of shape {{x.shape}}; it must be (T, B, {inputs}), or (T, {inputs}) for one sequence")
    batch = x.shape[1:-1]
{sizes}
    if state is None:
        state = State({begin})
    fitting: list[tuple[str, Any, tuple[int, ...]]] = [
{fitting}
    ]
    for name, array, shape in fitting:
        if array.shape != shape:
            raise ValueError(f"{{name}} is of shape {{array.shape}}; with the other arrays it must be {{shape}}")
    return x, params, state'''

_NO_STATE = """    if state is None:
        raise ValueError("state is None, but no parameter tells its size {}; give state")
"""

_INIT = '''{head}
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    rng: a key of jax.random, or the whole number that one is made of. dtype None: that of JAX's floats. What the cell
    declares holds: bounds, and the value that a parameter begins with. Raises ValueError for sizes that do not fit.
    """{checks}
    key = jax.random.key(rng) if isinstance(rng, int) else rng
    keys, bound = jax.random.split(key, len(Params._fields) + 1), 1 / hidden_size**0.5
    dtype = jnp.result_type(float if dtype is None else dtype)
{sizes}

    def drawn(k: int, *shape: int) -> Any:
        return jax.random.uniform(keys[k], shape, dtype, -1, 1)

    return Params({drawn})'''


def jax_source(plan: Plan) -> str:
    """The text of the module: deterministic, byte for byte, on every machine."""
    cell = plan.cell
    equations = "\n".join(f"    {line}" for line in cell.text.split("\n"))
    size = cell.shapes[cell.output][0]
    words = {"inputs": cell.input_shape[0], "output": cell.output, "output_size": size}
    functions = "\n\n\n".join(_functions(plan))
    head = _HEAD.format(name=cell.name or cell.key, equations=equations, **words)
    text = _MODULE.format(
        head=docstring(head),
        params=_fields(cell, cell.parameters),
        states=_fields(cell, cell.states),
        init=_init(cell),
        start=", ".join(
            [*(f"{k} = {v}" for k, v in cell.initial.items()), "else zeros"] if cell.initial else ["zeros"]
        ),
        functions=functions,
        prepared=_prepared(plan),
        support="{support}",
        **words,
    )
    return text.replace("{support}", _support(text)).rstrip("\n") + "\n"


def _fields(cell: Cell, names: tuple[str, ...]) -> str:
    return "\n".join(f"    {name}: Any  # {tuple_of(cell.shapes[name])}" for name in names)


def _functions(plan: Plan) -> list[str]:
    """Forward and backward pass, forward mode, second order."""
    arguments = ("x", "params", "state")
    backward = ScanFunction(
        plan,
        prune(precise(plan.derivation.reverse, plan.program)),
        Words(
            "_backward",
            ("x", "params", "tape", "dy", "dstate"),
            "Gradients of x, params and state, from those of y and of the last state.",
            ("dstate.{}", ""),
        ),
    )
    second = ScanFunction(
        plan,
        _tangents_alone(plan.second),
        Words(
            "_second_order",
            ("x", "params", "tape", "dy", "dstate", "x_dot", "params_dot"),
            "The tangent of the backward pass where dy and dstate stay: a Hessian-vector product.",
            ("dstate.{}", "jnp.zeros_like(dstate.{})"),
            "B",
        ),
    )
    forward = ScanFunction(
        plan,
        precise(plan.program, plan.program),
        Words("_forward", arguments, "y, the last state, and what `_backward` reads.", ("state.{}", "")),
    )
    tangents = ScanFunction(
        plan,
        prune(plan.tangent, frozenset(second.tape)),
        Words(
            "_tangents",
            (*arguments, "x_dot", "params_dot", "state_dot"),
            "The tangents of y and of the last state, and what `_second_order` reads.",
            ("state.{}", "state_dot.{}"),
            "F",
        ),
    )
    return [
        _ahead(forward, backward),
        _back(backward),
        _ahead(tangents, second),
        _back(second),
    ]


def _tangents_alone(program: Program) -> Program:
    """The second order without the gradients of first order, which nobody reads here."""
    statements = tuple(s for s in program.statements if not isinstance(s, Accumulate) or is_tangent(s.target))
    outputs = tuple(value for value in program.outputs if is_tangent(value))
    return prune(replace(program, statements=statements, outputs=outputs))


def _ahead(function: ScanFunction, reader: ScanFunction) -> str:
    """A function whose rows another reads: the output, the last state, the tape; or tangents of both."""
    y = function.program.outputs[-1]

    def result() -> str:
        tape = tuple_of(function.stacks.handed(reader.tape))
        return f"{function.name(y)}, {function.states(is_tangent(y))}, {tape}"

    source = function.source([y, *reader.tape], result)
    reader.receive(function)
    return source


def _back(function: ScanFunction) -> str:
    """A function that gives gradients, or tangents of them: of the input, of the parameters, of the first state."""
    outputs = function.program.outputs
    tangents = function.words.begins[1] != ""

    def result() -> str:
        of_input = function.name(outputs[0]) if outputs else "jnp.zeros_like(x)"
        return f"{of_input}, {function.parameters()}, {function.states(tangents)}"

    return function.source(outputs, result)


def _prepared(plan: Plan) -> str:
    """_prepared(): dtype, first state, shapes."""
    cell = plan.cell
    sizes = known_sizes(plan, "state")
    told_by_state = [name for name, text in sizes.items() if "state." in text]
    refusal = _NO_STATE.format(", ".join(told_by_state)) if told_by_state else ""
    begin = [f"jnp.full((*batch, {cell.shapes[k][0]}), {_number(cell.initial.get(k, 0))}, dtype)" for k in cell.states]
    fitting = [f'("x", x, (*x.shape[:-1], {cell.input_shape[0]})),']
    fitting += [f'("params.{k}", params.{k}, {tuple_of(cell.shapes[k])}),' for k in cell.parameters]
    fitting += [f'("state.{k}", state.{k}, (*batch, {cell.shapes[k][0]})),' for k in cell.states]
    return _PREPARED.format(
        inputs=cell.input_shape[0],
        begin=", ".join(begin),
        sizes=refusal + "\n".join(indented(f"{name} = {text}" for name, text in sizes.items())),
        fitting="\n".join(f"        {line}" for line in fitting),
    )


def _init(cell: Cell) -> str:
    """init(): PyTorch's default distribution, within the bounds and with the first values that a cell declares."""
    names, checks = argument_sizes(cell)
    sizes = [f"input_size: int{'' if cell.input else ' = 0'}", f"hidden_size: int{'' if cell.input else ' = 1'}"]
    others = [f"{size}: int" for size in cell.size_names if size not in names]
    arguments = ", ".join(["rng: Any", *sizes, "dtype: Any = None", *["*"] * bool(others), *others])
    drawn = "".join(f"\n        {_drawn(cell, k, name)}," for k, name in enumerate(cell.parameters))
    return _INIT.format(
        head="\n".join(folded(f"def init({arguments}) -> Params:", indent=8)),
        checks=checks,
        sizes="\n".join(f"    {size} = {text}" for size, text in names.items()),
        drawn=f"{drawn}\n    " if drawn else "",
    )


def _drawn(cell: Cell, place: int, name: str) -> str:
    """What a parameter begins with."""
    declared, shape = cell.declared.get(name), cell.shapes[name]
    if declared is not None and declared.default is not None:
        return f"jnp.full({tuple_of(shape)}, {declared.default!r}, dtype)"
    unit = f"drawn({', '.join((str(place), *shape))})"
    if declared is None or not declared.is_bounded:
        return f"bound * {unit}"
    return f"_within({unit}, {_number(declared.low)}, {_number(declared.high)})"


def _number(value: float) -> str:
    """A number as Python writes it, be it infinite."""
    return repr(value) if isfinite(value) else f'float("{value}")'


def _support(text: str) -> str:
    """The functions that a text calls and those that they call: its own, and the kernels' on JAX's arrays."""
    source = files(__package__).joinpath("support.txt").read_text(encoding="utf-8")
    own = {part.split("(")[0].removeprefix("def _"): part for part in source.strip().split("\n\n\n")}
    called = [function for name, function in own.items() if f"_{name}(" in text]
    brought = ast.parse(without_types(copied_functions(text, own)))
    return "\n\n\n".join([*called, *map(ast.unparse, OnJax().visit(brought).body)])


class OnJax(ast.NodeTransformer):
    """NumPy's functions as JAX's: under the name of its module, and none writes into an array that is there."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """np.exp as jnp.exp."""
        return ast.Name("jnp", node.ctx) if node.id == "np" else node

    def visit_keyword(self, node: ast.keyword) -> ast.AST | None:
        """No out=out."""
        return None if node.arg == "out" else self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        """No out=None."""
        if node.args and node.args[-1].arg == "out":
            node.args.pop()
            node.defaults.pop()
        return node
