"""The command audit, given a text: terminal, JSON, page, exit codes, three languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lstm_sym.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "audit.md"
WRONG = "do = dh * tanh(c)\ndf = dc * c\nq = mystery * 2\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text(WRONG, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


def test_the_example_of_the_page_is_what_is_printed(folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("## A derivation") :]
    [text, *_] = re.findall(r"```markdown\n(.*?)```", section, re.DOTALL)
    [shown] = re.findall(r"```console\n\$ lstm-sym audit notes.md --cell lstm\n(.*?)```", section, re.DOTALL)
    (folder / "notes.md").write_text(text, encoding="utf-8")
    result = run("notes.md", "--cell", "lstm")
    assert result.stdout == shown and result.exit_code == 1


def test_exit_codes(folder: Path) -> None:
    (folder / "right.txt").write_text("do = dh * tanh(c)\n", encoding="utf-8")
    (folder / "empty.md").write_text("nothing here\n", encoding="utf-8")
    assert run("right.txt", "--cell", "lstm").exit_code == 0
    assert run("notes.txt", "--cell", "lstm").exit_code == 1
    assert run("empty.md", "--cell", "lstm").exit_code == 2
    assert run("missing.md", "--cell", "lstm").exit_code == 2


def test_json_has_every_formula_names_and_conventions() -> None:
    result = run("notes.txt", "--cell", "lstm", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and not found["right"]
    assert [f["status"] for f in found["formulas"]] == ["right", "wrong", "aside"]
    assert found["formulas"][1]["mistakes"] == ["time"]
    assert found["formulas"][1]["right_line"] == "df = dc * c_prev"
    assert found["names"]["dc"] == {"stands_for": "the adjoint of c", "from_table": False}
    assert found["conventions"]["plain"]["rows"] is False


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "the time index is wrong"), ("zh-Hant", "時間下標有誤"), ("zh-Hans", "时间下标有误")],
)
def test_every_language(language: str, said: str) -> None:
    result = run("notes.txt", "--cell", "lstm", "--lang", language)
    assert said in result.stdout and "df = dc * c_prev" in result.stdout
    page = run("notes.txt", "--cell", "lstm", "--lang", language, "-o", "-")
    assert said in page.stdout


@pytest.mark.parametrize("ending", ["html", "md", "tex"])
def test_a_page_is_written_once_and_whole(folder: Path, ending: str) -> None:
    name = f"audit.{ending}"
    assert run("notes.txt", "--cell", "lstm", "-o", name).stdout == f"wrote {name}\n"
    written = (folder / name).read_text(encoding="utf-8")
    assert "dc" in written and "mystery" in written
    (folder / name).write_text("my own", encoding="utf-8")
    assert run("notes.txt", "--cell", "lstm", "-o", name).exit_code == 2
    assert (folder / name).read_text(encoding="utf-8") == "my own"


def test_a_file_in_another_encoding_or_too_large_is_refused(folder: Path) -> None:
    (folder / "old.txt").write_bytes("d\u00f6 = 1".encode("latin-1"))
    (folder / "large.txt").write_bytes(b"a = b\n" * 400_000)
    for name, said in (("old.txt", "UTF-8"), ("large.txt", "larger")):
        result = run(name, "--cell", "lstm")
        assert result.exit_code == 2 and said in result.stderr and "fix:" in result.stderr


def test_no_page_is_left_of_a_program_that_returns_nothing(folder: Path) -> None:
    (folder / "own.py").write_text("def backward(x, dy): return {}\n", encoding="utf-8")
    result = run("own.py:backward", "--cell", "rnn", "-o", "audit.html")
    assert result.exit_code == 2 and "returned none" in result.stderr and not (folder / "audit.html").exists()


@pytest.mark.parametrize(
    "options", [["--init"], ["--sizes", "T=3"], ["--data", "x.npz"], ["--seconds", "20"], ["--timeout", "5", "--init"]]
)
def test_options_of_programs_are_refused_for_a_text(options: list[str]) -> None:
    result = run("notes.txt", "--cell", "lstm", *options)
    assert result.exit_code == 2 and result.stdout == ""
    assert all(option in result.stderr for option in options if option.startswith("--"))
    assert "for a Python file" in result.stderr and "fix:" in result.stderr


def test_a_seed_is_taken_for_a_text_too() -> None:
    assert run("notes.txt", "--cell", "lstm", "--seed", "3").exit_code == 1


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("book.ipynb", "jupyter nbconvert"),
        ("notes.docx", "save the derivation as plain text"),
        ("notes", "neither FILE:FUNCTION nor a text"),
        ("folder", "this is a folder"),
        ("empty.md", "empty.md: no formula was found"),
        ("long.md", "long.md: 220,000 characters"),
    ],
)
def test_what_is_neither_a_text_nor_a_function_is_refused_with_what_to_do(folder: Path, place: str, said: str) -> None:
    (folder / "folder").mkdir()
    (folder / "empty.md").write_text("# Nothing yet\n", encoding="utf-8")
    (folder / "long.md").write_text("words and " * 22_000, encoding="utf-8")
    result = run(place, "--cell", "rnn")
    assert result.exit_code == 2 and said in result.stderr and "fix: " in result.stderr


def test_a_missing_cell_is_asked_for_with_some() -> None:
    result = run("notes.md")
    assert result.exit_code == 2 and "--cell lstm" in result.stderr and "lstm-sym cells" in result.stderr
