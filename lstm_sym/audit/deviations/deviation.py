"""What a deviation is: something done on purpose beside the derived program, everywhere alike, with one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Backward, Named, Values
from lstm_sym.program.values import Value

ALL, PARAMETERS = "all", "parameters"
"""Whom a deviation is about: every output that is returned, or the gradients of the parameters alone."""


def is_parameter(name: str) -> bool:
    """Whether an output of this name is the gradient of a parameter: neither the input's nor an initial state's."""
    return name != "x" and not name.endswith("[0]")


def members(whom: str, names: frozenset[str]) -> frozenset[str]:
    """Those of the outputs that a deviation is about."""
    return names if whom == ALL else frozenset(filter(is_parameter, names))


@dataclass(frozen=True)
class Deviation:
    """Nothing otherwise; each kind says what it changes: in the loop over time, or of the gradients after it.

    rank: of several, those of lower rank come first, as one writes them.
    """

    rank: ClassVar[int] = 0

    def computed(self, value: Value, array: Array) -> Array:
        """What becomes of a value of a step as soon as it is computed."""
        return array

    def arriving(self, carried: Values) -> Values:
        """What becomes of the carried adjoints where they arrive, those of the last state too."""
        return carried

    def sent(self, carried: Values, step: int, steps: int) -> Values:
        """What becomes of the carried adjoints that a step (0 .. steps - 1) sends to the one before."""
        return carried

    def afterwards(self, gradients: Named, sequence: Backward, returned: frozenset[str]) -> Named:
        """What becomes of the gradients in the end; returned: the outputs that the function gives."""
        return gradients

    @property
    def key(self) -> str:
        """Of its sentence, below "audit.meant"."""
        raise NotImplementedError

    @property
    def number(self) -> float | None:
        """The number in it, if it has one."""
        return None


def parameters(sequence: Backward) -> Named:
    """The parameters over a sequence, by name."""
    return {value.name: array for value, array in sequence.steps[0].items() if value.is_parameter}
