"""The process between an audit and a user's file: `python -I -S guard.py FOLDER SECONDS COMMAND...`.

It runs the command, and ends whatever came of it: when the command is done, when the time is up, and when the audit is
gone, however that ended; its standard input is a pipe of which the audit holds the other end. Of an audit that is gone
it removes the folder too. No line of the user's runs here, so none can change that. It writes the command's exit code.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

GRACE = 10.0
"""Seconds after which the time is up even where the audit, stopped say, does not say so."""

ENDING = 5.0
"""Seconds that it may take to end what the command started."""

SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of Linux: processes that lose their parent become children of this one."""

END = b"e"
"""What the audit writes to have everything ended, and its folder left."""


def main(folder: str, seconds: float, command: list[str]) -> None:
    """Run the command, which is told the number of this process last, until one of the three things happens."""
    adopt()
    work = os.path.join(folder, "work")
    process = subprocess.Popen([*command, str(os.getpid())], stdin=subprocess.DEVNULL, stdout=2, stderr=2, cwd=work)
    said: list[bytes] = []

    def listen() -> None:
        said.append(os.read(0, 1))
        process.kill()

    threading.Thread(target=listen, daemon=True).start()
    try:
        code = process.wait(seconds + GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    end_all()
    if b"" in said:
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.write(1, str(code).encode())
    os._exit(0)


def adopt() -> None:
    """Become the parent of every process whose parent ends, where the system offers it."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def end_all() -> None:
    """Kill every process that came of this one, until there is none: what is killed leaves its children to this one."""
    until = time.monotonic() + ENDING
    while (found := descendants()) and time.monotonic() < until:
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


def descendants() -> set[int]:
    """The processes that came of this one, by /proc; none where there is no /proc."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{int(name)}/stat", "rb") as stat:
            parents[int(name)] = int(stat.read().rpartition(b")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
