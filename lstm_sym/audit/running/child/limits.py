"""What bounds the process: time, memory, the size of files, and the life of its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from os import _exit

from . import OWN_BUILTINS

globals()["__builtins__"] = OWN_BUILTINS

FILE_SIZE = 64 << 20
MEMORY = 8 << 30
DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux: the signal that a process gets when its parent ends."""


def limit(seconds: float) -> None:
    """Bound processor time, memory and the size of files, where the system offers it."""
    try:
        import resource
    except ImportError:
        return
    limits = {"RLIMIT_CPU": int(seconds) + 5, "RLIMIT_FSIZE": FILE_SIZE, "RLIMIT_CORE": 0, "RLIMIT_AS": MEMORY}
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds) + 15)  # should nobody be left to end it
    for name, value in limits.items():
        which = getattr(resource, name, None)
        if which is None:
            continue
        hard = resource.getrlimit(which)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(which, (bound, hard))
        except (OSError, ValueError):  # a system that has the name but not the limit
            continue


def die_with(parent: int) -> None:
    """Have this process killed when its parent ends, where the system offers it; at once if it has ended already."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            _exit(1)
