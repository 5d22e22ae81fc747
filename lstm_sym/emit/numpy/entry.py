"""What the functions of a kernel check before they compute: arrays of one dtype and of sizes that fit each other."""

from __future__ import annotations

from lstm_sym.compile.known_sizes import size_rules
from lstm_sym.emit.numpy.contract import start
from lstm_sym.emit.numpy.layout import docstring
from lstm_sym.emit.numpy.printer import indented
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import is_composed


def all_sizes(cell: Cell, sizes: str) -> str:
    """The sizes with those that are sums of others, in a cell that has such."""
    composed = any(is_composed(size) for shape in cell.shapes.values() for size in shape)
    return f"_with_composed({sizes}, _COMPOSED)" if composed else sizes


def _known_sizes(cell: Cell) -> str:
    """The sizes that the parameters tell."""
    return all_sizes(cell, "_sizes_of(params, _SHAPES)")


def forward_entry(cell: Cell) -> str:
    """forward(): checks, and, where no tape is asked for, the steps in parts."""
    size, out = cell.input_shape[0], cell.shapes[cell.output][0]
    default = " | None = None" if cell.parameters else " = Params()"
    drive = "x: Any, params: Params, " if cell.input else f"x: Any = None, params: Params{default},\n    "
    steps = "" if cell.input else "steps: int | None = None, "
    signature = f"""def forward(
    {drive}state: State | None = None, *,
    {steps}precise: bool = False, tape: bool = True, workspace: dict[str, Any] | None = None,
) -> tuple[Array, State, Any]:"""
    from_state = start(cell) + (".\n" if cell.initial else ". ")
    y = f"{cell.output} (T, B, {out})"
    text = f"""Run the cell over sequences: x (T, B, {size}) -> y = {y}, the last state, the tape.

state: the initial state, None for {from_state}precise: gates and slopes keep full relative accuracy under saturation;
`backward` follows the tape. tape=False: none is kept, None is returned, the memory of a thousand rows is enough.
workspace: a dict that keeps arrays from call to call; the next call with it writes over the tape of this one.
dtype in = dtype out. Raises TypeError, ValueError, naming the array that does not fit."""
    if not cell.input:
        text += "\nThe cell reads no input: steps says T, or x is of shape (T, B, 0)."
    given = "x" if cell.input else "_without_input(x, steps, params, state)"
    lines = indented(docstring(text).split("\n"))
    return f"""{signature}
{chr(10).join(lines)}
    x, params, state = _prepared({given}, params, state)
    if tape:
        return _forward(x, params, state, precise, workspace)
    y, state = _without_tape(_forward, x, params, state, precise, workspace)
    return y, state, None"""


def forward_steps() -> tuple[str, str, str]:
    """Signature and docstring of _forward(), which checks nothing."""
    signature = """def _forward(
    x: Array, params: Params, state: State, precise: bool, workspace: dict[str, Any] | None
) -> tuple[Array, State, Tape | PreciseTape]:"""
    return signature, "The output, the last state, the tape.", KEPT.format("forward")


KEPT = 'empty = _empty_in(workspace, "{}")'
"""Where a function takes its arrays from."""


def backward_entry(cell: Cell) -> str:
    """backward(): checks, and the steps in parts, from the last."""
    size, out = cell.input_shape[0], cell.shapes[cell.output][0]
    text = f"""Gradients of a loss L by backpropagation through time, t = T-1 .. 0.

dy = dL/dy (T, B, {out}); params as given to `forward`; dstate = dL/d(state after T steps), None for zeros;
workspace as in `forward`. Returns dL/dx (T, B, {size}), dL/dparams (named), dL/d(initial state).
Raises TypeError, ValueError."""
    lines = indented(docstring(text).split("\n"))
    return f"""def backward(
    dy: Any, tape: Tape | PreciseTape, params: Params, dstate: State | None = None, *,
    workspace: dict[str, Any] | None = None,
) -> Grads:
{chr(10).join(lines)}
    dy, params, dstate = _cotangents(dy, tape, params, dstate)
    parts = _parts(tape, *dy.shape[:2])
    if len(parts) == 1:
        found = _backward(dy, tape, params, dstate, workspace)
        # What is handed out is no memory of the workspace, which the next call writes over.
        return found if workspace is None else found._replace(x=found.x.copy())
    # What a step needs beside the tape is kept for as many steps at once as a cache holds, not for all.
    d_x: Any = None
    total: Any = None
    for part in parts:
        grads: Any = _backward(dy[part], _part_of(tape, _EXTRA[type(tape)], part), params, dstate, workspace)
        if total is None:
            d_x, total = np.empty((len(dy), *grads.x.shape[1:]), dy.dtype), grads.params
        else:
            for sum_, term in zip(total, grads.params, strict=True):
                sum_ += term
        d_x[part], dstate = grads.x, grads.state
    return Grads(d_x, total, dstate)"""


