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

VECTORS = """
import numpy as np


def forward(x, h0, W, U, b):
    hs = [h0]
    for row in x:
        hs.append(np.tanh(W @ row + U @ hs[-1] + b))
    return np.array(hs[1:]), (x, hs, W, U)


def backward(dhs, cache):
    x, hs, W, U = cache
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros(len(U))
    dx, dh = np.zeros_like(x), np.zeros(len(U))
    for t in reversed(range(len(x))):
        dh = dh + dhs[t]
        da = dh * (1 - hs[t + 1] ** 2)
        dW += np.outer(da, x[t])
        dU += np.outer(da, hs[t])
        db += da
        dx[t] = W.T @ da
        dh = U.T @ da
    return dx, dh, dW, dU, db
"""
"""The steps of one sequence as vectors, the states in a list that begins with the first."""

BESIDE = """
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def forward(x, h, W_ih, W_hh, b_ih, b_hh):
    out, kept, n = [], [], len(b_ih) // 3
    for row in x:
        a, s = row @ W_ih.T + b_ih, h @ W_hh.T + b_hh
        r, z = sigmoid((a + s)[:, :n]), sigmoid((a + s)[:, n : 2 * n])
        q = s[:, 2 * n :]
        g = np.tanh(a[:, 2 * n :] + r * q)
        kept.append((row, h, r, z, g, q))
        h = (1 - z) * g + z * h
        out.append(h)
    return np.array(out), (kept, W_ih, W_hh)


def backward(dhs, cache):
    kept, W_ih, W_hh = cache
    dx, dh, dW_ih, dW_hh, db_ih, db_hh = [], 0, 0, 0, 0, 0
    for t in reversed(range(len(kept))):
        row, h, r, z, g, q = kept[t]
        dh = dh + dhs[t]
        dg = dh * (1 - z) * (1 - g**2)
        dz = dh * (h - g) * z * (1 - z)
        dr = dg * q * r * (1 - r)
        da = np.concatenate([dr, dz, dg], axis=1)
        ds = np.concatenate([dr, dz, dg * r], axis=1)
        dW_ih = dW_ih + da.T @ row
        dW_hh = dW_hh + ds.T @ h
        db_ih, db_hh = db_ih + da.sum(axis=0), db_hh + ds.sum(axis=0)
        dx.insert(0, da @ W_ih)
        dh = dh * z + ds @ W_hh
    return np.array(dx), dh, dW_ih, dW_hh, db_ih, db_hh
"""
"""A GRU whose sums of x and of h are kept apart: two arrays are alike but for a factor."""

JOINED = """
import numpy as np


def forward(x, h0, W, b):
    hs = [h0]
    for row in x:
        hs.append(np.tanh(W @ np.concatenate([hs[-1], row]) + b))
    return np.array(hs[1:]), (x, hs, W, b)


def backward(dhs, cache):
    x, hs, all_W, b = cache
    n = len(b)
    dW, db = np.zeros_like(all_W), np.zeros_like(b)
    dx, dh = np.zeros_like(x), np.zeros_like(b)
    for t in reversed(range(len(x))):
        da = (dh + dhs[t]) * (1 - hs[t + 1] ** 2)
        dW += np.outer(da, np.concatenate([hs[t], x[t]]))
        db += da
        dx[t] = all_W[:, n:].T @ da
        dh = all_W[:, :n].T @ da
    return dx, dh, dW, db
"""
