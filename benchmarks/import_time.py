"""How long it takes to import a kernel, over NumPy itself.

    python3 run.py bench import_time [--quick] [--json FILE]

Each import is in a new process, which imports NumPy first and then the kernel (with the packages above it), both
timed inside: the start of the interpreter is not in either. Compiled files are warm, as they are from the second start
on. The time is that of the wall clock: reading files is part of it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from _measure import Options, machine, options, progress, save, show, spread

from lstm_sym.cells import built_in_names
from lstm_sym.cli.streams import standard_streams

BAR = 0.050  # seconds, over NumPy
HEADER = ("kernel", "NumPy ms", "kernel over NumPy ms", "bar ms")
TIMED = """
import importlib, sys, time
begin = time.perf_counter()
import numpy
between = time.perf_counter()
importlib.import_module(sys.argv[1])
print(between - begin, time.perf_counter() - between)
"""


def import_once(module: str) -> tuple[float, float]:
    """Seconds of NumPy and of the module after it, in a new process. Raises CalledProcessError."""
    command = [sys.executable, "-c", TIMED, module]
    numpy_time, module_time = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(numpy_time), float(module_time)


def measure(name: str, chosen: Options) -> dict[str, Any]:
    """Times of a kernel; the first import, which may compile, is left out."""
    module = f"lstm_sym.kernels.{name}"
    import_once(module)
    times = [import_once(module) for _ in range(3 if chosen.quick else 10)]
    below, above = zip(*times, strict=True)
    return {"kernel": name, "numpy": spread(below), "over numpy": spread(above), "bar": BAR, "turns": len(times)}


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    met = "met" if result["over numpy"].median <= BAR else "missed"
    return result["kernel"], result["numpy"].text(1e3, 1), result["over numpy"].text(1e3, 2), f"{1e3 * BAR:.0f} {met}"


def main() -> None:
    """Measure every checked-in kernel and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads) | {"clock": "wall clock"}
    results = [measure(name, chosen) for name in progress(built_in_names(), str)]
    title = "Import of a kernel in a new process: median [quartiles]"
    show(title, host, HEADER, [row(result) for result in results])
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
