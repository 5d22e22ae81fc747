"""Kernels of stacks, blocks, choices and constants: sizes that must fit, dtypes that stay, NaN that is seen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.program import arithmetic

STACKED = "i[t] = sigmoid(V @ x[t])\nh[t] = i[t] * tanh(W_f @ [h[t-1], x[t]])"
BLOCKS = "g[t] = sigmoid(V @ x[t])\nh[t] = repeat(g[t], 3) * tanh(W @ x[t] + U @ h[t-1])"
SAME_SIZE = "h[t] = tanh(U @ h[t-1]) * x[t]"
LEAKY = "h[t] = (1 - alpha) * h[t-1] + alpha * tanh(W @ x[t] + U @ h[t-1])"


def leaky(alpha: str) -> ls.Cell:
    return ls.parse(LEAKY, constants={"alpha": Fraction(alpha)})


# Sizes.


def test_a_stack_takes_its_columns_in_the_order_of_its_parts():
    cell = ls.parse("h[t] = W @ [h[t-1], x[t]]")
    kernel, rng = ls.build(cell), np.random.default_rng(0)
    params, h, x = kernel.init(2, 3), rng.standard_normal((1, 3)), rng.standard_normal((1, 1, 2))
    assert params.W.shape == (3, 5)
    y, _, _ = kernel.forward(x, params, kernel.State(h))
    assert np.allclose(y[0], h @ params.W[:, :3].T + x[0] @ params.W[:, 3:].T, rtol=1e-14)


@pytest.mark.parametrize(
    ("field", "shape", "message"),
    [
        ("W_f", (3, 6), r"size H \+ D has 6 units, but H \+ D = 5"),
        ("W_f", (3, 4), r"size H \+ D has 4 units, but H \+ D = 5"),
        ("W_f", (4, 5), r"W_f has shape \(4, 5\), but H = 3"),
        ("V", (3, 4), r"H \+ D"),
        ("V", (2, 2), "H = 2"),
    ],
)
def test_a_stack_whose_sizes_do_not_fit_is_refused(field, shape, message):
    kernel = ls.build(ls.parse(STACKED))
    params = kernel.init(2, 3)._replace(**{field: np.ones(shape)})
    with pytest.raises(ValueError, match=message):
        kernel.forward(np.ones((4, 1, 2)), params)


def test_the_width_of_a_stack_tells_the_inputs_size():
    kernel = ls.build(ls.parse("h[t] = tanh(W @ [h[t-1], x[t]])"))
    params = kernel.Params(np.ones((3, 5)))
    assert kernel.forward(np.ones((4, 1, 2)), params)[0].shape == (4, 1, 3)
    with pytest.raises(ValueError, match=r"x has shape \(4, 1, 3\).*D = 2"):
        kernel.forward(np.ones((4, 1, 3)), params)
    with pytest.raises(ValueError, match="leaves no D"):
        kernel.forward(np.ones((4, 1, 1)), kernel.Params(np.ones((3, 2))))


def test_blocks_have_as_many_units_as_their_gates_say():
    kernel = ls.build(ls.parse(BLOCKS, sizes={"g": "M"}))
    params = kernel.init(2, 6)
    assert (params.V.shape, params.W.shape, params.U.shape) == ((2, 2), (6, 2), (6, 6))
    for hidden in (4, 5, 7, 1):
        with pytest.raises(ValueError, match=f"hidden_size is {hidden}; it must be a multiple of 3, for blocks of 3"):
            kernel.init(2, hidden)
    with pytest.raises(ValueError, match=r"size 3 \* M has 6 units"):
        kernel.forward(np.ones((2, 1, 2)), params._replace(V=np.ones((3, 2))))


def test_every_unit_of_a_block_has_its_gate():
    kernel = ls.build(ls.parse("g[t] = V @ x[t]\nh[t] = repeat(g[t], 3) + 0 * h[t-1]"))
    params = kernel.Params(np.array([[1.0], [10.0]]))
    y, _, _ = kernel.forward(np.array([[[2.0]]]), params)
    assert y[0, 0].tolist() == [2, 2, 2, 20, 20, 20]


def test_a_cell_whose_input_has_the_size_of_its_state_says_so():
    kernel = ls.build(ls.parse(SAME_SIZE, sizes={"x": "H"}))
    assert kernel.init(3, 3).U.shape == (3, 3)
    with pytest.raises(ValueError, match="input_size is 2; in this cell it equals hidden_size, 3"):
        kernel.init(2, 3)
    with pytest.raises(ValueError, match=r"x has shape \(4, 1, 2\)"):
        kernel.forward(np.ones((4, 1, 2)), kernel.init(3, 3))


# Constants.


def test_another_constant_is_another_cell_with_another_kernel():
    first, second, again = leaky("0.1"), leaky("0.2"), leaky("1/10")
    assert first.content_hash != second.content_hash and first.content_hash == again.content_hash
    kernels = [ls.build(cell) for cell in (first, second, again)]
    assert kernels[0] is not kernels[1] and kernels[0] is kernels[2]
    assert [kernel.CONTENT_HASH for kernel in kernels[:2]] == [first.content_hash, second.content_hash]
    x, params = np.ones((3, 1, 2)), kernels[0].init(2, 3)
    assert not np.allclose(kernels[0].forward(x, params)[0], kernels[1].forward(x, kernels[1].Params(*params))[0])


def test_a_constant_is_no_parameter_and_stands_in_the_text():
    text = ls.generate(leaky("0.1"))
    assert "alpha = 0.1" in text and "Constants: alpha = 0.1." in text
    assert ls.build(leaky("0.1")).Params._fields == ("W", "U")
    assert "alpha = 2\n" in ls.generate(leaky("2"))


def test_constants_are_set_like_options_and_stay_set(tmp_path):
    path = tmp_path / "leaky.toml"
    options = '[options.phi]\nchoices = ["tanh", "softsign"]\ndefault = "tanh"\n[constants]\nalpha = 0.1\ntau = 2\n'
    equations = (
        LEAKY.replace("tanh", "phi").replace("U @", "tau * U @").replace("tau * U @ h[t-1]", "tau * (U @ h[t-1])")
    )
    path.write_text(f'equations = """\n{equations}\n"""\n{options}')
    cell = ls.load(path)
    assert cell.constants == {"alpha": Fraction(1, 10), "tau": 2} and cell.chosen == {"phi": "tanh"}
    changed = cell.with_options(alpha=0.2)
    assert changed.constants == {"alpha": Fraction(1, 5), "tau": 2} and changed.chosen == {"phi": "tanh"}
    both = changed.with_options(phi="softsign", tau="0.5")
    assert both.constants == {"alpha": Fraction(1, 5), "tau": Fraction(1, 2)} and both.chosen == {"phi": "softsign"}
    assert ls.load(path, alpha=0.2, phi="softsign", tau=0.5).content_hash == both.content_hash
    assert [e.line for e in both.equations] == [e.line for e in cell.equations]
    assert cell.constants["alpha"] == Fraction(1, 10)
    for choices, message in (
        ({"alpha": "fast"}, "the constant `alpha` is fast"),
        ({"alpha": 1e10}, "the constant `alpha`"),
        ({"beta": 0.5}, "no option `beta`"),
        ({"phi": 0.5}, "`0.5` cannot stand for phi"),
    ):
        with pytest.raises(ls.CellError, match=message):
            cell.with_options(**choices)


def test_the_number_of_repetitions_is_set_like_any_constant():
    cell = ls.parse("h[t] = tanh(W @ repeat(x[t], k) + U @ h[t-1])", constants={"k": Fraction(2)})
    assert cell.shapes["W"] == ("H", "2 * D") and cell.with_options(k=4).shapes["W"] == ("H", "4 * D")
    with pytest.raises(ls.CellError, match="no number of repetitions"):
        cell.with_options(k=2.5)


# Dtypes, NaN, large arguments, ties.

CALLS = {
    **{name: f"{name}(W @ x[t] + U @ h[t-1])" for name, row in FUNCTIONS.items() if row.arity == 1},
    **{name: f"{name}(W @ x[t] + U @ h[t-1])" for name in REDUCTIONS},
    "log": "log(2 + tanh(W @ x[t] + U @ h[t-1]))",
    "sqrt": "sqrt(2 + tanh(W @ x[t] + U @ h[t-1]))",
    "maximum": "maximum(W @ x[t], U @ h[t-1])",
    "maximum of a number": "maximum(W @ x[t] + U @ h[t-1], 0.1)",
    "minimum": "minimum(W @ x[t], U @ h[t-1])",
    "where": "where(W @ x[t], U @ h[t-1], 1) + W @ x[t]",
    "a stack": "tanh(V @ [h[t-1], x[t]])",
    "a repetition": "tanh(V @ repeat(x[t], 2) + U @ h[t-1])",
    "a transpose": "tanh(W @ x[t] + U.T @ h[t-1])",
    "constants": "alpha * tanh(W @ x[t] + U @ h[t-1]) + exp(alpha) * maximum(alpha, h[t-1]) / beta",
}
CONSTANTS = {"alpha": Fraction(1, 10), "beta": Fraction(3)}


def kernel_of(name: str):
    text = f"h[t] = {CALLS[name]}"
    return ls.build(ls.parse(text, constants={k: v for k, v in CONSTANTS.items() if k in text}))


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_single_precision_stays_single(name, precise):
    kernel, rng = kernel_of(name), np.random.default_rng(1)
    params, x = kernel.init(2, 3, dtype=np.float32), rng.standard_normal((4, 2, 2)).astype(np.float32)
    y, last, tape = kernel.forward(x, params, precise=precise)
    grads = kernel.backward(np.ones_like(y), tape, params)
    double = kernel.Params(*(value.astype(np.float64) for value in params))
    exact, _, tape64 = kernel.forward(x.astype(float), double, precise=precise)
    expected = kernel.backward(np.ones_like(exact), tape64, double)
    arrays = [y, *last, grads.x, *grads.params, *grads.state, *tape, kernel.jacobian(tape, params)]
    _, y_dot, _, _ = kernel.jvp(x, params, params_dot=params)
    _, product = kernel.hvp(x, params, dy=np.ones_like(y), params_dot=params)
    assert {array.dtype for array in (*arrays, y_dot, product.x, *product.params)} == {np.dtype(np.float32)}
    assert np.allclose(y, exact, rtol=1e-5, atol=1e-6)
    for found, right in zip(grads.params, expected.params, strict=True):
        assert np.abs(found - right).max() <= 1e-5 * max(np.abs(right).max(), 1e-3)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "where"])
def test_not_a_number_reaches_the_output_and_stays_in_its_sequence(name):
    kernel, rng = kernel_of(name), np.random.default_rng(2)
    params, x = kernel.init(2, 3), rng.standard_normal((4, 2, 2))
    x[1, 0] = np.nan
    with np.errstate(invalid="ignore"):
        y, _, tape = kernel.forward(x, params)
        grads = kernel.backward(np.ones_like(y), tape, params)
    assert np.isnan(y[1:, 0]).all() and not np.isnan(y[0]).any() and not np.isnan(y[:, 1]).any()
    assert not np.isnan(grads.x[:, 1]).any()


def test_a_choice_by_what_is_no_number_is_none():
    kernel = ls.build(ls.parse("h[t] = where(x[t], 1, h[t-1])", sizes={"x": "H"}))
    x = np.array([[[1.0, -1.0, np.nan]]])
    y, _, _ = kernel.forward(x, kernel.Params(), kernel.State(np.array([[5.0, 6.0, 7.0]])))
    assert np.array_equal(y[0, 0], [1, 6, np.nan], equal_nan=True)


LIMITS = {
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
    "relu": (0, np.inf),
    "softplus": (0, np.inf),
    "softsign": (-1, 1),
    "hard_sigmoid": (0, 1),
    "abs": (np.inf, np.inf),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_large_arguments_and_infinity_reach_the_limit_without_a_warning(name, dtype):
    """Warnings are errors here; gradients vanish or stay, and are never NaN."""
    kernel = ls.build(ls.parse(f"h[t] = {name}(x[t]) + 0 * h[t-1]", sizes={"x": "H"}))
    largest = float(np.finfo(dtype).max)
    points = np.array([1e4, 1e20, largest], dtype)
    low, high = LIMITS[name]
    state = kernel.State(np.zeros((1, 3), dtype))
    for precise in (False, True):
        for sign, limit in ((-1, low), (1, high)):
            with np.errstate(all="raise", under="ignore"):
                y, _, tape = kernel.forward((sign * points)[None, None], kernel.Params(), state, precise=precise)
                grads = kernel.backward(np.ones_like(y), tape, kernel.Params())
                beyond, _, tape = kernel.forward(np.full((1, 1, 3), sign * np.inf, dtype), kernel.Params(), state)
                at_infinity = kernel.backward(np.ones_like(y), tape, kernel.Params())
            assert np.isfinite(grads.x).all() and np.isfinite(at_infinity.x).all()
            assert (beyond == limit).all()
            expected = points if np.isinf(limit) else np.full(3, limit)
            assert np.allclose(y[0, 0], expected, rtol=2e-4)


def test_gelu_has_a_gradient_however_large_its_argument_is():
    with np.errstate(all="ignore"):
        slopes = arithmetic.gelu_slope(np.array([-np.inf, -1e200, -1e103, 1e103, 1e200, np.inf]))
    assert slopes.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("precise", [False, True])
def test_units_that_tie_in_a_maximum_share_its_gradient_equally(precise):
    kernel = ls.build(ls.parse("h[t] = max(x[t]) + 0 * h[t-1]", sizes={"x": "H"}))
    x = np.array([[[2.0, 2.0, 1.0], [0.5, 0.5, 0.5], [1.0, 3.0, 2.0]]])
    state = kernel.State(np.zeros((3, 3)))
    y, _, tape = kernel.forward(x, kernel.Params(), state, precise=precise)
    assert y[0].tolist() == [[2] * 3, [0.5] * 3, [3] * 3]
    dy = np.array([[[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [1.0, 10.0, 100.0]]])
    found = kernel.backward(dy, tape, kernel.Params()).x
    assert found[0].tolist() == [[3, 3, 0], [1, 1, 1], [0, 111, 0]]
    shares = kernel.input_jacobian(tape, kernel.Params(), 0)
    assert shares[0].tolist() == [[0.5, 0.5, 0]] * 3
    _, y_dot, _, _ = kernel.jvp(x, kernel.Params(), state, x_dot=np.array([[[4.0, 2.0, 9.0]] * 3]))
    assert y_dot[0].tolist() == [[3] * 3, [5] * 3, [2] * 3]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_of_two_that_are_equal_the_latter_gets_the_gradient(name):
    kernel = ls.build(ls.parse(f"h[t] = {name}(h[t-1], x[t])", sizes={"x": "H"}))
    one = np.ones((1, 2))
    _, _, tape = kernel.forward(one[None], kernel.Params(), kernel.State(one))
    grads = kernel.backward(one[None], tape, kernel.Params())
    assert grads.x[0].tolist() == [[1, 1]] and grads.state.h.tolist() == [[0, 0]]
