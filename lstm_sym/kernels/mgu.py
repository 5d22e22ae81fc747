"""Minimal gated unit.

Reference: Zhou et al. 2016, arXiv:1603.09420

Equations:
    f[t] = sigmoid(W_f @ x[t] + U_f @ h[t-1] + b_f)
    n[t] = tanh(W_n @ x[t] + U_n @ (f[t] * h[t-1]) + b_n)
    h[t] = (1 - f[t]) * h[t-1] + f[t] * n[t]

Shapes (T steps, B sequences, D, H):
    (D,)     x
    (H,)     f, n, h, b_f, b_n
    (H, D)   W_f, W_n
    (H, H)   U_f, U_n

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: f, n.
Gates: f.
Biases: b_f (of f), b_n (of n). Where a library keeps one beside each matrix, add them.
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

CONTENT_HASH = "a29d3ee10810dfb2e5eb07da540d799b82b23d09306e35f379f48f930d55c4ee"
OUTPUT = "h"
GATES: tuple[str, ...] = ("f",)


class Params(NamedTuple):
    """The parameters, named as in the equations."""

    W_f: Array  # (H, D) input weights of the forget gate
    U_f: Array  # (H, H) recurrent weights of the forget gate
    b_f: Array  # (H,) bias of the forget gate
    W_n: Array  # (H, D) input weights of the candidate hidden state
    U_n: Array  # (H, H) recurrent weights of the candidate hidden state
    b_n: Array  # (H,) bias of the candidate hidden state


class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H) hidden state


class Tape(NamedTuple):
    """What `backward` needs of `forward`, found by liveness; x is kept as given, not copied."""

    x: Array
    h: Array
    gates: Array
    f_h: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations too."""

    x: Array
    h: Array
    a: Array
    gates: Array
    f_h: Array


_SecondTape = namedtuple("_SecondTape", ['x', 'x_dot', 'h', 'h_dot', 'a', 'a_dot', 'gates', 'gates_dot', 'f_h',
    'f_h_dot'])


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
    'W_f': ('H', 'D'), 'U_f': ('H', 'H'), 'b_f': ('H',), 'W_n': ('H', 'D'), 'U_n': ('H', 'H'), 'b_n': ('H',)
}
_STATE_SHAPES: dict[str, tuple[str, ...]] = {'h': ('B', 'H')}
_COMPOSED: dict[str, dict[str, int]] = {}
_RECORDS = (Params, State, Tape, PreciseTape)
_EXTRA: dict[type, tuple[int, ...]] = {
    Tape: (0, 1, 0, 0),
    PreciseTape: (0, 1, 0, 0, 0),
}
_FITTED: dict[Any, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'x': {'D': 1}, 'h': {'H': 1}, 'gates': {'H': 2}, 'f_h': {'H': 1}},
    PreciseTape: {'x': {'D': 1}, 'h': {'H': 1}, 'a': {'H': 2}, 'gates': {'H': 2}, 'f_h': {'H': 1}},
}


