"""Gradients through a million steps: time and peak memory, checkpointed and with the whole tape.

    python3 run.py bench long_sequences [--quick] [--threads N] [--json FILE]

An LSTM over one sequence, B = 1, D = H = 32, float64; the loss is half the sum of y^2, so dL/dy is y itself. Each
memory is the most that a new process ever held (ru_maxrss), with Python, NumPy, x, y and the gradient of x in it;
seconds there are of the wall clock. The ratio of the times is of calls that take turns in one process, at a length
where the tape fits too; both gradients are checked to agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from _measure import Options, in_new_process, interleaved, machine, options, progress, ratio, save, show, spread

from lstm_sym import through_time
from lstm_sym.cli.streams import standard_streams
from lstm_sym.kernels import lstm

HIDDEN = 32
MILLION = 1_000_000
BAR = 1024  # MiB, for a million steps, checkpointed
AGREEMENT = 1e-13  # of the largest element of a gradient
HEADER = ("T", "kept", "forward s", "backward s", "peak MiB", "bar MiB")
ALONE = """
import sys, time
import numpy as np
from lstm_sym import through_time
from lstm_sym.ground.progress import reporter
from lstm_sym.kernels import lstm
steps, hidden, checkpointed = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "states"
x = np.random.default_rng(0).standard_normal((steps, 1, hidden))
params = lstm.init(hidden, hidden, b_f=1.0)
begin = time.perf_counter()
y, _, tape = through_time.forward(lstm, x, params, checkpoint=checkpointed, progress=reporter("  forward"))
between = time.perf_counter()
grads = through_time.backward(y, tape, params, progress=reporter("  backward"))
end = time.perf_counter()
found = {"forward": between - begin, "backward": end - between}
"""


def alone(case: tuple[int, str]) -> dict[str, Any]:
    """Seconds and peak memory (MiB) of one gradient in a new process. Raises CalledProcessError."""
    steps, kept = case
    found = in_new_process(ALONE, steps, HIDDEN, kept)
    return {"steps": steps, "kept": kept, "bar": BAR if steps == MILLION else None, **found}


def gradient(x: Any, params: Any, checkpoint: bool) -> Any:
    """One gradient."""
    y, _, tape = through_time.forward(lstm, x, params, checkpoint=checkpoint)
    return through_time.backward(y, tape, params)


def require_agreement(stored: Any, checkpointed: Any) -> None:
    """Raises ValueError where the two gradients differ: what is not the same must not be compared by its time."""
    for left, right in zip((stored.x, *stored.params), (checkpointed.x, *checkpointed.params), strict=True):
        difference = np.abs(left - right).max() / np.abs(left).max()
        if not difference <= AGREEMENT:
            raise ValueError(f"stored and checkpointed differ by {difference:.1e} in a gradient")


def compared(steps: int, chosen: Options) -> dict[str, Any]:
    """How much longer the checkpointed gradient takes than the stored one, turn by turn."""
    x = np.random.default_rng(0).standard_normal((steps, 1, HIDDEN))
    params = lstm.init(HIDDEN, HIDDEN, b_f=1.0)
    require_agreement(gradient(x, params, False), gradient(x, params, True))
    calls = {kept: lambda kept=kept: gradient(x, params, kept == "states") for kept in ("tape", "states")}
    times = interleaved(calls, chosen.clock, 0.0, 2 if chosen.quick else 7)
    seconds = {name: spread(values) for name, values in times.items()}
    return {"steps": steps, "ratio": ratio(times, "states", "tape"), "seconds": seconds}


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    bar = result["bar"] and f"{BAR} {'met' if result['peak'] <= BAR else 'missed'}"
    times = (f"{result[part]:.1f}" for part in ("forward", "backward"))
    return f"{result['steps']:,}", result["kept"], *times, f"{result['peak']:.0f}", bar or "none"


def main() -> None:
    """Measure memory in processes of their own, then the times against each other, and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    most = MILLION // 10 if chosen.quick else MILLION
    cases = [(most // 10, "tape"), (most // 10, "states"), (most, "states"), (most // 50, "both")]
    told = progress(cases, lambda case: f"T {case[0]:,}, {case[1]} kept")
    *results, turns = [compared(case[0], chosen) if case[1] == "both" else alone(case) for case in told]
    show(
        "Gradients of an LSTM, B 1, D 32, H 32: whole tape, or states of about sqrt(T) segments",
        host,
        HEADER,
        list(map(row, results)),
    )
    print(f"states over tape at T {turns['steps']:,}: {turns['ratio'].text()} times as long\n", flush=True)
    save(chosen.json, Path(__file__).stem, host, [*results, turns])


if __name__ == "__main__":
    with standard_streams():
        main()
