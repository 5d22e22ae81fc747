"""run.py as a process: the lock between starts, one that is killed, and streams that are closed or full."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


HOLDER = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("run_under_test", sys.argv[1])
run = importlib.util.module_from_spec(spec); spec.loader.exec_module(run)
with run.locked(pathlib.Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_start_waits_for_the_first_and_says_so(run, tmp_path, capsys, monkeypatch):
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(ROOT / "run.py"), str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline().strip() == b"held"
        with open(lock, "a+", encoding="utf-8") as handle:
            assert run.try_lock(handle) is False
        monkeypatch.setattr(time, "sleep", lambda seconds: holder.stdin.close() or holder.wait())
        with run.locked(lock):
            assert holder.returncode == 0
    assert "waiting for it" in capsys.readouterr().err


START = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("run_under_test", sys.argv[1])
run = importlib.util.module_from_spec(spec); spec.loader.exec_module(run)
root = pathlib.Path(sys.argv[2])
environment = run.Environment(root)
environment.inspect = lambda: ("", False)
environment._installer = lambda: [sys.executable, str(root / "pip.py")]
environment._create = lambda version: environment.folder.mkdir(exist_ok=True)
environment.ensure(())
"""
PIP = """
import pathlib, time
root = pathlib.Path(__file__).parent
with open(root / "steps", "a") as steps:
    print("begins", file=steps, flush=True)
    while not (root / "go").exists():
        time.sleep(0.02)
    print("ends", file=steps, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_start_that_was_killed_during_pip_is_recovered_from(run, tmp_path):
    """Its pip lives on: the next start waits for it, and then begins anew."""
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / "pip.py").write_text(PIP, encoding="utf-8")
    steps, command = tmp_path / "steps", [sys.executable, "-c", START, str(ROOT / "run.py"), str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as first:
        while not steps.exists() or not steps.read_text():
            time.sleep(0.02)
        first.kill()
    with open(tmp_path / ".venv.lock", "a+", encoding="utf-8") as handle:
        assert run.try_lock(handle) is False, "pip holds it"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as second:
        assert "waiting for it" in second.stderr.readline()
        assert steps.read_text().split() == ["begins"]
        (tmp_path / "go").touch()
        second.communicate()
    assert second.returncode == 0
    assert steps.read_text().split() == ["begins", "ends"] * 2
    assert run.Environment(tmp_path).stamp().complete


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--help >&-", 0),
        ("--help >&- 2>&-", 0),
        ("nothing 2>&-", 2),
        ("analysis nothing 2>&-", 1),
        ("--help > /dev/full", 1),
    ],
)
def test_streams_that_are_closed_or_full_are_no_traceback(tmp_path, line, code):
    if "full" in line and not Path("/dev/full").exists():
        pytest.skip("a device of Linux")
    start = f'"$0" "$1" {line}'
    python = tmp_path / "run.py"
    python.write_text((ROOT / "run.py").read_text(encoding="utf-8").replace(".ensure(extras)", ""))
    done = subprocess.run(["sh", "-c", start, sys.executable, str(python)], capture_output=True, text=True)
    assert done.returncode == code and "Traceback" not in done.stderr and done.stdout == ""
    assert ("No space left" in done.stderr) == ("full" in line)


def test_a_reader_of_the_help_that_goes_away_ends_quietly():
    with subprocess.Popen(
        [sys.executable, str(ROOT / "run.py")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == (b"", 141)
