"""The clock of a search: it ends it when the time is up, and tells how far it is."""

from __future__ import annotations

import pytest

from lstm_sym.audit.search.clock import Clock, TimeIsUp


def test_a_clock_ends_what_it_watches_when_the_time_is_up() -> None:
    ticks, told = iter(range(100)), list[int]()
    clock = Clock(2.5, lambda done, total: told.append(done), lambda: float(next(ticks)))
    seen = []
    with pytest.raises(TimeIsUp):
        for item in clock.watched("abcdef"):
            seen.append(item)
    assert seen == ["a", "b"] and told == [1000, 2000]
    assert list(Clock(1.0).watched("ab")) == ["a", "b"]