def backward_steps() -> tuple[str, str, str]:
    """Signature and docstring of _backward(), which checks nothing."""
    signature = """def _backward(
    dy: Array, tape: Any, params: Params, dstate: State, workspace: dict[str, Any] | None
) -> Grads:"""
    return signature, "Gradients over steps whose intermediate values are all kept at once.", KEPT.format("backward")


def prepared(cell: Cell) -> str:
    """_prepared(): what forward() checks."""
    size = cell.input_shape[0]
    none = "" if cell.input else " | {'0': 0}"
    told = f'sizes | {{"B": x.shape[1], "{size}": x.shape[2]}}'
    return f'''def _prepared(x: Any, params: Any, state: Any) -> tuple[Array, Params, State]:
    """Arrays of one dtype and of sizes that fit each other. Raises TypeError, ValueError."""
    key = _signature(_RECORDS, x, params, state)
    if key in _FITTED:
        return x, params, state or _begun(_FITTED[key], x.dtype)
    sizes = {_known_sizes(cell)}{none}
    arrays = {{"x": x, **_named("params", params, _SHAPES), **_named("state", state, _STATE_SHAPES)}}
    dtype = _float_dtype(arrays)
    x = _checked("x", x, ("T", "B", "{size}"), sizes, dtype)
    sizes = {all_sizes(cell, told)}
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    if state is None:
        state = _begun(sizes, dtype)
    else:
        state = State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))
    _remember(_FITTED, key, sizes)
    return x, params, state


def _begun(sizes: dict[str, int], dtype: Any) -> State:
    """The state where none is given: {start(cell)}. Raises ValueError for a size that nothing tells."""
    {_begun(cell)}'''


def _begun(cell: Cell) -> str:
    """The lines of _begun()."""
    zeros = 'State(*_checked_fields("state", None, _STATE_SHAPES, sizes, dtype))'
    if not cell.initial:
        return f"return {zeros}"
    values = {name: repr(value).replace("inf", "np.inf") for name, value in cell.initial.items()}
    filled = ", ".join(f"{name}=np.full_like(start.{name}, {value})" for name, value in values.items())
    return f"""start = {zeros}
    return start._replace({filled})"""


def cotangents(cell: Cell, reference: str, extra: str) -> str:
    """_cotangents(): what backward() checks.

    `reference` is the field of the tape that tells T, B and the dtype; `extra` is " - 1" if it holds T + 1 states.
    """
    out = cell.shapes[cell.output][0]
    return f'''def _cotangents(dy: Any, tape: Any, params: Any, dstate: Any) -> tuple[Array, Params, State]:
    """What backward() is given, in one dtype and of sizes that fit the tape. Raises TypeError, ValueError."""
    key = _signature(_RECORDS, dy, params, dstate, tape)
    if key in _FITTED:
        return dy, params, dstate or State(*_checked_fields("dstate", None, _STATE_SHAPES, _FITTED[key], dy.dtype))
    _check_tape(tape, (Tape, PreciseTape))
    reference = tape.{reference}
    sizes = {_known_sizes(cell)} | dict(T=reference.shape[0]{extra}, B=reference.shape[1])
    _check_fit(tape, _WIDTHS, sizes)
    arrays = {{"tape": reference, "dy": dy, **_named("params", params, _SHAPES)}}
    dtype = _float_dtype(arrays | _named("dstate", dstate, _STATE_SHAPES))
    dy = _checked("dy", dy, ("T", "B", "{out}"), sizes, dtype)
    sizes["{out}"] = dy.shape[2]
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    dstate = State(*_checked_fields("dstate", dstate, _STATE_SHAPES, sizes, dtype))
    _remember(_FITTED, key, sizes)
    return dy, params, dstate'''


def jvp_entry(cell: Cell) -> str:
    """jvp(): zeros for directions that are not given."""
    out = cell.shapes[cell.output][0]
    return f'''def jvp(
    x: Any, params: Params, state: State | None = None, *,
    x_dot: Any = None, params_dot: Params | None = None, state_dot: State | None = None,
) -> tuple[Array, Array, State, State]:
    """Forward mode, in the precise form: the derivative along (x_dot, params_dot, state_dot), each None for zero.

    Returns y and y_dot (T, B, {out}), the state after T steps and its tangent. Raises TypeError, ValueError.
    """
    y, y_dot, state, state_dot, _ = _tangents(*_directions(x, params, state, x_dot, params_dot, state_dot, {{}}))
    return y, y_dot, state, state_dot'''


_TANGENTS = """Values and tangents in one loop, in the precise form: (T1) .. of the derivation report.

Gives y, y_dot (T, B, {out}), the last state, its tangent, and what `_second_order` reads of them."""
_SECOND_ORDER = """Adjoints and their tangents in one loop, t = T-1 .. 0: forward mode over the backward pass.

Gives the gradients, and their derivative along the direction of the tape."""


