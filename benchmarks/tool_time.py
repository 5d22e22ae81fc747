"""How long the commands take: at first, with an empty cache, and a second time, from it.

    python3 run.py bench tool_time [--quick] [--json FILE]

Every command runs in a process of its own, in an empty folder; of three second times the median is shown. The seconds
are those of the processor, of the process and of those that it starts, so that other programs on the machine count
little. `beside SymPy` is the ratio to an import of SymPy alone, timed just before: it depends less on the machine.
Compiled files are warm. `wall s` is by the wall clock, which says something on a quiet machine alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _measure import Options, machine, options, progress, save, show

from lstm_sym.cli.streams import standard_streams

if sys.platform == "win32":
    sys.exit("tool_time: the time of processes that have ended is not to be had on Windows")

import resource

# Command -> most seconds of the processor at first, and a second time; None where there is no bar.
COMMANDS: dict[str, tuple[float | None, float | None]] = {
    "show lstm": (0.6, None),
    "study -o study": (None, 3.0),
    "derive lstm -o lstm.html": (None, None),
    "flow rnn lstm gru -o flow": (None, None),
    "check --all": (None, None),
}
SECONDS = 3  # how often a command is run again
QUICK = ("show lstm", "check rnn --quick")
HEADER = ("command", "first s", "wall s", "beside SymPy", "second s", "wall s", "first over second", "bar s")


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds of the processor and of the wall clock. Raises CalledProcessError."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "LSTM_SYM_CACHE": "on"}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def measure(command: str) -> dict[str, Any]:
    """The times of a command with an empty cache, and again: the median of a few."""
    words = [sys.executable, "-m", "lstm_sym", *command.split()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sympy, _ = timed([sys.executable, "-c", "import sympy"], folder)
        first, first_wall = timed(words, folder)
        second, second_wall = sorted(timed(words, folder) for _ in range(SECONDS))[SECONDS // 2]
    return {
        "command": command,
        "first": first,
        "first, wall": first_wall,
        "sympy": sympy,
        "second": second,
        "second, wall": second_wall,
    }


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    times = [result["first"], result["first, wall"], result["first"] / result["sympy"]]
    times += [result["second"], result["second, wall"], result["first"] / result["second"]]
    bars = zip(COMMANDS.get(result["command"], (None, None)), (result["first"], result["second"]), strict=True)
    told = [f"{bar:g} {'met' if seconds <= bar else 'missed'}" for bar, seconds in bars if bar is not None]
    return f"`{result['command']}`", *(f"{value:.2f}" for value in times), ", ".join(told) or "–"


def main() -> None:
    """Measure the commands and print one table."""
    chosen: Options = options(__doc__ or "")
    host = machine(chosen.threads) | {"clock": "processor time of the processes"}
    measure(QUICK[-1])  # compiles
    results = [measure(command) for command in progress(QUICK if chosen.quick else [*COMMANDS], str)]
    show("Commands, with an empty cache and again", host, HEADER, [row(result) for result in results])
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
