"""minGRU.

Reference: Feng et al. 2024, arXiv:2410.01201; h = (1 - z) h + z n: z near 1 takes the candidate, the other way round from gru

Equations:
    z[t] = sigmoid(W_z @ x[t] + b_z)
    n[t] = W_n @ x[t] + b_n
    h[t] = (1 - z[t]) * h[t-1] + z[t] * n[t]

Shapes (T steps, B sequences, D, H):
    x        (D,)
    z        (H,)
    n        (H,)
    h        (H,)
    W_z      (H, D)
    b_z      (H,)
    W_n      (H, D)
    b_n      (H,)

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: n, z.
Gates: z.
Biases: b_z (of z), b_n (of n).
Options: none. Constants: none.

Signs in comments: δv adjoint, δv⁺ what arrives of it from step t+1, δv° what passes through no matrix, v′ slope,
∂v tangent, ⊙ element-wise product; (B1) is equation B1 of the derivation report.

Generated from the equations by lstm_sym (format 1); stands alone on NumPy. Not written by hand: change
the equations and generate it again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

CONTENT_HASH = "819546dde8639b9183e46d48cac7b2b935e288961944736855639697fac12619"
OUTPUT = "h"
GATES: tuple[str, ...] = ("z",)


class Params(NamedTuple):
    """The parameters, named as in the equations."""

    W_z: Array  # (H, D) input weights of the update gate
    b_z: Array  # (H,) bias of the update gate
    W_n: Array  # (H, D) input weights of the candidate hidden state
    b_n: Array  # (H,) bias of the candidate hidden state


class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H) hidden state


class Tape(NamedTuple):
    """What `backward` needs of `forward`, found by liveness; x is kept as given, not copied."""

    x: Array
    h: Array
    z: Array
    a: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations too."""

    x: Array
    h: Array
    a: Array
    z: Array


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, D)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
    'W_z': ('H', 'D'),
    'b_z': ('H',),
    'W_n': ('H', 'D'),
    'b_n': ('H',),
}
_STATE_SHAPES = {
    'h': ('B', 'H'),
}
_COMPOSED: dict[str, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'x': {'D': 1}, 'h': {'H': 1}, 'z': {'H': 1}, 'a': {'H': 2}},
    PreciseTape: {'x': {'D': 1}, 'h': {'H': 1}, 'a': {'H': 2}, 'z': {'H': 1}},
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

    `fill` sets a vector to one value, as b_n=1.0. Without rng the seed is 0.
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
        if name not in ('b_z', 'b_n'):
            raise TypeError(f"init() cannot fill {name}; the vectors of this cell: b_z, b_n")
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
    return x, params, State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))


