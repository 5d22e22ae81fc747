"""Backpropagation through time that is truncated after k steps, in its three forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_sym.audit.deviations.deviation import Deviation
from lstm_sym.interpreter.over_time import Values


@dataclass(frozen=True)
class Windowed(Deviation):
    """The loss of each step goes back at most `steps` steps: a window of one more slides over the sequence."""

    steps: int
    rank: ClassVar[int] = 0

    @property
    def key(self) -> str:
        """One kind."""
        return "truncated.window"

    @property
    def number(self) -> float:
        """k."""
        return self.steps


SENT, CUT, ZERO, LAST = "", "_cut", "_zero", "_last"
"""The gradient of the initial state: what the first step sends; that, cut like the rest where a piece ends there; zero;
what the first step of the last piece sends.
"""


@dataclass(frozen=True)
class Cut(Deviation):
    """The carried adjoint is zero every `steps` steps, counted from the first step, or from the last.

    first: what comes back as the gradient of the initial state.
    """

    steps: int
    from_start: bool = True
    first: str = SENT
    rank: ClassVar[int] = 0

    def sent(self, carried: Values, step: int, steps: int) -> Values:
        """Nothing, between two pieces of the sequence."""
        done = step if self.from_start else steps - step
        is_end = done % self.steps == 0 if step or self.first == CUT else self.first == ZERO
        return {value: np.zeros_like(array) for value, array in carried.items()} if is_end else carried

    def last_piece(self, steps: int) -> int:
        """The step with which the last piece begins."""
        return (steps - 1) // self.steps * self.steps if self.from_start else max(0, steps - self.steps)

    @property
    def key(self) -> str:
        """By where its pieces are counted from."""
        return f"truncated.{'from_start' if self.from_start else 'from_end'}{self.first}"

    @property
    def number(self) -> float:
        """k."""
        return self.steps


@dataclass(frozen=True)
class LastSteps(Deviation):
    """The loop goes back over the last `steps` steps alone: what those before would give, dx too, is zero.

    first: what comes back as the gradient of the initial state, ZERO or LAST.
    """

    steps: int
    first: str = ZERO
    rank: ClassVar[int] = 0

    @property
    def key(self) -> str:
        """By the gradient of the initial state."""
        return f"truncated.last_steps{self.first}"

    @property
    def number(self) -> float:
        """k."""
        return self.steps