def init(
    input_size: int, hidden_size: int, *,
    rng: np.random.Generator | None = None, dtype: Any = np.float64, **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    `fill` sets a vector to one value, as b_n=1.0. Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {'D': input_size, 'H': hidden_size}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {symbol} is {size}; sizes are whole numbers, 1 or more")
    dtype = _float_dtype({"dtype": np.empty(0, dtype)})
    vectors: tuple[str, ...] = ('b_f', 'b_n')
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
    complement = _complement_precise if precise else _complement
    add, multiply, tanh = np.add, np.multiply, np.tanh
    # Sizes, parameters, arrays
    H = params.W_f.shape[0]
    W = np.concatenate((params.W_f, params.W_n))
    b = np.concatenate((params.b_f, params.b_n))
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    U_n = params.U_n
    U_n_T = np.ascontiguousarray(U_n.T)
    gates = empty((T, B, 2 * H), dtype)
    f_h = empty((T, B, H), dtype)
    a = empty((T, B, 2 * H), dtype) if precise else gates
    h = empty((T + 1, B, H), dtype)
    h[0] = state.h
    a_f, a_n = (a[..., k * H : (k + 1) * H] for k in range(2))
    f, n = (gates[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once: W, b, a -> a
    _times(x, W.T, out=a)  # (F1) a_fₜ = W_f xₜ; (F4) a_nₜ = W_n xₜ
    a += b  # (F1) a_fₜ += b_f; (F4) a_nₜ += b_n
    # Step by step: U_f_T, U_n_T, gates, f_h, a, h -> a, gates, f_h, h
    h_prev = h[0]
    for a_f_t, f_t, f_h_t, a_n_t, n_t, h_t in zip(a_f, f, f_h, a_n, n, h[1:], strict=True):
        a_f_t += h_prev.dot(U_f_T)  # (F1) a_fₜ += U_f hₜ₋₁
        sigmoid(a_f_t, f_t)  # (F2) fₜ = σ(a_fₜ)
        multiply(h_prev, f_t, f_h_t)  # (F3) f_hₜ = hₜ₋₁ ⊙ fₜ
        f_complement = complement(f_t, a_f_t)
        a_n_t += f_h_t.dot(U_n_T)  # (F4) a_nₜ += U_n f_hₜ
        tanh(a_n_t, n_t)  # (F5) nₜ = tanh(a_nₜ)
        add(h_prev * f_complement, f_t * n_t, h_t)  # (F6) hₜ = hₜ₋₁ ⊙ (1 − fₜ) + fₜ ⊙ nₜ
        h_prev = h_t
    if precise:
        return h[1:].copy(), State(h[T].copy()), PreciseTape(x, h, a, gates, f_h)
    return h[1:].copy(), State(h[T].copy()), Tape(x, h, gates, f_h)


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
    H = params.W_f.shape[0]
    x, h, gates, f_h = tape.x, tape.h, tape.gates, tape.f_h
    U_n, U_f = params.U_n, params.U_f
    W = np.concatenate((params.W_f, params.W_n))
    d_gates = empty((B, 2 * H), dtype)
    d_a = empty((T, B, 2 * H), dtype)
    d_h_next = dstate.h
    d_a_f, d_a_n = (d_a[..., k * H : (k + 1) * H] for k in range(2))
    d_f, d_n = (d_gates[..., k * H : (k + 1) * H] for k in range(2))
    f, n = (gates[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once: gates, d_a -> f_complement, d_a
    if isinstance(tape, PreciseTape):
        a = tape.a
        a_f, a_n = (a[..., k * H : (k + 1) * H] for k in range(2))
        f_complement = _sigmoid_precise(-a_f)
        d_a_n[...] = _tanh_slope(a_n)  # (B3) n′ₜ = tanh′(a_nₜ)
        d_a_f[...] = _sigmoid_slope(a_f)  # (B7) f′ₜ = σ′(a_fₜ)
    else:
        f_complement = 1 - f
        # (B3) n′ₜ = 1 − nₜ²
        np.multiply(n, n, out=d_a_n)
        np.subtract(1, d_a_n, out=d_a_n)
        # (B7) f′ₜ = fₜ ⊙ (1 − fₜ)
        np.subtract(1, f, out=d_a_f)
        d_a_f *= f
    # Step by step, backwards: h, gates, U_n, U_f, d_gates, d_a, d_h_next, f_complement -> d_a
    for (dy_t, f_t, d_a_n_t, h_prev, n_t, f_complement_t, d_a_f_t) in zip(dy[::-1], f[::-1], d_a_n[::-1],
            h[:-1][::-1], n[::-1], f_complement[::-1], d_a_f[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1) δhₜ = dyₜ + δh⁺ₜ
        multiply(d_h, f_t, d_n)  # (B2) δnₜ = δhₜ ⊙ fₜ
        d_a_n_t *= d_n  # (B4) δa_nₜ = δnₜ ⊙ n′ₜ
        d_f_h = d_a_n_t.dot(U_n)  # (B5) δf_hₜ = U_nᵀ δa_nₜ
        add(d_h * (n_t - h_prev), d_f_h * h_prev, d_f)  # (B6) δfₜ = δhₜ ⊙ (nₜ − hₜ₋₁) + δf_hₜ ⊙ hₜ₋₁
        d_h_prev_direct = d_h * f_complement_t + d_f_h * f_t  # (B9) δh°ₜ₋₁ = δhₜ ⊙ (1 − fₜ) + δf_hₜ ⊙ fₜ
        d_a_f_t *= d_f  # (B8) δa_fₜ = δfₜ ⊙ f′ₜ
        # (B10) δh⁺ₜ₋₁ = U_fᵀ δa_fₜ + δh°ₜ₋₁
        d_h_prev = d_a_f_t.dot(U_f)
        d_h_prev += d_h_prev_direct
        d_h_next = d_h_prev
    # All steps at once: x, h, f_h, W, d_a -> d_x, d_W, d_U_f, d_b, d_U_n
    d_x = _times(d_a, W)  # (B11) δxₜ = W_nᵀ δa_nₜ + W_fᵀ δa_fₜ
    # (B12) δW_f = Σₜ δa_fₜ xₜᵀ; (B15) δW_n = Σₜ δa_nₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_f, d_W_n = (d_W[k * H : (k + 1) * H] for k in range(2))
    d_U_f = _outer(d_a_f, h[:-1])  # (B13) δU_f = Σₜ δa_fₜ hₜ₋₁ᵀ
    # (B14) δb_f = Σₜ δa_fₜ; (B17) δb_n = Σₜ δa_nₜ
    d_b = _over_time(d_a)
    d_b_f, d_b_n = (d_b[k * H : (k + 1) * H] for k in range(2))
    d_U_n = _outer(d_a_n, f_h)  # (B16) δU_n = Σₜ δa_nₜ f_hₜᵀ
    return Grads(d_x, Params(d_W_f, d_U_f, d_b_f, d_W_n, d_U_n, d_b_n), State(d_h_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    tanh = np.tanh
    x = x_t
    h_prev = state.h
    W_f, U_f, b_f, W_n, U_n, b_n = params
    a_f = x @ W_f.T + h_prev @ U_f.T + b_f  # (F1) a_fₜ = W_f xₜ + U_f hₜ₋₁ + b_f
    f = _sigmoid(a_f)  # (F2) fₜ = σ(a_fₜ)
    f_h = h_prev * f  # (F3) f_hₜ = hₜ₋₁ ⊙ fₜ
    a_n = x @ W_n.T + f_h @ U_n.T + b_n  # (F4) a_nₜ = W_n xₜ + U_n f_hₜ + b_n
    n = np.tanh(a_n)  # (F5) nₜ = tanh(a_nₜ)
    h = h_prev * (1 - f) + f * n  # (F6) hₜ = hₜ₋₁ ⊙ (1 − fₜ) + fₜ ⊙ nₜ
    return h, State(h)


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
    tanh = np.tanh
    H = params.W_f.shape[0]
    W = np.concatenate((params.W_f, params.W_n))
    W_T = np.ascontiguousarray(W.T)
    b = np.concatenate((params.b_f, params.b_n))
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    U_n = params.U_n
    U_n_T = np.ascontiguousarray(U_n.T)
    gates = np.empty((B, 2 * H), dtype)
    f, n = (gates[..., k * H : (k + 1) * H] for k in range(2))

    def advance(x_t: Array, state: State) -> tuple[Array, State]:
        """One step."""
        nonlocal gates, f, n
        x = x_t
        h_prev = state.h
        x.dot(W_T, gates)  # (F1) a_fₜ = W_f xₜ; (F4) a_nₜ = W_n xₜ
        gates += b  # (F1) a_fₜ += b_f; (F4) a_nₜ += b_n
        f += h_prev.dot(U_f_T)  # (F1) a_fₜ += U_f hₜ₋₁
        _sigmoid(f, f)  # (F2) fₜ = σ(a_fₜ)
        f_h = h_prev * f  # (F3) f_hₜ = hₜ₋₁ ⊙ fₜ
        f_complement = 1 - f
        n += f_h.dot(U_n_T)  # (F4) a_nₜ += U_n f_hₜ
        tanh(n, n)  # (F5) nₜ = tanh(a_nₜ)
        h = h_prev * f_complement + f * n  # (F6) hₜ = hₜ₋₁ ⊙ (1 − fₜ) + fₜ ⊙ nₜ
        return h, State(h)

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
    # d h[t] / d h[t-1]
    _weighted(out[..., at.h, at.h], [((v.n - v.h_prev) * v.f_slope, params.U_f)])
    out[..., at.h, at.h] += (v.f * v.n_slope)[..., :, None] * params.U_n @ ((v.h_prev * v.f_slope)[..., :, None]
        * params.U_f)
    out[..., at.h, at.h] += (v.f * v.n_slope)[..., :, None] * params.U_n * v.f[..., None, :]
    _diagonal(out[..., at.h, at.h])[...] += v.f_complement
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, D), of several steps (n, B, S, D); S sums the state sizes. Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    out = np.zeros((*lead, at[-1].stop, sizes["D"]), dtype)
    # d h[t] / d x[t]
    _weighted(out[..., at.h, :], [((v.n - v.h_prev) * v.f_slope, params.W_f), (v.f * v.n_slope, params.W_n)])
    out[..., at.h, :] += (v.f * v.n_slope)[..., :, None] * params.U_n @ ((v.h_prev * v.f_slope)[..., :, None]
        * params.W_f)
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
    # d h[t] / d W_f
    np.multiply(((v.n - v.h_prev) * v.f_slope)[..., :, None], _applied(v.x, H), out=out[..., at.h, columns.W_f])
    out[..., at.h, columns.W_f] += (v.f * v.n_slope)[..., :, None] * params.U_n @ ((v.h_prev
        * v.f_slope)[..., :, None] * _applied(v.x, H))
    # d h[t] / d U_f
    np.multiply(((v.n - v.h_prev) * v.f_slope)[..., :, None], _applied(v.h_prev, H),
        out=out[..., at.h, columns.U_f])
    out[..., at.h, columns.U_f] += (v.f * v.n_slope)[..., :, None] * params.U_n @ ((v.h_prev
        * v.f_slope)[..., :, None] * _applied(v.h_prev, H))
    # d h[t] / d b_f
    np.multiply((v.f * v.n_slope)[..., :, None], params.U_n * (v.h_prev * v.f_slope)[..., None, :],
        out=out[..., at.h, columns.b_f])
    _diagonal(out[..., at.h, columns.b_f])[...] += (v.n - v.h_prev) * v.f_slope
    # d h[t] / d W_n
    np.multiply((v.f * v.n_slope)[..., :, None], _applied(v.x, H), out=out[..., at.h, columns.W_n])
    # d h[t] / d U_n
    np.multiply((v.f * v.n_slope)[..., :, None], _applied(v.f_h, H), out=out[..., at.h, columns.U_n])
    _diagonal(out[..., at.h, columns.b_n])[...] += v.f * v.n_slope  # d h[t] / d b_n
    return Params(*(out[..., c].reshape(*lead, -1, *p.shape) for c, p in zip(columns, params, strict=True)))


def jacobian_parts(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {'f', 'n', 'h'}: (B, S, S), of several steps (n, B, S, S).
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
    Raises TypeError, ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t)
    v, at = _local(tape, params, t, sizes), _ranges(State, _STATE_SHAPES, sizes)
    parts: dict[str, Array] = {key: np.zeros((*lead, at[-1].stop, at[-1].stop), dtype) for key in ('f', 'n', 'h')}
    # d h[t] / d h[t-1]
    _weighted(parts['f'][..., at.h, at.h], [((v.n - v.h_prev) * v.f_slope, params.U_f)])
    parts['f'][..., at.h, at.h] += (v.f * v.n_slope)[..., :, None] * params.U_n @ ((v.h_prev
        * v.f_slope)[..., :, None] * params.U_f)
    # d h[t] / d h[t-1]
    np.multiply((v.f * v.n_slope)[..., :, None], params.U_n * v.f[..., None, :], out=parts['n'][..., at.h, at.h])
    _diagonal(parts['h'][..., at.h, at.h])[...] += v.f_complement  # d h[t] / d h[t-1]
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    'f', 'f_slope', 'n_slope': (B, N), of several steps (n, B, N).
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    params, t, sizes, lead, dtype = _reading(tape, params, t, (PreciseTape,))
    terms: dict[str, Array] = {}
    H = sizes["H"]
    a = tape.a[t]
    a_f, a_n = (a[..., k * H : (k + 1) * H] for k in range(2))
    terms['f'] = -_softplus(-a_f)
    terms['f_slope'] = -_softplus(a_f) - _softplus(-a_f)
    terms['n_slope'] = 1.3862943611198906 + 2 * a_n - 2 * _softplus(2 * a_n)
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
    H = params.W_f.shape[0]
    W = np.concatenate((params.W_f, params.W_n))
    b = np.concatenate((params.b_f, params.b_n))
    W_dot = np.concatenate((params_dot.W_f, params_dot.W_n))
    b_dot = np.concatenate((params_dot.b_f, params_dot.b_n))
    U_f = params.U_f
    U_f_T = np.ascontiguousarray(U_f.T)
    U_f_dot = params_dot.U_f
    U_f_dot_T = np.ascontiguousarray(U_f_dot.T)
    U_n = params.U_n
    U_n_T = np.ascontiguousarray(U_n.T)
    U_n_dot = params_dot.U_n
    U_n_dot_T = np.ascontiguousarray(U_n_dot.T)
    a, a_dot, gates, gates_dot = (np.empty((T, B, 2 * H), dtype) for _ in range(4))
    f_h, f_h_dot = (np.empty((T, B, H), dtype) for _ in range(2))
    h, h_dot = (np.empty((T + 1, B, H), dtype) for _ in range(2))
    h[0], h_dot[0] = state.h, state_dot.h
    a_f, a_n = (a[..., k * H : (k + 1) * H] for k in range(2))
    a_f_dot, a_n_dot = (a_dot[..., k * H : (k + 1) * H] for k in range(2))
    f, n = (gates[..., k * H : (k + 1) * H] for k in range(2))
    f_dot, n_dot = (gates_dot[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once
    _times(x, W.T, out=a)  # (F1); (F4)
    a += b  # (F1); (F4)
    _times(x_dot, W.T, out=a_dot)  # (T1) ∂a_fₜ = W_f ∂xₜ; (T5) ∂a_nₜ = W_n ∂xₜ
    a_dot += _times(x, W_dot.T)  # (T1) ∂a_fₜ += ∂W_f xₜ; (T5) ∂a_nₜ += ∂W_n xₜ
    a_dot += b_dot  # (T1) ∂a_fₜ += ∂b_f; (T5) ∂a_nₜ += ∂b_n
    # Step by step
    h_prev, h_dot_prev = h[0], h_dot[0]
    for (a_f_t, a_f_dot_t, f_t, f_h_t, f_dot_t, f_h_dot_t, a_n_t, a_n_dot_t, n_t, h_t, n_dot_t,
            h_dot_t) in zip(a_f, a_f_dot, f, f_h, f_dot, f_h_dot, a_n, a_n_dot, n, h[1:], n_dot, h_dot[1:],
            strict=True):
        a_f_t += h_prev.dot(U_f_T)  # (F1)
        a_f_dot_t += h_dot_prev.dot(U_f_T)  # (T1) ∂a_fₜ += U_f ∂hₜ₋₁
        a_f_dot_t += h_prev.dot(U_f_dot_T)  # (T1) ∂a_fₜ += ∂U_f hₜ₋₁
        _sigmoid_precise(a_f_t, f_t)  # (F2)
        multiply(h_prev, f_t, f_h_t)  # (F3)
        f_dot_t[...] = _sigmoid_slope(a_f_t)  # (T2) f′ₜ = σ′(a_fₜ)
        f_dot_t *= a_f_dot_t  # (T3) ∂fₜ = ∂a_fₜ ⊙ f′ₜ
        add(h_dot_prev * f_t, f_dot_t * h_prev, f_h_dot_t)  # (T4) ∂f_hₜ = ∂hₜ₋₁ ⊙ fₜ + ∂fₜ ⊙ hₜ₋₁
        a_n_t += f_h_t.dot(U_n_T)  # (F4)
        a_n_dot_t += f_h_dot_t.dot(U_n_T)  # (T5) ∂a_nₜ += U_n ∂f_hₜ
        a_n_dot_t += f_h_t.dot(U_n_dot_T)  # (T5) ∂a_nₜ += ∂U_n f_hₜ
        tanh(a_n_t, n_t)  # (F5)
        add(h_prev * _sigmoid_precise(-a_f_t), f_t * n_t, h_t)  # (F6)
        n_dot_t[...] = _tanh_slope(a_n_t)  # (T6) n′ₜ = tanh′(a_nₜ)
        n_dot_t *= a_n_dot_t  # (T7) ∂nₜ = ∂a_nₜ ⊙ n′ₜ
        # (T8) ∂hₜ = ∂hₜ₋₁ ⊙ σ(−a_fₜ) + ∂fₜ ⊙ (nₜ − hₜ₋₁) + ∂nₜ ⊙ fₜ
        add(h_dot_prev * _sigmoid_precise(-a_f_t) + f_dot_t * (n_t - h_prev), n_dot_t * f_t, h_dot_t)
        h_prev, h_dot_prev = h_t, h_dot_t
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy()), State(h_dot[T].copy()), _SecondTape(x, x_dot, h,
        h_dot, a, a_dot, gates, gates_dot, f_h, f_h_dot)


def _second_order(
    dy: Array, dy_dot: Array, tape: Any, params: Params, params_dot: Params, dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:
    """Adjoints and their tangents in one loop, t = T-1 .. 0: forward mode over the backward pass.

    Gives the gradients, and their derivative along the direction of the tape.
    """
    (T, B), dtype = dy.shape[:2], dy.dtype
    add, multiply = np.add, np.multiply
    # Sizes, parameters, arrays
    H = params.W_f.shape[0]
    x, x_dot, h, h_dot, a, a_dot, gates, gates_dot, f_h, f_h_dot = tape
    U_n = params.U_n
    U_n_dot = params_dot.U_n
    U_f = params.U_f
    U_f_dot = params_dot.U_f
    W = np.concatenate((params.W_f, params.W_n))
    W_dot = np.concatenate((params_dot.W_f, params_dot.W_n))
    d_gates, d_gates_dot = (np.empty((B, 2 * H), dtype) for _ in range(2))
    gates_slope, d_a_dot, d_a = (np.empty((T, B, 2 * H), dtype) for _ in range(3))
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    a_f, a_n = (a[..., k * H : (k + 1) * H] for k in range(2))
    a_f_dot, a_n_dot = (a_dot[..., k * H : (k + 1) * H] for k in range(2))
    d_a_f, d_a_n = (d_a[..., k * H : (k + 1) * H] for k in range(2))
    d_a_f_dot, d_a_n_dot = (d_a_dot[..., k * H : (k + 1) * H] for k in range(2))
    d_f, d_n = (d_gates[..., k * H : (k + 1) * H] for k in range(2))
    d_f_dot, d_n_dot = (d_gates_dot[..., k * H : (k + 1) * H] for k in range(2))
    f, n = (gates[..., k * H : (k + 1) * H] for k in range(2))
    f_dot, n_dot = (gates_dot[..., k * H : (k + 1) * H] for k in range(2))
    f_slope, n_slope = (gates_slope[..., k * H : (k + 1) * H] for k in range(2))
    # All steps at once
    n_slope[...] = _tanh_slope(a_n)  # (B3)
    d_a_n_dot[...] = -2 * a_n_dot * n * n_slope  # (S3) ∂n′ₜ = −2 ∂a_nₜ ⊙ nₜ ⊙ n′ₜ
    f_slope[...] = _sigmoid_slope(a_f)  # (B7)
    # (S7) ∂f′ₜ = ∂a_fₜ ⊙ f′ₜ ⊙ (1 − 2 fₜ)
    np.multiply(2, f, out=d_a_f_dot)
    np.subtract(1, d_a_f_dot, out=d_a_f_dot)
    d_a_f_dot *= a_f_dot * f_slope
    # Step by step, backwards
    for (dy_t, dy_dot_t, f_t, f_dot_t, n_slope_t, d_a_n_t, h_prev, n_t, a_f_t, d_a_n_dot_t, h_dot_prev, n_dot_t,
            f_slope_t, d_a_f_t, d_a_f_dot_t) in zip(dy[::-1], dy_dot[::-1], f[::-1], f_dot[::-1], n_slope[::-1],
            d_a_n[::-1], h[:-1][::-1], n[::-1], a_f[::-1], d_a_n_dot[::-1], h_dot[:-1][::-1], n_dot[::-1],
            f_slope[::-1], d_a_f[::-1], d_a_f_dot[::-1], strict=True):
        d_h = dy_t + d_h_next  # (B1)
        d_h_dot = dy_dot_t + d_h_next_dot  # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        multiply(d_h, f_t, d_n)  # (B2)
        add(f_dot_t * d_h, d_h_dot * f_t, d_n_dot)  # (S2) ∂δnₜ = ∂fₜ ⊙ δhₜ + ∂δhₜ ⊙ fₜ
        multiply(d_n, n_slope_t, d_a_n_t)  # (B4)
        d_f_h = d_a_n_t.dot(U_n)  # (B5)
        add(d_h * (n_t - h_prev), d_f_h * h_prev, d_f)  # (B6)
        d_h_prev_direct = d_h * _sigmoid_precise(-a_f_t) + d_f_h * f_t  # (B9)
        add(d_n * d_a_n_dot_t, d_n_dot * n_slope_t, d_a_n_dot_t)  # (S4) ∂δa_nₜ = δnₜ ⊙ ∂n′ₜ + ∂δnₜ ⊙ n′ₜ
        # (S5) ∂δf_hₜ = U_nᵀ ∂δa_nₜ + ∂U_nᵀ δa_nₜ
        d_f_h_dot = d_a_n_dot_t.dot(U_n)
        d_f_h_dot += d_a_n_t.dot(U_n_dot)
        # (S6) ∂δfₜ = ∂hₜ₋₁ ⊙ (δf_hₜ − δhₜ) + ∂nₜ ⊙ δhₜ + ∂δhₜ ⊙ (nₜ − hₜ₋₁) + ∂δf_hₜ ⊙ hₜ₋₁
        add(h_dot_prev * (d_f_h - d_h) + n_dot_t * d_h + d_h_dot * (n_t - h_prev), d_f_h_dot * h_prev, d_f_dot)
        # (S9) ∂δh°ₜ₋₁ = ∂fₜ ⊙ (δf_hₜ − δhₜ) + ∂δhₜ ⊙ σ(−a_fₜ) + ∂δf_hₜ ⊙ fₜ
        d_h_prev_direct_dot = f_dot_t * (d_f_h - d_h) + d_h_dot * _sigmoid_precise(-a_f_t) + d_f_h_dot * f_t
        multiply(d_f, f_slope_t, d_a_f_t)  # (B8)
        # (B10)
        d_h_prev = d_a_f_t.dot(U_f)
        d_h_prev += d_h_prev_direct
        add(d_f * d_a_f_dot_t, d_f_dot * f_slope_t, d_a_f_dot_t)  # (S8) ∂δa_fₜ = δfₜ ⊙ ∂f′ₜ + ∂δfₜ ⊙ f′ₜ
        # (S10) ∂δh⁺ₜ₋₁ = U_fᵀ ∂δa_fₜ + ∂U_fᵀ δa_fₜ + ∂δh°ₜ₋₁
        d_h_next_dot_prev = d_a_f_dot_t.dot(U_f)
        d_h_next_dot_prev += d_a_f_t.dot(U_f_dot)
        d_h_next_dot_prev += d_h_prev_direct_dot
        d_h_next, d_h_next_dot = d_h_prev, d_h_next_dot_prev
    # All steps at once
    d_x = _times(d_a, W)  # (B11)
    # (S11) ∂δxₜ = W_nᵀ ∂δa_nₜ + ∂W_nᵀ δa_nₜ + W_fᵀ ∂δa_fₜ + ∂W_fᵀ δa_fₜ
    d_x_dot = _times(d_a_dot, W)
    d_x_dot += _times(d_a, W_dot)
    # (B12); (B15)
    d_W = _outer(d_a, x)
    d_W_f, d_W_n = (d_W[k * H : (k + 1) * H] for k in range(2))
    # (S12) ∂δW_f = Σₜ (∂δa_fₜ xₜᵀ + δa_fₜ ∂xₜᵀ); (S15) ∂δW_n = Σₜ (∂δa_nₜ xₜᵀ + δa_nₜ ∂xₜᵀ)
    d_W_dot = _outer(d_a_dot, x)
    d_W_dot += _outer(d_a, x_dot)
    d_W_f_dot, d_W_n_dot = (d_W_dot[k * H : (k + 1) * H] for k in range(2))
    d_U_f = _outer(d_a_f, h[:-1])  # (B13)
    # (S13) ∂δU_f = Σₜ (∂δa_fₜ hₜ₋₁ᵀ + δa_fₜ ∂hₜ₋₁ᵀ)
    d_U_f_dot = _outer(d_a_f_dot, h[:-1])
    d_U_f_dot += _outer(d_a_f, h_dot[:-1])
    # (B14); (B17)
    d_b = _over_time(d_a)
    d_b_f, d_b_n = (d_b[k * H : (k + 1) * H] for k in range(2))
    # (S14) ∂δb_f = Σₜ ∂δa_fₜ; (S17) ∂δb_n = Σₜ ∂δa_nₜ
    d_b_dot = _over_time(d_a_dot)
    d_b_f_dot, d_b_n_dot = (d_b_dot[k * H : (k + 1) * H] for k in range(2))
    d_U_n = _outer(d_a_n, f_h)  # (B16)
    # (S16) ∂δU_n = Σₜ (∂δa_nₜ f_hₜᵀ + δa_nₜ ∂f_hₜᵀ)
    d_U_n_dot = _outer(d_a_n_dot, f_h)
    d_U_n_dot += _outer(d_a_n, f_h_dot)
    return Grads(d_x, Params(d_W_f, d_U_f, d_b_f, d_W_n, d_U_n, d_b_n), State(d_h_next.copy())), Grads(d_x_dot,
        Params(d_W_f_dot, d_U_f_dot, d_b_f_dot, d_W_n_dot, d_U_n_dot, d_b_n_dot), State(d_h_next_dot.copy()))


_Local = namedtuple("_Local", ['n', 'h_prev', 'f_slope', 'f_complement', 'f', 'n_slope', 'x', 'f_h'])


def _local(tape: Any, params: Any, t: Any, sizes: dict[str, int]) -> Any:
    """Values and slopes at the steps t of a tape, slopes from the form that it is of."""
    H = sizes["H"]
    h_prev, x, f_h = tape.h[:-1][t], tape.x[t], tape.f_h[t]
    gates = tape.gates[t]
    f, n = (gates[..., k * H : (k + 1) * H] for k in range(2))
    if isinstance(tape, PreciseTape):
        a = tape.a[t]
        a_f, a_n = (a[..., k * H : (k + 1) * H] for k in range(2))
        f_slope = _sigmoid_slope(a_f)
        f_complement = _sigmoid_precise(-a_f)
        n_slope = _tanh_slope(a_n)
    else:
        f_slope = f * (1 - f)
        f_complement = 1 - f
        n_slope = 1 - n**2
    return _Local(n, h_prev, f_slope, f_complement, f, n_slope, x, f_h)


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


def _complement(z: Array, a: Array) -> Array:
    """1 - z, of a gate z = _sigmoid(a)."""
    return np.array(1, z.dtype) - z


def _complement_precise(z: Array, a: Array) -> Array:
    """1 - z of a gate z = _sigmoid(a), as _sigmoid(-a): no digit is lost when the gate is open."""
    return _sigmoid_precise(-a)


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
