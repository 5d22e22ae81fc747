"""The unfolded network: its sensitivities against a product of Jacobians and exact arithmetic, its shades and marks."""

import mpmath
import numpy as np
import pytest
from flow.samples import data, drawn, network
from matplotlib.colors import to_rgb

from lstm_sym import flow
from lstm_sym.flow import FlowError
from lstm_sym.flow.plots.unfolded import gate_mark
from lstm_sym.kernels import gru, lstm, lstm_output, rnn

X = np.random.default_rng(1).standard_normal((9, 3))


@pytest.mark.parametrize(("kernel", "hidden"), [(lstm, "c"), (lstm, "h"), (gru, "h"), (rnn, "h")])
def test_the_sensitivities_are_those_of_the_product_of_jacobians(kernel, hidden):
    params = kernel.init(3, 4, rng=np.random.default_rng(0))
    found = flow.unfold(kernel, params, X, hidden=hidden)
    trajectory = flow.record(kernel, params, X)
    (block,) = trajectory.blocks()
    carried, wanted = block.input[0, 0], []
    for t in range(9):
        carried = block.state[t, 0] @ carried if t else carried
        parts = [carried[trajectory.columns(name)] for name in (hidden, "h")]
        wanted.append([np.log(np.linalg.norm(part)) for part in parts])
    np.testing.assert_allclose(found.log_sensitivity[1:].T, wanted, rtol=1e-12)
    np.testing.assert_array_equal(found.log_sensitivity[0], [np.log(3) / 2] + [-np.inf] * 8)


def test_the_sensitivity_of_an_output_layer_is_that_of_differences():
    params = lstm_output.init(3, 4, K=2, rng=np.random.default_rng(0))
    found = flow.unfold(lstm_output, params, X, hidden="c", channels=[1])
    step = np.zeros_like(X)
    step[0, 1] = 1e-6
    up, down = (lstm_output.forward((X + sign * step)[:, None], params)[0][:, 0] for sign in (1, -1))
    wanted = np.linalg.norm(up - down, axis=1) / 2e-6
    np.testing.assert_allclose(np.exp(found.log_sensitivity[2]), wanted, rtol=1e-6)


def test_it_is_exact_far_below_the_smallest_float():
    """One unit, h[t] = tanh(w x + u h + b): the product of w (1 - h1^2) and all u (1 - ht^2), in 50 digits."""
    params = rnn.init(1, 1)._replace(W=np.array([[0.7]]), U=np.array([[1e-30]]), b=np.array([0.3]))
    x = np.random.default_rng(0).standard_normal((40, 1))
    found = flow.unfold(rnn, params, x, hidden="h")
    mpmath.mp.dps = 50
    h, log = mpmath.mpf(0), mpmath.log(mpmath.mpf(0.7))
    for t in range(40):
        h = mpmath.tanh(mpmath.mpf(0.7) * mpmath.mpf(x[t, 0]) + mpmath.mpf(1e-30) * h + mpmath.mpf(0.3))
        log += mpmath.log(1 - h * h) + (mpmath.log(mpmath.mpf(1e-30)) if t else 0)
        assert found.log_sensitivity[1, t] == pytest.approx(float(log), rel=1e-13)
    assert found.log_sensitivity[1, -1] < -2500


def test_an_exact_zero_is_minus_infinity_and_stays():
    params = rnn.init(2, 3)._replace(U=np.zeros((3, 3)))
    found = flow.unfold(rnn, params, X[:, :2], hidden="h")
    assert np.isfinite(found.log_sensitivity[:, 0]).all()
    assert np.isneginf(found.log_sensitivity[:, 1:]).all()
    assert found.shades().max() == 1
    assert not found.shades()[:, 1:].any()


def test_the_initial_state_counts():
    params = lstm.init(3, 4)
    state = lstm.State(np.full((1, 4), 0.3), np.full((1, 4), -0.4))
    assert (
        flow.unfold(lstm, params, X, hidden="c", state=state).log_sensitivity[1]
        != flow.unfold(lstm, params, X, hidden="c").log_sensitivity[1]
    ).all()


