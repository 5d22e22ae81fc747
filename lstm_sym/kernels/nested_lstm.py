"""Nested LSTM.

Reference: Moniz & Krueger 2017, arXiv:1801.10308

Equations:
    i[t] = sigmoid(W_i @ x[t] + U_i @ h[t-1] + b_i)
    f[t] = sigmoid(W_f @ x[t] + U_f @ h[t-1] + b_f)
    g[t] = tanh(W_g @ x[t] + U_g @ h[t-1] + b_g)
    o[t] = sigmoid(W_o @ x[t] + U_o @ h[t-1] + b_o)
    x_in[t] = i[t] * g[t]
    h_in[t] = f[t] * c[t-1]
    i_in[t] = sigmoid(W_i_in @ x_in[t] + U_i_in @ h_in[t] + b_i_in)
    f_in[t] = sigmoid(W_f_in @ x_in[t] + U_f_in @ h_in[t] + b_f_in)
    g_in[t] = tanh(W_g_in @ x_in[t] + U_g_in @ h_in[t] + b_g_in)
    o_in[t] = sigmoid(W_o_in @ x_in[t] + U_o_in @ h_in[t] + b_o_in)
    c_in[t] = f_in[t] * c_in[t-1] + i_in[t] * g_in[t]
    c[t] = o_in[t] * tanh(c_in[t])
    h[t] = o[t] * tanh(c[t])

Shapes (T steps, B sequences, D, H):
    (D,)     x
    (H,)     i, f, g, o, x_in, h_in, i_in, f_in, g_in, o_in, c_in, c, h, b_i, b_f, b_g, b_o, b_i_in, b_f_in, b_g_in,
             b_o_in
    (H, D)   W_i, W_f, W_g, W_o
    (H, H)   U_i, U_f, U_g, U_o, W_i_in, U_i_in, W_f_in, U_f_in, W_g_in, U_g_in, W_o_in, U_o_in

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: i, f, o, g; i_in, f_in, o_in, g_in.
Gates: i, f, o, i_in, f_in, o_in.
Biases: b_i (of i), b_f (of f), b_g (of g), b_o (of o), b_i_in (of i_in), b_f_in (of f_in), b_g_in (of g_in), b_o_in
(of o_in). Where a library keeps one beside each matrix, add them.
Options: none. Constants: none.

Signs in comments: δv adjoint, δv⁺ what arrives of it from step t+1, δv° what passes through no matrix, v′ slope,
∂v tangent, ⊙ element-wise product; (B1) is equation B1 of the derivation report, (S1) its
tangent. A section says: what it reads -> what it gives. precise: gates and slopes from the pre-activations, so that no
digit is lost where a gate saturates.

Generated from the equations by lstm_sym (format 2); stands alone on NumPy. Not written by hand: change
the equations and generate it again.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

CONTENT_HASH = "b79029580ee209e6c598336b8cd6c57c55cf9c16471f9ff05df75e9e7ead37da"
OUTPUT = "h"
GATES: tuple[str, ...] = ("i", "f", "o", "i_in", "f_in", "o_in")


class Params(NamedTuple):
    """The parameters, named as in the equations."""

    W_i: Array  # (H, D) input weights of the input gate
    U_i: Array  # (H, H) recurrent weights of the input gate
    b_i: Array  # (H,) bias of the input gate
    W_f: Array  # (H, D) input weights of the forget gate
    U_f: Array  # (H, H) recurrent weights of the forget gate
    b_f: Array  # (H,) bias of the forget gate
    W_g: Array  # (H, D) input weights of the candidate cell state
    U_g: Array  # (H, H) recurrent weights of the candidate cell state
    b_g: Array  # (H,) bias of the candidate cell state
    W_o: Array  # (H, D) input weights of the output gate
    U_o: Array  # (H, H) recurrent weights of the output gate
    b_o: Array  # (H,) bias of the output gate
    W_i_in: Array  # (H, H) input weights of the inner input gate
    U_i_in: Array  # (H, H) recurrent weights of the inner input gate
    b_i_in: Array  # (H,) bias of the inner input gate
    W_f_in: Array  # (H, H) input weights of the inner forget gate
    U_f_in: Array  # (H, H) recurrent weights of the inner forget gate
    b_f_in: Array  # (H,) bias of the inner forget gate
    W_g_in: Array  # (H, H) input weights of the inner candidate cell state
    U_g_in: Array  # (H, H) recurrent weights of the inner candidate cell state
    b_g_in: Array  # (H,) bias of the inner candidate cell state
    W_o_in: Array  # (H, H) input weights of the inner output gate
    U_o_in: Array  # (H, H) recurrent weights of the inner output gate
    b_o_in: Array  # (H,) bias of the inner output gate


class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H) hidden state
    c: Array  # (B, H) cell state
    c_in: Array  # (B, H) inner cell state


class Tape(NamedTuple):
    """What `backward` needs of `forward`, found by liveness; x is kept as given, not copied."""

    x: Array
    h: Array
    c: Array
    c_in: Array
    gates_i_f_o_g: Array
    x_in: Array
    h_in: Array
    gates_in: Array
    tanh_c_in: Array
    tanh_c: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations too."""

    x: Array
    h: Array
    c: Array
    c_in: Array
    a_i_f_o_g: Array
    gates_i_f_o_g: Array
    x_in: Array
    h_in: Array
    a_in: Array
    gates_in: Array
    tanh_c_in: Array
    tanh_c: Array


_SecondTape = namedtuple("_SecondTape", ['x', 'x_dot', 'h', 'h_dot', 'c', 'c_dot', 'c_in', 'c_in_dot',
    'a_i_f_o_g', 'a_i_f_o_g_dot', 'gates_i_f_o_g', 'gates_i_f_o_g_dot', 'x_in', 'x_in_dot', 'h_in', 'h_in_dot',
    'a_in', 'a_in_dot', 'gates_in', 'gates_in_dot', 'tanh_c_in', 'tanh_c_in_dot', 'tanh_c', 'tanh_c_dot'])


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
    'W_i': ('H', 'D'), 'U_i': ('H', 'H'), 'b_i': ('H',), 'W_f': ('H', 'D'), 'U_f': ('H', 'H'), 'b_f': ('H',),
    'W_g': ('H', 'D'), 'U_g': ('H', 'H'), 'b_g': ('H',), 'W_o': ('H', 'D'), 'U_o': ('H', 'H'), 'b_o': ('H',),
    'W_i_in': ('H', 'H'), 'U_i_in': ('H', 'H'), 'b_i_in': ('H',), 'W_f_in': ('H', 'H'), 'U_f_in': ('H', 'H'),
    'b_f_in': ('H',), 'W_g_in': ('H', 'H'), 'U_g_in': ('H', 'H'), 'b_g_in': ('H',), 'W_o_in': ('H', 'H'),
    'U_o_in': ('H', 'H'), 'b_o_in': ('H',)
}
_STATE_SHAPES: dict[str, tuple[str, ...]] = {'h': ('B', 'H'), 'c': ('B', 'H'), 'c_in': ('B', 'H')}
_COMPOSED: dict[str, dict[str, int]] = {}
_RECORDS = (Params, State, Tape, PreciseTape)
_EXTRA: dict[type, tuple[int, ...]] = {
    Tape: (0, 1, 1, 1, 0, 0, 0, 0, 0, 0),
    PreciseTape: (0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0),
}
_FITTED: dict[Any, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'c_in': {'H': 1}, 'gates_i_f_o_g': {'H': 4},
        'x_in': {'H': 1}, 'h_in': {'H': 1}, 'gates_in': {'H': 4}, 'tanh_c_in': {'H': 1}, 'tanh_c': {'H': 1}},
    PreciseTape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'c_in': {'H': 1}, 'a_i_f_o_g': {'H': 4},
        'gates_i_f_o_g': {'H': 4}, 'x_in': {'H': 1}, 'h_in': {'H': 1}, 'a_in': {'H': 4}, 'gates_in': {'H': 4},
        'tanh_c_in': {'H': 1}, 'tanh_c': {'H': 1}},
}


