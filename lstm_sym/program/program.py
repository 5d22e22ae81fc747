"""A program: one step of a loop over time, in SSA form, and the checks that it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

from lstm_sym.ground.shown import Shown
from lstm_sym.program.statements import Accumulate, Affine, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Value


class ProgramError(Exception):
    """A program that breaks SSA or shapes: a defect of a rule or a pass, never of a user's cell."""


@dataclass(frozen=True)
class Carry:
    """A loop-carried value: `incoming` is known when a step starts, `outgoing` is what the step hands to the next."""

    incoming: Value
    outgoing: Value


@dataclass(frozen=True, repr=False)
class Program(Shown):
    """One time step and how steps follow each other.

    `cell` is the key of the cell; `kind` what the program computes: forward, backward, tangent, backward_tangent, ...
    `inputs` are given at every step, `carries` go from step to step, `parameters` stay, `constants` have a number;
    `direction` is +1 (t = 0 .. T-1) or -1 (t = T-1 .. 0); `outputs` are handed out at every step; every `Accumulate`
    target is summed over time.
    """

    cell: str
    kind: str
    inputs: tuple[Value, ...]
    carries: tuple[Carry, ...]
    parameters: tuple[Value, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[Value, ...]
    direction: int = 1
    constants: Mapping[Value, Fraction] = field(default_factory=dict)

    def __repr__(self) -> str:
        carried, given = (", ".join(map(str, v)) for v in ([c.incoming for c in self.carries], self.outputs))
        return f"<Program {self.name}: {len(self.statements)} statements, carries {carried}, outputs {given}>"

    def __post_init__(self) -> None:
        """Check SSA and shapes. Raises ProgramError."""
        symbols: dict[object, Value] = {}
        for value in self.values():
            if symbols.setdefault(value.symbol, value) != value:
                raise ProgramError(f"{self.name}: two values are called {value}")
        known = {*self.inputs, *self.parameters, *self.constants, *(carry.incoming for carry in self.carries)}
        for statement in self.statements:
            for value in statement.reads():
                if value not in known:
                    raise ProgramError(f"{self.name}: {statement.target} reads {value}, which is not defined above")
            if statement.target in known:
                raise ProgramError(f"{self.name}: {statement.target} is defined twice")
            check_shapes(self.name, statement)
            known.add(statement.target)
        for value in (*self.outputs, *(carry.outgoing for carry in self.carries)):
            if value not in known:
                raise ProgramError(f"{self.name}: the output {value} is never defined")

    @property
    def name(self) -> str:
        """lstm.backward."""
        return f"{self.cell}.{self.kind}"

    def statement(self, target: str) -> Statement:
        """The statement that defines the value of this name (KeyError if none does)."""
        for statement in self.statements:
            if statement.target.name == target:
                return statement
        raise KeyError(target)

    def values(self) -> Iterator[Value]:
        """Every value, in order of definition: inputs, carried, parameters, constants, then statement by statement."""
        yield from self.inputs
        yield from (carry.incoming for carry in self.carries)
        yield from self.parameters
        yield from self.constants
        yield from (statement.target for statement in self.statements)


def check_shapes(program: str, statement: Statement) -> None:
    """Shapes of a statement agree. Raises ProgramError."""
    target = statement.target.shape
    match statement:
        case Affine():
            shapes = {term_shape(term) for term in statement.terms}
        case Pointwise():
            shapes = {value.shape for value in statement.operands} - {()}
            if statement.expression.free_symbols != set(statement.symbols):
                raise ProgramError(f"{program}: operands of {statement.target} are not those of its expression")
        case Maximum():
            shapes = {statement.operand.shape}
        case Accumulate():
            shapes = {contribution_shape(statement, k) for k in range(len(statement.contributions))}
        case _:
            assert_never(statement)
    if shapes - {target}:
        raise ProgramError(f"{program}: {statement.target} {target} from {sorted(shapes)}")


def term_shape(term: Term) -> tuple[str, ...]:
    """The shape of coefficient * matrix @ operand."""
    if term.matrix is None or term.operand is None:
        value = term.operand or term.weight
        return value.shape if value else ()
    if term.is_diagonal:
        if term.matrix.shape not in ((), term.operand.shape):
            raise ProgramError(f"diag({term.matrix}) {term.operand}")
        return term.operand.shape
    shape = term.matrix.shape[::-1] if term.transposed else term.matrix.shape
    if shape[1:] != term.operand.shape:
        raise ProgramError(f"{term.matrix} {shape} @ {term.operand} {term.operand.shape}")
    return shape[:1]


def contribution_shape(statement: Accumulate, index: int) -> tuple[str, ...]:
    """The shape of one contribution: (M, N) for an outer product, () where it is summed over units, (N,) otherwise."""
    part = statement.contributions[index]
    if not statement.target.shape:
        return ()
    if part.right is not None and len(statement.target.shape) == 2:
        return (*part.left.shape, *part.right.shape)
    if part.right is not None and part.right.shape != part.left.shape:
        raise ProgramError(f"{part.left} * {part.right}")
    return part.left.shape
