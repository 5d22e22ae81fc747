"""Rung 6: every way of breaking the engine is noticed, and nothing else is."""

from __future__ import annotations

import pytest
from ladder.breaks import BREAKS, Break
from ladder.mutation import CELLS, as_it_is, derived, verdict

import lstm_sym as ls
from lstm_sym.emit.numpy.kernel import NumPyKernel

MISSED, UNCHANGED = "nothing", "unchanged"


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
def test_a_broken_engine_is_noticed(broken: Break) -> None:
    """On the first cell that has something to break."""
    found = (verdict(broken, name) for name in CELLS)
    assert next((one for one in found if one != UNCHANGED), MISSED) != MISSED


@pytest.mark.long
@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
def test_a_broken_engine_is_noticed_on_every_cell(broken: Break) -> None:
    assert MISSED not in {name: verdict(broken, name) for name in CELLS}.values()


def test_there_are_many_breaks_in_every_place() -> None:
    assert len({broken.name for broken in BREAKS}) == len(BREAKS) >= 25
    assert {broken.place for broken in BREAKS} >= {"reverse mode", "forward mode", "Jacobians", "lowering", "passes"}


def test_an_engine_that_is_not_broken_is_left_alone_and_each_break_is_taken_back() -> None:
    nothing = Break("nowhere", "nothing", ((ls.Derivation, "value", lambda right, *a, **o: right(*a, **o)),))
    assert all(verdict(nothing, name) == UNCHANGED for name in ("everything", "gru"))
    programs, source = as_it_is("everything")
    for broken in BREAKS:
        with broken.broken():
            pass
    assert derived(CELLS["everything"]) == programs
    assert ls.generate(CELLS["everything"]) == source


def test_a_break_that_no_check_sees_would_be_reported() -> None:
    """A kernel whose text alone is another one is not noticed, because nothing is wrong with it."""
    commented = ((NumPyKernel, "source", lambda right, kernel: right(kernel) + "\n# more\n"),)
    assert verdict(Break("nowhere", "a comment", commented), "everything") == MISSED
