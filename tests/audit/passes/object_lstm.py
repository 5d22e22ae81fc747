"""An LSTM as a class that keeps its weights, what the forward pass saw, and its gradients."""

import numpy as np


class LSTM:
    def __init__(self, input_size, hidden_size):
        rng = np.random.default_rng(0)
        self.H = hidden_size
        self.W = rng.standard_normal((4 * hidden_size, input_size)) * 0.1
        self.U = rng.standard_normal((4 * hidden_size, hidden_size)) * 0.1
        self.b = np.zeros(4 * hidden_size)

    def forward(self, x, h0, c0):
        h, c, self.saved = h0, c0, []
        ys = []
        for x_t in x:
            a = x_t @ self.W.T + h @ self.U.T + self.b
            i, f, g, o = np.split(a, 4, axis=1)
            i, f, o = (1 / (1 + np.exp(-v)) for v in (i, f, o))
            g = np.tanh(g)
            c_new = f * c + i * g
            tanh_c = np.tanh(c_new)
            self.saved.append((x_t, h, c, i, f, g, o, tanh_c))
            h, c = o * tanh_c, c_new
            ys.append(h)
        return np.array(ys)

    def backward(self, dy):
        self.dW, self.dU, self.db = np.zeros_like(self.W), np.zeros_like(self.U), np.zeros_like(self.b)
        dh, dc = np.zeros_like(dy[0]), np.zeros_like(dy[0])
        dx = []
        for dy_t, (x_t, h_prev, c_prev, i, f, g, o, tanh_c) in zip(dy[::-1], self.saved[::-1]):
            dh = dh + dy_t
            dc = dc + dh * o * (1 - tanh_c**2)
            da_i = dc * g * i * (1 - i)
            da_f = dc * c_prev * f * (1 - f)
            da_g = dc * i * (1 - g**2)
            da_o = dh * tanh_c * o * (1 - o)
            da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
            self.dW += da.T @ x_t
            self.dU += da.T @ h_prev
            self.db += da.sum(axis=0)
            dx.append(da @ self.W)
            dh = da @ self.U
            dc = dc * f
        return np.array(dx[::-1]), dh, dc
