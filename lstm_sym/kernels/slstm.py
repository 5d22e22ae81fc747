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
    x        (D,)
    log_f    (H,)
    log_i    (H,)
    g        (H,)
    o        (H,)
    s        (H,)
    m        (H,)
    f        (H,)
    i        (H,)
    c        (H,)
    n        (H,)
    h        (H,)
    W_f      (H, D)
    U_f      (H, H)
    b_f      (H,)
    W_i      (H, D)
    U_i      (H, H)
    b_i      (H,)
    W_g      (H, D)
    U_g      (H, H)
    b_g      (H,)
    W_o      (H, D)
    U_o      (H, H)
    b_o      (H,)

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: log_i, o, g.
Gates: o, f, i.
Biases: b_f (of log_f), b_i (of log_i), b_g (of g), b_o (of o). Where a library keeps one beside each matrix, add
them.
Options: none. Constants: none.
Initial state, where none is given: m = -inf and zeros elsewhere.

Signs in comments: δv adjoint, δv⁺ what arrives of it from step t+1, δv° what passes through no matrix, v′ slope,
∂v tangent, ⊙ element-wise product; (B1) is equation B1 of the derivation report.

Generated from the equations by lstm_sym (format 1); stands alone on NumPy. Not written by hand: change
the equations and generate it again.
"""

from __future__ import annotations

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


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
    'W_f': ('H', 'D'),
    'U_f': ('H', 'H'),
    'b_f': ('H',),
    'W_i': ('H', 'D'),
    'U_i': ('H', 'H'),
    'b_i': ('H',),
    'W_g': ('H', 'D'),
    'U_g': ('H', 'H'),
    'b_g': ('H',),
    'W_o': ('H', 'D'),
    'U_o': ('H', 'H'),
    'b_o': ('H',),
}
_STATE_SHAPES = {
    'h': ('B', 'H'),
    'm': ('B', 'H'),
    'c': ('B', 'H'),
    'n': ('B', 'H'),
}
_COMPOSED: dict[str, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'n': {'H': 1}, 'a_log_f': {'H': 1}, 'a': {'H': 3}, 'gates': {'H': 2}, 's': {'H': 1}, 'f': {'H': 1}, 'i': {'H': 1}},
    PreciseTape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'n': {'H': 1}, 'a_log_f': {'H': 1}, 'a': {'H': 3}, 'gates': {'H': 2}, 's': {'H': 1}, 'f': {'H': 1}, 'i': {'H': 1}},
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

    `fill` sets a vector to one value, as b_o=1.0. Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {'D': input_size, 'H': hidden_size}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {symbol} is {size}; sizes are whole numbers, 1 or more")
    sizes = _with_composed(sizes, _COMPOSED)
    dtype = _float_dtype({"dtype": np.empty(0, dtype)})
    for name in fill:
        if name not in ('b_f', 'b_i', 'b_g', 'b_o'):
            raise TypeError(f"init() cannot fill {name}; the vectors of this cell: b_f, b_i, b_g, b_o")
    bound = 1 / hidden_size**0.5
    drawn = {}
    for name, symbols in _SHAPES.items():
        value = rng.uniform(-bound, bound, [sizes[symbol] for symbol in symbols])
        drawn[name] = np.asarray(np.full_like(value, fill[name]) if name in fill else value, dtype)
    return Params(**drawn)


def _prepared(x: Any, params: Any, state: Any) -> tuple[Array, Params, State]:
    """Arrays of one dtype and of sizes that fit each other."""
    sizes = _sizes_of(params, _SHAPES, _COMPOSED)
    arrays = {"x": x, **_named("params", params, _SHAPES), **_named("state", state, _STATE_SHAPES)}
    dtype = _float_dtype(arrays)
    x = _checked("x", x, ("T", "B", "D"), sizes, dtype)
    sizes = _with_composed(sizes | {"B": x.shape[1], "D": x.shape[2]}, _COMPOSED)
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    start = State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))
    return x, params, start if state is not None else start._replace(m=np.full_like(start.m, -np.inf))


def forward(
    x: Any, params: Params, state: State | None = None, *, precise: bool = False
) -> tuple[Array, State, Tape | PreciseTape]:
    """Run the cell over sequences: x (T, B, D) -> y = h (T, B, H), the last state, the tape.

    state: the initial state, None for m = -inf and zeros elsewhere.
    precise: gates and slopes keep full relative accuracy under saturation;
    `backward` follows the tape. dtype in = dtype out. Raises TypeError, ValueError, naming the array that does not fit.
    """
    x, params, state = _prepared(x, params, state)
    if precise:
        return _forward_precise(x, params, state)
    return _forward_fast(x, params, state)


def backward(dy: Any, tape: Tape | PreciseTape, params: Params, dstate: State | None = None) -> Grads:
    """Gradients of a loss L by backpropagation through time, t = T-1 .. 0.

    dy = dL/dy (T, B, H); params as given to `forward`; dstate = dL/d(state after T steps), None for zeros.
    Returns dL/dx (T, B, D), dL/dparams (named), dL/d(initial state). Raises TypeError, ValueError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    reference = tape.x
    sizes = _sizes_of(params, _SHAPES, _COMPOSED) | {"T": reference.shape[0], "B": reference.shape[1]}
    _check_fit(tape, _WIDTHS, sizes)
    arrays = {"tape": reference, "dy": dy, **_named("params", params, _SHAPES)}
    dtype = _float_dtype(arrays | _named("dstate", dstate, _STATE_SHAPES))
    dy = _checked("dy", dy, ("T", "B", "H"), sizes, dtype)
    sizes["H"] = dy.shape[2]
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    dstate = State(*_checked_fields("dstate", dstate, _STATE_SHAPES, sizes, dtype))
    if isinstance(tape, PreciseTape):
        return _backward_precise(dy, tape, params, dstate)
    return _backward_fast(dy, tape, params, dstate)


def _forward_fast(
    x: Array, params: Params, state: State
) -> tuple[Array, State, Tape]:
    H = params.W_f.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    b = np.concatenate((params.b_i, params.b_o, params.b_g))
    W_f = params.W_f
    W_f_T = np.ascontiguousarray(W_f.T)
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    b_f = params.b_f
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    a = np.empty((T, B, 3 * H), dtype)
    gates = np.empty((T, B, 2 * H), dtype)
    a_log_f = np.empty((T, B, H), dtype)
    s = np.empty((T, B, H), dtype)
    f = np.empty((T, B, H), dtype)
    i = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    m_prev = state.m
    c = np.empty((T + 1, B, H), dtype)
    c[0] = state.c
    n = np.empty((T + 1, B, H), dtype)
    n[0] = state.n
    log_i = a[..., 0 * H : 1 * H]
    a_o = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    o = gates[..., 0 * H : 1 * H]
    g = gates[..., 1 * H : 2 * H]
    # (F4) log_iₜ = W_i xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
    _times(x, W.T, out=a)
    # (F4) log_iₜ += b_i; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
    a += b
    for (
        x_t, h_prev, a_log_f_t, s_t, a_t, log_i_t, f_t, i_t, n_t, n_prev, g_t, a_g_t, c_t, c_prev, o_t,
        a_o_t, h_t
    ) in zip(
        x, h[:-1], a_log_f, s, a, log_i, f, i, n[1:], n[:-1], g, a_g, c[1:], c[:-1], o, a_o, h[1:],
        strict=True
    ):
        # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
        a_log_f_t[...] = -(x_t @ W_f_T)
        a_log_f_t += -(h_prev @ U_f_T)
        a_log_f_t += -(b_f)
        # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
        softplus_a_log_f = _softplus(a_log_f_t)
        # (F3) log_fₜ = −softplus_a_log_fₜ
        log_f = -softplus_a_log_f
        # (F9) sₜ = mₜ₋₁ + log_fₜ
        np.add(m_prev, log_f, out=s_t)
        # (F4) log_iₜ += U_i hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        a_t += h_prev @ U_T
        # (F10) mₜ = max(sₜ, log_iₜ)
        m = _maximum(s_t, log_i_t)
        # (F11) a_fₜ = sₜ − mₜ
        a_f = s_t - m
        # (F12) fₜ = exp(a_fₜ)
        np.exp(a_f, out=f_t)
        # (F13) a_iₜ = log_iₜ − mₜ
        a_i = log_i_t - m
        # (F14) iₜ = exp(a_iₜ)
        np.exp(a_i, out=i_t)
        # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
        np.add(n_prev * f_t, i_t, out=n_t)
        # (F6) gₜ = tanh(a_gₜ)
        np.tanh(a_g_t, out=g_t)
        # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
        np.add(c_prev * f_t, g_t * i_t, out=c_t)
        # (F8) oₜ = σ(a_oₜ)
        _sigmoid(a_o_t, out=o_t)
        # (F17) hₜ = oₜ ⊙ cₜ / nₜ
        h_t[...] = o_t * c_t / n_t
        m_prev = m
    return h[1:].copy(), State(h[T].copy(), m_prev.copy(), c[T].copy(), n[T].copy()), Tape(x, h, c, n, a_log_f, a, gates, s, f, i)


def _forward_precise(
    x: Array, params: Params, state: State
) -> tuple[Array, State, PreciseTape]:
    H = params.W_f.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    b = np.concatenate((params.b_i, params.b_o, params.b_g))
    W_f = params.W_f
    W_f_T = np.ascontiguousarray(W_f.T)
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    b_f = params.b_f
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_T = np.ascontiguousarray(U.T)
    a = np.empty((T, B, 3 * H), dtype)
    gates = np.empty((T, B, 2 * H), dtype)
    a_log_f = np.empty((T, B, H), dtype)
    s = np.empty((T, B, H), dtype)
    f = np.empty((T, B, H), dtype)
    i = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    m_prev = state.m
    c = np.empty((T + 1, B, H), dtype)
    c[0] = state.c
    n = np.empty((T + 1, B, H), dtype)
    n[0] = state.n
    log_i = a[..., 0 * H : 1 * H]
    a_o = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    o = gates[..., 0 * H : 1 * H]
    g = gates[..., 1 * H : 2 * H]
    # (F4) log_iₜ = W_i xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
    _times(x, W.T, out=a)
    # (F4) log_iₜ += b_i; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
    a += b
    for (
        x_t, h_prev, a_log_f_t, s_t, a_t, log_i_t, f_t, i_t, n_t, n_prev, g_t, a_g_t, c_t, c_prev, o_t,
        a_o_t, h_t
    ) in zip(
        x, h[:-1], a_log_f, s, a, log_i, f, i, n[1:], n[:-1], g, a_g, c[1:], c[:-1], o, a_o, h[1:],
        strict=True
    ):
        # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
        a_log_f_t[...] = -(x_t @ W_f_T)
        a_log_f_t += -(h_prev @ U_f_T)
        a_log_f_t += -(b_f)
        # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
        softplus_a_log_f = _softplus(a_log_f_t)
        # (F3) log_fₜ = −softplus_a_log_fₜ
        log_f = -softplus_a_log_f
        # (F9) sₜ = mₜ₋₁ + log_fₜ
        np.add(m_prev, log_f, out=s_t)
        # (F4) log_iₜ += U_i hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        a_t += h_prev @ U_T
        # (F10) mₜ = max(sₜ, log_iₜ)
        m = _maximum(s_t, log_i_t)
        # (F11) a_fₜ = sₜ − mₜ
        a_f = s_t - m
        # (F12) fₜ = exp(a_fₜ)
        np.exp(a_f, out=f_t)
        # (F13) a_iₜ = log_iₜ − mₜ
        a_i = log_i_t - m
        # (F14) iₜ = exp(a_iₜ)
        np.exp(a_i, out=i_t)
        # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
        np.add(n_prev * f_t, i_t, out=n_t)
        # (F6) gₜ = tanh(a_gₜ)
        np.tanh(a_g_t, out=g_t)
        # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
        np.add(c_prev * f_t, g_t * i_t, out=c_t)
        # (F8) oₜ = σ(a_oₜ)
        o_t[...] = _sigmoid_precise(a_o_t)
        # (F17) hₜ = oₜ ⊙ cₜ / nₜ
        h_t[...] = o_t * c_t / n_t
        m_prev = m
    return h[1:].copy(), State(h[T].copy(), m_prev.copy(), c[T].copy(), n[T].copy()), PreciseTape(x, h, c, n, a_log_f, a, gates, s, f, i)


