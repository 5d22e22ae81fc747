"""A GRU as a class that keeps its parameters in a dict and returns gradients in one; batch first, weights (D, H)."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


class GRULayer:
    def __init__(self, n_in, n_hidden, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {}
        for gate in ("z", "r", "h"):
            self.params["Wx" + gate] = rng.normal(size=(n_in, n_hidden))
            self.params["Wh" + gate] = rng.normal(size=(n_hidden, n_hidden))
            self.params["b" + gate] = np.zeros(n_hidden)
        names = ["Wxz", "Whz", "bz", "Wxr", "Whr", "br", "Wxh", "Whh", "bh"]
        assert sorted(names) == sorted(self.params)

    def forward(self, X, h0=None):
        p = self.params
        n, steps, _ = X.shape
        h = np.zeros((n, p["bz"].shape[-1])) if h0 is None else h0
        self.saved = []
        H = []
        for t in range(steps):
            x = X[:, t]
            z = sigmoid(x @ p["Wxz"] + h @ p["Whz"] + p["bz"])
            r = sigmoid(x @ p["Wxr"] + h @ p["Whr"] + p["br"])
            cand = np.tanh(x @ p["Wxh"] + (r * h) @ p["Whh"] + p["bh"])
            self.saved.append((x, h, z, r, cand))
            h = (1 - z) * cand + z * h
            H.append(h)
        return np.stack(H, axis=1)

    def backward(self, dH):
        p = self.params
        grads = {name: np.zeros_like(value) for name, value in p.items()}
        dX = np.zeros((dH.shape[0], dH.shape[1], p["Wxz"].shape[0]))
        dh = np.zeros_like(dH[:, 0])
        for t in reversed(range(dH.shape[1])):
            x, h, z, r, cand = self.saved[t]
            dh = dh + dH[:, t]
            dcand = dh * (1 - z) * (1 - cand**2)
            dz = dh * (h - cand) * z * (1 - z)
            dh_prev = dh * z
            drh = dcand @ p["Whh"].T
            dr = drh * h * r * (1 - r)
            dh_prev += drh * r
            grads["Whh"] += (r * h).T @ dcand
            for gate, d in (("z", dz), ("r", dr)):
                grads["Wh" + gate] += h.T @ d
                dh_prev += d @ p["Wh" + gate].T
            for gate, d in (("z", dz), ("r", dr), ("h", dcand)):
                grads["Wx" + gate] += x.T @ d
                grads["b" + gate] += d.sum(axis=0)
                dX[:, t] += d @ p["Wx" + gate].T
            dh = dh_prev
        return dX, grads, dh
