"""The module for JAX: its derivatives of first and second order are the derived ones, and JAX may transform it."""

from __future__ import annotations

from functools import cache
from inspect import signature
from typing import Any

import numpy as np
import pytest
from emit.runners import imported
from emit.test_conformance import ALL, made

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.check.case import Case

jax = pytest.importorskip("jax")
jnp, check_grads = jax.numpy, pytest.importorskip("jax.test_util").check_grads
BAR = 1e-12
EVERY = {**{name: ls.cell(name) for name in ls.names()}, **ALL}
FEW = ["lstm", "henon", "several_inputs", "every function"]


@pytest.fixture(autouse=True)
def in_float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def module() -> Any:
    return cache(lambda name: imported(made("jax", EVERY[name]), f"jax_{[*EVERY].index(name)}"))


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
def test_values_and_derivatives_of_both_orders_are_those_of_numpy(module, name):
    """The gradient's derivative: forward mode for dy and dstate, the Hessian-vector product for the others."""
    cell, case = EVERY[name], random_case(EVERY[name])
    jaxed, kernel, other = module(name), ls.build(cell, target="numpy"), random_case(cell, seed=1)

    @jax.jit
    def results(point: Any, dy: Any, dstate: Any, direction: Any) -> Any:
        def gradients(x: Any, params: Any, state: Any, dy: Any, dstate: Any) -> Any:
            return jax.vjp(jaxed.forward, x, params, state)[1]((dy, dstate))

        first, back = jax.vjp(gradients, *point, dy, dstate)
        return jaxed.forward(*point), first, back(direction)

    point, direction = given(jaxed, case), given(jaxed, other)
    values, first, (*second, y_dot, last_dot) = results(point, case.dy, jaxed.State(**case.dstate), direction)
    params, state, dstate = case.of(kernel)
    x_dot, params_dot, state_dot = given(kernel, other)
    along = {"params_dot": params_dot, "state_dot": state_dot} | ({"x_dot": x_dot} if cell.input else {})
    expected = kernel.hvp(case.x, params, state, dy=case.dy, dstate=dstate, **along)
    assert error(first, expected[0]) <= BAR and error(second, expected[1]) <= BAR
    y, expected_dot, last, expected_last = kernel.jvp(case.x, params, state, **along)
    assert error(values, (y, last)) <= BAR and error((y_dot, last_dot), (expected_dot, expected_last)) <= BAR


@pytest.mark.parametrize("name", EVERY)
def test_jax_finds_the_gradients_of_both_orders_by_differences(module, name):
    case = random_case(EVERY[name], steps=3, batch=2)
    loss = jax.jit(loss_of(module(name), case))
    # A chaotic map bends so much that JAX's own step of 1e-4 is too long.
    check_grads(loss, given(module(name), case), order=2, modes=["rev"], rtol=1e-5, eps=1e-5)


@pytest.mark.parametrize("line", ["d_U = ", "d_U_dot = "])
def test_a_wrong_derivative_of_either_order_is_noticed(line):
    """That it is noticed says too that it is these lines that JAX takes."""
    text = made("jax", ls.cell("gru"))
    wrong = imported(text.replace(f"    {line}", f"    {line}1.01 * "), "jax_wrong")
    case = random_case(ls.cell("gru"), steps=3, batch=2)
    with pytest.raises(AssertionError, match=r"VJP|vjp|Not equal|tolerance"):
        check_grads(jax.jit(loss_of(wrong, case)), given(wrong, case), order=2, modes=["rev"], rtol=1e-5)


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


@pytest.mark.parametrize("name", ["gru", "every function"])
def test_one_sequence_and_vmap_over_sequences_are_the_batch(module, name):
    """Of values, gradients and the gradients of gradients; the latter two of one sequence each."""
    jaxed, case = module(name), random_case(EVERY[name], steps=3, batch=2)
    x, params, state = given(jaxed, case)
    first = x[:, 0], params, jax.tree.map(lambda value: value[0], state)

    def total(function: Any) -> Any:
        return lambda *p: sum((leaf**2).sum() for leaf in jax.tree.leaves(function(*p)))

    def results(x: Any, params: Any, state: Any) -> Any:
        gradient = jax.grad(total(jaxed.forward), argnums=1)
        return jaxed.forward(x, params, state), gradient(x, params, state), jax.grad(total(gradient))(x, params, state)

    batched = jax.jit(jax.vmap(results, in_axes=(1, None, 0)))(x, params, state)
    assert error(jax.tree.map(lambda value: value[0], batched), jax.jit(results)(*first)) <= BAR
    (y, last), gradient, _ = batched
    expected = jax.jit(lambda *p: (jaxed.forward(*p), jax.grad(total(jaxed.forward), argnums=1)(*p)))(x, params, state)
    assert error((jnp.swapaxes(y, 0, 1), last), expected[0]) <= BAR
    assert error(jax.tree.map(lambda value: value.sum(axis=0), gradient), expected[1]) <= BAR
    assert error(jaxed.forward(x, params, state), expected[0]) <= BAR


