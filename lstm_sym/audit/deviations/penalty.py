"""Weight decay: a term λ W beside the gradient of every weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lstm_sym.audit.deviations.deviation import Deviation, parameters
from lstm_sym.interpreter.over_time import Backward, Named


@dataclass(frozen=True)
class Decayed(Deviation):
    """λ W is added to the gradient of every matrix, with `biases` to that of every parameter."""

    strength: float
    biases: bool = False
    rank: ClassVar[int] = 3

    def afterwards(self, gradients: Named, sequence: Backward, returned: frozenset[str]) -> Named:
        """Gradients with the term."""
        found = parameters(sequence)
        decayed = {name for name, value in found.items() if self.biases or value.ndim == 2}
        return {
            name: value + self.strength * found[name] if name in decayed else value for name, value in gradients.items()
        }

    @property
    def key(self) -> str:
        """With biases or without."""
        return "decayed.all" if self.biases else "decayed.weights"

    @property
    def number(self) -> float:
        """λ."""
        return self.strength
