"""A theoretical curve, to be drawn beside a measured one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lstm_sym.flow.runs.scaling import Array, Integers


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


def straight(lags: Sequence[int] | Integers | Array, rate: float) -> tuple[Array, Array]:
    """The lags, and `rate` times each of them: 0 at lag 0 whatever the rate."""
    x = np.asarray(lags, np.float64)
    return x, np.multiply(x, rate, where=x > 0, out=np.zeros_like(x))
