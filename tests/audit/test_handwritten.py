"""Passes as people write them: nothing right is called wrong, and what is planted is named."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import lstm_sym as ls
from lstm_sym.audit import Audit, audit

FOLDER = Path(__file__).parent / "passes"
NAMED, FIRST_REAL = 0.9, 0.95
"""Shares to hold: of what is planted, that which is named; of the passes, those whose first named mistake is real."""

IN_CI = {"object_lstm 2", "columns_rnn 0", "course_lstm 5", "direct_lstm 0", "lectures_lstm 4"}


class Written(NamedTuple):
    """A pass as it stands in its file, or with the mistakes of one entry of the table planted in it."""

    file: str
    number: int
    cell: str
    function: str
    mistakes: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        return f"{self.file} {self.number}"

    @property
    def source(self) -> str:
        text = (FOLDER / f"{self.file}.py").read_text(encoding="utf-8")
        for mistake in self.mistakes:
            assert text.count(mistake["right"]) == 1, (self.name, mistake["right"])
            text = text.replace(mistake["right"], mistake["wrong"])
        return text


def every_pass() -> list[Written]:
    table = tomllib.loads((FOLDER / "mistakes.toml").read_text(encoding="utf-8"))
    return [
        Written(one["file"], number, one["cell"], one["function"], tuple(wrong["mistake"]))
        for one in table["pass"]
        for number, wrong in enumerate([{"mistake": ()}, *one["wrong"]])
    ]


EVERY = every_pass()


def audited(written: Written, folder: Path) -> Audit:
    if written.file.startswith("torch") and importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    path = folder / f"{written.file}.py"
    path.write_text(written.source, encoding="utf-8")
    return audit(ls.cell(written.cell), path, written.function)


def places(mistake: Any) -> set[str]:
    """The statements that a mistake which is named is about: "a_o"."""
    return {identity.rpartition(".")[2] for identity in mistake.statements}


def planted_and_named(written: Written, found: Audit) -> list[bool]:
    """Of each planted mistake whether one is named that is about the same."""
    if found.explanation is None:
        return [False] * len(written.mistakes)
    every = (*found.explanation.mistakes, *found.explanation.also)
    return [any(places(mistake) & {*planted["place"]} for mistake in every) for planted in written.mistakes]


def is_first_real(written: Written, found: Audit) -> bool:
    """Whether the first that is named is one of those planted."""
    if found.explanation is None or not found.explanation.mistakes:
        return False
    first = places(found.explanation.mistakes[0])
    return any(first & {*planted["place"]} for planted in written.mistakes)


def test_there_are_forty_in_six_styles_with_one_to_five_mistakes() -> None:
    assert len(EVERY) >= 40 and len({written.file for written in EVERY}) >= 6
    assert {len(written.mistakes) for written in EVERY} == {0, 1, 2, 3, 4, 5}
    assert len({written.name for written in EVERY} & IN_CI) == len(IN_CI)
    assert all(compile(written.source, written.file, "exec") for written in EVERY)


@pytest.mark.parametrize("written", [w for w in EVERY if w.name in IN_CI], ids=lambda written: written.name)
def test_a_pass_is_judged_and_its_mistakes_are_named(written: Written, tmp_path: Path) -> None:
    found = audited(written, tmp_path)
    assert found.right == (not written.mistakes)
    assert all(planted_and_named(written, found))
    assert not written.mistakes or is_first_real(written, found)


@pytest.mark.long
def test_most_of_what_is_planted_is_named(tmp_path: Path) -> None:
    torch = importlib.util.find_spec("torch") is not None
    every = [written for written in EVERY if torch or not written.file.startswith("torch")]
    found = [(written, audited(written, tmp_path)) for written in every]
    assert [written.name for written, one in found if one.right != (not written.mistakes)] == []
    named = [said for written, one in found for said in planted_and_named(written, one)]
    first = [is_first_real(written, one) for written, one in found if written.mistakes]
    print(f"{sum(named)} of {len(named)} mistakes named; the first one real in {sum(first)} of {len(first)} passes")
    assert sum(named) >= NAMED * len(named) and sum(first) >= FIRST_REAL * len(first)
