"""What readers of HDF5 make of damaged files: --reader lstm_sym (or h5py, pyfive) --count 6000

Files of Keras among the fixtures are damaged at random, as tests/interop/test_damage.py does it. A process reads one
after the other; one that ends, or takes more than ten seconds, is counted and another goes on. Linux.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from lstm_sym.cli.streams import standard_streams  # noqa: E402

SECONDS = 10
MEMORY = 6 * 2**30
LARGE = 100 * 2**20
"""Bytes by which a process may not grow for one file of 35 kB."""


def damaged(number: int) -> bytes:
    """One of the files, damaged."""
    from interop import test_damage as damage
    from interop.cases import keras_files

    rng = np.random.default_rng(number)
    files = [keras_files(3)["words.h5"], keras_files(3)["words.weights.h5"]]
    kinds = [*damage.KINDS.values(), damage.struck, damage.struck, damage.struck]
    return kinds[number % len(kinds)](files[rng.integers(2)], rng, files)


def read_with(name: str) -> Any:
    """A function that reads all arrays and attributes of a file."""
    if name == "lstm_sym":
        contents = importlib.import_module("lstm_sym.interop.hdf5")
        return lambda path: contents.of_bytes(path.read_bytes(), str(path))
    module = importlib.import_module(name)

    def read(path: Path) -> None:
        with module.File(path) as file:
            waiting = [file]
            while waiting:
                group = waiting.pop()
                _ = [group.attrs[key] for key in group.attrs]
                for key in group:
                    if isinstance(group[key], module.Dataset):
                        group[key][()]
                    else:
                        waiting.append(group[key])

    return read


def child(name: str, first: int, last: int) -> None:
    """Read the files of these numbers, and say what became of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    read = read_with(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "w.h5")
        for number in range(first, last):
            path.write_bytes(damaged(number))
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(number, flush=True)
            signal.alarm(SECONDS)
            try:
                read(path)
                found = "read"
            except MemoryError:
                found = "more memory than there is"
            except BaseException:
                found = "refused"
            signal.alarm(0)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
            print(number, "more than 100 MiB" if grown > LARGE else found, flush=True)


def counted(name: str, count: int) -> Counter[str]:
    """What becomes of so many files."""
    found: Counter[str] = Counter()
    first = 0
    while first < count:
        command = [sys.executable, __file__, "--reader", name, "--count", str(count), "--first", str(first)]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = [line.partition(" ") for line in run.stdout.splitlines()]
        found.update(word for _, _, word in lines if word)
        if not lines:
            sys.exit(f"{name} cannot be imported, or ends at once")
        first = int(lines[-1][0]) + 1
        if not lines[-1][2]:
            found["not done in 10 s" if run.returncode == -signal.SIGALRM else "crashed"] += 1
    return found


def main() -> None:
    """Count for one reader; with --first, be the process that reads from this file on."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reader", choices=("lstm_sym", "h5py", "pyfive"), default="lstm_sym")
    options.add_argument("--count", type=int, default=600)
    options.add_argument("--first", type=int)
    given = options.parse_args()
    if given.first is not None:
        child(given.reader, given.first, given.count)
    else:
        print(given.reader, dict(counted(given.reader, given.count)))


if __name__ == "__main__":
    with standard_streams():
        main()
