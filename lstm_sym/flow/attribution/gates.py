"""Gates over time: open, closed or between, from logarithms that tell 1e-300 from 0 and 1 - 1e-300 from 1."""

from __future__ import annotations

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.runs.trajectory import Trajectory

# The largest number of gate values that is kept at once.
LARGEST = 10**8


def log_gates(trajectory: Trajectory) -> dict[str, Array]:
    """ln of every gate at every step, {"i": (T, B, N), ...}: what sigmoid or exp gives, or 1 - sigmoid, and multiplies.

    The kernel says which quantities these are (GATES): the sigmoid of a readout is none.

    Raises FlowError for a cell without gates, and for more than 10^8 values a gate.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    if len(trajectory) * trajectory.batch * trajectory.width > LARGEST:
        raise FlowError(
            f"{trajectory.model}, gates",
            f"{len(trajectory)} steps of {trajectory.batch} sequences, whose gates do not fit into memory",
            "a run of a million steps",
            "record a part of it",
        )
    terms = [block.logarithms for block in trajectory.blocks()]
    # Of a kernel from before GATES, all that is no slope.
    gates = getattr(trajectory.kernel, "GATES", [name for name in terms[0] if not name.endswith("_slope")])
    names = [name for name in terms[0] if name in gates]
    if not names:
        raise FlowError(
            f"{trajectory.model}, gates",
            "this cell has no gate",
            "a cell in which no sigmoid or exponential multiplies anything, as the tanh RNN",
            "choose a gated cell",
        )
    return {name: np.concatenate([block[name] for block in terms]) for name in names}


def gate_values(trajectory: Trajectory) -> dict[str, Array]:
    """Every gate at every step, {"i": (T, B, N), ...}. Raises FlowError as `log_gates` does."""
    return {name: np.exp(values) for name, values in log_gates(trajectory).items()}
