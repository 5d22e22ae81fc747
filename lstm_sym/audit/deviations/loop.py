"""Clipping inside the loop over time: of what goes from step to step, or of an adjoint at every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_sym.audit.deviations.deviation import Deviation
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Values
from lstm_sym.program.values import Value

SENT, ARRIVING, COMPUTED = "sent", "arriving", "computed"
"""When it is done: to what a step sends, to what arrives at one, or to what it has just computed."""


@dataclass(frozen=True)
class ClippedEachStep(Deviation):
    """Every element of these adjoints is at most ±bound, at every step; what: what they are, in a word."""

    bound: float
    what: str
    when: str
    values: frozenset[Value]
    rank: ClassVar[int] = 1

    def computed(self, value: Value, array: Array) -> Array:
        """A value clipped, if it is one of them."""
        return self._clipped(array) if self.when == COMPUTED and value in self.values else array

    def arriving(self, carried: Values) -> Values:
        """What arrives, clipped."""
        return self._all(carried) if self.when == ARRIVING else carried

    def sent(self, carried: Values, step: int, steps: int) -> Values:
        """What is sent, clipped."""
        return self._all(carried) if self.when == SENT else carried

    def _all(self, carried: Values) -> Values:
        return {value: self._clipped(array) if value in self.values else array for value, array in carried.items()}

    def _clipped(self, array: Array) -> Array:
        return np.asarray(np.clip(array, -self.bound, self.bound))

    @property
    def key(self) -> str:
        """By what is clipped, and when."""
        return f"each_step.{self.what}_{self.when}"

    @property
    def number(self) -> float:
        """The bound."""
        return self.bound
