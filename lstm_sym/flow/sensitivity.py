"""How strongly the output at time T depends on what came lag steps before it.

From an end point T the matrix R[t] = d output[T] / d s[t], s all states of the cell, is carried backwards:

    R[T] = the rows of the identity that select the output        R[t-1] = R[t] J[t],   J[t] = ds[t]/ds[t-1]
    d output[T] / d x[t] = R[t] ds[t]/dx[t]

with a binary exponent for each of its columns (scaled.py), so that its norm is exact however far it vanishes or
explodes. All end points are carried in one sweep from the last step to the first, and the Jacobians are those of
kernel.jacobian and kernel.input_jacobian on a precise tape, made once a step, a block of steps at a time.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lstm_sym.flow import refusals
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profile import Profile
from lstm_sym.flow.progress import Progress
from lstm_sym.flow.scaled import Array, Integers, Scaled, log_norm, scaled, times

# Memory of the matrices carried at once, and of the Jacobians made at once, in bytes each.
MEMORY = 128 * 2**20

NORMS = ("frobenius", "spectral")


class Kernel(Protocol):
    """What of a kernel module is used here."""

    __name__: str

    def forward(self, x: Any, params: Any, state: Any = None, *, precise: bool = False) -> tuple[Any, Any, Any]:
        """x (T, B, D) -> y (T, B, H), the last state, the tape."""

    def jacobian(self, tape: Any, params: Any, t: Any = ...) -> Any:
        """ds[t]/ds[t-1], (n, B, S, S)."""

    def input_jacobian(self, tape: Any, params: Any, t: Any = ...) -> Any:
        """ds[t]/dx[t], (n, B, S, D)."""


def input_sensitivity(
    kernel: Kernel,
    params: Any,
    x: Any,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    output: str | None = None,
    norm: str = "frobenius",
    state: Any = None,
    model: str | None = None,
    progress: Progress | None = None,
) -> Profile:
    """||d output[T] / d x[T - lag]|| for lag = 0 .. `lags`, at every end point T of every sequence.

    kernel: a kernel module. params: its parameters. x: (T, B, D) or (T, D), or an object with such `values`.
    ends: the steps T, or how many, spread evenly; by default every step that has `lags` steps before it.
    output: the name of a state, by default the one that the cell gives out. norm: "frobenius" or "spectral".
    state: the initial state, zeros by default. The result has len(ends) * B rows, float64 throughout.

    Raises FlowError: NaN or a constant in x, fewer steps than lags, no end point, no such state, an output that is
    no state, a state that overflows, a sensitivity that is exactly 0.
    """
    run = _prepared(kernel, params, x, lags, ends, norm, state, model)
    name = refusals.output_state(run.outputs, run.model) if output is None else output
    rows = refusals.selection(name, list(run.outputs), run.sizes, run.model)
    return _measured(run, rows, None, (name, "x"), progress)


def state_sensitivity(
    kernel: Kernel,
    params: Any,
    x: Any,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    output: str | None = None,
    source: str | None = None,
    norm: str = "frobenius",
    state: Any = None,
    model: str | None = None,
    progress: Progress | None = None,
) -> Profile:
    """||d output[T] / d source[T - lag]|| between states, for lag = 0 .. `lags`; at lag 0 it is that of the identity.

    output, source: the name of a state, or None for all states together. The rest is as in `input_sensitivity`.
    A state that does not depend on another one at the same step (output="h", source="c" at lag 0) is refused.
    """
    run = _prepared(kernel, params, x, lags, ends, norm, state, model)
    rows = refusals.selection(output, list(run.outputs), run.sizes, run.model)
    columns = refusals.selection(source, list(run.outputs), run.sizes, run.model)
    return _measured(run, rows, columns, (output or "state", source or "state"), progress)


@dataclass(frozen=True, eq=False)
class _Run:
    """A forward pass that was recorded, and the end points to measure on it."""

    model: str
    kernel: Kernel
    params: Any
    tape: Any
    batch: int
    outputs: dict[str, bool]  # of every state, whether it is what the cell gives out
    sizes: tuple[int, ...]
    ends: Integers
    lags: int
    norm: str


def _prepared(
    kernel: Kernel, params: Any, x: Any, lags: int, ends: Any, norm: str, state: Any, model: str | None
) -> _Run:
    name = kernel.__name__.rpartition(".")[2] if model is None else model
    if norm not in NORMS:
        raise FlowError(f"{name}, norm", f"{norm!r}", "a spelling mistake", f"give one of {', '.join(NORMS)}")
    lags = operator.index(lags)
    x = refusals.sequences(x, name)
    params = refusals.parameters(params, name)
    points = refusals.end_points(ends, len(x), lags, name)
    with np.errstate(over="ignore", invalid="ignore"):
        y, last, tape = kernel.forward(x, params, state, precise=True)
    refusals.refuse_overflow(y, name)
    sizes = tuple(int(np.prod(value.shape[1:])) for value in last)
    outputs = {field: np.array_equal(y[-1], value) for field, value in last._asdict().items()}
    return _Run(name, kernel, params, tape, x.shape[1], outputs, sizes, points, lags, norm)


def _measured(
    run: _Run, rows: slice, columns: slice | None, names: tuple[str, str], progress: Progress | None
) -> Profile:
    """The profile over all end points; columns None measures against the input, else against these states."""
    groups = np.array_split(np.argsort(-run.ends, kind="stable"), _group_count(run, rows))
    total = sum(len(_needed(run, run.ends[group])) for group in groups)
    log_norms = np.empty((run.batch, len(run.ends), run.lags + 1))
    done = 0
    for group in groups:
        for t, active, found in _swept(run, run.ends[group], rows, columns):
            points = group[active]
            refusals.refuse_zero(found, run.ends[points], t, names, run.model)
            log_norms[:, points, run.ends[points] - t] = found
            done += 1
            if progress is not None:
                progress(done, total)
    sequences = np.repeat(np.arange(run.batch), len(run.ends))
    ends = np.stack([np.tile(run.ends, run.batch), sequences], axis=1)
    return Profile(run.model, log_norms.reshape(len(ends), -1), ends, np.full(len(ends), -1), *names, run.norm)


def _group_count(run: _Run, rows: slice) -> int:
    """Into how many groups the end points go, so that what is carried for each stays within MEMORY."""
    one: int = 8 * run.batch * (rows.stop - rows.start) * sum(run.sizes)
    return min(len(run.ends), -(-one * len(run.ends) // MEMORY))


def _needed(run: _Run, ends: Integers) -> Integers:
    """The steps that some end point looks back on, ascending."""
    return np.unique(ends[:, None] - np.arange(run.lags + 1))


def _swept(run: _Run, ends: Integers, rows: slice, columns: slice | None) -> Iterator[tuple[int, slice, Array]]:
    """Sweep down the steps, for end points in descending order: t, the part of them that looks back on t, ln norms.

    The norms are (B, n), for the n end points T with t <= T <= t + lags; in order, they are a run of neighbours.
    """
    size = sum(run.sizes)
    chosen = scaled(np.eye(size)[rows])
    shape = (run.batch, len(ends))
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
    """t, ds[t]/ds[t-1] (B, S, S) and ds[t]/dx[t] (B, S, D), descending, the Jacobians made in blocks of steps."""
    needed = _needed(run, ends)
    block = max(1, MEMORY // (8 * run.batch * sum(run.sizes) ** 2))
    for stop in range(len(needed), 0, -block):
        steps = needed[max(0, stop - block) : stop]
        with np.errstate(over="ignore", invalid="ignore"):
            state = run.kernel.jacobian(run.tape, run.params, steps)
            inputs = run.kernel.input_jacobian(run.tape, run.params, steps) if with_input else state
        _refuse_not_finite(run, state, inputs, steps)
        for index in reversed(range(len(steps))):
            yield int(steps[index]), state[index], inputs[index]


def _refuse_not_finite(run: _Run, state: Array, inputs: Array, steps: Integers) -> None:
    for jacobian in (state, inputs):
        wrong = np.argwhere(~np.isfinite(jacobian))
        if wrong.size:
            raise FlowError(
                f"{run.model}, step {steps[wrong[0][0]]} of sequence {wrong[0][1]}",
                "a Jacobian of this step is not a finite number",
                "a hidden state that overflows, or a function without a slope there (log at 0)",
                "scale the weights down, or measure fewer steps",
            )
