"""One step of a cell and one step back, as a teacher writes them: no loop over time, nothing packed, no checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from lstm_sym.compile.known_sizes import size_rules
from lstm_sym.compile.plan import Plan, one_step
from lstm_sym.emit.nodes import Field, Node, Outer, Rotate, sizes_in
from lstm_sym.emit.numpy.copied import copied_functions, without_types
from lstm_sym.emit.numpy.layout import WIDTH, docstring, folded
from lstm_sym.emit.numpy.printer import CodePrinter, indented
from lstm_sym.emit.numpy.whitelist import check_source
from lstm_sym.emit.regions import RegionWriter
from lstm_sym.equations.sizes import parts_of
from lstm_sym.notation.text import TextNotation
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Value

_HEAD = """{name}, one step forward and one step back.

{equations}

To read: rows are sequences of a batch, weights are (rows of the result, columns of the operand), d_v is dL/dv, (B1) is
equation B1 of the derivation report, of one step. Generated from the equations by lstm_sym, not written by hand."""


_FORWARD = "One step, rows (B, N) of a batch: the output, the new states, and what the step back reads."
_BACKWARD = "One step back, from dL/dy and what arrives of the step after; gradients of parameters add up over time."


class PlainPrinter(CodePrinter):
    """Prints nodes of one step: a gradient is a sum over the batch alone."""

    sums: ClassVar[Mapping[bool, str]] = {True: "{}.sum()", False: "{}.sum(axis=0)"}

    def text(self, node: Node) -> str:
        """d_a.T @ x, where a kernel calls a function."""
        if isinstance(node, Outer):
            return f"{self.text(node.left)}.T @ {self.text(node.right)}"
        return super().text(node)


@dataclass(frozen=True, eq=False)
class StepNotation(TextNotation):
    """Equations of one step: what it adds to a sum over time."""

    forms: ClassVar[Mapping[str, str]] = {**TextNotation.forms, "summed": "{}"}


def plain_source(plan: Plan) -> str:
    """The text: deterministic, byte for byte, on every machine."""
    cell = plan.cell
    equations = "\n".join(f"    {line}" for line in cell.text.split("\n"))
    parts = [
        docstring(_HEAD.format(name=cell.name or cell.key, equations=equations)) + "\n\nimport numpy as np",
        _forward(plan),
        _backward(plan),
    ]
    if brought := copied_functions("\n".join(parts)):
        parts.append(without_types(brought))
    text = "\n\n\n".join(parts) + "\n"
    check_source(text)
    return text


def _forward(plan: Plan) -> str:
    """forward(): the output, the new states, and what backward() reads."""
    program, step = plan.program, _Step(plan, plan.program)
    receives = step.names([*program.inputs, *(c.incoming for c in program.carries)])
    gives = step.names([program.outputs[0], *(c.outgoing for c in program.carries)])
    saved = [name for name in step.names(_read(plan)) if name not in (*receives, *gives)]
    results = dict.fromkeys([*gives, *saved])
    return _function(
        "forward", [*receives, *step.parameters], "One step: rows (B, N) -> rows.", step.lines, ", ".join(results)
    )


def _backward(plan: Plan) -> str:
    """backward(): derivatives of the input, of the states before, and of the parameters."""
    program = plan.derivation.adjoint
    step = _Step(plan, program)
    arrives = [value for value in program.inputs if value.name == "dy"]
    receives = step.names([*arrives, *(c.incoming for c in program.carries), *_read(plan)])
    gradients = [step.gradients[s.target] for s in program.statements if isinstance(s, Accumulate)]
    before = step.names(program.outputs)
    results = ", ".join([*before, *gradients, *step.names(c.outgoing for c in program.carries)])
    return _function(
        "backward",
        [*receives, *step.parameters],
        _BACKWARD,
        step.lines,
        results,
    )


def _read(plan: Plan) -> list[Value]:
    """The values of the step that the step back reads, in the order of the step."""
    adjoint = plan.derivation.adjoint
    read = {value for statement in adjoint.statements for value in statement.reads()} & {*adjoint.inputs}
    return [value for value in plan.program.values() if value in read]


class _Step:
    """The statements of one step, each a line with its equation, and the parameters that they read."""

    def __init__(self, plan: Plan, program: Program) -> None:
        loop = one_step(program, plan.cell)
        self.storage = loop.storage
        writer, printer = RegionWriter(loop, plan.numbers), PlainPrinter()
        writer.notation = replace(StepNotation.of(program), by_name=True)
        regions = writer.run()
        bound = [*writer.parameters.bound.values()]
        nodes: list[Node] = [a for a in bound if not isinstance(a.value, Field)]
        nodes += [node for node in (*regions.loop, *regions.after) if not isinstance(node, Rotate)]
        fields = {a.value.name: a.target.text for a in bound if isinstance(a.value, Field)}
        sizes = {part for size in sizes_in(nodes) for part in parts_of(size)}
        rules = {name: rule for name, rule in size_rules(plan.cell).items() if name in sizes}
        fields |= {rule.array: fields.get(rule.array, rule.array) for rule in rules.values()}
        self.parameters = [fields[name] for name in plan.cell.parameters if name in fields]
        told = [f"{name} = {fields[rule.array]}.shape[{rule.axis}]" for name, rule in rules.items()]
        self.lines = [*told, *printer.lines(nodes)]
        self.gradients = self.storage.names.given

    def names(self, values: Iterable[Value]) -> list[str]:
        """What the lines call these values, each once."""
        return [*dict.fromkeys(self.storage.home(value).name for value in values)]


def _function(name: str, arguments: list[str], text: str, lines: list[str], results: str) -> str:
    """def name(arguments): ... return results"""
    head = folded(f"def {name}({', '.join(arguments)}):", indent=8)
    end = f"return {results}"
    last = folded(end if len(end) <= WIDTH else f"return ({results})")
    return "\n".join([*head, *indented([f'"""{text}"""', *lines, *last])])
