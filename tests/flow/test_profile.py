"""What is read off a profile, against curves whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym import build, parse
from lstm_sym.flow import FlowError, Profile, input_sensitivity, record
from lstm_sym.flow.profiles.curves import horizons, share_lags
from lstm_sym.flow.profiles.profile import pooled


def profile_of(log_norms: np.ndarray, seeds: list[int] | None = None) -> Profile:
    values = np.atleast_2d(np.asarray(log_norms, float))
    ends = np.stack([np.arange(len(values)), np.zeros(len(values), int)], axis=1)
    return Profile("model", values, ends, np.array(seeds or [-1] * len(values)), "h", "x", "frobenius")


def geometric(rho: float, lags: int = 200, size: float = 3.0) -> Profile:
    return profile_of(np.log(size) + np.arange(lags + 1) * np.log(rho))


@given(rho=st.floats(0.01, 0.99), size=st.floats(1e-9, 1e9))
def test_the_half_life_of_rho_to_the_lag(rho, size):
    """ln 2 / -ln rho, whatever the size at lag 0; the direct crossing is the same for one rate."""
    wanted = math.log(2.0) / -math.log(rho)
    assert geometric(rho, size=size).half_life() == pytest.approx(wanted, rel=1e-9)
    if wanted < 200:
        assert geometric(rho, size=size).halving_lag() == pytest.approx(wanted, rel=1e-9)


def test_the_half_life_of_a_linear_cell():
    kernel = build(parse("h[t] = U @ h[t-1] + W @ x[t]"))
    rng = np.random.default_rng(0)
    orthogonal = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    params = kernel.Params(U=0.8 * orthogonal, W=rng.standard_normal((6, 2)))
    measured = input_sensitivity(record(kernel, params, rng.standard_normal((60, 2))), lags=40)
    assert measured.half_life() == pytest.approx(math.log(2.0) / -math.log(0.8), rel=1e-12)


def test_the_half_life_is_a_rate_and_the_halving_lag_a_first_crossing():
    """A first step that loses nine tenths, then a slow decay: the first crossing comes at once, the rate is slow."""
    curve = np.where(np.arange(101) > 0, np.log(0.1), 0.0) + np.arange(101) * np.log(0.9)
    profile = profile_of(curve)
    assert profile.halving_lag() < 0.4
    assert profile.half_life(first=1) == pytest.approx(math.log(2.0) / -math.log(0.9), rel=1e-9)
    assert profile.half_life(first=1, last=2) == pytest.approx(profile.half_life(first=1), rel=1e-9)
    assert 6 < profile.half_life() < profile.half_life(first=1)


@pytest.mark.parametrize("rho", [1.0, 1.1])
def test_what_does_not_decay_has_no_half_life(rho):
    assert geometric(rho).half_life() == math.inf
    assert geometric(rho).halving_lag() == math.inf


@pytest.mark.parametrize("rho", [0.3, 0.9, 0.95])
def test_the_lags_that_hold_a_share_of_a_geometric_sum(rho):
    """1 + rho + ... + rho^l is 1 - rho^(l+1) of the whole."""
    profile = geometric(rho, lags=1000)
    for share in (0.5, 0.9):
        assert profile.share_lag(share) == math.ceil(math.log(1 - share) / math.log(rho)) - 1
    assert profile.centroid_lag == pytest.approx(rho / (1 - rho), rel=1e-9)
    assert profile.settled


def test_lags_too_few_for_the_sum_are_said_to_be():
    assert not geometric(0.99, lags=50).settled
    assert not geometric(1.0).settled
    assert geometric(0.5, lags=10).settled
    assert not geometric(0.5, lags=3).settled


def test_measures_hold_far_below_the_smallest_float():
    profile = profile_of(-40.0 * np.arange(400) - 1e5)
    assert profile.half_life() == pytest.approx(math.log(2.0) / 40, rel=1e-12)
    assert profile.share_lag(0.9) == 0
    assert profile.centroid_lag == pytest.approx(math.exp(-40.0), rel=1e-9)


def test_quantiles_are_those_of_the_end_points():
    values = np.random.default_rng(0).standard_normal((41, 7))
    profile = profile_of(values)
    np.testing.assert_array_equal(profile.median(), np.sort(values, axis=0)[20])
    np.testing.assert_allclose(profile.quantiles([0.1, 0.9]), np.sort(values, axis=0)[[4, 36]], rtol=1e-14)
    np.testing.assert_array_equal(profile.relative(), values - values[:, [0]])
    np.testing.assert_array_equal(profile.median(relative=True), np.median(values - values[:, [0]], axis=0))


def test_pooled_draws_come_apart_again():
    profiles = [profile_of(np.full((2, 4), float(seed)), [seed, seed]) for seed in (3, 1)]
    apart = pooled(profiles).by_seed()
    assert list(apart) == [1, 3]
    for profile, seed in zip(profiles, (3, 1), strict=True):
        np.testing.assert_array_equal(apart[seed].log_norms, profile.log_norms)
        np.testing.assert_array_equal(apart[seed].ends, profile.ends)


@pytest.mark.parametrize(("first", "last"), [(0, 201), (5, 5), (-1, 3), (7, 2)])
def test_a_line_through_lags_that_are_not_there_is_refused(first, last):
    with pytest.raises(FlowError, match="the lags 0 to 200"):
        geometric(0.5).half_life(first, last)


@pytest.mark.parametrize("share", [0, 1, 50])
def test_a_share_beyond_0_and_1_is_refused(share):
    with pytest.raises(FlowError, match="between 0 and 1"):
        geometric(0.5).share_lag(share)


@pytest.mark.parametrize("value", [-np.inf, np.nan, np.inf])
def test_a_profile_made_by_hand_of_what_is_not_finite_is_refused_by_its_place(value):
    curves = np.zeros((3, 5))
    curves[1, 2] = value
    with pytest.raises(FlowError, match=r"m, profile: log_norms\[1, 2\] is"):
        Profile("m", curves, np.zeros((3, 2), int), np.full(3, -1), "h", "x", "frobenius")


@pytest.mark.parametrize(
    ("curves", "ends", "seeds"),
    [((5,), (5, 2), (5,)), ((3, 5), (3,), (3,)), ((3, 5), (3, 2), (2,)), ((0, 5), (0, 2), (0,))],
)
def test_a_profile_made_by_hand_of_other_shapes_is_refused(curves, ends, seeds):
    with pytest.raises(FlowError, match="m, profile: log_norms of shape"):
        Profile("m", np.zeros(curves), np.zeros(ends, int), np.zeros(seeds, int), "h", "x", "frobenius")


@pytest.mark.parametrize("scale", [1.0, 1 + 2e-16, 1 - 1e-16])
def test_a_share_that_is_met_but_for_rounding_is_met(scale):
    """1, 1, ..., 1 over ten lags: the fifth holds half of the sum, the ninth nine tenths; 10^-l is 10^-3 at lag 3."""
    level = Profile("m", np.log(scale) * np.arange(10)[None], np.zeros((1, 2), int), np.array([-1]), "h", "x", "f")
    assert (level.share_lag(0.5), level.share_lag(0.9)) == (4, 8)
    assert [share_lags(level.log_norms, share)[0] for share in (0.5, 0.9)] == [4, 8]
    assert horizons(np.log(10.0) * scale * -np.arange(6.0)[None], np.log(1e-3))[0] == 4
    halves = Profile("m", np.array([[0.0, np.log(0.5) * scale, -0.7]]), level.ends, level.seeds, "h", "x", "f")
    assert halves.halving_lag() == pytest.approx(1.0)
