"""How the arrays of a run lie: as the caller gives them, and as the layers take them, (T, B, N) or episodes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.networks.episodes import Episodes, episodes_of
from lstm_sym.networks.errors import NetworkError
from lstm_sym.through_time.kernel import Integers, refuse_masked
from lstm_sym.through_time.lengths import as_given, checked_lengths, mask_of, time_major


@dataclass(frozen=True, eq=False)
class Layout:
    """The layout of one run.

    Attributes:
        steps, batch: T and B, as the caller has them.
        lengths: of the sequences that the layers run over: those given, or their episodes.
        episodes: where states start anew in between, None where they do not.
        pools: whether the output is one vector a sequence.
        batch_first: whether the caller has (B, T, ...).
    """

    steps: int
    batch: int
    lengths: Integers
    episodes: Episodes | None
    pools: bool
    batch_first: bool

    @property
    def sequences(self) -> int:
        """How many sequences the layers run over."""
        return len(self.lengths)

    def taken_in(self, name: str, x: Any, axes: int = 2) -> Array:
        """(T, B, ...) or (B, T, ...), as the layers run over it."""
        refuse_masked(**{name: x})
        array = time_major(name, x, self.batch_first, axes)
        return array if self.episodes is None else self.episodes.apart(array)

    def given_out(self, y: Array) -> Array:
        """What the layers gave, in the caller's layout."""
        if self.pools:
            vectors: Array = y[0]
            return vectors
        return self.together(y)

    def together(self, values: Array) -> Array:
        """Values at every step, in the caller's layout: the adjoint of `taken_in`."""
        values = values if self.episodes is None else self.episodes.together(values, self.steps, self.batch)
        return as_given(values, self.batch_first)

    def cotangent(self, dy: Any, units: int) -> Array:
        """dL/dy as the last layer gave y: the adjoint of `given_out`. Raises NetworkError for another shape."""
        steps, batch = (self.batch, self.steps) if self.batch_first else (self.steps, self.batch)
        expected = (self.batch, units) if self.pools else (steps, batch, units)
        if np.shape(dy) != expected:
            raise NetworkError(
                "dy",
                f"an array of shape {np.shape(dy)}, where {expected} belongs, as y has it",
                "the gradient of another output, or time and batch exchanged",
                "give dL/dy in the layout of y",
            )
        if not self.pools:
            return self.taken_in("dy", dy)
        refuse_masked(dy=dy)
        return np.asarray(dy)[None]

    @property
    def counted(self) -> Array | None:
        """Which samples of y are no padding, in the caller's layout without units; None for all."""
        longest = int(self.lengths.max(initial=0)) if self.episodes is not None else self.steps
        return None if self.pools else self.together(mask_of(self.lengths, longest))


def layout_of(x: Any, lengths: Any, reset: Any, pools: bool, batch_first: bool) -> Layout:
    """The layout of these sequences. Raises NetworkError and SequenceError for lengths or resets that do not fit."""
    steps, batch = time_major("x", x, batch_first).shape[:2]
    own = checked_lengths(lengths, steps, batch)
    if reset is None:
        return Layout(steps, batch, own, None, pools, batch_first)
    if pools:
        raise NetworkError(
            "reset",
            "this network gives out one vector a sequence, and an episode would have one of its own",
            "packed sequences that are classified one by one",
            "give the episodes as sequences of a batch: x, lengths = through_time.pad(episodes)",
        )
    episodes = episodes_of(time_major("reset", reset, batch_first), own, steps)
    return Layout(steps, batch, episodes.lengths, episodes, pools, batch_first)
