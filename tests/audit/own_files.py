"""Backward passes as users write them, in plain NumPy: whole sequences, one step at a time, and the ways they break."""

from __future__ import annotations

LSTM = """
import numpy as np


def backward(x, dy, params, tape, h0, c0, dstate):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    dx = np.zeros_like(x)
    dh_next, dc_next = dstate["h"], dstate["c"]
    for t in reversed(range(len(x))):
        i, f, g, o, c = (tape[name][t] for name in "ifgoc")
        h_prev = tape["h"][t - 1] if t else h0
        c_prev = tape["c"][t - 1] if t else c0
        tanh_c = np.tanh(c)
        dh = dy[t] + dh_next
        dc = dc_next + dh * o * (1 - tanh_c**2)
        da = {
            "o": dh * tanh_c * o * (1 - o),
            "g": dc * i * (1 - g**2),
            "f": dc * c_prev * f * (1 - f),
            "i": dc * g * i * (1 - i),
        }
        dh_next = 0
        for gate, d in da.items():
            grads[f"W_{gate}"] += d.T @ x[t]
            grads[f"U_{gate}"] += d.T @ h_prev
            grads[f"b_{gate}"] += d.sum(axis=0)
            dx[t] += d @ params[f"W_{gate}"]
            dh_next = dh_next + d @ params[f"U_{gate}"]
        dc_next = dc * f
    return {"dx": dx, **{f"d{name}": value for name, value in grads.items()}, "dh0": dh_next, "dc0": dc_next}
"""

STEP = """
import numpy as np


def backward(x, i, f, g, o, c, h_prev, c_prev, dy, dh_next, dc_next, params):
    dh = dy + dh_next
    dc = dc_next + dh * o * (1 - np.tanh(c) ** 2)
    da = {
        "i": dc * g * i * (1 - i),
        "f": dc * c_prev * f * (1 - f),
        "g": dc * i * (1 - g**2),
        "o": dh * np.tanh(c) * o * (1 - o),
    }
    dx = sum(da[k] @ params["W_" + k] for k in da)
    dh_prev = sum(da[k] @ params["U_" + k] for k in da)
    each = [v for k in da for v in (da[k].T @ x, da[k].T @ h_prev, da[k].sum(0))]
    return (dx, *each, dh_prev, dc * f)
"""

RNN = """
import numpy as np
from typing import NamedTuple


class Grads(NamedTuple):
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray


def backward(x, h, h_prev, W, U, dy, dh_T=0.0, verbose=False):
    dx, dW, dU, db, dh_next = np.zeros_like(x), 0, 0, 0, dh_T
    for t in range(len(x) - 1, -1, -1):
        da = (dy[t] + dh_next) * (1 - h[t] ** 2)
        dx[t] = da @ W
        dW, dU, db = dW + da.T @ x[t], dU + da.T @ h_prev[t], db + da.sum(0)
        dh_next = da @ U
    return dx, Grads(dW, dU, db), dh_next
"""

BREAKS = {
    "a slope left out": ("dh * tanh_c * o * (1 - o)", "dh * tanh_c", "(B7) δa_oₜ = δoₜ ⊙ o′ₜ", "slope o′ₜ is left out"),
    "tanh' of tanh(c)": (
        "1 - tanh_c**2",
        "1 - np.tanh(tanh_c)**2",
        "(B3) tanh′(cₜ) = 1 − tanh²(cₜ)",
        "tanh′ is taken of",
    ),
    "no dh_next": ("dh = dy[t] + dh_next", "dh = dy[t]", "(B1) δhₜ = dyₜ + δh⁺ₜ", "δh⁺ₜ, which arrives"),
    "no dc_next": ("dc = dc_next + dh", "dc = dh", "(B4) δcₜ = δc⁺ₜ + δ(tanh(cₜ)) ⊙ tanh′(cₜ)", "δc⁺ₜ, which arrives"),
    "not transposed": (
        'd @ params[f"U_{gate}"]',
        'd @ params[f"U_{gate}"].T',
        "(B17) δh⁺ₜ₋₁ = U_oᵀ δa_oₜ",
        "transposed",
    ),
}
"""Name -> what is right, what is written, the line that must be named, words that must be in the explanation."""

BROKEN = """
import os, sys, time
import numpy as np

value = 3


def endless(dy):
    while True: pass
def waiting(dy): time.sleep(600)
def failing(params, dy): return params["W_q"]
def leaving(dy): sys.exit(4)
def dying(dy): os._exit(7)
def other_shape(dy): return {"W": np.zeros((3, 3))}
def not_summed(x, dy): return {"W": np.zeros((len(x), 4, 2))}
def misspelt(dy, parms): return 1
def flooding(dy):
    while True: print("x" * 100_000)
def twofold(W, dy): return {"W": W, "dW": np.zeros((4, 2))}
def sometimes(x, dy): return {"x": x} if len(x) > 1 else {"x": x, "b": np.zeros(4)}
"""

REFUSED = {
    "endless": "--timeout",
    "waiting": "--timeout",
    "failing": "KeyError: 'W_q'",
    "leaving": "exit code 4",
    "dying": "code 7",
    "other_shape": "it must be (4, 2)",
    "not_summed": "not summed",
    "misspelt": "did you mean params",
    "flooding": "printed or wrote more than 64 MiB",
    "twofold": "returned W more than once: as W, dW",
    "sometimes": "same gradients at every call",
    "value": "is no function",
    "endles": "did you mean endless",
}
"""Function of `BROKEN` -> what the message must say."""
