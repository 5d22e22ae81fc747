"""Our kernels against everything a user might take instead: autograd, PyTorch, JAX, onnxruntime, bare products.

    python3 run.py bench peers [--part PART]... [--cell CELL]... [--quick] [--threads N] [--json FILE] [--update]

Forward and backward of the loss sum(y * dy), with respect to x and all parameters: our kernels (C, NumPy) and targets
(PyTorch, JAX) against the cell by hand (_cells.py) in autograd, in a loop of PyTorch and in a lax.scan of JAX, each in
the writing that is fastest at the shape, against torch.nn, and against the matrix products alone. All gradients are
compared before anything is timed; what differs is not. Shapes are (T, B, D, H). Parts: gradients, curves, inference,
memory.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import _peer_curves as curves
import _peer_inference as inference
import _peer_memory as memory
import numpy as np
from _cells import CELLS
from _floor import floor
from _measure import Options, interleaved, machine, options, progress, ratio, save, spread
from _page import replaced, table
from _peers import PEERS, Case, Peer, Timed, settle

from lstm_sym.cli.streams import standard_streams
from lstm_sym.ground.files import write_whole

DOCS = Path(__file__).resolve().parents[1] / "docs"
BARS = {(100, 1, 32, 32): 3, (50, 32, 32, 64): 1.3, (100, 32, 64, 128): 1}
"""Shape -> how many times as long as C the better of these two takes, of any cell but the LSTM, which has its own."""
BARRED = ("JAX scan", "torch loop")
AGREEMENT = {"float32": 1e-4, "float64": 1e-10}  # of the largest element of all gradients
SHOWN = ("NumPy", "target torch", "target JAX", "autograd", "torch.nn", "torch loop", "JAX scan", "floor")
HEADER = ("cell", "dtype", "T, B, D, H", "C ms", *SHOWN, "bar")
FEW = ("lstm", "mgu")


class Effort(NamedTuple):
    """Seconds and turns that a case is given, and turns to choose the fastest writing of a peer in."""

    seconds: float
    turns: int
    trial: int


def effort(chosen: Options) -> Effort:
    """How long a case is measured."""
    return Effort(0.1, 3, 1) if chosen.quick else Effort(1.5, 5, 2)


def agreeing(case: Case, peer: Peer, gradients: Any) -> tuple[dict[str, Timed], float]:
    """The writings whose gradients are those of our kernel, and the largest difference of any."""
    found, worst = {}, 0.0
    for name, timed in peer.prepare(case).items():
        pairs = [*zip(timed.found(timed.call()), timed.expected(gradients), strict=True)]
        largest = max(np.abs(expected).max() for _, expected in pairs)
        difference = float(max(np.abs(array - expected).max() for array, expected in pairs) / largest)
        worst = max(worst, difference)
        if difference <= AGREEMENT[case.dtype]:
            found[name] = timed
        else:
            print(f"{case.name}: {peer.name} {name} differs by {difference:.1e}: not timed", file=sys.stderr)
    return found, worst


def fastest(timed: dict[str, Timed], chosen: Options) -> tuple[str, Callable[[], Any]]:
    """The writing with the least median of a few turns."""
    if len(timed) == 1:
        return next((name, one.call) for name, one in timed.items())
    trial = interleaved({name: one.call for name, one in timed.items()}, chosen.clock, 0.0, effort(chosen).trial)
    name = min(trial, key=lambda name: spread(trial[name]).median)
    return name, timed[name].call


def measure(case: Case, chosen: Options, peers: Sequence[Peer] = PEERS) -> dict[str, Any]:
    """All peers that are there, each in its fastest writing, and the floor, in turns."""
    kernel, (x, params, dy) = case.kernel("numpy"), case.numbers()
    gradients = kernel.backward(dy, kernel.forward(x, params)[2], params)
    calls, writings, differences = dict[str, Callable[[], Any]](), dict[str, str](), dict[str, float]()
    for peer in peers:
        if peer.has(case):
            timed, differences[peer.name] = agreeing(case, peer, gradients)
            if timed:
                writings[peer.name], calls[peer.name] = fastest(timed, chosen)
    calls["floor"] = floor(x, dy, sum(name.startswith("U") for name in params._fields))
    given = effort(chosen)
    times = interleaved(calls, chosen.clock, given.seconds, given.turns)
    return {
        "cell": case.cell,
        "dtype": case.dtype,
        "shape": case.shape,
        "turns": len(times["C"]),
        "writings": writings,
        "differences": differences,
        "over C": {name: ratio(times, name, "C") for name in times if name != "C"},
        "seconds": {name: spread(values) for name, values in times.items()},
    }


def verdict(result: dict[str, Any]) -> bool | None:
    """Whether the bar of a shape is met; None where it has none, or where one of the peers is not there."""
    wanted, over = BARS.get(tuple(result["shape"])), result["over C"]
    if wanted is None or result["cell"] == "lstm" or not all(name in over for name in BARRED):
        return None
    return bool(min(over[name].median for name in BARRED) >= wanted)


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    over, met = result["over C"], verdict(result)
    bar = "" if met is None else f"{BARS[tuple(result['shape'])]} {'met' if met else 'missed'}"
    return (
        result["cell"],
        result["dtype"],
        ", ".join(map(str, result["shape"])),
        f"{1e3 * result['seconds']['C'].median:.2f}",
        *(over[name].text() if name in over else "-" for name in SHOWN),
        bar,
    )


def gradients_part(chosen: Options, cells: Sequence[str], dtypes: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """Every cell at every shape with a bar."""
    shapes = [*BARS][: 1 if chosen.quick else None]
    cases = [Case(*case) for case in product(cells, dtypes, shapes)]
    results = [measure(case, chosen) for case in progress(cases, lambda case: case.name)]
    return results, f"{summary(results)}\n\n{table(HEADER, [row(result) for result in results])}"


def summary(results: Sequence[dict[str, Any]]) -> str:
    """The bars that are met, what is slower and faster than C, and how far gradients are apart."""
    lines = []
    for shape in dict.fromkeys(tuple(result["shape"]) for result in results):
        here = [result for result in results if tuple(result["shape"]) == shape]
        known = [verdict(result) for result in here if verdict(result) is not None]
        faster = [
            f"{name} at {result['cell']} {result['dtype']} ({result['over C'][name].median:.2f})"
            for result in here
            for name in result["over C"]
            if name != "floor" and result["over C"][name].median < 1
        ]
        bar = f"bar of {BARS[shape]}: {sum(map(bool, known))} of {len(known)} met; " if known else ""
        lines.append(f"* {shape}: {bar}faster than C: {', '.join(faster) or 'nothing'}.")
    for dtype in dict.fromkeys(result["dtype"] for result in results):
        worst = max(max(result["differences"].values()) for result in results if result["dtype"] == dtype)
        lines.append(f"* Gradients of all peers, {dtype}: within {worst:.0e} of the largest element.")
    return "\n".join(lines)


def curves_part(chosen: Options, cells: Sequence[str], dtypes: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """The first of the cells along T, B and H, in the first of the dtypes."""
    results = []
    peers = [peer for peer in PEERS if peer.name in curves.LINES]
    for axis, (_, shapes) in curves.AXES.items():
        cases = [Case(cells[0], dtypes[0], shape) for shape in shapes[: 2 if chosen.quick else None]]
        for case in progress(cases, lambda case: case.name):
            results.append({"axis": axis, **measure(case, chosen, peers)})
    names = [name for name in curves.LINES if name in results[0]["seconds"]]
    rows = [
        (", ".join(map(str, found["shape"])), *(f"{1e3 * found['seconds'][name].median:.2f}" for name in names))
        for found in results
    ]
    links = "\n\n".join(
        f"![Cost of a gradient against the {words}](figures/{curves.stem(axis)}.svg)"
        for axis, (words, _) in curves.AXES.items()
    )
    return results, f"{links}\n\n{table(('T, B, D, H', *(f'{name} ms' for name in names)), rows)}"


def figures(results: Sequence[dict[str, Any]]) -> dict[Path, bytes]:
    """The figures of the curves, by file."""
    found = {}
    for axis in curves.AXES:
        along = [result for result in results if result["axis"] == axis]
        lines = {
            name: [result["seconds"][name] for result in along] for name in curves.LINES if name in along[0]["seconds"]
        }
        drawing = curves.figure(axis, along[0]["cell"], along[0]["dtype"], lines)
        found[DOCS / "figures" / f"{curves.stem(axis)}.svg"] = curves.svg(drawing)
    return found


def inference_part(chosen: Options, cells: Sequence[str], dtypes: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """onnxruntime's operators, over sequences and frame by frame; nothing where onnxruntime is not installed."""
    results, given = [], effort(chosen)
    if missing_for_inference():
        return [], "onnxruntime is not installed."
    ways = [(shape, False) for shape in inference.SEQUENCES] + [(inference.FRAMES, True)]
    for cell, (shape, framewise) in product([cell for cell in cells if cell in inference.ORDERS], ways):
        case = Case(cell, dtypes[0], shape)
        times = interleaved(inference.calls(case, framewise), chosen.clock, given.seconds, given.turns)
        over = {name: ratio(times, name, "C") for name in ("NumPy", "onnxruntime")}
        seconds = {name: spread(values) for name, values in times.items()}
        results.append({"cell": cell, "shape": shape, "framewise": framewise, "over C": over, "seconds": seconds})
    rows = [
        (
            found["cell"],
            ", ".join(map(str, found["shape"])),
            "frame by frame, `stepper`" if found["framewise"] else "the sequence, `forward`",
            f"{1e3 * found['seconds']['C'].median:.3f}",
            *(value.text() for value in found["over C"].values()),
        )
        for found in results
    ]
    return results, table(("cell", "T, B, D, H", "how", "C ms", "NumPy / C", "onnxruntime / C"), rows)


