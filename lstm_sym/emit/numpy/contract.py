"""The parts of a kernel that say what it is: head, named tuples, tables of shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill

from lstm_sym.compile.plan import Plan
from lstm_sym.derivation.roles import Roles
from lstm_sym.emit.numpy.layout import docstring, folded, listed
from lstm_sym.emit.scalar import literal
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import is_composed, parts_of
from lstm_sym.ground.groups import grouped
from lstm_sym.program.statements import EQUATION

FORMAT_VERSION = "2"


def head(plan: Plan, standing: str) -> str:
    """Docstring and imports: all that a reader must know before the first line of code, with what it stands on."""
    cell, roles = plan.cell, plan.derivation.roles
    order = "; ".join(", ".join(_packed(name, roles) for name in group.members) for group in plan.layout.groups)
    gates = ", ".join(gate.name for gate in roles.gates)
    options = ", ".join(f"{k} = {v}" for k, v in cell.chosen.items())
    numbers = ", ".join(f"{k} = {literal(v)}" for k, v in cell.constants.items())
    reference = fill(f"Reference: {cell.reference or 'none given'}", 118)
    starts = f"\nInitial state, where none is given: {start(cell)}." if cell.initial else ""
    equations = "\n".join(f"    {line}" for line in cell.text.split("\n"))
    text = f"""{cell.name or cell.key}.

{reference}

Equations:
{equations}

Shapes (T steps, B sequences, {", ".join(cell.size_names)}):
{_shapes(cell)}

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: {order or "nothing is packed"}.
Gates: {gates or "none"}.
{fill(_biases(roles), 118)}
Options: {options or "none"}. Constants: {numbers or "none"}.{starts}

Signs in comments: δv adjoint, δv⁺ what arrives of it from step t+1, δv° what passes through no matrix, v′ slope,
∂v tangent, ⊙ element-wise product; (B1) is equation B1 of the derivation report, (S1) its
tangent. A section says: what it reads -> what it gives. precise: gates and slopes from the pre-activations, so that no
digit is lost where a gate saturates.

