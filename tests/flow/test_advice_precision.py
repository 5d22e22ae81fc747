"""Precision horizons: closed forms, and the arithmetic itself on linear chains and on a network."""

import math

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.flow import FlowError, Profile, loss_scale, precision_horizon, record, rounded_gradient, scale_to_reach
from lstm_sym.flow.advice.formats import FORMATS
from lstm_sym.kernels import rnn

LAGS = np.arange(61.0)
CHAIN = ls.build(ls.parse("s[t] = J @ s[t-1]"))


def profile(curve: np.ndarray) -> Profile:
    return Profile("m", np.atleast_2d(curve), np.zeros((1, 2), int), np.array([-1]), "h", "x", "frobenius")


def power_law(exponent: float) -> Profile:
    return profile(-exponent * np.log(np.maximum(LAGS, 1)))


def chain(factor: float, steps: int = 400, units: int = 1):
    """A run of s[t] = factor s[t-1]."""
    params = CHAIN.Params(J=factor * np.eye(units))
    return record(CHAIN, params, steps=steps, state=CHAIN.State(np.ones((1, units))), model="chain")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rho", [0.25, 0.5, 0.9, 0.999])
def test_the_horizons_of_a_geometric_decay_are_known(name, rho):
    form, horizon = FORMATS[name], precision_horizon(profile(LAGS * np.log(rho)), name, magnitude=0.125)
    start = math.log(0.125)
    # strictly below the smallest normal number; at or below what is rounded to 0
    lag = (start - form.log_normal) / -math.log(rho)
    assert horizon.subnormal == math.floor(lag + 1e-9) + 1
    assert horizon.zero == math.ceil((start - form.log_zero) / -math.log(rho) - 1e-9)
    assert horizon.overflow == math.inf
    assert horizon.law == "exponential"


@pytest.mark.parametrize("exponent", [1.5, 4.0])
def test_the_horizons_of_a_power_law_are_known(exponent):
    form, horizon = FORMATS["float16"], precision_horizon(power_law(exponent), "float16")
    assert horizon.subnormal == math.floor(math.exp(-form.log_normal / exponent) + 1e-6) + 1
    assert horizon.zero == math.ceil(math.exp(-form.log_zero / exponent) - 1e-6)


@pytest.mark.parametrize("rho", [1.25, 4.0])
def test_a_growing_gradient_overflows_where_the_largest_number_says(rho):
    form, horizon = FORMATS["float16"], precision_horizon(profile(LAGS * np.log(rho)), "float16")
    assert horizon.overflow == math.ceil(form.log_overflow / math.log(rho))
    assert horizon.zero == horizon.subnormal == math.inf


def test_what_stays_lives_for_ever_only_where_a_law_says_so():
    horizon = precision_horizon(profile(0 * LAGS), "float16")
    assert horizon.zero is None and horizon.subnormal is None and horizon.overflow is None
    assert horizon.law is None


@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("factor", [0.125, 0.375, 0.5])
def test_the_lag_foretold_is_that_of_the_arithmetic_itself(name, factor, flush):
    foretold = precision_horizon(profile(LAGS * np.log(factor)), name)
    found = rounded_gradient(chain(factor), name, lags=399, flush=flush)
    expected = foretold.subnormal if flush else foretold.zero
    # Powers of 1/2 are exact; those of 3/8 are rounded at every step, which moves a lag by one at most.
    drift = int(factor == 0.375)
    assert abs(found.zero[0] - expected) <= drift
    if not flush:
        assert abs(found.subnormal[0] - foretold.subnormal) <= drift


@pytest.mark.parametrize("name", ["float16", "float32"])
@pytest.mark.parametrize("factor", [0.3, 0.7, 0.99])
def test_the_arithmetic_is_that_of_numpy(name, factor):
    found = rounded_gradient(chain(factor), name, lags=399).largest[:, 0]
    kind = np.dtype(name).type
    value = kind(1)
    for lag in range(400):
        assert found[lag] == value
        value = kind(value * kind(factor))


