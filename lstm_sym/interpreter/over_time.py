"""Programs over a sequence: all values of the forward program, and what a backward program makes of them.

Slow and obvious, like the interpreter of one step that it calls. The backward program need not be a right one, nor the
loop around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import Array, known_sizes, run_statement, run_step
from lstm_sym.interpreter.loop import Edge, Loop, Reading, Total, ordered, summed
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Role, Value

Values = dict[Value, Array]
Named = dict[str, Array]
AS_IT_SHOULD_BE = Loop()


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

    def run(self, program: Program, loop: Loop = AS_IT_SHOULD_BE) -> Run:
        """Gradients "x" (T, B, D), each parameter by its name, each initial state as "h[0]" (B, H)."""
        run = self.through_time(program, loop)
        return replace(run, gradients=self.afterwards(run.gradients))

    def through_time(self, program: Program, loop: Loop = AS_IT_SHOULD_BE) -> Run:
        """The gradients before anything is done to all of them."""
        carried = {carry.incoming: self.starting(carry.incoming, loop) for carry in program.carries}
        done: list[Values] = [{} for _ in self.steps]
        for t in reversed(range(len(self.steps))):
            done[t] = self._step(program, t, self.entering(carried), loop)
            carried = self.leaving({carry.incoming: done[t][carry.outgoing] for carry in program.carries}, t)
        gradients: Named = {}
        if program.outputs:
            steps = np.array([values[program.outputs[0]] for values in done])
            gradients["x"] = ordered(loop.totals.get(program.outputs[0], Total.SUM), steps)
        for statement in program.statements:
            if isinstance(statement, Accumulate):
                how = loop.totals.get(statement.target, Total.SUM)
                gradients[_of(statement.target)] = summed(how, statement, done, self.batch)
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

    def afterwards(self, gradients: Named) -> Named:
        """What becomes of all gradients in the end."""
        return gradients

    @property
    def is_plain(self) -> bool:
        """Whether every output is what the program makes it, and nothing is done to all of them."""
        return True

    @property
    def is_one_loop(self) -> bool:
        """Whether the gradients come from one loop over all steps."""
        return True

    @property
    def batch(self) -> int:
        """How many sequences there are at once."""
        return int(self.dy.shape[1])

    def starting(self, carried: Value, loop: Loop = AS_IT_SHOULD_BE) -> Array:
        """What arrives at the last step of a carried adjoint: the cotangent of the last state."""
        cotangent = self.dstate[_of(carried)]
        return np.zeros_like(cotangent) if carried in loop.unstarted else cotangent

    def at(self, value: Value, t: int) -> Array:
        """A value of the forward pass at step t, or what arrives there from the loss."""
        return np.asarray(self.dy[t] if is_cotangent(value) else self.steps[t][value])

    def read(self, reading: Reading, t: int) -> Array:
        """What stands for a value that is read at another step."""
        place, count = t + reading.offset, len(self.steps)
        is_there = {
            Edge.ZERO: 0 <= place < count,
            Edge.WRAPPED: True,
            Edge.LAST_ALONE: place == count - 1,
            Edge.AFTER_FIRST: place > 0,
        }
        if not is_there[reading.edge]:
            return np.zeros_like(self.at(reading.source, t))
        return self.at(reading.source, place % count)

    def _step(self, program: Program, t: int, carried: Values, loop: Loop) -> Values:
        """All values of step t."""
        forward = self.steps[t]
        values = carried | {v: forward[v] for v in (*program.inputs, *program.parameters) if v in forward}
        values |= {v: np.asarray(float(number)) for v, number in program.constants.items()}
        values |= {v: self.dy[t] for v in program.inputs if is_cotangent(v)}
        values |= {v: self.read(loop.readings[v], t) for v in program.inputs if v in loop.readings}
        for statement in program.statements:
            array = self.shaped(run_statement(statement, values), statement.target)
            values[statement.target] = self.computed(statement.target, array)
        return values

    def shaped(self, array: Array, value: Value) -> Array:
        """What a statement gave as the array of a value: the same for every unit where it is a number."""
        return np.broadcast_to(array, self._shape(value))

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


def is_cotangent(value: Value) -> bool:
    """Whether it is what arrives from the loss at every step."""
    return value.role is Role.ADJOINT and value.of is None


def _of(value: Value) -> str:
    assert value.of is not None
    return value.of.name
