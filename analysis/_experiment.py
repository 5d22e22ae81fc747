"""What every experiment shares: its options, and the line that names a file it wrote."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lstm_sym.cli.streams import say


@dataclass(frozen=True)
class Options:
    """How an experiment is run: `quick` to see that it works, `output` the folder for its figures and data."""

    quick: bool
    output: Path


def options(description: str | None) -> Options:
    """The options of the command line; the first line of the script's docstring is its description."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small and short, to see that it runs")
    parser.add_argument("-o", "--output", type=Path, default=Path("out"), help="folder for the figure and its data")
    given = parser.parse_args()
    return Options(given.quick, given.output)


def told(paths: Iterable[Path]) -> None:
    """Name the files that were written."""
    for path in paths:
        say(f"wrote {path}")
