"""Critical gains: derived formulas against eigenvalues of drawn networks, and against hand-written ones of papers."""

import functools

import numpy as np
import pytest
import sympy

from lstm_sym import build, cell, parse
from lstm_sym.flow import FlowError
from lstm_sym.flow.theory import critical_gain, origin

SIZES = pytest.mark.parametrize("size", [150, pytest.param(400, marks=pytest.mark.long)])

derived = functools.cache(lambda key: critical_gain(cell(key)))


def largest(key, gain, size, **biases):
    """max |lambda| of the kernel's state Jacobian at the origin, recurrent entries N(0, gain^2 / N)."""
    rng = np.random.default_rng(4)
    kernel = build(cell(key))
    params = kernel.init(1, size, rng=rng, **biases)
    drawn = {
        name: gain * rng.standard_normal(value.shape) / size**0.5
        for name, value in params._asdict().items()
        if value.shape == (size, size)
    }
    drawn |= {name: np.zeros(size) for name in params._fields if name.startswith("b") and name not in biases}
    _, _, tape = kernel.forward(np.zeros((1, 1, 1)), params._replace(**drawn), precise=True)
    return float(np.abs(np.linalg.eigvals(kernel.jacobian(tape, params._replace(**drawn), 0)[0])).max())


@pytest.mark.parametrize(
    ("key", "keep", "formula"),
    [
        ("rnn", (), "1"),
        ("leaky_rnn", (), "1"),
        ("ugrnn", ("b_z",), "1"),
        ("lstm", ("b_f",), "4/(exp(b_f) + 1)"),
        ("lstm", ("b_i", "b_f", "b_o"), "(1 + exp(-b_i))*(1 + exp(-b_o))/(exp(b_f) + 1)"),
        pytest.param("lstm_peephole", ("b_f",), "4/(exp(b_f) + 1)", marks=pytest.mark.long),
        pytest.param("lstm_concat", ("b_f",), "4/(exp(b_f) + 1)", marks=pytest.mark.long),
        ("lstm_coupled", ("b_o",), "1 + exp(-b_o)"),
        ("lstm_no_forget_gate", ("b_i",), "0"),
        ("gru", ("b_r", "b_z"), "1 + exp(-b_r)"),
        ("gru_reset_after", ("b_r", "b_z"), "1 + exp(-b_r)"),
        ("mgu", ("b_f",), "1 + exp(-b_f)"),
        ("janet", ("b_f",), "(1 + exp(b_f - 1))/(exp(b_f) + 1)"),
    ],
)
def test_the_formula_of_every_cell(key, keep, formula):
    found = critical_gain(cell(key), keep)
    symbols = {symbol.name: symbol for symbol in found.expression.free_symbols}
    wanted = sympy.sympify(formula, locals=symbols)
    assert sympy.simplify(found.expression - wanted) == 0
    assert found.biases == tuple(keep)


def test_how_it_reads():
    found = critical_gain(cell("lstm"), ["b_f"])
    assert found.text() == "4/(exp(b_f) + 1)"
    assert found.latex() == r"\frac{4}{e^{b_{f}} + 1}"
    assert (found.matrix, found.zero) == ("U_g", ("b_g",))
    assert derived("gru").text() == "1 + exp(-b_r)"


@pytest.mark.parametrize(
    ("key", "biases"),
    [
        ("rnn", {}),
        ("lstm", {"b_f": 1.0}),
        ("lstm", {"b_f": -1.0, "b_o": 1.0}),
        ("gru", {"b_r": -1.0}),
        ("gru", {"b_r": 0.5, "b_z": 2.0}),
        ("mgu", {"b_f": 1.0}),
    ],
)
@SIZES
def test_a_drawn_network_leaves_the_unit_circle_at_that_gain(key, biases, size):
    """The other matrices are drawn with the same gain: they must not matter. The edge of the disc is left to chance."""
    gain, chance = derived(key).at(**biases), 1.5 / size**0.5
    assert largest(key, (1 - chance) * gain, size, **biases) < 1 < largest(key, (1 + chance) * gain, size, **biases)


def test_the_update_gate_of_the_gru_does_not_move_the_critical_gain_though_it_moves_the_eigenvalues():
    half, slow = (largest("gru", 1.0, 150, b_z=b_z) for b_z in (0.0, 3.0))
    assert half == pytest.approx(0.75, abs=0.03)  # z + (1 - z) r g, r = z = 1/2
    assert slow == pytest.approx(1 - 0.5 / (1 + np.exp(3.0)), abs=0.01)
    assert derived("gru").at(b_z=3.0) == derived("gru").at() == 2.0


