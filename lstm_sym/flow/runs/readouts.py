"""What a sweep begins with: the rows of d output[T] / d s[T] over all states s, at every end point T.

Without a readout they select a state. A readout z = r(s) of one's own gives its own rows dz[T]/ds[T], over the output
or over all states: one matrix for all end points where it is linear, one for each, or a function of the state there

    readout=V                                           z = V h
    readout=lambda s: (1 - np.tanh(s.h @ V.T) ** 2)[..., None] * V           z = tanh(V h), rows for each sequence

A loss L of what is read out has a cotangent dL/dz[T] at every end point: then there is one row, dL/ds[T], and its norm
carried back is ||dL/dx[T - lag]||.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.flow.runs.trajectory import Trajectory

READOUT, LOSS = "readout", "loss"
"""What figures and tables call a readout and a loss of one's own."""


class Start(NamedTuple):
    """What is differentiated.

    Attributes:
        name: the state that it is, "state" for all of them, "readout", or "loss".
        rows: R[T] = d output[T] / d s[T], (B or 1, n or 1, M, S) for n end points.
    """

    name: str
    rows: Array

    def loss(self, cotangent: Any, ends: int, batch: int, model: str) -> Start:
        """The row dL/ds[T] of a loss, its cotangent dL/d output (M,), or at n end points (n, M) or (n, B, M).

        Raises FlowError: another shape, masked entries, or not finite.
        """
        values, units = refusals.as_numbers(cotangent, model, "cotangent"), self.rows.shape[2]
        shapes = [(units,), (ends, units), (ends, batch, units)]
        if values.shape not in shapes:
            raise FlowError(
                f"{model}, cotangent",
                f"an array of shape {values.shape}",
                "the gradient for another output, or for another number of end points",
                f"give finite numbers of one of the shapes {', '.join(map(str, shapes))}",
            )
        values = values if values.ndim == 3 else np.broadcast_to(values, (ends, units))[:, None]
        return Start(LOSS, values.swapaxes(0, 1)[..., None, :] @ self.rows)

    def of(self, sequence: int) -> Start:
        """The same of one sequence, B = 1."""
        return self if len(self.rows) == 1 else Start(self.name, self.rows[sequence : sequence + 1])


def start_of(
    run: Trajectory, points: Integers, output: str | None, readout: Any, cotangent: Any = None, *, whole: bool = False
) -> Start:
    """The rows of a readout, or of the output where there is none: the state of this name, or what the cell gives out.

    With a cotangent the one row of the loss. whole: without a name and a readout all states are meant. Raises
    FlowError: no such state, an output that is no state, a readout or a cotangent of another shape or not finite.
    """
    if readout is None:
        name = output if whole else run.output(output)
        start = Start(name or "state", np.eye(run.width)[None, None, run.columns(name)])
    else:
        start = _readout_rows(run, points, output, readout)
    return start if cotangent is None else start.loss(cotangent, len(points), run.batch, run.model)


def _readout_rows(run: Trajectory, points: Integers, output: str | None, readout: Any) -> Start:
    """The rows of a readout over all states."""
    given = _at_points(run, points, readout) if callable(readout) else readout
    widths = _widths(run, output)
    rows = as_rows(given, len(points), run.batch, widths, run.model)
    wide = np.zeros((*rows.shape[:-1], run.width))
    wide[..., widths[rows.shape[-1]]] = rows
    return Start(READOUT, wide)


def as_rows(given: Any, ends: int, batch: int, widths: dict[int, Any], model: str) -> Array:
    """A readout (N,), (M, N), (n, M, N) or (n, B, M, N) as (B or 1, n or 1, M, N), N one of the widths.

    Raises FlowError: another shape, no row, masked entries, or not finite.
    """
    rows = refusals.as_numbers(given, model, READOUT)
    leading = {1: (), 2: (), 3: (ends,), 4: (ends, batch)}.get(rows.ndim)
    if leading is None or rows.shape[: len(leading)] != leading or rows.shape[-1] not in widths or not rows.size:
        units = " or ".join(map(str, widths))
        raise FlowError(
            f"{model}, readout",
            f"an array of shape {rows.shape}",
            "a readout of another state, its transpose, or one for another number of end points",
            f"give (N,), (M, N), ({ends}, M, N) or ({ends}, {batch}, M, N), N = {units}: rows of the derivative of "
            "what is read out",
        )
    single: Array = rows.reshape(*leading, -1, rows.shape[-1])
    return single.swapaxes(0, 1) if rows.ndim == 4 else single[(None,) * (4 - single.ndim)]


def refuse_ambiguous(rows: Array, leading: tuple[int, ...], model: str, call: str) -> None:
    """Raise a FlowError for one row a sequence or end point, which reads like the rows of a matrix (M, N)."""
    if rows.ndim == 2 and leading[0] > 1 and len(rows) == leading[0]:
        raise FlowError(
            f"{model}, {call}",
            f"an array of shape {rows.shape}: {len(rows)} rows of one matrix, or one row for each of {leading[0]}",
            "the gradient of one number, a row for each state that the function was given",
            "let it give (..., M, N): rows[:, None, :] where M = 1, or a matrix for each, the same repeated",
        )


def _widths(run: Trajectory, output: str | None) -> dict[int, slice]:
    """How many columns a readout may have, and where among the states these stand."""
    widths = {run.width: slice(0, run.width)}
    if output is not None or run.gives_out in run.states:
        columns = run.columns(run.output(output))
        widths = {columns.stop - columns.start: columns} | widths
    return widths


def _at_points(run: Trajectory, points: Integers, readout: Any) -> Array:
    """The rows that a function gives of the state at each end point, (n, B, M, N). Raises FlowError."""
    steps, places = np.unique(points, return_inverse=True)
    found = [refusals.as_numbers(readout(state), run.model, "readout(state)") for state in run.states_before(steps + 1)]
    shapes = {rows.shape for rows in found}
    [shape] = shapes if len(shapes) == 1 else [()]
    if not 1 <= len(shape) <= 3 or (len(shape) == 3 and shape[0] != run.batch):
        raise FlowError(
            f"{run.model}, readout(state)",
            "arrays of shape " + ", ".join(map(str, sorted(shapes))),
            "a function that gives the readout itself, or the rows of one sequence of several",
            f"let it give the rows of its derivative, (M, N) or, for each sequence, ({run.batch}, M, N)",
        )
    if shape[-1] in _widths(run, None):
        refuse_ambiguous(found[0], (run.batch,), run.model, "readout(state)")
    rows = np.stack([np.broadcast_to(rows, (run.batch, *np.atleast_2d(rows).shape[-2:])) for rows in found])
    return rows[places]
