"""A sequence classifier: the loss sees the last hidden state alone, which is all that forward returns; z = [x, h]."""

import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def lstm_forward(x, W, b):
    T, B, _ = x.shape
    H = len(b) // 4
    h, c, cache = np.zeros((B, H)), np.zeros((B, H)), []
    for t in range(T):
        z = np.concatenate([x[t], h], axis=1)
        a = z @ W + b
        f, i, g, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), np.tanh(a[:, 2 * H : 3 * H]), sigmoid(a[:, 3 * H :])
        c_old, c = c, f * c + i * g
        h = o * np.tanh(c)
        cache.append((z, f, i, g, o, c_old, c))
    return h, cache


def lstm_backward(dh_last, cache, W):
    D = W.shape[0] - dh_last.shape[1]
    dW, db = np.zeros_like(W), np.zeros(W.shape[1])
    dx = []
    dh, dc = dh_last, np.zeros_like(dh_last)
    for z, f, i, g, o, c_old, c in reversed(cache):
        tc = np.tanh(c)
        dc = dc + dh * o * (1 - tc * tc)
        da = np.concatenate(
            [dc * c_old * f * (1 - f), dc * g * i * (1 - i), dc * i * (1 - g * g), dh * tc * o * (1 - o)], 1
        )
        dW += z.T @ da
        db += da.sum(0)
        dz = da @ W.T
        dx.insert(0, dz[:, :D])
        dh, dc = dz[:, D:], dc * f
    return np.stack(dx), dW, db
