"""An object of one step: it keeps what it needs in attributes, takes vectors, and returns what it sends on."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class LstmCell:
    def __init__(self, x_dim, h_dim):
        for gate in "ifgo":
            setattr(self, f"W{gate}", np.random.randn(h_dim, x_dim))
            setattr(self, f"U{gate}", np.random.randn(h_dim, h_dim))
            setattr(self, f"b{gate}", np.zeros(h_dim))

    def forward(self, x, h_prev, c_prev):
        self.x, self.h_prev, self.c_prev = x, h_prev, c_prev
        self.i = sigmoid(self.Wi @ x + self.Ui @ h_prev + self.bi)
        self.f = sigmoid(self.Wf @ x + self.Uf @ h_prev + self.bf)
        self.g = np.tanh(self.Wg @ x + self.Ug @ h_prev + self.bg)
        self.o = sigmoid(self.Wo @ x + self.Uo @ h_prev + self.bo)
        self.c = self.f * c_prev + self.i * self.g
        return self.o * np.tanh(self.c), self.c

    def backward(self, dh_next, dc_next):
        tanh_c = np.tanh(self.c)
        dc = dc_next + dh_next * self.o * (1 - tanh_c**2)
        do = dh_next * tanh_c * self.o * (1 - self.o)
        di = dc * self.g * self.i * (1 - self.i)
        df = dc * self.c_prev * self.f * (1 - self.f)
        dg = dc * self.i * (1 - self.g**2)
        self.grads = {}
        for gate, d in zip("ifgo", (di, df, dg, do)):
            self.grads["W" + gate] = np.outer(d, self.x)
            self.grads["U" + gate] = np.outer(d, self.h_prev)
            self.grads["b" + gate] = d
        dx = self.Wi.T @ di + self.Wf.T @ df + self.Wg.T @ dg + self.Wo.T @ do
        dh_prev = self.Ui.T @ di + self.Uf.T @ df + self.Ug.T @ dg + self.Uo.T @ do
        dc_prev = dc * self.f
        return dx, dh_prev, dc_prev
