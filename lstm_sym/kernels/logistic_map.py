"""Logistic map.

Reference: May 1976, Nature 261

Equations:
    h[t] = r * h[t-1] * (1 - h[t-1])

Shapes (T steps, B sequences, H):
    h        (H,)

Layout: sequences are (T, B, size), batches are rows, weights (rows of the result, columns of the operand).
Order in packed arrays: nothing is packed.
Gates: none.
Biases: none.
Options: none. Constants: r = 4.

Signs in comments: δv adjoint, δv⁺ what arrives of it from step t+1, δv° what passes through no matrix, v′ slope,
∂v tangent, ⊙ element-wise product; (B1) is equation B1 of the derivation report.

Generated from the equations by lstm_sym (format 1); stands alone on NumPy. Not written by hand: change
the equations and generate it again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

CONTENT_HASH = "41c34ac236fec4d71ba24b20e7ef289626f57846cf53b7fbbf0645e916ae1df3"
OUTPUT = "h"
GATES: tuple[str, ...] = ()


class Params(NamedTuple):
    """The parameters, named as in the equations."""



class State(NamedTuple):
    """The carried state."""

    h: Array  # (B, H) population, as a share of its maximum


class Tape(NamedTuple):
    """What `backward` needs of `forward`, found by liveness; x is kept as given, not copied."""

    h: Array


class PreciseTape(NamedTuple):
    """The same for the precise form, which reads pre-activations too."""

    h: Array


class Grads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array  # (T, B, 0)
    params: Params  # named like Params
    state: State  # of t = 0


_SHAPES: dict[str, tuple[str, ...]] = {
}
_STATE_SHAPES = {
    'h': ('B', 'H'),
}
_COMPOSED: dict[str, dict[str, int]] = {}
_WIDTHS: dict[type, dict[str, dict[str, int]]] = {
    Tape: {'h': {'H': 1}},
    PreciseTape: {'h': {'H': 1}},
}


def init(
    input_size: int = 0,
    hidden_size: int = 1,
    *,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
    **fill: float,
) -> Params:
    """Parameters drawn uniformly from (-1/sqrt(hidden_size), 1/sqrt(hidden_size)), as PyTorch does.

    Without rng the seed is 0.
    Raises TypeError for a name in `fill` that is no vector or a dtype that is no float, ValueError for a size below 1.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sizes = {'H': hidden_size}
    for symbol, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"the size {symbol} is {size}; sizes are whole numbers, 1 or more")
    sizes = _with_composed(sizes, _COMPOSED)
    dtype = _float_dtype({"dtype": np.empty(0, dtype)})
    for name in fill:
        if name not in ():
            raise TypeError(f"init() cannot fill {name}; the vectors of this cell: none")
    bound = 1 / hidden_size**0.5
    drawn = {}
    for name, symbols in _SHAPES.items():
        value = rng.uniform(-bound, bound, [sizes[symbol] for symbol in symbols])
        drawn[name] = np.asarray(np.full_like(value, fill[name]) if name in fill else value, dtype)
    return Params(**drawn)


def _prepared(x: Any, params: Any, state: Any) -> tuple[Array, Params, State]:
    """Arrays of one dtype and of sizes that fit each other."""
    sizes = _sizes_of(params, _SHAPES, _COMPOSED) | {'0': 0}
    arrays = {"x": x, **_named("params", params, _SHAPES), **_named("state", state, _STATE_SHAPES)}
    dtype = _float_dtype(arrays)
    x = _checked("x", x, ("T", "B", "0"), sizes, dtype)
    sizes = _with_composed(sizes | {"B": x.shape[1], "0": x.shape[2]}, _COMPOSED)
    params = Params(*_checked_fields("params", params, _SHAPES, sizes, dtype))
    return x, params, State(*_checked_fields("state", state, _STATE_SHAPES, sizes, dtype))


def forward(
    x: Any = None, params: Params = Params(), state: State | None = None, *, steps: int | None = None, precise: bool = False
) -> tuple[Array, State, Tape | PreciseTape]:
    """Run the cell over sequences: x (T, B, 0) -> y = h (T, B, H), the last state, the tape.

    state: the initial state, None for zeros. precise: gates and slopes keep full relative accuracy under saturation;
    `backward` follows the tape. dtype in = dtype out. Raises TypeError, ValueError, naming the array that does not fit.
    The cell reads no input: steps says T, or x is of shape (T, B, 0).
    """
    x = _without_input(x, steps, params, state)
    x, params, state = _prepared(x, params, state)
    if precise:
        return _forward_precise(x, params, state)
    return _forward_fast(x, params, state)


