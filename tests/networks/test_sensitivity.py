"""What a whole network feels on both sides: products of Jacobians, complex steps, backward, and flow where all runs
forward."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.check.result import relative_error
from lstm_sym.networks import (
    CellLayer,
    Dropout,
    Embedding,
    Layer,
    Network,
    NetworkError,
    Pooling,
    Recurrence,
    dense,
    sensitivity,
    sensitivity_map,
)
from lstm_sym.networks.layer import Passed
from lstm_sym.networks.pooling import POOLS
from lstm_sym.through_time import bidirectional

T, B, D = 7, 3, 2
LENGTHS = [7, 4, 6]
X = np.random.default_rng(0).standard_normal((T, B, D))


def both(name, cell="lstm", size=3, **how):
    return CellLayer(name, ls.cell(cell), size, direction="both", **how)


NETWORKS = {
    "stacked": Network((both("low"), both("high", "gru")), D),
    "joined": Network((both("low", join="sum"), dense("mid", 3, "tanh"), both("high", "rnn", join="mean")), D),
    "a readout": Network((both("low"), Dropout("drop", 0.5), both("high", "gru"), dense("out", 2, "sigmoid")), D),
    "backward": Network((CellLayer("low", ls.cell("sru"), 2, direction="backward"), dense("out", 2)), D),
    "outputs that are no states": Network((both("low", "lstm_output", sizes={"K": 2}), both("high", "qrnn")), D),
}
POOLED = {over: Network((both("low"), Pooling("pool", over), dense("out", 2, "tanh")), D) for over in POOLS}


def by_backward(network, params, x, end, sequence, length):
    """d y[end] / d x[t] of one sequence by one-hot cotangents, (M, T, D)."""
    y, _, tape = network.forward(x[:length, sequence : sequence + 1], params, precise=True)
    rows = []
    for unit in range(y.shape[-1]):
        dy = np.zeros_like(y)
        dy[(0, unit) if network.pools else (end, 0, unit)] = 1
        rows.append(network.backward(dy, tape, params).x[:, 0])
    return np.stack(rows)


def by_complex_step(network, params, x, end):
    """||d y[end] / d x[t]|| of sequence 0, for every t."""
    found = []
    for t in range(len(x)):
        columns = []
        for channel in range(D):
            moved = x.astype(complex)
            moved[t, 0, channel] += 1e-30j
            columns.append(network.forward(moved, params, precise=True)[0][end, 0].imag / 1e-30)
        found.append(np.linalg.norm(columns))
    return np.array(found)


# ---------------------------------------------------------------------------------------- what it is


def test_both_directions_are_the_products_of_their_jacobians():
    """Of an LSTM in both directions and a sigmoid readout: V_ahead J J .. B before the end point, V_back .. after."""
    network = Network((both("lstm"), dense("out", 2, "sigmoid")), D)
    params = network.init(1)
    kernel = network.layers[0].kernel
    own = [
        kernel.Params(**{k[len(w) :]: v for k, v in params.items() if k.startswith(w)})
        for w in ("lstm.ahead.", "lstm.back.")
    ]
    y, _, _ = bidirectional.forward(kernel, X[:, :1], tuple(own), precise=True)
    end = 3
    logits = y[end, 0] @ params["out.V"].T + params["out.b"]
    p = 1 / (1 + np.exp(-logits))
    rows = (p * (1 - p))[:, None] * params["out.V"]  # (2, 6)
    expected = np.zeros((2, T, D))
    for way, (part, steps) in enumerate(((rows[:, :3], range(end, -1, -1)), (rows[:, 3:], range(end, T)))):
        order = np.arange(T) if way == 0 else np.arange(T)[::-1]
        _, _, own_tape = kernel.forward(X[order, :1], own[way], precise=True)
        product = np.concatenate((part, np.zeros((2, 3))), axis=1)
        for t in steps:
            place = int(np.flatnonzero(order == t)[0])
            expected[:, t] += product @ kernel.input_jacobian(own_tape, own[way], place)[0]
            product = product @ kernel.jacobian(own_tape, own[way], place)[0]
    found = sensitivity_map(network, params, X[:, :1], ends=[end])
    assert relative_error(np.exp(found.log_norms[0]), np.linalg.norm(expected, axis=(0, 2))) <= 1e-12
    assert (found.output, found.ends.tolist()) == ("out.y", [[end, 0]])


@pytest.mark.parametrize("name", NETWORKS)
def test_stacked_directions_are_complex_steps(name):
    network = NETWORKS[name]
    params = network.init(2)
    found = sensitivity_map(network, params, X, ends=[0, 3, -1])
    for row, end in zip(found.log_norms[:3], (0, 3, 6), strict=True):
        assert relative_error(np.exp(row), by_complex_step(network, params, X, end)) <= 1e-12


@pytest.mark.parametrize("name", [*NETWORKS, *POOLED])
def test_every_end_point_of_every_sequence_is_backward(name):
    network = (NETWORKS | POOLED)[name]
    params = network.init(2)
    found = sensitivity_map(network, params, X, lengths=LENGTHS)
    assert len(found.ends) == (B if network.pools else sum(LENGTHS))
    for row, (end, sequence) in zip(found.log_norms, found.ends, strict=True):
        length = LENGTHS[sequence]
        wanted = np.linalg.norm(by_backward(network, params, X, end, sequence, length), axis=(0, 2))
        assert relative_error(np.exp(row[:length]), wanted) <= 1e-12
        assert np.isnan(row[length:]).all()


def test_what_is_0_is_so_exactly():
    """A network that runs forward feels nothing of later steps; the maximum feels no other step."""
    forward = Network((CellLayer("low", ls.cell("gru"), 3), dense("out", 1)), D)
    logs = sensitivity_map(forward, forward.init(1), X[:, :1]).log_norms
    assert np.isneginf(logs[np.triu_indices(T, 1)]).all() and np.isfinite(logs[np.tril_indices(T)]).all()
    network = Network((dense("in", 1, "tanh"), Pooling("pool", "max")), D)
    assert np.isfinite(sensitivity_map(network, network.init(1), X[:, :1]).log_norms).sum() == 1


def test_words_are_measured_by_their_vectors():
    above = (both("low"), dense("out", 2))
    network = Network((Embedding("words", 5, 3), *above))
    params = network.init(3)
    words = np.random.default_rng(1).integers(0, 5, (T, B))
    found = sensitivity_map(network, params, words, lengths=LENGTHS)
    alone = Network(above, 3)
    own = {name: value for name, value in params.items() if not name.startswith("words.")}
    wanted = sensitivity_map(alone, own, params["words.E"][words], lengths=LENGTHS)
    np.testing.assert_array_equal(found.log_norms, wanted.log_norms)
    np.testing.assert_array_equal(
        sensitivity_map(network, params, params["words.E"][words], lengths=LENGTHS).ends, found.ends
    )


def test_where_float64_ends_logarithms_go_on():
    """Small weights over 400 steps: backward gives 0 from some 1e-308 on, and flow says what a map says forward."""
    x = np.random.default_rng(5).standard_normal((400, 1, D))
    forward = Network((CellLayer("low", ls.cell("rnn"), 3), CellLayer("high", ls.cell("gru"), 3)), D)
    params = {name: 0.1 * value for name, value in forward.init(1).items()}
    [logs] = sensitivity_map(forward, params, x, ends=[-1]).log_norms
    kernel = Recurrence(forward)
    wanted = flow.input_sensitivity(flow.record(kernel, kernel.Params(**params), x), lags=399, ends=[399])
    assert np.abs(logs[::-1] - wanted.log_norms[0]).max() < 1e-10
    ways = Network((both("low", "rnn"), both("high", "rnn")), D)
    params = {name: 0.1 * value for name, value in ways.init(1).items()}
    [logs] = sensitivity_map(ways, params, x, ends=[200]).log_norms
    assert logs.min() < np.log(1e-200) and np.isfinite(logs).all()
    back = np.linalg.norm(by_backward(ways, params, x, 200, 0, 400), axis=(0, 2))
    seen = back > 1e-150
    assert np.abs(logs[seen] - np.log(back[seen])).max() < 1e-10
    params = {name: value * (0.01 if ".U" in name else 1) for name, value in params.items()}
    [logs] = sensitivity_map(ways, params, x, ends=[200]).log_norms
    assert np.isfinite(logs).all() and logs.min() < -900
    assert (by_backward(ways, params, x, 200, 0, 400)[:, 0] == 0).all()


# ----------------------------------------------------------------------------------- what is asked for

NETWORK = NETWORKS["a readout"]
PARAMS = NETWORK.init(2)


def squares(y):
    """The rows of d (y^2) / dy at end points (n, M)."""
    return 2 * y[:, :, None] * np.eye(y.shape[1])


def test_a_readout_of_the_output():
    y, _, _ = NETWORK.forward(X, PARAMS, precise=True)
    rows = by_backward(NETWORK, PARAMS, X, 3, 0, T)
    of = {"ends": [3, 5]}
    for readout, read in (
        ([1.0, -2.0], np.array([[1.0, -2.0]])),
        (np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])),
        (squares, squares(y[3, :1])[0]),
        (lambda y: np.ones(2), np.ones((1, 2))),
        (np.stack([squares(y[3]), squares(y[5])]), squares(y[3, :1])[0]),
    ):
        found = sensitivity_map(NETWORK, PARAMS, X, readout=readout, **of)
        wanted = np.linalg.norm(np.einsum("rm,mtd->rtd", read, rows), axis=(0, 2))
        assert relative_error(np.exp(found.log_norms[0]), wanted) <= 1e-12
        assert found.output == "readout" and len(found.ends) == 2 * B
    spectral = sensitivity_map(NETWORK, PARAMS, X, norm="spectral", ends=[3]).log_norms[0]
    assert relative_error(np.exp(spectral), np.linalg.norm(rows.swapaxes(0, 1), 2, axis=(1, 2))) <= 1e-12


def test_a_loss_has_a_cotangent():
    """||dL/dx[t]|| of L at each end point and sequence is that of backward."""
    dy = np.random.default_rng(7).standard_normal((2, B, 2))
    found = sensitivity_map(NETWORK, PARAMS, X, ends=[3, 5], cotangent=dy)
    assert found.output == "loss"
    for row, (end, sequence) in zip(found.log_norms, found.ends, strict=True):
        rows = by_backward(NETWORK, PARAMS, X, end, sequence, T)
        wanted = np.linalg.norm(np.einsum("m,mtd->td", dy[[3, 5].index(end), sequence], rows), axis=1)
        assert relative_error(np.exp(row), wanted) <= 1e-12
    y, _, _ = NETWORK.forward(X, PARAMS, precise=True)
    read = sensitivity_map(NETWORK, PARAMS, X, ends=[3], readout=squares, cotangent=[1.0, 1.0])
    alone = sensitivity_map(NETWORK, PARAMS, X, ends=[3], cotangent=2 * y[[3]])
    assert np.abs(read.log_norms - alone.log_norms).max() < 1e-13


def test_single_inputs_are_columns_of_the_whole():
    whole = sensitivity_map(NETWORK, PARAMS, X, ends=[3])
    one, other = (sensitivity_map(NETWORK, PARAMS, X, ends=[3], channels=[k]) for k in range(2))
    assert np.abs(np.logaddexp(2 * one.log_norms, 2 * other.log_norms) / 2 - whole.log_norms).max() < 1e-13
    assert (one.source, other.of(0).source, whole.source) == ("x_0", "x_1", "x")
    wanted = np.linalg.norm(by_backward(NETWORK, PARAMS, X, 3, 0, T)[:, :, 1], axis=0)
    assert relative_error(np.exp(other.log_norms[0]), wanted) <= 1e-12


def test_a_pooled_network_is_read_too():
    network = POOLED["mean"]
    params = network.init(2)
    found = sensitivity_map(network, params, X, readout=squares)
    y = network.forward(X, params)[0]
    for sequence in range(B):
        rows = by_backward(network, params, X, 0, sequence, T)
        wanted = np.linalg.norm(np.einsum("rm,mtd->rtd", squares(y[sequence : sequence + 1])[0], rows), axis=(0, 2))
        assert relative_error(np.exp(found.log_norms[sequence]), wanted) <= 1e-12


@pytest.mark.parametrize("memory", [1, 3000])
def test_little_memory_gives_the_same(memory, monkeypatch):
    rows = np.random.default_rng(8).standard_normal((T, B, 3, 2))
    wanted = sensitivity_map(NETWORK, PARAMS, X, lengths=LENGTHS, readout=rows)
    monkeypatch.setattr(sensitivity, "MEMORY", memory)
    monkeypatch.setattr(sensitivity, "JACOBIANS", memory)
    found = sensitivity_map(NETWORK, PARAMS, X, lengths=LENGTHS, readout=rows)
    np.testing.assert_allclose(found.log_norms, wanted.log_norms, rtol=0, atol=1e-12)


def test_a_network_of_float32_is_measured_in_float64():
    narrow = {name: value.astype(np.float32) for name, value in PARAMS.items()}
    wide = {name: value.astype(np.float64) for name, value in narrow.items()}
    x = X.astype(np.float32)
    found, wanted = sensitivity_map(NETWORK, narrow, x), sensitivity_map(NETWORK, wide, x.astype(np.float64))
    np.testing.assert_array_equal(found.log_norms, wanted.log_norms)


def test_end_points_are_spread_over_each_sequence():
    found = sensitivity_map(NETWORK, PARAMS, X, lengths=LENGTHS, ends=2)
    assert found.ends.tolist() == [[0, 0], [6, 0], [0, 1], [3, 1], [0, 2], [5, 2]]
    last = sensitivity_map(NETWORK, PARAMS, X, lengths=LENGTHS, ends=[-1])
    np.testing.assert_allclose(last.log_norms, found.log_norms[1::2], rtol=0, atol=1e-13)


def test_progress_counts_the_sequences():
    calls = []
    sensitivity_map(NETWORK, PARAMS, X, ends=1, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


# -------------------------------------------------------------------------------------- what is drawn


def test_lags_are_signed():
    found = sensitivity_map(NETWORK, PARAMS, X, lengths=LENGTHS, ends=[1, 3])
    lags, logs = found.by_lag()
    assert lags.tolist() == list(range(-5, 4)) and logs.shape == (6, 9)
    for row, (end, sequence) in enumerate(found.ends):
        for lag, value in zip(lags, logs[row], strict=True):
            t = end - lag
            inside = 0 <= t < LENGTHS[sequence]
            assert np.isnan(value) if not inside else value == found.log_norms[row, t]
    curve = found.curve("both")
    assert curve.label == "both" and curve.y[list(lags).index(0)] == np.median(logs[:, list(lags).index(0)])
    assert (curve.low <= curve.y).all() and (curve.y <= curve.high).all()


def test_zeros_of_half_of_the_end_points_are_the_zero_of_their_median():
    forward = Network((CellLayer("low", ls.cell("gru"), 3),), D)
    curve = sensitivity_map(forward, forward.init(1), X).curve()
    assert np.isneginf(curve.y[curve.x < 0]).all() and np.isfinite(curve.y[curve.x >= 0]).all()


def test_maps_and_curves_are_drawn(tmp_path):
    found = sensitivity_map(NETWORK, PARAMS, X, lengths=LENGTHS)
    of = found.of(1)
    assert of.log_norms.shape == (4, 4) and of.sources.tolist() == [0, 1, 2, 3]
    path = next(p for p in flow.save_heat_map(of, tmp_path, "map") if p.suffix == ".csv")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [(int(row["end"]), int(row["source"])) for row in rows] == [(e, s) for e in range(4) for s in range(4)]
    np.testing.assert_allclose(
        [float(row["log10_norm"]) for row in rows], of.log_norms.ravel() / np.log(10), rtol=1e-12
    )
    apart = sensitivity_map(NETWORK, PARAMS, X, ends=[1, 4, 6]).of(2)
    assert apart.log_norms.shape == (3, 7) and len(flow.save_heat_map(apart, tmp_path, "apart")) == 3
    assert len(flow.heat_map_text(apart).split("\n")) == 4
    pooled = sensitivity_map(POOLED["mean"], POOLED["mean"].init(1), X).of(0)
    assert len(flow.save_heat_map(pooled, tmp_path, "pooled")) == 3
    how = {"title": "", "x": "lag", "y": "", "y_scale": "ln"}
    assert len(flow.save_curves([found.curve()], tmp_path, "lags", **how)) == 3


def test_rows_that_do_not_follow_each_other_are_named_by_their_steps(monkeypatch):
    from flow.samples import drawn

    apart = sensitivity_map(NETWORK, PARAMS, X, ends=[1, 4, 6]).of(2)
    axis = drawn(monkeypatch, flow.save_heat_map, apart).axes[0].yaxis
    assert [axis.get_major_formatter()(row, 0) for row in (0, 1, 2)] == ["1", "4", "6"]


# ------------------------------------------------------------------------------------ what is refused


@dataclass(frozen=True)
class Own(Layer):
    def width(self, inputs):
        return inputs

    def forward(self, x, params, state, run):
        return Passed(x, {}, None)

    def backward(self, dy, tape, params, dstate):
        raise NotImplementedError

    def jvp(self, x, params, state, run):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("network", "how", "found"),
    [
        (NETWORK, {"ends": [4], "lengths": LENGTHS}, "the step 4 of sequence 1, which has 4 steps"),
        (NETWORK, {"ends": [-8]}, "the step -8 of sequence 0"),
        (NETWORK, {"ends": [1.0]}, "float64"),
        (NETWORK, {"ends": 5, "lengths": LENGTHS}, "5 end points"),
        (NETWORK, {"ends": 0}, "0 end points"),
        (POOLED["mean"], {"ends": [1]}, "ends of a network that pools"),
        (NETWORK, {"readout": np.ones((3, 3))}, r"readout: an array of shape \(3, 3\)"),
        (NETWORK, {"ends": [1], "readout": lambda y: y[:, :, None]}, r"readout: an array of shape \(1, 3, 2, 1\)"),
        (NETWORK, {"norm": "nuclear"}, "nuclear"),
        (NETWORK, {"cotangent": np.ones(3)}, r"cotangent: an array of shape \(3,\)"),
        (NETWORK, {"channels": [2]}, r"channels: \[2\], of 2 inputs"),
        (Network((Own("own"),), D), {}, "layer own: a Own, of which no Jacobian is known"),
    ],
)
def test_what_cannot_be_measured_is_refused(network, how, found):
    with pytest.raises((NetworkError, flow.FlowError), match=found):
        sensitivity_map(network, network.init(2), X, **how)


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(NetworkError, match="what it gives out is no finite number"):
        sensitivity_map(NETWORK, PARAMS, np.where(X > 1, np.nan, X))


def test_what_are_no_numbers_is_refused():
    with pytest.raises(flow.FlowError, match="x: a masked array"):
        sensitivity_map(NETWORK, PARAMS, np.ma.masked_greater(X, 1))
    with pytest.raises(flow.FlowError, match=r"out.b: a masked array"):
        sensitivity_map(NETWORK, PARAMS | {"out.b": np.ma.masked_less(PARAMS["out.b"], 9)}, X)
    with pytest.raises((TypeError, ValueError)):
        sensitivity_map(NETWORK, PARAMS, X.astype(str))
    with pytest.raises(NetworkError, match=r"out.b: it is missing"):
        sensitivity_map(NETWORK, {name: value for name, value in PARAMS.items() if name != "out.b"}, X)


def test_a_sequence_that_is_not_there_is_refused():
    with pytest.raises(flow.FlowError, match="sequence 3 of a batch of 3"):
        sensitivity_map(NETWORK, PARAMS, X, ends=[0]).of(3)
