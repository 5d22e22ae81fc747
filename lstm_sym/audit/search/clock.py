"""The time that a search may take: when it is up, what was found so far is the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from lstm_sym.ground.progress import Progress, tell

Item = TypeVar("Item")


class TimeIsUp(Exception):
    """The search has taken as long as it may."""


class Clock:
    """Seconds that are left, and whom to tell how far it is."""

    def __init__(
        self, seconds: float, progress: Progress | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds, self.progress, self._now = seconds, progress, now
        self._start = now()

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._now() - self._start

    def part(self, share: float) -> Clock:
        """A clock for a share of the seconds that are left."""
        return Clock(max(0.0, share * (self.seconds - self.spent)), self.progress, self._now)

    def watched(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, as long as there is time. Raises TimeIsUp."""
        for item in items:
            spent = self.spent
            if spent > self.seconds:
                raise TimeIsUp
            tell(self.progress, int(1000 * spent), int(1000 * self.seconds))
            yield item
