"""What the benchmarks share: options, the machine, interleaved timing, quartiles, tables, JSON.

Times of one machine are only comparable within one process, minutes apart at most, so every ratio here is of calls
that take turns (A B, B A, A B, ...): the ratio of each turn is formed first, its median and quartiles after.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from lstm_sym.cli.streams import say
from lstm_sym.ground.files import write_whole
from lstm_sym.ground.safe_text import printable

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
PROGRESS_AFTER = 2.0  # seconds
PEAK = """
import json, resource, sys
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(json.dumps({**found, "peak": peak}))
"""

Clock = Callable[[], float]  # seconds
Item = TypeVar("Item")


class Options(NamedTuple):
    """What every benchmark takes on the command line."""

    quick: bool
    threads: int
    json: Path | None

    @property
    def clock(self) -> Clock:
        """The clock for single calls: processor time has no meaning as duration once threads share the work."""
        return time.process_time if self.threads == 1 else time.perf_counter


def in_new_process(script: str, *arguments: object) -> dict[str, Any]:
    """What a script of Python prints as JSON, and "peak": the most memory that its process ever held, in MiB.

    The peak holds Python, NumPy and all else too. A child's is counted from that of its parent: ask for it first.
    Raises CalledProcessError.
    """
    command = [sys.executable, "-c", script + PEAK, *map(str, arguments)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


class Spread(NamedTuple):
    """Median and quartiles of repeated measurements."""

    median: float
    low: float
    high: float

    def text(self, scale: float = 1.0, digits: int = 2) -> str:
        """`median [low, high]`, each times scale."""
        median, low, high = (f"{scale * value:.{digits}f}" for value in self)
        return f"{median} [{low}, {high}]"


def options(description: str) -> Options:
    """Read the command line; start the script anew where the BLAS does not have the threads asked for.

    A BLAS reads its number of threads once, when NumPy is imported: that is why a new process is needed.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions: to see that it runs")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the BLAS (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results to FILE, by name of the benchmark")
    given = parser.parse_args()
    if given.threads < 1:
        parser.error(f"--threads is {given.threads}; it is the number of threads of the BLAS, 1 or more")
    if given.json:
        read_results(given.json)
    wanted = dict.fromkeys(THREADS, str(given.threads))
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        command = [sys.executable, *sys.orig_argv[1:]]
        sys.exit(subprocess.call(command, env={**os.environ, **wanted}))
    return Options(given.quick, given.threads, given.json)


def processor() -> str:
    """The name of the processor, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine(threads: int) -> dict[str, Any]:
    """What the numbers were measured on."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load at start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "autograd": version("autograd"),
        "blas": f"{blas['name']} {blas['version']}",
        "blas threads": threads,
        "clock": "processor time" if threads == 1 else "wall clock",
    }


def interleaved(
    calls: dict[str, Callable[[], object]], clock: Clock, seconds: float, turns: int
) -> dict[str, list[float]]:
    """Seconds of each call, in turns whose order alternates: at least `turns`, and more until `seconds` are over.

    Each is called once before, to warm up.
    """
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    end, turn = time.perf_counter() + seconds, 0
    while turn < turns or time.perf_counter() < end:
        for name in list(calls)[:: -1 if turn % 2 else 1]:
            begin = clock()
            calls[name]()
            times[name].append(clock() - begin)
        turn += 1
    return times


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles."""
    low, median, high = np.percentile(values, [25, 50, 75]).tolist()
    return Spread(median, low, high)


def ratio(times: dict[str, list[float]], over: str, under: str) -> Spread:
    """Spread of the ratio of two calls, formed turn by turn."""
    return spread((np.asarray(times[over]) / np.asarray(times[under])).tolist())


def progress(items: Iterable[Item], name: Callable[[Item], str]) -> Iterator[Item]:
    """The items one by one; on stderr what is being measured and the time left, once it takes a while."""
    todo = list(items)
    begin = time.monotonic()
    for done, item in enumerate(todo):
        passed = time.monotonic() - begin
        if passed > PROGRESS_AFTER:
            left = passed / done * (len(todo) - done)
            print(f"  {done}/{len(todo)}  {name(item)}, about {left:.0f} s left", file=sys.stderr, flush=True)
        yield item


def show(title: str, host: dict[str, Any], header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a title, the machine, and a table in Markdown."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    print(f"{title}\n" + ", ".join(f"{key} {value}" for key, value in host.items()) + "\n")
    for line in lines:
        print("| " + " | ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)) + " |")
    print(flush=True)


def read_results(path: Path) -> dict[str, Any]:
    """The results that a file holds already, none where it is not there. Exits, with advice, where it is another's."""
    shown = printable(str(path))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = {}
    except (OSError, ValueError) as error:
        sys.exit(f"--json {shown}: {error}; name a new file, or one that these benchmarks wrote")
    if not isinstance(found, dict) or not all(isinstance(v, dict) and "machine" in v for v in found.values()):
        sys.exit(
            f"--json {printable(str(path))}: holds something other than results of these benchmarks; name another file"
        )
    return found


def save(path: Path | None, name: str, host: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Add the results of a benchmark to a JSON file, in place of its former ones; whole or not at all."""
    if path is None:
        return
    results = read_results(path) | {name: {"machine": host, "rows": rows}}
    write_whole(path, json.dumps(results, indent=1).encode("utf-8"))
    say(f"wrote {path}", err=True)
