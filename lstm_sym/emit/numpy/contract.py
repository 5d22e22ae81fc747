"""The parts of a kernel that say what it is: head, named tuples, init(), and the checks of forward() and backward()."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any, NamedTuple

from lstm_sym.derivation.roles import Roles
from lstm_sym.emit.numpy.packs import literal
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import is_composed, parts_of
from lstm_sym.passes.layout import Layout
from lstm_sym.program.statements import EQUATION

FORMAT_VERSION = "1"


def head(cell: Cell, layout: Layout, roles: Roles) -> str:
    """Docstring and imports: all that a reader must know before the first line of code."""
    symbols = [*filter(None, [cell.input]), *(e.target for e in cell.equations), *cell.parameters]
    shapes = "\n".join(f"    {name:<8} {vector_shape(cell.shapes[name])}" for name in symbols)
    order = "; ".join(", ".join(_packed(name, roles) for name in group.members) for group in layout.groups)
    gates = ", ".join(gate.name for gate in roles.gates)
    options = ", ".join(f"{k} = {v}" for k, v in cell.chosen.items())
    numbers = ", ".join(f"{k} = {literal(v)}" for k, v in cell.constants.items())
    starts = f"\nInitial state, where none is given: {_start(cell)}." if cell.initial else ""
    text = f"""{cell.name or cell.key}.

Reference: {cell.reference or "none given"}

Equations:
{indented(cell.text)}

Shapes (T steps, B sequences, {", ".join(cell.size_names)}):
{shapes}

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: {order or "nothing is packed"}.
Gates: {gates or "none"}.
{fill(_biases(roles), 118)}
Options: {options or "none"}. Constants: {numbers or "none"}.{starts}

Signs in comments: δv adjoint, δv⁺ what arrives of it from step t+1, δv° what passes through no matrix, v′ slope,
∂v tangent, ⊙ element-wise product; (B1) is equation B1 of the derivation report.

