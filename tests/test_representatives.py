"""A few cells stand for all where a test is about what equations are made of."""

from __future__ import annotations

from representatives import features, representatives

import lstm_sym as ls

ALL = {name: ls.cell(name) for name in ls.names()}


def test_every_feature_is_among_the_few() -> None:
    few = representatives(ALL)
    assert set().union(*map(features, few.values())) == set().union(*map(features, ALL.values()))
    assert len(few) < len(ALL) / 2
    assert representatives(few).keys() == few.keys()


def test_a_cell_with_something_new_is_one_of_them() -> None:
    own = ls.parse("h[t] = gelu(W @ x[t] + U @ h[t-1])", key="own")
    assert "gelu" in features(own) and "own" in representatives({**ALL, "own": own})
    plain = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])", key="own")
    assert "own" not in representatives({**ALL, "own": plain})
