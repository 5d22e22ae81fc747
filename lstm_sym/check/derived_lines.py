"""Every derived line by itself: its value against an independent numeric derivative of the forward program.

The adjoint of a value v at step t is dL/dv[t]. So v[t] is shifted by i h, element by element, after the statement that
defines it, and the imaginary part of the loss over h must be the adjoint. Nothing of reverse mode takes part in that.
Tangents are compared with one complex step along the direction, slopes with one of the function, Jacobians by
columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.check.case import Array, Case, random_case
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.check.maps import Blocks, Values, along, dense, stage_matrix
from lstm_sym.check.result import relative_error
from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation.branches import Guards
from lstm_sym.derivation.linear_map import LinearMap
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import evaluate, run_statement, run_step
from lstm_sym.interpreter.magnitude import magnitudes
from lstm_sym.interpreter.over_time import Backward
from lstm_sym.program import arithmetic
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Maximum, Pointwise, Statement
from lstm_sym.program.values import Role, Value, slope

STEP = 1e-30
STEPS, WATCHED = 3, 1
CASE = {"steps": STEPS, "batch": 2, "inputs": 2, "hidden": 3}
SEED = 11
"""What every line is checked on: random numbers of these sizes, in float64."""
CANCELLED = 1e-12


@dataclass(frozen=True)
class Shift:
    """v[t] + i h at one element; time None: a parameter, at all steps. What has no time of its own is shifted at one
    step, for one sequence, by an index (sequence, unit); `within`: only where the statement of this name reads it.
    `shape`: that of the array with an element for each, where v itself has fewer.
    """

    value: Value
    index: tuple[int, ...]
    time: int | None
    within: str = ""
    shape: tuple[int, ...] | None = None


class ShortSequence:
    """A short random sequence through the forward program, all values kept; and the backward program over it."""

    def __init__(self, derivation: Derivation, case: Case) -> None:
        self.derivation, self.case = derivation, case
        self.forward = derivation.forward
        self.base = self.run(None)
        self.guards = Guards.in_program(self.forward)

    def parameters(self, shift: Shift | None) -> Values:
        """Parameters as arrays, one of them shifted."""
        return {v: self.shifted(v, None, self.case.params[v.name], shift) for v in self.forward.parameters}

    def shifted(self, value: Value, time: int | None, array: Array, shift: Shift | None) -> Array:
        """The array, with its element shifted if it is the one."""
        if shift is None or shift.value != value or shift.time != time or shift.within:
            return array
        return self.moved(array, shift)

    def moved(self, array: Array, shift: Shift) -> Array:
        """The array with its element shifted."""
        moved = np.broadcast_to(array, shift.shape or array.shape).astype(complex)
        moved[shift.index] += 1j * STEP
        return moved

    def run(self, shift: Shift | None, count: int = STEPS) -> list[Values]:
        """All values of the first steps; those before the shift are what they are without one."""
        parameters = self.parameters(shift)
        carried = {carry.outgoing: self.case.state[carry.outgoing.name] for carry in self.forward.carries}
        steps = self.base[: shift.time] if shift is not None and shift.time is not None else []
        if steps:
            carried = {carry.outgoing: steps[-1][carry.outgoing] for carry in self.forward.carries}
        for t in range(len(steps), count):
            values: Values = {v: self.shifted(v, t, array, shift) for v, array in parameters.items()}
            for carry in self.forward.carries:
                values[carry.incoming] = self.shifted(carry.incoming, t, carried[carry.outgoing], shift)
            values |= {v: self.shifted(v, t, self.case.x[t], shift) for v in self.forward.inputs}
            values |= {v: np.asarray(float(number)) for v, number in self.forward.constants.items()}
            for statement in self.forward.statements:
                read = values
                if shift is not None and shift.within == statement.target.name and shift.time == t:
                    read = {**values, shift.value: self.moved(values[shift.value], shift)}
                result = run_statement(statement, read)
                if statement.target.shape and not result.ndim:  # of learned scalars alone
                    result = np.broadcast_to(result, number_of(statement.target.shape[0], self.case.sizes))
                values[statement.target] = self.shifted(statement.target, t, result, shift)
            carried = {carry.outgoing: values[carry.outgoing] for carry in self.forward.carries}
            steps.append(values)
        return steps

    def first(self, values: Values, target: Value) -> Array:
        """A value of the first sequence; one that is made of parameters alone has no axis of sequences."""
        size = number_of(target.shape[0], self.case.sizes)
        return np.asarray(np.broadcast_to(values[target], (self.case.x.shape[1], size))[0])

    def loss(self, steps: list[Values]) -> Any:
        """L = sum dy y + sum dstate s[T]."""
        output = self.forward.outputs[0]
        total = sum((values[output] * dy).sum() for values, dy in zip(steps, self.case.dy, strict=True))
        last = (steps[-1][c.outgoing] * self.case.dstate[c.outgoing.name] for c in self.forward.carries)
        return total + sum(term.sum() for term in last)

    def derivative(self, value: Value, time: int | None, within: str = "") -> Array:
        """dL/dv[time], one complex step an element; `within` one statement that reads v, or in all."""
        shape = self.base[WATCHED][value].shape
        if time is not None:  # every sequence and unit by itself, also of what parameters alone decide
            units = value.shape or self.forward.statement(within).target.shape
            shape = (self.case.x.shape[1], number_of(units[0], self.case.sizes))
        gradient = np.zeros(shape)
        for index in np.ndindex(shape):
            gradient[index] = np.imag(self.loss(self.run(Shift(value, index, time, within, shape)))) / STEP
        return gradient

    def backward(self) -> list[Values]:
        """All values of the backward program, by step."""
        return Backward(self.base, self.case.dy, self.case.dstate).run(self.derivation.adjoint).steps


def check_lines(cell: Cell, derivation: Derivation | None = None, seed: int = SEED) -> dict[str, float]:
    """Statement id -> relative error of that line; ids as in `Statement.provenance.id`, and `cell.jacobian.c.h`.

    `derivation` may be given, so that a test can hand in a broken one.
    """
    return dict(line_errors(cell, derivation, seed))


def line_errors(cell: Cell, derivation: Derivation | None = None, seed: int = SEED) -> Iterator[tuple[str, float]]:
    """What `check_lines` gives, line by line: who looks for a wrong one need go no further."""
    case = random_case(cell, seed=seed, **CASE)
    sequence = ShortSequence(derivation or Derivation(cell), case)
    yield from _forward_lines(cell, sequence)
    yield from _backward_lines(sequence)
    yield from _tangent_lines(sequence)
    yield from _jacobian_lines(cell, sequence)


def _forward_lines(cell: Cell, sequence: ShortSequence) -> Iterator[tuple[str, float]]:
    """Each quantity of an equation against the equations run as written; a stage against the next such quantity."""
    values = sequence.base[WATCHED]
    previous = {carry.incoming.name: values[carry.incoming] for carry in sequence.forward.carries}
    x_t, params = sequence.case.x[WATCHED], sequence.case.params
    expected = run_equations_once(cell, x_t, params, previous, array_functions(np))
    waiting: list[str] = []
    for statement in sequence.forward.statements:
        waiting.append(statement.provenance.id)
        if statement.target.name in expected:
            error = relative_error(*np.broadcast_arrays(values[statement.target], expected[statement.target.name]))
            yield from ((name, error) for name in waiting)
            waiting = []


def _backward_lines(sequence: ShortSequence) -> Iterator[tuple[str, float]]:
    steps = sequence.backward()
    terms = magnitudes(sequence.derivation.adjoint, steps[WATCHED])
    for statement in sequence.derivation.adjoint.statements:
        target = statement.target
        summed = reversed(steps) if isinstance(statement, Accumulate) else [steps[WATCHED]]
        found: Array = sum((values[target] for values in summed), np.zeros(()))
        found, expected = np.broadcast_arrays(found, _expected(statement, sequence, steps[WATCHED]))
        error, size = relative_error(found, expected), float(np.max(terms[target], initial=0.0))
        whole = _whole(sequence.derivation.adjoint, target)
        if whole is not None:  # what is expected of a part is a difference, which rounds as the whole does
            size = max(size, float(np.max(terms[whole], initial=0.0)))
        if np.abs(expected).max(initial=0.0) <= CANCELLED * size:
            # The terms of the line cancel, as those of the maximum in a softmax: rounding is relative to their sizes.
            error = float(np.abs(found - expected).max(initial=0.0)) / size if size else error
        yield statement.provenance.id, error


def _expected(statement: Statement, sequence: ShortSequence, found: Values) -> Array:
    """What a backward line must give, without reverse mode."""
    target = statement.target
    of = target.of
    assert of is not None
    if target.role is Role.TOTAL:  # the sum over units of an adjoint, which a maximum passes on
        assert of.of is not None
        total = sequence.derivative(of.of, WATCHED)
        return np.broadcast_to(total.sum(axis=-1, keepdims=True), total.shape)
    if target.role is Role.SLOPE:
        return _slope(sequence, of)
    if isinstance(statement, Accumulate):
        return sequence.derivative(of, None)
    if target.role is Role.CARRIED_ADJOINT:
        incoming = next(carry.incoming for carry in sequence.forward.carries if carry.outgoing == of)
        return sequence.derivative(incoming, WATCHED)
    within = target.name.removeprefix(f"d_{of.name}_by_") if of.is_parameter else ""
    total = sequence.derivative(of, WATCHED, within)
    if target.role is Role.DIRECT_ADJOINT:
        return total - _through_matrices(sequence.derivation.adjoint, target, found)
    return total


def _slope(sequence: ShortSequence, output: Value) -> Array:
    """phi'(a) of y = phi(a), or the shares of units in a maximum, by complex steps of that one statement."""
    statement = sequence.forward.statement(output.name)
    if isinstance(statement, Maximum):
        units = sequence.base[WATCHED][statement.operand]
        steps = units[..., None, :] + 1j * STEP * np.eye(units.shape[-1])
        return np.asarray(np.imag(arithmetic.largest(steps)[..., 0]) / STEP)
    assert isinstance(statement, Pointwise)
    values = {s: sequence.base[WATCHED][v] + 1j * STEP for s, v in statement.symbols.items()}
    return np.asarray(np.imag(evaluate(statement.expression, values)) / STEP)


