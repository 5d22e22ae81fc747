"""LSTM with peepholes.

Reference: Gers, Schraudolph & Schmidhuber 2002; Graves 2012

Equations:
    i[t] = sigmoid(W_i @ x[t] + U_i @ h[t-1] + p_i * c[t-1] + b_i)
    f[t] = sigmoid(W_f @ x[t] + U_f @ h[t-1] + p_f * c[t-1] + b_f)
    g[t] = phi_s(W_g @ x[t] + U_g @ h[t-1] + b_g)
    c[t] = f[t] * c[t-1] + i[t] * g[t]
    o[t] = sigmoid(W_o @ x[t] + U_o @ h[t-1] + p_o * c[t] + b_o)
    h[t] = o[t] * phi_h(c[t])

Shapes (T steps, B sequences, D, H):
    x        (D)
    i        (H)
    f        (H)
    g        (H)
    c        (H)
    o        (H)
    h        (H)
    W_i      (H, D)
    U_i      (H, H)
    p_i      (H)
    b_i      (H)
    W_f      (H, D)
    U_f      (H, H)
    p_f      (H)
    b_f      (H)
    W_g      (H, D)
    U_g      (H, H)
    b_g      (H)
    W_o      (H, D)
    U_o      (H, H)
    p_o      (H)
    b_o      (H)

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order of the gates in packed arrays: i, f, g, o.
Biases: 4 (b_i, b_f, b_g, b_o), one a gate; libraries that keep two add them.
Options: phi_s = tanh, phi_h = tanh.

Generated from the equations (content hash 913791fd04259aa8, format 1) by lstm_sym; stands alone on NumPy.
Written by the derivation, not by hand: change the equations and generate it again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

CONTENT_HASH = "913791fd04259aa843843c0cec0fa03989f0e12053ae293f510da3c48d99a442"


class Params(NamedTuple):
    """The parameters, named as in the equations."""

    W_i: Array  # (H, D)
    U_i: Array  # (H, H)
    p_i: Array  # (H)
    b_i: Array  # (H)
    W_f: Array  # (H, D)
    U_f: Array  # (H, H)
    p_f: Array  # (H)
    b_f: Array  # (H)
    W_g: Array  # (H, D)
    U_g: Array  # (H, H)
    b_g: Array  # (H)
    W_o: Array  # (H, D)
    U_o: Array  # (H, H)
    p_o: Array  # (H)
    b_o: Array  # (H)


class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H)
    c: Array  # (B, H)


class Tape(NamedTuple):
    """What `backward` needs of `forward`, computed by liveness; x is kept as given, not copied."""

    x: Array
    h: Array
    c: Array
    gates: Array
    tanh_c: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations."""

    x: Array
    h: Array
    c: Array
    a: Array
    gates: Array
    tanh_c: Array


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # like Params
    state: State  # of t = 0


_SHAPES = {
    'W_i': ('H', 'D'),
    'U_i': ('H', 'H'),
    'p_i': ('H',),
    'b_i': ('H',),
    'W_f': ('H', 'D'),
    'U_f': ('H', 'H'),
    'p_f': ('H',),
    'b_f': ('H',),
    'W_g': ('H', 'D'),
    'U_g': ('H', 'H'),
    'b_g': ('H',),
    'W_o': ('H', 'D'),
    'U_o': ('H', 'H'),
    'p_o': ('H',),
    'b_o': ('H',),
}
_STATE_SHAPES = {
    'h': ('B', 'H'),
    'c': ('B', 'H'),
}


def init(
    input_size: int,
    hidden_size: int,
    *,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
    **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    `fill` sets a vector to one value, as b_o=1.0. Without rng the seed is 0. Raises TypeError for a name in `fill` that is no vector, ValueError for a size < 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {'D': input_size, 'H': hidden_size}
    for symbol, size in sizes.items():
        if size < 1:
            raise ValueError(f"the size {symbol} is {size}; sizes are 1 or more")
    for name in fill:
        if name not in ('p_i', 'b_i', 'p_f', 'b_f', 'b_g', 'p_o', 'b_o'):
            raise TypeError(f"init() cannot fill {name}; the vectors of this cell are p_i, b_i, p_f, b_f, b_g, p_o, b_o")
    bound = 1 / hidden_size**0.5
    drawn = {}
    for name, symbols in _SHAPES.items():
        value = rng.uniform(-bound, bound, [sizes[symbol] for symbol in symbols])
        drawn[name] = np.asarray(np.full_like(value, fill[name]) if name in fill else value, dtype)
    return Params(**drawn)


def _prepared(x: Any, params: Any, state: Any) -> tuple[Array, Params, State]:
    """Arrays of one dtype and of sizes that fit each other."""
    sizes = _sizes_of(params, _SHAPES)
    dtype = _float_dtype([x, *params, *(state or ())])
    x = _checked("x", x, ("T", "B", "D"), sizes, dtype)
    sizes |= {"B": x.shape[1], "D": x.shape[2]}
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    return x, params, State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))


def forward(
    x: Any, params: Params, state: State | None = None, *, precise: bool = False
) -> tuple[Array, State, Tape | PreciseTape]:
    """Run the cell over sequences.

    x (T, B, D), state (B, H) each or None for zeros -> y = h (T, B, H), the state after T steps, the tape.
    `precise` keeps full relative accuracy of gates and slopes under saturation; `backward` follows the tape.
    Raises TypeError, ValueError, naming the array that does not fit.
    """
    x, params, state = _prepared(x, params, state)
    return (_forward_precise if precise else _forward_fast)(x, params, state)


def backward(dy: Any, tape: Tape | PreciseTape, params: Params, dstate: State | None = None) -> Grads:
    """Gradients of a loss L by backpropagation through time.

    dy = dL/dy (T, B, H); dstate = dL/d(state after T steps), or None for zeros; params as given to forward.
    Returns dL/dx (T, B, D), dL/dparams (named), dL/d(initial state). Raises TypeError, ValueError.
    """
    dtype = tape.x.dtype
    T, B = tape.x.shape[:2]
    sizes = _sizes_of(params, _SHAPES) | {"T": T, "B": B}
    dy = _checked("dy", dy, ("T", "B", "H"), sizes, _float_dtype([np.empty(0, dtype), dy]))
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    dstate = State(*_checked_fields("dstate", dstate, _STATE_SHAPES, sizes, dy.dtype))
    run = _backward_precise if isinstance(tape, PreciseTape) else _backward_fast
    return run(dy, tape, params, dstate)


