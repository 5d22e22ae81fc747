"""How strongly the output at time T depends on what came lag steps before it: the norms of what a sweep carries."""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
from operator import methodcaller
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.readouts import Start, start_of
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
    readout: Any = None,
    cotangent: Any = None,
    channels: Sequence[int] | Integers | None = None,
    norm: str = "frobenius",
    through: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """||d output[T] / d x[T - lag]|| for lag = 0 .. `lags`, at every end point T of every sequence.

    trajectory: from `record`. ends: the steps T, or how many, spread evenly; by default every step that has `lags`
    steps before it. output: the name of a state, by default the one that the cell gives out. readout: what is read out
    of that state, of N units, or of all S, in its place (readouts.py): rows (M, N) or (M, S) of its derivative, those
    at each end point (n, M, N) or (n, B, M, N), or a function that gives (M, N) or (B, M, N) of the state there; one
    row (N,). cotangent: the gradient of a loss by the output or readout, (M,), or at each end point (n, M) or
    (n, B, M): then it is ||dL / d x[T - lag]||. channels: which inputs x_k, None for all. norm: "frobenius" or
    "spectral". through: the equations by which the flow may enter a step, None for all (pathways.py). The result has
    len(ends) * B rows.

    Raises FlowError: a constant input, fewer steps than lags, no end point, no such state, an output that is no
    state, a readout or cotangent of another shape, no such channel, a sensitivity that is exactly 0.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    lags, points = _asked(trajectory, lags, ends, norm)
    start = start_of(trajectory, points, output, readout, cotangent)
    chosen = refusals.as_channels(channels, trajectory.x.shape[2], trajectory.model)
    source = _Source(refusals.input_name(chosen), None, chosen)
    return _measured(trajectory, start, points, lags, source, norm, through, progress)


def state_sensitivity(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    output: str | None = None,
    source: str | None = None,
    readout: Any = None,
    cotangent: Any = None,
    norm: str = "frobenius",
    through: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """||d output[T] / d source[T - lag]|| between states, for lag = 0 .. `lags`; at lag 0 it is that of the identity.

    output, source: the name of a state, or None for all states together. readout: what is read out of the output, of
    all states or of the one that the cell gives out. cotangent: the gradient of a loss by that, without a readout by
    the output. The rest is as in `input_sensitivity`.
    A state that does not depend on another one at the same step (output="h", source="c" at lag 0) is refused.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    read = _Source(source or "state", trajectory.columns(source))
    lags, points = _asked(trajectory, lags, ends, norm)
    start = start_of(trajectory, points, output, readout, cotangent, whole=True)
    return _measured(trajectory, start, points, lags, read, norm, through, progress)


class _Source(NamedTuple):
    """What is measured against: its name; the columns of states, None for the input; which inputs, None for all."""

    name: str
    columns: slice | None
    channels: Integers | None = None


def _asked(run: Trajectory, lags: int, ends: Any, norm: str) -> tuple[int, Integers]:
    """The lags and the end points. Raises FlowError for what cannot be measured, whatever is looked at."""
    refusals.refuse_unknown_norm(norm, run.model)
    refusals.refuse_constant(run.x, run.model)
    lags = operator.index(lags)
    return lags, refusals.end_points(ends, len(run), lags, run.model)


def _measured(
    run: Trajectory,
    start: Start,
    points: Integers,
    lags: int,
    source: _Source,
    norm: str,
    through: Collection[str] | None,
    progress: Progress | None,
) -> Profile:
    """The profile over the end points."""
    log_norms, names = np.empty((run.batch, len(points), lags + 1)), (start.name, source.name)
    entering: Any = methodcaller("through", refusals.as_names(through))
    for back in sweep(run, start.rows, points, lags, jacobian=entering, progress=progress):
        found = log_norm(back.source(source.columns, source.channels), norm)
        refusals.refuse_zero(found, points[back.points], back.step, names, run.model)
        log_norms[:, back.points, back.lags] = found
    where = run.end_points(points)
    return Profile(run.model, log_norms.reshape(len(where), -1), where, np.full(len(where), -1), *names, norm)
