"""What becomes of the first input? A plain RNN forgets it; an LSTM keeps it while its gates let it.

The figures of Graves (2012), 4.1 and 4.4, measured: a tanh RNN whose sensitivity fades over 7 steps, and an LSTM of one
cell whose gates are opened and closed by three inputs of their own, through large weights. The cell keeps the first
input while the forget gate is open and the input gate closed; the output gate switches it on and off at the output.
Writes both figures (SVG, PNG) with their data (CSV), and prints them as text.
`python3 run.py analysis shaded_unfolding [-o DIR]`; it takes a second, with --quick or without.
"""

from __future__ import annotations

import numpy as np
from _experiment import Options, run, told

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.flow.attribution.unfolding import ROWS
from lstm_sym.kernels import lstm_output

STEPS = 7
RNN = "h[t] = tanh(W @ x[t] + U @ h[t-1] + b)\ny[t] = sigmoid(V @ h[t] + b_y)"
# What each gate is told to do at every step: O open, - closed.
PLAN = {"input": "O-----O", "forget": "-OOOOO-", "output": "---O-OO"}
# What opens or closes a gate against all else that it reads: sigmoid(8) = 0.9997.
DRIVE = 8.0


def fading_rnn() -> flow.Unfolded:
    """A tanh RNN with a sigmoid output layer, drawn as PyTorch does."""
    kernel = ls.build(ls.parse(RNN))
    rng = np.random.default_rng(0)
    params = kernel.init(2, 16, H_y=4, rng=rng)
    return flow.unfold(kernel, params, rng.standard_normal((STEPS, 2)), hidden="h", model="RNN")


def gated_lstm() -> flow.Unfolded:
    """An LSTM of one cell; x[0] is the signal, x[1] to x[3] drive the input, forget and output gate."""
    rng = np.random.default_rng(0)
    params = lstm_output.init(4, 1, K=1, rng=rng)
    for channel, weight in enumerate((params.W_i, params.W_f, params.W_o), 1):
        weight[0, channel] = DRIVE
    drives = [[1.0 if mark == "O" else -1.0 for mark in plan] for plan in PLAN.values()]
    x = np.column_stack([rng.uniform(-0.5, 0.5, STEPS), *drives])
    tape = lstm_output.forward(x[:, None], params, precise=True)[2]
    i, f, o, _ = np.moveaxis(tape.gates[:, 0], -1, 0)
    gates = {"input": i, "forget": f, "output": o}
    return flow.unfold(lstm_output, params, x, hidden="c", channels=[0], gates=gates, model="LSTM")


def main(chosen: Options) -> None:
    rnn, lstm = fading_rnn(), gated_lstm()
    for network, stem in ((rnn, "rnn_fades"), (lstm, "lstm_gates")):
        told(flow.save_unfolded(network, chosen.output, f"shaded_unfolding_{stem}"))
    print(f"\n{flow.unfolded_text(rnn)}\n\n{flow.unfolded_text(lstm)}\n")
    left = {step: kept(lstm, "hidden", 1, step) for step in (6, 7)}
    print(f"RNN: {kept(rnn, 'hidden', 1, 7):.2g} of what the hidden layer felt at step 1 is left at step 7.")
    print(
        f"LSTM: {left[6]:.3g} of what the cell felt at step 1 is left at step 6, the forget gate open (product of its"
    )
    print(f"  values {product(lstm):.3g}), and {left[7]:.1g} at step 7, the forget gate closed.")
    print(f"  The output feels at step 5, its gate closed, {kept(lstm, 'output', 4, 5):.1g} of what it felt at step 4.")


def kept(network: flow.Unfolded, row: str, start: int, end: int) -> float:
    """The sensitivity of a node at the step `end` over that at `start`, counted from 1."""
    logs = network.log_sensitivity[ROWS.index(row)]
    return float(np.exp(logs[end - 1] - logs[start - 1]))


def product(network: flow.Unfolded) -> float:
    """The product of the forget gates of the steps 2 to 6."""
    return float(np.prod(network.gates["forget"][1:6]))


if __name__ == "__main__":
    run(main, __doc__)
