"""LSTM with layer normalisation.

Reference: Ba, Kiros & Hinton 2016, arXiv:1607.06450, supplementary material

Equations:
    h_i[t] = U_i @ h[t-1]
    h_f[t] = U_f @ h[t-1]
    h_g[t] = U_g @ h[t-1]
    h_o[t] = U_o @ h[t-1]
    x_i[t] = W_i @ x[t]
    x_f[t] = W_f @ x[t]
    x_g[t] = W_g @ x[t]
    x_o[t] = W_o @ x[t]
    m_h[t] = (h_i[t] + h_f[t] + h_g[t] + h_o[t]) / 4
    mu_h[t] = mean(m_h[t])
    u_i[t] = h_i[t] - mu_h[t]
    u_f[t] = h_f[t] - mu_h[t]
    u_g[t] = h_g[t] - mu_h[t]
    u_o[t] = h_o[t] - mu_h[t]
    q_h[t] = (u_i[t] ** 2 + u_f[t] ** 2 + u_g[t] ** 2 + u_o[t] ** 2) / 4
    s_h[t] = sqrt(mean(q_h[t]) + epsilon)
    m_x[t] = (x_i[t] + x_f[t] + x_g[t] + x_o[t]) / 4
    mu_x[t] = mean(m_x[t])
    v_i[t] = x_i[t] - mu_x[t]
    v_f[t] = x_f[t] - mu_x[t]
    v_g[t] = x_g[t] - mu_x[t]
    v_o[t] = x_o[t] - mu_x[t]
    q_x[t] = (v_i[t] ** 2 + v_f[t] ** 2 + v_g[t] ** 2 + v_o[t] ** 2) / 4
    s_x[t] = sqrt(mean(q_x[t]) + epsilon)
    i[t] = sigmoid(alpha_i * u_i[t] / s_h[t] + gamma_i * v_i[t] / s_x[t] + b_i)
    f[t] = sigmoid(alpha_f * u_f[t] / s_h[t] + gamma_f * v_f[t] / s_x[t] + b_f)
    g[t] = tanh(alpha_g * u_g[t] / s_h[t] + gamma_g * v_g[t] / s_x[t] + b_g)
    o[t] = sigmoid(alpha_o * u_o[t] / s_h[t] + gamma_o * v_o[t] / s_x[t] + b_o)
    c[t] = f[t] * c[t-1] + i[t] * g[t]
    u_c[t] = c[t] - mean(c[t])
    q_c[t] = u_c[t] ** 2
    s_c[t] = sqrt(mean(q_c[t]) + epsilon)
    c_norm[t] = gamma_c * u_c[t] / s_c[t] + b_c
    h[t] = o[t] * tanh(c_norm[t])

Shapes (T steps, B sequences, D, H):
    (D,)     x
    (H,)     h_i, h_f, h_g, h_o, x_i, x_f, x_g, x_o, m_h, mu_h, u_i, u_f, u_g, u_o, q_h, s_h, m_x, mu_x, v_i, v_f,
             v_g, v_o, q_x, s_x, i, f, g, o, c, u_c, q_c, s_c, c_norm, h, alpha_i, gamma_i, b_i, alpha_f, gamma_f,
             b_f, alpha_g, gamma_g, b_g, alpha_o, gamma_o, b_o, gamma_c, b_c
    (H, H)   U_i, U_f, U_g, U_o
    (H, D)   W_i, W_f, W_g, W_o

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: h_i, h_f, h_g, h_o; x_i, x_f, x_g, x_o.
Gates: i, f, o.
Biases: b_i (of i), b_f (of f), b_g (of g), b_o (of o), b_c (of c_norm).
Options: none. Constants: epsilon = 1e-05.

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

CONTENT_HASH = "290f153fcee78e7945fe24250646852581c6aa9f185f53b77c46dd2ea18cbd8f"
OUTPUT = "h"
GATES: tuple[str, ...] = ("i", "f", "o")


class Params(NamedTuple):
    """The parameters, named as in the equations."""

    U_i: Array  # (H, H) recurrent weights of the input gate
    U_f: Array  # (H, H) recurrent weights of the forget gate
    U_g: Array  # (H, H) recurrent weights of the candidate cell state
    U_o: Array  # (H, H) recurrent weights of the output gate
    W_i: Array  # (H, D) input weights of the input gate
    W_f: Array  # (H, D) input weights of the forget gate
    W_g: Array  # (H, D) input weights of the candidate cell state
    W_o: Array  # (H, D) input weights of the output gate
    alpha_i: Array  # (H,) gain of the recurrent part of the input gate
    gamma_i: Array  # (H,) gain of the input part of the input gate
    b_i: Array  # (H,) bias of the input gate
    alpha_f: Array  # (H,) gain of the recurrent part of the forget gate
    gamma_f: Array  # (H,) gain of the input part of the forget gate
    b_f: Array  # (H,) bias of the forget gate
    alpha_g: Array  # (H,) gain of the recurrent part of the candidate cell state
    gamma_g: Array  # (H,) gain of the input part of the candidate cell state
    b_g: Array  # (H,) bias of the candidate cell state
    alpha_o: Array  # (H,) gain of the recurrent part of the output gate
    gamma_o: Array  # (H,) gain of the input part of the output gate
    b_o: Array  # (H,) bias of the output gate
    gamma_c: Array  # (H,) gain of the normalised cell state
    b_c: Array  # (H,) bias of the normalised cell state


class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H) hidden state
    c: Array  # (B, H) cell state


class Tape(NamedTuple):
    """What `backward` needs of `forward`, found by liveness; x is kept as given, not copied."""

    x: Array
    h: Array
    c: Array
    u_i: Array
    u_f: Array
    u_g: Array
    u_o: Array
    s_h: Array
    v_i: Array
    v_f: Array
    v_g: Array
    v_o: Array
    s_x: Array
    i: Array
    f: Array
    g: Array
    o: Array
    u_c: Array
    s_c: Array
    tanh_c_norm: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations too."""

    x: Array
    h: Array
    c: Array
    u_i: Array
    u_f: Array
    u_g: Array
    u_o: Array
    s_h: Array
    v_i: Array
    v_f: Array
    v_g: Array
    v_o: Array
    s_x: Array
    a_i: Array
    i: Array
    a_f: Array
    f: Array
    a_g: Array
    g: Array
    a_o: Array
    o: Array
    u_c: Array
    s_c: Array
    c_norm: Array
    tanh_c_norm: Array


_SecondTape = namedtuple("_SecondTape", ['x', 'x_dot', 'h', 'h_dot', 'c', 'c_dot', 'u_i', 'u_i_dot', 'u_f',
    'u_f_dot', 'u_g', 'u_g_dot', 'u_o', 'u_o_dot', 's_h', 's_h_dot', 'v_i', 'v_i_dot', 'v_f', 'v_f_dot', 'v_g',
    'v_g_dot', 'v_o', 'v_o_dot', 's_x', 's_x_dot', 'a_i', 'a_i_dot', 'i', 'i_dot', 'a_f', 'a_f_dot', 'f',
    'f_dot', 'a_g', 'a_g_dot', 'g', 'g_dot', 'a_o', 'a_o_dot', 'o', 'o_dot', 'u_c', 'u_c_dot', 's_c',
    's_c_dot', 'c_norm', 'c_norm_dot', 'tanh_c_norm', 'tanh_c_norm_dot'])


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
    'U_i': ('H', 'H'), 'U_f': ('H', 'H'), 'U_g': ('H', 'H'), 'U_o': ('H', 'H'), 'W_i': ('H', 'D'),
    'W_f': ('H', 'D'), 'W_g': ('H', 'D'), 'W_o': ('H', 'D'), 'alpha_i': ('H',), 'gamma_i': ('H',),
    'b_i': ('H',), 'alpha_f': ('H',), 'gamma_f': ('H',), 'b_f': ('H',), 'alpha_g': ('H',), 'gamma_g': ('H',),
    'b_g': ('H',), 'alpha_o': ('H',), 'gamma_o': ('H',), 'b_o': ('H',), 'gamma_c': ('H',), 'b_c': ('H',)
}
_STATE_SHAPES: dict[str, tuple[str, ...]] = {'h': ('B', 'H'), 'c': ('B', 'H')}
_COMPOSED: dict[str, dict[str, int]] = {}
_RECORDS = (Params, State, Tape, PreciseTape)
_EXTRA: dict[type, tuple[int, ...]] = {
    Tape: (0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    PreciseTape: (0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
}
_FITTED: dict[Any, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'u_i': {'H': 1}, 'u_f': {'H': 1}, 'u_g': {'H': 1},
        'u_o': {'H': 1}, 's_h': {'H': 1}, 'v_i': {'H': 1}, 'v_f': {'H': 1}, 'v_g': {'H': 1}, 'v_o': {'H': 1},
        's_x': {'H': 1}, 'i': {'H': 1}, 'f': {'H': 1}, 'g': {'H': 1}, 'o': {'H': 1}, 'u_c': {'H': 1},
        's_c': {'H': 1}, 'tanh_c_norm': {'H': 1}},
    PreciseTape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'u_i': {'H': 1}, 'u_f': {'H': 1}, 'u_g': {'H': 1},
        'u_o': {'H': 1}, 's_h': {'H': 1}, 'v_i': {'H': 1}, 'v_f': {'H': 1}, 'v_g': {'H': 1}, 'v_o': {'H': 1},
        's_x': {'H': 1}, 'a_i': {'H': 1}, 'i': {'H': 1}, 'a_f': {'H': 1}, 'f': {'H': 1}, 'a_g': {'H': 1},
        'g': {'H': 1}, 'a_o': {'H': 1}, 'o': {'H': 1}, 'u_c': {'H': 1}, 's_c': {'H': 1}, 'c_norm': {'H': 1},
        'tanh_c_norm': {'H': 1}},
}


