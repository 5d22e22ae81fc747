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
    (D,)     x
    (H,)     i, f, g, c, o, h, p_i, b_i, p_f, b_f, b_g, p_o, b_o
    (H, D)   W_i, W_f, W_g, W_o
    (H, H)   U_i, U_f, U_g, U_o

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: i, f, g, o.
Gates: i, f, o.
Biases: b_i (of i), b_f (of f), b_g (of g), b_o (of o). Where a library keeps one beside each matrix, add them.
Options: phi_s = tanh, phi_h = tanh. Constants: none.

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

CONTENT_HASH = "04d34dc4aaebad3974bd1de4cda44453411ff33e3a1bef9c7fe79206f59b8598"
OUTPUT = "h"
GATES: tuple[str, ...] = ("i", "f", "o")


class Params(NamedTuple):
    """The parameters, named as in the equations."""

    W_i: Array  # (H, D) input weights of the input gate
    U_i: Array  # (H, H) recurrent weights of the input gate
    p_i: Array  # (H,) peephole weights of the input gate
    b_i: Array  # (H,) bias of the input gate
    W_f: Array  # (H, D) input weights of the forget gate
    U_f: Array  # (H, H) recurrent weights of the forget gate
    p_f: Array  # (H,) peephole weights of the forget gate
    b_f: Array  # (H,) bias of the forget gate
    W_g: Array  # (H, D) input weights of the candidate cell state
    U_g: Array  # (H, H) recurrent weights of the candidate cell state
    b_g: Array  # (H,) bias of the candidate cell state
    W_o: Array  # (H, D) input weights of the output gate
    U_o: Array  # (H, H) recurrent weights of the output gate
    p_o: Array  # (H,) peephole weights of the output gate
    b_o: Array  # (H,) bias of the output gate


class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H) hidden state
    c: Array  # (B, H) cell state


