"""sLSTM.

Reference: Beck et al. 2024, arXiv:2405.04517; sigmoid forget gate, exponential input gate, one head

Equations:
    log_f[t] = -softplus(-(W_f @ x[t] + U_f @ h[t-1] + b_f))
    log_i[t] = W_i @ x[t] + U_i @ h[t-1] + b_i
    g[t] = tanh(W_g @ x[t] + U_g @ h[t-1] + b_g)
    o[t] = sigmoid(W_o @ x[t] + U_o @ h[t-1] + b_o)
    s[t] = log_f[t] + m[t-1]
    m[t] = maximum(s[t], log_i[t])
    f[t] = exp(s[t] - m[t])
    i[t] = exp(log_i[t] - m[t])
    c[t] = f[t] * c[t-1] + i[t] * g[t]
    n[t] = f[t] * n[t-1] + i[t]
    h[t] = o[t] * c[t] / n[t]

Shapes (T steps, B sequences, D, H):
    (D,)     x
    (H,)     log_f, log_i, g, o, s, m, f, i, c, n, h, b_f, b_i, b_g, b_o
    (H, D)   W_f, W_i, W_g, W_o
    (H, H)   U_f, U_i, U_g, U_o

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: log_i, o, g.
Gates: o, f, i.
Biases: b_f (of log_f), b_i (of log_i), b_g (of g), b_o (of o). Where a library keeps one beside each matrix, add
them.
Options: none. Constants: none.
Initial state, where none is given: m = -inf and zeros elsewhere.

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

CONTENT_HASH = "fcf486e98945fa9dd3d651b00ac50dd86b3236ad2d5a82743b35a9423973687a"
OUTPUT = "h"
GATES: tuple[str, ...] = ("o", "f", "i")


class Params(NamedTuple):
    """The parameters, named as in the equations."""

    W_f: Array  # (H, D) input weights of the forget gate
    U_f: Array  # (H, H) recurrent weights of the forget gate
    b_f: Array  # (H,) bias of the forget gate
    W_i: Array  # (H, D) input weights of the input gate
    U_i: Array  # (H, H) recurrent weights of the input gate
    b_i: Array  # (H,) bias of the input gate
    W_g: Array  # (H, D) input weights of the candidate cell state
    U_g: Array  # (H, H) recurrent weights of the candidate cell state
    b_g: Array  # (H,) bias of the candidate cell state
    W_o: Array  # (H, D) input weights of the output gate
    U_o: Array  # (H, H) recurrent weights of the output gate
    b_o: Array  # (H,) bias of the output gate


class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H) hidden state
    m: Array  # (B, H) stabiliser state
    c: Array  # (B, H) cell state
    n: Array  # (B, H) normaliser state


class Tape(NamedTuple):
    """What `backward` needs of `forward`, found by liveness; x is kept as given, not copied."""

    x: Array
    h: Array
    c: Array
    n: Array
    a_log_f: Array
    a: Array
    gates: Array
    s: Array
    f: Array
    i: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations too."""

    x: Array
    h: Array
    c: Array
    n: Array
    a_log_f: Array
    a: Array
    gates: Array
    s: Array
    f: Array
    i: Array


_SecondTape = namedtuple("_SecondTape", ['x', 'x_dot', 'h', 'h_dot', 'c', 'c_dot', 'n', 'n_dot', 'a_log_f',
    'a_log_f_dot', 'a', 'a_dot', 'gates', 'gates_dot', 's', 'f', 'f_dot', 'i', 'i_dot'])


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
    'W_f': ('H', 'D'), 'U_f': ('H', 'H'), 'b_f': ('H',), 'W_i': ('H', 'D'), 'U_i': ('H', 'H'), 'b_i': ('H',),
    'W_g': ('H', 'D'), 'U_g': ('H', 'H'), 'b_g': ('H',), 'W_o': ('H', 'D'), 'U_o': ('H', 'H'), 'b_o': ('H',)
}
_STATE_SHAPES: dict[str, tuple[str, ...]] = {'h': ('B', 'H'), 'm': ('B', 'H'), 'c': ('B', 'H'), 'n': ('B', 'H')}
_COMPOSED: dict[str, dict[str, int]] = {}
_RECORDS = (Params, State, Tape, PreciseTape)
_EXTRA: dict[type, tuple[int, ...]] = {
    Tape: (0, 1, 1, 1, 0, 0, 0, 0, 0, 0),
    PreciseTape: (0, 1, 1, 1, 0, 0, 0, 0, 0, 0),
}
_FITTED: dict[Any, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'n': {'H': 1}, 'a_log_f': {'H': 1}, 'a': {'H': 3},
        'gates': {'H': 2}, 's': {'H': 1}, 'f': {'H': 1}, 'i': {'H': 1}},
    PreciseTape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'n': {'H': 1}, 'a_log_f': {'H': 1}, 'a': {'H': 3},
        'gates': {'H': 2}, 's': {'H': 1}, 'f': {'H': 1}, 'i': {'H': 1}},
}


