"""Units left out at random while a network is trained (Srivastava et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.layer import Layer, Named, Pair, Passed, Returned, Run, Tangent


@dataclass(frozen=True)
class Dropout(Layer):
    """y = m * x / (1 - rate), m = 0 with probability `rate`, else 1; y = x where nothing is drawn.

    Attributes:
        rate: the share of units left out, 0 <= rate < 1.
        each: "step" draws m anew at every step, "sequence" once for all of its steps (Gal & Ghahramani 2016).
    """

    rate: float
    each: str = "step"

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise NetworkError(
                f"layer {self.name}, rate", f"{self.rate}", "the share that is kept", "give the share left out, below 1"
            )
        if self.each not in ("step", "sequence"):
            raise NetworkError(f"layer {self.name}, each", f"{self.each!r}", "", "write step or sequence")

    def width(self, inputs: int) -> int:
        """As many as it reads."""
        return inputs

    def forward(self, x: Array, params: Named, state: Named, run: Run) -> Passed:
        """x as it is unless the run draws."""
        if run.rng is None or self.rate == 0:
            return Passed(x, {}, None)
        steps = len(x) if self.each == "step" else 1
        kept = run.rng.random((steps, *x.shape[1:])) >= self.rate
        scale = (kept / (1 - self.rate)).astype(x.real.dtype)
        return Passed(x * scale, {}, scale)

    def backward(self, dy: Array, tape: Any, params: Named, dstate: Named) -> Returned:
        """What was left out gets nothing."""
        return Returned(dy if tape is None else dy * tape, {}, {})

    def jvp(self, x: Pair, params: tuple[Named, Named], state: tuple[Named, Named], run: Run) -> Tangent:
        """What is left out of x is left out of its tangent."""
        y, _, scale = self.forward(x[0], {}, {}, run)
        x_dot: Any = x[1]
        return Tangent(y, x_dot if scale is None else x_dot * scale, {}, {})