def test_shades_are_shares_of_the_largest_of_a_row():
    given = network()
    logs = given.log_sensitivity
    with np.errstate(under="ignore"):
        np.testing.assert_allclose(given.shades(), np.exp(logs - logs.max(axis=1, keepdims=True)))
    lower = 1 + (logs - logs.max(axis=1, keepdims=True)) / np.log(10) / 2
    np.testing.assert_allclose(given.shades(2), lower.clip(0))
    assert not flow.Unfolded("m", np.full((3, 2), -np.inf)).shades().any()


def test_the_data_are_those_of_the_network(monkeypatch):
    given = network()
    table = data(monkeypatch, flow.save_unfolded, given)
    columns = ["input", "hidden", "output", "input_gate", "forget_gate", "output_gate"]
    found = np.array([[float(row[name]) for name in columns] for row in table]).T
    np.testing.assert_array_equal(found[:3], given.log_sensitivity / np.log(10) + 0.0)
    np.testing.assert_array_equal(found[3:], list(given.gates.values()))
    assert [row["step"] for row in table] == list("12345")


def test_every_node_is_as_dark_as_its_share_and_every_gate_has_its_mark(monkeypatch):
    given = network()
    axes = drawn(monkeypatch, flow.save_unfolded, given).axes[0]
    nodes = [patch for patch in axes.patches if getattr(patch, "radius", 0) == 0.2]
    shares = 1 - np.array([to_rgb(node.get_facecolor())[0] for node in nodes]).reshape(5, 3).T
    np.testing.assert_allclose(shares, 0.96 * given.shades(), atol=1e-12)
    rings = [patch for patch in axes.patches if getattr(patch, "radius", 0) == 0.065]
    values = np.array(list(given.gates.values()))
    # One more of each in the key.
    assert len(rings) == np.count_nonzero(values > 0.9) + 1
    assert len([line for line in axes.lines if len(line.get_xdata()) == 2]) == np.count_nonzero(values < 0.1) + 1
    written = [text.get_text() for text in axes.texts]
    assert {gate_mark(value) for value in values.ravel()} - {"O", "-"} == {".4", ".2", ".5"} < set(written)


def test_a_network_without_gates_has_no_marks(monkeypatch):
    axes = drawn(monkeypatch, flow.save_unfolded, flow.Unfolded("RNN", network().log_sensitivity), decades=4).axes[0]
    assert not [patch for patch in axes.patches if getattr(patch, "radius", 0) == 0.065]
    assert "4 decades less, and 0" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("value", "mark"), [(1.0, "O"), (0.91, "O"), (0.9, ".9"), (0.5, ".5"), (0.1, ".1"), (0.09, "-"), (0.0, "-")]
)
def test_a_gate_is_open_closed_or_between(value, mark):
    assert gate_mark(value) == mark


@pytest.mark.parametrize(
    ("logs", "gates", "found"),
    [
        (np.zeros((2, 4)), {}, r"\(2, 4\)"),
        (np.full((3, 4), np.nan), {}, "finite or -inf"),
        (np.zeros((3, 0)), {}, r"\(3, 0\)"),
        (np.zeros((3, 4)), {"f": np.zeros(4)}, "gate 'f'"),
        (np.zeros((3, 4)), {"input": np.zeros(3)}, "gate 'input'"),
        (np.zeros((3, 4)), {"input": np.full(4, np.nan)}, "gate 'input'"),
    ],
)
def test_what_is_no_network_is_refused(logs, gates, found):
    with pytest.raises(FlowError, match=found):
        flow.Unfolded("m", logs, gates)


@pytest.mark.parametrize(
    ("x", "options", "found"),
    [
        (np.zeros((4, 2, 3)), {}, "2 sequences"),
        (X, {"channels": [3]}, r"\[3\]"),
        (X, {"channels": []}, r"\[\]"),
        (X, {"hidden": "q"}, "hidden: 'q'"),
        (np.full((4, 3), np.nan), {}, "nan"),
    ],
)
def test_what_cannot_be_unfolded_is_refused(x, options, found):
    with pytest.raises(FlowError, match=found):
        flow.unfold(lstm, lstm.init(3, 2), x, **{"hidden": "c", **options})