def init(
    input_size: int, hidden_size: int, *,
    rng: np.random.Generator | None = None, dtype: Any = np.float64, **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    `fill` sets a vector to one value, as b_o=1.0. Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {'D': input_size, 'H': hidden_size}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {symbol} is {size}; sizes are whole numbers, 1 or more")
    dtype = _float_dtype({"dtype": np.empty(0, dtype)})
    vectors: tuple[str, ...] = ('b_f', 'b_i', 'b_g', 'b_o')
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

    state: the initial state, None for m = -inf and zeros elsewhere.
    precise: gates and slopes keep full relative accuracy under saturation;
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
    add, tanh, exp = np.add, np.tanh, np.exp
    # Sizes, parameters, arrays
    H = params.W_f.shape[0]
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    b = np.concatenate((params.b_i, params.b_o, params.b_g))
    W_f = params.W_f
    W_f_T = np.ascontiguousarray(W_f.T)
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    b_f = params.b_f
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    gates = empty((T, B, 2 * H), dtype)
    a = empty((T, B, 3 * H), dtype)
    a_log_f, s, f, i = (empty((T, B, H), dtype) for _ in range(4))
    h, c, n = (empty((T + 1, B, H), dtype) for _ in range(3))
    h[0], c[0], n[0] = state.h, state.c, state.n
    m_prev = state.m
    log_i, a_o, a_g = (a[..., k * H : (k + 1) * H] for k in range(3))
    o, g = (gates[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once: W, b, a -> a
    _times(x, W.T, out=a)  # (F4) log_iₜ = W_i xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
    a += b  # (F4) log_iₜ += b_i; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
    # Step by step: W_f_T, U_f_T, b_f, U_T, gates, a, a_log_f, s, f, i, h, c, n, m_prev -> a_log_f, s, a, f, i, n,
    # gates, c, h
    h_prev, n_prev, c_prev = h[0], n[0], c[0]
    for (x_t, a_log_f_t, s_t, a_t, log_i_t, f_t, i_t, n_t, a_g_t, g_t, c_t, a_o_t, o_t, h_t) in zip(x, a_log_f, s,
            a, log_i, f, i, n[1:], a_g, g, c[1:], a_o, o, h[1:], strict=True):
        # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
        a_log_f_t[...] = -(x_t.dot(W_f_T))
        a_log_f_t += -(h_prev.dot(U_f_T))
        a_log_f_t += -(b_f)
        softplus_a_log_f = _softplus(a_log_f_t)  # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
        log_f = -softplus_a_log_f  # (F3) log_fₜ = −softplus_a_log_fₜ
        add(m_prev, log_f, s_t)  # (F9) sₜ = mₜ₋₁ + log_fₜ
        a_t += h_prev.dot(U_T)  # (F4) log_iₜ += U_i hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        m = _maximum(s_t, log_i_t)  # (F10) mₜ = max(sₜ, log_iₜ)
        a_f = s_t - m  # (F11) a_fₜ = sₜ − mₜ
        exp(a_f, f_t)  # (F12) fₜ = exp(a_fₜ)
        a_i = log_i_t - m  # (F13) a_iₜ = log_iₜ − mₜ
        exp(a_i, i_t)  # (F14) iₜ = exp(a_iₜ)
        add(n_prev * f_t, i_t, n_t)  # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
        tanh(a_g_t, g_t)  # (F6) gₜ = tanh(a_gₜ)
        add(c_prev * f_t, g_t * i_t, c_t)  # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
        sigmoid(a_o_t, o_t)  # (F8) oₜ = σ(a_oₜ)
        h_t[...] = o_t * c_t / n_t  # (F17) hₜ = oₜ ⊙ cₜ / nₜ
        h_prev, n_prev, c_prev, m_prev = h_t, n_t, c_t, m
    if precise:
        return h[1:].copy(), State(h[T].copy(), m_prev.copy(), c[T].copy(), n[T].copy()), PreciseTape(x, h, c, n,
            a_log_f, a, gates, s, f, i)
    return h[1:].copy(), State(h[T].copy(), m_prev.copy(), c[T].copy(), n[T].copy()), Tape(x, h, c, n, a_log_f, a,
        gates, s, f, i)


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
    sigmoid = _sigmoid_precise if isinstance(tape, PreciseTape) else _sigmoid
    add, multiply = np.add, np.multiply
    # Sizes, parameters, arrays
    H = params.W_f.shape[0]
    (x, h, c, n, a_log_f, a, gates, s, f, i) = (tape.x, tape.h, tape.c, tape.n, tape.a_log_f, tape.a, tape.gates,
        tape.s, tape.f, tape.i)
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_f = params.U_f
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    W_f = params.W_f
    d_gates = empty((B, 2 * H), dtype)
    gates_slope = empty((T, B, 2 * H), dtype)
    d_a = empty((T, B, 3 * H), dtype)
    d_a_log_f = empty((T, B, H), dtype)
    d_h_next, d_m_next, d_c_next, d_n_next = dstate.h, dstate.m, dstate.c, dstate.n
    log_i, a_o, a_g = (a[..., k * H : (k + 1) * H] for k in range(3))
    d_log_i = d_a[..., : H]
    d_a_o_g = d_a[..., H : 3 * H]
    d_o, d_g = (d_gates[..., k * H : (k + 1) * H] for k in range(2))
    o, g = (gates[..., k * H : (k + 1) * H] for k in range(2))
    o_slope, g_slope = (gates_slope[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once: a, gates, gates_slope -> gates_slope
    if isinstance(tape, PreciseTape):
        o_slope[...] = _sigmoid_slope(a_o)  # (B11) o′ₜ = σ′(a_oₜ)
        g_slope[...] = _tanh_slope(a_g)  # (B14) g′ₜ = tanh′(a_gₜ)
    else:
        # (B11) o′ₜ = oₜ ⊙ (1 − oₜ)
        np.subtract(1, o, out=o_slope)
        o_slope *= o
        # (B14) g′ₜ = 1 − gₜ²
        np.multiply(g, g, out=g_slope)
        np.subtract(1, g_slope, out=g_slope)
    # Step by step, backwards: c, n, a_log_f, a, gates, s, f, i, U, U_f, d_gates, gates_slope, d_a, d_a_log_f,
    # d_h_next, d_m_next, d_c_next, d_n_next -> d_a, d_a_log_f
    for (dy_t, c_t, n_t, o_t, g_t, i_t, n_prev, c_prev, f_t, s_t, log_i_t, d_log_i_t, a_log_f_t, d_a_log_f_t,
            gates_slope_t, d_a_o_g_t, d_a_t) in zip(dy[::-1], c[1:][::-1], n[1:][::-1], o[::-1], g[::-1], i[::-1],
            n[:-1][::-1], c[:-1][::-1], f[::-1], s[::-1], log_i[::-1], d_log_i[::-1], a_log_f[::-1],
            d_a_log_f[::-1], gates_slope[::-1], d_a_o_g[::-1], d_a[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_n = d_n_next - d_h * c_t * o_t / n_t**2  # (B2) δnₜ = δn⁺ₜ − δhₜ ⊙ cₜ ⊙ oₜ / nₜ²
        d_c = d_c_next + d_h * o_t / n_t  # (B3) δcₜ = δc⁺ₜ + δhₜ ⊙ oₜ / nₜ
        d_i = d_n + d_c * g_t  # (B4) δiₜ = δnₜ + δcₜ ⊙ gₜ
        d_a_i = d_i * i_t  # (B5) δa_iₜ = δiₜ ⊙ iₜ
        d_f = d_n * n_prev + d_c * c_prev  # (B6) δfₜ = δnₜ ⊙ nₜ₋₁ + δcₜ ⊙ cₜ₋₁
        d_a_f = d_f * f_t  # (B7) δa_fₜ = δfₜ ⊙ fₜ
        d_m = d_m_next - d_a_i - d_a_f  # (B8) δmₜ = δm⁺ₜ − δa_iₜ − δa_fₜ
        d_s = d_a_f + d_m * _positive(s_t - log_i_t)  # (B9) δsₜ = δa_fₜ + δmₜ ⊙ 1₊(sₜ − log_iₜ)
        d_o[...] = d_h * c_t / n_t  # (B10) δoₜ = δhₜ ⊙ cₜ / nₜ
        multiply(d_c, i_t, d_g)  # (B13) δgₜ = δcₜ ⊙ iₜ
        # (B16) δlog_iₜ = δa_iₜ + δmₜ ⊙ (1 − 1₊(sₜ − log_iₜ))
        add(d_a_i, d_m * (1 - _positive(s_t - log_i_t)), d_log_i_t)
        d_log_f = d_s  # (B17) δlog_fₜ = δsₜ
        d_softplus_a_log_f = -d_log_f  # (B18) δsoftplus_a_log_fₜ = −δlog_fₜ
        # (B19) δa_log_fₜ = δsoftplus_a_log_fₜ ⊙ σ(a_log_fₜ)
        multiply(d_softplus_a_log_f, sigmoid(a_log_f_t), d_a_log_f_t)
        d_m_prev = d_s  # (B21) δm⁺ₜ₋₁ = δsₜ
        d_c_prev = d_c * f_t  # (B22) δc⁺ₜ₋₁ = δcₜ ⊙ fₜ
        d_n_prev = d_n * f_t  # (B23) δn⁺ₜ₋₁ = δnₜ ⊙ fₜ
        multiply(d_gates, gates_slope_t, d_a_o_g_t)  # (B12) δa_oₜ = δoₜ ⊙ o′ₜ; (B15) δa_gₜ = δgₜ ⊙ g′ₜ
        # (B20) δh⁺ₜ₋₁ = U_oᵀ δa_oₜ + U_gᵀ δa_gₜ + U_iᵀ δlog_iₜ − U_fᵀ δa_log_fₜ
        d_h_prev = d_a_t.dot(U)
        d_h_prev += -(d_a_log_f_t.dot(U_f))
        d_h_next, d_m_next, d_c_next, d_n_next = d_h_prev, d_m_prev, d_c_prev, d_n_prev
    # All steps at once: x, h, W, W_f, d_a, d_a_log_f -> d_x, d_W_f, d_U_f, d_b_f, d_W, d_U, d_b
    # (B24) δxₜ = W_oᵀ δa_oₜ + W_gᵀ δa_gₜ + W_iᵀ δlog_iₜ − W_fᵀ δa_log_fₜ
    d_x = _times(d_a, W)
    d_x += -(_times(d_a_log_f, W_f))
    d_W_f = -_outer(d_a_log_f, x)  # (B25) δW_f = Σₜ −δa_log_fₜ xₜᵀ
    d_U_f = -_outer(d_a_log_f, h[:-1])  # (B26) δU_f = Σₜ −δa_log_fₜ hₜ₋₁ᵀ
    d_b_f = -_over_time(d_a_log_f)  # (B27) δb_f = Σₜ −δa_log_fₜ
    # (B28) δW_i = Σₜ δlog_iₜ xₜᵀ; (B31) δW_g = Σₜ δa_gₜ xₜᵀ; (B34) δW_o = Σₜ δa_oₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_i, d_W_o, d_W_g = (d_W[k * H : (k + 1) * H] for k in range(3))
    # (B29) δU_i = Σₜ δlog_iₜ hₜ₋₁ᵀ; (B32) δU_g = Σₜ δa_gₜ hₜ₋₁ᵀ; (B35) δU_o = Σₜ δa_oₜ hₜ₋₁ᵀ
    d_U = _outer(d_a, h[:-1])
    d_U_i, d_U_o, d_U_g = (d_U[k * H : (k + 1) * H] for k in range(3))
    # (B30) δb_i = Σₜ δlog_iₜ; (B33) δb_g = Σₜ δa_gₜ; (B36) δb_o = Σₜ δa_oₜ
    d_b = _over_time(d_a)
    d_b_i, d_b_o, d_b_g = (d_b[k * H : (k + 1) * H] for k in range(3))
    return Grads(d_x, Params(d_W_f, d_U_f, d_b_f, d_W_i, d_U_i, d_b_i, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_b_o),
        State(d_h_next.copy(), d_m_next.copy(), d_c_next.copy(), d_n_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    tanh, exp = np.tanh, np.exp
    x = x_t
    h_prev, m_prev, c_prev, n_prev = state
    W_f, U_f, b_f, W_i, U_i, b_i, W_g, U_g, b_g, W_o, U_o, b_o = params
    a_log_f = -(x @ W_f.T) + -(h_prev @ U_f.T) + -(b_f)  # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
    softplus_a_log_f = _softplus(a_log_f)  # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
    log_f = -softplus_a_log_f  # (F3) log_fₜ = −softplus_a_log_fₜ
    log_i = x @ W_i.T + h_prev @ U_i.T + b_i  # (F4) log_iₜ = W_i xₜ + U_i hₜ₋₁ + b_i
    a_g = x @ W_g.T + h_prev @ U_g.T + b_g  # (F5) a_gₜ = W_g xₜ + U_g hₜ₋₁ + b_g
    g = np.tanh(a_g)  # (F6) gₜ = tanh(a_gₜ)
    a_o = x @ W_o.T + h_prev @ U_o.T + b_o  # (F7) a_oₜ = W_o xₜ + U_o hₜ₋₁ + b_o
    o = _sigmoid(a_o)  # (F8) oₜ = σ(a_oₜ)
    s = m_prev + log_f  # (F9) sₜ = mₜ₋₁ + log_fₜ
    m = _maximum(s, log_i)  # (F10) mₜ = max(sₜ, log_iₜ)
    a_f = s - m  # (F11) a_fₜ = sₜ − mₜ
    f = np.exp(a_f)  # (F12) fₜ = exp(a_fₜ)
    a_i = log_i - m  # (F13) a_iₜ = log_iₜ − mₜ
    i = np.exp(a_i)  # (F14) iₜ = exp(a_iₜ)
    c = c_prev * f + g * i  # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
    n = n_prev * f + i  # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
    h = o * c / n  # (F17) hₜ = oₜ ⊙ cₜ / nₜ
    return h, State(h, m, c, n)


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
    tanh, exp = np.tanh, np.exp
    H = params.W_f.shape[0]
    W_f = params.W_f
    W_f_T = np.ascontiguousarray(W_f.T)
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    b_f = params.b_f
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    W_T = np.ascontiguousarray(W.T)
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    b = np.concatenate((params.b_i, params.b_o, params.b_g))
    gates = np.empty((B, 3 * H), dtype)
    log_i, o, g = (gates[..., k * H : (k + 1) * H] for k in range(3))

    def advance(x_t: Array, state: State) -> tuple[Array, State]:
        """One step."""
        nonlocal gates, g, o
        x = x_t
        h_prev, m_prev, c_prev, n_prev = state
        a_log_f = -(x.dot(W_f_T)) + -(h_prev.dot(U_f_T)) + -(b_f)  # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
        softplus_a_log_f = _softplus(a_log_f)  # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
        log_f = -softplus_a_log_f  # (F3) log_fₜ = −softplus_a_log_fₜ
        s = m_prev + log_f  # (F9) sₜ = mₜ₋₁ + log_fₜ
        x.dot(W_T, gates)  # (F4) log_iₜ = W_i xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
        gates += h_prev.dot(U_T)  # (F4) log_iₜ += U_i hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        gates += b  # (F4) log_iₜ += b_i; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
        m = _maximum(s, log_i)  # (F10) mₜ = max(sₜ, log_iₜ)
        a_f = s - m  # (F11) a_fₜ = sₜ − mₜ
        f = exp(a_f)  # (F12) fₜ = exp(a_fₜ)
        a_i = log_i - m  # (F13) a_iₜ = log_iₜ − mₜ
        i = exp(a_i)  # (F14) iₜ = exp(a_iₜ)
        n = n_prev * f + i  # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
        tanh(g, g)  # (F6) gₜ = tanh(a_gₜ)
        c = c_prev * f + g * i  # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
        _sigmoid(o, o)  # (F8) oₜ = σ(a_oₜ)
        h = o * c / n  # (F17) hₜ = oₜ ⊙ cₜ / nₜ
        return h, State(h, m, c, n)

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
    sigmoid = _sigmoid_precise if isinstance(tape, PreciseTape) else _sigmoid
    out = np.zeros((*lead, at[-1].stop, at[-1].stop), dtype)
    # d m[t] / d h[t-1]
    d_m_d_h_prev_pairs = [(_positive(v.s - v.log_i) * sigmoid(v.a_log_f), params.U_f),
        (1 - _positive(v.s - v.log_i), params.U_i)]
    _weighted(out[..., at.m, at.h], d_m_d_h_prev_pairs)
    _diagonal(out[..., at.m, at.m])[...] += _positive(v.s - v.log_i)  # d m[t] / d m[t-1]
    # d c[t] / d h[t-1]
    d_c_d_h_prev_pairs = [(v.c_prev * v.f * sigmoid(v.a_log_f), params.U_f),
        *_scaled(-v.c_prev * v.f - v.g * v.i, d_m_d_h_prev_pairs), (v.g * v.i, params.U_i),
        (v.i * v.g_slope, params.U_g)]
    _weighted(out[..., at.c, at.h], d_c_d_h_prev_pairs)
    # d c[t] / d m[t-1]
    _diagonal(out[..., at.c, at.m])[...] += v.c_prev * v.f
    _diagonal(out[..., at.c, at.m])[...] += (-v.c_prev * v.f - v.g * v.i) * (_diagonal(out[..., at.m, at.m]))
    _diagonal(out[..., at.c, at.c])[...] += v.f  # d c[t] / d c[t-1]
    # d n[t] / d h[t-1]
    d_n_d_h_prev_pairs = [(v.n_prev * v.f * sigmoid(v.a_log_f), params.U_f),
        *_scaled(-v.n_prev * v.f - v.i, d_m_d_h_prev_pairs), (v.i, params.U_i)]
    _weighted(out[..., at.n, at.h], d_n_d_h_prev_pairs)
    # d n[t] / d m[t-1]
    _diagonal(out[..., at.n, at.m])[...] += v.n_prev * v.f
    _diagonal(out[..., at.n, at.m])[...] += (-v.n_prev * v.f - v.i) * (_diagonal(out[..., at.m, at.m]))
    _diagonal(out[..., at.n, at.n])[...] += v.f  # d n[t] / d n[t-1]
    # d h[t] / d h[t-1]
    _weighted(out[..., at.h, at.h], [(v.c * v.o_slope / v.n, params.U_o), *_scaled(v.o / v.n, d_c_d_h_prev_pairs),
        *_scaled(-v.o * v.c / v.n**2, d_n_d_h_prev_pairs)])
    # d h[t] / d m[t-1]
    _diagonal(out[..., at.h, at.m])[...] += (v.o / v.n) * (_diagonal(out[..., at.c, at.m]))
    _diagonal(out[..., at.h, at.m])[...] += (-v.o * v.c / v.n**2) * (_diagonal(out[..., at.n, at.m]))
    _diagonal(out[..., at.h, at.c])[...] += (v.o / v.n) * (_diagonal(out[..., at.c, at.c]))  # d h[t] / d c[t-1]
    # d h[t] / d n[t-1]
    _diagonal(out[..., at.h, at.n])[...] += (-v.o * v.c / v.n**2) * (_diagonal(out[..., at.n, at.n]))
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, D), of several steps (n, B, S, D); S sums the state sizes. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    sigmoid = _sigmoid_precise if isinstance(tape, PreciseTape) else _sigmoid
    out = np.zeros((*lead, at[-1].stop, sizes["D"]), dtype)
    # d m[t] / d x[t]
    d_m_d_x_pairs = [(_positive(v.s - v.log_i) * sigmoid(v.a_log_f), params.W_f),
        (1 - _positive(v.s - v.log_i), params.W_i)]
    _weighted(out[..., at.m, :], d_m_d_x_pairs)
    # d c[t] / d x[t]
    d_c_d_x_pairs = [(v.c_prev * v.f * sigmoid(v.a_log_f), params.W_f),
        *_scaled(-v.c_prev * v.f - v.g * v.i, d_m_d_x_pairs), (v.g * v.i, params.W_i),
        (v.i * v.g_slope, params.W_g)]
    _weighted(out[..., at.c, :], d_c_d_x_pairs)
    # d n[t] / d x[t]
    d_n_d_x_pairs = [(v.n_prev * v.f * sigmoid(v.a_log_f), params.W_f),
        *_scaled(-v.n_prev * v.f - v.i, d_m_d_x_pairs), (v.i, params.W_i)]
    _weighted(out[..., at.n, :], d_n_d_x_pairs)
    # d h[t] / d x[t]
    _weighted(out[..., at.h, :], [(v.c * v.o_slope / v.n, params.W_o), *_scaled(v.o / v.n, d_c_d_x_pairs),
        *_scaled(-v.o * v.c / v.n**2, d_n_d_x_pairs)])
    return out


def parameter_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Params:
    """The Jacobian ds[t]/dp of all states for each parameter p at step t, with s[t-1] held fixed: a Params.

    (B, S, *shape of p), of several steps (n, B, S, *shape of p): what forward-mode learning (RTRL) adds at every step.
    It takes S times the memory of the parameters. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    sigmoid = _sigmoid_precise if isinstance(tape, PreciseTape) else _sigmoid
    columns = _ranges(Params, _SHAPES, sizes)
    H = sizes["H"]
    out = np.zeros((*lead, at[-1].stop, columns[-1].stop), dtype)
    # d m[t] / d W_f
    np.multiply((_positive(v.s - v.log_i) * sigmoid(v.a_log_f))[..., :, None], _applied(v.x, H),
        out=out[..., at.m, columns.W_f])
    # d m[t] / d U_f
    np.multiply((_positive(v.s - v.log_i) * sigmoid(v.a_log_f))[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.m, columns.U_f])
    _diagonal(out[..., at.m, columns.b_f])[...] += _positive(v.s - v.log_i) * sigmoid(v.a_log_f)  # d m[t] / d b_f
    # d m[t] / d W_i
    np.multiply((1 - _positive(v.s - v.log_i))[..., :, None], _applied(v.x, H), out=out[..., at.m, columns.W_i])
    # d m[t] / d U_i
    np.multiply((1 - _positive(v.s - v.log_i))[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.m, columns.U_i])
    _diagonal(out[..., at.m, columns.b_i])[...] += 1 - _positive(v.s - v.log_i)  # d m[t] / d b_i
    # d c[t] / d W_f
    np.multiply((v.c_prev * v.f * sigmoid(v.a_log_f))[..., :, None], _applied(v.x, H),
        out=out[..., at.c, columns.W_f])
    # d c[t] / d U_f
    np.multiply((v.c_prev * v.f * sigmoid(v.a_log_f))[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.c, columns.U_f])
    _diagonal(out[..., at.c, columns.b_f])[...] += v.c_prev * v.f * sigmoid(v.a_log_f)  # d c[t] / d b_f
    np.multiply((v.g * v.i)[..., :, None], _applied(v.x, H), out=out[..., at.c, columns.W_i])  # d c[t] / d W_i
    np.multiply((v.g * v.i)[..., :, None], _applied(v.h_prev, H), out=out[..., at.c, columns.U_i])  # d c[t] / d U_i
    _diagonal(out[..., at.c, columns.b_i])[...] += v.g * v.i  # d c[t] / d b_i
    # d c[t] / d W_g
    np.multiply((v.i * v.g_slope)[..., :, None], _applied(v.x, H), out=out[..., at.c, columns.W_g])
    # d c[t] / d U_g
    np.multiply((v.i * v.g_slope)[..., :, None], _applied(v.h_prev, H), out=out[..., at.c, columns.U_g])
    _diagonal(out[..., at.c, columns.b_g])[...] += v.i * v.g_slope  # d c[t] / d b_g
    # d c[t] / d m[t], and on
    out[..., at.c, columns.W_f.start : columns.b_i.stop] += (-v.c_prev * v.f - v.g
        * v.i)[..., :, None] * out[..., at.m, columns.W_f.start : columns.b_i.stop]
    # d n[t] / d W_f
    np.multiply((v.n_prev * v.f * sigmoid(v.a_log_f))[..., :, None], _applied(v.x, H),
        out=out[..., at.n, columns.W_f])
    # d n[t] / d U_f
    np.multiply((v.n_prev * v.f * sigmoid(v.a_log_f))[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.n, columns.U_f])
    _diagonal(out[..., at.n, columns.b_f])[...] += v.n_prev * v.f * sigmoid(v.a_log_f)  # d n[t] / d b_f
    np.multiply(v.i[..., :, None], _applied(v.x, H), out=out[..., at.n, columns.W_i])  # d n[t] / d W_i
    np.multiply(v.i[..., :, None], _applied(v.h_prev, H), out=out[..., at.n, columns.U_i])  # d n[t] / d U_i
    _diagonal(out[..., at.n, columns.b_i])[...] += v.i  # d n[t] / d b_i
    # d n[t] / d m[t], and on
    out[..., at.n, columns.W_f.start : columns.b_i.stop] += (-v.n_prev * v.f
        - v.i)[..., :, None] * out[..., at.m, columns.W_f.start : columns.b_i.stop]
    # d h[t] / d W_o
    np.multiply((v.c * v.o_slope / v.n)[..., :, None], _applied(v.x, H), out=out[..., at.h, columns.W_o])
    # d h[t] / d U_o
    np.multiply((v.c * v.o_slope / v.n)[..., :, None], _applied(v.h_prev, H), out=out[..., at.h, columns.U_o])
    _diagonal(out[..., at.h, columns.b_o])[...] += v.c * v.o_slope / v.n  # d h[t] / d b_o
    # d h[t] / d c[t], and on
    out[..., at.h, columns.W_f.start : columns.b_g.stop] += (v.o
        / v.n)[..., :, None] * out[..., at.c, columns.W_f.start : columns.b_g.stop]
    # d h[t] / d n[t], and on
    out[..., at.h, columns.W_f.start : columns.b_i.stop] += (-v.o * v.c
        / v.n**2)[..., :, None] * out[..., at.n, columns.W_f.start : columns.b_i.stop]
    return Params(*(out[..., c].reshape(*lead, -1, *p.shape) for c, p in zip(columns, params, strict=True)))


def jacobian_parts(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {'log_f', 'log_i', 'g', 'o', 's', 'c', 'n'}: (B, S, S), of several steps (n, B, S, S).
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
    Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    sigmoid = _sigmoid_precise if isinstance(tape, PreciseTape) else _sigmoid
    parts: dict[str, Array] = {key: np.zeros((*lead, at[-1].stop, at[-1].stop), dtype) for key in ('log_f',
        'log_i', 'g', 'o', 's', 'c', 'n')}
    # d m[t] / d h[t-1]
    d_m_d_h_prev_by_log_f_pairs = [(_positive(v.s - v.log_i) * sigmoid(v.a_log_f), params.U_f)]
    _weighted(parts['log_f'][..., at.m, at.h], d_m_d_h_prev_by_log_f_pairs)
    # d c[t] / d h[t-1]
    d_c_d_h_prev_by_log_f_pairs = [(v.c_prev * v.f * sigmoid(v.a_log_f), params.U_f),
        *_scaled(-v.c_prev * v.f - v.g * v.i, d_m_d_h_prev_by_log_f_pairs)]
    _weighted(parts['log_f'][..., at.c, at.h], d_c_d_h_prev_by_log_f_pairs)
    # d n[t] / d h[t-1]
    d_n_d_h_prev_by_log_f_pairs = [(v.n_prev * v.f * sigmoid(v.a_log_f), params.U_f),
        *_scaled(-v.n_prev * v.f - v.i, d_m_d_h_prev_by_log_f_pairs)]
    _weighted(parts['log_f'][..., at.n, at.h], d_n_d_h_prev_by_log_f_pairs)
    # d h[t] / d h[t-1]
    _weighted(parts['log_f'][..., at.h, at.h], [*_scaled(v.o / v.n, d_c_d_h_prev_by_log_f_pairs),
        *_scaled(-v.o * v.c / v.n**2, d_n_d_h_prev_by_log_f_pairs)])
    # d m[t] / d h[t-1]
    d_m_d_h_prev_by_log_i_pairs = [(1 - _positive(v.s - v.log_i), params.U_i)]
    _weighted(parts['log_i'][..., at.m, at.h], d_m_d_h_prev_by_log_i_pairs)
    # d c[t] / d h[t-1]
    d_c_d_h_prev_by_log_i_pairs = [*_scaled(-v.c_prev * v.f - v.g * v.i, d_m_d_h_prev_by_log_i_pairs),
        (v.g * v.i, params.U_i)]
    _weighted(parts['log_i'][..., at.c, at.h], d_c_d_h_prev_by_log_i_pairs)
    # d n[t] / d h[t-1]
    d_n_d_h_prev_by_log_i_pairs = [*_scaled(-v.n_prev * v.f - v.i, d_m_d_h_prev_by_log_i_pairs), (v.i, params.U_i)]
    _weighted(parts['log_i'][..., at.n, at.h], d_n_d_h_prev_by_log_i_pairs)
    # d h[t] / d h[t-1]
    _weighted(parts['log_i'][..., at.h, at.h], [*_scaled(v.o / v.n, d_c_d_h_prev_by_log_i_pairs),
        *_scaled(-v.o * v.c / v.n**2, d_n_d_h_prev_by_log_i_pairs)])
    # d c[t] / d h[t-1]
    d_c_d_h_prev_by_g_pairs = [(v.i * v.g_slope, params.U_g)]
    _weighted(parts['g'][..., at.c, at.h], d_c_d_h_prev_by_g_pairs)
    _weighted(parts['g'][..., at.h, at.h], [*_scaled(v.o / v.n, d_c_d_h_prev_by_g_pairs)])  # d h[t] / d h[t-1]
    _weighted(parts['o'][..., at.h, at.h], [(v.c * v.o_slope / v.n, params.U_o)])  # d h[t] / d h[t-1]
    _diagonal(parts['s'][..., at.m, at.m])[...] += _positive(v.s - v.log_i)  # d m[t] / d m[t-1]
    # d c[t] / d m[t-1]
    _diagonal(parts['s'][..., at.c, at.m])[...] += v.c_prev * v.f
    _diagonal(parts['s'][..., at.c, at.m])[...] += (-v.c_prev * v.f - v.g
        * v.i) * (_diagonal(parts['s'][..., at.m, at.m]))
    # d n[t] / d m[t-1]
    _diagonal(parts['s'][..., at.n, at.m])[...] += v.n_prev * v.f
    _diagonal(parts['s'][..., at.n, at.m])[...] += (-v.n_prev * v.f
        - v.i) * (_diagonal(parts['s'][..., at.m, at.m]))
    # d h[t] / d m[t-1]
    _diagonal(parts['s'][..., at.h, at.m])[...] += (v.o / v.n) * (_diagonal(parts['s'][..., at.c, at.m]))
    _diagonal(parts['s'][..., at.h, at.m])[...] += (-v.o * v.c / v.n**2) * (_diagonal(parts['s'][..., at.n, at.m]))
    _diagonal(parts['c'][..., at.c, at.c])[...] += v.f  # d c[t] / d c[t-1]
    # d h[t] / d c[t-1]
    _diagonal(parts['c'][..., at.h, at.c])[...] += (v.o / v.n) * (_diagonal(parts['c'][..., at.c, at.c]))
    _diagonal(parts['n'][..., at.n, at.n])[...] += v.f  # d n[t] / d n[t-1]
    # d h[t] / d n[t-1]
    _diagonal(parts['n'][..., at.h, at.n])[...] += (-v.o * v.c / v.n**2) * (_diagonal(parts['n'][..., at.n, at.n]))
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    'g_slope', 'o', 'o_slope', 'f', 'i': (B, N), of several steps (n, B, N).
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t, (PreciseTape,))
    terms: dict[str, Array] = {}
    H = sizes["H"]
    s = tape.s[t]
    a = tape.a[t]
    log_i, a_o, a_g = (a[..., k * H : (k + 1) * H] for k in range(3))
    terms['g_slope'] = 1.3862943611198906 + 2 * a_g - 2 * _softplus(2 * a_g)
    terms['o'] = -_softplus(-a_o)
    terms['o_slope'] = -_softplus(a_o) - _softplus(-a_o)
    terms['f'] = s - _maximum(s, log_i)
    terms['i'] = log_i - _maximum(s, log_i)
    return terms


def _tangents(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State, Any]:
    """Values and tangents in one loop, in the precise form: (T1) .. of the derivation report.

    Gives y, y_dot (T, B, H), the last state, its tangent, and what `_second_order` reads of them.
    """
    (T, B), dtype = x.shape[:2], x.dtype
    add, subtract, multiply, tanh, exp = np.add, np.subtract, np.multiply, np.tanh, np.exp
    # Sizes, parameters, arrays
    H = params.W_f.shape[0]
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    b = np.concatenate((params.b_i, params.b_o, params.b_g))
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_o, params_dot.W_g))
    b_dot = np.concatenate((params_dot.b_i, params_dot.b_o, params_dot.b_g))
    W_f = params.W_f
    W_f_T = np.ascontiguousarray(W_f.T)
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    b_f = params.b_f
    W_f_dot = params_dot.W_f
    W_f_dot_T = np.ascontiguousarray(W_f_dot.T)
    U_f_dot = params_dot.U_f
    U_f_dot_T = np.ascontiguousarray(U_f_dot.T)
    b_f_dot = params_dot.b_f
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_o, params_dot.U_g))
    U_dot_T = np.ascontiguousarray(U_dot.T)
    gates, gates_dot = (np.empty((T, B, 2 * H), dtype) for _ in range(2))
    a, a_dot = (np.empty((T, B, 3 * H), dtype) for _ in range(2))
    a_log_f, a_log_f_dot, s, f, i, f_dot, i_dot = (np.empty((T, B, H), dtype) for _ in range(7))
    h, h_dot, c, c_dot, n, n_dot = (np.empty((T + 1, B, H), dtype) for _ in range(6))
    (h[0], h_dot[0], c[0], c_dot[0], n[0], n_dot[0]) = (state.h, state_dot.h, state.c, state_dot.c, state.n,
        state_dot.n)
    m_prev = state.m
    m_dot_prev = state_dot.m
    log_i, a_o, a_g = (a[..., k * H : (k + 1) * H] for k in range(3))
    log_i_dot, a_o_dot, a_g_dot = (a_dot[..., k * H : (k + 1) * H] for k in range(3))
    o, g = (gates[..., k * H : (k + 1) * H] for k in range(2))
    o_dot, g_dot = (gates_dot[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once
    _times(x, W.T, out=a)  # (F4); (F7); (F5)
    a += b  # (F4); (F7); (F5)
    _times(x_dot, W.T, out=a_dot)  # (T4) ∂log_iₜ = W_i ∂xₜ; (T8) ∂a_oₜ = W_o ∂xₜ; (T5) ∂a_gₜ = W_g ∂xₜ
    a_dot += _times(x, W_dot.T)  # (T4) ∂log_iₜ += ∂W_i xₜ; (T8) ∂a_oₜ += ∂W_o xₜ; (T5) ∂a_gₜ += ∂W_g xₜ
    a_dot += b_dot  # (T4) ∂log_iₜ += ∂b_i; (T8) ∂a_oₜ += ∂b_o; (T5) ∂a_gₜ += ∂b_g
    # Step by step
    h_prev, h_dot_prev, n_prev, n_dot_prev, c_prev, c_dot_prev = h[0], h_dot[0], n[0], n_dot[0], c[0], c_dot[0]
    for (x_t, a_log_f_t, x_dot_t, a_log_f_dot_t, s_t, a_t, log_i_t, f_t, i_t, n_t, a_dot_t, log_i_dot_t, f_dot_t,
            i_dot_t, n_dot_t, a_g_t, g_t, c_t, g_dot_t, a_g_dot_t, c_dot_t, a_o_t, o_t, h_t, o_dot_t, a_o_dot_t,
            h_dot_t) in zip(x, a_log_f, x_dot, a_log_f_dot, s, a, log_i, f, i, n[1:], a_dot, log_i_dot, f_dot,
            i_dot, n_dot[1:], a_g, g, c[1:], g_dot, a_g_dot, c_dot[1:], a_o, o, h[1:], o_dot, a_o_dot, h_dot[1:],
            strict=True):
        # (F1)
        a_log_f_t[...] = -(x_t.dot(W_f_T))
        a_log_f_t += -(h_prev.dot(U_f_T))
        a_log_f_t += -(b_f)
        # (T1) ∂a_log_fₜ = −W_f ∂xₜ − ∂W_f xₜ − U_f ∂hₜ₋₁ − ∂U_f hₜ₋₁ − ∂b_f
        a_log_f_dot_t[...] = -(x_dot_t.dot(W_f_T))
        a_log_f_dot_t += -(x_t.dot(W_f_dot_T))
        a_log_f_dot_t += -(h_dot_prev.dot(U_f_T))
        a_log_f_dot_t += -(h_prev.dot(U_f_dot_T))
        a_log_f_dot_t += -(b_f_dot)
        softplus_a_log_f = _softplus(a_log_f_t)  # (F2)
        # (T2) ∂softplus_a_log_fₜ = ∂a_log_fₜ ⊙ σ(a_log_fₜ)
        softplus_a_log_f_dot = a_log_f_dot_t * _sigmoid_precise(a_log_f_t)
        log_f = -softplus_a_log_f  # (F3)
        log_f_dot = -softplus_a_log_f_dot  # (T3) ∂log_fₜ = −∂softplus_a_log_fₜ
        add(m_prev, log_f, s_t)  # (F9)
        s_dot = m_dot_prev + log_f_dot  # (T11) ∂sₜ = ∂mₜ₋₁ + ∂log_fₜ
        a_t += h_prev.dot(U_T)  # (F4); (F7); (F5)
        m = _maximum(s_t, log_i_t)  # (F10)
        a_f = s_t - m  # (F11)
        exp(a_f, f_t)  # (F12)
        a_i = log_i_t - m  # (F13)
        exp(a_i, i_t)  # (F14)
        add(n_prev * f_t, i_t, n_t)  # (F16)
        a_dot_t += h_dot_prev.dot(U_T)  # (T4) ∂log_iₜ += U_i ∂hₜ₋₁; (T8) ∂a_oₜ += U_o ∂hₜ₋₁; (T5) ∂a_gₜ += U_g ∂hₜ₋₁
        a_dot_t += h_prev.dot(U_dot_T)  # (T4) ∂log_iₜ += ∂U_i hₜ₋₁; (T8) ∂a_oₜ += ∂U_o hₜ₋₁; (T5) ∂a_gₜ += ∂U_g hₜ₋₁
        m_dot = _where(s_t - log_i_t, s_dot, log_i_dot_t)  # (T12) ∂mₜ = where(sₜ − log_iₜ, ∂sₜ, ∂log_iₜ)
        a_f_dot = s_dot - m_dot  # (T13) ∂a_fₜ = ∂sₜ − ∂mₜ
        multiply(a_f_dot, f_t, f_dot_t)  # (T14) ∂fₜ = ∂a_fₜ ⊙ fₜ
        a_i_dot = log_i_dot_t - m_dot  # (T15) ∂a_iₜ = ∂log_iₜ − ∂mₜ
        multiply(a_i_dot, i_t, i_dot_t)  # (T16) ∂iₜ = ∂a_iₜ ⊙ iₜ
        add(n_dot_prev * f_t + f_dot_t * n_prev, i_dot_t, n_dot_t)  # (T18) ∂nₜ = ∂nₜ₋₁ ⊙ fₜ + ∂fₜ ⊙ nₜ₋₁ + ∂iₜ
        tanh(a_g_t, g_t)  # (F6)
        add(c_prev * f_t, g_t * i_t, c_t)  # (F15)
        g_dot_t[...] = _tanh_slope(a_g_t)  # (T6) g′ₜ = tanh′(a_gₜ)
        g_dot_t *= a_g_dot_t  # (T7) ∂gₜ = ∂a_gₜ ⊙ g′ₜ
        # (T17) ∂cₜ = ∂cₜ₋₁ ⊙ fₜ + ∂gₜ ⊙ iₜ + ∂fₜ ⊙ cₜ₋₁ + ∂iₜ ⊙ gₜ
        add(c_dot_prev * f_t + g_dot_t * i_t + f_dot_t * c_prev, i_dot_t * g_t, c_dot_t)
        _sigmoid_precise(a_o_t, o_t)  # (F8)
        h_t[...] = o_t * c_t / n_t  # (F17)
        o_dot_t[...] = _sigmoid_slope(a_o_t)  # (T9) o′ₜ = σ′(a_oₜ)
        o_dot_t *= a_o_dot_t  # (T10) ∂oₜ = ∂a_oₜ ⊙ o′ₜ
        # (T19) ∂hₜ = ∂oₜ ⊙ cₜ / nₜ + ∂cₜ ⊙ oₜ / nₜ − ∂nₜ ⊙ oₜ ⊙ cₜ / nₜ²
        subtract(o_dot_t * c_t / n_t + c_dot_t * o_t / n_t, n_dot_t * o_t * c_t / n_t**2, h_dot_t)
        (h_prev, h_dot_prev, n_prev, n_dot_prev, c_prev, c_dot_prev, m_prev, m_dot_prev) = (h_t, h_dot_t, n_t, n_dot_t,
            c_t, c_dot_t, m, m_dot)
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy(), m_prev.copy(), c[T].copy(),
        n[T].copy()), State(h_dot[T].copy(), m_dot_prev.copy(), c_dot[T].copy(), n_dot[T].copy()), _SecondTape(x,
        x_dot, h, h_dot, c, c_dot, n, n_dot, a_log_f, a_log_f_dot, a, a_dot, gates, gates_dot, s, f, f_dot, i,
        i_dot)


def _second_order(
    dy: Array, dy_dot: Array, tape: Any, params: Params, params_dot: Params, dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:
    """Adjoints and their tangents in one loop, t = T-1 .. 0: forward mode over the backward pass.

    Gives the gradients, and their derivative along the direction of the tape.
    """
    (T, B), dtype = dy.shape[:2], dy.dtype
    add, subtract, multiply = np.add, np.subtract, np.multiply
    # Sizes, parameters, arrays
    H = params.W_f.shape[0]
    (x, x_dot, h, h_dot, c, c_dot, n, n_dot, a_log_f, a_log_f_dot, a, a_dot, gates, gates_dot, s, f, f_dot, i,
        i_dot) = (tape)
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_f = params.U_f
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_o, params_dot.U_g))
    U_f_dot = params_dot.U_f
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    W_f = params.W_f
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_o, params_dot.W_g))
    W_f_dot = params_dot.W_f
    d_gates, d_gates_dot = (np.empty((B, 2 * H), dtype) for _ in range(2))
    gates_slope, gates_slope_dot = (np.empty((T, B, 2 * H), dtype) for _ in range(2))
    d_a, d_a_dot = (np.empty((T, B, 3 * H), dtype) for _ in range(2))
    d_a_log_f, d_a_log_f_dot = (np.empty((T, B, H), dtype) for _ in range(2))
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    d_m_next = dstate.m
    d_m_next_dot = dstate_dot.m
    d_c_next = dstate.c
    d_c_next_dot = dstate_dot.c
    d_n_next = dstate.n
    d_n_next_dot = dstate_dot.n
    log_i, a_o, a_g = (a[..., k * H : (k + 1) * H] for k in range(3))
    a_o_dot, a_g_dot = (a_dot[..., k * H : (k + 1) * H] for k in range(1, 3))
    d_log_i = d_a[..., : H]
    d_a_o_g = d_a[..., H : 3 * H]
    d_log_i_dot = d_a_dot[..., : H]
    d_a_dot_o_g = d_a_dot[..., H : 3 * H]
    d_o, d_g = (d_gates[..., k * H : (k + 1) * H] for k in range(2))
    d_o_dot, d_g_dot = (d_gates_dot[..., k * H : (k + 1) * H] for k in range(2))
    o, g = (gates[..., k * H : (k + 1) * H] for k in range(2))
    o_dot, g_dot = (gates_dot[..., k * H : (k + 1) * H] for k in range(2))
    o_slope, g_slope = (gates_slope[..., k * H : (k + 1) * H] for k in range(2))
    o_slope_dot, g_slope_dot = (gates_slope_dot[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once
    o_slope[...] = _sigmoid_slope(a_o)  # (B11)
    # (S11) ∂o′ₜ = ∂a_oₜ ⊙ o′ₜ ⊙ (1 − 2 oₜ)
    np.multiply(2, o, out=o_slope_dot)
    np.subtract(1, o_slope_dot, out=o_slope_dot)
    o_slope_dot *= a_o_dot * o_slope
    g_slope[...] = _tanh_slope(a_g)  # (B14)
    g_slope_dot[...] = -2 * a_g_dot * g * g_slope  # (S14) ∂g′ₜ = −2 ∂a_gₜ ⊙ gₜ ⊙ g′ₜ
    # Step by step, backwards
    for (dy_t, dy_dot_t, c_t, n_t, o_t, c_dot_t, n_dot_t, o_dot_t, g_t, g_dot_t, i_t, i_dot_t, n_prev, c_prev,
            n_dot_prev, c_dot_prev, f_t, f_dot_t, s_t, log_i_t, d_log_i_t, d_log_i_dot_t, a_log_f_t, d_a_log_f_t,
            a_log_f_dot_t, d_a_log_f_dot_t, gates_slope_t, d_a_o_g_t, d_a_t, gates_slope_dot_t, d_a_dot_o_g_t,
            d_a_dot_t) in zip(dy[::-1], dy_dot[::-1], c[1:][::-1], n[1:][::-1], o[::-1], c_dot[1:][::-1],
            n_dot[1:][::-1], o_dot[::-1], g[::-1], g_dot[::-1], i[::-1], i_dot[::-1], n[:-1][::-1], c[:-1][::-1],
            n_dot[:-1][::-1], c_dot[:-1][::-1], f[::-1], f_dot[::-1], s[::-1], log_i[::-1], d_log_i[::-1],
            d_log_i_dot[::-1], a_log_f[::-1], d_a_log_f[::-1], a_log_f_dot[::-1], d_a_log_f_dot[::-1],
            gates_slope[::-1], d_a_o_g[::-1], d_a[::-1], gates_slope_dot[::-1], d_a_dot_o_g[::-1], d_a_dot[::-1],
            strict=True):
        d_h = dy_t + d_h_next  # (B1)
        d_h_dot = dy_dot_t + d_h_next_dot  # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        d_n = d_n_next - d_h * c_t * o_t / n_t**2  # (B2)
        # (S2) ∂δnₜ = 2 ∂nₜ ⊙ δhₜ ⊙ cₜ ⊙ oₜ / nₜ³ + ∂δn⁺ₜ − ∂cₜ ⊙ δhₜ ⊙ oₜ / nₜ² − ∂oₜ ⊙ δhₜ ⊙ cₜ / nₜ² − ∂δhₜ ⊙ cₜ ⊙ oₜ
        # / nₜ²
        d_n_dot = (2 * n_dot_t * d_h * c_t * o_t / n_t**3 + d_n_next_dot - c_dot_t * d_h * o_t / n_t**2 - o_dot_t * d_h
            * c_t / n_t**2 - d_h_dot * c_t * o_t / n_t**2)
        d_c = d_c_next + d_h * o_t / n_t  # (B3)
        # (S3) ∂δcₜ = ∂oₜ ⊙ δhₜ / nₜ + ∂δc⁺ₜ + ∂δhₜ ⊙ oₜ / nₜ − ∂nₜ ⊙ δhₜ ⊙ oₜ / nₜ²
        d_c_dot = o_dot_t * d_h / n_t + d_c_next_dot + d_h_dot * o_t / n_t - n_dot_t * d_h * o_t / n_t**2
        d_i = d_n + d_c * g_t  # (B4)
        d_i_dot = g_dot_t * d_c + d_n_dot + d_c_dot * g_t  # (S4) ∂δiₜ = ∂gₜ ⊙ δcₜ + ∂δnₜ + ∂δcₜ ⊙ gₜ
        d_a_i = d_i * i_t  # (B5)
        d_a_i_dot = i_dot_t * d_i + d_i_dot * i_t  # (S5) ∂δa_iₜ = ∂iₜ ⊙ δiₜ + ∂δiₜ ⊙ iₜ
        d_f = d_n * n_prev + d_c * c_prev  # (B6)
        # (S6) ∂δfₜ = ∂nₜ₋₁ ⊙ δnₜ + ∂cₜ₋₁ ⊙ δcₜ + ∂δnₜ ⊙ nₜ₋₁ + ∂δcₜ ⊙ cₜ₋₁
        d_f_dot = n_dot_prev * d_n + c_dot_prev * d_c + d_n_dot * n_prev + d_c_dot * c_prev
        d_a_f = d_f * f_t  # (B7)
        d_a_f_dot = f_dot_t * d_f + d_f_dot * f_t  # (S7) ∂δa_fₜ = ∂fₜ ⊙ δfₜ + ∂δfₜ ⊙ fₜ
        d_m = d_m_next - d_a_i - d_a_f  # (B8)
        d_m_dot = d_m_next_dot - d_a_i_dot - d_a_f_dot  # (S8) ∂δmₜ = ∂δm⁺ₜ − ∂δa_iₜ − ∂δa_fₜ
        d_s = d_a_f + d_m * _positive(s_t - log_i_t)  # (B9)
        d_s_dot = d_a_f_dot + d_m_dot * _positive(s_t - log_i_t)  # (S9) ∂δsₜ = ∂δa_fₜ + ∂δmₜ ⊙ 1₊(sₜ − log_iₜ)
        d_o[...] = d_h * c_t / n_t  # (B10)
        # (S10) ∂δoₜ = ∂cₜ ⊙ δhₜ / nₜ + ∂δhₜ ⊙ cₜ / nₜ − ∂nₜ ⊙ δhₜ ⊙ cₜ / nₜ²
        subtract(c_dot_t * d_h / n_t + d_h_dot * c_t / n_t, n_dot_t * d_h * c_t / n_t**2, d_o_dot)
        multiply(d_c, i_t, d_g)  # (B13)
        add(i_dot_t * d_c, d_c_dot * i_t, d_g_dot)  # (S13) ∂δgₜ = ∂iₜ ⊙ δcₜ + ∂δcₜ ⊙ iₜ
        add(d_a_i, d_m * (1 - _positive(s_t - log_i_t)), d_log_i_t)  # (B16)
        # (S16) ∂δlog_iₜ = ∂δa_iₜ + ∂δmₜ ⊙ (1 − 1₊(sₜ − log_iₜ))
        add(d_a_i_dot, d_m_dot * (1 - _positive(s_t - log_i_t)), d_log_i_dot_t)
        d_log_f = d_s  # (B17)
        d_log_f_dot = d_s_dot  # (S17) ∂δlog_fₜ = ∂δsₜ
        d_softplus_a_log_f = -d_log_f  # (B18)
        d_softplus_a_log_f_dot = -d_log_f_dot  # (S18) ∂δsoftplus_a_log_fₜ = −∂δlog_fₜ
        multiply(d_softplus_a_log_f, _sigmoid_precise(a_log_f_t), d_a_log_f_t)  # (B19)
        # (S19) ∂δa_log_fₜ = ∂a_log_fₜ ⊙ δsoftplus_a_log_fₜ ⊙ σ′(a_log_fₜ) + ∂δsoftplus_a_log_fₜ ⊙ σ(a_log_fₜ)
        add(a_log_f_dot_t * d_softplus_a_log_f * _sigmoid_slope(a_log_f_t), d_softplus_a_log_f_dot
            * _sigmoid_precise(a_log_f_t), d_a_log_f_dot_t)
        d_m_prev = d_s  # (B21)
        d_m_next_dot_prev = d_s_dot  # (S21) ∂δm⁺ₜ₋₁ = ∂δsₜ
        d_c_prev = d_c * f_t  # (B22)
        d_c_next_dot_prev = f_dot_t * d_c + d_c_dot * f_t  # (S22) ∂δc⁺ₜ₋₁ = ∂fₜ ⊙ δcₜ + ∂δcₜ ⊙ fₜ
        d_n_prev = d_n * f_t  # (B23)
        d_n_next_dot_prev = f_dot_t * d_n + d_n_dot * f_t  # (S23) ∂δn⁺ₜ₋₁ = ∂fₜ ⊙ δnₜ + ∂δnₜ ⊙ fₜ
        multiply(d_gates, gates_slope_t, d_a_o_g_t)  # (B12); (B15)
        # (B20)
        d_h_prev = d_a_t.dot(U)
        d_h_prev += -(d_a_log_f_t.dot(U_f))
        # (S12) ∂δa_oₜ = δoₜ ⊙ ∂o′ₜ + ∂δoₜ ⊙ o′ₜ; (S15) ∂δa_gₜ = δgₜ ⊙ ∂g′ₜ + ∂δgₜ ⊙ g′ₜ
        add(d_gates * gates_slope_dot_t, d_gates_dot * gates_slope_t, d_a_dot_o_g_t)
        # (S20) ∂δh⁺ₜ₋₁ = U_oᵀ ∂δa_oₜ + ∂U_oᵀ δa_oₜ + U_gᵀ ∂δa_gₜ + ∂U_gᵀ δa_gₜ + U_iᵀ ∂δlog_iₜ + ∂U_iᵀ δlog_iₜ − U_fᵀ
        # ∂δa_log_fₜ − ∂U_fᵀ δa_log_fₜ
        d_h_next_dot_prev = d_a_dot_t.dot(U)
        d_h_next_dot_prev += d_a_t.dot(U_dot)
        d_h_next_dot_prev += -(d_a_log_f_dot_t.dot(U_f))
        d_h_next_dot_prev += -(d_a_log_f_t.dot(U_f_dot))
        (d_h_next, d_h_next_dot, d_m_next, d_m_next_dot, d_c_next, d_c_next_dot, d_n_next, d_n_next_dot) = (d_h_prev,
            d_h_next_dot_prev, d_m_prev, d_m_next_dot_prev, d_c_prev, d_c_next_dot_prev, d_n_prev, d_n_next_dot_prev)
    return _second_order_gradients(H, x, x_dot, h, h_dot, W, W_f, W_dot, W_f_dot, d_a, d_a_dot, d_a_log_f,
        d_a_log_f_dot, d_h_next, d_h_next_dot, d_m_next, d_m_next_dot, d_c_next, d_c_next_dot, d_n_next,
        d_n_next_dot)


def _second_order_gradients(H: Any, x: Any, x_dot: Any, h: Any, h_dot: Any, W: Any, W_f: Any, W_dot: Any,
    W_f_dot: Any, d_a: Any, d_a_dot: Any, d_a_log_f: Any, d_a_log_f_dot: Any, d_h_next: Any, d_h_next_dot: Any,
    d_m_next: Any, d_m_next_dot: Any, d_c_next: Any, d_c_next_dot: Any, d_n_next: Any,
    d_n_next_dot: Any) -> tuple[Grads, Grads]:
    """What follows the loop of `_second_order`: sums over all steps."""
    # All steps at once
    # (B24)
    d_x = _times(d_a, W)
    d_x += -(_times(d_a_log_f, W_f))
    # (S24) ∂δxₜ = W_oᵀ ∂δa_oₜ + ∂W_oᵀ δa_oₜ + W_gᵀ ∂δa_gₜ + ∂W_gᵀ δa_gₜ + W_iᵀ ∂δlog_iₜ + ∂W_iᵀ δlog_iₜ − W_fᵀ
    # ∂δa_log_fₜ − ∂W_fᵀ δa_log_fₜ
    d_x_dot = _times(d_a_dot, W)
    d_x_dot += _times(d_a, W_dot)
    d_x_dot += -(_times(d_a_log_f_dot, W_f))
    d_x_dot += -(_times(d_a_log_f, W_f_dot))
    d_W_f = -_outer(d_a_log_f, x)  # (B25)
    # (S25) ∂δW_f = Σₜ (−∂δa_log_fₜ xₜᵀ − δa_log_fₜ ∂xₜᵀ)
    d_W_f_dot = -_outer(d_a_log_f_dot, x)
    d_W_f_dot += -_outer(d_a_log_f, x_dot)
    d_U_f = -_outer(d_a_log_f, h[:-1])  # (B26)
    # (S26) ∂δU_f = Σₜ (−∂δa_log_fₜ hₜ₋₁ᵀ − δa_log_fₜ ∂hₜ₋₁ᵀ)
    d_U_f_dot = -_outer(d_a_log_f_dot, h[:-1])
    d_U_f_dot += -_outer(d_a_log_f, h_dot[:-1])
    d_b_f = -_over_time(d_a_log_f)  # (B27)
    d_b_f_dot = -_over_time(d_a_log_f_dot)  # (S27) ∂δb_f = Σₜ −∂δa_log_fₜ
    # (B28); (B31); (B34)
    d_W = _outer(d_a, x)
    d_W_i, d_W_o, d_W_g = (d_W[k * H : (k + 1) * H] for k in range(3))
    # (S28) ∂δW_i = Σₜ (∂δlog_iₜ xₜᵀ + δlog_iₜ ∂xₜᵀ); (S31) ∂δW_g = Σₜ (∂δa_gₜ xₜᵀ + δa_gₜ ∂xₜᵀ); (S34) ∂δW_o = Σₜ
    # (∂δa_oₜ xₜᵀ + δa_oₜ ∂xₜᵀ)
    d_W_dot = _outer(d_a_dot, x)
    d_W_dot += _outer(d_a, x_dot)
    d_W_i_dot, d_W_o_dot, d_W_g_dot = (d_W_dot[k * H : (k + 1) * H] for k in range(3))
    # (B29); (B32); (B35)
    d_U = _outer(d_a, h[:-1])
    d_U_i, d_U_o, d_U_g = (d_U[k * H : (k + 1) * H] for k in range(3))
    # (S29) ∂δU_i = Σₜ (∂δlog_iₜ hₜ₋₁ᵀ + δlog_iₜ ∂hₜ₋₁ᵀ); (S32) ∂δU_g = Σₜ (∂δa_gₜ hₜ₋₁ᵀ + δa_gₜ ∂hₜ₋₁ᵀ); (S35)
    # ∂δU_o = Σₜ (∂δa_oₜ hₜ₋₁ᵀ + δa_oₜ ∂hₜ₋₁ᵀ)
    d_U_dot = _outer(d_a_dot, h[:-1])
    d_U_dot += _outer(d_a, h_dot[:-1])
    d_U_i_dot, d_U_o_dot, d_U_g_dot = (d_U_dot[k * H : (k + 1) * H] for k in range(3))
    # (B30); (B33); (B36)
    d_b = _over_time(d_a)
    d_b_i, d_b_o, d_b_g = (d_b[k * H : (k + 1) * H] for k in range(3))
    # (S30) ∂δb_i = Σₜ ∂δlog_iₜ; (S33) ∂δb_g = Σₜ ∂δa_gₜ; (S36) ∂δb_o = Σₜ ∂δa_oₜ
    d_b_dot = _over_time(d_a_dot)
    d_b_i_dot, d_b_o_dot, d_b_g_dot = (d_b_dot[k * H : (k + 1) * H] for k in range(3))
    return Grads(d_x, Params(d_W_f, d_U_f, d_b_f, d_W_i, d_U_i, d_b_i, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_b_o),
        State(d_h_next.copy(), d_m_next.copy(), d_c_next.copy(), d_n_next.copy())), Grads(d_x_dot,
        Params(d_W_f_dot, d_U_f_dot, d_b_f_dot, d_W_i_dot, d_U_i_dot, d_b_i_dot, d_W_g_dot, d_U_g_dot, d_b_g_dot,
        d_W_o_dot, d_U_o_dot, d_b_o_dot), State(d_h_next_dot.copy(), d_m_next_dot.copy(), d_c_next_dot.copy(),
        d_n_next_dot.copy()))


_Local = namedtuple("_Local", ['s', 'log_i', 'a_log_f', 'c_prev', 'f', 'g', 'i', 'g_slope', 'n_prev', 'c',
    'o_slope', 'n', 'o', 'x', 'h_prev'])


def _local(tape: Any, params: Any, t: Any, sizes: dict[str, int]) -> Any:
    """Values and slopes at the steps t of a tape, slopes from the form that it is of."""
    H = sizes["H"]
    (s, a_log_f, c_prev, f, i, n_prev, c, n, x, h_prev) = (tape.s[t], tape.a_log_f[t], tape.c[:-1][t], tape.f[t],
        tape.i[t], tape.n[:-1][t], tape.c[1:][t], tape.n[1:][t], tape.x[t], tape.h[:-1][t])
    log_i = tape.a[t][..., : H]
    gates = tape.gates[t]
    o, g = (gates[..., k * H : (k + 1) * H] for k in range(2))
    if isinstance(tape, PreciseTape):
        a = tape.a[t]
        a_o, a_g = (a[..., k * H : (k + 1) * H] for k in range(1, 3))
        g_slope = _tanh_slope(a_g)
        o_slope = _sigmoid_slope(a_o)
    else:
        g_slope = 1 - g**2
        o_slope = o * (1 - o)
    return _Local(s, log_i, a_log_f, c_prev, f, g, i, g_slope, n_prev, c, o_slope, n, o, x, h_prev)


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
    """The state where none is given: m = -inf and zeros elsewhere. Raises ValueError for a size that nothing tells."""
    start = State(*_checked_fields("state", None, _STATE_SHAPES, sizes, dtype))
    return start._replace(m=np.full_like(start.m, -np.inf))


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


def _maximum(u: Any, v: Any) -> Array:
    """The larger of two; NaN if either is."""
    larger: Array = np.where((np.real(u) > np.real(v)) | np.isnan(u), u, v)
    return larger


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


def _positive(a: Array) -> Array:
    """1 where a > 0, else 0; NaN where a is NaN, so that it does not choose a branch silently."""
    indicator: Array = np.where(np.isnan(a.real), a, a.real > 0).astype(a.dtype)
    return indicator


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


def _scaled(scale: Array, pairs: Any) -> list[tuple[Any, Any]]:
    """diag(scale) times a sum of diag(e) W: its pairs of e and W."""
    return [(scale * e, matrix) for e, matrix in pairs]


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


def _where(c: Array, u: Any, v: Any) -> Array:
    """u where c > 0, else v; NaN where c is NaN."""
    chosen = np.where(np.isnan(c.real), c, np.where(c.real > 0, u, v))
    result: Array = chosen.astype(np.result_type(c, u, v), copy=False)
    return result


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
