"""The state as a tuple that may be left out, handed on to functions of one step; its gradient comes back as a tuple."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def cell(x, state, params):
    h, c = state
    a = x @ params["Wx"] + h @ params["Wh"] + params["b"]
    i, f, o, g = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    new = f * c + i * g
    return (o * np.tanh(new), new), (x, h, c, i, f, o, g, new)


def cell_backward(dstate, kept, params, grads):
    x, h, c, i, f, o, g, new = kept
    dh, dc = dstate
    t = np.tanh(new)
    dc = dc + dh * o * (1 - t**2)
    da = np.hstack([dc * g * i * (1 - i), dc * c * f * (1 - f), dh * t * o * (1 - o), dc * i * (1 - g**2)])
    grads["Wx"] += x.T @ da
    grads["Wh"] += h.T @ da
    grads["b"] += da.sum(axis=0)
    return da @ params["Wx"].T, (da @ params["Wh"].T, dc * f)


def zero_state(x, params):
    H = params["Wh"].shape[0]
    return np.zeros((x.shape[1], H)), np.zeros((x.shape[1], H))


def forward(x, params, state=None):
    if state is None:
        state = zero_state(x, params)
    ys, tape = [], []
    for row in x:
        state, kept = cell(row, state, params)
        ys.append(state[0])
        tape.append(kept)
    return np.array(ys), state, tape


def backward(x, params, dy, state=None, dstate=None):
    _, _, tape = forward(x, params, state)
    dstate = dstate if dstate is not None else zero_state(x, params)
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    dx = np.zeros_like(x)
    for t in reversed(range(len(x))):
        dh, dc = dstate
        dx[t], dstate = cell_backward((dh + dy[t], dc), tape[t], params, grads)
    return dx, grads, dstate
