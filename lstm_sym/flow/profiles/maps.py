"""The map of all pairs of steps: how strongly each output depends on each input, or each state on each earlier one.

    M[T, t] = ln ||d output[T] / d x[t]||,   t <= T

A row is the sensitivity profile of one end point; a diagonal is one lag.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.readouts import start_of
from lstm_sym.flow.runs.scaling import Array, Integers, log_norm
from lstm_sym.flow.runs.sweeps import sweep
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress

# Rows carried at once hold S times as many numbers; beyond this many steps nobody reads the map.
LARGEST = 2000


@dataclass(frozen=True, eq=False)
class TimeMap:
    """ln ||d output[T] / d source[t]|| for all pairs of chosen steps.

    Attributes:
        model: what the figure calls it.
        steps: (n,), the steps of rows and columns, ascending.
        log_norms: (n, n), rows T, columns t; NaN above the diagonal (t > T), -inf where it is exactly zero.
        output, source: names, source "x" for the input, output "readout" or "loss" for one of one's own.
        norm: "frobenius" or "spectral".
        sequence: which sequence of the batch.
        sources: (m,), the steps of the columns where they are not those of the rows, nor t <= T: of a network that
            reads in both directions log_norms (n, m) has no NaN. None for all that runs forward.
    """

    model: str
    steps: Integers = field(repr=False)
    log_norms: Array = field(repr=False)
    output: str
    source: str
    norm: str
    sequence: int
    sources: Integers | None = field(default=None, repr=False)


def time_map(
    trajectory: Trajectory,
    *,
    first: int = 0,
    last: int | None = None,
    sequence: int = 0,
    output: str | None = None,
    readout: Any = None,
    cotangent: Any = None,
    source: str = "x",
    channels: Sequence[int] | Integers | None = None,
    norm: str = "frobenius",
    through: Collection[str] | None = None,
    progress: Progress | None = None,
) -> TimeMap:
    """The map over the steps `first` to `last` (exclusive; all by default) of one sequence.

    output: a state, by default the one that the cell gives out. readout, cotangent: what is read out of it, and the
    gradient of a loss by that, as in `input_sensitivity`, the n end points being the steps. source: "x", or a state.
    channels: which inputs x_k, None for all. through: the equations by which the flow may enter a step, None for all.
    Costs n^2/2 products of (N, S) with (S, S) matrices.

    Raises FlowError: steps outside the trajectory, more than 2000 of them, no such sequence, state, channel or norm, a
    readout or cotangent of another shape, channels of a state.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    last = len(trajectory) if last is None else last
    _refuse_range(trajectory, first, last)
    refusals.refuse_sequence(sequence, trajectory.batch, trajectory.model)
    refusals.refuse_unknown_norm(norm, trajectory.model)
    columns, chosen = _source(trajectory, source, channels)
    steps = np.arange(first, last)
    name, rows = start_of(trajectory, steps, output, readout, cotangent).of(sequence)
    log_norms = np.full((len(steps), len(steps)), np.nan)
    how: Any = {"sequence": sequence, "jacobian": methodcaller("through", refusals.as_names(through))}
    for back in sweep(trajectory, rows, steps, last - first, first=first, progress=progress, **how):
        log_norms[back.points, back.step - first] = log_norm(back.source(columns, chosen), norm)[0]
    shown = refusals.input_name(chosen) if columns is None else source
    return TimeMap(trajectory.model, steps, log_norms, name, shown, norm, sequence)


def _source(run: Trajectory, source: str, channels: Any) -> tuple[slice | None, Integers | None]:
    """The columns of a state, None for the input; and which inputs, None for all. Raises FlowError."""
    if source == "x":
        return None, refusals.as_channels(channels, run.x.shape[2], run.model)
    if channels is not None:
        raise FlowError(
            f"{run.model}, channels",
            f"channels of {source!r}",
            "units of a state, where channels are those of the input",
            'leave channels out, or source at "x"',
        )
    return run.columns(source), None


def _refuse_range(trajectory: Trajectory, first: int, last: int) -> None:
    if not 0 <= first < last <= len(trajectory) or last - first > LARGEST:
        raise FlowError(
            f"{trajectory.model}, time map",
            f"the steps {first} to {last} of a run of {len(trajectory)} steps",
            f"steps counted from 1, or more than {LARGEST} steps, of which there are n^2/2 pairs",
            "give 0 <= first < last, or cut out a window that can be read",
        )
