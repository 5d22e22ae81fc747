"""Sequences in which the state starts anew here and there: each stretch between two starts is a sequence of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError
from lstm_sym.through_time.kernel import Integers


@dataclass(frozen=True, eq=False)
class Episodes:
    """The E episodes of a batch (T, B, ...), those of each sequence one after the other.

    Attributes:
        sequence: of which sequence each is, (E,).
        first: its first step there.
        lengths: its steps.
        anew: whether its state starts anew; the first of a sequence takes what is given, if it does not start anew.
        leads, ends: whether it is the first and the last of its sequence.
    """

    sequence: Integers
    first: Integers
    lengths: Integers
    anew: Array
    leads: Array
    ends: Array

    def apart(self, x: Array) -> Array:
        """(T, B, ...) -> (longest, E, ...), each episode from step 0 on, zeros after it."""
        times, valid = self._places(len(x))
        found = x[times, self.sequence] if len(x) else np.zeros((0, len(self.sequence), *x.shape[2:]), x.dtype)
        return np.where(valid.reshape(*valid.shape, *[1] * (x.ndim - 2)), found, 0)

    def together(self, y: Array, steps: int, batch: int) -> Array:
        """The inverse of `apart`, and its adjoint: (longest, E, ...) -> (T, B, ...), 0 in the padding."""
        times, valid = self._places(steps)
        result = np.zeros((steps, batch, *y.shape[2:]), y.dtype)
        result[times[valid], np.broadcast_to(self.sequence, valid.shape)[valid]] = y[valid]
        return result

    def entered(self, given: Array, fresh: Array, back: bool) -> Array:
        """The first state of each episode (E, ...), of those given to the sequences (B, ...), and else fresh.

        back: the state runs from the last step to the first, and so enters with the last episode.
        """
        found = fresh.astype(np.result_type(given, fresh))
        rows = self._enters(back)
        found[rows] = given[self.sequence[rows]]
        return found

    def entered_cotangent(self, d_first: Array, batch: int, back: bool) -> Array:
        """The adjoint of `entered` with respect to what is given: (E, ...) -> (B, ...)."""
        found = np.zeros((batch, *d_first.shape[1:]), d_first.dtype)
        rows = self._enters(back)
        found[self.sequence[rows]] = d_first[rows]
        return found

    def left(self, last: Array, back: bool) -> Array:
        """The last state of each sequence (B, ...), of those of the episodes (E, ...)."""
        return last[self.leads if back else self.ends]

    def left_cotangent(self, d_last: Array, back: bool) -> Array:
        """The adjoint of `left`: (B, ...) -> (E, ...)."""
        found = np.zeros((len(self.sequence), *d_last.shape[1:]), d_last.dtype)
        found[self.leads if back else self.ends] = d_last
        return found

    def _enters(self, back: bool) -> Array:
        """Which episodes begin with the state that is given to their sequence."""
        return self.ends if back else self.leads & ~self.anew

    def _places(self, steps: int) -> tuple[Array, Array]:
        """The step of the batch at each step of each episode, and whether it is one of its own."""
        own = np.arange(self.lengths.max(initial=0))[:, None]
        return np.minimum(self.first + own, max(steps - 1, 0)), own < self.lengths


def episodes_of(reset: Any, lengths: Integers, steps: int) -> Episodes:
    """The episodes that begin where `reset` (T, B) is True, and at step 0. Raises NetworkError."""
    mask = np.asarray(reset)
    if mask.dtype != np.bool_ or mask.shape != (steps, len(lengths)):
        raise NetworkError(
            "reset",
            f"an array of shape {mask.shape} and dtype {mask.dtype}, where booleans {(steps, len(lengths))} belong",
            "marks of where an episode ends, numbers in place of booleans, or axes exchanged",
            "give True at the first step of every episode, one value a step and sequence",
        )
    starts = mask & (np.arange(steps)[:, None] < lengths)
    starts[:1] = True
    sequence, first = np.nonzero(starts.T) if steps else (np.arange(len(lengths)), np.zeros(len(lengths), np.int64))
    leads = first == 0
    ends = np.append(leads[1:], True) if len(leads) else leads
    stop = np.where(ends, lengths[sequence], np.append(first[1:], 0))
    anew = mask[first, sequence] if steps else np.zeros(len(sequence), bool)
    return Episodes(sequence, first, stop - first, anew, leads, ends)
