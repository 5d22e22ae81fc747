"""Which way the flow takes: the cell path and the others, shares that sum to 1, gates that are cut off."""

import numpy as np
import pytest

from lstm_sym.flow import FlowError, record, state_sensitivity
from lstm_sym.flow.attribution.gates import gate_values, log_gates
from lstm_sym.flow.attribution.pathways import Paths, carried_state, paths
from lstm_sym.flow.attribution.shares import gate_shares
from lstm_sym.kernels import antisymmetric_rnn, gru, indrnn, lstm, lstm_peephole, rnn

KERNELS = pytest.mark.parametrize("kernel", [rnn, lstm, lstm_peephole, gru], ids=lambda kernel: kernel.__name__)


def trajectory(kernel, steps=40, hidden=6, batch=2, **fill):
    x = np.random.default_rng(3).standard_normal((steps, batch, 3))
    return record(kernel, kernel.init(3, hidden, **fill), x)


def matrices(run, sequence=0):
    """The step Jacobians and their parts as plain arrays."""
    blocks = list(run.blocks())
    parts = {name: np.concatenate([b.parts[name][:, sequence] for b in blocks]) for name in blocks[0].parts}
    return np.concatenate([b.state[:, sequence] for b in blocks]), parts


def product(jacobians):
    whole = np.eye(jacobians.shape[-1])
    for jacobian in jacobians:
        whole = jacobian @ whole
    return whole


# ---------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize("bias", [-3.0, 0.0, 3.0])
def test_without_recurrent_weights_the_cell_path_is_all_and_is_the_product_of_forget_gates(bias):
    """U = 0: dc[T]/dc[t] = diag(prod f), exactly, and so is the direct path."""
    params = lstm.init(3, 6, b_f=bias)
    params = params._replace(**{name: np.zeros((6, 6)) for name in ("U_i", "U_f", "U_g", "U_o")})
    run = record(lstm, params, np.random.default_rng(3).standard_normal((400, 2, 3)))
    found = paths(run, lags=300, ends=2)
    log_f = log_gates(run)["f"]
    for row, (end, sequence) in enumerate(found.ends):
        after = log_f[end - 299 : end + 1, sequence][::-1].cumsum(axis=0)
        wanted = np.concatenate([[0.5 * np.log(6)], 0.5 * np.logaddexp.reduce(2 * after, axis=1)])
        np.testing.assert_allclose(found.direct[row], wanted, rtol=1e-13)
        np.testing.assert_allclose(found.total[row], wanted, rtol=1e-13)
    assert np.isneginf(found.round).all()
    np.testing.assert_array_equal(found.direct_share, 1.0)


@KERNELS
def test_all_paths_together_are_the_sensitivity_of_the_state(kernel):
    run = trajectory(kernel)
    found = paths(run, lags=12, ends=3)
    whole = state_sensitivity(run, lags=12, ends=3, output=found.state, source=found.state)
    np.testing.assert_allclose(found.total, whole.log_norms, rtol=0, atol=1e-13)


@KERNELS
def test_the_other_paths_are_the_difference_of_the_products(kernel):
    run = trajectory(kernel)
    found = paths(run, lags=6, ends=[20])
    own = run.columns(found.state)
    jacobians, parts = matrices(run)
    direct = np.zeros_like(jacobians)
    direct[:, own, own] = parts[found.state][:, own, own]
    for lag in range(7):
        steps = slice(21 - lag, 21)
        rest = (product(jacobians[steps]) - product(direct[steps]))[own, own]
        norm = np.linalg.norm(rest)
        if norm < 1e-12:
            assert found.round[0, lag] < np.log(1e-12)
        else:
            assert abs(found.round[0, lag] - np.log(norm)) < 1e-9
        assert abs(found.direct[0, lag] - np.log(np.linalg.norm(product(direct[steps])[own, own]))) < 1e-12


def test_end_points_without_any_flow_are_left_out_of_the_direct_share():
    """At one end point both paths are 0 from lag 1 on, at lag 3 at every one: no warning, and NaN there alone."""
    direct = np.array([[0.0, -np.inf, -np.inf, -np.inf], [0.0, -1.0, -np.inf, -np.inf], [0.0, -2.0, -3.0, -np.inf]])
    rest = np.array([[-np.inf] * 4, [-np.inf, -1.0, -9.0, -np.inf], [-np.inf, -2.0, -3.0, -np.inf]])
    split = Paths("model", "c", np.zeros((3, 2), np.int64), np.logaddexp(direct, rest), direct, rest)
    np.testing.assert_allclose(split.direct_share, [1.0, 0.5, 0.25, np.nan], rtol=1e-15)


