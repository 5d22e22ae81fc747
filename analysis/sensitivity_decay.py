"""How far back does the state feel its input? RNN against LSTM, against all other cells, and against the forget bias.

H = 64, 8 standard Gaussian inputs, PyTorch's default initialisation, before training, several draws. Writes a figure
for RNN, LSTM and GRU, one for the forget biases 0 to 4, and one for those eight of the other cells that forget slowest,
each as SVG, PNG and CSV, and prints a table for each, the last of all cells. Those whose sensitivity is exactly 0
somewhere (a relu that rests) are named.
`python3 run.py analysis sensitivity_decay [--quick] [-o DIR]`
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _experiment import Options, run, told

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.inputs import gaussian, stream
from lstm_sym.kernels import gru, lstm, rnn
from lstm_sym.studies.measurement import fitting_size

INPUTS = 8
MODELS = [
    flow.Model("RNN", rnn),
    flow.Model("LSTM", lstm),
    flow.Model("LSTM, forget bias 1", lstm, fill={"b_f": 1.0}),
    flow.Model("GRU", gru),
]
BIASES = [flow.Model(f"LSTM, b_f = {bias}", lstm, fill={"b_f": float(bias)}) for bias in range(5)]
SHOWN = {"rnn", "lstm", "gru", "lstm_concat", "lstm_no_peepholes"}  # in the first figure, or the same cell again


def others(hidden: int, count: int | None = None) -> list[flow.Model]:
    """Models of the other cells of the catalogue that read an input, of the size nearest to `hidden` they can have.

    count: of so many of them; without it, of all.
    """
    cells = [cell for cell in map(ls.cell, ls.names()) if cell.input and cell.key not in SHOWN]
    return [
        flow.Model(
            cell.key,
            ls.build(cell),
            output=None if cell.output in cell.states else cell.states[0],
            hidden=fitting_size(cell, INPUTS, hidden),
        )
        for cell in cells[:count]
    ]


def measured(models: Sequence[flow.Model], x: Any, how: dict[str, Any]) -> list[flow.Profile]:
    """The profiles of those models that have one; the others are named with the reason."""
    found = []
    for model in models:
        try:
            found += flow.run([model], x, progress=flow.reporter(model.label), **how)
        except flow.FlowError as error:
            print(f"{model.label} is left out: {error.found}")
    return found


def shown(profiles: Sequence[flow.Profile], folder: Path, stem: str) -> None:
    """Write the figure, of as many as can be told apart, and print the table of all."""
    told(flow.save_profile_figure(profiles[:8], folder, stem))
    print(flow.table(profiles), end="\n\n")


def main(chosen: Options) -> None:
    hidden, lags, seeds = (16, 20, 1) if chosen.quick else (64, 60, 8)
    how = {"hidden": hidden, "lags": lags, "seeds": range(seeds)}
    x = stream(gaussian(160, INPUTS, np.random.default_rng(0)))
    shown(measured(MODELS, x, how | {"ends": 20}), chosen.output, "sensitivity_decay")
    biases = BIASES[:2] if chosen.quick else BIASES
    shown(measured(biases, x, how | {"ends": 20}), chosen.output, "sensitivity_decay_forget_bias")
    # The rest of the catalogue is large: a draw or two of each are enough to place it.
    few = how | {"ends": 10, "seeds": range(1 if chosen.quick else 2)}
    rest = measured(others(16, 2) if chosen.quick else others(64), x, few)
    rest.sort(key=lambda profile: -profile.half_life())
    shown(rest, chosen.output, "sensitivity_decay_catalogue")


if __name__ == "__main__":
    run(main, __doc__)
