"""A readout or a loss of one's own in the place of the output: against complex steps, and one measure by another."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_sym import flow
from lstm_sym.flow.runs import trajectory
from lstm_sym.kernels import henon, lstm, lstm_output, rnn

T, B, D, H, M = 20, 2, 3, 4, 2
RNG = np.random.default_rng(0)
X, V, BIAS = RNG.standard_normal((T, B, D)), RNG.standard_normal((M, H)), RNG.standard_normal(M)
WIDE = RNG.standard_normal((M, 2 * H))
PARAMS = lstm.init(D, H, rng=np.random.default_rng(1))
ENDS = [17, 9, 19]


def run_of(kernel=lstm, params=PARAMS, x=X):
    return flow.record(kernel, params, x)


def logits(state):
    return np.tanh(state.h @ V.T + BIAS)


def slopes(state):
    """The rows of d logits / d h, (B, M, H)."""
    return (1 - logits(state) ** 2)[..., None] * V


def by_complex_step(read, end, lag):
    """ln ||d read(state[end]) / d x[end - lag]|| of each sequence, one complex step for each input."""
    columns = []
    for channel in range(D):
        x = X[: end + 1].astype(complex)
        x[end - lag, :, channel] += 1e-30j
        columns.append(read(lstm.forward(x, PARAMS, precise=True)[1]).imag / 1e-30)
    return np.log(np.linalg.norm(np.stack(columns, axis=-1), axis=(1, 2)))


def expected(read, lags, ends=ENDS):
    """(n B, lags + 1), the sequences one after the other."""
    found = [[by_complex_step(read, end, lag) for lag in range(lags + 1)] for end in ends]
    return np.array(found).transpose(2, 0, 1).reshape(-1, lags + 1)


def gap(found, wanted):
    return np.abs(found - wanted).max()


# ---------------------------------------------------------------------------------- what is measured


def test_a_matrix_reads_the_output_or_all_states():
    of_h = flow.input_sensitivity(run_of(), lags=6, ends=ENDS, readout=V)
    assert gap(of_h.log_norms, expected(lambda s: s.h @ V.T, 6)) < 1e-12
    both = flow.input_sensitivity(run_of(), lags=6, ends=ENDS, readout=WIDE)
    assert gap(both.log_norms, expected(lambda s: np.concatenate((s.h, s.c), axis=1) @ WIDE.T, 6)) < 1e-12
    of_c = flow.input_sensitivity(run_of(), lags=6, ends=ENDS, output="c", readout=V)
    assert gap(of_c.log_norms, expected(lambda s: s.c @ V.T, 6)) < 1e-12
    assert (of_h.output, of_h.source) == ("readout", "x")


@pytest.mark.parametrize("memory", [2**26, 2000])
def test_a_readout_that_is_not_linear_is_a_function_of_the_state(memory, monkeypatch):
    """Its rows are asked for at the state after each end point, whatever segment that lies in."""
    monkeypatch.setattr(trajectory, "MEMORY", memory)
    run = run_of()
    assert len(run.starts) == (1 if memory > 2000 else 10)
    found = flow.input_sensitivity(run, lags=6, ends=ENDS, readout=slopes)
    assert gap(found.log_norms, expected(logits, 6)) < 1e-12
    before = flow.input_sensitivity(run_of(x=X[:-1]), lags=6, ends=[17, 9, 18], readout=slopes)
    assert gap(found.log_norms[[0, 1, 3, 4]], before.log_norms[[0, 1, 3, 4]]) < 1e-13


def test_rows_of_every_end_point_and_sequence():
    points = [run_of().states_before(np.array([end + 1]))[0] for end in ENDS]
    rows = np.stack([slopes(state) for state in points])
    given = flow.input_sensitivity(run_of(), lags=6, ends=ENDS, readout=rows)
    assert gap(given.log_norms, expected(logits, 6)) < 1e-12
    first = flow.input_sensitivity(run_of(x=X[:, :1]), lags=6, ends=ENDS, readout=rows[:, 0])
    assert gap(first.log_norms, given.log_norms[:3]) < 1e-13


def test_a_loss_has_a_cotangent():
    """||dL/dx[T - lag]|| is that of the kernel's own backward pass."""
    dy = np.random.default_rng(4).standard_normal((3, B, H))
    found = flow.input_sensitivity(run_of(), lags=9, ends=ENDS, cotangent=dy)
    assert found.output == "loss"
    for place, end in enumerate(ENDS):
        y, _, tape = lstm.forward(X[: end + 1], PARAMS, precise=True)
        cotangent = np.zeros_like(y)
        cotangent[-1] = dy[place]
        dx = np.linalg.norm(lstm.backward(cotangent, tape, PARAMS).x, axis=2)[::-1][:10]
        assert gap(found.log_norms[place :: len(ENDS)], np.log(dx.T)) < 1e-12
    one = flow.input_sensitivity(run_of(), lags=9, ends=ENDS, readout=dy[0, 0])
    assert gap(one.log_norms[:1], found.log_norms[:1]) < 1e-13
    for alike in (dy[0, 0], np.tile(dy[0, 0], (3, 1))):
        assert gap(flow.input_sensitivity(run_of(), lags=9, ends=ENDS, cotangent=alike).log_norms, one.log_norms) == 0
    every = flow.time_map(run_of(), first=8, sequence=1, cotangent=np.tile(dy[2, 1], (T - 8, 1)))
    assert every.output == "loss" and gap(every.log_norms[11, 2:][::-1], found.log_norms[5]) < 1e-13


