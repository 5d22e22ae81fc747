"""A GRU with two biases, the reset gate after the product, as layers of the usual libraries have it."""

import numpy as np


class GRU:
    def __init__(self, input_size, hidden_size):
        self.weight_ih = np.random.randn(3 * hidden_size, input_size)
        self.weight_hh = np.random.randn(3 * hidden_size, hidden_size)
        self.bias_ih = np.zeros(3 * hidden_size)
        self.bias_hh = np.zeros(3 * hidden_size)

    def forward(self, x, h):
        self.cache, ys = [], []
        for row in x:
            from_x = np.split(row @ self.weight_ih.T + self.bias_ih, 3, axis=1)
            from_h = np.split(h @ self.weight_hh.T + self.bias_hh, 3, axis=1)
            r = 1 / (1 + np.exp(-from_x[0] - from_h[0]))
            z = 1 / (1 + np.exp(-from_x[1] - from_h[1]))
            n = np.tanh(from_x[2] + r * from_h[2])
            self.cache.append((row, h, r, z, n, from_h[2]))
            h = (1 - z) * n + z * h
            ys.append(h)
        return np.array(ys)

    def backward(self, dys):
        self.dweight_ih, self.dweight_hh = np.zeros_like(self.weight_ih), np.zeros_like(self.weight_hh)
        self.dbias_ih, self.dbias_hh = np.zeros_like(self.bias_ih), np.zeros_like(self.bias_hh)
        dh, dx = np.zeros_like(dys[0]), []
        for dy, (row, h, r, z, n, inner) in zip(dys[::-1], self.cache[::-1]):
            dh = dh + dy
            dn = dh * (1 - z) * (1 - n * n)
            dz = dh * (h - n) * z * (1 - z)
            dr = dn * inner * r * (1 - r)
            to_x, to_h = np.hstack([dr, dz, dn]), np.hstack([dr, dz, dn * r])
            self.dweight_ih += to_x.T @ row
            self.dweight_hh += to_h.T @ h
            self.dbias_ih += to_x.sum(axis=0)
            self.dbias_hh += to_h.sum(axis=0)
            dx.append(to_x @ self.weight_ih)
            dh = dh * z + to_h @ self.weight_hh
        return np.array(dx[::-1]), dh
