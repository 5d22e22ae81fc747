"""Wrong backward passes and what the audit says of them: how many of the mistakes planted are named, and how soon.

    python3 run.py bench audits [--files] [--count N] [--first NUMBER] [--jobs N] [--update] [--quick]

A pass is made from its number alone: one to five mistakes, drawn by how often people make them, in the derived backward
pass of one of four cells. With --files it is a file of NumPy in one of six styles, with none to three mistakes, and the
whole audit is run on it. --update writes the figure into docs/reliability.md. The exit code is 1 if too few are named.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from _measure import machine, options, progress, save
from _page import block, table, update

from lstm_sym.cli.streams import standard_streams

# The passes are of the tests, in the place of this folder, whose kernels.py would hide theirs.
sys.path[0] = str(Path(__file__).resolve().parents[1] / "tests")
NAMED, FIRST = 0.90, 0.95  # shares that hold
QUICK = 20


def parser() -> argparse.ArgumentParser:
    """The options that this script has and the others have not."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--count", type=int, default=200, metavar="N", help="how many passes (default: 200)")
    own.add_argument("--files", action="store_true", help="files of NumPy, through the whole audit")
    own.add_argument("--first", type=int, default=0, metavar="NUMBER", help="the number of the first (default: 0)")
    own.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at once (default: 1)")
    own.add_argument("--update", action="store_true", help="write the figure into docs/reliability.md")
    return own


def tried(number: int, files: bool) -> Any:
    """What is said of the pass of this number."""
    from audit import planted

    if not files:
        return planted.tried(number)
    with TemporaryDirectory() as folder:
        return planted.tried_as_file(number, Path(folder))


def shares(done: list[Any]) -> tuple[float, float]:
    """Of the mistakes planted those named; of the passes those whose first named mistake is real."""
    planted = sum(len(one.planted) for one in done)
    return (sum(one.named for one in done) / planted if planted else 1.0), sum(one.is_first_real for one in done) / len(
        done
    )


def seconds(done: list[Any]) -> tuple[float, float]:
    """Median, and what 95 % are within."""
    spent = [one.seconds for one in done]
    return float(np.median(spent)), float(np.quantile(spent, 0.95))


def figure(done: list[Any], files: bool) -> str:
    """The line of summary."""
    named, first = shares(done)
    median, most = seconds(done)
    misjudged = [str(one.number) for one in done if not one.is_judged]
    judged = f"misjudged: {', '.join(misjudged)}" if misjudged else "no right one called wrong, no wrong one right"
    what = "files in six styles with none to three" if files else "wrong passes with one to five"
    return (
        f"{len(done)} {what} mistakes, of four cells, numbers {done[0].number} to "
        f"{done[-1].number}: {named:.1%} of the mistakes named, the first named one real in {first:.1%}; "
        f"{median:.1f} s each, 95 % within {most:.1f} s" + (f"; {judged}" if files else "")
    )


def rows(done: list[Any]) -> list[tuple[object, ...]]:
    """By the number of mistakes."""
    found: list[tuple[object, ...]] = []
    for count in sorted({len(one.planted) for one in done}):
        some = [one for one in done if len(one.planted) == count]
        (named, first), (median, most) = shares(some), seconds(some)
        found.append((count, len(some), f"{named:.1%}", f"{first:.1%}", f"{median:.1f}", f"{most:.1f}"))
    return found


def main() -> None:
    """Try the passes, give the table, and write it into the page if asked to."""
    own, sys.argv[1:] = parser().parse_known_args()
    chosen = options(__doc__ or "")
    host, count = machine(chosen.threads), min(own.count, QUICK) if chosen.quick else own.count
    numbers = range(own.first, own.first + count)
    with ProcessPoolExecutor(own.jobs) as pool:
        waiting = [pool.submit(tried, number, own.files) for number in numbers]
        done = [waiting[place].result() for place in progress(range(len(waiting)), str)]
    header = ("mistakes", "passes", "named", "first named is real", "median, s", "95 %, s")
    command = f"python3 run.py bench audits{' --files' if own.files else ''} --count {count} --first {own.first}"
    content = block(figure(done, own.files), command, host, table(header, rows(done)))
    print(content, flush=True)
    save(chosen.json, Path(__file__).stem, host, [vars(one) for one in done])
    named, first = shares(done)
    holds = named >= NAMED and first >= FIRST and all(one.is_judged for one in done)
    if own.update and holds and not chosen.quick:
        update({"audits of files" if own.files else "audits": content})
        print("wrote docs/reliability.md", file=sys.stderr)
    sys.exit(not holds)


if __name__ == "__main__":
    with standard_streams():
        main()
