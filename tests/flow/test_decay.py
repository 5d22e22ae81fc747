"""Fits of decay laws where the truth is known: exact curves, and curves with errors of either kind."""

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.flow import FlowError, Profile, fit_decay, input_sensitivity, record
from lstm_sym.flow.memory.decay import CORRELATIONS, FAMILIES, STRONG, continuation, fitted, preferred
from lstm_sym.flow.memory.laws import EXPONENTIAL, POWER, SHIFTED, STRETCHED
from lstm_sym.flow.profiles.curves import half_lives

LAGS = np.arange(61.0)


def profile(curves: np.ndarray) -> Profile:
    curves = np.atleast_2d(curves)
    count = len(curves)
    return Profile("m", curves, np.zeros((count, 2), int), np.full(count, -1), "h", "x", "frobenius")


def power_curve(exponent: float) -> np.ndarray:
    return -exponent * np.log(np.maximum(LAGS, 1))


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.999, 1e-100])
def test_a_geometric_decay_is_exponential_and_gives_its_rate(rho):
    decay = fit_decay(profile(LAGS * np.log(rho)))
    assert decay.preferred == EXPONENTIAL
    assert decay.rate == pytest.approx(-np.log(rho), rel=1e-12)
    assert decay.law.level == pytest.approx(np.log(rho), rel=1e-10)


@pytest.mark.parametrize("exponent", [0.3, 1.7, 20.0])
def test_a_power_law_gives_its_exponent(exponent):
    decay = fit_decay(profile(power_curve(exponent)))
    assert decay.preferred == POWER
    assert decay.exponent == pytest.approx(exponent, rel=1e-12)


@pytest.mark.parametrize(("shape", "scale"), [(0.5, 7.0), (0.33, 2.0), (1.4, 12.0)])
def test_a_stretched_exponential_gives_its_shape_and_scale(shape, scale):
    decay = fit_decay(profile(-((LAGS / scale) ** shape)))
    assert decay.preferred == STRETCHED
    assert decay.law.shape == pytest.approx(shape, rel=1e-6)
    assert decay.law.time_scale == pytest.approx(scale, rel=1e-5)


@pytest.mark.parametrize(("offset", "exponent"), [(5.0, 2.0), (5.0, 0.9), (20.0, 1.5), (0.5, 3.0)])
def test_a_power_law_that_begins_late_gives_its_offset_and_exponent_and_goes_on_as_it_is(offset, exponent):
    curve = profile(-exponent * np.log1p(LAGS / offset))
    decay = fit_decay(curve)
    assert decay.preferred == SHIFTED
    assert decay.law.offset == pytest.approx(offset, rel=1e-5)
    assert decay.law.slope == pytest.approx(exponent, rel=1e-5)
    assert continuation(curve).law == decay.law


def test_two_laws_that_look_alike_under_noise_are_not_told_apart_and_neither_is_hardly_ever_wrong():
    noise = 0.02 * np.random.default_rng(4).standard_normal((100, 60)).cumsum(axis=1)
    for base, law in ((-2 * np.log1p(LAGS / 5), SHIFTED), (-((LAGS / 7) ** 0.5), STRETCHED)):
        fits = fitted(base[1:] + noise, 1, refined=0)
        verdicts, margins = preferred({name: fit.criterion for name, fit in fits.items()}, 60)
        other = STRETCHED if law == SHIFTED else SHIFTED
        assert np.mean(verdicts == other) < 0.1 < np.mean(verdicts == law)
        assert (margins[verdicts == ""] < STRONG).all()


def test_an_isometry_has_no_law_and_no_half_life_whatever_its_rounding():
    """||U^l W|| of an orthogonal U is the same at every lag but for the last digits."""
    kernel = ls.build(ls.parse("h[t] = U @ h[t-1] + W @ x[t]"))
    rng = np.random.default_rng(0)
    for seed in range(2):
        recurrent = np.linalg.qr(np.random.default_rng(seed).standard_normal((6, 6)))[0]
        params = kernel.Params(U=recurrent, W=rng.standard_normal((6, 3)))
        found = input_sensitivity(record(kernel, params, rng.standard_normal((90, 3))), lags=60, ends=4)
        assert np.ptp(found.median(relative=True)) > 0
        assert found.half_life() == np.inf and (half_lives(found.relative()) == np.inf).all()
        decay = fit_decay(found)
        assert decay.preferred is None and decay.rate == 0.0 and continuation(found) is None


def test_a_decay_far_above_its_rounding_is_one():
    found = profile(-1e-12 * LAGS)
    assert found.half_life() == pytest.approx(np.log(2) / 1e-12, rel=1e-3)


def test_growth_has_a_negative_rate():
    assert fit_decay(profile(0.1 * LAGS)).rate == pytest.approx(-0.1, rel=1e-12)


@pytest.mark.parametrize("curve", [0 * LAGS, 0 * LAGS + 3.0])
def test_a_curve_that_does_not_change_tells_no_law(curve):
    decay = fit_decay(profile(curve))
    assert decay.preferred is None and decay.law is None
    assert decay.rate == 0.0


