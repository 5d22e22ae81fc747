"""Truncation length: closed forms, extrapolation, intervals; and the bias of the gradient that is really there."""

import math

import numpy as np
import pytest

from lstm_sym.flow import FlowError, Profile, bias_curve, truncation_error, truncation_length
from lstm_sym.flow.memory.laws import Law
from lstm_sym.kernels import lstm, rnn
from lstm_sym.through_time import last_cotangent


def profile(curves: np.ndarray, seeds: int = 1) -> Profile:
    curves = np.atleast_2d(curves)
    count = len(curves)
    ends = np.stack([np.arange(count) % (count // seeds), np.zeros(count, int)], axis=1)
    return Profile("m", curves, ends, np.repeat(np.arange(seeds), count // seeds), "h", "x", "frobenius")


def geometric(rho: float, lags: int) -> Profile:
    return profile(np.arange(lags + 1) * np.log(rho))


def power_law(exponent: float, lags: int) -> Profile:
    return profile(-exponent * np.log(np.maximum(np.arange(lags + 1.0), 1)))


@pytest.mark.parametrize("lags", [20, 60, 1000])
@pytest.mark.parametrize("rho", [0.3, 0.95, 0.99])
@pytest.mark.parametrize("bias", [0.5, 0.1, 0.001])
def test_the_length_of_a_geometric_decay_is_known_within_and_beyond_the_lags(rho, bias, lags):
    """bias(K) = rho^(K + 1)."""
    found = truncation_length(geometric(rho, lags), bias)
    assert found.length == max(0, math.ceil(math.log(bias) / math.log(rho) - 1e-9) - 1)
    assert found.tail == pytest.approx(rho ** (lags + 1), rel=1e-11)
    assert found.extrapolated == (found.length > lags)
    assert found.law == "exponential"


@pytest.mark.parametrize("lags", [30, 300])
def test_the_length_of_a_power_law_is_known(lags):
    """bias(K) = zeta(2, K + 1) / (1 + zeta(2)), zeta(2, K + 1) = pi^2 / 6 - sum_{l <= K} l^-2."""
    found = truncation_length(power_law(2.0, lags), 0.01)
    whole = math.pi**2 / 6
    rest = whole - np.cumsum(np.arange(1.0, 1000.0) ** -2)
    assert found.length == 1 + np.argmax(rest <= 0.01 * (1 + whole))
    assert found.tail == pytest.approx(rest[lags - 1] / (1 + whole), rel=1e-10)


def test_the_bias_curve_of_a_geometric_decay():
    law = Law(1.0, -math.log(0.9), 0.0)
    curve = bias_curve(geometric(0.9, 50), law)
    np.testing.assert_allclose(curve, 0.9 ** np.arange(1, 52), rtol=1e-11)
    alone = bias_curve(geometric(0.9, 50))
    assert alone[-1] == 0.0
    np.testing.assert_allclose(alone, (curve - curve[-1]) / (1 - curve[-1]), atol=1e-14)


@pytest.mark.parametrize("curve", [power_law(1.0, 60), power_law(0.5, 60), profile(0.1 * np.arange(61))])
def test_a_sum_that_diverges_has_no_length(curve):
    found = truncation_length(curve, 0.1)
    assert found.length == math.inf and found.tail == 1.0


def late_power_law(exponent: float, lags: int = 60) -> Profile:
    return profile(-exponent * np.log1p(np.arange(lags + 1) / 5))


def test_a_power_law_that_begins_late_has_the_length_of_its_own_sum():
    """bias(K) = zeta(2, K + 6) / zeta(2, 5) for m = (1 + l/5)^-2."""
    found = truncation_length(late_power_law(2.0), 0.01)
    whole = math.pi**2 / 6 - sum(n**-2 for n in range(1, 5))
    rest = whole - np.cumsum(np.arange(5.0, 2000.0) ** -2)
    assert found.length == pytest.approx(np.argmax(rest <= 0.01 * whole), abs=1)
    assert found.law == "shifted power law" and found.extrapolated and found.modelled and not found.diverges


@pytest.mark.parametrize("exponent", [0.5, 0.99])
def test_a_power_law_whose_sum_diverges_has_no_length_however_late_it_begins(exponent):
    found = truncation_length(late_power_law(exponent), 0.1)
    assert found.length == math.inf and found.diverges and found.tail == 1.0


def test_a_sum_that_converges_beyond_all_lengths_is_not_said_to_diverge():
    found = truncation_length(late_power_law(1.02), 0.01)
    assert found.length == math.inf and not found.diverges and found.tail < 1


@pytest.mark.parametrize(("rho", "modelled"), [(0.5, False), (0.95, True)])
def test_what_rests_on_a_tail_that_is_but_modelled_says_so(rho, modelled):
    found = truncation_length(geometric(rho, 60), 0.1)
    assert found.length < 60 and found.modelled == modelled


@pytest.mark.parametrize("curve", [np.zeros(61), np.random.default_rng(3).standard_normal(61).cumsum()])
def test_without_a_law_and_unsettled_the_length_is_not_known(curve):
    found = truncation_length(profile(curve), 0.1)
    assert (found.length, found.low, found.high, found.law, found.tail) == (None,) * 5
    assert not found.extrapolated


def test_without_a_law_but_settled_the_slower_one_goes_on():
    curve = -3.0 * np.arange(9)
    found = truncation_length(profile(curve), 0.1)
    assert found.law == "power law"
    assert found.length == 0


def test_the_interval_holds_the_length_and_narrows_with_the_seeds():
    rng = np.random.default_rng(0)
    rates = 0.05 + 0.01 * rng.standard_normal((16, 10)) / 4 + 0.01 * rng.standard_normal((16, 1))
    curves = -rates[..., None] * np.arange(101)
    few, many = (truncation_length(profile(curves[:n].reshape(-1, 101), n), 0.05, resamples=200) for n in (4, 16))
    truth = math.ceil(math.log(0.05) / -0.05) - 1
    for found in (few, many):
        assert found.low <= found.length <= found.high
        assert found.low <= truth <= found.high
    assert many.high - many.low < few.high - few.low
    assert truncation_length(profile(curves[0]), 0.05).low is not None


@pytest.mark.parametrize("bias", [0.0, 1.0, 10])
def test_a_bias_that_is_no_share_is_refused(bias):
    with pytest.raises(FlowError, match="bias"):
        truncation_length(geometric(0.5, 60), bias)


# The bias that is really there.


def linear_chain(rho: float, steps: int) -> tuple:
    """tanh at 0 is linear: a unit whose state stays 0 while the input is."""
    params = rnn.Params(
        **{n: np.zeros_like(v) for n, v in rnn.init(1, 1, rng=np.random.default_rng(0))._asdict().items()}
    )
    recurrent = next(name for name, value in params._asdict().items() if value.shape == (1, 1) and name.startswith("U"))
    return params._replace(**{recurrent: np.array([[rho]])}), np.zeros((steps, 1, 1))


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_the_measured_bias_of_a_linear_chain_is_that_of_the_geometric_sum(rho):
    """dL/db = sum_l rho^l for a loss of the last state, so 1 + K lags leave out rho^(K + 1) of it."""
    params, x = linear_chain(rho, 400)
    dy = last_cotangent(np.ones((1, 1)), 400)
    found = truncation_error(rnn, params, x, dy=dy, windows=[2, 10, 30, 400])
    np.testing.assert_allclose(found.bias, [rho**2, rho**10, rho**30, 0.0], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.cosine, 1.0, rtol=1e-14)


def test_the_advice_holds_on_a_linear_chain():
    params, x = linear_chain(0.9, 400)
    length = int(truncation_length(geometric(0.9, 60), 0.01).length)
    errors = truncation_error(rnn, params, x, dy=last_cotangent(np.ones((1, 1)), 400), windows=[length, length + 1])
    assert errors.bias[1] <= 0.01 < errors.bias[0]


def test_the_bias_falls_with_the_window_and_is_0_at_the_whole():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 3, 4))
    params = lstm.init(4, 8, rng=rng, b_f=1.0)
    dy = rng.standard_normal((60, 3, 8))
    found = truncation_error(lstm, params, x, dy=dy, windows=[2, 6, 20, 60], every=1)
    assert (np.diff(found.bias) < 0).all()
    assert found.bias[-1] < 1e-14 and found.cosine[-1] == pytest.approx(1.0)
    coarse = truncation_error(lstm, params, x, dy=dy, windows=[6, 20])
    assert (coarse.bias > found.bias[1:3]).all()


def test_a_loss_without_a_gradient_and_no_window_are_refused():
    params, x = linear_chain(0.9, 10)
    with pytest.raises(FlowError, match="gradient of norm 0"):
        truncation_error(rnn, params, x, dy=np.zeros((10, 1, 1)), windows=[2])
    with pytest.raises(FlowError, match="no window"):
        truncation_error(rnn, params, x, dy=np.ones((10, 1, 1)), windows=[])
