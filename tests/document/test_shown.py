"""What `show` prints of a built-in cell was written once: to the byte what its equations give, and without algebra."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from lstm_sym.cells import built_in_names
from lstm_sym.cli import commands
from lstm_sym.document import shown
from lstm_sym.report.shown import shown_file


@pytest.mark.parametrize("name", built_in_names())
def test_every_file_is_what_its_cell_gives(name):
    """After a change of a cell, a rule or a sentence: python -m lstm_sym.report.shown"""
    assert (shown.FOLDER / f"{name}.json").read_text(encoding="utf-8") == shown_file(name)


def test_every_file_has_a_cell():
    assert {path.stem for path in shown.FOLDER.iterdir()} == set(built_in_names())


def printed(*arguments: str, columns: str = "100") -> str:
    result = CliRunner(env={"COLUMNS": columns}).invoke(commands.main, ["show", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("options", [[], ["--explain"], ["--only", "cost", "--only", "jacobian"], ["--only", "chain"]])
@pytest.mark.parametrize("name", ["lstm", "henon", "layer_norm_lstm"])
def test_it_prints_what_the_engine_gives(name, options, monkeypatch):
    for columns in ("40", "120"):
        quick = printed(name, *options, columns=columns)
        with monkeypatch.context() as patch:
            patch.setattr(shown, "shown_document", lambda name: None)
            assert quick == printed(name, *options, columns=columns)


def test_a_cell_file_that_was_changed_is_derived_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(shown, "CELLS", tmp_path)
    (tmp_path / "gru.toml").write_text("name = 'another'")
    assert shown.shown_document("gru") is None


@pytest.mark.parametrize("name", ["", "../shown/gru", "GRU", "gru.json", "no_such_cell", "\0"])
def test_what_is_no_name_has_none(name):
    assert shown.shown_document(name) is None


def started(*arguments: str) -> set[str]:
    """The modules that a command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "lstm_sym", *arguments]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return {line.rpartition("|")[2].strip() for line in result.stderr.splitlines() if line.startswith("import time:")}


def test_to_show_a_built_in_cell_starts_neither_sympy_nor_numpy():
    assert {"sympy", "numpy"}.isdisjoint(started("show", "lstm"))
    assert "sympy" in started("show", "lstm", "--lang", "zh-Hant")  # the measure sees it