def test_too_few_lags_tell_no_law():
    decay = fit_decay(profile(-0.1 * LAGS[:8]))
    assert decay.preferred is None
    assert decay.rate == pytest.approx(0.1, rel=1e-12)


def test_noise_without_a_trend_tells_no_law():
    curves = np.random.default_rng(0).standard_normal((20, 61)).cumsum(axis=1)
    fits = fitted((curves - curves[:, :1])[:, 1:], 1, refined=2)
    verdicts, _ = preferred({name: fit.criterion for name, fit in fits.items()}, 60)
    assert np.count_nonzero(verdicts == "") >= 14


@pytest.mark.parametrize("errors", ["independent", "carried on"])
@pytest.mark.parametrize(("law", "base"), [(EXPONENTIAL, -0.1 * LAGS), (POWER, power_curve(1.5))])
def test_the_law_is_found_under_errors_and_a_wrong_one_hardly_ever(law, base, errors):
    noise = 0.1 * np.random.default_rng(1).standard_normal((40, 60))
    curves = base[1:] + (noise if errors == "independent" else noise.cumsum(axis=1))
    verdicts, margins = preferred({name: fits.criterion for name, fits in fitted(curves, 1, refined=2).items()}, 60)
    assert np.mean(verdicts == law) > 0.9
    assert np.mean((verdicts != law) & (verdicts != "")) < 0.06
    assert (margins[verdicts != ""] >= STRONG).all()


def test_without_the_correlation_noise_that_is_carried_on_would_look_like_evidence():
    """The same data judged by least squares alone prefer a wrong law far more often."""
    curves = -0.1 * LAGS[1:] + 0.3 * np.random.default_rng(2).standard_normal((200, 60)).cumsum(axis=1)

    def residual(values: np.ndarray) -> np.ndarray:
        basis = np.stack([np.ones(60), values])
        return ((curves - np.linalg.lstsq(basis.T, curves.T, rcond=None)[0].T @ basis) ** 2).sum(axis=1)

    naive = 60 * np.log(residual(LAGS[1:]) / residual(np.log(LAGS[1:])))
    verdicts, _ = preferred({name: fits.criterion for name, fits in fitted(curves, 1, refined=0).items()}, 60)
    assert np.mean(naive > STRONG) > 3 * np.mean(verdicts == POWER) > 0


def test_the_criterion_is_the_likelihood_of_the_errors_written_out():
    """-2 ln L of an AR(1) process from its covariance matrix, over the same phi, by generalised least squares."""
    curve = -0.1 * LAGS[1:] + 0.05 * np.random.default_rng(3).standard_normal(60).cumsum()
    basis = np.stack([np.ones(60), LAGS[1:]], axis=1)

    def deviance(phi: float) -> float:
        covariance = phi ** np.abs(np.subtract.outer(np.arange(60), np.arange(60))) / (1 - phi**2)
        weight = np.linalg.inv(covariance)
        rest = curve - basis @ np.linalg.solve(basis.T @ weight @ basis, basis.T @ weight @ curve)
        return 60 * np.log(rest @ weight @ rest / 60) + np.linalg.slogdet(covariance)[1]

    truth = min(deviance(phi) for phi in CORRELATIONS if phi) + 4 * np.log(60)
    assert fitted(curve[None], 1)[EXPONENTIAL].criterion[0] == pytest.approx(truth, rel=1e-9)


def test_a_window_of_lags_is_fitted_alone():
    curve = np.where(LAGS < 10, 0.0, -0.2 * (LAGS - 10))
    decay = fit_decay(profile(curve), first=10, last=50)
    assert decay.rate == pytest.approx(0.2, rel=1e-12)
    assert decay.lags == (10, 50)


@pytest.mark.parametrize(("first", "last"), [(0, 60), (5, 6), (1, 61), (40, 20)])
def test_lags_that_allow_no_fit_are_refused(first, last):
    with pytest.raises(FlowError, match="m, decay"):
        fit_decay(profile(-LAGS), first=first, last=last)


@pytest.mark.parametrize("rates", [(0.5, 0.05), (1.0, 0.2)])
def test_a_mixture_of_rates_goes_on_at_the_slowest(rates):
    """0.9 e^(-fast l) + 0.1 e^(-slow l) looks like a law between; far beyond the lags only the slow one is left."""
    curve = np.logaddexp(np.log(0.9) - rates[0] * LAGS, np.log(0.1) - rates[1] * LAGS)
    assert fit_decay(profile(curve)).preferred in FAMILIES
    found = continuation(profile(curve))
    assert found.law.name == EXPONENTIAL
    assert found.law.slope == pytest.approx(rates[1], rel=1e-4)
    assert found.first == 30


def test_a_law_goes_on_as_it_is_and_no_law_does_not_go_on():
    assert continuation(profile(-0.1 * LAGS)).law.slope == pytest.approx(0.1, rel=1e-12)
    assert continuation(profile(power_curve(2.0))).law.name == POWER
    assert continuation(profile(0 * LAGS)) is None
