"""What each time step contributes to the gradient of the parameters.

The parameters act at every step, so dL/dp is a sum over time, and so is d output[T]/dp:

    d output[T] / dp = sum_t R[t] ds[t]/dp|s[t-1] held,   R[T] = the output's rows, R[t-1] = R[t] J[t]

Its terms decay with the lag as the flow does: this is how far back learning reaches. Every term is one backward pass
over one step, whose cotangent is a row of R brought to norm 1; ln of what was divided out is carried beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.readouts import Start, start_of
from lstm_sym.flow.runs.scaling import Array, Integers, log, unit_rows
from lstm_sym.flow.runs.sweeps import Carried, sweep
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress


@dataclass(frozen=True, eq=False)
class Contributions:
    """ln ||contribution of step T - lag to d output[T]/dp||, for every parameter.

    Attributes:
        model, output: the model and the state whose derivative it is, "loss" for a given cotangent, or "readout".
        end: the step T.
        names: the parameters.
        log_norms: (L + 1, P), Frobenius over the output's units and the parameter's entries; -inf where it is 0.
        log_total: (P,), the same of the sum of all these steps: ln ||d output[T]/dp||, how sensitive the state is to
            each parameter, as far as the lags reach.
        sequence: which sequence of the batch.
    """

    model: str
    output: str
    end: int
    names: tuple[str, ...]
    log_norms: Array
    log_total: Array
    sequence: int

    @property
    def lags(self) -> Integers:
        """0, 1, ..., L: (L + 1,)."""
        return np.arange(len(self.log_norms))


def contributions(
    trajectory: Trajectory,
    *,
    lags: int,
    end: int | None = None,
    output: str | None = None,
    readout: Any = None,
    cotangent: Any = None,
    sequence: int = 0,
    progress: Progress | None = None,
) -> Contributions:
    """How much each of the last `lags` + 1 steps contributes to d output[T]/dp, for one sequence.

    end: T, by default the last step. output: a state, by default the one that the cell gives out. readout: what is read
    out of it, as in `input_sensitivity`, n = 1. cotangent (S,): dL/ds[T] of a loss instead, over all states in the
    order of State; then it is the weight gradient itself that is split.
    Raises FlowError: steps or a sequence outside the trajectory, a cotangent or a readout of another size, or both.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    end = len(trajectory) - 1 if end is None else end
    refusals.refuse_sequence(sequence, trajectory.batch, trajectory.model)
    if not (lags == 0 and 0 <= end < len(trajectory)):
        refusals.end_points([end], len(trajectory), lags, trajectory.model)
    name, rows = _start(trajectory, end, output, readout, cotangent).of(sequence)
    fields = trajectory.params._fields
    found = np.empty((lags + 1, len(fields)))
    total = _Sum(fields)
    for lag, (logs, gradients) in enumerate(_terms(trajectory, rows[0, 0], end, lags, sequence, progress)):
        found[lag] = [_pooled(logs, gradients[field]) for field in fields]
        total.add(logs, gradients)
    return Contributions(trajectory.model, name, end, tuple(fields), found, total.log_norms(), sequence)


class _Sum:
    """The sum of gradients {p: (N, ...)} whose rows are to be multiplied by exp(logs), kept at a scale of its own."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.scale, self.parts = -np.inf, dict.fromkeys(fields, np.zeros(()))

    def add(self, logs: Array, gradients: dict[str, Array]) -> None:
        """Add a term; what was added before is scaled down where it is larger."""
        scale = max(self.scale, float(logs.max()))
        if scale == -np.inf:
            return
        before, factors = np.exp(self.scale - scale), np.exp(logs - scale)
        for field, gradient in gradients.items():
            term = gradient * factors.reshape(-1, *(1,) * (gradient.ndim - 1))
            self.parts[field] = before * self.parts[field] + term
        self.scale = scale

    def log_norms(self) -> Array:
        """ln of the Frobenius norm of each sum, (P,); -inf where it is 0."""
        sizes = np.array([np.linalg.norm(part) for part in self.parts.values()])
        return log(sizes) + np.where(sizes > 0, self.scale, 0.0)


def _terms(
    trajectory: Trajectory, rows: Array, end: int, lags: int, sequence: int, progress: Progress | None = None
) -> Iterator[tuple[Array, dict[str, Array]]]:
    """For lag 0, 1, ...: ln of the norm of every row (N,), and for the rows of norm 1 the gradients {p: (N, ...)}."""
    for back in sweep(trajectory, rows[None, None], np.array([end]), lags, sequence=sequence, progress=progress):
        units, logs = (part[0, 0] for part in unit_rows(back.matrices))
        yield logs, _one_step(trajectory, back, units)


def _one_step(trajectory: Trajectory, back: Carried, rows: Array) -> dict[str, Array]:
    """The gradients of the parameters at one step for each cotangent of the state after it, {p: (N, ...)}."""
    kernel, params = trajectory.kernel, trajectory.params
    state = back.derivatives.before[back.place]
    start = type(state)(*(value[back.sequences] for value in state))
    x = trajectory.x[back.step : back.step + 1, back.sequences]
    y, _, tape = kernel.forward(x, params, start, precise=True)
    splits = np.cumsum(trajectory.sizes)[:-1]
    found = []
    for row in rows:
        dstate = type(state)(*(part[None] for part in np.split(row, splits)))
        found.append(kernel.backward(np.zeros_like(y), tape, params, dstate).params)
    return {name: np.stack([getattr(one, name) for one in found]) for name in params._fields}


def _pooled(logs: Array, gradients: Array) -> float:
    """ln of the Frobenius norm over rows whose own norms are exp(logs)."""
    sizes = np.linalg.norm(gradients.reshape(len(gradients), -1), axis=1)
    return float(0.5 * np.logaddexp.reduce(2 * (logs + log(sizes))))


def _start(run: Trajectory, end: int, output: str | None, readout: Any, cotangent: Any) -> Start:
    """What is differentiated at the end point."""
    if cotangent is None:
        return start_of(run, np.array([end]), output, readout)
    if readout is not None:
        raise FlowError(
            f"{run.model}, cotangent",
            "a cotangent and a readout, which are two things to look at",
            "the gradient of a loss that reads the readout",
            "give the cotangent times the readout: readout=dz @ V",
        )
    return Start("loss", run.vector("cotangent", cotangent, zero=True)[None, None, None])
