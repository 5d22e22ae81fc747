"""An LSTM whose one matrix acts on [x, h]; it starts from zeros; rows of the batch, time first."""

import numpy as np


def forward(X, W, b):
    T, B, D = X.shape
    H = W.shape[1] // 4
    h, c = np.zeros((B, H)), np.zeros((B, H))
    hs, tape = np.zeros((T, B, H)), []
    for t in range(T):
        hin = np.concatenate([X[t], h], axis=1)
        a = hin @ W + b
        s = 1 / (1 + np.exp(-a[:, : 3 * H]))
        i, f, o, g = s[:, :H], s[:, H : 2 * H], s[:, 2 * H :], np.tanh(a[:, 3 * H :])
        c_prev, c = c, f * c + i * g
        ct = np.tanh(c)
        h = o * ct
        hs[t] = h
        tape.append((hin, i, f, o, g, c_prev, ct))
    return hs, (tape, W)


def backward(dH, cache):
    tape, W = cache
    T, B, H = dH.shape
    D = len(W) - H
    dX, dW, db = np.zeros((T, B, D)), np.zeros_like(W), np.zeros(4 * H)
    dh, dc = np.zeros((B, H)), np.zeros((B, H))
    dA = np.zeros((B, 4 * H))
    for t in reversed(range(T)):
        hin, i, f, o, g, c_prev, ct = tape[t]
        dh = dh + dH[t]
        do = dh * ct
        dc = dc + dh * o * (1 - ct**2)
        df = dc * c_prev
        dc_prev = dc * f
        di = dc * g
        dg = dc * i
        dA[:, :H] = di * i * (1 - i)
        dA[:, H : 2 * H] = df * f * (1 - f)
        dA[:, 2 * H : 3 * H] = do * o * (1 - o)
        dA[:, 3 * H :] = dg * (1 - g**2)
        dW += hin.T @ dA
        db += dA.sum(axis=0)
        dhin = dA @ W.T
        dX[t] = dhin[:, :D]
        dh = dhin[:, D:]
        dc = dc_prev
    return dX, dW, db