def backward(dy: Any, tape: Tape | PreciseTape, params: Params, dstate: State | None = None) -> Grads:
    """Gradients of a loss L by backpropagation through time, t = T-1 .. 0.

    dy = dL/dy (T, B, H); params as given to `forward`; dstate = dL/d(state after T steps), None for zeros.
    Returns dL/dx (T, B, 0), dL/dparams (named), dL/d(initial state). Raises TypeError, ValueError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    reference = tape.h
    sizes = _sizes_of(params, _SHAPES, _COMPOSED) | {"T": reference.shape[0] - 1, "B": reference.shape[1]}
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
    H = state.h.shape[-1]
    T, B = x.shape[:2]
    dtype = x.dtype
    r = 4
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    for h_t, h_prev in zip(h[1:], h[:-1], strict=True):
        # (F1) hₜ = r hₜ₋₁ ⊙ (1 − hₜ₋₁)
        np.multiply(r * h_prev, (1 - h_prev), out=h_t)
    return h[1:].copy(), State(h[T].copy()), Tape(h)


def _forward_precise(
    x: Array, params: Params, state: State
) -> tuple[Array, State, PreciseTape]:
    H = state.h.shape[-1]
    T, B = x.shape[:2]
    dtype = x.dtype
    r = 4
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    for h_t, h_prev in zip(h[1:], h[:-1], strict=True):
        # (F1) hₜ = r hₜ₋₁ ⊙ (1 − hₜ₋₁)
        np.multiply(r * h_prev, (1 - h_prev), out=h_t)
    return h[1:].copy(), State(h[T].copy()), PreciseTape(h)


def _backward_fast(dy: Array, tape: Tape, params: Params, dstate: State) -> Grads:
    T, B = dy.shape[:2]
    dtype = dy.dtype
    h = tape.h
    r = 4
    d_h_next = dstate.h
    for dy_t, h_prev in zip(dy[::-1], h[:-1][::-1], strict=True):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_h = dy_t + d_h_next
        # (B2) δh⁺ₜ₋₁ = δhₜ ⊙ (r (1 − hₜ₋₁) − r hₜ₋₁)
        d_h_prev = d_h * (r * (1 - h_prev) - r * h_prev)
        d_h_next = d_h_prev
    return Grads(np.zeros((T, B, 0), dtype), Params(), State(d_h_next.copy()))


def _backward_precise(dy: Array, tape: PreciseTape, params: Params, dstate: State) -> Grads:
    T, B = dy.shape[:2]
    dtype = dy.dtype
    h = tape.h
    r = 4
    d_h_next = dstate.h
    for dy_t, h_prev in zip(dy[::-1], h[:-1][::-1], strict=True):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_h = dy_t + d_h_next
        # (B2) δh⁺ₜ₋₁ = δhₜ ⊙ (r (1 − hₜ₋₁) − r hₜ₋₁)
        d_h_prev = d_h * (r * (1 - h_prev) - r * h_prev)
        d_h_next = d_h_prev
    return Grads(np.zeros((T, B, 0), dtype), Params(), State(d_h_next.copy()))


def step(x_t: Array, state: State, params: Params) -> tuple[Array, State]:
    """One step, for streaming: x_t (B, 0) -> y_t (B, H) and the new state.

    Arrays are taken as they come: the caller's dtype, and NumPy's errors where shapes do not fit.
    """
    h_prev = state.h
    r = 4
    # (F1) hₜ = r hₜ₋₁ ⊙ (1 − hₜ₋₁)
    h = r * h_prev * (1 - h_prev)
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
    sizes = _sizes_of(params, _SHAPES, _COMPOSED) | {"T": x.shape[0], "B": x.shape[1], "0": x.shape[2]}
    x_dot = _checked("x_dot", x_dot, ("T", "B", "0"), sizes, dtype)
    params_dot = Params(*_checked_fields("params_dot", params_dot, _SHAPES, sizes, dtype))
    state_dot = State(*_checked_fields("state_dot", state_dot, _STATE_SHAPES, sizes, dtype))
    return x, params, state, x_dot, params_dot, state_dot


def _jvp(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> tuple[Array, Array, State, State]:
    H = state.h.shape[-1]
    T, B = x.shape[:2]
    dtype = x.dtype
    r = 4
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    h_dot = np.empty((T + 1, B, H), dtype)
    h_dot[0] = state_dot.h
    for h_t, h_prev, h_dot_t, h_dot_prev in zip(h[1:], h[:-1], h_dot[1:], h_dot[:-1], strict=True):
        # (F1) hₜ = r hₜ₋₁ ⊙ (1 − hₜ₋₁)
        np.multiply(r * h_prev, (1 - h_prev), out=h_t)
        # (T1) ∂hₜ = ∂hₜ₋₁ ⊙ (r (1 − hₜ₋₁) − r hₜ₋₁)
        np.multiply(h_dot_prev, (r * (1 - h_prev) - r * h_prev), out=h_dot_t)
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

    h: Array
    h_dot: Array


def _hvp_forward(
    x: Array, params: Params, state: State, x_dot: Array, params_dot: Params, state_dot: State
) -> SecondTape:
    H = state.h.shape[-1]
    T, B = x.shape[:2]
    dtype = x.dtype
    r = 4
    h = np.empty((T + 1, B, H), dtype)
    h[0] = state.h
    h_dot = np.empty((T + 1, B, H), dtype)
    h_dot[0] = state_dot.h
    for h_t, h_prev, h_dot_t, h_dot_prev in zip(h[1:], h[:-1], h_dot[1:], h_dot[:-1], strict=True):
        # (F1) hₜ = r hₜ₋₁ ⊙ (1 − hₜ₋₁)
        np.multiply(r * h_prev, (1 - h_prev), out=h_t)
        # (T1) ∂hₜ = ∂hₜ₋₁ ⊙ (r (1 − hₜ₋₁) − r hₜ₋₁)
        np.multiply(h_dot_prev, (r * (1 - h_prev) - r * h_prev), out=h_dot_t)
    return SecondTape(h, h_dot)


def _hvp_backward(
    dy: Array, dy_dot: Array, tape: SecondTape, params: Params, params_dot: Params,
    dstate: State, dstate_dot: State
) -> tuple[Grads, Grads]:
    T, B = dy.shape[:2]
    dtype = dy.dtype
    h = tape.h
    h_dot = tape.h_dot
    r = 4
    d_h_next = dstate.h
    d_h_next_dot = dstate_dot.h
    for (
        dy_t, dy_dot_t, h_prev, h_dot_prev
    ) in zip(
        dy[::-1], dy_dot[::-1], h[:-1][::-1], h_dot[:-1][::-1], strict=True
    ):
        # (B1) δhₜ = dyₜ + δh⁺ₜ
        d_h = dy_t + d_h_next
        # (S1) ∂δhₜ = ∂dyₜ + ∂δh⁺ₜ
        d_h_dot = dy_dot_t + d_h_next_dot
        # (B2) δh⁺ₜ₋₁ = δhₜ ⊙ (r (1 − hₜ₋₁) − r hₜ₋₁)
        d_h_prev = d_h * (r * (1 - h_prev) - r * h_prev)
        # (S2) ∂δh⁺ₜ₋₁ = ∂δhₜ ⊙ (r (1 − hₜ₋₁) − r hₜ₋₁) − 2 r ∂hₜ₋₁ ⊙ δhₜ
        d_h_next_dot_prev = d_h_dot * (r * (1 - h_prev) - r * h_prev) - 2 * r * h_dot_prev * d_h
        d_h_next, d_h_next_dot = d_h_prev, d_h_next_dot_prev
    return Grads(np.zeros((T, B, 0), dtype), Params(), State(d_h_next.copy())), Grads(np.zeros((T, B, 0), dtype), Params(), State(d_h_next_dot.copy()))


def _reading(tape: Any, params: Any, t: Any) -> tuple[Params, Any, np.dtype[Any]]:
    """The parameters if they fit the tape, in its dtype or the common one; the steps t of it; that dtype."""
    _check_fit(tape, _WIDTHS, _sizes_of(params, _SHAPES, _COMPOSED))
    dtype = _float_dtype({"tape": tape.h, **_named("params", params, _SHAPES)})
    params = Params(*(np.asarray(value, dtype) for value in params))
    return params, _steps_of(t, tape.h.shape[0] - 1), dtype


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
    H = tape.h.shape[-1]
    r = 4
    h_prev = tape.h[:-1][t]
    lead = tape.h[1:][t].shape[:-1]
    out = np.zeros((*lead, H, H), dtype)
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", out[..., 0 : H, 0 : H])[...] += r * (1 - h_prev) - r * h_prev
    return out


def _jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = tape.h.shape[-1]
    r = 4
    h_prev = tape.h[:-1][t]
    lead = tape.h[1:][t].shape[:-1]
    out = np.zeros((*lead, H, H), dtype)
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", out[..., 0 : H, 0 : H])[...] += r * (1 - h_prev) - r * h_prev
    return out


def input_jacobian(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> Array:
    """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, 0) for a step, (n, B, S, 0) for a slice or an array of steps; S is the sum of the state sizes.
    Raises TypeError, ValueError, IndexError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    params, t, dtype = _reading(tape, params, t)
    if isinstance(tape, PreciseTape):
        return _input_jacobian_precise(tape, params, t, dtype)
    return _input_jacobian_fast(tape, params, t, dtype)


