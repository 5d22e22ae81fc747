"""The nodes of code as NumPy source: a table of those that are one form each, a case for each of the others."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from lstm_sym.emit import nodes as n
from lstm_sym.emit.numpy.layout import WIDTH, folded
from lstm_sym.emit.numpy.scalar import BARE, NumPyPrinter, calls_chosen
from lstm_sym.emit.scalar import filled, literal
from lstm_sym.equations.sizes import bracketed
from lstm_sym.program.values import Value

TEXTS: Mapping[type[n.Node], str] = {
    n.Name: "{text}",
    n.Complement: "complement({gate}, {argument})",
    n.Sum: "{left} + {right}",
    n.Weighted: "{weight} * {operand}",
    n.Transposed: "np.ascontiguousarray({matrix}.T)",
    n.Packed: "np.concatenate(({parts}))",
    n.Stacked: "np.concatenate(({parts}), axis=-1)",
    n.Outer: "_outer({left}, {right})",
    n.Full: "np.full(({axes}), {value}, dtype)",
    n.ZerosLike: "np.zeros_like({operand})",
    n.Copy: "{operand}.copy()",
    n.Record: "{name}({fields})",
    n.Together: "{parts}",
}
"""Kind of node -> its text, with places for the fields of the node."""
_STEPS = {"previous": "[:-1]", "current": "[1:]", "first": "[0]", "last": "[T]"}


class CodePrinter:
    """Prints nodes.

    `condition` holds in the precise form; `records` are the fields of those records that can be taken apart as a whole;
    `empty` is what makes an array.
    """

    sums: ClassVar[Mapping[bool, str]] = {True: "np.asarray({}.sum())", False: "_over_time({})"}
    """Sums over time and batch: over units too, to one number, or not."""
    texts: ClassVar[Mapping[type[n.Node], str]] = TEXTS
    product: ClassVar[str] = "{} @ {}"
    """A product of a row."""
    bare: ClassVar[bool] = False
    """Whether functions of NumPy are called by their bare names."""

    def __init__(
        self, condition: str = "precise", records: Mapping[str, tuple[str, ...]] | None = None, empty: str = "np.empty"
    ) -> None:
        self.condition, self.records, self.empty = condition, records or {}, empty
        self.views: set[str] = set()

    # Expressions

    def text(self, node: n.Node) -> str:
        """An expression."""
        match node:
            case n.Number(value=value):
                return literal(value)
            case n.Field():
                return f"{node.record}.{node.name}" + (".reshape(1)" if node.is_scalar else "")
            case n.Steps():
                return node.array.text + _STEPS[node.which]
            case n.Elementwise():
                return self.scalar(node).print(node.expression)
            case n.Sum(sign=-1):
                return f"{self.text(node.left)} - ({self.text(node.right)})"
            case n.Scaled(coefficient=coefficient, operand=operand):
                text = self.text(operand) if isinstance(operand, n.Outer | n.OverTime) else f"({self.text(operand)})"
                return f"-{text}" if coefficient == -1 else f"{float(coefficient)!r} * {text}"
            case n.Product():
                left, matrix = self.text(node.left), self.matrix(node)
                return f"_times({left}, {matrix})" if node.over_time else self.product.format(left, matrix)
            case n.Mapped():
                return self.mapped(node)
            case n.Largest():
                return f"_largest{'_share' * node.share}({self.text(node.operand)})"
            case n.OverTime():
                text = self.text(node.operand)
                weighted = text if node.weight is None else f"({text} * {self.text(node.weight)})"
                return self.sums[node.units].format(weighted)
            case n.Extent(rule=rule):
                array = f"{rule.record}.{rule.array}" if rule.record else rule.array
                text = " - ".join([f"{array}.shape[{rule.axis}]", *rule.others])
                return text if rule.divisor == 1 else (f"({text})" if rule.others else text) + f" // {rule.divisor}"
        return filled(self.texts[type(node)], node, self.text)

    def listed(self, nodes: Iterable[n.Node]) -> str:
        """Expressions with commas."""
        return ", ".join(map(self.text, nodes))

    def matrix(self, node: n.Product) -> str:
        """The matrix that rows are multiplied with."""
        return self.text(node.matrix) + (".T" if node.transposed else "")

    def scalar(self, node: n.Elementwise) -> NumPyPrinter:
        """The printer of an expression over these operands."""

        def refer(value: Value) -> str:
            return self.text(node.operands[value.symbol])

        return NumPyPrinter(node.values, refer, node.constants, node.exact, self.bare)

    def mapped(self, node: n.Mapped) -> str:
        """A part of a stack is copied out of it."""
        operator, operand = node.operator, self.text(node.operand)
        if operator.kind == "part":
            start = " + ".join(operator.before) or "0"
            return f"{operand}[..., {start} : {' + '.join((*operator.before, operator.shape[1]))}].copy()"
        if operator.kind == "repeat" and not node.transposed:
            return f"np.repeat({operand}, {operator.count}, axis=-1)"
        if operator.kind == "repeat":
            return f"_run_sums({operand}, {operator.count})"
        return f"_{operator.kind}_of({operand})"

    # Statements

    def lines(self, nodes: Iterable[n.Node]) -> list[str]:
        """Statements; those of a row that read one record, or make arrays of one shape, are one line."""
        lines: list[str] = []
        for key, group in groupby(nodes, key=_together):
            found = list(group)
            if key is None or len(found) == 1:
                lines += [line for node in found for line in self.statement(node)]
            elif isinstance(found[0], n.Allocate):
                names = ", ".join(node.target.text for node in found if isinstance(node, n.Allocate))
                lines += folded(f"{names} = ({self.array(found[0].axes, found[0].zeros)} for _ in range({len(found)}))")
            else:
                pairs = [(node.target, node.value) for node in found if isinstance(node, n.Assign | n.Fill)]
                lines += self.several(*zip(*pairs, strict=True))
        return lines

    def several(self, targets: Sequence[n.Node], values: Sequence[n.Node]) -> list[str]:
        """x, h = tape.x, tape.h; all fields of a record in order are the record."""
        left, right = self.listed(targets), self.listed(values)
        fields = tuple(node.name for node in values if isinstance(node, n.Field))
        record = next((node.record for node in values if isinstance(node, n.Field)), "")
        if self.records.get(record) == fields:
            right = record
        return folded(f"{left} = {right}")

    def statement(self, node: n.Node) -> list[str]:
        """One statement, and the equation that it computes."""
        match node:
            case n.Assign():
                return noted([f"{node.target.text} = {self.text(node.value)}"], node.note)
            case n.Rotate():
                return folded(f"{self.listed(node.targets)} = {self.listed(node.values)}")
            case n.Fill():
                return noted(self.fill(node), node.note)
            case n.Add():
                return noted([f"{self.text(node.target)} += {self.text(node.value)}"], node.note)
            case n.Allocate():
                return [self.allocated(node)]
            case n.Split():
                return self.split(node)
            case n.Choose():
                fast = ["else:", *indented(self.lines(node.fast))] if node.fast else []
                return [f"if {self.condition}:", *indented(self.lines(node.precise)), *fast]
            case n.Remark():
                return comment(node.text)
            case n.Section():
                flow = ", ".join(node.reads) + (f" -> {', '.join(node.gives)}" if node.gives else "")
                return [*comment(f"{node.title}: {flow}" if flow else node.title), *self.lines(node.body)]
            case n.Loop():
                return [*self.loop_head(node), *indented(StepPrinter(self.condition).lines(node.body))]
            case n.SharedTanh():
                return self.shared_tanh(node)
            case n.Return():
                return folded(f"return {self.text(node.value)}")
        raise TypeError(f"{type(node).__name__} is no statement")

    def fill(self, node: n.Fill) -> list[str]:
        """Into the memory that is there, without a copy where NumPy allows it."""
        target, value = self.text(node.target), node.value
        if isinstance(value, n.Elementwise):
            scalar = self.scalar(value)
            return (
                scalar.in_place(value.expression, target) if node.over_time else [scalar.into(value.expression, target)]
            )
        if isinstance(value, n.Product) and value.over_time and target not in self.views:
            return [f"{self.text(value)[:-1]}, out={target})"]
        into = target if isinstance(node.target, n.Steps) and node.target.which == "first" else f"{target}[...]"
        return [f"{into} = {self.text(value)}"]

    def allocated(self, node: n.Allocate) -> str:
        """np.empty((T, B, 4 * H), dtype); where the fast form keeps it for no step, a list of one row."""
        text = self.array(node.axes, node.zeros)
        if node.fast is None:
            return f"{node.target.text} = {text}"
        if node.fast.text:
            return f"{node.target.text} = {text} if {self.condition} else {node.fast.text}"
        row = self.array(node.axes[1:], node.zeros)
        return f"{node.target.text}: Any = {text} if {self.condition} else [{row}] * T"

    def array(self, axes: tuple[str, ...], zeros: bool) -> str:
        """A new array."""
        return f"{'np.zeros' if zeros else self.empty}(({', '.join(axes)}), dtype)"

    def split(self, node: n.Split) -> list[str]:
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

    def shared_tanh(self, node: n.SharedTanh) -> list[str]:
        """One call for all slots, where it costs less."""
        slots, sigmoids = self.text(node.slots), self.text(node.sigmoids)
        shared = [f"{sigmoids} *= half", f"tanh({slots}, {slots})", f"{sigmoids} *= half", f"{sigmoids} += half"]
        remark = "# σ(a) = (1 + tanh(a / 2)) / 2, for one call of tanh"
        return ["if shared:", *indented([remark, *shared]), "else:", *indented(self.lines(node.apart))]

    def loop_head(self, node: n.Loop) -> list[str]:
        """for gates_t, h_prev in zip(gates, h[:-1]): the line that binds the rows of one step to their names."""
        end = "[::-1]" if node.backwards else ""
        rows = {name: self.text(array) + end for name, array in node.rows.items()}
        if not rows:
            return ["for _ in range(T):"]
        names, arrays = ", ".join(rows), ", ".join(rows.values())
        if len(rows) == 1:
            return [f"for {names} in {arrays}:"]
        line = f"for {names} in zip({arrays}, strict=True):"
        return [line] if len(line) <= WIDTH else folded(f"for ({names}) in zip({arrays}, strict=True):", indent=8)


class StepPrinter(CodePrinter):
    """Prints the statements of a loop over time: rows are arrays, whose `dot` is quicker than `@`; names are bare."""

    product: ClassVar[str] = "{}.dot({})"
    bare: ClassVar[bool] = True


def _together(node: n.Node) -> object:
    """What statements that are printed as one have in common, None for one that stands alone."""
    match node:
        case n.Allocate(fast=None):
            return "array", node.axes, node.zeros
        case n.Assign(value=n.Field(record=record, is_scalar=False), note=""):
            return "read", record
        case n.Fill(target=n.Steps(which="first"), value=n.Field()):
            return "first"
        case n.Assign(value=n.Steps(which="first"), note=""):
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


def multiple(count: int, size: str) -> str:
    """3 * H, or H."""
    return size if count == 1 else f"{count} * {size}"


def bare_names(lines: Sequence[str]) -> list[str]:
    """add, multiply, tanh = np.add, np.multiply, np.tanh: the functions of NumPy that a loop calls by their names."""
    called = {name for line in lines for name in re.findall(r"(?<![\w.])(\w+)\(", line)}
    names = [name for name in BARE if name in called]
    return [f"{', '.join(names)} = {', '.join(f'np.{name}' for name in names)}"] if names else []


def choices(nodes: Iterable[n.Node], condition: str) -> list[str]:
    """The functions that the code calls in the form that the caller chooses, and the choice."""
    found = list(n.walk(tuple(nodes)))
    open_form = [node for node in found if isinstance(node, n.Elementwise) and node.exact is None]
    chosen = any(calls_chosen(node.expression, node.constants) for node in open_form)
    names = (["sigmoid"] if chosen else []) + (
        ["complement"] if any(isinstance(node, n.Complement) for node in found) else []
    )
    lines = [f"{name} = _{name}_precise if {condition} else _{name}" for name in names]
    if any(isinstance(node, n.SharedTanh) for node in found):
        fast = "" if condition == "False" else f" and not {condition}"
        lines += [f"shared, half = dtype == np.float32{fast}, np.array(0.5, dtype)"]
    return lines