Generated from the equations by lstm_sym (format {FORMAT_VERSION}); stands alone on NumPy. Not written by hand: change
the equations and generate it again."""
    imports = "from __future__ import annotations\n\nfrom typing import Any, NamedTuple\n\nimport numpy as np"
    constants = f'CONTENT_HASH = "{cell.content_hash}"\nOUTPUT = "{cell.output}"'
    names = ", ".join(f'"{gate.name}"' for gate in roles.gates) + ("," if len(roles.gates) == 1 else "")
    constants += f"\nGATES: tuple[str, ...] = ({names})"
    return f"{docstring(text)}\n\n{imports}\n\nArray = np.ndarray[Any, Any]\n\n{constants}"


def _packed(name: str, roles: Roles) -> str:
    """A pre-activation by the quantity that it is one of: i for the stage a_i; what an equation defines as it is."""
    defined = roles.program.statement(name).provenance.rule == EQUATION
    return name if defined else name.removeprefix("a_")


def _biases(roles: Roles) -> str:
    """Every bias with the quantity in whose equation it is added, and which of them may be the sum of two."""
    listed = ", ".join(f"{bias.name} (of {bias.quantity})" for bias in roles.biases)
    several = [bias.name for bias in roles.biases if bias.products > 1]
    if not several:
        return f"Biases: {listed or 'none'}."
    which = "" if len(several) == len(roles.biases) else f" for {', '.join(several)} alone"
    return f"Biases: {listed}. Where a library keeps one beside each matrix, add them{which}."


def classes(cell: Cell, tapes: Sequence[tuple[str, Mapping[str, Mapping[str, int]]]]) -> str:
    """Params, State, the tapes (class name, fields with their last axis), Grads, and the tables of shapes."""
    params = [(name, vector_shape(cell.shapes[name]) + _meant(cell, name)) for name in cell.parameters]
    states = [(name, f"(B, {cell.shapes[name][0]})" + _meant(cell, name)) for name in cell.states]
    grads = [
        ("x", f"(T, B, {cell.input_shape[0]})"),
        ("params", "named like Params"),
        ("state", "of t = 0"),
    ]
    notes = {
        "Tape": "What `backward` needs of `forward`, found by liveness; x is kept as given, not copied.",
        "PreciseTape": "The same for the precise form, which reads pre-activations too.",
    }
    types = {"params": "Params", "state": "State"}
    shapes = f"_SHAPES: dict[str, tuple[str, ...]] = {_table(cell, cell.parameters)}"
    tables = f"{shapes}\n_STATE_SHAPES = {_table(cell, cell.states, ('B',))}"
    composed = {size: parts_of(size) for shape in cell.shapes.values() for size in shape if is_composed(size)}
    tables += f"\n_COMPOSED: dict[str, dict[str, int]] = {composed!r}"
    widths = "".join(f"    {name}: { ({f: w for f, w in fields.items() if w})!r},\n" for name, fields in tapes)
    tables += f"\n_WIDTHS: dict[type, dict[str, dict[str, int]]] = {{\n{widths}}}"
    parts = [
        named_tuple("Params", params, "The parameters, named as in the equations."),
        named_tuple("State", states, "The carried state."),
        *(named_tuple(name, [(field, "") for field in fields], notes[name]) for name, fields in tapes),
        named_tuple("Grads", grads, "Gradients of a loss: of the input, the parameters, the initial state.", types),
        tables,
    ]
    return "\n\n\n".join(parts)


def init(cell: Cell) -> str:
    """init(): PyTorch's default distribution."""
    names, checks = _argument_sizes(cell)
    keywords = "".join(f"\n    {size}: int," for size in cell.size_names if size not in names)
    sizes = ", ".join(f"{size!r}: {names.get(size, size)}" for size in cell.size_names)
    optional = " = 0" if not cell.input else ""
    vectors = tuple(name for name in cell.parameters if len(cell.shapes[name]) < 2)
    example = f"`fill` sets a vector to one value, as {vectors[-1]}=1.0. " if vectors else ""
    declared = _declared(cell)
    return f'''def init(
    input_size: int{optional},
    hidden_size: int{" = 1" if optional else ""},
    *,{keywords}
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
    **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    {example}{declared.text}Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng{checks}
    sizes = {{{sizes}}}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {{symbol}} is {{size}}; sizes are whole numbers, 1 or more")
    sizes = _with_composed(sizes, _COMPOSED)
    dtype = _float_dtype({{"dtype": np.empty(0, dtype)}})
    for name in fill:
        if name not in {vectors!r}:
            raise TypeError(f"init() cannot fill {{name}}; the vectors of this cell: {", ".join(vectors) or "none"}")
{declared.before}    bound = 1 / hidden_size**0.5
    drawn = {{}}
    for name, symbols in _SHAPES.items():
        value = rng.uniform(-bound, bound, [sizes[symbol] for symbol in symbols])
{declared.each}        drawn[name] = np.asarray(np.full_like(value, fill[name]) if name in fill else value, dtype)
    return Params(**drawn)'''


class _Declared(NamedTuple):
    """What declarations of parameters add to init(): to its text, before the loop over parameters, and in it."""

    text: str
    before: str
    each: str


def _declared(cell: Cell) -> _Declared:
    """Bounds and first values of the parameters, as lines of init(); all empty for a cell that declares none."""
    bounds = {name: (p.low, p.high) for name, p in cell.declared.items() if p.is_bounded}
    defaults = {name: p.default for name, p in cell.declared.items() if p.default is not None}
    text, before, each = "", "", ""
    if defaults:
        listed = ", ".join(f"{name} = {value!r}" for name, value in defaults.items())
        text += f"Begins with {listed}, where `fill` says nothing else. "
        before += f"    fill = {defaults!r} | fill\n"
    if bounds:
        listed = ", ".join(f"{low!r} < {name} < {high!r}" for name, (low, high) in bounds.items())
        text += f"Drawn within bounds: {listed}.\n    "
        numbers = repr(bounds).replace("inf", "np.inf")
        before += f"    bounds = {numbers}\n    _check_bounds(fill, bounds)\n"
        each = "        value = _within(value / bound, *bounds[name]) if name in bounds else value\n"
    return _Declared(text, before, each)