def _backward_fast(dy: Array, tape: Tape, params: Params, dstate: State) -> Grads:
    H = params.W_f.shape[0]
    T, B = dy.shape[:2]
    dtype = dy.dtype
    x = tape.x
    h = tape.h
    c = tape.c
    n = tape.n
    a_log_f = tape.a_log_f
    a = tape.a
    gates = tape.gates
    s = tape.s
    f = tape.f
    i = tape.i
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_f = params.U_f
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    W_f = params.W_f
    d_gates = np.empty((B, 2 * H), dtype)
    gates_slope = np.empty((T, B, 2 * H), dtype)
    d_a = np.empty((T, B, 3 * H), dtype)
    d_a_log_f = np.empty((T, B, H), dtype)
    d_h_next = dstate.h
    d_m_next = dstate.m
    d_c_next = dstate.c
    d_n_next = dstate.n
    log_i = a[..., 0 * H : 1 * H]
    d_log_i = d_a[..., 0 * H : 1 * H]
    d_a_o_g = d_a[..., 1 * H : 3 * H]
    d_o = d_gates[..., 0 * H : 1 * H]
    d_g = d_gates[..., 1 * H : 2 * H]
    o = gates[..., 0 * H : 1 * H]
    g = gates[..., 1 * H : 2 * H]
    o_slope = gates_slope[..., 0 * H : 1 * H]
    g_slope = gates_slope[..., 1 * H : 2 * H]
    # (B11) o′ₜ = oₜ ⊙ (1 − oₜ)
    np.subtract(1, o, out=o_slope)
    o_slope *= o
    # (B14) g′ₜ = 1 − gₜ²
    np.multiply(g, g, out=g_slope)
    np.subtract(1, g_slope, out=g_slope)
    for (
        dy_t, c_t, o_t, n_t, g_t, i_t, n_prev, c_prev, f_t, s_t, log_i_t, d_log_i_t, d_a_log_f_t, a_log_f_t,
        d_a_o_g_t, gates_slope_t, d_a_t
    ) in zip(
        dy[::-1], c[1:][::-1], o[::-1], n[1:][::-1], g[::-1], i[::-1], n[:-1][::-1], c[:-1][::-1], f[::-1],
        s[::-1], log_i[::-1], d_log_i[::-1], d_a_log_f[::-1], a_log_f[::-1], d_a_o_g[::-1],
        gates_slope[::-1], d_a[::-1], strict=True
    ):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_h = dy_t + d_h_next
        # (B2) δnₜ = δn⁺ₜ − δhₜ ⊙ cₜ ⊙ oₜ / nₜ²
        d_n = d_n_next - d_h * c_t * o_t / n_t**2
        # (B3) δcₜ = δc⁺ₜ + δhₜ ⊙ oₜ / nₜ
        d_c = d_c_next + d_h * o_t / n_t
        # (B4) δiₜ = δnₜ + δcₜ ⊙ gₜ
        d_i = d_n + d_c * g_t
        # (B5) δa_iₜ = δiₜ ⊙ iₜ
        d_a_i = d_i * i_t
        # (B6) δfₜ = δnₜ ⊙ nₜ₋₁ + δcₜ ⊙ cₜ₋₁
        d_f = d_n * n_prev + d_c * c_prev
        # (B7) δa_fₜ = δfₜ ⊙ fₜ
        d_a_f = d_f * f_t
        # (B8) δmₜ = δm⁺ₜ − δa_iₜ − δa_fₜ
        d_m = d_m_next - d_a_i - d_a_f
        # (B9) δsₜ = δa_fₜ + δmₜ ⊙ 1₊(sₜ − log_iₜ)
        d_s = d_a_f + d_m * _positive(s_t - log_i_t)
        # (B10) δoₜ = δhₜ ⊙ cₜ / nₜ
        d_o[...] = d_h * c_t / n_t
        # (B13) δgₜ = δcₜ ⊙ iₜ
        np.multiply(d_c, i_t, out=d_g)
        # (B16) δlog_iₜ = δa_iₜ + δmₜ ⊙ (1 − 1₊(sₜ − log_iₜ))
        np.add(d_a_i, d_m * (1 - _positive(s_t - log_i_t)), out=d_log_i_t)
        # (B17) δlog_fₜ = δsₜ
        d_log_f = d_s
        # (B18) δsoftplus_a_log_fₜ = −δlog_fₜ
        d_softplus_a_log_f = -d_log_f
        # (B19) δa_log_fₜ = δsoftplus_a_log_fₜ ⊙ σ(a_log_fₜ)
        np.multiply(d_softplus_a_log_f, _sigmoid(a_log_f_t), out=d_a_log_f_t)
        # (B21) δm⁺ₜ₋₁ = δsₜ
        d_m_prev = d_s
        # (B22) δc⁺ₜ₋₁ = δcₜ ⊙ fₜ
        d_c_prev = d_c * f_t
        # (B23) δn⁺ₜ₋₁ = δnₜ ⊙ fₜ
        d_n_prev = d_n * f_t
        # (B12) δa_oₜ = δoₜ ⊙ o′ₜ; (B15) δa_gₜ = δgₜ ⊙ g′ₜ
        np.multiply(d_gates, gates_slope_t, out=d_a_o_g_t)
        # (B20) δh⁺ₜ₋₁ = U_oᵀ δa_oₜ + U_gᵀ δa_gₜ + U_iᵀ δlog_iₜ − U_fᵀ δa_log_fₜ
        d_h_prev = d_a_t @ U
        d_h_prev += -(d_a_log_f_t @ U_f)
        d_h_next, d_m_next, d_c_next, d_n_next = d_h_prev, d_m_prev, d_c_prev, d_n_prev
    # (B24) δxₜ = W_oᵀ δa_oₜ + W_gᵀ δa_gₜ + W_iᵀ δlog_iₜ − W_fᵀ δa_log_fₜ
    d_x = _times(d_a, W)
    d_x += -(_times(d_a_log_f, W_f))
    # (B25) δW_f = Σₜ −δa_log_fₜ xₜᵀ
    d_W_f = -1.0 * _outer(d_a_log_f, x)
    # (B26) δU_f = Σₜ −δa_log_fₜ hₜ₋₁ᵀ
    d_U_f = -1.0 * _outer(d_a_log_f, h[:-1])
    # (B27) δb_f = Σₜ −δa_log_fₜ
    d_b_f = -1.0 * d_a_log_f.sum(axis=(0, 1))
    # (B28) δW_i = Σₜ δlog_iₜ xₜᵀ; (B31) δW_g = Σₜ δa_gₜ xₜᵀ; (B34) δW_o = Σₜ δa_oₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_i = d_W[0 * H : 1 * H]
    d_W_o = d_W[1 * H : 2 * H]
    d_W_g = d_W[2 * H : 3 * H]
    # (B29) δU_i = Σₜ δlog_iₜ hₜ₋₁ᵀ; (B32) δU_g = Σₜ δa_gₜ hₜ₋₁ᵀ; (B35) δU_o = Σₜ δa_oₜ hₜ₋₁ᵀ
    d_U = _outer(d_a, h[:-1])
    d_U_i = d_U[0 * H : 1 * H]
    d_U_o = d_U[1 * H : 2 * H]
    d_U_g = d_U[2 * H : 3 * H]
    # (B30) δb_i = Σₜ δlog_iₜ; (B33) δb_g = Σₜ δa_gₜ; (B36) δb_o = Σₜ δa_oₜ
    d_b = d_a.sum(axis=(0, 1))
    d_b_i = d_b[0 * H : 1 * H]
    d_b_o = d_b[1 * H : 2 * H]
    d_b_g = d_b[2 * H : 3 * H]
    return Grads(d_x, Params(d_W_f, d_U_f, d_b_f, d_W_i, d_U_i, d_b_i, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_b_o), State(d_h_next.copy(), d_m_next.copy(), d_c_next.copy(), d_n_next.copy()))


