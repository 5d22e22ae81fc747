"""What is printed: in any encoding, into pipes that close and disks that are full, and with any name of a file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lstm_sym.cli import main
from lstm_sym.cli.streams import plain
from lstm_sym.document.sentences import table

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "lstm_sym"]
LEGACY = ("cp950", "gbk", "cp1252", "latin-1")
FEW = ["--input", "sunspots", "--hidden", "4", "--lags", "8", "--starts", "2", "--seeds", "2", "--length", "99"]
PRINTING = {
    "cells": ["cells"],
    "show": ["show", "gru", "--explain"],
    "diff": ["diff", "rnn", "leaky_rnn"],
    "check": ["check", "rnn", "--quick"],
    "flow": ["flow", "rnn", *FEW],
    "help": ["--help"],
}
HOSTILE = "a\x1b[31mb\x1b]0;c\x07\x9b2J\u202ed"
STYLE = re.compile(r"\x1b\[[\d;]*m")


def run(*arguments: str, charset: str = "utf-8", color: bool = False) -> Result:
    return CliRunner(charset=charset).invoke(main, list(arguments), color=color)


@pytest.mark.parametrize(
    ("name", "charset"), [*((name, "cp1252") for name in PRINTING), *(("show", charset) for charset in LEGACY)]
)
def test_an_encoding_that_lacks_signs_gets_others_in_their_place(name: str, charset: str) -> None:
    result = run(*PRINTING[name], charset=charset)
    assert result.exit_code == 0, result.output
    assert "\\u" not in result.stdout and result.stdout.strip()


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans"])
def test_a_language_that_an_encoding_lacks_is_printed_by_its_codes(language: str) -> None:
    assert "\\u" in run("show", "rnn", "--explain", "--lang", language, charset="cp1252").stdout


def test_every_english_sentence_has_a_plain_form() -> None:
    for row in table().values():
        text = row["en"].encode("ascii", "lstm_sym.plain").decode("ascii")
        assert "\\u" not in text, text
    assert "δhₜ₋₁ ⊙ fₜ² ≥ ½, Σ λ₁".encode("ascii", "lstm_sym.plain") == b"deltah_t-1 * f_t^2 >= 1/2, Sigma lambda_1"


@pytest.mark.parametrize("codec", LEGACY)
def test_what_takes_the_place_of_a_sign_can_be_encoded(codec: str) -> None:
    every = "".join(map(chr, (*range(0x20, 0xD800), *range(0xE000, 0x11000), 0x1D400, 0x1F600)))
    assert every.encode(codec, "lstm_sym.plain")
    assert "".join(map(chr, range(0xD800, 0xE000))).encode(codec, "lstm_sym.plain").startswith(b"\\ud800")


def test_the_handler_is_for_writing_only() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "lstm_sym.plain")
    assert plain(UnicodeEncodeError("ascii", "⊙", 0, 1, "none")) == ("*", 1)


@pytest.mark.parametrize("charset", LEGACY)
def test_json_is_the_same_in_every_encoding(charset: str) -> None:
    arguments = ("show", "rnn", "--json")
    assert json.loads(run(*arguments, charset=charset).stdout) == json.loads(run(*arguments).stdout)


@pytest.mark.parametrize(
    "arguments", [("derive", "rnn", "--lang", "zh-Hans"), ("generate", "rnn"), ("show", "rnn", "--toml")]
)
def test_what_may_become_a_file_is_utf_8_in_every_encoding(arguments: tuple[str, ...]) -> None:
    assert run(*arguments, charset="cp950").stdout_bytes == run(*arguments).stdout_bytes
    assert run(*arguments).stdout_bytes.decode("utf-8").endswith("\n")


def process(*arguments: str, code: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code] if code else [*COMMAND, *arguments]
    return subprocess.run(command, text=True, encoding="utf-8", **{"stderr": subprocess.PIPE, **options})


@pytest.mark.parametrize("arguments", [("--help",), ("show", "rnn")])
def test_a_reader_that_goes_away_ends_quietly(arguments: tuple[str, ...]) -> None:
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 141


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize(("closed", "cell", "code"), [(">&-", "rnn", 0), (">&- 2>&-", "rnn", 0), ("2>&-", "rnnn", 2)])
def test_a_stream_that_is_closed_leads_nowhere(tmp_path: Path, closed: str, cell: str, code: int) -> None:
    """No file that is written may get the number of a closed stream, and what is printed with it."""
    line = f'"$0" -m lstm_sym generate {cell} -o kernel.py {closed}'
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", line, sys.executable], cwd=tmp_path, env=environment, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")
    if not code:
        assert (tmp_path / "kernel.py").read_bytes() == run("generate", cell).stdout_bytes


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [("--help",), ("show", "rnn")])
def test_a_full_disk_behind_the_output_is_told(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = process(*arguments, stdout=full)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: the standard output: No space left on device\n  fix: free some space")
    assert done.stderr.count("\n") == 2


def test_an_error_of_a_file_is_not_taken_for_one_of_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit writes what it asks into a temporary folder."""
    import numpy as np

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "own.py").write_text("def backward(dy, tape, params):\n    return {}\n", encoding="utf-8")
    monkeypatch.setattr(np, "savez", full)
    told = run("audit", f"{tmp_path / 'own.py'}:backward", "--cell", "rnn").stderr.splitlines()[-2]
    assert told.endswith(": No space left on device") and "lstm_sym_audit_" in told


