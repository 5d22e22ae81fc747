"""Twelve arrays of parameters in a list, and their gradients in the same order; the gradient of x a list of steps."""

import numpy as np


def sigm(a):
    return 1 / (1 + np.exp(-a))


def forward(params, x, h0, c0):
    Wi, Ui, bi, Wf, Uf, bf, Wg, Ug, bg, Wo, Uo, bo = params
    h, c, cache = h0, c0, []
    hs = []
    for t in range(x.shape[0]):
        i = sigm(x[t] @ Wi.T + h @ Ui.T + bi)
        f = sigm(x[t] @ Wf.T + h @ Uf.T + bf)
        g = np.tanh(x[t] @ Wg.T + h @ Ug.T + bg)
        o = sigm(x[t] @ Wo.T + h @ Uo.T + bo)
        cache.append((x[t], h, c, i, f, g, o))
        c = f * c + i * g
        h = o * np.tanh(c)
        hs.append(h)
    return np.array(hs), cache


def backward(params, cache, dhs):
    Wi, Ui, bi, Wf, Uf, bf, Wg, Ug, bg, Wo, Uo, bo = params
    grads = [np.zeros_like(p) for p in params]
    dx = [None] * len(cache)
    dh, dc = np.zeros_like(dhs[0]), np.zeros_like(dhs[0])
    for t in reversed(range(len(cache))):
        x, hp, cp, i, f, g, o = cache[t]
        c = f * cp + i * g
        dh += dhs[t]
        dc += dh * o * (1 - np.tanh(c) ** 2)
        dai, daf, dag, dao = (
            dc * g * i * (1 - i),
            dc * cp * f * (1 - f),
            dc * i * (1 - g * g),
            dh * np.tanh(c) * o * (1 - o),
        )
        for k, da in enumerate((dai, daf, dag, dao)):
            grads[3 * k] += da.T @ x
            grads[3 * k + 1] += da.T @ hp
            grads[3 * k + 2] += da.sum(0)
        dx[t] = dai @ Wi + daf @ Wf + dag @ Wg + dao @ Wo
        dh = dai @ Ui + daf @ Uf + dag @ Ug + dao @ Uo
        dc = dc * f
    return grads, dx
