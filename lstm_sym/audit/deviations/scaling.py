"""A loss with a factor, and means where the derivation has sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lstm_sym.audit.deviations.deviation import ALL, Deviation, members
from lstm_sym.interpreter.over_time import Backward, Named

OVER = ("batch", "time", "both")
"""What a mean may be over."""


@dataclass(frozen=True)
class Scaled(Deviation):
    """Every output is this factor times the right one."""

    factor: float
    rank: ClassVar[int] = 2

    def afterwards(self, gradients: Named, sequence: Backward, returned: frozenset[str]) -> Named:
        """Every gradient with the factor."""
        return {name: self.factor * value for name, value in gradients.items()}

    @property
    def key(self) -> str:
        """One kind."""
        return "scaled"

    @property
    def number(self) -> float:
        """The factor."""
        return self.factor


@dataclass(frozen=True)
class Averaged(Deviation):
    """Means over the batch, over time or over both, of all outputs, or of the gradients of parameters alone."""

    over: str
    whom: str = ALL
    rank: ClassVar[int] = 2

    def afterwards(self, gradients: Named, sequence: Backward, returned: frozenset[str]) -> Named:
        """Sums divided by B, by T, or by both."""
        count, chosen = counted(sequence, self.over), members(self.whom, frozenset(gradients))
        return {name: value / count if name in chosen else value for name, value in gradients.items()}

    @property
    def key(self) -> str:
        """By what it is over, and whom it is about."""
        return f"averaged.{self.over}_{self.whom}"


def counted(sequence: Backward, over: str) -> int:
    """How many summands a mean is over."""
    steps, batch = map(int, sequence.dy.shape[:2])
    return {"batch": batch, "time": steps, "both": batch * steps, "": 1}[over]
