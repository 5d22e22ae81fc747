"""Bounds: no measured sensitivity lies above them, each is nearer than the one before, and where they are sharp."""

import numpy as np
import pytest

from lstm_sym import build, cell, parse
from lstm_sym.flow import FlowError, record, state_sensitivity
from lstm_sym.flow.theory import path_bound, slope_bound, worst_case

LAGS = 25


def run(key, hidden=12, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    kernel = build(cell(key))
    params = kernel.init(3, hidden, rng=rng)
    matrices = {name: scale * value for name, value in params._asdict().items() if name.startswith("U")}
    return record(kernel, params._replace(**matrices), rng.standard_normal((LAGS + 40, 2, 3)))


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("key", ["rnn", "leaky_rnn", "antisymmetric_rnn"])
def test_each_bound_is_below_the_one_before_and_above_the_gradient(key, scale, norm):
    trajectory = run(key, scale=scale)
    measured = state_sensitivity(trajectory, lags=LAGS, ends=12, norm=norm).median(relative=True)
    path = path_bound(trajectory, lags=LAGS, ends=12).log_values
    slopes = slope_bound(trajectory, cell(key), lags=LAGS, ends=12).log_values
    worst = worst_case(cell(key), trajectory.params).overlay(range(LAGS + 1)).log_values
    order = np.stack([measured, path, slopes, worst])
    assert (np.diff(order, axis=0) >= -1e-9).all()
    assert (np.diff(order, axis=0)[:, -1] > 1e-6).all()


@pytest.mark.parametrize("key", ["lstm", "gru", "lstm_peephole"])
def test_the_path_bound_holds_for_every_cell(key):
    trajectory = run(key)
    measured = state_sensitivity(trajectory, lags=LAGS, ends=12).median(relative=True)
    assert (path_bound(trajectory, lags=LAGS, ends=12).log_values - measured)[1:].min() > 1e-6


def test_the_path_bound_is_the_product_of_the_largest_singular_values():
    trajectory = run("lstm")
    found = path_bound(trajectory, lags=3, ends=[50])
    norms = np.log([np.linalg.svd(block.state, compute_uv=False).max(axis=-1) for block in trajectory.blocks()])[0]
    sums = np.array([norms[51 - lag : 51].sum(axis=0) for lag in range(4)])
    assert found.log_values == pytest.approx(np.median(sums, axis=1), rel=1e-12)
    assert (found.kind, list(found.x)) == ("bound", [0, 1, 2, 3])


@pytest.mark.parametrize(("phi", "gamma"), [("tanh", 1.0), ("sigmoid", 0.25), ("hard_sigmoid", 1 / 6)])
def test_the_worst_case_is_gamma_sigma_max(phi, gamma):
    written = parse(f"h[t] = {phi}(W @ x[t] + U @ h[t-1] + b)")
    params = build(written).init(2, 9, rng=np.random.default_rng(3))
    sigma = np.sqrt(np.linalg.eigvalsh(params.U.T @ params.U)[-1])
    assert worst_case(written, params).log_factor == pytest.approx(np.log(gamma * sigma), rel=1e-12)


def test_the_bound_is_sharp_where_no_unit_saturates_and_all_singular_values_are_one():
    """h = tanh(Q h) at 0, Q orthogonal: every sensitivity is 1, and so is every bound."""
    written = cell("rnn")
    kernel = build(written)
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0]
    params = kernel.Params(W=np.eye(6, 2), U=q, b=np.zeros(6))
    x = np.random.default_rng(1).standard_normal((40, 2)) * 1e-9
    trajectory = record(kernel, params, x)
    measured = state_sensitivity(trajectory, lags=10).median(relative=True)
    for bound in (path_bound(trajectory, lags=10), slope_bound(trajectory, written, lags=10)):
        assert bound.log_values == pytest.approx(measured, abs=1e-12)
    assert worst_case(written, params).log_factor == pytest.approx(0.0, abs=1e-12)


def test_what_the_bound_says_of_vanishing_and_exploding():
    written = cell("rnn")
    params = build(written).init(2, 8, rng=np.random.default_rng(0))
    sigma = np.linalg.norm(params.U, 2)
    small, large = (worst_case(written, params._replace(U=params.U * wanted / sigma)) for wanted in (0.9, 1.1))
    assert (small.vanishes, small.may_explode, large.vanishes, large.may_explode) == (True, False, False, True)
    silent = worst_case(written, params._replace(U=np.zeros((8, 8))))
    assert silent.vanishes and list(silent.overlay([0, 1]).log_values) == [0.0, -np.inf]


def test_vectors_and_constants_enter_the_bound():
    """|h'| = |phi'| |u| for one weight a unit; (1 - alpha) + alpha gamma sigma for the leaky network."""
    rng = np.random.default_rng(2)
    independent = cell("indrnn")
    params = build(independent).init(2, 5, rng=rng)
    assert worst_case(independent, params).log_factor == pytest.approx(np.log(np.abs(params.u).max()), rel=1e-12)
    leaky = cell("leaky_rnn").with_options(alpha=0.25)
    params = build(leaky).init(2, 5, rng=rng)
    wanted = np.log(0.75 + 0.25 * np.linalg.norm(params.U, 2))
    assert worst_case(leaky, params).log_factor == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(("key", "found"), [("lstm", "2 states"), ("gru", "depends on the state")])
def test_gates_have_no_bound_for_every_input(key, found):
    with pytest.raises(FlowError, match=found):
        worst_case(cell(key), build(cell(key)).init(2, 4))


def test_progress_is_told():
    seen = []
    path_bound(run("rnn"), lags=5, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 0


def test_bounds_of_ten_thousand_steps_stay_finite():
    """(1/4 sigma)^lag far below the smallest float: 10^-5000 and less."""
    written = parse("h[t] = sigmoid(W @ x[t] + U @ h[t-1] + b)")
    kernel = build(written)
    params = kernel.init(1, 2, rng=np.random.default_rng(0))
    trajectory = record(kernel, params, np.random.default_rng(1).standard_normal((10_001, 1)))
    found = path_bound(trajectory, lags=10_000)
    assert np.isfinite(found.log_values).all() and found.log_values[-1] < -10_000
    assert found.log_values[-1] <= worst_case(written, params).log_factor * 10_000
