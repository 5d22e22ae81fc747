"""How strongly the output at time T depends on what came lag steps before it: the norms of what a sweep carries."""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
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
    how: Any = {"lags": lags, "ends": ends, "norm": norm, "through": through, "progress": progress}
    return _measured(trajectory, trajectory.columns(name), None, (name, "x"), **how)


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
    how: Any = {"lags": lags, "ends": ends, "norm": norm, "through": through, "progress": progress}
    return _measured(trajectory, rows, columns, (output or "state", source or "state"), **how)


def _measured(
    run: Trajectory,
    rows: slice,
    columns: slice | None,
    names: tuple[str, str],
    *,
    lags: int,
    ends: Any,
    norm: str,
    through: Collection[str] | None,
    progress: Progress | None,
) -> Profile:
    """The profile over all end points; columns None measures against the input, else against these states."""
    refusals.refuse_unknown_norm(norm, run.model)
    refusals.refuse_constant(run.x, run.model)
    lags = operator.index(lags)
    points = refusals.end_points(ends, len(run), lags, run.model)
    log_norms = np.empty((run.batch, len(points), lags + 1))
    start = np.eye(run.width)[None, None, rows]
    entering: Any = methodcaller("through", refusals.as_names(through))
    for back in sweep(run, start, points, lags, jacobian=entering, progress=progress):
        found = log_norm(back.source(columns), norm)
        refusals.refuse_zero(found, points[back.points], back.step, names, run.model)
        log_norms[:, back.points, back.lags] = found
    where = run.end_points(points)
    return Profile(run.model, log_norms.reshape(len(where), -1), where, np.full(len(where), -1), *names, norm)
