"""All that the forward pass returns is the cache, a tuple of lists; gates one by one, [h, x], the first state behind an if."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(X, Wf, Wi, Wg, Wo, bf, bi, bg, bo):
    T = len(X)
    n = bf.shape[0]
    H, C, Z, F, I, G, O = [], [], [], [], [], [], []
    h, c = np.zeros(n), np.zeros(n)
    for t in range(T):
        z = np.concatenate([h, X[t]])
        f, i = sigmoid(Wf @ z + bf), sigmoid(Wi @ z + bi)
        g, o = np.tanh(Wg @ z + bg), sigmoid(Wo @ z + bo)
        c = f * c + i * g
        h = o * np.tanh(c)
        for l, v in zip((H, C, Z, F, I, G, O), (h, c, z, f, i, g, o)):
            l.append(v)
    return H, C, Z, F, I, G, O


def backward(dH, Wf, Wi, Wg, Wo, cache):
    H, C, Z, F, I, G, O = cache
    T, n = len(H), H[0].shape[0]
    dWf, dWi, dWg, dWo = [np.zeros_like(W) for W in (Wf, Wi, Wg, Wo)]
    dbf, dbi, dbg, dbo = [np.zeros(n) for _ in range(4)]
    dh_next, dc_next = np.zeros(n), np.zeros(n)
    dX = []
    for t in reversed(range(T)):
        dh = dH[t] + dh_next
        dc = dh * O[t] * (1 - np.tanh(C[t]) ** 2) + dc_next
        do = dh * np.tanh(C[t]) * O[t] * (1 - O[t])
        df = np.zeros(n)
        if t > 0:
            df = dc * C[t - 1] * F[t] * (1 - F[t])
        di = dc * G[t] * I[t] * (1 - I[t])
        dg = dc * I[t] * (1 - G[t] ** 2)
        dWf += np.outer(df, Z[t])
        dWi += np.outer(di, Z[t])
        dWg += np.outer(dg, Z[t])
        dWo += np.outer(do, Z[t])
        dbf += df
        dbi += di
        dbg += dg
        dbo += do
        dz = Wf.T @ df + Wi.T @ di + Wg.T @ dg + Wo.T @ do
        dh_next = dz[:n]
        dc_next = dc * F[t]
        dX.insert(0, dz[n:])
    return dX, dWf, dWi, dWg, dWo, dbf, dbi, dbg, dbo
