"""A layer that keeps a dict for each step; its parameters have keys that are made as it runs, f"W{gate}"."""

import numpy as np


class LSTMLayer:
    def __init__(self, in_dim, hid_dim, seed=0):
        rng = np.random.default_rng(seed)
        self.D, self.H = in_dim, hid_dim
        self.params = {}
        for g in "ifoc":
            self.params[f"W{g}"] = rng.normal(size=(in_dim, hid_dim))
            self.params[f"U{g}"] = rng.normal(size=(hid_dim, hid_dim))
            self.params[f"b{g}"] = np.zeros(hid_dim)
        self.cache = []
        self.grads = {}

    def forward(self, X):
        N, T, _ = X.shape
        p = self.params
        h, c = np.zeros((N, self.H)), np.zeros((N, self.H))
        self.cache = []
        out = np.empty((N, T, self.H))
        for t in range(T):
            x = X[:, t, :]
            z = {g: x @ p[f"W{g}"] + h @ p[f"U{g}"] + p[f"b{g}"] for g in "ifoc"}
            i, f, o = (1 / (1 + np.exp(-z[g])) for g in "ifo")
            g = np.tanh(z["c"])
            c_new = f * c + i * g
            h_new = o * np.tanh(c_new)
            self.cache.append({"x": x, "h": h, "c": c, "i": i, "f": f, "o": o, "g": g, "cn": c_new})
            h, c = h_new, c_new
            out[:, t] = h
        return out

    def backward(self, dout):
        N, T, _ = dout.shape
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}
        dX = np.zeros((N, T, self.D))
        dh_next = np.zeros((N, self.H))
        dc_next = np.zeros((N, self.H))
        for t in reversed(range(T)):
            k = self.cache[t]
            dh = dout[:, t] + dh_next
            tc = np.tanh(k["cn"])
            dc = dh * k["o"] * (1 - tc**2) + dc_next
            dz = {
                "i": dc * k["g"] * k["i"] * (1 - k["i"]),
                "f": dc * k["c"] * k["f"] * (1 - k["f"]),
                "o": dh * tc * k["o"] * (1 - k["o"]),
                "c": dc * k["i"] * (1 - k["g"] ** 2),
            }
            dh_next = 0
            for g in "ifoc":
                self.grads[f"W{g}"] += k["x"].T @ dz[g]
                self.grads[f"U{g}"] += k["h"].T @ dz[g]
                self.grads[f"b{g}"] += dz[g].sum(axis=0)
                dX[:, t] += dz[g] @ self.params[f"W{g}"].T
                dh_next = dh_next + dz[g] @ self.params[f"U{g}"].T
            dc_next = dc * k["f"]
        return dX