def tangents_entry(cell: Cell) -> tuple[str, str, str]:
    """Signature and docstring of _tangents(), which checks nothing."""
    signature = """def _tangents(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State, Any]:"""
    return signature, _TANGENTS.format(out=cell.shapes[cell.output][0]), ""


def second_order_entry() -> tuple[str, str, str]:
    """Signature and docstring of _second_order(), which checks nothing."""
    signature = """def _second_order(
    dy: Array, dy_dot: Array, tape: Any, params: Params, params_dot: Params, dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:"""
    return signature, _SECOND_ORDER, ""


def directions(cell: Cell) -> str:
    """_directions(): what jvp() and hvp() check."""
    size = cell.input_shape[0]
    return f'''def _directions(
    x: Any, params: Any, state: Any, x_dot: Any, params_dot: Any, state_dot: Any, others: dict[str, Any]
) -> tuple[Array, Params, State, Array, Params, State]:
    """Point and direction as arrays of one dtype, that of `others` counted in. Raises TypeError, ValueError."""
    x, params, state = _prepared(x, params, state)
    x_dot = np.zeros_like(x) if x_dot is None else x_dot
    params_dot = Params(*map(np.zeros_like, params)) if params_dot is None else params_dot
    state_dot = State(*map(np.zeros_like, state)) if state_dot is None else state_dot
    arrays = {{"x": x, "x_dot": x_dot, **_named("params_dot", params_dot, _SHAPES)}}
    arrays |= _named("state_dot", state_dot, _STATE_SHAPES)
    dtype = _float_dtype(arrays | others)
    x, params, state = _prepared(x.astype(dtype, copy=False), params, state)
    sizes = {_known_sizes(cell)} | {{"T": x.shape[0], "B": x.shape[1], "{size}": x.shape[2]}}
    x_dot = _checked("x_dot", x_dot, ("T", "B", "{size}"), sizes, dtype)
    params_dot = Params(*_checked_fields("params_dot", params_dot, _SHAPES, sizes, dtype))
    state_dot = State(*_checked_fields("state_dot", state_dot, _STATE_SHAPES, sizes, dtype))
    return x, params, state, x_dot, params_dot, state_dot'''


def hvp_entry(cell: Cell) -> str:
    """hvp(): checks, and zeros for what is not given."""
    out = cell.shapes[cell.output][0]
    return f'''def hvp(
    x: Any, params: Params, state: State | None = None, *, dy: Any, dstate: State | None = None,
    x_dot: Any = None, params_dot: Params | None = None, state_dot: State | None = None,
    dy_dot: Any = None, dstate_dot: State | None = None,
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
    sizes = {all_sizes(cell, "_sizes_of(point[1], _SHAPES)")} | {{"T": point[0].shape[0], "B": point[0].shape[1]}}
    dy = _checked("dy", dy, ("T", "B", "{out}"), sizes, dtype)
    sizes["{out}"] = dy.shape[2]
    dy_dot = np.zeros_like(dy) if dy_dot is None else _checked("dy_dot", dy_dot, ("T", "B", "{out}"), sizes, dtype)
    # The states tell what no parameter may tell: their own sizes.
    zeros = State(*map(np.zeros_like, point[2]))
    dstate = State(*_checked_fields("dstate", zeros if dstate is None else dstate, _STATE_SHAPES, sizes, dtype))
    dstate_dot = zeros if dstate_dot is None else dstate_dot
    dstate_dot = State(*_checked_fields("dstate_dot", dstate_dot, _STATE_SHAPES, sizes, dtype))
    *_, tape = _tangents(*point)
    return _second_order(dy, dy_dot, tape, point[1], point[4], dstate, dstate_dot)'''


def reading(cell: Cell, reference: str, extra: str) -> str:
    """_reading(): what the Jacobians and log_terms() check; `reference` and `extra` as in `cotangents`."""
    part = "[1:]" if extra else ""
    sizes = f"_check_fit(tape, _WIDTHS, {_known_sizes(cell)})"
    told_by_params = set(size_rules(cell))
    sizes = sizes if set(cell.size_names) <= told_by_params else all_sizes(cell, sizes)
    return f'''def _reading(
    tape: Any, params: Any, t: Any, kinds: tuple[type, ...] = (Tape, PreciseTape)
) -> tuple[Params, Any, dict[str, int], tuple[int, ...], np.dtype[Any]]:
    """Parameters that fit the tape; its steps t; all sizes; the axes in front, (B,) or (n, B); the common dtype."""
    _check_tape(tape, kinds)
    sizes = {sizes}
    dtype = _float_dtype({{"tape": tape.{reference}, **_named("params", params, _SHAPES)}})
    params = Params(*(np.asarray(value, dtype) for value in params))
    t = _steps_of(t, tape.{reference}.shape[0]{extra})
    return params, t, sizes, tape.{reference}{part}[t].shape[:-1], dtype'''
