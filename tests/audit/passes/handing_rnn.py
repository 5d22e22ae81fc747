"""A model of characters that hands its last state on to the next piece of text, hs[...], beside the gradients."""

import numpy as np

hidden_size = 48
vocab_size = 60

Wxh = np.random.normal(0, 0.01, (hidden_size, vocab_size))
Whh = np.random.normal(0, 0.01, (hidden_size, hidden_size))
Why = np.random.normal(0, 0.01, (vocab_size, hidden_size))
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def step(inputs, targets, hprev):
    hs, errors, loss = {-1: hprev}, [], 0.0
    for t, (now, following) in enumerate(zip(inputs, targets)):
        hs[t] = np.tanh(Wxh[:, now].reshape(-1, 1) + Whh @ hs[t - 1] + bh)
        share = np.exp(Why @ hs[t] + by)
        share /= share.sum()
        loss -= np.log(share[following].item())
        share[following] -= 1
        errors.append(share)
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(one) for one in (Wxh, Whh, Why, bh, by))
    later = np.zeros_like(hprev)
    for t in range(len(errors) - 1, -1, -1):
        dWhy += errors[t] @ hs[t].T
        dby += errors[t]
        da = (Why.T @ errors[t] + later) * (1 - hs[t] ** 2)
        dbh += da
        dWxh[:, inputs[t]] += da[:, 0]
        dWhh += np.outer(da, hs[t - 1])
        later = Whh.T @ da
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]
