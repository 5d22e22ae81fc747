"""Compiled kernels against the NumPy kernels of the same cells, PyTorch's own cells, and the bare matrix products.

    python3 run.py bench compiled [--quick] [--threads N] [--json FILE]

Forward and backward of the loss sum(y * dy), in float32 and float64; both kernels must agree before they are timed.
PyTorch's cell is `torch.nn.LSTM` or `GRU` with weights of its own, where PyTorch is installed (the extra `bench`);
other cells have none. Shapes are (T, B, D, H). Compiling is not timed; a line below the table says what it took.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _floor import floor
from _measure import Options, interleaved, machine, options, progress, ratio, save, show, spread
from _peers import Case, cell_of

import lstm_sym as ls
from lstm_sym.cli.streams import standard_streams
from lstm_sym.kernels import Kernel

SHAPES = (
    (100, 1, 32, 32),
    (1000, 1, 64, 64),
    (50, 32, 32, 64),
    (100, 32, 64, 128),
    (50, 64, 256, 512),
    (784, 64, 1, 128),
)
OTHERS = ("lstm_peephole", "mgu", "nested_lstm", "slstm", "layer_norm_lstm", "own")
FEW = SHAPES[:1] + SHAPES[2:4]
BARS = {
    "float32": dict(zip(SHAPES, (5, 2, 1.5, 1, 1, 1.2), strict=True)),
    "float64": dict(zip(SHAPES, (20, 20, 2.5, 1.8, 1.2, 1.2), strict=True)),
}
"""How many times faster than torch.nn.LSTM."""
AGREEMENT = {"float64": 1e-10, "float32": 2e-3}  # of the largest element of the gradients
HEADER = ("cell", "dtype", "T, B, D, H", "C ms", "NumPy / C", "PyTorch / C", "bar", "C / floor")


def gradients(kernel: Kernel, x: Any, params: Any, dy: Any) -> Callable[[], Any]:
    """Forward and backward by a kernel."""
    return lambda: kernel.backward(dy, kernel.forward(x, params)[2], params)


def by_torch(case: Case, x: Any, dy: Any) -> dict[str, Callable[[], Any]]:
    """Forward and backward by PyTorch's own cell, where there is one."""
    if case.cell not in ("lstm", "gru") or importlib.util.find_spec("torch") is None:
        return {}
    import torch

    _, _, D, H = case.shape
    kind = torch.nn.LSTM if case.cell == "lstm" else torch.nn.GRU
    module = kind(D, H, dtype=getattr(torch, case.dtype))
    given, cotangent = torch.tensor(x, requires_grad=True), torch.tensor(dy)

    def run() -> None:
        module.zero_grad()
        given.grad = None
        module(given)[0].backward(cotangent)

    return {"PyTorch": run}


def measure(case: Case, chosen: Options) -> dict[str, Any]:
    """Both kernels, PyTorch and the floor, in turns."""
    T, B, D, H = case.shape
    cell = cell_of(case.cell)
    kernels = {"C": ls.build(cell, target="c"), "NumPy": ls.build(cell, target="numpy")}
    rng = np.random.default_rng(0)
    params = kernels["NumPy"].init(D, H, rng=rng, dtype=case.dtype)
    x, dy = (rng.standard_normal((T, B, size)).astype(case.dtype) for size in (D, H))
    begin = time.perf_counter()
    calls = {name: gradients(kernel, x, params, dy) for name, kernel in kernels.items()}
    found = calls["C"]()
    first = time.perf_counter() - begin
    expected = calls["NumPy"]().params
    largest = max(np.abs(array).max() for array in expected)  # the gradient of a parameter may be zero
    difference = max(np.abs(one - other).max() for one, other in zip(found.params, expected, strict=True)) / largest
    if not difference <= AGREEMENT[case.dtype]:
        raise ValueError(f"{case.name}: C and NumPy differ by {difference:.1e} in a gradient")
    gates = sum(name.startswith("U") for name in params._fields)
    calls |= {**by_torch(case, x, dy), "floor": floor(x, dy, gates)}
    seconds, turns = (0.2, 3) if chosen.quick else (4.0, 9)
    times = interleaved(calls, chosen.clock, seconds, turns)
    return {
        **case._asdict(),
        "turns": len(times["C"]),
        "first call": first,
        "over": {name: ratio(times, name, "C") for name in times if name not in ("C", "floor")},
        "over floor": ratio(times, "C", "floor"),
        "seconds": {name: spread(values) for name, values in times.items()},
    }


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    peer, bar = result["over"].get("PyTorch"), ""
    if peer is not None and result["cell"] == "lstm":
        wanted = BARS[result["dtype"]][result["shape"]]
        bar = f"{wanted} {'met' if peer.median >= wanted else 'missed'}"
    return (
        result["cell"],
        result["dtype"],
        ", ".join(map(str, result["shape"])),
        f"{1e3 * result['seconds']['C'].median:.2f}",
        result["over"]["NumPy"].text(),
        peer.text() if peer is not None else "-",
        bar,
        result["over floor"].text(),
    )


def main() -> None:
    """Measure every case and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(chosen.threads)
        host["torch"] = torch.__version__
    cases = [Case(cell, dtype, shape) for cell in ("lstm", "gru") for dtype in AGREEMENT for shape in SHAPES]
    cases += [Case(cell, dtype, shape) for cell in OTHERS for dtype in AGREEMENT for shape in FEW]
    if chosen.quick:
        cases = [case for case in cases if case.shape in FEW[:2]]
    results = [measure(case, chosen) for case in progress(cases, lambda case: case.name)]
    title = "Forward and backward: how many times as long as the compiled kernel; ratios: median [quartiles]"
    show(title, host, HEADER, [row(result) for result in results])
    longest = max(results, key=lambda result: result["first call"])
    seconds = f"{longest['first call']:.1f} s ({longest['cell']})"
    print(f"the longest first call, with compiling where nothing was kept: {seconds}")
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
