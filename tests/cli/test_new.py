"""A new cell file: a copy with a header, which loads and checks, and never at the cost of a file that is there."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym.cli import main
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.report import LANGUAGES


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def fine(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    return result.stderr


def content(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


def test_it_is_a_copy_under_a_header() -> None:
    assert fine("new", "mine.toml") == "wrote mine.toml\n"
    source = fine("show", "lstm", "--toml").rstrip("\n")
    header, copied = content("mine.toml")[: -len(source) - 1], content("mine.toml")[-len(source) - 1 :].rstrip("\n")
    assert copied == source
    assert all(line == "" or line.startswith("#") for line in header.split("\n"))
    assert ls.load("mine.toml").text == ls.cell("lstm").text


@pytest.mark.parametrize("name", ["rnn", "lstm_peephole"])
def test_it_checks(name: str) -> None:
    fine("new", "mine.toml", "--from", name)
    rows = json.loads(fine("check", "mine.toml", "--quick", "--json"))
    assert rows and all(row["passed"] and row["cell"] == "mine" for row in rows)


def test_the_header_names_every_function() -> None:
    fine("new", "mine.toml")
    [listed] = re.findall(r"Functions: (.*?)\.", content("mine.toml").replace("\n# ", " "))
    assert set(listed.split(", ")) == {*FUNCTIONS, *REDUCTIONS, "identity", "repeat"}


def test_every_command_of_the_header_is_one_that_runs() -> None:
    fine("new", "my cell.toml", "--from", "rnn")
    calls = [line for line in content("my cell.toml").split("\n") if line.startswith("#   lstm-sym ")]
    assert [call.split()[2] for call in calls] == ["show", "check", "diff", "generate", "flow"]
    for call in calls:
        words = shlex.split(call.rpartition("  ")[0].removeprefix("#   lstm-sym "))
        small = ["--length", "60", "--hidden", "4", "--lags", "5", "--starts", "2", "--seeds", "1"]
        fine(*words, *(small if words[0] == "flow" else []))
    assert Path("my cell.py").exists()


def test_a_copy_of_a_copy_has_one_header_and_keeps_remarks() -> None:
    Path("first.toml").write_text("# a remark\n" + fine("show", "rnn", "--toml") + "\n# another\n", encoding="utf-8")
    fine("new", "second.toml", "--from", "first.toml")
    fine("new", "third.toml", "--from", "./second.toml")
    third = content("third.toml")
    assert third.count("# lstm-sym new") == 1 and third.startswith("# lstm-sym new third.toml --from ./second.toml\n")
    assert "# a remark\n" in third and third.endswith("# another\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_header_speaks_the_language(language: str) -> None:
    fine("new", "mine.toml", "--lang", language)
    assert {"en": "copy of", "zh-Hant": "複製", "zh-Hans": "复制"}[language] in content("mine.toml")


@pytest.mark.parametrize("title", ['A "quoted" \\ name', "閘門單元", "𝛼 unit"])
def test_the_name_is_put_in(title: str) -> None:
    fine("new", "mine.toml", "--name", title)
    before = tomllib.loads(fine("show", "lstm", "--toml"))
    assert before.pop("names"), "those of the LSTM in other languages go with its name"
    assert tomllib.loads(content("mine.toml")) == before | {"name": title}
    nameless = 'equations = """\nh[t] = tanh(name @ x[t] + h[t-1])\n"""\n'
    Path("bare.toml").write_text(nameless, encoding="utf-8")
    fine("new", "named.toml", "--from", "bare.toml", "--name", title)
    assert ls.load("named.toml").name == title


def test_a_name_that_cannot_be_put_in_is_refused() -> None:
    for title in ("a\x7fb", "a\nb", "a" * 501):
        message = refused("new", "mine.toml", "--name", title)
        assert message.startswith("Error: --name a") and "one line" in message and "mine.toml" not in message
    quoted = '"name" = "x"\nequations = "h[t] = tanh(U @ h[t-1] + W @ x[t])"\n'
    Path("quoted.toml").write_text(quoted, encoding="utf-8")
    assert "fix: leave --name out" in refused("new", "mine.toml", "--from", "quoted.toml", "--name", "short")


def test_a_file_that_is_there_stays() -> None:
    Path("mine.toml").write_text("mine", encoding="utf-8")
    assert "--force" in refused("new", "mine.toml")
    fine("new", "mine.toml", "--force")
    assert "--force" in refused("new", "mine.toml", "--from", "rnn")
    assert "input" in refused("new", "mine.toml", "--from", "./mine.toml", "--force")


def test_what_is_no_cell_file_is_refused() -> None:
    Path("folder.toml").mkdir()
    Path("broken.toml").write_text("equations = 3\n", encoding="utf-8")
    assert "fix: lstm-sym new mine.toml" in refused("new", "mine.txt")
    assert ".toml" in refused("new", "mine") and ".toml" in refused("new", ".toml")
    assert "folder" in refused("new", "folder.toml", "--force")
    assert "did you mean lstm" in refused("new", "mine.toml", "--from", "lstn")
    assert "broken.toml" in refused("new", "mine.toml", "--from", "broken.toml")
