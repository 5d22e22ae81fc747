"""The temporary folder of an audit: gone when the audit is done; the next one removes what a killed one left."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "lstm_sym_audit_"
"""How the names of such folders begin."""

FRESH = 60.0
"""Seconds in which a folder that is not yet locked may be that of an audit which begins."""


@contextlib.contextmanager
def audit_folder() -> Iterator[Path]:
    """A folder that nobody else removes while this process lives; what killed audits left is removed first."""
    remove_left()
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        lock = _locked(name)
        try:
            yield Path(name)
        finally:
            if lock is not None:
                os.close(lock)


def remove_left() -> None:
    """Remove the folders of this user's audits that have ended without removing them, by SIGKILL say."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            own = stat.S_ISDIR(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == os.getuid())
            if not own or time.time() - found.st_mtime < FRESH:
                continue
            lock = _locked(str(folder))
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _locked(folder: str) -> int | None:
    """A lock on a folder, which ends with this process; None where another has it, or the system offers none."""
    try:
        import fcntl
    except ImportError:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