def _forward_fast(x: Array, params: Params, state: State) -> tuple[Array, State, Tape]:
    T, B = x.shape[:2]
    dtype = x.dtype
    H = params.W_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    b = np.concatenate((params.b_i, params.b_f, params.b_g, params.b_o))
    p_i = params.p_i
    p_f = params.p_f
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    p_o = params.p_o
    gates = np.empty((T, B, 4 * H), dtype)
    tanh_c = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    c = np.empty((T + 1, B, H), dtype)
    c[0] = state.c
    i = gates[..., 0 * H : 1 * H]
    gates_i_f = gates[..., 0 * H : 2 * H]
    f = gates[..., 1 * H : 2 * H]
    g = gates[..., 2 * H : 3 * H]
    o = gates[..., 3 * H : 4 * H]
    # lstm_peephole.forward.a_i: a_i[t]
    # lstm_peephole.forward.a_f: a_f[t]
    # lstm_peephole.forward.a_g: a_g[t]
    # lstm_peephole.forward.a_o: a_o[t]
    gates[...] = _times(x, W.T)
    # lstm_peephole.forward.a_i: a_i[t]
    # lstm_peephole.forward.a_f: a_f[t]
    # lstm_peephole.forward.a_g: a_g[t]
    # lstm_peephole.forward.a_o: a_o[t]
    gates += b
    for t in range(T):
        # lstm_peephole.forward.a_i: a_i[t]
        np.add(i[t], p_i * c[t], out=i[t])
        # lstm_peephole.forward.a_f: a_f[t]
        np.add(f[t], p_f * c[t], out=f[t])
        # lstm_peephole.forward.a_i: a_i[t]
        # lstm_peephole.forward.a_f: a_f[t]
        # lstm_peephole.forward.a_g: a_g[t]
        # lstm_peephole.forward.a_o: a_o[t]
        np.add(gates[t], h[t] @ U.T, out=gates[t])
        # lstm_peephole.forward.i: i[t] = sigmoid(a_i[t])
        # lstm_peephole.forward.f: f[t] = sigmoid(a_f[t])
        _sigmoid(gates_i_f[t], out=gates_i_f[t])
        # lstm_peephole.forward.g: g[t] = tanh(a_g[t])
        np.tanh(g[t], out=g[t])
        # lstm_peephole.forward.c: c[t] = c[t-1]*f[t] + g[t]*i[t]
        np.add(c[t] * f[t], i[t] * g[t], out=c[t + 1])
        # lstm_peephole.forward.a_o: a_o[t]
        np.add(o[t], p_o * c[t + 1], out=o[t])
        # lstm_peephole.forward.tanh_c: tanh_c[t] = tanh(c[t])
        np.tanh(c[t + 1], out=tanh_c[t])
        # lstm_peephole.forward.o: o[t] = sigmoid(a_o[t])
        _sigmoid(o[t], out=o[t])
        # lstm_peephole.forward.h: h[t] = o[t]*tanh_c[t]
        np.multiply(o[t], tanh_c[t], out=h[t + 1])
    return h[1:].copy(), State(h[T].copy(), c[T].copy()), Tape(x, h, c, gates, tanh_c)


def _forward_precise(x: Array, params: Params, state: State) -> tuple[Array, State, PreciseTape]:
    T, B = x.shape[:2]
    dtype = x.dtype
    H = params.W_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    b = np.concatenate((params.b_i, params.b_f, params.b_g, params.b_o))
    p_i = params.p_i
    p_f = params.p_f
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    p_o = params.p_o
    a = np.empty((T, B, 4 * H), dtype)
    gates = np.empty((T, B, 4 * H), dtype)
    tanh_c = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    c = np.empty((T + 1, B, H), dtype)
    c[0] = state.c
    a_i = a[..., 0 * H : 1 * H]
    a_i_f = a[..., 0 * H : 2 * H]
    a_f = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    a_o = a[..., 3 * H : 4 * H]
    i = gates[..., 0 * H : 1 * H]
    gates_i_f = gates[..., 0 * H : 2 * H]
    f = gates[..., 1 * H : 2 * H]
    g = gates[..., 2 * H : 3 * H]
    o = gates[..., 3 * H : 4 * H]
    # lstm_peephole.forward.a_i: a_i[t]
    # lstm_peephole.forward.a_f: a_f[t]
    # lstm_peephole.forward.a_g: a_g[t]
    # lstm_peephole.forward.a_o: a_o[t]
    a[...] = _times(x, W.T)
    # lstm_peephole.forward.a_i: a_i[t]
    # lstm_peephole.forward.a_f: a_f[t]
    # lstm_peephole.forward.a_g: a_g[t]
    # lstm_peephole.forward.a_o: a_o[t]
    a += b
    for t in range(T):
        # lstm_peephole.forward.a_i: a_i[t]
        np.add(a_i[t], p_i * c[t], out=a_i[t])
        # lstm_peephole.forward.a_f: a_f[t]
        np.add(a_f[t], p_f * c[t], out=a_f[t])
        # lstm_peephole.forward.a_i: a_i[t]
        # lstm_peephole.forward.a_f: a_f[t]
        # lstm_peephole.forward.a_g: a_g[t]
        # lstm_peephole.forward.a_o: a_o[t]
        np.add(a[t], h[t] @ U.T, out=a[t])
        # lstm_peephole.forward.i: i[t] = sigmoid(a_i[t])
        # lstm_peephole.forward.f: f[t] = sigmoid(a_f[t])
        gates_i_f[t][...] = _sigmoid_precise(a_i_f[t])
        # lstm_peephole.forward.g: g[t] = tanh(a_g[t])
        np.tanh(a_g[t], out=g[t])
        # lstm_peephole.forward.c: c[t] = c[t-1]*f[t] + g[t]*i[t]
        np.add(c[t] * f[t], i[t] * g[t], out=c[t + 1])
        # lstm_peephole.forward.a_o: a_o[t]
        np.add(a_o[t], p_o * c[t + 1], out=a_o[t])
        # lstm_peephole.forward.tanh_c: tanh_c[t] = tanh(c[t])
        np.tanh(c[t + 1], out=tanh_c[t])
        # lstm_peephole.forward.o: o[t] = sigmoid(a_o[t])
        o[t][...] = _sigmoid_precise(a_o[t])
        # lstm_peephole.forward.h: h[t] = o[t]*tanh_c[t]
        np.multiply(o[t], tanh_c[t], out=h[t + 1])
    return h[1:].copy(), State(h[T].copy(), c[T].copy()), PreciseTape(x, h, c, a, gates, tanh_c)


