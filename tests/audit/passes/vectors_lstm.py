"""An LSTM from scratch: a matrix for each gate that acts on [h, x], one sequence of column vectors."""

import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def forward(xs, h_prev, c_prev, params):
    caches, outputs = [], []
    for x in xs:
        z = np.vstack((h_prev, x))
        f = sigmoid(params["Wf"] @ z + params["bf"])
        i = sigmoid(params["Wi"] @ z + params["bi"])
        c_bar = np.tanh(params["Wc"] @ z + params["bc"])
        o = sigmoid(params["Wo"] @ z + params["bo"])
        c = f * c_prev + i * c_bar
        h = o * np.tanh(c)
        caches.append((z, f, i, c_bar, o, c, c_prev))
        outputs.append(h)
        h_prev, c_prev = h, c
    return outputs, caches


def backward(dhs, caches, params):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    n_h = dhs[0].shape[0]
    dh_next = np.zeros_like(dhs[0])
    dc_next = np.zeros_like(dhs[0])
    for t in reversed(range(len(caches))):
        z, f, i, c_bar, o, c, c_prev = caches[t]
        dh = dhs[t] + dh_next
        do = dh * np.tanh(c)
        dao = do * o * (1 - o)
        dc = dc_next + dh * o * (1 - np.tanh(c) ** 2)
        dc_bar = dc * i
        dac = dc_bar * (1 - c_bar**2)
        di = dc * c_bar
        dai = di * i * (1 - i)
        df = dc * c_prev
        daf = df * f * (1 - f)
        for gate, da in (("f", daf), ("i", dai), ("c", dac), ("o", dao)):
            grads["W" + gate] += da @ z.T
            grads["b" + gate] += da
        dz = params["Wf"].T @ daf + params["Wi"].T @ dai + params["Wc"].T @ dac + params["Wo"].T @ dao
        dh_next = dz[:n_h]
        dc_next = f * dc
    return grads
