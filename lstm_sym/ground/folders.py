"""The folder of this tool in the user's cache, and folders that are the user's alone."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path


def cache_folder() -> Path:
    """lstm_sym in $XDG_CACHE_HOME, in ~/.cache where that is not set. Raises RuntimeError for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(base) if base else Path.home() / ".cache") / "lstm_sym"


def private_folder(folder: Path) -> Path | None:
    """The folder, made where it is not there; None where it is not this user's, or others can write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if sys.platform != "win32" and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
            return None
        return folder if os.access(folder, os.W_OK | os.X_OK) else None
    except OSError:
        return None
