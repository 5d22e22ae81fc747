"""A user's file in a process of its own: what it is given, how long it may take, and what becomes of it if it fails."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from lstm_sym.audit import child
from lstm_sym.audit.errors import AuditError, complaint
from lstm_sym.ground.files import naming

Array = np.ndarray[Any, Any]
SHOWN = 4000
INTERVAL = 2.0
MOST_SECONDS = 24 * 3600.0

Notice = Callable[[str, float], None]


@dataclass(frozen=True)
class Answer:
    """What came back.

    outputs: "case/name" -> array, as it was returned; taken: what the function asked for ("dy", "params", "dstate/h");
    by_step: it was called step by step; changed: arguments it wrote into; ignored: entries of other names; unstable:
    outputs that differ when the same is asked again; single: float32 among them; printed: the end of what it printed.
    """

    outputs: dict[str, Array]
    taken: frozenset[str]
    by_step: bool
    changed: tuple[str, ...]
    ignored: tuple[str, ...]
    unstable: tuple[str, ...]
    single: bool
    printed: str


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
    for whatever keeps it from an answer. The temporary folder it works in is gone afterwards.
    """
    path = [str(Path(np.__file__).resolve().parents[1])]
    whole = {**request, "file": str(file.resolve()), "function": function, "timeout": timeout, "path": path}
    with tempfile.TemporaryDirectory(prefix="lstm_sym_audit_") as name:
        folder = Path(name)
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
    """The exit code, or None where the time was up. The process and those of its group are ended in any case."""
    (folder / "work").mkdir()
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", child.__file__, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=printed,
        cwd=folder / "work",
        start_new_session=True,
    )
    try:
        while (left := timeout - (time.monotonic() - start)) > 0:
            try:
                return process.wait(min(left, INTERVAL))
            except subprocess.TimeoutExpired:
                if (passed := time.monotonic() - start) < timeout:
                    notice(_stage(folder), passed)
        return None
    finally:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


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
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise AuditError(
            "",
            f"{place}: its process ended while {_stage(folder)} with code {code} and no answer{said}",
            "a crash in compiled code, os._exit(), or memory or processor time above the limit",
            "run the file by itself and see where it ends",
        ) from None
    if "complaint" in answer:
        error = complaint(answer["complaint"], answer["facts"], *called, request["offered"], request["order"])
        raise AuditError("", f"{error}{said}")
    with np.load(folder / "outputs.npz", allow_pickle=False) as stored:
        outputs = {name: stored[name] for name in stored.files}
    told = {name: tuple(value) if isinstance(value, list) else value for name, value in answer.items()}
    return Answer(outputs=outputs, printed=printed, **told | {"taken": frozenset(answer["taken"])})


def _stage(folder: Path) -> str:
    """What the process is doing, in words."""
    return (folder / "stage").read_text(encoding="utf-8") if (folder / "stage").exists() else "starting"


def _tail(printed: IO[bytes]) -> str:
    """The last of what was printed, indented, nothing in it that moves the cursor."""
    printed.seek(0, os.SEEK_END)
    printed.seek(max(0, printed.tell() - SHOWN))
    text = printed.read().decode("utf-8", "replace")
    lines = ["".join(c if c.isprintable() else " " for c in line) for line in text.splitlines()]
    return "\n".join(f"    {line[:100]}" for line in lines[-20:])