def _input_jacobian_fast(tape: Tape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = tape.h.shape[-1]
    lead = tape.h[1:][t].shape[:-1]
    out = np.zeros((*lead, H, 0), dtype)
    return out


def _input_jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Array:
    H = tape.h.shape[-1]
    lead = tape.h[1:][t].shape[:-1]
    out = np.zeros((*lead, H, 0), dtype)
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
    H = tape.h.shape[-1]
    lead = tape.h[1:][t].shape[:-1]
    out = np.zeros((*lead, H, 0), dtype)
    return Params()


def _parameter_jacobian_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> Params:
    H = tape.h.shape[-1]
    lead = tape.h[1:][t].shape[:-1]
    out = np.zeros((*lead, H, 0), dtype)
    return Params()


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
    H = tape.h.shape[-1]
    r = 4
    h_prev = tape.h[:-1][t]
    lead = tape.h[1:][t].shape[:-1]
    parts = {key: np.zeros((*lead, H, H), dtype) for key in ['h']}
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", parts['h'][..., 0 : H, 0 : H])[...] += r * (1 - h_prev) - r * h_prev
    return parts


def _jacobian_parts_precise(tape: PreciseTape, params: Params, t: Any, dtype: np.dtype[Any]) -> dict[str, Array]:
    H = tape.h.shape[-1]
    r = 4
    h_prev = tape.h[:-1][t]
    lead = tape.h[1:][t].shape[:-1]
    parts = {key: np.zeros((*lead, H, H), dtype) for key in ['h']}
    # d h[t] / d h[t-1]
    np.einsum("...ii->...i", parts['h'][..., 0 : H, 0 : H])[...] += r * (1 - h_prev) - r * h_prev
    return parts


def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    {}: (B, N) for a step, (n, B, N) for a slice or an array of steps.
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    _check_tape(tape, (PreciseTape,))
    params, t, dtype = _reading(tape, params, t)
    terms: dict[str, Array] = {}
    return terms


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


def _without_input(x: Any, steps: int | None, params: Any, state: Any) -> Any:
    """The input of a cell that reads none: x as given, else an array (steps, B, 0). Raises TypeError, ValueError."""
    if x is not None and steps is not None and np.shape(x)[:1] != (steps,):
        raise ValueError(f"x has shape {np.shape(x)}, but steps is {steps}; give one of the two")
    if x is not None:
        return x
    if steps is None or not hasattr(steps, "__index__") or steps < 0:
        raise TypeError(f"steps is {steps!r}; this cell reads no input, so say how many steps: forward(steps=100, ...)")
    given = {"params": params, "state": state}
    # What is no tuple is refused by `named`, which is asked next.
    arrays = [_array_of(name, v) for name, values in given.items() if isinstance(values, tuple) for v in values]
    batch = np.shape(state[0])[:1] if isinstance(state, tuple) and state else ()
    return np.empty((steps, *(batch or (1,)), 0), np.result_type(*arrays) if arrays else np.float64)
