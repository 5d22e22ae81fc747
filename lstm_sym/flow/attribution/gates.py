"""Gates over time: open, closed or between, from logarithms that tell 1e-300 from 0 and 1 - 1e-300 from 1."""

from __future__ import annotations

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.kernels import Kernel

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
    blocks = [_of_gates(trajectory.kernel, block.logarithms) for block in trajectory.blocks()]
    if not blocks[0]:
        raise FlowError(
            f"{trajectory.model}, gates",
            "this cell has no gate",
            "a cell in which no sigmoid or exponential multiplies anything, as the tanh RNN",
            "choose a gated cell",
        )
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def gate_values(trajectory: Trajectory) -> dict[str, Array]:
    """Every gate at every step, {"i": (T, B, N), ...}. Raises FlowError as `log_gates` does."""
    return {name: np.exp(values) for name, values in log_gates(trajectory).items()}


def _of_gates(kernel: Kernel, terms: dict[str, Array]) -> dict[str, Array]:
    """The logarithms of gates; of a kernel from before GATES, those of all that is no slope."""
    gates = getattr(kernel, "GATES", [name for name in terms if not name.endswith("_slope")])
    return {name: values for name, values in terms.items() if name in gates}
