"""The functions of a kernel that run a program over time: forward, backward and jvp, fast and precise."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lstm_sym.emit.numpy.loop import Body, LoopEmitter
from lstm_sym.emit.numpy.storage import Home, RowKey, Span, Storage, bracketed, identifier
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import multiplied, parts_of
from lstm_sym.passes.layout import Layout
from lstm_sym.passes.scheduling import Run, Schedule, schedule
from lstm_sym.program.program import Program
from lstm_sym.program.values import Role, Value

RESERVED = frozenset({"np", "t", "T", "B", "dtype", "x", "y", "dy", "params", "state", "tape", "dstate"}) | frozenset(
    {
        "x_dot",
        "dy_dot",
        "params_dot",
        "state_dot",
        "dstate_dot",
        "Params",
        "State",
        "Tape",
        "PreciseTape",
        "Grads",
        "Array",
        "Any",
    }
)


@dataclass
class LoopFunction:
    """A program ready to print: the storage decisions, the lines of each region, and the given values' homes."""

    plan: Schedule
    storage: Storage
    body: Body

    def array(self, value: Value) -> tuple[object, str]:
        """The array a stored value lives in: a key that is the same in every program of the cell, and its name here."""
        place = self.storage.place(value)
        if place is not None:
            root = self.storage.root((place.group, place.row))
            return (root[0].members, place.row), self.storage.row_home(root).name
        home = self.storage.home(value)
        return (value.name, home.kind), home.name

    def width(self, value: Value) -> dict[str, int]:
        """The last axis of the array a stored value lives in: {"H": 4} for four gates side by side; {} for a number."""
        place = self.storage.place(value)
        if place is None:
            return parts_of(value.shape[-1]) if value.shape else {}
        low, high = self.storage.span((place.group, place.row))
        return parts_of(multiplied(place.group.size, high - low))

    def spans(self, values: Iterable[Value]) -> dict[RowKey, Span]:
        """Which slots the arrays of these values hold, for a program that is given them."""
        places = (place for value in values if (place := self.storage.place(value)) is not None)
        return {(place.group, place.row): self.storage.span((place.group, place.row)) for place in places}


def loop_function(
    program: Program,
    layout: Layout,
    sizes: tuple[str, ...],
    numbers: Mapping[str, str],
    *,
    keep: tuple[Value, ...] = (),
    given: tuple[Value, ...] = (),
    spans: Mapping[RowKey, Span] | None = None,
    precise: bool = False,
) -> LoopFunction:
    """Schedule a program and emit its regions; `keep` are values to store for every step, `given` come in stored.

    spans: which slots the arrays of given rows hold.
    """
    plan = schedule(program, layout, frozenset(keep))
    arguments = {
        identifier(v)
        for v in program.inputs
        if v.name in ("dy", "dy_dot") or Role.INPUT in (v.role, v.of and v.of.role)
    }
    storage = Storage(plan, frozenset(given), (RESERVED - arguments) | set(sizes), spans or {})
    body = LoopEmitter(plan, storage, precise, numbers).run()
    return LoopFunction(plan, storage, body)


def step_function(program: Program, sizes: tuple[str, ...], numbers: Mapping[str, str]) -> LoopFunction:
    """A program as straight code for one step, statement by statement, nothing fused and nothing stored."""
    runs = tuple(Run((statement,)) for statement in program.statements)
    plan = Schedule(program, Layout((), {}), (), runs, (), frozenset(), frozenset())
    storage = Storage(plan, frozenset(), (RESERVED - {"x"}) | set(sizes), {})
    body = LoopEmitter(plan, storage, False, numbers).run()
    return LoopFunction(plan, storage, body)


def size_lines(cell: Cell, code: str, others: Mapping[str, str]) -> list[str]:
    """`H = params.U_i.shape[0]` for every size that the code uses, in an order in which each can be computed.

    A size that no parameter has is read off the last axis of `others`: array -> its symbolic size.
    """
    lines: list[str] = []
    for name, text in reversed(solved_sizes(cell, others).items()):
        if re.search(rf"(?<![.\w]){name}\b", "\n".join([code, *lines])):
            lines.insert(0, f"{name} = {text}")
    return lines


def solved_sizes(cell: Cell, others: Mapping[str, str]) -> dict[str, str]:
    """Size -> the text that reads it off the parameters, or off the last axis of `others`; each by those before it."""
    axes = {f"params.{name}.shape[{k}]": size for name in cell.parameters for k, size in enumerate(cell.shapes[name])}
    axes |= {f"{array}.shape[-1]": size for array, size in others.items()}
    known: dict[str, str] = {}
    while found := next((f for axis, size in axes.items() if (f := _solved(axis, size, known))), None):
        known[found[0]] = found[1]
    return known


