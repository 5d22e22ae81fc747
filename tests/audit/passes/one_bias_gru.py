"""Gates packed beside each other, one bias alone; a list of tuples is kept in the object."""

import numpy as np


def sig(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


class GRU:
    def __init__(self, input_dim, hidden_dim):
        k = 1 / np.sqrt(hidden_dim)
        self.W = np.random.uniform(-k, k, (input_dim, 3 * hidden_dim))
        self.U = np.random.uniform(-k, k, (hidden_dim, 3 * hidden_dim))
        self.b = np.zeros(3 * hidden_dim)
        self.hidden_dim = hidden_dim

    def forward(self, x, h0):
        H = self.hidden_dim
        self.tape, out, h = [], [], h0
        for xt in x:
            ax = xt @ self.W + self.b
            ah = h @ self.U
            r = sig(ax[:, :H] + ah[:, :H])
            z = sig(ax[:, H:2 * H] + ah[:, H:2 * H])
            n = np.tanh(ax[:, 2 * H:] + r * ah[:, 2 * H:])
            hn = (1 - z) * n + z * h
            self.tape.append((xt, h, r, z, n, ah[:, 2 * H:]))
            out.append(hn)
            h = hn
        return np.array(out)

    def backward(self, dout):
        self.dW, self.dU, self.db = np.zeros_like(self.W), np.zeros_like(self.U), np.zeros_like(self.b)
        dx = np.empty((len(self.tape),) + self.tape[0][0].shape)
        dh = 0
        for t, (xt, h, r, z, n, u) in reversed(list(enumerate(self.tape))):
            dh = dh + dout[t]
            dn = dh * (1 - z) * (1 - n * n)
            dz = dh * (h - n) * z * (1 - z)
            dr = dn * u * r * (1 - r)
            dax = np.concatenate((dr, dz, dn), axis=1)
            dah = np.concatenate((dr, dz, dn * r), axis=1)
            self.dW += xt.T @ dax
            self.dU += h.T @ dah
            self.db += dax.sum(axis=0)
            dx[t] = dax @ self.W.T
            dh = dh * z + dah @ self.U.T
        self.dh0 = dh
        return dx
