"""How strongly the output at time T depends on what came lag steps before it: the norms of what a sweep carries."""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

import numpy as np

from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Integers, log_norm
from lstm_sym.flow.runs.sweeps import sweep
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress


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
    "spectral". through: the equations by which the flow may enter a step, None for all (pathways.py). The result has
    len(ends) * B rows.

    Raises FlowError: a constant input, fewer steps than lags, no end point, no such state, an output that is no
    state, a sensitivity that is exactly 0.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    name = trajectory.output(output)
    asked = _asked(trajectory, lags, ends, norm, through)
    return _measured(asked, trajectory.columns(name), None, (name, "x"), progress)


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
    asked = _asked(trajectory, lags, ends, norm, through)
    return _measured(asked, rows, columns, (output or "state", source or "state"), progress)


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is to be measured: from which end points, in which norm, by which equations."""

    trajectory: Trajectory
    ends: Integers
    lags: int
    norm: str
    through: Collection[str] | None


def _asked(trajectory: Trajectory, lags: int, ends: Any, norm: str, through: Collection[str] | None) -> _Asked:
    name = trajectory.model
    refusals.refuse_unknown_norm(norm, name)
    refusals.refuse_constant(trajectory.x, name)
    lags = operator.index(lags)
    points = refusals.end_points(ends, len(trajectory), lags, name)
    return _Asked(trajectory, points, lags, norm, refusals.as_names(through))


def _measured(
    asked: _Asked, rows: slice, columns: slice | None, names: tuple[str, str], progress: Progress | None
) -> Profile:
    """The profile over all end points; columns None measures against the input, else against these states."""
    run, ends = asked.trajectory, asked.ends
    log_norms = np.empty((run.batch, len(ends), asked.lags + 1))
    start = np.eye(run.width)[None, None, rows]
    through: Any = methodcaller("through", asked.through)
    for back in sweep(run, start, ends, asked.lags, jacobian=through, progress=progress):
        found = log_norm(back.source(columns), asked.norm)
        refusals.refuse_zero(found, ends[back.points], back.step, names, run.model)
        log_norms[:, back.points, back.lags] = found
    where = run.end_points(ends)
    return Profile(run.model, log_norms.reshape(len(where), -1), where, np.full(len(where), -1), *names, asked.norm)