def init(
    input_size: int, hidden_size: int, *,
    rng: np.random.Generator | None = None, dtype: Any = np.float64, **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    `fill` sets a vector to one value, as b_o_in=1.0. Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {'D': input_size, 'H': hidden_size}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {symbol} is {size}; sizes are whole numbers, 1 or more")
    dtype = _float_dtype({"dtype": np.empty(0, dtype)})
    vectors: tuple[str, ...] = ('b_i', 'b_f', 'b_g', 'b_o', 'b_i_in', 'b_f_in', 'b_g_in', 'b_o_in')
    for name in fill:
        if name not in vectors:
            raise TypeError(f"init() cannot fill {name}; the vectors of this cell: {', '.join(vectors) or 'none'}")
    bound = 1 / hidden_size**0.5
    drawn = {}
    for name, symbols in _SHAPES.items():
        value = rng.uniform(-bound, bound, [sizes[symbol] for symbol in symbols])
        drawn[name] = np.asarray(np.full_like(value, fill[name]) if name in fill else value, dtype)
    return Params(**drawn)


def forward(
    x: Any, params: Params, state: State | None = None, *,
    precise: bool = False, tape: bool = True, workspace: dict[str, Any] | None = None,
) -> tuple[Array, State, Any]:
    """Run the cell over sequences: x (T, B, D) -> y = h (T, B, H), the last state, the tape.

    state: the initial state, None for zeros. precise: gates and slopes keep full relative accuracy under saturation;
    `backward` follows the tape. tape=False: none is kept, None is returned, the memory of a thousand rows is enough.
    workspace: a dict that keeps arrays from call to call; the next call with it writes over the tape of this one.
    dtype in = dtype out. Raises TypeError, ValueError, naming the array that does not fit.
    """
    x, params, state = _prepared(x, params, state)
    if tape:
        return _forward(x, params, state, precise, workspace)
    y, state = _without_tape(_forward, x, params, state, precise, workspace)
    return y, state, None


def _forward(
    x: Array, params: Params, state: State, precise: bool, workspace: dict[str, Any] | None
) -> tuple[Array, State, Tape | PreciseTape]:
    """The output, the last state, the tape."""
    (T, B), dtype = x.shape[:2], x.dtype
    empty = _empty_in(workspace, "forward")
    sigmoid = _sigmoid_precise if precise else _sigmoid
    shared, half = dtype == np.float32 and not precise, np.array(0.5, dtype)
    add, multiply, tanh = np.add, np.multiply, np.tanh
    # Sizes, parameters, arrays
    H = params.W_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_o, params.W_g))
    b = np.concatenate((params.b_i, params.b_f, params.b_o, params.b_g))
    b_ = np.concatenate((params.b_i_in, params.b_f_in, params.b_o_in, params.b_g_in))
    U = np.concatenate((params.U_i, params.U_f, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    U_ = np.concatenate((params.U_i_in, params.U_f_in, params.U_o_in, params.U_g_in))
    U__T = np.ascontiguousarray(U_.T)
    W_ = np.concatenate((params.W_i_in, params.W_f_in, params.W_o_in, params.W_g_in))
    W__T = np.ascontiguousarray(W_.T)
    gates_i_f_o_g, gates_in = (empty((T, B, 4 * H), dtype) for _ in range(2))
    h_in, x_in, tanh_c_in, tanh_c = (empty((T, B, H), dtype) for _ in range(4))
    a_i_f_o_g = empty((T, B, 4 * H), dtype) if precise else gates_i_f_o_g
    a_in = empty((T, B, 4 * H), dtype) if precise else gates_in
    h, c, c_in = (empty((T + 1, B, H), dtype) for _ in range(3))
    h[0], c[0], c_in[0] = state.h, state.c, state.c_in
    a_g = a_i_f_o_g[..., 3 * H : 4 * H]
    a_i_f_o_g_i_f_o = a_i_f_o_g[..., : 3 * H]
    a_g_in = a_in[..., 3 * H : 4 * H]
    a_in_i_f_o = a_in[..., : 3 * H]
    i, f, o, g = (gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f_o_g_i_f_o = gates_i_f_o_g[..., : 3 * H]
    i_in, f_in, o_in, g_in = (gates_in[..., k * H : (k + 1) * H] for k in range(4))
    gates_in_i_f_o = gates_in[..., : 3 * H]
    # All steps at once: W, b, b_, a_i_f_o_g, a_in -> a_i_f_o_g, a_in
    _times(x, W.T, out=a_i_f_o_g)  # (F1) a_iₜ = W_i xₜ; (F3) a_fₜ = W_f xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
    a_i_f_o_g += b  # (F1) a_iₜ += b_i; (F3) a_fₜ += b_f; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
    a_in[...] = b_  # (F11) a_i_inₜ = b_i_in; (F13) a_f_inₜ = b_f_in; (F17) a_o_inₜ = b_o_in; (F15) a_g_inₜ = b_g_in
    # Step by step: U_T, U__T, W__T, gates_i_f_o_g, gates_in, h_in, x_in, tanh_c_in, tanh_c, a_i_f_o_g, a_in, h, c,
    # c_in -> a_i_f_o_g, gates_i_f_o_g, h_in, a_in, x_in, gates_in, c_in, tanh_c_in, c, tanh_c, h
    h_prev, c_prev, c_in_prev = h[0], c[0], c_in[0]
    for (a_i_f_o_g_t, a_i_f_o_g_i_f_o_t, gates_i_f_o_g_i_f_o_t, f_t, h_in_t, a_in_t, a_g_t, g_t, i_t, x_in_t,
            a_in_i_f_o_t, gates_in_i_f_o_t, a_g_in_t, g_in_t, f_in_t, i_in_t, c_in_t, tanh_c_in_t, o_in_t, c_t,
            tanh_c_t, o_t, h_t, gates_in_t) in zip(a_i_f_o_g, a_i_f_o_g_i_f_o, gates_i_f_o_g_i_f_o, f, h_in, a_in,
            a_g, g, i, x_in, a_in_i_f_o, gates_in_i_f_o, a_g_in, g_in, f_in, i_in, c_in[1:], tanh_c_in, o_in,
            c[1:], tanh_c, o, h[1:], gates_in, strict=True):
        # (F1) a_iₜ += U_i hₜ₋₁; (F3) a_fₜ += U_f hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        a_i_f_o_g_t += h_prev.dot(U_T)
        sigmoid(a_i_f_o_g_i_f_o_t, gates_i_f_o_g_i_f_o_t)  # (F2) iₜ = σ(a_iₜ); (F4) fₜ = σ(a_fₜ); (F8) oₜ = σ(a_oₜ)
        multiply(c_prev, f_t, h_in_t)  # (F10) h_inₜ = cₜ₋₁ ⊙ fₜ
        # (F11) a_i_inₜ += U_i_in h_inₜ; (F13) a_f_inₜ += U_f_in h_inₜ; (F17) a_o_inₜ += U_o_in h_inₜ; (F15) a_g_inₜ +=
        # U_g_in h_inₜ
        a_in_t += h_in_t.dot(U__T)
        tanh(a_g_t, g_t)  # (F6) gₜ = tanh(a_gₜ)
        multiply(i_t, g_t, x_in_t)  # (F9) x_inₜ = iₜ ⊙ gₜ
        # (F11) a_i_inₜ += W_i_in x_inₜ; (F13) a_f_inₜ += W_f_in x_inₜ; (F17) a_o_inₜ += W_o_in x_inₜ; (F15) a_g_inₜ +=
        # W_g_in x_inₜ
        a_in_t += x_in_t.dot(W__T)
        if shared:
            # σ(a) = (1 + tanh(a / 2)) / 2, for one call of tanh
            gates_in_i_f_o_t *= half
            tanh(gates_in_t, gates_in_t)
            gates_in_i_f_o_t *= half
            gates_in_i_f_o_t += half
        else:
            # (F12) i_inₜ = σ(a_i_inₜ); (F14) f_inₜ = σ(a_f_inₜ); (F18) o_inₜ = σ(a_o_inₜ)
            sigmoid(a_in_i_f_o_t, gates_in_i_f_o_t)
            tanh(a_g_in_t, g_in_t)  # (F16) g_inₜ = tanh(a_g_inₜ)
        add(c_in_prev * f_in_t, i_in_t * g_in_t, c_in_t)  # (F19) c_inₜ = c_inₜ₋₁ ⊙ f_inₜ + i_inₜ ⊙ g_inₜ
        tanh(c_in_t, tanh_c_in_t)  # (F20) tanh_c_inₜ = tanh(c_inₜ)
        multiply(o_in_t, tanh_c_in_t, c_t)  # (F21) cₜ = o_inₜ ⊙ tanh_c_inₜ
        tanh(c_t, tanh_c_t)  # (F22) tanh_cₜ = tanh(cₜ)
        multiply(o_t, tanh_c_t, h_t)  # (F23) hₜ = oₜ ⊙ tanh_cₜ
        h_prev, c_prev, c_in_prev = h_t, c_t, c_in_t
    if precise:
        return h[1:].copy(), State(h[T].copy(), c[T].copy(), c_in[T].copy()), PreciseTape(x, h, c, c_in, a_i_f_o_g,
            gates_i_f_o_g, x_in, h_in, a_in, gates_in, tanh_c_in, tanh_c)
    return h[1:].copy(), State(h[T].copy(), c[T].copy(), c_in[T].copy()), Tape(x, h, c, c_in, gates_i_f_o_g, x_in,
        h_in, gates_in, tanh_c_in, tanh_c)


def backward(
    dy: Any, tape: Tape | PreciseTape, params: Params, dstate: State | None = None, *,
    workspace: dict[str, Any] | None = None,
) -> Grads:
    """Gradients of a loss L by backpropagation through time, t = T-1 .. 0.

    dy = dL/dy (T, B, H); params as given to `forward`; dstate = dL/d(state after T steps), None for zeros;
    workspace as in `forward`. Returns dL/dx (T, B, D), dL/dparams (named), dL/d(initial state).
    Raises TypeError, ValueError.
    """
    dy, params, dstate = _cotangents(dy, tape, params, dstate)
    parts = _parts(tape, *dy.shape[:2])
    if len(parts) == 1:
        found = _backward(dy, tape, params, dstate, workspace)
        # What is handed out is no memory of the workspace, which the next call writes over.
        return found if workspace is None else found._replace(x=found.x.copy())
    # What a step needs beside the tape is kept for as many steps at once as a cache holds, not for all.
    d_x: Any = None
    total: Any = None
    for part in parts:
        grads: Any = _backward(dy[part], _part_of(tape, _EXTRA[type(tape)], part), params, dstate, workspace)
        if total is None:
            d_x, total = np.empty((len(dy), *grads.x.shape[1:]), dy.dtype), grads.params
        else:
            for sum_, term in zip(total, grads.params, strict=True):
                sum_ += term
        d_x[part], dstate = grads.x, grads.state
    return Grads(d_x, total, dstate)


def _backward(
    dy: Array, tape: Any, params: Params, dstate: State, workspace: dict[str, Any] | None
) -> Grads:
    """Gradients over steps whose intermediate values are all kept at once."""
    (T, B), dtype = dy.shape[:2], dy.dtype
    empty = _empty_in(workspace, "backward")
    multiply = np.multiply
    # Sizes, parameters, arrays
    H = params.W_i.shape[0]
    (x, h, c, c_in, gates_i_f_o_g, x_in, h_in, gates_in, tanh_c_in, tanh_c) = (tape.x, tape.h, tape.c, tape.c_in,
        tape.gates_i_f_o_g, tape.x_in, tape.h_in, tape.gates_in, tape.tanh_c_in, tape.tanh_c)
    U = np.concatenate((params.U_i_in, params.U_f_in, params.U_o_in, params.U_g_in))
    W = np.concatenate((params.W_i_in, params.W_f_in, params.W_o_in, params.W_g_in))
    U_ = np.concatenate((params.U_i, params.U_f, params.U_o, params.U_g))
    W_ = np.concatenate((params.W_i, params.W_f, params.W_o, params.W_g))
    d_gates_in, d_gates_i_f_o_g = (empty((B, 4 * H), dtype) for _ in range(2))
    d_a_in, d_a_i_f_o_g = (empty((T, B, 4 * H), dtype) for _ in range(2))
    d_h_next, d_c_next, d_c_in_next = dstate.h, dstate.c, dstate.c_in
    d_a_g = d_a_i_f_o_g[..., 3 * H : 4 * H]
    d_a_i_f_o_g_i_f_o = d_a_i_f_o_g[..., : 3 * H]
    d_a_g_in = d_a_in[..., 3 * H : 4 * H]
    d_a_in_i_f_o = d_a_in[..., : 3 * H]
    d_i, d_f, d_o, d_g = (d_gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    d_i_in, d_f_in, d_o_in, d_g_in = (d_gates_in[..., k * H : (k + 1) * H] for k in range(4))
    i, f, o, g = (gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f_o_g_i_f_o = gates_i_f_o_g[..., : 3 * H]
    i_in, f_in, o_in, g_in = (gates_in[..., k * H : (k + 1) * H] for k in range(4))
    gates_in_i_f_o = gates_in[..., : 3 * H]
    # All steps at once: c, c_in, gates_i_f_o_g, gates_in, tanh_c_in, tanh_c, d_a_in, d_a_i_f_o_g -> tanh_c_slope,
    # tanh_c_in_slope, d_a_in, d_a_i_f_o_g
    if isinstance(tape, PreciseTape):
        a_i_f_o_g, a_in = tape.a_i_f_o_g, tape.a_in
        a_g = a_i_f_o_g[..., 3 * H : 4 * H]
        a_i_f_o_g_i_f_o = a_i_f_o_g[..., : 3 * H]
        a_g_in = a_in[..., 3 * H : 4 * H]
        a_in_i_f_o = a_in[..., : 3 * H]
        tanh_c_slope = _tanh_slope(c[1:])  # (B3) tanh_c′ₜ = tanh′(cₜ)
        tanh_c_in_slope = _tanh_slope(c_in[1:])  # (B6) tanh_c_in′ₜ = tanh′(c_inₜ)
        # (B18) i_in′ₜ = σ′(a_i_inₜ); (B15) f_in′ₜ = σ′(a_f_inₜ); (B9) o_in′ₜ = σ′(a_o_inₜ)
        d_a_in_i_f_o[...] = _sigmoid_slope(a_in_i_f_o)
        # (B32) i′ₜ = σ′(a_iₜ); (B29) f′ₜ = σ′(a_fₜ); (B23) o′ₜ = σ′(a_oₜ)
        d_a_i_f_o_g_i_f_o[...] = _sigmoid_slope(a_i_f_o_g_i_f_o)
        d_a_g_in[...] = _tanh_slope(a_g_in)  # (B12) g_in′ₜ = tanh′(a_g_inₜ)
        d_a_g[...] = _tanh_slope(a_g)  # (B26) g′ₜ = tanh′(a_gₜ)
    else:
        tanh_c_slope = 1 - tanh_c**2  # (B3) tanh_c′ₜ = 1 − tanh_cₜ²
        tanh_c_in_slope = 1 - tanh_c_in**2  # (B6) tanh_c_in′ₜ = 1 − tanh_c_inₜ²
        # (B18) i_in′ₜ = i_inₜ ⊙ (1 − i_inₜ); (B15) f_in′ₜ = f_inₜ ⊙ (1 − f_inₜ); (B9) o_in′ₜ = o_inₜ ⊙ (1 − o_inₜ)
        np.subtract(1, gates_in_i_f_o, out=d_a_in_i_f_o)
        d_a_in_i_f_o *= gates_in_i_f_o
        # (B32) i′ₜ = iₜ ⊙ (1 − iₜ); (B29) f′ₜ = fₜ ⊙ (1 − fₜ); (B23) o′ₜ = oₜ ⊙ (1 − oₜ)
        np.subtract(1, gates_i_f_o_g_i_f_o, out=d_a_i_f_o_g_i_f_o)
        d_a_i_f_o_g_i_f_o *= gates_i_f_o_g_i_f_o
        # (B12) g_in′ₜ = 1 − g_inₜ²
        np.multiply(g_in, g_in, out=d_a_g_in)
        np.subtract(1, d_a_g_in, out=d_a_g_in)
        # (B26) g′ₜ = 1 − gₜ²
        np.multiply(g, g, out=d_a_g)
        np.subtract(1, d_a_g, out=d_a_g)
    # Step by step, backwards: c, c_in, gates_i_f_o_g, gates_in, tanh_c_in, tanh_c, U, W, U_, d_gates_in,
    # d_gates_i_f_o_g, d_a_in, d_a_i_f_o_g, d_h_next, d_c_next, d_c_in_next, tanh_c_slope, tanh_c_in_slope ->
    # d_a_in, d_a_i_f_o_g
    for (dy_t, o_t, tanh_c_slope_t, o_in_t, tanh_c_in_slope_t, tanh_c_in_t, i_in_t, c_in_prev, g_in_t, tanh_c_t,
            f_in_t, d_a_in_t, i_t, c_prev, g_t, f_t, d_a_i_f_o_g_t) in zip(dy[::-1], o[::-1], tanh_c_slope[::-1],
            o_in[::-1], tanh_c_in_slope[::-1], tanh_c_in[::-1], i_in[::-1], c_in[:-1][::-1], g_in[::-1],
            tanh_c[::-1], f_in[::-1], d_a_in[::-1], i[::-1], c[:-1][::-1], g[::-1], f[::-1], d_a_i_f_o_g[::-1],
            strict=True):
        d_h = dy_t + d_h_next  # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_tanh_c = d_h * o_t  # (B2) δtanh_cₜ = δhₜ ⊙ oₜ
        d_c = d_c_next + d_tanh_c * tanh_c_slope_t  # (B4) δcₜ = δc⁺ₜ + δtanh_cₜ ⊙ tanh_c′ₜ
        d_tanh_c_in = d_c * o_in_t  # (B5) δtanh_c_inₜ = δcₜ ⊙ o_inₜ
        d_c_in = d_c_in_next + d_tanh_c_in * tanh_c_in_slope_t  # (B7) δc_inₜ = δc_in⁺ₜ + δtanh_c_inₜ ⊙ tanh_c_in′ₜ
        multiply(d_c, tanh_c_in_t, d_o_in)  # (B8) δo_inₜ = δcₜ ⊙ tanh_c_inₜ
        multiply(d_c_in, i_in_t, d_g_in)  # (B11) δg_inₜ = δc_inₜ ⊙ i_inₜ
        multiply(d_c_in, c_in_prev, d_f_in)  # (B14) δf_inₜ = δc_inₜ ⊙ c_inₜ₋₁
        multiply(d_c_in, g_in_t, d_i_in)  # (B17) δi_inₜ = δc_inₜ ⊙ g_inₜ
        multiply(d_h, tanh_c_t, d_o)  # (B22) δoₜ = δhₜ ⊙ tanh_cₜ
        d_c_in_prev = d_c_in * f_in_t  # (B36) δc_in⁺ₜ₋₁ = δc_inₜ ⊙ f_inₜ
        # (B19) δa_i_inₜ = δi_inₜ ⊙ i_in′ₜ; (B16) δa_f_inₜ = δf_inₜ ⊙ f_in′ₜ; (B10) δa_o_inₜ = δo_inₜ ⊙ o_in′ₜ; (B13)
        # δa_g_inₜ = δg_inₜ ⊙ g_in′ₜ
        d_a_in_t *= d_gates_in
        # (B20) δh_inₜ = U_o_inᵀ δa_o_inₜ + U_g_inᵀ δa_g_inₜ + U_f_inᵀ δa_f_inₜ + U_i_inᵀ δa_i_inₜ
        d_h_in = d_a_in_t.dot(U)
        # (B21) δx_inₜ = W_o_inᵀ δa_o_inₜ + W_g_inᵀ δa_g_inₜ + W_f_inᵀ δa_f_inₜ + W_i_inᵀ δa_i_inₜ
        d_x_in = d_a_in_t.dot(W)
        multiply(d_x_in, i_t, d_g)  # (B25) δgₜ = δx_inₜ ⊙ iₜ
        multiply(d_h_in, c_prev, d_f)  # (B28) δfₜ = δh_inₜ ⊙ cₜ₋₁
        multiply(d_x_in, g_t, d_i)  # (B31) δiₜ = δx_inₜ ⊙ gₜ
        d_c_prev = d_h_in * f_t  # (B35) δc⁺ₜ₋₁ = δh_inₜ ⊙ fₜ
        # (B33) δa_iₜ = δiₜ ⊙ i′ₜ; (B30) δa_fₜ = δfₜ ⊙ f′ₜ; (B24) δa_oₜ = δoₜ ⊙ o′ₜ; (B27) δa_gₜ = δgₜ ⊙ g′ₜ
        d_a_i_f_o_g_t *= d_gates_i_f_o_g
        d_h_prev = d_a_i_f_o_g_t.dot(U_)  # (B34) δh⁺ₜ₋₁ = U_oᵀ δa_oₜ + U_gᵀ δa_gₜ + U_fᵀ δa_fₜ + U_iᵀ δa_iₜ
        d_h_next, d_c_next, d_c_in_next = d_h_prev, d_c_prev, d_c_in_prev
    # All steps at once: x, h, x_in, h_in, W_, d_a_in, d_a_i_f_o_g -> d_x, d_W, d_U, d_b, d_W_, d_U_, d_b_
    d_x = _times(d_a_i_f_o_g, W_)  # (B37) δxₜ = W_oᵀ δa_oₜ + W_gᵀ δa_gₜ + W_fᵀ δa_fₜ + W_iᵀ δa_iₜ
    # (B38) δW_i = Σₜ δa_iₜ xₜᵀ; (B41) δW_f = Σₜ δa_fₜ xₜᵀ; (B44) δW_g = Σₜ δa_gₜ xₜᵀ; (B47) δW_o = Σₜ δa_oₜ xₜᵀ
    d_W = _outer(d_a_i_f_o_g, x)
    d_W_i, d_W_f, d_W_o, d_W_g = (d_W[k * H : (k + 1) * H] for k in range(4))
    # (B39) δU_i = Σₜ δa_iₜ hₜ₋₁ᵀ; (B42) δU_f = Σₜ δa_fₜ hₜ₋₁ᵀ; (B45) δU_g = Σₜ δa_gₜ hₜ₋₁ᵀ; (B48) δU_o = Σₜ δa_oₜ
    # hₜ₋₁ᵀ
    d_U = _outer(d_a_i_f_o_g, h[:-1])
    d_U_i, d_U_f, d_U_o, d_U_g = (d_U[k * H : (k + 1) * H] for k in range(4))
    # (B40) δb_i = Σₜ δa_iₜ; (B43) δb_f = Σₜ δa_fₜ; (B46) δb_g = Σₜ δa_gₜ; (B49) δb_o = Σₜ δa_oₜ
    d_b = _over_time(d_a_i_f_o_g)
    d_b_i, d_b_f, d_b_o, d_b_g = (d_b[k * H : (k + 1) * H] for k in range(4))
    # (B50) δW_i_in = Σₜ δa_i_inₜ x_inₜᵀ; (B53) δW_f_in = Σₜ δa_f_inₜ x_inₜᵀ; (B56) δW_g_in = Σₜ δa_g_inₜ x_inₜᵀ;
    # (B59) δW_o_in = Σₜ δa_o_inₜ x_inₜᵀ
    d_W_ = _outer(d_a_in, x_in)
    d_W_i_in, d_W_f_in, d_W_o_in, d_W_g_in = (d_W_[k * H : (k + 1) * H] for k in range(4))
    # (B51) δU_i_in = Σₜ δa_i_inₜ h_inₜᵀ; (B54) δU_f_in = Σₜ δa_f_inₜ h_inₜᵀ; (B57) δU_g_in = Σₜ δa_g_inₜ h_inₜᵀ;
    # (B60) δU_o_in = Σₜ δa_o_inₜ h_inₜᵀ
    d_U_ = _outer(d_a_in, h_in)
    d_U_i_in, d_U_f_in, d_U_o_in, d_U_g_in = (d_U_[k * H : (k + 1) * H] for k in range(4))
    # (B52) δb_i_in = Σₜ δa_i_inₜ; (B55) δb_f_in = Σₜ δa_f_inₜ; (B58) δb_g_in = Σₜ δa_g_inₜ; (B61) δb_o_in = Σₜ
    # δa_o_inₜ
    d_b_ = _over_time(d_a_in)
    d_b_i_in, d_b_f_in, d_b_o_in, d_b_g_in = (d_b_[k * H : (k + 1) * H] for k in range(4))
    return Grads(d_x, Params(d_W_i, d_U_i, d_b_i, d_W_f, d_U_f, d_b_f, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_b_o,
        d_W_i_in, d_U_i_in, d_b_i_in, d_W_f_in, d_U_f_in, d_b_f_in, d_W_g_in, d_U_g_in, d_b_g_in, d_W_o_in,
        d_U_o_in, d_b_o_in), State(d_h_next.copy(), d_c_next.copy(), d_c_in_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    tanh = np.tanh
    x = x_t
    h_prev, c_prev, c_in_prev = state
    (W_i, U_i, b_i, W_f, U_f, b_f, W_g, U_g, b_g, W_o, U_o, b_o, W_i_in, U_i_in, b_i_in, W_f_in, U_f_in, b_f_in,
        W_g_in, U_g_in, b_g_in, W_o_in, U_o_in, b_o_in) = (params)
    a_i = x @ W_i.T + h_prev @ U_i.T + b_i  # (F1) a_iₜ = W_i xₜ + U_i hₜ₋₁ + b_i
    i = _sigmoid(a_i)  # (F2) iₜ = σ(a_iₜ)
    a_f = x @ W_f.T + h_prev @ U_f.T + b_f  # (F3) a_fₜ = W_f xₜ + U_f hₜ₋₁ + b_f
    f = _sigmoid(a_f)  # (F4) fₜ = σ(a_fₜ)
    a_g = x @ W_g.T + h_prev @ U_g.T + b_g  # (F5) a_gₜ = W_g xₜ + U_g hₜ₋₁ + b_g
    g = np.tanh(a_g)  # (F6) gₜ = tanh(a_gₜ)
    a_o = x @ W_o.T + h_prev @ U_o.T + b_o  # (F7) a_oₜ = W_o xₜ + U_o hₜ₋₁ + b_o
    o = _sigmoid(a_o)  # (F8) oₜ = σ(a_oₜ)
    x_in = i * g  # (F9) x_inₜ = iₜ ⊙ gₜ
    h_in = c_prev * f  # (F10) h_inₜ = cₜ₋₁ ⊙ fₜ
    a_i_in = x_in @ W_i_in.T + h_in @ U_i_in.T + b_i_in  # (F11) a_i_inₜ = W_i_in x_inₜ + U_i_in h_inₜ + b_i_in
    i_in = _sigmoid(a_i_in)  # (F12) i_inₜ = σ(a_i_inₜ)
    a_f_in = x_in @ W_f_in.T + h_in @ U_f_in.T + b_f_in  # (F13) a_f_inₜ = W_f_in x_inₜ + U_f_in h_inₜ + b_f_in
    f_in = _sigmoid(a_f_in)  # (F14) f_inₜ = σ(a_f_inₜ)
    a_g_in = x_in @ W_g_in.T + h_in @ U_g_in.T + b_g_in  # (F15) a_g_inₜ = W_g_in x_inₜ + U_g_in h_inₜ + b_g_in
    g_in = np.tanh(a_g_in)  # (F16) g_inₜ = tanh(a_g_inₜ)
    a_o_in = x_in @ W_o_in.T + h_in @ U_o_in.T + b_o_in  # (F17) a_o_inₜ = W_o_in x_inₜ + U_o_in h_inₜ + b_o_in
    o_in = _sigmoid(a_o_in)  # (F18) o_inₜ = σ(a_o_inₜ)
    c_in = c_in_prev * f_in + i_in * g_in  # (F19) c_inₜ = c_inₜ₋₁ ⊙ f_inₜ + i_inₜ ⊙ g_inₜ
    tanh_c_in = np.tanh(c_in)  # (F20) tanh_c_inₜ = tanh(c_inₜ)
    c = o_in * tanh_c_in  # (F21) cₜ = o_inₜ ⊙ tanh_c_inₜ
    tanh_c = np.tanh(c)  # (F22) tanh_cₜ = tanh(cₜ)
    h = o * tanh_c  # (F23) hₜ = oₜ ⊙ tanh_cₜ
    return h, State(h, c, c_in)


def stepper(params: Params, batch: int = 1) -> Any:
    """step() for many steps with the same parameters, which are packed once, and memory that is made once.

    Gives advance(x_t (B, D), state) -> y_t (B, H) and the new state, for B = batch, in the dtype of the
    parameters; what changes in these later is not seen. As `step` it takes its arrays as they come, and y_t may be an
    array of the state. One stepper is for one thread. Raises TypeError, ValueError for parameters that do not fit.
    """
    _sizes_of(params, _SHAPES)
    dtype = _float_dtype(_named("params", params, _SHAPES))
    params = Params(*(np.array(value, dtype) for value in params))
    B = batch
    shared, half = dtype == np.float32, np.array(0.5, dtype)
    tanh = np.tanh
    H = params.W_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_o, params.W_g))
    W_T = np.ascontiguousarray(W.T)
    U = np.concatenate((params.U_i, params.U_f, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    b = np.concatenate((params.b_i, params.b_f, params.b_o, params.b_g))
    b_ = np.concatenate((params.b_i_in, params.b_f_in, params.b_o_in, params.b_g_in))
    U_ = np.concatenate((params.U_i_in, params.U_f_in, params.U_o_in, params.U_g_in))
    U__T = np.ascontiguousarray(U_.T)
    W_ = np.concatenate((params.W_i_in, params.W_f_in, params.W_o_in, params.W_g_in))
    W__T = np.ascontiguousarray(W_.T)
    gates_i_f_o_g, gates_in = (np.empty((B, 4 * H), dtype) for _ in range(2))
    i, f, o, g = (gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f_o_g_i_f_o = gates_i_f_o_g[..., : 3 * H]
    i_in, f_in, o_in, g_in = (gates_in[..., k * H : (k + 1) * H] for k in range(4))
    gates_in_i_f_o = gates_in[..., : 3 * H]

    def advance(x_t: Array, state: State) -> tuple[Array, State]:
        """One step."""
        nonlocal gates_i_f_o_g, gates_in, gates_i_f_o_g_i_f_o, g, gates_in_i_f_o, g_in
        x = x_t
        h_prev, c_prev, c_in_prev = state
        x.dot(W_T, gates_i_f_o_g)  # (F1) a_iₜ = W_i xₜ; (F3) a_fₜ = W_f xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
        # (F1) a_iₜ += U_i hₜ₋₁; (F3) a_fₜ += U_f hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        gates_i_f_o_g += h_prev.dot(U_T)
        gates_i_f_o_g += b  # (F1) a_iₜ += b_i; (F3) a_fₜ += b_f; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
        # (F11) a_i_inₜ = b_i_in; (F13) a_f_inₜ = b_f_in; (F17) a_o_inₜ = b_o_in; (F15) a_g_inₜ = b_g_in
        gates_in[...] = b_
        _sigmoid(gates_i_f_o_g_i_f_o, gates_i_f_o_g_i_f_o)  # (F2) iₜ = σ(a_iₜ); (F4) fₜ = σ(a_fₜ); (F8) oₜ = σ(a_oₜ)
        h_in = c_prev * f  # (F10) h_inₜ = cₜ₋₁ ⊙ fₜ
        # (F11) a_i_inₜ += U_i_in h_inₜ; (F13) a_f_inₜ += U_f_in h_inₜ; (F17) a_o_inₜ += U_o_in h_inₜ; (F15) a_g_inₜ +=
        # U_g_in h_inₜ
        gates_in += h_in.dot(U__T)
        tanh(g, g)  # (F6) gₜ = tanh(a_gₜ)
        x_in = i * g  # (F9) x_inₜ = iₜ ⊙ gₜ
        # (F11) a_i_inₜ += W_i_in x_inₜ; (F13) a_f_inₜ += W_f_in x_inₜ; (F17) a_o_inₜ += W_o_in x_inₜ; (F15) a_g_inₜ +=
        # W_g_in x_inₜ
        gates_in += x_in.dot(W__T)
        if shared:
            # σ(a) = (1 + tanh(a / 2)) / 2, for one call of tanh
            gates_in_i_f_o *= half
            tanh(gates_in, gates_in)
            gates_in_i_f_o *= half
            gates_in_i_f_o += half
        else:
            # (F12) i_inₜ = σ(a_i_inₜ); (F14) f_inₜ = σ(a_f_inₜ); (F18) o_inₜ = σ(a_o_inₜ)
            _sigmoid(gates_in_i_f_o, gates_in_i_f_o)
            tanh(g_in, g_in)  # (F16) g_inₜ = tanh(a_g_inₜ)
        c_in = c_in_prev * f_in + i_in * g_in  # (F19) c_inₜ = c_inₜ₋₁ ⊙ f_inₜ + i_inₜ ⊙ g_inₜ
        tanh_c_in = tanh(c_in)  # (F20) tanh_c_inₜ = tanh(c_inₜ)
        c = o_in * tanh_c_in  # (F21) cₜ = o_inₜ ⊙ tanh_c_inₜ
        tanh_c = tanh(c)  # (F22) tanh_cₜ = tanh(cₜ)
        h = o * tanh_c  # (F23) hₜ = oₜ ⊙ tanh_cₜ
        return h, State(h, c, c_in)

    return advance


def jvp(
    x: Any, params: Params, state: State | None = None, *,
    x_dot: Any = None, params_dot: Params | None = None, state_dot: State | None = None,
) -> tuple[Array, Array, State, State]:
    """Forward mode, in the precise form: the derivative along (x_dot, params_dot, state_dot), each None for zero.

    Returns y and y_dot (T, B, H), the state after T steps and its tangent. Raises TypeError, ValueError.
    """
    y, y_dot, state, state_dot, _ = _tangents(*_directions(x, params, state, x_dot, params_dot, state_dot, {}))
    return y, y_dot, state, state_dot


def hvp(
    x: Any, params: Params, state: State | None = None, *, dy: Any, dstate: State | None = None,
    x_dot: Any = None, params_dot: Params | None = None, state_dot: State | None = None,
    dy_dot: Any = None, dstate_dot: State | None = None,
) -> tuple[Grads, Grads]:
    """Second order, in the precise form: the gradients and their derivative along a direction.

    dy = dL/dy (T, B, H) and dstate as in `backward`; the direction (x_dot, params_dot, state_dot) as in `jvp`.
    dy_dot, dstate_dot: the derivative of dy and dstate along it, None where they are constant (a loss linear in y).
    Returns (gradients, Hessian-vector product), both as Grads. Raises TypeError, ValueError.
    """
    given = {"dy": dy, **_named("dstate", dstate, _STATE_SHAPES), **_named("dstate_dot", dstate_dot, _STATE_SHAPES)}
    given |= {} if dy_dot is None else {"dy_dot": dy_dot}
    point = _directions(x, params, state, x_dot, params_dot, state_dot, given)
    dtype = point[0].dtype
    sizes = _sizes_of(point[1], _SHAPES) | {"T": point[0].shape[0], "B": point[0].shape[1]}
    dy = _checked("dy", dy, ("T", "B", "H"), sizes, dtype)
    sizes["H"] = dy.shape[2]
    dy_dot = np.zeros_like(dy) if dy_dot is None else _checked("dy_dot", dy_dot, ("T", "B", "H"), sizes, dtype)
    # The states tell what no parameter may tell: their own sizes.
    zeros = State(*map(np.zeros_like, point[2]))
    dstate = State(*_checked_fields("dstate", zeros if dstate is None else dstate, _STATE_SHAPES, sizes, dtype))
    dstate_dot = zeros if dstate_dot is None else dstate_dot
    dstate_dot = State(*_checked_fields("dstate_dot", dstate_dot, _STATE_SHAPES, sizes, dtype))
    *_, tape = _tangents(*point)
    return _second_order(dy, dy_dot, tape, point[1], point[4], dstate, dstate_dot)


def jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/ds[t-1] over all states, in the order of State, at step t of the tape.

    (B, S, S), of several steps (n, B, S, S); S sums the state sizes. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    H = sizes["H"]
    out = np.zeros((*lead, at[-1].stop, at[-1].stop), dtype)
    # d x_in[t] / d h[t-1]
    d_x_in_d_h_prev = np.zeros((*lead, H, H), dtype)
    _weighted(d_x_in_d_h_prev, [(v.g * v.i_slope, params.U_i), (v.i * v.g_slope, params.U_g)])
    # d c_in[t] / d h[t-1]
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in @ (d_x_in_d_h_prev),
        out=out[..., at.c_in, at.h])
    out[..., at.c_in, at.h] += (v.c_in_prev * v.f_in_slope)[..., :, None] * params.U_f_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.U_f)
    out[..., at.c_in, at.h] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ (d_x_in_d_h_prev)
    out[..., at.c_in, at.h] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.U_f)
    out[..., at.c_in, at.h] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ (d_x_in_d_h_prev)
    out[..., at.c_in, at.h] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.U_f)
    # d c_in[t] / d c[t-1]
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.U_f_in * v.f[..., None, :],
        out=out[..., at.c_in, at.c])
    out[..., at.c_in, at.c] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in * v.f[..., None, :]
    out[..., at.c_in, at.c] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in * v.f[..., None, :]
    _diagonal(out[..., at.c_in, at.c_in])[...] += v.f_in  # d c_in[t] / d c_in[t-1]
    # d c[t] / d h[t-1]
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in @ (d_x_in_d_h_prev),
        out=out[..., at.c, at.h])
    out[..., at.c, at.h] += (v.tanh_c_in * v.o_in_slope)[..., :, None] * params.U_o_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.U_f)
    out[..., at.c, at.h] += (v.o_in * v.tanh_c_in_slope)[..., :, None] * out[..., at.c_in, at.h]
    del d_x_in_d_h_prev
    # d c[t] / d c[t-1]
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.U_o_in * v.f[..., None, :],
        out=out[..., at.c, at.c])
    out[..., at.c, at.c] += (v.o_in * v.tanh_c_in_slope)[..., :, None] * out[..., at.c_in, at.c]
    # d c[t] / d c_in[t-1]
    _diagonal(out[..., at.c, at.c_in])[...] += (v.o_in
        * v.tanh_c_in_slope) * (_diagonal(out[..., at.c_in, at.c_in]))
    # d h[t] / d h[t-1]
    _weighted(out[..., at.h, at.h], [(v.tanh_c * v.o_slope, params.U_o)])
    out[..., at.h, at.h] += (v.o * v.tanh_c_slope)[..., :, None] * out[..., at.c, at.h]
    # d h[t] / d c[t-1]
    np.multiply((v.o * v.tanh_c_slope)[..., :, None], out[..., at.c, at.c], out=out[..., at.h, at.c])
    # d h[t] / d c_in[t-1]
    _diagonal(out[..., at.h, at.c_in])[...] += (v.o * v.tanh_c_slope) * (_diagonal(out[..., at.c, at.c_in]))
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, D), of several steps (n, B, S, D); S sums the state sizes. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    D, H = sizes["D"], sizes["H"]
    out = np.zeros((*lead, at[-1].stop, sizes["D"]), dtype)
    # d x_in[t] / d x[t]
    d_x_in_d_x = np.zeros((*lead, H, D), dtype)
    _weighted(d_x_in_d_x, [(v.g * v.i_slope, params.W_i), (v.i * v.g_slope, params.W_g)])
    # d c_in[t] / d x[t]
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in @ (d_x_in_d_x), out=out[..., at.c_in, :])
    out[..., at.c_in, :] += (v.c_in_prev * v.f_in_slope)[..., :, None] * params.U_f_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.W_f)
    out[..., at.c_in, :] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ (d_x_in_d_x)
    out[..., at.c_in, :] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.W_f)
    out[..., at.c_in, :] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ (d_x_in_d_x)
    out[..., at.c_in, :] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.W_f)
    # d c[t] / d x[t]
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in @ (d_x_in_d_x), out=out[..., at.c, :])
    out[..., at.c, :] += (v.tanh_c_in * v.o_in_slope)[..., :, None] * params.U_o_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.W_f)
    out[..., at.c, :] += (v.o_in * v.tanh_c_in_slope)[..., :, None] * out[..., at.c_in, :]
    del d_x_in_d_x
    # d h[t] / d x[t]
    _weighted(out[..., at.h, :], [(v.tanh_c * v.o_slope, params.W_o)])
    out[..., at.h, :] += (v.o * v.tanh_c_slope)[..., :, None] * out[..., at.c, :]
    return out


