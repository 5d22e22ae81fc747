"""The gain of computing the gates together: `forward` of a kernel against its own `step`, called over time.

    python3 run.py bench fused_gates [--quick] [--threads N] [--json FILE]

`step` has two products a gate, one with the input and one with the state, and each gate's own sigmoid. `forward` has
one product a step for the gates that share an operand, takes the input's products out of the loop, and has one
sigmoid over the gates that need it. Both compute the same states from the same equations and must agree before they are
timed. But `forward` also keeps the tape that `backward` needs, whose memory is new at each call, and checks its
arguments; `step` does neither, which counts at larger shapes. So the matrix products are timed by themselves as well:
as many as `step` has, against as many as `forward` has. Shapes are (T, B, H) with D = H/2.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _measure import Options, interleaved, machine, options, progress, ratio, save, show, spread

from lstm_sym.cli.streams import standard_streams

GROUPS = {"lstm": (4,), "lstm_peephole": (4,), "gru": (2, 1)}  # gates that share an operand of their recurrent product
SHAPES = ((50, 1, 32), (50, 32, 64), (50, 64, 256))
HEADER = ("cell", "T, B, H", "step ms", "forward ms", "gain", "products apart ms", "together ms", "gain of products")
TIMES = ("step", "forward", "apart", "together")


def one_by_one(kernel: Any, x: Any, params: Any, hidden: int) -> tuple[Any, Any]:
    """y (T, B, H) and the last state, by `step` over time from zeros."""
    state = kernel.State(*(np.zeros((x.shape[1], hidden), x.dtype) for _ in kernel.State._fields))
    y = np.empty((*x.shape[:2], hidden), x.dtype)
    for t, x_t in enumerate(x):
        y[t], state = kernel.step(x_t, state, params)
    return y, state


def products(x: Any, hidden: int, groups: tuple[int, ...]) -> dict[str, Callable[[], None]]:
    """The matrix products of a forward pass: a gate at a time as in `step`, and together as in `forward`."""
    (T, B, D), n = x.shape, sum(groups)
    draw = np.random.default_rng(1).standard_normal
    h, W, U = draw((T, B, hidden)), draw((D, n * hidden)), draw((hidden, n * hidden))
    W_gates, U_gates = ([part.copy() for part in np.split(matrix, n, axis=1)] for matrix in (W, U))
    U_groups = [part.copy() for part in np.split(U, np.cumsum(groups)[:-1] * hidden, axis=1)]
    rows, out = x.reshape(T * B, D), np.empty((T * B, n * hidden))
    a_gate, a_groups = np.empty((B, hidden)), [np.empty((B, group.shape[1])) for group in U_groups]

    def apart() -> None:
        for x_t, h_t in zip(x, h, strict=True):
            for W_gate, U_gate in zip(W_gates, U_gates, strict=True):
                np.matmul(x_t, W_gate, out=a_gate)
                np.matmul(h_t, U_gate, out=a_gate)

    def together() -> None:
        np.matmul(rows, W, out=out)
        for h_t in h:
            for U_group, a_group in zip(U_groups, a_groups, strict=True):
                np.matmul(h_t, U_group, out=a_group)

    return {"apart": apart, "together": together}


def calls(cell: str, shape: tuple[int, int, int]) -> dict[str, Callable[[], Any]]:
    """What is timed. Raises AssertionError where the results of `forward` and `step` differ by more than rounding."""
    T, B, H = shape
    kernel = importlib.import_module(f"lstm_sym.kernels.{cell}")
    params = kernel.init(H // 2, H)
    x = np.random.default_rng(0).standard_normal((T, B, H // 2))
    y, state, _ = kernel.forward(x, params)
    expected_y, expected_state = one_by_one(kernel, x, params, H)
    for found, expected in zip((y, *state), (expected_y, *expected_state), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    steps = {"forward": lambda: kernel.forward(x, params), "step": lambda: one_by_one(kernel, x, params, H)}
    return steps | products(x, H, GROUPS[cell])


def measure(cell: str, shape: tuple[int, int, int], chosen: Options) -> dict[str, Any]:
    """Times and gains of a cell at a shape."""
    seconds, turns = (0.1, 3) if chosen.quick else (4.0, 25)
    times = interleaved(calls(cell, shape), chosen.clock, seconds, turns)
    return {
        "cell": cell,
        "shape": shape,
        "turns": len(times["forward"]),
        "gain": ratio(times, "step", "forward"),
        "gain of products": ratio(times, "apart", "together"),
        "seconds": {name: spread(values) for name, values in times.items()},
    }


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    step, forward, apart, together = (f"{1e3 * result['seconds'][name].median:.2f}" for name in TIMES)
    gains = result["gain"].text(), result["gain of products"].text()
    return (result["cell"], ", ".join(map(str, result["shape"])), step, forward, gains[0], apart, together, gains[1])


def main() -> None:
    """Measure every cell at every shape and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    cases = progress(product(GROUPS, SHAPES), lambda case: f"{case[0]} {case[1]}")
    results = [measure(cell, shape, chosen) for cell, shape in cases]
    title = "Forward in float64: gates one by one (step) against together (forward); gain: median [quartiles]"
    show(title, host, HEADER, [row(result) for result in results])
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
