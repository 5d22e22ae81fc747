"""How a batch of sequences is cut into segments that a kernel can run on as they are.

The sequences are sorted by length, longest first, and time is cut at every length that occurs. Between two cuts the
sequences that still run are the first rows of the sorted batch, so each segment is a rectangle without padding:

    lengths 5 3 3 1      segments [0, 1) of 4 rows, [1, 3) of 3 rows, [3, 5) of 1 row

Cuts in between bound what a segment takes (checkpointing). Reversed sequences are cut in their own time.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.kernel import Integers

# The most steps of a segment where nothing else cuts: progress is heard of, and what backward needs besides the
# tape stays small.
LONGEST = 1000


class Segment(NamedTuple):
    """Steps start .. stop - 1 of the first `rows` sequences of the sorted batch."""

    start: int
    stop: int
    rows: int


@dataclass(frozen=True, eq=False)
class Plan:
    """The order of the sequences, longest first, and the segments in the order of time; reads and writes by them."""

    lengths: Integers
    order: Integers
    segments: tuple[Segment, ...]
    reverse: bool

    @property
    def steps(self) -> int:
        """The length of the longest sequence."""
        return self.segments[-1].stop if self.segments else 0

    def index(self, segment: Segment) -> Any:
        """Where a segment stands in an array (T, B, ...): x[index] is (steps, rows, ...), a view where it can be."""
        if not self.reverse and segment.rows == self.lengths.size and not np.any(np.diff(self.order) < 0):
            return slice(segment.start, segment.stop)
        columns = self.order[: segment.rows]
        times = np.arange(segment.start, segment.stop)[:, None]
        return (self.lengths[columns] - 1 - times if self.reverse else times), columns

    def sort(self, values: Any) -> Any:
        """A named tuple of arrays (B, ...), rows from the longest sequence to the shortest."""
        return type(values)(*(value[self.order] for value in values))

    def unsort(self, values: Any) -> Any:
        """The inverse of `sort`."""
        inverse = np.argsort(self.order)
        return type(values)(*(value[inverse] for value in values))


def planned(lengths: Integers, checkpoint: bool | int | None, reverse: bool) -> Plan:
    """The plan for sequences of these lengths. Raises SequenceError for a wrong number of segments."""
    longest = int(lengths.max(initial=0))
    count = min(_count(checkpoint, longest), longest)
    even = longest * np.arange(count + 1) // max(count, 1)
    cuts = np.union1d(even, lengths).tolist()
    segments = (Segment(start, stop, int((lengths > start).sum())) for start, stop in pairwise([0, *cuts]))
    running = tuple(segment for segment in segments if segment.start < segment.stop)
    return Plan(lengths, np.argsort(-lengths, kind="stable"), running, reverse)


def head(values: Any, rows: int) -> Any:
    """The first rows of a named tuple of arrays."""
    return type(values)(*(value[:rows] for value in values))


def replaced_head(values: Any, head: Any) -> Any:
    """A named tuple of arrays, its first rows exchanged for those of `head`."""
    pairs = ((new, value[len(new) :]) for value, new in zip(values, head, strict=True))
    return type(values)(*(np.concatenate(pair) if len(pair[1]) else pair[0] for pair in pairs))


def only(values: Any, rows: Array) -> Any:
    """A named tuple of arrays, 0 in all rows but these, a mask (B,)."""
    masks = (rows.reshape(-1, *[1] * (value.ndim - 1)) for value in values)
    return type(values)(*(np.where(mask, value, 0) for mask, value in zip(masks, values, strict=True)))


def _count(checkpoint: bool | int | None, longest: int) -> int:
    """The number of even segments of the longest sequence."""
    if checkpoint is None or checkpoint is False:
        return -(-longest // LONGEST)
    if checkpoint is True:
        return isqrt(longest - 1) + 1 if longest else 0
    if not hasattr(checkpoint, "__index__") or checkpoint < 1:
        raise SequenceError(
            "checkpoint",
            f"{checkpoint!r}, where the number of segments belongs",
            "a share, a number of bytes, or a count that was divided down to 0",
            "give True for segments of about sqrt(T) steps, or how many segments, 1 or more; None keeps the tape",
        )
    return operator.index(checkpoint)