def _backward_precise(dy: Array, tape: PreciseTape, params: Params, dstate: State) -> Grads:
    H = params.W_f.shape[0]
    T, B = dy.shape[:2]
    dtype = dy.dtype
    x = tape.x
    h = tape.h
    c = tape.c
    n = tape.n
    a_log_f = tape.a_log_f
    a = tape.a
    gates = tape.gates
    s = tape.s
    f = tape.f
    i = tape.i
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_f = params.U_f
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    W_f = params.W_f
    d_gates = np.empty((B, 2 * H), dtype)
    gates_slope = np.empty((T, B, 2 * H), dtype)
    d_a = np.empty((T, B, 3 * H), dtype)
    d_a_log_f = np.empty((T, B, H), dtype)
    d_h_next = dstate.h
    d_m_next = dstate.m
    d_c_next = dstate.c
    d_n_next = dstate.n
    log_i = a[..., 0 * H : 1 * H]
    a_o = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    d_log_i = d_a[..., 0 * H : 1 * H]
    d_a_o_g = d_a[..., 1 * H : 3 * H]
    d_o = d_gates[..., 0 * H : 1 * H]
    d_g = d_gates[..., 1 * H : 2 * H]
    o = gates[..., 0 * H : 1 * H]
    g = gates[..., 1 * H : 2 * H]
    o_slope = gates_slope[..., 0 * H : 1 * H]
    g_slope = gates_slope[..., 1 * H : 2 * H]
    # (B11) o′ₜ = σ′(a_oₜ)
    o_slope[...] = _sigmoid_slope(a_o)
    # (B14) g′ₜ = tanh′(a_gₜ)
    g_slope[...] = _tanh_slope(a_g)
    for (
        dy_t, c_t, o_t, n_t, g_t, i_t, n_prev, c_prev, f_t, s_t, log_i_t, d_log_i_t, d_a_log_f_t, a_log_f_t,
        d_a_o_g_t, gates_slope_t, d_a_t
    ) in zip(
        dy[::-1], c[1:][::-1], o[::-1], n[1:][::-1], g[::-1], i[::-1], n[:-1][::-1], c[:-1][::-1], f[::-1],
        s[::-1], log_i[::-1], d_log_i[::-1], d_a_log_f[::-1], a_log_f[::-1], d_a_o_g[::-1],
        gates_slope[::-1], d_a[::-1], strict=True
    ):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_h = dy_t + d_h_next
        # (B2) δnₜ = δn⁺ₜ − δhₜ ⊙ cₜ ⊙ oₜ / nₜ²
        d_n = d_n_next - d_h * c_t * o_t / n_t**2
        # (B3) δcₜ = δc⁺ₜ + δhₜ ⊙ oₜ / nₜ
        d_c = d_c_next + d_h * o_t / n_t
        # (B4) δiₜ = δnₜ + δcₜ ⊙ gₜ
        d_i = d_n + d_c * g_t
        # (B5) δa_iₜ = δiₜ ⊙ iₜ
        d_a_i = d_i * i_t
        # (B6) δfₜ = δnₜ ⊙ nₜ₋₁ + δcₜ ⊙ cₜ₋₁
        d_f = d_n * n_prev + d_c * c_prev
        # (B7) δa_fₜ = δfₜ ⊙ fₜ
        d_a_f = d_f * f_t
        # (B8) δmₜ = δm⁺ₜ − δa_iₜ − δa_fₜ
        d_m = d_m_next - d_a_i - d_a_f
        # (B9) δsₜ = δa_fₜ + δmₜ ⊙ 1₊(sₜ − log_iₜ)
        d_s = d_a_f + d_m * _positive(s_t - log_i_t)
        # (B10) δoₜ = δhₜ ⊙ cₜ / nₜ
        d_o[...] = d_h * c_t / n_t
        # (B13) δgₜ = δcₜ ⊙ iₜ
        np.multiply(d_c, i_t, out=d_g)
        # (B16) δlog_iₜ = δa_iₜ + δmₜ ⊙ (1 − 1₊(sₜ − log_iₜ))
        np.add(d_a_i, d_m * (1 - _positive(s_t - log_i_t)), out=d_log_i_t)
        # (B17) δlog_fₜ = δsₜ
        d_log_f = d_s
        # (B18) δsoftplus_a_log_fₜ = −δlog_fₜ
        d_softplus_a_log_f = -d_log_f
        # (B19) δa_log_fₜ = δsoftplus_a_log_fₜ ⊙ σ(a_log_fₜ)
        np.multiply(d_softplus_a_log_f, _sigmoid_precise(a_log_f_t), out=d_a_log_f_t)
        # (B21) δm⁺ₜ₋₁ = δsₜ
        d_m_prev = d_s
        # (B22) δc⁺ₜ₋₁ = δcₜ ⊙ fₜ
        d_c_prev = d_c * f_t
        # (B23) δn⁺ₜ₋₁ = δnₜ ⊙ fₜ
        d_n_prev = d_n * f_t
        # (B12) δa_oₜ = δoₜ ⊙ o′ₜ; (B15) δa_gₜ = δgₜ ⊙ g′ₜ
        np.multiply(d_gates, gates_slope_t, out=d_a_o_g_t)
        # (B20) δh⁺ₜ₋₁ = U_oᵀ δa_oₜ + U_gᵀ δa_gₜ + U_iᵀ δlog_iₜ − U_fᵀ δa_log_fₜ
        d_h_prev = d_a_t @ U
        d_h_prev += -(d_a_log_f_t @ U_f)
        d_h_next, d_m_next, d_c_next, d_n_next = d_h_prev, d_m_prev, d_c_prev, d_n_prev
    # (B24) δxₜ = W_oᵀ δa_oₜ + W_gᵀ δa_gₜ + W_iᵀ δlog_iₜ − W_fᵀ δa_log_fₜ
    d_x = _times(d_a, W)
    d_x += -(_times(d_a_log_f, W_f))
    # (B25) δW_f = Σₜ −δa_log_fₜ xₜᵀ
    d_W_f = -1.0 * _outer(d_a_log_f, x)
    # (B26) δU_f = Σₜ −δa_log_fₜ hₜ₋₁ᵀ
    d_U_f = -1.0 * _outer(d_a_log_f, h[:-1])
    # (B27) δb_f = Σₜ −δa_log_fₜ
    d_b_f = -1.0 * d_a_log_f.sum(axis=(0, 1))
    # (B28) δW_i = Σₜ δlog_iₜ xₜᵀ; (B31) δW_g = Σₜ δa_gₜ xₜᵀ; (B34) δW_o = Σₜ δa_oₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_i = d_W[0 * H : 1 * H]
    d_W_o = d_W[1 * H : 2 * H]
    d_W_g = d_W[2 * H : 3 * H]
    # (B29) δU_i = Σₜ δlog_iₜ hₜ₋₁ᵀ; (B32) δU_g = Σₜ δa_gₜ hₜ₋₁ᵀ; (B35) δU_o = Σₜ δa_oₜ hₜ₋₁ᵀ
    d_U = _outer(d_a, h[:-1])
    d_U_i = d_U[0 * H : 1 * H]
    d_U_o = d_U[1 * H : 2 * H]
    d_U_g = d_U[2 * H : 3 * H]
    # (B30) δb_i = Σₜ δlog_iₜ; (B33) δb_g = Σₜ δa_gₜ; (B36) δb_o = Σₜ δa_oₜ
    d_b = d_a.sum(axis=(0, 1))
    d_b_i = d_b[0 * H : 1 * H]
    d_b_o = d_b[1 * H : 2 * H]
    d_b_g = d_b[2 * H : 3 * H]
    return Grads(d_x, Params(d_W_f, d_U_f, d_b_f, d_W_i, d_U_i, d_b_i, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_b_o), State(d_h_next.copy(), d_m_next.copy(), d_c_next.copy(), d_n_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    x = x_t
    h_prev = state.h
    m_prev = state.m
    c_prev = state.c
    n_prev = state.n
    W_f = params.W_f
    U_f = params.U_f
    b_f = params.b_f
    W_i = params.W_i
    U_i = params.U_i
    b_i = params.b_i
    W_g = params.W_g
    U_g = params.U_g
    b_g = params.b_g
    W_o = params.W_o
    U_o = params.U_o
    b_o = params.b_o
    # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
    a_log_f = -(x @ W_f.T)
    a_log_f += -(h_prev @ U_f.T)
    a_log_f += -(b_f)
    # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
    softplus_a_log_f = _softplus(a_log_f)
    # (F3) log_fₜ = −softplus_a_log_fₜ
    log_f = -softplus_a_log_f
    # (F4) log_iₜ = W_i xₜ + U_i hₜ₋₁ + b_i
    log_i = x @ W_i.T
    log_i += h_prev @ U_i.T
    log_i += b_i
    # (F5) a_gₜ = W_g xₜ + U_g hₜ₋₁ + b_g
    a_g = x @ W_g.T
    a_g += h_prev @ U_g.T
    a_g += b_g
    # (F6) gₜ = tanh(a_gₜ)
    g = np.tanh(a_g)
    # (F7) a_oₜ = W_o xₜ + U_o hₜ₋₁ + b_o
    a_o = x @ W_o.T
    a_o += h_prev @ U_o.T
    a_o += b_o
    # (F8) oₜ = σ(a_oₜ)
    o = _sigmoid(a_o)
    # (F9) sₜ = mₜ₋₁ + log_fₜ
    s = m_prev + log_f
    # (F10) mₜ = max(sₜ, log_iₜ)
    m = _maximum(s, log_i)
    # (F11) a_fₜ = sₜ − mₜ
    a_f = s - m
    # (F12) fₜ = exp(a_fₜ)
    f = np.exp(a_f)
    # (F13) a_iₜ = log_iₜ − mₜ
    a_i = log_i - m
    # (F14) iₜ = exp(a_iₜ)
    i = np.exp(a_i)
    # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
    c = c_prev * f + g * i
    # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
    n = n_prev * f + i
    # (F17) hₜ = oₜ ⊙ cₜ / nₜ
    h = o * c / n
    return h, State(h, m, c, n)


def jvp(
    x: Any,
    params: Params,
    state: State | None = None,
    *,
    x_dot: Any = None,
    params_dot: Params | None = None,
    state_dot: State | None = None,
) -> tuple[Array, Array, State, State]:
    """Forward mode, in the precise form: the derivative along (x_dot, params_dot, state_dot), each None for zero.

    Returns y and y_dot (T, B, H), the state after T steps and its tangent. Raises TypeError, ValueError.
    """
    return _jvp(*_directions(x, params, state, x_dot, params_dot, state_dot, {}))


def _directions(
    x: Any, params: Any, state: Any, x_dot: Any, params_dot: Any, state_dot: Any, others: dict[str, Any]
) -> tuple[Array, Params, State, Array, Params, State]:
    """Point and direction as arrays of one dtype, that of `others` counted in."""
    x, params, state = _prepared(x, params, state)
    x_dot = np.zeros_like(x) if x_dot is None else x_dot
    params_dot = Params(*map(np.zeros_like, params)) if params_dot is None else params_dot
    state_dot = State(*map(np.zeros_like, state)) if state_dot is None else state_dot
    arrays = {"x": x, "x_dot": x_dot, **_named("params_dot", params_dot, _SHAPES)}
    arrays |= _named("state_dot", state_dot, _STATE_SHAPES)
    dtype = _float_dtype(arrays | others)
    x, params, state = _prepared(x.astype(dtype, copy=False), params, state)
    sizes = _sizes_of(params, _SHAPES, _COMPOSED) | {"T": x.shape[0], "B": x.shape[1], "D": x.shape[2]}
    x_dot = _checked("x_dot", x_dot, ("T", "B", "D"), sizes, dtype)
    params_dot = Params(*_checked_fields("params_dot", params_dot, _SHAPES, sizes, dtype))
    state_dot = State(*_checked_fields("state_dot", state_dot, _STATE_SHAPES, sizes, dtype))
    return x, params, state, x_dot, params_dot, state_dot


def _jvp(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State]:
    H = params.W_f.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
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
    a = np.empty((T, B, 3 * H), dtype)
    gates_dot = np.empty((T, B, 3 * H), dtype)
    gates = np.empty((B, 2 * H), dtype)
    gates_slope = np.empty((B, 2 * H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    h_dot = np.empty((T + 1, B, H), dtype)
    h_dot[0] = state_dot.h
    m_prev = state.m
    m_dot_prev = state_dot.m
    c_prev = state.c
    c_dot_prev = state_dot.c
    n_prev = state.n
    n_dot_prev = state_dot.n
    log_i = a[..., 0 * H : 1 * H]
    a_o = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    o = gates[..., 0 * H : 1 * H]
    g = gates[..., 1 * H : 2 * H]
    log_i_dot = gates_dot[..., 0 * H : 1 * H]
    o_dot = gates_dot[..., 1 * H : 2 * H]
    g_dot = gates_dot[..., 2 * H : 3 * H]
    o_slope = gates_slope[..., 0 * H : 1 * H]
    g_slope = gates_slope[..., 1 * H : 2 * H]
    # (F4) log_iₜ = W_i xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
    _times(x, W.T, out=a)
    # (F4) log_iₜ += b_i; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
    a += b
    # (T4) ∂log_iₜ = W_i ∂xₜ; (T8) ∂a_oₜ = W_o ∂xₜ; (T5) ∂a_gₜ = W_g ∂xₜ
    _times(x_dot, W.T, out=gates_dot)
    # (T4) ∂log_iₜ += ∂W_i xₜ; (T8) ∂a_oₜ += ∂W_o xₜ; (T5) ∂a_gₜ += ∂W_g xₜ
    gates_dot += _times(x, W_dot.T)
    # (T4) ∂log_iₜ += ∂b_i; (T8) ∂a_oₜ += ∂b_o; (T5) ∂a_gₜ += ∂b_g
    gates_dot += b_dot
    for (
        x_t, h_prev, x_dot_t, h_dot_prev, a_t, log_i_t, gates_dot_t, log_i_dot_t, a_g_t, g_dot_t, a_o_t,
        h_t, o_dot_t, h_dot_t
    ) in zip(
        x, h[:-1], x_dot, h_dot[:-1], a, log_i, gates_dot, log_i_dot, a_g, g_dot, a_o, h[1:], o_dot,
        h_dot[1:], strict=True
    ):
        # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
        a_log_f = -(x_t @ W_f_T)
        a_log_f += -(h_prev @ U_f_T)
        a_log_f += -(b_f)
        # (T1) ∂a_log_fₜ = −W_f ∂xₜ − ∂W_f xₜ − U_f ∂hₜ₋₁ − ∂U_f hₜ₋₁ − ∂b_f
        a_log_f_dot = -(x_dot_t @ W_f_T)
        a_log_f_dot += -(x_t @ W_f_dot_T)
        a_log_f_dot += -(h_dot_prev @ U_f_T)
        a_log_f_dot += -(h_prev @ U_f_dot_T)
        a_log_f_dot += -(b_f_dot)
        # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
        softplus_a_log_f = _softplus(a_log_f)
        # (T2) ∂softplus_a_log_fₜ = ∂a_log_fₜ ⊙ σ(a_log_fₜ)
        softplus_a_log_f_dot = a_log_f_dot * _sigmoid_precise(a_log_f)
        # (F3) log_fₜ = −softplus_a_log_fₜ
        log_f = -softplus_a_log_f
        # (T3) ∂log_fₜ = −∂softplus_a_log_fₜ
        log_f_dot = -softplus_a_log_f_dot
        # (F9) sₜ = mₜ₋₁ + log_fₜ
        s = m_prev + log_f
        # (T11) ∂sₜ = ∂mₜ₋₁ + ∂log_fₜ
        s_dot = m_dot_prev + log_f_dot
        # (F4) log_iₜ += U_i hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        a_t += h_prev @ U_T
        # (F10) mₜ = max(sₜ, log_iₜ)
        m = _maximum(s, log_i_t)
        # (F11) a_fₜ = sₜ − mₜ
        a_f = s - m
        # (F12) fₜ = exp(a_fₜ)
        f = np.exp(a_f)
        # (F13) a_iₜ = log_iₜ − mₜ
        a_i = log_i_t - m
        # (F14) iₜ = exp(a_iₜ)
        i = np.exp(a_i)
        # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
        n = n_prev * f + i
        # (T4) ∂log_iₜ += U_i ∂hₜ₋₁; (T8) ∂a_oₜ += U_o ∂hₜ₋₁; (T5) ∂a_gₜ += U_g ∂hₜ₋₁
        gates_dot_t += h_dot_prev @ U_T
        # (T4) ∂log_iₜ += ∂U_i hₜ₋₁; (T8) ∂a_oₜ += ∂U_o hₜ₋₁; (T5) ∂a_gₜ += ∂U_g hₜ₋₁
        gates_dot_t += h_prev @ U_dot_T
        # (T12) ∂mₜ = where(sₜ − log_iₜ, ∂sₜ, ∂log_iₜ)
        m_dot = _where(s - log_i_t, s_dot, log_i_dot_t)
        # (T13) ∂a_fₜ = ∂sₜ − ∂mₜ
        a_f_dot = s_dot - m_dot
        # (T14) ∂fₜ = ∂a_fₜ ⊙ fₜ
        f_dot = a_f_dot * f
        # (T15) ∂a_iₜ = ∂log_iₜ − ∂mₜ
        a_i_dot = log_i_dot_t - m_dot
        # (T16) ∂iₜ = ∂a_iₜ ⊙ iₜ
        i_dot = a_i_dot * i
        # (T18) ∂nₜ = ∂nₜ₋₁ ⊙ fₜ + ∂fₜ ⊙ nₜ₋₁ + ∂iₜ
        n_dot = n_dot_prev * f + f_dot * n_prev + i_dot
        # (F6) gₜ = tanh(a_gₜ)
        np.tanh(a_g_t, out=g)
        # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
        c = c_prev * f + g * i
        # (T6) g′ₜ = tanh′(a_gₜ)
        g_slope[...] = _tanh_slope(a_g_t)
        # (T7) ∂gₜ = ∂a_gₜ ⊙ g′ₜ
        g_dot_t *= g_slope
        # (T17) ∂cₜ = ∂cₜ₋₁ ⊙ fₜ + ∂gₜ ⊙ iₜ + ∂fₜ ⊙ cₜ₋₁ + ∂iₜ ⊙ gₜ
        c_dot = c_dot_prev * f + g_dot_t * i + f_dot * c_prev + i_dot * g
        # (F8) oₜ = σ(a_oₜ)
        o[...] = _sigmoid_precise(a_o_t)
        # (F17) hₜ = oₜ ⊙ cₜ / nₜ
        h_t[...] = o * c / n
        # (T9) o′ₜ = σ′(a_oₜ)
        o_slope[...] = _sigmoid_slope(a_o_t)
        # (T10) ∂oₜ = ∂a_oₜ ⊙ o′ₜ
        o_dot_t *= o_slope
        # (T19) ∂hₜ = ∂oₜ ⊙ cₜ / nₜ + ∂cₜ ⊙ oₜ / nₜ − ∂nₜ ⊙ oₜ ⊙ cₜ / nₜ²
        np.subtract(o_dot_t * c / n + c_dot * o / n, n_dot * o * c / n**2, out=h_dot_t)
        m_prev, m_dot_prev, c_prev, c_dot_prev, n_prev, n_dot_prev = m, m_dot, c, c_dot, n, n_dot
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy(), m_prev.copy(), c_prev.copy(), n_prev.copy()), State(h_dot[T].copy(), m_dot_prev.copy(), c_dot_prev.copy(), n_dot_prev.copy())


def hvp(
    x: Any,
    params: Params,
    state: State | None = None,
    *,
    dy: Any,
    dstate: State | None = None,
    x_dot: Any = None,
    params_dot: Params | None = None,
    state_dot: State | None = None,
    dy_dot: Any = None,
    dstate_dot: State | None = None,
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
    sizes = _sizes_of(point[1], _SHAPES, _COMPOSED) | {"T": point[0].shape[0], "B": point[0].shape[1]}
    dy = _checked("dy", dy, ("T", "B", "H"), sizes, dtype)
    sizes["H"] = dy.shape[2]
    dy_dot = np.zeros_like(dy) if dy_dot is None else _checked("dy_dot", dy_dot, ("T", "B", "H"), sizes, dtype)
    # The states tell what no parameter may tell: their own sizes.
    zeros = State(*map(np.zeros_like, point[2]))
    dstate = State(*_checked_fields("dstate", zeros if dstate is None else dstate, _STATE_SHAPES, sizes, dtype))
    dstate_dot = zeros if dstate_dot is None else dstate_dot
    dstate_dot = State(*_checked_fields("dstate_dot", dstate_dot, _STATE_SHAPES, sizes, dtype))
    tape = _hvp_forward(*point)
    return _hvp_backward(dy, dy_dot, tape, point[1], point[4], dstate, dstate_dot)


class SecondTape(NamedTuple):
    """What the second-order backward pass needs: values and their tangents."""

    x: Array
    x_dot: Array
    h: Array
    h_dot: Array
    c: Array
    c_dot: Array
    n: Array
    n_dot: Array
    a_log_f: Array
    a_log_f_dot: Array
    a: Array
    a_dot: Array
    gates: Array
    gates_slope: Array
    gates_dot: Array
    s: Array
    f: Array
    f_dot: Array
    i: Array
    i_dot: Array


def _hvp_forward(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> SecondTape:
    H = params.W_f.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
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
    a = np.empty((T, B, 3 * H), dtype)
    a_dot = np.empty((T, B, 3 * H), dtype)
    gates = np.empty((T, B, 2 * H), dtype)
    gates_slope = np.empty((T, B, 2 * H), dtype)
    gates_dot = np.empty((T, B, 2 * H), dtype)
    a_log_f = np.empty((T, B, H), dtype)
    a_log_f_dot = np.empty((T, B, H), dtype)
    s = np.empty((T, B, H), dtype)
    f = np.empty((T, B, H), dtype)
    i = np.empty((T, B, H), dtype)
    f_dot = np.empty((T, B, H), dtype)
    i_dot = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    h_dot = np.empty((T + 1, B, H), dtype)
    h_dot[0] = state_dot.h
    m_prev = state.m
    m_dot_prev = state_dot.m
    c = np.empty((T + 1, B, H), dtype)
    c[0] = state.c
    c_dot = np.empty((T + 1, B, H), dtype)
    c_dot[0] = state_dot.c
    n = np.empty((T + 1, B, H), dtype)
    n[0] = state.n
    n_dot = np.empty((T + 1, B, H), dtype)
    n_dot[0] = state_dot.n
    log_i = a[..., 0 * H : 1 * H]
    a_o = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    log_i_dot = a_dot[..., 0 * H : 1 * H]
    a_o_dot = a_dot[..., 1 * H : 2 * H]
    a_g_dot = a_dot[..., 2 * H : 3 * H]
    o = gates[..., 0 * H : 1 * H]
    g = gates[..., 1 * H : 2 * H]
    o_dot = gates_dot[..., 0 * H : 1 * H]
    g_dot = gates_dot[..., 1 * H : 2 * H]
    o_slope = gates_slope[..., 0 * H : 1 * H]
    g_slope = gates_slope[..., 1 * H : 2 * H]
    # (F4) log_iₜ = W_i xₜ; (F7) a_oₜ = W_o xₜ; (F5) a_gₜ = W_g xₜ
    _times(x, W.T, out=a)
    # (F4) log_iₜ += b_i; (F7) a_oₜ += b_o; (F5) a_gₜ += b_g
    a += b
    # (T4) ∂log_iₜ = W_i ∂xₜ; (T8) ∂a_oₜ = W_o ∂xₜ; (T5) ∂a_gₜ = W_g ∂xₜ
    _times(x_dot, W.T, out=a_dot)
    # (T4) ∂log_iₜ += ∂W_i xₜ; (T8) ∂a_oₜ += ∂W_o xₜ; (T5) ∂a_gₜ += ∂W_g xₜ
    a_dot += _times(x, W_dot.T)
    # (T4) ∂log_iₜ += ∂b_i; (T8) ∂a_oₜ += ∂b_o; (T5) ∂a_gₜ += ∂b_g
    a_dot += b_dot
    for (
        x_t, h_prev, a_log_f_t, x_dot_t, h_dot_prev, a_log_f_dot_t, s_t, a_t, log_i_t, f_t, i_t, n_t,
        n_prev, a_dot_t, log_i_dot_t, f_dot_t, i_dot_t, n_dot_t, n_dot_prev, g_t, a_g_t, c_t, c_prev,
        g_slope_t, g_dot_t, a_g_dot_t, c_dot_t, c_dot_prev, o_t, a_o_t, h_t, o_slope_t, o_dot_t, a_o_dot_t,
        h_dot_t
    ) in zip(
        x, h[:-1], a_log_f, x_dot, h_dot[:-1], a_log_f_dot, s, a, log_i, f, i, n[1:], n[:-1], a_dot,
        log_i_dot, f_dot, i_dot, n_dot[1:], n_dot[:-1], g, a_g, c[1:], c[:-1], g_slope, g_dot, a_g_dot,
        c_dot[1:], c_dot[:-1], o, a_o, h[1:], o_slope, o_dot, a_o_dot, h_dot[1:], strict=True
    ):
        # (F1) a_log_fₜ = −W_f xₜ − U_f hₜ₋₁ − b_f
        a_log_f_t[...] = -(x_t @ W_f_T)
        a_log_f_t += -(h_prev @ U_f_T)
        a_log_f_t += -(b_f)
        # (T1) ∂a_log_fₜ = −W_f ∂xₜ − ∂W_f xₜ − U_f ∂hₜ₋₁ − ∂U_f hₜ₋₁ − ∂b_f
        a_log_f_dot_t[...] = -(x_dot_t @ W_f_T)
        a_log_f_dot_t += -(x_t @ W_f_dot_T)
        a_log_f_dot_t += -(h_dot_prev @ U_f_T)
        a_log_f_dot_t += -(h_prev @ U_f_dot_T)
        a_log_f_dot_t += -(b_f_dot)
        # (F2) softplus_a_log_fₜ = softplus(a_log_fₜ)
        softplus_a_log_f = _softplus(a_log_f_t)
        # (T2) ∂softplus_a_log_fₜ = ∂a_log_fₜ ⊙ σ(a_log_fₜ)
        softplus_a_log_f_dot = a_log_f_dot_t * _sigmoid_precise(a_log_f_t)
        # (F3) log_fₜ = −softplus_a_log_fₜ
        log_f = -softplus_a_log_f
        # (T3) ∂log_fₜ = −∂softplus_a_log_fₜ
        log_f_dot = -softplus_a_log_f_dot
        # (F9) sₜ = mₜ₋₁ + log_fₜ
        np.add(m_prev, log_f, out=s_t)
        # (T11) ∂sₜ = ∂mₜ₋₁ + ∂log_fₜ
        s_dot = m_dot_prev + log_f_dot
        # (F4) log_iₜ += U_i hₜ₋₁; (F7) a_oₜ += U_o hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁
        a_t += h_prev @ U_T
        # (F10) mₜ = max(sₜ, log_iₜ)
        m = _maximum(s_t, log_i_t)
        # (F11) a_fₜ = sₜ − mₜ
        a_f = s_t - m
        # (F12) fₜ = exp(a_fₜ)
        np.exp(a_f, out=f_t)
        # (F13) a_iₜ = log_iₜ − mₜ
        a_i = log_i_t - m
        # (F14) iₜ = exp(a_iₜ)
        np.exp(a_i, out=i_t)
        # (F16) nₜ = nₜ₋₁ ⊙ fₜ + iₜ
        np.add(n_prev * f_t, i_t, out=n_t)
        # (T4) ∂log_iₜ += U_i ∂hₜ₋₁; (T8) ∂a_oₜ += U_o ∂hₜ₋₁; (T5) ∂a_gₜ += U_g ∂hₜ₋₁
        a_dot_t += h_dot_prev @ U_T
        # (T4) ∂log_iₜ += ∂U_i hₜ₋₁; (T8) ∂a_oₜ += ∂U_o hₜ₋₁; (T5) ∂a_gₜ += ∂U_g hₜ₋₁
        a_dot_t += h_prev @ U_dot_T
        # (T12) ∂mₜ = where(sₜ − log_iₜ, ∂sₜ, ∂log_iₜ)
        m_dot = _where(s_t - log_i_t, s_dot, log_i_dot_t)
        # (T13) ∂a_fₜ = ∂sₜ − ∂mₜ
        a_f_dot = s_dot - m_dot
        # (T14) ∂fₜ = ∂a_fₜ ⊙ fₜ
        np.multiply(a_f_dot, f_t, out=f_dot_t)
        # (T15) ∂a_iₜ = ∂log_iₜ − ∂mₜ
        a_i_dot = log_i_dot_t - m_dot
        # (T16) ∂iₜ = ∂a_iₜ ⊙ iₜ
        np.multiply(a_i_dot, i_t, out=i_dot_t)
        # (T18) ∂nₜ = ∂nₜ₋₁ ⊙ fₜ + ∂fₜ ⊙ nₜ₋₁ + ∂iₜ
        np.add(n_dot_prev * f_t + f_dot_t * n_prev, i_dot_t, out=n_dot_t)
        # (F6) gₜ = tanh(a_gₜ)
        np.tanh(a_g_t, out=g_t)
        # (F15) cₜ = cₜ₋₁ ⊙ fₜ + gₜ ⊙ iₜ
        np.add(c_prev * f_t, g_t * i_t, out=c_t)
        # (T6) g′ₜ = tanh′(a_gₜ)
        g_slope_t[...] = _tanh_slope(a_g_t)
        # (T7) ∂gₜ = ∂a_gₜ ⊙ g′ₜ
        np.multiply(a_g_dot_t, g_slope_t, out=g_dot_t)
        # (T17) ∂cₜ = ∂cₜ₋₁ ⊙ fₜ + ∂gₜ ⊙ iₜ + ∂fₜ ⊙ cₜ₋₁ + ∂iₜ ⊙ gₜ
        np.add(c_dot_prev * f_t + g_dot_t * i_t + f_dot_t * c_prev, i_dot_t * g_t, out=c_dot_t)
        # (F8) oₜ = σ(a_oₜ)
        o_t[...] = _sigmoid_precise(a_o_t)
        # (F17) hₜ = oₜ ⊙ cₜ / nₜ
        h_t[...] = o_t * c_t / n_t
        # (T9) o′ₜ = σ′(a_oₜ)
        o_slope_t[...] = _sigmoid_slope(a_o_t)
        # (T10) ∂oₜ = ∂a_oₜ ⊙ o′ₜ
        np.multiply(a_o_dot_t, o_slope_t, out=o_dot_t)
        # (T19) ∂hₜ = ∂oₜ ⊙ cₜ / nₜ + ∂cₜ ⊙ oₜ / nₜ − ∂nₜ ⊙ oₜ ⊙ cₜ / nₜ²
        np.subtract(o_dot_t * c_t / n_t + c_dot_t * o_t / n_t, n_dot_t * o_t * c_t / n_t**2, out=h_dot_t)
        m_prev, m_dot_prev = m, m_dot
    return SecondTape(x, x_dot, h, h_dot, c, c_dot, n, n_dot, a_log_f, a_log_f_dot, a, a_dot, gates, gates_slope, gates_dot, s, f, f_dot, i, i_dot)


def _hvp_backward(
    dy: Array, dy_dot: Array, tape: SecondTape, params: Params, params_dot: Params,
    dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:
    H = params.W_f.shape[0]
    T, B = dy.shape[:2]
    dtype = dy.dtype
    x = tape.x
    x_dot = tape.x_dot
    h = tape.h
    h_dot = tape.h_dot
    c = tape.c
    c_dot = tape.c_dot
    n = tape.n
    n_dot = tape.n_dot
    a_log_f = tape.a_log_f
    a_log_f_dot = tape.a_log_f_dot
    a = tape.a
    a_dot = tape.a_dot
    gates = tape.gates
    gates_dot = tape.gates_dot
    s = tape.s
    f = tape.f
    f_dot = tape.f_dot
    i = tape.i
    i_dot = tape.i_dot
    U = np.concatenate((params.U_i, params.U_o, params.U_g))
    U_f = params.U_f
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_o, params_dot.U_g))
    U_f_dot = params_dot.U_f
    W = np.concatenate((params.W_i, params.W_o, params.W_g))
    W_f = params.W_f
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_o, params_dot.W_g))
    W_f_dot = params_dot.W_f
    d_gates = np.empty((B, 2 * H), dtype)
    d_gates_dot = np.empty((B, 2 * H), dtype)
    gates_slope = np.empty((T, B, 2 * H), dtype)
    gates_slope_dot = np.empty((T, B, 2 * H), dtype)
    d_a = np.empty((T, B, 3 * H), dtype)
    d_a_dot = np.empty((T, B, 3 * H), dtype)
    d_a_log_f = np.empty((T, B, H), dtype)
    d_a_log_f_dot = np.empty((T, B, H), dtype)
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    d_m_next = dstate.m
    d_m_next_dot = dstate_dot.m
    d_c_next = dstate.c
    d_c_next_dot = dstate_dot.c
    d_n_next = dstate.n
    d_n_next_dot = dstate_dot.n
    log_i = a[..., 0 * H : 1 * H]
    a_o = a[..., 1 * H : 2 * H]
    a_g = a[..., 2 * H : 3 * H]
    a_o_dot = a_dot[..., 1 * H : 2 * H]
    a_g_dot = a_dot[..., 2 * H : 3 * H]
    d_log_i = d_a[..., 0 * H : 1 * H]
    d_a_o_g = d_a[..., 1 * H : 3 * H]
    d_log_i_dot = d_a_dot[..., 0 * H : 1 * H]
    d_a_dot_o_g = d_a_dot[..., 1 * H : 3 * H]
    d_o = d_gates[..., 0 * H : 1 * H]
    d_g = d_gates[..., 1 * H : 2 * H]
    d_o_dot = d_gates_dot[..., 0 * H : 1 * H]
    d_g_dot = d_gates_dot[..., 1 * H : 2 * H]
    o = gates[..., 0 * H : 1 * H]
    g = gates[..., 1 * H : 2 * H]
    o_dot = gates_dot[..., 0 * H : 1 * H]
    g_dot = gates_dot[..., 1 * H : 2 * H]
    o_slope = gates_slope[..., 0 * H : 1 * H]
    g_slope = gates_slope[..., 1 * H : 2 * H]
    o_slope_dot = gates_slope_dot[..., 0 * H : 1 * H]
    g_slope_dot = gates_slope_dot[..., 1 * H : 2 * H]
    # (B11) o′ₜ = σ′(a_oₜ)
    o_slope[...] = _sigmoid_slope(a_o)
    # (S11) ∂o′ₜ = ∂a_oₜ ⊙ o′ₜ ⊙ (1 − 2 oₜ)
    np.multiply(2, o, out=o_slope_dot)
    np.subtract(1, o_slope_dot, out=o_slope_dot)
    o_slope_dot *= a_o_dot * o_slope
    # (B14) g′ₜ = tanh′(a_gₜ)
    g_slope[...] = _tanh_slope(a_g)
    # (S14) ∂g′ₜ = −2 ∂a_gₜ ⊙ gₜ ⊙ g′ₜ
    g_slope_dot[...] = -2 * a_g_dot * g * g_slope
    for (
        dy_t, dy_dot_t, c_t, o_t, n_t, n_dot_t, c_dot_t, o_dot_t, g_t, g_dot_t, i_t, i_dot_t, n_prev,
        c_prev, n_dot_prev, c_dot_prev, f_t, f_dot_t, s_t, log_i_t, d_log_i_t, d_log_i_dot_t, d_a_log_f_t,
        a_log_f_t, d_a_log_f_dot_t, a_log_f_dot_t, d_a_o_g_t, gates_slope_t, d_a_t, d_a_dot_o_g_t,
        gates_slope_dot_t, d_a_dot_t
    ) in zip(
        dy[::-1], dy_dot[::-1], c[1:][::-1], o[::-1], n[1:][::-1], n_dot[1:][::-1], c_dot[1:][::-1],
        o_dot[::-1], g[::-1], g_dot[::-1], i[::-1], i_dot[::-1], n[:-1][::-1], c[:-1][::-1],
        n_dot[:-1][::-1], c_dot[:-1][::-1], f[::-1], f_dot[::-1], s[::-1], log_i[::-1], d_log_i[::-1],
        d_log_i_dot[::-1], d_a_log_f[::-1], a_log_f[::-1], d_a_log_f_dot[::-1], a_log_f_dot[::-1],
        d_a_o_g[::-1], gates_slope[::-1], d_a[::-1], d_a_dot_o_g[::-1], gates_slope_dot[::-1],
        d_a_dot[::-1], strict=True
    ):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_h = dy_t + d_h_next
        # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        d_h_dot = dy_dot_t + d_h_next_dot
        # (B2) δnₜ = δn⁺ₜ − δhₜ ⊙ cₜ ⊙ oₜ / nₜ²
        d_n = d_n_next - d_h * c_t * o_t / n_t**2
        # (S2) ∂δnₜ = 2 ∂nₜ ⊙ δhₜ ⊙ cₜ ⊙ oₜ / nₜ³ + ∂δn⁺ₜ − ∂cₜ ⊙ δhₜ ⊙ oₜ / nₜ² − ∂oₜ ⊙ δhₜ ⊙ cₜ / nₜ² − ∂δhₜ ⊙
        # cₜ ⊙ oₜ / nₜ²
        d_n_dot = 2 * n_dot_t * d_h * c_t * o_t / n_t**3 + d_n_next_dot - c_dot_t * d_h * o_t / n_t**2 - o_dot_t * d_h * c_t / n_t**2 - d_h_dot * c_t * o_t / n_t**2
        # (B3) δcₜ = δc⁺ₜ + δhₜ ⊙ oₜ / nₜ
        d_c = d_c_next + d_h * o_t / n_t
        # (S3) ∂δcₜ = ∂oₜ ⊙ δhₜ / nₜ + ∂δc⁺ₜ + ∂δhₜ ⊙ oₜ / nₜ − ∂nₜ ⊙ δhₜ ⊙ oₜ / nₜ²
        d_c_dot = o_dot_t * d_h / n_t + d_c_next_dot + d_h_dot * o_t / n_t - n_dot_t * d_h * o_t / n_t**2
        # (B4) δiₜ = δnₜ + δcₜ ⊙ gₜ
        d_i = d_n + d_c * g_t
        # (S4) ∂δiₜ = ∂gₜ ⊙ δcₜ + ∂δnₜ + ∂δcₜ ⊙ gₜ
        d_i_dot = g_dot_t * d_c + d_n_dot + d_c_dot * g_t
        # (B5) δa_iₜ = δiₜ ⊙ iₜ
        d_a_i = d_i * i_t
        # (S5) ∂δa_iₜ = ∂iₜ ⊙ δiₜ + ∂δiₜ ⊙ iₜ
        d_a_i_dot = i_dot_t * d_i + d_i_dot * i_t
        # (B6) δfₜ = δnₜ ⊙ nₜ₋₁ + δcₜ ⊙ cₜ₋₁
        d_f = d_n * n_prev + d_c * c_prev
        # (S6) ∂δfₜ = ∂nₜ₋₁ ⊙ δnₜ + ∂cₜ₋₁ ⊙ δcₜ + ∂δnₜ ⊙ nₜ₋₁ + ∂δcₜ ⊙ cₜ₋₁
        d_f_dot = n_dot_prev * d_n + c_dot_prev * d_c + d_n_dot * n_prev + d_c_dot * c_prev
        # (B7) δa_fₜ = δfₜ ⊙ fₜ
        d_a_f = d_f * f_t
        # (S7) ∂δa_fₜ = ∂fₜ ⊙ δfₜ + ∂δfₜ ⊙ fₜ
        d_a_f_dot = f_dot_t * d_f + d_f_dot * f_t
        # (B8) δmₜ = δm⁺ₜ − δa_iₜ − δa_fₜ
        d_m = d_m_next - d_a_i - d_a_f
        # (S8) ∂δmₜ = ∂δm⁺ₜ − ∂δa_iₜ − ∂δa_fₜ
        d_m_dot = d_m_next_dot - d_a_i_dot - d_a_f_dot
        # (B9) δsₜ = δa_fₜ + δmₜ ⊙ 1₊(sₜ − log_iₜ)
        d_s = d_a_f + d_m * _positive(s_t - log_i_t)
        # (S9) ∂δsₜ = ∂δa_fₜ + ∂δmₜ ⊙ 1₊(sₜ − log_iₜ)
        d_s_dot = d_a_f_dot + d_m_dot * _positive(s_t - log_i_t)
        # (B10) δoₜ = δhₜ ⊙ cₜ / nₜ
        d_o[...] = d_h * c_t / n_t
        # (S10) ∂δoₜ = ∂cₜ ⊙ δhₜ / nₜ + ∂δhₜ ⊙ cₜ / nₜ − ∂nₜ ⊙ δhₜ ⊙ cₜ / nₜ²
        np.subtract(c_dot_t * d_h / n_t + d_h_dot * c_t / n_t, n_dot_t * d_h * c_t / n_t**2, out=d_o_dot)
        # (B13) δgₜ = δcₜ ⊙ iₜ
        np.multiply(d_c, i_t, out=d_g)
        # (S13) ∂δgₜ = ∂iₜ ⊙ δcₜ + ∂δcₜ ⊙ iₜ
        np.add(i_dot_t * d_c, d_c_dot * i_t, out=d_g_dot)
        # (B16) δlog_iₜ = δa_iₜ + δmₜ ⊙ (1 − 1₊(sₜ − log_iₜ))
        np.add(d_a_i, d_m * (1 - _positive(s_t - log_i_t)), out=d_log_i_t)
        # (S16) ∂δlog_iₜ = ∂δa_iₜ + ∂δmₜ ⊙ (1 − 1₊(sₜ − log_iₜ))
        np.add(d_a_i_dot, d_m_dot * (1 - _positive(s_t - log_i_t)), out=d_log_i_dot_t)
        # (B17) δlog_fₜ = δsₜ
        d_log_f = d_s
        # (S17) ∂δlog_fₜ = ∂δsₜ
        d_log_f_dot = d_s_dot
        # (B18) δsoftplus_a_log_fₜ = −δlog_fₜ
        d_softplus_a_log_f = -d_log_f
        # (S18) ∂δsoftplus_a_log_fₜ = −∂δlog_fₜ
        d_softplus_a_log_f_dot = -d_log_f_dot
        # (B19) δa_log_fₜ = δsoftplus_a_log_fₜ ⊙ σ(a_log_fₜ)
        np.multiply(d_softplus_a_log_f, _sigmoid_precise(a_log_f_t), out=d_a_log_f_t)
        # (S19) ∂δa_log_fₜ = ∂a_log_fₜ ⊙ δsoftplus_a_log_fₜ ⊙ σ′(a_log_fₜ) + ∂δsoftplus_a_log_fₜ ⊙ σ(a_log_fₜ)
        np.add(a_log_f_dot_t * d_softplus_a_log_f * _sigmoid_slope(a_log_f_t), d_softplus_a_log_f_dot * _sigmoid_precise(a_log_f_t), out=d_a_log_f_dot_t)
        # (B21) δm⁺ₜ₋₁ = δsₜ
        d_m_prev = d_s
        # (S21) ∂δm⁺ₜ₋₁ = ∂δsₜ
        d_m_next_dot_prev = d_s_dot
        # (B22) δc⁺ₜ₋₁ = δcₜ ⊙ fₜ
        d_c_prev = d_c * f_t
        # (S22) ∂δc⁺ₜ₋₁ = ∂fₜ ⊙ δcₜ + ∂δcₜ ⊙ fₜ
        d_c_next_dot_prev = f_dot_t * d_c + d_c_dot * f_t
        # (B23) δn⁺ₜ₋₁ = δnₜ ⊙ fₜ
        d_n_prev = d_n * f_t
        # (S23) ∂δn⁺ₜ₋₁ = ∂fₜ ⊙ δnₜ + ∂δnₜ ⊙ fₜ
        d_n_next_dot_prev = f_dot_t * d_n + d_n_dot * f_t
        # (B12) δa_oₜ = δoₜ ⊙ o′ₜ; (B15) δa_gₜ = δgₜ ⊙ g′ₜ
        np.multiply(d_gates, gates_slope_t, out=d_a_o_g_t)
        # (B20) δh⁺ₜ₋₁ = U_oᵀ δa_oₜ + U_gᵀ δa_gₜ + U_iᵀ δlog_iₜ − U_fᵀ δa_log_fₜ
        d_h_prev = d_a_t @ U
        d_h_prev += -(d_a_log_f_t @ U_f)
        # (S12) ∂δa_oₜ = δoₜ ⊙ ∂o′ₜ + ∂δoₜ ⊙ o′ₜ; (S15) ∂δa_gₜ = δgₜ ⊙ ∂g′ₜ + ∂δgₜ ⊙ g′ₜ
        np.add(d_gates * gates_slope_dot_t, d_gates_dot * gates_slope_t, out=d_a_dot_o_g_t)
        # (S20) ∂δh⁺ₜ₋₁ = U_oᵀ ∂δa_oₜ + ∂U_oᵀ δa_oₜ + U_gᵀ ∂δa_gₜ + ∂U_gᵀ δa_gₜ + U_iᵀ ∂δlog_iₜ + ∂U_iᵀ δlog_iₜ
        # − U_fᵀ ∂δa_log_fₜ − ∂U_fᵀ δa_log_fₜ
        d_h_next_dot_prev = d_a_dot_t @ U
        d_h_next_dot_prev += d_a_t @ U_dot
        d_h_next_dot_prev += -(d_a_log_f_dot_t @ U_f)
        d_h_next_dot_prev += -(d_a_log_f_t @ U_f_dot)
        d_h_next, d_h_next_dot, d_m_next, d_m_next_dot, d_c_next, d_c_next_dot, d_n_next, d_n_next_dot = d_h_prev, d_h_next_dot_prev, d_m_prev, d_m_next_dot_prev, d_c_prev, d_c_next_dot_prev, d_n_prev, d_n_next_dot_prev
    # (B24) δxₜ = W_oᵀ δa_oₜ + W_gᵀ δa_gₜ + W_iᵀ δlog_iₜ − W_fᵀ δa_log_fₜ
    d_x = _times(d_a, W)
    d_x += -(_times(d_a_log_f, W_f))
    # (S24) ∂δxₜ = W_oᵀ ∂δa_oₜ + ∂W_oᵀ δa_oₜ + W_gᵀ ∂δa_gₜ + ∂W_gᵀ δa_gₜ + W_iᵀ ∂δlog_iₜ + ∂W_iᵀ δlog_iₜ −
    # W_fᵀ ∂δa_log_fₜ − ∂W_fᵀ δa_log_fₜ
    d_x_dot = _times(d_a_dot, W)
    d_x_dot += _times(d_a, W_dot)
    d_x_dot += -(_times(d_a_log_f_dot, W_f))
    d_x_dot += -(_times(d_a_log_f, W_f_dot))
    # (B25) δW_f = Σₜ −δa_log_fₜ xₜᵀ
    d_W_f = -1.0 * _outer(d_a_log_f, x)
    # (S25) ∂δW_f = Σₜ (−∂δa_log_fₜ xₜᵀ − δa_log_fₜ ∂xₜᵀ)
    d_W_f_dot = -1.0 * _outer(d_a_log_f_dot, x)
    d_W_f_dot += -1.0 * _outer(d_a_log_f, x_dot)
    # (B26) δU_f = Σₜ −δa_log_fₜ hₜ₋₁ᵀ
    d_U_f = -1.0 * _outer(d_a_log_f, h[:-1])
    # (S26) ∂δU_f = Σₜ (−∂δa_log_fₜ hₜ₋₁ᵀ − δa_log_fₜ ∂hₜ₋₁ᵀ)
    d_U_f_dot = -1.0 * _outer(d_a_log_f_dot, h[:-1])
    d_U_f_dot += -1.0 * _outer(d_a_log_f, h_dot[:-1])
    # (B27) δb_f = Σₜ −δa_log_fₜ
    d_b_f = -1.0 * d_a_log_f.sum(axis=(0, 1))
    # (S27) ∂δb_f = Σₜ −∂δa_log_fₜ
    d_b_f_dot = -1.0 * d_a_log_f_dot.sum(axis=(0, 1))
    # (B28) δW_i = Σₜ δlog_iₜ xₜᵀ; (B31) δW_g = Σₜ δa_gₜ xₜᵀ; (B34) δW_o = Σₜ δa_oₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_i = d_W[0 * H : 1 * H]
    d_W_o = d_W[1 * H : 2 * H]
    d_W_g = d_W[2 * H : 3 * H]
    # (S28) ∂δW_i = Σₜ (∂δlog_iₜ xₜᵀ + δlog_iₜ ∂xₜᵀ); (S31) ∂δW_g = Σₜ (∂δa_gₜ xₜᵀ + δa_gₜ ∂xₜᵀ); (S34)
    # ∂δW_o = Σₜ (∂δa_oₜ xₜᵀ + δa_oₜ ∂xₜᵀ)
    d_W_dot = _outer(d_a_dot, x)
    d_W_dot += _outer(d_a, x_dot)
    d_W_i_dot = d_W_dot[0 * H : 1 * H]
    d_W_o_dot = d_W_dot[1 * H : 2 * H]
    d_W_g_dot = d_W_dot[2 * H : 3 * H]
    # (B29) δU_i = Σₜ δlog_iₜ hₜ₋₁ᵀ; (B32) δU_g = Σₜ δa_gₜ hₜ₋₁ᵀ; (B35) δU_o = Σₜ δa_oₜ hₜ₋₁ᵀ
    d_U = _outer(d_a, h[:-1])
    d_U_i = d_U[0 * H : 1 * H]
    d_U_o = d_U[1 * H : 2 * H]
    d_U_g = d_U[2 * H : 3 * H]
    # (S29) ∂δU_i = Σₜ (∂δlog_iₜ hₜ₋₁ᵀ + δlog_iₜ ∂hₜ₋₁ᵀ); (S32) ∂δU_g = Σₜ (∂δa_gₜ hₜ₋₁ᵀ + δa_gₜ ∂hₜ₋₁ᵀ);
    # (S35) ∂δU_o = Σₜ (∂δa_oₜ hₜ₋₁ᵀ + δa_oₜ ∂hₜ₋₁ᵀ)
    d_U_dot = _outer(d_a_dot, h[:-1])
    d_U_dot += _outer(d_a, h_dot[:-1])
    d_U_i_dot = d_U_dot[0 * H : 1 * H]
    d_U_o_dot = d_U_dot[1 * H : 2 * H]
    d_U_g_dot = d_U_dot[2 * H : 3 * H]
    # (B30) δb_i = Σₜ δlog_iₜ; (B33) δb_g = Σₜ δa_gₜ; (B36) δb_o = Σₜ δa_oₜ
    d_b = d_a.sum(axis=(0, 1))
    d_b_i = d_b[0 * H : 1 * H]
    d_b_o = d_b[1 * H : 2 * H]
    d_b_g = d_b[2 * H : 3 * H]
    # (S30) ∂δb_i = Σₜ ∂δlog_iₜ; (S33) ∂δb_g = Σₜ ∂δa_gₜ; (S36) ∂δb_o = Σₜ ∂δa_oₜ
    d_b_dot = d_a_dot.sum(axis=(0, 1))
    d_b_i_dot = d_b_dot[0 * H : 1 * H]
    d_b_o_dot = d_b_dot[1 * H : 2 * H]
    d_b_g_dot = d_b_dot[2 * H : 3 * H]
    return Grads(d_x, Params(d_W_f, d_U_f, d_b_f, d_W_i, d_U_i, d_b_i, d_W_g, d_U_g, d_b_g, d_W_o, d_U_o, d_b_o), State(d_h_next.copy(), d_m_next.copy(), d_c_next.copy(), d_n_next.copy())), Grads(d_x_dot, Params(d_W_f_dot, d_U_f_dot, d_b_f_dot, d_W_i_dot, d_U_i_dot, d_b_i_dot, d_W_g_dot, d_U_g_dot, d_b_g_dot, d_W_o_dot, d_U_o_dot, d_b_o_dot), State(d_h_next_dot.copy(), d_m_next_dot.copy(), d_c_next_dot.copy(), d_n_next_dot.copy()))


def _reading(tape: Any, params: Any, t: Any) -> tuple[Params, Any, np.dtype[Any]]:
    """The parameters if they fit the tape, in its dtype or the common one; the steps t of it; that dtype."""
    _check_fit(tape, _WIDTHS, _sizes_of(params, _SHAPES, _COMPOSED))
    dtype = _float_dtype({"tape": tape.x, **_named("params", params, _SHAPES)})
    params = Params(*(np.asarray(value, dtype) for value in params))
    return params, _steps_of(t, tape.x.shape[0]), dtype


def jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/ds[t-1] over all states, in the order of State, at step t of the tape.

    (B, S, S) for a step, (n, B, S, S) for a slice or an array of steps; S is the sum of the state sizes.
    Raises TypeError, ValueError, IndexError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    params, t, dtype = _reading(tape, params, t)
    if isinstance(tape, PreciseTape):
        return _jacobian_precise(tape, params, t, dtype)
    return _jacobian_fast(tape, params, t, dtype)


def _jacobian_fast(tape: Tape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = params.W_f.shape[0]
    U_f = params.U_f
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    U_i = params.U_i
    g = tape.gates[..., 1 * H : 2 * H][t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    i = tape.i[t]
    U_g = params.U_g
    n_prev = tape.n[:-1][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    U_o = params.U_o
    c = tape.c[1:][t]
    n = tape.n[1:][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H + H + H, H + H + H + H), dtype)
    # d m[t] / d h[t-1]
    out[..., H : H + H, 0 : H] += (_positive(s - log_i) * _sigmoid(a_log_f))[..., :, None] * U_f
    out[..., H : H + H, 0 : H] += (1 - _positive(s - log_i))[..., :, None] * U_i
    # d m[t] / d m[t-1]
    np.einsum("...ii->...i", out[..., H : H + H, H : H + H])[...] += _positive(s - log_i)
    g_slope = 1 - g**2
    # d c[t] / d h[t-1]
    out[..., H + H : H + H + H, 0 : H] += (c_prev * f * _sigmoid(a_log_f))[..., :, None] * U_f
    out[..., H + H : H + H + H, 0 : H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, 0 : H]
    out[..., H + H : H + H + H, 0 : H] += (g * i)[..., :, None] * U_i
    out[..., H + H : H + H + H, 0 : H] += (i * g_slope)[..., :, None] * U_g
    # d c[t] / d m[t-1]
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H : H + H])[...] += c_prev * f
    out[..., H + H : H + H + H, H : H + H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H : H + H]
    # d c[t] / d c[t-1]
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H + H : H + H + H])[...] += f
    # d n[t] / d h[t-1]
    out[..., H + H + H : H + H + H + H, 0 : H] += (n_prev * f * _sigmoid(a_log_f))[..., :, None] * U_f
    out[..., H + H + H : H + H + H + H, 0 : H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, 0 : H]
    out[..., H + H + H : H + H + H + H, 0 : H] += i[..., :, None] * U_i
    # d n[t] / d m[t-1]
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H : H + H])[...] += n_prev * f
    out[..., H + H + H : H + H + H + H, H : H + H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H : H + H]
    # d n[t] / d n[t-1]
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H + H + H : H + H + H + H])[...] += f
    o_slope = o * (1 - o)
    # d h[t] / d h[t-1]
    out[..., 0 : H, 0 : H] += (c * o_slope / n)[..., :, None] * U_o
    out[..., 0 : H, 0 : H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, 0 : H]
    out[..., 0 : H, 0 : H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, 0 : H]
    # d h[t] / d m[t-1]
    out[..., 0 : H, H : H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H : H + H]
    out[..., 0 : H, H : H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H : H + H]
    # d h[t] / d c[t-1]
    out[..., 0 : H, H + H : H + H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H + H : H + H + H]
    # d h[t] / d n[t-1]
    out[..., 0 : H, H + H + H : H + H + H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H + H + H : H + H + H + H]
    return out


