"""The loop over time around a backward program: where it starts, what it reads at other steps, how it sums up.

All of it is as it should be unless a `Loop` says otherwise.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_sym.interpreter.evaluation import Array, run_statement
from lstm_sym.program.statements import Accumulate, Statement
from lstm_sym.program.values import Value


class Total(enum.Enum):
    """How an output is made of what each step (1 .. T) and each sequence (1 .. B) contributes."""

    SUM = "sum over time and batch"
    FIRST_STEP = "the first step alone, which the loop of the backward pass reaches last"
    LAST_STEP = "the last step alone, which the loop of the backward pass reaches first"
    FIRST_SEQUENCE = "the first sequence of the batch alone"
    LAST_SEQUENCE = "the last sequence of the batch alone"
    BATCH_MEAN = "mean over the batch"
    TIME_MEAN = "mean over time"
    MIXED = "what is batch first, reshaped, is taken for time first, beside what is time first"
    MIXED_BACK = "what is time first, reshaped, is taken for batch first, beside what is batch first"
    REVERSED = "the steps in the order of the backward loop"


class Edge(enum.Enum):
    """What is read at a step that there is not; at which steps there is anything."""

    ZERO = "zero"
    WRAPPED = "the other end, as the index -1 does"
    LAST_ALONE = "zero at every step but the last"
    AFTER_FIRST = "zero at the first step"


@dataclass(frozen=True)
class Reading:
    """A value so many steps later, and what stands for it where the sequence ends."""

    source: Value
    offset: int
    edge: Edge


@dataclass(frozen=True)
class Loop:
    """What is not as it should be.

    totals: output -> how it is summed, or in which order its steps stand; unstarted: carried adjoints that are zero at
    the last step, whatever cotangent arrives there; readings: value -> what it stands for at another step.
    """

    totals: Mapping[Value, Total] = field(default_factory=dict)
    unstarted: frozenset[Value] = frozenset()
    readings: Mapping[Value, Reading] = field(default_factory=dict)


def summed(how: Total, statement: Accumulate, steps: Sequence[Mapping[Value, Array]], batch: int) -> Array:
    """The gradient of a parameter from the values of every step, what each contributed to the batch among them."""
    match how:
        case Total.FIRST_STEP | Total.LAST_STEP:
            return np.asarray(steps[0 if how is Total.FIRST_STEP else -1][statement.target])
        case Total.FIRST_SEQUENCE | Total.LAST_SEQUENCE:
            row = slice(1) if how is Total.FIRST_SEQUENCE else slice(batch - 1, batch)
            return np.asarray(sum(run_statement(statement, _rows(statement, values, row)) for values in steps))
        case Total.MIXED | Total.MIXED_BACK:
            return _mixed(statement, steps, back=how is Total.MIXED_BACK)
    whole = np.array([values[statement.target] for values in steps]).sum(axis=0)
    share = {Total.BATCH_MEAN: batch, Total.TIME_MEAN: len(steps)}
    return np.asarray(whole / share.get(how, 1))


def ordered(how: Total, steps: Array) -> Array:
    """An output (T, B, N) whose steps stand in another order, or whose axes a reshape has mixed."""
    time, batch, *rest = steps.shape
    match how:
        case Total.REVERSED:
            return steps[::-1]
        case Total.MIXED:
            return steps.swapaxes(0, 1).reshape(time, batch, *rest)
        case Total.MIXED_BACK:
            return steps.reshape(batch, time, *rest).swapaxes(0, 1)
    return steps


def _rows(statement: Statement, values: Mapping[Value, Array], row: slice) -> dict[Value, Array]:
    """What a statement reads, of some sequences of the batch alone."""
    return {v: values[v] if v.time is None else values[v][row] for v in statement.reads()}


def _mixed(statement: Accumulate, steps: Sequence[Mapping[Value, Array]], back: bool) -> Array:
    """Outer products over all T B rows at once, those of one side in the order of the other's transposed rows."""
    values = {v: np.array([step[v] for step in steps]) for v in statement.reads() if v.time is not None}
    parts = []
    for part in statement.contributions:
        turned = part.left if back else part.right
        rows = {v: _flat(array, v == turned and part.right is not None) for v, array in values.items()}
        parts.append(run_statement(replace(statement, contributions=(part,)), {**steps[0], **rows}))
    return np.asarray(sum(parts))


def _flat(array: Array, turned: bool) -> Array:
    """(T, B, N) as (T B, N), or in the order of (B, T, N)."""
    placed = array.swapaxes(0, 1) if turned else array
    return placed.reshape(-1, *array.shape[2:])
