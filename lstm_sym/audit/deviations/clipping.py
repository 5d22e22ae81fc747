"""Clipping of the gradients that are returned: every element, or the norm of all together or of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lstm_sym.audit.deviations.deviation import ALL, PARAMETERS, Deviation, members
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Backward, Named


@dataclass(frozen=True)
class ClippedElements(Deviation):
    """Every element of what is returned is at most ±bound."""

    bound: float
    whom: str = ALL
    rank: ClassVar[int] = 4

    def afterwards(self, gradients: Named, sequence: Backward, returned: frozenset[str]) -> Named:
        """Elements clipped."""
        chosen = members(self.whom, frozenset(gradients))
        return {
            name: np.clip(value, -self.bound, self.bound) if name in chosen else value
            for name, value in gradients.items()
        }

    @property
    def key(self) -> str:
        """By whom it is about."""
        return f"clipped.elements_{self.whom}"

    @property
    def number(self) -> float:
        """The bound."""
        return self.bound


@dataclass(frozen=True)
class ClippedNorm(Deviation):
    """Gradients are scaled down to a Euclidean norm of `bound`: all together, or `each` by itself."""

    bound: float
    whom: str = PARAMETERS
    each: bool = False
    rank: ClassVar[int] = 4

    def afterwards(self, gradients: Named, sequence: Backward, returned: frozenset[str]) -> Named:
        """Gradients scaled down; the norm of all together is that of those that are returned."""
        chosen = members(self.whom, frozenset(gradients) & returned)
        together = norm([gradients[name] for name in chosen])
        sizes = {name: norm([gradients[name]]) if self.each else together for name in chosen}
        return {
            name: value * (self.bound / sizes[name]) if sizes.get(name, 0.0) > self.bound else value
            for name, value in gradients.items()
        }

    @property
    def key(self) -> str:
        """All together or each, and whom it is about."""
        return f"clipped.{'each' if self.each else 'together'}_{self.whom}"

    @property
    def number(self) -> float:
        """The norm."""
        return self.bound


def norm(arrays: list[Array]) -> float:
    """The Euclidean norm of all elements of these arrays."""
    return float(np.sqrt(sum(float((array * array).sum()) for array in arrays)))