def parameter_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Params:
    """The Jacobian ds[t]/dp of all states for each parameter p at step t, with s[t-1] held fixed: a Params.

    (B, S, *shape of p), of several steps (n, B, S, *shape of p): what forward-mode learning (RTRL) adds at every step.
    It takes S times the memory of the parameters. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    columns = _ranges(Params, _SHAPES, sizes)
    H = sizes["H"]
    out = np.zeros((*lead, at[-1].stop, columns[-1].stop), dtype)
    # d c_in[t] / d W_i
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in
        @ ((v.g * v.i_slope)[..., :, None] * _applied(v.x, H)), out=out[..., at.c_in, columns.W_i])
    out[..., at.c_in, columns.W_i] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ ((v.g
        * v.i_slope)[..., :, None] * _applied(v.x, H))
    out[..., at.c_in, columns.W_i] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ ((v.g
        * v.i_slope)[..., :, None] * _applied(v.x, H))
    # d c_in[t] / d U_i
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in
        @ ((v.g * v.i_slope)[..., :, None] * _applied(v.h_prev, H)), out=out[..., at.c_in, columns.U_i])
    out[..., at.c_in, columns.U_i] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ ((v.g
        * v.i_slope)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.c_in, columns.U_i] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ ((v.g
        * v.i_slope)[..., :, None] * _applied(v.h_prev, H))
    # d c_in[t] / d b_i
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in * (v.g * v.i_slope)[..., None, :],
        out=out[..., at.c_in, columns.b_i])
    out[..., at.c_in, columns.b_i] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in * (v.g
        * v.i_slope)[..., None, :]
    out[..., at.c_in, columns.b_i] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in * (v.g
        * v.i_slope)[..., None, :]
    # d c_in[t] / d W_f
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.U_f_in
        @ ((v.c_prev * v.f_slope)[..., :, None] * _applied(v.x, H)), out=out[..., at.c_in, columns.W_f])
    out[..., at.c_in, columns.W_f] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * _applied(v.x, H))
    out[..., at.c_in, columns.W_f] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * _applied(v.x, H))
    # d c_in[t] / d U_f
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.U_f_in
        @ ((v.c_prev * v.f_slope)[..., :, None] * _applied(v.h_prev, H)), out=out[..., at.c_in, columns.U_f])
    out[..., at.c_in, columns.U_f] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.c_in, columns.U_f] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * _applied(v.h_prev, H))
    # d c_in[t] / d b_f
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.U_f_in * (v.c_prev * v.f_slope)[..., None, :],
        out=out[..., at.c_in, columns.b_f])
    out[..., at.c_in, columns.b_f] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in * (v.c_prev
        * v.f_slope)[..., None, :]
    out[..., at.c_in, columns.b_f] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in * (v.c_prev
        * v.f_slope)[..., None, :]
    # d c_in[t] / d W_g
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in
        @ ((v.i * v.g_slope)[..., :, None] * _applied(v.x, H)), out=out[..., at.c_in, columns.W_g])
    out[..., at.c_in, columns.W_g] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ ((v.i
        * v.g_slope)[..., :, None] * _applied(v.x, H))
    out[..., at.c_in, columns.W_g] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ ((v.i
        * v.g_slope)[..., :, None] * _applied(v.x, H))
    # d c_in[t] / d U_g
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in
        @ ((v.i * v.g_slope)[..., :, None] * _applied(v.h_prev, H)), out=out[..., at.c_in, columns.U_g])
    out[..., at.c_in, columns.U_g] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ ((v.i
        * v.g_slope)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.c_in, columns.U_g] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ ((v.i
        * v.g_slope)[..., :, None] * _applied(v.h_prev, H))
    # d c_in[t] / d b_g
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in * (v.i * v.g_slope)[..., None, :],
        out=out[..., at.c_in, columns.b_g])
    out[..., at.c_in, columns.b_g] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in * (v.i
        * v.g_slope)[..., None, :]
    out[..., at.c_in, columns.b_g] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in * (v.i
        * v.g_slope)[..., None, :]
    # d c_in[t] / d W_i_in
    np.multiply((v.g_in * v.i_in_slope)[..., :, None], _applied(v.x_in, H), out=out[..., at.c_in, columns.W_i_in])
    # d c_in[t] / d U_i_in
    np.multiply((v.g_in * v.i_in_slope)[..., :, None], _applied(v.h_in, H), out=out[..., at.c_in, columns.U_i_in])
    _diagonal(out[..., at.c_in, columns.b_i_in])[...] += v.g_in * v.i_in_slope  # d c_in[t] / d b_i_in
    # d c_in[t] / d W_f_in
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], _applied(v.x_in, H),
        out=out[..., at.c_in, columns.W_f_in])
    # d c_in[t] / d U_f_in
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], _applied(v.h_in, H),
        out=out[..., at.c_in, columns.U_f_in])
    _diagonal(out[..., at.c_in, columns.b_f_in])[...] += v.c_in_prev * v.f_in_slope  # d c_in[t] / d b_f_in
    # d c_in[t] / d W_g_in
    np.multiply((v.i_in * v.g_in_slope)[..., :, None], _applied(v.x_in, H), out=out[..., at.c_in, columns.W_g_in])
    # d c_in[t] / d U_g_in
    np.multiply((v.i_in * v.g_in_slope)[..., :, None], _applied(v.h_in, H), out=out[..., at.c_in, columns.U_g_in])
    _diagonal(out[..., at.c_in, columns.b_g_in])[...] += v.i_in * v.g_in_slope  # d c_in[t] / d b_g_in
    # d c[t] / d W_i
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in
        @ ((v.g * v.i_slope)[..., :, None] * _applied(v.x, H)), out=out[..., at.c, columns.W_i])
    # d c[t] / d U_i
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in
        @ ((v.g * v.i_slope)[..., :, None] * _applied(v.h_prev, H)), out=out[..., at.c, columns.U_i])
    # d c[t] / d b_i
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in * (v.g * v.i_slope)[..., None, :],
        out=out[..., at.c, columns.b_i])
    # d c[t] / d W_f
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.U_o_in
        @ ((v.c_prev * v.f_slope)[..., :, None] * _applied(v.x, H)), out=out[..., at.c, columns.W_f])
    # d c[t] / d U_f
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.U_o_in
        @ ((v.c_prev * v.f_slope)[..., :, None] * _applied(v.h_prev, H)), out=out[..., at.c, columns.U_f])
    # d c[t] / d b_f
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.U_o_in * (v.c_prev * v.f_slope)[..., None, :],
        out=out[..., at.c, columns.b_f])
    # d c[t] / d W_g
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in
        @ ((v.i * v.g_slope)[..., :, None] * _applied(v.x, H)), out=out[..., at.c, columns.W_g])
    # d c[t] / d U_g
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in
        @ ((v.i * v.g_slope)[..., :, None] * _applied(v.h_prev, H)), out=out[..., at.c, columns.U_g])
    # d c[t] / d b_g
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in * (v.i * v.g_slope)[..., None, :],
        out=out[..., at.c, columns.b_g])
    # d c[t] / d W_o_in
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], _applied(v.x_in, H), out=out[..., at.c, columns.W_o_in])
    # d c[t] / d U_o_in
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], _applied(v.h_in, H), out=out[..., at.c, columns.U_o_in])
    _diagonal(out[..., at.c, columns.b_o_in])[...] += v.tanh_c_in * v.o_in_slope  # d c[t] / d b_o_in
    # d c[t] / d c_in[t], and on
    out[..., at.c, columns.W_i.start : columns.b_g.stop] += (v.o_in
        * v.tanh_c_in_slope)[..., :, None] * out[..., at.c_in, columns.W_i.start : columns.b_g.stop]
    # d c[t] / d c_in[t], and on
    out[..., at.c, columns.W_i_in.start : columns.b_g_in.stop] += (v.o_in
        * v.tanh_c_in_slope)[..., :, None] * out[..., at.c_in, columns.W_i_in.start : columns.b_g_in.stop]
    # d h[t] / d W_o
    np.multiply((v.tanh_c * v.o_slope)[..., :, None], _applied(v.x, H), out=out[..., at.h, columns.W_o])
    # d h[t] / d U_o
    np.multiply((v.tanh_c * v.o_slope)[..., :, None], _applied(v.h_prev, H), out=out[..., at.h, columns.U_o])
    _diagonal(out[..., at.h, columns.b_o])[...] += v.tanh_c * v.o_slope  # d h[t] / d b_o
    # d h[t] / d c[t], and on
    out[..., at.h, columns.W_i.start : columns.b_g.stop] += (v.o
        * v.tanh_c_slope)[..., :, None] * out[..., at.c, columns.W_i.start : columns.b_g.stop]
    # d h[t] / d c[t], and on
    out[..., at.h, columns.W_i_in.start : columns.b_o_in.stop] += (v.o
        * v.tanh_c_slope)[..., :, None] * out[..., at.c, columns.W_i_in.start : columns.b_o_in.stop]
    return Params(*(out[..., c].reshape(*lead, -1, *p.shape) for c, p in zip(columns, params, strict=True)))


def jacobian_parts(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {'i', 'f', 'g', 'o', 'h_in', 'c_in'}: (B, S, S), of several steps (n, B, S, S).
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
    Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    parts: dict[str, Array] = {key: np.zeros((*lead, at[-1].stop, at[-1].stop), dtype) for key in ('i', 'f', 'g',
        'o', 'h_in', 'c_in')}
    # d c_in[t] / d h[t-1]
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in
        @ ((v.g * v.i_slope)[..., :, None] * params.U_i), out=parts['i'][..., at.c_in, at.h])
    parts['i'][..., at.c_in, at.h] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ ((v.g
        * v.i_slope)[..., :, None] * params.U_i)
    parts['i'][..., at.c_in, at.h] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ ((v.g
        * v.i_slope)[..., :, None] * params.U_i)
    # d c[t] / d h[t-1]
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in
        @ ((v.g * v.i_slope)[..., :, None] * params.U_i), out=parts['i'][..., at.c, at.h])
    parts['i'][..., at.c, at.h] += (v.o_in * v.tanh_c_in_slope)[..., :, None] * parts['i'][..., at.c_in, at.h]
    # d h[t] / d h[t-1]
    np.multiply((v.o * v.tanh_c_slope)[..., :, None], parts['i'][..., at.c, at.h], out=parts['i'][..., at.h, at.h])
    # d c_in[t] / d h[t-1]
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.U_f_in
        @ ((v.c_prev * v.f_slope)[..., :, None] * params.U_f), out=parts['f'][..., at.c_in, at.h])
    parts['f'][..., at.c_in, at.h] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.U_f)
    parts['f'][..., at.c_in, at.h] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in @ ((v.c_prev
        * v.f_slope)[..., :, None] * params.U_f)
    # d c[t] / d h[t-1]
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.U_o_in
        @ ((v.c_prev * v.f_slope)[..., :, None] * params.U_f), out=parts['f'][..., at.c, at.h])
    parts['f'][..., at.c, at.h] += (v.o_in * v.tanh_c_in_slope)[..., :, None] * parts['f'][..., at.c_in, at.h]
    # d h[t] / d h[t-1]
    np.multiply((v.o * v.tanh_c_slope)[..., :, None], parts['f'][..., at.c, at.h], out=parts['f'][..., at.h, at.h])
    # d c_in[t] / d h[t-1]
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.W_f_in
        @ ((v.i * v.g_slope)[..., :, None] * params.U_g), out=parts['g'][..., at.c_in, at.h])
    parts['g'][..., at.c_in, at.h] += (v.g_in * v.i_in_slope)[..., :, None] * params.W_i_in @ ((v.i
        * v.g_slope)[..., :, None] * params.U_g)
    parts['g'][..., at.c_in, at.h] += (v.i_in * v.g_in_slope)[..., :, None] * params.W_g_in @ ((v.i
        * v.g_slope)[..., :, None] * params.U_g)
    # d c[t] / d h[t-1]
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.W_o_in
        @ ((v.i * v.g_slope)[..., :, None] * params.U_g), out=parts['g'][..., at.c, at.h])
    parts['g'][..., at.c, at.h] += (v.o_in * v.tanh_c_in_slope)[..., :, None] * parts['g'][..., at.c_in, at.h]
    # d h[t] / d h[t-1]
    np.multiply((v.o * v.tanh_c_slope)[..., :, None], parts['g'][..., at.c, at.h], out=parts['g'][..., at.h, at.h])
    _weighted(parts['o'][..., at.h, at.h], [(v.tanh_c * v.o_slope, params.U_o)])  # d h[t] / d h[t-1]
    # d c_in[t] / d c[t-1]
    np.multiply((v.c_in_prev * v.f_in_slope)[..., :, None], params.U_f_in * v.f[..., None, :],
        out=parts['h_in'][..., at.c_in, at.c])
    parts['h_in'][..., at.c_in, at.c] += (v.g_in * v.i_in_slope)[..., :, None] * params.U_i_in * v.f[..., None, :]
    parts['h_in'][..., at.c_in, at.c] += (v.i_in * v.g_in_slope)[..., :, None] * params.U_g_in * v.f[..., None, :]
    # d c[t] / d c[t-1]
    np.multiply((v.tanh_c_in * v.o_in_slope)[..., :, None], params.U_o_in * v.f[..., None, :],
        out=parts['h_in'][..., at.c, at.c])
    parts['h_in'][..., at.c, at.c] += (v.o_in * v.tanh_c_in_slope)[..., :, None] * parts['h_in'][..., at.c_in, at.c]
    # d h[t] / d c[t-1]
    np.multiply((v.o * v.tanh_c_slope)[..., :, None], parts['h_in'][..., at.c, at.c],
        out=parts['h_in'][..., at.h, at.c])
    _diagonal(parts['c_in'][..., at.c_in, at.c_in])[...] += v.f_in  # d c_in[t] / d c_in[t-1]
    # d c[t] / d c_in[t-1]
    _diagonal(parts['c_in'][..., at.c, at.c_in])[...] += (v.o_in
        * v.tanh_c_in_slope) * (_diagonal(parts['c_in'][..., at.c_in, at.c_in]))
    # d h[t] / d c_in[t-1]
    _diagonal(parts['c_in'][..., at.h, at.c_in])[...] += (v.o
        * v.tanh_c_slope) * (_diagonal(parts['c_in'][..., at.c, at.c_in]))
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    'i', 'i_slope', 'f', 'f_slope', 'g_slope', 'o', 'o_slope', 'i_in', 'i_in_slope', 'f_in', 'f_in_slope',
    'g_in_slope', 'o_in', 'o_in_slope', 'tanh_c_in_slope', 'tanh_c_slope': (B, N), of several steps (n, B, N).
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t, (PreciseTape,))
    terms: dict[str, Array] = {}
    H = sizes["H"]
    c_in, c = tape.c_in[1:][t], tape.c[1:][t]
    a_i_f_o_g = tape.a_i_f_o_g[t]
    a_i, a_f, a_o, a_g = (a_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    a_in = tape.a_in[t]
    a_i_in, a_f_in, a_o_in, a_g_in = (a_in[..., k * H : (k + 1) * H] for k in range(4))
    terms['i'] = -_softplus(-a_i)
    terms['i_slope'] = -_softplus(a_i) - _softplus(-a_i)
    terms['f'] = -_softplus(-a_f)
    terms['f_slope'] = -_softplus(a_f) - _softplus(-a_f)
    terms['g_slope'] = 1.3862943611198906 + 2 * a_g - 2 * _softplus(2 * a_g)
    terms['o'] = -_softplus(-a_o)
    terms['o_slope'] = -_softplus(a_o) - _softplus(-a_o)
    terms['i_in'] = -_softplus(-a_i_in)
    terms['i_in_slope'] = -_softplus(a_i_in) - _softplus(-a_i_in)
    terms['f_in'] = -_softplus(-a_f_in)
    terms['f_in_slope'] = -_softplus(a_f_in) - _softplus(-a_f_in)
    terms['g_in_slope'] = 1.3862943611198906 + 2 * a_g_in - 2 * _softplus(2 * a_g_in)
    terms['o_in'] = -_softplus(-a_o_in)
    terms['o_in_slope'] = -_softplus(a_o_in) - _softplus(-a_o_in)
    terms['tanh_c_in_slope'] = 1.3862943611198906 + 2 * c_in - 2 * _softplus(2 * c_in)
    terms['tanh_c_slope'] = 1.3862943611198906 + 2 * c - 2 * _softplus(2 * c)
    return terms


def _tangents(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State, Any]:
    """Values and tangents in one loop, in the precise form: (T1) .. of the derivation report.

    Gives y, y_dot (T, B, H), the last state, its tangent, and what `_second_order` reads of them.
    """
    (T, B), dtype = x.shape[:2], x.dtype
    add, multiply, tanh = np.add, np.multiply, np.tanh
    # Sizes, parameters, arrays
    H = params.W_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_o, params.W_g))
    b = np.concatenate((params.b_i, params.b_f, params.b_o, params.b_g))
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_f, params_dot.W_o, params_dot.W_g))
    b_dot = np.concatenate((params_dot.b_i, params_dot.b_f, params_dot.b_o, params_dot.b_g))
    b_ = np.concatenate((params.b_i_in, params.b_f_in, params.b_o_in, params.b_g_in))
    b_dot_ = np.concatenate((params_dot.b_i_in, params_dot.b_f_in, params_dot.b_o_in, params_dot.b_g_in))
    U = np.concatenate((params.U_i, params.U_f, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_f, params_dot.U_o, params_dot.U_g))
    U_dot_T = np.ascontiguousarray(U_dot.T)
    U_ = np.concatenate((params.U_i_in, params.U_f_in, params.U_o_in, params.U_g_in))
    U__T = np.ascontiguousarray(U_.T)
    U_dot_ = np.concatenate((params_dot.U_i_in, params_dot.U_f_in, params_dot.U_o_in, params_dot.U_g_in))
    U_dot__T = np.ascontiguousarray(U_dot_.T)
    W_ = np.concatenate((params.W_i_in, params.W_f_in, params.W_o_in, params.W_g_in))
    W__T = np.ascontiguousarray(W_.T)
    W_dot_ = np.concatenate((params_dot.W_i_in, params_dot.W_f_in, params_dot.W_o_in, params_dot.W_g_in))
    W_dot__T = np.ascontiguousarray(W_dot_.T)
    (a_i_f_o_g, a_i_f_o_g_dot, gates_i_f_o_g, gates_i_f_o_g_dot, a_in, a_in_dot, gates_in,
        gates_in_dot) = (np.empty((T, B, 4 * H), dtype) for _ in range(8))
    h_in, h_in_dot, x_in, x_in_dot, tanh_c_in, tanh_c, tanh_c_in_dot, tanh_c_dot = (np.empty((T, B, H),
        dtype) for _ in range(8))
    h, h_dot, c, c_dot, c_in, c_in_dot = (np.empty((T + 1, B, H), dtype) for _ in range(6))
    (h[0], h_dot[0], c[0], c_dot[0], c_in[0], c_in_dot[0]) = (state.h, state_dot.h, state.c, state_dot.c,
        state.c_in, state_dot.c_in)
    a_g = a_i_f_o_g[..., 3 * H : 4 * H]
    a_i_f_o_g_i_f_o = a_i_f_o_g[..., : 3 * H]
    a_g_dot = a_i_f_o_g_dot[..., 3 * H : 4 * H]
    a_i_f_o_g_dot_i_f_o = a_i_f_o_g_dot[..., : 3 * H]
    a_g_in = a_in[..., 3 * H : 4 * H]
    a_in_i_f_o = a_in[..., : 3 * H]
    a_g_in_dot = a_in_dot[..., 3 * H : 4 * H]
    a_in_dot_i_f_o = a_in_dot[..., : 3 * H]
    i, f, o, g = (gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f_o_g_i_f_o = gates_i_f_o_g[..., : 3 * H]
    i_dot, f_dot, o_dot, g_dot = (gates_i_f_o_g_dot[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f_o_g_dot_i_f_o = gates_i_f_o_g_dot[..., : 3 * H]
    i_in, f_in, o_in, g_in = (gates_in[..., k * H : (k + 1) * H] for k in range(4))
    gates_in_i_f_o = gates_in[..., : 3 * H]
    i_in_dot, f_in_dot, o_in_dot, g_in_dot = (gates_in_dot[..., k * H : (k + 1) * H] for k in range(4))
    gates_in_dot_i_f_o = gates_in_dot[..., : 3 * H]
    # All steps at once
    _times(x, W.T, out=a_i_f_o_g)  # (F1); (F3); (F7); (F5)
    a_i_f_o_g += b  # (F1); (F3); (F7); (F5)
    # (T1) ∂a_iₜ = W_i ∂xₜ; (T4) ∂a_fₜ = W_f ∂xₜ; (T10) ∂a_oₜ = W_o ∂xₜ; (T7) ∂a_gₜ = W_g ∂xₜ
    _times(x_dot, W.T, out=a_i_f_o_g_dot)
    # (T1) ∂a_iₜ += ∂W_i xₜ; (T4) ∂a_fₜ += ∂W_f xₜ; (T10) ∂a_oₜ += ∂W_o xₜ; (T7) ∂a_gₜ += ∂W_g xₜ
    a_i_f_o_g_dot += _times(x, W_dot.T)
    a_i_f_o_g_dot += b_dot  # (T1) ∂a_iₜ += ∂b_i; (T4) ∂a_fₜ += ∂b_f; (T10) ∂a_oₜ += ∂b_o; (T7) ∂a_gₜ += ∂b_g
    a_in[...] = b_  # (F11); (F13); (F17); (F15)
    # (T15) ∂a_i_inₜ = ∂b_i_in; (T18) ∂a_f_inₜ = ∂b_f_in; (T24) ∂a_o_inₜ = ∂b_o_in; (T21) ∂a_g_inₜ = ∂b_g_in
    a_in_dot[...] = b_dot_
    # Step by step
    (h_prev, h_dot_prev, c_prev, c_dot_prev, c_in_prev, c_in_dot_prev) = (h[0], h_dot[0], c[0], c_dot[0], c_in[0],
        c_in_dot[0])
    for (a_i_f_o_g_t, a_i_f_o_g_dot_t, a_i_f_o_g_i_f_o_t, gates_i_f_o_g_i_f_o_t, f_t, h_in_t, a_in_t, a_in_dot_t,
            gates_i_f_o_g_dot_i_f_o_t, a_i_f_o_g_dot_i_f_o_t, f_dot_t, h_in_dot_t, a_g_t, g_t, i_t, x_in_t,
            a_in_i_f_o_t, gates_in_i_f_o_t, gates_in_dot_i_f_o_t, g_dot_t, a_g_dot_t, i_dot_t, x_in_dot_t,
            a_in_dot_i_f_o_t, a_g_in_t, g_in_t, f_in_t, i_in_t, c_in_t, tanh_c_in_t, o_in_t, c_t, tanh_c_t, o_t,
            h_t, g_in_dot_t, a_g_in_dot_t, f_in_dot_t, i_in_dot_t, c_in_dot_t, tanh_c_in_dot_t, o_in_dot_t,
            c_dot_t, tanh_c_dot_t, o_dot_t, h_dot_t) in zip(a_i_f_o_g, a_i_f_o_g_dot, a_i_f_o_g_i_f_o,
            gates_i_f_o_g_i_f_o, f, h_in, a_in, a_in_dot, gates_i_f_o_g_dot_i_f_o, a_i_f_o_g_dot_i_f_o, f_dot,
            h_in_dot, a_g, g, i, x_in, a_in_i_f_o, gates_in_i_f_o, gates_in_dot_i_f_o, g_dot, a_g_dot, i_dot,
            x_in_dot, a_in_dot_i_f_o, a_g_in, g_in, f_in, i_in, c_in[1:], tanh_c_in, o_in, c[1:], tanh_c, o, h[1:],
            g_in_dot, a_g_in_dot, f_in_dot, i_in_dot, c_in_dot[1:], tanh_c_in_dot, o_in_dot, c_dot[1:], tanh_c_dot,
            o_dot, h_dot[1:], strict=True):
        a_i_f_o_g_t += h_prev.dot(U_T)  # (F1); (F3); (F7); (F5)
        # (T1) ∂a_iₜ += U_i ∂hₜ₋₁; (T4) ∂a_fₜ += U_f ∂hₜ₋₁; (T10) ∂a_oₜ += U_o ∂hₜ₋₁; (T7) ∂a_gₜ += U_g ∂hₜ₋₁
        a_i_f_o_g_dot_t += h_dot_prev.dot(U_T)
        # (T1) ∂a_iₜ += ∂U_i hₜ₋₁; (T4) ∂a_fₜ += ∂U_f hₜ₋₁; (T10) ∂a_oₜ += ∂U_o hₜ₋₁; (T7) ∂a_gₜ += ∂U_g hₜ₋₁
        a_i_f_o_g_dot_t += h_prev.dot(U_dot_T)
        _sigmoid_precise(a_i_f_o_g_i_f_o_t, gates_i_f_o_g_i_f_o_t)  # (F2); (F4); (F8)
        multiply(c_prev, f_t, h_in_t)  # (F10)
        a_in_t += h_in_t.dot(U__T)  # (F11); (F13); (F17); (F15)
        # (T15) ∂a_i_inₜ += ∂U_i_in h_inₜ; (T18) ∂a_f_inₜ += ∂U_f_in h_inₜ; (T24) ∂a_o_inₜ += ∂U_o_in h_inₜ; (T21)
        # ∂a_g_inₜ += ∂U_g_in h_inₜ
        a_in_dot_t += h_in_t.dot(U_dot__T)
        # (T2) i′ₜ = σ′(a_iₜ); (T5) f′ₜ = σ′(a_fₜ); (T11) o′ₜ = σ′(a_oₜ)
        gates_i_f_o_g_dot_i_f_o_t[...] = _sigmoid_slope(a_i_f_o_g_i_f_o_t)
        # (T3) ∂iₜ = ∂a_iₜ ⊙ i′ₜ; (T6) ∂fₜ = ∂a_fₜ ⊙ f′ₜ; (T12) ∂oₜ = ∂a_oₜ ⊙ o′ₜ
        gates_i_f_o_g_dot_i_f_o_t *= a_i_f_o_g_dot_i_f_o_t
        add(c_dot_prev * f_t, f_dot_t * c_prev, h_in_dot_t)  # (T14) ∂h_inₜ = ∂cₜ₋₁ ⊙ fₜ + ∂fₜ ⊙ cₜ₋₁
        # (T15) ∂a_i_inₜ += U_i_in ∂h_inₜ; (T18) ∂a_f_inₜ += U_f_in ∂h_inₜ; (T24) ∂a_o_inₜ += U_o_in ∂h_inₜ; (T21)
        # ∂a_g_inₜ += U_g_in ∂h_inₜ
        a_in_dot_t += h_in_dot_t.dot(U__T)
        tanh(a_g_t, g_t)  # (F6)
        multiply(i_t, g_t, x_in_t)  # (F9)
        a_in_t += x_in_t.dot(W__T)  # (F11); (F13); (F17); (F15)
        # (T15) ∂a_i_inₜ += ∂W_i_in x_inₜ; (T18) ∂a_f_inₜ += ∂W_f_in x_inₜ; (T24) ∂a_o_inₜ += ∂W_o_in x_inₜ; (T21)
        # ∂a_g_inₜ += ∂W_g_in x_inₜ
        a_in_dot_t += x_in_t.dot(W_dot__T)
        _sigmoid_precise(a_in_i_f_o_t, gates_in_i_f_o_t)  # (F12); (F14); (F18)
        # (T16) i_in′ₜ = σ′(a_i_inₜ); (T19) f_in′ₜ = σ′(a_f_inₜ); (T25) o_in′ₜ = σ′(a_o_inₜ)
        gates_in_dot_i_f_o_t[...] = _sigmoid_slope(a_in_i_f_o_t)
        g_dot_t[...] = _tanh_slope(a_g_t)  # (T8) g′ₜ = tanh′(a_gₜ)
        g_dot_t *= a_g_dot_t  # (T9) ∂gₜ = ∂a_gₜ ⊙ g′ₜ
        add(i_dot_t * g_t, g_dot_t * i_t, x_in_dot_t)  # (T13) ∂x_inₜ = ∂iₜ ⊙ gₜ + ∂gₜ ⊙ iₜ
        # (T15) ∂a_i_inₜ += W_i_in ∂x_inₜ; (T18) ∂a_f_inₜ += W_f_in ∂x_inₜ; (T24) ∂a_o_inₜ += W_o_in ∂x_inₜ; (T21)
        # ∂a_g_inₜ += W_g_in ∂x_inₜ
        a_in_dot_t += x_in_dot_t.dot(W__T)
        # (T17) ∂i_inₜ = ∂a_i_inₜ ⊙ i_in′ₜ; (T20) ∂f_inₜ = ∂a_f_inₜ ⊙ f_in′ₜ; (T26) ∂o_inₜ = ∂a_o_inₜ ⊙ o_in′ₜ
        gates_in_dot_i_f_o_t *= a_in_dot_i_f_o_t
        tanh(a_g_in_t, g_in_t)  # (F16)
        add(c_in_prev * f_in_t, i_in_t * g_in_t, c_in_t)  # (F19)
        tanh(c_in_t, tanh_c_in_t)  # (F20)
        tanh_c_in_slope = _tanh_slope(c_in_t)  # (T28) tanh_c_in′ₜ = tanh′(c_inₜ)
        multiply(o_in_t, tanh_c_in_t, c_t)  # (F21)
        tanh(c_t, tanh_c_t)  # (F22)
        tanh_c_slope = _tanh_slope(c_t)  # (T31) tanh_c′ₜ = tanh′(cₜ)
        multiply(o_t, tanh_c_t, h_t)  # (F23)
        g_in_dot_t[...] = _tanh_slope(a_g_in_t)  # (T22) g_in′ₜ = tanh′(a_g_inₜ)
        g_in_dot_t *= a_g_in_dot_t  # (T23) ∂g_inₜ = ∂a_g_inₜ ⊙ g_in′ₜ
        # (T27) ∂c_inₜ = ∂c_inₜ₋₁ ⊙ f_inₜ + ∂i_inₜ ⊙ g_inₜ + ∂f_inₜ ⊙ c_inₜ₋₁ + ∂g_inₜ ⊙ i_inₜ
        add(c_in_dot_prev * f_in_t + i_in_dot_t * g_in_t + f_in_dot_t * c_in_prev, g_in_dot_t * i_in_t, c_in_dot_t)
        multiply(c_in_dot_t, tanh_c_in_slope, tanh_c_in_dot_t)  # (T29) ∂tanh_c_inₜ = ∂c_inₜ ⊙ tanh_c_in′ₜ
        # (T30) ∂cₜ = ∂o_inₜ ⊙ tanh_c_inₜ + ∂tanh_c_inₜ ⊙ o_inₜ
        add(o_in_dot_t * tanh_c_in_t, tanh_c_in_dot_t * o_in_t, c_dot_t)
        multiply(c_dot_t, tanh_c_slope, tanh_c_dot_t)  # (T32) ∂tanh_cₜ = ∂cₜ ⊙ tanh_c′ₜ
        add(o_dot_t * tanh_c_t, tanh_c_dot_t * o_t, h_dot_t)  # (T33) ∂hₜ = ∂oₜ ⊙ tanh_cₜ + ∂tanh_cₜ ⊙ oₜ
        (h_prev, h_dot_prev, c_prev, c_dot_prev, c_in_prev, c_in_dot_prev) = (h_t, h_dot_t, c_t, c_dot_t, c_in_t,
            c_in_dot_t)
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy(), c[T].copy(), c_in[T].copy()), State(h_dot[T].copy(),
        c_dot[T].copy(), c_in_dot[T].copy()), _SecondTape(x, x_dot, h, h_dot, c, c_dot, c_in, c_in_dot, a_i_f_o_g,
        a_i_f_o_g_dot, gates_i_f_o_g, gates_i_f_o_g_dot, x_in, x_in_dot, h_in, h_in_dot, a_in, a_in_dot, gates_in,
        gates_in_dot, tanh_c_in, tanh_c_in_dot, tanh_c, tanh_c_dot)


def _second_order(
    dy: Array, dy_dot: Array, tape: Any, params: Params, params_dot: Params, dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:
    """Adjoints and their tangents in one loop, t = T-1 .. 0: forward mode over the backward pass.

    Gives the gradients, and their derivative along the direction of the tape.
    """
    (T, B), dtype = dy.shape[:2], dy.dtype
    add, multiply = np.add, np.multiply
    # Sizes, parameters, arrays
    H = params.W_i.shape[0]
    (x, x_dot, h, h_dot, c, c_dot, c_in, c_in_dot, a_i_f_o_g, a_i_f_o_g_dot, gates_i_f_o_g, gates_i_f_o_g_dot,
        x_in, x_in_dot, h_in, h_in_dot, a_in, a_in_dot, gates_in, gates_in_dot, tanh_c_in, tanh_c_in_dot, tanh_c,
        tanh_c_dot) = (tape)
    U = np.concatenate((params.U_i_in, params.U_f_in, params.U_o_in, params.U_g_in))
    W = np.concatenate((params.W_i_in, params.W_f_in, params.W_o_in, params.W_g_in))
    U_dot = np.concatenate((params_dot.U_i_in, params_dot.U_f_in, params_dot.U_o_in, params_dot.U_g_in))
    W_dot = np.concatenate((params_dot.W_i_in, params_dot.W_f_in, params_dot.W_o_in, params_dot.W_g_in))
    U_ = np.concatenate((params.U_i, params.U_f, params.U_o, params.U_g))
    U_dot_ = np.concatenate((params_dot.U_i, params_dot.U_f, params_dot.U_o, params_dot.U_g))
    W_ = np.concatenate((params.W_i, params.W_f, params.W_o, params.W_g))
    W_dot_ = np.concatenate((params_dot.W_i, params_dot.W_f, params_dot.W_o, params_dot.W_g))
    d_gates_in, d_gates_in_dot, d_gates_i_f_o_g, d_gates_i_f_o_g_dot = (np.empty((B, 4 * H),
        dtype) for _ in range(4))
    gates_in_slope, d_a_in_dot, d_a_in, gates_i_f_o_g_slope, d_a_i_f_o_g_dot, d_a_i_f_o_g = (np.empty((T, B, 4
        * H), dtype) for _ in range(6))
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    d_c_next = dstate.c
    d_c_next_dot = dstate_dot.c
    d_c_in_next = dstate.c_in
    d_c_in_next_dot = dstate_dot.c_in
    a_g = a_i_f_o_g[..., 3 * H : 4 * H]
    a_i_f_o_g_i_f_o = a_i_f_o_g[..., : 3 * H]
    a_g_dot = a_i_f_o_g_dot[..., 3 * H : 4 * H]
    a_i_f_o_g_dot_i_f_o = a_i_f_o_g_dot[..., : 3 * H]
    a_g_in = a_in[..., 3 * H : 4 * H]
    a_in_i_f_o = a_in[..., : 3 * H]
    a_g_in_dot = a_in_dot[..., 3 * H : 4 * H]
    a_in_dot_i_f_o = a_in_dot[..., : 3 * H]
    d_a_g_dot = d_a_i_f_o_g_dot[..., 3 * H : 4 * H]
    d_a_i_f_o_g_dot_i_f_o = d_a_i_f_o_g_dot[..., : 3 * H]
    d_a_g_in_dot = d_a_in_dot[..., 3 * H : 4 * H]
    d_a_in_dot_i_f_o = d_a_in_dot[..., : 3 * H]
    d_i, d_f, d_o, d_g = (d_gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    d_i_dot, d_f_dot, d_o_dot, d_g_dot = (d_gates_i_f_o_g_dot[..., k * H : (k + 1) * H] for k in range(4))
    d_i_in, d_f_in, d_o_in, d_g_in = (d_gates_in[..., k * H : (k + 1) * H] for k in range(4))
    d_i_in_dot, d_f_in_dot, d_o_in_dot, d_g_in_dot = (d_gates_in_dot[..., k * H : (k + 1) * H] for k in range(4))
    i, f, o, g = (gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f_o_g_i_f_o = gates_i_f_o_g[..., : 3 * H]
    i_dot, f_dot, o_dot, g_dot = (gates_i_f_o_g_dot[..., k * H : (k + 1) * H] for k in range(4))
    g_slope = gates_i_f_o_g_slope[..., 3 * H : 4 * H]
    gates_i_f_o_g_slope_i_f_o = gates_i_f_o_g_slope[..., : 3 * H]
    i_in, f_in, o_in, g_in = (gates_in[..., k * H : (k + 1) * H] for k in range(4))
    gates_in_i_f_o = gates_in[..., : 3 * H]
    i_in_dot, f_in_dot, o_in_dot, g_in_dot = (gates_in_dot[..., k * H : (k + 1) * H] for k in range(4))
    g_in_slope = gates_in_slope[..., 3 * H : 4 * H]
    gates_in_slope_i_f_o = gates_in_slope[..., : 3 * H]
    # All steps at once
    tanh_c_slope = _tanh_slope(c[1:])  # (B3)
    tanh_c_slope_dot = -2 * c_dot[1:] * tanh_c * tanh_c_slope  # (S3) ∂tanh_c′ₜ = −2 ∂cₜ ⊙ tanh_cₜ ⊙ tanh_c′ₜ
    tanh_c_in_slope = _tanh_slope(c_in[1:])  # (B6)
    # (S6) ∂tanh_c_in′ₜ = −2 ∂c_inₜ ⊙ tanh_c_inₜ ⊙ tanh_c_in′ₜ
    tanh_c_in_slope_dot = -2 * c_in_dot[1:] * tanh_c_in * tanh_c_in_slope
    gates_in_slope_i_f_o[...] = _sigmoid_slope(a_in_i_f_o)  # (B18); (B15); (B9)
    # (S18) ∂i_in′ₜ = ∂a_i_inₜ ⊙ i_in′ₜ ⊙ (1 − 2 i_inₜ); (S15) ∂f_in′ₜ = ∂a_f_inₜ ⊙ f_in′ₜ ⊙ (1 − 2 f_inₜ); (S9)
    # ∂o_in′ₜ = ∂a_o_inₜ ⊙ o_in′ₜ ⊙ (1 − 2 o_inₜ)
    np.multiply(2, gates_in_i_f_o, out=d_a_in_dot_i_f_o)
    np.subtract(1, d_a_in_dot_i_f_o, out=d_a_in_dot_i_f_o)
    d_a_in_dot_i_f_o *= a_in_dot_i_f_o * gates_in_slope_i_f_o
    gates_i_f_o_g_slope_i_f_o[...] = _sigmoid_slope(a_i_f_o_g_i_f_o)  # (B32); (B29); (B23)
    # (S32) ∂i′ₜ = ∂a_iₜ ⊙ i′ₜ ⊙ (1 − 2 iₜ); (S29) ∂f′ₜ = ∂a_fₜ ⊙ f′ₜ ⊙ (1 − 2 fₜ); (S23) ∂o′ₜ = ∂a_oₜ ⊙ o′ₜ ⊙ (1 −
    # 2 oₜ)
    np.multiply(2, gates_i_f_o_g_i_f_o, out=d_a_i_f_o_g_dot_i_f_o)
    np.subtract(1, d_a_i_f_o_g_dot_i_f_o, out=d_a_i_f_o_g_dot_i_f_o)
    d_a_i_f_o_g_dot_i_f_o *= a_i_f_o_g_dot_i_f_o * gates_i_f_o_g_slope_i_f_o
    g_in_slope[...] = _tanh_slope(a_g_in)  # (B12)
    d_a_g_in_dot[...] = -2 * a_g_in_dot * g_in * g_in_slope  # (S12) ∂g_in′ₜ = −2 ∂a_g_inₜ ⊙ g_inₜ ⊙ g_in′ₜ
    g_slope[...] = _tanh_slope(a_g)  # (B26)
    d_a_g_dot[...] = -2 * a_g_dot * g * g_slope  # (S26) ∂g′ₜ = −2 ∂a_gₜ ⊙ gₜ ⊙ g′ₜ
    # Step by step, backwards
    for (dy_t, dy_dot_t, o_t, o_dot_t, tanh_c_slope_t, tanh_c_slope_dot_t, o_in_t, o_in_dot_t, tanh_c_in_slope_t,
            tanh_c_in_slope_dot_t, tanh_c_in_t, tanh_c_in_dot_t, i_in_t, i_in_dot_t, c_in_prev, c_in_dot_prev,
            g_in_t, g_in_dot_t, tanh_c_t, tanh_c_dot_t, f_in_t, f_in_dot_t, gates_in_slope_t, d_a_in_t, i_t,
            c_prev, g_t, f_t, d_a_in_dot_t, i_dot_t, c_dot_prev, g_dot_t, f_dot_t, gates_i_f_o_g_slope_t,
            d_a_i_f_o_g_t, d_a_i_f_o_g_dot_t) in zip(dy[::-1], dy_dot[::-1], o[::-1], o_dot[::-1],
            tanh_c_slope[::-1], tanh_c_slope_dot[::-1], o_in[::-1], o_in_dot[::-1], tanh_c_in_slope[::-1],
            tanh_c_in_slope_dot[::-1], tanh_c_in[::-1], tanh_c_in_dot[::-1], i_in[::-1], i_in_dot[::-1],
            c_in[:-1][::-1], c_in_dot[:-1][::-1], g_in[::-1], g_in_dot[::-1], tanh_c[::-1], tanh_c_dot[::-1],
            f_in[::-1], f_in_dot[::-1], gates_in_slope[::-1], d_a_in[::-1], i[::-1], c[:-1][::-1], g[::-1],
            f[::-1], d_a_in_dot[::-1], i_dot[::-1], c_dot[:-1][::-1], g_dot[::-1], f_dot[::-1],
            gates_i_f_o_g_slope[::-1], d_a_i_f_o_g[::-1], d_a_i_f_o_g_dot[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1)
        d_h_dot = dy_dot_t + d_h_next_dot  # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        d_tanh_c = d_h * o_t  # (B2)
        d_tanh_c_dot = o_dot_t * d_h + d_h_dot * o_t  # (S2) ∂δtanh_cₜ = ∂oₜ ⊙ δhₜ + ∂δhₜ ⊙ oₜ
        d_c = d_c_next + d_tanh_c * tanh_c_slope_t  # (B4)
        # (S4) ∂δcₜ = ∂δc⁺ₜ + δtanh_cₜ ⊙ ∂tanh_c′ₜ + ∂δtanh_cₜ ⊙ tanh_c′ₜ
        d_c_dot = d_c_next_dot + d_tanh_c * tanh_c_slope_dot_t + d_tanh_c_dot * tanh_c_slope_t
        d_tanh_c_in = d_c * o_in_t  # (B5)
        d_tanh_c_in_dot = o_in_dot_t * d_c + d_c_dot * o_in_t  # (S5) ∂δtanh_c_inₜ = ∂o_inₜ ⊙ δcₜ + ∂δcₜ ⊙ o_inₜ
        d_c_in = d_c_in_next + d_tanh_c_in * tanh_c_in_slope_t  # (B7)
        # (S7) ∂δc_inₜ = ∂δc_in⁺ₜ + δtanh_c_inₜ ⊙ ∂tanh_c_in′ₜ + ∂δtanh_c_inₜ ⊙ tanh_c_in′ₜ
        d_c_in_dot = d_c_in_next_dot + d_tanh_c_in * tanh_c_in_slope_dot_t + d_tanh_c_in_dot * tanh_c_in_slope_t
        multiply(d_c, tanh_c_in_t, d_o_in)  # (B8)
        # (S8) ∂δo_inₜ = ∂tanh_c_inₜ ⊙ δcₜ + ∂δcₜ ⊙ tanh_c_inₜ
        add(tanh_c_in_dot_t * d_c, d_c_dot * tanh_c_in_t, d_o_in_dot)
        multiply(d_c_in, i_in_t, d_g_in)  # (B11)
        add(i_in_dot_t * d_c_in, d_c_in_dot * i_in_t, d_g_in_dot)  # (S11) ∂δg_inₜ = ∂i_inₜ ⊙ δc_inₜ + ∂δc_inₜ ⊙ i_inₜ
        multiply(d_c_in, c_in_prev, d_f_in)  # (B14)
        # (S14) ∂δf_inₜ = ∂c_inₜ₋₁ ⊙ δc_inₜ + ∂δc_inₜ ⊙ c_inₜ₋₁
        add(c_in_dot_prev * d_c_in, d_c_in_dot * c_in_prev, d_f_in_dot)
        multiply(d_c_in, g_in_t, d_i_in)  # (B17)
        add(g_in_dot_t * d_c_in, d_c_in_dot * g_in_t, d_i_in_dot)  # (S17) ∂δi_inₜ = ∂g_inₜ ⊙ δc_inₜ + ∂δc_inₜ ⊙ g_inₜ
        multiply(d_h, tanh_c_t, d_o)  # (B22)
        add(tanh_c_dot_t * d_h, d_h_dot * tanh_c_t, d_o_dot)  # (S22) ∂δoₜ = ∂tanh_cₜ ⊙ δhₜ + ∂δhₜ ⊙ tanh_cₜ
        d_c_in_prev = d_c_in * f_in_t  # (B36)
        # (S36) ∂δc_in⁺ₜ₋₁ = ∂f_inₜ ⊙ δc_inₜ + ∂δc_inₜ ⊙ f_inₜ
        d_c_in_next_dot_prev = f_in_dot_t * d_c_in + d_c_in_dot * f_in_t
        multiply(d_gates_in, gates_in_slope_t, d_a_in_t)  # (B19); (B16); (B10); (B13)
        d_h_in = d_a_in_t.dot(U)  # (B20)
        d_x_in = d_a_in_t.dot(W)  # (B21)
        multiply(d_x_in, i_t, d_g)  # (B25)
        multiply(d_h_in, c_prev, d_f)  # (B28)
        multiply(d_x_in, g_t, d_i)  # (B31)
        d_c_prev = d_h_in * f_t  # (B35)
        # (S19) ∂δa_i_inₜ = δi_inₜ ⊙ ∂i_in′ₜ + ∂δi_inₜ ⊙ i_in′ₜ; (S16) ∂δa_f_inₜ = δf_inₜ ⊙ ∂f_in′ₜ + ∂δf_inₜ ⊙ f_in′ₜ;
        # (S10) ∂δa_o_inₜ = δo_inₜ ⊙ ∂o_in′ₜ + ∂δo_inₜ ⊙ o_in′ₜ; (S13) ∂δa_g_inₜ = δg_inₜ ⊙ ∂g_in′ₜ + ∂δg_inₜ ⊙ g_in′ₜ
        add(d_gates_in * d_a_in_dot_t, d_gates_in_dot * gates_in_slope_t, d_a_in_dot_t)
        # (S20) ∂δh_inₜ = U_o_inᵀ ∂δa_o_inₜ + ∂U_o_inᵀ δa_o_inₜ + U_g_inᵀ ∂δa_g_inₜ + ∂U_g_inᵀ δa_g_inₜ + U_f_inᵀ
        # ∂δa_f_inₜ + ∂U_f_inᵀ δa_f_inₜ + U_i_inᵀ ∂δa_i_inₜ + ∂U_i_inᵀ δa_i_inₜ
        d_h_in_dot = d_a_in_dot_t.dot(U)
        d_h_in_dot += d_a_in_t.dot(U_dot)
        # (S21) ∂δx_inₜ = W_o_inᵀ ∂δa_o_inₜ + ∂W_o_inᵀ δa_o_inₜ + W_g_inᵀ ∂δa_g_inₜ + ∂W_g_inᵀ δa_g_inₜ + W_f_inᵀ
        # ∂δa_f_inₜ + ∂W_f_inᵀ δa_f_inₜ + W_i_inᵀ ∂δa_i_inₜ + ∂W_i_inᵀ δa_i_inₜ
        d_x_in_dot = d_a_in_dot_t.dot(W)
        d_x_in_dot += d_a_in_t.dot(W_dot)
        add(i_dot_t * d_x_in, d_x_in_dot * i_t, d_g_dot)  # (S25) ∂δgₜ = ∂iₜ ⊙ δx_inₜ + ∂δx_inₜ ⊙ iₜ
        add(c_dot_prev * d_h_in, d_h_in_dot * c_prev, d_f_dot)  # (S28) ∂δfₜ = ∂cₜ₋₁ ⊙ δh_inₜ + ∂δh_inₜ ⊙ cₜ₋₁
        add(g_dot_t * d_x_in, d_x_in_dot * g_t, d_i_dot)  # (S31) ∂δiₜ = ∂gₜ ⊙ δx_inₜ + ∂δx_inₜ ⊙ gₜ
        d_c_next_dot_prev = f_dot_t * d_h_in + d_h_in_dot * f_t  # (S35) ∂δc⁺ₜ₋₁ = ∂fₜ ⊙ δh_inₜ + ∂δh_inₜ ⊙ fₜ
        multiply(d_gates_i_f_o_g, gates_i_f_o_g_slope_t, d_a_i_f_o_g_t)  # (B33); (B30); (B24); (B27)
        d_h_prev = d_a_i_f_o_g_t.dot(U_)  # (B34)
        # (S33) ∂δa_iₜ = δiₜ ⊙ ∂i′ₜ + ∂δiₜ ⊙ i′ₜ; (S30) ∂δa_fₜ = δfₜ ⊙ ∂f′ₜ + ∂δfₜ ⊙ f′ₜ; (S24) ∂δa_oₜ = δoₜ ⊙ ∂o′ₜ +
        # ∂δoₜ ⊙ o′ₜ; (S27) ∂δa_gₜ = δgₜ ⊙ ∂g′ₜ + ∂δgₜ ⊙ g′ₜ
        add(d_gates_i_f_o_g * d_a_i_f_o_g_dot_t, d_gates_i_f_o_g_dot * gates_i_f_o_g_slope_t, d_a_i_f_o_g_dot_t)
        # (S34) ∂δh⁺ₜ₋₁ = U_oᵀ ∂δa_oₜ + ∂U_oᵀ δa_oₜ + U_gᵀ ∂δa_gₜ + ∂U_gᵀ δa_gₜ + U_fᵀ ∂δa_fₜ + ∂U_fᵀ δa_fₜ + U_iᵀ
        # ∂δa_iₜ + ∂U_iᵀ δa_iₜ
        d_h_next_dot_prev = d_a_i_f_o_g_dot_t.dot(U_)
        d_h_next_dot_prev += d_a_i_f_o_g_t.dot(U_dot_)
        (d_h_next, d_h_next_dot, d_c_next, d_c_next_dot, d_c_in_next, d_c_in_next_dot) = (d_h_prev, d_h_next_dot_prev,
            d_c_prev, d_c_next_dot_prev, d_c_in_prev, d_c_in_next_dot_prev)
    return _second_order_gradients(H, x, x_dot, h, h_dot, x_in, x_in_dot, h_in, h_in_dot, W_, W_dot_, d_a_in_dot,
        d_a_in, d_a_i_f_o_g_dot, d_a_i_f_o_g, d_h_next, d_h_next_dot, d_c_next, d_c_next_dot, d_c_in_next,
        d_c_in_next_dot)


def _second_order_gradients(H: Any, x: Any, x_dot: Any, h: Any, h_dot: Any, x_in: Any, x_in_dot: Any,
    h_in: Any, h_in_dot: Any, W_: Any, W_dot_: Any, d_a_in_dot: Any, d_a_in: Any, d_a_i_f_o_g_dot: Any,
    d_a_i_f_o_g: Any, d_h_next: Any, d_h_next_dot: Any, d_c_next: Any, d_c_next_dot: Any, d_c_in_next: Any,
    d_c_in_next_dot: Any) -> tuple[Grads, Grads]:
    """What follows the loop of `_second_order`: sums over all steps."""
    # All steps at once
    d_x = _times(d_a_i_f_o_g, W_)  # (B37)
    # (S37) ∂δxₜ = W_oᵀ ∂δa_oₜ + ∂W_oᵀ δa_oₜ + W_gᵀ ∂δa_gₜ + ∂W_gᵀ δa_gₜ + W_fᵀ ∂δa_fₜ + ∂W_fᵀ δa_fₜ + W_iᵀ ∂δa_iₜ +
    # ∂W_iᵀ δa_iₜ
    d_x_dot = _times(d_a_i_f_o_g_dot, W_)
    d_x_dot += _times(d_a_i_f_o_g, W_dot_)
    # (B38); (B41); (B44); (B47)
    d_W = _outer(d_a_i_f_o_g, x)
    d_W_i, d_W_f, d_W_o, d_W_g = (d_W[k * H : (k + 1) * H] for k in range(4))
    # (S38) ∂δW_i = Σₜ (∂δa_iₜ xₜᵀ + δa_iₜ ∂xₜᵀ); (S41) ∂δW_f = Σₜ (∂δa_fₜ xₜᵀ + δa_fₜ ∂xₜᵀ); (S44) ∂δW_g = Σₜ
    # (∂δa_gₜ xₜᵀ + δa_gₜ ∂xₜᵀ); (S47) ∂δW_o = Σₜ (∂δa_oₜ xₜᵀ + δa_oₜ ∂xₜᵀ)
    d_W_dot = _outer(d_a_i_f_o_g_dot, x)
    d_W_dot += _outer(d_a_i_f_o_g, x_dot)
    d_W_i_dot, d_W_f_dot, d_W_o_dot, d_W_g_dot = (d_W_dot[k * H : (k + 1) * H] for k in range(4))
    # (B39); (B42); (B45); (B48)
    d_U = _outer(d_a_i_f_o_g, h[:-1])
    d_U_i, d_U_f, d_U_o, d_U_g = (d_U[k * H : (k + 1) * H] for k in range(4))
    # (S39) ∂δU_i = Σₜ (∂δa_iₜ hₜ₋₁ᵀ + δa_iₜ ∂hₜ₋₁ᵀ); (S42) ∂δU_f = Σₜ (∂δa_fₜ hₜ₋₁ᵀ + δa_fₜ ∂hₜ₋₁ᵀ); (S45) ∂δU_g =
    # Σₜ (∂δa_gₜ hₜ₋₁ᵀ + δa_gₜ ∂hₜ₋₁ᵀ); (S48) ∂δU_o = Σₜ (∂δa_oₜ hₜ₋₁ᵀ + δa_oₜ ∂hₜ₋₁ᵀ)
    d_U_dot = _outer(d_a_i_f_o_g_dot, h[:-1])
    d_U_dot += _outer(d_a_i_f_o_g, h_dot[:-1])
    d_U_i_dot, d_U_f_dot, d_U_o_dot, d_U_g_dot = (d_U_dot[k * H : (k + 1) * H] for k in range(4))
    # (B40); (B43); (B46); (B49)
    d_b = _over_time(d_a_i_f_o_g)
    d_b_i, d_b_f, d_b_o, d_b_g = (d_b[k * H : (k + 1) * H] for k in range(4))
    # (S40) ∂δb_i = Σₜ ∂δa_iₜ; (S43) ∂δb_f = Σₜ ∂δa_fₜ; (S46) ∂δb_g = Σₜ ∂δa_gₜ; (S49) ∂δb_o = Σₜ ∂δa_oₜ
    d_b_dot = _over_time(d_a_i_f_o_g_dot)
    d_b_i_dot, d_b_f_dot, d_b_o_dot, d_b_g_dot = (d_b_dot[k * H : (k + 1) * H] for k in range(4))
    # (B50); (B53); (B56); (B59)
    d_W_ = _outer(d_a_in, x_in)
    d_W_i_in, d_W_f_in, d_W_o_in, d_W_g_in = (d_W_[k * H : (k + 1) * H] for k in range(4))
    # (S50) ∂δW_i_in = Σₜ (∂δa_i_inₜ x_inₜᵀ + δa_i_inₜ ∂x_inₜᵀ); (S53) ∂δW_f_in = Σₜ (∂δa_f_inₜ x_inₜᵀ + δa_f_inₜ
    # ∂x_inₜᵀ); (S56) ∂δW_g_in = Σₜ (∂δa_g_inₜ x_inₜᵀ + δa_g_inₜ ∂x_inₜᵀ); (S59) ∂δW_o_in = Σₜ (∂δa_o_inₜ x_inₜᵀ +
    # δa_o_inₜ ∂x_inₜᵀ)
    d_W_dot_ = _outer(d_a_in_dot, x_in)
    d_W_dot_ += _outer(d_a_in, x_in_dot)
    d_W_i_in_dot, d_W_f_in_dot, d_W_o_in_dot, d_W_g_in_dot = (d_W_dot_[k * H : (k + 1) * H] for k in range(4))
    # (B51); (B54); (B57); (B60)
    d_U_ = _outer(d_a_in, h_in)
    d_U_i_in, d_U_f_in, d_U_o_in, d_U_g_in = (d_U_[k * H : (k + 1) * H] for k in range(4))
    # (S51) ∂δU_i_in = Σₜ (∂δa_i_inₜ h_inₜᵀ + δa_i_inₜ ∂h_inₜᵀ); (S54) ∂δU_f_in = Σₜ (∂δa_f_inₜ h_inₜᵀ + δa_f_inₜ
    # ∂h_inₜᵀ); (S57) ∂δU_g_in = Σₜ (∂δa_g_inₜ h_inₜᵀ + δa_g_inₜ ∂h_inₜᵀ); (S60) ∂δU_o_in = Σₜ (∂δa_o_inₜ h_inₜᵀ +
    # δa_o_inₜ ∂h_inₜᵀ)
    d_U_dot_ = _outer(d_a_in_dot, h_in)
    d_U_dot_ += _outer(d_a_in, h_in_dot)
    d_U_i_in_dot, d_U_f_in_dot, d_U_o_in_dot, d_U_g_in_dot = (d_U_dot_[k * H : (k + 1) * H] for k in range(4))
    # (B52); (B55); (B58); (B61)
    d_b_ = _over_time(d_a_in)
    d_b_i_in, d_b_f_in, d_b_o_in, d_b_g_in = (d_b_[k * H : (k + 1) * H] for k in range(4))
    # (S52) ∂δb_i_in = Σₜ ∂δa_i_inₜ; (S55) ∂δb_f_in = Σₜ ∂δa_f_inₜ; (S58) ∂δb_g_in = Σₜ ∂δa_g_inₜ; (S61) ∂δb_o_in =
    # Σₜ ∂δa_o_inₜ
    d_b_dot_ = _over_time(d_a_in_dot)
    d_b_i_in_dot, d_b_f_in_dot, d_b_o_in_dot, d_b_g_in_dot = (d_b_dot_[k * H : (k + 1) * H] for k in range(4))
    return Grads(d_x, Params(d_W_i, d_U_i, d_b_i, d_W_f, d_U_f, d_b_f, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_b_o,
        d_W_i_in, d_U_i_in, d_b_i_in, d_W_f_in, d_U_f_in, d_b_f_in, d_W_g_in, d_U_g_in, d_b_g_in, d_W_o_in,
        d_U_o_in, d_b_o_in), State(d_h_next.copy(), d_c_next.copy(), d_c_in_next.copy())), Grads(d_x_dot,
        Params(d_W_i_dot, d_U_i_dot, d_b_i_dot, d_W_f_dot, d_U_f_dot, d_b_f_dot, d_W_g_dot, d_U_g_dot, d_b_g_dot,
        d_W_o_dot, d_U_o_dot, d_b_o_dot, d_W_i_in_dot, d_U_i_in_dot, d_b_i_in_dot, d_W_f_in_dot, d_U_f_in_dot,
        d_b_f_in_dot, d_W_g_in_dot, d_U_g_in_dot, d_b_g_in_dot, d_W_o_in_dot, d_U_o_in_dot, d_b_o_in_dot),
        State(d_h_next_dot.copy(), d_c_next_dot.copy(), d_c_in_next_dot.copy()))


_Local = namedtuple("_Local", ['g', 'i_slope', 'i', 'g_slope', 'c_in_prev', 'f_in_slope', 'c_prev', 'f_slope',
    'g_in', 'i_in_slope', 'i_in', 'g_in_slope', 'f', 'f_in', 'o_in', 'tanh_c_in_slope', 'tanh_c_in',
    'o_in_slope', 'tanh_c', 'o_slope', 'o', 'tanh_c_slope', 'x', 'h_prev', 'x_in', 'h_in'])


def _local(tape: Any, params: Any, t: Any, sizes: dict[str, int]) -> Any:
    """Values and slopes at the steps t of a tape, slopes from the form that it is of."""
    H = sizes["H"]
    (c_in_prev, c_prev, tanh_c_in, tanh_c, x, h_prev, x_in, h_in) = (tape.c_in[:-1][t], tape.c[:-1][t],
        tape.tanh_c_in[t], tape.tanh_c[t], tape.x[t], tape.h[:-1][t], tape.x_in[t], tape.h_in[t])
    gates_i_f_o_g = tape.gates_i_f_o_g[t]
    i, f, o, g = (gates_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
    gates_in = tape.gates_in[t]
    i_in, f_in, o_in, g_in = (gates_in[..., k * H : (k + 1) * H] for k in range(4))
    if isinstance(tape, PreciseTape):
        c_in, c = tape.c_in[1:][t], tape.c[1:][t]
        a_i_f_o_g = tape.a_i_f_o_g[t]
        a_i, a_f, a_o, a_g = (a_i_f_o_g[..., k * H : (k + 1) * H] for k in range(4))
        a_in = tape.a_in[t]
        a_i_in, a_f_in, a_o_in, a_g_in = (a_in[..., k * H : (k + 1) * H] for k in range(4))
        i_slope = _sigmoid_slope(a_i)
        g_slope = _tanh_slope(a_g)
        f_in_slope = _sigmoid_slope(a_f_in)
        f_slope = _sigmoid_slope(a_f)
        i_in_slope = _sigmoid_slope(a_i_in)
        g_in_slope = _tanh_slope(a_g_in)
        tanh_c_in_slope = _tanh_slope(c_in)
        o_in_slope = _sigmoid_slope(a_o_in)
        o_slope = _sigmoid_slope(a_o)
        tanh_c_slope = _tanh_slope(c)
    else:
        i_slope = i * (1 - i)
        g_slope = 1 - g**2
        f_in_slope = f_in * (1 - f_in)
        f_slope = f * (1 - f)
        i_in_slope = i_in * (1 - i_in)
        g_in_slope = 1 - g_in**2
        tanh_c_in_slope = 1 - tanh_c_in**2
        o_in_slope = o_in * (1 - o_in)
        o_slope = o * (1 - o)
        tanh_c_slope = 1 - tanh_c**2
    return _Local(g, i_slope, i, g_slope, c_in_prev, f_in_slope, c_prev, f_slope, g_in, i_in_slope, i_in,
        g_in_slope, f, f_in, o_in, tanh_c_in_slope, tanh_c_in, o_in_slope, tanh_c, o_slope, o, tanh_c_slope, x,
        h_prev, x_in, h_in)


def _prepared(x: Any, params: Any, state: Any) -> tuple[Array, Params, State]:
    """Arrays of one dtype and of sizes that fit each other. Raises TypeError, ValueError."""
    key = _signature(_RECORDS, x, params, state)
    if key in _FITTED:
        return x, params, state or _begun(_FITTED[key], x.dtype)
    sizes = _sizes_of(params, _SHAPES)
    arrays = {"x": x, **_named("params", params, _SHAPES), **_named("state", state, _STATE_SHAPES)}
    dtype = _float_dtype(arrays)
    x = _checked("x", x, ("T", "B", "D"), sizes, dtype)
    sizes = sizes | {"B": x.shape[1], "D": x.shape[2]}
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    if state is None:
        state = _begun(sizes, dtype)
    else:
        state = State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))
    _remember(_FITTED, key, sizes)
    return x, params, state


def _begun(sizes: dict[str, int], dtype: Any) -> State:
    """The state where none is given: zeros. Raises ValueError for a size that nothing tells."""
    return State(*_checked_fields("state", None, _STATE_SHAPES, sizes, dtype))


def _cotangents(dy: Any, tape: Any, params: Any, dstate: Any) -> tuple[Array, Params, State]:
    """What backward() is given, in one dtype and of sizes that fit the tape. Raises TypeError, ValueError."""
    key = _signature(_RECORDS, dy, params, dstate, tape)
    if key in _FITTED:
        return dy, params, dstate or State(*_checked_fields("dstate", None, _STATE_SHAPES, _FITTED[key], dy.dtype))
    _check_tape(tape, (Tape, PreciseTape))
    reference = tape.x
    sizes = _sizes_of(params, _SHAPES) | dict(T=reference.shape[0], B=reference.shape[1])
    _check_fit(tape, _WIDTHS, sizes)
    arrays = {"tape": reference, "dy": dy, **_named("params", params, _SHAPES)}
    dtype = _float_dtype(arrays | _named("dstate", dstate, _STATE_SHAPES))
    dy = _checked("dy", dy, ("T", "B", "H"), sizes, dtype)
    sizes["H"] = dy.shape[2]
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    dstate = State(*_checked_fields("dstate", dstate, _STATE_SHAPES, sizes, dtype))
    _remember(_FITTED, key, sizes)
    return dy, params, dstate


def _directions(
    x: Any, params: Any, state: Any, x_dot: Any, params_dot: Any, state_dot: Any, others: dict[str, Any]
) -> tuple[Array, Params, State, Array, Params, State]:
    """Point and direction as arrays of one dtype, that of `others` counted in. Raises TypeError, ValueError."""
    x, params, state = _prepared(x, params, state)
    x_dot = np.zeros_like(x) if x_dot is None else x_dot
    params_dot = Params(*map(np.zeros_like, params)) if params_dot is None else params_dot
    state_dot = State(*map(np.zeros_like, state)) if state_dot is None else state_dot
    arrays = {"x": x, "x_dot": x_dot, **_named("params_dot", params_dot, _SHAPES)}
    arrays |= _named("state_dot", state_dot, _STATE_SHAPES)
    dtype = _float_dtype(arrays | others)
    x, params, state = _prepared(x.astype(dtype, copy=False), params, state)
    sizes = _sizes_of(params, _SHAPES) | {"T": x.shape[0], "B": x.shape[1], "D": x.shape[2]}
    x_dot = _checked("x_dot", x_dot, ("T", "B", "D"), sizes, dtype)
    params_dot = Params(*_checked_fields("params_dot", params_dot, _SHAPES, sizes, dtype))
    state_dot = State(*_checked_fields("state_dot", state_dot, _STATE_SHAPES, sizes, dtype))
    return x, params, state, x_dot, params_dot, state_dot


def _reading(
    tape: Any, params: Any, t: Any, kinds: tuple[type, ...] = (Tape, PreciseTape)
) -> tuple[Params, Any, dict[str, int], tuple[int, ...], np.dtype[Any]]:
    """Parameters that fit the tape; its steps t; all sizes; the axes in front, (B,) or (n, B); the common dtype."""
    _check_tape(tape, kinds)
    sizes = _check_fit(tape, _WIDTHS, _sizes_of(params, _SHAPES))
    dtype = _float_dtype({"tape": tape.x, **_named("params", params, _SHAPES)})
    params = Params(*(np.asarray(value, dtype) for value in params))
    t = _steps_of(t, tape.x.shape[0])
    return params, t, sizes, tape.x[t].shape[:-1], dtype


def _applied(v: Array, rows: int) -> Array:
    """d(W v)/dW for W (rows, N): (..., rows, rows N), which is v in block i of row i."""
    blocks = np.zeros((*v.shape[:-1], rows, rows, v.shape[-1]), v.dtype)
    np.einsum("...iij->...ij", blocks)[...] = v[..., None, :]
    return blocks.reshape(*v.shape[:-1], rows, rows * v.shape[-1])


def _array_of(name: str, value: Any) -> Array:
    """The value as an array of numbers. Raises TypeError for what is none, ValueError for rows of different lengths."""
    if hasattr(value, "mask") and hasattr(value, "filled"):
        raise TypeError(f"{name} is a masked array, whose mask would be ignored; fill it, as with .filled(0.0)")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is no array ({error}); give its rows one length") from None
    if array.dtype.kind not in "biufc" and isinstance(value, np.ndarray):
        raise TypeError(f"{name} has dtype {array.dtype}, where numbers belong; convert it with .astype(np.float64)")
    if array.dtype.kind not in "biufc":
        kind = "None" if value is None else f"a {type(value).__name__}"
        raise TypeError(f"{name} is {kind}, where numbers belong; give an array of numbers")
    return array


def _check_fit(tape: Any, widths: Any, sizes: Any) -> dict[str, int]:
    """The sizes, with those that the last axes of the tape alone tell. Raises ValueError where these do not agree."""
    arrays, known = tape._asdict(), dict(sizes)
    for field, parts in widths[type(tape)].items():
        width, expected = arrays[field].shape[-1], sum(count * known.get(size, 0) for size, count in parts.items())
        unknown = [size for size in parts if size not in known]
        if len(unknown) == 1:
            known[unknown[0]] = (width - expected) // parts[unknown[0]]
        elif width != expected and not unknown:
            told = " + ".join(size if count == 1 else f"{count} * {size}" for size, count in parts.items())
            told = f"tape.{field} has {width} columns, but {told} = {expected} by params"
            raise ValueError(f"params do not fit the tape: {told}; give the params that forward() made this tape with")
    return known


def _check_tape(tape: Any, kinds: tuple[type, ...]) -> None:
    """Raises TypeError for what forward() of this kernel did not return, or not in the form that is read."""
    if not isinstance(tape, kinds):
        wanted = "forward(..., precise=True)" if len(kinds) == 1 else "forward()"
        wanted += ", and not with tape=False" if tape is None else ""
        raise TypeError(f"tape is a {type(tape).__name__}; it must be the third result of this kernel's {wanted}")


def _checked(name: str, value: Any, axes: Any, sizes: Any, dtype: np.dtype[Any]) -> Array:
    """An array of this dtype whose axes have these sizes, an unknown size taken from it. Raises ValueError."""
    array = _array_of(name, value)
    expected = tuple(sizes.get(axis, size) for axis, size in zip(axes, array.shape, strict=False))
    if array.ndim != len(axes) or array.shape != expected:
        known = ", ".join(f"{axis} = {sizes[axis]}" for axis in axes if axis in sizes)
        raise ValueError(f"{name} has shape {array.shape}; expected ({', '.join(axes)})" + (known and f" with {known}"))
    return array.astype(dtype, copy=False)


def _checked_fields(name: str, values: Any, shapes: Any, sizes: Any, dtype: np.dtype[Any]) -> Any:
    """A named tuple of arrays, field by field; None gives zeros. Raises TypeError, ValueError."""
    unknown = [axis for axes in shapes.values() for axis in axes if axis not in sizes]
    if values is None and unknown:
        raise ValueError(f"{name} is None, but no parameter tells its size {unknown[0]}; give {name}")
    if values is None:
        return [np.zeros([sizes[axis] for axis in axes], dtype) for axes in shapes.values()]
    arrays, known, found = _named(name, values, shapes), dict(sizes), []
    for (full, value), axes in zip(arrays.items(), shapes.values(), strict=True):
        found.append(_checked(full, value, axes, known, dtype))
        known |= dict(zip(axes, found[-1].shape, strict=True))  # a size that nothing else tells holds for the next too
    return found


def _diagonal(blocks: Array) -> Array:
    """The diagonals of square blocks (..., N, N), to be written to: (..., N)."""
    view: Array = np.einsum("...ii->...i", blocks)
    return view


def _empty_in(workspace: Any, function: str) -> Any:
    """np.empty; with a workspace, what gives the arrays again that this function made last. Raises TypeError."""
    if workspace is None:
        return np.empty
    if not isinstance(workspace, dict):
        raise TypeError(f"workspace is a {type(workspace).__name__}; give a dict, the same one at every call")
    last = iter(workspace.get(function, ()))
    made = workspace[function] = []

    def empty(shape: Any, dtype: Any) -> Array:
        kept: Any = next(last, None)
        fits = kept is not None and kept.shape == shape and kept.dtype == dtype
        array: Array = kept if fits else np.empty(shape, dtype)
        made.append(array)
        return array

    return empty


def _float_dtype(arrays: Any) -> np.dtype[Any]:
    """The one dtype all arrays are computed in: float32 stays float32. Raises TypeError for half and for no float."""
    dtypes = {name: _array_of(name, value).dtype for name, value in arrays.items()}
    for name, dtype in dtypes.items():
        if dtype.kind not in "fc" or dtype.itemsize < 4:
            fix = "convert it with .astype(np.float64) or (np.float32)"
            raise TypeError(f"{name} has dtype {dtype}, which cannot be used; {fix}")
    return np.result_type(*dtypes.values()).newbyteorder("=")


def _named(name: str, values: Any, fields: Any) -> dict[str, Any]:
    """The fields of a named tuple as {"params.W": ...}; None has none. Raises TypeError for one that lacks a field."""
    if values is None:
        return {}
    fields = tuple(fields)
    made = name.partition("_")[0].removeprefix("d").capitalize()
    if isinstance(values, dict) and set(values) == set(fields):
        raise TypeError(f"{name} is a dict; give {made}(**{name})")
    if type(values) in (tuple, list) and len(values) == len(fields):
        raise TypeError(f"{name} is a {type(values).__name__}; give {made}(*{name}), in the order {', '.join(fields)}")
    given = values._asdict() if hasattr(values, "_asdict") and not isinstance(values, type) else {}
    for field in fields:
        if field not in given:
            kind = f"a {type(values).__name__} without the field {field}"
            kind = f"the class {values.__name__}, not one made of it" if isinstance(values, type) else kind
            raise TypeError(f"{name} is {kind}; make one with {made}({', '.join(fields)})")
    return {f"{name}.{field}": given[field] for field in fields}


def _negative_magnitude(a: Array) -> Array:
    """-|a| for real a; for complex a the sign is that of the real part, so that the function stays analytic."""
    return np.where(a.real < 0, a, -a)


def _outer(left: Array, right: Array) -> Array:
    """The sum over time and batch of left right^T: (T, B, M), (T, B, N) -> (M, N), as one product."""
    steps, batch, _ = left.shape
    rows = steps * batch
    # BLAS is faster with the wide operand on the right, so the transpose of the result is computed.
    product: Array = right.reshape(rows, right.shape[2]).T.dot(left.reshape(rows, left.shape[2]))
    return product.T


def _over_time(a: Array) -> Array:
    """The sum over time and batch of (T, B, N), as a product with ones, which is quicker than a sum over two axes."""
    rows = a.reshape(-1, a.shape[2])
    total: Array = np.ones(len(rows), a.dtype).dot(rows)
    return total


def _part_of(tape: Any, extra: Any, steps: slice) -> Any:
    """A tape of these steps alone; `extra` rows follow them in each array, or it has no steps where that is -1."""
    return type(tape)(
        *(a if more < 0 else a[steps.start : steps.stop + more] for a, more in zip(tape, extra, strict=True))
    )


def _parts(tape: Any, steps: int, batch: int) -> list[slice]:
    """The steps in parts, the last ones first: 1024 rows each, or as many as make a megabyte of a float32 tape.

    Of 200 steps and more at most a twelfth, or 512 rows: what a part needs is then little beside the tape.
    """
    if steps * batch <= 512:
        return [slice(0, steps)]
    numbers = sum([array.shape[-1] for array in tape if array.ndim == 3])
    size = max(1, 1024 // max(1, batch), 262144 // max(1, batch * numbers))
    if steps >= 200:
        size = min(size, max(steps // 12, 512 // max(1, batch)))
    return [slice(max(0, stop - size), stop) for stop in range(steps, 0, -size)] or [slice(0, 0)]


def _ranges(record: Any, shapes: Any, sizes: Any) -> Any:
    """A record of slices: where each array stands if their entries follow one another; an axis B counts once."""
    ends, end = [], 0
    for axes in shapes.values():
        first, end = end, end + int(np.prod([sizes[axis] for axis in axes if axis != "B"]))
        ends.append(slice(first, end))
    return record(*ends)


def _remember(fitted: Any, key: Any, sizes: Any) -> None:
    """Note that what has this signature passed the checks: it will again. No more of them than a program has shapes."""
    if key is not None:
        if len(fitted) > 999:
            fitted.clear()
        fitted[key] = sizes


def _sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)): in float64 e/(1+e), e = exp(min(a, 700)); else as tanh, which costs less there."""
    if a.dtype == np.float64:
        result: Array = np.exp(np.minimum(a, np.array(700.0), out=out), out=out)
        result /= result + 1
        return result
    half = np.array(0.5, a.dtype)
    result = np.multiply(a, half, out=out)
    np.tanh(result, out=result)
    result *= half
    result += half
    return result


