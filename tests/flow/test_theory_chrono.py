"""Time scales of gates: the paper's formula, mpmath, and cells that run."""

import mpmath
import numpy as np
import pytest

from lstm_sym import cell, parse
from lstm_sym.flow import FlowError, record, state_sensitivity
from lstm_sym.flow.theory import chrono_biases, gate_product, time_scale
from lstm_sym.kernels import gru, lstm, lstm_peephole, mgu, rnn

LSTM = time_scale(cell("lstm"))


@pytest.mark.parametrize("bias", [-40.0, -3.0, 0.0, 1.0, 6.0, 30.0])
def test_the_time_scale_of_a_forget_gate(bias):
    """T = 1 / (1 - sigmoid(b)), in 50 digits."""
    with mpmath.workdps(50):
        wanted = 1 / (1 - 1 / (1 + mpmath.exp(-mpmath.mpf(bias))))
        half_life = -mpmath.log(2) / mpmath.log(1 / (1 + mpmath.exp(-mpmath.mpf(bias))))
    assert LSTM.time_constant(bias) == pytest.approx(float(wanted), rel=1e-14)
    assert LSTM.half_life(bias) == pytest.approx(float(half_life), rel=1e-13)


def test_the_logarithm_keeps_its_digits_on_both_sides():
    assert LSTM.log_keep([-800.0, 700.0]) == pytest.approx([-800.0, -np.exp(-700.0)], rel=1e-13)


@pytest.mark.parametrize("steps", [1.001, 2.0, 50.0, 1e9])
def test_the_bias_for_a_wanted_time_scale(steps):
    assert LSTM.bias_for(steps) == pytest.approx(np.log(steps - 1), rel=1e-12, abs=1e-12)
    assert LSTM.time_constant(LSTM.bias_for(steps)) == pytest.approx(steps, rel=1e-12)


@pytest.mark.parametrize(
    ("key", "state", "bias", "sign"),
    [
        ("lstm", "c", "b_f", 1),
        ("lstm_peephole", "c", "b_f", 1),
        ("gru", "h", "b_z", 1),
        ("janet", "h", "b_f", 1),
        ("mgu", "h", "b_f", -1),
        ("lstm_coupled", "c", "b_i", -1),
        ("sru", "c", "b_f", 1),
    ],
)
def test_the_gate_and_its_bias_are_found_in_the_equations(key, state, bias, sign):
    """A gate that keeps where it is open has b = ln(T - 1), one that forgets there -ln(T - 1)."""
    found = time_scale(cell(key))
    assert (found.state, found.bias) == (state, bias)
    assert found.bias_for(20.0) == pytest.approx(sign * np.log(19.0), rel=1e-12)


@pytest.mark.parametrize("key", ["rnn", "antisymmetric_rnn", "lstm_no_forget_gate"])
def test_cells_without_such_a_gate_are_refused(key):
    with pytest.raises(FlowError, match="no gate of one bias"):
        time_scale(cell(key))


def test_no_gate_forgets_in_less_than_a_step():
    with pytest.raises(FlowError, match="time scale of 1"):
        LSTM.bias_for(1.0)
    with pytest.raises(FlowError, match="gates keep c"):
        time_scale(cell("lstm"), "h")


def scaled(factor):
    """A cell whose gate keeps at most a part of its state."""
    kept = f"h[t] = {factor} * h[t-1] + (1 - z[t]) * tanh(W @ x[t])"
    return time_scale(parse(f"z[t] = sigmoid(W_z @ x[t] + U_z @ h[t-1] + b_z)\n{kept}"))


@pytest.mark.parametrize("steps", [1.1, 2.0, 9.99])
def test_a_gate_with_a_factor_beside_it_has_a_longest_time_scale(steps):
    """keep = 0.9 sigmoid(b), so T is between 1 and 10."""
    found = scaled("0.9 * z[t]")
    assert found.reach == (1.0, 10.0)
    keep = 1 - 1 / steps
    assert found.bias_for(steps) == pytest.approx(np.log(keep / (0.9 - keep)), rel=1e-12)
    assert found.time_constant(found.bias_for(steps)) == pytest.approx(steps, rel=1e-12)


def test_a_time_scale_that_no_bias_sets_is_refused():
    with pytest.raises(FlowError, match="fewer than 10 steps"):
        scaled("0.9 * z[t]").bias_for([2.0, 30.0])
    with pytest.raises(FlowError, match=r"more than 1\.25 steps"):
        scaled("(0.2 + 0.8 * z[t])").bias_for(1.2)


def silent(kernel, hidden, **fill):
    """Parameters without recurrent matrices and without input to the gates."""
    params = kernel.init(2, hidden, **fill)
    flat = [name for name in params._fields if name.startswith("U") or (name.startswith("W") and name[-1] not in "gn")]
    return params._replace(**{name: np.zeros_like(getattr(params, name)) for name in flat})


