"""What every experiment shares: how it is run, the line that names a file it wrote, and the models of several."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lstm_sym import flow
from lstm_sym.cli.streams import say, standard_streams
from lstm_sym.kernels import gru, lstm, rnn

MODELS = [
    flow.Model("RNN", rnn),
    flow.Model("LSTM", lstm),
    flow.Model("LSTM, forget bias 1", lstm, fill={"b_f": 1.0}),
    flow.Model("LSTM, forget bias 3", lstm, fill={"b_f": 3.0}),
    flow.Model("GRU", gru),
]


@dataclass(frozen=True)
class Options:
    """How an experiment is run.

    Attributes:
        quick: only to see that it works. output: the folder for its figures and data.
        begun: when it began, of time.monotonic.
    """

    quick: bool
    output: Path
    begun: float = field(default_factory=time.monotonic)


def run(main: Callable[[Options], None], description: str | None) -> None:
    """Run an experiment by the command line; the first line of the script's docstring is its description."""
    with standard_streams():
        parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
        parser.add_argument("--quick", action="store_true", help="small and short, to see that it runs")
        parser.add_argument("-o", "--output", type=Path, default=Path("out"), help="folder for the figure and its data")
        main(Options(**vars(parser.parse_args())))


def told(paths: Iterable[Path]) -> None:
    """Name the files that were written."""
    for path in paths:
        say(f"wrote {path}")
