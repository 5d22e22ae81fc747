"""Where a kernel starts when no state is given: zeros, or what the cell says, minus infinity among it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import mpmath
import numpy as np
import pytest
from kernels.cells import CATALOGUE, arrays_of
from representatives import each

import lstm_sym as ls
from lstm_sym.check import Case, random_case, relative_error
from lstm_sym.check.case import default_case
from lstm_sym.check.complex_step import STEP
from lstm_sym.equations import read_cell
from lstm_sym.kernels import slstm

PRECISE = pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
BIASES = [name for name in slstm.Params._fields if name.startswith("b")]


def kernel_of(name: str) -> Any:
    return import_module(f"lstm_sym.kernels.{name}")


def case_as(name: str, dtype: type, change: Callable[[np.ndarray], np.ndarray] = np.asarray) -> Case:
    """A random case in another dtype, its input changed."""
    case = random_case(CATALOGUE[name], steps=3, seed=1)
    params, dstate = ({n: v.astype(dtype) for n, v in named.items()} for named in (case.params, case.dstate))
    return Case(case.sizes, change(case.x).astype(dtype), params, {}, case.dy.astype(dtype), dstate)


def from_the_default(kernel: Any, case: Case, *, precise: bool) -> list[np.ndarray]:
    """Every array that every call gives where no state is given."""
    params, dstate = kernel.Params(**case.params), kernel.State(**case.dstate)
    y, last, tape = kernel.forward(case.x, params, precise=precise)
    found = [y, last, kernel.backward(case.dy, tape, params, dstate)]
    found += [call(tape, params) for call in (kernel.jacobian, kernel.input_jacobian, kernel.parameter_jacobian)]
    found += kernel.jacobian_parts(tape, params).values()
    tangents = kernel.jvp(case.x, params, x_dot=case.x, params_dot=params, state_dot=dstate)
    found += [tangents[0], tangents[1], tangents[2], tangents[3]]
    found += kernel.hvp(case.x, params, dy=case.dy, dstate=dstate, x_dot=case.x, params_dot=params, state_dot=dstate)
    return arrays_of(tuple(found))


@pytest.mark.parametrize("name", each(CATALOGUE))
@DTYPES
def test_pre_activations_of_ten_thousand_give_numbers_and_no_warning_from_the_default_state(
    name: str, dtype: type
) -> None:
    for sign in (1, -1):
        case = case_as(name, dtype, lambda x, sign=sign: sign * 1e4 * np.sign(x))
        for precise in (False, True):
            with np.errstate(all="raise", under="ignore"):
                found = from_the_default(kernel_of(name), case, precise=precise)
            assert all(np.isfinite(array).all() and array.dtype == dtype for array in found)


@PRECISE
@DTYPES
@pytest.mark.parametrize("a", [-1e4, -800.0, -1.0, 0.0, 800.0, 1e4])
@pytest.mark.parametrize("bias", BIASES)
def test_gates_of_the_slstm_far_open_or_shut_from_the_first_step_on(
    bias: str, a: float, dtype: type, precise: bool
) -> None:
    case = case_as("slstm", dtype)
    case.params[bias][:] = a
    with np.errstate(all="raise", under="ignore"):
        found = from_the_default(slstm, case, precise=precise)
    assert all(np.isfinite(array).all() and array.dtype == dtype for array in found)


@PRECISE
@pytest.mark.parametrize("scale", [-1e4, -800.0, 0.0, 3.0, 1e4])
def test_the_first_step_does_not_depend_on_the_scale_of_the_input_gate(scale: float, precise: bool) -> None:
    """m[1] = log i[1] and n[1] = 1, so that h[1] = o[1] g[1] (Beck et al. 2024, with n[0] = c[0] = 0)."""
    params = slstm.init(2, 4, b_i=scale)
    x = np.random.default_rng(0).standard_normal((1, 3, 2))
    y, last, _ = slstm.forward(x, params, precise=precise)
    o = 1 / (1 + np.exp(-(x[0] @ params.W_o.T + params.b_o)))
    g = np.tanh(x[0] @ params.W_g.T + params.b_g)
    assert relative_error(y[0], o * g) <= 1e-15
    assert relative_error(last.m, x[0] @ params.W_i.T + params.b_i) <= 1e-15
    assert (last.n == 1).all() and relative_error(last.c, g) <= 1e-15


@PRECISE
@pytest.mark.parametrize("name", each(CATALOGUE))
def test_no_state_is_the_state_of_the_cell(name: str, precise: bool) -> None:
    """To the last bit, in every call, and it is what a run of no steps gives back."""
    cell, kernel = CATALOGUE[name], kernel_of(name)
    case = default_case(cell, random_case(cell, steps=3))
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    runs = [kernel.forward(case.x, params, given, precise=precise) for given in (None, state)]
    assert all(map(np.array_equal, arrays_of(runs[0][:2]), arrays_of(runs[1][:2])))
    options = {"x_dot": case.x, "state_dot": kernel.State(**case.dstate)}
    for call in (kernel.jvp, lambda *args, **more: kernel.hvp(*args, **more, dy=case.dy)):
        left, right = (arrays_of(call(case.x, params, given, **options)) for given in (None, state))
        assert all(map(np.array_equal, left, right))
    assert all(map(np.array_equal, kernel.forward(case.x[:0], params)[1], state))


@PRECISE
def test_gradients_from_minus_infinity_are_those_of_a_complex_step(precise: bool) -> None:
    """Of every parameter along a random direction, with m[0] = -inf complex too; and the product with the Hessian."""
    case, rng = random_case(CATALOGUE["slstm"], steps=6), np.random.default_rng(3)
    params, dstate = slstm.Params(**case.params), slstm.State(**case.dstate)
    along = slstm.Params(*(rng.standard_normal(value.shape) for value in params))
    moved = slstm.Params(*(value + 1j * STEP * d for value, d in zip(params, along, strict=True)))
    with np.errstate(all="raise", under="ignore"):
        y, last, moved_tape = slstm.forward(case.x.astype(complex), moved, precise=precise)
        moved_grads = slstm.backward(case.dy, moved_tape, moved, dstate)
    _, _, tape = slstm.forward(case.x, params, precise=precise)
    grads = slstm.backward(case.dy, tape, params, dstate)
    found = sum((gradient * d).sum() for gradient, d in zip(grads.params, along, strict=True))
    loss = (case.dy * y.imag).sum() + sum((d * v.imag).sum() for d, v in zip(dstate, last, strict=True))
    assert relative_error(found, loss / STEP) <= 1e-13
    _, product = slstm.hvp(case.x, params, dy=case.dy, dstate=dstate, params_dot=along)
    # m is linear in b_i, and nothing else depends on it: a row of zeros in the Hessian.
    assert np.abs(product.params.b_i).max() <= 1e-14 * np.abs(product.params.W_i).max()
    assert np.abs(moved_grads.params.b_i.imag).max() <= 1e-14 * np.abs(moved_grads.params.W_i.imag).max()
    pairs = {**product.params._asdict(), "x": product.x, **product.state._asdict()}
    moved_pairs = {**moved_grads.params._asdict(), "x": moved_grads.x, **moved_grads.state._asdict()}
    for name in pairs.keys() - {"b_i"}:
        assert relative_error(pairs[name], moved_pairs[name].imag / STEP) <= 1e-11, name


def test_the_first_steps_against_many_digits() -> None:
    """One unit, three steps from m = -inf with log i = -800 and less: 50 digits, and no stabiliser at all."""
    params, x = slstm.init(1, 1, b_i=-800.0, b_f=-700.0), np.array([0.3, -2.0, 1.5]).reshape(3, 1, 1)
    y, _, _ = slstm.forward(x, params, precise=True)
    with mpmath.workdps(50):
        weights = {name: mpmath.mpf(float(value.item())) for name, value in params._asdict().items()}
        h = c = n = mpmath.mpf(0)
        for t, value in enumerate(x.ravel()):
            a = {k: weights[f"W_{k}"] * float(value) + weights[f"U_{k}"] * h + weights[f"b_{k}"] for k in "figo"}
            f, i, o = 1 / (1 + mpmath.exp(-a["f"])), mpmath.exp(a["i"]), 1 / (1 + mpmath.exp(-a["o"]))
            c, n = f * c + i * mpmath.tanh(a["g"]), f * n + i
            h = o * c / n
            assert abs(y[t].item() - h) <= 1e-15 * abs(h)


def test_the_logarithm_of_a_gate_that_is_shut_from_the_start_is_minus_infinity_without_a_warning() -> None:
    """f[1] = exp(-inf) is exactly 0; from then on ln f and ln i are finite where f and i underflow."""
    params = slstm.init(1, 1, b_f=-3000.0, b_i=0.0)
    tape = slstm.forward(np.zeros((4, 2, 1)), params, precise=True)[2]
    with np.errstate(all="raise"):
        terms = slstm.log_terms(tape, params)
    assert np.isneginf(terms["f"][0]).all() and not tape.f[1:].any()
    np.testing.assert_allclose(terms["f"][1:], -3000.0, atol=5.0)
    assert np.isfinite(terms["i"]).all()


@PRECISE
def test_a_number_to_start_with(precise: bool) -> None:
    cell = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])\nc[t] = c[t-1] + h[t]", initial={"h": 0.5, "c": 0.0})
    kernel, x = ls.build(cell), np.ones((2, 3, 1))
    params = kernel.init(1, 2)
    state = kernel.State(c=np.zeros((3, 2)), h=np.full((3, 2), 0.5))
    left, right = (kernel.forward(x, params, given, precise=precise) for given in (None, state))
    assert np.array_equal(left[0], right[0]) and np.array_equal(left[1].h, right[1].h)
    assert "Initial state, where none is given: h = 0.5 and zeros elsewhere." in inspect.getdoc(kernel)
    assert "None for h = 0.5 and zeros elsewhere." in inspect.getdoc(kernel.forward)


def test_a_cell_without_an_input_starts_where_it_says() -> None:
    kernel = ls.build(ls.parse("h[t] = tanh(U @ h[t-1])", initial={"h": 1}))
    params = kernel.init(hidden_size=2)
    y, _, _ = kernel.forward(None, params, steps=1)
    assert relative_error(y[0, 0], np.tanh(params.U.sum(axis=1))) <= 1e-15


def test_the_start_stays_when_options_change_and_is_part_of_the_cell() -> None:
    text = 'equations = "h[t] = phi(W @ x[t] + h[t-1])"\n[options.phi]\nchoices = ["tanh", "relu"]\ndefault = "tanh"\n'
    starts = ("", "[initial]\nh = -inf\n", "[initial]\nh = inf\n", "[initial]\nh = 1\n", "[initial]\nh = 0\n")
    zero, cell, *others, nothing = (read_cell((text + s).encode(), key="cell", source="cell.toml") for s in starts)
    changed = cell.with_options(phi="relu")
    assert changed.initial == cell.initial == {"h": -math.inf} and changed.chosen == {"phi": "relu"}
    assert nothing == zero and nothing.content_hash == zero.content_hash, "0 is where every state starts"
    assert len({c.content_hash for c in (zero, cell, changed, *others)}) == 5
    assert len({ls.build(c).__name__ for c in (zero, cell, *others)}) == 4
    with pytest.raises(ls.CellError, match="names `hh`"):
        ls.parse("h[t] = tanh(W @ x[t] + h[t-1])", initial={"hh": 1})
