"""The sweep backwards along a run, from which sensitivities, maps, paths and contributions are made.

From an end point T the matrix R[t] = d output[T] / d s[t], s all states of the cell, is carried backwards:

    R[T] = the rows that select the output        R[t-1] = R[t] J[t],   J[t] = ds[t]/ds[t-1]
    d output[T] / d x[t] = R[t] ds[t]/dx[t]

with a binary exponent for each of its columns (scaling.py), so that its norm is exact however far it vanishes or
explodes. All end points are carried in one sweep from the last step to the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers, Scaled, scaled, times
from lstm_sym.flow.runs.trajectory import StepDerivatives, Trajectory
from lstm_sym.ground.progress import Progress, tell

# Memory of the matrices carried at once, in bytes.
MEMORY = 64 * 2**20


class Carried(NamedTuple):
    """R[t] at one step t, of the end points that look back on it.

    Attributes:
        step: t.
        points: (k,), which of the end points these are, T descending.
        lags: (k,), T - t of each.
        matrices: R[t], (B, k, ..., M, S); they hold until the sweep goes on.
        derivatives, place: what the kernel derives at the step, and where among those steps it stands.
        sequences: which sequences of the batch are carried.
    """

    step: int
    points: Integers
    lags: Integers
    matrices: Scaled
    derivatives: StepDerivatives
    place: int
    sequences: slice

    def source(self, columns: slice | None, channels: Integers | None = None) -> Scaled:
        """d output[T] / d s[t] for these columns of the state, (B, k, ..., M, n); d output[T] / d x[t] for None.

        channels: which of the inputs, all by default. Raises FlowError for None where the cell reads no input.
        """
        if columns is not None:
            return self.matrices.columns(columns)
        refusals.refuse_no_input(self.derivatives.trajectory.x, self.derivatives.trajectory.model)
        entering = self.derivatives.input[self.place, self.sequences]
        return times(self.matrices, entering if channels is None else entering[..., channels])


def sweep(
    trajectory: Trajectory,
    start: Array,
    ends: Integers,
    lags: int,
    *,
    first: int = 0,
    sequence: int | None = None,
    jacobian: Callable[[StepDerivatives], Array] = attrgetter("state"),
    advance: Callable[[Scaled, Array], Scaled] = times,
    progress: Progress | None = None,
) -> Iterator[Carried]:
    """Carry R back from every end point T to the steps T, T - 1, ..., T - `lags`, and to none before `first`.

    start: R[T], (B or 1, n or 1, ..., M, S) for n end points. sequence: the only one to carry, B = 1 then.
    jacobian: J of some steps, (steps, B, S, S), by default that of the whole state. advance: R[t-1] of R[t] and J[t],
    by default their product. As many end points are carried at once as stay within MEMORY; `progress` is told of the
    steps of all of them.
    """
    batch = trajectory.batch if sequence is None else 1
    sequences = slice(None) if sequence is None else slice(sequence, sequence + 1)
    number = min(len(ends), -(-8 * batch * start[0, 0].size * len(ends) // MEMORY))
    groups = np.array_split(np.argsort(-ends, kind="stable"), number)
    steps = [_looked_back_on(ends[group], lags, first) for group in groups]
    done, total, rows = count(1), sum(map(len, steps)), scaled(start)
    for group, needed in zip(groups, steps, strict=True):
        parts: tuple[Any, Any] = (rows.mantissa, rows.exponent)
        every = (np.broadcast_to(part, (batch, len(ends), *part.shape[2:])) for part in parts)
        mantissa, exponent = (np.take(part, group, axis=1) for part in every)  # copies, to be written to
        for derivatives, place, matrix in _descending(trajectory, needed, jacobian):
            step = int(derivatives.steps[place])
            active = slice(*np.searchsorted(-ends[group], [-(step + lags), -step + 1]))
            points, carried = group[active], Scaled(mantissa[:, active], exponent[:, active])
            yield Carried(step, points, ends[points] - step, carried, derivatives, place, sequences)
            following = advance(carried, matrix[sequences])
            mantissa[:, active], exponent[:, active] = following.mantissa, following.exponent
            tell(progress, next(done), total)


def sums_back(
    trajectory: Trajectory,
    logarithms: Callable[[StepDerivatives], Array],
    points: Integers,
    lags: int,
    progress: Progress | None = None,
) -> Array:
    """The sums of `logarithms` of steps (n, B, ...) over the last 0, 1, ..., lags steps: (points, lags + 1, B, ...)."""
    steps = points[:, None] - np.arange(lags)
    needed, pieces = np.unique(steps), []
    for block in trajectory.blocks(needed):
        pieces.append(logarithms(block))
        tell(progress, int(np.searchsorted(needed, block.steps[-1])) + 1, len(needed))
    back = np.concatenate(pieces)[np.searchsorted(needed, steps)]
    return np.concatenate([np.zeros_like(back[:, :1]), back.cumsum(axis=1)], axis=1)


def _looked_back_on(ends: Integers, lags: int, first: int) -> Integers:
    """The steps from `first` on that some end point looks back on, ascending; the end points descend."""
    steps = np.arange(max(first, ends[-1] - lags), ends[0] + 1)
    ends = ends[::-1]
    return steps[np.searchsorted(ends, steps) < np.searchsorted(ends, steps + lags, "right")]


def _descending(
    trajectory: Trajectory, steps: Integers, jacobian: Callable[[StepDerivatives], Array]
) -> Iterator[tuple[StepDerivatives, int, Array]]:
    """The steps from the last to the first: what the kernel derives, the place among those steps, J (B, S, S)."""
    for derivatives in trajectory.blocks(steps, descending=True):
        matrices = jacobian(derivatives)
        for place in reversed(range(len(derivatives.steps))):
            yield derivatives, place, matrices[place]
