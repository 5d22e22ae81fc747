"""The bytes of a file of weights, or why there are none."""

from __future__ import annotations

import stat
from pathlib import Path

from lstm_sym.interop.errors import InteropError

LARGEST = 8 * 2**30
"""Bytes of a file that is read."""


def whole(path: Path) -> bytes:
    """The bytes of a file. Raises InteropError: not there, no regular file, too large, or not ours to read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, a pipe or a socket"
            raise InteropError(str(path), f"{kind}, where a file belongs", "", "name the file of weights itself")
        if status.st_size > LARGEST:
            found = f"{status.st_size:,} bytes; at most {LARGEST:,} are read"
            raise InteropError(str(path), found, "weights of another kind of network", "save fewer tensors to a file")
        return path.read_bytes()
    except InteropError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InteropError(
            str(path), f"it cannot be read: {reason}", "a spelling mistake, or another folder", "check path and rights"
        ) from error