def test_a_loss_reads_what_is_read_out():
    dz = np.random.default_rng(4).standard_normal((3, B, M))
    found = flow.input_sensitivity(run_of(), lags=9, ends=ENDS, readout=slopes, cotangent=dz)
    states = [run_of().states_before(np.array([end + 1]))[0] for end in ENDS]
    dy = np.einsum("ebm,ebmn->ebn", dz, np.stack([slopes(state) for state in states]))
    assert gap(found.log_norms, flow.input_sensitivity(run_of(), lags=9, ends=ENDS, cotangent=dy).log_norms) < 1e-13
    wide = flow.state_sensitivity(run_of(), lags=5, ends=ENDS, cotangent=WIDE[0], source="c")
    assert (
        gap(wide.log_norms, flow.state_sensitivity(run_of(), lags=5, ends=ENDS, readout=WIDE[0], source="c").log_norms)
        == 0
    )
    read = flow.state_sensitivity(run_of(), lags=5, ends=ENDS, readout=WIDE, cotangent=[1.0, -1.0], source="c")
    alone = flow.state_sensitivity(run_of(), lags=5, ends=ENDS, cotangent=WIDE[0] - WIDE[1], source="c")
    assert gap(read.log_norms, alone.log_norms) < 1e-13 and read.output == "loss"


def test_the_state_may_be_the_source():
    found = flow.state_sensitivity(run_of(), lags=5, ends=[19], readout=WIDE, source="c").log_norms
    jacobians = np.stack(list(run_of().jacobians()))
    for sequence in range(B):
        product = WIDE
        for lag in range(6):
            assert abs(found[sequence, lag] - np.log(np.linalg.norm(product[:, H:]))) < 1e-12
            product = product @ jacobians[19 - lag, sequence]


def test_a_cell_whose_output_is_no_state_is_read_over_all_states():
    params = lstm_output.init(D, H, K=3)
    run = flow.record(lstm_output, params, X)
    found = flow.input_sensitivity(run, lags=4, ends=2, readout=np.eye(2 * H)[:H])
    assert gap(found.log_norms, flow.input_sensitivity(run, lags=4, ends=2, output="h").log_norms) < 1e-14
    with pytest.raises(flow.FlowError, match="N = 8"):
        flow.input_sensitivity(run, lags=4, ends=2, readout=V)


# --------------------------------------------------------------------------------- by every measure


def test_each_row_is_a_unit():
    units = flow.unit_sensitivity(run_of(), lags=6, ends=ENDS, readout=slopes)
    assert (units.output, units.log_norms.shape) == ("readout", (6, 7, M))
    whole = flow.input_sensitivity(run_of(), lags=6, ends=ENDS, readout=slopes)
    assert gap(np.logaddexp.reduce(2 * units.log_norms, axis=2) / 2, whole.log_norms) < 1e-13


@pytest.mark.parametrize("readout", [V, slopes], ids=["linear", "not linear"])
def test_a_row_of_the_map_is_the_profile_of_its_end_point(readout):
    found = flow.time_map(run_of(), first=5, last=12, sequence=1, readout=readout)
    assert found.output == "readout"
    for row in range(1, 7):
        profile = flow.input_sensitivity(run_of(), lags=row, ends=[5 + row], readout=readout)
        assert gap(found.log_norms[row, : row + 1][::-1], profile.log_norms[1]) < 1e-12


