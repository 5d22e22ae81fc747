"""A layer that holds a cell: parameters and gradients are attributes of the object inside."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Cell:
    def __init__(self, n_in, n_hidden):
        self.W = np.random.randn(4 * n_hidden, n_in)
        self.U = np.random.randn(4 * n_hidden, n_hidden)
        self.b = np.zeros(4 * n_hidden)

    def clear(self):
        self.dW, self.dU, self.db = np.zeros_like(self.W), np.zeros_like(self.U), np.zeros_like(self.b)

    def forward(self, x, h, c):
        parts = np.split(x @ self.W.T + h @ self.U.T + self.b, 4, axis=1)
        i, f, o, g = sigmoid(parts[0]), sigmoid(parts[1]), sigmoid(parts[2]), np.tanh(parts[3])
        new = f * c + i * g
        return o * np.tanh(new), new, (x, h, c, i, f, o, g, new)

    def backward(self, dh, dc, kept):
        x, h, c, i, f, o, g, new = kept
        dc = dc + dh * o * (1 - np.tanh(new) ** 2)
        dz = [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * np.tanh(new) * o * (1 - o), dc * i * (1 - g * g)]
        dz = np.concatenate(dz, axis=1)
        self.dW += dz.T @ x
        self.dU += dz.T @ h
        self.db += dz.sum(axis=0)
        return dz @ self.W, dz @ self.U, dc * f


class Layer:
    def __init__(self, input_dim, hidden_dim):
        self.cell = Cell(input_dim, hidden_dim)
        self.hidden_dim = hidden_dim

    def forward(self, X):
        h = c = np.zeros((len(X), self.hidden_dim))
        self.kept, hs = [], []
        for t in range(X.shape[1]):
            h, c, kept = self.cell.forward(X[:, t], h, c)
            hs.append(h)
            self.kept.append(kept)
        return np.stack(hs, axis=1)

    def backward(self, dH):
        self.cell.clear()
        dX = [None] * dH.shape[1]
        dh = dc = np.zeros_like(dH[:, 0])
        for t in reversed(range(dH.shape[1])):
            dX[t], dh, dc = self.cell.backward(dH[:, t] + dh, dc, self.kept[t])
        return np.stack(dX, axis=1)
