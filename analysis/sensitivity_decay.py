"""How far back does the state feel its input? RNN against LSTM, LSTM with forget bias 1, and GRU, before training.

H = 64, 8 standard Gaussian inputs, PyTorch's default initialisation, several draws. Writes the figure (SVG, PNG), its
data (CSV), and prints the table of half-lives. `python3 run.py analysis sensitivity_decay [--quick] [-o DIR]`
"""

from __future__ import annotations

import argparse

import numpy as np

from lstm_sym import flow
from lstm_sym.inputs import gaussian, stream
from lstm_sym.kernels import gru, lstm, rnn

MODELS = [
    flow.Model("RNN", rnn),
    flow.Model("LSTM", lstm),
    flow.Model("LSTM, forget bias 1", lstm, fill={"b_f": 1.0}),
    flow.Model("GRU", gru),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one small draw, to see that it runs")
    parser.add_argument("-o", "--output", default="out", help="folder for the figure and its data")
    options = parser.parse_args()
    hidden, lags, seeds = (16, 20, range(1)) if options.quick else (64, 60, range(8))
    x = stream(gaussian(160, 8, np.random.default_rng(0)))
    progress = flow.reporter("measuring")
    profiles = flow.run(MODELS, x, hidden=hidden, lags=lags, ends=20, seeds=seeds, progress=progress)
    for path in flow.save_profile_figure(profiles, options.output, "sensitivity_decay"):
        print(f"wrote {path}")
    print(flow.table(profiles))


if __name__ == "__main__":
    main()