def test_the_state_that_is_carried_on_is_found():
    assert [carried_state(trajectory(k)) for k in (lstm, lstm_peephole, gru, indrnn, rnn)] == ["c", "c", "h", "h", "h"]


def test_far_below_float64_the_split_is_exact_too():
    """The direct path of a gate that is closed: prod f = e^-5000 and less, the others as small."""
    run = trajectory(lstm, steps=600, b_f=-20.0)
    found = paths(run, lags=500, ends=1, state="c")
    end = found.ends[0, 0]
    log_f = log_gates(run)["f"][end - 499 : end + 1, 0]
    wanted = 0.5 * np.logaddexp.reduce(2 * log_f.sum(axis=0))
    assert found.direct[0, 500] < -5000
    assert abs(found.direct[0, 500] - wanted) < 1e-9
    assert np.isfinite(found.round[0, 2:]).all()


def test_a_state_that_its_own_equation_does_not_read_is_refused():
    with pytest.raises(FlowError, match="equations that read a state are i, f, g, o, c"):
        paths(trajectory(lstm), lags=3, ends=1, state="h")


# ------------------------------------------------------------------------------------- gates cut off


def test_the_flow_through_some_equations_is_the_product_of_their_parts():
    """A frozen gate keeps the values it had and listens to the state no more: its part is left out."""
    run = trajectory(lstm)
    jacobians, parts = matrices(run)
    kept = [name for name in parts if name != "f"]
    found = state_sensitivity(run, lags=8, ends=[30], through=kept)
    for lag in range(9):
        whole = product((jacobians - parts["f"])[31 - lag : 31])
        assert abs(found.log_norms[0, lag] - np.log(np.linalg.norm(whole))) < 1e-12
    everything = state_sensitivity(run, lags=8, ends=[30], through=list(parts))
    np.testing.assert_allclose(
        everything.log_norms, state_sensitivity(run, lags=8, ends=[30]).log_norms, rtol=0, atol=1e-13
    )


def test_a_frozen_gate_is_the_derivative_of_a_cell_whose_gate_reads_nothing():
    """A second way: with U_f = 0 and the same gate values forced by the input, the LSTM's own Jacobian is that."""
    run = trajectory(lstm, steps=3, batch=1)
    kept = [name for name in ("i", "g", "o", "c")]
    block = next(iter(run.blocks()))
    frozen = run.params._replace(U_f=np.zeros((6, 6)))
    np.testing.assert_allclose(block.through(kept), lstm.jacobian(block.tape, frozen, block.inside), rtol=0, atol=1e-15)


@pytest.mark.parametrize("names", [["z"], "f", ["f", "tanh_c"]])
def test_a_name_of_no_equation_is_refused(names):
    with pytest.raises(FlowError, match="the equations that read a state are i, f, g, o, c"):
        state_sensitivity(trajectory(lstm), lags=3, through=names)


# --------------------------------------------------------------------------------------------- shares


@KERNELS
@pytest.mark.parametrize("given", ["nothing", "cotangent", "tangent", "both"])
def test_shares_sum_to_one_at_every_step_and_the_flow_is_the_same(kernel, given):
    run = trajectory(kernel)
    rng, jacobians = np.random.default_rng(5), matrices(run)[0][10:31]
    u, v = rng.standard_normal((2, run.width))
    chosen = {"nothing": {}, "cotangent": {"cotangent": u}, "tangent": {"tangent": v}}
    options = chosen.get(given, {"cotangent": u, "tangent": v})
    found = gate_shares(run, first=10, last=30, **options)
    assert np.abs(found.values.sum(axis=1) - 1).max() < 1e-12
    whole = product(jacobians)
    wanted = {
        "nothing": np.linalg.norm(whole, 2),
        "cotangent": np.linalg.norm(u @ whole) / np.linalg.norm(u),
        "tangent": np.linalg.norm(whole @ v) / np.linalg.norm(v),
        "both": abs(u @ whole @ v) / np.linalg.norm(u) / np.linalg.norm(v),
    }
    assert abs(found.log_flow - np.log(wanted[given])) < 1e-10


