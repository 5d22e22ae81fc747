"""Through which gates does the gradient pass? Exact shares at every step, and what is lost when a gate is frozen.

LSTM with forget bias 0, 1 and 3, peephole LSTM and GRU, H = 32, over Japanese vowels. The shares are along the
direction that is kept longest, over the last steps. Frozen: the gate keeps the values it had, and hears the state no
more; its part of every step Jacobian is left out. Writes a figure of shares a model (SVG, PNG) with their data (CSV),
and prints both tables. `python3 run.py analysis gate_shares [--quick] [-o DIR]`
"""

from __future__ import annotations

import numpy as np
from _experiment import Options, run, told

from lstm_sym import flow
from lstm_sym.inputs import japanese_vowels, stream
from lstm_sym.kernels import gru, lstm, lstm_peephole

MODELS = {
    "lstm": flow.Model("LSTM, forget bias 0", lstm, fill={"b_f": 0.0}),
    "lstm_forget_bias_1": flow.Model("LSTM, forget bias 1", lstm, fill={"b_f": 1.0}),
    "lstm_forget_bias_3": flow.Model("LSTM, forget bias 3", lstm, fill={"b_f": 3.0}),
    "lstm_peephole": flow.Model("peephole LSTM", lstm_peephole, fill={"b_f": 1.0}),
    "gru": flow.Model("GRU", gru),
}


def frozen(trajectory: flow.Trajectory, lags: int) -> dict[str, float]:
    """The half-life of ds[T]/ds[T-lag] with each gate frozen; "" for none."""
    parts = list(next(trajectory.blocks(np.arange(1))).parts)
    lives = {"": flow.state_sensitivity(trajectory, lags=lags, ends=10).half_life()}
    for gate in parts:
        rest = [name for name in parts if name != gate]
        try:
            lives[gate] = flow.state_sensitivity(trajectory, lags=lags, ends=10, through=rest).half_life()
        except flow.FlowError:
            lives[gate] = 0.0  # nothing is left: the flow passes this equation alone
    return lives


def main(chosen: Options) -> None:
    hidden, lags, steps = (8, 10, 60) if chosen.quick else (32, 60, 400)
    x = stream(japanese_vowels()).values[:steps]
    print("mean share of the flow")
    lives = {}
    for name, model in list(MODELS.items())[: 2 if chosen.quick else None]:
        trajectory = flow.recorded(model, x, hidden)
        shares = flow.gate_shares(trajectory, first=steps - lags, last=steps - 1)
        told(flow.save_shares(shares, chosen.output, f"gate_shares_{name}"))
        print(f"{model.label:24}" + "".join(f"{key:>4} {100 * value:6.1f} %" for key, value in shares.mean().items()))
        lives[model.label] = frozen(trajectory, lags)
    print(f"\n{'half-life, one frozen':24}{'none':>9}")
    for label, found in lives.items():
        print(f"{label:24}{found['']:9.3g}" + "".join(f"{k:>4} {v:8.3g}" for k, v in found.items() if k))


if __name__ == "__main__":
    run(main, __doc__)