def memory_part(chosen: Options, cells: Sequence[str], dtypes: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """Growth of a process by one gradient of the LSTM."""
    cases = [*product(memory.SHAPES[: 1 if chosen.quick else None], PEERS)]
    few = [
        (shape, peer)
        for shape, peer in cases
        if not peer.missing and (not chosen.quick or peer.name in ("C", "torch.nn"))
    ]
    results = [memory.measure(peer, dtypes[0], shape) for shape, peer in progress(few, lambda case: case[1].name)]
    rows = [
        (
            ", ".join(map(str, found["shape"])),
            found["peer"],
            f"{found['growth']:.1f}",
            f"{found['traced']:.1f}"
            if {peer.name: peer for peer in PEERS}[found["peer"]].needs in ((), ("autograd",))
            else "-",
        )
        for found in results
    ]
    return results, table(("T, B, D, H", "peer", "growth MiB", "tracemalloc MiB"), rows)


PARTS = {"gradients": gradients_part, "curves": curves_part, "inference": inference_part, "memory": memory_part}


def parser() -> argparse.ArgumentParser:
    """The options that this script has and the others have not."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--part", choices=PARTS, action="append", help="this part alone; may be given several times")
    own.add_argument("--cell", choices=CELLS, action="append", help="this cell alone; may be given several times")
    own.add_argument("--dtype", choices=AGREEMENT, action="append", help="this dtype alone, of float32 and float64")
    own.add_argument("--update", action="store_true", help="write tables and figures into docs/")
    return own


def skipped() -> list[str]:
    """What is not there, and what would bring it."""
    needs = {peer.name: peer.missing for peer in PEERS} | {"onnxruntime": [*missing_for_inference()]}
    return [f"left out: {name}; pip install {' '.join(missing)}" for name, missing in needs.items() if missing]


def missing_for_inference() -> list[str]:
    """The packages that the part inference lacks."""
    return [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]


def page_block(name: str, dtypes: Sequence[str], host: dict[str, Any], body: str) -> str:
    """A block of the page: the command, the machine and its load, the table."""
    said = ", ".join(f"{key} {value}" for key, value in host.items())
    chosen = f" --dtype {dtypes[0]}" if len(dtypes) == 1 else ""
    return f"`python3 run.py bench peers --part {name}{chosen}`: {said}.\n\n{body}"


def update(name: str, block: str, figures: dict[Path, bytes]) -> None:
    """Write a block into the page, and the figures beside it."""
    page = DOCS / "benchmarks.md"
    text = replaced(page.read_text(encoding="utf-8"), f"peers {name}", block)
    for path, data in [*figures.items(), (page, text.encode("utf-8"))]:
        write_whole(path, data)


def main() -> None:
    """Measure the parts, print their tables, and write them into the page if asked to."""
    own, sys.argv[1:] = parser().parse_known_args()
    chosen = options(__doc__ or "")
    host = machine(chosen.threads) | settle(chosen.threads)
    print(*skipped(), sep="\n", file=sys.stderr)
    cells = own.cell or (FEW if chosen.quick else [name for name in CELLS if name != "rnn"])
    dtypes = own.dtype or [*AGREEMENT][: 1 if chosen.quick else None]
    for name in own.part or PARTS:
        results, body = PARTS[name](chosen, cells, dtypes)
        block = page_block(name, own.dtype or [], host | {"load at end": round(os.getloadavg()[0], 2)}, body)
        print(f"{block}\n", flush=True)
        save(chosen.json, f"{Path(__file__).stem} {name}", host, results)
        if own.update:
            update(name, block, figures(results) if name == "curves" else {})


if __name__ == "__main__":
    with standard_streams():
        main()