def _argument_sizes(cell: Cell) -> tuple[dict[str, str], str]:
    """Size -> the argument of init() that gives it, and the lines that check the arguments.

    hidden_size is the size of the first state: k M for M blocks of k cells.
    """
    parts = parts_of(cell.shapes[cell.states[0]][0])
    first, count = next(iter(parts.items()))
    names, checks = {first: "hidden_size"}, ""
    if len(parts) == 1 and count > 1:
        names = {first: f"hidden_size // {count}"}
        checks += f"""
    if hidden_size % {count}:
        raise ValueError(f"hidden_size is {{hidden_size}}; it must be a multiple of {count}, for blocks of {count}")"""
    if cell.input and cell.input_shape[0] in names:
        checks += """
    if input_size != hidden_size:
        raise ValueError(f"input_size is {input_size}; in this cell it equals hidden_size, {hidden_size}")"""
    elif cell.input:
        names[cell.input_shape[0]] = "input_size"
    return names, checks


def entry_points(cell: Cell, reference: str, extra: str) -> str:
    """forward() and backward(): check, choose the form, run.

    `reference` is the field of the tape that tells T, B and the dtype; `extra` is " - 1" if it holds T + 1 states.
    """
    size, out = cell.input_shape[0], cell.shapes[cell.output][0]
    none = "" if cell.input else " | {'0': 0}"
    default = " | None = None" if cell.parameters else " = Params()"
    drive = "x: Any, params: Params," if cell.input else f"x: Any = None, params: Params{default},"
    steps = "" if cell.input else "steps: int | None = None, "
    given = "" if cell.input else "\n    x = _without_input(x, steps, params, state)"
    start, default = _started(cell), _start(cell) + (".\n    " if cell.initial else ". ")
    by_itself = "" if cell.input else "The cell reads no input: steps says T, or x is of shape (T, B, 0).\n    "
    return f'''def _prepared(x: Any, params: Any, state: Any) -> tuple[Array, Params, State]:
    """Arrays of one dtype and of sizes that fit each other."""
    sizes = _sizes_of(params, _SHAPES, _COMPOSED){none}
    arrays = {{"x": x, **_named("params", params, _SHAPES), **_named("state", state, _STATE_SHAPES)}}
    dtype = _float_dtype(arrays)
    x = _checked("x", x, ("T", "B", "{size}"), sizes, dtype)
    sizes = _with_composed(sizes | {{"B": x.shape[1], "{size}": x.shape[2]}}, _COMPOSED)
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    {start}


def forward(
    {drive} state: State | None = None, *, {steps}precise: bool = False
) -> tuple[Array, State, Tape | PreciseTape]:
    """Run the cell over sequences: x (T, B, {size}) -> y = {cell.output} (T, B, {out}), the last state, the tape.

    state: the initial state, None for {default}precise: gates and slopes keep full relative accuracy under saturation;
    `backward` follows the tape. dtype in = dtype out. Raises TypeError, ValueError, naming the array that does not fit.
    {by_itself}"""{given}
    x, params, state = _prepared(x, params, state)
    if precise:
        return _forward_precise(x, params, state)
    return _forward_fast(x, params, state)


def backward(dy: Any, tape: Tape | PreciseTape, params: Params, dstate: State | None = None) -> Grads:
    """Gradients of a loss L by backpropagation through time, t = T-1 .. 0.

    dy = dL/dy (T, B, {out}); params as given to `forward`; dstate = dL/d(state after T steps), None for zeros.
    Returns dL/dx (T, B, {size}), dL/dparams (named), dL/d(initial state). Raises TypeError, ValueError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    reference = tape.{reference}
    sizes = _sizes_of(params, _SHAPES, _COMPOSED) | {{"T": reference.shape[0]{extra}, "B": reference.shape[1]}}
    _check_fit(tape, _WIDTHS, sizes)
    arrays = {{"tape": reference, "dy": dy, **_named("params", params, _SHAPES)}}
    dtype = _float_dtype(arrays | _named("dstate", dstate, _STATE_SHAPES))
    dy = _checked("dy", dy, ("T", "B", "{out}"), sizes, dtype)
    sizes["{out}"] = dy.shape[2]
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    dstate = State(*_checked_fields("dstate", dstate, _STATE_SHAPES, sizes, dtype))
    if isinstance(tape, PreciseTape):
        return _backward_precise(dy, tape, params, dstate)
    return _backward_fast(dy, tape, params, dstate)'''


