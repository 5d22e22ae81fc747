"""A cell as a class: one step at a time, columns, gradients of parameters in attributes, products in the return."""
import numpy as np


class Cell:
    def __init__(self, nx, nh):
        self.nx, self.nh = nx, nh
        self.W = np.random.randn(4 * nh, nx)
        self.U = np.random.randn(4 * nh, nh)
        self.b = np.zeros((4 * nh, 1))

    def forward(self, x, h_prev, c_prev):
        n = self.nh
        a = self.W @ x + self.U @ h_prev + self.b
        self.x, self.h_prev, self.c_prev = x, h_prev, c_prev
        self.i, self.f, self.o = (1 / (1 + np.exp(-a[k * n : (k + 1) * n])) for k in range(3))
        self.g = np.tanh(a[3 * n :])
        self.c = self.f * c_prev + self.i * self.g
        self.h = self.o * np.tanh(self.c)
        return self.h, self.c

    def backward(self, dh, dc):
        tc = np.tanh(self.c)
        do = dh * tc
        dc = dc + dh * self.o * (1 - tc**2)
        da = np.vstack([
            dc * self.g * self.i * (1 - self.i),
            dc * self.c_prev * self.f * (1 - self.f),
            do * self.o * (1 - self.o),
            dc * self.i * (1 - self.g**2),
        ])
        self.dW = da @ self.x.T
        self.dU = da @ self.h_prev.T
        self.db = da.sum(axis=1, keepdims=True)
        return self.W.T @ da, self.U.T @ da, dc * self.f
