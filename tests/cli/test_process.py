"""The command as a process: streams, exit codes, pipes, interruption, and what it imports."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "lstm_sym"]
HEAVY = ("numpy", "sympy", "matplotlib", "autograd")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, **environment}
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=given, encoding="utf-8")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['lstm-sym', '--help']\nfrom lstm_sym.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
    for name in ("cells", "show", "diff", "new", "check", "generate", "derive", "flow", "study"):
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize("name", ["cells", "show", "diff", "new", "check", "generate", "derive", "flow", "study"])
def test_every_command_has_help(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert f"lstm-sym {name}" in done.stdout


def test_results_and_refusals_go_to_their_streams() -> None:
    done = run("show", "lstm", "--only", "jacobian", "--json")
    assert done.returncode == 0 and done.stderr == ""
    assert json.loads(done.stdout)
    refused = run("show", "lstn")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "did you mean lstm" in refused.stderr
    assert run("nothing").returncode == 2


def test_no_colour_off_a_terminal_and_none_where_it_is_not_wanted() -> None:
    assert "\x1b" not in run("show", "rnn").stdout
    assert "\x1b" not in run("show", "rnn", NO_COLOR="1", FORCE_COLOR="1").stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    first = subprocess.Popen([*COMMAND, "generate", "lstm"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert first.stdout is not None and first.stderr is not None
    first.stdout.close()
    assert first.wait(60) == 141
    assert first.stderr.read() == b""
    first.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    arguments = ["study", "lstm", "--hidden", "200", "--seeds", "50", "-o", str(tmp_path / "out")]
    pipes: Any = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    # Tests that run in the background inherit a SIGINT that is ignored.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen([*COMMAND, *arguments], preexec_fn=heard, **pipes) as process:
        try:
            line = process.stderr.readline()  # the first word on progress: the work has begun
            assert "%" in line
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, rest = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "interrupted" in rest and "Traceback" not in rest
    assert out == ""
    assert list(tmp_path.iterdir()) == []
