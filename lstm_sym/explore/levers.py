"""What a reader can move in a cell, read off its equations: the bias of each gate, and the recurrent weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.derivation.roles import Roles, reached
from lstm_sym.equations.functions import hard_sigmoid, sigmoid
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Affine, Pointwise
from lstm_sym.program.values import Value

PUSHED = 20.0
"""What is added to the bias of a gate that is held open: 1 - sigmoid(20) is 2e-9."""


@dataclass(frozen=True)
class Lever:
    """A gate that its bias moves.

    Attributes:
        gate: the gate.
        bias: the parameter that moves it.
        sign: 1 where a larger bias opens it, -1 where it closes it.
        holds: whether it can be held near 1 and near 0: a sigmoid can, an exponential cannot.
        keeps: of a forget gate, whether the state is kept where it is open; None for any other gate.
        writes: whether a state that a forget gate keeps is written through it, in the same step.
    """

    gate: Value
    bias: str
    sign: int
    holds: bool
    keeps: bool | None
    writes: bool


class Levers:
    """The levers of a cell; each is found when it is asked for."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.program = derivation, derivation.forward
        self.roles: Roles = derivation.roles

    @cached_property
    def gates(self) -> tuple[Lever, ...]:
        """The gates that a bias of their own moves, in the order of their equations."""
        found: dict[str, Lever] = {}
        for gate in self.roles.gates:
            moved = self.roles.bias_of(gate)
            if moved is not None and moved[0] not in found:
                found[moved[0]] = self._lever(gate, *moved)
        return tuple(found.values())

    @cached_property
    def fixed(self) -> tuple[str, ...]:
        """The gates that no bias moves, or none that does not move another gate."""
        moved = {lever.gate for lever in self.gates}
        return tuple(gate.name for gate in self.roles.gates if gate not in moved)

    def _lever(self, gate: Value, bias: str, sign: int) -> Lever:
        keeping = next((one.keeps for one in self.roles.forget_gates if one.name == gate.name), None)
        states = {one.state for one in self.roles.forget_gates}
        written = {value.name for value in reached(self.program.statements, (gate,)) if value.time == 0}
        expression = next(
            s.expression for s in self.program.statements if isinstance(s, Pointwise) and s.target == gate
        )
        holds = isinstance(expression, (sigmoid, hard_sigmoid))
        return Lever(gate, bias, sign, holds, keeping, keeping is None and bool(states & written))


@dataclass(frozen=True)
class Kept:
    """Where the tape has a value: units [low, high) of `parts` equal parts of an array; `first`: the row of step 1."""

    array: str
    low: int
    parts: int
    first: int


def place_on_tape(plan: Plan, value: Value) -> Kept | None:
    """Where the precise tape has a value, or the same repeated; None where backward reads neither."""
    storage, saved = plan.forward.storage, plan.saved[True]
    for kept in (value, *_repeats(plan.program, value)):
        if kept not in saved:
            continue
        home, place = storage.home(kept), storage.place(kept)
        if place is None:
            return Kept(home.name, 0, 1, int(home.kind == "states"))
        key = (place.group, place.row)
        low, high = storage.span(key)
        return Kept(storage.row_home(key).name, place.slot - low, high - low, 0)
    return None


def _repeats(program: Program, value: Value) -> list[Value]:
    """Its units repeated, for blocks of cells that share a gate."""
    found = []
    for statement in program.statements:
        if isinstance(statement, Affine) and len(statement.terms) == 1:
            (term,) = statement.terms
            if term.operand == value and term.operator is not None and term.operator.kind == "repeat":
                found.append(statement.target)
    return found
