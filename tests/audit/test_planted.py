"""Wrong passes with one to five mistakes: most of those planted are named, and what is named first is real."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from audit import planted
from audit.generated import STYLES, written

import lstm_sym as ls
from lstm_sym.audit import audit
from lstm_sym.audit.search.clock import Clock
from lstm_sym.audit.search.explanations import Explanation, explain


def shares(numbers: range) -> tuple[float, float]:
    """Of the mistakes planted those that are named; of the passes those whose first named mistake is real."""
    done = [planted.tried(number) for number in numbers]
    total = sum(len(one.planted) for one in done)
    return sum(one.named for one in done) / total, sum(one.is_first_real for one in done) / len(done)


def test_most_mistakes_are_named() -> None:
    named, first = shares(range(1, 28, 2))  # of the two smaller cells
    assert named >= 0.9 and first >= 0.95


@pytest.mark.long
def test_most_of_many_mistakes_are_named() -> None:
    named, first = shares(range(200))
    assert named >= 0.9 and first >= 0.95


def test_the_measure_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    author = planted.author_of("rnn")
    other = next(m for m in author.known if m.key == "rnn.backward.x: sign: W d_a_h[t]")
    for said in (Explanation(()), Explanation((other,), unexplained=("W",))):
        monkeypatch.setattr(planted, "explain", lambda *_, said=said, **__: said)
        trial = author.tried(7, 2, 20.0)
        assert (trial.named, trial.is_first_real) == (0, False)


def test_a_mistake_that_is_known_is_named_beside_one_that_is_not() -> None:
    """Single outputs are explained though others remain, which are said."""
    author = planted.author_of("lstm")
    [made] = [m for m in author.known if m.key == "lstm.backward.b_f: sign: d_a_f[t]"]
    gradients = [dict(author.pass_.gradients((made,), place)) for place in range(len(author.given))]
    for one in gradients:
        one["W_g"] = np.sin(one["W_g"])
    said = explain(author.evidence(gradients), author.known, Clock(20.0), usual=author.usual)
    assert said.mistakes == (made,) or made in (*said.mistakes, *said.alternatives[0])
    assert said.unexplained == ("W_g",) and not said.is_whole
    first = said.stages[0]
    assert first.stage == "one step" and set(first.wrong) == {"b_f", "W_g"} and first.left == ("W_g",)


def test_a_search_without_time_says_so_at_once() -> None:
    author = planted.author_of("lstm")
    made = author.drawn(1, 3)
    found = author.evidence([author.pass_.gradients(made, place) for place in range(len(author.given))])
    told: list[str] = []
    said = explain(found, author.known, Clock(0.0), told=lambda shown: told.append(shown.stage), usual=author.usual)
    assert not said.in_time and said.mistakes == () and said.unexplained
    assert told == [shown.stage for shown in said.stages] and told[0] == "one step" and told[-1] == "every sequence"


OTHERS = ("lstm_block", "lstm_projected", "slstm")
"""Cells with sizes of their own, or three states."""

FEW_FILES = (5, 9, 15)
"""One of each number of mistakes, of three cells, in three styles."""


@pytest.mark.parametrize("number", FEW_FILES)
def test_mistakes_in_generated_files_are_named(number: int, tmp_path: Path) -> None:
    trial = planted.tried_as_file(number, tmp_path)
    assert trial.named == len(trial.planted) == 1 + FEW_FILES.index(number)
    assert trial.is_first_real and trial.is_judged


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in OTHERS else pytest.mark.long) for n in ls.names() if ls.cell(n).input],
)
def test_a_right_file_of_any_cell_is_right(name: str, tmp_path: Path) -> None:
    text, function = written(ls.cell(name), None, "by names", Random(0))
    file = tmp_path / "right.py"
    file.write_text(text, encoding="utf-8")
    assert audit(ls.cell(name), str(file), function).right


@pytest.mark.long
def test_most_mistakes_in_generated_files_are_named(tmp_path: Path) -> None:
    done = [planted.tried_as_file(number, tmp_path) for number in range(96)]
    assert {style for one in done for style in STYLES if style in one.cell} == {*STYLES}
    assert all(one.is_judged for one in done)
    assert sum(one.named for one in done) >= 0.9 * sum(len(one.planted) for one in done)
    assert sum(one.is_first_real for one in done) >= 0.95 * len(done)
