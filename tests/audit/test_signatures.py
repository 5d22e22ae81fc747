"""The page of twenty mistakes says what the command computes, and what it computes is so."""

from __future__ import annotations

from pathlib import Path

import lstm_sym as ls
from lstm_sym.audit.signatures import CELL, TWENTY, rewritten, said, signatures_of

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"
NAMES = ["x", "W_i", "U_i", "b_i", "W_o", "U_o", "b_o", "h[0]"]


def test_the_page_is_what_the_command_writes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page) == page and len(set(TWENTY)) == 20


def test_signatures_follow_from_the_equations() -> None:
    found = {one.mistake.key.removeprefix("lstm.backward."): one for one in signatures_of(ls.derive(ls.cell(CELL)))}
    slope = next(one for key, one in found.items() if key.startswith("a_o: slope left out"))
    assert slope.stage == "one step" and {"W_o", "U_o", "b_o"} < set(slope.first) and "W_f" not in slope.first
    carried = next(one for key, one in found.items() if key.startswith("h: carried adjoint left out"))
    assert carried.stage == "two steps"
    mean = next(one for key, one in found.items() if key.startswith("b_f: mean over the batch"))
    assert mean.stage == "two sequences" and mean.first == mean.last == ("b_f",)


def test_a_set_is_said_in_the_fewest_words() -> None:
    assert said(NAMES, NAMES) == "all" and said([], NAMES) == "none"
    assert said(["b_o"], NAMES) == "`b_o`" and said(["W_o", "U_o", "b_o"], NAMES) == "W, U, b of o"
    assert said([name for name in NAMES if name != "x"], NAMES) == "all but `x`"