def init(
    input_size: int, hidden_size: int, *,
    rng: np.random.Generator | None = None, dtype: Any = np.float64, **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    `fill` sets a vector to one value, as b_c=1.0. Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {'D': input_size, 'H': hidden_size}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {symbol} is {size}; sizes are whole numbers, 1 or more")
    dtype = _float_dtype({"dtype": np.empty(0, dtype)})
    vectors: tuple[str, ...] = ('alpha_i', 'gamma_i', 'b_i', 'alpha_f', 'gamma_f', 'b_f', 'alpha_g', 'gamma_g',
        'b_g', 'alpha_o', 'gamma_o', 'b_o', 'gamma_c', 'b_c')
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
    add, subtract, multiply, tanh, sqrt = np.add, np.subtract, np.multiply, np.tanh, np.sqrt
    # Sizes, parameters, arrays
    H = params.U_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    epsilon = 1e-05
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_T = np.ascontiguousarray(U.T)
    (alpha_i, gamma_i, b_i, alpha_f, gamma_f, b_f, alpha_g, gamma_g, b_g, alpha_o, gamma_o, b_o, gamma_c,
        b_c) = (params.alpha_i, params.gamma_i, params.b_i, params.alpha_f, params.gamma_f, params.b_f,
        params.alpha_g, params.gamma_g, params.b_g, params.alpha_o, params.gamma_o, params.b_o, params.gamma_c,
        params.b_c)
    a_h_i_h_f_h_g_h_o = empty((B, 4 * H), dtype)
    a_x_i_x_f_x_g_x_o = empty((T, B, 4 * H), dtype)
    u_i, u_f, u_g, u_o, s_h, i, f, g, o, u_c, s_c, tanh_c_norm = (empty((T, B, H), dtype) for _ in range(12))
    a_i: Any = empty((T, B, H), dtype) if precise else [empty((B, H), dtype)] * T
    a_f: Any = empty((T, B, H), dtype) if precise else [empty((B, H), dtype)] * T
    a_g: Any = empty((T, B, H), dtype) if precise else [empty((B, H), dtype)] * T
    a_o: Any = empty((T, B, H), dtype) if precise else [empty((B, H), dtype)] * T
    c_norm: Any = empty((T, B, H), dtype) if precise else [empty((B, H), dtype)] * T
    h, c = (empty((T + 1, B, H), dtype) for _ in range(2))
    h[0], c[0] = state.h, state.c
    h_i, h_f, h_g, h_o = (a_h_i_h_f_h_g_h_o[..., k * H : (k + 1) * H] for k in range(4))
    x_i, x_f, x_g, x_o = (a_x_i_x_f_x_g_x_o[..., k * H : (k + 1) * H] for k in range(4))
    # All steps at once: W, epsilon, a_x_i_x_f_x_g_x_o -> v_i, v_f, v_g, v_o, s_x
    # (F5) x_iₜ = W_i xₜ; (F6) x_fₜ = W_f xₜ; (F7) x_gₜ = W_g xₜ; (F8) x_oₜ = W_o xₜ
    _times(x, W.T, out=a_x_i_x_f_x_g_x_o)
    # (F19) m_xₜ = 0.25 x_iₜ + 0.25 x_fₜ + 0.25 x_gₜ + 0.25 x_oₜ
    m_x = 0.25 * x_i + 0.25 * x_f + 0.25 * x_g + 0.25 * x_o
    mu_x = _mean_of(m_x)  # (F20) μ_xₜ = mean(m_xₜ)
    v_i = x_i - mu_x  # (F21) v_iₜ = x_iₜ − μ_xₜ
    v_f = x_f - mu_x  # (F22) v_fₜ = x_fₜ − μ_xₜ
    v_g = x_g - mu_x  # (F23) v_gₜ = x_gₜ − μ_xₜ
    v_o = x_o - mu_x  # (F24) v_oₜ = x_oₜ − μ_xₜ
    # (F25) q_xₜ = 0.25 v_iₜ² + 0.25 v_fₜ² + 0.25 v_gₜ² + 0.25 v_oₜ²
    q_x = 0.25 * v_i**2 + 0.25 * v_f**2 + 0.25 * v_g**2 + 0.25 * v_o**2
    mean_q_x = _mean_of(q_x)  # (F26) mean_q_xₜ = mean(q_xₜ)
    a_s_x = epsilon + mean_q_x  # (F27) a_s_xₜ = ε + mean_q_xₜ
    s_x = np.sqrt(a_s_x)  # (F28) s_xₜ = sqrt(a_s_xₜ)
    # Step by step: epsilon, U_T, alpha_i, gamma_i, b_i, alpha_f, gamma_f, b_f, alpha_g, gamma_g, b_g, alpha_o,
    # gamma_o, b_o, gamma_c, b_c, a_h_i_h_f_h_g_h_o, u_i, u_f, u_g, u_o, s_h, i, f, g, o, u_c, s_c, tanh_c_norm,
    # a_i, a_f, a_g, a_o, c_norm, h, c, v_i, v_f, v_g, v_o, s_x -> u_i, u_f, u_g, u_o, s_h, a_i, i, a_f, f, a_g, g,
    # a_o, o, c, u_c, s_c, c_norm, tanh_c_norm, h
    h_prev, c_prev = h[0], c[0]
    for (u_i_t, u_f_t, u_g_t, u_o_t, s_h_t, v_i_t, s_x_t, a_i_t, i_t, v_f_t, a_f_t, f_t, v_g_t, a_g_t, g_t, v_o_t,
            a_o_t, o_t, c_t, u_c_t, s_c_t, c_norm_t, tanh_c_norm_t, h_t) in zip(u_i, u_f, u_g, u_o, s_h, v_i, s_x,
            a_i, i, v_f, a_f, f, v_g, a_g, g, v_o, a_o, o, c[1:], u_c, s_c, c_norm, tanh_c_norm, h[1:],
            strict=True):
        # (F1) h_iₜ = U_i hₜ₋₁; (F2) h_fₜ = U_f hₜ₋₁; (F3) h_gₜ = U_g hₜ₋₁; (F4) h_oₜ = U_o hₜ₋₁
        a_h_i_h_f_h_g_h_o[...] = h_prev.dot(U_T)
        # (F9) m_hₜ = 0.25 h_iₜ + 0.25 h_fₜ + 0.25 h_gₜ + 0.25 h_oₜ
        m_h = 0.25 * h_i + 0.25 * h_f + 0.25 * h_g + 0.25 * h_o
        mu_h = _mean_of(m_h)  # (F10) μ_hₜ = mean(m_hₜ)
        subtract(h_i, mu_h, u_i_t)  # (F11) u_iₜ = h_iₜ − μ_hₜ
        subtract(h_f, mu_h, u_f_t)  # (F12) u_fₜ = h_fₜ − μ_hₜ
        subtract(h_g, mu_h, u_g_t)  # (F13) u_gₜ = h_gₜ − μ_hₜ
        subtract(h_o, mu_h, u_o_t)  # (F14) u_oₜ = h_oₜ − μ_hₜ
        # (F15) q_hₜ = 0.25 u_iₜ² + 0.25 u_fₜ² + 0.25 u_gₜ² + 0.25 u_oₜ²
        q_h = 0.25 * u_i_t**2 + 0.25 * u_f_t**2 + 0.25 * u_g_t**2 + 0.25 * u_o_t**2
        mean_q_h = _mean_of(q_h)  # (F16) mean_q_hₜ = mean(q_hₜ)
        a_s_h = epsilon + mean_q_h  # (F17) a_s_hₜ = ε + mean_q_hₜ
        sqrt(a_s_h, s_h_t)  # (F18) s_hₜ = sqrt(a_s_hₜ)
        # (F29) a_iₜ = α_i ⊙ u_iₜ / s_hₜ + γ_i ⊙ v_iₜ / s_xₜ + b_i
        add(alpha_i * u_i_t / s_h_t + gamma_i * v_i_t / s_x_t, b_i, a_i_t)
        sigmoid(a_i_t, i_t)  # (F30) iₜ = σ(a_iₜ)
        # (F31) a_fₜ = α_f ⊙ u_fₜ / s_hₜ + γ_f ⊙ v_fₜ / s_xₜ + b_f
        add(alpha_f * u_f_t / s_h_t + gamma_f * v_f_t / s_x_t, b_f, a_f_t)
        sigmoid(a_f_t, f_t)  # (F32) fₜ = σ(a_fₜ)
        # (F33) a_gₜ = α_g ⊙ u_gₜ / s_hₜ + γ_g ⊙ v_gₜ / s_xₜ + b_g
        add(alpha_g * u_g_t / s_h_t + gamma_g * v_g_t / s_x_t, b_g, a_g_t)
        tanh(a_g_t, g_t)  # (F34) gₜ = tanh(a_gₜ)
        # (F35) a_oₜ = α_o ⊙ u_oₜ / s_hₜ + γ_o ⊙ v_oₜ / s_xₜ + b_o
        add(alpha_o * u_o_t / s_h_t + gamma_o * v_o_t / s_x_t, b_o, a_o_t)
        sigmoid(a_o_t, o_t)  # (F36) oₜ = σ(a_oₜ)
        add(c_prev * f_t, i_t * g_t, c_t)  # (F37) cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
        mean_c = _mean_of(c_t)  # (F38) mean_cₜ = mean(cₜ)
        subtract(c_t, mean_c, u_c_t)  # (F39) u_cₜ = cₜ − mean_cₜ
        q_c = u_c_t**2  # (F40) q_cₜ = u_cₜ²
        mean_q_c = _mean_of(q_c)  # (F41) mean_q_cₜ = mean(q_cₜ)
        a_s_c = epsilon + mean_q_c  # (F42) a_s_cₜ = ε + mean_q_cₜ
        sqrt(a_s_c, s_c_t)  # (F43) s_cₜ = sqrt(a_s_cₜ)
        add(gamma_c * u_c_t / s_c_t, b_c, c_norm_t)  # (F44) c_normₜ = γ_c ⊙ u_cₜ / s_cₜ + b_c
        tanh(c_norm_t, tanh_c_norm_t)  # (F45) tanh_c_normₜ = tanh(c_normₜ)
        multiply(o_t, tanh_c_norm_t, h_t)  # (F46) hₜ = oₜ ⊙ tanh_c_normₜ
        h_prev, c_prev = h_t, c_t
    if precise:
        return h[1:].copy(), State(h[T].copy(), c[T].copy()), PreciseTape(x, h, c, u_i, u_f, u_g, u_o, s_h, v_i, v_f,
            v_g, v_o, s_x, a_i, i, a_f, f, a_g, g, a_o, o, u_c, s_c, c_norm, tanh_c_norm)
    return h[1:].copy(), State(h[T].copy(), c[T].copy()), Tape(x, h, c, u_i, u_f, u_g, u_o, s_h, v_i, v_f, v_g,
        v_o, s_x, i, f, g, o, u_c, s_c, tanh_c_norm)


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
    add, multiply = np.add, np.multiply
    # Sizes, parameters, arrays
    H = params.U_i.shape[0]
    (x, h, c, u_i, u_f, u_g, u_o, s_h, v_i, v_f, v_g, v_o, s_x, i, f, g, o, u_c, s_c, tanh_c_norm) = (tape.x,
        tape.h, tape.c, tape.u_i, tape.u_f, tape.u_g, tape.u_o, tape.s_h, tape.v_i, tape.v_f, tape.v_g, tape.v_o,
        tape.s_x, tape.i, tape.f, tape.g, tape.o, tape.u_c, tape.s_c, tape.tanh_c_norm)
    (gamma_c, alpha_o, alpha_g, alpha_f, alpha_i) = (params.gamma_c, params.alpha_o, params.alpha_g,
        params.alpha_f, params.alpha_i)
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    gamma_o, gamma_g, gamma_f, gamma_i = params.gamma_o, params.gamma_g, params.gamma_f, params.gamma_i
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    d_a_x_i_x_f_x_g_x_o, d_a_h_i_h_f_h_g_h_o = (empty((T, B, 4 * H), dtype) for _ in range(2))
    d_c_norm, d_a_o, d_a_g, d_a_f, d_a_i = (empty((T, B, H), dtype) for _ in range(5))
    d_h_next, d_c_next = dstate.h, dstate.c
    d_h_i, d_h_f, d_h_g, d_h_o = (d_a_h_i_h_f_h_g_h_o[..., k * H : (k + 1) * H] for k in range(4))
    d_x_i, d_x_f, d_x_g, d_x_o = (d_a_x_i_x_f_x_g_x_o[..., k * H : (k + 1) * H] for k in range(4))
    # All steps at once: i, f, g, o, tanh_c_norm -> tanh_c_norm_slope, o_slope, g_slope, f_slope, i_slope
    if isinstance(tape, PreciseTape):
        a_i, a_f, a_g, a_o, c_norm = tape.a_i, tape.a_f, tape.a_g, tape.a_o, tape.c_norm
        tanh_c_norm_slope = _tanh_slope(c_norm)  # (B3) tanh_c_norm′ₜ = tanh′(c_normₜ)
        o_slope = _sigmoid_slope(a_o)  # (B16) o′ₜ = σ′(a_oₜ)
        g_slope = _tanh_slope(a_g)  # (B22) g′ₜ = tanh′(a_gₜ)
        f_slope = _sigmoid_slope(a_f)  # (B28) f′ₜ = σ′(a_fₜ)
        i_slope = _sigmoid_slope(a_i)  # (B34) i′ₜ = σ′(a_iₜ)
    else:
        tanh_c_norm_slope = 1 - tanh_c_norm**2  # (B3) tanh_c_norm′ₜ = 1 − tanh_c_normₜ²
        o_slope = o * (1 - o)  # (B16) o′ₜ = oₜ ⊙ (1 − oₜ)
        g_slope = 1 - g**2  # (B22) g′ₜ = 1 − gₜ²
        f_slope = f * (1 - f)  # (B28) f′ₜ = fₜ ⊙ (1 − fₜ)
        i_slope = i * (1 - i)  # (B34) i′ₜ = iₜ ⊙ (1 − iₜ)
    # Step by step, backwards: c, u_i, u_f, u_g, u_o, s_h, i, f, g, o, u_c, s_c, tanh_c_norm, gamma_c, alpha_o,
    # alpha_g, alpha_f, alpha_i, U, d_a_h_i_h_f_h_g_h_o, d_c_norm, d_a_o, d_a_g, d_a_f, d_a_i, d_h_next, d_c_next,
    # tanh_c_norm_slope, o_slope, g_slope, f_slope, i_slope -> d_c_norm, d_a_o, d_a_g, d_a_f, d_a_i,
    # d_a_h_i_h_f_h_g_h_o
    for (dy_t, o_t, tanh_c_norm_slope_t, d_c_norm_t, s_c_t, u_c_t, tanh_c_norm_t, o_slope_t, d_a_o_t, i_t,
            g_slope_t, d_a_g_t, c_prev, f_slope_t, d_a_f_t, g_t, i_slope_t, d_a_i_t, s_h_t, u_o_t, u_g_t, u_f_t,
            u_i_t, d_h_o_t, d_h_g_t, d_h_f_t, d_h_i_t, d_a_h_i_h_f_h_g_h_o_t, f_t) in zip(dy[::-1], o[::-1],
            tanh_c_norm_slope[::-1], d_c_norm[::-1], s_c[::-1], u_c[::-1], tanh_c_norm[::-1], o_slope[::-1],
            d_a_o[::-1], i[::-1], g_slope[::-1], d_a_g[::-1], c[:-1][::-1], f_slope[::-1], d_a_f[::-1], g[::-1],
            i_slope[::-1], d_a_i[::-1], s_h[::-1], u_o[::-1], u_g[::-1], u_f[::-1], u_i[::-1], d_h_o[::-1],
            d_h_g[::-1], d_h_f[::-1], d_h_i[::-1], d_a_h_i_h_f_h_g_h_o[::-1], f[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_tanh_c_norm = d_h * o_t  # (B2) δtanh_c_normₜ = δhₜ ⊙ oₜ
        multiply(d_tanh_c_norm, tanh_c_norm_slope_t, d_c_norm_t)  # (B4) δc_normₜ = δtanh_c_normₜ ⊙ tanh_c_norm′ₜ
        d_s_c = -d_c_norm_t * u_c_t * gamma_c / s_c_t**2  # (B7) δs_cₜ = −δc_normₜ ⊙ u_cₜ ⊙ γ_c / s_cₜ²
        d_a_s_c = 0.5 * d_s_c / s_c_t  # (B8) δa_s_cₜ = 0.5 δs_cₜ / s_cₜ
        d_mean_q_c = d_a_s_c  # (B9) δmean_q_cₜ = δa_s_cₜ
        d_q_c = _mean_of(d_mean_q_c)  # (B10) δq_cₜ = mean(δmean_q_cₜ)
        d_u_c = d_c_norm_t * gamma_c / s_c_t + 2 * d_q_c * u_c_t  # (B11) δu_cₜ = δc_normₜ ⊙ γ_c / s_cₜ + 2 δq_cₜ ⊙ u_cₜ
        d_mean_c = -d_u_c  # (B12) δmean_cₜ = −δu_cₜ
        d_c_direct = d_c_next + d_u_c  # (B13) δc°ₜ = δc⁺ₜ + δu_cₜ
        # (B14) δcₜ = mean(δmean_cₜ) + δc°ₜ
        d_c = _mean_of(d_mean_c)
        d_c += d_c_direct
        d_o = d_h * tanh_c_norm_t  # (B15) δoₜ = δhₜ ⊙ tanh_c_normₜ
        multiply(d_o, o_slope_t, d_a_o_t)  # (B17) δa_oₜ = δoₜ ⊙ o′ₜ
        d_g = d_c * i_t  # (B21) δgₜ = δcₜ ⊙ iₜ
        multiply(d_g, g_slope_t, d_a_g_t)  # (B23) δa_gₜ = δgₜ ⊙ g′ₜ
        d_f = d_c * c_prev  # (B27) δfₜ = δcₜ ⊙ cₜ₋₁
        multiply(d_f, f_slope_t, d_a_f_t)  # (B29) δa_fₜ = δfₜ ⊙ f′ₜ
        d_i = d_c * g_t  # (B33) δiₜ = δcₜ ⊙ gₜ
        multiply(d_i, i_slope_t, d_a_i_t)  # (B35) δa_iₜ = δiₜ ⊙ i′ₜ
        # (B49) δs_hₜ = −δa_oₜ ⊙ u_oₜ ⊙ α_o / s_hₜ² − δa_gₜ ⊙ u_gₜ ⊙ α_g / s_hₜ² − δa_fₜ ⊙ u_fₜ ⊙ α_f / s_hₜ² − δa_iₜ ⊙
        # u_iₜ ⊙ α_i / s_hₜ²
        d_s_h = (-d_a_o_t * u_o_t * alpha_o / s_h_t**2 - d_a_g_t * u_g_t * alpha_g / s_h_t**2 - d_a_f_t * u_f_t
            * alpha_f / s_h_t**2 - d_a_i_t * u_i_t * alpha_i / s_h_t**2)
        d_a_s_h = 0.5 * d_s_h / s_h_t  # (B50) δa_s_hₜ = 0.5 δs_hₜ / s_hₜ
        d_mean_q_h = d_a_s_h  # (B51) δmean_q_hₜ = δa_s_hₜ
        d_q_h = _mean_of(d_mean_q_h)  # (B52) δq_hₜ = mean(δmean_q_hₜ)
        d_u_o = d_a_o_t * alpha_o / s_h_t + 0.5 * d_q_h * u_o_t  # (B53) δu_oₜ = δa_oₜ ⊙ α_o / s_hₜ + 0.5 δq_hₜ ⊙ u_oₜ
        d_u_g = d_a_g_t * alpha_g / s_h_t + 0.5 * d_q_h * u_g_t  # (B54) δu_gₜ = δa_gₜ ⊙ α_g / s_hₜ + 0.5 δq_hₜ ⊙ u_gₜ
        d_u_f = d_a_f_t * alpha_f / s_h_t + 0.5 * d_q_h * u_f_t  # (B55) δu_fₜ = δa_fₜ ⊙ α_f / s_hₜ + 0.5 δq_hₜ ⊙ u_fₜ
        d_u_i = d_a_i_t * alpha_i / s_h_t + 0.5 * d_q_h * u_i_t  # (B56) δu_iₜ = δa_iₜ ⊙ α_i / s_hₜ + 0.5 δq_hₜ ⊙ u_iₜ
        d_mu_h = -d_u_o - d_u_g - d_u_f - d_u_i  # (B57) δμ_hₜ = −δu_oₜ − δu_gₜ − δu_fₜ − δu_iₜ
        d_m_h = _mean_of(d_mu_h)  # (B58) δm_hₜ = mean(δμ_hₜ)
        add(d_u_o, 0.25 * d_m_h, d_h_o_t)  # (B63) δh_oₜ = δu_oₜ + 0.25 δm_hₜ
        add(d_u_g, 0.25 * d_m_h, d_h_g_t)  # (B64) δh_gₜ = δu_gₜ + 0.25 δm_hₜ
        add(d_u_f, 0.25 * d_m_h, d_h_f_t)  # (B65) δh_fₜ = δu_fₜ + 0.25 δm_hₜ
        add(d_u_i, 0.25 * d_m_h, d_h_i_t)  # (B66) δh_iₜ = δu_iₜ + 0.25 δm_hₜ
        d_h_prev = d_a_h_i_h_f_h_g_h_o_t.dot(U)  # (B67) δh⁺ₜ₋₁ = U_oᵀ δh_oₜ + U_gᵀ δh_gₜ + U_fᵀ δh_fₜ + U_iᵀ δh_iₜ
        d_c_prev = d_c * f_t  # (B68) δc⁺ₜ₋₁ = δcₜ ⊙ fₜ
        d_h_next, d_c_next = d_h_prev, d_c_prev
    # All steps at once: x, h, u_i, u_f, u_g, u_o, s_h, v_i, v_f, v_g, v_o, s_x, u_c, s_c, gamma_o, gamma_g,
    # gamma_f, gamma_i, W, d_a_x_i_x_f_x_g_x_o, d_a_h_i_h_f_h_g_h_o, d_c_norm, d_a_o, d_a_g, d_a_f, d_a_i -> d_x,
    # d_U, d_W, d_alpha_i, d_gamma_i, d_b_i, d_alpha_f, d_gamma_f, d_b_f, d_alpha_g, d_gamma_g, d_b_g, d_alpha_o,
    # d_gamma_o, d_b_o, d_gamma_c, d_b_c
    d_gamma_c_by_c_norm = d_c_norm * u_c / s_c  # (B5) δγ_c_by_c_normₜ = δc_normₜ ⊙ u_cₜ / s_cₜ
    d_b_c_by_c_norm = d_c_norm  # (B6) δb_c_by_c_normₜ = δc_normₜ
    d_alpha_o_by_a_o = d_a_o * u_o / s_h  # (B18) δα_o_by_a_oₜ = δa_oₜ ⊙ u_oₜ / s_hₜ
    d_gamma_o_by_a_o = d_a_o * v_o / s_x  # (B19) δγ_o_by_a_oₜ = δa_oₜ ⊙ v_oₜ / s_xₜ
    d_b_o_by_a_o = d_a_o  # (B20) δb_o_by_a_oₜ = δa_oₜ
    d_alpha_g_by_a_g = d_a_g * u_g / s_h  # (B24) δα_g_by_a_gₜ = δa_gₜ ⊙ u_gₜ / s_hₜ
    d_gamma_g_by_a_g = d_a_g * v_g / s_x  # (B25) δγ_g_by_a_gₜ = δa_gₜ ⊙ v_gₜ / s_xₜ
    d_b_g_by_a_g = d_a_g  # (B26) δb_g_by_a_gₜ = δa_gₜ
    d_alpha_f_by_a_f = d_a_f * u_f / s_h  # (B30) δα_f_by_a_fₜ = δa_fₜ ⊙ u_fₜ / s_hₜ
    d_gamma_f_by_a_f = d_a_f * v_f / s_x  # (B31) δγ_f_by_a_fₜ = δa_fₜ ⊙ v_fₜ / s_xₜ
    d_b_f_by_a_f = d_a_f  # (B32) δb_f_by_a_fₜ = δa_fₜ
    d_alpha_i_by_a_i = d_a_i * u_i / s_h  # (B36) δα_i_by_a_iₜ = δa_iₜ ⊙ u_iₜ / s_hₜ
    d_gamma_i_by_a_i = d_a_i * v_i / s_x  # (B37) δγ_i_by_a_iₜ = δa_iₜ ⊙ v_iₜ / s_xₜ
    d_b_i_by_a_i = d_a_i  # (B38) δb_i_by_a_iₜ = δa_iₜ
    # (B39) δs_xₜ = −δa_oₜ ⊙ v_oₜ ⊙ γ_o / s_xₜ² − δa_gₜ ⊙ v_gₜ ⊙ γ_g / s_xₜ² − δa_fₜ ⊙ v_fₜ ⊙ γ_f / s_xₜ² − δa_iₜ ⊙
    # v_iₜ ⊙ γ_i / s_xₜ²
    d_s_x = (-d_a_o * v_o * gamma_o / s_x**2 - d_a_g * v_g * gamma_g / s_x**2 - d_a_f * v_f * gamma_f / s_x**2
        - d_a_i * v_i * gamma_i / s_x**2)
    d_a_s_x = 0.5 * d_s_x / s_x  # (B40) δa_s_xₜ = 0.5 δs_xₜ / s_xₜ
    d_mean_q_x = d_a_s_x  # (B41) δmean_q_xₜ = δa_s_xₜ
    d_q_x = _mean_of(d_mean_q_x)  # (B42) δq_xₜ = mean(δmean_q_xₜ)
    d_v_o = d_a_o * gamma_o / s_x + 0.5 * d_q_x * v_o  # (B43) δv_oₜ = δa_oₜ ⊙ γ_o / s_xₜ + 0.5 δq_xₜ ⊙ v_oₜ
    d_v_g = d_a_g * gamma_g / s_x + 0.5 * d_q_x * v_g  # (B44) δv_gₜ = δa_gₜ ⊙ γ_g / s_xₜ + 0.5 δq_xₜ ⊙ v_gₜ
    d_v_f = d_a_f * gamma_f / s_x + 0.5 * d_q_x * v_f  # (B45) δv_fₜ = δa_fₜ ⊙ γ_f / s_xₜ + 0.5 δq_xₜ ⊙ v_fₜ
    d_v_i = d_a_i * gamma_i / s_x + 0.5 * d_q_x * v_i  # (B46) δv_iₜ = δa_iₜ ⊙ γ_i / s_xₜ + 0.5 δq_xₜ ⊙ v_iₜ
    d_mu_x = -d_v_o - d_v_g - d_v_f - d_v_i  # (B47) δμ_xₜ = −δv_oₜ − δv_gₜ − δv_fₜ − δv_iₜ
    d_m_x = _mean_of(d_mu_x)  # (B48) δm_xₜ = mean(δμ_xₜ)
    # (B59) δx_oₜ = δv_oₜ + 0.25 δm_xₜ
    np.multiply(0.25, d_m_x, out=d_x_o)
    np.add(d_v_o, d_x_o, out=d_x_o)
    # (B60) δx_gₜ = δv_gₜ + 0.25 δm_xₜ
    np.multiply(0.25, d_m_x, out=d_x_g)
    np.add(d_v_g, d_x_g, out=d_x_g)
    # (B61) δx_fₜ = δv_fₜ + 0.25 δm_xₜ
    np.multiply(0.25, d_m_x, out=d_x_f)
    np.add(d_v_f, d_x_f, out=d_x_f)
    # (B62) δx_iₜ = δv_iₜ + 0.25 δm_xₜ
    np.multiply(0.25, d_m_x, out=d_x_i)
    np.add(d_v_i, d_x_i, out=d_x_i)
    d_x = _times(d_a_x_i_x_f_x_g_x_o, W)  # (B69) δxₜ = W_oᵀ δx_oₜ + W_gᵀ δx_gₜ + W_fᵀ δx_fₜ + W_iᵀ δx_iₜ
    # (B70) δU_i = Σₜ δh_iₜ hₜ₋₁ᵀ; (B71) δU_f = Σₜ δh_fₜ hₜ₋₁ᵀ; (B72) δU_g = Σₜ δh_gₜ hₜ₋₁ᵀ; (B73) δU_o = Σₜ δh_oₜ
    # hₜ₋₁ᵀ
    d_U = _outer(d_a_h_i_h_f_h_g_h_o, h[:-1])
    d_U_i, d_U_f, d_U_g, d_U_o = (d_U[k * H : (k + 1) * H] for k in range(4))
    # (B74) δW_i = Σₜ δx_iₜ xₜᵀ; (B75) δW_f = Σₜ δx_fₜ xₜᵀ; (B76) δW_g = Σₜ δx_gₜ xₜᵀ; (B77) δW_o = Σₜ δx_oₜ xₜᵀ
    d_W = _outer(d_a_x_i_x_f_x_g_x_o, x)
    d_W_i, d_W_f, d_W_g, d_W_o = (d_W[k * H : (k + 1) * H] for k in range(4))
    d_alpha_i = _over_time(d_alpha_i_by_a_i)  # (B78) δα_i = Σₜ δα_i_by_a_iₜ
    d_gamma_i = _over_time(d_gamma_i_by_a_i)  # (B79) δγ_i = Σₜ δγ_i_by_a_iₜ
    d_b_i = _over_time(d_b_i_by_a_i)  # (B80) δb_i = Σₜ δb_i_by_a_iₜ
    d_alpha_f = _over_time(d_alpha_f_by_a_f)  # (B81) δα_f = Σₜ δα_f_by_a_fₜ
    d_gamma_f = _over_time(d_gamma_f_by_a_f)  # (B82) δγ_f = Σₜ δγ_f_by_a_fₜ
    d_b_f = _over_time(d_b_f_by_a_f)  # (B83) δb_f = Σₜ δb_f_by_a_fₜ
    d_alpha_g = _over_time(d_alpha_g_by_a_g)  # (B84) δα_g = Σₜ δα_g_by_a_gₜ
    d_gamma_g = _over_time(d_gamma_g_by_a_g)  # (B85) δγ_g = Σₜ δγ_g_by_a_gₜ
    d_b_g = _over_time(d_b_g_by_a_g)  # (B86) δb_g = Σₜ δb_g_by_a_gₜ
    d_alpha_o = _over_time(d_alpha_o_by_a_o)  # (B87) δα_o = Σₜ δα_o_by_a_oₜ
    d_gamma_o = _over_time(d_gamma_o_by_a_o)  # (B88) δγ_o = Σₜ δγ_o_by_a_oₜ
    d_b_o = _over_time(d_b_o_by_a_o)  # (B89) δb_o = Σₜ δb_o_by_a_oₜ
    d_gamma_c = _over_time(d_gamma_c_by_c_norm)  # (B90) δγ_c = Σₜ δγ_c_by_c_normₜ
    d_b_c = _over_time(d_b_c_by_c_norm)  # (B91) δb_c = Σₜ δb_c_by_c_normₜ
    return Grads(d_x, Params(d_U_i, d_U_f, d_U_g, d_U_o, d_W_i, d_W_f, d_W_g, d_W_o, d_alpha_i, d_gamma_i, d_b_i,
        d_alpha_f, d_gamma_f, d_b_f, d_alpha_g, d_gamma_g, d_b_g, d_alpha_o, d_gamma_o, d_b_o, d_gamma_c, d_b_c),
        State(d_h_next.copy(), d_c_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    tanh, sqrt = np.tanh, np.sqrt
    x = x_t
    h_prev, c_prev = state
    (U_i, U_f, U_g, U_o, W_i, W_f, W_g, W_o) = (params.U_i, params.U_f, params.U_g, params.U_o, params.W_i,
        params.W_f, params.W_g, params.W_o)
    epsilon = 1e-05
    (alpha_i, gamma_i, b_i, alpha_f, gamma_f, b_f, alpha_g, gamma_g, b_g, alpha_o, gamma_o, b_o, gamma_c,
        b_c) = (params.alpha_i, params.gamma_i, params.b_i, params.alpha_f, params.gamma_f, params.b_f,
        params.alpha_g, params.gamma_g, params.b_g, params.alpha_o, params.gamma_o, params.b_o, params.gamma_c,
        params.b_c)
    h_i = h_prev @ U_i.T  # (F1) h_iₜ = U_i hₜ₋₁
    h_f = h_prev @ U_f.T  # (F2) h_fₜ = U_f hₜ₋₁
    h_g = h_prev @ U_g.T  # (F3) h_gₜ = U_g hₜ₋₁
    h_o = h_prev @ U_o.T  # (F4) h_oₜ = U_o hₜ₋₁
    x_i = x @ W_i.T  # (F5) x_iₜ = W_i xₜ
    x_f = x @ W_f.T  # (F6) x_fₜ = W_f xₜ
    x_g = x @ W_g.T  # (F7) x_gₜ = W_g xₜ
    x_o = x @ W_o.T  # (F8) x_oₜ = W_o xₜ
    # (F9) m_hₜ = 0.25 h_iₜ + 0.25 h_fₜ + 0.25 h_gₜ + 0.25 h_oₜ
    m_h = 0.25 * h_i + 0.25 * h_f + 0.25 * h_g + 0.25 * h_o
    mu_h = _mean_of(m_h)  # (F10) μ_hₜ = mean(m_hₜ)
    u_i = h_i - mu_h  # (F11) u_iₜ = h_iₜ − μ_hₜ
    u_f = h_f - mu_h  # (F12) u_fₜ = h_fₜ − μ_hₜ
    u_g = h_g - mu_h  # (F13) u_gₜ = h_gₜ − μ_hₜ
    u_o = h_o - mu_h  # (F14) u_oₜ = h_oₜ − μ_hₜ
    # (F15) q_hₜ = 0.25 u_iₜ² + 0.25 u_fₜ² + 0.25 u_gₜ² + 0.25 u_oₜ²
    q_h = 0.25 * u_i**2 + 0.25 * u_f**2 + 0.25 * u_g**2 + 0.25 * u_o**2
    mean_q_h = _mean_of(q_h)  # (F16) mean_q_hₜ = mean(q_hₜ)
    a_s_h = epsilon + mean_q_h  # (F17) a_s_hₜ = ε + mean_q_hₜ
    s_h = np.sqrt(a_s_h)  # (F18) s_hₜ = sqrt(a_s_hₜ)
    # (F19) m_xₜ = 0.25 x_iₜ + 0.25 x_fₜ + 0.25 x_gₜ + 0.25 x_oₜ
    m_x = 0.25 * x_i + 0.25 * x_f + 0.25 * x_g + 0.25 * x_o
    mu_x = _mean_of(m_x)  # (F20) μ_xₜ = mean(m_xₜ)
    v_i = x_i - mu_x  # (F21) v_iₜ = x_iₜ − μ_xₜ
    v_f = x_f - mu_x  # (F22) v_fₜ = x_fₜ − μ_xₜ
    v_g = x_g - mu_x  # (F23) v_gₜ = x_gₜ − μ_xₜ
    v_o = x_o - mu_x  # (F24) v_oₜ = x_oₜ − μ_xₜ
    # (F25) q_xₜ = 0.25 v_iₜ² + 0.25 v_fₜ² + 0.25 v_gₜ² + 0.25 v_oₜ²
    q_x = 0.25 * v_i**2 + 0.25 * v_f**2 + 0.25 * v_g**2 + 0.25 * v_o**2
    mean_q_x = _mean_of(q_x)  # (F26) mean_q_xₜ = mean(q_xₜ)
    a_s_x = epsilon + mean_q_x  # (F27) a_s_xₜ = ε + mean_q_xₜ
    s_x = np.sqrt(a_s_x)  # (F28) s_xₜ = sqrt(a_s_xₜ)
    # (F29) a_iₜ = α_i ⊙ u_iₜ / s_hₜ + γ_i ⊙ v_iₜ / s_xₜ + b_i
    a_i = alpha_i * u_i / s_h + gamma_i * v_i / s_x + b_i
    i = _sigmoid(a_i)  # (F30) iₜ = σ(a_iₜ)
    # (F31) a_fₜ = α_f ⊙ u_fₜ / s_hₜ + γ_f ⊙ v_fₜ / s_xₜ + b_f
    a_f = alpha_f * u_f / s_h + gamma_f * v_f / s_x + b_f
    f = _sigmoid(a_f)  # (F32) fₜ = σ(a_fₜ)
    # (F33) a_gₜ = α_g ⊙ u_gₜ / s_hₜ + γ_g ⊙ v_gₜ / s_xₜ + b_g
    a_g = alpha_g * u_g / s_h + gamma_g * v_g / s_x + b_g
    g = np.tanh(a_g)  # (F34) gₜ = tanh(a_gₜ)
    # (F35) a_oₜ = α_o ⊙ u_oₜ / s_hₜ + γ_o ⊙ v_oₜ / s_xₜ + b_o
    a_o = alpha_o * u_o / s_h + gamma_o * v_o / s_x + b_o
    o = _sigmoid(a_o)  # (F36) oₜ = σ(a_oₜ)
    c = c_prev * f + i * g  # (F37) cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
    mean_c = _mean_of(c)  # (F38) mean_cₜ = mean(cₜ)
    u_c = c - mean_c  # (F39) u_cₜ = cₜ − mean_cₜ
    q_c = u_c**2  # (F40) q_cₜ = u_cₜ²
    mean_q_c = _mean_of(q_c)  # (F41) mean_q_cₜ = mean(q_cₜ)
    a_s_c = epsilon + mean_q_c  # (F42) a_s_cₜ = ε + mean_q_cₜ
    s_c = np.sqrt(a_s_c)  # (F43) s_cₜ = sqrt(a_s_cₜ)
    c_norm = gamma_c * u_c / s_c + b_c  # (F44) c_normₜ = γ_c ⊙ u_cₜ / s_cₜ + b_c
    tanh_c_norm = np.tanh(c_norm)  # (F45) tanh_c_normₜ = tanh(c_normₜ)
    h = o * tanh_c_norm  # (F46) hₜ = oₜ ⊙ tanh_c_normₜ
    return h, State(h, c)


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
    tanh, sqrt = np.tanh, np.sqrt
    H = params.U_i.shape[0]
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_T = np.ascontiguousarray(U.T)
    epsilon = 1e-05
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    W_T = np.ascontiguousarray(W.T)
    (alpha_i, gamma_i, b_i, alpha_f, gamma_f, b_f, alpha_g, gamma_g, b_g, alpha_o, gamma_o, b_o, gamma_c,
        b_c) = (params.alpha_i, params.gamma_i, params.b_i, params.alpha_f, params.gamma_f, params.b_f,
        params.alpha_g, params.gamma_g, params.b_g, params.alpha_o, params.gamma_o, params.b_o, params.gamma_c,
        params.b_c)
    a_h_i_h_f_h_g_h_o, a_x_i_x_f_x_g_x_o = (np.empty((B, 4 * H), dtype) for _ in range(2))
    h_i, h_f, h_g, h_o = (a_h_i_h_f_h_g_h_o[..., k * H : (k + 1) * H] for k in range(4))
    x_i, x_f, x_g, x_o = (a_x_i_x_f_x_g_x_o[..., k * H : (k + 1) * H] for k in range(4))

    def advance(x_t: Array, state: State) -> tuple[Array, State]:
        """One step."""
        nonlocal a_h_i_h_f_h_g_h_o, a_x_i_x_f_x_g_x_o
        x = x_t
        h_prev, c_prev = state
        # (F1) h_iₜ = U_i hₜ₋₁; (F2) h_fₜ = U_f hₜ₋₁; (F3) h_gₜ = U_g hₜ₋₁; (F4) h_oₜ = U_o hₜ₋₁
        h_prev.dot(U_T, a_h_i_h_f_h_g_h_o)
        # (F9) m_hₜ = 0.25 h_iₜ + 0.25 h_fₜ + 0.25 h_gₜ + 0.25 h_oₜ
        m_h = 0.25 * h_i + 0.25 * h_f + 0.25 * h_g + 0.25 * h_o
        mu_h = _mean_of(m_h)  # (F10) μ_hₜ = mean(m_hₜ)
        u_i = h_i - mu_h  # (F11) u_iₜ = h_iₜ − μ_hₜ
        u_f = h_f - mu_h  # (F12) u_fₜ = h_fₜ − μ_hₜ
        u_g = h_g - mu_h  # (F13) u_gₜ = h_gₜ − μ_hₜ
        u_o = h_o - mu_h  # (F14) u_oₜ = h_oₜ − μ_hₜ
        # (F15) q_hₜ = 0.25 u_iₜ² + 0.25 u_fₜ² + 0.25 u_gₜ² + 0.25 u_oₜ²
        q_h = 0.25 * u_i**2 + 0.25 * u_f**2 + 0.25 * u_g**2 + 0.25 * u_o**2
        mean_q_h = _mean_of(q_h)  # (F16) mean_q_hₜ = mean(q_hₜ)
        a_s_h = epsilon + mean_q_h  # (F17) a_s_hₜ = ε + mean_q_hₜ
        s_h = sqrt(a_s_h)  # (F18) s_hₜ = sqrt(a_s_hₜ)
        x.dot(W_T, a_x_i_x_f_x_g_x_o)  # (F5) x_iₜ = W_i xₜ; (F6) x_fₜ = W_f xₜ; (F7) x_gₜ = W_g xₜ; (F8) x_oₜ = W_o xₜ
        # (F19) m_xₜ = 0.25 x_iₜ + 0.25 x_fₜ + 0.25 x_gₜ + 0.25 x_oₜ
        m_x = 0.25 * x_i + 0.25 * x_f + 0.25 * x_g + 0.25 * x_o
        mu_x = _mean_of(m_x)  # (F20) μ_xₜ = mean(m_xₜ)
        v_i = x_i - mu_x  # (F21) v_iₜ = x_iₜ − μ_xₜ
        v_f = x_f - mu_x  # (F22) v_fₜ = x_fₜ − μ_xₜ
        v_g = x_g - mu_x  # (F23) v_gₜ = x_gₜ − μ_xₜ
        v_o = x_o - mu_x  # (F24) v_oₜ = x_oₜ − μ_xₜ
        # (F25) q_xₜ = 0.25 v_iₜ² + 0.25 v_fₜ² + 0.25 v_gₜ² + 0.25 v_oₜ²
        q_x = 0.25 * v_i**2 + 0.25 * v_f**2 + 0.25 * v_g**2 + 0.25 * v_o**2
        mean_q_x = _mean_of(q_x)  # (F26) mean_q_xₜ = mean(q_xₜ)
        a_s_x = epsilon + mean_q_x  # (F27) a_s_xₜ = ε + mean_q_xₜ
        s_x = sqrt(a_s_x)  # (F28) s_xₜ = sqrt(a_s_xₜ)
        # (F29) a_iₜ = α_i ⊙ u_iₜ / s_hₜ + γ_i ⊙ v_iₜ / s_xₜ + b_i
        a_i = alpha_i * u_i / s_h + gamma_i * v_i / s_x + b_i
        i = _sigmoid(a_i)  # (F30) iₜ = σ(a_iₜ)
        # (F31) a_fₜ = α_f ⊙ u_fₜ / s_hₜ + γ_f ⊙ v_fₜ / s_xₜ + b_f
        a_f = alpha_f * u_f / s_h + gamma_f * v_f / s_x + b_f
        f = _sigmoid(a_f)  # (F32) fₜ = σ(a_fₜ)
        # (F33) a_gₜ = α_g ⊙ u_gₜ / s_hₜ + γ_g ⊙ v_gₜ / s_xₜ + b_g
        a_g = alpha_g * u_g / s_h + gamma_g * v_g / s_x + b_g
        g = tanh(a_g)  # (F34) gₜ = tanh(a_gₜ)
        # (F35) a_oₜ = α_o ⊙ u_oₜ / s_hₜ + γ_o ⊙ v_oₜ / s_xₜ + b_o
        a_o = alpha_o * u_o / s_h + gamma_o * v_o / s_x + b_o
        o = _sigmoid(a_o)  # (F36) oₜ = σ(a_oₜ)
        c = c_prev * f + i * g  # (F37) cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
        mean_c = _mean_of(c)  # (F38) mean_cₜ = mean(cₜ)
        u_c = c - mean_c  # (F39) u_cₜ = cₜ − mean_cₜ
        q_c = u_c**2  # (F40) q_cₜ = u_cₜ²
        mean_q_c = _mean_of(q_c)  # (F41) mean_q_cₜ = mean(q_cₜ)
        a_s_c = epsilon + mean_q_c  # (F42) a_s_cₜ = ε + mean_q_cₜ
        s_c = sqrt(a_s_c)  # (F43) s_cₜ = sqrt(a_s_cₜ)
        c_norm = gamma_c * u_c / s_c + b_c  # (F44) c_normₜ = γ_c ⊙ u_cₜ / s_cₜ + b_c
        tanh_c_norm = tanh(c_norm)  # (F45) tanh_c_normₜ = tanh(c_normₜ)
        h = o * tanh_c_norm  # (F46) hₜ = oₜ ⊙ tanh_c_normₜ
        return h, State(h, c)

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
    # d mu_h[t] / d h[t-1]
    d_mu_h_d_h_prev = np.zeros((*lead, H, H), dtype)
    np.multiply((0.25), np.full((H, H), 1 / H, dtype) @ (params.U_i), out=d_mu_h_d_h_prev)
    d_mu_h_d_h_prev += (0.25) * np.full((H, H), 1 / H, dtype) @ (params.U_f)
    d_mu_h_d_h_prev += (0.25) * np.full((H, H), 1 / H, dtype) @ (params.U_g)
    d_mu_h_d_h_prev += (0.25) * np.full((H, H), 1 / H, dtype) @ (params.U_o)
    # d s_h[t] / d h[t-1]
    d_s_h_d_h_prev = np.zeros((*lead, H, H), dtype)
    np.multiply((0.5 / v.s_h)[..., :, None], np.full((H, H), 1 / H, dtype)
        @ ((0.5 * v.u_i)[..., :, None] * params.U_i), out=d_s_h_d_h_prev)
    d_s_h_d_h_prev += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((-0.5 * v.u_i - 0.5 * v.u_f - 0.5 * v.u_g - 0.5 * v.u_o)[..., :, None] * d_mu_h_d_h_prev)
    d_s_h_d_h_prev += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((0.5 * v.u_f)[..., :, None]
        * params.U_f)
    d_s_h_d_h_prev += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((0.5 * v.u_g)[..., :, None]
        * params.U_g)
    d_s_h_d_h_prev += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((0.5 * v.u_o)[..., :, None]
        * params.U_o)
    # d c[t] / d h[t-1]
    _weighted(out[..., at.c, at.h], [(v.c_prev * params.alpha_f * v.f_slope / v.s_h, params.U_f),
        (params.alpha_i * v.g * v.i_slope / v.s_h, params.U_i),
        (params.alpha_g * v.i * v.g_slope / v.s_h, params.U_g)])
    out[..., at.c, at.h] += (-v.c_prev * params.alpha_f * v.f_slope / v.s_h - params.alpha_i * v.g * v.i_slope
        / v.s_h - params.alpha_g * v.i * v.g_slope / v.s_h)[..., :, None] * d_mu_h_d_h_prev
    out[..., at.c, at.h] += (-v.c_prev * params.alpha_f * v.u_f * v.f_slope / v.s_h**2 - params.alpha_i * v.u_i
        * v.g * v.i_slope / v.s_h**2 - params.alpha_g * v.u_g * v.i * v.g_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev
    _diagonal(out[..., at.c, at.c])[...] += v.f  # d c[t] / d c[t-1]
    # d h[t] / d h[t-1]
    _weighted(out[..., at.h, at.h], [(params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h, params.U_o)])
    out[..., at.h, at.h] += (-params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h)[..., :, None] * d_mu_h_d_h_prev
    out[..., at.h, at.h] += (-params.alpha_o * v.u_o * v.tanh_c_norm * v.o_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev
    out[..., at.h, at.h] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * out[..., at.c, at.h]
    del d_mu_h_d_h_prev, d_s_h_d_h_prev
    # d h[t] / d c[t-1]
    _diagonal(out[..., at.h, at.c])[...] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c) * (_diagonal(out[..., at.c, at.c]))
    # d h[t] / d c[t], and on
    out[..., at.h, at.h.start : at.c.stop] += (-params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (out[..., at.c, at.h.start : at.c.stop])
    # d h[t] / d c[t], and on
    out[..., at.h, at.h.start : at.c.stop] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((2 * v.u_c)[..., :, None]
        * out[..., at.c, at.h.start : at.c.stop])
    # d h[t] / d c[t], and on
    out[..., at.h, at.h.start : at.c.stop] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (out[..., at.c, at.h.start : at.c.stop]))
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, D), of several steps (n, B, S, D); S sums the state sizes. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    D, H = sizes["D"], sizes["H"]
    out = np.zeros((*lead, at[-1].stop, sizes["D"]), dtype)
    # d mu_x[t] / d x[t]
    d_mu_x_d_x = np.zeros((*lead, H, D), dtype)
    np.multiply((0.25), np.full((H, H), 1 / H, dtype) @ (params.W_i), out=d_mu_x_d_x)
    d_mu_x_d_x += (0.25) * np.full((H, H), 1 / H, dtype) @ (params.W_f)
    d_mu_x_d_x += (0.25) * np.full((H, H), 1 / H, dtype) @ (params.W_g)
    d_mu_x_d_x += (0.25) * np.full((H, H), 1 / H, dtype) @ (params.W_o)
    # d s_x[t] / d x[t]
    d_s_x_d_x = np.zeros((*lead, H, D), dtype)
    np.multiply((0.5 / v.s_x)[..., :, None], np.full((H, H), 1 / H, dtype)
        @ ((0.5 * v.v_i)[..., :, None] * params.W_i), out=d_s_x_d_x)
    d_s_x_d_x += (0.5 / v.s_x)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((-0.5 * v.v_i - 0.5 * v.v_f - 0.5 * v.v_g - 0.5 * v.v_o)[..., :, None] * d_mu_x_d_x)
    d_s_x_d_x += (0.5 / v.s_x)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((0.5 * v.v_f)[..., :, None]
        * params.W_f)
    d_s_x_d_x += (0.5 / v.s_x)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((0.5 * v.v_g)[..., :, None]
        * params.W_g)
    d_s_x_d_x += (0.5 / v.s_x)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((0.5 * v.v_o)[..., :, None]
        * params.W_o)
    # d c[t] / d x[t]
    _weighted(out[..., at.c, :], [(v.c_prev * params.gamma_f * v.f_slope / v.s_x, params.W_f),
        (params.gamma_i * v.g * v.i_slope / v.s_x, params.W_i),
        (params.gamma_g * v.i * v.g_slope / v.s_x, params.W_g)])
    out[..., at.c, :] += (-v.c_prev * params.gamma_f * v.f_slope / v.s_x - params.gamma_i * v.g * v.i_slope / v.s_x
        - params.gamma_g * v.i * v.g_slope / v.s_x)[..., :, None] * d_mu_x_d_x
    out[..., at.c, :] += (-v.c_prev * params.gamma_f * v.v_f * v.f_slope / v.s_x**2 - params.gamma_i * v.v_i * v.g
        * v.i_slope / v.s_x**2 - params.gamma_g * v.v_g * v.i * v.g_slope / v.s_x**2)[..., :, None] * d_s_x_d_x
    # d h[t] / d x[t]
    _weighted(out[..., at.h, :], [(params.gamma_o * v.tanh_c_norm * v.o_slope / v.s_x, params.W_o)])
    out[..., at.h, :] += (-params.gamma_o * v.tanh_c_norm * v.o_slope / v.s_x)[..., :, None] * d_mu_x_d_x
    out[..., at.h, :] += (-params.gamma_o * v.v_o * v.tanh_c_norm * v.o_slope / v.s_x**2)[..., :, None] * d_s_x_d_x
    out[..., at.h, :] += (params.gamma_c * v.o * v.tanh_c_norm_slope / v.s_c)[..., :, None] * out[..., at.c, :]
    out[..., at.h, :] += (-params.gamma_c * v.o * v.tanh_c_norm_slope / v.s_c)[..., :, None] * np.full((H, H), 1
        / H, dtype) @ (out[..., at.c, :])
    out[..., at.h, :] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((2 * v.u_c)[..., :, None] * out[..., at.c, :])
    out[..., at.h, :] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (out[..., at.c, :]))
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
    # d c[t] / d q_h[t]
    d_c_d_q_h = np.zeros((*lead, H, H), dtype)
    _weighted(d_c_d_q_h, [(0.5 * (-v.c_prev * params.alpha_f * v.u_f * v.f_slope / v.s_h**2 - params.alpha_i
        * v.u_i * v.g * v.i_slope / v.s_h**2 - params.alpha_g * v.u_g * v.i * v.g_slope / v.s_h**2) / v.s_h,
        np.full((H, H), 1 / H, dtype))])
    # d c[t] / d m_h[t]
    d_c_d_m_h = np.zeros((*lead, H, H), dtype)
    _weighted(d_c_d_m_h, [(-v.c_prev * params.alpha_f * v.f_slope / v.s_h - params.alpha_i * v.g * v.i_slope
        / v.s_h - params.alpha_g * v.i * v.g_slope / v.s_h, np.full((H, H), 1 / H, dtype))])
    d_c_d_m_h += d_c_d_q_h @ ((-0.5 * v.u_i - 0.5 * v.u_f - 0.5 * v.u_g - 0.5 * v.u_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype))
    # d c[t] / d U_i
    np.multiply((params.alpha_i * v.g * v.i_slope / v.s_h)[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.c, columns.U_i])
    out[..., at.c, columns.U_i] += d_c_d_q_h @ ((0.5 * v.u_i)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.c, columns.U_i] += (0.25) * d_c_d_m_h @ (_applied(v.h_prev, H))
    # d c[t] / d U_f
    np.multiply((v.c_prev * params.alpha_f * v.f_slope / v.s_h)[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.c, columns.U_f])
    out[..., at.c, columns.U_f] += d_c_d_q_h @ ((0.5 * v.u_f)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.c, columns.U_f] += (0.25) * d_c_d_m_h @ (_applied(v.h_prev, H))
    # d c[t] / d U_g
    np.multiply((params.alpha_g * v.i * v.g_slope / v.s_h)[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.c, columns.U_g])
    out[..., at.c, columns.U_g] += d_c_d_q_h @ ((0.5 * v.u_g)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.c, columns.U_g] += (0.25) * d_c_d_m_h @ (_applied(v.h_prev, H))
    # d c[t] / d U_o
    np.matmul(d_c_d_q_h, (0.5 * v.u_o)[..., :, None] * _applied(v.h_prev, H), out=out[..., at.c, columns.U_o])
    out[..., at.c, columns.U_o] += (0.25) * d_c_d_m_h @ (_applied(v.h_prev, H))
    del d_c_d_q_h, d_c_d_m_h
    # d c[t] / d q_x[t]
    d_c_d_q_x = np.zeros((*lead, H, H), dtype)
    _weighted(d_c_d_q_x, [(0.5 * (-v.c_prev * params.gamma_f * v.v_f * v.f_slope / v.s_x**2 - params.gamma_i
        * v.v_i * v.g * v.i_slope / v.s_x**2 - params.gamma_g * v.v_g * v.i * v.g_slope / v.s_x**2) / v.s_x,
        np.full((H, H), 1 / H, dtype))])
    # d c[t] / d m_x[t]
    d_c_d_m_x = np.zeros((*lead, H, H), dtype)
    _weighted(d_c_d_m_x, [(-v.c_prev * params.gamma_f * v.f_slope / v.s_x - params.gamma_i * v.g * v.i_slope
        / v.s_x - params.gamma_g * v.i * v.g_slope / v.s_x, np.full((H, H), 1 / H, dtype))])
    d_c_d_m_x += d_c_d_q_x @ ((-0.5 * v.v_i - 0.5 * v.v_f - 0.5 * v.v_g - 0.5 * v.v_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype))
    # d c[t] / d W_i
    np.multiply((params.gamma_i * v.g * v.i_slope / v.s_x)[..., :, None], _applied(v.x, H),
        out=out[..., at.c, columns.W_i])
    out[..., at.c, columns.W_i] += d_c_d_q_x @ ((0.5 * v.v_i)[..., :, None] * _applied(v.x, H))
    out[..., at.c, columns.W_i] += (0.25) * d_c_d_m_x @ (_applied(v.x, H))
    # d c[t] / d W_f
    np.multiply((v.c_prev * params.gamma_f * v.f_slope / v.s_x)[..., :, None], _applied(v.x, H),
        out=out[..., at.c, columns.W_f])
    out[..., at.c, columns.W_f] += d_c_d_q_x @ ((0.5 * v.v_f)[..., :, None] * _applied(v.x, H))
    out[..., at.c, columns.W_f] += (0.25) * d_c_d_m_x @ (_applied(v.x, H))
    # d c[t] / d W_g
    np.multiply((params.gamma_g * v.i * v.g_slope / v.s_x)[..., :, None], _applied(v.x, H),
        out=out[..., at.c, columns.W_g])
    out[..., at.c, columns.W_g] += d_c_d_q_x @ ((0.5 * v.v_g)[..., :, None] * _applied(v.x, H))
    out[..., at.c, columns.W_g] += (0.25) * d_c_d_m_x @ (_applied(v.x, H))
    # d c[t] / d W_o
    np.matmul(d_c_d_q_x, (0.5 * v.v_o)[..., :, None] * _applied(v.x, H), out=out[..., at.c, columns.W_o])
    out[..., at.c, columns.W_o] += (0.25) * d_c_d_m_x @ (_applied(v.x, H))
    del d_c_d_q_x, d_c_d_m_x
    _diagonal(out[..., at.c, columns.alpha_i])[...] += v.u_i * v.g * v.i_slope / v.s_h  # d c[t] / d alpha_i
    _diagonal(out[..., at.c, columns.gamma_i])[...] += v.v_i * v.g * v.i_slope / v.s_x  # d c[t] / d gamma_i
    _diagonal(out[..., at.c, columns.b_i])[...] += v.g * v.i_slope  # d c[t] / d b_i
    _diagonal(out[..., at.c, columns.alpha_f])[...] += v.c_prev * v.u_f * v.f_slope / v.s_h  # d c[t] / d alpha_f
    _diagonal(out[..., at.c, columns.gamma_f])[...] += v.c_prev * v.v_f * v.f_slope / v.s_x  # d c[t] / d gamma_f
    _diagonal(out[..., at.c, columns.b_f])[...] += v.c_prev * v.f_slope  # d c[t] / d b_f
    _diagonal(out[..., at.c, columns.alpha_g])[...] += v.u_g * v.i * v.g_slope / v.s_h  # d c[t] / d alpha_g
    _diagonal(out[..., at.c, columns.gamma_g])[...] += v.v_g * v.i * v.g_slope / v.s_x  # d c[t] / d gamma_g
    _diagonal(out[..., at.c, columns.b_g])[...] += v.i * v.g_slope  # d c[t] / d b_g
    # d h[t] / d c[t]
    d_h_d_c = np.zeros((*lead, H, H), dtype)
    _weighted(d_h_d_c, [(-params.gamma_c * v.o * v.tanh_c_norm_slope / v.s_c, np.full((H, H), 1 / H, dtype))])
    d_h_d_c += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) * (2 * v.u_c)[..., None, :]
    d_h_d_c += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype))
    _diagonal(d_h_d_c)[...] += params.gamma_c * v.o * v.tanh_c_norm_slope / v.s_c
    # d h[t] / d q_h[t]
    d_h_d_q_h = np.zeros((*lead, H, H), dtype)
    _weighted(d_h_d_q_h, [(-0.5 * params.alpha_o * v.u_o * v.tanh_c_norm * v.o_slope / v.s_h**3,
        np.full((H, H), 1 / H, dtype))])
    d_h_d_q_h += d_h_d_c @ ((0.5 * (-v.c_prev * params.alpha_f * v.u_f * v.f_slope / v.s_h**2 - params.alpha_i
        * v.u_i * v.g * v.i_slope / v.s_h**2 - params.alpha_g * v.u_g * v.i * v.g_slope / v.s_h**2)
        / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype))
    # d h[t] / d m_h[t]
    d_h_d_m_h = np.zeros((*lead, H, H), dtype)
    _weighted(d_h_d_m_h, [(-params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h, np.full((H, H), 1 / H, dtype))])
    d_h_d_m_h += d_h_d_q_h @ ((-0.5 * v.u_i - 0.5 * v.u_f - 0.5 * v.u_g - 0.5 * v.u_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype))
    d_h_d_m_h += d_h_d_c @ ((-v.c_prev * params.alpha_f * v.f_slope / v.s_h - params.alpha_i * v.g * v.i_slope
        / v.s_h - params.alpha_g * v.i * v.g_slope / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype))
    # d h[t] / d U_i
    np.matmul(d_h_d_c, (params.alpha_i * v.g * v.i_slope / v.s_h)[..., :, None] * _applied(v.h_prev, H),
        out=out[..., at.h, columns.U_i])
    out[..., at.h, columns.U_i] += d_h_d_q_h @ ((0.5 * v.u_i)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.h, columns.U_i] += (0.25) * d_h_d_m_h @ (_applied(v.h_prev, H))
    # d h[t] / d U_f
    np.matmul(d_h_d_c, (v.c_prev * params.alpha_f * v.f_slope / v.s_h)[..., :, None] * _applied(v.h_prev, H),
        out=out[..., at.h, columns.U_f])
    out[..., at.h, columns.U_f] += d_h_d_q_h @ ((0.5 * v.u_f)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.h, columns.U_f] += (0.25) * d_h_d_m_h @ (_applied(v.h_prev, H))
    # d h[t] / d U_g
    np.matmul(d_h_d_c, (params.alpha_g * v.i * v.g_slope / v.s_h)[..., :, None] * _applied(v.h_prev, H),
        out=out[..., at.h, columns.U_g])
    out[..., at.h, columns.U_g] += d_h_d_q_h @ ((0.5 * v.u_g)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.h, columns.U_g] += (0.25) * d_h_d_m_h @ (_applied(v.h_prev, H))
    # d h[t] / d U_o
    np.multiply((params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h)[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.h, columns.U_o])
    out[..., at.h, columns.U_o] += d_h_d_q_h @ ((0.5 * v.u_o)[..., :, None] * _applied(v.h_prev, H))
    out[..., at.h, columns.U_o] += (0.25) * d_h_d_m_h @ (_applied(v.h_prev, H))
    del d_h_d_q_h, d_h_d_m_h
    # d h[t] / d q_x[t]
    d_h_d_q_x = np.zeros((*lead, H, H), dtype)
    _weighted(d_h_d_q_x, [(-0.5 * params.gamma_o * v.v_o * v.tanh_c_norm * v.o_slope / v.s_x**3,
        np.full((H, H), 1 / H, dtype))])
    d_h_d_q_x += d_h_d_c @ ((0.5 * (-v.c_prev * params.gamma_f * v.v_f * v.f_slope / v.s_x**2 - params.gamma_i
        * v.v_i * v.g * v.i_slope / v.s_x**2 - params.gamma_g * v.v_g * v.i * v.g_slope / v.s_x**2)
        / v.s_x)[..., :, None] * np.full((H, H), 1 / H, dtype))
    # d h[t] / d m_x[t]
    d_h_d_m_x = np.zeros((*lead, H, H), dtype)
    _weighted(d_h_d_m_x, [(-params.gamma_o * v.tanh_c_norm * v.o_slope / v.s_x, np.full((H, H), 1 / H, dtype))])
    d_h_d_m_x += d_h_d_q_x @ ((-0.5 * v.v_i - 0.5 * v.v_f - 0.5 * v.v_g - 0.5 * v.v_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype))
    d_h_d_m_x += d_h_d_c @ ((-v.c_prev * params.gamma_f * v.f_slope / v.s_x - params.gamma_i * v.g * v.i_slope
        / v.s_x - params.gamma_g * v.i * v.g_slope / v.s_x)[..., :, None] * np.full((H, H), 1 / H, dtype))
    # d h[t] / d W_i
    np.matmul(d_h_d_c, (params.gamma_i * v.g * v.i_slope / v.s_x)[..., :, None] * _applied(v.x, H),
        out=out[..., at.h, columns.W_i])
    out[..., at.h, columns.W_i] += d_h_d_q_x @ ((0.5 * v.v_i)[..., :, None] * _applied(v.x, H))
    out[..., at.h, columns.W_i] += (0.25) * d_h_d_m_x @ (_applied(v.x, H))
    # d h[t] / d W_f
    np.matmul(d_h_d_c, (v.c_prev * params.gamma_f * v.f_slope / v.s_x)[..., :, None] * _applied(v.x, H),
        out=out[..., at.h, columns.W_f])
    out[..., at.h, columns.W_f] += d_h_d_q_x @ ((0.5 * v.v_f)[..., :, None] * _applied(v.x, H))
    out[..., at.h, columns.W_f] += (0.25) * d_h_d_m_x @ (_applied(v.x, H))
    # d h[t] / d W_g
    np.matmul(d_h_d_c, (params.gamma_g * v.i * v.g_slope / v.s_x)[..., :, None] * _applied(v.x, H),
        out=out[..., at.h, columns.W_g])
    out[..., at.h, columns.W_g] += d_h_d_q_x @ ((0.5 * v.v_g)[..., :, None] * _applied(v.x, H))
    out[..., at.h, columns.W_g] += (0.25) * d_h_d_m_x @ (_applied(v.x, H))
    del d_h_d_c
    # d h[t] / d W_o
    np.multiply((params.gamma_o * v.tanh_c_norm * v.o_slope / v.s_x)[..., :, None], _applied(v.x, H),
        out=out[..., at.h, columns.W_o])
    out[..., at.h, columns.W_o] += d_h_d_q_x @ ((0.5 * v.v_o)[..., :, None] * _applied(v.x, H))
    out[..., at.h, columns.W_o] += (0.25) * d_h_d_m_x @ (_applied(v.x, H))
    del d_h_d_q_x, d_h_d_m_x
    # d h[t] / d alpha_o
    _diagonal(out[..., at.h, columns.alpha_o])[...] += v.u_o * v.tanh_c_norm * v.o_slope / v.s_h
    # d h[t] / d gamma_o
    _diagonal(out[..., at.h, columns.gamma_o])[...] += v.v_o * v.tanh_c_norm * v.o_slope / v.s_x
    _diagonal(out[..., at.h, columns.b_o])[...] += v.tanh_c_norm * v.o_slope  # d h[t] / d b_o
    # d h[t] / d gamma_c
    _diagonal(out[..., at.h, columns.gamma_c])[...] += v.o * v.u_c * v.tanh_c_norm_slope / v.s_c
    _diagonal(out[..., at.h, columns.b_c])[...] += v.o * v.tanh_c_norm_slope  # d h[t] / d b_c
    # d h[t] / d c[t], and on
    out[..., at.h, columns.alpha_i.start : columns.b_g.stop] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * out[..., at.c, columns.alpha_i.start : columns.b_g.stop]
    # d h[t] / d c[t], and on
    out[..., at.h, columns.alpha_i.start : columns.b_g.stop] += (-params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ (out[..., at.c, columns.alpha_i.start : columns.b_g.stop])
    # d h[t] / d c[t], and on
    out[..., at.h, columns.alpha_i.start : columns.b_g.stop] += (-0.5 * params.gamma_c * v.o * v.u_c
        * v.tanh_c_norm_slope / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((2 * v.u_c)[..., :, None] * out[..., at.c, columns.alpha_i.start : columns.b_g.stop])
    # d h[t] / d c[t], and on
    out[..., at.h, columns.alpha_i.start : columns.b_g.stop] += (-0.5 * params.gamma_c * v.o * v.u_c
        * v.tanh_c_norm_slope / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((-2 * v.u_c)[..., :, None] * np.full((H, H), 1 / H, dtype)
        @ (out[..., at.c, columns.alpha_i.start : columns.b_g.stop]))
    return Params(*(out[..., c].reshape(*lead, -1, *p.shape) for c, p in zip(columns, params, strict=True)))


def jacobian_parts(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {'h_i', 'h_f', 'h_g', 'h_o', 'c'}: (B, S, S), of several steps (n, B, S, S).
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
    Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    H = sizes["H"]
    parts: dict[str, Array] = {key: np.zeros((*lead, at[-1].stop, at[-1].stop), dtype) for key in ('h_i', 'h_f',
        'h_g', 'h_o', 'c')}
    # d s_h[t] / d h[t-1]
    d_s_h_d_h_prev_by_h_i = np.zeros((*lead, H, H), dtype)
    np.multiply((0.5 / v.s_h)[..., :, None], np.full((H, H), 1 / H, dtype)
        @ ((0.5 * v.u_i)[..., :, None] * params.U_i), out=d_s_h_d_h_prev_by_h_i)
    d_s_h_d_h_prev_by_h_i += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((-0.125 * v.u_i - 0.125 * v.u_f - 0.125 * v.u_g - 0.125 * v.u_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (params.U_i))
    # d c[t] / d h[t-1]
    _weighted(parts['h_i'][..., at.c, at.h], [(params.alpha_i * v.g * v.i_slope / v.s_h, params.U_i)])
    parts['h_i'][..., at.c, at.h] += (-0.25 * v.c_prev * params.alpha_f * v.f_slope / v.s_h - 0.25 * params.alpha_i
        * v.g * v.i_slope / v.s_h - 0.25 * params.alpha_g * v.i * v.g_slope
        / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (params.U_i)
    parts['h_i'][..., at.c, at.h] += (-v.c_prev * params.alpha_f * v.u_f * v.f_slope / v.s_h**2 - params.alpha_i
        * v.u_i * v.g * v.i_slope / v.s_h**2 - params.alpha_g * v.u_g * v.i * v.g_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_i
    # d h[t] / d h[t-1]
    np.multiply((-0.25 * params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h)[..., :, None],
        np.full((H, H), 1 / H, dtype) @ (params.U_i), out=parts['h_i'][..., at.h, at.h])
    parts['h_i'][..., at.h, at.h] += (-params.alpha_o * v.u_o * v.tanh_c_norm * v.o_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_i
    parts['h_i'][..., at.h, at.h] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * parts['h_i'][..., at.c, at.h]
    parts['h_i'][..., at.h, at.h] += (-params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (parts['h_i'][..., at.c, at.h])
    parts['h_i'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((2 * v.u_c)[..., :, None]
        * parts['h_i'][..., at.c, at.h])
    parts['h_i'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (parts['h_i'][..., at.c, at.h]))
    del d_s_h_d_h_prev_by_h_i
    # d s_h[t] / d h[t-1]
    d_s_h_d_h_prev_by_h_f = np.zeros((*lead, H, H), dtype)
    np.multiply((0.5 / v.s_h)[..., :, None], np.full((H, H), 1 / H, dtype)
        @ ((-0.125 * v.u_i - 0.125 * v.u_f - 0.125 * v.u_g - 0.125 * v.u_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (params.U_f)), out=d_s_h_d_h_prev_by_h_f)
    d_s_h_d_h_prev_by_h_f += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((0.5 * v.u_f)[..., :, None] * params.U_f)
    # d c[t] / d h[t-1]
    _weighted(parts['h_f'][..., at.c, at.h], [(v.c_prev * params.alpha_f * v.f_slope / v.s_h, params.U_f)])
    parts['h_f'][..., at.c, at.h] += (-0.25 * v.c_prev * params.alpha_f * v.f_slope / v.s_h - 0.25 * params.alpha_i
        * v.g * v.i_slope / v.s_h - 0.25 * params.alpha_g * v.i * v.g_slope
        / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (params.U_f)
    parts['h_f'][..., at.c, at.h] += (-v.c_prev * params.alpha_f * v.u_f * v.f_slope / v.s_h**2 - params.alpha_i
        * v.u_i * v.g * v.i_slope / v.s_h**2 - params.alpha_g * v.u_g * v.i * v.g_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_f
    # d h[t] / d h[t-1]
    np.multiply((-0.25 * params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h)[..., :, None],
        np.full((H, H), 1 / H, dtype) @ (params.U_f), out=parts['h_f'][..., at.h, at.h])
    parts['h_f'][..., at.h, at.h] += (-params.alpha_o * v.u_o * v.tanh_c_norm * v.o_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_f
    parts['h_f'][..., at.h, at.h] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * parts['h_f'][..., at.c, at.h]
    parts['h_f'][..., at.h, at.h] += (-params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (parts['h_f'][..., at.c, at.h])
    parts['h_f'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((2 * v.u_c)[..., :, None]
        * parts['h_f'][..., at.c, at.h])
    parts['h_f'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (parts['h_f'][..., at.c, at.h]))
    del d_s_h_d_h_prev_by_h_f
    # d s_h[t] / d h[t-1]
    d_s_h_d_h_prev_by_h_g = np.zeros((*lead, H, H), dtype)
    np.multiply((0.5 / v.s_h)[..., :, None], np.full((H, H), 1 / H, dtype)
        @ ((-0.125 * v.u_i - 0.125 * v.u_f - 0.125 * v.u_g - 0.125 * v.u_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (params.U_g)), out=d_s_h_d_h_prev_by_h_g)
    d_s_h_d_h_prev_by_h_g += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((0.5 * v.u_g)[..., :, None] * params.U_g)
    # d c[t] / d h[t-1]
    _weighted(parts['h_g'][..., at.c, at.h], [(params.alpha_g * v.i * v.g_slope / v.s_h, params.U_g)])
    parts['h_g'][..., at.c, at.h] += (-0.25 * v.c_prev * params.alpha_f * v.f_slope / v.s_h - 0.25 * params.alpha_i
        * v.g * v.i_slope / v.s_h - 0.25 * params.alpha_g * v.i * v.g_slope
        / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (params.U_g)
    parts['h_g'][..., at.c, at.h] += (-v.c_prev * params.alpha_f * v.u_f * v.f_slope / v.s_h**2 - params.alpha_i
        * v.u_i * v.g * v.i_slope / v.s_h**2 - params.alpha_g * v.u_g * v.i * v.g_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_g
    # d h[t] / d h[t-1]
    np.multiply((-0.25 * params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h)[..., :, None],
        np.full((H, H), 1 / H, dtype) @ (params.U_g), out=parts['h_g'][..., at.h, at.h])
    parts['h_g'][..., at.h, at.h] += (-params.alpha_o * v.u_o * v.tanh_c_norm * v.o_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_g
    parts['h_g'][..., at.h, at.h] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * parts['h_g'][..., at.c, at.h]
    parts['h_g'][..., at.h, at.h] += (-params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (parts['h_g'][..., at.c, at.h])
    parts['h_g'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((2 * v.u_c)[..., :, None]
        * parts['h_g'][..., at.c, at.h])
    parts['h_g'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (parts['h_g'][..., at.c, at.h]))
    del d_s_h_d_h_prev_by_h_g
    # d s_h[t] / d h[t-1]
    d_s_h_d_h_prev_by_h_o = np.zeros((*lead, H, H), dtype)
    np.multiply((0.5 / v.s_h)[..., :, None], np.full((H, H), 1 / H, dtype)
        @ ((-0.125 * v.u_i - 0.125 * v.u_f - 0.125 * v.u_g - 0.125 * v.u_o)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (params.U_o)), out=d_s_h_d_h_prev_by_h_o)
    d_s_h_d_h_prev_by_h_o += (0.5 / v.s_h)[..., :, None] * np.full((H, H), 1 / H,
        dtype) @ ((0.5 * v.u_o)[..., :, None] * params.U_o)
    # d c[t] / d h[t-1]
    np.multiply((-0.25 * v.c_prev * params.alpha_f * v.f_slope / v.s_h - 0.25 * params.alpha_i * v.g * v.i_slope
        / v.s_h - 0.25 * params.alpha_g * v.i * v.g_slope / v.s_h)[..., :, None], np.full((H, H), 1 / H, dtype)
        @ (params.U_o), out=parts['h_o'][..., at.c, at.h])
    parts['h_o'][..., at.c, at.h] += (-v.c_prev * params.alpha_f * v.u_f * v.f_slope / v.s_h**2 - params.alpha_i
        * v.u_i * v.g * v.i_slope / v.s_h**2 - params.alpha_g * v.u_g * v.i * v.g_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_o
    # d h[t] / d h[t-1]
    _weighted(parts['h_o'][..., at.h, at.h], [(params.alpha_o * v.tanh_c_norm * v.o_slope / v.s_h, params.U_o)])
    parts['h_o'][..., at.h, at.h] += (-0.25 * params.alpha_o * v.tanh_c_norm * v.o_slope
        / v.s_h)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (params.U_o)
    parts['h_o'][..., at.h, at.h] += (-params.alpha_o * v.u_o * v.tanh_c_norm * v.o_slope
        / v.s_h**2)[..., :, None] * d_s_h_d_h_prev_by_h_o
    parts['h_o'][..., at.h, at.h] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * parts['h_o'][..., at.c, at.h]
    parts['h_o'][..., at.h, at.h] += (-params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c)[..., :, None] * np.full((H, H), 1 / H, dtype) @ (parts['h_o'][..., at.c, at.h])
    parts['h_o'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((2 * v.u_c)[..., :, None]
        * parts['h_o'][..., at.c, at.h])
    parts['h_o'][..., at.h, at.h] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype) @ (parts['h_o'][..., at.c, at.h]))
    del d_s_h_d_h_prev_by_h_o
    _diagonal(parts['c'][..., at.c, at.c])[...] += v.f  # d c[t] / d c[t-1]
    # d h[t] / d c[t-1]
    np.multiply((-params.gamma_c * v.o * v.tanh_c_norm_slope / v.s_c)[..., :, None], np.full((H, H), 1 / H, dtype)
        * _diagonal(parts['c'][..., at.c, at.c])[..., None, :], out=parts['c'][..., at.h, at.c])
    parts['c'][..., at.h, at.c] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) * ((2 * v.u_c)
        * (_diagonal(parts['c'][..., at.c, at.c])))[..., None, :]
    parts['c'][..., at.h, at.c] += (-0.5 * params.gamma_c * v.o * v.u_c * v.tanh_c_norm_slope
        / v.s_c**3)[..., :, None] * np.full((H, H), 1 / H, dtype) @ ((-2 * v.u_c)[..., :, None]
        * np.full((H, H), 1 / H, dtype) * _diagonal(parts['c'][..., at.c, at.c])[..., None, :])
    _diagonal(parts['c'][..., at.h, at.c])[...] += (params.gamma_c * v.o * v.tanh_c_norm_slope
        / v.s_c) * (_diagonal(parts['c'][..., at.c, at.c]))
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    'i', 'i_slope', 'f', 'f_slope', 'g_slope', 'o', 'o_slope',
    'tanh_c_norm_slope': (B, N), of several steps (n, B, N).
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t, (PreciseTape,))
    terms: dict[str, Array] = {}
    a_i, a_f, a_g, a_o, c_norm = tape.a_i[t], tape.a_f[t], tape.a_g[t], tape.a_o[t], tape.c_norm[t]
    terms['i'] = -_softplus(-a_i)
    terms['i_slope'] = -_softplus(a_i) - _softplus(-a_i)
    terms['f'] = -_softplus(-a_f)
    terms['f_slope'] = -_softplus(a_f) - _softplus(-a_f)
    terms['g_slope'] = 1.3862943611198906 + 2 * a_g - 2 * _softplus(2 * a_g)
    terms['o'] = -_softplus(-a_o)
    terms['o_slope'] = -_softplus(a_o) - _softplus(-a_o)
    terms['tanh_c_norm_slope'] = 1.3862943611198906 + 2 * c_norm - 2 * _softplus(2 * c_norm)
    return terms


def _tangents(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State, Any]:
    """Values and tangents in one loop, in the precise form: (T1) .. of the derivation report.

    Gives y, y_dot (T, B, H), the last state, its tangent, and what `_second_order` reads of them.
    """
    (T, B), dtype = x.shape[:2], x.dtype
    add, subtract, multiply, tanh, sqrt = np.add, np.subtract, np.multiply, np.tanh, np.sqrt
    # Sizes, parameters, arrays
    H = params.U_i.shape[0]
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    epsilon = 1e-05
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_f, params_dot.W_g, params_dot.W_o))
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_T = np.ascontiguousarray(U.T)
    (alpha_i, gamma_i, b_i, alpha_f, gamma_f, b_f, alpha_g, gamma_g, b_g, alpha_o, gamma_o, b_o, gamma_c,
        b_c) = (params.alpha_i, params.gamma_i, params.b_i, params.alpha_f, params.gamma_f, params.b_f,
        params.alpha_g, params.gamma_g, params.b_g, params.alpha_o, params.gamma_o, params.b_o, params.gamma_c,
        params.b_c)
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_f, params_dot.U_g, params_dot.U_o))
    U_dot_T = np.ascontiguousarray(U_dot.T)
    (alpha_i_dot, gamma_i_dot, b_i_dot, alpha_f_dot, gamma_f_dot, b_f_dot, alpha_g_dot, gamma_g_dot, b_g_dot,
        alpha_o_dot, gamma_o_dot, b_o_dot, gamma_c_dot, b_c_dot) = (params_dot.alpha_i, params_dot.gamma_i,
        params_dot.b_i, params_dot.alpha_f, params_dot.gamma_f, params_dot.b_f, params_dot.alpha_g,
        params_dot.gamma_g, params_dot.b_g, params_dot.alpha_o, params_dot.gamma_o, params_dot.b_o,
        params_dot.gamma_c, params_dot.b_c)
    a_h_i_h_f_h_g_h_o, a_h_i_h_f_h_g_h_o_dot = (np.empty((B, 4 * H), dtype) for _ in range(2))
    a_x_i_x_f_x_g_x_o, a_x_i_x_f_x_g_x_o_dot = (np.empty((T, B, 4 * H), dtype) for _ in range(2))
    (u_i, u_f, u_g, u_o, s_h, a_i, i, a_f, f, a_g, g, a_o, o, u_c, s_c, c_norm, tanh_c_norm, u_i_dot, u_f_dot,
        u_g_dot, u_o_dot, s_h_dot, a_i_dot, i_dot, a_f_dot, f_dot, a_g_dot, g_dot, a_o_dot, o_dot, u_c_dot,
        s_c_dot, c_norm_dot, tanh_c_norm_dot) = (np.empty((T, B, H), dtype) for _ in range(34))
    h, h_dot, c, c_dot = (np.empty((T + 1, B, H), dtype) for _ in range(4))
    h[0], h_dot[0], c[0], c_dot[0] = state.h, state_dot.h, state.c, state_dot.c
    h_i, h_f, h_g, h_o = (a_h_i_h_f_h_g_h_o[..., k * H : (k + 1) * H] for k in range(4))
    h_i_dot, h_f_dot, h_g_dot, h_o_dot = (a_h_i_h_f_h_g_h_o_dot[..., k * H : (k + 1) * H] for k in range(4))
    x_i, x_f, x_g, x_o = (a_x_i_x_f_x_g_x_o[..., k * H : (k + 1) * H] for k in range(4))
    x_i_dot, x_f_dot, x_g_dot, x_o_dot = (a_x_i_x_f_x_g_x_o_dot[..., k * H : (k + 1) * H] for k in range(4))
    # All steps at once
    _times(x, W.T, out=a_x_i_x_f_x_g_x_o)  # (F5); (F6); (F7); (F8)
    m_x = 0.25 * x_i + 0.25 * x_f + 0.25 * x_g + 0.25 * x_o  # (F19)
    mu_x = _mean_of(m_x)  # (F20)
    v_i = x_i - mu_x  # (F21)
    v_f = x_f - mu_x  # (F22)
    v_g = x_g - mu_x  # (F23)
    v_o = x_o - mu_x  # (F24)
    q_x = 0.25 * v_i**2 + 0.25 * v_f**2 + 0.25 * v_g**2 + 0.25 * v_o**2  # (F25)
    mean_q_x = _mean_of(q_x)  # (F26)
    a_s_x = epsilon + mean_q_x  # (F27)
    s_x = np.sqrt(a_s_x)  # (F28)
    # (T5) ∂x_iₜ = W_i ∂xₜ; (T6) ∂x_fₜ = W_f ∂xₜ; (T7) ∂x_gₜ = W_g ∂xₜ; (T8) ∂x_oₜ = W_o ∂xₜ
    _times(x_dot, W.T, out=a_x_i_x_f_x_g_x_o_dot)
    # (T5) ∂x_iₜ += ∂W_i xₜ; (T6) ∂x_fₜ += ∂W_f xₜ; (T7) ∂x_gₜ += ∂W_g xₜ; (T8) ∂x_oₜ += ∂W_o xₜ
    a_x_i_x_f_x_g_x_o_dot += _times(x, W_dot.T)
    # (T19) ∂m_xₜ = 0.25 ∂x_iₜ + 0.25 ∂x_fₜ + 0.25 ∂x_gₜ + 0.25 ∂x_oₜ
    m_x_dot = 0.25 * x_i_dot + 0.25 * x_f_dot + 0.25 * x_g_dot + 0.25 * x_o_dot
    mu_x_dot = _mean_of(m_x_dot)  # (T20) ∂μ_xₜ = mean(∂m_xₜ)
    v_i_dot = x_i_dot - mu_x_dot  # (T21) ∂v_iₜ = ∂x_iₜ − ∂μ_xₜ
    v_f_dot = x_f_dot - mu_x_dot  # (T22) ∂v_fₜ = ∂x_fₜ − ∂μ_xₜ
    v_g_dot = x_g_dot - mu_x_dot  # (T23) ∂v_gₜ = ∂x_gₜ − ∂μ_xₜ
    v_o_dot = x_o_dot - mu_x_dot  # (T24) ∂v_oₜ = ∂x_oₜ − ∂μ_xₜ
    # (T25) ∂q_xₜ = 0.5 ∂v_iₜ ⊙ v_iₜ + 0.5 ∂v_fₜ ⊙ v_fₜ + 0.5 ∂v_gₜ ⊙ v_gₜ + 0.5 ∂v_oₜ ⊙ v_oₜ
    q_x_dot = 0.5 * v_i_dot * v_i + 0.5 * v_f_dot * v_f + 0.5 * v_g_dot * v_g + 0.5 * v_o_dot * v_o
    mean_q_x_dot = _mean_of(q_x_dot)  # (T26) ∂mean_q_xₜ = mean(∂q_xₜ)
    a_s_x_dot = mean_q_x_dot  # (T27) ∂a_s_xₜ = ∂mean_q_xₜ
    s_x_dot = 0.5 * a_s_x_dot / s_x  # (T28) ∂s_xₜ = 0.5 ∂a_s_xₜ / s_xₜ
    # Step by step
    h_prev, c_prev, h_dot_prev, c_dot_prev = h[0], c[0], h_dot[0], c_dot[0]
    for (u_i_t, u_f_t, u_g_t, u_o_t, s_h_t, v_i_t, s_x_t, a_i_t, i_t, v_f_t, a_f_t, f_t, v_g_t, a_g_t, g_t, v_o_t,
            a_o_t, o_t, c_t, u_c_t, s_c_t, c_norm_t, tanh_c_norm_t, h_t, u_i_dot_t, u_f_dot_t, u_g_dot_t,
            u_o_dot_t, s_h_dot_t, v_i_dot_t, s_x_dot_t, a_i_dot_t, i_dot_t, v_f_dot_t, a_f_dot_t, f_dot_t,
            v_g_dot_t, a_g_dot_t, g_dot_t, v_o_dot_t, a_o_dot_t, o_dot_t, c_dot_t, u_c_dot_t, s_c_dot_t,
            c_norm_dot_t, tanh_c_norm_dot_t, h_dot_t) in zip(u_i, u_f, u_g, u_o, s_h, v_i, s_x, a_i, i, v_f, a_f,
            f, v_g, a_g, g, v_o, a_o, o, c[1:], u_c, s_c, c_norm, tanh_c_norm, h[1:], u_i_dot, u_f_dot, u_g_dot,
            u_o_dot, s_h_dot, v_i_dot, s_x_dot, a_i_dot, i_dot, v_f_dot, a_f_dot, f_dot, v_g_dot, a_g_dot, g_dot,
            v_o_dot, a_o_dot, o_dot, c_dot[1:], u_c_dot, s_c_dot, c_norm_dot, tanh_c_norm_dot, h_dot[1:],
            strict=True):
        a_h_i_h_f_h_g_h_o[...] = h_prev.dot(U_T)  # (F1); (F2); (F3); (F4)
        m_h = 0.25 * h_i + 0.25 * h_f + 0.25 * h_g + 0.25 * h_o  # (F9)
        mu_h = _mean_of(m_h)  # (F10)
        subtract(h_i, mu_h, u_i_t)  # (F11)
        subtract(h_f, mu_h, u_f_t)  # (F12)
        subtract(h_g, mu_h, u_g_t)  # (F13)
        subtract(h_o, mu_h, u_o_t)  # (F14)
        q_h = 0.25 * u_i_t**2 + 0.25 * u_f_t**2 + 0.25 * u_g_t**2 + 0.25 * u_o_t**2  # (F15)
        mean_q_h = _mean_of(q_h)  # (F16)
        a_s_h = epsilon + mean_q_h  # (F17)
        sqrt(a_s_h, s_h_t)  # (F18)
        add(alpha_i * u_i_t / s_h_t + gamma_i * v_i_t / s_x_t, b_i, a_i_t)  # (F29)
        _sigmoid_precise(a_i_t, i_t)  # (F30)
        i_slope = _sigmoid_slope(a_i_t)  # (T30) i′ₜ = σ′(a_iₜ)
        add(alpha_f * u_f_t / s_h_t + gamma_f * v_f_t / s_x_t, b_f, a_f_t)  # (F31)
        _sigmoid_precise(a_f_t, f_t)  # (F32)
        f_slope = _sigmoid_slope(a_f_t)  # (T33) f′ₜ = σ′(a_fₜ)
        add(alpha_g * u_g_t / s_h_t + gamma_g * v_g_t / s_x_t, b_g, a_g_t)  # (F33)
        tanh(a_g_t, g_t)  # (F34)
        g_slope = _tanh_slope(a_g_t)  # (T36) g′ₜ = tanh′(a_gₜ)
        add(alpha_o * u_o_t / s_h_t + gamma_o * v_o_t / s_x_t, b_o, a_o_t)  # (F35)
        _sigmoid_precise(a_o_t, o_t)  # (F36)
        o_slope = _sigmoid_slope(a_o_t)  # (T39) o′ₜ = σ′(a_oₜ)
        add(c_prev * f_t, i_t * g_t, c_t)  # (F37)
        mean_c = _mean_of(c_t)  # (F38)
        subtract(c_t, mean_c, u_c_t)  # (F39)
        q_c = u_c_t**2  # (F40)
        mean_q_c = _mean_of(q_c)  # (F41)
        a_s_c = epsilon + mean_q_c  # (F42)
        sqrt(a_s_c, s_c_t)  # (F43)
        add(gamma_c * u_c_t / s_c_t, b_c, c_norm_t)  # (F44)
        tanh(c_norm_t, tanh_c_norm_t)  # (F45)
        tanh_c_norm_slope = _tanh_slope(c_norm_t)  # (T49) tanh_c_norm′ₜ = tanh′(c_normₜ)
        multiply(o_t, tanh_c_norm_t, h_t)  # (F46)
        # (T1) ∂h_iₜ = U_i ∂hₜ₋₁; (T2) ∂h_fₜ = U_f ∂hₜ₋₁; (T3) ∂h_gₜ = U_g ∂hₜ₋₁; (T4) ∂h_oₜ = U_o ∂hₜ₋₁
        a_h_i_h_f_h_g_h_o_dot[...] = h_dot_prev.dot(U_T)
        # (T1) ∂h_iₜ += ∂U_i hₜ₋₁; (T2) ∂h_fₜ += ∂U_f hₜ₋₁; (T3) ∂h_gₜ += ∂U_g hₜ₋₁; (T4) ∂h_oₜ += ∂U_o hₜ₋₁
        a_h_i_h_f_h_g_h_o_dot += h_prev.dot(U_dot_T)
        # (T9) ∂m_hₜ = 0.25 ∂h_iₜ + 0.25 ∂h_fₜ + 0.25 ∂h_gₜ + 0.25 ∂h_oₜ
        m_h_dot = 0.25 * h_i_dot + 0.25 * h_f_dot + 0.25 * h_g_dot + 0.25 * h_o_dot
        mu_h_dot = _mean_of(m_h_dot)  # (T10) ∂μ_hₜ = mean(∂m_hₜ)
        subtract(h_i_dot, mu_h_dot, u_i_dot_t)  # (T11) ∂u_iₜ = ∂h_iₜ − ∂μ_hₜ
        subtract(h_f_dot, mu_h_dot, u_f_dot_t)  # (T12) ∂u_fₜ = ∂h_fₜ − ∂μ_hₜ
        subtract(h_g_dot, mu_h_dot, u_g_dot_t)  # (T13) ∂u_gₜ = ∂h_gₜ − ∂μ_hₜ
        subtract(h_o_dot, mu_h_dot, u_o_dot_t)  # (T14) ∂u_oₜ = ∂h_oₜ − ∂μ_hₜ
        # (T15) ∂q_hₜ = 0.5 ∂u_iₜ ⊙ u_iₜ + 0.5 ∂u_fₜ ⊙ u_fₜ + 0.5 ∂u_gₜ ⊙ u_gₜ + 0.5 ∂u_oₜ ⊙ u_oₜ
        q_h_dot = 0.5 * u_i_dot_t * u_i_t + 0.5 * u_f_dot_t * u_f_t + 0.5 * u_g_dot_t * u_g_t + 0.5 * u_o_dot_t * u_o_t
        mean_q_h_dot = _mean_of(q_h_dot)  # (T16) ∂mean_q_hₜ = mean(∂q_hₜ)
        a_s_h_dot = mean_q_h_dot  # (T17) ∂a_s_hₜ = ∂mean_q_hₜ
        s_h_dot_t[...] = 0.5 * a_s_h_dot / s_h_t  # (T18) ∂s_hₜ = 0.5 ∂a_s_hₜ / s_hₜ
        # (T29) ∂a_iₜ = ∂α_i ⊙ u_iₜ / s_hₜ + ∂γ_i ⊙ v_iₜ / s_xₜ + ∂b_i + ∂u_iₜ ⊙ α_i / s_hₜ + ∂v_iₜ ⊙ γ_i / s_xₜ − ∂s_hₜ
        # ⊙ α_i ⊙ u_iₜ / s_hₜ² − ∂s_xₜ ⊙ γ_i ⊙ v_iₜ / s_xₜ²
        subtract(alpha_i_dot * u_i_t / s_h_t + gamma_i_dot * v_i_t / s_x_t + b_i_dot + u_i_dot_t * alpha_i / s_h_t
            + v_i_dot_t * gamma_i / s_x_t - s_h_dot_t * alpha_i * u_i_t / s_h_t**2, s_x_dot_t * gamma_i * v_i_t
            / s_x_t**2, a_i_dot_t)
        multiply(a_i_dot_t, i_slope, i_dot_t)  # (T31) ∂iₜ = ∂a_iₜ ⊙ i′ₜ
        # (T32) ∂a_fₜ = ∂α_f ⊙ u_fₜ / s_hₜ + ∂γ_f ⊙ v_fₜ / s_xₜ + ∂b_f + ∂u_fₜ ⊙ α_f / s_hₜ + ∂v_fₜ ⊙ γ_f / s_xₜ − ∂s_hₜ
        # ⊙ α_f ⊙ u_fₜ / s_hₜ² − ∂s_xₜ ⊙ γ_f ⊙ v_fₜ / s_xₜ²
        subtract(alpha_f_dot * u_f_t / s_h_t + gamma_f_dot * v_f_t / s_x_t + b_f_dot + u_f_dot_t * alpha_f / s_h_t
            + v_f_dot_t * gamma_f / s_x_t - s_h_dot_t * alpha_f * u_f_t / s_h_t**2, s_x_dot_t * gamma_f * v_f_t
            / s_x_t**2, a_f_dot_t)
        multiply(a_f_dot_t, f_slope, f_dot_t)  # (T34) ∂fₜ = ∂a_fₜ ⊙ f′ₜ
        # (T35) ∂a_gₜ = ∂α_g ⊙ u_gₜ / s_hₜ + ∂γ_g ⊙ v_gₜ / s_xₜ + ∂b_g + ∂u_gₜ ⊙ α_g / s_hₜ + ∂v_gₜ ⊙ γ_g / s_xₜ − ∂s_hₜ
        # ⊙ α_g ⊙ u_gₜ / s_hₜ² − ∂s_xₜ ⊙ γ_g ⊙ v_gₜ / s_xₜ²
        subtract(alpha_g_dot * u_g_t / s_h_t + gamma_g_dot * v_g_t / s_x_t + b_g_dot + u_g_dot_t * alpha_g / s_h_t
            + v_g_dot_t * gamma_g / s_x_t - s_h_dot_t * alpha_g * u_g_t / s_h_t**2, s_x_dot_t * gamma_g * v_g_t
            / s_x_t**2, a_g_dot_t)
        multiply(a_g_dot_t, g_slope, g_dot_t)  # (T37) ∂gₜ = ∂a_gₜ ⊙ g′ₜ
        # (T38) ∂a_oₜ = ∂α_o ⊙ u_oₜ / s_hₜ + ∂γ_o ⊙ v_oₜ / s_xₜ + ∂b_o + ∂u_oₜ ⊙ α_o / s_hₜ + ∂v_oₜ ⊙ γ_o / s_xₜ − ∂s_hₜ
        # ⊙ α_o ⊙ u_oₜ / s_hₜ² − ∂s_xₜ ⊙ γ_o ⊙ v_oₜ / s_xₜ²
        subtract(alpha_o_dot * u_o_t / s_h_t + gamma_o_dot * v_o_t / s_x_t + b_o_dot + u_o_dot_t * alpha_o / s_h_t
            + v_o_dot_t * gamma_o / s_x_t - s_h_dot_t * alpha_o * u_o_t / s_h_t**2, s_x_dot_t * gamma_o * v_o_t
            / s_x_t**2, a_o_dot_t)
        multiply(a_o_dot_t, o_slope, o_dot_t)  # (T40) ∂oₜ = ∂a_oₜ ⊙ o′ₜ
        # (T41) ∂cₜ = ∂cₜ₋₁ ⊙ fₜ + ∂iₜ ⊙ gₜ + ∂fₜ ⊙ cₜ₋₁ + ∂gₜ ⊙ iₜ
        add(c_dot_prev * f_t + i_dot_t * g_t + f_dot_t * c_prev, g_dot_t * i_t, c_dot_t)
        mean_c_dot = _mean_of(c_dot_t)  # (T42) ∂mean_cₜ = mean(∂cₜ)
        subtract(c_dot_t, mean_c_dot, u_c_dot_t)  # (T43) ∂u_cₜ = ∂cₜ − ∂mean_cₜ
        q_c_dot = 2 * u_c_dot_t * u_c_t  # (T44) ∂q_cₜ = 2 ∂u_cₜ ⊙ u_cₜ
        mean_q_c_dot = _mean_of(q_c_dot)  # (T45) ∂mean_q_cₜ = mean(∂q_cₜ)
        a_s_c_dot = mean_q_c_dot  # (T46) ∂a_s_cₜ = ∂mean_q_cₜ
        s_c_dot_t[...] = 0.5 * a_s_c_dot / s_c_t  # (T47) ∂s_cₜ = 0.5 ∂a_s_cₜ / s_cₜ
        # (T48) ∂c_normₜ = ∂γ_c ⊙ u_cₜ / s_cₜ + ∂b_c + ∂u_cₜ ⊙ γ_c / s_cₜ − ∂s_cₜ ⊙ γ_c ⊙ u_cₜ / s_cₜ²
        subtract(gamma_c_dot * u_c_t / s_c_t + b_c_dot + u_c_dot_t * gamma_c / s_c_t, s_c_dot_t * gamma_c * u_c_t
            / s_c_t**2, c_norm_dot_t)
        multiply(c_norm_dot_t, tanh_c_norm_slope, tanh_c_norm_dot_t)  # (T50) ∂tanh_c_normₜ = ∂c_normₜ ⊙ tanh_c_norm′ₜ
        # (T51) ∂hₜ = ∂oₜ ⊙ tanh_c_normₜ + ∂tanh_c_normₜ ⊙ oₜ
        add(o_dot_t * tanh_c_norm_t, tanh_c_norm_dot_t * o_t, h_dot_t)
        h_prev, c_prev, h_dot_prev, c_dot_prev = h_t, c_t, h_dot_t, c_dot_t
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy(), c[T].copy()), State(h_dot[T].copy(),
        c_dot[T].copy()), _SecondTape(x, x_dot, h, h_dot, c, c_dot, u_i, u_i_dot, u_f, u_f_dot, u_g, u_g_dot, u_o,
        u_o_dot, s_h, s_h_dot, v_i, v_i_dot, v_f, v_f_dot, v_g, v_g_dot, v_o, v_o_dot, s_x, s_x_dot, a_i, a_i_dot,
        i, i_dot, a_f, a_f_dot, f, f_dot, a_g, a_g_dot, g, g_dot, a_o, a_o_dot, o, o_dot, u_c, u_c_dot, s_c,
        s_c_dot, c_norm, c_norm_dot, tanh_c_norm, tanh_c_norm_dot)


def _second_order(
    dy: Array, dy_dot: Array, tape: Any, params: Params, params_dot: Params, dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:
    """Adjoints and their tangents in one loop, t = T-1 .. 0: forward mode over the backward pass.

    Gives the gradients, and their derivative along the direction of the tape.
    """
    (T, B), dtype = dy.shape[:2], dy.dtype
    add, multiply = np.add, np.multiply
    # Sizes, parameters, arrays
    H = params.U_i.shape[0]
    (x, x_dot, h, h_dot, c, c_dot, u_i, u_i_dot, u_f, u_f_dot, u_g, u_g_dot, u_o, u_o_dot, s_h, s_h_dot, v_i,
        v_i_dot, v_f, v_f_dot, v_g, v_g_dot, v_o, v_o_dot, s_x, s_x_dot, a_i, a_i_dot, i, i_dot, a_f, a_f_dot, f,
        f_dot, a_g, a_g_dot, g, g_dot, a_o, a_o_dot, o, o_dot, u_c, u_c_dot, s_c, s_c_dot, c_norm, c_norm_dot,
        tanh_c_norm, tanh_c_norm_dot) = (tape)
    gamma_c = params.gamma_c
    gamma_c_dot = params_dot.gamma_c
    alpha_o, alpha_g, alpha_f, alpha_i = params.alpha_o, params.alpha_g, params.alpha_f, params.alpha_i
    (alpha_o_dot, alpha_g_dot, alpha_f_dot, alpha_i_dot) = (params_dot.alpha_o, params_dot.alpha_g,
        params_dot.alpha_f, params_dot.alpha_i)
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_f, params_dot.U_g, params_dot.U_o))
    gamma_o, gamma_g, gamma_f, gamma_i = params.gamma_o, params.gamma_g, params.gamma_f, params.gamma_i
    (gamma_o_dot, gamma_g_dot, gamma_f_dot, gamma_i_dot) = (params_dot.gamma_o, params_dot.gamma_g,
        params_dot.gamma_f, params_dot.gamma_i)
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_f, params_dot.W_g, params_dot.W_o))
    d_a_x_i_x_f_x_g_x_o, d_a_x_i_x_f_x_g_x_o_dot, d_a_h_i_h_f_h_g_h_o, d_a_h_i_h_f_h_g_h_o_dot = (np.empty((T, B, 4
        * H), dtype) for _ in range(4))
    d_c_norm, d_c_norm_dot, d_a_o, d_a_o_dot, d_a_g, d_a_g_dot, d_a_f, d_a_f_dot, d_a_i, d_a_i_dot = (np.empty((T,
        B, H), dtype) for _ in range(10))
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    d_c_next = dstate.c
    d_c_next_dot = dstate_dot.c
    d_h_i, d_h_f, d_h_g, d_h_o = (d_a_h_i_h_f_h_g_h_o[..., k * H : (k + 1) * H] for k in range(4))
    (d_h_i_dot, d_h_f_dot, d_h_g_dot,
        d_h_o_dot) = (d_a_h_i_h_f_h_g_h_o_dot[..., k * H : (k + 1) * H] for k in range(4))
    d_x_i, d_x_f, d_x_g, d_x_o = (d_a_x_i_x_f_x_g_x_o[..., k * H : (k + 1) * H] for k in range(4))
    (d_x_i_dot, d_x_f_dot, d_x_g_dot,
        d_x_o_dot) = (d_a_x_i_x_f_x_g_x_o_dot[..., k * H : (k + 1) * H] for k in range(4))
    # All steps at once
    tanh_c_norm_slope = _tanh_slope(c_norm)  # (B3)
    # (S3) ∂tanh_c_norm′ₜ = −2 ∂c_normₜ ⊙ tanh_c_normₜ ⊙ tanh_c_norm′ₜ
    tanh_c_norm_slope_dot = -2 * c_norm_dot * tanh_c_norm * tanh_c_norm_slope
    o_slope = _sigmoid_slope(a_o)  # (B16)
    o_slope_dot = a_o_dot * o_slope * (1 - 2 * o)  # (S16) ∂o′ₜ = ∂a_oₜ ⊙ o′ₜ ⊙ (1 − 2 oₜ)
    g_slope = _tanh_slope(a_g)  # (B22)
    g_slope_dot = -2 * a_g_dot * g * g_slope  # (S22) ∂g′ₜ = −2 ∂a_gₜ ⊙ gₜ ⊙ g′ₜ
    f_slope = _sigmoid_slope(a_f)  # (B28)
    f_slope_dot = a_f_dot * f_slope * (1 - 2 * f)  # (S28) ∂f′ₜ = ∂a_fₜ ⊙ f′ₜ ⊙ (1 − 2 fₜ)
    i_slope = _sigmoid_slope(a_i)  # (B34)
    i_slope_dot = a_i_dot * i_slope * (1 - 2 * i)  # (S34) ∂i′ₜ = ∂a_iₜ ⊙ i′ₜ ⊙ (1 − 2 iₜ)
    # Step by step, backwards
    for (dy_t, dy_dot_t, o_t, o_dot_t, tanh_c_norm_slope_t, d_c_norm_t, tanh_c_norm_slope_dot_t, d_c_norm_dot_t,
            s_c_t, u_c_t, s_c_dot_t, u_c_dot_t, tanh_c_norm_t, tanh_c_norm_dot_t, o_slope_t, d_a_o_t,
            o_slope_dot_t, d_a_o_dot_t, i_t, i_dot_t, g_slope_t, d_a_g_t, g_slope_dot_t, d_a_g_dot_t, c_prev,
            c_dot_prev, f_slope_t, d_a_f_t, f_slope_dot_t, d_a_f_dot_t, g_t, g_dot_t, i_slope_t, d_a_i_t,
            i_slope_dot_t, d_a_i_dot_t, s_h_t, u_o_t, u_g_t, u_f_t, u_i_t, s_h_dot_t, u_o_dot_t, u_g_dot_t,
            u_f_dot_t, u_i_dot_t, d_h_o_t, d_h_o_dot_t, d_h_g_t, d_h_g_dot_t, d_h_f_t, d_h_f_dot_t, d_h_i_t,
            d_h_i_dot_t, d_a_h_i_h_f_h_g_h_o_t, d_a_h_i_h_f_h_g_h_o_dot_t, f_t, f_dot_t) in zip(dy[::-1],
            dy_dot[::-1], o[::-1], o_dot[::-1], tanh_c_norm_slope[::-1], d_c_norm[::-1],
            tanh_c_norm_slope_dot[::-1], d_c_norm_dot[::-1], s_c[::-1], u_c[::-1], s_c_dot[::-1], u_c_dot[::-1],
            tanh_c_norm[::-1], tanh_c_norm_dot[::-1], o_slope[::-1], d_a_o[::-1], o_slope_dot[::-1],
            d_a_o_dot[::-1], i[::-1], i_dot[::-1], g_slope[::-1], d_a_g[::-1], g_slope_dot[::-1], d_a_g_dot[::-1],
            c[:-1][::-1], c_dot[:-1][::-1], f_slope[::-1], d_a_f[::-1], f_slope_dot[::-1], d_a_f_dot[::-1],
            g[::-1], g_dot[::-1], i_slope[::-1], d_a_i[::-1], i_slope_dot[::-1], d_a_i_dot[::-1], s_h[::-1],
            u_o[::-1], u_g[::-1], u_f[::-1], u_i[::-1], s_h_dot[::-1], u_o_dot[::-1], u_g_dot[::-1], u_f_dot[::-1],
            u_i_dot[::-1], d_h_o[::-1], d_h_o_dot[::-1], d_h_g[::-1], d_h_g_dot[::-1], d_h_f[::-1],
            d_h_f_dot[::-1], d_h_i[::-1], d_h_i_dot[::-1], d_a_h_i_h_f_h_g_h_o[::-1],
            d_a_h_i_h_f_h_g_h_o_dot[::-1], f[::-1], f_dot[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1)
        d_h_dot = dy_dot_t + d_h_next_dot  # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        d_tanh_c_norm = d_h * o_t  # (B2)
        d_tanh_c_norm_dot = o_dot_t * d_h + d_h_dot * o_t  # (S2) ∂δtanh_c_normₜ = ∂oₜ ⊙ δhₜ + ∂δhₜ ⊙ oₜ
        multiply(d_tanh_c_norm, tanh_c_norm_slope_t, d_c_norm_t)  # (B4)
        # (S4) ∂δc_normₜ = δtanh_c_normₜ ⊙ ∂tanh_c_norm′ₜ + ∂δtanh_c_normₜ ⊙ tanh_c_norm′ₜ
        add(d_tanh_c_norm * tanh_c_norm_slope_dot_t, d_tanh_c_norm_dot * tanh_c_norm_slope_t, d_c_norm_dot_t)
        d_s_c = -d_c_norm_t * u_c_t * gamma_c / s_c_t**2  # (B7)
        # (S7) ∂δs_cₜ = 2 ∂s_cₜ ⊙ δc_normₜ ⊙ u_cₜ ⊙ γ_c / s_cₜ³ − ∂u_cₜ ⊙ δc_normₜ ⊙ γ_c / s_cₜ² − ∂γ_c ⊙ δc_normₜ ⊙
        # u_cₜ / s_cₜ² − ∂δc_normₜ ⊙ u_cₜ ⊙ γ_c / s_cₜ²
        d_s_c_dot = (2 * s_c_dot_t * d_c_norm_t * u_c_t * gamma_c / s_c_t**3 - u_c_dot_t * d_c_norm_t * gamma_c
            / s_c_t**2 - gamma_c_dot * d_c_norm_t * u_c_t / s_c_t**2 - d_c_norm_dot_t * u_c_t * gamma_c / s_c_t**2)
        d_a_s_c = 0.5 * d_s_c / s_c_t  # (B8)
        # (S8) ∂δa_s_cₜ = 0.5 ∂δs_cₜ / s_cₜ − 0.5 ∂s_cₜ ⊙ δs_cₜ / s_cₜ²
        d_a_s_c_dot = 0.5 * d_s_c_dot / s_c_t - 0.5 * s_c_dot_t * d_s_c / s_c_t**2
        d_mean_q_c = d_a_s_c  # (B9)
        d_mean_q_c_dot = d_a_s_c_dot  # (S9) ∂δmean_q_cₜ = ∂δa_s_cₜ
        d_q_c = _mean_of(d_mean_q_c)  # (B10)
        d_q_c_dot = _mean_of(d_mean_q_c_dot)  # (S10) ∂δq_cₜ = mean(∂δmean_q_cₜ)
        d_u_c = d_c_norm_t * gamma_c / s_c_t + 2 * d_q_c * u_c_t  # (B11)
        # (S11) ∂δu_cₜ = 2 ∂u_cₜ ⊙ δq_cₜ + ∂γ_c ⊙ δc_normₜ / s_cₜ + ∂δc_normₜ ⊙ γ_c / s_cₜ + 2 ∂δq_cₜ ⊙ u_cₜ − ∂s_cₜ ⊙
        # δc_normₜ ⊙ γ_c / s_cₜ²
        d_u_c_dot = (2 * u_c_dot_t * d_q_c + gamma_c_dot * d_c_norm_t / s_c_t + d_c_norm_dot_t * gamma_c / s_c_t + 2
            * d_q_c_dot * u_c_t - s_c_dot_t * d_c_norm_t * gamma_c / s_c_t**2)
        d_mean_c = -d_u_c  # (B12)
        d_mean_c_dot = -d_u_c_dot  # (S12) ∂δmean_cₜ = −∂δu_cₜ
        d_c_direct = d_c_next + d_u_c  # (B13)
        d_c_direct_dot = d_c_next_dot + d_u_c_dot  # (S13) ∂δc°ₜ = ∂δc⁺ₜ + ∂δu_cₜ
        # (B14)
        d_c = _mean_of(d_mean_c)
        d_c += d_c_direct
        # (S14) ∂δcₜ = mean(∂δmean_cₜ) + ∂δc°ₜ
        d_c_dot = _mean_of(d_mean_c_dot)
        d_c_dot += d_c_direct_dot
        d_o = d_h * tanh_c_norm_t  # (B15)
        # (S15) ∂δoₜ = ∂tanh_c_normₜ ⊙ δhₜ + ∂δhₜ ⊙ tanh_c_normₜ
        d_o_dot = tanh_c_norm_dot_t * d_h + d_h_dot * tanh_c_norm_t
        multiply(d_o, o_slope_t, d_a_o_t)  # (B17)
        add(d_o * o_slope_dot_t, d_o_dot * o_slope_t, d_a_o_dot_t)  # (S17) ∂δa_oₜ = δoₜ ⊙ ∂o′ₜ + ∂δoₜ ⊙ o′ₜ
        d_g = d_c * i_t  # (B21)
        d_g_dot = i_dot_t * d_c + d_c_dot * i_t  # (S21) ∂δgₜ = ∂iₜ ⊙ δcₜ + ∂δcₜ ⊙ iₜ
        multiply(d_g, g_slope_t, d_a_g_t)  # (B23)
        add(d_g * g_slope_dot_t, d_g_dot * g_slope_t, d_a_g_dot_t)  # (S23) ∂δa_gₜ = δgₜ ⊙ ∂g′ₜ + ∂δgₜ ⊙ g′ₜ
        d_f = d_c * c_prev  # (B27)
        d_f_dot = c_dot_prev * d_c + d_c_dot * c_prev  # (S27) ∂δfₜ = ∂cₜ₋₁ ⊙ δcₜ + ∂δcₜ ⊙ cₜ₋₁
        multiply(d_f, f_slope_t, d_a_f_t)  # (B29)
        add(d_f * f_slope_dot_t, d_f_dot * f_slope_t, d_a_f_dot_t)  # (S29) ∂δa_fₜ = δfₜ ⊙ ∂f′ₜ + ∂δfₜ ⊙ f′ₜ
        d_i = d_c * g_t  # (B33)
        d_i_dot = g_dot_t * d_c + d_c_dot * g_t  # (S33) ∂δiₜ = ∂gₜ ⊙ δcₜ + ∂δcₜ ⊙ gₜ
        multiply(d_i, i_slope_t, d_a_i_t)  # (B35)
        add(d_i * i_slope_dot_t, d_i_dot * i_slope_t, d_a_i_dot_t)  # (S35) ∂δa_iₜ = δiₜ ⊙ ∂i′ₜ + ∂δiₜ ⊙ i′ₜ
        # (B49)
        d_s_h = (-d_a_o_t * u_o_t * alpha_o / s_h_t**2 - d_a_g_t * u_g_t * alpha_g / s_h_t**2 - d_a_f_t * u_f_t
            * alpha_f / s_h_t**2 - d_a_i_t * u_i_t * alpha_i / s_h_t**2)
        # (S49) ∂δs_hₜ = ∂s_hₜ ⊙ (2 δa_oₜ ⊙ u_oₜ ⊙ α_o / s_hₜ³ + 2 δa_gₜ ⊙ u_gₜ ⊙ α_g / s_hₜ³ + 2 δa_fₜ ⊙ u_fₜ ⊙ α_f /
        # s_hₜ³ + 2 δa_iₜ ⊙ u_iₜ ⊙ α_i / s_hₜ³) − ∂u_oₜ ⊙ δa_oₜ ⊙ α_o / s_hₜ² − ∂u_gₜ ⊙ δa_gₜ ⊙ α_g / s_hₜ² − ∂u_fₜ ⊙
        # δa_fₜ ⊙ α_f / s_hₜ² − ∂u_iₜ ⊙ δa_iₜ ⊙ α_i / s_hₜ² − ∂α_i ⊙ δa_iₜ ⊙ u_iₜ / s_hₜ² − ∂α_f ⊙ δa_fₜ ⊙ u_fₜ / s_hₜ²
        # − ∂α_g ⊙ δa_gₜ ⊙ u_gₜ / s_hₜ² − ∂α_o ⊙ δa_oₜ ⊙ u_oₜ / s_hₜ² − ∂δa_oₜ ⊙ u_oₜ ⊙ α_o / s_hₜ² − ∂δa_gₜ ⊙ u_gₜ ⊙
        # α_g / s_hₜ² − ∂δa_fₜ ⊙ u_fₜ ⊙ α_f / s_hₜ² − ∂δa_iₜ ⊙ u_iₜ ⊙ α_i / s_hₜ²
        d_s_h_dot = (s_h_dot_t * (2 * d_a_o_t * u_o_t * alpha_o / s_h_t**3 + 2 * d_a_g_t * u_g_t * alpha_g / s_h_t**3
            + 2 * d_a_f_t * u_f_t * alpha_f / s_h_t**3 + 2 * d_a_i_t * u_i_t * alpha_i / s_h_t**3) - u_o_dot_t
            * d_a_o_t * alpha_o / s_h_t**2 - u_g_dot_t * d_a_g_t * alpha_g / s_h_t**2 - u_f_dot_t * d_a_f_t * alpha_f
            / s_h_t**2 - u_i_dot_t * d_a_i_t * alpha_i / s_h_t**2 - alpha_i_dot * d_a_i_t * u_i_t / s_h_t**2
            - alpha_f_dot * d_a_f_t * u_f_t / s_h_t**2 - alpha_g_dot * d_a_g_t * u_g_t / s_h_t**2 - alpha_o_dot
            * d_a_o_t * u_o_t / s_h_t**2 - d_a_o_dot_t * u_o_t * alpha_o / s_h_t**2 - d_a_g_dot_t * u_g_t * alpha_g
            / s_h_t**2 - d_a_f_dot_t * u_f_t * alpha_f / s_h_t**2 - d_a_i_dot_t * u_i_t * alpha_i / s_h_t**2)
        d_a_s_h = 0.5 * d_s_h / s_h_t  # (B50)
        # (S50) ∂δa_s_hₜ = 0.5 ∂δs_hₜ / s_hₜ − 0.5 ∂s_hₜ ⊙ δs_hₜ / s_hₜ²
        d_a_s_h_dot = 0.5 * d_s_h_dot / s_h_t - 0.5 * s_h_dot_t * d_s_h / s_h_t**2
        d_mean_q_h = d_a_s_h  # (B51)
        d_mean_q_h_dot = d_a_s_h_dot  # (S51) ∂δmean_q_hₜ = ∂δa_s_hₜ
        d_q_h = _mean_of(d_mean_q_h)  # (B52)
        d_q_h_dot = _mean_of(d_mean_q_h_dot)  # (S52) ∂δq_hₜ = mean(∂δmean_q_hₜ)
        d_u_o = d_a_o_t * alpha_o / s_h_t + 0.5 * d_q_h * u_o_t  # (B53)
        # (S53) ∂δu_oₜ = 0.5 ∂u_oₜ ⊙ δq_hₜ + ∂α_o ⊙ δa_oₜ / s_hₜ + ∂δa_oₜ ⊙ α_o / s_hₜ + 0.5 ∂δq_hₜ ⊙ u_oₜ − ∂s_hₜ ⊙
        # δa_oₜ ⊙ α_o / s_hₜ²
        d_u_o_dot = (0.5 * u_o_dot_t * d_q_h + alpha_o_dot * d_a_o_t / s_h_t + d_a_o_dot_t * alpha_o / s_h_t + 0.5
            * d_q_h_dot * u_o_t - s_h_dot_t * d_a_o_t * alpha_o / s_h_t**2)
        d_u_g = d_a_g_t * alpha_g / s_h_t + 0.5 * d_q_h * u_g_t  # (B54)
        # (S54) ∂δu_gₜ = 0.5 ∂u_gₜ ⊙ δq_hₜ + ∂α_g ⊙ δa_gₜ / s_hₜ + ∂δa_gₜ ⊙ α_g / s_hₜ + 0.5 ∂δq_hₜ ⊙ u_gₜ − ∂s_hₜ ⊙
        # δa_gₜ ⊙ α_g / s_hₜ²
        d_u_g_dot = (0.5 * u_g_dot_t * d_q_h + alpha_g_dot * d_a_g_t / s_h_t + d_a_g_dot_t * alpha_g / s_h_t + 0.5
            * d_q_h_dot * u_g_t - s_h_dot_t * d_a_g_t * alpha_g / s_h_t**2)
        d_u_f = d_a_f_t * alpha_f / s_h_t + 0.5 * d_q_h * u_f_t  # (B55)
        # (S55) ∂δu_fₜ = 0.5 ∂u_fₜ ⊙ δq_hₜ + ∂α_f ⊙ δa_fₜ / s_hₜ + ∂δa_fₜ ⊙ α_f / s_hₜ + 0.5 ∂δq_hₜ ⊙ u_fₜ − ∂s_hₜ ⊙
        # δa_fₜ ⊙ α_f / s_hₜ²
        d_u_f_dot = (0.5 * u_f_dot_t * d_q_h + alpha_f_dot * d_a_f_t / s_h_t + d_a_f_dot_t * alpha_f / s_h_t + 0.5
            * d_q_h_dot * u_f_t - s_h_dot_t * d_a_f_t * alpha_f / s_h_t**2)
        d_u_i = d_a_i_t * alpha_i / s_h_t + 0.5 * d_q_h * u_i_t  # (B56)
        # (S56) ∂δu_iₜ = 0.5 ∂u_iₜ ⊙ δq_hₜ + ∂α_i ⊙ δa_iₜ / s_hₜ + ∂δa_iₜ ⊙ α_i / s_hₜ + 0.5 ∂δq_hₜ ⊙ u_iₜ − ∂s_hₜ ⊙
        # δa_iₜ ⊙ α_i / s_hₜ²
        d_u_i_dot = (0.5 * u_i_dot_t * d_q_h + alpha_i_dot * d_a_i_t / s_h_t + d_a_i_dot_t * alpha_i / s_h_t + 0.5
            * d_q_h_dot * u_i_t - s_h_dot_t * d_a_i_t * alpha_i / s_h_t**2)
        d_mu_h = -d_u_o - d_u_g - d_u_f - d_u_i  # (B57)
        d_mu_h_dot = -d_u_o_dot - d_u_g_dot - d_u_f_dot - d_u_i_dot  # (S57) ∂δμ_hₜ = −∂δu_oₜ − ∂δu_gₜ − ∂δu_fₜ − ∂δu_iₜ
        d_m_h = _mean_of(d_mu_h)  # (B58)
        d_m_h_dot = _mean_of(d_mu_h_dot)  # (S58) ∂δm_hₜ = mean(∂δμ_hₜ)
        add(d_u_o, 0.25 * d_m_h, d_h_o_t)  # (B63)
        add(d_u_o_dot, 0.25 * d_m_h_dot, d_h_o_dot_t)  # (S63) ∂δh_oₜ = ∂δu_oₜ + 0.25 ∂δm_hₜ
        add(d_u_g, 0.25 * d_m_h, d_h_g_t)  # (B64)
        add(d_u_g_dot, 0.25 * d_m_h_dot, d_h_g_dot_t)  # (S64) ∂δh_gₜ = ∂δu_gₜ + 0.25 ∂δm_hₜ
        add(d_u_f, 0.25 * d_m_h, d_h_f_t)  # (B65)
        add(d_u_f_dot, 0.25 * d_m_h_dot, d_h_f_dot_t)  # (S65) ∂δh_fₜ = ∂δu_fₜ + 0.25 ∂δm_hₜ
        add(d_u_i, 0.25 * d_m_h, d_h_i_t)  # (B66)
        add(d_u_i_dot, 0.25 * d_m_h_dot, d_h_i_dot_t)  # (S66) ∂δh_iₜ = ∂δu_iₜ + 0.25 ∂δm_hₜ
        d_h_prev = d_a_h_i_h_f_h_g_h_o_t.dot(U)  # (B67)
        # (S67) ∂δh⁺ₜ₋₁ = U_oᵀ ∂δh_oₜ + ∂U_oᵀ δh_oₜ + U_gᵀ ∂δh_gₜ + ∂U_gᵀ δh_gₜ + U_fᵀ ∂δh_fₜ + ∂U_fᵀ δh_fₜ + U_iᵀ
        # ∂δh_iₜ + ∂U_iᵀ δh_iₜ
        d_h_next_dot_prev = d_a_h_i_h_f_h_g_h_o_dot_t.dot(U)
        d_h_next_dot_prev += d_a_h_i_h_f_h_g_h_o_t.dot(U_dot)
        d_c_prev = d_c * f_t  # (B68)
        d_c_next_dot_prev = f_dot_t * d_c + d_c_dot * f_t  # (S68) ∂δc⁺ₜ₋₁ = ∂fₜ ⊙ δcₜ + ∂δcₜ ⊙ fₜ
        d_h_next, d_h_next_dot, d_c_next, d_c_next_dot = d_h_prev, d_h_next_dot_prev, d_c_prev, d_c_next_dot_prev
    return _second_order_gradients(H, x, x_dot, h, h_dot, u_i, u_i_dot, u_f, u_f_dot, u_g, u_g_dot, u_o, u_o_dot,
        s_h, s_h_dot, v_i, v_i_dot, v_f, v_f_dot, v_g, v_g_dot, v_o, v_o_dot, s_x, s_x_dot, u_c, u_c_dot, s_c,
        s_c_dot, gamma_o, gamma_g, gamma_f, gamma_i, gamma_o_dot, gamma_g_dot, gamma_f_dot, gamma_i_dot, W, W_dot,
        d_a_x_i_x_f_x_g_x_o, d_a_x_i_x_f_x_g_x_o_dot, d_a_h_i_h_f_h_g_h_o, d_a_h_i_h_f_h_g_h_o_dot, d_c_norm,
        d_c_norm_dot, d_a_o, d_a_o_dot, d_a_g, d_a_g_dot, d_a_f, d_a_f_dot, d_a_i, d_a_i_dot, d_h_next,
        d_h_next_dot, d_c_next, d_c_next_dot, d_x_i, d_x_f, d_x_g, d_x_o, d_x_i_dot, d_x_f_dot, d_x_g_dot,
        d_x_o_dot)


def _second_order_gradients(H: Any, x: Any, x_dot: Any, h: Any, h_dot: Any, u_i: Any, u_i_dot: Any, u_f: Any,
    u_f_dot: Any, u_g: Any, u_g_dot: Any, u_o: Any, u_o_dot: Any, s_h: Any, s_h_dot: Any, v_i: Any,
    v_i_dot: Any, v_f: Any, v_f_dot: Any, v_g: Any, v_g_dot: Any, v_o: Any, v_o_dot: Any, s_x: Any,
    s_x_dot: Any, u_c: Any, u_c_dot: Any, s_c: Any, s_c_dot: Any, gamma_o: Any, gamma_g: Any, gamma_f: Any,
    gamma_i: Any, gamma_o_dot: Any, gamma_g_dot: Any, gamma_f_dot: Any, gamma_i_dot: Any, W: Any, W_dot: Any,
    d_a_x_i_x_f_x_g_x_o: Any, d_a_x_i_x_f_x_g_x_o_dot: Any, d_a_h_i_h_f_h_g_h_o: Any,
    d_a_h_i_h_f_h_g_h_o_dot: Any, d_c_norm: Any, d_c_norm_dot: Any, d_a_o: Any, d_a_o_dot: Any, d_a_g: Any,
    d_a_g_dot: Any, d_a_f: Any, d_a_f_dot: Any, d_a_i: Any, d_a_i_dot: Any, d_h_next: Any, d_h_next_dot: Any,
    d_c_next: Any, d_c_next_dot: Any, d_x_i: Any, d_x_f: Any, d_x_g: Any, d_x_o: Any, d_x_i_dot: Any,
    d_x_f_dot: Any, d_x_g_dot: Any, d_x_o_dot: Any) -> tuple[Grads, Grads]:
    """What follows the loop of `_second_order`: sums over all steps."""
    # All steps at once
    d_gamma_c_by_c_norm = d_c_norm * u_c / s_c  # (B5)
    # (S5) ∂δγ_c_by_c_normₜ = ∂u_cₜ ⊙ δc_normₜ / s_cₜ + ∂δc_normₜ ⊙ u_cₜ / s_cₜ − ∂s_cₜ ⊙ δc_normₜ ⊙ u_cₜ / s_cₜ²
    d_gamma_c_by_c_norm_dot = (u_c_dot * d_c_norm / s_c + d_c_norm_dot * u_c / s_c - s_c_dot * d_c_norm * u_c
        / s_c**2)
    d_b_c_by_c_norm = d_c_norm  # (B6)
    d_b_c_by_c_norm_dot = d_c_norm_dot  # (S6) ∂δb_c_by_c_normₜ = ∂δc_normₜ
    d_alpha_o_by_a_o = d_a_o * u_o / s_h  # (B18)
    # (S18) ∂δα_o_by_a_oₜ = ∂u_oₜ ⊙ δa_oₜ / s_hₜ + ∂δa_oₜ ⊙ u_oₜ / s_hₜ − ∂s_hₜ ⊙ δa_oₜ ⊙ u_oₜ / s_hₜ²
    d_alpha_o_by_a_o_dot = u_o_dot * d_a_o / s_h + d_a_o_dot * u_o / s_h - s_h_dot * d_a_o * u_o / s_h**2
    d_gamma_o_by_a_o = d_a_o * v_o / s_x  # (B19)
    # (S19) ∂δγ_o_by_a_oₜ = ∂v_oₜ ⊙ δa_oₜ / s_xₜ + ∂δa_oₜ ⊙ v_oₜ / s_xₜ − ∂s_xₜ ⊙ δa_oₜ ⊙ v_oₜ / s_xₜ²
    d_gamma_o_by_a_o_dot = v_o_dot * d_a_o / s_x + d_a_o_dot * v_o / s_x - s_x_dot * d_a_o * v_o / s_x**2
    d_b_o_by_a_o = d_a_o  # (B20)
    d_b_o_by_a_o_dot = d_a_o_dot  # (S20) ∂δb_o_by_a_oₜ = ∂δa_oₜ
    d_alpha_g_by_a_g = d_a_g * u_g / s_h  # (B24)
    # (S24) ∂δα_g_by_a_gₜ = ∂u_gₜ ⊙ δa_gₜ / s_hₜ + ∂δa_gₜ ⊙ u_gₜ / s_hₜ − ∂s_hₜ ⊙ δa_gₜ ⊙ u_gₜ / s_hₜ²
    d_alpha_g_by_a_g_dot = u_g_dot * d_a_g / s_h + d_a_g_dot * u_g / s_h - s_h_dot * d_a_g * u_g / s_h**2
    d_gamma_g_by_a_g = d_a_g * v_g / s_x  # (B25)
    # (S25) ∂δγ_g_by_a_gₜ = ∂v_gₜ ⊙ δa_gₜ / s_xₜ + ∂δa_gₜ ⊙ v_gₜ / s_xₜ − ∂s_xₜ ⊙ δa_gₜ ⊙ v_gₜ / s_xₜ²
    d_gamma_g_by_a_g_dot = v_g_dot * d_a_g / s_x + d_a_g_dot * v_g / s_x - s_x_dot * d_a_g * v_g / s_x**2
    d_b_g_by_a_g = d_a_g  # (B26)
    d_b_g_by_a_g_dot = d_a_g_dot  # (S26) ∂δb_g_by_a_gₜ = ∂δa_gₜ
    d_alpha_f_by_a_f = d_a_f * u_f / s_h  # (B30)
    # (S30) ∂δα_f_by_a_fₜ = ∂u_fₜ ⊙ δa_fₜ / s_hₜ + ∂δa_fₜ ⊙ u_fₜ / s_hₜ − ∂s_hₜ ⊙ δa_fₜ ⊙ u_fₜ / s_hₜ²
    d_alpha_f_by_a_f_dot = u_f_dot * d_a_f / s_h + d_a_f_dot * u_f / s_h - s_h_dot * d_a_f * u_f / s_h**2
    d_gamma_f_by_a_f = d_a_f * v_f / s_x  # (B31)
    # (S31) ∂δγ_f_by_a_fₜ = ∂v_fₜ ⊙ δa_fₜ / s_xₜ + ∂δa_fₜ ⊙ v_fₜ / s_xₜ − ∂s_xₜ ⊙ δa_fₜ ⊙ v_fₜ / s_xₜ²
    d_gamma_f_by_a_f_dot = v_f_dot * d_a_f / s_x + d_a_f_dot * v_f / s_x - s_x_dot * d_a_f * v_f / s_x**2
    d_b_f_by_a_f = d_a_f  # (B32)
    d_b_f_by_a_f_dot = d_a_f_dot  # (S32) ∂δb_f_by_a_fₜ = ∂δa_fₜ
    d_alpha_i_by_a_i = d_a_i * u_i / s_h  # (B36)
    # (S36) ∂δα_i_by_a_iₜ = ∂u_iₜ ⊙ δa_iₜ / s_hₜ + ∂δa_iₜ ⊙ u_iₜ / s_hₜ − ∂s_hₜ ⊙ δa_iₜ ⊙ u_iₜ / s_hₜ²
    d_alpha_i_by_a_i_dot = u_i_dot * d_a_i / s_h + d_a_i_dot * u_i / s_h - s_h_dot * d_a_i * u_i / s_h**2
    d_gamma_i_by_a_i = d_a_i * v_i / s_x  # (B37)
    # (S37) ∂δγ_i_by_a_iₜ = ∂v_iₜ ⊙ δa_iₜ / s_xₜ + ∂δa_iₜ ⊙ v_iₜ / s_xₜ − ∂s_xₜ ⊙ δa_iₜ ⊙ v_iₜ / s_xₜ²
    d_gamma_i_by_a_i_dot = v_i_dot * d_a_i / s_x + d_a_i_dot * v_i / s_x - s_x_dot * d_a_i * v_i / s_x**2
    d_b_i_by_a_i = d_a_i  # (B38)
    d_b_i_by_a_i_dot = d_a_i_dot  # (S38) ∂δb_i_by_a_iₜ = ∂δa_iₜ
    # (B39)
    d_s_x = (-d_a_o * v_o * gamma_o / s_x**2 - d_a_g * v_g * gamma_g / s_x**2 - d_a_f * v_f * gamma_f / s_x**2
        - d_a_i * v_i * gamma_i / s_x**2)
    # (S39) ∂δs_xₜ = ∂s_xₜ ⊙ (2 δa_oₜ ⊙ v_oₜ ⊙ γ_o / s_xₜ³ + 2 δa_gₜ ⊙ v_gₜ ⊙ γ_g / s_xₜ³ + 2 δa_fₜ ⊙ v_fₜ ⊙ γ_f /
    # s_xₜ³ + 2 δa_iₜ ⊙ v_iₜ ⊙ γ_i / s_xₜ³) − ∂v_oₜ ⊙ δa_oₜ ⊙ γ_o / s_xₜ² − ∂v_gₜ ⊙ δa_gₜ ⊙ γ_g / s_xₜ² − ∂v_fₜ ⊙
    # δa_fₜ ⊙ γ_f / s_xₜ² − ∂v_iₜ ⊙ δa_iₜ ⊙ γ_i / s_xₜ² − ∂γ_i ⊙ δa_iₜ ⊙ v_iₜ / s_xₜ² − ∂γ_f ⊙ δa_fₜ ⊙ v_fₜ / s_xₜ²
    # − ∂γ_g ⊙ δa_gₜ ⊙ v_gₜ / s_xₜ² − ∂γ_o ⊙ δa_oₜ ⊙ v_oₜ / s_xₜ² − ∂δa_oₜ ⊙ v_oₜ ⊙ γ_o / s_xₜ² − ∂δa_gₜ ⊙ v_gₜ ⊙
    # γ_g / s_xₜ² − ∂δa_fₜ ⊙ v_fₜ ⊙ γ_f / s_xₜ² − ∂δa_iₜ ⊙ v_iₜ ⊙ γ_i / s_xₜ²
    d_s_x_dot = (s_x_dot * (2 * d_a_o * v_o * gamma_o / s_x**3 + 2 * d_a_g * v_g * gamma_g / s_x**3 + 2 * d_a_f
        * v_f * gamma_f / s_x**3 + 2 * d_a_i * v_i * gamma_i / s_x**3) - v_o_dot * d_a_o * gamma_o / s_x**2
        - v_g_dot * d_a_g * gamma_g / s_x**2 - v_f_dot * d_a_f * gamma_f / s_x**2 - v_i_dot * d_a_i * gamma_i
        / s_x**2 - gamma_i_dot * d_a_i * v_i / s_x**2 - gamma_f_dot * d_a_f * v_f / s_x**2 - gamma_g_dot * d_a_g
        * v_g / s_x**2 - gamma_o_dot * d_a_o * v_o / s_x**2 - d_a_o_dot * v_o * gamma_o / s_x**2 - d_a_g_dot * v_g
        * gamma_g / s_x**2 - d_a_f_dot * v_f * gamma_f / s_x**2 - d_a_i_dot * v_i * gamma_i / s_x**2)
    d_a_s_x = 0.5 * d_s_x / s_x  # (B40)
    # (S40) ∂δa_s_xₜ = 0.5 ∂δs_xₜ / s_xₜ − 0.5 ∂s_xₜ ⊙ δs_xₜ / s_xₜ²
    d_a_s_x_dot = 0.5 * d_s_x_dot / s_x - 0.5 * s_x_dot * d_s_x / s_x**2
    d_mean_q_x = d_a_s_x  # (B41)
    d_mean_q_x_dot = d_a_s_x_dot  # (S41) ∂δmean_q_xₜ = ∂δa_s_xₜ
    d_q_x = _mean_of(d_mean_q_x)  # (B42)
    d_q_x_dot = _mean_of(d_mean_q_x_dot)  # (S42) ∂δq_xₜ = mean(∂δmean_q_xₜ)
    d_v_o = d_a_o * gamma_o / s_x + 0.5 * d_q_x * v_o  # (B43)
    # (S43) ∂δv_oₜ = 0.5 ∂v_oₜ ⊙ δq_xₜ + ∂γ_o ⊙ δa_oₜ / s_xₜ + ∂δa_oₜ ⊙ γ_o / s_xₜ + 0.5 ∂δq_xₜ ⊙ v_oₜ − ∂s_xₜ ⊙
    # δa_oₜ ⊙ γ_o / s_xₜ²
    d_v_o_dot = (0.5 * v_o_dot * d_q_x + gamma_o_dot * d_a_o / s_x + d_a_o_dot * gamma_o / s_x + 0.5 * d_q_x_dot
        * v_o - s_x_dot * d_a_o * gamma_o / s_x**2)
    d_v_g = d_a_g * gamma_g / s_x + 0.5 * d_q_x * v_g  # (B44)
    # (S44) ∂δv_gₜ = 0.5 ∂v_gₜ ⊙ δq_xₜ + ∂γ_g ⊙ δa_gₜ / s_xₜ + ∂δa_gₜ ⊙ γ_g / s_xₜ + 0.5 ∂δq_xₜ ⊙ v_gₜ − ∂s_xₜ ⊙
    # δa_gₜ ⊙ γ_g / s_xₜ²
    d_v_g_dot = (0.5 * v_g_dot * d_q_x + gamma_g_dot * d_a_g / s_x + d_a_g_dot * gamma_g / s_x + 0.5 * d_q_x_dot
        * v_g - s_x_dot * d_a_g * gamma_g / s_x**2)
    d_v_f = d_a_f * gamma_f / s_x + 0.5 * d_q_x * v_f  # (B45)
    # (S45) ∂δv_fₜ = 0.5 ∂v_fₜ ⊙ δq_xₜ + ∂γ_f ⊙ δa_fₜ / s_xₜ + ∂δa_fₜ ⊙ γ_f / s_xₜ + 0.5 ∂δq_xₜ ⊙ v_fₜ − ∂s_xₜ ⊙
    # δa_fₜ ⊙ γ_f / s_xₜ²
    d_v_f_dot = (0.5 * v_f_dot * d_q_x + gamma_f_dot * d_a_f / s_x + d_a_f_dot * gamma_f / s_x + 0.5 * d_q_x_dot
        * v_f - s_x_dot * d_a_f * gamma_f / s_x**2)
    d_v_i = d_a_i * gamma_i / s_x + 0.5 * d_q_x * v_i  # (B46)
    # (S46) ∂δv_iₜ = 0.5 ∂v_iₜ ⊙ δq_xₜ + ∂γ_i ⊙ δa_iₜ / s_xₜ + ∂δa_iₜ ⊙ γ_i / s_xₜ + 0.5 ∂δq_xₜ ⊙ v_iₜ − ∂s_xₜ ⊙
    # δa_iₜ ⊙ γ_i / s_xₜ²
    d_v_i_dot = (0.5 * v_i_dot * d_q_x + gamma_i_dot * d_a_i / s_x + d_a_i_dot * gamma_i / s_x + 0.5 * d_q_x_dot
        * v_i - s_x_dot * d_a_i * gamma_i / s_x**2)
    d_mu_x = -d_v_o - d_v_g - d_v_f - d_v_i  # (B47)
    d_mu_x_dot = -d_v_o_dot - d_v_g_dot - d_v_f_dot - d_v_i_dot  # (S47) ∂δμ_xₜ = −∂δv_oₜ − ∂δv_gₜ − ∂δv_fₜ − ∂δv_iₜ
    d_m_x = _mean_of(d_mu_x)  # (B48)
    d_m_x_dot = _mean_of(d_mu_x_dot)  # (S48) ∂δm_xₜ = mean(∂δμ_xₜ)
    # (B59)
    np.multiply(0.25, d_m_x, out=d_x_o)
    np.add(d_v_o, d_x_o, out=d_x_o)
    # (S59) ∂δx_oₜ = ∂δv_oₜ + 0.25 ∂δm_xₜ
    np.multiply(0.25, d_m_x_dot, out=d_x_o_dot)
    np.add(d_v_o_dot, d_x_o_dot, out=d_x_o_dot)
    # (B60)
    np.multiply(0.25, d_m_x, out=d_x_g)
    np.add(d_v_g, d_x_g, out=d_x_g)
    # (S60) ∂δx_gₜ = ∂δv_gₜ + 0.25 ∂δm_xₜ
    np.multiply(0.25, d_m_x_dot, out=d_x_g_dot)
    np.add(d_v_g_dot, d_x_g_dot, out=d_x_g_dot)
    # (B61)
    np.multiply(0.25, d_m_x, out=d_x_f)
    np.add(d_v_f, d_x_f, out=d_x_f)
    # (S61) ∂δx_fₜ = ∂δv_fₜ + 0.25 ∂δm_xₜ
    np.multiply(0.25, d_m_x_dot, out=d_x_f_dot)
    np.add(d_v_f_dot, d_x_f_dot, out=d_x_f_dot)
    # (B62)
    np.multiply(0.25, d_m_x, out=d_x_i)
    np.add(d_v_i, d_x_i, out=d_x_i)
    # (S62) ∂δx_iₜ = ∂δv_iₜ + 0.25 ∂δm_xₜ
    np.multiply(0.25, d_m_x_dot, out=d_x_i_dot)
    np.add(d_v_i_dot, d_x_i_dot, out=d_x_i_dot)
    d_x = _times(d_a_x_i_x_f_x_g_x_o, W)  # (B69)
    # (S69) ∂δxₜ = W_oᵀ ∂δx_oₜ + ∂W_oᵀ δx_oₜ + W_gᵀ ∂δx_gₜ + ∂W_gᵀ δx_gₜ + W_fᵀ ∂δx_fₜ + ∂W_fᵀ δx_fₜ + W_iᵀ ∂δx_iₜ +
    # ∂W_iᵀ δx_iₜ
    d_x_dot = _times(d_a_x_i_x_f_x_g_x_o_dot, W)
    d_x_dot += _times(d_a_x_i_x_f_x_g_x_o, W_dot)
    # (B70); (B71); (B72); (B73)
    d_U = _outer(d_a_h_i_h_f_h_g_h_o, h[:-1])
    d_U_i, d_U_f, d_U_g, d_U_o = (d_U[k * H : (k + 1) * H] for k in range(4))
    # (S70) ∂δU_i = Σₜ (∂δh_iₜ hₜ₋₁ᵀ + δh_iₜ ∂hₜ₋₁ᵀ); (S71) ∂δU_f = Σₜ (∂δh_fₜ hₜ₋₁ᵀ + δh_fₜ ∂hₜ₋₁ᵀ); (S72) ∂δU_g =
    # Σₜ (∂δh_gₜ hₜ₋₁ᵀ + δh_gₜ ∂hₜ₋₁ᵀ); (S73) ∂δU_o = Σₜ (∂δh_oₜ hₜ₋₁ᵀ + δh_oₜ ∂hₜ₋₁ᵀ)
    d_U_dot = _outer(d_a_h_i_h_f_h_g_h_o_dot, h[:-1])
    d_U_dot += _outer(d_a_h_i_h_f_h_g_h_o, h_dot[:-1])
    d_U_i_dot, d_U_f_dot, d_U_g_dot, d_U_o_dot = (d_U_dot[k * H : (k + 1) * H] for k in range(4))
    # (B74); (B75); (B76); (B77)
    d_W = _outer(d_a_x_i_x_f_x_g_x_o, x)
    d_W_i, d_W_f, d_W_g, d_W_o = (d_W[k * H : (k + 1) * H] for k in range(4))
    # (S74) ∂δW_i = Σₜ (∂δx_iₜ xₜᵀ + δx_iₜ ∂xₜᵀ); (S75) ∂δW_f = Σₜ (∂δx_fₜ xₜᵀ + δx_fₜ ∂xₜᵀ); (S76) ∂δW_g = Σₜ
    # (∂δx_gₜ xₜᵀ + δx_gₜ ∂xₜᵀ); (S77) ∂δW_o = Σₜ (∂δx_oₜ xₜᵀ + δx_oₜ ∂xₜᵀ)
    d_W_dot = _outer(d_a_x_i_x_f_x_g_x_o_dot, x)
    d_W_dot += _outer(d_a_x_i_x_f_x_g_x_o, x_dot)
    d_W_i_dot, d_W_f_dot, d_W_g_dot, d_W_o_dot = (d_W_dot[k * H : (k + 1) * H] for k in range(4))
    d_alpha_i = _over_time(d_alpha_i_by_a_i)  # (B78)
    d_alpha_i_dot = _over_time(d_alpha_i_by_a_i_dot)  # (S78) ∂δα_i = Σₜ ∂δα_i_by_a_iₜ
    d_gamma_i = _over_time(d_gamma_i_by_a_i)  # (B79)
    d_gamma_i_dot = _over_time(d_gamma_i_by_a_i_dot)  # (S79) ∂δγ_i = Σₜ ∂δγ_i_by_a_iₜ
    d_b_i = _over_time(d_b_i_by_a_i)  # (B80)
    d_b_i_dot = _over_time(d_b_i_by_a_i_dot)  # (S80) ∂δb_i = Σₜ ∂δb_i_by_a_iₜ
    d_alpha_f = _over_time(d_alpha_f_by_a_f)  # (B81)
    d_alpha_f_dot = _over_time(d_alpha_f_by_a_f_dot)  # (S81) ∂δα_f = Σₜ ∂δα_f_by_a_fₜ
    d_gamma_f = _over_time(d_gamma_f_by_a_f)  # (B82)
    d_gamma_f_dot = _over_time(d_gamma_f_by_a_f_dot)  # (S82) ∂δγ_f = Σₜ ∂δγ_f_by_a_fₜ
    d_b_f = _over_time(d_b_f_by_a_f)  # (B83)
    d_b_f_dot = _over_time(d_b_f_by_a_f_dot)  # (S83) ∂δb_f = Σₜ ∂δb_f_by_a_fₜ
    d_alpha_g = _over_time(d_alpha_g_by_a_g)  # (B84)
    d_alpha_g_dot = _over_time(d_alpha_g_by_a_g_dot)  # (S84) ∂δα_g = Σₜ ∂δα_g_by_a_gₜ
    d_gamma_g = _over_time(d_gamma_g_by_a_g)  # (B85)
    d_gamma_g_dot = _over_time(d_gamma_g_by_a_g_dot)  # (S85) ∂δγ_g = Σₜ ∂δγ_g_by_a_gₜ
    d_b_g = _over_time(d_b_g_by_a_g)  # (B86)
    d_b_g_dot = _over_time(d_b_g_by_a_g_dot)  # (S86) ∂δb_g = Σₜ ∂δb_g_by_a_gₜ
    d_alpha_o = _over_time(d_alpha_o_by_a_o)  # (B87)
    d_alpha_o_dot = _over_time(d_alpha_o_by_a_o_dot)  # (S87) ∂δα_o = Σₜ ∂δα_o_by_a_oₜ
    d_gamma_o = _over_time(d_gamma_o_by_a_o)  # (B88)
    d_gamma_o_dot = _over_time(d_gamma_o_by_a_o_dot)  # (S88) ∂δγ_o = Σₜ ∂δγ_o_by_a_oₜ
    d_b_o = _over_time(d_b_o_by_a_o)  # (B89)
    d_b_o_dot = _over_time(d_b_o_by_a_o_dot)  # (S89) ∂δb_o = Σₜ ∂δb_o_by_a_oₜ
    d_gamma_c = _over_time(d_gamma_c_by_c_norm)  # (B90)
    d_gamma_c_dot = _over_time(d_gamma_c_by_c_norm_dot)  # (S90) ∂δγ_c = Σₜ ∂δγ_c_by_c_normₜ
    d_b_c = _over_time(d_b_c_by_c_norm)  # (B91)
    d_b_c_dot = _over_time(d_b_c_by_c_norm_dot)  # (S91) ∂δb_c = Σₜ ∂δb_c_by_c_normₜ
    return Grads(d_x, Params(d_U_i, d_U_f, d_U_g, d_U_o, d_W_i, d_W_f, d_W_g, d_W_o, d_alpha_i, d_gamma_i, d_b_i,
        d_alpha_f, d_gamma_f, d_b_f, d_alpha_g, d_gamma_g, d_b_g, d_alpha_o, d_gamma_o, d_b_o, d_gamma_c, d_b_c),
        State(d_h_next.copy(), d_c_next.copy())), Grads(d_x_dot,
        Params(d_U_i_dot, d_U_f_dot, d_U_g_dot, d_U_o_dot, d_W_i_dot, d_W_f_dot, d_W_g_dot, d_W_o_dot,
        d_alpha_i_dot, d_gamma_i_dot, d_b_i_dot, d_alpha_f_dot, d_gamma_f_dot, d_b_f_dot, d_alpha_g_dot,
        d_gamma_g_dot, d_b_g_dot, d_alpha_o_dot, d_gamma_o_dot, d_b_o_dot, d_gamma_c_dot, d_b_c_dot),
        State(d_h_next_dot.copy(), d_c_next_dot.copy()))


_Local = namedtuple("_Local", ['u_i', 's_h', 'u_f', 'u_g', 'u_o', 'c_prev', 'f_slope', 'g', 'i_slope', 'i',
    'g_slope', 'f', 'tanh_c_norm', 'o_slope', 'o', 'tanh_c_norm_slope', 's_c', 'u_c', 'v_i', 's_x', 'v_f',
    'v_g', 'v_o', 'h_prev', 'x'])


def _local(tape: Any, params: Any, t: Any, sizes: dict[str, int]) -> Any:
    """Values and slopes at the steps t of a tape, slopes from the form that it is of."""
    (u_i, s_h, u_f, u_g, u_o, c_prev, g, i, f, tanh_c_norm, o, s_c, u_c, v_i, s_x, v_f, v_g, v_o, h_prev,
        x) = (tape.u_i[t], tape.s_h[t], tape.u_f[t], tape.u_g[t], tape.u_o[t], tape.c[:-1][t], tape.g[t],
        tape.i[t], tape.f[t], tape.tanh_c_norm[t], tape.o[t], tape.s_c[t], tape.u_c[t], tape.v_i[t], tape.s_x[t],
        tape.v_f[t], tape.v_g[t], tape.v_o[t], tape.h[:-1][t], tape.x[t])
    if isinstance(tape, PreciseTape):
        a_f, a_i, a_g, a_o, c_norm = tape.a_f[t], tape.a_i[t], tape.a_g[t], tape.a_o[t], tape.c_norm[t]
        f_slope = _sigmoid_slope(a_f)
        i_slope = _sigmoid_slope(a_i)
        g_slope = _tanh_slope(a_g)
        o_slope = _sigmoid_slope(a_o)
        tanh_c_norm_slope = _tanh_slope(c_norm)
    else:
        f_slope = f * (1 - f)
        i_slope = i * (1 - i)
        g_slope = 1 - g**2
        o_slope = o * (1 - o)
        tanh_c_norm_slope = 1 - tanh_c_norm**2
    return _Local(u_i, s_h, u_f, u_g, u_o, c_prev, f_slope, g, i_slope, i, g_slope, f, tanh_c_norm, o_slope, o,
        tanh_c_norm_slope, s_c, u_c, v_i, s_x, v_f, v_g, v_o, h_prev, x)


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


def _mean_of(a: Array) -> Array:
    """The mean over units, at every unit."""
    mean: Array = np.mean(a, axis=-1, keepdims=True) + np.zeros_like(a)
    return mean


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
