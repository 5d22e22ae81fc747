"""How far back each single output unit feels the input: memory is rarely spread evenly over the units.

ln ||d output_i[T] / d x[T - lag]||,   the norm of row i alone
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.profiles.curves import half_lives
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.readouts import start_of
from lstm_sym.flow.runs.scaling import Array, Integers, log_norm
from lstm_sym.flow.runs.sweeps import sweep
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress


@dataclass(frozen=True, eq=False)
class UnitProfiles:
    """ln ||d output_i[T] / d x[T - lag]|| of every output unit i.

    Attributes:
        model, output: the model and the state whose units these are, or "readout".
        log_norms: (n, L + 1, N) for n end points and N units; -inf where a unit does not depend on that input.
        ends: (n, 2), the step T and the sequence of each end point.
    """

    model: str
    output: str
    log_norms: Array
    ends: Integers

    def median(self) -> Array:
        """The median over the end points, relative to lag 0: (L + 1, N).

        For each unit over the end points at which it depends on the input at lag 0, as the others have nothing to
        relate to: NaN for a unit that has none. -inf where at half of those or more it is cut off from that lag.
        """
        defined = np.isfinite(self.log_norms[:, :1])
        relative = self.log_norms - np.where(defined, self.log_norms[:, :1], 0.0)
        middle = np.full(relative.shape[1:], np.nan)
        for unit in np.flatnonzero(defined.any(axis=(0, 1))):
            middle[:, unit] = np.median(relative[defined[:, 0, unit], :, unit], axis=0)
        return middle

    def half_lives(self) -> Array:
        """Of each unit the steps in which its sensitivity halves, by the line through its median, inf for none: (N,).

        As `Profile.half_life`, unit by unit; NaN for a unit that is cut off from the input at some lag.
        """
        median = self.median()
        known = np.isfinite(median).all(axis=0)
        return np.where(known, half_lives(np.where(known, median, 0.0).T), np.nan)


def unit_sensitivity(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    output: str | None = None,
    readout: Any = None,
    channels: Sequence[int] | Integers | None = None,
    progress: Progress | None = None,
) -> UnitProfiles:
    """The sensitivity to the input by lag of each unit of an output, at every end point of every sequence.

    The arguments are those of `input_sensitivity`; of a readout each row is a unit. Raises FlowError: a constant input,
    fewer steps than lags, no end point, no such state, an output that is no state, a readout of another shape,
    no such channel.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    refusals.refuse_constant(trajectory.x, trajectory.model)
    points = refusals.end_points(ends, len(trajectory), lags, trajectory.model)
    # Each row is a matrix of its own, so that none is lost beside a larger one.
    name, rows = start_of(trajectory, points, output, readout)
    chosen = refusals.as_channels(channels, trajectory.x.shape[2], trajectory.model)
    found = np.empty((trajectory.batch, len(points), lags + 1, rows.shape[2]))
    for back in sweep(trajectory, rows[:, :, :, None], points, lags, progress=progress):
        found[:, back.points, back.lags] = log_norm(back.source(None, chosen))
    where = trajectory.end_points(points)
    return UnitProfiles(trajectory.model, name, found.reshape(len(where), lags + 1, -1), where)