def _start(cell: Cell) -> str:
    """The state where none is given, in words: zeros; m = -inf and zeros elsewhere."""
    given = ", ".join(f"{name} = {repr(value).removesuffix('.0')}" for name, value in cell.initial.items())
    rest = "zeros" if not given else "zeros elsewhere" if len(cell.initial) < len(cell.states) else ""
    return " and ".join(filter(None, [given, rest]))


def _started(cell: Cell) -> str:
    """The lines of _prepared() that give the state, with the cell's own values where none is given."""
    checked = 'State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))'
    if not cell.initial:
        return f"return x, params, {checked}"
    values = {name: repr(value).replace("inf", "np.inf") for name, value in cell.initial.items()}
    filled = ", ".join(f"{name}=np.full_like(start.{name}, {value})" for name, value in values.items())
    return f"""start = {checked}
    return x, params, start if state is not None else start._replace({filled})"""


def jvp_entry_point(cell: Cell) -> str:
    """jvp(): checks, and zeros for directions that are not given."""
    size, out = cell.input_shape[0], cell.shapes[cell.output][0]
    return f'''def jvp(
    x: Any,
    params: Params,
    state: State | None = None,
    *,
    x_dot: Any = None,
    params_dot: Params | None = None,
    state_dot: State | None = None,
) -> tuple[Array, Array, State, State]:
    """Forward mode, in the precise form: the derivative along (x_dot, params_dot, state_dot), each None for zero.

    Returns y and y_dot (T, B, {out}), the state after T steps and its tangent. Raises TypeError, ValueError.
    """
    return _jvp(*_directions(x, params, state, x_dot, params_dot, state_dot, {{}}))


def _directions(
    x: Any, params: Any, state: Any, x_dot: Any, params_dot: Any, state_dot: Any, others: dict[str, Any]
) -> tuple[Array, Params, State, Array, Params, State]:
    """Point and direction as arrays of one dtype, that of `others` counted in."""
    x, params, state = _prepared(x, params, state)
    x_dot = np.zeros_like(x) if x_dot is None else x_dot
    params_dot = Params(*map(np.zeros_like, params)) if params_dot is None else params_dot
    state_dot = State(*map(np.zeros_like, state)) if state_dot is None else state_dot
    arrays = {{"x": x, "x_dot": x_dot, **_named("params_dot", params_dot, _SHAPES)}}
    arrays |= _named("state_dot", state_dot, _STATE_SHAPES)
    dtype = _float_dtype(arrays | others)
    x, params, state = _prepared(x.astype(dtype, copy=False), params, state)
    sizes = _sizes_of(params, _SHAPES, _COMPOSED) | {{"T": x.shape[0], "B": x.shape[1], "{size}": x.shape[2]}}
    x_dot = _checked("x_dot", x_dot, ("T", "B", "{size}"), sizes, dtype)
    params_dot = Params(*_checked_fields("params_dot", params_dot, _SHAPES, sizes, dtype))
    state_dot = State(*_checked_fields("state_dot", state_dot, _STATE_SHAPES, sizes, dtype))
    return x, params, state, x_dot, params_dot, state_dot'''


