"""Whatever a user's file does, and however the audit ends: nothing of it is left, and no verdict changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from audit.own_files import RNN

import lstm_sym as ls
from lstm_sym.audit import Audit, AuditError, audit
from lstm_sym.audit.running.folder import FRESH, PREFIX, audit_folder, remove_left

LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary ones are made in."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "tmp"
    made.mkdir()
    monkeypatch.setenv("TMPDIR", str(made))
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


def audited(source: str, **options: float) -> Audit:
    Path("own.py").write_text(source, encoding="utf-8")
    return audit(ls.cell("rnn"), Path("own.py"), "backward", **options)  # type: ignore[arg-type]


def goes_on(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def soon(happens: object, seconds: float = 30.0) -> bool:
    """Whether it comes true within some time."""
    assert callable(happens)
    until = time.monotonic() + seconds
    while not happens() and time.monotonic() < until:
        time.sleep(0.02)
    return bool(happens())


ENDLESS = """
import os, subprocess, sys, time
apart = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
open(PLACE + ".new", "w").write(f"{os.getpid()} {os.getppid()} {apart.pid}")
os.rename(PLACE + ".new", PLACE)


def backward(dy):
    while True:
        time.sleep(0.1)
"""


def heed() -> None:
    """What runs in the background has been told to ignore Ctrl-C and the end of its terminal."""
    for end in (signal.SIGINT, signal.SIGHUP):
        signal.signal(end, signal.SIG_DFL)


@LINUX
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
def test_an_audit_that_is_ended_leaves_nothing(end: signal.Signals, temporary: Path) -> None:
    place = Path("pids").resolve()
    Path("own.py").write_text(f"PLACE = {str(place)!r}\n{ENDLESS}", encoding="utf-8")
    command = [sys.executable, "-m", "lstm_sym", "audit", "own.py:backward", "--cell", "rnn"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=heed)
    try:
        assert soon(place.exists, 60)
        assert list(temporary.glob(f"{PREFIX}*"))
        running.send_signal(end)
        running.wait(30)
    finally:
        running.kill()
        running.wait()
    pids = [int(pid) for pid in place.read_text(encoding="utf-8").split()]
    assert soon(lambda: not any(map(goes_on, pids)))
    assert soon(lambda: not list(temporary.glob(f"{PREFIX}*")))


@LINUX
def test_the_function_ends_with_what_guards_it() -> None:
    with pytest.raises(AuditError, match="no answer"):
        audited(
            "import os, time\n"
            + RNN.replace("    dx, dW", "    end()\n    dx, dW", 1)
            + f"""
def end():
    open({str(Path("pid").resolve())!r}, "w").write(str(os.getpid()))
    os.kill(os.getppid(), 9)
    time.sleep(60)
"""
        )
    assert soon(lambda: not goes_on(int(Path("pid").read_text(encoding="utf-8"))))


@LINUX
def test_a_process_in_a_session_of_its_own_is_ended() -> None:
    place = Path("pid").resolve()
    start = f"""
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({str(place)!r}, "w").write(str(os.getpid()))
        import time
        time.sleep(300)
    os._exit(0)
while not os.path.exists({str(place)!r}) or not open({str(place)!r}).read():
    pass
"""
    assert audited(start + RNN).right
    assert not goes_on(int(place.read_text(encoding="utf-8")))


def test_what_a_killed_audit_left_is_removed_by_the_next(temporary: Path) -> None:
    left, fresh, other = (temporary / f"{name}" for name in (f"{PREFIX}left", f"{PREFIX}fresh", "lstm_sym_other"))
    target, link = temporary / "target", temporary / f"{PREFIX}link"
    for folder in (left, fresh, other, target):
        folder.mkdir()
    (left / "cases.npz").write_bytes(b"0")
    link.symlink_to(target)
    before = time.time() - 2 * FRESH
    for folder in (left, other, target):
        os.utime(folder, (before, before))
    with audit_folder() as mine:
        os.utime(mine, (before, before))
        assert not left.exists()
        remove_left()
        assert mine.exists() and fresh.exists() and other.exists() and target.exists()
    assert not mine.exists()


PATCHES = {
    "numpy.savez": "np.savez = np.save = np.load = None",
    "json.dumps": "import json\njson.dumps = json.dump = lambda *a, **k: 'null'",
    "numpy.array": "np.array = np.asarray = np.empty = np.array_equal = lambda *a, **k: 0",
    "os.write": "import os\nos.write = os.open = os.close = lambda *a, **k: 0\nos.getpid = lambda: 1",
    "builtins.print": "import builtins\nbuiltins.print = builtins.sorted = lambda *a, **k: None",
}


@pytest.mark.parametrize("name", PATCHES)
def test_what_a_file_replaces_changes_no_verdict(name: str) -> None:
    for source, right in ((RNN, True), (RNN.replace("da @ W", "da @ W * 1.001"), False)):
        found = audited(source.replace("from typing", f"{PATCHES[name]}\nfrom typing", 1))
        assert found.right is right and name in found.answer.replaced
        assert [v.name for v in found.verdicts if not v.right] == ([] if right else ["x"])


HARMLESS = {
    "a fork at loading": "import os\nos.fork()\n",
    "a fork in the function": ("    dx, dW", "    import os\n    os.fork() if len(x) == 1 else 0\n    dx, dW"),
    "sleeping": ("    dx, dW", "    import time\n    time.sleep(0.02)\n    dx, dW"),
    "printing": ("    dx, dW", "    print('x' * 1_000_000)\n    dx, dW"),
    "no output": "import sys\nsys.stdout = sys.stderr = None\n",
    "closed files": "import os\nos.closerange(0, 200)\n",
    "an exit handler": "import atexit, os\natexit.register(lambda: os._exit(3))\n",
    "a process that floods": "import subprocess\nsubprocess.Popen(['yes', 'x' * 1000])\n",
    "an alarm ignored": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n",
    "another folder": "import os\nos.chdir('/')\n",
}


@LINUX
@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_file_does_besides_changes_no_verdict(name: str) -> None:
    change = HARMLESS[name]
    for source, right in ((RNN, True), (RNN.replace("da @ W", "da @ W * 1.001"), False)):
        changed = change + source if isinstance(change, str) else source.replace(*change, 1)
        assert audited(changed).right is right


@pytest.mark.parametrize("data", ["b''", "b'x' * 100", "(2).to_bytes(8, 'little') + b'{}'"])
def test_an_answer_that_cannot_be_read_is_told_in_words(data: str) -> None:
    spoil = f"""
import os, pathlib
def spoil():
    pathlib.Path("../answer").write_bytes({data})
    os._exit(0)
"""
    with pytest.raises(AuditError, match="cannot be read") as caught:
        audited(spoil + RNN.replace("    dx, dW", "    spoil()\n    dx, dW", 1))
    assert "fix: " in str(caught.value) and "Traceback" not in str(caught.value)


STOPPED = """
import subprocess, sys
from lstm_sym.audit.running import guard
guard.GRACE = 0.3
guard.main(sys.argv[1], 0.2, [sys.executable, "-c", "import time; time.sleep(300)"])
"""


def test_the_guard_ends_in_time_what_a_stopped_audit_does_not(temporary: Path) -> None:
    (temporary / "work").mkdir()
    command = [sys.executable, "-c", STOPPED, str(temporary)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert int(running.stdout.read()) != 0
    assert temporary.exists()
