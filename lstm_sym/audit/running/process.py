"""A user's file in a process of its own: what it is given, how long it may take, and what becomes of it if it fails."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from lstm_sym.audit.errors import AuditError, complaint
from lstm_sym.audit.running import guard
from lstm_sym.audit.running.answer import Answer, read_answer
from lstm_sym.audit.running.folder import audit_folder
from lstm_sym.ground.files import naming

Array = np.ndarray[Any, Any]
CHILD = Path(__file__).parent / "child" / "__main__.py"
SHOWN = 4000
INTERVAL = 2.0
MOST_SECONDS = 24 * 3600.0

Notice = Callable[[str, float], None]


def call(
    file: Path,
    function: str,
    request: Mapping[str, Any],
    arrays: Mapping[str, Array],
    timeout: float,
    notice: Notice,
) -> Answer:
    """Run the function on the cases in `arrays` ("0/x", "0/params/W_i", ...) in a process of its own.

    notice: told every other second what it is doing, and for how many seconds it has been running. Raises AuditError
    for whatever keeps it from an answer. The temporary folder it works in is gone afterwards, and so is every process
    that came of it, even where this one is killed.
    """
    path = [str(Path(np.__file__).resolve().parents[1])]
    whole = {**request, "file": str(file.resolve()), "function": function, "timeout": timeout, "path": path}
    with audit_folder() as folder:
        with naming(folder):
            (folder / "request.json").write_text(json.dumps(whole), encoding="utf-8")
            np.savez(folder / "cases.npz", **arrays)  # type: ignore[arg-type]
        with (folder / "printed").open("wb+") as printed:
            code = _run(folder, printed, timeout, notice)
            shown = _tail(printed)
        return _answer(folder, code, shown, (file, function), request, timeout)


def check_timeout(seconds: float) -> None:
    """Raises AuditError for a time that is not above 0 and at most a day."""
    if not 0 < seconds <= MOST_SECONDS:
        raise AuditError(
            "",
            f"a timeout of {seconds:g} s",
            "inf or nan, to let it take any time",
            f"give it a number of seconds up to {MOST_SECONDS:g}, which is a day",
        )


def _run(folder: Path, printed: IO[bytes], timeout: float, notice: Notice) -> int | None:
    """The exit code, or None where the time was up. The process and all that came of it are ended in any case."""
    (folder / "work").mkdir()
    start, python = time.monotonic(), (sys.executable, "-I", "-B")
    process = subprocess.Popen(
        [*python, "-S", guard.__file__, str(folder), str(timeout), *python, str(CHILD), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=printed,
        start_new_session=True,
    )
    try:
        while (left := timeout - (time.monotonic() - start)) > 0:
            try:
                process.wait(min(left, INTERVAL))
                return _code(process)
            except subprocess.TimeoutExpired:
                if (passed := time.monotonic() - start) < timeout:
                    notice(_stage(folder), passed)
        return None
    finally:
        _end(process)


def _code(process: subprocess.Popen[bytes]) -> int:
    """The exit code that the guard has written; its own, where it was ended before."""
    assert process.stdout is not None
    try:
        return int(process.stdout.read())
    except ValueError:
        return process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have the guard end everything; if it does not, end it with its group."""
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.write(guard.END)
        process.stdin.flush()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(2 * guard.ENDING)
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()


def _answer(
    folder: Path,
    code: int | None,
    printed: str,
    called: tuple[Path, str],
    request: Mapping[str, Any],
    timeout: float,
) -> Answer:
    place = ":".join(map(str, called))
    said = f"\n  it printed last:\n{printed}" if printed else ""
    if code is None:
        raise AuditError(
            "",
            f"{place} was not done after {timeout:g} s, and was ended while {_stage(folder)}{said}",
            "a loop that does not end, or an input it waits for",
            "mend it, or allow it more with --timeout",
        )
    try:
        answer = read_answer((folder / "answer").read_bytes(), printed)
        if isinstance(answer, Answer):
            return answer
        stage = _stage(folder)
        late = "" if "sequence" not in stage or " 1 of" in stage else f"\n  it was {stage}; the first was computed"
        error = complaint(answer.kind, answer.facts, *called, request["offered"], request["order"])
        told = AuditError("", f"{error}{late}{said}")
        told.kind = answer.kind
        raise told
    except OSError:
        raise AuditError(
            "",
            f"{place}: its process ended while {_stage(folder)} with code {code} and no answer{said}",
            "a crash in compiled code, os._exit(), or memory or processor time above the limit",
            "run the file by itself and see where it ends",
        ) from None
    except (ValueError, KeyError) as error:
        if isinstance(error, AuditError):
            raise
        raise AuditError(
            "",
            f"{place}: what its process answered cannot be read{said}",
            "the file replaces what Python's own library has in it, or a process that it started writes where it runs",
            "audit a file that replaces nothing",
        ) from None


def _stage(folder: Path) -> str:
    """What the process is doing, in words."""
    stage = folder / "stage"
    return stage.read_text(encoding="utf-8", errors="replace") if stage.exists() else "starting"


def _tail(printed: IO[bytes]) -> str:
    """The last of what was printed, indented, nothing in it that moves the cursor."""
    printed.seek(0, os.SEEK_END)
    printed.seek(max(0, printed.tell() - SHOWN))
    text = printed.read().decode("utf-8", "replace")
    lines = ["".join(c if c.isprintable() else " " for c in line) for line in text.splitlines()]
    return "\n".join(f"    {line[:100]}" for line in lines[-20:])
