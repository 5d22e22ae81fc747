"""A whole LSTM from scratch: W_f and the like multiply [h, x], column vectors, a dict of parameters, c_bar."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def forward(inputs, h_prev, C_prev, p):
    cache = []
    hs = []
    for x in inputs:
        z = np.vstack((h_prev, x))
        f = sigmoid(p["W_f"] @ z + p["b_f"])
        i = sigmoid(p["W_i"] @ z + p["b_i"])
        C_bar = np.tanh(p["W_C"] @ z + p["b_C"])
        o = sigmoid(p["W_o"] @ z + p["b_o"])
        C = f * C_prev + i * C_bar
        h = o * np.tanh(C)
        cache.append((z, f, i, C_bar, o, C, C_prev, h_prev))
        h_prev, C_prev = h, C
        hs.append(h)
    return hs, cache, p


def backward(dhs, cache, p):
    grads = {"d" + name: np.zeros_like(value) for name, value in p.items()}
    H = dhs[0].shape[0]
    dh_next = np.zeros_like(dhs[0])
    dC_next = np.zeros_like(dhs[0])
    dxs = [None] * len(cache)
    for t in reversed(range(len(cache))):
        z, f, i, C_bar, o, C, C_prev, h_prev = cache[t]
        dh = dhs[t] + dh_next
        do = dh * np.tanh(C) * o * (1 - o)
        dC = dC_next + dh * o * (1 - np.tanh(C) ** 2)
        dC_bar = dC * i * (1 - C_bar**2)
        di = dC * C_bar * i * (1 - i)
        df = dC * C_prev * f * (1 - f)
        dz = np.zeros_like(z)
        for name, d in (("f", df), ("i", di), ("C", dC_bar), ("o", do)):
            grads["dW_" + name] += d @ z.T
            grads["db_" + name] += d.sum(axis=1, keepdims=True)
            dz += p["W_" + name].T @ d
        dh_next = dz[:H]
        dxs[t] = dz[H:]
        dC_next = f * dC
    return dxs, grads, dh_next, dC_next