def test_a_share_is_what_the_flow_loses_without_that_part():
    """share_k[t] = 1 - u' J..(J[t] - J_k[t])..J v / u' J..J v: the part is left out at one step alone."""
    run = trajectory(lstm)
    u, v = np.random.default_rng(5).standard_normal((2, run.width))
    jacobians, parts = matrices(run)
    found = gate_shares(run, first=10, last=20, cotangent=u, tangent=v)
    whole = u @ product(jacobians[10:21]) @ v
    for number, name in enumerate(found.names):
        without = jacobians.copy()
        without[15] -= parts[name][15]
        lost = 1 - (u @ product(without[10:21]) @ v) / whole
        assert abs(found.values[5, number] - lost) < 1e-10


@pytest.mark.parametrize(
    ("kernel", "fill"),
    [(lstm, {"b_f": 8.0}), (antisymmetric_rnn, {}), (lstm, {"b_f": 1.0})],
    ids=lambda v: str(v)[-20:],
)
def test_the_leading_pair_is_that_of_the_explicit_product(kernel, fill):
    """Open gates and antisymmetric weights keep many directions nearly equally: sigma_2 is a hair below sigma_1."""
    run = trajectory(kernel, hidden=8, **fill)
    jacobians, parts = (matrices(run)[0][10:40], {k: v[10:40] for k, v in matrices(run)[1].items()})
    left, values, right = np.linalg.svd(product(jacobians))
    found = gate_shares(run, first=10, last=39)
    assert found.log_flow == pytest.approx(np.log(values[0]), abs=1e-13)
    assert found.gap == pytest.approx(np.log(values[0] / values[1]), rel=1e-8)
    for step in range(30):
        after, before = left[:, 0] @ product(jacobians[step + 1 :]), product(jacobians[:step]) @ right[0]
        wanted = [after @ parts[name][step] @ before / values[0] for name in found.names]
        np.testing.assert_allclose(found.values[step], wanted, rtol=0, atol=1e-9)


def test_the_gap_is_that_of_the_leading_pair_alone_and_ends_at_twenty_nats():
    run = trajectory(lstm, steps=600, b_f=-3.0)
    assert gate_shares(run, first=1, last=599).gap == pytest.approx(20.0, abs=1e-12)
    assert gate_shares(run, first=1, last=9, tangent=np.ones(12)).gap is None


def test_an_open_forget_gate_takes_nearly_all():
    shares = gate_shares(trajectory(lstm, b_f=8.0, b_i=-8.0), first=5, last=35).mean()
    assert shares["c"] > 0.99
    assert abs(sum(shares.values()) - 1) < 1e-12


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"first": 5, "last": 40}, "0 <= first <= last <= 39"),
        ({"first": 5, "last": 8, "sequence": 2}, "sequence 2"),
        ({"first": 5, "last": 8, "cotangent": np.ones(6)}, r"shape \(12,\)"),
        ({"first": 5, "last": 8, "tangent": np.zeros(12)}, "zero or not finite"),
    ],
)
def test_a_bad_request_is_refused(options, words):
    with pytest.raises(FlowError, match=words):
        gate_shares(trajectory(lstm), **options)


def test_a_flow_that_is_cut_off_is_refused():
    params = rnn.init(3, 4)
    run = record(rnn, params._replace(U=np.zeros((4, 4))), np.random.default_rng(0).standard_normal((20, 3)))
    with pytest.raises(FlowError, match="exactly 0"):
        gate_shares(run, first=5, last=10)


# ---------------------------------------------------------------------------------------------- gates


def test_gates_are_those_of_the_equations():
    run = trajectory(gru)
    x, params = run.x, run.params
    h = np.zeros((2, 6))
    found = gate_values(run)
    for t in range(5):
        z = 1 / (1 + np.exp(-(x[t] @ params.W_z.T + h @ params.U_z.T + params.b_z)))
        np.testing.assert_allclose(found["z"][t], z, rtol=1e-14)
        h, _ = gru.step(x[t], gru.State(h), params)
    assert set(found) == {"r", "z"} and found["r"].shape == (40, 2, 6)


def test_a_cell_without_gates_is_refused():
    with pytest.raises(FlowError, match="this cell has no gate"):
        gate_values(trajectory(rnn))
