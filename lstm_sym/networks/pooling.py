"""Of each sequence one vector: the mean over its steps, their maximum, or the step at one of its ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym import through_time
from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.layer import Layer, Named, Pair, Passed, Returned, Run, Tangent
from lstm_sym.through_time.kernel import Integers


def _mean(x: Array, lengths: Integers) -> tuple[Array, Array]:
    """The mean over the steps of each sequence, and the weight of every step in it."""
    weights = through_time.mask_of(lengths, len(x)) / lengths
    return (weights[..., None] * x).sum(axis=0), np.broadcast_to(weights[..., None], x.shape)


def _max(x: Array, lengths: Integers) -> tuple[Array, Array]:
    """The largest entry of each unit over the steps, the first where there are several; 1 where it stands."""
    valid = through_time.mask_of(lengths, len(x))[..., None]
    where = np.where(valid, x.real, -np.inf).argmax(axis=0)
    weights = (np.arange(len(x))[:, None, None] == where).astype(float)
    return (weights * x).sum(axis=0), weights


def _last(x: Array, lengths: Integers) -> tuple[Array, Array]:
    """The last step of each sequence."""
    weights = (np.arange(len(x))[:, None] == lengths - 1).astype(float)[..., None]
    return through_time.last(x, lengths), np.broadcast_to(weights, x.shape)


def _first(x: Array, lengths: Integers) -> tuple[Array, Array]:
    """The first step of each sequence, where a pass from the last step ends."""
    weights = np.zeros((len(x), len(lengths), 1))
    weights[0] = 1.0
    return x[0], np.broadcast_to(weights, x.shape)


def _ends(x: Array, lengths: Integers) -> tuple[Array, Array]:
    """Of the first half of the units the last step, of the others the first: where both directions below end."""
    half = (x.shape[-1] + 1) // 2
    (last, last_weights), (first, first_weights) = _last(x, lengths), _first(x, lengths)
    return (
        np.concatenate((last[..., :half], first[..., half:]), axis=-1),
        np.concatenate((last_weights[..., :half], first_weights[..., half:]), axis=-1),
    )


POOLS: dict[str, Callable[[Array, Integers], tuple[Array, Array]]] = {
    "mean": _mean,
    "max": _max,
    "last": _last,
    "first": _first,
    "ends": _ends,
}
"""Name -> the vector of each sequence (B, N), and the weights (T, B, N) of which it is the sum: its derivative."""


@dataclass(frozen=True)
class Pooling(Layer):
    """y = the mean, max, last or first of x[0] .. x[length - 1], unit by unit: (T, B, N) -> (1, B, N).

    "ends" is the last step of the first half of the units, and the first step of the others: of a layer in both
    directions, side by side, the steps at which each of them has read the whole sequence.
    """

    over: str = "mean"

    def __post_init__(self) -> None:
        if self.over not in POOLS:
            raise NetworkError(
                f"layer {self.name}, over", f"{self.over!r}", "a word of another library", f"write {', '.join(POOLS)}"
            )

    @property
    def pools(self) -> bool:
        """Of each sequence one step is left."""
        return True

    def width(self, inputs: int) -> int:
        """As many as it reads."""
        return inputs

    def forward(self, x: Array, params: Named, state: Named, run: Run) -> Passed:
        """The vectors as sequences of one step. Raises NetworkError for a sequence without a step."""
        empty = np.flatnonzero(run.lengths == 0)
        if empty.size:
            raise NetworkError(
                f"lengths[{empty[0]}], which layer {self.name} reads",
                "0: there is nothing to take the " + self.over + " of",
                "a text without words, or a recording that was cut to nothing",
                "leave such sequences out",
            )
        y, weights = POOLS[self.over](x, run.lengths)
        return Passed(y[None].astype(x.dtype), {}, weights.astype(x.real.dtype))

    def backward(self, dy: Array, tape: Any, params: Named, dstate: Named) -> Returned:
        """Each step gets its weight of the cotangent."""
        return Returned(dy * tape, {}, {})

    def jvp(self, x: Pair, params: tuple[Named, Named], state: tuple[Named, Named], run: Run) -> Tangent:
        """The weighted sum of the tangents."""
        y, _, weights = self.forward(x[0], {}, {}, run)
        return Tangent(y, (weights * x[1]).sum(axis=0, keepdims=True), {}, {})
