"""How much memory a gradient takes, each peer in a new process: growth of the process, and what NumPy took.

What a process holds before (Python, libraries, x, weights, compiled functions) is not counted: the growth is from there
to the most that it holds during one pass. `tracemalloc` sees what Python and NumPy ask for, nothing of PyTorch and XLA.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import resource
import sys
import tracemalloc
from pathlib import Path
from typing import Any

from _measure import in_new_process
from _peers import PEERS, Case, Peer, settle

SHAPES = ((10000, 1, 32, 32), (500, 32, 64, 128))
WARM = (2, 1, 2, 2)
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from _peer_memory import grown
found = grown(sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))
"""


def held(most: bool) -> float:
    """MiB that this process holds, or the most that it ever held (since `forget`)."""
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    found = re.search(r"VmHWM:\s+(\d+)" if most else r"VmRSS:\s+(\d+)", text)
    assert found is not None
    return int(found[1]) / 2**10


def forget() -> None:
    """Give back what is free, and count the most from now on, where the system can (glibc, Linux)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", encoding="ascii")


def grown(peer: str, dtype: str, shape: tuple[int, int, int, int]) -> dict[str, float]:
    """MiB of the LSTM's passes at a shape: of the process, and by tracemalloc. The last writing of a peer is taken."""
    known = {known.name: known for known in PEERS}[peer]
    settle(1, known.needs)
    prepare = known.prepare
    for timed in prepare(Case("lstm", dtype, WARM)).values():
        timed.call()
    timed = [*prepare(Case("lstm", dtype, shape)).values()][-1]
    forget()
    before = held(most=False)
    timed.call()
    found = {"growth": held(most=True) - before}
    gc.collect()
    tracemalloc.start()
    timed.call()
    return {**found, "traced": tracemalloc.get_traced_memory()[1] / 2**20}


def measure(peer: Peer, dtype: str, shape: tuple[int, int, int, int]) -> dict[str, Any]:
    """The same, in a process of its own."""
    found = in_new_process(SCRIPT, Path(__file__).parent, peer.name, dtype, list(shape))
    return {"peer": peer.name, "dtype": dtype, "shape": shape, **found}
