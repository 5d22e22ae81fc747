"""A language model whose loss at each step goes back a few steps alone; the row before the first state is the last."""

import numpy as np


class Reader:
    def __init__(self, vocabulary, hidden, depth=4):
        self.hidden, self.depth = hidden, depth
        self.U = np.random.randn(hidden, vocabulary) / np.sqrt(vocabulary)
        self.W = np.random.randn(hidden, hidden) / np.sqrt(hidden)
        self.V = np.random.randn(vocabulary, hidden) / np.sqrt(hidden)

    def forward(self, words):
        states = np.zeros((len(words) + 1, self.hidden))
        guesses = np.zeros((len(words), len(self.V)))
        for t, word in enumerate(words):
            states[t] = np.tanh(self.U[:, word] + self.W @ states[t - 1])
            odds = np.exp(self.V @ states[t])
            guesses[t] = odds / odds.sum()
        return guesses, states

    def gradients(self, words, targets):
        errors, states = self.forward(words)
        errors[np.arange(len(targets)), targets] -= 1.0
        dU, dW, dV = np.zeros_like(self.U), np.zeros_like(self.W), np.zeros_like(self.V)
        for t in range(len(words))[::-1]:
            dV += np.outer(errors[t], states[t])
            delta = (self.V.T @ errors[t]) * (1 - states[t] ** 2)
            for step in range(max(0, t - self.depth), t + 1)[::-1]:
                dW += np.outer(delta, states[step - 1])
                dU[:, words[step]] += delta
                delta = (self.W.T @ delta) * (1 - states[step - 1] ** 2)
        return dU, dW, dV