def forward(
    x: Any, params: Params, state: State | None = None, *, precise: bool = False
) -> tuple[Array, State, Tape | PreciseTape]:
    """Run the cell over sequences: x (T, B, D) -> y = h (T, B, H), the last state, the tape.

    state: the initial state, None for zeros. precise: gates and slopes keep full relative accuracy under saturation;
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
    H = params.W_z.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
    W = np.concatenate((params.W_n, params.W_z))
    b = np.concatenate((params.b_n, params.b_z))
    a = np.empty((T, B, 2 * H), dtype)
    z = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    n = a[..., 0 * H : 1 * H]
    a_z = a[..., 1 * H : 2 * H]
    # (F3) nₜ = W_n xₜ; (F1) a_zₜ = W_z xₜ
    _times(x, W.T, out=a)
    # (F3) nₜ += b_n; (F1) a_zₜ += b_z
    a += b
    # (F2) zₜ = σ(a_zₜ)
    _sigmoid(a_z, out=z)
    for h_t, h_prev, z_t, n_t in zip(h[1:], h[:-1], z, n, strict=True):
        # (F4) hₜ = hₜ₋₁ ⊙ (1 − zₜ) + zₜ ⊙ nₜ
        np.add(h_prev * (1 - z_t), z_t * n_t, out=h_t)
    return h[1:].copy(), State(h[T].copy()), Tape(x, h, z, a)


def _forward_precise(
    x: Array, params: Params, state: State
) -> tuple[Array, State, PreciseTape]:
    H = params.W_z.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
    W = np.concatenate((params.W_n, params.W_z))
    b = np.concatenate((params.b_n, params.b_z))
    a = np.empty((T, B, 2 * H), dtype)
    z = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    n = a[..., 0 * H : 1 * H]
    a_z = a[..., 1 * H : 2 * H]
    # (F3) nₜ = W_n xₜ; (F1) a_zₜ = W_z xₜ
    _times(x, W.T, out=a)
    # (F3) nₜ += b_n; (F1) a_zₜ += b_z
    a += b
    # (F2) zₜ = σ(a_zₜ)
    z[...] = _sigmoid_precise(a_z)
    for h_t, h_prev, a_z_t, z_t, n_t in zip(h[1:], h[:-1], a_z, z, n, strict=True):
        # (F4) hₜ = hₜ₋₁ ⊙ σ(−a_zₜ) + zₜ ⊙ nₜ
        np.add(h_prev * _sigmoid_precise(-a_z_t), z_t * n_t, out=h_t)
    return h[1:].copy(), State(h[T].copy()), PreciseTape(x, h, a, z)


def _backward_fast(dy: Array, tape: Tape, params: Params, dstate: State) -> Grads:
    H = params.W_z.shape[0]
    T, B = dy.shape[:2]
    dtype = dy.dtype
    x = tape.x
    h = tape.h
    z = tape.z
    a = tape.a
    W = np.concatenate((params.W_n, params.W_z))
    d_a = np.empty((T, B, 2 * H), dtype)
    d_z = np.empty((T, B, H), dtype)
    z_slope = np.empty((T, B, H), dtype)
    d_h = np.empty((T, B, H), dtype)
    d_h_next = dstate.h
    n = a[..., 0 * H : 1 * H]
    d_n = d_a[..., 0 * H : 1 * H]
    d_a_z = d_a[..., 1 * H : 2 * H]
    # (B4) z′ₜ = zₜ ⊙ (1 − zₜ)
    np.subtract(1, z, out=z_slope)
    z_slope *= z
    for d_h_t, dy_t, z_t in zip(d_h[::-1], dy[::-1], z[::-1], strict=True):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        np.add(dy_t, d_h_next, out=d_h_t)
        # (B6) δh⁺ₜ₋₁ = δhₜ ⊙ (1 − zₜ)
        d_h_prev = d_h_t * (1 - z_t)
        d_h_next = d_h_prev
    # (B2) δnₜ = δhₜ ⊙ zₜ
    np.multiply(d_h, z, out=d_n)
    # (B3) δzₜ = δhₜ ⊙ (nₜ − hₜ₋₁)
    np.subtract(n, h[:-1], out=d_z)
    d_z *= d_h
    # (B5) δa_zₜ = δzₜ ⊙ z′ₜ
    np.multiply(d_z, z_slope, out=d_a_z)
    # (B7) δxₜ = W_nᵀ δnₜ + W_zᵀ δa_zₜ
    d_x = _times(d_a, W)
    # (B10) δW_n = Σₜ δnₜ xₜᵀ; (B8) δW_z = Σₜ δa_zₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_n = d_W[0 * H : 1 * H]
    d_W_z = d_W[1 * H : 2 * H]
    # (B11) δb_n = Σₜ δnₜ; (B9) δb_z = Σₜ δa_zₜ
    d_b = d_a.sum(axis=(0, 1))
    d_b_n = d_b[0 * H : 1 * H]
    d_b_z = d_b[1 * H : 2 * H]
    return Grads(d_x, Params(d_W_z, d_b_z, d_W_n, d_b_n), State(d_h_next.copy()))


def _backward_precise(dy: Array, tape: PreciseTape, params: Params, dstate: State) -> Grads:
    H = params.W_z.shape[0]
    T, B = dy.shape[:2]
    dtype = dy.dtype
    x = tape.x
    h = tape.h
    a = tape.a
    z = tape.z
    W = np.concatenate((params.W_n, params.W_z))
    d_a = np.empty((T, B, 2 * H), dtype)
    d_z = np.empty((T, B, H), dtype)
    z_slope = np.empty((T, B, H), dtype)
    d_h = np.empty((T, B, H), dtype)
    d_h_next = dstate.h
    n = a[..., 0 * H : 1 * H]
    a_z = a[..., 1 * H : 2 * H]
    d_n = d_a[..., 0 * H : 1 * H]
    d_a_z = d_a[..., 1 * H : 2 * H]
    # (B4) z′ₜ = σ′(a_zₜ)
    z_slope[...] = _sigmoid_slope(a_z)
    for d_h_t, dy_t, a_z_t in zip(d_h[::-1], dy[::-1], a_z[::-1], strict=True):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        np.add(dy_t, d_h_next, out=d_h_t)
        # (B6) δh⁺ₜ₋₁ = δhₜ ⊙ σ(−a_zₜ)
        d_h_prev = d_h_t * _sigmoid_precise(-a_z_t)
        d_h_next = d_h_prev
    # (B2) δnₜ = δhₜ ⊙ zₜ
    np.multiply(d_h, z, out=d_n)
    # (B3) δzₜ = δhₜ ⊙ (nₜ − hₜ₋₁)
    np.subtract(n, h[:-1], out=d_z)
    d_z *= d_h
    # (B5) δa_zₜ = δzₜ ⊙ z′ₜ
    np.multiply(d_z, z_slope, out=d_a_z)
    # (B7) δxₜ = W_nᵀ δnₜ + W_zᵀ δa_zₜ
    d_x = _times(d_a, W)
    # (B10) δW_n = Σₜ δnₜ xₜᵀ; (B8) δW_z = Σₜ δa_zₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_n = d_W[0 * H : 1 * H]
    d_W_z = d_W[1 * H : 2 * H]
    # (B11) δb_n = Σₜ δnₜ; (B9) δb_z = Σₜ δa_zₜ
    d_b = d_a.sum(axis=(0, 1))
    d_b_n = d_b[0 * H : 1 * H]
    d_b_z = d_b[1 * H : 2 * H]
    return Grads(d_x, Params(d_W_z, d_b_z, d_W_n, d_b_n), State(d_h_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, D) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    x = x_t
    h_prev = state.h
    W_z = params.W_z
    b_z = params.b_z
    W_n = params.W_n
    b_n = params.b_n
    # (F1) a_zₜ = W_z xₜ + b_z
    a_z = x @ W_z.T
    a_z += b_z
    # (F2) zₜ = σ(a_zₜ)
    z = _sigmoid(a_z)
    # (F3) nₜ = W_n xₜ + b_n
    n = x @ W_n.T
    n += b_n
    # (F4) hₜ = hₜ₋₁ ⊙ (1 − zₜ) + zₜ ⊙ nₜ
    h = h_prev * (1 - z) + z * n
    return h, State(h)


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
    H = params.W_z.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
    W = np.concatenate((params.W_n, params.W_z))
    b = np.concatenate((params.b_n, params.b_z))
    W_dot = np.concatenate((params_dot.W_n, params_dot.W_z))
    b_dot = np.concatenate((params_dot.b_n, params_dot.b_z))
    a = np.empty((T, B, 2 * H), dtype)
    a_dot = np.empty((T, B, 2 * H), dtype)
    z = np.empty((T, B, H), dtype)
    z_dot = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    h_dot = np.empty((T + 1, B, H), dtype)
    h_dot[0] = state_dot.h
    n = a[..., 0 * H : 1 * H]
    a_z = a[..., 1 * H : 2 * H]
    n_dot = a_dot[..., 0 * H : 1 * H]
    a_z_dot = a_dot[..., 1 * H : 2 * H]
    # (F3) nₜ = W_n xₜ; (F1) a_zₜ = W_z xₜ
    _times(x, W.T, out=a)
    # (F3) nₜ += b_n; (F1) a_zₜ += b_z
    a += b
    # (T4) ∂nₜ = W_n ∂xₜ; (T1) ∂a_zₜ = W_z ∂xₜ
    _times(x_dot, W.T, out=a_dot)
    # (T4) ∂nₜ += ∂W_n xₜ; (T1) ∂a_zₜ += ∂W_z xₜ
    a_dot += _times(x, W_dot.T)
    # (T4) ∂nₜ += ∂b_n; (T1) ∂a_zₜ += ∂b_z
    a_dot += b_dot
    # (F2) zₜ = σ(a_zₜ)
    z[...] = _sigmoid_precise(a_z)
    # (T2) z′ₜ = σ′(a_zₜ)
    z_dot[...] = _sigmoid_slope(a_z)
    # (T3) ∂zₜ = ∂a_zₜ ⊙ z′ₜ
    z_dot *= a_z_dot
    for (
        h_t, h_prev, a_z_t, z_t, n_t, h_dot_t, h_dot_prev, z_dot_t, n_dot_t
    ) in zip(
        h[1:], h[:-1], a_z, z, n, h_dot[1:], h_dot[:-1], z_dot, n_dot, strict=True
    ):
        # (F4) hₜ = hₜ₋₁ ⊙ σ(−a_zₜ) + zₜ ⊙ nₜ
        np.add(h_prev * _sigmoid_precise(-a_z_t), z_t * n_t, out=h_t)
        # (T5) ∂hₜ = ∂hₜ₋₁ ⊙ σ(−a_zₜ) + ∂zₜ ⊙ (nₜ − hₜ₋₁) + ∂nₜ ⊙ zₜ
        np.add(h_dot_prev * _sigmoid_precise(-a_z_t) + z_dot_t * (n_t - h_prev), n_dot_t * z_t, out=h_dot_t)
    return h[1:].copy(), h_dot[1:].copy(), State(h[T].copy()), State(h_dot[T].copy())


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
    a: Array
    a_dot: Array
    z: Array
    z_slope: Array
    z_dot: Array


def _hvp_forward(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> SecondTape:
    H = params.W_z.shape[0]
    T, B = x.shape[:2]
    dtype = x.dtype
    W = np.concatenate((params.W_n, params.W_z))
    b = np.concatenate((params.b_n, params.b_z))
    W_dot = np.concatenate((params_dot.W_n, params_dot.W_z))
    b_dot = np.concatenate((params_dot.b_n, params_dot.b_z))
    a = np.empty((T, B, 2 * H), dtype)
    a_dot = np.empty((T, B, 2 * H), dtype)
    z = np.empty((T, B, H), dtype)
    z_slope = np.empty((T, B, H), dtype)
    z_dot = np.empty((T, B, H), dtype)
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    h_dot = np.empty((T + 1, B, H), dtype)
    h_dot[0] = state_dot.h
    n = a[..., 0 * H : 1 * H]
    a_z = a[..., 1 * H : 2 * H]
    n_dot = a_dot[..., 0 * H : 1 * H]
    a_z_dot = a_dot[..., 1 * H : 2 * H]
    # (F3) nₜ = W_n xₜ; (F1) a_zₜ = W_z xₜ
    _times(x, W.T, out=a)
    # (F3) nₜ += b_n; (F1) a_zₜ += b_z
    a += b
    # (T4) ∂nₜ = W_n ∂xₜ; (T1) ∂a_zₜ = W_z ∂xₜ
    _times(x_dot, W.T, out=a_dot)
    # (T4) ∂nₜ += ∂W_n xₜ; (T1) ∂a_zₜ += ∂W_z xₜ
    a_dot += _times(x, W_dot.T)
    # (T4) ∂nₜ += ∂b_n; (T1) ∂a_zₜ += ∂b_z
    a_dot += b_dot
    # (F2) zₜ = σ(a_zₜ)
    z[...] = _sigmoid_precise(a_z)
    # (T2) z′ₜ = σ′(a_zₜ)
    z_slope[...] = _sigmoid_slope(a_z)
    # (T3) ∂zₜ = ∂a_zₜ ⊙ z′ₜ
    np.multiply(a_z_dot, z_slope, out=z_dot)
    for (
        h_t, h_prev, a_z_t, z_t, n_t, h_dot_t, h_dot_prev, z_dot_t, n_dot_t
    ) in zip(
        h[1:], h[:-1], a_z, z, n, h_dot[1:], h_dot[:-1], z_dot, n_dot, strict=True
    ):
        # (F4) hₜ = hₜ₋₁ ⊙ σ(−a_zₜ) + zₜ ⊙ nₜ
        np.add(h_prev * _sigmoid_precise(-a_z_t), z_t * n_t, out=h_t)
        # (T5) ∂hₜ = ∂hₜ₋₁ ⊙ σ(−a_zₜ) + ∂zₜ ⊙ (nₜ − hₜ₋₁) + ∂nₜ ⊙ zₜ
        np.add(h_dot_prev * _sigmoid_precise(-a_z_t) + z_dot_t * (n_t - h_prev), n_dot_t * z_t, out=h_dot_t)
    return SecondTape(x, x_dot, h, h_dot, a, a_dot, z, z_slope, z_dot)


def _hvp_backward(
    dy: Array, dy_dot: Array, tape: SecondTape, params: Params, params_dot: Params,
    dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:
    H = params.W_z.shape[0]
    T, B = dy.shape[:2]
    dtype = dy.dtype
    x = tape.x
    x_dot = tape.x_dot
    h = tape.h
    h_dot = tape.h_dot
    a = tape.a
    a_dot = tape.a_dot
    z = tape.z
    z_dot = tape.z_dot
    W = np.concatenate((params.W_n, params.W_z))
    W_dot = np.concatenate((params_dot.W_n, params_dot.W_z))
    d_a = np.empty((T, B, 2 * H), dtype)
    d_a_dot = np.empty((T, B, 2 * H), dtype)
    d_z = np.empty((T, B, H), dtype)
    d_z_dot = np.empty((T, B, H), dtype)
    z_slope = np.empty((T, B, H), dtype)
    z_slope_dot = np.empty((T, B, H), dtype)
    d_h = np.empty((T, B, H), dtype)
    d_h_dot = np.empty((T, B, H), dtype)
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    n = a[..., 0 * H : 1 * H]
    a_z = a[..., 1 * H : 2 * H]
    n_dot = a_dot[..., 0 * H : 1 * H]
    a_z_dot = a_dot[..., 1 * H : 2 * H]
    d_n = d_a[..., 0 * H : 1 * H]
    d_a_z = d_a[..., 1 * H : 2 * H]
    d_n_dot = d_a_dot[..., 0 * H : 1 * H]
    d_a_z_dot = d_a_dot[..., 1 * H : 2 * H]
    # (B4) z′ₜ = σ′(a_zₜ)
    z_slope[...] = _sigmoid_slope(a_z)
    # (S4) ∂z′ₜ = ∂a_zₜ ⊙ z′ₜ ⊙ (1 − 2 zₜ)
    np.multiply(2, z, out=z_slope_dot)
    np.subtract(1, z_slope_dot, out=z_slope_dot)
    z_slope_dot *= a_z_dot * z_slope
    for (
        d_h_t, dy_t, d_h_dot_t, dy_dot_t, a_z_t, z_dot_t
    ) in zip(
        d_h[::-1], dy[::-1], d_h_dot[::-1], dy_dot[::-1], a_z[::-1], z_dot[::-1], strict=True
    ):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        np.add(dy_t, d_h_next, out=d_h_t)
        # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        np.add(dy_dot_t, d_h_next_dot, out=d_h_dot_t)
        # (B6) δh⁺ₜ₋₁ = δhₜ ⊙ σ(−a_zₜ)
        d_h_prev = d_h_t * _sigmoid_precise(-a_z_t)
        # (S6) ∂δh⁺ₜ₋₁ = ∂δhₜ ⊙ σ(−a_zₜ) − ∂zₜ ⊙ δhₜ
        d_h_next_dot_prev = d_h_dot_t * _sigmoid_precise(-a_z_t) - z_dot_t * d_h_t
        d_h_next, d_h_next_dot = d_h_prev, d_h_next_dot_prev
    # (B2) δnₜ = δhₜ ⊙ zₜ
    np.multiply(d_h, z, out=d_n)
    # (S2) ∂δnₜ = ∂zₜ ⊙ δhₜ + ∂δhₜ ⊙ zₜ
    np.add(z_dot * d_h, d_h_dot * z, out=d_n_dot)
    # (B3) δzₜ = δhₜ ⊙ (nₜ − hₜ₋₁)
    np.subtract(n, h[:-1], out=d_z)
    d_z *= d_h
    # (S3) ∂δzₜ = ∂nₜ ⊙ δhₜ + ∂δhₜ ⊙ (nₜ − hₜ₋₁) − ∂hₜ₋₁ ⊙ δhₜ
    np.subtract(n_dot * d_h + d_h_dot * (n - h[:-1]), h_dot[:-1] * d_h, out=d_z_dot)
    # (B5) δa_zₜ = δzₜ ⊙ z′ₜ
    np.multiply(d_z, z_slope, out=d_a_z)
    # (B7) δxₜ = W_nᵀ δnₜ + W_zᵀ δa_zₜ
    d_x = _times(d_a, W)
    # (S5) ∂δa_zₜ = δzₜ ⊙ ∂z′ₜ + ∂δzₜ ⊙ z′ₜ
    np.add(d_z * z_slope_dot, d_z_dot * z_slope, out=d_a_z_dot)
    # (S7) ∂δxₜ = W_nᵀ ∂δnₜ + ∂W_nᵀ δnₜ + W_zᵀ ∂δa_zₜ + ∂W_zᵀ δa_zₜ
    d_x_dot = _times(d_a_dot, W)
    d_x_dot += _times(d_a, W_dot)
    # (B10) δW_n = Σₜ δnₜ xₜᵀ; (B8) δW_z = Σₜ δa_zₜ xₜᵀ
    d_W = _outer(d_a, x)
    d_W_n = d_W[0 * H : 1 * H]
    d_W_z = d_W[1 * H : 2 * H]
    # (S10) ∂δW_n = Σₜ (∂δnₜ xₜᵀ + δnₜ ∂xₜᵀ); (S8) ∂δW_z = Σₜ (∂δa_zₜ xₜᵀ + δa_zₜ ∂xₜᵀ)
    d_W_dot = _outer(d_a_dot, x)
    d_W_dot += _outer(d_a, x_dot)
    d_W_n_dot = d_W_dot[0 * H : 1 * H]
    d_W_z_dot = d_W_dot[1 * H : 2 * H]
    # (B11) δb_n = Σₜ δnₜ; (B9) δb_z = Σₜ δa_zₜ
    d_b = d_a.sum(axis=(0, 1))
    d_b_n = d_b[0 * H : 1 * H]
    d_b_z = d_b[1 * H : 2 * H]
    # (S11) ∂δb_n = Σₜ ∂δnₜ; (S9) ∂δb_z = Σₜ ∂δa_zₜ
    d_b_dot = d_a_dot.sum(axis=(0, 1))
    d_b_n_dot = d_b_dot[0 * H : 1 * H]
    d_b_z_dot = d_b_dot[1 * H : 2 * H]
    return Grads(d_x, Params(d_W_z, d_b_z, d_W_n, d_b_n), State(d_h_next.copy())), Grads(d_x_dot, Params(d_W_z_dot, d_b_z_dot, d_W_n_dot, d_b_n_dot), State(d_h_next_dot.copy()))


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
    H = params.W_z.shape[0]
    z = tape.z[t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H, H), dtype)
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", out[..., 0 : H, 0 : H])[...] += 1 - z
    return out


def _jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = params.W_z.shape[0]
    a_z = tape.a[..., 1 * H : 2 * H][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H, H), dtype)
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", out[..., 0 : H, 0 : H])[...] += _sigmoid_precise(-a_z)
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
    H = params.W_z.shape[0]
    D = params.W_z.shape[1]
    z = tape.z[t]
    W_z = params.W_z
    n = tape.a[..., 0 * H : 1 * H][t]
    h_prev = tape.h[:-1][t]
    W_n = params.W_n
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H, D), dtype)
    z_slope = z * (1 - z)
    # d h[t] / d x[t]
    out[..., 0 : H, 0 : D] += ((n - h_prev) * z_slope)[..., :, None] * W_z
    out[..., 0 : H, 0 : D] += z[..., :, None] * W_n
    return out


def _input_jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = params.W_z.shape[0]
    D = params.W_z.shape[1]
    a_z = tape.a[..., 1 * H : 2 * H][t]
    W_z = params.W_z
    n = tape.a[..., 0 * H : 1 * H][t]
    h_prev = tape.h[:-1][t]
    W_n = params.W_n
    z = tape.z[t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H, D), dtype)
    z_slope = _sigmoid_slope(a_z)
    # d h[t] / d x[t]
    out[..., 0 : H, 0 : D] += ((n - h_prev) * z_slope)[..., :, None] * W_z
    out[..., 0 : H, 0 : D] += z[..., :, None] * W_n
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
    H = params.W_z.shape[0]
    D = params.W_z.shape[1]
    z = tape.z[t]
    x = tape.x[t]
    n = tape.a[..., 0 * H : 1 * H][t]
    h_prev = tape.h[:-1][t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H, H * D + H + H * D + H), dtype)
    z_slope = z * (1 - z)
    # d h[t] / d W_z
    out[..., 0 : H, 0 : H * D] += ((n - h_prev) * z_slope)[..., :, None] * _applied(x, H)
    # d h[t] / d b_z
    np.einsum("...ii->...i", out[..., 0 : H, H * D : H * D + H])[...] += (n - h_prev) * z_slope
    # d h[t] / d W_n
    out[..., 0 : H, H * D + H : H * D + H + H * D] += z[..., :, None] * _applied(x, H)
    # d h[t] / d b_n
    np.einsum("...ii->...i", out[..., 0 : H, H * D + H + H * D : H * D + H + H * D + H])[...] += z
    return Params(out[..., 0 : H * D].reshape(*out.shape[:-1], H, D), out[..., H * D : H * D + H].reshape(*out.shape[:-1], H), out[..., H * D + H : H * D + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H + H * D : H * D + H + H * D + H].reshape(*out.shape[:-1], H))


def _parameter_jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Params:
    H = params.W_z.shape[0]
    D = params.W_z.shape[1]
    a_z = tape.a[..., 1 * H : 2 * H][t]
    x = tape.x[t]
    n = tape.a[..., 0 * H : 1 * H][t]
    h_prev = tape.h[:-1][t]
    z = tape.z[t]
    lead = tape.x[t].shape[:-1]
    out = np.zeros((*lead, H, H * D + H + H * D + H), dtype)
    z_slope = _sigmoid_slope(a_z)
    # d h[t] / d W_z
    out[..., 0 : H, 0 : H * D] += ((n - h_prev) * z_slope)[..., :, None] * _applied(x, H)
    # d h[t] / d b_z
    np.einsum("...ii->...i", out[..., 0 : H, H * D : H * D + H])[...] += (n - h_prev) * z_slope
    # d h[t] / d W_n
    out[..., 0 : H, H * D + H : H * D + H + H * D] += z[..., :, None] * _applied(x, H)
    # d h[t] / d b_n
    np.einsum("...ii->...i", out[..., 0 : H, H * D + H + H * D : H * D + H + H * D + H])[...] += z
    return Params(out[..., 0 : H * D].reshape(*out.shape[:-1], H, D), out[..., H * D : H * D + H].reshape(*out.shape[:-1], H), out[..., H * D + H : H * D + H + H * D].reshape(*out.shape[:-1], H, D), out[..., H * D + H + H * D : H * D + H + H * D + H].reshape(*out.shape[:-1], H))


def jacobian_parts(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {'h'}: (B, S, S) for a step, (n, B, S, S) for a slice or an array of steps.
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
    Raises TypeError, ValueError, IndexError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    params, t, dtype = _reading(tape, params, t)
    if isinstance(tape, PreciseTape):
        return _jacobian_parts_precise(tape, params, t, dtype)
    return _jacobian_parts_fast(tape, params, t, dtype)


def _jacobian_parts_fast(tape: Tape, params: Params, t: Any, dtype: np.dtype[Any]) -> dict[str, Array]:
    H = params.W_z.shape[0]
    z = tape.z[t]
    lead = tape.x[t].shape[:-1]
    parts = {key: np.zeros((*lead, H, H), dtype) for key in ['h']}
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", parts['h'][..., 0 : H, 0 : H])[...] += 1 - z
    return parts


def _jacobian_parts_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> dict[str, Array]:
    H = params.W_z.shape[0]
    a_z = tape.a[..., 1 * H : 2 * H][t]
    lead = tape.x[t].shape[:-1]
    parts = {key: np.zeros((*lead, H, H), dtype) for key in ['h']}
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", parts['h'][..., 0 : H, 0 : H])[...] += _sigmoid_precise(-a_z)
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    {'z', 'z_slope'}: (B, N) for a step, (n, B, N) for a slice or an array of steps.
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    _check_tape(tape, (PreciseTape,))
    params, t, dtype = _reading(tape, params, t)
    terms: dict[str, Array] = {}
    H = params.W_z.shape[0]
    a_z = tape.a[..., 1 * H : 2 * H][t]
    terms['z'] = -_softplus(-a_z)
    terms['z_slope'] = -_softplus(a_z) - _softplus(-a_z)
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


def _times(sequence: Array, matrix: Array, out: Array | None = None) -> Array:
    """Every row of a sequence (T, B, N) times a matrix (N, M), as one product of T B rows: (T, B, M).

    `out`, if given, is a contiguous array of that shape.
    """
    steps, batch, width = sequence.shape
    rows = None if out is None else out.reshape(steps * batch, matrix.shape[1])
    rows = np.matmul(sequence.reshape(steps * batch, width), matrix, out=rows)
    return rows.reshape(steps, batch, matrix.shape[1])


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
