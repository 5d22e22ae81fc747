"""Peepholes as arrays of their own beside gates in one array; gradients dpi, dpf, dpo."""
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def forward(x, h0, c0, Wx, Wh, b, pi, pf, po):
    H = h0.shape[1]
    h, c, cache, hs = h0, c0, [], []
    for xt in x:
        a = xt @ Wx + h @ Wh + b
        i = sigmoid(a[:, :H] + pi * c)
        f = sigmoid(a[:, H : 2 * H] + pf * c)
        g = np.tanh(a[:, 2 * H : 3 * H])
        cn = f * c + i * g
        o = sigmoid(a[:, 3 * H :] + po * cn)
        cache.append((xt, h, c, i, f, g, o, cn))
        c, h = cn, o * np.tanh(cn)
        hs.append(h)
    return np.stack(hs), cache


def backward(dh_seq, cache, Wx, Wh, pi, pf, po):
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    db, dpi, dpf, dpo = np.zeros(Wx.shape[1]), np.zeros_like(pi), np.zeros_like(pf), np.zeros_like(po)
    dx = []
    dh, dc = np.zeros_like(dh_seq[0]), np.zeros_like(dh_seq[0])
    for t in range(len(cache) - 1, -1, -1):
        xt, hp, cp, i, f, g, o, c = cache[t]
        dh = dh + dh_seq[t]
        tc = np.tanh(c)
        dao = dh * tc * o * (1 - o)
        dc = dc + dh * o * (1 - tc**2) + dao * po
        dai = dc * g * i * (1 - i)
        daf = dc * cp * f * (1 - f)
        dag = dc * i * (1 - g**2)
        da = np.concatenate([dai, daf, dag, dao], axis=1)
        dWx += xt.T @ da
        dWh += hp.T @ da
        db += da.sum(0)
        dpi += (dai * cp).sum(0)
        dpf += (daf * cp).sum(0)
        dpo += (dao * c).sum(0)
        dx.append(da @ Wx.T)
        dh = da @ Wh.T
        dc = dc * f + dai * pi + daf * pf
    return np.stack(dx[::-1]), dWx, dWh, db, dpi, dpf, dpo, dh, dc