class Tape(NamedTuple):
    """What `backward` needs of `forward`, found by liveness; x is kept as given, not copied."""

    x: Array
    h: Array
    c: Array
    gates: Array
    tanh_c: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations too."""

    x: Array
    h: Array
    c: Array
    a: Array
    gates: Array
    tanh_c: Array


_SecondTape = namedtuple("_SecondTape", ['x', 'x_dot', 'h', 'h_dot', 'c', 'c_dot', 'a', 'a_dot', 'gates',
    'gates_dot', 'tanh_c', 'tanh_c_dot'])


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
    'W_i': ('H', 'D'), 'U_i': ('H', 'H'), 'p_i': ('H',), 'b_i': ('H',), 'W_f': ('H', 'D'), 'U_f': ('H', 'H'),
    'p_f': ('H',), 'b_f': ('H',), 'W_g': ('H', 'D'), 'U_g': ('H', 'H'), 'b_g': ('H',), 'W_o': ('H', 'D'),
    'U_o': ('H', 'H'), 'p_o': ('H',), 'b_o': ('H',)
}
_STATE_SHAPES: dict[str, tuple[str, ...]] = {'h': ('B', 'H'), 'c': ('B', 'H')}
_COMPOSED: dict[str, dict[str, int]] = {}
_RECORDS = (Params, State, Tape, PreciseTape)
_EXTRA: dict[type, tuple[int, ...]] = {
    Tape: (0, 1, 1, 0, 0),
    PreciseTape: (0, 1, 1, 0, 0, 0),
}
_FITTED: dict[Any, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'gates': {'H': 4}, 'tanh_c': {'H': 1}},
    PreciseTape: {'x': {'D': 1}, 'h': {'H': 1}, 'c': {'H': 1}, 'a': {'H': 4}, 'gates': {'H': 4},
        'tanh_c': {'H': 1}},
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
    vectors: tuple[str, ...] = ('p_i', 'b_i', 'p_f', 'b_f', 'b_g', 'p_o', 'b_o')
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
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    b = np.concatenate((params.b_i, params.b_f, params.b_g, params.b_o))
    p_i, p_f = params.p_i, params.p_f
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_T = np.ascontiguousarray(U.T)
    p_o = params.p_o
    gates = empty((T, B, 4 * H), dtype)
    tanh_c = empty((T, B, H), dtype)
    a = empty((T, B, 4 * H), dtype) if precise else gates
    h, c = (empty((T + 1, B, H), dtype) for _ in range(2))
    h[0], c[0] = state.h, state.c
    a_i, a_f, a_g, a_o = (a[..., k * H : (k + 1) * H] for k in range(4))
    a_i_f = a[..., : 2 * H]
    i, f, g, o = (gates[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f = gates[..., : 2 * H]
    gates_i_f_g = gates[..., : 3 * H]
    # All steps at once: W, b, a -> a
    _times(x, W.T, out=a)  # (F1) a_iₜ = W_i xₜ; (F3) a_fₜ = W_f xₜ; (F5) a_gₜ = W_g xₜ; (F8) a_oₜ = W_o xₜ
    a += b  # (F1) a_iₜ += b_i; (F3) a_fₜ += b_f; (F5) a_gₜ += b_g; (F8) a_oₜ += b_o
    # Step by step: p_i, p_f, U_T, p_o, gates, tanh_c, a, h, c -> a, gates, c, tanh_c, h
    c_prev, h_prev = c[0], h[0]
    for (a_i_t, a_f_t, a_t, a_i_f_t, gates_i_f_t, a_g_t, g_t, f_t, i_t, c_t, a_o_t, tanh_c_t, o_t, h_t,
            gates_i_f_g_t) in zip(a_i, a_f, a, a_i_f, gates_i_f, a_g, g, f, i, c[1:], a_o, tanh_c, o, h[1:],
            gates_i_f_g, strict=True):
        a_i_t += p_i * c_prev  # (F1) a_iₜ += p_i ⊙ cₜ₋₁
        a_f_t += p_f * c_prev  # (F3) a_fₜ += p_f ⊙ cₜ₋₁
        # (F1) a_iₜ += U_i hₜ₋₁; (F3) a_fₜ += U_f hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁; (F8) a_oₜ += U_o hₜ₋₁
        a_t += h_prev.dot(U_T)
        if shared:
            # σ(a) = (1 + tanh(a / 2)) / 2, for one call of tanh
            gates_i_f_t *= half
            tanh(gates_i_f_g_t, gates_i_f_g_t)
            gates_i_f_t *= half
            gates_i_f_t += half
        else:
            sigmoid(a_i_f_t, gates_i_f_t)  # (F2) iₜ = σ(a_iₜ); (F4) fₜ = σ(a_fₜ)
            tanh(a_g_t, g_t)  # (F6) gₜ = tanh(a_gₜ)
        add(c_prev * f_t, i_t * g_t, c_t)  # (F7) cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
        a_o_t += p_o * c_t  # (F8) a_oₜ += p_o ⊙ cₜ
        tanh(c_t, tanh_c_t)  # (F10) tanh_cₜ = tanh(cₜ)
        sigmoid(a_o_t, o_t)  # (F9) oₜ = σ(a_oₜ)
        multiply(o_t, tanh_c_t, h_t)  # (F11) hₜ = oₜ ⊙ tanh_cₜ
        c_prev, h_prev = c_t, h_t
    if precise:
        return h[1:].copy(), State(h[T].copy(), c[T].copy()), PreciseTape(x, h, c, a, gates, tanh_c)
    return h[1:].copy(), State(h[T].copy(), c[T].copy()), Tape(x, h, c, gates, tanh_c)


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
    x, h, c, gates, tanh_c = tape.x, tape.h, tape.c, tape.gates, tape.tanh_c
    p_o = params.p_o
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    p_f, p_i = params.p_f, params.p_i
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    d_gates = empty((B, 4 * H), dtype)
    d_a = empty((T, B, 4 * H), dtype)
    d_h_next, d_c_next = dstate.h, dstate.c
    d_a_i, d_a_f, d_a_g, d_a_o = (d_a[..., k * H : (k + 1) * H] for k in range(4))
    d_a_i_f = d_a[..., : 2 * H]
    d_a_i_f_g = d_a[..., : 3 * H]
    d_i, d_f, d_g, d_o = (d_gates[..., k * H : (k + 1) * H] for k in range(4))
    d_gates_i_f_g = d_gates[..., : 3 * H]
    i, f, g, o = (gates[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f = gates[..., : 2 * H]
    # All steps at once: c, gates, tanh_c, d_a -> tanh_c_slope, d_a
    if isinstance(tape, PreciseTape):
        a = tape.a
        a_g, a_o = (a[..., k * H : (k + 1) * H] for k in range(2, 4))
        a_i_f = a[..., : 2 * H]
        tanh_c_slope = _tanh_slope(c[1:])  # (B3) tanh_c′ₜ = tanh′(cₜ)
        d_a_i_f[...] = _sigmoid_slope(a_i_f)  # (B15) i′ₜ = σ′(a_iₜ); (B12) f′ₜ = σ′(a_fₜ)
        d_a_o[...] = _sigmoid_slope(a_o)  # (B5) o′ₜ = σ′(a_oₜ)
        d_a_g[...] = _tanh_slope(a_g)  # (B9) g′ₜ = tanh′(a_gₜ)
    else:
        tanh_c_slope = 1 - tanh_c**2  # (B3) tanh_c′ₜ = 1 − tanh_cₜ²
        # (B15) i′ₜ = iₜ ⊙ (1 − iₜ); (B12) f′ₜ = fₜ ⊙ (1 − fₜ)
        np.subtract(1, gates_i_f, out=d_a_i_f)
        d_a_i_f *= gates_i_f
        # (B5) o′ₜ = oₜ ⊙ (1 − oₜ)
        np.subtract(1, o, out=d_a_o)
        d_a_o *= o
        # (B9) g′ₜ = 1 − gₜ²
        np.multiply(g, g, out=d_a_g)
        np.subtract(1, d_a_g, out=d_a_g)
    # Step by step, backwards: c, gates, tanh_c, p_o, U, p_f, p_i, d_gates, d_a, d_h_next, d_c_next, tanh_c_slope ->
    # d_a
    for (dy_t, o_t, tanh_c_t, d_a_o_t, tanh_c_slope_t, i_t, c_prev, g_t, d_a_i_f_g_t, d_a_t, f_t, d_a_f_t,
            d_a_i_t) in zip(dy[::-1], o[::-1], tanh_c[::-1], d_a_o[::-1], tanh_c_slope[::-1], i[::-1],
            c[:-1][::-1], g[::-1], d_a_i_f_g[::-1], d_a[::-1], f[::-1], d_a_f[::-1], d_a_i[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_tanh_c = d_h * o_t  # (B2) δtanh_cₜ = δhₜ ⊙ oₜ
        multiply(d_h, tanh_c_t, d_o)  # (B4) δoₜ = δhₜ ⊙ tanh_cₜ
        d_a_o_t *= d_o  # (B6) δa_oₜ = δoₜ ⊙ o′ₜ
        # (B7) δcₜ = δc⁺ₜ + δtanh_cₜ ⊙ tanh_c′ₜ + δa_oₜ ⊙ p_o
        d_c = d_c_next + d_tanh_c * tanh_c_slope_t + d_a_o_t * p_o
        multiply(d_c, i_t, d_g)  # (B8) δgₜ = δcₜ ⊙ iₜ
        multiply(d_c, c_prev, d_f)  # (B11) δfₜ = δcₜ ⊙ cₜ₋₁
        multiply(d_c, g_t, d_i)  # (B14) δiₜ = δcₜ ⊙ gₜ
        d_a_i_f_g_t *= d_gates_i_f_g  # (B16) δa_iₜ = δiₜ ⊙ i′ₜ; (B13) δa_fₜ = δfₜ ⊙ f′ₜ; (B10) δa_gₜ = δgₜ ⊙ g′ₜ
        d_h_prev = d_a_t.dot(U)  # (B17) δh⁺ₜ₋₁ = U_oᵀ δa_oₜ + U_gᵀ δa_gₜ + U_fᵀ δa_fₜ + U_iᵀ δa_iₜ
        d_c_prev = d_c * f_t + d_a_f_t * p_f + d_a_i_t * p_i  # (B18) δc⁺ₜ₋₁ = δcₜ ⊙ fₜ + δa_fₜ ⊙ p_f + δa_iₜ ⊙ p_i
        d_h_next, d_c_next = d_h_prev, d_c_prev
    # All steps at once: x, h, c, W, d_a -> d_x, d_W, d_U, d_p_i, d_b, d_p_f, d_p_o
    d_x = _times(d_a, W)  # (B19) δxₜ = W_oᵀ δa_oₜ + W_gᵀ δa_gₜ + W_fᵀ δa_fₜ + W_iᵀ δa_iₜ
    # (B20) δW_i = Σₜ δa_iₜ xₜᵀ; (B24) δW_f = Σₜ δa_fₜ xₜᵀ; (B28) δW_g = Σₜ δa_gₜ xₜᵀ; (B31) δW_o = Σₜ δa_oₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_i, d_W_f, d_W_g, d_W_o = (d_W[k * H : (k + 1) * H] for k in range(4))
    # (B21) δU_i = Σₜ δa_iₜ hₜ₋₁ᵀ; (B25) δU_f = Σₜ δa_fₜ hₜ₋₁ᵀ; (B29) δU_g = Σₜ δa_gₜ hₜ₋₁ᵀ; (B32) δU_o = Σₜ δa_oₜ
    # hₜ₋₁ᵀ
    d_U = _outer(d_a, h[:-1])
    d_U_i, d_U_f, d_U_g, d_U_o = (d_U[k * H : (k + 1) * H] for k in range(4))
    d_p_i = _over_time((d_a_i * c[:-1]))  # (B22) δp_i = Σₜ δa_iₜ ⊙ cₜ₋₁
    # (B23) δb_i = Σₜ δa_iₜ; (B27) δb_f = Σₜ δa_fₜ; (B30) δb_g = Σₜ δa_gₜ; (B34) δb_o = Σₜ δa_oₜ
    d_b = _over_time(d_a)
    d_b_i, d_b_f, d_b_g, d_b_o = (d_b[k * H : (k + 1) * H] for k in range(4))
    d_p_f = _over_time((d_a_f * c[:-1]))  # (B26) δp_f = Σₜ δa_fₜ ⊙ cₜ₋₁
    d_p_o = _over_time((d_a_o * c[1:]))  # (B33) δp_o = Σₜ δa_oₜ ⊙ cₜ
    return Grads(d_x, Params(d_W_i, d_U_i, d_p_i, d_b_i, d_W_f, d_U_f, d_p_f, d_b_f, d_W_g, d_U_g, d_b_g, d_W_o,
        d_U_o, d_p_o, d_b_o), State(d_h_next.copy(), d_c_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    tanh = np.tanh
    x = x_t
    h_prev, c_prev = state
    W_i, U_i, p_i, b_i, W_f, U_f, p_f, b_f, W_g, U_g, b_g, W_o, U_o, p_o, b_o = params
    a_i = x @ W_i.T + h_prev @ U_i.T + p_i * c_prev + b_i  # (F1) a_iₜ = W_i xₜ + U_i hₜ₋₁ + p_i ⊙ cₜ₋₁ + b_i
    i = _sigmoid(a_i)  # (F2) iₜ = σ(a_iₜ)
    a_f = x @ W_f.T + h_prev @ U_f.T + p_f * c_prev + b_f  # (F3) a_fₜ = W_f xₜ + U_f hₜ₋₁ + p_f ⊙ cₜ₋₁ + b_f
    f = _sigmoid(a_f)  # (F4) fₜ = σ(a_fₜ)
    a_g = x @ W_g.T + h_prev @ U_g.T + b_g  # (F5) a_gₜ = W_g xₜ + U_g hₜ₋₁ + b_g
    g = np.tanh(a_g)  # (F6) gₜ = tanh(a_gₜ)
    c = c_prev * f + i * g  # (F7) cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
    a_o = x @ W_o.T + h_prev @ U_o.T + p_o * c + b_o  # (F8) a_oₜ = W_o xₜ + U_o hₜ₋₁ + p_o ⊙ cₜ + b_o
    o = _sigmoid(a_o)  # (F9) oₜ = σ(a_oₜ)
    tanh_c = np.tanh(c)  # (F10) tanh_cₜ = tanh(cₜ)
    h = o * tanh_c  # (F11) hₜ = oₜ ⊙ tanh_cₜ
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
    shared, half = dtype == np.float32, np.array(0.5, dtype)
    tanh = np.tanh
    H = params.W_i.shape[0]
    p_i, p_f = params.p_i, params.p_f
    W = np.concatenate((params.W_i, params.W_f))
    W_T = np.ascontiguousarray(W.T)
    W_ = np.concatenate((params.W_g, params.W_o))
    W__T = np.ascontiguousarray(W_.T)
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_T = np.ascontiguousarray(U.T)
    b = np.concatenate((params.b_i, params.b_f, params.b_g, params.b_o))
    p_o = params.p_o
    gates = np.empty((B, 4 * H), dtype)
    i, f, g, o = (gates[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f = gates[..., : 2 * H]
    gates_i_f_g = gates[..., : 3 * H]
    gates_g_o = gates[..., 2 * H : 4 * H]

    def advance(x_t: Array, state: State) -> tuple[Array, State]:
        """One step."""
        nonlocal i, f, gates_i_f, gates_g_o, gates, g, o
        x = x_t
        h_prev, c_prev = state
        i[...] = p_i * c_prev  # (F1) a_iₜ = p_i ⊙ cₜ₋₁
        f[...] = p_f * c_prev  # (F3) a_fₜ = p_f ⊙ cₜ₋₁
        gates_i_f += x.dot(W_T)  # (F1) a_iₜ += W_i xₜ; (F3) a_fₜ += W_f xₜ
        gates_g_o[...] = x.dot(W__T)  # (F5) a_gₜ = W_g xₜ; (F8) a_oₜ = W_o xₜ
        # (F1) a_iₜ += U_i hₜ₋₁; (F3) a_fₜ += U_f hₜ₋₁; (F5) a_gₜ += U_g hₜ₋₁; (F8) a_oₜ += U_o hₜ₋₁
        gates += h_prev.dot(U_T)
        gates += b  # (F1) a_iₜ += b_i; (F3) a_fₜ += b_f; (F5) a_gₜ += b_g; (F8) a_oₜ += b_o
        if shared:
            # σ(a) = (1 + tanh(a / 2)) / 2, for one call of tanh
            gates_i_f *= half
            tanh(gates_i_f_g, gates_i_f_g)
            gates_i_f *= half
            gates_i_f += half
        else:
            _sigmoid(gates_i_f, gates_i_f)  # (F2) iₜ = σ(a_iₜ); (F4) fₜ = σ(a_fₜ)
            tanh(g, g)  # (F6) gₜ = tanh(a_gₜ)
        c = c_prev * f + i * g  # (F7) cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
        o += p_o * c  # (F8) a_oₜ += p_o ⊙ cₜ
        tanh_c = tanh(c)  # (F10) tanh_cₜ = tanh(cₜ)
        _sigmoid(o, o)  # (F9) oₜ = σ(a_oₜ)
        h = o * tanh_c  # (F11) hₜ = oₜ ⊙ tanh_cₜ
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
    out = np.zeros((*lead, at[-1].stop, at[-1].stop), dtype)
    # d c[t] / d h[t-1]
    d_c_d_h_prev_pairs = [(v.c_prev * v.f_slope, params.U_f), (v.g * v.i_slope, params.U_i),
        (v.i * v.g_slope, params.U_g)]
    _weighted(out[..., at.c, at.h], d_c_d_h_prev_pairs)
    # d c[t] / d c[t-1]
    _diagonal(out[..., at.c, at.c])[...] += v.c_prev * params.p_f * v.f_slope + params.p_i * v.g * v.i_slope + v.f
    # d h[t] / d h[t-1]
    _weighted(out[..., at.h, at.h], [(v.tanh_c * v.o_slope, params.U_o),
        *_scaled(params.p_o * v.tanh_c * v.o_slope + v.o * v.tanh_c_slope, d_c_d_h_prev_pairs)])
    # d h[t] / d c[t-1]
    _diagonal(out[..., at.h, at.c])[...] += (params.p_o * v.tanh_c * v.o_slope + v.o
        * v.tanh_c_slope) * (_diagonal(out[..., at.c, at.c]))
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, D), of several steps (n, B, S, D); S sums the state sizes. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    out = np.zeros((*lead, at[-1].stop, sizes["D"]), dtype)
    # d c[t] / d x[t]
    d_c_d_x_pairs = [(v.c_prev * v.f_slope, params.W_f), (v.g * v.i_slope, params.W_i),
        (v.i * v.g_slope, params.W_g)]
    _weighted(out[..., at.c, :], d_c_d_x_pairs)
    # d h[t] / d x[t]
    _weighted(out[..., at.h, :], [(v.tanh_c * v.o_slope, params.W_o),
        *_scaled(params.p_o * v.tanh_c * v.o_slope + v.o * v.tanh_c_slope, d_c_d_x_pairs)])
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
    # d c[t] / d W_i
    np.multiply((v.g * v.i_slope)[..., :, None], _applied(v.x, H), out=out[..., at.c, columns.W_i])
    # d c[t] / d U_i
    np.multiply((v.g * v.i_slope)[..., :, None], _applied(v.h_prev, H), out=out[..., at.c, columns.U_i])
    _diagonal(out[..., at.c, columns.p_i])[...] += v.c_prev * v.g * v.i_slope  # d c[t] / d p_i
    _diagonal(out[..., at.c, columns.b_i])[...] += v.g * v.i_slope  # d c[t] / d b_i
    # d c[t] / d W_f
    np.multiply((v.c_prev * v.f_slope)[..., :, None], _applied(v.x, H), out=out[..., at.c, columns.W_f])
    # d c[t] / d U_f
    np.multiply((v.c_prev * v.f_slope)[..., :, None], _applied(v.h_prev, H), out=out[..., at.c, columns.U_f])
    _diagonal(out[..., at.c, columns.p_f])[...] += v.f_slope * v.c_prev**2  # d c[t] / d p_f
    _diagonal(out[..., at.c, columns.b_f])[...] += v.c_prev * v.f_slope  # d c[t] / d b_f
    # d c[t] / d W_g
    np.multiply((v.i * v.g_slope)[..., :, None], _applied(v.x, H), out=out[..., at.c, columns.W_g])
    # d c[t] / d U_g
    np.multiply((v.i * v.g_slope)[..., :, None], _applied(v.h_prev, H), out=out[..., at.c, columns.U_g])
    _diagonal(out[..., at.c, columns.b_g])[...] += v.i * v.g_slope  # d c[t] / d b_g
    # d h[t] / d W_o
    np.multiply((v.tanh_c * v.o_slope)[..., :, None], _applied(v.x, H), out=out[..., at.h, columns.W_o])
    # d h[t] / d U_o
    np.multiply((v.tanh_c * v.o_slope)[..., :, None], _applied(v.h_prev, H), out=out[..., at.h, columns.U_o])
    _diagonal(out[..., at.h, columns.p_o])[...] += v.c * v.tanh_c * v.o_slope  # d h[t] / d p_o
    _diagonal(out[..., at.h, columns.b_o])[...] += v.tanh_c * v.o_slope  # d h[t] / d b_o
    # d h[t] / d c[t], and on
    out[..., at.h, columns.W_i.start : columns.b_g.stop] += (params.p_o * v.tanh_c * v.o_slope + v.o
        * v.tanh_c_slope)[..., :, None] * out[..., at.c, columns.W_i.start : columns.b_g.stop]
    return Params(*(out[..., c].reshape(*lead, -1, *p.shape) for c, p in zip(columns, params, strict=True)))


def jacobian_parts(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {'i', 'f', 'g', 'c', 'o'}: (B, S, S), of several steps (n, B, S, S).
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
    Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    parts: dict[str, Array] = {key: np.zeros((*lead, at[-1].stop, at[-1].stop), dtype) for key in ('i', 'f', 'g',
        'c', 'o')}
    # d c[t] / d h[t-1]
    d_c_d_h_prev_by_i_pairs = [(v.g * v.i_slope, params.U_i)]
    _weighted(parts['i'][..., at.c, at.h], d_c_d_h_prev_by_i_pairs)
    _diagonal(parts['i'][..., at.c, at.c])[...] += params.p_i * v.g * v.i_slope  # d c[t] / d c[t-1]
    # d h[t] / d h[t-1]
    _weighted(parts['i'][..., at.h, at.h], [*_scaled(params.p_o * v.tanh_c * v.o_slope + v.o * v.tanh_c_slope,
        d_c_d_h_prev_by_i_pairs)])
    # d h[t] / d c[t-1]
    _diagonal(parts['i'][..., at.h, at.c])[...] += (params.p_o * v.tanh_c * v.o_slope + v.o
        * v.tanh_c_slope) * (_diagonal(parts['i'][..., at.c, at.c]))
    # d c[t] / d h[t-1]
    d_c_d_h_prev_by_f_pairs = [(v.c_prev * v.f_slope, params.U_f)]
    _weighted(parts['f'][..., at.c, at.h], d_c_d_h_prev_by_f_pairs)
    _diagonal(parts['f'][..., at.c, at.c])[...] += v.c_prev * params.p_f * v.f_slope  # d c[t] / d c[t-1]
    # d h[t] / d h[t-1]
    _weighted(parts['f'][..., at.h, at.h], [*_scaled(params.p_o * v.tanh_c * v.o_slope + v.o * v.tanh_c_slope,
        d_c_d_h_prev_by_f_pairs)])
    # d h[t] / d c[t-1]
    _diagonal(parts['f'][..., at.h, at.c])[...] += (params.p_o * v.tanh_c * v.o_slope + v.o
        * v.tanh_c_slope) * (_diagonal(parts['f'][..., at.c, at.c]))
    # d c[t] / d h[t-1]
    d_c_d_h_prev_by_g_pairs = [(v.i * v.g_slope, params.U_g)]
    _weighted(parts['g'][..., at.c, at.h], d_c_d_h_prev_by_g_pairs)
    # d h[t] / d h[t-1]
    _weighted(parts['g'][..., at.h, at.h], [*_scaled(params.p_o * v.tanh_c * v.o_slope + v.o * v.tanh_c_slope,
        d_c_d_h_prev_by_g_pairs)])
    _diagonal(parts['c'][..., at.c, at.c])[...] += v.f  # d c[t] / d c[t-1]
    # d h[t] / d c[t-1]
    _diagonal(parts['c'][..., at.h, at.c])[...] += (params.p_o * v.tanh_c * v.o_slope + v.o
        * v.tanh_c_slope) * (_diagonal(parts['c'][..., at.c, at.c]))
    _weighted(parts['o'][..., at.h, at.h], [(v.tanh_c * v.o_slope, params.U_o)])  # d h[t] / d h[t-1]
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    'i', 'i_slope', 'f', 'f_slope', 'g_slope', 'o', 'o_slope', 'tanh_c_slope': (B, N), of several steps (n, B, N).
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t, (PreciseTape,))
    terms: dict[str, Array] = {}
    H = sizes["H"]
    c = tape.c[1:][t]
    a = tape.a[t]
    a_i, a_f, a_g, a_o = (a[..., k * H : (k + 1) * H] for k in range(4))
    terms['i'] = -_softplus(-a_i)
    terms['i_slope'] = -_softplus(a_i) - _softplus(-a_i)
    terms['f'] = -_softplus(-a_f)
    terms['f_slope'] = -_softplus(a_f) - _softplus(-a_f)
    terms['g_slope'] = 1.3862943611198906 + 2 * a_g - 2 * _softplus(2 * a_g)
    terms['o'] = -_softplus(-a_o)
    terms['o_slope'] = -_softplus(a_o) - _softplus(-a_o)
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
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    b = np.concatenate((params.b_i, params.b_f, params.b_g, params.b_o))
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_f, params_dot.W_g, params_dot.W_o))
    b_dot = np.concatenate((params_dot.b_i, params_dot.b_f, params_dot.b_g, params_dot.b_o))
    p_i = params.p_i
    p_i_dot = params_dot.p_i
    p_f = params.p_f
    p_f_dot = params_dot.p_f
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    U_T = np.ascontiguousarray(U.T)
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_f, params_dot.U_g, params_dot.U_o))
    U_dot_T = np.ascontiguousarray(U_dot.T)
    p_o = params.p_o
    p_o_dot = params_dot.p_o
    a, a_dot, gates, gates_dot = (np.empty((T, B, 4 * H), dtype) for _ in range(4))
    tanh_c, tanh_c_dot = (np.empty((T, B, H), dtype) for _ in range(2))
    h, h_dot, c, c_dot = (np.empty((T + 1, B, H), dtype) for _ in range(4))
    h[0], h_dot[0], c[0], c_dot[0] = state.h, state_dot.h, state.c, state_dot.c
    a_i, a_f, a_g, a_o = (a[..., k * H : (k + 1) * H] for k in range(4))
    a_i_f = a[..., : 2 * H]
    a_i_dot, a_f_dot, a_g_dot, a_o_dot = (a_dot[..., k * H : (k + 1) * H] for k in range(4))
    a_dot_i_f = a_dot[..., : 2 * H]
    i, f, g, o = (gates[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f = gates[..., : 2 * H]
    i_dot, f_dot, g_dot, o_dot = (gates_dot[..., k * H : (k + 1) * H] for k in range(4))
    gates_dot_i_f = gates_dot[..., : 2 * H]
    # All steps at once
    _times(x, W.T, out=a)  # (F1); (F3); (F5); (F8)
    a += b  # (F1); (F3); (F5); (F8)
    # (T1) ∂a_iₜ = W_i ∂xₜ; (T4) ∂a_fₜ = W_f ∂xₜ; (T7) ∂a_gₜ = W_g ∂xₜ; (T11) ∂a_oₜ = W_o ∂xₜ
    _times(x_dot, W.T, out=a_dot)
    # (T1) ∂a_iₜ += ∂W_i xₜ; (T4) ∂a_fₜ += ∂W_f xₜ; (T7) ∂a_gₜ += ∂W_g xₜ; (T11) ∂a_oₜ += ∂W_o xₜ
    a_dot += _times(x, W_dot.T)
    a_dot += b_dot  # (T1) ∂a_iₜ += ∂b_i; (T4) ∂a_fₜ += ∂b_f; (T7) ∂a_gₜ += ∂b_g; (T11) ∂a_oₜ += ∂b_o
    # Step by step
    c_prev, c_dot_prev, h_prev, h_dot_prev = c[0], c_dot[0], h[0], h_dot[0]
    for (a_i_t, a_i_dot_t, a_f_t, a_f_dot_t, a_t, a_dot_t, a_i_f_t, gates_i_f_t, gates_dot_i_f_t, a_dot_i_f_t,
            a_g_t, g_t, f_t, i_t, c_t, a_o_t, tanh_c_t, g_dot_t, a_g_dot_t, f_dot_t, i_dot_t, c_dot_t, a_o_dot_t,
            tanh_c_dot_t, o_t, h_t, o_dot_t, h_dot_t) in zip(a_i, a_i_dot, a_f, a_f_dot, a, a_dot, a_i_f,
            gates_i_f, gates_dot_i_f, a_dot_i_f, a_g, g, f, i, c[1:], a_o, tanh_c, g_dot, a_g_dot, f_dot, i_dot,
            c_dot[1:], a_o_dot, tanh_c_dot, o, h[1:], o_dot, h_dot[1:], strict=True):
        a_i_t += p_i * c_prev  # (F1)
        # (T1) ∂a_iₜ += p_i ⊙ ∂cₜ₋₁ + ∂p_i ⊙ cₜ₋₁
        a_i_dot_t += p_i * c_dot_prev
        a_i_dot_t += p_i_dot * c_prev
        a_f_t += p_f * c_prev  # (F3)
        # (T4) ∂a_fₜ += p_f ⊙ ∂cₜ₋₁ + ∂p_f ⊙ cₜ₋₁
        a_f_dot_t += p_f * c_dot_prev
        a_f_dot_t += p_f_dot * c_prev
        a_t += h_prev.dot(U_T)  # (F1); (F3); (F5); (F8)
        # (T1) ∂a_iₜ += U_i ∂hₜ₋₁; (T4) ∂a_fₜ += U_f ∂hₜ₋₁; (T7) ∂a_gₜ += U_g ∂hₜ₋₁; (T11) ∂a_oₜ += U_o ∂hₜ₋₁
        a_dot_t += h_dot_prev.dot(U_T)
        # (T1) ∂a_iₜ += ∂U_i hₜ₋₁; (T4) ∂a_fₜ += ∂U_f hₜ₋₁; (T7) ∂a_gₜ += ∂U_g hₜ₋₁; (T11) ∂a_oₜ += ∂U_o hₜ₋₁
        a_dot_t += h_prev.dot(U_dot_T)
        _sigmoid_precise(a_i_f_t, gates_i_f_t)  # (F2); (F4)
        gates_dot_i_f_t[...] = _sigmoid_slope(a_i_f_t)  # (T2) i′ₜ = σ′(a_iₜ); (T5) f′ₜ = σ′(a_fₜ)
        gates_dot_i_f_t *= a_dot_i_f_t  # (T3) ∂iₜ = ∂a_iₜ ⊙ i′ₜ; (T6) ∂fₜ = ∂a_fₜ ⊙ f′ₜ
        tanh(a_g_t, g_t)  # (F6)
        add(c_prev * f_t, i_t * g_t, c_t)  # (F7)
        a_o_t += p_o * c_t  # (F8)
        tanh(c_t, tanh_c_t)  # (F10)
        tanh_c_slope = _tanh_slope(c_t)  # (T14) tanh_c′ₜ = tanh′(cₜ)
        g_dot_t[...] = _tanh_slope(a_g_t)  # (T8) g′ₜ = tanh′(a_gₜ)
        g_dot_t *= a_g_dot_t  # (T9) ∂gₜ = ∂a_gₜ ⊙ g′ₜ
        # (T10) ∂cₜ = ∂cₜ₋₁ ⊙ fₜ + ∂iₜ ⊙ gₜ + ∂fₜ ⊙ cₜ₋₁ + ∂gₜ ⊙ iₜ
        add(c_dot_prev * f_t + i_dot_t * g_t + f_dot_t * c_prev, g_dot_t * i_t, c_dot_t)
        # (T11) ∂a_oₜ += p_o ⊙ ∂cₜ + ∂p_o ⊙ cₜ
        a_o_dot_t += p_o * c_dot_t
        a_o_dot_t += p_o_dot * c_t
        multiply(c_dot_t, tanh_c_slope, tanh_c_dot_t)  # (T15) ∂tanh_cₜ = ∂cₜ ⊙ tanh_c′ₜ
        _sigmoid_precise(a_o_t, o_t)  # (F9)
        multiply(o_t, tanh_c_t, h_t)  # (F11)
        o_dot_t[...] = _sigmoid_slope(a_o_t)  # (T12) o′ₜ = σ′(a_oₜ)
        o_dot_t *= a_o_dot_t  # (T13) ∂oₜ = ∂a_oₜ ⊙ o′ₜ
        add(o_dot_t * tanh_c_t, tanh_c_dot_t * o_t, h_dot_t)  # (T16) ∂hₜ = ∂oₜ ⊙ tanh_cₜ + ∂tanh_cₜ ⊙ oₜ
        c_prev, c_dot_prev, h_prev, h_dot_prev = c_t, c_dot_t, h_t, h_dot_t
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy(), c[T].copy()), State(h_dot[T].copy(),
        c_dot[T].copy()), _SecondTape(x, x_dot, h, h_dot, c, c_dot, a, a_dot, gates, gates_dot, tanh_c, tanh_c_dot)


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
    x, x_dot, h, h_dot, c, c_dot, a, a_dot, gates, gates_dot, tanh_c, tanh_c_dot = tape
    p_o = params.p_o
    U = np.concatenate((params.U_i, params.U_f, params.U_g, params.U_o))
    p_f, p_i = params.p_f, params.p_i
    p_o_dot = params_dot.p_o
    U_dot = np.concatenate((params_dot.U_i, params_dot.U_f, params_dot.U_g, params_dot.U_o))
    p_f_dot, p_i_dot = params_dot.p_f, params_dot.p_i
    W = np.concatenate((params.W_i, params.W_f, params.W_g, params.W_o))
    W_dot = np.concatenate((params_dot.W_i, params_dot.W_f, params_dot.W_g, params_dot.W_o))
    d_gates, d_gates_dot = (np.empty((B, 4 * H), dtype) for _ in range(2))
    gates_slope, d_a_dot, d_a = (np.empty((T, B, 4 * H), dtype) for _ in range(3))
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    d_c_next = dstate.c
    d_c_next_dot = dstate_dot.c
    a_g, a_o = (a[..., k * H : (k + 1) * H] for k in range(2, 4))
    a_i_f = a[..., : 2 * H]
    a_g_dot, a_o_dot = (a_dot[..., k * H : (k + 1) * H] for k in range(2, 4))
    a_dot_i_f = a_dot[..., : 2 * H]
    d_a_i, d_a_f = (d_a[..., k * H : (k + 1) * H] for k in range(2))
    d_a_o = d_a[..., 3 * H : 4 * H]
    d_a_i_f_g = d_a[..., : 3 * H]
    d_a_i_dot, d_a_f_dot, d_a_g_dot, d_a_o_dot = (d_a_dot[..., k * H : (k + 1) * H] for k in range(4))
    d_a_dot_i_f = d_a_dot[..., : 2 * H]
    d_a_dot_i_f_g = d_a_dot[..., : 3 * H]
    d_i, d_f, d_g, d_o = (d_gates[..., k * H : (k + 1) * H] for k in range(4))
    d_gates_i_f_g = d_gates[..., : 3 * H]
    d_i_dot, d_f_dot, d_g_dot, d_o_dot = (d_gates_dot[..., k * H : (k + 1) * H] for k in range(4))
    d_gates_dot_i_f_g = d_gates_dot[..., : 3 * H]
    i, f, g, o = (gates[..., k * H : (k + 1) * H] for k in range(4))
    gates_i_f = gates[..., : 2 * H]
    i_dot, f_dot, g_dot, o_dot = (gates_dot[..., k * H : (k + 1) * H] for k in range(4))
    g_slope, o_slope = (gates_slope[..., k * H : (k + 1) * H] for k in range(2, 4))
    gates_slope_i_f = gates_slope[..., : 2 * H]
    gates_slope_i_f_g = gates_slope[..., : 3 * H]
    # All steps at once
    tanh_c_slope = _tanh_slope(c[1:])  # (B3)
    tanh_c_slope_dot = -2 * c_dot[1:] * tanh_c * tanh_c_slope  # (S3) ∂tanh_c′ₜ = −2 ∂cₜ ⊙ tanh_cₜ ⊙ tanh_c′ₜ
    gates_slope_i_f[...] = _sigmoid_slope(a_i_f)  # (B15); (B12)
    o_slope[...] = _sigmoid_slope(a_o)  # (B5)
    # (S15) ∂i′ₜ = ∂a_iₜ ⊙ i′ₜ ⊙ (1 − 2 iₜ); (S12) ∂f′ₜ = ∂a_fₜ ⊙ f′ₜ ⊙ (1 − 2 fₜ)
    np.multiply(2, gates_i_f, out=d_a_dot_i_f)
    np.subtract(1, d_a_dot_i_f, out=d_a_dot_i_f)
    d_a_dot_i_f *= a_dot_i_f * gates_slope_i_f
    # (S5) ∂o′ₜ = ∂a_oₜ ⊙ o′ₜ ⊙ (1 − 2 oₜ)
    np.multiply(2, o, out=d_a_o_dot)
    np.subtract(1, d_a_o_dot, out=d_a_o_dot)
    d_a_o_dot *= a_o_dot * o_slope
    g_slope[...] = _tanh_slope(a_g)  # (B9)
    d_a_g_dot[...] = -2 * a_g_dot * g * g_slope  # (S9) ∂g′ₜ = −2 ∂a_gₜ ⊙ gₜ ⊙ g′ₜ
    # Step by step, backwards
    for (dy_t, dy_dot_t, o_t, o_dot_t, tanh_c_t, tanh_c_dot_t, o_slope_t, d_a_o_t, tanh_c_slope_t, i_t, c_prev,
            g_t, gates_slope_i_f_g_t, d_a_i_f_g_t, d_a_t, f_t, d_a_f_t, d_a_i_t, d_a_o_dot_t, tanh_c_slope_dot_t,
            i_dot_t, c_dot_prev, g_dot_t, d_a_dot_i_f_g_t, d_a_dot_t, f_dot_t, d_a_f_dot_t,
            d_a_i_dot_t) in zip(dy[::-1], dy_dot[::-1], o[::-1], o_dot[::-1], tanh_c[::-1], tanh_c_dot[::-1],
            o_slope[::-1], d_a_o[::-1], tanh_c_slope[::-1], i[::-1], c[:-1][::-1], g[::-1],
            gates_slope_i_f_g[::-1], d_a_i_f_g[::-1], d_a[::-1], f[::-1], d_a_f[::-1], d_a_i[::-1],
            d_a_o_dot[::-1], tanh_c_slope_dot[::-1], i_dot[::-1], c_dot[:-1][::-1], g_dot[::-1],
            d_a_dot_i_f_g[::-1], d_a_dot[::-1], f_dot[::-1], d_a_f_dot[::-1], d_a_i_dot[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1)
        d_h_dot = dy_dot_t + d_h_next_dot  # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        d_tanh_c = d_h * o_t  # (B2)
        d_tanh_c_dot = o_dot_t * d_h + d_h_dot * o_t  # (S2) ∂δtanh_cₜ = ∂oₜ ⊙ δhₜ + ∂δhₜ ⊙ oₜ
        multiply(d_h, tanh_c_t, d_o)  # (B4)
        add(tanh_c_dot_t * d_h, d_h_dot * tanh_c_t, d_o_dot)  # (S4) ∂δoₜ = ∂tanh_cₜ ⊙ δhₜ + ∂δhₜ ⊙ tanh_cₜ
        multiply(d_o, o_slope_t, d_a_o_t)  # (B6)
        d_c = d_c_next + d_tanh_c * tanh_c_slope_t + d_a_o_t * p_o  # (B7)
        multiply(d_c, i_t, d_g)  # (B8)
        multiply(d_c, c_prev, d_f)  # (B11)
        multiply(d_c, g_t, d_i)  # (B14)
        multiply(d_gates_i_f_g, gates_slope_i_f_g_t, d_a_i_f_g_t)  # (B16); (B13); (B10)
        d_h_prev = d_a_t.dot(U)  # (B17)
        d_c_prev = d_c * f_t + d_a_f_t * p_f + d_a_i_t * p_i  # (B18)
        add(d_o * d_a_o_dot_t, d_o_dot * o_slope_t, d_a_o_dot_t)  # (S6) ∂δa_oₜ = δoₜ ⊙ ∂o′ₜ + ∂δoₜ ⊙ o′ₜ
        # (S7) ∂δcₜ = ∂δc⁺ₜ + ∂p_o ⊙ δa_oₜ + δtanh_cₜ ⊙ ∂tanh_c′ₜ + ∂δtanh_cₜ ⊙ tanh_c′ₜ + ∂δa_oₜ ⊙ p_o
        d_c_dot = (d_c_next_dot + p_o_dot * d_a_o_t + d_tanh_c * tanh_c_slope_dot_t + d_tanh_c_dot * tanh_c_slope_t
            + d_a_o_dot_t * p_o)
        add(i_dot_t * d_c, d_c_dot * i_t, d_g_dot)  # (S8) ∂δgₜ = ∂iₜ ⊙ δcₜ + ∂δcₜ ⊙ iₜ
        add(c_dot_prev * d_c, d_c_dot * c_prev, d_f_dot)  # (S11) ∂δfₜ = ∂cₜ₋₁ ⊙ δcₜ + ∂δcₜ ⊙ cₜ₋₁
        add(g_dot_t * d_c, d_c_dot * g_t, d_i_dot)  # (S14) ∂δiₜ = ∂gₜ ⊙ δcₜ + ∂δcₜ ⊙ gₜ
        # (S16) ∂δa_iₜ = δiₜ ⊙ ∂i′ₜ + ∂δiₜ ⊙ i′ₜ; (S13) ∂δa_fₜ = δfₜ ⊙ ∂f′ₜ + ∂δfₜ ⊙ f′ₜ; (S10) ∂δa_gₜ = δgₜ ⊙ ∂g′ₜ +
        # ∂δgₜ ⊙ g′ₜ
        add(d_gates_i_f_g * d_a_dot_i_f_g_t, d_gates_dot_i_f_g * gates_slope_i_f_g_t, d_a_dot_i_f_g_t)
        # (S17) ∂δh⁺ₜ₋₁ = U_oᵀ ∂δa_oₜ + ∂U_oᵀ δa_oₜ + U_gᵀ ∂δa_gₜ + ∂U_gᵀ δa_gₜ + U_fᵀ ∂δa_fₜ + ∂U_fᵀ δa_fₜ + U_iᵀ
        # ∂δa_iₜ + ∂U_iᵀ δa_iₜ
        d_h_next_dot_prev = d_a_dot_t.dot(U)
        d_h_next_dot_prev += d_a_t.dot(U_dot)
        # (S18) ∂δc⁺ₜ₋₁ = ∂fₜ ⊙ δcₜ + ∂p_i ⊙ δa_iₜ + ∂p_f ⊙ δa_fₜ + ∂δcₜ ⊙ fₜ + ∂δa_fₜ ⊙ p_f + ∂δa_iₜ ⊙ p_i
        d_c_next_dot_prev = (f_dot_t * d_c + p_i_dot * d_a_i_t + p_f_dot * d_a_f_t + d_c_dot * f_t + d_a_f_dot_t * p_f
            + d_a_i_dot_t * p_i)
        d_h_next, d_h_next_dot, d_c_next, d_c_next_dot = d_h_prev, d_h_next_dot_prev, d_c_prev, d_c_next_dot_prev
    return _second_order_gradients(H, x, x_dot, h, h_dot, c, c_dot, W, W_dot, d_a_dot, d_a, d_h_next, d_h_next_dot,
        d_c_next, d_c_next_dot, d_a_i, d_a_f, d_a_o, d_a_i_dot, d_a_f_dot, d_a_o_dot)


def _second_order_gradients(H: Any, x: Any, x_dot: Any, h: Any, h_dot: Any, c: Any, c_dot: Any, W: Any,
    W_dot: Any, d_a_dot: Any, d_a: Any, d_h_next: Any, d_h_next_dot: Any, d_c_next: Any, d_c_next_dot: Any,
    d_a_i: Any, d_a_f: Any, d_a_o: Any, d_a_i_dot: Any, d_a_f_dot: Any, d_a_o_dot: Any) -> tuple[Grads, Grads]:
    """What follows the loop of `_second_order`: sums over all steps."""
    # All steps at once
    d_x = _times(d_a, W)  # (B19)
    # (S19) ∂δxₜ = W_oᵀ ∂δa_oₜ + ∂W_oᵀ δa_oₜ + W_gᵀ ∂δa_gₜ + ∂W_gᵀ δa_gₜ + W_fᵀ ∂δa_fₜ + ∂W_fᵀ δa_fₜ + W_iᵀ ∂δa_iₜ +
    # ∂W_iᵀ δa_iₜ
    d_x_dot = _times(d_a_dot, W)
    d_x_dot += _times(d_a, W_dot)
    # (B20); (B24); (B28); (B31)
    d_W = _outer(d_a, x)
    d_W_i, d_W_f, d_W_g, d_W_o = (d_W[k * H : (k + 1) * H] for k in range(4))
    # (S20) ∂δW_i = Σₜ (∂δa_iₜ xₜᵀ + δa_iₜ ∂xₜᵀ); (S24) ∂δW_f = Σₜ (∂δa_fₜ xₜᵀ + δa_fₜ ∂xₜᵀ); (S28) ∂δW_g = Σₜ
    # (∂δa_gₜ xₜᵀ + δa_gₜ ∂xₜᵀ); (S31) ∂δW_o = Σₜ (∂δa_oₜ xₜᵀ + δa_oₜ ∂xₜᵀ)
    d_W_dot = _outer(d_a_dot, x)
    d_W_dot += _outer(d_a, x_dot)
    d_W_i_dot, d_W_f_dot, d_W_g_dot, d_W_o_dot = (d_W_dot[k * H : (k + 1) * H] for k in range(4))
    # (B21); (B25); (B29); (B32)
    d_U = _outer(d_a, h[:-1])
    d_U_i, d_U_f, d_U_g, d_U_o = (d_U[k * H : (k + 1) * H] for k in range(4))
    # (S21) ∂δU_i = Σₜ (∂δa_iₜ hₜ₋₁ᵀ + δa_iₜ ∂hₜ₋₁ᵀ); (S25) ∂δU_f = Σₜ (∂δa_fₜ hₜ₋₁ᵀ + δa_fₜ ∂hₜ₋₁ᵀ); (S29) ∂δU_g =
    # Σₜ (∂δa_gₜ hₜ₋₁ᵀ + δa_gₜ ∂hₜ₋₁ᵀ); (S32) ∂δU_o = Σₜ (∂δa_oₜ hₜ₋₁ᵀ + δa_oₜ ∂hₜ₋₁ᵀ)
    d_U_dot = _outer(d_a_dot, h[:-1])
    d_U_dot += _outer(d_a, h_dot[:-1])
    d_U_i_dot, d_U_f_dot, d_U_g_dot, d_U_o_dot = (d_U_dot[k * H : (k + 1) * H] for k in range(4))
    d_p_i = _over_time((d_a_i * c[:-1]))  # (B22)
    # (S22) ∂δp_i = Σₜ (∂δa_iₜ ⊙ cₜ₋₁ + δa_iₜ ⊙ ∂cₜ₋₁)
    d_p_i_dot = _over_time((d_a_i_dot * c[:-1]))
    d_p_i_dot += _over_time((d_a_i * c_dot[:-1]))
    # (B23); (B27); (B30); (B34)
    d_b = _over_time(d_a)
    d_b_i, d_b_f, d_b_g, d_b_o = (d_b[k * H : (k + 1) * H] for k in range(4))
    # (S23) ∂δb_i = Σₜ ∂δa_iₜ; (S27) ∂δb_f = Σₜ ∂δa_fₜ; (S30) ∂δb_g = Σₜ ∂δa_gₜ; (S34) ∂δb_o = Σₜ ∂δa_oₜ
    d_b_dot = _over_time(d_a_dot)
    d_b_i_dot, d_b_f_dot, d_b_g_dot, d_b_o_dot = (d_b_dot[k * H : (k + 1) * H] for k in range(4))
    d_p_f = _over_time((d_a_f * c[:-1]))  # (B26)
    # (S26) ∂δp_f = Σₜ (∂δa_fₜ ⊙ cₜ₋₁ + δa_fₜ ⊙ ∂cₜ₋₁)
    d_p_f_dot = _over_time((d_a_f_dot * c[:-1]))
    d_p_f_dot += _over_time((d_a_f * c_dot[:-1]))
    d_p_o = _over_time((d_a_o * c[1:]))  # (B33)
    # (S33) ∂δp_o = Σₜ (∂δa_oₜ ⊙ cₜ + δa_oₜ ⊙ ∂cₜ)
    d_p_o_dot = _over_time((d_a_o_dot * c[1:]))
    d_p_o_dot += _over_time((d_a_o * c_dot[1:]))
    return Grads(d_x, Params(d_W_i, d_U_i, d_p_i, d_b_i, d_W_f, d_U_f, d_p_f, d_b_f, d_W_g, d_U_g, d_b_g, d_W_o,
        d_U_o, d_p_o, d_b_o), State(d_h_next.copy(), d_c_next.copy())), Grads(d_x_dot,
        Params(d_W_i_dot, d_U_i_dot, d_p_i_dot, d_b_i_dot, d_W_f_dot, d_U_f_dot, d_p_f_dot, d_b_f_dot, d_W_g_dot,
        d_U_g_dot, d_b_g_dot, d_W_o_dot, d_U_o_dot, d_p_o_dot, d_b_o_dot),
        State(d_h_next_dot.copy(), d_c_next_dot.copy()))


_Local = namedtuple("_Local", ['c_prev', 'f_slope', 'g', 'i_slope', 'i', 'g_slope', 'f', 'tanh_c', 'o_slope',
    'o', 'tanh_c_slope', 'x', 'h_prev', 'c'])


def _local(tape: Any, params: Any, t: Any, sizes: dict[str, int]) -> Any:
    """Values and slopes at the steps t of a tape, slopes from the form that it is of."""
    H = sizes["H"]
    c_prev, tanh_c, x, h_prev, c = tape.c[:-1][t], tape.tanh_c[t], tape.x[t], tape.h[:-1][t], tape.c[1:][t]
    gates = tape.gates[t]
    i, f, g, o = (gates[..., k * H : (k + 1) * H] for k in range(4))
    if isinstance(tape, PreciseTape):
        a = tape.a[t]
        a_i, a_f, a_g, a_o = (a[..., k * H : (k + 1) * H] for k in range(4))
        f_slope = _sigmoid_slope(a_f)
        i_slope = _sigmoid_slope(a_i)
        g_slope = _tanh_slope(a_g)
        o_slope = _sigmoid_slope(a_o)
        tanh_c_slope = _tanh_slope(c)
    else:
        f_slope = f * (1 - f)
        i_slope = i * (1 - i)
        g_slope = 1 - g**2
        o_slope = o * (1 - o)
        tanh_c_slope = 1 - tanh_c**2
    return _Local(c_prev, f_slope, g, i_slope, i, g_slope, f, tanh_c, o_slope, o, tanh_c_slope, x, h_prev, c)


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
