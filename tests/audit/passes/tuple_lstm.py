"""States as a tuple, parameters as a dict, gradients as a tuple of both; nothing has a name of its own."""

import numpy as np


def sig(a):
    return 1 / (1 + np.exp(-a))


def lstm_forward(inputs, state, weights):
    h, c = state
    W, U, b = weights["W"], weights["U"], weights["b"]
    outs, cache = [], []
    for x in inputs:
        i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
        i, f, g, o = sig(i), sig(f), np.tanh(g), sig(o)
        new = f * c + i * g
        cache.append((x, h, c, i, f, g, o, new))
        h, c = o * np.tanh(new), new
        outs.append(h)
    return np.stack(outs), (h, c), (cache, weights)


def lstm_backward(douts, dstate, cache):
    steps, weights = cache
    dh, dc = dstate
    W, U, b = weights["W"], weights["U"], weights["b"]
    dW, dU, db, dxs = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), []
    for dout, (x, h, c, i, f, g, o, new) in zip(douts[::-1], steps[::-1]):
        dh = dh + dout
        dc = dc + dh * o * (1 - np.tanh(new) ** 2)
        di, df, dg, do = dc * g, dc * c, dc * i, dh * np.tanh(new)
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], axis=-1)
        dW += x.T @ dz
        dU += h.T @ dz
        db += dz.sum(axis=0)
        dxs.insert(0, dz @ W.T)
        dh, dc = dz @ U.T, dc * f
    return np.stack(dxs), {"W": dW, "U": dU, "b": db}, (dh, dc)
