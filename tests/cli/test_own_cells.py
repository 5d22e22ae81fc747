"""A cell in a folder of the user's is part of the catalogue: one file, and every command takes it by name."""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path

import numpy as np
import pytest
from cli.stand_in import passed
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym import cells
from lstm_sym.cells import also_from, built_in_names, cell_files, missing_folders, user_cells
from lstm_sym.check import several
from lstm_sym.cli import main
from lstm_sym.emit import checked_in

OWN = """name = "Leaky unit with a gate"
equations = \"\"\"
g[t] = sigmoid(A @ x[t] + U @ s[t-1] + b_g)
s[t] = g[t] * s[t-1] + (1 - g[t]) * tanh(V @ x[t] + b_s)
\"\"\"
"""
MEASURING = ["--input", "sunspots", "--hidden", "6", "--lags", "8", "--starts", "4", "--seeds", "2", "--length", "120"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds one cell, mine, and is named by the variable."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own cells"
    own.mkdir()
    (own / "mine.toml").write_text(OWN, encoding="utf-8")
    monkeypatch.setenv("LSTM_SYM_CELLS", str(own))
    return own


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def fine(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows() -> dict[str, dict[str, object]]:
    return {row["file"] or row["key"]: row for row in json.loads(fine("cells", "--json"))}


def test_one_file_is_listed_checked_generated_derived_and_measured(folder: Path) -> None:
    assert [path.name for path in folder.iterdir()] == ["mine.toml"]
    assert rows()[str(folder / "mine.toml")]["states"] == ["s"]
    assert str(folder / "mine.toml") in fine("cells")
    checks = json.loads(fine("check", "mine", "--quick", "--json"))
    assert checks and all(row["cell"] == "mine" and row["passed"] for row in checks)
    assert "wrote kernel.py" in fine("generate", "mine", "-o", "kernel.py")
    kernel = runpy.run_path("kernel.py")
    y, _, tape = kernel["forward"](np.ones((5, 2, 3)), params := kernel["init"](3, 4))
    assert kernel["backward"](np.ones_like(y), tape, params).x.shape == (5, 2, 3)
    assert "Leaky unit" in fine("derive", "mine", "--format", "md")
    assert "(B1)" in fine("show", "mine")
    measured = json.loads(fine("flow", "mine", "rnn", *MEASURING, "--json"))["models"]
    assert {"mine", "mine, b_g = 1", "rnn"} == {model["model"] for model in measured}


def test_the_python_names_take_it_too() -> None:
    assert "mine" in ls.names() and ls.names() == tuple(sorted(ls.names()))
    assert ls.cell("mine").text == ls.parse(ls.cell("mine").text).text
    assert ls.cell("mine").key == "mine"
    assert "W_i" in ls.build(ls.cell("lstm")).Params._fields


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which cells are taken is the question: what the checks say of them is told elsewhere."""
    monkeypatch.setattr(several, "check_cell", passed)


def test_check_all_takes_it(unchecked: None) -> None:
    checked = {row["cell"] for row in json.loads(fine("check", "--all", "--quick", "--json"))}
    assert checked == {*built_in_names(), "mine", "every_function"}


def test_the_option_takes_a_folder_for_one_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSTM_SYM_CELLS")
    assert run("show", "mine").exit_code == 2
    assert "(E1)" in fine("show", "mine", "--cells", str(folder))
    assert "mine" in fine("cells", "--cells", str(folder))
    assert "mine" not in ls.names() and cells.folders() == ()
    assert "does not exist" in run("show", "mine", "--cells", "nowhere").stderr


def test_a_study_says_how_to_repeat_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSTM_SYM_CELLS")
    fine("study", "mine", "--cells", folder.name, *MEASURING, "-o", "out")
    command = json.loads(Path("out/study.json").read_text("utf-8"))["command"]
    assert f"--cells '{folder.name}'" in command
    fine("study", "rnn", "--cells", folder.name, *MEASURING, "-o", "other")
    assert "--cells" not in json.loads(Path("other/study.json").read_text("utf-8"))["command"]


def test_a_broken_file_is_listed_as_such_and_breaks_nothing_else(folder: Path) -> None:
    (folder / "broken.toml").write_text(OWN.replace("tanh(V", "tnah(V"), encoding="utf-8")
    (folder / "folder.toml").mkdir()
    (folder / ".hidden.toml").write_text("not TOML", encoding="utf-8")
    found = rows()
    assert "tnah" in str(found[str(folder / "broken.toml")]["error"])
    assert "folder" in str(found[str(folder / "folder.toml")]["error"])
    assert {row["key"] for row in found.values() if not row["error"]} == {*built_in_names(), "mine"}
    shown = fine("cells")
    assert "not usable" in shown and "broken.toml, line 4" in shown and "hidden" not in shown
    assert "(E1)" in fine("show", "mine")
    assert "tnah" in run("show", "broken").stderr


def test_a_broken_file_stops_no_check_of_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch, unchecked: None
) -> None:
    monkeypatch.setattr("lstm_sym.api.names", lambda: ("rnn", *user_cells()))
    (folder / "broken.toml").write_text(OWN.replace("tanh(V", "tnah(V"), encoding="utf-8")
    (folder / "bytes.toml").write_bytes(b"\xff\x00")
    (folder / "folder.toml").mkdir()
    (folder / "rnn?.toml").write_text(OWN, encoding="utf-8")
    (folder / "rnn!.toml").write_text(OWN, encoding="utf-8")  # both are cells of the name rnn_
    result = run("check", "--all", "--quick", "--json")
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert {row["cell"] for row in rows if row["passed"]} == {"rnn", "mine", "rnn_", "every_function"}
    assert {row["cell"] for row in rows if not row["passed"]} == {"broken", "bytes", "folder", "rnn?"}
    for name in ("broken", "bytes", "folder", "rnn?"):
        assert f"not usable: {folder / name}.toml" in result.stderr
    assert "tanh" in result.stderr and "Traceback" not in result.output
    table = run("check", "--all", "--quick")
    assert table.exit_code == 1 and "FAILED" not in table.stdout and "not usable" in table.stderr
    assert run("check", "broken").exit_code == 2


def test_the_built_in_cell_goes_before_one_of_its_name_and_says_so(folder: Path) -> None:
    (folder / "lstm.toml").write_text(OWN, encoding="utf-8")
    result = run("show", "lstm", "--only", "equations")
    assert result.exit_code == 0 and "oₜ" in result.stdout
    assert "note: lstm is the built-in cell, not" in result.stderr and "lstm.toml" in result.stderr
    assert "rename" in str(rows()[str(folder / "lstm.toml")]["error"])
    assert ls.names().count("lstm") == 1
    assert "sₜ" in fine("show", str(folder / "lstm.toml"), "--only", "equations")


def test_an_earlier_folder_goes_before_a_later_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = folder.parent / "others"
    other.mkdir()
    (other / "mine.toml").write_text(OWN.replace("Leaky", "Other"), encoding="utf-8")
    (other / "more.toml").write_text(OWN, encoding="utf-8")
    monkeypatch.setenv("LSTM_SYM_CELLS", os.pathsep.join([str(folder), str(other), "", str(folder)]))
    assert ls.cell("mine").name == "Leaky unit with a gate" and ls.cell("more").key == "more"
    assert [file.hidden_by for file in cell_files()] == ["", str(folder / "mine.toml"), ""]
    with also_from([other]):
        assert ls.cell("mine").name == "Other unit with a gate"


def test_a_folder_that_is_not_there_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSTM_SYM_CELLS", str(folder / "gone"))
    assert missing_folders() == (folder / "gone",)
    assert ls.names() == built_in_names()
    assert "not there" in fine("cells")
    with pytest.raises(ls.CellError, match="gone"):
        ls.cell("mine")
    with pytest.raises(ls.CellError, match="did you mean lstm"):
        ls.cell("lstn")


def test_generated_kernels_are_of_the_built_in_cells_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked_in, "kernel_source", lambda cell: "")
    assert {path.stem for path in checked_in.kernel_files()} == set(built_in_names())


def test_a_cell_of_a_folder_is_never_overwritten(folder: Path) -> None:
    result = run("generate", "mine", "-o", str(folder / "mine.toml"), "--force")
    assert result.exit_code == 2 and "input" in result.stderr
    assert (folder / "mine.toml").read_text(encoding="utf-8") == OWN
    assert fine("show", "mine", "--toml") == OWN
