"""How far a long reading has come, on the standard error stream."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from lstm_sym.printable import printable

Item = TypeVar("Item")

_PATIENCE = 2.0
_STRIDE = 1 << 14


def watched(
    items: Iterable[Item], total: int, file: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[Item]:
    """Yield `items`, about `total` of them; every two seconds report the share done and the seconds left."""
    start = reported = clock()
    for count, item in enumerate(items, 1):
        if count % _STRIDE == 0 and clock() - reported >= _PATIENCE:
            reported = clock()
            share = min(count / total, 1.0)
            left = (reported - start) * (1.0 - share) / share
            print(f"reading {printable(file)}: {share:.0%}, about {left:.0f} s left", file=sys.stderr)
        yield item
