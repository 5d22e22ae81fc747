"""The page of figures: blocks that measurements write, and a summary that repeats them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
HOST = {"processor": "P", "system": "S", "python": "3", "numpy": "2", "blas": "B"}
PAGE = """# Title

<!-- summary -->
old
<!-- end of summary -->

<!-- one -->
old
<!-- end of one -->

<!-- two -->
**kept**

`command two` on P, S.
<!-- end of two -->
"""


@pytest.fixture
def scripts(monkeypatch: Any) -> dict[str, ModuleType]:
    """The scripts as modules, their folder on the path as when they run; what they change there is taken back."""
    found = {}
    for name in ("_page", "reliability", "random_cells"):
        monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
        found[name] = import_module(name)
    return found


def test_blocks_are_written_and_the_summary_repeats_their_figures(scripts: Any, tmp_path: Path) -> None:
    page, path = scripts["_page"], tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    page.update({"one": page.block("1 of 1", "command one", HOST, page.table(("a",), [(1,)]))}, path)
    text = path.read_text(encoding="utf-8")
    assert "| one | 1 of 1 | `command one` |\n| two | kept | `command two` |" in text
    assert "**1 of 1**\n\n`command one` on P, S, Python 3, NumPy 2, B.\n\n| a |\n| --- |\n| 1 |\n<!-- end" in text
    assert "old" not in text and text.startswith("# Title\n") and text.endswith("<!-- end of two -->\n")
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_the_page_lacks_is_refused_and_nothing_is_written(scripts: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    with pytest.raises(ValueError, match="no block three: put <!-- three --> and <!-- end of three -->"):
        scripts["_page"].update({"one": "new", "three": "new"}, path)
    assert path.read_text(encoding="utf-8") == PAGE


def test_the_page_has_the_figure_of_every_rung_and_its_summary_is_that_of_its_figures(scripts: Any) -> None:
    page = scripts["_page"]
    text = page.PAGE.read_text(encoding="utf-8")
    assert set(page.figures(text)) - {"audits", "audits of files"} == {*scripts["reliability"].RUNGS, "random cells"}
    assert page.replaced(text, page.SUMMARY, page.summary(text)) == text
    for name in scripts["reliability"].RUNGS:
        assert page.figures(text)[name][1] == f"python3 run.py bench reliability --rung {name}"


def test_random_cells_by_two_processes_are_those_of_one(scripts: Any, tmp_path: Path) -> None:
    """In order, whoever tries them; a range begun anywhere gives the same cells."""
    trials = scripts["random_cells"].trials
    numbers = [(one.number, one.error) for one in trials(range(4, 10), tmp_path, 2)]
    assert [number for number, _ in numbers] == list(range(4, 10))
    assert [(one.number, one.error) for one in trials(range(7, 9), tmp_path, 1)] == numbers[3:5]