@pytest.mark.parametrize(("kernel", "key"), [(lstm, "lstm"), (gru, "gru"), (mgu, "mgu")])
def test_a_cell_whose_gates_hear_nothing_forgets_at_that_rate(kernel, key):
    found = time_scale(cell(key))
    bias = float(found.bias_for(9.0))
    trajectory = record(kernel, silent(kernel, 4, **{found.bias: bias}), np.random.default_rng(0).normal(size=(60, 2)))
    profile = state_sensitivity(trajectory, lags=40, ends=5, output=found.state, source=found.state)
    assert profile.median(relative=True) == pytest.approx(found.overlay(profile.lags, bias).log_values, abs=1e-11)
    assert profile.half_life() == pytest.approx(float(found.half_life(bias)), rel=1e-9)


def test_chrono_initialisation_spreads_time_scales_evenly():
    """1 + e^b_f is uniform on [2, T_max]; b_i = -b_f."""
    drawn = chrono_biases(40_000, 100.0, np.random.default_rng(0))
    assert (drawn["b_i"] == -drawn["b_f"]).all()
    scales = np.sort(LSTM.time_constant(drawn["b_f"]))
    assert scales[0] >= 2 and scales[-1] <= 100
    even = np.linspace(2.0, 100.0, len(scales))
    assert np.abs(scales - even).max() < 1.0
    assert set(drawn) <= set(lstm.Params._fields)
    with pytest.raises(FlowError, match="T_max"):
        chrono_biases(3, 2.0, np.random.default_rng(0))


# ------------------------------------------------------------------------------------------- products of gates


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
@pytest.mark.parametrize("bias", [-900.0, -30.0, 0.0, 40.0])
def test_without_recurrent_matrices_the_product_is_the_whole_gradient(bias, norm):
    """dc[T]/dc[t] = diag(f[T] ... f[t+1]), f = sigmoid(W_f x + b_f), from f = e^-900 to f = 1 - e^-40."""
    params = lstm.init(3, 5, b_f=bias)
    params = params._replace(**{name: np.zeros((5, 5)) for name in ("U_i", "U_f", "U_g", "U_o")})
    x = np.random.default_rng(0).standard_normal((50, 2, 3))
    trajectory = record(lstm, params, x)
    found = gate_product(trajectory, lags=30, ends=4)
    log_f = -np.logaddexp(0.0, -(x @ params.W_f.T + params.b_f))
    for row, (end, sequence) in zip(found.log_products, found.ends, strict=True):
        wanted = np.concatenate([np.zeros((1, 5)), log_f[end - 29 : end + 1, sequence][::-1].cumsum(axis=0)])
        assert row == pytest.approx(wanted, rel=1e-13)
    if bias > -700:  # beyond that the kernel's f itself is 0
        measured = state_sensitivity(trajectory, lags=30, ends=4, output="c", source="c", norm=norm)
        assert found.log_norms(norm) == pytest.approx(measured.log_norms, rel=1e-11, abs=1e-12)
        assert found.overlay(norm).log_values == pytest.approx(measured.median(relative=True), rel=1e-9, abs=1e-11)


def test_with_recurrent_matrices_the_product_is_one_path_among_others():
    params = lstm.init(3, 8, rng=np.random.default_rng(0), b_f=1.0)
    trajectory = record(lstm, params, np.random.default_rng(1).standard_normal((60, 3)))
    found = gate_product(trajectory, lags=20, ends=5)
    measured = state_sensitivity(trajectory, lags=20, ends=5, output="c", source="c")
    assert np.abs(found.log_norms() - measured.log_norms)[:, 5:].min() > 1e-3


@pytest.mark.parametrize(("kernel", "state", "gate"), [(gru, "h", "z"), (lstm_peephole, "c", "f")])
def test_the_gate_of_other_cells(kernel, state, gate):
    params = kernel.init(3, 6, rng=np.random.default_rng(0))
    trajectory = record(kernel, params, np.random.default_rng(1).standard_normal((20, 3)))
    found = gate_product(trajectory, lags=4, ends=[15])
    logs = kernel.log_terms(trajectory.tape(0), params)[gate]
    assert found.state == state
    assert found.log_products[0, 4] == pytest.approx(logs[12:16, 0].sum(axis=0), rel=1e-13)


def test_a_gate_that_forgets_counts_as_what_it_leaves():
    params = mgu.init(3, 6, rng=np.random.default_rng(0))
    trajectory = record(mgu, params, np.random.default_rng(1).standard_normal((20, 3)))
    found = gate_product(trajectory, lags=1, ends=[10]).log_products[0, 1]
    forgets = np.exp(mgu.log_terms(trajectory.tape(0), params)["f"])[10, 0]
    assert found == pytest.approx(np.log(1 - forgets), rel=1e-12)


def test_a_state_that_passes_through_a_matrix_has_no_such_product():
    trajectory = record(rnn, rnn.init(2, 4), np.random.default_rng(0).standard_normal((20, 2)))
    with pytest.raises(FlowError, match="product of gates"):
        gate_product(trajectory, lags=4)
    driven = record(lstm, lstm.init(2, 4), np.random.default_rng(0).standard_normal((20, 2)))
    with pytest.raises(FlowError, match="h does not enter"):
        gate_product(driven, lags=4, state="h")
