"""Programs over a sequence: all values of the forward program, and what a backward program makes of them.

Slow and obvious, like the interpreter of one step that it calls. The backward program need not be a right one:
`Backward` runs rewritten programs too, and computes again only what a rewrite can change.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import Array, known_sizes, run_statement, run_step
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Role, Value

Values = dict[Value, Array]
Named = dict[str, Array]


class Total(enum.Enum):
    """How the gradient of a parameter is made of what each step (1 .. T) and each sequence (1 .. B) contributes."""

    SUM = "sum over time and batch"
    FIRST_STEP = "the first step alone, which the loop of the backward pass reaches last"
    LAST_STEP = "the last step alone, which the loop of the backward pass reaches first"
    BATCH_MEAN = "mean over the batch"
    TIME_MEAN = "mean over time"


def run_forward(program: Program, x: Array, params: Mapping[str, Array], state: Mapping[str, Array]) -> list[Values]:
    """All values of all steps: x (T, B, D), parameters and initial state by name."""
    parameters = {value: params[value.name] for value in program.parameters}
    carried = {carry.incoming: state[carry.incoming.name] for carry in program.carries}
    steps = []
    for x_t in x:
        values = run_step(program, {**parameters, **carried, **dict.fromkeys(program.inputs, x_t)})
        carried = {carry.incoming: values[carry.outgoing] for carry in program.carries}
        steps.append(values)
    return steps


@dataclass(frozen=True)
class Run:
    """A backward program that has been run: its values by step, and the gradients it gives."""

    program: Program
    steps: list[Values]
    gradients: Named


@dataclass(frozen=True)
class Backward:
    """What every backward program over one sequence is given.

    steps: the values of the forward program; dy (T, B, H); dstate: cotangents of the last state, by name.
    """

    steps: Sequence[Values]
    dy: Array
    dstate: Mapping[str, Array]

    def run(self, program: Program, totals: Mapping[Value, Total] | None = None, base: Run | None = None) -> Run:
        """Gradients "x" (T, B, D), each parameter by its name, each initial state as "h[0]" (B, H).

        totals: how a parameter's gradient is summed, where it is not as it should be. base: a run of another program
        over the same sequence, from which every value is taken that the difference between the two cannot change.
        """
        touched = _touched(program, base.program if base else None)
        carried = {carry.incoming: self.dstate[_of(carry.incoming)] for carry in program.carries}
        done: list[Values] = [{} for _ in self.steps]
        for t in reversed(range(len(self.steps))):
            known = base.steps[t] if base else {}
            done[t] = self._step(program, t, {**known, **self.entering(carried)}, touched)
            carried = self.leaving({carry.incoming: done[t][carry.outgoing] for carry in program.carries}, t)
        gradients: Named = {}
        if program.outputs:
            gradients["x"] = np.array([values[program.outputs[0]] for values in done])
        for statement in program.statements:
            if isinstance(statement, Accumulate):
                how = (totals or {}).get(statement.target, Total.SUM)
                parts = np.array([values[statement.target] for values in done])
                gradients[_of(statement.target)] = _total(how, parts, self.dy.shape[1])
        return Run(program, done, gradients | {f"{_of(value)}[0]": array for value, array in carried.items()})

    def computed(self, value: Value, array: Array) -> Array:
        """A value of a step as it is read from there on; whoever means to do otherwise overrides this."""
        return array

    def entering(self, carried: Values) -> Values:
        """The carried adjoints as they arrive at a step."""
        return carried

    def leaving(self, carried: Values, step: int) -> Values:
        """The carried adjoints as a step sends them to the one before."""
        return carried

    def _step(self, program: Program, t: int, known: Values, touched: set[Value]) -> Values:
        """All values of step t; `known` has the carried adjoints, and those of another run for what is not touched."""
        forward = self.steps[t]
        values = known | {v: forward[v] for v in (*program.inputs, *program.parameters) if v in forward}
        values |= {v: np.asarray(float(number)) for v, number in program.constants.items()}
        values |= {v: self.dy[t] for v in program.inputs if v.role is Role.ADJOINT and v.of is None}
        for statement in program.statements:
            target = statement.target
            if target in touched:
                array = np.broadcast_to(run_statement(statement, values), self._shape(target))
                values[target] = self.computed(target, array)
        return values

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """The number behind each symbolic size, read off the arrays."""
        return known_sizes(self.steps[0]) if self.steps else {}

    def _shape(self, value: Value) -> tuple[int, ...]:
        """The shape of a value's array: a row for every sequence, unless it has no time."""
        shape = tuple(number_of(name, self._sizes) for name in value.shape)
        return shape if value.time is None else (self.dy.shape[1], *shape)


ROUNDING = 1e-7
"""A gradient below this share of the largest one of a short sequence is rounding: that of a state that cancels, say."""


def deviations(found: Mapping[str, Array], right: Mapping[str, Array]) -> dict[str, float]:
    """Name -> max |found - right| / max |right|, over the names found; infinite where something is not finite.

    Where a gradient is rounding beside the others, the error is relative to the smallest size that is none.
    """
    largest = max((float(np.abs(value).max(initial=0)) for value in right.values()), default=0.0)
    errors = {}
    for name, value in found.items():
        size = max(float(np.abs(right[name]).max(initial=0)), ROUNDING * largest)
        difference = float(np.abs(value - right[name]).max(initial=0)) if np.isfinite(value).all() else np.inf
        errors[name] = difference / size if size else (0.0 if difference == 0 else np.inf)
    return errors


def _of(value: Value) -> str:
    assert value.of is not None
    return value.of.name


def _total(how: Total, parts: Array, batch: int) -> Array:
    """Contributions of each step (T, ...), summed over the batch already, made one gradient."""
    match how:
        case Total.FIRST_STEP:
            return np.asarray(parts[0])
        case Total.LAST_STEP:
            return np.asarray(parts[-1])
        case Total.BATCH_MEAN:
            return np.asarray(parts.sum(axis=0) / batch)
        case Total.TIME_MEAN:
            return np.asarray(parts.mean(axis=0))
    return np.asarray(parts.sum(axis=0))


def _touched(program: Program, base: Program | None) -> set[Value]:
    """The targets whose values may differ from those of `base`: rewritten, or fed by what is, through time."""
    if base is None:
        return {statement.target for statement in program.statements}
    known = set(map(id, base.statements))
    touched = {statement.target for statement in program.statements if id(statement) not in known}
    reads = [(statement.target, frozenset(statement.reads())) for statement in program.statements]
    size = -1
    while size != len(touched):
        size = len(touched)
        touched |= {carry.incoming for carry in program.carries if carry.outgoing in touched}
        for target, values in reads:
            if not touched.isdisjoint(values):
                touched.add(target)
    return touched
