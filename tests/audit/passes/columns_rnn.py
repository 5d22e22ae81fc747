"""A recurrent network on one sequence of column vectors, kept in dicts by step."""

import numpy as np


def forward(inputs, hprev, Wxh, Whh, bh):
    xs, hs = {}, {-1: hprev}
    for t in range(len(inputs)):
        xs[t] = inputs[t]
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
    return hs, (xs, hs, Wxh, Whh)


def backward(dhs, cache):
    xs, hs, Wxh, Whh = cache
    dWxh, dWhh = np.zeros_like(Wxh), np.zeros_like(Whh)
    dbh = np.zeros((len(Whh), 1))
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(xs))):
        dh = dhs[t] + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return dWxh, dWhh, dbh
