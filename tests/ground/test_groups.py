"""Items of one key together, and neighbours together."""

from __future__ import annotations

from lstm_sym.ground.groups import grouped, runs


def test_items_of_one_key_stand_together_in_the_order_in_which_they_come():
    found = grouped(["c", "aa", "b", "dd"], len)
    assert list(found.items()) == [(1, ["c", "b"]), (2, ["aa", "dd"])]
    assert grouped([], len) == {}


def test_a_run_ends_where_one_does_not_follow_the_one_before():
    assert runs([1, 2, 4, 5, 5, 7], lambda a, b: b == a + 1) == [[1, 2], [4, 5], [5], [7]]
    assert runs([], lambda a, b: True) == []
