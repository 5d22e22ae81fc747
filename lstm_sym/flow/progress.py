"""How far a long measurement has come, on the standard error stream."""

import sys
import time
from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """What a measurement calls as it goes: `done` steps of `total`, the last call with done == total."""

    def __call__(self, done: int, total: int) -> None:
        """Take note of it."""


def reporter(name: str, *, interval: float = 2.0, clock: Callable[[], float] = time.monotonic) -> Progress:
    """A `Progress` that prints the share done and the seconds left, at most once every `interval` seconds.

    A measurement shorter than `interval` prints nothing.
    """
    start = reported = clock()

    def report(done: int, total: int) -> None:
        nonlocal reported
        now = clock()
        if now - reported < interval or not 0 < done < total:
            return
        reported = now
        left = (now - start) * (total - done) / done
        print(f"{name}: {done / total:.0%}, about {left:.0f} s left", file=sys.stderr)

    return report