def hvp_entry_point(cell: Cell) -> str:
    """hvp(): checks, and zeros for what is not given."""
    out = cell.shapes[cell.output][0]
    return f'''def hvp(
    x: Any,
    params: Params,
    state: State | None = None,
    *,
    dy: Any,
    dstate: State | None = None,
    x_dot: Any = None,
    params_dot: Params | None = None,
    state_dot: State | None = None,
    dy_dot: Any = None,
    dstate_dot: State | None = None,
) -> tuple[Grads, Grads]:
    """Second order, in the precise form: the gradients and their derivative along a direction.

    dy = dL/dy (T, B, {out}) and dstate as in `backward`; the direction (x_dot, params_dot, state_dot) as in `jvp`.
    dy_dot, dstate_dot: the derivative of dy and dstate along it, None where they are constant (a loss linear in y).
    Returns (gradients, Hessian-vector product), both as Grads. Raises TypeError, ValueError.
    """
    given = {{"dy": dy, **_named("dstate", dstate, _STATE_SHAPES), **_named("dstate_dot", dstate_dot, _STATE_SHAPES)}}
    given |= {{}} if dy_dot is None else {{"dy_dot": dy_dot}}
    point = _directions(x, params, state, x_dot, params_dot, state_dot, given)
    dtype = point[0].dtype
    sizes = _sizes_of(point[1], _SHAPES, _COMPOSED) | {{"T": point[0].shape[0], "B": point[0].shape[1]}}
    dy = _checked("dy", dy, ("T", "B", "{out}"), sizes, dtype)
    sizes["{out}"] = dy.shape[2]
    dy_dot = np.zeros_like(dy) if dy_dot is None else _checked("dy_dot", dy_dot, ("T", "B", "{out}"), sizes, dtype)
    # The states tell what no parameter may tell: their own sizes.
    zeros = State(*map(np.zeros_like, point[2]))
    dstate = State(*_checked_fields("dstate", zeros if dstate is None else dstate, _STATE_SHAPES, sizes, dtype))
    dstate_dot = zeros if dstate_dot is None else dstate_dot
    dstate_dot = State(*_checked_fields("dstate_dot", dstate_dot, _STATE_SHAPES, sizes, dtype))
    tape = _hvp_forward(*point)
    return _hvp_backward(dy, dy_dot, tape, point[1], point[4], dstate, dstate_dot)'''


def reading(reference: str, extra: str) -> str:
    """_reading(): what the Jacobians and log_terms() check; `reference` and `extra` as in `entry_points`."""
    return f'''def _reading(tape: Any, params: Any, t: Any) -> tuple[Params, Any, np.dtype[Any]]:
    """The parameters if they fit the tape, in its dtype or the common one; the steps t of it; that dtype."""
    _check_fit(tape, _WIDTHS, _sizes_of(params, _SHAPES, _COMPOSED))
    dtype = _float_dtype({{"tape": tape.{reference}, **_named("params", params, _SHAPES)}})
    params = Params(*(np.asarray(value, dtype) for value in params))
    return params, _steps_of(t, tape.{reference}.shape[0]{extra}), dtype'''


def indented(text: str, by: int = 4) -> str:
    """Every line that is not empty, moved to the right."""
    return "\n".join(" " * by + line if line else line for line in text.split("\n"))


def docstring(text: str) -> str:
    """A docstring whatever the text holds: by repr if quotes or backslashes are in it."""
    if '"""' in text or "\\" in text or text.endswith('"'):
        return repr(text)
    return f'"""{text}\n"""' if "\n" in text else f'"""{text}"""'


def vector_shape(shape: Sequence[str]) -> str:
    """(H,) or (H, D), as Python writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(shape)})"


def named_tuple(name: str, fields: Iterable[tuple[str, str]], text: str, types: dict[str, str] | None = None) -> str:
    """A NamedTuple class; each field with a note."""
    lines = [f"class {name}(NamedTuple):", f"    {docstring(text)}", ""]
    for field, note in fields:
        comment = f"  # {note}" if note else ""
        lines.append(f"    {field}: {(types or {}).get(field, 'Array')}{comment}")
    return "\n".join(lines)


def _meant(cell: Cell, name: str) -> str:
    meaning = cell.meaning(name)
    return f" {meaning}" if meaning else ""


def _table(cell: Cell, names: Sequence[str], lead: tuple[str, ...] = ()) -> str:
    rows: dict[str, Any] = {name: (*lead, *cell.shapes[name]) for name in names}
    return "{\n" + "".join(f"    {name!r}: {shape!r},\n" for name, shape in rows.items()) + "}"
