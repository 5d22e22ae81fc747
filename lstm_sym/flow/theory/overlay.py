"""A theoretical curve, to be drawn beside a measured one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lstm_sym.flow.runs.scaling import Array


@dataclass(frozen=True, eq=False)
class Overlay:
    """What a theory says about a measured curve.

    Attributes:
        label: its name in legends and tables.
        x: (n,), what the curve runs over: lags in steps, gains, biases.
        log_values: (n,), natural logarithms; -inf where the theory says exactly zero.
        kind: "bound" where no measurement may lie above it, "prediction" where it should lie on it.
        source: the paper, and the equation in it where it has one.
    """

    label: str
    x: Array
    log_values: Array
    kind: Literal["bound", "prediction"]
    source: str