@pytest.mark.parametrize("dtype", [np.float32, np.float16, jnp.bfloat16])
@pytest.mark.parametrize("name", EVERY)
def test_the_dtype_stays(module, name, dtype):
    """Of values and of the derivatives of both orders, where float64 is at hand."""
    jaxed, case = module(name), random_case(EVERY[name])
    point = jax.tree.map(lambda value: jax.ShapeDtypeStruct(value.shape, dtype), given(jaxed, case))

    def total(function: Any) -> Any:
        return lambda p: sum(jnp.sum(leaf) for leaf in jax.tree.leaves(function(p)))

    gradient = jax.grad(total(lambda p: jaxed.forward(*p)))
    for function in (lambda p: jaxed.forward(*p), gradient, jax.grad(total(gradient))):
        assert {leaf.dtype for leaf in jax.tree.leaves(jax.eval_shape(function, point))} == {np.dtype(dtype)}


def test_float32_is_float64_to_its_digits(module):
    jaxed, case = module("lstm"), random_case(ls.cell("lstm"))
    gradient = jax.jit(jax.grad(loss_of(jaxed, case), argnums=(0, 1, 2)))
    half = jax.tree.map(np.float32, given(jaxed, case))
    assert 0 < error(gradient(*half), gradient(*given(jaxed, case))) < 1e-5


@pytest.mark.parametrize("name", FEW)
def test_steps_one_by_one_are_the_sequence(module, name):
    jaxed, case = module(name), random_case(EVERY[name])
    x, params, state = given(jaxed, case)
    (y, last), step = jaxed.forward(x, params, state), jax.jit(jaxed.step)
    for x_t, y_t in zip(x, y, strict=True):
        found, state = step(x_t, state, params)
        assert error(found, y_t) <= BAR
    assert error(state, last) <= BAR


@pytest.mark.parametrize("name", [*FEW[::2], *(name for name in EVERY if EVERY[name].initial)])
def test_a_run_begins_where_the_cell_says_with_parameters_of_numpy_or_in_a_dict(module, name):
    jaxed, case = module(name), random_case(EVERY[name], batch=2)
    kernel = ls.build(EVERY[name], target="numpy")
    params = kernel.Params(**case.params)
    expected = kernel.forward(case.x, params)[:2]
    assert error(jaxed.forward(case.x, params), expected) <= BAR
    assert error(jaxed.forward(case.x, jaxed.Params(*params)), expected) <= BAR
    assert error(jaxed.forward(case.x, case.params), expected) <= BAR


@pytest.mark.parametrize("name", EVERY)
def test_first_parameters_are_as_the_cell_declares(module, name):
    cell, jaxed, case = EVERY[name], module(name), random_case(EVERY[name], hidden=6)
    carried = {**case.state, cell.output: case.dy}[(*cell.states, cell.output)[0]]
    others = {k: case.sizes[k] for k in signature(jaxed.init).parameters if k in case.sizes}
    params = jaxed.init(0, case.x.shape[-1], carried.shape[-1], np.float32, **others)
    assert {k: v.shape for k, v in params._asdict().items()} == {k: np.shape(v) for k, v in case.params.items()}
    assert all(value.dtype == np.float32 for value in params)
    for key, value in params._asdict().items():
        declared = cell.declared.get(key)
        if declared is not None and declared.default is not None:
            assert np.all(value == np.float32(declared.default))
        elif declared is not None and declared.is_bounded:
            assert np.all((declared.low < value) & (value < declared.high))
        else:
            assert np.abs(value).max() <= carried.shape[-1] ** -0.5 and (np.ptp(value) > 0 or value.size == 1)


def test_first_parameters_are_drawn_from_the_key(module):
    jaxed = module("lstm")
    first, same, other = (jaxed.init(rng, 2, 3) for rng in (1, jax.random.key(1), 2))
    assert error(first, same) == 0 < error(first, other)
    assert first.W_i.dtype == np.float64 and error(first.W_i, first.W_f) > 0


def test_a_state_whose_size_nothing_tells_is_asked_for(module):
    with pytest.raises(ValueError, match="no parameter tells its size H; give state"):
        module("henon").forward(np.zeros((3, 2, 0)), ())


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


def test_a_step_has_one_product_for_all_that_shares_its_operands():
    """A scan of the LSTM has the input's product and the state's; back one for the state, and that of x comes after."""
    text = made("jax", ls.cell("lstm"))
    ahead, back = (text.partition(f"def {name}(")[2].partition("\n\n\n")[0] for name in ("_forward", "_backward"))
    bodies = [function.partition("def body")[2].partition("lax.scan")[0] for function in (ahead, back)]
    assert [body.count(" @ ") for body in bodies] == [2, 1]
    assert back.partition("lax.scan")[2].count(" @ ") == 1 and back.count("_outer(") == 2
    assert ".T" not in bodies[0]  # XLA would transpose at every step