Generated from the equations by lstm_sym (format {FORMAT_VERSION}); {standing}. Not written by hand: change
the equations and generate it again."""
    imports = (
        "from __future__ import annotations\n\nfrom collections import namedtuple\nfrom typing import Any, NamedTuple"
    )
    constants = f'CONTENT_HASH = "{cell.content_hash}"\nOUTPUT = "{cell.output}"'
    names = ", ".join(f'"{gate.name}"' for gate in roles.gates) + ("," if len(roles.gates) == 1 else "")
    constants += f"\nGATES: tuple[str, ...] = ({names})"
    return f"{docstring(text)}\n\n{imports}\n\nimport numpy as np\n\nArray = np.ndarray[Any, Any]\n\n{constants}"


def _shapes(cell: Cell) -> str:
    """Every symbol with its shape, those of one shape together."""
    names = (*filter(None, [cell.input]), *(e.target for e in cell.equations), *cell.parameters)
    found = grouped(names, lambda name: vector_shape(cell.shapes[name]))
    return "\n".join(
        fill(f"{shape:<8} {', '.join(names)}", 118, initial_indent="    ", subsequent_indent=" " * 13)
        for shape, names in found.items()
    )


def _packed(name: str, roles: Roles) -> str:
    """A pre-activation by the quantity that it is one of: i for the stage a_i; what an equation defines as it is."""
    defined = roles.program.statement(name).provenance.rule == EQUATION
    return name if defined else name.removeprefix("a_")


def _biases(roles: Roles) -> str:
    """Every bias with the quantity in whose equation it is added, and which of them may be the sum of two."""
    found = ", ".join(f"{bias.name} (of {bias.quantity})" for bias in roles.biases)
    several = [bias.name for bias in roles.biases if bias.products > 1]
    if not several:
        return f"Biases: {found or 'none'}."
    which = "" if len(several) == len(roles.biases) else f" for {', '.join(several)} alone"
    return f"Biases: {found}. Where a library keeps one beside each matrix, add them{which}."


_TAPES = {
    "Tape": "What `backward` needs of `forward`, found by liveness; x is kept as given, not copied.",
    "PreciseTape": "The same for the precise form, which reads pre-activations too.",
}


def classes(
    cell: Cell,
    tapes: Mapping[str, Mapping[str, Mapping[str, int]]],
    extra: Mapping[str, Mapping[str, int]],
    second: Iterable[str],
) -> str:
    """Params, State, the tapes (class name -> fields with their last axis), Grads, and the tables of shapes.

    `extra`: class name -> fields with the rows that they have beside one a step, -1 for one that has none a step;
    `second` are the fields of the tape of values and tangents.
    """
    params = [(name, vector_shape(cell.shapes[name]) + _meant(cell, name)) for name in cell.parameters]
    states = [(name, f"(B, {cell.shapes[name][0]})" + _meant(cell, name)) for name in cell.states]
    grads = [("x", f"(T, B, {cell.input_shape[0]})"), ("params", "named like Params"), ("state", "of t = 0")]
    types = {"params": "Params", "state": "State"}
    parts = [
        named_tuple("Params", params, "The parameters, named as in the equations."),
        named_tuple("State", states, "The carried state."),
        *(named_tuple(name, [(field, "") for field in fields], _TAPES[name]) for name, fields in tapes.items()),
        second_tape(second),
        named_tuple("Grads", grads, "Gradients of a loss: of the input, the parameters, the initial state.", types),
        _tables(cell, tapes, extra),
    ]
    return "\n\n\n".join(parts)


def second_tape(fields: Iterable[str]) -> str:
    """The tape of values and tangents, which no caller ever sees."""
    return "\n".join(folded(f'_SecondTape = namedtuple("_SecondTape", [{", ".join(map(repr, fields))}])'))


def _tables(
    cell: Cell, tapes: Mapping[str, Mapping[str, Mapping[str, int]]], extra: Mapping[str, Mapping[str, int]]
) -> str:
    """The shapes of parameters and states, the sizes that are sums of others, the last axes of the tapes."""
    shapes = [f"{name!r}: {cell.shapes[name]!r}" for name in cell.parameters]
    states = [f"{name!r}: {('B', *cell.shapes[name])!r}" for name in cell.states]
    composed = {size: parts_of(size) for shape in cell.shapes.values() for size in shape if is_composed(size)}
    widths = [f"{name}: { ({f: w for f, w in fields.items() if w})!r}" for name, fields in tapes.items()]
    tables = {
        "_SHAPES: dict[str, tuple[str, ...]]": shapes,
        "_STATE_SHAPES: dict[str, tuple[str, ...]]": states,
        "_COMPOSED: dict[str, dict[str, int]]": [f"{size!r}: {parts!r}" for size, parts in composed.items()],
    }
    lines = []
    for name, rows in tables.items():
        short = f"{name} = {{{', '.join(rows)}}}"
        lines.append(short if len(short) <= 116 else f"{name} = {{\n{listed(rows)}\n}}")
    lines.append(f"_RECORDS = (Params, State, {', '.join(tapes)})")
    rows = [f"{name}: {tuple(fields.values())!r}" for name, fields in extra.items()]
    lines += [
        "_EXTRA: dict[type, tuple[int, ...]] = {",
        *(f"    {part}" for row in rows for part in folded(f"{row},")),
        "}",
    ]
    lines.append("_FITTED: dict[Any, dict[str, int]] = {}")
    rows = [f"    {line}" for row in widths for line in folded(f"{row},")]
    return "\n".join([*lines, "_WIDTHS: dict[type, dict[str, dict[str, int]]] = {", *rows, "}"])


def start(cell: Cell) -> str:
    """The state where none is given, in words: zeros; m = -inf and zeros elsewhere."""
    given = ", ".join(f"{name} = {repr(value).removesuffix('.0')}" for name, value in cell.initial.items())
    rest = "zeros" if not given else "zeros elsewhere" if len(cell.initial) < len(cell.states) else ""
    return " and ".join(filter(None, [given, rest]))


def vector_shape(shape: Sequence[str]) -> str:
    """(H,) or (H, D), as Python writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(shape)})"


def named_tuple(name: str, fields: Iterable[tuple[str, str]], text: str, types: Mapping[str, str] | None = None) -> str:
    """A NamedTuple class; each field with a note."""
    lines = [f"class {name}(NamedTuple):", f"    {docstring(text)}", ""]
    for field, note in fields:
        comment = f"  # {note}" if note else ""
        lines.append(f"    {field}: {(types or {}).get(field, 'Array')}{comment}")
    return "\n".join(lines)


def _meant(cell: Cell, name: str) -> str:
    meaning = cell.meaning(name)
    return f" {meaning}" if meaning else ""
