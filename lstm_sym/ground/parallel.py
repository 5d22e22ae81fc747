"""The same work on several items, shared by processes that are forks of this one."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from lstm_sym.ground.progress import Progress, part_of, tell

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Item, Progress | None], Result]

_SHARED: list[Any] = []
"""In a fork: the work and its items, which no pickle has to hold."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(
    work: Work[Item, Result], items: Sequence[Item], workers: int = 1, progress: Progress | None = None
) -> Iterator[Result]:
    """What `work` gives of each item, in their order, by so many processes; by this one where the system has no fork.

    The results have to be such as a pickle can hold. What `work` raises is raised here.
    """
    workers = min(workers, len(items))
    if workers < 2 or sys.platform != "linux":  # elsewhere forks are not to be had, or not safe
        yield from (work(item, part_of(progress, place, len(items))) for place, item in enumerate(items))
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, initializer=_SHARED.extend, initargs=([work, items],)) as pool:
        for done, result in enumerate(pool.map(_done, range(len(items))), 1):
            yield result
            tell(progress, done, len(items))


def _done(place: int) -> Any:
    """In a fork: the work on the item at this place."""
    work, items = _SHARED[-2:]
    return work(items[place], None)
