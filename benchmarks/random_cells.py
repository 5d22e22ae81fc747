"""Random cells through the whole engine: how many, the worst relative error, and a file for each that fails.

    python3 run.py bench random_cells [--cells N] [--first NUMBER] [--jobs N] [--failures DIR] [--update] [--quick]

A cell is made from its number alone, so a run can be cut short and gone on with: the last line names the numbers that
are done, and `--first` the next one. A cell that fails is made as small as it can be and written as a cell file, for
`lstm-sym check`. --update writes the figure into docs/reliability.md. The exit code is 1 if a cell fails.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from _measure import machine, options, progress, save
from _page import block, table, update

from lstm_sym.cli.streams import standard_streams

HERE = Path(__file__).resolve().parent
# The cells are of the tests, in the place of this folder, whose kernels.py would hide theirs.
sys.path[0] = str(HERE.parent / "tests")
CHUNK, AHEAD = 20, 4  # cells handed to a process at once; how many such sets a process has waiting
QUICK = 20


def parser() -> argparse.ArgumentParser:
    """The options that this script has and the others have not."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--cells", type=int, default=200, metavar="N", help="how many (default: 200)")
    own.add_argument("--first", type=int, default=0, metavar="NUMBER", help="the number of the first (default: 0)")
    own.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at once (default: 1)")
    own.add_argument("--failures", type=Path, default=HERE / "out" / "failures", metavar="DIR", help="where files go")
    own.add_argument("--update", action="store_true", help="write the figure into docs/reliability.md")
    return own


def tried(numbers: range, folder: Path) -> list[Any]:
    """What came of each of these cells."""
    from derivation import trial

    return [trial.tried(number, folder) for number in numbers]


def trials(numbers: range, folder: Path, jobs: int) -> Iterator[Any]:
    """What came of each cell, in order, by several processes; not all is handed out at once, so that one can stop."""
    sets = [numbers[k : k + CHUNK] for k in range(0, len(numbers), CHUNK)]
    left = iter(sets)
    with ProcessPoolExecutor(jobs) as pool:
        hand_out = partial(pool.submit, tried, folder=folder)
        waiting = deque(hand_out(part) for part in islice(left, AHEAD * jobs))
        try:
            for _ in progress(sets, lambda part: f"cells from {part[0]} on"):
                yield from waiting.popleft().result()
                waiting.extend(hand_out(part) for part in islice(left, 1))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def figure(done: list[Any]) -> str:
    """The line of summary."""
    failed = [one for one in done if one.failure]
    held = [one.error for one in done if not one.failure]
    return (
        f"{len(done)} random cells, numbers {done[0].number} to {done[-1].number}: {len(failed)} fail; the worst "
        f"relative error of the others is {max(held, default=0.0):.1e}"
    )


def main() -> None:
    """Try the cells, name the files of those that fail, and give the line of summary, also where it is cut short."""
    own, sys.argv[1:] = parser().parse_known_args()
    chosen = options(__doc__ or "")
    host, done = machine(chosen.threads), []
    count = min(own.cells, QUICK) if chosen.quick else own.cells
    try:
        for one in trials(range(own.first, own.first + count), own.failures, own.jobs):
            done.append(one)
            if one.failure:
                print(f"cell {one.number} fails: {one.failure}\n  {one.file}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"cut short; go on with --first {own.first + len(done)}", file=sys.stderr)
    if not done:
        sys.exit("no cell was tried; --cells is the number of them, 1 or more")
    print(figure(done), flush=True)
    failed = [one for one in done if one.failure]
    save(chosen.json, Path(__file__).stem, host, [vars(one) for one in failed] or [{"figure": figure(done)}])
    if own.update and not failed and len(done) == count:
        command = f"python3 run.py bench random_cells --cells {count} --first {own.first}"
        share = sorted(one.error for one in done)
        rows = [(f"{q:.0%}", f"{share[min(int(q * len(share)), len(share) - 1)]:.1e}") for q in (0.5, 0.9, 0.99, 1.0)]
        update({"random cells": block(figure(done), command, host, table(("share of cells", "error at most"), rows))})
        print("wrote docs/reliability.md", file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    with standard_streams():
        main()
