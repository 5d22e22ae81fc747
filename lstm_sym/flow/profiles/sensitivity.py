"""How strongly the output at time T depends on what came lag steps before it.

From an end point T the matrix R[t] = d output[T] / d s[t], s all states of the cell, is carried backwards:

    R[T] = the rows of the identity that select the output        R[t-1] = R[t] J[t],   J[t] = ds[t]/ds[t-1]
    d output[T] / d x[t] = R[t] ds[t]/dx[t]

with a binary exponent for each of its columns (scaled.py), so that its norm is exact however far it vanishes or
explodes. All end points are carried in one sweep from the last step to the first.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers, Scaled, log_norm, scaled, times
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress

# Memory of the matrices carried at once, in bytes.
MEMORY = 64 * 2**20


def input_sensitivity(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    output: str | None = None,
    norm: str = "frobenius",
    through: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """||d output[T] / d x[T - lag]|| for lag = 0 .. `lags`, at every end point T of every sequence.

    trajectory: from `record`. ends: the steps T, or how many, spread evenly; by default every step that has `lags`
    steps before it. output: the name of a state, by default the one that the cell gives out. norm: "frobenius" or
    "spectral". through: the equations by which the flow may enter a step, None for all (paths.py). The result has
    len(ends) * B rows.

    Raises FlowError: a constant input, fewer steps than lags, no end point, no such state, an output that is no
    state, a sensitivity that is exactly 0.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    name = trajectory.output(output)
    run = _prepared(trajectory, lags, ends, norm, through)
    return _measured(run, trajectory.columns(name), None, (name, "x"), progress)


def state_sensitivity(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    output: str | None = None,
    source: str | None = None,
    norm: str = "frobenius",
    through: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """||d output[T] / d source[T - lag]|| between states, for lag = 0 .. `lags`; at lag 0 it is that of the identity.

    output, source: the name of a state, or None for all states together. The rest is as in `input_sensitivity`.
    A state that does not depend on another one at the same step (output="h", source="c" at lag 0) is refused.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    rows, columns = trajectory.columns(output), trajectory.columns(source)
    run = _prepared(trajectory, lags, ends, norm, through)
    return _measured(run, rows, columns, (output or "state", source or "state"), progress)


@dataclass(frozen=True, eq=False)
class _Run:
    """A trajectory, and the end points to measure on it."""

    trajectory: Trajectory
    ends: Integers
    lags: int
    norm: str
    through: Collection[str] | None

    @property
    def model(self) -> str:
        """What errors call it."""
        return self.trajectory.model


def _prepared(trajectory: Trajectory, lags: int, ends: Any, norm: str, through: Collection[str] | None) -> _Run:
    name = trajectory.model
    refusals.refuse_unknown_norm(norm, name)
    refusals.refuse_constant(trajectory.x, name)
    lags = operator.index(lags)
    points = refusals.end_points(ends, len(trajectory), lags, name)
    return _Run(trajectory, points, lags, norm, refusals.listed(through))


def _measured(
    run: _Run, rows: slice, columns: slice | None, names: tuple[str, str], progress: Progress | None
) -> Profile:
    """The profile over all end points; columns None measures against the input, else against these states."""
    groups = np.array_split(np.argsort(-run.ends, kind="stable"), _group_count(run, rows))
    total = sum(len(_needed(run, run.ends[group])) for group in groups)
    log_norms = np.empty((run.trajectory.batch, len(run.ends), run.lags + 1))
    done = 0
    for group in groups:
        for t, active, found in _swept(run, run.ends[group], rows, columns):
            points = group[active]
            refusals.refuse_zero(found, run.ends[points], t, names, run.model)
            log_norms[:, points, run.ends[points] - t] = found
            done += 1
            if progress is not None:
                progress(done, total)
    ends = run.trajectory.end_points(run.ends)
    return Profile(run.model, log_norms.reshape(len(ends), -1), ends, np.full(len(ends), -1), *names, run.norm)


def _group_count(run: _Run, rows: slice) -> int:
    """Into how many groups the end points go, so that what is carried for each stays within MEMORY."""
    one: int = 8 * run.trajectory.batch * (rows.stop - rows.start) * run.trajectory.width
    return min(len(run.ends), -(-one * len(run.ends) // MEMORY))


def _needed(run: _Run, ends: Integers) -> Integers:
    """The steps that some end point looks back on, ascending."""
    return np.unique(ends[:, None] - np.arange(run.lags + 1))


def _swept(run: _Run, ends: Integers, rows: slice, columns: slice | None) -> Iterator[tuple[int, slice, Array]]:
    """Sweep down the steps, for end points in descending order: t, the part of them that looks back on t, ln norms.

    The norms are (B, n), for the n end points T with t <= T <= t + lags; in order, they are a run of neighbours.
    """
    size = run.trajectory.width
    chosen = scaled(np.eye(size)[rows])
    shape = (run.trajectory.batch, len(ends))
    mantissa = np.broadcast_to(chosen.mantissa, (*shape, *chosen.mantissa.shape)).copy()
    exponent = np.broadcast_to(chosen.exponent, (*shape, size)).copy()
    for t, state_jacobian, input_jacobian in _steps(run, ends, columns is None):
        active = slice(*np.searchsorted(-ends, [-(t + run.lags), -t + 1]))
        carried = Scaled(mantissa[:, active], exponent[:, active])
        seen = times(carried, input_jacobian) if columns is None else carried.columns(columns)
        yield t, active, log_norm(seen, run.norm)
        following = times(carried, state_jacobian)
        mantissa[:, active], exponent[:, active] = following.mantissa, following.exponent


def _steps(run: _Run, ends: Integers, with_input: bool) -> Iterator[tuple[int, Array, Array]]:
    """t, ds[t]/ds[t-1] (B, S, S) and ds[t]/dx[t] (B, S, D), descending; without the input, the former twice."""
    for block in run.trajectory.blocks(_needed(run, ends), descending=True):
        state = block.through(run.through)
        inputs = block.input if with_input else state
        for index in reversed(range(len(block.steps))):
            yield int(block.steps[index]), state[index], inputs[index]
