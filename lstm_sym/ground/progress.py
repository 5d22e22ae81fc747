"""How far something long has come, on the standard error stream."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from lstm_sym.ground.safe_text import printable

Item = TypeVar("Item")

_STRIDE = 1 << 14


class Progress(Protocol):
    """What a long run calls as it goes: `done` steps of `total`, the last call with done == total."""

    def __call__(self, done: int, total: int, /) -> None:
        """Take note of it."""


@dataclass(frozen=True)
class Noted:
    """A `Progress` that also hears a note: what the run has found so far, as the loss of a training."""

    report: Callable[[int, int, str], None]

    def __call__(self, done: int, total: int, /, note: str = "") -> None:
        """Take note of it."""
        self.report(done, total, note)


def reporter(name: str, *, interval: float = 2.0, clock: Callable[[], float] = time.monotonic) -> Noted:
    """A `Progress` that prints share done, seconds left and the note, at most once every `interval` seconds.

    What is shorter than `interval` seconds prints nothing.
    """
    start = reported = clock()

    def report(done: int, total: int, note: str) -> None:
        nonlocal reported
        now = clock()
        if now - reported < interval or not 0 < done < total:
            return
        reported = now
        left = (now - start) * (total - done) / done
        noted = f"; {printable(note)}" if note else ""
        print(f"{printable(name)}: {done / total:.0%}, about {left:.0f} s left{noted}", file=sys.stderr)

    return Noted(report)


def silent(name: str) -> Progress:
    """A `Progress` that prints nothing, in the place of `reporter`."""
    return lambda done, total: None


def tell(progress: Progress | None, done: int, total: int, note: str = "") -> None:
    """Tell how far it is, if anybody wants to know; the note to one that hears it."""
    if isinstance(progress, Noted):
        progress(done, total, note)
    elif progress is not None:
        progress(done, total)


def part_of(progress: Progress | None, index: int, count: int) -> Progress | None:
    """The progress of one part among `count` of about the same length; None where nobody wants to know."""
    if progress is None:
        return None

    def report(done: int, total: int, note: str) -> None:
        tell(progress, index * total + done, count * total, note)

    return Noted(report)


def watched(items: Iterable[Item], total: int, report: Progress) -> Iterator[Item]:
    """Yield `items`, about `total` of them, telling `report` now and then how many there have been."""
    for count, item in enumerate(items, 1):
        if count % _STRIDE == 0:
            report(count, total)
        yield item
