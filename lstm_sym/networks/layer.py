"""What a layer is: an immutable description that runs forward, backward and along a tangent on arrays (T, B, N)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.through_time.kernel import Integers

Named = dict[str, Array]
"""Name of a parameter or state -> array."""
Pair = tuple[Array, Array | None]
"""A value and its tangent."""


@dataclass(frozen=True, eq=False)
class Run:
    """What holds for a whole run, whatever the layer.

    Attributes:
        lengths: the steps (B,) of each sequence; what stands after them is padding, and 0 in every output.
        rng: draws what is dropped out; None, as when a trained network is used: nothing is.
        precise: whether kernels run in their precise form.
    """

    lengths: Integers
    rng: np.random.Generator | None = None
    precise: bool = False

    def above(self, layer: Layer) -> Run:
        """The run as the layer above this one sees it: above a pool, sequences have one step."""
        return replace(self, lengths=np.ones_like(self.lengths)) if layer.pools else self


class Passed(NamedTuple):
    """What a layer gives: its output, its state after the last step of each sequence, what `backward` needs."""

    y: Array
    state: Named
    tape: Any


class Returned(NamedTuple):
    """Gradients of a loss at a layer: of its input, None where that is no number; its parameters; its first state."""

    x: Array | None
    params: Named
    state: Named


class Tangent(NamedTuple):
    """What a layer gives along a direction: output and state, and their tangents."""

    y: Array
    y_dot: Array
    state: Named
    state_dot: Named


@dataclass(frozen=True)
class Layer(ABC):
    """One layer of a network. `name` stands before its parameters: lstm.W_f."""

    name: str

    @property
    def prefix(self) -> str:
        """What stands before its names in those of the network."""
        return f"{self.name}."

    @property
    def pools(self) -> bool:
        """Whether of each sequence one step is left."""
        return False

    @abstractmethod
    def width(self, inputs: int) -> int:
        """How many units it gives out, of so many that it reads. Raises NetworkError where it cannot read them."""

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Name of a parameter -> its shape, where so many units are read."""
        return {}

    def states(self, inputs: int) -> dict[str, int]:
        """Name of a state -> its units, where so many are read."""
        return {}

    def init(self, inputs: int, rng: np.random.Generator, dtype: Any, fill: Mapping[str, float]) -> Named:
        """Its parameters, drawn; `fill` sets vectors of them to one value."""
        return {}

    def fresh(self, inputs: int, batch: int, params: Named) -> Named:
        """The state that so many sequences begin with."""
        return {}

    def reads_back(self, state: str) -> bool:
        """Whether this state runs from the last step to the first."""
        return False

    @abstractmethod
    def forward(self, x: Array, params: Named, state: Named, run: Run) -> Passed:
        """x (T, B, N) -> y (T, B, M); `state` empty begins anew."""

    @abstractmethod
    def backward(self, dy: Array, tape: Any, params: Named, dstate: Named) -> Returned:
        """dL/dy (T, B, M) -> the gradients; `dstate` empty where the loss does not read the last state."""

    @abstractmethod
    def jvp(self, x: Pair, params: tuple[Named, Named], state: tuple[Named, Named], run: Run) -> Tangent:
        """Forward mode: each argument comes with its tangent; that of x is None where x holds words."""


def below(prefix: str, named: Mapping[str, Any]) -> dict[str, Any]:
    """What has names with this prefix, by the rest of them."""
    return {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}


def above(prefix: str, named: Mapping[str, Array]) -> Named:
    """The same arrays with the prefix before their names: the inverse of `below`."""
    return {prefix + name: value for name, value in named.items()}
