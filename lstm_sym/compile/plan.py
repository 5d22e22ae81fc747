"""The plan of a cell: all that is decided before a line of code is printed, once for every target.

    Derivation -> Plan: programs in both forms, tapes, layout, schedules, storage, numbers of equations

Reports, kernels and every other target read it; none of them derives, schedules or chooses storage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.jacobian_reads import reads_of_jacobians
from lstm_sym.compile.known_sizes import size_rules
from lstm_sym.compile.storage import RowKey, Span, Storage, identifier
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.names import RESERVED
from lstm_sym.equations.sizes import parts_of
from lstm_sym.passes import Layout, Run, Schedule, fast, lay_out, precise, prune, save_set, schedule
from lstm_sym.passes.numbering import number_statements
from lstm_sym.passes.slope_forms import TwoForms, in_two_forms, reuse
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Statement
from lstm_sym.program.values import Role, Value

RECORDS = frozenset({"params", "state", "tape", "dstate", "params_dot", "state_dot", "dstate_dot"})
ARGUMENTS = frozenset({"x", "dy", "x_dot", "dy_dot", "precise", "workspace"})
TYPES = frozenset({"Params", "State", "Tape", "PreciseTape", "SecondTape", "Grads", "Array", "Any", "NamedTuple"})
FUNCTIONS = frozenset("sigmoid complement add subtract multiply tanh exp log sin cos sqrt".split())
LOCAL = frozenset("np t T B k dtype shared half empty advance batch run after".split())
TAKEN = LOCAL | FUNCTIONS | RECORDS | ARGUMENTS | TYPES | RESERVED
"""What generated code calls things itself; a quantity of this name gets an underscore."""


@dataclass(frozen=True)
class LoopPlan:
    """A program over time, scheduled and placed.

    Attributes:
        schedule: what runs before the loop, in it, and after it.
        storage: where each value lives.
        precisely: what stands otherwise in the precise form, target -> statement; empty where there is one form.
        lines: target -> the statement as the report prints it, where that differs.
        aliases: array -> the array that stands for it in the fast form, which does not keep it.
        scratch: values that the precise form keeps for every step, and the fast form for none.
        repeats: kinds of equations, as "F", that another function shows in full already.
        exact: whether functions are those of the precise form; None where the caller chooses.
    """

    schedule: Schedule
    storage: Storage
    precisely: Mapping[Value, Statement] = field(default_factory=dict)
    lines: Mapping[Value, Statement] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    scratch: frozenset[Value] = frozenset()
    repeats: str = ""
    exact: bool | None = None

    @property
    def program(self) -> Program:
        """What is run."""
        return self.schedule.program

    def fields(self, saved: tuple[Value, ...]) -> dict[object, str]:
        """Array key -> the name of the array that holds it, for a tape of these values, in order of definition."""
        return dict(self.storage.array(value) for value in saved)

    def widths(self, saved: tuple[Value, ...]) -> dict[str, dict[str, int]]:
        """Name of an array -> its last axis, as sizes and how often each counts."""
        return {self.storage.array(value)[1]: self.storage.width(value) for value in saved}


class Plan:
    """The plan of one cell; each part is made when it is asked for, and once.

    fused: whether loops are for a compiled target, with all that is element by element in them.
    """

    def __init__(self, derivation: Derivation, fused: bool = False) -> None:
        self.derivation, self.cell, self.fused = derivation, derivation.cell, fused
        self.program = derivation.forward

    @cached_property
    def layout(self) -> Layout:
        """Which pre-activations stand side by side."""
        return lay_out(self.program)

    @cached_property
    def tangent(self) -> Program:
        """Values and their tangents, free of cancellation."""
        return precise(self.derivation.directional, self.program)

    @cached_property
    def second(self) -> Program:
        """The backward pass and its tangents, free of cancellation: forward mode over reverse mode."""
        return prune(reuse(precise(self.derivation.second_order, self.program), self.program))

    @cached_property
    def numbers(self) -> dict[str, str]:
        """Id of a statement -> its number, F1, B1, T1, the same in reports and in code."""
        given = self.derivation
        return number_statements(self.program, given.reverse, prune(given.directional), given.second_order)

    @cached_property
    def forward_forms(self) -> TwoForms:
        """The forward pass in both forms."""
        return in_two_forms(self.program, self.program)

    @cached_property
    def backward_forms(self) -> TwoForms:
        """The backward pass in both forms."""
        forms = in_two_forms(self.derivation.reverse, self.program)
        return TwoForms(prune(forms.fast), forms.precisely)

    @cached_property
    def saved(self) -> dict[bool, tuple[Value, ...]]:
        """What the tape holds, False: in the fast form, True: in the precise one."""
        reads = {exact: self._reads(exact) for exact in (False, True)}
        anchors = self._anchors(reads[False] & reads[True])
        values = list(self.program.values())
        return {exact: tuple(v for v in values if v in read | anchors) for exact, read in reads.items()}

    @cached_property
    def tape_fields(self) -> dict[bool, dict[object, str]]:
        """Array key -> the name of a field of the tape, by form: the same names whether loops are fused or not."""
        plan = Plan(self.derivation) if self.fused else self
        return {exact: plan.forward.fields(saved) for exact, saved in plan.saved.items()}

    def _reads(self, exact: bool) -> set[Value]:
        """What backward and the Jacobians read of forward, found by liveness."""
        backward = self.backward_forms.precise if exact else self.backward_forms.fast
        return {*save_set(self.program, prune(backward)), *reads_of_jacobians(self.derivation.jacobians, exact)}

    def _anchors(self, common: set[Value]) -> set[Value]:
        """What the tape holds although no gradient needs it: T, B and the input's size are read off something."""
        cell, program = self.cell, self.program
        found: set[Value] = set()
        if not cell.parameters or all(value.time is None for value in common):
            found |= {*program.inputs, *(carry.incoming for carry in program.carries[:1])}
        # The Jacobians have rows of every state; what no parameter tells the size of is there to tell it.
        told = set(size_rules(cell))
        found |= {c.incoming for c in program.carries if not set(parts_of(c.incoming.shape[0])) <= told}
        states = {("state", name): cell.shapes[name][0] for name in cell.states}
        if cell.input and not set(parts_of(cell.input_shape[0])) <= set(size_rules(cell, states)):
            found |= set(program.inputs)
        return found

    @cached_property
    def forward(self) -> LoopPlan:
        """The forward pass: arrays as the precise form needs them, and which of them the fast form does without."""
        program, saved = self.forward_forms.fast, self.saved
        both = frozenset({*saved[False], *saved[True]})
        begun = frozenset(c.outgoing for c in program.carries if c.incoming in both) - {*self.forward_forms.precisely}
        lean, full = (self._placed(program, keep, program.inputs, begun=begun) for keep in ({*saved[False]}, both))
        aliases = {}
        for target, source in lean[1].takes_over.items():
            if full[1].root(source) == source and full[1].span(source) == full[1].span(target):
                aliases[full[1].row_home(source).name] = full[1].row_home(target).name
        scratch = frozenset(value for value in full[0].stored - lean[0].stored if full[1].place(value) is None)
        lines = {s.target: s for s in self.program.statements}
        return LoopPlan(*full, self.forward_forms.precisely, lines, aliases, scratch)

    @cached_property
    def backward(self) -> LoopPlan:
        """The backward pass, given the tape."""
        program = self.backward_forms.fast
        given = (*program.inputs, *self.saved[True])
        spans = self.forward.storage.spans_of({*self.saved[False], *self.saved[True]})
        lines = {s.target: s for s in fast(self.derivation.reverse).statements}
        return LoopPlan(*self._placed(program, frozenset(), given, spans), self.backward_forms.precisely, lines)

    @cached_property
    def second_saved(self) -> tuple[Value, ...]:
        """What the second-order backward pass reads of values and tangents."""
        return save_set(self.tangent, self.second)

    @cached_property
    def forward_tangent(self) -> LoopPlan:
        """Values and tangents, and all that the second-order backward pass reads of them."""
        saved = frozenset(self.second_saved)
        program = prune(self.tangent, saved)
        return LoopPlan(*self._placed(program, saved, self.tangent.inputs), repeats="F", exact=True)

    @cached_property
    def backward_tangent(self) -> LoopPlan:
        """Adjoints and their tangents, given the tape of values and tangents."""
        spans = self.forward_tangent.storage.spans_of(self.second_saved)
        return LoopPlan(*self._placed(self.second, frozenset(), self.second.inputs, spans), repeats="B", exact=True)

    @cached_property
    def step(self) -> LoopPlan:
        """One step of the cell by itself."""
        return one_step(self.program, self.cell)

    @cached_property
    def stream(self) -> LoopPlan:
        """Steps as they come, in the fast form: what shares an operand is one product, and nothing is stored.

        Compiled code has an array for what comes in, and for what it gives out, if that is no state.
        """
        program = self.forward_forms.fast
        sent = {carry.outgoing for carry in program.carries}
        given, kept = (program.inputs, {*program.outputs} - sent) if self.fused else ((), set[Value]())
        plan = schedule(program, self.layout, frozenset(kept), self.fused, streamed=True)
        reserved = (TAKEN - {"x"}) | {"x_t"} | set(self.cell.size_names)
        lines = {s.target: s for s in self.program.statements}
        return LoopPlan(plan, Storage(plan, frozenset(given), reserved, {}), lines=lines, exact=False)

    def _placed(
        self,
        program: Program,
        keep: Iterable[Value],
        given: tuple[Value, ...],
        spans: Mapping[RowKey, Span] | None = None,
        begun: frozenset[Value] = frozenset(),
    ) -> tuple[Schedule, Storage]:
        """A program scheduled, and where its values live; `keep` are stored for every step, `given` come in stored.

        begun: what is stored in any case, so that sums of it may be begun before the loop.
        """
        plan = schedule(program, self.layout, frozenset(keep), self.fused, frozenset() if self.fused else begun)
        arguments = {identifier(value) for value in program.inputs if _is_argument(value)}
        reserved = (TAKEN - (arguments & ARGUMENTS)) | set(self.cell.size_names)
        return plan, Storage(plan, frozenset(given), reserved, spans or {})


def one_step(program: Program, cell: Cell) -> LoopPlan:
    """One step of a program, statement by statement, nothing fused and nothing stored; sums over time come last."""
    sums = tuple(Run((s,)) for s in program.statements if isinstance(s, Accumulate))
    runs = tuple(Run((s,)) for s in program.statements if not isinstance(s, Accumulate))
    plan = Schedule(program, Layout((), {}), (), runs, sums, frozenset(), frozenset())
    reserved = (TAKEN - {"x", "dy"}) | set(cell.size_names)
    return LoopPlan(plan, Storage(plan, frozenset(), reserved, {}), exact=False)


def _is_argument(value: Value) -> bool:
    """Whether a value is an argument of the function by its own name: the input, the cotangent, their tangents."""
    return value.name in ("dy", "dy_dot") or Role.INPUT in (value.role, value.of and value.of.role)