def _through_matrices(program: Program, direct: Value, found: Values) -> Array:
    """The other terms of the affine line that takes up a direct adjoint; NaN if none does, which fails the line."""
    whole = _whole(program, direct)
    return np.full(found[direct].shape, np.nan) if whole is None else np.asarray(found[whole] - found[direct])


def _whole(program: Program, direct: Value) -> Value | None:
    """The adjoint that takes up a direct adjoint, in an affine line; None for any other value."""
    found = (s.target for s in program.statements if isinstance(s, Affine) and direct in s.reads())
    return next(found, None) if direct.role is Role.DIRECT_ADJOINT else None


def _tangent_lines(sequence: ShortSequence) -> Iterator[tuple[str, float]]:
    """Every tangent of one step against one complex step along the direction."""
    rng = np.random.default_rng(5)
    program, values = sequence.derivation.tangent, sequence.base[WATCHED]
    known: Values = {v: values[v] for v in (*sequence.forward.inputs, *sequence.forward.parameters)}
    known |= {carry.incoming: values[carry.incoming] for carry in sequence.forward.carries}
    directions: Values = {value: np.asarray(rng.standard_normal(array.shape)) for value, array in known.items()}
    moved = run_step(sequence.forward, {v: array + 1j * STEP * directions[v] for v, array in known.items()})
    given = (*program.inputs, *program.parameters, *(carry.incoming for carry in program.carries))
    tangents: Values = {v: directions[v.of] for v in given if v.role is Role.TANGENT and v.of is not None}
    found = run_step(program, {**known, **tangents})
    waiting: list[str] = []
    for statement in program.statements:
        target = statement.target
        if target.role is Role.TANGENT and target.of is not None:
            error = relative_error(*np.broadcast_arrays(found[target], np.imag(moved[target.of]) / STEP))
            yield from ((name, error) for name in (*waiting, statement.provenance.id))
            waiting = []
        elif target.role is Role.SHARE:
            waiting.append(statement.provenance.id)
        elif target.role is Role.SLOPE and target.of is not None:
            expected = _slope(sequence, target.of)
            yield statement.provenance.id, relative_error(*np.broadcast_arrays(found[target], expected))