def _backward_fast(dy: Array, tape: Tape, params: Params, dstate: State) -> Grads:
    T, B = dy.shape[:2]
    dtype = dy.dtype
    H = params.W_i.shape[0]
    x = tape.x
    h = tape.h
    c = tape.c
    gates = tape.gates
    tanh_c = tape.tanh_c
    p_o = params.p_o
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    p_f = params.p_f
    p_i = params.p_i
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    d_gates = np.empty((B, 4 * H), dtype)
    d_a = np.empty((T, B, 4 * H), dtype)
    d_h_next = dstate.h
    d_c_next = dstate.c
    d_a_i = d_a[..., 0 * H : 1 * H]
    d_a_i_f = d_a[..., 0 * H : 2 * H]
    d_a_i_f_g = d_a[..., 0 * H : 3 * H]
    d_a_f = d_a[..., 1 * H : 2 * H]
    d_a_g = d_a[..., 2 * H : 3 * H]
    d_a_o = d_a[..., 3 * H : 4 * H]
    d_i = d_gates[..., 0 * H : 1 * H]
    d_gates_i_f_g = d_gates[..., 0 * H : 3 * H]
    d_f = d_gates[..., 1 * H : 2 * H]
    d_g = d_gates[..., 2 * H : 3 * H]
    d_o = d_gates[..., 3 * H : 4 * H]
    i = gates[..., 0 * H : 1 * H]
    gates_i_f = gates[..., 0 * H : 2 * H]
    f = gates[..., 1 * H : 2 * H]
    g = gates[..., 2 * H : 3 * H]
    o = gates[..., 3 * H : 4 * H]
    # lstm_peephole.backward.tanh_c_slope: tanh_c_slope[t] = 1 - tanh_c[t]**2
    tanh_c_slope = 1 - tanh_c**2
    # lstm_peephole.backward.i_slope: i_slope[t] = i[t]*(1 - i[t])
    # lstm_peephole.backward.f_slope: f_slope[t] = f[t]*(1 - f[t])
    np.multiply(gates_i_f, 1 - gates_i_f, out=d_a_i_f)
    # lstm_peephole.backward.o_slope: o_slope[t] = o[t]*(1 - o[t])
    np.multiply(o, 1 - o, out=d_a_o)
    # lstm_peephole.backward.g_slope: g_slope[t] = 1 - g[t]**2
    np.subtract(1, g**2, out=d_a_g)
    for t in reversed(range(T)):
        # lstm_peephole.backward.h: d_h[t] = d_h_next[t] + dy[t]
        d_h = dy[t] + d_h_next
        # lstm_peephole.backward.tanh_c: d_tanh_c[t] = d_h[t]*o[t]
        d_tanh_c = d_h * o[t]
        # lstm_peephole.backward.o: d_o[t] = d_h[t]*tanh_c[t]
        np.multiply(d_h, tanh_c[t], out=d_o)
        # lstm_peephole.backward.a_o: d_a_o[t] = d_o[t]*o_slope[t]
        np.multiply(d_o, d_a_o[t], out=d_a_o[t])
        # lstm_peephole.backward.c: d_c[t] = d_a_o[t]*p_o + d_c_next[t] + d_tanh_c[t]*tanh_c_slope[t]
        d_c = d_c_next + d_tanh_c * tanh_c_slope[t] + d_a_o[t] * p_o
        # lstm_peephole.backward.g: d_g[t] = d_c[t]*i[t]
        np.multiply(d_c, i[t], out=d_g)
        # lstm_peephole.backward.f: d_f[t] = c[t-1]*d_c[t]
        np.multiply(d_c, c[t], out=d_f)
        # lstm_peephole.backward.i: d_i[t] = d_c[t]*g[t]
        np.multiply(d_c, g[t], out=d_i)
        # lstm_peephole.backward.a_i: d_a_i[t] = d_i[t]*i_slope[t]
        # lstm_peephole.backward.a_f: d_a_f[t] = d_f[t]*f_slope[t]
        # lstm_peephole.backward.a_g: d_a_g[t] = d_g[t]*g_slope[t]
        np.multiply(d_gates_i_f_g, d_a_i_f_g[t], out=d_a_i_f_g[t])
        # lstm_peephole.backward.h_prev: d_h_next[t-1]
        d_h_prev = d_a[t] @ U
        # lstm_peephole.backward.c_prev: d_c_next[t-1] = d_a_f[t]*p_f + d_a_i[t]*p_i + d_c[t]*f[t]
        d_c_prev = d_c * f[t] + d_a_f[t] * p_f + d_a_i[t] * p_i
        d_h_next, d_c_next = d_h_prev, d_c_prev
    # lstm_peephole.backward.x: d_x[t]
    d_x = _times(d_a, W)
    # lstm_peephole.backward.W_i: d_W_i
    # lstm_peephole.backward.W_f: d_W_f
    # lstm_peephole.backward.W_g: d_W_g
    # lstm_peephole.backward.W_o: d_W_o
    d_W = _outer(d_a, x)
    d_W_i = d_W[0 * H : 1 * H]
    d_W_f = d_W[1 * H : 2 * H]
    d_W_g = d_W[2 * H : 3 * H]
    d_W_o = d_W[3 * H : 4 * H]
    # lstm_peephole.backward.U_i: d_U_i
    # lstm_peephole.backward.U_f: d_U_f
    # lstm_peephole.backward.U_g: d_U_g
    # lstm_peephole.backward.U_o: d_U_o
    d_U = _outer(d_a, h[:-1])
    d_U_i = d_U[0 * H : 1 * H]
    d_U_f = d_U[1 * H : 2 * H]
    d_U_g = d_U[2 * H : 3 * H]
    d_U_o = d_U[3 * H : 4 * H]
    # lstm_peephole.backward.p_i: d_p_i
    d_p_i = (d_a_i * c[:-1]).sum(axis=(0, 1))
    # lstm_peephole.backward.b_i: d_b_i
    # lstm_peephole.backward.b_f: d_b_f
    # lstm_peephole.backward.b_g: d_b_g
    # lstm_peephole.backward.b_o: d_b_o
    d_b = d_a.sum(axis=(0, 1))
    d_b_i = d_b[0 * H : 1 * H]
    d_b_f = d_b[1 * H : 2 * H]
    d_b_g = d_b[2 * H : 3 * H]
    d_b_o = d_b[3 * H : 4 * H]
    # lstm_peephole.backward.p_f: d_p_f
    d_p_f = (d_a_f * c[:-1]).sum(axis=(0, 1))
    # lstm_peephole.backward.p_o: d_p_o
    d_p_o = (d_a_o * c[1:]).sum(axis=(0, 1))
    return Grads(d_x, Params(d_W_i, d_U_i, d_p_i, d_b_i, d_W_f, d_U_f, d_p_f, d_b_f, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_p_o, d_b_o), State(d_h_next, d_c_next))


