"""The path of the state that passes through no matrix: dc[T]/dc[t] = diag(f[t+1] ... f[T]), the product of the gates.

The kernel splits its state Jacobian by the equation through which the flow enters a step; the part of the equation of
the state itself is diag(f) for the LSTM, diag(z) for the GRU, whatever the equations make of it for others. Logarithms
are added, unit by unit. Where the recurrent matrices are zero this is the whole of dc[T]/dc[t], exactly.

Source: Hochreiter & Schmidhuber 1997, section 3.2 (constant error carousel, f = 1); Gers, Schmidhuber & Cummins 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lstm_sym.flow.attribution.pathways import carried_state
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers, log
from lstm_sym.flow.runs.sweeps import sums_back
from lstm_sym.flow.runs.trajectory import StepDerivatives, Trajectory
from lstm_sym.flow.theory.overlay import Overlay
from lstm_sym.ground.progress import Progress

SOURCE = "Gers, Schmidhuber & Cummins 2000: product of forget gates"
# Relative difference within which a diagonal is the gate whose logarithm the kernel gives.
SAME = 1e-13


@dataclass(frozen=True, eq=False)
class GateProduct:
    """ln of the product of the gates that keep a state, unit by unit.

    Attributes:
        model: what the trajectory is called.
        state: the state that the gates keep.
        log_products: (n, L + 1, H), for n end points and the lags 0 .. L; -inf where a gate was exactly 0.
        ends: (n, 2), the step T and the sequence of each end point.
    """

    model: str
    state: str
    log_products: Array
    ends: Integers

    def log_norms(self, norm: str = "frobenius") -> Array:
        """ln ||diag(product)||, "frobenius" or "spectral": (n, L + 1). Raises FlowError for another norm."""
        refusals.refuse_unknown_norm(norm, self.model)
        if norm == "spectral":
            return np.asarray(self.log_products.max(axis=-1))
        return np.asarray(np.logaddexp.reduce(2 * self.log_products, axis=-1) / 2)

    def overlay(self, norm: str = "frobenius") -> Overlay:
        """The median over the end points of ln ||diag(product)|| relative to lag 0, against the lag."""
        logs = self.log_norms(norm)
        median = np.asarray(np.median(logs - logs[:, :1], axis=0), np.float64)
        lags = np.arange(float(len(median)))
        return Overlay(f"product of the gates of {self.state}", lags, median, "prediction", SOURCE)


def gate_product(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    state: str | None = None,
    progress: Progress | None = None,
) -> GateProduct:
    """The product of the gates along a trajectory, for every end point of every sequence, lag = 0 .. lags.

    state: the state that is kept, by default the one that its own equation carries on (pathways.py). ends, lags: as
    in `state_sensitivity`.
    Raises FlowError: no state has such a part (the tanh RNN), or its part is no diagonal (a matrix is in the way).
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    points = refusals.end_points(ends, len(trajectory), lags, trajectory.model)
    name = carried_state(trajectory) if state is None else state
    sums = sums_back(trajectory, partial(_logarithms, name), points, lags, progress)
    products = np.moveaxis(sums, 2, 0).reshape(-1, lags + 1, sums.shape[-1])
    return GateProduct(trajectory.model, name, products, trajectory.end_points(points))


def _logarithms(state: str, block: StepDerivatives) -> Array:
    """ln of the diagonal of a state's own part, (n, B, H)."""
    run = block.trajectory
    columns = run.columns(state)
    if state not in block.parts:
        raise _refused(run.model, f"{state} does not enter a step through its own equation")
    part = block.parts[state][..., columns, columns]
    diagonal = np.array(np.einsum("...ii->...i", part))
    if np.count_nonzero(part) > np.count_nonzero(diagonal) or (diagonal < 0).any():
        raise _refused(run.model, f"the part of {state} is no diagonal of numbers above 0")
    # The kernel's own logarithms do not underflow, and keep their digits where a gate is near 1.
    for logarithm in block.logarithms.values():
        if logarithm.shape == diagonal.shape and (np.abs(np.exp(logarithm) - diagonal) <= SAME * diagonal).all():
            return logarithm
    return log(diagonal)


def _refused(model: str, found: str) -> FlowError:
    return FlowError(
        f"{model}, product of gates",
        found,
        "a cell whose state passes through a matrix, as the tanh RNN",
        "name the state that a gate keeps, as state='c'; for other cells there is path_bound",
    )