def _jacobian_lines(cell: Cell, sequence: ShortSequence) -> Iterator[tuple[str, float]]:
    """Every Jacobian of one step, its symbols put in: of each quantity of an equation against the input and the states,
    by columns, and of each state against the parameters, along a random change; and every stage that they refer to.
    """
    derivation, values = sequence.derivation, dict(sequence.base[WATCHED])
    maxima = [s for s in sequence.forward.statements if isinstance(s, Maximum)]
    values |= {slope(s.target): arithmetic.largest_share(values[s.operand]) for s in maxima}
    # A quantity that nothing reads, and that is not the output, is no part of the program.
    defined = {statement.target.name for statement in sequence.forward.statements}
    quantities = dict.fromkeys([*cell.states, *(e.target for e in cell.equations if e.target in defined)])
    known: Blocks = {}
    for target in quantities:
        for source in (*filter(None, [cell.input]), *cell.states):
            linear = derivation.jacobian(target, source)
            yield from _stage_lines(sequence, linear, values, known)
            expected = _columns(sequence, derivation.value(target), derivation.value(source, source=True))
            expected = expected * _needed(sequence, derivation.value(target))[:, None]
            yield derivation.jacobian_id(target, source), relative_error(dense(linear, values, known), expected)
    rng = np.random.default_rng(6)
    for target in cell.states:
        for source in cell.parameters:
            change = np.asarray(rng.standard_normal(sequence.case.params[source].shape))
            linear = derivation.jacobian(target, source)
            yield from _stage_lines(sequence, linear, values, known)
            expected = _along_parameter(sequence, derivation.value(target), derivation.value(source), change)
            found = along(linear, values, change, known)
            yield derivation.jacobian_id(target, source), relative_error(found, expected)


