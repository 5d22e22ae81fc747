"""The command diagram: an SVG file of a cell, or the same text on the standard output."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym.cli import main
from lstm_sym.ground.seal import sealed
from lstm_sym.report.diagram import diagram_file


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["diagram", *arguments])


def test_a_file_holds_what_is_printed_without_one(folder: Path) -> None:
    assert run("gru", "-o", "gru.svg").stdout == "wrote gru.svg\n"
    written = (folder / "gru.svg").read_text(encoding="utf-8")
    assert written == sealed(diagram_file(ls.cell("gru"))) == run("gru").stdout
    ElementTree.fromstring(written)


def test_gradients_and_settings_are_drawn_on_request() -> None:
    assert 'class="gradient"' not in run("lstm_peephole").stdout
    assert 'class="gradient"' in run("lstm_peephole", "--gradients").stdout
    assert run("lstm_peephole", "--set", "phi_h=identity").stdout.count("tanh<") < run("lstm_peephole").stdout.count(
        "tanh<"
    )


def test_a_cell_of_ones_own_is_drawn(folder: Path) -> None:
    (folder / "own.toml").write_text('equations = """\ns[t] = a * s[t-1] + B @ x[t]\n"""\n', encoding="utf-8")
    found = run("own.toml", "-o", "own.svg")
    assert found.exit_code == 0 and 'class="thick' in (folder / "own.svg").read_text(encoding="utf-8")


def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(folder: Path) -> None:
    for arguments, said in (
        (("lstm", "-o", "lstm.png"), "ends in .svg"),
        (("nothing",), "nothing"),
        (("rnn", "-o", "."), "folder"),
    ):
        found = run(*arguments)
        assert found.exit_code == 2 and said in found.stderr and found.stdout == ""
    assert list(folder.iterdir()) == []