def _jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = params.W_f.shape[0]
    U_f = params.U_f
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    U_i = params.U_i
    a_g = tape.a[..., 2 * H : 3 * H][t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    g = tape.gates[..., 1 * H : 2 * H][t]
    i = tape.i[t]
    U_g = params.U_g
    n_prev = tape.n[:-1][t]
    a_o = tape.a[..., 1 * H : 2 * H][t]
    U_o = params.U_o
    c = tape.c[1:][t]
    n = tape.n[1:][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H + H + H, H + H + H + H), dtype)
    # d m[t] / d h[t-1]
    out[..., H : H + H, 0 : H] += (_positive(s - log_i) * _sigmoid_precise(a_log_f))[..., :, None] * U_f
    out[..., H : H + H, 0 : H] += (1 - _positive(s - log_i))[..., :, None] * U_i
    # d m[t] / d m[t-1]
    np.einsum("...ii->...i", out[..., H : H + H, H : H + H])[...] += _positive(s - log_i)
    g_slope = _tanh_slope(a_g)
    # d c[t] / d h[t-1]
    out[..., H + H : H + H + H, 0 : H] += (c_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * U_f
    out[..., H + H : H + H + H, 0 : H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, 0 : H]
    out[..., H + H : H + H + H, 0 : H] += (g * i)[..., :, None] * U_i
    out[..., H + H : H + H + H, 0 : H] += (i * g_slope)[..., :, None] * U_g
    # d c[t] / d m[t-1]
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H : H + H])[...] += c_prev * f
    out[..., H + H : H + H + H, H : H + H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H : H + H]
    # d c[t] / d c[t-1]
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H + H : H + H + H])[...] += f
    # d n[t] / d h[t-1]
    out[..., H + H + H : H + H + H + H, 0 : H] += (n_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * U_f
    out[..., H + H + H : H + H + H + H, 0 : H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, 0 : H]
    out[..., H + H + H : H + H + H + H, 0 : H] += i[..., :, None] * U_i
    # d n[t] / d m[t-1]
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H : H + H])[...] += n_prev * f
    out[..., H + H + H : H + H + H + H, H : H + H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H : H + H]
    # d n[t] / d n[t-1]
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H + H + H : H + H + H + H])[...] += f
    o_slope = _sigmoid_slope(a_o)
    # d h[t] / d h[t-1]
    out[..., 0 : H, 0 : H] += (c * o_slope / n)[..., :, None] * U_o
    out[..., 0 : H, 0 : H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, 0 : H]
    out[..., 0 : H, 0 : H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, 0 : H]
    # d h[t] / d m[t-1]
    out[..., 0 : H, H : H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H : H + H]
    out[..., 0 : H, H : H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H : H + H]
    # d h[t] / d c[t-1]
    out[..., 0 : H, H + H : H + H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H + H : H + H + H]
    # d h[t] / d n[t-1]
    out[..., 0 : H, H + H + H : H + H + H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H + H + H : H + H + H + H]
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, D) for a step, (n, B, S, D) for a slice or an array of steps; S is the sum of the state sizes.
    Raises TypeError, ValueError, IndexError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    params, t, dtype = _reading(tape, params, t)
    if isinstance(tape, PreciseTape):
        return _input_jacobian_precise(tape, params, t, dtype)
    return _input_jacobian_fast(tape, params, t, dtype)


