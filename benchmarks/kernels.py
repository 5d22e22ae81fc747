"""Generated kernels against plain autograd and against their own matrix products, forward and backward.

    python3 run.py bench kernels [--quick] [--threads N] [--json FILE]

Both compute the loss sum(y * dy) and its gradient with respect to x and every parameter, in float64 and float32, and
must agree before they are timed. Of the ways to write a cell in autograd (_cells.py) the fastest at the shape is the
peer. The floor is the matrix products of the kernel alone, of the same shapes: what is above it is element-wise work,
memory and Python. Shapes are (T, B, H) with D = H/2.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import _peers as peers
import numpy as np
from _floor import floor
from _measure import Options, interleaved, machine, options, progress, ratio, save, show, spread

from lstm_sym.cli.streams import standard_streams

CELLS = ("lstm", "lstm_peephole", "gru", "rnn")
BARS = {(50, 1, 32): 10, (50, 32, 64): 5, (50, 64, 256): 2}  # (T, B, H) -> how many times faster than autograd
AGREEMENT = {"float64": 1e-10, "float32": 1e-3}  # of the largest element of a gradient
HEADER = (
    "cell",
    "dtype",
    "T, B, H",
    "kernel ms",
    "autograd ms",
    "the fastest",
    "ratio",
    "bar",
    "floor ms",
    "over floor",
)


class Case(NamedTuple):
    """A cell at a shape."""

    cell: str
    dtype: str
    shape: tuple[int, int, int]

    @property
    def name(self) -> str:
        """In words, for progress and errors."""
        return f"{self.cell} {self.dtype} {self.shape}"


def require_agreement(case: Case, writing: str, expected: Sequence[Any], found: Sequence[Any]) -> None:
    """Raises ValueError where two gradients differ: what is not the same must not be compared by its time."""
    for left, right in zip(expected, found, strict=True):
        difference = np.abs(left - right).max() / np.abs(left).max()
        if not difference <= AGREEMENT[case.dtype]:
            raise ValueError(f"{case.name}: kernel and autograd ({writing}) differ by {difference:.1e} in a gradient")


def calls(case: Case) -> tuple[dict[str, Callable[[], Any]], dict[str, Callable[[], Any]]]:
    """What is timed: the kernel and the floor, and the writings in autograd, checked against the kernel."""
    T, B, H = case.shape
    kernel = importlib.import_module(f"lstm_sym.kernels.{case.cell}")
    given = peers.Case(case.cell, case.dtype, (T, B, H // 2, H))
    x, params, dy = given.numbers()

    def gradients() -> Any:
        return kernel.backward(dy, kernel.forward(x, params)[2], params)

    writings = peers.by_autograd(given)
    grads = gradients()
    for name, timed in writings.items():
        require_agreement(case, name, timed.expected(grads), timed.found(timed.call()))
    gates = sum(parameter.startswith("U") for parameter in params._fields)
    return (
        {"kernel": gradients, "floor": floor(x, dy, gates)},
        {name: timed.call for name, timed in writings.items()},
    )


def measure(case: Case, chosen: Options) -> dict[str, Any]:
    """Choose the fastest writing in a few turns, then time it against kernel and floor."""
    ours, writings = calls(case)
    trial = interleaved(writings, chosen.clock, 0.0, 1 if chosen.quick else 5)
    medians = {name: spread(times).median for name, times in trial.items()}
    fastest = min(medians, key=medians.__getitem__)
    seconds, turns = (0.2, 3) if chosen.quick else (4.0, 15)
    times = interleaved({**ours, "autograd": writings[fastest]}, chosen.clock, seconds, turns)
    return {
        **case._asdict(),
        "input size": case.shape[2] // 2,
        "fastest": fastest,
        "turns": len(times["kernel"]),
        "bar": BARS[case.shape],
        "ratio": ratio(times, "autograd", "kernel"),
        "over floor": ratio(times, "kernel", "floor"),
        "autograd over floor": ratio(times, "autograd", "floor"),
        "seconds": {name: spread(values) for name, values in times.items()},
        "seconds of all writings": medians,
    }


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    times = {name: f"{1e3 * value.median:.2f}" for name, value in result["seconds"].items()}
    met = "met" if result["ratio"].median >= result["bar"] else "missed"
    return (
        result["cell"],
        result["dtype"],
        ", ".join(map(str, result["shape"])),
        times["kernel"],
        times["autograd"],
        result["fastest"],
        result["ratio"].text(),
        f"{result['bar']} {met}",
        times["floor"],
        result["over floor"].text(),
    )


def main() -> None:
    """Measure every case and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    cases = [Case(*case) for case in product(CELLS, AGREEMENT, BARS)]
    results = [measure(case, chosen) for case in progress(cases, lambda case: case.name)]
    title = "Forward and backward: kernel, autograd, bare matrix products; ratios: median [quartiles]"
    show(title, host, HEADER, [row(result) for result in results])
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
