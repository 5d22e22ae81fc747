"""The module for JAX: its derivatives of first and second order are the derived ones, and JAX may transform it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from emit.runners import by_jax, jax_module, of_kernel
from emit.test_conformance import ALL, made, worst

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.check.case import Case

jax = pytest.importorskip("jax")
jnp = jax.numpy
BAR = 1e-12
EVERY = {**{name: ls.cell(name) for name in ls.names()}, **ALL}


@pytest.fixture(autouse=True)
def in_float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def module(tmp_path_factory) -> Any:
    folder = tmp_path_factory.mktemp("jax")
    return cache(lambda name: jax_module(made("jax", EVERY[name]), folder / f"cell_{[*EVERY].index(name)}.py"))


def given(module: Any, case: Case) -> tuple[Any, Any, Any]:
    return case.x, module.Params(**case.params), module.State(**case.state)


def error(found: Any, expected: Any) -> float:
    """The largest error, relative to the largest entry of all."""
    pairs = [*zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)]
    assert all(np.shape(a) == np.shape(b) for a, b in pairs)
    largest = max(np.abs(b).max(initial=0) for _, b in pairs)
    return max(float(np.abs(a - b).max(initial=0)) for a, b in pairs) / (largest or 1.0)


def loss_of(module: Any, case: Case) -> Any:
    """A loss of all that the cell gives out, and linear in none of it."""
    weights = [case.dy, *case.dstate.values()]

    def loss(x: Any, params: Any, state: Any) -> Any:
        found = jax.tree.leaves(module.forward(x, params, state))
        return sum(jnp.sum(jnp.sin(a + 0.3) * b) for a, b in zip(found, weights, strict=True))

    return loss


@pytest.mark.parametrize("name", EVERY)
def test_values_and_gradients_are_those_of_numpy(module, name):
    case = random_case(EVERY[name])
    _, expected = of_kernel(ls.build(EVERY[name], target="numpy"), case)
    assert worst(by_jax(module(name), case), expected) <= BAR


@pytest.mark.parametrize("name", EVERY)
def test_the_derivative_of_the_gradient_is_forward_mode_and_second_order_of_numpy(module, name):
    cell, case = EVERY[name], random_case(EVERY[name])
    jaxed, kernel, other = module(name), ls.build(cell, target="numpy"), random_case(cell, seed=1)

    @jax.jit
    def derivative(point: Any, dy: Any, dstate: Any, direction: Any) -> Any:
        def gradients(x: Any, params: Any, state: Any, dy: Any, dstate: Any) -> Any:
            return jax.vjp(jaxed.forward, x, params, state)[1]((dy, dstate))

        return jax.vjp(gradients, *point, dy, dstate)[1](direction)

    *found, y_dot, last_dot = derivative(given(jaxed, case), case.dy, jaxed.State(**case.dstate), given(jaxed, other))
    params, state, dstate = case.of(kernel)
    x_dot, params_dot, state_dot = given(kernel, other)
    along = {"params_dot": params_dot, "state_dot": state_dot} | ({"x_dot": x_dot} if cell.input else {})
    if not cell.parameters:
        del along["params_dot"]
    _, expected = kernel.hvp(case.x, params, state, dy=case.dy, dstate=dstate, **along)
    assert error(found, expected) <= BAR
    _, expected_dot, _, expected_last = kernel.jvp(case.x, params, state, **along)
    assert error((y_dot, last_dot), (expected_dot, expected_last)) <= BAR


@pytest.mark.parametrize("name", EVERY)
def test_jax_finds_the_gradients_of_both_orders_by_differences(module, name):
    from jax.test_util import check_grads

    case = random_case(EVERY[name], steps=3, batch=2)
    check_grads(jax.jit(loss_of(module(name), case)), given(module(name), case), order=2, modes=["rev"], rtol=1e-5)


def test_no_line_is_differentiated_by_jax_up_to_the_second_order(module):
    """One scan ahead and one back; of second order one more of each, beside those of the gradient."""
    jaxed, case = module("gru"), random_case(ls.cell("gru"))
    loss, point = loss_of(jaxed, case), given(jaxed, case)

    def scans(function: Any) -> int:
        return str(jax.make_jaxpr(function)(*point)).count(" = scan[")

    gradient = jax.grad(loss, argnums=(0, 1, 2))
    assert scans(gradient) == 2
    second = jax.grad(lambda *p: sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(gradient(*p))))
    # ahead, back; ahead and back with tangents; and back once more, for the loss's own second derivative
    assert scans(second) == 5


def test_the_third_order_is_right_too(module):
    jaxed, case = module("gru"), random_case(ls.cell("gru"), steps=2, batch=1, inputs=1, hidden=2)
    loss, (x, params, state) = loss_of(jaxed, case), given(jaxed, case)
    second = jax.jit(jax.jacrev(jax.jacrev(lambda x: loss(x, params, state))))
    third = jax.jacrev(second)(x)
    step, places = 1e-5, [*np.ndindex(x.shape)]
    assert places
    for place in places:
        h = np.zeros_like(x)
        h[place] = step
        assert error(third[(..., *place)], (second(x + h) - second(x - h)) / (2 * step)) < 1e-7


@pytest.mark.parametrize("name", ["lstm", "layer_norm_lstm", "gru_reset_after", "every function"])
def test_one_sequence_and_vmap_over_sequences_are_the_batch(module, name):
    jaxed, case = module(name), random_case(EVERY[name])
    x, params, state = given(jaxed, case)
    y, last = jaxed.forward(x, params, state)
    ahead = jax.vmap(jaxed.forward, in_axes=(1, None, 0), out_axes=(1, 0))
    assert error(ahead(x, params, state), (y, last)) <= BAR
    assert error(jaxed.forward(x[:, 0], params, jax.tree.map(lambda s: s[0], state))[0], y[:, 0]) <= BAR
    assert error(jax.jit(jaxed.forward)(x, params, state), (y, last)) <= BAR

    def loss(x: Any, params: Any, state: Any) -> Any:
        return (jaxed.forward(x, params, state)[0] ** 2).sum()

    each = jax.vmap(jax.grad(loss, argnums=1), in_axes=(1, None, 0))(x, params, state)
    together = jax.grad(loss, argnums=1)(x, params, state)
    assert error(jax.tree.map(lambda g: g.sum(axis=0), each), together) <= BAR

    def curvature(x: Any, params: Any, state: Any) -> Any:
        gradient = jax.grad(loss, argnums=1)
        return jax.grad(lambda p: sum((g**3).sum() for g in gradient(x, p, state)))(params)

    one = curvature(x[:, 1], params, jax.tree.map(lambda s: s[1], state))
    several = jax.vmap(curvature, in_axes=(1, None, 0))(x, params, state)
    assert error(jax.tree.map(lambda g: g[1], several), one) <= BAR


@pytest.mark.parametrize("name", EVERY)
def test_float32_stays_float32(module, name):
    jaxed, case = module(name), random_case(EVERY[name])
    point = jax.tree.map(lambda value: np.asarray(value, np.float32), given(jaxed, case))
    found = (jaxed.forward(*point), jax.grad(lambda p: jaxed.forward(*p)[0].sum())(point))
    assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {np.dtype(np.float32)}
    assert error(found[0], jaxed.forward(*given(jaxed, case))) < 1e-4


@pytest.mark.parametrize("name", EVERY)
def test_steps_one_by_one_are_the_sequence(module, name):
    jaxed, case = module(name), random_case(EVERY[name])
    x, params, state = given(jaxed, case)
    y, last = jaxed.forward(x, params, state)
    for x_t, y_t in zip(x, y, strict=True):
        found, state = jaxed.step(x_t, state, params)
        assert error(found, y_t) <= BAR
    assert error(state, last) <= BAR


@pytest.mark.parametrize("name", EVERY)
def test_a_run_begins_where_the_cell_says(module, name):
    cell, jaxed, case = EVERY[name], module(name), random_case(EVERY[name], hidden=1)
    x, params, _ = given(jaxed, case)
    kernel = ls.build(cell, target="numpy")
    y, last, _ = kernel.forward(case.x, kernel.Params(**case.params))
    assert error(jaxed.forward(x, params), (y, last)) <= BAR
    assert error(jaxed.forward(x, kernel.Params(**case.params)), (y, last)) <= BAR
    assert error(jaxed.forward(x, params._asdict()), (y, last)) <= BAR


@pytest.mark.parametrize("name", EVERY)
def test_first_parameters_have_the_shapes_and_the_values_that_the_cell_declares(module, name):
    cell, jaxed, case = EVERY[name], module(name), random_case(EVERY[name], hidden=6)
    first = cell.shapes[(*cell.states, cell.output)[0]][0]
    hidden = {**case.state, cell.output: case.dy}[(*cell.states, cell.output)[0]].shape[-1]
    kernel = ls.build(cell, target="numpy")
    import inspect

    extra = {k: case.sizes[k] for k in inspect.signature(jaxed.init).parameters if k in case.sizes}
    assert first and extra.keys() <= inspect.signature(kernel.init).parameters.keys()
    params = jaxed.init(0, case.x.shape[-1], hidden, **extra)
    assert [p.shape for p in params] == [np.shape(v) for v in case.params.values()]
    again = jaxed.init(jax.random.key(0), case.x.shape[-1], hidden, np.float32, **extra)
    assert all(p.dtype == np.float32 for p in again)
    for name, value in params._asdict().items():
        declared = cell.declared.get(name)
        if declared is None:
            assert np.abs(value).max() <= hidden**-0.5 and np.ptp(value) > 0
        elif declared.default is not None:
            assert np.all(value == declared.default)
        else:
            assert np.all((declared.low < value) & (value < declared.high))


def test_an_array_of_another_shape_is_named(module):
    jaxed, case = module("lstm"), random_case(ls.cell("lstm"))
    x, params, state = given(jaxed, case)
    with pytest.raises(ValueError, match=r"x is of shape \(5, 3, 1\); .* \(5, 3, 2\)"):
        jaxed.forward(x[..., :1], params, state)
    with pytest.raises(ValueError, match=r"params.U_f is of shape \(3, 4\)"):
        jaxed.forward(x, params._replace(U_f=params.U_f[1:]), state)
    with pytest.raises(ValueError, match=r"state.c is of shape \(2, 4\)"):
        jaxed.forward(x, params, state._replace(c=state.c[1:]))
    with pytest.raises(ValueError, match=r"x is of shape \(2,\); .*\(T, D\) for one sequence"):
        jaxed.forward(x[0, 0], params)
