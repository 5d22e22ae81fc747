"""Which way the flow takes: along a state itself, or round through the gates.

The state Jacobian is a sum over the equations by which the flow can enter a step (kernel.jacobian_parts),

    J[t] = sum_k J_k[t],   k = i, f, g, o, c for the LSTM: J_c = diag(f) on (c, c), J_f what goes by the forget gate.

So the flow from s[T-lag] to s[T] is a sum over all sequences of equations, and

    direct    the product of the parts that enter by the state's own equation alone: for the LSTM the cell path,
              prod f[t], the constant error carousel of Hochreiter & Schmidhuber (1997)
    round     all other paths, those that pass at least one gate or the hidden state

R, D and R - D are carried each by a recurrence of its own, so that the difference loses no digits:
(R - D)[t-1] = (R - D)[t] J + D[t] (J - J_direct).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers, Scaled, log_norm, plus, times
from lstm_sym.flow.runs.sweeps import sweep
from lstm_sym.flow.runs.trajectory import StepDerivatives, Trajectory
from lstm_sym.ground.progress import Progress


@dataclass(frozen=True, eq=False)
class Paths:
    """The flow from a state to itself, lag by lag, and its split; every array holds natural logarithms of norms.

    Attributes:
        model, state: the model and the state.
        ends: (n, 2), the step T and the sequence of each end point.
        total: (n, L + 1), ln ||d s[T] / d s[T - lag]||, all paths.
        direct: (n, L + 1), by the state's own equation alone; -inf where there is no such path.
        round: (n, L + 1), all other paths; -inf where there is none, as at lag 0.
    """

    model: str
    state: str
    ends: Integers
    total: Array
    direct: Array
    round: Array

    @property
    def direct_share(self) -> Array:
        """The median over the end points of ||direct|| / (||direct|| + ||round||), (L + 1,): 1 at lag 0.

        Over the end points at which there is a flow at that lag; NaN where all paths are exactly 0 at every one.
        """
        both = np.logaddexp(self.direct, self.round)
        flowing = np.isfinite(both)
        shares = np.exp(self.direct - np.where(flowing, both, 0.0))
        at_lag = zip(shares.T, flowing.T, strict=True)
        return np.array([np.median(share[kept]) if kept.any() else np.nan for share, kept in at_lag])


def paths(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    state: str | None = None,
    progress: Progress | None = None,
) -> Paths:
    """Split the flow from a state to itself into the direct path and all others, in the Frobenius norm.

    state: by default the one whose own equation carries it on element by element (c of the LSTM), else the output.
    lags, ends: as in `state_sensitivity`. Raises FlowError as that does, and for a state whose own equation does not
    read it.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    points = refusals.end_points(ends, len(trajectory), lags, trajectory.model)
    name = carried_state(trajectory) if state is None else state
    columns = trajectory.columns(name)
    rows = np.eye(trajectory.width)[columns]
    start = np.stack([rows, rows, np.zeros_like(rows)])[None, None]
    found = np.empty((trajectory.batch, len(points), lags + 1, 3))
    split = partial(_split, name, columns)
    for back in sweep(trajectory, start, points, lags, jacobian=split, advance=_advanced, progress=progress):
        found[:, back.points, back.lags] = log_norm(back.matrices.columns(columns))
    total, direct, rest = np.moveaxis(found, -1, 0).reshape(3, -1, lags + 1)
    return Paths(trajectory.model, name, trajectory.end_points(points), total, direct, rest)


def carried_state(trajectory: Trajectory, output: str | None = None) -> str:
    """The state that its own equation carries on element by element, as c of the LSTM; else the output.

    output: a state, by default the one that the cell gives out; of a network a state of its layer comes first.
    Raises FlowError where it gives out none.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    block = next(trajectory.blocks(np.arange(1)))
    layer = (output or "").rpartition(".")[0]
    for name in sorted(trajectory.states, key=lambda name: not (layer and name.startswith(f"{layer}."))):
        if name in block.parts:
            own = _square(block.parts[name], trajectory.columns(name))
            # A gate that is 0 in float64 carries its state on all the same.
            if not (own * (1 - np.eye(own.shape[-1]))).any():
                return name
    return trajectory.output(output)


def _split(name: str, columns: slice, steps: StepDerivatives) -> Array:
    """J, what the state's own equation passes on to itself, and all the rest of J, (n, B, 3, S, S)."""
    refusals.refuse_unknown_equation([name], steps.parts, steps.trajectory.model)
    own, others = np.zeros_like(steps.state), steps.parts[name].copy()
    _square(own, columns)[...] = _square(others, columns)
    _square(others, columns)[...] = 0
    others += sum(part for key, part in steps.parts.items() if key != name)
    return np.stack([steps.state, own, others], axis=2)


def _advanced(carried: Scaled, jacobians: Array) -> Scaled:
    """R, D and R - D, (B, k, 3, N, S), a step further back, by the three Jacobians (B, 3, S, S) of `_split`."""
    whole, own, others = jacobians.swapaxes(0, 1)
    total, direct, rest = (Scaled(carried.mantissa[:, :, part], carried.exponent[:, :, part]) for part in range(3))
    following = times(total, whole), times(direct, own), plus(times(rest, whole), times(direct, others))
    mantissa, exponent = ([getattr(part, name) for part in following] for name in ("mantissa", "exponent"))
    return Scaled(np.stack(mantissa, axis=2), np.stack(exponent, axis=2))


def _square(jacobian: Array, columns: slice) -> Array:
    """The block of a state with itself."""
    return jacobian[..., columns, columns]