def test_a_factor_above_a_half_stays_at_the_last_subnormal_units():
    """Of k units a factor of 0.9 leaves k - k/10, which is rounded to k from k = 4 down."""
    found = rounded_gradient(chain(0.9), "float16", lags=399)
    unit = 2.0 ** (-14 - 10)
    assert found.largest[-1, 0] == 5 * unit or found.largest[-1, 0] == 4 * unit
    assert found.zero[0] == math.inf
    assert np.isfinite(found.subnormal[0])
    assert precision_horizon(profile(LAGS * np.log(0.9)), "float16").zero < 399


def test_overflow_is_computed_where_it_is_foretold():
    found = rounded_gradient(chain(4.0, 100), "float16", lags=99)
    assert found.overflow[0] == precision_horizon(profile(LAGS * np.log(4.0)), "float16").overflow == 8


def test_a_network_loses_precision_about_where_it_is_foretold():
    params = rnn.init(4, 24, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((300, 6, 4))
    run = record(rnn, params, x)
    exact = rounded_gradient(run, "float64", lags=60)
    curve = profile(np.median(np.log(exact.largest), axis=1))
    for name in ("float16", "bfloat16", "float32"):
        found, foretold = rounded_gradient(run, name, lags=299), precision_horizon(curve, name)
        assert np.median(found.subnormal) == pytest.approx(foretold.subnormal, rel=0.15)
        assert np.median(found.zero) == pytest.approx(foretold.zero, rel=0.25)
        assert (found.zeros[-1] == 1).all() and (found.subnormals[-1] == 0).all()


def test_a_loss_scale_is_the_largest_that_does_not_overflow():
    best = loss_scale(profile(LAGS * np.log(0.5)), "float16", magnitude=1.0)
    assert best.scale == 15
    assert best.overflow == math.inf
    assert (best.subnormal, best.zero) == (15 + 15, 15 + 25)
    worse = precision_horizon(profile(LAGS * np.log(0.5)), "float16", scale=16)
    assert worse.overflow == 0


def test_a_loss_scale_shifts_the_horizon_of_the_arithmetic():
    plain = rounded_gradient(chain(0.5), "float16", lags=399)
    larger = rounded_gradient(chain(0.5), "float16", lags=399, magnitude=2.0**15)
    assert larger.zero[0] == plain.zero[0] + 15


def test_the_scale_that_reaches_a_lag():
    decay = profile(LAGS * np.log(0.5))
    assert scale_to_reach(decay, "float16", 14) == 0
    assert scale_to_reach(decay, "float16", 20) == 6
    assert precision_horizon(decay, "float16", scale=6).subnormal == 21
    assert scale_to_reach(decay, "float16", 29) == 15
    assert scale_to_reach(decay, "float16", 30) is None
    assert scale_to_reach(decay, "bfloat16", 60) <= 0


@pytest.mark.parametrize("magnitude", [0.0, -1.0, math.inf, math.nan])
def test_a_magnitude_that_is_none_is_refused(magnitude):
    with pytest.raises(FlowError, match="magnitude"):
        precision_horizon(profile(-LAGS), "float16", magnitude=magnitude)
    with pytest.raises(FlowError, match="magnitude"):
        rounded_gradient(chain(0.5), "float16", lags=10, magnitude=magnitude)


@pytest.mark.parametrize("cotangent", [np.zeros(1), np.ones(2), np.array([np.nan])])
def test_a_cotangent_that_is_none_is_refused(cotangent):
    with pytest.raises(FlowError, match="cotangent"):
        rounded_gradient(chain(0.5), "float16", lags=10, cotangent=cotangent)


def test_lags_that_are_not_there_are_refused():
    with pytest.raises(FlowError, match="lags"):
        rounded_gradient(chain(0.5, 10), "float16", lags=10)
    with pytest.raises(FlowError, match="lag"):
        scale_to_reach(profile(-LAGS), "float16", 61)
