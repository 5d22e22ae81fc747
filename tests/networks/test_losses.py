"""Losses against their definitions, their gradients against complex steps, and what they predict."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_sym.check.result import relative_error
from lstm_sym.networks import LOSSES, Network, NetworkError, dense

Z = np.random.default_rng(0).standard_normal((5, 2, 3))
TARGETS = {
    "softmax": np.random.default_rng(1).integers(0, 3, (5, 2)),
    "logistic": np.random.default_rng(2).random((5, 2, 3)),
    "squared": np.random.default_rng(3).standard_normal((5, 2, 3)),
}


def defined(name, z, y):
    """The loss of one sample."""
    if name == "softmax":
        return -np.log(np.exp(z[y]) / np.exp(z).sum())
    if name == "logistic":
        p = 1 / (1 + np.exp(-z))
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
    return ((z - y) ** 2).sum() / 2


@pytest.mark.parametrize("name", LOSSES)
def test_the_value_is_the_mean_of_the_definition_over_what_counts(name):
    weights = np.random.default_rng(4).random((5, 2)) < 0.6
    each = np.array([[defined(name, Z[t, b], TARGETS[name][t, b]) for b in range(2)] for t in range(5)])
    assert relative_error(LOSSES[name].value(Z, TARGETS[name])[0], each.mean()) <= 1e-14
    assert relative_error(LOSSES[name].value(Z, TARGETS[name], weights)[0], each[weights].mean()) <= 1e-14


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_a_complex_step(name):
    _, gradient = LOSSES[name].value(Z, TARGETS[name])
    for index in np.ndindex(Z.shape):
        moved = Z.astype(complex)
        moved[index] += 1e-30j
        value, _ = LOSSES[name].value(moved, TARGETS[name])
        assert abs(gradient[index] - value.imag / 1e-30) <= 1e-14 * abs(gradient).max()


def test_what_is_predicted():
    assert relative_error(LOSSES["softmax"].predicted(Z), np.exp(Z) / np.exp(Z).sum(-1, keepdims=True)) <= 1e-15
    assert relative_error(LOSSES["logistic"].predicted(Z), 1 / (1 + np.exp(-Z))) <= 1e-15
    assert np.array_equal(LOSSES["squared"].predicted(Z), Z)


def test_outputs_far_from_0_lose_no_digits():
    """ln(1 + e^800) and a softmax of e^800: neither overflows, and a wrong class costs what it should."""
    far = np.array([[800.0, 0.0, -800.0]])
    value, gradient = LOSSES["softmax"].value(far, np.array([2]))
    assert value == pytest.approx(1600, rel=1e-15) and gradient == pytest.approx(np.array([[1.0, 0, -1]]))
    value, gradient = LOSSES["logistic"].value(far, np.array([[0.0, 0, 1]]))
    assert value == pytest.approx(1600 + np.log(2), rel=1e-15) and gradient == pytest.approx(np.array([[1.0, 0.5, -1]]))


@pytest.mark.parametrize(
    ("name", "target", "found"),
    [
        ("softmax", np.full((5, 2), 3), r"target\[0, 0\]: 3, one of 10 that are not 0 to 2"),
        ("softmax", -np.ones((5, 2), int), "-1, one of 10"),
        ("softmax", np.array([["a"] * 2] * 5), "dtype <U1"),
        ("logistic", np.full((5, 2, 3), 2.0), "not probabilities"),
        ("squared", np.where(np.arange(3) == 1, np.nan, Z), r"target\[0, 0, 1\]: nan"),
        ("squared", Z[..., 0], r"shape \(5, 2\)"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(name, target, found):
    with pytest.raises(NetworkError, match=found):
        LOSSES[name].value(Z, target)


def test_a_network_without_a_loss_says_so():
    network = Network((dense("out", 2),), 3)
    with pytest.raises(NetworkError, match="it has no loss"):
        network.value_and_grad(np.zeros((1, 1, 3)), np.zeros((1, 1, 2)), network.init())
