"""A plain recurrent network over a minibatch (N, T, D), with a cache for every step."""

import numpy as np


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, prev, caches = [], h0, []
    for t in range(T):
        nxt = np.tanh(x[:, t] @ Wx + prev @ Wh + b)
        caches.append((x[:, t], prev, nxt, Wx, Wh))
        h.append(nxt)
        prev = nxt
    return np.stack(h, axis=1), caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.empty((N, T, D))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    dprev = np.zeros((N, H))
    for t in reversed(range(T)):
        x_t, prev, nxt, Wx, Wh = cache[t]
        da = (dh[:, t] + dprev) * (1 - nxt * nxt)
        dx[:, t] = da @ Wx.T
        dWx += x_t.T @ da
        dWh += prev.T @ da
        db += da.sum(0)
        dprev = da @ Wh.T
    return dx, dprev, dWx, dWh, db