SCRIPT = """
from lstm_sym.cli.streams import standard_streams
with standard_streams():
    print("∏ ‖dh[T]/dh[t]‖ 梯度")
    import sys; sys.stdout.flush()
"""


def test_scripts_print_in_any_encoding_and_into_a_pipe_that_closes() -> None:
    done = process(code=SCRIPT, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252"})
    assert (done.returncode, done.stdout) == (0, "prod ||dh[T]/dh[t]|| \\u68af\\u5ea6\n")
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert (running.stderr.read(), running.wait(60)) == (b"", 141)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_script_tells_of_a_full_disk_in_a_line() -> None:
    with open("/dev/full", "w") as full:
        done = process(code=SCRIPT, stdout=full)
    assert (done.returncode, done.stderr) == (1, "the standard output: No space left on device\n")


@pytest.mark.parametrize("folder", ["analysis", "benchmarks"])
def test_every_script_has_its_streams_prepared(folder: str) -> None:
    scripts = [path for path in (ROOT / folder).glob("*.py") if not path.stem.startswith("_")]
    assert len(scripts) >= 9
    for path in scripts:
        text = path.read_text(encoding="utf-8")
        ends = {"analysis": "    run(main, __doc__)\n", "benchmarks": "    with standard_streams():\n        main()\n"}
        assert text.endswith(f'if __name__ == "__main__":\n{ends[folder]}'), path.name


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a name that speaks to the terminal, and files in it: a cell, a broken one, a table."""
    monkeypatch.chdir(tmp_path)
    folder = Path(HOSTILE)
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("a file system without such names")
    (folder / f"{HOSTILE}.toml").write_text('equations = "h[t] = tanh(U @ h[t-1])"\n')
    (folder / f"{HOSTILE}2.toml").write_text("equations = 3\n")
    (folder / f"{HOSTILE}.csv").write_text("\x9bk\u202e,b\n" + "".join(f"{k * k % 7},{k % 3}\n" for k in range(99)))
    (folder / f"{HOSTILE}.py").write_text("def backward(dy, tape, params):\n    return {}\n")
    return folder


MESSAGES = {
    "the list": ["cells", "--cells", "{0}"],
    "the list in JSON": ["cells", "--cells", "{0}", "--json"],
    "a folder that is not there": ["cells", "--cells", "{0}x"],
    "no such command": ["{0}"],
    "no such option": ["show", "--{0}"],
    "no such cell": ["show", "{1}"],
    "a broken cell": ["show", "{0}/{1}2.toml"],
    "a choice": ["show", "rnn", "--set", "{1}=3"],
    "a format": ["derive", "rnn", "-o", "{0}/{1}.pdf"],
    "a kernel that is written": ["generate", "{0}/{1}.toml", "-o", "{0}/k.py"],
    "an ending": ["generate", "rnn", "-o", "{0}/{1}.txt"],
    "a file of the user": ["generate", "rnn", "-o", "{0}/{1}.py"],
    "a new cell": ["new", "{0}/new.toml", "--from", "{0}/{1}.toml"],
    "two cells": ["diff", "{0}/{1}.toml", "{0}/new.toml"],
    "an input that is not there": ["flow", "rnn", "--input", "{0}/x.csv"],
    "a folder as input": ["flow", "rnn", "--input", "{0}"],
    "names of columns": ["flow", "rnn", *FEW, "--json", "--input", "{0}/{1}.csv"],
    "a page": ["flow", "rnn", *FEW, "--input", "{0}/{1}.csv", "-o", "{0}/out"],
    "no folder": ["study", "rnn", "-o", "{0}/{1}.csv/out"],
    "an audit": ["audit", "{0}/{1}.py:backward", "--cell", "rnn"],
    "an audit of nothing": ["audit", "{0}/{1}x.py:backward", "--cell", "rnn"],
}


def speaking(text: str) -> list[str]:
    """The characters of a text that a terminal would act upon, the styles of this tool left out."""
    assert "\x1b[31mb" not in text, "the style of a name"
    return [c for c in STYLE.sub("", text) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") and c != "\n"]


@pytest.mark.parametrize("name", MESSAGES)
def test_no_name_of_a_file_speaks_to_the_terminal(hostile: Path, name: str) -> None:
    if name == "two cells":
        (hostile / "new.toml").write_text('equations = "h[t] = sigmoid(U @ h[t-1])"\n')
    result = run(*(part.format(hostile, HOSTILE) for part in MESSAGES[name]), color=True)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.output and not speaking(result.output), result.output
    if name == "a page":
        assert not speaking((hostile / "out" / "index.html").read_text(encoding="utf-8"))