def _stage_lines(
    sequence: ShortSequence, linear: LinearMap, values: Values, known: Blocks
) -> Iterator[tuple[str, float]]:
    """The stages of a map that are not known yet, by columns; they are known then."""
    for block in linear.stages:
        if block not in known:
            found = stage_matrix(linear, block, values, known)
            line = sequence.derivation.jacobian_id(block.target, block.source)
            expected = _columns(sequence, block.target, block.source) * _needed(sequence, block.target)[:, None]
            yield line, relative_error(found, expected)


def _needed(sequence: ShortSequence, target: Value) -> Array:
    """1 for the units of a quantity that the step needs, 0 for those that only branches read which it does not take."""
    guard = sequence.guards.of.get(target)
    if guard is None:
        return np.ones(number_of(target.shape[0], sequence.case.sizes))
    read = {symbol: sequence.guards.values[symbol] for symbol in guard.free_symbols}
    values = sequence.base[WATCHED]
    known = {symbol: sequence.first(values, value) if value.shape else values[value] for symbol, value in read.items()}
    return np.asarray(evaluate(guard, known) > 0, np.float64)


def _columns(sequence: ShortSequence, target: Value, source: Value) -> Array:
    """d target / d source of the first sequence at the watched step: (rows, columns)."""
    size = sequence.base[WATCHED][source].shape[-1]
    runs = (sequence.run(Shift(source, (0, k), WATCHED), WATCHED + 1)[WATCHED] for k in range(size))
    return np.array([sequence.first(values, target).imag / STEP for values in runs]).T


def _along_parameter(sequence: ShortSequence, target: Value, source: Value, change: Array) -> Array:
    """The change of the target, in the first sequence at the watched step, as a parameter changes there alone."""
    known = {v: sequence.base[WATCHED][v] for v in (*sequence.forward.inputs, *sequence.forward.parameters)}
    known |= {carry.incoming: sequence.base[WATCHED][carry.incoming] for carry in sequence.forward.carries}
    known[source] = known[source] + 1j * STEP * change
    return np.asarray(sequence.first(run_step(sequence.forward, known), target).imag / STEP)
