"""Every kind of mistake has a place in the table of how often it is made, and nothing else has."""

from __future__ import annotations

from dataclasses import replace

import pytest

import lstm_sym as ls
from lstm_sym.mistakes.catalogue import EVERYWHERE, candidates
from lstm_sym.mistakes.frequency import FREQUENCY, surprise


def test_the_table_has_every_kind_and_no_other() -> None:
    found = set()
    for name in ("gru", "lstm_peephole", "slstm"):
        derivation = ls.derive(ls.cell(name))
        found |= {mistake.kind for mistake in candidates(derivation.adjoint, derivation.forward, {"x": 3.0})}
    assert found == set(FREQUENCY)
    assert set(EVERYWHERE) <= set(FREQUENCY)
    assert list(FREQUENCY.values()) == sorted(FREQUENCY.values(), reverse=True)


def test_what_is_made_often_surprises_least() -> None:
    derivation = ls.derive(ls.cell("rnn"))
    one = candidates(derivation.adjoint, derivation.forward)[0]
    common, rare = (surprise(replace(one, kind=kind)) for kind in ("slope left out", "weight left out"))
    assert 0 < common < rare
    with pytest.raises(KeyError):
        surprise(replace(one, kind="no kind at all"))