def _input_jacobian_fast(tape: Tape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = params.W_f.shape[0]
    D = params.W_f.shape[1]
    W_f = params.W_f
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    W_i = params.W_i
    g = tape.gates[..., 1 * H : 2 * H][t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    i = tape.i[t]
    W_g = params.W_g
    n_prev = tape.n[:-1][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    W_o = params.W_o
    c = tape.c[1:][t]
    n = tape.n[1:][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H + H + H, D), dtype)
    # d m[t] / d x[t]
    out[..., H : H + H, 0 : D] += (_positive(s - log_i) * _sigmoid(a_log_f))[..., :, None] * W_f
    out[..., H : H + H, 0 : D] += (1 - _positive(s - log_i))[..., :, None] * W_i
    g_slope = 1 - g**2
    # d c[t] / d x[t]
    out[..., H + H : H + H + H, 0 : D] += (c_prev * f * _sigmoid(a_log_f))[..., :, None] * W_f
    out[..., H + H : H + H + H, 0 : D] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, 0 : D]
    out[..., H + H : H + H + H, 0 : D] += (g * i)[..., :, None] * W_i
    out[..., H + H : H + H + H, 0 : D] += (i * g_slope)[..., :, None] * W_g
    # d n[t] / d x[t]
    out[..., H + H + H : H + H + H + H, 0 : D] += (n_prev * f * _sigmoid(a_log_f))[..., :, None] * W_f
    out[..., H + H + H : H + H + H + H, 0 : D] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, 0 : D]
    out[..., H + H + H : H + H + H + H, 0 : D] += i[..., :, None] * W_i
    o_slope = o * (1 - o)
    # d h[t] / d x[t]
    out[..., 0 : H, 0 : D] += (c * o_slope / n)[..., :, None] * W_o
    out[..., 0 : H, 0 : D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, 0 : D]
    out[..., 0 : H, 0 : D] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, 0 : D]
    return out


