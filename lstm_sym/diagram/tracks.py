"""The channel between two layers: on which vertical track each line changes its height."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

NEAR = 4.0
"""Two lines closer than this are taken for one."""
TRIED, CONFLICT = 6, 1000
"""Up to how many lines every order is tried; with more, neighbours are exchanged as long as it helps.
Two lines on each other are as bad as a thousand that cross."""


@dataclass(frozen=True)
class Line:
    """A line through a channel, from the height at which it enters to those at which it leaves."""

    net: str
    enters: float
    leaves: tuple[float, ...]

    @property
    def bends(self) -> bool:
        """Whether it needs a track."""
        return any(height != self.enters for height in self.leaves)

    @property
    def span(self) -> tuple[float, float]:
        """From where to where on its track it goes."""
        return min(self.enters, *self.leaves), max(self.enters, *self.leaves)


@dataclass(frozen=True)
class Channel:
    """The track of each line that bends, from the left; and how often two lines lie on each other in the best order."""

    tracks: dict[str, int]
    conflicts: int

    @property
    def count(self) -> int:
        """How many tracks there are."""
        return max(self.tracks.values(), default=-1) + 1


def channel(lines: Sequence[Line]) -> Channel:
    """The tracks of a channel; lines that do not meet share one."""
    bending = [line for line in lines if line.bends]
    straight = [line for line in lines if not line.bends]
    found: dict[str, int] = {}
    placed: list[Line] = []
    order = _ordered(bending, straight)
    for line in order:
        found[line.net] = max((found[other.net] + 1 for other in placed if _meet(other, line)), default=0)
        placed.append(line)
    return Channel(found, _cost(order, straight) // CONFLICT)


def _ordered(bending: Sequence[Line], straight: Sequence[Line]) -> Sequence[Line]:
    """The lines in the order in which they cross least."""
    if len(bending) <= TRIED:
        return min(permutations(bending), key=lambda order: _cost(order, straight), default=())
    order, better = list(bending), True
    while better:
        better = False
        for at in range(len(order) - 1):
            other = [*order[:at], order[at + 1], order[at], *order[at + 2 :]]
            if _cost(other, straight) < _cost(order, straight):
                order, better = other, True
    return order


def _meet(one: Line, other: Line) -> bool:
    """Whether two lines come close to each other anywhere."""
    (low, high), (bottom, top) = one.span, other.span
    return low <= top + 2 * NEAR and bottom <= high + 2 * NEAR


def _cost(order: Sequence[Line], straight: Iterable[Line]) -> int:
    """Crossings, and CONFLICT for each place where two lines would lie on each other."""
    total = 0
    for at, left in enumerate(order):
        for right in order[at + 1 :]:
            total += sum(_within(height, right) for height in left.leaves)
            total += _within(right.enters, left)
            total += CONFLICT * sum(abs(height - right.enters) < NEAR for height in left.leaves)
    return total + sum(_within(line.enters, other) for line in straight for other in order)


def _within(height: float, line: Line) -> bool:
    low, high = line.span
    return low < height < high
