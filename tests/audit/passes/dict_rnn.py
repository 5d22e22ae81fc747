"""The forward pass returns one dict, which the backward pass gets under another name; vectors of one sequence."""
import numpy as np


def rnn_forward(x, params, h0):
    W, U, b = params["W"], params["U"], params["b"]
    h = [h0]
    for t in range(len(x)):
        h.append(np.tanh(W @ x[t] + U @ h[-1] + b))
    return {"x": x, "h": h, "params": params}


def rnn_backward(dh, out):
    x, h, params = out["x"], out["h"], out["params"]
    W, U, b = params["W"], params["U"], params["b"]
    grads = dict(W=np.zeros_like(W), U=np.zeros_like(U), b=np.zeros_like(b))
    dx = np.zeros_like(x)
    dn = np.zeros_like(h[0])
    for t in range(len(x) - 1, -1, -1):
        da = (dh[t] + dn) * (1 - h[t + 1] ** 2)
        grads["W"] += np.outer(da, x[t])
        grads["U"] += np.outer(da, h[t])
        grads["b"] += da
        dx[t] = W.T @ da
        dn = U.T @ da
    grads["x"], grads["h0"] = dx, dn
    return grads
