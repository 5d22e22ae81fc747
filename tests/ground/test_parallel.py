"""Work shared by forks: the same results in the same order, and the same errors."""

from __future__ import annotations

import os
import sys

import pytest

from lstm_sym.ground.parallel import each

forks = pytest.mark.skipif(sys.platform != "linux", reason="no fork that is safe")


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_results_come_in_order_and_progress_is_told(workers):
    told: list[tuple[int, int]] = []
    offset = 10  # the work may be a closure, which no pickle holds
    found = list(each(lambda item, _: item + offset, range(5), workers, lambda done, total: told.append((done, total))))
    assert found == [10, 11, 12, 13, 14]
    assert workers == 1 or told == [(done, 5) for done in range(1, 6)]


@forks
def test_several_processes_work():
    own = os.getpid()
    assert own not in set(each(lambda item, _: os.getpid(), range(4), 2))
    assert set(each(lambda item, _: os.getpid(), range(4), 1)) == {own}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_here(workers):
    def work(item: int, _: object) -> int:
        return 1 // item

    with pytest.raises(ZeroDivisionError):
        list(each(work, [1, 0, 2], workers))


def test_nothing_is_started_for_nothing():
    assert list(each(lambda item, _: item, [], 4)) == []
