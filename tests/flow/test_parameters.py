"""The contribution of every step to the gradient of the parameters, the map of all pairs of steps, single units."""

import numpy as np
import pytest

from lstm_sym.flow import FlowError, input_sensitivity, record, state_sensitivity
from lstm_sym.flow.profiles.maps import time_map
from lstm_sym.flow.profiles.parameters import _start, _terms, contributions
from lstm_sym.flow.profiles.units import UnitProfiles, unit_sensitivity
from lstm_sym.flow.runs import trajectory
from lstm_sym.kernels import gru, lstm, lstm_peephole, rnn

KERNELS = pytest.mark.parametrize("kernel", [rnn, lstm, lstm_peephole, gru], ids=lambda kernel: kernel.__name__)


def run_of(kernel, steps=30, hidden=5, batch=2, scale=1.0, **fill):
    params = kernel.init(3, hidden, **fill)
    params = type(params)(*(scale * value for value in params))
    return record(kernel, params, np.random.default_rng(3).standard_normal((steps, batch, 3)))


# ------------------------------------------------------------------------------------------ parameters


@KERNELS
def test_the_contributions_sum_to_the_gradient(kernel):
    """dL/dp by backpropagation through time is the sum of what the steps contribute."""
    run = run_of(kernel)
    cotangent = np.random.default_rng(1).standard_normal(run.width)
    rows = _start(run, 29, None, None, cotangent).rows[0, 0]
    total = {name: 0.0 for name in run.params._fields}
    for logs, gradients in _terms(run, rows, 29, 29, 1):
        for name, gradient in gradients.items():
            total[name] += np.exp(logs[0]) * gradient[0]
    y, last, tape = kernel.forward(run.x[:, 1:], run.params, precise=True)
    parts = np.split(cotangent, np.cumsum(run.sizes)[:-1])
    wanted = kernel.backward(np.zeros_like(y), tape, run.params, type(last)(*(part[None] for part in parts))).params
    for name in run.params._fields:
        size = np.abs(getattr(wanted, name)).max()
        assert np.abs(total[name] - getattr(wanted, name)).max() <= 1e-13 * size, name


@KERNELS
def test_the_norms_are_those_of_the_parameter_jacobian(kernel):
    """A second way: R[t] times kernel.parameter_jacobian, written out."""
    run = run_of(kernel)
    found = contributions(run, lags=6, end=25)
    _, _, tape = kernel.forward(run.x[:, :1], run.params, precise=True)
    carried = np.eye(run.width)[run.columns(found.output)]
    for lag in range(7):
        jacobian = kernel.parameter_jacobian(tape, run.params, 25 - lag)
        for number, name in enumerate(found.names):
            block = getattr(jacobian, name)[0].reshape(run.width, -1)
            norm = np.linalg.norm(carried @ block)
            if norm == 0:
                assert np.isneginf(found.log_norms[lag, number])
            else:
                assert abs(found.log_norms[lag, number] - np.log(norm)) < 1e-11, (lag, name)
        carried = carried @ kernel.jacobian(tape, run.params, 25 - lag)[0]


def test_contributions_below_float64_are_exact():
    """Five times smaller weights: after 1,000 steps a contribution is 10^-1000; its slope is that of the flow."""
    run = run_of(rnn, steps=700, batch=1, scale=0.1)
    found = contributions(run, lags=650)
    flow = state_sensitivity(run, lags=650, ends=[699]).log_norms[0]
    assert found.log_norms[-1].max() < -1000
    ratio = found.log_norms[:, found.names.index("b")] - flow
    assert np.abs(np.diff(ratio)).max() < 1.0


def test_one_step_alone_is_its_own_contribution():
    found = contributions(run_of(lstm), lags=0, end=0)
    np.testing.assert_allclose(found.log_norms[0], found.log_total, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lags": 3, "sequence": 2}, "sequence 2 of a batch of 2"),
        ({"lags": -1}, "-1 lags"),
        ({"lags": 30}, "cannot hold a lag of 30"),
        ({"lags": 3, "end": 30}, "the end point 30"),
        ({"lags": 3, "cotangent": np.ones(5)}, r"shape \(10,\)"),
        ({"lags": 3, "output": "f"}, "no such state"),
    ],
)
def test_a_bad_request_is_refused(options, words):
    with pytest.raises(FlowError, match=words):
        contributions(run_of(lstm), **options)


