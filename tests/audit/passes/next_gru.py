"""Dicts by step in the cache, columns; what a step sends is called dnext."""

import numpy as np

sigmoid = lambda v: 1.0 / (1.0 + np.exp(-v))

def gru_forward(xs, h0, Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh):
    cache = {"x": xs, "h": {-1: h0}, "z": {}, "r": {}, "n": {}}
    for t, x in enumerate(xs):
        hp = cache["h"][t - 1]
        z = sigmoid(Wz @ x + Uz @ hp + bz)
        r = sigmoid(Wr @ x + Ur @ hp + br)
        n = np.tanh(Wh @ x + Uh @ (r * hp) + bh)
        cache["z"][t], cache["r"][t], cache["n"][t] = z, r, n
        cache["h"][t] = (1 - z) * n + z * hp
    return cache

def gru_backward(dhs, cache, Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh):
    xs = cache["x"]
    g = {k: 0.0 for k in ("dWz", "dUz", "dbz", "dWr", "dUr", "dbr", "dWh", "dUh", "dbh")}
    dxs = [None] * len(xs)
    dnext = np.zeros_like(bh)
    for t in range(len(xs) - 1, -1, -1):
        x, hp, z, r, n = xs[t], cache["h"][t - 1], cache["z"][t], cache["r"][t], cache["n"][t]
        dh = dhs[t] + dnext
        dn = dh * (1 - z)
        dan = dn * (1 - n ** 2)
        drh = Uh.T @ dan
        dar = drh * hp * r * (1 - r)
        daz = dh * (hp - n) * z * (1 - z)
        g["dWz"] = g["dWz"] + daz @ x.T
        g["dUz"] = g["dUz"] + daz @ hp.T
        g["dbz"] = g["dbz"] + daz
        g["dWr"] = g["dWr"] + dar @ x.T
        g["dUr"] = g["dUr"] + dar @ hp.T
        g["dbr"] = g["dbr"] + dar
        g["dWh"] = g["dWh"] + dan @ x.T
        g["dUh"] = g["dUh"] + dan @ (r * hp).T
        g["dbh"] = g["dbh"] + dan
        dxs[t] = Wz.T @ daz + Wr.T @ dar + Wh.T @ dan
        dnext = dh * z + drh * r + Uz.T @ daz + Ur.T @ dar
    return dxs, g, dnext