def _sigmoid_precise(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)) with full relative accuracy on both sides: e/(1+e) or 1/(1+e), e = exp(-|a|).

    The rounding of 1 + e is known exactly and put right, which saves half a unit in the last place.
    """
    e = np.exp(_negative_magnitude(a))
    divisor = 1 + e
    rounding = e - (divisor - 1)
    value: Array = np.divide(np.where(a.real < 0, e, 1), divisor, out=out)
    value -= value * (rounding / divisor)
    return value


def _sigmoid_slope(a: Array) -> Array:
    """sigmoid'(a) = e / (1+e)^2, e = exp(-|a|): no digit is lost however far the gate is saturated."""
    e = np.exp(_negative_magnitude(a))
    slope: Array = e / (1 + e * (2 + e))
    return slope


def _signature(records: tuple[type, ...], *given: Any) -> Any:
    """All that checks look at, of arrays of one dtype and records of such arrays; None where anything is not plain."""
    arrays: list[Any] = []
    for value in given:
        if type(value) in records:
            arrays += value
        elif value is not None:
            arrays.append(value)
    for array in arrays:
        if type(array) is not np.ndarray or array.dtype is not arrays[0].dtype:
            return None
    if not arrays or not arrays[0].dtype.isnative:
        return None
    return (arrays[0].dtype, *map(type, given), *[array.shape for array in arrays])


