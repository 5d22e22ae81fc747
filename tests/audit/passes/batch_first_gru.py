"""A GRU, batch first, a matrix for the input and one for the state of each gate."""

import numpy as np


def sig(a):
    return 1.0 / (1.0 + np.exp(-a))


def gru_forward(x, h0, Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh):
    h, out, cache = h0, [], []
    for t in range(x.shape[1]):
        xt = x[:, t, :]
        z = sig(xt.dot(Wz) + h.dot(Uz) + bz)
        r = sig(xt.dot(Wr) + h.dot(Ur) + br)
        cand = np.tanh(xt.dot(Wh) + (r * h).dot(Uh) + bh)
        cache.append((xt, h, z, r, cand))
        h = z * h + (1 - z) * cand
        out.append(h)
    return np.stack(out, axis=1), (cache, Wz, Uz, Wr, Ur, Wh, Uh)


def gru_backward(dout, cache):
    steps, Wz, Uz, Wr, Ur, Wh, Uh = cache
    dWz, dWr, dWh = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wh)
    dUz, dUr, dUh = np.zeros_like(Uz), np.zeros_like(Ur), np.zeros_like(Uh)
    dbz, dbr, dbh = np.zeros(len(Uz)), np.zeros(len(Uz)), np.zeros(len(Uz))
    dx, dhp = np.zeros((*dout.shape[:2], len(Wz))), 0
    for t in range(dout.shape[1] - 1, -1, -1):
        xt, hp, z, r, cand = steps[t]
        dh = dout[:, t] + dhp
        dcand = dh * (1 - z) * (1 - cand**2)
        dz = dh * (hp - cand) * z * (1 - z)
        drh = dcand.dot(Uh.T)
        dr = drh * hp * r * (1 - r)
        dWz += xt.T.dot(dz)
        dUz += hp.T.dot(dz)
        dbz += dz.sum(axis=0)
        dWr += xt.T.dot(dr)
        dUr += hp.T.dot(dr)
        dbr += dr.sum(axis=0)
        dWh += xt.T.dot(dcand)
        dUh += (r * hp).T.dot(dcand)
        dbh += dcand.sum(axis=0)
        dx[:, t] = dz.dot(Wz.T) + dr.dot(Wr.T) + dcand.dot(Wh.T)
        dhp = dh * z + drh * r + dz.dot(Uz.T) + dr.dot(Ur.T)
    dh0 = dhp
    return dx, dh0, dWz, dUz, dbz, dWr, dUr, dbr, dWh, dUh, dbh
