"""One array of weights for [1, x, h], its first row the bias; static methods of a class, first states with defaults."""

import numpy as np


def squash(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


class LSTM:
    @staticmethod
    def forward(X, WLSTM, c0=None, h0=None):
        steps, batch, wide = X.shape
        units = WLSTM.shape[1] // 4
        h = np.zeros((batch, units)) if h0 is None else h0
        c = np.zeros((batch, units)) if c0 is None else c0
        Hout, saved = np.empty((steps, batch, units)), []
        for t in range(steps):
            joined = np.concatenate([np.ones((batch, 1)), X[t], h], axis=1)
            pre = joined.dot(WLSTM)
            gates, new = squash(pre[:, : 3 * units]), np.tanh(pre[:, 3 * units :])
            before, c = c, gates[:, units : 2 * units] * c + gates[:, :units] * new
            h = gates[:, 2 * units :] * np.tanh(c)
            Hout[t] = h
            saved.append((joined, gates, new, before, c))
        return Hout, c, h, {"steps": saved, "W": WLSTM, "wide": wide}

    @staticmethod
    def backward(dHout_in, cache, dcn=None, dhn=None):
        W, wide = cache["W"], cache["wide"]
        units = W.shape[1] // 4
        dWLSTM = np.zeros_like(W)
        dX = np.empty((len(dHout_in), dHout_in.shape[1], wide))
        dh = np.zeros_like(dHout_in[0]) if dhn is None else dhn
        dc = np.zeros_like(dHout_in[0]) if dcn is None else dcn
        for t in range(len(dHout_in) - 1, -1, -1):
            joined, gates, new, before, c = cache["steps"][t]
            i, f, o = np.split(gates, 3, axis=1)
            dh = dh + dHout_in[t]
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            dgates = np.hstack([dc * new, dc * before, dh * np.tanh(c)]) * gates * (1 - gates)
            dpre = np.hstack([dgates, dc * i * (1 - new**2)])
            dWLSTM += joined.T.dot(dpre)
            djoined = dpre.dot(W.T)
            dX[t], dh, dc = djoined[:, 1 : 1 + wide], djoined[:, 1 + wide :], dc * f
        dh0, dc0 = dh, dc
        return dX, dWLSTM, dc0, dh0