def _sizes_of(params: Any, shapes: Any) -> dict[str, int]:
    """The number behind each symbolic size, read off the parameters. Raises TypeError, ValueError."""
    if params is None:
        raise TypeError(f"params is None; it must be what init() returns, or Params({', '.join(shapes)})")
    sizes: dict[str, int] = {}
    for (name, value), symbols in zip(_named("params", params, shapes).items(), shapes.values(), strict=True):
        shape = _array_of(name, value).shape
        if len(shape) != len(symbols):
            raise ValueError(f"{name} has shape {shape}; expected {len(symbols)} axes ({', '.join(symbols)})")
        for symbol, size in zip(symbols, shape, strict=True):
            if sizes.setdefault(symbol, size) != size:
                told = f"{symbol} = {sizes[symbol]} by the parameters before it; expected ({', '.join(symbols)})"
                raise ValueError(f"{name} has shape {shape}, but {told}")
    return sizes


def _softplus(a: Array) -> Array:
    """log(1 + exp(a)) = max(a, 0) + log1p(exp(-|a|))."""
    value: Array = np.where(a.real < 0, 0, a) + np.log1p(np.exp(_negative_magnitude(a)))
    return value


def _steps_of(t: Any, steps: int) -> Any:
    """t as an index of so many steps: a slice, a step or an array of them. Raises TypeError, ValueError, IndexError."""
    if isinstance(t, slice):
        if t.step == 0 or not all(part is None or hasattr(part, "__index__") for part in (t.start, t.stop, t.step)):
            raise TypeError(f"t is {t}; give a slice of whole numbers, its third not 0")
        return t
    index = _array_of("t", t)
    if index.dtype.kind == "b" and index.shape == (steps,):
        return index.nonzero()[0]
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"t is of dtype {index.dtype}; give a step, a slice or an array of steps, in whole numbers")
    outside = index[(index < -steps) | (index >= steps)]
    if outside.size:
        raise IndexError(f"t is {outside[0]}, but the tape holds {steps} steps; give one from 0 on, or from -1 back")
    return index.astype(int) if index.ndim else int(index)


