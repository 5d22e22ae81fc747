"""The functions of a kernel that give its Jacobians: their names, their texts, and what they allocate."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_sym.compile.plan import Plan
from lstm_sym.derivation.jacobian import entries, states
from lstm_sym.program.values import Value

_STATE = """The Jacobian ds[t]/ds[t-1] over all states, in the order of State, at step t of the tape.

(B, S, S), of several steps (n, B, S, S); S sums the state sizes. Raises TypeError, ValueError, IndexError."""
_INPUT = """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

(B, S, {D}), of several steps (n, B, S, {D}); S sums the state sizes. Raises TypeError, ValueError, IndexError."""
_PARAMETER = """The Jacobian ds[t]/dp of all states for each parameter p at step t, with s[t-1] held fixed: a Params.

(B, S, *shape of p), of several steps (n, B, S, *shape of p): what forward-mode learning (RTRL) adds at every step.
It takes S times the memory of the parameters. Raises TypeError, ValueError, IndexError."""
_OUTPUT = """The Jacobian dy[t]/d{source} of the output {name} at step t of the tape.

(B, {rows}, {columns}), of several steps (n, B, {rows}, {columns}). Raises TypeError, ValueError, IndexError."""
_PARTS = """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

{{{keys}}}: (B, S, S), of several steps (n, B, S, S).
A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
Raises TypeError, ValueError, IndexError."""

_SHAPED = "Params(*(out[..., c].reshape(*lead, -1, *p.shape) for c, p in zip(columns, params, strict=True)))"


@dataclass(frozen=True)
class JacobianFunction:
    """A function of a kernel: its name, its text, what its columns are, what it allocates and gives back."""

    name: str
    text: str
    sources: tuple[Value, ...]
    allocated: str
    result: str = "out"
    returns: str = "Array"
    columns: str = "at"
    rows: str = "at"


def jacobian_functions(plan: Plan) -> list[JacobianFunction]:
    """The functions over one tape: of the states, the input and the parameters, and that of the states in parts.

    Where the output is no state, two more of the output; a cell without a state has those alone.
    """
    program, cell = plan.program, plan.cell
    before = tuple(before for before, _ in states(program))

    def zeros(width: str) -> str:
        return f"np.zeros((*lead, at[-1].stop, {width}), dtype)"

    names = [repr(entry.name) for entry in entries(program)]
    keys = ", ".join(names)
    each = f"key: {zeros('at[-1].stop')} for key in ({keys}{',' * (len(names) == 1)})" if names else ""
    width = f'sizes["{cell.input_shape[0]}"]' if cell.input else "0"
    stop, shaped = ("columns[-1].stop", _SHAPED) if program.parameters else ("0", "Params()")
    parts = f"parts: dict[str, Array] = {{{each}}}"
    text = _INPUT.format(D=cell.input_shape[0])
    outputs = [] if cell.output in cell.states else _of_the_output(plan, before)
    if not before:
        return outputs
    return [
        *outputs,
        JacobianFunction("jacobian", _STATE, before, f"out = {zeros('at[-1].stop')}"),
        JacobianFunction("input_jacobian", text, program.inputs, f"out = {zeros(width)}", columns=""),
        JacobianFunction(
            "parameter_jacobian", _PARAMETER, program.parameters, f"out = {zeros(stop)}", shaped, "Params", "columns"
        ),
        JacobianFunction("jacobian_parts", _PARTS.format(keys=keys), before, parts, "parts", "dict[str, Array]"),
    ]


def _of_the_output(plan: Plan, before: tuple[Value, ...]) -> list[JacobianFunction]:
    """The functions of an output that is no state."""
    program, cell = plan.program, plan.cell
    rows = cell.shapes[cell.output][0]

    def function(name: str, source: str, columns: str, width: str, sources: tuple[Value, ...]) -> JacobianFunction:
        text = _OUTPUT.format(source=source, name=cell.output, rows=rows, columns=columns)
        allocated = f'out = np.zeros((*lead, sizes["{rows}"], {width}), dtype)'
        return JacobianFunction(name, text, sources, allocated, columns="at" if sources is before else "", rows="")

    found = [function("output_jacobian", "s[t-1]", "S", "at[-1].stop", before)] if before else []
    if program.inputs:
        size = cell.input_shape[0]
        found.append(function("output_input_jacobian", "x[t]", size, f'sizes["{size}"]', program.inputs))
    return found