@KERNELS
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_the_sum_is_the_sensitivity_of_the_state_to_the_parameters(kernel, scale):
    """d output[T]/dp, one backward pass for each unit; with large weights too, where terms explode."""
    run = run_of(kernel, scale=scale)
    found = contributions(run, lags=29, sequence=1)
    y, last, tape = kernel.forward(run.x[:, 1:], run.params, precise=True)
    gradients = []
    for row in np.eye(run.width)[run.columns(found.output)]:
        parts = np.split(row, np.cumsum(run.sizes)[:-1])
        state = type(last)(*(part[None] for part in parts))
        gradients.append(kernel.backward(np.zeros_like(y), tape, run.params, state).params)
    for number, name in enumerate(found.names):
        norm = np.linalg.norm([getattr(gradient, name) for gradient in gradients])
        wanted = np.log(norm) if norm else -np.inf
        assert found.log_total[number] == wanted or abs(found.log_total[number] - wanted) < 1e-10, name


# -------------------------------------------------------------------------------------------- the map


@KERNELS
@pytest.mark.parametrize("memory", [2**26, 5000])
def test_a_row_of_the_map_is_the_profile_of_that_end_point(kernel, memory, monkeypatch):
    monkeypatch.setattr(trajectory, "MEMORY", memory)
    run = run_of(kernel)
    found = time_map(run, first=8, last=20, sequence=1)
    assert np.isnan(found.log_norms[np.triu_indices(12, 1)]).all()
    for row in range(1, 12):
        profile = input_sensitivity(run, lags=row, ends=[8 + row])
        np.testing.assert_allclose(found.log_norms[row, : row + 1][::-1], profile.log_norms[1], rtol=0, atol=1e-12)


def test_a_map_between_states_is_zero_where_nothing_flows():
    """At one and the same step h does not depend on c[t] as a state of its own: ds[t]/ds[t] is the identity."""
    found = time_map(run_of(lstm), last=5, output="h", source="c")
    assert np.isneginf(np.diag(found.log_norms)).all()
    assert np.isfinite(found.log_norms[np.tril_indices(5, -1)]).all()


@pytest.mark.parametrize("options", [{"first": 5, "last": 5}, {"last": 31}, {"sequence": 2}, {"first": -1}])
def test_steps_outside_the_run_are_refused(options):
    with pytest.raises(FlowError, match=r"time map|sequence 2"):
        time_map(run_of(lstm), **options)


# ------------------------------------------------------------------------------------------ single units


@KERNELS
def test_the_units_together_are_the_whole(kernel):
    """The square of a Frobenius norm is the sum of those of its rows."""
    run = run_of(kernel)
    units = unit_sensitivity(run, lags=9, ends=4)
    whole = input_sensitivity(run, lags=9, ends=4)
    together = 0.5 * np.logaddexp.reduce(2 * units.log_norms, axis=2)
    np.testing.assert_allclose(together, whole.log_norms, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(units.ends, whole.ends)


def test_a_unit_far_below_its_neighbour_is_exact_too():
    """h_i[t] = u_i h_i[t-1] + x: unit i decays as u_i^lag, from 1 to 10^-900 side by side; a unit at 0 is cut off."""
    from lstm_sym import build, parse

    kernel = build(parse("h[t] = u * h[t-1] + W @ x[t]"))
    params = kernel.Params(u=np.array([1.0, 0.5, 1e-3, 0.0]), W=np.ones((4, 1)))
    run = record(kernel, params, np.random.default_rng(0).standard_normal((310, 1)))
    found = unit_sensitivity(run, lags=300, ends=1).log_norms[0]
    lags = np.arange(301)[:, None]
    assert found[300, 2] < np.log(10) * -899
    np.testing.assert_allclose(found[:, :3], lags * np.log(params.u[:3]), rtol=1e-13, atol=1e-12)
    assert found[0, 3] == 0 and np.isneginf(found[1:, 3]).all()
    lives = unit_sensitivity(run, lags=300, ends=1).half_lives()
    np.testing.assert_allclose(lives[:3], [np.inf, 1.0, np.log(2) / np.log(1e3)], rtol=1e-12)
    assert np.isnan(lives[3])


def test_a_dead_end_point_leaves_the_medians_of_the_units_that_live_elsewhere():
    """Unit 0 is dead at one end point, unit 1 at all, unit 2 is cut off from lag 2 on at one, unit 3 at most."""
    logs = np.zeros((3, 3, 4)) - np.arange(3.0)[:, None] * np.log(2.0)
    logs[0, :, 0] = logs[:, :, 1] = logs[0, 2, 2] = logs[:2, 2, 3] = -np.inf
    units = UnitProfiles("model", "h", logs, np.zeros((3, 2), np.int64))
    line = -np.arange(3.0) * np.log(2.0)
    cut = [*line[:2], -np.inf]
    np.testing.assert_allclose(units.median().T, [line, [np.nan] * 3, line, cut], rtol=1e-15)
    np.testing.assert_allclose(units.half_lives(), [1.0, np.nan, 1.0, np.nan], rtol=1e-14)
