"""Parameters are objects of their own, with a value and its gradient."""

import numpy as np


class Param:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class RNN:
    def __init__(self, input_size, hidden_size):
        self.Wx = Param(np.random.randn(input_size, hidden_size))
        self.Wh = Param(np.random.randn(hidden_size, hidden_size))
        self.b = Param(np.zeros(hidden_size))
        self.H = hidden_size

    def forward(self, x):
        self.x = x
        self.hs = [np.zeros((x.shape[1], self.H))]
        for xt in x:
            self.hs.append(np.tanh(xt @ self.Wx.value + self.hs[-1] @ self.Wh.value + self.b.value))
        return np.array(self.hs[1:])

    def backward(self, dhs):
        for p in (self.Wx, self.Wh, self.b):
            p.grad[...] = 0
        dx, later = np.zeros_like(self.x), 0
        for t in reversed(range(len(self.x))):
            da = (dhs[t] + later) * (1 - self.hs[t + 1] ** 2)
            self.Wx.grad += self.x[t].T @ da
            self.Wh.grad += self.hs[t].T @ da
            self.b.grad += da.sum(0)
            dx[t] = da @ self.Wx.value.T
            later = da @ self.Wh.value.T
        return dx