def _backward_precise(dy: Array, tape: PreciseTape, params: Params, dstate: State) -> Grads:
    T, B = dy.shape[:2]
    dtype = dy.dtype
    H = params.W_i.shape[0]
    x = tape.x
    h = tape.h
    c = tape.c
    a = tape.a
    gates = tape.gates
    tanh_c = tape.tanh_c
    p_o = params.p_o
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    p_f = params.p_f
    p_i = params.p_i
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    d_gates = np.empty((B, 4 * H), dtype)
    d_a = np.empty((T, B, 4 * H), dtype)
    d_h_next = dstate.h
    d_c_next = dstate.c
    a_i_f = a[..., 0 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    a_o = a[..., 3 * H : 4 * H]
    d_a_i = d_a[..., 0 * H : 1 * H]
    d_a_i_f = d_a[..., 0 * H : 2 * H]
    d_a_i_f_g = d_a[..., 0 * H : 3 * H]
    d_a_f = d_a[..., 1 * H : 2 * H]
    d_a_g = d_a[..., 2 * H : 3 * H]
    d_a_o = d_a[..., 3 * H : 4 * H]
    d_i = d_gates[..., 0 * H : 1 * H]
    d_gates_i_f_g = d_gates[..., 0 * H : 3 * H]
    d_f = d_gates[..., 1 * H : 2 * H]
    d_g = d_gates[..., 2 * H : 3 * H]
    d_o = d_gates[..., 3 * H : 4 * H]
    i = gates[..., 0 * H : 1 * H]
    f = gates[..., 1 * H : 2 * H]
    g = gates[..., 2 * H : 3 * H]
    o = gates[..., 3 * H : 4 * H]
    # lstm_peephole.backward.tanh_c_slope: tanh_c_slope[t] = tanh_slope(c[t])
    tanh_c_slope = _tanh_slope(c[1:])
    # lstm_peephole.backward.i_slope: i_slope[t] = sigmoid_slope(a_i[t])
    # lstm_peephole.backward.f_slope: f_slope[t] = sigmoid_slope(a_f[t])
    d_a_i_f[...] = _sigmoid_slope(a_i_f)
    # lstm_peephole.backward.o_slope: o_slope[t] = sigmoid_slope(a_o[t])
    d_a_o[...] = _sigmoid_slope(a_o)
    # lstm_peephole.backward.g_slope: g_slope[t] = tanh_slope(a_g[t])
    d_a_g[...] = _tanh_slope(a_g)
    for t in reversed(range(T)):
        # lstm_peephole.backward.h: d_h[t] = d_h_next[t] + dy[t]
        d_h = dy[t] + d_h_next
        # lstm_peephole.backward.tanh_c: d_tanh_c[t] = d_h[t]*o[t]
        d_tanh_c = d_h * o[t]
        # lstm_peephole.backward.o: d_o[t] = d_h[t]*tanh_c[t]
        np.multiply(d_h, tanh_c[t], out=d_o)
        # lstm_peephole.backward.a_o: d_a_o[t] = d_o[t]*o_slope[t]
        np.multiply(d_o, d_a_o[t], out=d_a_o[t])
        # lstm_peephole.backward.c: d_c[t] = d_a_o[t]*p_o + d_c_next[t] + d_tanh_c[t]*tanh_c_slope[t]
        d_c = d_c_next + d_tanh_c * tanh_c_slope[t] + d_a_o[t] * p_o
        # lstm_peephole.backward.g: d_g[t] = d_c[t]*i[t]
        np.multiply(d_c, i[t], out=d_g)
        # lstm_peephole.backward.f: d_f[t] = c[t-1]*d_c[t]
        np.multiply(d_c, c[t], out=d_f)
        # lstm_peephole.backward.i: d_i[t] = d_c[t]*g[t]
        np.multiply(d_c, g[t], out=d_i)
        # lstm_peephole.backward.a_i: d_a_i[t] = d_i[t]*i_slope[t]
        # lstm_peephole.backward.a_f: d_a_f[t] = d_f[t]*f_slope[t]
        # lstm_peephole.backward.a_g: d_a_g[t] = d_g[t]*g_slope[t]
        np.multiply(d_gates_i_f_g, d_a_i_f_g[t], out=d_a_i_f_g[t])
        # lstm_peephole.backward.h_prev: d_h_next[t-1]
        d_h_prev = d_a[t] @ U
        # lstm_peephole.backward.c_prev: d_c_next[t-1] = d_a_f[t]*p_f + d_a_i[t]*p_i + d_c[t]*f[t]
        d_c_prev = d_c * f[t] + d_a_f[t] * p_f + d_a_i[t] * p_i
        d_h_next, d_c_next = d_h_prev, d_c_prev
    # lstm_peephole.backward.x: d_x[t]
    d_x = _times(d_a, W)
    # lstm_peephole.backward.W_i: d_W_i
    # lstm_peephole.backward.W_f: d_W_f
    # lstm_peephole.backward.W_g: d_W_g
    # lstm_peephole.backward.W_o: d_W_o
    d_W = _outer(d_a, x)
    d_W_i = d_W[0 * H : 1 * H]
    d_W_f = d_W[1 * H : 2 * H]
    d_W_g = d_W[2 * H : 3 * H]
    d_W_o = d_W[3 * H : 4 * H]
    # lstm_peephole.backward.U_i: d_U_i
    # lstm_peephole.backward.U_f: d_U_f
    # lstm_peephole.backward.U_g: d_U_g
    # lstm_peephole.backward.U_o: d_U_o
    d_U = _outer(d_a, h[:-1])
    d_U_i = d_U[0 * H : 1 * H]
    d_U_f = d_U[1 * H : 2 * H]
    d_U_g = d_U[2 * H : 3 * H]
    d_U_o = d_U[3 * H : 4 * H]
    # lstm_peephole.backward.p_i: d_p_i
    d_p_i = (d_a_i * c[:-1]).sum(axis=(0, 1))
    # lstm_peephole.backward.b_i: d_b_i
    # lstm_peephole.backward.b_f: d_b_f
    # lstm_peephole.backward.b_g: d_b_g
    # lstm_peephole.backward.b_o: d_b_o
    d_b = d_a.sum(axis=(0, 1))
    d_b_i = d_b[0 * H : 1 * H]
    d_b_f = d_b[1 * H : 2 * H]
    d_b_g = d_b[2 * H : 3 * H]
    d_b_o = d_b[3 * H : 4 * H]
    # lstm_peephole.backward.p_f: d_p_f
    d_p_f = (d_a_f * c[:-1]).sum(axis=(0, 1))
    # lstm_peephole.backward.p_o: d_p_o
    d_p_o = (d_a_o * c[1:]).sum(axis=(0, 1))
    return Grads(d_x, Params(d_W_i, d_U_i, d_p_i, d_b_i, d_W_f, d_U_f, d_p_f, d_b_f, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_p_o, d_b_o), State(d_h_next, d_c_next))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Shapes and dtypes are taken as they come.
    """
    x = x_t
    h_prev = state.h
    c_prev = state.c
    W_i = params.W_i
    U_i = params.U_i
    p_i = params.p_i
    b_i = params.b_i
    W_f = params.W_f
    U_f = params.U_f
    p_f = params.p_f
    b_f = params.b_f
    W_g = params.W_g
    U_g = params.U_g
    b_g = params.b_g
    W_o = params.W_o
    U_o = params.U_o
    p_o = params.p_o
    b_o = params.b_o
    # lstm_peephole.forward.a_i: a_i[t]
    a_i = x @ W_i.T
    a_i += h_prev @ U_i.T
    a_i += p_i * c_prev
    a_i += b_i
    # lstm_peephole.forward.i: i[t] = sigmoid(a_i[t])
    i = _sigmoid(a_i)
    # lstm_peephole.forward.a_f: a_f[t]
    a_f = x @ W_f.T
    a_f += h_prev @ U_f.T
    a_f += p_f * c_prev
    a_f += b_f
    # lstm_peephole.forward.f: f[t] = sigmoid(a_f[t])
    f = _sigmoid(a_f)
    # lstm_peephole.forward.a_g: a_g[t]
    a_g = x @ W_g.T
    a_g += h_prev @ U_g.T
    a_g += b_g
    # lstm_peephole.forward.g: g[t] = tanh(a_g[t])
    g = np.tanh(a_g)
    # lstm_peephole.forward.c: c[t] = c[t-1]*f[t] + g[t]*i[t]
    c = c_prev * f + i * g
    # lstm_peephole.forward.a_o: a_o[t]
    a_o = x @ W_o.T
    a_o += h_prev @ U_o.T
    a_o += p_o * c
    a_o += b_o
    # lstm_peephole.forward.o: o[t] = sigmoid(a_o[t])
    o = _sigmoid(a_o)
    # lstm_peephole.forward.tanh_c: tanh_c[t] = tanh(c[t])
    tanh_c = np.tanh(c)
    # lstm_peephole.forward.h: h[t] = o[t]*tanh_c[t]
    h = o * tanh_c
    return h, State(h, c)


def jvp(
    x: Any,
    params: Params,
    state: State | None = None,
    *,
    x_dot: Any = None,
    params_dot: Params | None = None,
    state_dot: State | None = None,
) -> tuple[Array, Array, State, State]:
    """Forward mode: the derivative along (x_dot, params_dot, state_dot), each None for zero.

    Returns y, y_dot (T, B, H), the last state, its tangent. Raises TypeError, ValueError.
    """
    x, params, state = _prepared(x, params, state)
    x_dot = np.zeros_like(x) if x_dot is None else x_dot
    if params_dot is None:
        params_dot = Params(*map(np.zeros_like, params))
    if state_dot is None:
        state_dot = State(*map(np.zeros_like, state))
    dtype = _float_dtype([x, x_dot, *params_dot, *state_dot])
    x, params, state = _prepared(x.astype(dtype, copy=False), params, state)
    x_dot, params_dot, state_dot = _prepared(x_dot, params_dot, state_dot)
    return _jvp(x, params, state, x_dot, params_dot, state_dot)


def _jvp(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State]:
    T, B = x.shape[:2]
    dtype = x.dtype
    H = params.W_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    b = np.concatenate((params.b_i, params.b_f, params.b_g, params.b_o))
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_f, params_dot.W_g, params_dot.W_o))
    b_dot = np.concatenate((params_dot.b_i, params_dot.b_f, params_dot.b_g, params_dot.b_o))
    p_i = params.p_i
    p_i_dot = params_dot.p_i
    p_f = params.p_f
    p_f_dot = params_dot.p_f
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_f, params_dot.U_g, params_dot.U_o))
    p_o = params.p_o
    p_o_dot = params_dot.p_o
    a = np.empty((T, B, 4 * H), dtype)
    gates_dot = np.empty((T, B, 4 * H), dtype)
    gates = np.empty((B, 4 * H), dtype)
    gates_slope = np.empty((B, 4 * H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    h_dot = np.empty((T + 1, B, H), dtype)
    h_dot[0] = state_dot.h
    c_prev = state.c
    c_dot_prev = state_dot.c
    a_i = a[..., 0 * H : 1 * H]
    a_i_f = a[..., 0 * H : 2 * H]
    a_f = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    a_o = a[..., 3 * H : 4 * H]
    i = gates[..., 0 * H : 1 * H]
    gates_i_f = gates[..., 0 * H : 2 * H]
    f = gates[..., 1 * H : 2 * H]
    g = gates[..., 2 * H : 3 * H]
    o = gates[..., 3 * H : 4 * H]
    i_dot = gates_dot[..., 0 * H : 1 * H]
    gates_dot_i_f = gates_dot[..., 0 * H : 2 * H]
    f_dot = gates_dot[..., 1 * H : 2 * H]
    g_dot = gates_dot[..., 2 * H : 3 * H]
    o_dot = gates_dot[..., 3 * H : 4 * H]
    i_slope = gates_slope[..., 0 * H : 1 * H]
    gates_slope_i_f = gates_slope[..., 0 * H : 2 * H]
    f_slope = gates_slope[..., 1 * H : 2 * H]
    g_slope = gates_slope[..., 2 * H : 3 * H]
    o_slope = gates_slope[..., 3 * H : 4 * H]
    # lstm_peephole.forward.a_i: a_i[t]
    # lstm_peephole.forward.a_f: a_f[t]
    # lstm_peephole.forward.a_g: a_g[t]
    # lstm_peephole.forward.a_o: a_o[t]
    a[...] = _times(x, W.T)
    # lstm_peephole.forward.a_i: a_i[t]
    # lstm_peephole.forward.a_f: a_f[t]
    # lstm_peephole.forward.a_g: a_g[t]
    # lstm_peephole.forward.a_o: a_o[t]
    a += b
    # lstm_peephole.tangent.a_i: a_i_dot[t]
    # lstm_peephole.tangent.a_f: a_f_dot[t]
    # lstm_peephole.tangent.a_g: a_g_dot[t]
    # lstm_peephole.tangent.a_o: a_o_dot[t]
    gates_dot[...] = _times(x_dot, W.T)
    # lstm_peephole.tangent.a_i: a_i_dot[t]
    # lstm_peephole.tangent.a_f: a_f_dot[t]
    # lstm_peephole.tangent.a_g: a_g_dot[t]
    # lstm_peephole.tangent.a_o: a_o_dot[t]
    gates_dot += _times(x, W_dot.T)
    # lstm_peephole.tangent.a_i: a_i_dot[t]
    # lstm_peephole.tangent.a_f: a_f_dot[t]
    # lstm_peephole.tangent.a_g: a_g_dot[t]
    # lstm_peephole.tangent.a_o: a_o_dot[t]
    gates_dot += b_dot
    for t in range(T):
        # lstm_peephole.forward.a_i: a_i[t]
        np.add(a_i[t], p_i * c_prev, out=a_i[t])
        # lstm_peephole.tangent.a_i: a_i_dot[t]
        np.add(i_dot[t], p_i * c_dot_prev, out=i_dot[t])
        np.add(i_dot[t], p_i_dot * c_prev, out=i_dot[t])
        # lstm_peephole.forward.a_f: a_f[t]
        np.add(a_f[t], p_f * c_prev, out=a_f[t])
        # lstm_peephole.tangent.a_f: a_f_dot[t]
        np.add(f_dot[t], p_f * c_dot_prev, out=f_dot[t])
        np.add(f_dot[t], p_f_dot * c_prev, out=f_dot[t])
        # lstm_peephole.forward.a_i: a_i[t]
        # lstm_peephole.forward.a_f: a_f[t]
        # lstm_peephole.forward.a_g: a_g[t]
        # lstm_peephole.forward.a_o: a_o[t]
        np.add(a[t], h[t] @ U.T, out=a[t])
        # lstm_peephole.tangent.a_i: a_i_dot[t]
        # lstm_peephole.tangent.a_f: a_f_dot[t]
        # lstm_peephole.tangent.a_g: a_g_dot[t]
        # lstm_peephole.tangent.a_o: a_o_dot[t]
        np.add(gates_dot[t], h_dot[t] @ U.T, out=gates_dot[t])
        # lstm_peephole.tangent.a_i: a_i_dot[t]
        # lstm_peephole.tangent.a_f: a_f_dot[t]
        # lstm_peephole.tangent.a_g: a_g_dot[t]
        # lstm_peephole.tangent.a_o: a_o_dot[t]
        np.add(gates_dot[t], h[t] @ U_dot.T, out=gates_dot[t])
        # lstm_peephole.forward.i: i[t] = sigmoid(a_i[t])
        # lstm_peephole.forward.f: f[t] = sigmoid(a_f[t])
        gates_i_f[...] = _sigmoid_precise(a_i_f[t])
        # lstm_peephole.tangent.i_slope: i_slope[t] = sigmoid_slope(a_i[t])
        # lstm_peephole.tangent.f_slope: f_slope[t] = sigmoid_slope(a_f[t])
        gates_slope_i_f[...] = _sigmoid_slope(a_i_f[t])
        # lstm_peephole.tangent.i: i_dot[t] = a_i_dot[t]*i_slope[t]
        # lstm_peephole.tangent.f: f_dot[t] = a_f_dot[t]*f_slope[t]
        np.multiply(gates_dot_i_f[t], gates_slope_i_f, out=gates_dot_i_f[t])
        # lstm_peephole.forward.g: g[t] = tanh(a_g[t])
        np.tanh(a_g[t], out=g)
        # lstm_peephole.forward.c: c[t] = c[t-1]*f[t] + g[t]*i[t]
        c = c_prev * f + i * g
        # lstm_peephole.forward.a_o: a_o[t]
        np.add(a_o[t], p_o * c, out=a_o[t])
        # lstm_peephole.forward.tanh_c: tanh_c[t] = tanh(c[t])
        tanh_c = np.tanh(c)
        # lstm_peephole.tangent.tanh_c_slope: tanh_c_slope[t] = tanh_slope(c[t])
        tanh_c_slope = _tanh_slope(c)
        # lstm_peephole.tangent.g_slope: g_slope[t] = tanh_slope(a_g[t])
        g_slope[...] = _tanh_slope(a_g[t])
        # lstm_peephole.tangent.g: g_dot[t] = a_g_dot[t]*g_slope[t]
        np.multiply(g_dot[t], g_slope, out=g_dot[t])
        # lstm_peephole.tangent.c: c_dot[t] = c[t-1]*f_dot[t] + c_dot[t-1]*f[t] + g[t]*i_dot[t] + g_dot[t]*i[t]
        c_dot = c_dot_prev * f + i_dot[t] * g + f_dot[t] * c_prev + g_dot[t] * i
        # lstm_peephole.tangent.a_o: a_o_dot[t]
        np.add(o_dot[t], p_o * c_dot, out=o_dot[t])
        np.add(o_dot[t], p_o_dot * c, out=o_dot[t])
        # lstm_peephole.tangent.tanh_c: tanh_c_dot[t] = c_dot[t]*tanh_c_slope[t]
        tanh_c_dot = c_dot * tanh_c_slope
        # lstm_peephole.forward.o: o[t] = sigmoid(a_o[t])
        o[...] = _sigmoid_precise(a_o[t])
        # lstm_peephole.forward.h: h[t] = o[t]*tanh_c[t]
        np.multiply(o, tanh_c, out=h[t + 1])
        # lstm_peephole.tangent.o_slope: o_slope[t] = sigmoid_slope(a_o[t])
        o_slope[...] = _sigmoid_slope(a_o[t])
        # lstm_peephole.tangent.o: o_dot[t] = a_o_dot[t]*o_slope[t]
        np.multiply(o_dot[t], o_slope, out=o_dot[t])
        # lstm_peephole.tangent.h: h_dot[t] = o[t]*tanh_c_dot[t] + o_dot[t]*tanh_c[t]
        np.add(o_dot[t] * tanh_c, tanh_c_dot * o, out=h_dot[t + 1])
        c_prev, c_dot_prev = c, c_dot
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy(), c_prev), State(h_dot[T].copy(), c_dot_prev)


def jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/ds[t-1] over all states, in the order of State, at step t of the tape.

    (B, S, S) for a step, (n, B, S, S) for a slice or an array of steps; S is the sum of the states' sizes.
    """
    params = Params(*map(np.asarray, params))
    run = _jacobian_precise if isinstance(tape, PreciseTape) else _jacobian_fast
    return run(tape, params, t)


def _jacobian_fast(tape: Tape, params: Params, t: Any) -> Array:
    dtype = tape.x.dtype
    H = params.W_i.shape[0]
    i = tape.gates[..., 0 * H : 1 * H][t]
    f = tape.gates[..., 1 * H : 2 * H][t]
    g = tape.gates[..., 2 * H : 3 * H][t]
    U_f = params.U_f
    c_prev = tape.c[:-1][t]
    U_i = params.U_i
    U_g = params.U_g
    p_f = params.p_f
    p_i = params.p_i
    o = tape.gates[..., 3 * H : 4 * H][t]
    tanh_c = tape.tanh_c[t]
    U_o = params.U_o
    p_o = params.p_o
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H, H + H), dtype)
    i_slope = i * (1 - i)
    f_slope = f * (1 - f)
    g_slope = 1 - g**2
    # d c[t] / d h[t-1]
    out[..., H : H + H, 0 : H] += (c_prev * f_slope)[..., :, None] * U_f
    out[..., H : H + H, 0 : H] += (g * i_slope)[..., :, None] * U_i
    out[..., H : H + H, 0 : H] += (i * g_slope)[..., :, None] * U_g
    # d c[t] / d c[t-1]
    np.einsum("...ii->...i", out[..., H : H + H, H : H + H])[...] += c_prev * p_f * f_slope + p_i * g * i_slope + f
    o_slope = o * (1 - o)
    tanh_c_slope = 1 - tanh_c**2
    # d h[t] / d h[t-1]
    out[..., 0 : H, 0 : H] += (tanh_c * o_slope)[..., :, None] * U_o
    out[..., 0 : H, 0 : H] += (p_o * tanh_c * o_slope + o * tanh_c_slope)[..., :, None] * out[..., H : H + H, 0 : H]
    # d h[t] / d c[t-1]
    out[..., 0 : H, H : H + H] += (p_o * tanh_c * o_slope + o * tanh_c_slope)[..., :, None] * out[..., H : H + H, H : H + H]
    return out