def _input_jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = params.W_f.shape[0]
    D = params.W_f.shape[1]
    W_f = params.W_f
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    W_i = params.W_i
    a_g = tape.a[..., 2 * H : 3 * H][t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    g = tape.gates[..., 1 * H : 2 * H][t]
    i = tape.i[t]
    W_g = params.W_g
    n_prev = tape.n[:-1][t]
    a_o = tape.a[..., 1 * H : 2 * H][t]
    W_o = params.W_o
    c = tape.c[1:][t]
    n = tape.n[1:][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H + H + H, D), dtype)
    # d m[t] / d x[t]
    out[..., H : H + H, 0 : D] += (_positive(s - log_i) * _sigmoid_precise(a_log_f))[..., :, None] * W_f
    out[..., H : H + H, 0 : D] += (1 - _positive(s - log_i))[..., :, None] * W_i
    g_slope = _tanh_slope(a_g)
    # d c[t] / d x[t]
    out[..., H + H : H + H + H, 0 : D] += (c_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * W_f
    out[..., H + H : H + H + H, 0 : D] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, 0 : D]
    out[..., H + H : H + H + H, 0 : D] += (g * i)[..., :, None] * W_i
    out[..., H + H : H + H + H, 0 : D] += (i * g_slope)[..., :, None] * W_g
    # d n[t] / d x[t]
    out[..., H + H + H : H + H + H + H, 0 : D] += (n_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * W_f
    out[..., H + H + H : H + H + H + H, 0 : D] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, 0 : D]
    out[..., H + H + H : H + H + H + H, 0 : D] += i[..., :, None] * W_i
    o_slope = _sigmoid_slope(a_o)
    # d h[t] / d x[t]
    out[..., 0 : H, 0 : D] += (c * o_slope / n)[..., :, None] * W_o
    out[..., 0 : H, 0 : D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, 0 : D]
    out[..., 0 : H, 0 : D] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, 0 : D]
    return out


