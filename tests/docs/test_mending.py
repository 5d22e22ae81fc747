"""The page that mends a broken LSTM: what it prints is what the command prints, from the first answer to the last."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_sym.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mending.md"
FILE = "my_lstm.py"
FENCE = re.compile(r"```(python|console|diff)\n(.*?)```", re.DOTALL)
ROUNDING = re.compile(r"\d\.\de-1\d")
"""An error that is rounding: its digits are those of a machine."""


def answer(command: str) -> tuple[int, str]:
    """What a command prints and its exit code; standard error, where it tells of its progress, left out."""
    done = CliRunner().invoke(main, command.removeprefix("$ lstm-sym ").split())
    return done.exit_code, "\n".join(line.rstrip() for line in done.stdout.splitlines())


def changed(text: str, diff: str) -> str:
    """A file with a line of it changed."""
    sides = {sign: [line[1:] for line in diff.splitlines() if line[0] == sign] for sign in "-+"}
    before, after = ("\n".join(sides[sign]) + "\n" for sign in "-+")
    assert text.count(before) == 1
    return text.replace(before, after)


def test_the_page_is_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """With --update the answers are written into the page."""
    monkeypatch.chdir(tmp_path)
    page, codes, source = PAGE.read_text(encoding="utf-8"), [], Path(FILE)
    for kind, text in FENCE.findall(page):
        if kind == "python":
            source.write_text(text, encoding="utf-8")
        elif kind == "diff":
            source.write_text(changed(source.read_text(encoding="utf-8"), text), encoding="utf-8")
        else:
            command, *_ = text.splitlines()
            code, printed = answer(command)
            codes.append(code)
            if request.config.getoption("--update"):
                written = PAGE.read_text(encoding="utf-8")
                PAGE.write_text(written.replace(f"```console\n{text}```", f"```console\n{command}\n{printed}\n```", 1))
            else:
                assert ROUNDING.sub("rounding", text) == ROUNDING.sub("rounding", f"{command}\n{printed}\n")
    assert codes == [1, 1, 1, 1, 0]
