"""The cells that kernels are tested on: the catalogue, its options, and cells that a user would write."""

from __future__ import annotations

import os
from itertools import product
from typing import Any

import numpy as np

import lstm_sym as ls
from lstm_sym.check import Case

MULTIPLICATIVE = """
m[t] = (W_m @ x[t]) * (U_m @ h[t-1])
h[t] = tanh(W @ x[t] + U @ m[t] + b)
"""

PROJECTED = """
i[t] = sigmoid(W_i @ x[t] + U_i @ r[t-1] + b_i)
f[t] = sigmoid(W_f @ x[t] + U_f @ r[t-1] + b_f)
g[t] = tanh(W_g @ x[t] + U_g @ r[t-1] + b_g)
o[t] = sigmoid(W_o @ x[t] + U_o @ r[t-1] + b_o)
c[t] = f[t] * c[t-1] + i[t] * g[t]
r[t] = P @ (o[t] * tanh(c[t]))
"""

READOUT = """
h[t] = tanh(W @ x[t] + U @ h[t-1] + b)
q[t] = V @ h[t] + d * h[t] + e
"""

FUNCTIONS = """
s[t] = softplus(W_s @ x[t] + b_s)
e[t] = exp(-s[t]) + sin(U_e @ h[t-1]) ** 3 / 4
l[t] = log(2 + e[t] * e[t]) - cos(W_l @ x[t]) / (1 + s[t])
k[t] = relu(U_k @ h[t-1] + W_k @ x[t])
h[t] = a * tanh(l[t] + k[t]) + (1 - a) * sigmoid(h[t-1]) / 2
"""

NAMED_LIKE_THE_CODE = """
gates[t] = sigmoid(H @ lead[t] + D @ out[t-1] + index)
a[t] = sigmoid(W @ lead[t] + U @ out[t-1] + b)
a_a[t] = tanh(t0 @ lead[t] + one @ out[t-1] + e)
rows[t] = sigmoid(E @ lead[t] + I @ out[t-1] + beta)
tanh_out[t] = a[t] * tanh_out[t-1] + gates[t] * a_a[t]
out[t] = rows[t] * tanh(tanh_out[t])
"""

SEVERAL_INPUTS = """
i[t] = sigmoid(W_i @ x[t] + V_i @ u[t] + U_i @ h[t-1] + b_i)
k[t] = sigmoid(dt[t])
h[t] = k[t] * h[t-1] + (1 - k[t]) * i[t] * tanh(W @ x[t] + U @ h[t-1] + b)
"""

BUILT_IN = {name: ls.cell(name) for name in ls.names()}
CATALOGUE = {name: cell for name, cell in BUILT_IN.items() if cell.input}
AUTONOMOUS = {name: cell for name, cell in BUILT_IN.items() if not cell.input}

_ONE_OF_EACH_CONSTRUCT = (
    "antisymmetric_rnn",
    "gru",
    "indrnn",
    "layer_norm_lstm",
    "lstm",
    "lstm_block",
    "lstm_concat",
    "lstm_full_gate_recurrence",
    "lstm_output",
    "lstm_peephole",
    "lstm_projected",
    "rnn",
    "slstm",
    "sru",
)
CORE = {n: c for n, c in CATALOGUE.items() if os.environ.get("EVERY_CELL") or n in _ONE_OF_EACH_CONSTRUCT}
"""The cells that every property of a kernel is tested on; EVERY_CELL=1 takes the whole catalogue."""

OPTIONS = {
    f"{name}-{'-'.join(choices)}": cell.with_options(**dict(zip(cell.options, choices, strict=True)))
    for name, cell in CATALOGUE.items()
    if cell.options and (name == "lstm_peephole" or os.environ.get("EVERY_CELL"))
    for choices in product(*(option.choices for option in cell.options.values()))
    if choices != tuple(option.default for option in cell.options.values())
}

OWN = {
    "multiplicative": ls.parse(MULTIPLICATIVE, key="multiplicative"),
    "projected": ls.parse(PROJECTED, key="projected", sizes={"r": "R"}),
    "readout": ls.parse(READOUT, key="readout"),
    "names": ls.parse(NAMED_LIKE_THE_CODE, key="names"),
    "functions": ls.parse(FUNCTIONS, key="functions"),
    "several_inputs": ls.parse(SEVERAL_INPUTS, key="several_inputs", inputs=("x", "u", "dt")),
}

CELLS = CORE | OPTIONS | OWN


def text_of(cell: ls.Cell) -> str:
    """The generated text of the kernel of a cell, generated once a process."""
    kernel: Any = ls.build(cell)
    text: str = kernel.__loader__.get_source(kernel.__name__)
    return text


def arrays_of(result: Any) -> list[np.ndarray]:
    """Every array in tuples of tuples, in order."""
    if isinstance(result, tuple):
        return [array for part in result for array in arrays_of(part)]
    return [result]


def all_results(kernel: Any, case: Case, *, precise: bool) -> dict[str, Any]:
    """Everything that a kernel can be asked for, on one case: call -> its result."""
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, last, tape = kernel.forward(case.x, params, state, precise=precise)
    return {
        "forward": (y, last),
        "tape": tape,
        "backward": kernel.backward(case.dy, tape, params, dstate),
        "step": kernel.step(case.x[0], state, params),
        "stepper": kernel.stepper(params, batch=case.x.shape[1])(case.x[0], state),
        "jvp": kernel.jvp(case.x, params, state, x_dot=case.x, params_dot=params, state_dot=dstate),
        "hvp": kernel.hvp(case.x, params, state, dy=case.dy, dstate=dstate, params_dot=params),
        "jacobian": kernel.jacobian(tape, params),
        "input_jacobian": kernel.input_jacobian(tape, params),
        "parameter_jacobian": kernel.parameter_jacobian(tape, params),
        "jacobian_parts": tuple(kernel.jacobian_parts(tape, params).values()),
        "log_terms": tuple(kernel.log_terms(kernel.forward(case.x, params, state, precise=True)[2], params).values()),
    }
