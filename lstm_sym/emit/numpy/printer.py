"""The nodes of code as NumPy source, one small method a kind of node."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from lstm_sym.emit.nodes import (
    Add,
    Allocate,
    Assign,
    Choose,
    Complement,
    Copy,
    Elementwise,
    Extent,
    Field,
    Fill,
    Full,
    Largest,
    Loop,
    Mapped,
    Name,
    Node,
    Number,
    Outer,
    OverTime,
    Packed,
    Product,
    Record,
    Remark,
    Return,
    Rotate,
    Scaled,
    Section,
    Split,
    Stacked,
    Steps,
    Sum,
    Together,
    Transposed,
    Weighted,
    ZerosLike,
)
from lstm_sym.emit.numpy.layout import WIDTH, folded
from lstm_sym.emit.numpy.scalar import NumPyPrinter, calls_chosen
from lstm_sym.emit.scalar import literal
from lstm_sym.equations.sizes import is_composed
from lstm_sym.program.values import Value

_STEPS = {"previous": "[:-1]", "current": "[1:]", "first": "[0]", "last": "[T]"}


class CodePrinter:
    """Prints nodes; notes in `used` the functions that a kernel must bring along.

    `condition` holds in the precise form; `records` are the fields of those records that can be taken apart as a whole.
    """

    def __init__(self, condition: str = "precise", records: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.condition, self.records = condition, records or {}
        self.used: set[str] = set()
        self.views: set[str] = set()

    # Expressions

    def text(self, node: Node) -> str:
        """An expression."""
        method = getattr(self, f"text_{type(node).__name__.lower()}")
        return str(method(node))

    def listed(self, nodes: Iterable[Node]) -> str:
        """Expressions with commas."""
        return ", ".join(map(self.text, nodes))

    def called(self, function: str, *arguments: str) -> str:
        """A function that the kernel brings along."""
        self.used.add(function)
        return f"_{function}({', '.join(arguments)})"

    def text_name(self, node: Name) -> str:
        """gates"""
        return node.text

    def text_field(self, node: Field) -> str:
        """params.U_f"""
        return f"{node.record}.{node.name}" + (".reshape(1)" if node.is_scalar else "")

    def text_number(self, node: Number) -> str:
        """0.5"""
        return literal(node.value)

    def text_steps(self, node: Steps) -> str:
        """h[:-1]"""
        return node.array.text + _STEPS[node.which]

    def text_elementwise(self, node: Elementwise) -> str:
        """i_t * g_t"""
        return self.scalar(node).print(node.expression)

    def scalar(self, node: Elementwise) -> NumPyPrinter:
        """The printer of an expression over these operands."""

        def refer(value: Value) -> str:
            return self.text(node.operands[value.symbol])

        return NumPyPrinter(node.values, refer, node.constants, self.used, node.exact)

    def text_complement(self, node: Complement) -> str:
        """complement(z_t, a_z_t), chosen before the loop"""
        self.used.update(("complement", "complement_precise"))
        return f"complement({self.text(node.gate)}, {self.text(node.argument)})"

    def text_sum(self, node: Sum) -> str:
        """a + b"""
        right = self.text(node.right)
        return f"{self.text(node.left)} {'+' if node.sign > 0 else '-'} {right if node.sign > 0 else f'({right})'}"

    def text_scaled(self, node: Scaled) -> str:
        """0.5 * (a)"""
        sign = "-" if node.coefficient == -1 else f"{float(node.coefficient)!r} * "
        operand = self.text(node.operand)
        return f"{sign}{operand}" if isinstance(node.operand, Outer | OverTime) else f"{sign}({operand})"

    def text_product(self, node: Product) -> str:
        """h_prev @ U_T; a whole sequence is one product of T B rows"""
        left, matrix = self.text(node.left), self.text(node.matrix) + (".T" if node.transposed else "")
        return self.called("times", left, matrix) if node.over_time else f"{left} @ {matrix}"

    def text_weighted(self, node: Weighted) -> str:
        """p_i * c_prev"""
        return f"{self.text(node.weight)} * {self.text(node.operand)}"

    def text_transposed(self, node: Transposed) -> str:
        """np.ascontiguousarray(U.T)"""
        return f"np.ascontiguousarray({self.text(node.matrix)}.T)"

    def text_packed(self, node: Packed) -> str:
        """np.concatenate((params.U_i, params.U_f))"""
        return f"np.concatenate(({self.listed(node.parts)}))"

    def text_stacked(self, node: Stacked) -> str:
        """np.concatenate((h_prev, x_t), axis=-1)"""
        return f"np.concatenate(({self.listed(node.parts)}), axis=-1)"

    def text_mapped(self, node: Mapped) -> str:
        """A part of a stack is copied out of it."""
        operator, operand = node.operator, self.text(node.operand)
        if operator.kind == "part":
            start = " + ".join(operator.before) or "0"
            return f"{operand}[..., {start} : {' + '.join((*operator.before, operator.shape[1]))}].copy()"
        if operator.kind == "repeat" and not node.transposed:
            return f"np.repeat({operand}, {operator.count}, axis=-1)"
        if operator.kind == "repeat":
            return self.called("run_sums", operand, str(operator.count))
        return self.called(f"{operator.kind}_of", operand)

    def text_largest(self, node: Largest) -> str:
        """The maximum over units, or the share of each unit in it."""
        return self.called("largest_share" if node.share else "largest", self.text(node.operand))

    def text_outer(self, node: Outer) -> str:
        """_outer(d_a, x)"""
        return self.called("outer", self.text(node.left), self.text(node.right))

    def text_overtime(self, node: OverTime) -> str:
        """d_a.sum(axis=(0, 1))"""
        left = self.text(node.operand)
        weighted = left if node.weight is None else f"({left} * {self.text(node.weight)})"
        return f"np.asarray({weighted}.sum())" if node.units else f"{weighted}.sum(axis=(0, 1))"

    def text_full(self, node: Full) -> str:
        """np.full((B, H), 1, dtype)"""
        return f"np.full(({', '.join(node.axes)}), {self.text(node.value)}, dtype)"

    def text_zeroslike(self, node: ZerosLike) -> str:
        """np.zeros_like(params.b)"""
        return f"np.zeros_like({self.text(node.operand)})"

    def text_copy(self, node: Copy) -> str:
        """h[1:].copy()"""
        return f"{self.text(node.operand)}.copy()"

    def text_extent(self, node: Extent) -> str:
        """params.W_i.shape[0]"""
        rule = node.rule
        array = f"{rule.record}.{rule.array}" if rule.record else rule.array
        text = " - ".join([f"{array}.shape[{rule.axis}]", *rule.others])
        return text if rule.divisor == 1 else (f"({text})" if rule.others else text) + f" // {rule.divisor}"

    def text_record(self, node: Record) -> str:
        """State(h[T].copy(), c[T].copy())"""
        return f"{node.name}({self.listed(node.fields)})"

    def text_together(self, node: Together) -> str:
        """y, state, tape"""
        return self.listed(node.parts)

    # Statements

    def lines(self, nodes: Iterable[Node]) -> list[str]:
        """Statements; those of a row that read one record, or make arrays of one shape, are one line."""
        lines: list[str] = []
        for key, group in groupby(nodes, key=_together):
            found = list(group)
            if key is None or len(found) == 1:
                lines += [line for node in found for line in self.statement(node)]
            elif isinstance(found[0], Allocate):
                names = ", ".join(node.target.text for node in found if isinstance(node, Allocate))
                lines += folded(f"{names} = ({self.array(found[0].axes, found[0].zeros)} for _ in range({len(found)}))")
            else:
                pairs = [(n.target, n.value) for n in found if isinstance(n, Assign | Fill)]
                lines += self.several(*zip(*pairs, strict=True))
        return lines

    def several(self, targets: Sequence[Node], values: Sequence[Node]) -> list[str]:
        """x, h = tape.x, tape.h; all fields of a record in order are the record."""
        left, right = self.listed(targets), self.listed(values)
        fields = tuple(node.name for node in values if isinstance(node, Field))
        record = next((node.record for node in values if isinstance(node, Field)), "")
        if self.records.get(record) == fields:
            right = record
        return folded(f"{left} = {right}")

    def statement(self, node: Node) -> list[str]:
        """One statement."""
        method = getattr(self, f"lines_{type(node).__name__.lower()}")
        return list(method(node))

    def lines_assign(self, node: Assign) -> list[str]:
        """c = ..."""
        return noted([f"{node.target.text} = {self.text(node.value)}"], node.note)

    def lines_rotate(self, node: Rotate) -> list[str]:
        """d_h_next, d_c_next = d_h_prev, d_c_prev"""
        return folded(f"{self.listed(node.targets)} = {self.listed(node.values)}")

    def lines_fill(self, node: Fill) -> list[str]:
        """Into the memory that is there, without a copy where NumPy allows it."""
        target, value = self.text(node.target), node.value
        if isinstance(value, Elementwise):
            scalar = self.scalar(value)
            if node.over_time:
                return noted(scalar.in_place(value.expression, target), node.note)
            return noted([scalar.into(value.expression, target)], node.note)
        if isinstance(value, Product) and value.over_time and target not in self.views:
            return noted([f"{self.text(value)[:-1]}, out={target})"], node.note)
        into = target if isinstance(node.target, Steps) and node.target.which == "first" else f"{target}[...]"
        return noted([f"{into} = {self.text(value)}"], node.note)

    def lines_add(self, node: Add) -> list[str]:
        """a_t += ..."""
        return noted([f"{self.text(node.target)} += {self.text(node.value)}"], node.note)

    def lines_allocate(self, node: Allocate) -> list[str]:
        """np.empty((T, B, 4 * H), dtype)"""
        row = ": Any" if node.fast is not None and not node.fast.text else ""  # an array, or a list of one row
        text = f"{node.target.text}{row} = {self.array(node.axes, node.zeros)}"
        if node.fast is not None and node.fast.text:
            return [f"{text} if {self.condition} else {node.fast.text}"]
        if node.fast is not None:
            return [f"{text} if {self.condition} else [{self.array(node.axes[1:], node.zeros)}] * T"]
        return [text]

    def array(self, axes: tuple[str, ...], zeros: bool) -> str:
        """A new array."""
        return f"np.{'zeros' if zeros else 'empty'}(({', '.join(axes)}), dtype)"

    def lines_split(self, node: Split) -> list[str]:
        """i, f, o, g = (gates[..., k * H : (k + 1) * H] for k in range(4))"""
        size, axis = bracketed(node.size), "" if node.rows else "..., "
        names = ", ".join(target.text for target in node.targets)
        if not node.rows:
            self.views.update(target.text for target in node.targets)
        if len(node.targets) > 1:
            steps = f"range({node.high})" if node.low == 0 else f"range({node.low}, {node.high})"
            return folded(f"{names} = ({node.array.text}[{axis}k * {size} : (k + 1) * {size}] for k in {steps})")
        low = f"{multiple(node.low, size)} " if node.low else ""
        return [f"{names} = {node.array.text}[{axis}{low}: {multiple(node.high, size)}]"]

    def lines_choose(self, node: Choose) -> list[str]:
        """if precise: ... else: ..."""
        branches = [[f"if {self.condition}:", *indented(self.lines(node.precise))]]
        branches += [["else:", *indented(self.lines(node.fast))]] if node.fast else []
        return [line for branch in branches for line in branch]

    def lines_remark(self, node: Remark) -> list[str]:
        """A comment."""
        return comment(node.text)

    def lines_section(self, node: Section) -> list[str]:
        """# Step by step: a, U_T -> gates, c, h"""
        flow = ", ".join(node.reads) + (f" -> {', '.join(node.gives)}" if node.gives else "")
        return [*comment(f"{node.title}: {flow}" if flow else node.title), *self.lines(node.body)]

    def lines_loop(self, node: Loop) -> list[str]:
        """for gates_t, h_prev in zip(gates, h[:-1]): ..."""
        return [*self.loop_head(node), *indented(self.lines(node.body))]

    def loop_head(self, node: Loop) -> list[str]:
        """The line that binds the rows of one step to their names."""
        end = "[::-1]" if node.backwards else ""
        rows = {name: self.text(array) + end for name, array in node.rows.items()}
        if not rows:
            return ["for _ in range(T):"]
        names, arrays = ", ".join(rows), ", ".join(rows.values())
        if len(rows) == 1:
            return [f"for {names} in {arrays}:"]
        line = f"for {names} in zip({arrays}, strict=True):"
        return [line] if len(line) <= WIDTH else folded(f"for ({names}) in zip({arrays}, strict=True):", indent=8)

    def lines_return(self, node: Return) -> list[str]:
        """return y, state, tape"""
        return folded(f"return {self.text(node.value)}")


