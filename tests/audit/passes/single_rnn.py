"""One sequence at a time, forward and backward in one function, U for the input and W for the state."""

import numpy as np


def bptt(x, U, W, b, dh):
    T = len(x)
    h = np.zeros((T + 1, len(b)))
    for t in range(T):
        h[t] = np.tanh(U.dot(x[t]) + W.dot(h[t - 1]) + b)
    dU, dW, db = np.zeros(U.shape), np.zeros(W.shape), np.zeros(b.shape)
    delta = np.zeros(len(b))
    for t in np.arange(T)[::-1]:
        delta = (dh[t] + W.T.dot(delta)) * (1 - h[t] ** 2)
        dU += np.outer(delta, x[t])
        dW += np.outer(delta, h[t - 1])
        db += delta
    return dU, dW, db