def test_the_jacobian_at_the_origin_is_the_kernels():
    """[[o i u, o f], [i u, f]] at one unit, u = U_g: against kernel.jacobian at zero state and input."""
    point = origin(cell("lstm"))
    kernel = build(cell("lstm"))
    rng = np.random.default_rng(0)
    params = kernel.init(1, 1, rng=rng)._replace(b_g=np.zeros(1))
    _, _, tape = kernel.forward(np.zeros((1, 1, 1)), params, precise=True)
    values = {s: float(getattr(params, s.name)[0]) for s in point.jacobian.free_symbols if s != point.eigenvalue}
    values[point.eigenvalue] = float(params.U_g[0, 0])
    found = np.array(point.jacobian.xreplace(values).evalf(), float)
    assert found == pytest.approx(kernel.jacobian(tape, params, 0)[0], rel=1e-12)


def test_the_overlay_runs_over_a_bias():
    overlay = derived("lstm").overlay("b_f", [-1.0, 0.0, 5.0])
    assert overlay.log_values == pytest.approx(np.log(4 / (1 + np.exp([-1.0, 0.0, 5.0]))), rel=1e-14)
    assert overlay.kind == "prediction"


@pytest.mark.parametrize(
    ("equations", "gain"),
    [
        ("h[t] = -tanh(W @ x[t] + U @ h[t-1])", "1"),
        ("h[t] = 0.5*h[t-1] - tanh(W @ x[t] + U @ h[t-1])", "1/2"),
        ("h[t] = -0.5*h[t-1] + tanh(W @ x[t] + U @ h[t-1] + b)", "1/2"),
        ("h[t] = h[t-1] + tanh(W @ x[t] + U @ h[t-1])", "0"),
        ("n[t] = 0.5*n[t-1] + tanh(W @ x[t])\nh[t] = tanh(W_h @ x[t] + U @ h[t-1] + b) + n[t]", "1"),
    ],
)
def test_the_gain_is_the_modulus_of_the_nearest_weight_that_reaches_the_circle(equations, gain):
    """-tanh: lambda = -u; with -h/2 a state jumps from side to side, and lambda = u - 1/2 leaves at -1."""
    assert critical_gain(parse(equations)).text() == gain


def test_a_pair_that_leaves_the_circle_elsewhere_is_not_called_critical_at_the_wrong_gain():
    """lambda^2 - u lambda + 0.9 = 0: u = lambda + 0.9 / lambda is 1.9 at 1, and 0.1 i at i."""
    with pytest.raises(FlowError, match=r"\|u\| = 0\.1, below the 1\.9"):
        critical_gain(parse("n[t] = h[t-1]\nh[t] = tanh(W @ x[t] + U @ h[t-1]) - 0.9*n[t-1]"))


@pytest.mark.parametrize(
    ("equations", "found"),
    [
        ("h[t] = 2*h[t-1] + tanh(W @ x[t] + U @ h[t-1])", "modulus 2 at u = 0"),
        ("h[t] = 1.5*h[t-1] + tanh(W @ x[t] + U @ h[t-1])", "modulus 1.5 at u = 0"),
        ("n[t] = 2*n[t-1] + tanh(W @ x[t])\nh[t] = tanh(W_h @ x[t] + U @ h[t-1]) + n[t]", "modulus 2 at u = 0"),
        ("n[t] = n[t-1] + tanh(W @ x[t])\nh[t] = tanh(W_h @ x[t] + U @ h[t-1]) + n[t]", "modulus 1 whatever u is"),
        ("n[t] = -n[t-1] + tanh(W @ x[t])\nh[t] = tanh(W_h @ x[t] + U @ h[t-1]) + n[t]", "modulus 1 whatever u is"),
    ],
)
def test_a_cell_that_is_not_stable_without_the_matrix_has_no_critical_gain(equations, found):
    with pytest.raises(FlowError, match=found):
        critical_gain(parse(equations))


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("antisymmetric_rnn", "2 recurrent matrices"),
        ("cfn", "0 recurrent matrices"),
        ("lstm_projected", "2 recurrent matrices"),
        ("indrnn", "relu has a kink"),
        ("lstm_full_gate_recurrence", "does not stay 0"),
    ],
)
def test_cells_without_such_a_gain_are_refused(key, found):
    with pytest.raises(FlowError, match=found):
        critical_gain(cell(key))


def test_a_bias_that_moves_the_fixed_point_cannot_be_kept():
    with pytest.raises(FlowError, match="b_g"):
        critical_gain(cell("lstm"), ["b_g"])
    with pytest.raises(FlowError, match="b_g"):
        derived("lstm").at(b_g=1.0)
