"""How far back does the state feel its input? RNN against LSTM, LSTM with forget bias 1, and GRU, before training.

H = 64, 8 standard Gaussian inputs, PyTorch's default initialisation, several draws. Writes the figure (SVG, PNG), its
data (CSV), and prints the table of half-lives. `python3 run.py analysis sensitivity_decay [--quick] [-o DIR]`
"""

from __future__ import annotations

import numpy as np
from _experiment import options, told

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
    chosen = options(__doc__)
    hidden, lags, seeds = (16, 20, range(1)) if chosen.quick else (64, 60, range(8))
    x = stream(gaussian(160, 8, np.random.default_rng(0)))
    progress = flow.reporter("measuring")
    profiles = flow.run(MODELS, x, hidden=hidden, lags=lags, ends=20, seeds=seeds, progress=progress)
    told(flow.save_profile_figure(profiles, chosen.output, "sensitivity_decay"))
    print(flow.table(profiles))


if __name__ == "__main__":
    main()
