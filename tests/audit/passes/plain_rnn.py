"""Forward and backward in one function, batch first; the gradient of the first state is called after the loop's name."""

import numpy as np


def backward(x, h0, W_xh, W_hh, b_h, dh):
    B, T, _ = x.shape
    h = np.zeros((B, T + 1, h0.shape[1]))
    h[:, -1] = h0
    for t in range(T):
        h[:, t] = np.tanh(x[:, t] @ W_xh + h[:, t - 1] @ W_hh + b_h)
    dx, dW_xh, dW_hh, db_h = np.zeros_like(x), np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros_like(b_h)
    later = np.zeros_like(h0)
    for t in range(T - 1, -1, -1):
        dz = (dh[:, t] + later) * (1 - h[:, t] ** 2)
        dx[:, t] = dz @ W_xh.T
        dW_xh += x[:, t].T @ dz
        dW_hh += h[:, t - 1].T @ dz
        db_h += dz.sum(axis=0)
        later = dz @ W_hh.T
    return dx, later, dW_xh, dW_hh, db_h