def _together(node: Node) -> object:
    """What statements that are printed as one have in common, None for one that stands alone."""
    match node:
        case Allocate(fast=None):
            return "array", node.axes, node.zeros
        case Assign(value=Field(record=record, is_scalar=False), note=""):
            return "read", record
        case Fill(target=Steps(which="first"), value=Field()):
            return "first"
        case Assign(value=Steps(which="first"), note=""):
            return "received"
    return None


def comment(text: str) -> list[str]:
    """A comment, in as many lines as it takes."""
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def noted(lines: list[str], note: str) -> list[str]:
    """Statements with what they compute: beside a short one, above others."""
    lines = [part for line in lines for part in folded(line)]
    if not note:
        return lines
    if len(lines) == 1 and len(lines[0]) + len(note) + 4 <= WIDTH:
        return [f"{lines[0]}  # {note}"]
    return [*comment(note), *lines]


def indented(lines: Iterable[str]) -> list[str]:
    """The lines of a block."""
    return [f"    {line}" if line else line for line in lines]


def bracketed(size: str) -> str:
    """A symbolic size, in brackets if it is a sum or a multiple."""
    return f"({size})" if is_composed(size) else size


def multiple(count: int, size: str) -> str:
    """3 * H, or H."""
    return size if count == 1 else f"{count} * {size}"


def choices(nodes: Iterable[Node], condition: str) -> list[str]:
    """The functions that the code calls in the form that the caller chooses, and the choice."""
    found = [node for top in nodes for node in top.below()]
    open_form = [node for node in found if isinstance(node, Elementwise) and node.exact is None]
    chosen = any(calls_chosen(node.expression, node.constants) for node in open_form)
    names = (["sigmoid"] if chosen else []) + (["complement"] if any(isinstance(n, Complement) for n in found) else [])
    return [f"{name} = _{name}_precise if {condition} else _{name}" for name in names]
