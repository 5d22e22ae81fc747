"""A language model as a class: U reads a word, W the state, V writes; numbers of words come in, and there is no bias."""

import numpy as np


class WordModel:
    def __init__(self, word_dim, hidden_dim=100):
        self.hidden_dim = hidden_dim
        self.U = np.random.uniform(-0.1, 0.1, (hidden_dim, word_dim))
        self.W = np.random.uniform(-0.1, 0.1, (hidden_dim, hidden_dim))
        self.V = np.random.uniform(-0.1, 0.1, (word_dim, hidden_dim))

    def forward(self, x):
        states, shares = [np.zeros(self.hidden_dim)], []
        for word in x:
            states.append(np.tanh(self.U[:, word] + self.W @ states[-1]))
            e = np.exp(self.V @ states[-1])
            shares.append(e / e.sum())
        return shares, states

    def bptt(self, x, y):
        shares, states = self.forward(x)
        dLdU, dLdW, dLdV = np.zeros_like(self.U), np.zeros_like(self.W), np.zeros_like(self.V)
        later = np.zeros(self.hidden_dim)
        for t in range(len(x) - 1, -1, -1):
            error = shares[t].copy()
            error[y[t]] -= 1
            dLdV += np.outer(error, states[t + 1])
            delta = (self.V.T @ error + later) * (1 - states[t + 1] ** 2)
            dLdU[:, x[t]] += delta
            dLdW += np.outer(delta, states[t])
            later = self.W.T @ delta
        return dLdU, dLdV, dLdW
