"""A layer for a classifier, named as in a library: kernels, batch first, the last state alone goes on."""

import numpy as np


class SimpleRNN:
    def __init__(self, units, input_dim):
        self.kernel = np.random.randn(input_dim, units)
        self.recurrent_kernel = np.random.randn(units, units)
        self.bias = np.zeros((1, units))

    def forward(self, x):
        self.x, self.h = x, {-1: np.zeros((x.shape[0], self.bias.shape[1]))}
        for t in range(x.shape[1]):
            self.h[t] = np.tanh(x[:, t] @ self.kernel + self.h[t - 1] @ self.recurrent_kernel + self.bias)
        return self.h[t]

    def backward(self, grad):
        self.dkernel, self.dbias = np.zeros_like(self.kernel), np.zeros_like(self.bias)
        self.drecurrent_kernel = np.zeros_like(self.recurrent_kernel)
        dx = np.zeros_like(self.x)
        for t in reversed(range(self.x.shape[1])):
            da = grad * (1 - self.h[t] ** 2)
            self.dkernel += self.x[:, t].T @ da
            self.drecurrent_kernel += self.h[t - 1].T @ da
            self.dbias += da.sum(axis=0, keepdims=True)
            dx[:, t] = da @ self.kernel.T
            grad = da @ self.recurrent_kernel.T
        return dx
