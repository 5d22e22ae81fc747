"""An LSTM's backward pass that is given all that the forward pass computed."""

import numpy as np


def backward(x, dy, i, f, g, o, c, h_prev, c_prev, params, dh_T, dc_T):
    p = params
    T = len(x)
    tanh_c = np.tanh(c)
    dh_next, dc_next = dh_T, dc_T
    d_i, d_f, d_g, d_o = (np.zeros_like(c) for _ in range(4))
    for t in range(T - 1, -1, -1):
        dh = dy[t] + dh_next
        dc = dh * o[t] * (1 - tanh_c[t] ** 2) + dc_next
        d_o[t] = dh * tanh_c[t] * o[t] * (1 - o[t])
        d_i[t] = dc * g[t] * i[t] * (1 - i[t])
        d_f[t] = dc * c_prev[t] * f[t] * (1 - f[t])
        d_g[t] = dc * i[t] * (1 - g[t] ** 2)
        dh_next = d_i[t] @ p["U_i"] + d_f[t] @ p["U_f"] + d_g[t] @ p["U_g"] + d_o[t] @ p["U_o"]
        dc_next = dc * f[t]
    grads = {"x": d_i @ p["W_i"] + d_f @ p["W_f"] + d_g @ p["W_g"] + d_o @ p["W_o"]}
    for gate, d in {"i": d_i, "f": d_f, "g": d_g, "o": d_o}.items():
        grads[f"dW_{gate}"] = np.einsum("tbh,tbd->hd", d, x)
        grads[f"dU_{gate}"] = np.einsum("tbh,tbk->hk", d, h_prev)
        grads[f"db_{gate}"] = d.sum(axis=(0, 1))
    return {**grads, "dh0": dh_next, "dc0": dc_next}
