"""A failing cell gets smaller until nothing can be left out, and ends as a file that a user can check."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from derivation.kernel_errors import errors_of
from derivation.random_cells import random_cell
from derivation.shrinking import candidates, shrunk, size, write_cell
from derivation.trial import BAR, Trial, forget, numbered, tried

import lstm_sym as ls
from lstm_sym.cli import main
from lstm_sym.equations.expressions import Call

PEEPHOLE = ls.cell("lstm_peephole")


def calls(cell: ls.Cell, function: str) -> bool:
    return any(isinstance(n, Call) and n.function == function for e in cell.equations for n in e.expression.walk())


def test_what_is_left_is_what_fails() -> None:
    """A cell that fails wherever there is a tanh keeps one tanh, and a state, which makes it a cell."""
    smallest = shrunk(PEEPHOLE, lambda cell: "tanh" if calls(cell, "tanh") else None)
    assert calls(smallest, "tanh")
    assert size(smallest) <= 3 < size(PEEPHOLE)


def test_a_cell_that_fails_in_another_way_is_another_defect() -> None:
    smallest = shrunk(PEEPHOLE, lambda cell: "both" if calls(cell, "tanh") and calls(cell, "sigmoid") else "one")
    assert calls(smallest, "tanh") and calls(smallest, "sigmoid")


def test_a_cell_that_holds_is_not_made_smaller() -> None:
    with pytest.raises(ValueError, match="does not fail"):
        shrunk(PEEPHOLE, lambda _: None)


@pytest.mark.parametrize("seed", range(6))
def test_candidates_are_cells(seed: int, tmp_path: Path) -> None:
    """Each differs from the cell it is of, and reads the same from its file."""
    cell = random_cell(Random(seed), plain=False).parse()
    for candidate in list(candidates(cell))[:10]:
        assert candidate.text != cell.text
        again = ls.load(write_cell(candidate, tmp_path, "candidate"))
        assert (again.text, again.shapes, again.output) == (candidate.text, candidate.shapes, candidate.output)
        assert again.constants == candidate.constants


def test_a_cell_that_holds_leaves_no_file(tmp_path: Path) -> None:
    trial = tried(0, tmp_path)
    assert trial == Trial(0, trial.error) and trial.error <= BAR
    assert list(tmp_path.iterdir()) == []


def test_a_broken_engine_leaves_a_small_file_that_a_user_can_check(monkeypatch: Any, tmp_path: Path) -> None:
    """The slope of tanh is wrong; the first cell that has one ends as a file in which nothing else is left."""
    functions = import_module("lstm_sym.equations.functions")
    number = next(n for n in range(0, 100, 2) if calls(numbered(n).parse(), "tanh"))
    row = functions.SLOPES["tanh_slope"]
    monkeypatch.setitem(functions.SLOPES, "tanh_slope", replace(row, from_output=lambda y: 1 - y))
    trial = tried(number, tmp_path, errors_of)
    assert trial.error > 1e-3 and "relative error" in trial.failure
    smallest = ls.load(trial.file)
    assert Path(trial.file) == tmp_path / f"random_{number}.toml" and calls(smallest, "tanh")
    assert size(smallest) < size(numbered(number).parse()) and size(smallest) <= 12
    assert CliRunner().invoke(main, ["check", trial.file]).exit_code == 1
    monkeypatch.undo()
    forget()
    assert CliRunner().invoke(main, ["check", trial.file]).exit_code == 0