def parameter_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Params:
    """The Jacobian ds[t]/dp of all states for each parameter p at step t, with s[t-1] held fixed.

    Params of arrays (B, S, *shape of p) for a step, (n, B, S, *shape of p) for a slice or an array of steps: what
    forward-mode learning (RTRL) adds at every step. It takes S times the memory of the parameters.
    Raises TypeError, ValueError, IndexError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    params, t, dtype = _reading(tape, params, t)
    if isinstance(tape, PreciseTape):
        return _parameter_jacobian_precise(tape, params, t, dtype)
    return _parameter_jacobian_fast(tape, params, t, dtype)


def _parameter_jacobian_fast(tape: Tape, params: Params, t: Any, dtype: np.dtype[Any]) -> Params:
    H = params.W_f.shape[0]
    D = params.W_f.shape[1]
    x = tape.x[t]
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    h_prev = tape.h[:-1][t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    g = tape.gates[..., 1 * H : 2 * H][t]
    i = tape.i[t]
    n_prev = tape.n[:-1][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    n = tape.n[1:][t]
    c = tape.c[1:][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H + H + H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H + H), dtype)
    # d m[t] / d W_f
    out[..., H : H + H, 0 : H * D] += (_positive(s - log_i) * _sigmoid(a_log_f))[..., :, None] * _applied(x, H)
    # d m[t] / d U_f
    out[..., H : H + H, H * D : H * D + H * H] += (_positive(s - log_i) * _sigmoid(a_log_f))[..., :, None] * _applied(h_prev, H)
    # d m[t] / d b_f
    np.einsum("...ii->...i", out[..., H : H + H, H * D + H * H : H * D + H * H + H])[...] += _positive(s - log_i) * _sigmoid(a_log_f)
    # d m[t] / d W_i
    out[..., H : H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (1 - _positive(s - log_i))[..., :, None] * _applied(x, H)
    # d m[t] / d U_i
    out[..., H : H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (1 - _positive(s - log_i))[..., :, None] * _applied(h_prev, H)
    # d m[t] / d b_i
    np.einsum("...ii->...i", out[..., H : H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H])[...] += 1 - _positive(s - log_i)
    # d c[t] / d W_f
    out[..., H + H : H + H + H, 0 : H * D] += (c_prev * f * _sigmoid(a_log_f))[..., :, None] * _applied(x, H)
    out[..., H + H : H + H + H, 0 : H * D] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, 0 : H * D]
    # d c[t] / d U_f
    out[..., H + H : H + H + H, H * D : H * D + H * H] += (c_prev * f * _sigmoid(a_log_f))[..., :, None] * _applied(h_prev, H)
    out[..., H + H : H + H + H, H * D : H * D + H * H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D : H * D + H * H]
    # d c[t] / d b_f
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H * D + H * H : H * D + H * H + H])[...] += c_prev * f * _sigmoid(a_log_f)
    out[..., H + H : H + H + H, H * D + H * H : H * D + H * H + H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H : H * D + H * H + H]
    # d c[t] / d W_i
    out[..., H + H : H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    out[..., H + H : H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (g * i)[..., :, None] * _applied(x, H)
    # d c[t] / d U_i
    out[..., H + H : H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    out[..., H + H : H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (g * i)[..., :, None] * _applied(h_prev, H)
    # d c[t] / d b_i
    out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H])[...] += g * i
    g_slope = 1 - g**2
    # d c[t] / d W_g
    out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D] += (i * g_slope)[..., :, None] * _applied(x, H)
    # d c[t] / d U_g
    out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H] += (i * g_slope)[..., :, None] * _applied(h_prev, H)
    # d c[t] / d b_g
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H])[...] += i * g_slope
    # d n[t] / d W_f
    out[..., H + H + H : H + H + H + H, 0 : H * D] += (n_prev * f * _sigmoid(a_log_f))[..., :, None] * _applied(x, H)
    out[..., H + H + H : H + H + H + H, 0 : H * D] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, 0 : H * D]
    # d n[t] / d U_f
    out[..., H + H + H : H + H + H + H, H * D : H * D + H * H] += (n_prev * f * _sigmoid(a_log_f))[..., :, None] * _applied(h_prev, H)
    out[..., H + H + H : H + H + H + H, H * D : H * D + H * H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D : H * D + H * H]
    # d n[t] / d b_f
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H * D + H * H : H * D + H * H + H])[...] += n_prev * f * _sigmoid(a_log_f)
    out[..., H + H + H : H + H + H + H, H * D + H * H : H * D + H * H + H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H : H * D + H * H + H]
    # d n[t] / d W_i
    out[..., H + H + H : H + H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    out[..., H + H + H : H + H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += i[..., :, None] * _applied(x, H)
    # d n[t] / d U_i
    out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += i[..., :, None] * _applied(h_prev, H)
    # d n[t] / d b_i
    out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H])[...] += i
    # d h[t] / d W_f
    out[..., 0 : H, 0 : H * D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, 0 : H * D]
    out[..., 0 : H, 0 : H * D] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, 0 : H * D]
    # d h[t] / d U_f
    out[..., 0 : H, H * D : H * D + H * H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D : H * D + H * H]
    out[..., 0 : H, H * D : H * D + H * H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D : H * D + H * H]
    # d h[t] / d b_f
    out[..., 0 : H, H * D + H * H : H * D + H * H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H : H * D + H * H + H]
    out[..., 0 : H, H * D + H * H : H * D + H * H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H : H * D + H * H + H]
    # d h[t] / d W_i
    out[..., 0 : H, H * D + H * H + H : H * D + H * H + H + H * D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    out[..., 0 : H, H * D + H * H + H : H * D + H * H + H + H * D] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    # d h[t] / d U_i
    out[..., 0 : H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    out[..., 0 : H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    # d h[t] / d b_i
    out[..., 0 : H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    out[..., 0 : H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    # d h[t] / d W_g
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D]
    # d h[t] / d U_g
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H]
    # d h[t] / d b_g
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H]
    o_slope = o * (1 - o)
    # d h[t] / d W_o
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D] += (c * o_slope / n)[..., :, None] * _applied(x, H)
    # d h[t] / d U_o
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H] += (c * o_slope / n)[..., :, None] * _applied(h_prev, H)
    # d h[t] / d b_o
    np.einsum("...ii->...i", out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H + H])[...] += c * o_slope / n
    return Params(out[..., 0 : H * D].reshape(*out.shape[:-1], H, D), out[..., H * D : H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H : H * D + H * H + H].reshape(*out.shape[:-1], H), out[..., H * D + H * H + H : H * D + H * H + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H].reshape(*out.shape[:-1], H), out[..., H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H].reshape(*out.shape[:-1], H), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H + H].reshape(*out.shape[:-1], H))


def _parameter_jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Params:
    H = params.W_f.shape[0]
    D = params.W_f.shape[1]
    x = tape.x[t]
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    h_prev = tape.h[:-1][t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    g = tape.gates[..., 1 * H : 2 * H][t]
    i = tape.i[t]
    a_g = tape.a[..., 2 * H : 3 * H][t]
    n_prev = tape.n[:-1][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    n = tape.n[1:][t]
    c = tape.c[1:][t]
    a_o = tape.a[..., 1 * H : 2 * H][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H + H + H + H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H + H), dtype)
    # d m[t] / d W_f
    out[..., H : H + H, 0 : H * D] += (_positive(s - log_i) * _sigmoid_precise(a_log_f))[..., :, None] * _applied(x, H)
    # d m[t] / d U_f
    out[..., H : H + H, H * D : H * D + H * H] += (_positive(s - log_i) * _sigmoid_precise(a_log_f))[..., :, None] * _applied(h_prev, H)
    # d m[t] / d b_f
    np.einsum("...ii->...i", out[..., H : H + H, H * D + H * H : H * D + H * H + H])[...] += _positive(s - log_i) * _sigmoid_precise(a_log_f)
    # d m[t] / d W_i
    out[..., H : H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (1 - _positive(s - log_i))[..., :, None] * _applied(x, H)
    # d m[t] / d U_i
    out[..., H : H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (1 - _positive(s - log_i))[..., :, None] * _applied(h_prev, H)
    # d m[t] / d b_i
    np.einsum("...ii->...i", out[..., H : H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H])[...] += 1 - _positive(s - log_i)
    # d c[t] / d W_f
    out[..., H + H : H + H + H, 0 : H * D] += (c_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * _applied(x, H)
    out[..., H + H : H + H + H, 0 : H * D] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, 0 : H * D]
    # d c[t] / d U_f
    out[..., H + H : H + H + H, H * D : H * D + H * H] += (c_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * _applied(h_prev, H)
    out[..., H + H : H + H + H, H * D : H * D + H * H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D : H * D + H * H]
    # d c[t] / d b_f
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H * D + H * H : H * D + H * H + H])[...] += c_prev * f * _sigmoid_precise(a_log_f)
    out[..., H + H : H + H + H, H * D + H * H : H * D + H * H + H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H : H * D + H * H + H]
    # d c[t] / d W_i
    out[..., H + H : H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    out[..., H + H : H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (g * i)[..., :, None] * _applied(x, H)
    # d c[t] / d U_i
    out[..., H + H : H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    out[..., H + H : H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (g * i)[..., :, None] * _applied(h_prev, H)
    # d c[t] / d b_i
    out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (-c_prev * f - g * i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H])[...] += g * i
    g_slope = _tanh_slope(a_g)
    # d c[t] / d W_g
    out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D] += (i * g_slope)[..., :, None] * _applied(x, H)
    # d c[t] / d U_g
    out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H] += (i * g_slope)[..., :, None] * _applied(h_prev, H)
    # d c[t] / d b_g
    np.einsum("...ii->...i", out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H])[...] += i * g_slope
    # d n[t] / d W_f
    out[..., H + H + H : H + H + H + H, 0 : H * D] += (n_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * _applied(x, H)
    out[..., H + H + H : H + H + H + H, 0 : H * D] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, 0 : H * D]
    # d n[t] / d U_f
    out[..., H + H + H : H + H + H + H, H * D : H * D + H * H] += (n_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * _applied(h_prev, H)
    out[..., H + H + H : H + H + H + H, H * D : H * D + H * H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D : H * D + H * H]
    # d n[t] / d b_f
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H * D + H * H : H * D + H * H + H])[...] += n_prev * f * _sigmoid_precise(a_log_f)
    out[..., H + H + H : H + H + H + H, H * D + H * H : H * D + H * H + H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H : H * D + H * H + H]
    # d n[t] / d W_i
    out[..., H + H + H : H + H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    out[..., H + H + H : H + H + H + H, H * D + H * H + H : H * D + H * H + H + H * D] += i[..., :, None] * _applied(x, H)
    # d n[t] / d U_i
    out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += i[..., :, None] * _applied(h_prev, H)
    # d n[t] / d b_i
    out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (-n_prev * f - i)[..., :, None] * out[..., H : H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    np.einsum("...ii->...i", out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H])[...] += i
    # d h[t] / d W_f
    out[..., 0 : H, 0 : H * D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, 0 : H * D]
    out[..., 0 : H, 0 : H * D] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, 0 : H * D]
    # d h[t] / d U_f
    out[..., 0 : H, H * D : H * D + H * H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D : H * D + H * H]
    out[..., 0 : H, H * D : H * D + H * H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D : H * D + H * H]
    # d h[t] / d b_f
    out[..., 0 : H, H * D + H * H : H * D + H * H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H : H * D + H * H + H]
    out[..., 0 : H, H * D + H * H : H * D + H * H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H : H * D + H * H + H]
    # d h[t] / d W_i
    out[..., 0 : H, H * D + H * H + H : H * D + H * H + H + H * D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    out[..., 0 : H, H * D + H * H + H : H * D + H * H + H + H * D] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H + H : H * D + H * H + H + H * D]
    # d h[t] / d U_i
    out[..., 0 : H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    out[..., 0 : H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H]
    # d h[t] / d b_i
    out[..., 0 : H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    out[..., 0 : H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H] += (-o * c / n**2)[..., :, None] * out[..., H + H + H : H + H + H + H, H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H]
    # d h[t] / d W_g
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D]
    # d h[t] / d U_g
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H]
    # d h[t] / d b_g
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H] += (o / n)[..., :, None] * out[..., H + H : H + H + H, H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H]
    o_slope = _sigmoid_slope(a_o)
    # d h[t] / d W_o
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D] += (c * o_slope / n)[..., :, None] * _applied(x, H)
    # d h[t] / d U_o
    out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H] += (c * o_slope / n)[..., :, None] * _applied(h_prev, H)
    # d h[t] / d b_o
    np.einsum("...ii->...i", out[..., 0 : H, H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H + H])[...] += c * o_slope / n
    return Params(out[..., 0 : H * D].reshape(*out.shape[:-1], H, D), out[..., H * D : H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H : H * D + H * H + H].reshape(*out.shape[:-1], H), out[..., H * D + H * H + H : H * D + H * H + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H].reshape(*out.shape[:-1], H), out[..., H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H].reshape(*out.shape[:-1], H), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H + H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H].reshape(*out.shape[:-1], H, H), out[..., H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H : H * D + H * H + H + H * D + H * H + H + H * D + H * H + H + H * D + H * H + H].reshape(*out.shape[:-1], H))


def jacobian_parts(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {'log_f', 'log_i', 'g', 'o', 's', 'c', 'n'}: (B, S, S) for a step, (n, B, S, S) for a slice or an array of steps.
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
    Raises TypeError, ValueError, IndexError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    params, t, dtype = _reading(tape, params, t)
    if isinstance(tape, PreciseTape):
        return _jacobian_parts_precise(tape, params, t, dtype)
    return _jacobian_parts_fast(tape, params, t, dtype)


def _jacobian_parts_fast(tape: Tape, params: Params, t: Any, dtype: np.dtype[Any]) -> dict[str, Array]:
    H = params.W_f.shape[0]
    U_f = params.U_f
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    g = tape.gates[..., 1 * H : 2 * H][t]
    i = tape.i[t]
    n_prev = tape.n[:-1][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    n = tape.n[1:][t]
    c = tape.c[1:][t]
    U_i = params.U_i
    U_g = params.U_g
    U_o = params.U_o
    lead = tape.x[t].shape[:-1]
    parts = {key: np.zeros((*lead, H + H + H + H, H + H + H + H), dtype) for key in ['log_f', 'log_i', 'g', 'o', 's', 'c', 'n']}
    # d m[t] / d h[t-1]
    parts['log_f'][..., H : H + H, 0 : H] += (_positive(s - log_i) * _sigmoid(a_log_f))[..., :, None] * U_f
    # d c[t] / d h[t-1]
    parts['log_f'][..., H + H : H + H + H, 0 : H] += (c_prev * f * _sigmoid(a_log_f))[..., :, None] * U_f
    parts['log_f'][..., H + H : H + H + H, 0 : H] += (-c_prev * f - g * i)[..., :, None] * parts['log_f'][..., H : H + H, 0 : H]
    # d n[t] / d h[t-1]
    parts['log_f'][..., H + H + H : H + H + H + H, 0 : H] += (n_prev * f * _sigmoid(a_log_f))[..., :, None] * U_f
    parts['log_f'][..., H + H + H : H + H + H + H, 0 : H] += (-n_prev * f - i)[..., :, None] * parts['log_f'][..., H : H + H, 0 : H]
    # d h[t] / d h[t-1]
    parts['log_f'][..., 0 : H, 0 : H] += (o / n)[..., :, None] * parts['log_f'][..., H + H : H + H + H, 0 : H]
    parts['log_f'][..., 0 : H, 0 : H] += (-o * c / n**2)[..., :, None] * parts['log_f'][..., H + H + H : H + H + H + H, 0 : H]
    # d m[t] / d h[t-1]
    parts['log_i'][..., H : H + H, 0 : H] += (1 - _positive(s - log_i))[..., :, None] * U_i
    # d c[t] / d h[t-1]
    parts['log_i'][..., H + H : H + H + H, 0 : H] += (-c_prev * f - g * i)[..., :, None] * parts['log_i'][..., H : H + H, 0 : H]
    parts['log_i'][..., H + H : H + H + H, 0 : H] += (g * i)[..., :, None] * U_i
    # d n[t] / d h[t-1]
    parts['log_i'][..., H + H + H : H + H + H + H, 0 : H] += (-n_prev * f - i)[..., :, None] * parts['log_i'][..., H : H + H, 0 : H]
    parts['log_i'][..., H + H + H : H + H + H + H, 0 : H] += i[..., :, None] * U_i
    # d h[t] / d h[t-1]
    parts['log_i'][..., 0 : H, 0 : H] += (o / n)[..., :, None] * parts['log_i'][..., H + H : H + H + H, 0 : H]
    parts['log_i'][..., 0 : H, 0 : H] += (-o * c / n**2)[..., :, None] * parts['log_i'][..., H + H + H : H + H + H + H, 0 : H]
    g_slope = 1 - g**2
    # d c[t] / d h[t-1]
    parts['g'][..., H + H : H + H + H, 0 : H] += (i * g_slope)[..., :, None] * U_g
    # d h[t] / d h[t-1]
    parts['g'][..., 0 : H, 0 : H] += (o / n)[..., :, None] * parts['g'][..., H + H : H + H + H, 0 : H]
    o_slope = o * (1 - o)
    # d h[t] / d h[t-1]
    parts['o'][..., 0 : H, 0 : H] += (c * o_slope / n)[..., :, None] * U_o
    # d m[t] / d m[t-1]
    np.einsum("...ii->...i", parts['s'][..., H : H + H, H : H + H])[...] += _positive(s - log_i)
    # d c[t] / d m[t-1]
    np.einsum("...ii->...i", parts['s'][..., H + H : H + H + H, H : H + H])[...] += c_prev * f
    parts['s'][..., H + H : H + H + H, H : H + H] += (-c_prev * f - g * i)[..., :, None] * parts['s'][..., H : H + H, H : H + H]
    # d n[t] / d m[t-1]
    np.einsum("...ii->...i", parts['s'][..., H + H + H : H + H + H + H, H : H + H])[...] += n_prev * f
    parts['s'][..., H + H + H : H + H + H + H, H : H + H] += (-n_prev * f - i)[..., :, None] * parts['s'][..., H : H + H, H : H + H]
    # d h[t] / d m[t-1]
    parts['s'][..., 0 : H, H : H + H] += (o / n)[..., :, None] * parts['s'][..., H + H : H + H + H, H : H + H]
    parts['s'][..., 0 : H, H : H + H] += (-o * c / n**2)[..., :, None] * parts['s'][..., H + H + H : H + H + H + H, H : H + H]
    # d c[t] / d c[t-1]
    np.einsum("...ii->...i", parts['c'][..., H + H : H + H + H, H + H : H + H + H])[...] += f
    # d h[t] / d c[t-1]
    parts['c'][..., 0 : H, H + H : H + H + H] += (o / n)[..., :, None] * parts['c'][..., H + H : H + H + H, H + H : H + H + H]
    # d n[t] / d n[t-1]
    np.einsum("...ii->...i", parts['n'][..., H + H + H : H + H + H + H, H + H + H : H + H + H + H])[...] += f
    # d h[t] / d n[t-1]
    parts['n'][..., 0 : H, H + H + H : H + H + H + H] += (-o * c / n**2)[..., :, None] * parts['n'][..., H + H + H : H + H + H + H, H + H + H : H + H + H + H]
    return parts


def _jacobian_parts_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> dict[str, Array]:
    H = params.W_f.shape[0]
    U_f = params.U_f
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    a_log_f = tape.a_log_f[t]
    c_prev = tape.c[:-1][t]
    f = tape.f[t]
    g = tape.gates[..., 1 * H : 2 * H][t]
    i = tape.i[t]
    n_prev = tape.n[:-1][t]
    o = tape.gates[..., 0 * H : 1 * H][t]
    n = tape.n[1:][t]
    c = tape.c[1:][t]
    U_i = params.U_i
    a_g = tape.a[..., 2 * H : 3 * H][t]
    U_g = params.U_g
    a_o = tape.a[..., 1 * H : 2 * H][t]
    U_o = params.U_o
    lead = tape.x[t].shape[:-1]
    parts = {key: np.zeros((*lead, H + H + H + H, H + H + H + H), dtype) for key in ['log_f', 'log_i', 'g', 'o', 's', 'c', 'n']}
    # d m[t] / d h[t-1]
    parts['log_f'][..., H : H + H, 0 : H] += (_positive(s - log_i) * _sigmoid_precise(a_log_f))[..., :, None] * U_f
    # d c[t] / d h[t-1]
    parts['log_f'][..., H + H : H + H + H, 0 : H] += (c_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * U_f
    parts['log_f'][..., H + H : H + H + H, 0 : H] += (-c_prev * f - g * i)[..., :, None] * parts['log_f'][..., H : H + H, 0 : H]
    # d n[t] / d h[t-1]
    parts['log_f'][..., H + H + H : H + H + H + H, 0 : H] += (n_prev * f * _sigmoid_precise(a_log_f))[..., :, None] * U_f
    parts['log_f'][..., H + H + H : H + H + H + H, 0 : H] += (-n_prev * f - i)[..., :, None] * parts['log_f'][..., H : H + H, 0 : H]
    # d h[t] / d h[t-1]
    parts['log_f'][..., 0 : H, 0 : H] += (o / n)[..., :, None] * parts['log_f'][..., H + H : H + H + H, 0 : H]
    parts['log_f'][..., 0 : H, 0 : H] += (-o * c / n**2)[..., :, None] * parts['log_f'][..., H + H + H : H + H + H + H, 0 : H]
    # d m[t] / d h[t-1]
    parts['log_i'][..., H : H + H, 0 : H] += (1 - _positive(s - log_i))[..., :, None] * U_i
    # d c[t] / d h[t-1]
    parts['log_i'][..., H + H : H + H + H, 0 : H] += (-c_prev * f - g * i)[..., :, None] * parts['log_i'][..., H : H + H, 0 : H]
    parts['log_i'][..., H + H : H + H + H, 0 : H] += (g * i)[..., :, None] * U_i
    # d n[t] / d h[t-1]
    parts['log_i'][..., H + H + H : H + H + H + H, 0 : H] += (-n_prev * f - i)[..., :, None] * parts['log_i'][..., H : H + H, 0 : H]
    parts['log_i'][..., H + H + H : H + H + H + H, 0 : H] += i[..., :, None] * U_i
    # d h[t] / d h[t-1]
    parts['log_i'][..., 0 : H, 0 : H] += (o / n)[..., :, None] * parts['log_i'][..., H + H : H + H + H, 0 : H]
    parts['log_i'][..., 0 : H, 0 : H] += (-o * c / n**2)[..., :, None] * parts['log_i'][..., H + H + H : H + H + H + H, 0 : H]
    g_slope = _tanh_slope(a_g)
    # d c[t] / d h[t-1]
    parts['g'][..., H + H : H + H + H, 0 : H] += (i * g_slope)[..., :, None] * U_g
    # d h[t] / d h[t-1]
    parts['g'][..., 0 : H, 0 : H] += (o / n)[..., :, None] * parts['g'][..., H + H : H + H + H, 0 : H]
    o_slope = _sigmoid_slope(a_o)
    # d h[t] / d h[t-1]
    parts['o'][..., 0 : H, 0 : H] += (c * o_slope / n)[..., :, None] * U_o
    # d m[t] / d m[t-1]
    np.einsum("...ii->...i", parts['s'][..., H : H + H, H : H + H])[...] += _positive(s - log_i)
    # d c[t] / d m[t-1]
    np.einsum("...ii->...i", parts['s'][..., H + H : H + H + H, H : H + H])[...] += c_prev * f
    parts['s'][..., H + H : H + H + H, H : H + H] += (-c_prev * f - g * i)[..., :, None] * parts['s'][..., H : H + H, H : H + H]
    # d n[t] / d m[t-1]
    np.einsum("...ii->...i", parts['s'][..., H + H + H : H + H + H + H, H : H + H])[...] += n_prev * f
    parts['s'][..., H + H + H : H + H + H + H, H : H + H] += (-n_prev * f - i)[..., :, None] * parts['s'][..., H : H + H, H : H + H]
    # d h[t] / d m[t-1]
    parts['s'][..., 0 : H, H : H + H] += (o / n)[..., :, None] * parts['s'][..., H + H : H + H + H, H : H + H]
    parts['s'][..., 0 : H, H : H + H] += (-o * c / n**2)[..., :, None] * parts['s'][..., H + H + H : H + H + H + H, H : H + H]
    # d c[t] / d c[t-1]
    np.einsum("...ii->...i", parts['c'][..., H + H : H + H + H, H + H : H + H + H])[...] += f
    # d h[t] / d c[t-1]
    parts['c'][..., 0 : H, H + H : H + H + H] += (o / n)[..., :, None] * parts['c'][..., H + H : H + H + H, H + H : H + H + H]
    # d n[t] / d n[t-1]
    np.einsum("...ii->...i", parts['n'][..., H + H + H : H + H + H + H, H + H + H : H + H + H + H])[...] += f
    # d h[t] / d n[t-1]
    parts['n'][..., 0 : H, H + H + H : H + H + H + H] += (-o * c / n**2)[..., :, None] * parts['n'][..., H + H + H : H + H + H + H, H + H + H : H + H + H + H]
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    {'g_slope', 'o', 'o_slope', 'f', 'i'}: (B, N) for a step, (n, B, N) for a slice or an array of steps.
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    _check_tape(tape, (PreciseTape,))
    params, t, dtype = _reading(tape, params, t)
    terms: dict[str, Array] = {}
    H = params.W_f.shape[0]
    a_g = tape.a[..., 2 * H : 3 * H][t]
    a_o = tape.a[..., 1 * H : 2 * H][t]
    s = tape.s[t]
    log_i = tape.a[..., 0 * H : 1 * H][t]
    terms['g_slope'] = 1.3862943611198906 + 2 * a_g - 2 * _softplus(2 * a_g)
    terms['o'] = -_softplus(-a_o)
    terms['o_slope'] = -_softplus(a_o) - _softplus(-a_o)
    terms['f'] = s - _maximum(s, log_i)
    terms['i'] = log_i - _maximum(s, log_i)
    return terms


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


def _check_fit(tape: Any, widths: Any, sizes: Any) -> None:
    """Raises ValueError where an array of the tape has another last axis than the sizes, read off params, tell."""
    arrays = tape._asdict()
    for field, parts in widths[type(tape)].items():
        width, expected = arrays[field].shape[-1], sum(count * sizes.get(size, 0) for size, count in parts.items())
        if width != expected and all(size in sizes for size in parts):
            told = " + ".join(size if count == 1 else f"{count} * {size}" for size, count in parts.items())
            raise ValueError(
                f"params do not fit the tape: tape.{field} has {width} columns, but {told} = {expected} by params; "
                f"give the params that forward() made this tape with"
            )


def _check_tape(tape: Any, kinds: tuple[type, ...]) -> None:
    """Raises TypeError for what forward() of this kernel did not return, or not in the form that is read."""
    if not isinstance(tape, kinds):
        wanted = "forward(..., precise=True)" if len(kinds) == 1 else "forward()"
        raise TypeError(f"tape is a {type(tape).__name__}; it must be the third result of this kernel's {wanted}")


def _checked(name: str, value: Any, axes: Any, sizes: Any, dtype: np.dtype[Any]) -> Array:
    """An array of this dtype whose axes have these sizes, an unknown size taken from it. Raises ValueError."""
    array = _array_of(name, value)
    expected = tuple(sizes.get(axis, size) for axis, size in zip(axes, array.shape, strict=False))
    if array.ndim != len(axes) or array.shape != expected:
        known = ", ".join(f"{axis} = {sizes[axis]}" for axis in axes if axis in sizes)
        raise ValueError(f"{name} has shape {array.shape}; expected ({', '.join(axes)})" + (known and f" with {known}"))
    return array.astype(dtype, copy=False)


def _checked_fields(
    name: str, values: Any, shapes: Any, sizes: Any, dtype: np.dtype[Any]
) -> Any:
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


def _float_dtype(arrays: Any) -> np.dtype[Any]:
    """The one dtype all arrays are computed in: float32 stays float32. Raises TypeError for half and for no float."""
    dtypes = {name: _array_of(name, value).dtype for name, value in arrays.items()}
    for name, dtype in dtypes.items():
        if dtype.kind not in "fc" or dtype.itemsize < 4:
            raise TypeError(
                f"{name} has dtype {dtype}, which cannot be used; convert it with .astype(np.float64) or (np.float32)"
            )
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
            kind = f"the class {values.__name__}, not one made of it" if isinstance(values, type) else ""
            raise TypeError(
                f"{name} is {kind or f'a {type(values).__name__} without the field {field}'}; make one with "
                f"{made}({', '.join(fields)})"
            )
    return {f"{name}.{field}": given[field] for field in fields}


def _negative_magnitude(a: Array) -> Array:
    """-|a| for real a; for complex a the sign is that of the real part, so that the function stays analytic."""
    return np.where(a.real < 0, a, -a)


def _outer(left: Array, right: Array) -> Array:
    """The sum over time and batch of left right^T: (T, B, M), (T, B, N) -> (M, N), as one product."""
    steps, batch, _ = left.shape
    rows = steps * batch
    # BLAS is faster with the wide operand on the right, so the transpose of the result is computed.
    product: Array = right.reshape(rows, right.shape[2]).T @ left.reshape(rows, left.shape[2])
    return product.T


def _positive(a: Array) -> Array:
    """1 where a > 0, else 0; NaN where a is NaN, so that it does not choose a branch silently."""
    indicator: Array = np.where(np.isnan(a.real), a, a.real > 0).astype(a.dtype)
    return indicator


def _sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)), as tanh, which never overflows."""
    result: Array = np.multiply(a, 0.5, out=out)
    np.tanh(result, out=result)
    result *= 0.5
    result += 0.5
    return result


