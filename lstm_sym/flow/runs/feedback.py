"""A cell that reads what it gave out a step before, x[t] = F y[t-1]: its run, and the Jacobians of the closed map.

s[t] = step(F y[t-1], s[t-1])          ds[t]/ds[t-1] = J[t] + ds[t]/dx[t] F dy[t-1]/ds[t-1]

where y is one of the states s. Of an output layer y is a quantity of its own, which the loop carries beside h: the
network as `networks.Recurrence(network, output_is_a_state=True)` has it among its states, and this is exact.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.runs.trajectory import Trajectory, name_of, record
from lstm_sym.kernels import Kernel

# The steps of a segment. From the start of each the run is repeated, driven by the x found here; where it is chaotic
# even then, rounding takes far more steps than these to show.
SEGMENT = 16
# How far, in units of its largest value, an input may be from the feedback of the output.
AGREEMENT = 1e-6


def closed_loop(
    kernel: Kernel, params: Any, feedback: Any, state: Any, steps: int, *, model: str | None = None
) -> Trajectory:
    """Run a cell on its own output: x[t] = feedback y[t-1], feedback (D, N), y[-1] the output of `state`.

    state: the state at the start, B sequences, as the kernel's State; None for the kernel's own, B = 1. The result is a
    trajectory as from `record`, its input `trajectory.x` (T, B, D), but keeps the state of every 16th step: run again
    from the first state alone, a chaotic network would part from this input by its rounding.

    Raises FlowError: no step, a feedback of another shape, a state that overflows; an output that is no state, as that
    of a readout: take networks.Recurrence(network, output_is_a_state=True) as the kernel.
    """
    steps = operator.index(steps)
    name = name_of(kernel, model)
    rows = len(refusals.as_matrix(feedback, name, "feedback"))
    params, state = refusals.as_start(params, state, name)
    x = np.zeros((1, 1 if state is None else len(np.atleast_1d(state[0])), rows))
    _refuse_another_size(kernel, params, x, state, name)
    tried = record(kernel, params, x, state=state, model=name)  # one step tells the sizes
    if steps < 1:
        raise FlowError(f"{tried.model}, steps", f"{steps} steps", "a count that came out empty", "give 1 or more")
    matrix, output = _matrix(feedback, tried), tried.output()
    # A run of no steps gives the state that it starts from, the cell's own where none is given.
    current = kernel.forward(tried.x[:0], tried.params, state)[1]
    x, starts = np.empty((steps, *tried.x.shape[1:])), []
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            if t % SEGMENT == 0:
                starts.append(current)
            x[t] = getattr(current, output) @ matrix.T
            current = kernel.step(x[t], current, tried.params)[1]
    refusals.refuse_overflow(x, 0, tried.model)
    refusals.refuse_overflow(getattr(current, output)[None], steps - 1, tried.model)
    return replace(tried, x=x, starts=tuple(starts), segment=SEGMENT, last=current, _held={})


def closed_jacobians(trajectory: Trajectory, feedback: Any) -> Iterator[Array]:
    """ds[t]/ds[t-1] of the closed loop, (B, S, S) for every step of a trajectory whose input is feedback y[t-1].

    Raises FlowError: a feedback of another shape, or not the one that the trajectory ran with.
    """
    matrix, columns = _matrix(feedback, trajectory), trajectory.columns(trajectory.output())
    _refuse_another_input(trajectory, matrix)
    for block in trajectory.blocks():
        for state, driven in zip(block.state, block.input, strict=True):
            closed = state.copy()
            closed[..., columns] += driven @ matrix
            yield closed


def _matrix(feedback: Any, trajectory: Trajectory) -> Array:
    """The feedback (D, N) in float64. Raises FlowError for another shape, or values that are not finite."""
    matrix = refusals.as_matrix(feedback, trajectory.model, "feedback")
    columns = trajectory.columns(trajectory.output())
    shape = trajectory.x.shape[2], columns.stop - columns.start
    if matrix.shape != shape:
        raise _another_size(trajectory.model, matrix.shape, f"(D, N) = {shape}")
    return matrix


def _refuse_another_size(kernel: Kernel, params: Any, x: Array, state: Any, model: str) -> None:
    """Raise a FlowError where the kernel does not take as many inputs as the feedback has rows."""
    try:
        kernel.forward(x[:0], params, state)
    except ValueError as error:
        raise _another_size(model, (x.shape[2], "N"), f"(D, N) of the parameters; {error}") from error


def _another_size(model: str, shape: tuple[int | str, ...], expected: str) -> FlowError:
    return FlowError(
        f"{model}, feedback",
        f"an array of shape ({', '.join(map(str, shape))}), where one of shape {expected} belongs",
        "the transpose, or the readout of a model with another number of units",
        "give F of x[t] = F y[t-1], one row an input, one column a unit of the output: feedback.T of its transpose",
    )


def _refuse_another_input(trajectory: Trajectory, matrix: Array) -> None:
    """Raise a FlowError where the input of the first segment is not the feedback of its output."""
    first = trajectory.x[: min(SEGMENT, trajectory.segment)]
    y = trajectory.kernel.forward(first, trajectory.params, trajectory.starts[0], precise=True)[0]
    difference = np.abs(first[1:] - y[:-1] @ matrix.T).max(initial=0.0)
    if difference > AGREEMENT * np.abs(first).max():
        raise FlowError(
            f"{trajectory.model}, feedback",
            f"the input is not feedback y[t-1]: they differ by {difference:.1e}",
            "a trajectory that was driven by data, or a feedback that was scaled after the run",
            "make the trajectory with closed_loop(kernel, params, feedback, state, steps), or leave feedback out",
        )
