"""The cells of the checked-in kernels in plain autograd, as a competent user writes them: the peers of the kernels.

Each cell is written more than once, since which writing is fastest depends on the shape: *separate* has a product per
gate, as the equations; *fused* stacks the gates' weights, so that a step has one product with the state, and cuts the
result by slices or by `split`; *hoisted* also takes the input's product out of the loop.
Shapes: x (T, B, D), dy and y (T, B, H); stacked W (D, nH), U (H, nH), b (nH,) for n gates. The loss is sum(y * dy).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import autograd.numpy as np
from autograd import value_and_grad

Cut = Callable[[Any, int], Sequence[Any]]  # of an array (B, nH) and n, to n arrays (B, H)
Step = Callable[..., Any]  # of a_x (B, nH), the states, U, the other weights, a Cut, to the new states, y first


class Stacked(NamedTuple):
    """A cell of stacked gates: the names of the gates in their order, of weights that stay alone, and a step."""

    gates: str
    alone: tuple[str, ...]
    states: int
    step: Step


class Writing(NamedTuple):
    """One way to write a cell: its weights, taken from the named parameters, and its loss of (x, weights, dy)."""

    pack: Callable[[Any], tuple[Any, ...]]
    loss: Callable[..., Any]

    def gradient(self, x: Any, params: Any, dy: Any) -> Callable[[], Any]:
        """A call that computes loss and gradient, with respect to x and all weights."""
        both = value_and_grad(lambda x_and_weights: self.loss(*x_and_weights, dy))
        weights = self.pack(params)
        return lambda: both((x, weights))


def sigmoid(a: Any) -> Any:
    """1 / (1 + exp(-a)), in a form that never overflows."""
    return 0.5 * np.tanh(0.5 * a) + 0.5


def by_slices(a: Any, n: int) -> Sequence[Any]:
    """n arrays (B, H) of one (B, nH), by slices."""
    size = a.shape[1] // n
    return [a[:, k * size : (k + 1) * size] for k in range(n)]


def by_split(a: Any, n: int) -> Sequence[Any]:
    """The same by `split`, whose gradient is one concatenation."""
    parts: Sequence[Any] = np.split(a, n, axis=1)
    return parts


def rnn_step(a: Any, states: Any, U: Any, alone: Any, cut: Cut) -> Any:
    """h = tanh(a)."""
    return (np.tanh(a + states[0] @ U),)


def lstm_step(a: Any, states: Any, U: Any, alone: Any, cut: Cut) -> Any:
    """One sigmoid over the three gates that share it, then the cell."""
    h, c = states
    a = a + h @ U
    size = h.shape[1]
    i, f, o = cut(sigmoid(a[:, : 3 * size]), 3)
    c = f * c + i * np.tanh(a[:, 3 * size :])
    return o * np.tanh(c), c


def peephole_step(a: Any, states: Any, U: Any, alone: Any, cut: Cut) -> Any:
    """The gates see the cell: i and f the last one, o the new one."""
    h, c = states
    p_i, p_f, p_o = alone
    i, f, g, o = cut(a + h @ U, 4)
    c = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
    return sigmoid(o + p_o * c) * np.tanh(c), c


def gru_step(a: Any, states: Any, U: Any, alone: Any, cut: Cut) -> Any:
    """The candidate n sees r * h, so that its product waits for r."""
    (h,) = states
    size = h.shape[1]
    r, z = cut(sigmoid(a[:, : 2 * size] + h @ U[:, : 2 * size]), 2)
    n = np.tanh(a[:, 2 * size :] + (r * h) @ U[:, 2 * size :])
    return (n + z * (h - n),)


def lstm_separate(x: Any, weights: Any, dy: Any) -> Any:
    """Gate by gate; weights in the order W, U, b of i, f, g, o."""
    W_i, U_i, b_i, W_f, U_f, b_f, W_g, U_g, b_g, W_o, U_o, b_o = weights
    h = c = np.zeros(dy.shape[1:], dy.dtype)
    y = []
    for x_t in x:
        i = sigmoid(x_t @ W_i.T + h @ U_i.T + b_i)
        f = sigmoid(x_t @ W_f.T + h @ U_f.T + b_f)
        g = np.tanh(x_t @ W_g.T + h @ U_g.T + b_g)
        o = sigmoid(x_t @ W_o.T + h @ U_o.T + b_o)
        c = f * c + i * g
        h = o * np.tanh(c)
        y.append(h)
    return np.sum(np.array(y) * dy)


def peephole_separate(x: Any, weights: Any, dy: Any) -> Any:
    """Gate by gate; weights as the kernel names them."""
    W_i, U_i, p_i, b_i, W_f, U_f, p_f, b_f, W_g, U_g, b_g, W_o, U_o, p_o, b_o = weights
    h = c = np.zeros(dy.shape[1:], dy.dtype)
    y = []
    for x_t in x:
        i = sigmoid(x_t @ W_i.T + h @ U_i.T + p_i * c + b_i)
        f = sigmoid(x_t @ W_f.T + h @ U_f.T + p_f * c + b_f)
        g = np.tanh(x_t @ W_g.T + h @ U_g.T + b_g)
        c = f * c + i * g
        o = sigmoid(x_t @ W_o.T + h @ U_o.T + p_o * c + b_o)
        h = o * np.tanh(c)
        y.append(h)
    return np.sum(np.array(y) * dy)


def gru_separate(x: Any, weights: Any, dy: Any) -> Any:
    """Gate by gate; weights in the order W, U, b of r, z, n."""
    W_r, U_r, b_r, W_z, U_z, b_z, W_n, U_n, b_n = weights
    h = np.zeros(dy.shape[1:], dy.dtype)
    y = []
    for x_t in x:
        r = sigmoid(x_t @ W_r.T + h @ U_r.T + b_r)
        z = sigmoid(x_t @ W_z.T + h @ U_z.T + b_z)
        n = np.tanh(x_t @ W_n.T + (r * h) @ U_n.T + b_n)
        h = n + z * (h - n)
        y.append(h)
    return np.sum(np.array(y) * dy)


def stacked_loss(x: Any, weights: Any, dy: Any, *, cell: Stacked, cut: Cut, hoisted: bool) -> Any:
    """A cell of stacked gates over a sequence."""
    W, U, b, *alone = weights
    states = (np.zeros(dy.shape[1:], dy.dtype),) * cell.states
    inputs = x @ W + b if hoisted else x
    y = []
    for x_t in inputs:
        states = cell.step(x_t if hoisted else x_t @ W + b, states, U, alone, cut)
        y.append(states[0])
    return np.sum(np.array(y) * dy)


def pack(params: Any, cell: Stacked) -> tuple[Any, ...]:
    """Stacked W, U, b as stored by a user who fuses: made once, before the time is taken."""
    suffixes = [f"_{gate}" for gate in cell.gates] or [""]
    W, U, b = ([getattr(params, kind + suffix).T for suffix in suffixes] for kind in "WUb")
    joined = (np.ascontiguousarray(np.concatenate(parts, axis=-1)) for parts in (W, U, b))
    return (*joined, *(getattr(params, name) for name in cell.alone))


def fused(cell: Stacked) -> dict[str, Writing]:
    """The fused writings of a cell; with one gate there is nothing to cut."""
    ways = {"fused, slices": (by_slices, False), "hoisted, slices": (by_slices, True)}
    if cell.gates:
        ways |= {"fused, split": (by_split, False), "hoisted, split": (by_split, True)}
    packing = partial(pack, cell=cell)
    return {
        name if cell.gates else name.partition(",")[0]: Writing(
            packing, partial(stacked_loss, cell=cell, cut=cut, hoisted=hoisted)
        )
        for name, (cut, hoisted) in ways.items()
    }


CELLS: dict[str, dict[str, Writing]] = {
    "lstm": {"separate": Writing(tuple, lstm_separate), **fused(Stacked("ifog", (), 2, lstm_step))},
    "lstm_peephole": {
        "separate": Writing(tuple, peephole_separate),
        **fused(Stacked("ifgo", ("p_i", "p_f", "p_o"), 2, peephole_step)),
    },
    "gru": {"separate": Writing(tuple, gru_separate), **fused(Stacked("rzn", (), 1, gru_step))},
    "rnn": fused(Stacked("", (), 1, rnn_step)),
}