def _solved(axis: str, size: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """A name that is not known yet, and the text that computes it from an axis of this size."""
    parts = parts_of(size)
    unknown = [name for name in parts if name not in known]
    if len(unknown) != 1:
        return None
    others = [name if count == 1 else f"{count} * {name}" for name, count in parts.items() if name in known]
    text = " - ".join([axis, *others])
    count = parts[unknown[0]]
    if count > 1:
        text = f"({text}) // {count}" if others else f"{text} // {count}"
    return unknown[0], text


def array_lines(function: LoopFunction) -> list[str]:
    """Allocate every array the function fills, and name the views of groups."""
    storage, plan = function.storage, function.plan
    lines: list[str] = []
    for key in storage.rows:
        root = storage.root(key)
        values = storage.row_values(root)
        home = storage.row_home(root)
        low, high = storage.span(root)
        count = high - low
        width = root[0].size if count == 1 else f"{count} * {bracketed(root[0].size)}"
        axes = f"(T, B, {width})" if home.kind == "whole" else f"(B, {width})"
        # A slot between others that no value of the row fills must still hold a number.
        line = f"{home.name} = np.{'empty' if len(storage.slots(root)) == count else 'zeros'}({axes}, dtype)"
        if line not in lines and not any(value in storage.given for value in values):
            lines.append(line)
    for run in plan.loop:
        for part in run.parts:
            home = storage.home(part.target)
            alone = storage.place(part.target) is None
            if alone and home.kind == "whole":
                lines.append(f"{home.name} = np.empty((T, B, {part.target.shape[0]}), dtype)")
    return lines


def view_lines(function: LoopFunction) -> list[str]:
    """`i = gates[..., 0 * H : 1 * H]` for every view of a group's array that the code uses or returns."""
    storage, body = function.storage, function.body
    sizes = {storage.row_home(storage.root(key)).name: bracketed(key[0].size) for key in storage.rows}
    returned = (storage.home(value).whole() for value in function.plan.program.outputs)
    lines = (*body.before, *body.loop, *body.after, *body.rows.values(), *returned)
    code = [line for line in lines if not line.startswith("#")]
    used = set(re.findall(r"\w+", "\n".join(code)))
    return [
        f"{name} = {array}[..., {low} * {sizes[array]} : {high} * {sizes[array]}]"
        for (array, low, high), name in sorted(storage.views.items())
        if name in used
    ]


def carry_lines(function: LoopFunction, source: dict[Value, str]) -> list[str]:
    """The carried values before the first step: `source` says where each comes from."""
    lines = []
    for carry in function.plan.program.carries:
        home = function.storage.home(carry.incoming)
        if home.kind == "states":
            lines.append(f"{home.name} = np.empty((T + 1, B, {carry.incoming.shape[0]}), dtype)")
            lines.append(f"{home.name}[0] = {source[carry.incoming]}")
        else:
            lines.append(f"{home.name} = {source[carry.incoming]}")
    return lines


def last(home: Home) -> str:
    """A carried value after the last step, in memory of its own."""
    return f"{home.name}[T].copy()" if home.kind == "states" else f"{home.name}.copy()"


def loop_lines(function: LoopFunction) -> list[str]:
    """Before the loop, the loop, after the loop."""
    body = function.body
    inner = [*body.loop, *body.rotate]
    loop = [*loop_head(function), *(f"    {line}" for line in inner)] if inner else []
    return [*body.before, *loop, *body.after]


def loop_head(function: LoopFunction) -> list[str]:
    """`for dy_t, o_t in zip(dy[::-1], o[::-1]):`, which binds the rows of one step to their names."""
    backwards = "[::-1]" if function.plan.program.direction < 0 else ""
    rows = {name: f"{array}{backwards}" for name, array in function.body.rows.items()}
    if not rows:
        return ["for _ in range(T):"]
    names, arrays = ", ".join(rows), ", ".join(rows.values())
    if len(rows) == 1:
        return [f"for {names} in {arrays}:"]
    line = f"for {names} in zip({arrays}, strict=True):"
    if len(line) <= 108:
        return [line]
    head, listed = (textwrap.wrap(text, 100, break_long_words=False) for text in (names, f"{arrays}, strict=True"))
    return ["for (", *(f"    {part}" for part in head), ") in zip(", *(f"    {part}" for part in listed), "):"]


def state_source(carries: tuple[Value, ...]) -> dict[Value, str]:
    """Where initial values come from: `state.h`, `state_dot.h` for tangents, `dstate.h` for adjoints."""
    source = {}
    for value in carries:
        base, suffix = value, ""
        if value.role is Role.TANGENT and value.of is not None:
            base, suffix = value.of, "_dot"
        adjoint = base.role is Role.CARRIED_ADJOINT and base.of is not None
        name = base.of.name if adjoint and base.of is not None else base.name
        source[value] = f"{'dstate' if adjoint else 'state'}{suffix}.{name}"
    return source


def function_lines(cell: Cell, function: LoopFunction, before: Sequence[str], after: str) -> list[str]:
    """The lines of a function over time, between what comes before and what it returns."""
    program = function.plan.program
    carried = tuple(carry.incoming for carry in program.carries)
    work = [
        *array_lines(function),
        *carry_lines(function, state_source(carried)),
        *view_lines(function),
        *loop_lines(function),
    ]
    owner = "state" if program.direction > 0 else "dstate"
    code = "\n".join(line for line in work if not line.lstrip().startswith("#"))
    others = {f"{owner}.{name}": cell.shapes[name][0] for name in cell.states}
    if program.direction < 0:
        others["dy"] = cell.shapes[cell.output][0]
    elif cell.input:
        others["x"] = cell.input_shape[0]
    sizes = size_lines(cell, code, others)
    return [*sizes, *before, *function.body.packs, *work, after]