def _jacobian_precise(tape: PreciseTape, params: Params, t: Any) -> Array:
    dtype = tape.x.dtype
    H = params.W_i.shape[0]
    a_i = tape.a[..., 0 * H : 1 * H][t]
    a_f = tape.a[..., 1 * H : 2 * H][t]
    a_g = tape.a[..., 2 * H : 3 * H][t]
    U_f = params.U_f
    c_prev = tape.c[:-1][t]
    U_i = params.U_i
    g = tape.gates[..., 2 * H : 3 * H][t]
    U_g = params.U_g
    i = tape.gates[..., 0 * H : 1 * H][t]
    p_f = params.p_f
    p_i = params.p_i
    f = tape.gates[..., 1 * H : 2 * H][t]
    a_o = tape.a[..., 3 * H : 4 * H][t]
    c = tape.c[1:][t]
    U_o = params.U_o
    tanh_c = tape.tanh_c[t]
    p_o = params.p_o
    o = tape.gates[..., 3 * H : 4 * H][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H, H + H), dtype)
    i_slope = _sigmoid_slope(a_i)
    f_slope = _sigmoid_slope(a_f)
    g_slope = _tanh_slope(a_g)
    # d c[t] / d h[t-1]
    out[..., H : H + H, 0 : H] += (c_prev * f_slope)[..., :, None] * U_f
    out[..., H : H + H, 0 : H] += (g * i_slope)[..., :, None] * U_i
    out[..., H : H + H, 0 : H] += (i * g_slope)[..., :, None] * U_g
    # d c[t] / d c[t-1]
    np.einsum("...ii->...i", out[..., H : H + H, H : H + H])[...] += c_prev * p_f * f_slope + p_i * g * i_slope + f
    o_slope = _sigmoid_slope(a_o)
    tanh_c_slope = _tanh_slope(c)
    # d h[t] / d h[t-1]
    out[..., 0 : H, 0 : H] += (tanh_c * o_slope)[..., :, None] * U_o
    out[..., 0 : H, 0 : H] += (p_o * tanh_c * o_slope + o * tanh_c_slope)[..., :, None] * out[..., H : H + H, 0 : H]
    # d h[t] / d c[t-1]
    out[..., 0 : H, H : H + H] += (p_o * tanh_c * o_slope + o * tanh_c_slope)[..., :, None] * out[..., H : H + H, H : H + H]
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, D) for a step, (n, B, S, D) for a slice or an array of steps; S is the sum of the states' sizes.
    """
    params = Params(*map(np.asarray, params))
    run = _input_jacobian_precise if isinstance(tape, PreciseTape) else _input_jacobian_fast
    return run(tape, params, t)


def _input_jacobian_fast(tape: Tape, params: Params, t: Any) -> Array:
    dtype = tape.x.dtype
    D = params.W_i.shape[1]
    H = params.W_i.shape[0]
    i = tape.gates[..., 0 * H : 1 * H][t]
    f = tape.gates[..., 1 * H : 2 * H][t]
    g = tape.gates[..., 2 * H : 3 * H][t]
    W_f = params.W_f
    c_prev = tape.c[:-1][t]
    W_i = params.W_i
    W_g = params.W_g
    o = tape.gates[..., 3 * H : 4 * H][t]
    tanh_c = tape.tanh_c[t]
    W_o = params.W_o
    p_o = params.p_o
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H, D), dtype)
    i_slope = i * (1 - i)
    f_slope = f * (1 - f)
    g_slope = 1 - g**2
    # d c[t] / d x[t]
    out[..., H : H + H, 0 : D] += (c_prev * f_slope)[..., :, None] * W_f
    out[..., H : H + H, 0 : D] += (g * i_slope)[..., :, None] * W_i
    out[..., H : H + H, 0 : D] += (i * g_slope)[..., :, None] * W_g
    o_slope = o * (1 - o)
    tanh_c_slope = 1 - tanh_c**2
    # d h[t] / d x[t]
    out[..., 0 : H, 0 : D] += (tanh_c * o_slope)[..., :, None] * W_o
    out[..., 0 : H, 0 : D] += (p_o * tanh_c * o_slope + o * tanh_c_slope)[..., :, None] * out[..., H : H + H, 0 : D]
    return out


def _input_jacobian_precise(tape: PreciseTape, params: Params, t: Any) -> Array:
    dtype = tape.x.dtype
    D = params.W_i.shape[1]
    H = params.W_i.shape[0]
    a_i = tape.a[..., 0 * H : 1 * H][t]
    a_f = tape.a[..., 1 * H : 2 * H][t]
    a_g = tape.a[..., 2 * H : 3 * H][t]
    W_f = params.W_f
    c_prev = tape.c[:-1][t]
    W_i = params.W_i
    g = tape.gates[..., 2 * H : 3 * H][t]
    W_g = params.W_g
    i = tape.gates[..., 0 * H : 1 * H][t]
    a_o = tape.a[..., 3 * H : 4 * H][t]
    c = tape.c[1:][t]
    W_o = params.W_o
    tanh_c = tape.tanh_c[t]
    p_o = params.p_o
    o = tape.gates[..., 3 * H : 4 * H][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H, D), dtype)
    i_slope = _sigmoid_slope(a_i)
    f_slope = _sigmoid_slope(a_f)
    g_slope = _tanh_slope(a_g)
    # d c[t] / d x[t]
    out[..., H : H + H, 0 : D] += (c_prev * f_slope)[..., :, None] * W_f
    out[..., H : H + H, 0 : D] += (g * i_slope)[..., :, None] * W_i
    out[..., H : H + H, 0 : D] += (i * g_slope)[..., :, None] * W_g
    o_slope = _sigmoid_slope(a_o)
    tanh_c_slope = _tanh_slope(c)
    # d h[t] / d x[t]
    out[..., 0 : H, 0 : D] += (tanh_c * o_slope)[..., :, None] * W_o
    out[..., 0 : H, 0 : D] += (p_o * tanh_c * o_slope + o * tanh_c_slope)[..., :, None] * out[..., H : H + H, 0 : D]
    return out


def _checked(name: str, value: Any, axes: Any, sizes: Any, dtype: np.dtype[Any]) -> Array:
    """An array of this dtype whose axes have these sizes, an unknown size taken from it. Raises ValueError."""
    array = np.asarray(value)
    expected = tuple(sizes.get(axis, size) for axis, size in zip(axes, array.shape, strict=False))
    if array.ndim != len(axes) or array.shape != expected:
        known = ", ".join(f"{axis} = {sizes[axis]}" for axis in axes if axis in sizes)
        raise ValueError(f"{name} has shape {array.shape}; expected ({', '.join(axes)})" + (known and f" with {known}"))
    return array.astype(dtype, copy=False)


def _checked_fields(
    name: str, values: Any, shapes: Any, sizes: Any, dtype: np.dtype[Any]
) -> Any:
    """A named tuple of arrays, field by field; None gives zeros. Raises TypeError, ValueError."""
    if values is None:
        return [np.zeros([sizes[axis] for axis in axes], dtype) for axes in shapes.values()]
    missing = [field for field in shapes if not hasattr(values, field)]
    if missing:
        raise TypeError(f"{name} has no field {missing[0]}; it needs {', '.join(shapes)}")
    return [_checked(f"{name}.{f}", getattr(values, f), axes, sizes, dtype) for f, axes in shapes.items()]


def _float_dtype(arrays: Any) -> np.dtype[Any]:
    """The one dtype all arrays are computed in: float32 stays float32. Raises TypeError for half and for no float."""
    dtype = np.result_type(*arrays)
    if dtype.kind not in "fc" or dtype.itemsize < 4:
        raise TypeError(
            f"arrays of dtype {dtype} cannot be used; convert with .astype(np.float64) or .astype(np.float32)"
        )
    return dtype.newbyteorder("=")


def _negative_magnitude(a: Array) -> Array:
    """-|a| for real a; for complex a the sign is that of the real part, so that the function stays analytic."""
    return np.where(a.real < 0, a, -a)


def _outer(left: Array, right: Array) -> Array:
    """The sum over time and batch of left right^T: (T, B, M), (T, B, N) -> (M, N), as one product."""
    steps, batch, _ = left.shape
    rows = steps * batch
    return left.reshape(rows, left.shape[2]).T @ right.reshape(rows, right.shape[2])


def _sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)), as tanh, which never overflows."""
    out = np.multiply(a, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


def _sigmoid_precise(a: Array) -> Array:
    """1 / (1 + exp(-a)) with full relative accuracy on both sides: e/(1+e) or 1/(1+e), e = exp(-|a|)."""
    e = np.exp(_negative_magnitude(a))
    return np.where(a.real < 0, e, 1) / (1 + e)


def _sigmoid_slope(a: Array) -> Array:
    """sigmoid'(a) = e / (1+e)^2, e = exp(-|a|): no digit is lost however far the gate is saturated."""
    e = np.exp(_negative_magnitude(a))
    return e / (1 + e) ** 2


def _sizes_of(params: Any, shapes: Any) -> dict[str, int]:
    """The number behind each symbolic size, read off the parameters. Raises TypeError, ValueError."""
    sizes: dict[str, int] = {}
    for name, symbols in shapes.items():
        if not hasattr(params, name):
            raise TypeError(f"params has no field {name}; make them with init(), or Params({', '.join(shapes)})")
        shape = np.shape(getattr(params, name))
        if len(shape) != len(symbols):
            raise ValueError(f"params.{name} has shape {shape}; expected {len(symbols)} axes ({', '.join(symbols)})")
        for symbol, size in zip(symbols, shape, strict=True):
            if sizes.setdefault(symbol, size) != size:
                raise ValueError(
                    f"params.{name} has shape {shape}, but {symbol} = {sizes[symbol]} by the parameters before it; "
                    f"expected ({', '.join(symbols)})"
                )
    return sizes


def _tanh_slope(a: Array) -> Array:
    """tanh'(a) = 4E / (1+E)^2, E = exp(-2|a|): no digit is lost however far the unit is saturated."""
    e = np.exp(2 * _negative_magnitude(a))
    return 4 * e / (1 + e) ** 2


def _times(sequence: Array, matrix: Array) -> Array:
    """Every row of a sequence (T, B, N) times a matrix (N, M), as one product of T B rows: (T, B, M)."""
    steps, batch, width = sequence.shape
    return (sequence.reshape(steps * batch, width) @ matrix).reshape(steps, batch, matrix.shape[1])
