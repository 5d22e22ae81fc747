"""One derived program over time as a function: lax.scan of its step, and the sums of its rows after the loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lstm_sym.compile.known_sizes import size_rules
from lstm_sym.compile.plan import ARGUMENTS, TAKEN, LoopPlan, Plan, one_step
from lstm_sym.compile.storage import Storage, identifier
from lstm_sym.emit import nodes as n
from lstm_sym.emit.jax.printer import JaxPrinter
from lstm_sym.emit.jax.stacks import Stacks, columns, is_joinable
from lstm_sym.emit.numpy.layout import WIDTH, docstring, folded
from lstm_sym.emit.numpy.printer import indented
from lstm_sym.emit.regions import RegionWriter
from lstm_sym.equations.sizes import parts_of
from lstm_sym.ground.groups import grouped
from lstm_sym.passes import Run
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Statement
from lstm_sym.program.values import Role, Value

_OWN = frozenset({"jax", "jnp", "lax", "batch", "body", "carry", "row"})
"""What the functions of the module call things, beside what every kernel does."""


@dataclass(frozen=True)
class Words:
    """What a function is called, what it takes, in words what it computes.

    begins: what each carried value is at the first step, and what its tangent is; "{}" is the name of the state.
    repeats: kinds of equations, as "F", that another function shows in full already.
    """

    name: str
    arguments: tuple[str, ...]
    text: str
    begins: tuple[str, str]
    repeats: str = ""


class ScanFunction:
    """The text of one function over time."""

    def __init__(self, plan: Plan, program: Program, words: Words) -> None:
        self.plan, self.program, self.words = plan, program, words
        loop = _loop(program, plan, words.repeats)
        self.storage, self.writer, self.printer = loop.storage, RegionWriter(loop, plan.numbers), JaxPrinter()
        self.writer.parameters.copied = True  # XLA transposes a matrix anew at each step
        self.stacks = Stacks(self.writer)

    def name(self, value: Value) -> str:
        """What the function calls a value, of one step and of all."""
        return self.storage.home(value).name

    def names(self, values: Iterable[Value]) -> list[str]:
        """The same of several."""
        return [self.name(value) for value in values]

    @cached_property
    def given(self) -> list[Value]:
        """The inputs that a statement reads; those of the tape in the order in which the tape holds them."""
        read = {value for statement in self.program.statements for value in statement.reads()}
        return [value for value in self.program.inputs if value in read]

    @property
    def tape(self) -> list[Value]:
        """What the function reads of a pass before it."""
        return [value for value in self.given if not is_argument(value)]

    def receive(self, ahead: ScanFunction) -> None:
        """Take the stacks of a tape as the function before hands them out."""
        for stack in ahead.stacks.within(self.tape):
            self.stacks.add(stack.values)

    def lines_of(self, statements: Iterable[Statement], in_loop: bool = True) -> list[n.Node]:
        """Statements in order, products of the same operands together."""
        nodes: list[n.Node] = []
        for family in grouped(statements, columns).values():
            first, affine = family[0], [statement for statement in family if isinstance(statement, Affine)]
            if len(family) > 1:
                nodes += self.stacks.together(affine)
            elif affine and any(map(is_joinable, affine[0].terms)):
                nodes += self.stacks.joined(affine[0], [*self.program.values()], in_loop)
            else:
                nodes += [_widened(node, first) for node in self.writer.region(Run((first,)), in_loop=in_loop)]
        return nodes

    def late(self, steps: Sequence[Statement]) -> list[Statement]:
        """The products that no step waits for: of all steps at once they are one product, after the loop."""
        found: list[Statement] = []
        read = {carry.outgoing for carry in self.program.carries}
        for statement in reversed(steps):
            has_product = isinstance(statement, Affine) and any(map(is_joinable, statement.terms))
            if has_product and statement.target not in read:
                found.insert(0, statement)
            else:
                read.update(statement.reads())
        return found

    def source(self, handed: Sequence[Value], result: Callable[[], str]) -> str:
        """The function: `handed` is what it hands out of all steps, `result` what it gives back."""
        statements = self.program.statements
        sums = [s for s in statements if isinstance(s, Accumulate)]
        before = self.lines_of(s for s in statements if s.target.time is None and not isinstance(s, Accumulate))
        steps = [s for s in statements if s.target.time is not None]
        late = self.late(steps)
        in_loop = {value for statement in steps if statement not in late for value in statement.reads()}
        rows = [value for value in self.given if value in in_loop and value.time is not None]
        loop = [*self.stacks.split(self.stacks.within(rows)), *self.lines_of(s for s in steps if s not in late)]
        after = [*self.lines_of(late, in_loop=False), *self.stacks.sums(sums)]
        there = {*self.given, *(statement.target for statement in late)}
        read = (value for statement in (*late, *sums) for value in statement.reads())
        out = [*dict.fromkeys(v for v in (*handed, *read) if v.time is not None and v not in there)]
        named = n.names_in(after)
        apart = [stack for stack in self.stacks.known if any(self.name(value) in named for value in stack.values)]
        after = [*self.stacks.split(apart), *after]
        body = [
            *_unpacked(self.names(c.incoming for c in self.program.carries), "carry"),
            *_unpacked(self.stacks.handed(rows), "row"),
            *self.printer.lines(loop),
            *folded(
                f"return {tuple_of(self.names(c.outgoing for c in self.program.carries))}, "
                f"{tuple_of(self.stacks.handed(out))}"
            ),
        ]
        ending = ", reverse=True" if self.program.direction < 0 else ""
        given = tuple_of(self.stacks.handed(rows))
        call = f"lax.scan(body, {tuple_of(self.begins)}, {given}, length=x.shape[0]{ending})"
        lines = [
            *self.begun((*before, *loop, *after)),
            *self.printer.lines(before),
            "",
            "def body(carry: Any, row: Any) -> Any:",
            *indented(body),
            "",
            *folded(f"carry, {tuple_of(self.stacks.handed(out)) if out else '_'} = {call}"),
            *self.printer.lines(after),
            *folded(f"return {result()}"),
        ]
        arguments = ", ".join(f"{name}: Any" for name in self.words.arguments)
        head = folded(f"def {self.words.name}({arguments}) -> Any:")
        return "\n".join([*head, *indented([docstring(self.words.text), *lines])])

    def begun(self, nodes: tuple[n.Node, ...]) -> list[str]:
        """Sizes, parameters, what is given under the names of the cell, and the tape taken apart."""
        lines = [f"{name} = {text}" for name, text in self.sizes(nodes).items()]
        if any(isinstance(node, n.Full) for node in n.walk(nodes)):
            lines.append("batch, dtype = x.shape[1:-1], x.dtype")
        lines += self.printer.lines(self.writer.parameters.bound.values())
        arguments = ((argument_of(value), self.name(value)) for value in self.given if is_argument(value))
        lines += [f"{name} = {argument}" for argument, name in arguments if name != argument]
        return lines + _unpacked(self.stacks.handed(self.tape), "tape")

    def sizes(self, nodes: tuple[n.Node, ...]) -> dict[str, str]:
        """The sizes that the code speaks of, and what tells each."""
        rules = known_sizes(self.plan, "dstate" if "dstate" in self.words.arguments else "state")
        wanted = {part for size in n.sizes_in(nodes) for part in parts_of(size)}
        return {name: text for name, text in rules.items() if name in wanted}

    @property
    def begins(self) -> list[str]:
        """What each carried value is at the first step."""
        return [self.words.begins[is_tangent(c.incoming)].format(source_of(c.incoming)) for c in self.program.carries]

    def states(self, tangents: bool = False) -> str:
        """State(carry[0], ...): what is carried for each state at the end, or its tangent."""
        places = {
            source_of(c.incoming): k for k, c in enumerate(self.program.carries) if is_tangent(c.incoming) == tangents
        }
        return f"State({', '.join(f'carry[{places[name]}]' for name in self.plan.cell.states)})"

    def parameters(self) -> str:
        """Params(d_W, ...): the sum over time of each parameter."""
        found = {source_of(s.target): s.target for s in self.program.statements if isinstance(s, Accumulate)}
        given = self.storage.names.given
        return f"Params({', '.join(given[found[name]] for name in self.plan.cell.parameters)})"


def _loop(program: Program, plan: Plan, repeats: str) -> LoopPlan:
    """The program, one statement after the other, with names that are free in the module."""
    arguments = {identifier(value) for value in program.inputs if is_argument(value)}
    reserved = (TAKEN - (arguments & ARGUMENTS)) | _OWN | set(plan.cell.size_names)
    loop = replace(one_step(program, plan.cell), exact=True, repeats=repeats)
    return replace(loop, storage=Storage(loop.schedule, frozenset(), reserved, {}))


def known_sizes(plan: Plan, state: str) -> dict[str, str]:
    """Size -> what tells it: a parameter, else a state, else the input."""
    cell = plan.cell
    others = {(state, name): cell.shapes[name][0] for name in cell.states}
    others |= {("", "x"): cell.input_shape[0]} if cell.input else {}
    rules = size_rules(cell, others)
    return {name: JaxPrinter().text(n.Extent(rule)) for name, rule in rules.items()}


def is_argument(value: Value) -> bool:
    """Whether a value is an argument by itself: the input, the cotangent, a tangent of one."""
    return value.name in ("dy", "dy_dot") or Role.INPUT in (value.role, value.of and value.of.role)


def argument_of(value: Value) -> str:
    """x, x_dot, dy: what functions call an argument, whatever the cell calls it; dy stays where the others move."""
    if value.name in ("dy", "dy_dot"):
        return "dy" if value.name == "dy" else "jnp.zeros_like(dy)"
    return "x" if value.role is Role.INPUT else "x_dot"


def is_tangent(value: Value) -> bool:
    """Whether a value is the tangent of another."""
    return value.role is Role.TANGENT


def source_of(value: Value) -> str:
    """The state that a carried value belongs to, the parameter whose gradient one is."""
    while value.of is not None:
        value = value.of
    return value.name


def tuple_of(names: Sequence[str]) -> str:
    """(a, b), (a,), ()"""
    return f"({', '.join(names)}{',' * (len(names) == 1)})"


def _widened(node: n.Node, statement: Statement) -> n.Node:
    """A line of what reads nothing of a step, though it has a value at each, as wide as the batch."""
    timeless = all(value.time is None for value in statement.reads())
    if not (isinstance(node, n.Assign) and timeless and statement.target.time is not None):
        return node
    value = node.value.value if isinstance(node.value, n.Full) else node.value
    return replace(node, value=n.Full(("B", *statement.target.shape), value))


def _unpacked(names: Sequence[str], source: str) -> list[str]:
    """a, b = source"""
    if not names:
        return []
    line = f"{', '.join(names)} = {source}"
    return [line] if len(names) > 1 and len(line) <= WIDTH else folded(f"{tuple_of(names)} = {source}")
