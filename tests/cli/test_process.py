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
from click.testing import CliRunner

from lstm_sym.cli import main

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
    done = CliRunner().invoke(main, [name, "--help"], prog_name="lstm-sym")
    assert done.exit_code == 0 and done.stderr == ""
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
    assert "\x1b" not in run("show", "rnn", "--only", "equations").stdout
    assert "\x1b" not in run("show", "rnn", "--only", "equations", NO_COLOR="1", FORCE_COLOR="1").stdout


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


FRESH = """
import sys
from pathlib import Path
import matplotlib
from matplotlib.font_manager import fontManager

own = Path(matplotlib.get_data_path())
fontManager.ttflist = [font for font in fontManager.ttflist if own in Path(font.fname).parents]
from lstm_sym.cli import main
from lstm_sym.flow.drawing import style

style.DPI = 40  # as coarse as the words can be read
main(sys.argv[1:], prog_name="lstm-sym")
"""


def test_a_fresh_machine_writes_a_page_with_chinese_figures(tmp_path: Path) -> None:
    """No home, no cache, no font, no settings, no language: what a developer's machine has and another has not."""
    for name in ("home", "fonts", "made"):
        (tmp_path / name).mkdir()
    home = dict.fromkeys(["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"], str(tmp_path / "home"))
    fonts = dict.fromkeys(["FONTCONFIG_PATH", "FONTCONFIG_FILE", "XDG_DATA_HOME"], str(tmp_path / "fonts"))
    bare = {"PATH": "", "PYTHONPATH": str(Path(__file__).resolve().parents[2]), **home, **fonts}
    few = ["--input", "sunspots", "--hidden", "4", "--lags", "8", "--starts", "2", "--seeds", "2", "--length", "99"]
    arguments = ["flow", "rnn", *few, "--lang", "zh-Hant", "-o", "made"]
    done = subprocess.run(
        [sys.executable, "-c", FRESH, *arguments], capture_output=True, text=True, env=bare, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "made" / "index.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 + 2 and "梯度流" in page
    drawn = [path.read_text(encoding="utf-8") for path in (tmp_path / "made").glob("*.svg")]
    assert len(drawn) == 4 and not any("<text " in svg for svg in drawn), "files bring the shapes of their letters"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fonts", "home", "made"]
