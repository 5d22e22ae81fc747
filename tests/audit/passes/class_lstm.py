"""A class with parameters, a cache and gradients of its own; gates i, f, g, o in one array; the state starts at zero."""

import numpy as np


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.hidden_size = hidden_size
        k = 1 / np.sqrt(hidden_size)
        self.W_ih = np.random.uniform(-k, k, (4 * hidden_size, input_size))
        self.W_hh = np.random.uniform(-k, k, (4 * hidden_size, hidden_size))
        self.bias = np.zeros(4 * hidden_size)
        self.cache = []

    @staticmethod
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def forward(self, x):
        T, B, _ = x.shape
        h = np.zeros((B, self.hidden_size))
        c = np.zeros((B, self.hidden_size))
        out = []
        self.cache = []
        for t in range(T):
            gates = x[t] @ self.W_ih.T + h @ self.W_hh.T + self.bias
            i, f, g, o = np.split(gates, 4, axis=1)
            i, f, g, o = self.sigmoid(i), self.sigmoid(f), np.tanh(g), self.sigmoid(o)
            c_new = f * c + i * g
            self.cache.append((x[t], h, c, i, f, g, o, c_new))
            c = c_new
            h = o * np.tanh(c)
            out.append(h)
        return np.stack(out)

    def backward(self, dout):
        self.dW_ih = np.zeros_like(self.W_ih)
        self.dW_hh = np.zeros_like(self.W_hh)
        self.dbias = np.zeros_like(self.bias)
        dx = np.zeros((len(self.cache), *self.cache[0][0].shape))
        dh = np.zeros_like(dout[0])
        dc = np.zeros_like(dout[0])
        for t in reversed(range(len(self.cache))):
            x, h_prev, c_prev, i, f, g, o, c = self.cache[t]
            dh = dh + dout[t]
            tc = np.tanh(c)
            dc = dc + dh * o * (1 - tc**2)
            d = np.hstack((dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g**2), dh * tc * o * (1 - o)))
            self.dW_ih += d.T @ x
            self.dW_hh += d.T @ h_prev
            self.dbias += d.sum(0)
            dx[t] = d @ self.W_ih
            dh = d @ self.W_hh
            dc = dc * f
        return dx
