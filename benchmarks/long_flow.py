"""Gradient flow through long sequences: time and peak memory of a profile and of the largest exponent.

    python3 run.py bench long_flow [--quick] [--threads N] [--json FILE]

An LSTM over one sequence, B = 1, D = 8, H = 64, float64: the run is recorded, then the sensitivity over 60 lags from an
end point every 500 steps, and the largest Lyapunov exponent. Each memory is the most that a new process ever held
(ru_maxrss), with Python, NumPy and x in it; seconds are of the wall clock. Cost is linear in T where microseconds a
step stay the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from _measure import in_new_process, machine, options, progress, save, show

from lstm_sym.cli.streams import standard_streams

BAR = 500  # MiB, for T = 100,000
HEADER = ("T", "record s", "profile s", "exponent s", "µs a step", "peak MiB", "bar MiB")
ALONE = """
import sys, time
import numpy as np
from lstm_sym.cli.streams import standard_streams
from lstm_sym import flow
from lstm_sym.kernels import lstm
steps = int(sys.argv[1])
x = np.random.default_rng(0).standard_normal((steps, 8))
begin = time.perf_counter()
run = flow.record(lstm, lstm.init(8, 64, b_f=1.0), x)
recorded = time.perf_counter()
flow.input_sensitivity(run, lags=60, ends=steps // 500, progress=flow.reporter("  profile"))
profiled = time.perf_counter()
flow.lyapunov(run, count=1, progress=flow.reporter("  exponent"))
end = time.perf_counter()
found = {"record": recorded - begin, "profile": profiled - recorded, "exponent": end - profiled}
"""


def alone(steps: int) -> dict[str, Any]:
    """Seconds and peak memory (MiB) of both measures in a new process. Raises CalledProcessError."""
    return {"steps": steps, **in_new_process(ALONE, steps)}


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    times = [result[part] for part in ("record", "profile", "exponent")]
    bar = f"{BAR} {'met' if result['peak'] <= BAR else 'missed'}" if result["steps"] >= 100_000 else "none"
    each = 1e6 * sum(times) / result["steps"]
    return (f"{result['steps']:,}", *(f"{t:.1f}" for t in times), f"{each:.0f}", f"{result['peak']:.0f}", bar)


def main() -> None:
    """Measure each length in a process of its own, and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    lengths = (1_000, 3_000) if chosen.quick else (10_000, 30_000, 100_000)
    results = [alone(steps) for steps in progress(lengths, lambda steps: f"T {steps:,}")]
    show("Gradient flow of an LSTM, B 1, D 8, H 64", host, HEADER, list(map(row, results)))
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
