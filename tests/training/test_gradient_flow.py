"""Gradient flow during training: numbers by name against a computation of their own, and what cannot be measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.check.result import relative_error
from lstm_sym.networks import LOSSES, CellLayer, Embedding, Network, NetworkError, Pooling, dense
from lstm_sym.training import FlowMeasure, Samples, fit

LAGS = 6
X = np.random.default_rng(0).standard_normal((LAGS + 1, 3, 2))
NETWORK = Network(
    (
        CellLayer("low", ls.cell("lstm"), 4),
        CellLayer("high", ls.cell("gru"), 3),
        Pooling("last", "last"),
        dense("out", 2),
    ),
    2,
    LOSSES["softmax"],
)


def sensitivities(params):
    """ln ||d output[T] / d x[t]|| for t = T, T - 1, ... of every sequence, by the backward pass: (B, lags + 1)."""
    _, _, tape = NETWORK.forward(X, params, precise=True)
    rows = [NETWORK.backward(np.eye(2)[[unit] * 3], tape, params).x for unit in range(2)]
    return np.log(np.sqrt(np.square(rows).sum(axis=(0, 3))))[::-1].T


def test_half_life_and_sensitivity_are_those_of_the_backward_pass():
    params = NETWORK.init(3)
    found, wanted = FlowMeasure(NETWORK, X, LAGS)(params), np.median(sensitivities(params), axis=0)
    assert relative_error(found["ln sensitivity"], wanted[-1]) <= 1e-12
    relative = np.median(sensitivities(params) - sensitivities(params)[:, :1], axis=0)
    assert relative_error(found["half-life"], -np.log(2) / np.polyfit(np.arange(LAGS + 1), relative, 1)[0]) <= 1e-11


def test_states_and_shares_are_those_of_the_measures():
    """Of one layer, by the kernel itself: a recurrence is one kernel."""
    cell = ls.cell("lstm")
    network, kernel = Network((CellLayer("lstm", cell, 4), dense("out", 2)), 2), ls.build(cell)
    params = network.init(1)
    found = FlowMeasure(network, X, LAGS - 2, ends=[LAGS])(params)
    run = flow.record(kernel, kernel.Params(*(params[f"lstm.{name}"] for name in kernel.Params._fields)), X)
    for state in ("h", "c"):
        wanted = flow.state_sensitivity(run, lags=LAGS - 2, ends=[LAGS], output=state, source=state).half_life()
        assert relative_error(found[f"half-life of lstm.{state}"], wanted) <= 1e-12
    shares = [flow.gate_shares(run, first=3, last=LAGS, sequence=b).mean() for b in range(3)]
    for name in "ifgoc":
        assert relative_error(found[f"share of lstm.{name}"], np.mean([share[name] for share in shares])) <= 1e-9
    assert abs(sum(value for name, value in found.items() if name.startswith("share")) - 1) <= 1e-12


def test_every_epoch_has_the_numbers_of_its_parameters():
    measure = FlowMeasure(NETWORK, X, LAGS)
    data = Samples(list(np.random.default_rng(1).standard_normal((8, 5, 2))), np.arange(8) % 2)
    found = fit(NETWORK, data, epochs=2, measure=measure)
    assert measure(found.params).items() <= found.history[-1].items()
    assert found.history[0]["half-life"] != found.history[1]["half-life"]
    assert {"half-life of high.h", "half-life of low.c", "share of high.z", "share of low.f"} <= set(measure.names)


def test_words_are_measured_by_their_vectors():
    embedded = Network((Embedding("words", 5, 2), *NETWORK.layers), loss=LOSSES["softmax"])
    params, words = embedded.init(0), np.random.default_rng(2).integers(5, size=(LAGS + 1, 3))
    below = {name: value for name, value in params.items() if name != "words.E"}
    assert FlowMeasure(embedded, words, LAGS)(params) == FlowMeasure(NETWORK, params["words.E"][words], LAGS)(below)


def test_what_cannot_be_measured_is_refused_before_the_training():
    with pytest.raises(flow.FlowError, match="lags"):
        FlowMeasure(NETWORK, X, LAGS + 1)
    with pytest.raises(NetworkError, match="runs backward"):
        FlowMeasure(Network((CellLayer("low", ls.cell("lstm"), 4, direction="both"),), 2), X, LAGS)


def test_an_epoch_that_cannot_be_measured_has_no_numbers_and_ends_nothing():
    measure, params = FlowMeasure(NETWORK, X, LAGS), NETWORK.init(0)
    found = measure(params | {"low.W_" + gate: np.zeros((4, 2)) for gate in "ifgo"})  # no input comes in
    assert set(found) == set(measure.names) and all(math.isnan(value) for value in found.values())