def _tanh_slope(a: Array) -> Array:
    """tanh'(a) = 4E / (1+E)^2, E = exp(-2|a|): no digit is lost however far the unit is saturated.

    Below exp(-800) there is no number left, so the argument is held there: doubling it must not overflow.
    """
    e = np.exp(2 * np.maximum(_negative_magnitude(a), -400))
    slope: Array = 4 * e / (1 + e * (2 + e))
    return slope


def _times(sequence: Array, matrix: Array, out: Array | None = None) -> Array:
    """Every row of a sequence (T, B, N) times a matrix (N, M), as one product of T B rows: (T, B, M).

    `out`, if given, is a contiguous array of that shape.
    """
    steps, batch, width = sequence.shape
    rows = None if out is None else out.reshape(steps * batch, matrix.shape[1])
    rows = np.matmul(sequence.reshape(steps * batch, width), matrix, out=rows)
    return rows.reshape(steps, batch, matrix.shape[1])


def _weighted(block: Array, pairs: Any) -> None:
    """block (..., M, N) = the sum of diag(e) W over pairs of e (..., M) and W (M, N), in place.

    Row i of all blocks is one product, of what row i of every W is multiplied by, and of these rows.
    """
    *lead, rows, columns = block.shape
    count, pairs_count = int(np.prod(lead)), len(pairs)
    scales = np.empty((*lead, rows, pairs_count), block.dtype)
    matrices = np.empty((rows, pairs_count, columns), block.dtype)
    for place, (scale, matrix) in enumerate(pairs):
        scales[..., place], matrices[:, place] = scale, matrix
    by_row = scales.reshape(count, rows, pairs_count).swapaxes(0, 1)
    np.matmul(by_row, matrices, out=block.reshape(count, rows, columns).swapaxes(0, 1))


def _without_tape(forward: Any, x: Array, params: Any, state: Any, precise: bool, workspace: Any) -> Any:
    """The output and the last state: the steps in parts of 1024 rows, of which nothing else is kept."""
    steps, batch = x.shape[:2]
    size = max(1, 1024 // max(1, batch))
    y: Array | None = None
    for start in range(0, max(1, steps), size):
        part, state = forward(x[start : start + size], params, state, precise, workspace)[:2]
        if y is None:
            y = np.empty((steps, *part.shape[1:]), part.dtype)
        y[start : start + size] = part
    return y, state
