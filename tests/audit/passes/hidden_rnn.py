"""A dataclass of gradients; all steps of a gradient at once; the first state is called hidden."""

import numpy as np
from dataclasses import dataclass, field

@dataclass
class Grads:
    W_xh: np.ndarray
    W_hh: np.ndarray
    b_h: np.ndarray
    x: np.ndarray
    h0: np.ndarray

def run(inputs, hidden, W_xh, W_hh, b_h):
    T, N = inputs.shape[0], hidden.shape[0]
    states = np.empty((T + 1, N, W_hh.shape[0]))
    states[0] = hidden.copy()
    for t in range(T):
        states[t + 1] = np.tanh(inputs[t] @ W_xh + states[t] @ W_hh + b_h)
    return states

def bptt(inputs, hidden, upstream, W_xh, W_hh, b_h):
    states = run(inputs, hidden, W_xh, W_hh, b_h)
    deltas = np.empty_like(states[1:])
    carry = np.zeros_like(hidden)
    for t in range(len(inputs))[::-1]:
        deltas[t] = (upstream[t] + carry) * (1.0 - np.square(states[t + 1]))
        carry = deltas[t].dot(W_hh.T)
    return Grads(
        W_xh=np.tensordot(inputs, deltas, axes=([0, 1], [0, 1])),
        W_hh=np.tensordot(states[:-1], deltas, axes=([0, 1], [0, 1])),
        b_h=deltas.sum(axis=(0, 1)),
        x=deltas @ W_xh.T,
        h0=carry,
    )
