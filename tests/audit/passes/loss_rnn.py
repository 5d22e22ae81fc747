"""Loss and gradients in one function: numbers of characters come in, dy is made inside, of a softmax; one sequence."""

import numpy as np

hidden_size = 32
vocab_size = 27

Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def loss_and_grads(inputs, targets, hprev):
    states, probabilities, loss = {-1: hprev}, [], 0.0
    for t, character in enumerate(inputs):
        states[t] = np.tanh(Wxh[:, [character]] + Whh @ states[t - 1] + bh)
        scores = Why @ states[t] + by
        p = np.exp(scores - scores.max())
        probabilities.append(p / p.sum())
        loss -= np.log(probabilities[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dh_next = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(hprev)
    for t in reversed(range(len(inputs))):
        dscores = probabilities[t].copy()
        dscores[targets[t]] -= 1
        dWhy += dscores @ states[t].T
        dby += dscores
        dz = (Why.T @ dscores + dh_next) * (1 - states[t] ** 2)
        dbh += dz
        dWxh[:, [inputs[t]]] += dz
        dWhh += dz @ states[t - 1].T
        dh_next = Whh.T @ dz
    return loss, dWxh, dWhh, dWhy, dbh, dby, states[len(inputs) - 1]