def test_what_steps_contribute_to_the_gradient_of_the_parameters():
    found = flow.contributions(run_of(), lags=T - 1, sequence=1, readout=slopes)
    y, last, tape = lstm.forward(X[:, 1:], PARAMS, precise=True)
    rows = slopes(last)[0]
    grads = []
    for row in rows:
        dy = np.zeros_like(y)
        dy[-1] = row
        grads.append(lstm.backward(dy, tape, PARAMS).params)
    for number, name in enumerate(found.names):
        wanted = np.log(np.linalg.norm([getattr(grad, name) for grad in grads]))
        assert abs(found.log_total[number] - wanted) < 1e-12, name


def test_a_loss_that_reads_the_readout():
    """Gradients dz of z = V h are dz V of h."""
    dz = np.random.default_rng(5).standard_normal((3, B, M))
    how = {"lags": 6, "ends": ENDS}
    read = flow.signal_to_noise(run_of(), readout=V, cotangent=dz, **how)
    whole = flow.signal_to_noise(run_of(), cotangent=dz @ V, **how)
    assert gap(read.log_mean, whole.log_mean) < 1e-12 and gap(read.log_noise, whole.log_noise) < 1e-12
    alike = flow.signal_to_noise(run_of(), readout=V, **how)
    assert gap(alike.log_mean, flow.signal_to_noise(run_of(), cotangent=V.sum(axis=0), **how).log_mean) < 1e-12


def test_models_with_a_readout_are_run_and_surveyed():
    x = np.random.default_rng(6).standard_normal((80, 1, D))
    model = flow.Model("lstm", lstm, params=PARAMS, readout=slopes)
    [profile] = flow.run([model], x, lags=10, ends=5)
    wanted = flow.input_sensitivity(flow.record(lstm, PARAMS, x), lags=10, ends=5, readout=slopes)
    assert profile.output == "readout" and gap(profile.log_norms, wanted.log_norms) == 0
    assert flow.memory_card(profile).half_life.value == wanted.half_life()
    [found] = flow.survey([model], x, lags=10, ends=5)
    assert found.map.output == "readout" and found.profile.output == "readout" and not found.left_out
    [alone] = flow.run([flow.Model("map", henon, readout=np.ones(2))], np.ones((60, 1)), hidden=2, lags=5, ends=3)
    assert (alone.output, alone.source) == ("readout", "state")


# ------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("readout", "words"),
    [
        (V.T, r"shape \(4, 2\)"),
        (V.T, r"give \(N,\), \(M, N\), \(3, M, N\) or \(3, 2, M, N\), N = 4 or 8"),
        (np.ones((2, M, H)), r"shape \(2, 2, 4\)"),
        (np.ones((3, 1, M, H)), r"shape \(3, 1, 2, 4\)"),
        (np.ones((0, H)), r"shape \(0, 4\)"),
        (np.float64(1), r"shape \(\)"),
        (np.full((M, H), np.nan), "the value nan"),
        (np.full((M, H), "a"), "readout: values of dtype <U1"),
        (np.ma.masked_greater(V, 0), "masked"),
        (logits, r"shape \(3, 2, 2, 2\)"),
        (lambda state: state.h[..., None, None], r"readout\(state\): arrays of shape \(2, 4, 1, 1\)"),
        (lambda state: np.ones((3, M, H)), r"give the rows of its derivative, \(M, N\) or, for each sequence, \(2, M"),
        (lambda state: np.full(H, np.inf), r"readout\(state\): the value inf"),
    ],
)
def test_a_readout_of_another_shape_is_refused(readout, words):
    for measure in (flow.input_sensitivity, flow.unit_sensitivity):
        with pytest.raises(flow.FlowError, match=words):
            measure(run_of(), lags=6, ends=ENDS, readout=readout)


@pytest.mark.parametrize(
    "cotangent", [np.ones(3), np.ones((2, H)), np.ones((3, 1, H)), np.full(H, np.nan), np.ones(2 * H)]
)
def test_a_cotangent_of_another_shape_is_refused(cotangent):
    for measure in (flow.input_sensitivity, flow.signal_to_noise):
        with pytest.raises(flow.FlowError, match=r"cotangent: (an array of shape|the value nan)"):
            measure(run_of(), lags=6, ends=ENDS, cotangent=cotangent)


def test_a_cotangent_and_a_readout_are_two_things():
    with pytest.raises(flow.FlowError, match="two things to look at"):
        flow.contributions(run_of(), lags=3, readout=V, cotangent=np.ones(2 * H))


def test_a_readout_that_sees_nothing_is_refused_by_profiles():
    params = rnn.init(D, H)
    with pytest.raises(flow.FlowError, match=r"d readout\[19\] / d x\[19\] is exactly 0"):
        flow.input_sensitivity(flow.record(rnn, params, X), lags=3, ends=[19], readout=np.zeros(H))