def _sigmoid_precise(a: Array) -> Array:
    """1 / (1 + exp(-a)) with full relative accuracy on both sides: e/(1+e) or 1/(1+e), e = exp(-|a|).

    The rounding of 1 + e is known exactly and put right, which saves half a unit in the last place.
    """
    e = np.exp(_negative_magnitude(a))
    divisor = 1 + e
    rounding = e - (divisor - 1)
    value: Array = np.where(a.real < 0, e, 1) / divisor
    value -= value * (rounding / divisor)
    return value


def _sigmoid_slope(a: Array) -> Array:
    """sigmoid'(a) = e / (1+e)^2, e = exp(-|a|): no digit is lost however far the gate is saturated."""
    e = np.exp(_negative_magnitude(a))
    slope: Array = e / (1 + e * (2 + e))
    return slope


def _sizes_of(
    params: Any, shapes: Any, composed: Any
) -> dict[str, int]:
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
                raise ValueError(
                    f"{name} has shape {shape}, but {symbol} = {sizes[symbol]} by the parameters before it; "
                    f"expected ({', '.join(symbols)})"
                )
    return _with_composed(sizes, composed)


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


def _where(c: Array, u: Any, v: Any) -> Array:
    """u where c > 0, else v; NaN where c is NaN."""
    chosen = np.where(np.isnan(c.real), c, np.where(c.real > 0, u, v))
    result: Array = chosen.astype(np.result_type(c, u, v), copy=False)
    return result


def _with_composed(sizes: Any, composed: Any) -> dict[str, int]:
    """The sizes with those that are sums of others, as "H + D": {"H": 1, "D": 1}, and what follows from such a sum.

    Raises ValueError for one that does not hold.
    """
    known = dict(sizes)
    for size, parts in composed.items():
        unknown = [name for name in parts if name not in known]
        rest = sum(count * known[name] for name, count in parts.items() if name in known)
        if not unknown and known.setdefault(size, rest) != rest:
            raise ValueError(f"an axis of size {size} has {known[size]} units, but {size} = {rest} by the other arrays")
        if len(unknown) == 1 and size in known:
            number, remainder = divmod(known[size] - rest, parts[unknown[0]])
            if remainder or number < 0:
                raise ValueError(f"an axis of size {size} has {known[size]} units, which leaves no {unknown[0]}")
            known[unknown[0]] = number
    return known
