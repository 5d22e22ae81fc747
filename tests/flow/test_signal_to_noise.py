"""Signal against noise of a gradient: against kernel.backward, closed forms far below float64, and known truths."""

import math

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.flow import FlowError, record, signal_to_noise
from lstm_sym.kernels import lstm

CHAIN = ls.build(ls.parse("s[t] = J @ s[t-1]"))
RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 5, 3))
PARAMS = lstm.init(3, 4, rng=RNG)
ENDS = np.array([20, 39, 33, 27])


def gradients(cotangent: np.ndarray) -> np.ndarray:
    """dL/dx[T - lag] of every sample by `backward`, one pass for each end point: (ends, B, 13, D)."""
    found = []
    for end, given in zip(ENDS, cotangent, strict=True):
        dy = np.zeros((end + 1, 5, 4))
        dy[-1] = given
        tape = lstm.forward(X[: end + 1], PARAMS, precise=True)[2]
        found.append(lstm.backward(dy, tape, PARAMS).x[::-1][:13].swapaxes(0, 1))
    return np.array(found)


def chain(factors: list[float], steps: int, sequences: int = 1):
    units = len(factors)
    state = CHAIN.State(np.ones((sequences, units)))
    return record(CHAIN, CHAIN.Params(J=np.diag(factors)), steps=steps, state=state, model="chain")


@pytest.mark.parametrize("shape", [(4,), (4, 4), (4, 5, 4)])
def test_mean_and_noise_are_those_of_the_gradients_of_backward(shape):
    given = np.random.default_rng(1).standard_normal(shape)
    full = np.broadcast_to(given if given.ndim == 3 else given.reshape(-1, 1, 4), (4, 5, 4))
    samples = gradients(full).reshape(20, 13, 3)
    found = signal_to_noise(record(lstm, PARAMS, X), lags=12, ends=ENDS, cotangent=given)
    mean = samples.mean(axis=0)
    noise = ((samples - mean) ** 2).sum(axis=(0, 2)) / 19
    np.testing.assert_allclose(np.exp(found.log_mean), np.linalg.norm(mean, axis=1), rtol=1e-11)
    np.testing.assert_allclose(np.exp(2 * found.log_noise), noise, rtol=1e-11)
    by_sequence = samples.reshape(4, 5, 13, 3).mean(axis=0)
    pairs = [by_sequence[i] * by_sequence[j] for i in range(5) for j in range(5) if i != j]
    np.testing.assert_allclose(found.ratio_squared, np.mean(pairs, axis=0).sum(axis=1) / noise, rtol=1e-9)
    assert (found.samples, found.sequences, found.source) == (20, 5, "x")


def test_the_default_cotangent_is_the_sum_of_the_output():
    run = record(lstm, PARAMS, X)
    plain, ones = (signal_to_noise(run, lags=5, cotangent=c) for c in (None, np.ones(4)))
    np.testing.assert_array_equal(plain.ratio, ones.ratio)


def test_what_is_alike_has_no_noise():
    found = signal_to_noise(chain([0.3, 0.7], 30), lags=20, ends=5, source=None)
    assert (found.ratio == np.inf).all() and (found.needed == 0).all()
    assert found.log_mean[20] == pytest.approx(math.log(math.hypot(0.3**20, 0.7**20)), rel=1e-12)
    assert found.reach(1) == 21


def test_gradients_of_ten_to_minus_5000_come_out_exact():
    """g_i(l) = u_i 0.01^l: mean and noise are those of u, times 0.01^l."""
    cotangents = np.random.default_rng(2).standard_normal((50, 2)) + 1.0
    found = signal_to_noise(chain([0.01, 0.01], 2600), lags=2500, ends=50, cotangent=cotangents, source="s")
    mean = cotangents.mean(axis=0)
    noise = ((cotangents - mean) ** 2).sum() / 49
    decay = np.arange(2501) * math.log(0.01)
    np.testing.assert_allclose(found.log_mean, math.log(np.linalg.norm(mean)) + decay, rtol=1e-12)
    np.testing.assert_allclose(found.log_noise, math.log(noise) / 2 + decay, rtol=1e-12)
    np.testing.assert_allclose(found.ratio_squared, (mean @ mean - noise / 50) / noise, rtol=1e-10)
    assert found.log_mean[-1] / math.log(10) < -4999


def test_samples_of_very_different_size_are_added_in_any_order():
    cotangents = np.array([[1e-200], [1e200], [1.0], [3e200]])
    for order in (slice(None), slice(None, None, -1)):
        found = signal_to_noise(
            chain([0.5], 30), lags=10, ends=[10, 15, 20, 25], cotangent=cotangents[order], source="s"
        )
        assert found.log_mean[0] == pytest.approx(math.log(1e200), rel=1e-12)
        assert found.log_noise[0] == pytest.approx(math.log(math.sqrt(2.0) * 1e200), rel=1e-12)


@pytest.mark.parametrize("sequences", [1, 4])
def test_the_square_of_the_signal_is_right_on_average(sequences):
    """E ||mean of n||^2 = 0.5 + 2/n for cotangents of mean (0.5, 0.5) and variance 1; the estimate has mean 0.5."""
    rng, run = np.random.default_rng(3), chain([1.0, 1.0], 12, sequences)
    estimates, plain = [], []
    for _ in range(150):
        cotangents = 0.5 + rng.standard_normal((8, sequences, 2))
        found = signal_to_noise(run, lags=2, ends=8, cotangent=cotangents, source="s")
        estimates.append(found.ratio_squared[2] * math.exp(2 * found.log_noise[2]))
        plain.append(math.exp(2 * found.log_mean[2]))
    error = 4 * np.std(estimates) / 150**0.5
    assert np.mean(estimates) == pytest.approx(0.5, abs=error)
    assert np.mean(plain) == pytest.approx(0.5 + 2 / (8 * sequences), abs=error)
    assert np.mean(plain) > 0.5 + 0.5 / (8 * sequences)


def test_end_points_of_one_sequence_that_are_alike_do_not_count_as_many():
    """Two sequences of opposite gradients have no signal, however many end points repeat them."""
    cotangents = np.tile(np.array([[1.0], [-1.0 + 1e-3]]), (50, 1, 1))
    found = signal_to_noise(chain([0.9], 80, 2), lags=10, ends=50, cotangent=cotangents, source="s")
    assert (found.ratio == 0).all() and (found.needed == np.inf).all()
    assert (found.ratio_squared < 0).all()
    assert found.reach(10**9) == 0


def test_the_samples_needed_grow_as_the_signal_falls():
    """A signal that halves at each lag in noise that stays: needed grows by 4."""
    rng = np.random.default_rng(4)
    cotangents = np.stack([np.full(400, 4.0), rng.choice([-1.0, 1.0], 400)], axis=1)
    found = signal_to_noise(chain([0.5, 1.0], 420), lags=4, ends=400, cotangent=cotangents, source="s")
    np.testing.assert_allclose(found.needed[1:] / found.needed[:-1], 4.0, rtol=0.2)
    assert found.reach(2) == 3


def test_a_constant_input_has_an_end_state_without_noise_and_says_so():
    run = record(lstm, PARAMS, np.ones((4000, 1, 3)))
    found = signal_to_noise(run, lags=5, ends=[3990, 3999])
    assert (found.ratio > 1e6).all()


@pytest.mark.parametrize(("once", "twice"), [([20, 30], [20, 20, 30, 30]), ([20, 39, 33], [39, 20, 33, 33, 20, 39])])
def test_an_end_point_given_twice_counts_twice(once, twice):
    """The mean is that of the points given once; the sum of squares doubles, over 2 n - 1 instead of n - 1."""
    run = record(lstm, PARAMS, X)
    single, double = (signal_to_noise(run, lags=12, ends=ends) for ends in (once, twice))
    assert double.samples == 2 * single.samples
    np.testing.assert_allclose(double.log_mean, single.log_mean, rtol=0, atol=1e-12)
    ratio = 2 * (single.samples - 1) / (double.samples - 1)
    np.testing.assert_allclose(double.log_noise, single.log_noise + math.log(ratio) / 2, rtol=0, atol=1e-12)


def test_progress_ends_with_all_steps():
    seen: list[tuple[int, int]] = []
    signal_to_noise(chain([0.5], 30), lags=5, ends=[10, 20], source="s", progress=lambda a, b: seen.append((a, b)))
    assert seen[-1] == (12, 12)


@pytest.mark.parametrize("cotangent", [np.ones(3), np.ones((3, 4)), np.full(4, np.nan), np.ones((4, 4, 4))])
def test_a_cotangent_of_another_shape_is_refused(cotangent):
    with pytest.raises(FlowError, match="cotangent"):
        signal_to_noise(record(lstm, PARAMS, X), lags=5, ends=ENDS, cotangent=cotangent)


def test_one_sample_a_gradient_of_zero_and_too_many_lags_are_refused():
    run = record(lstm, PARAMS, X)
    with pytest.raises(FlowError, match="no noise"):
        signal_to_noise(chain([0.5], 30), lags=5, ends=1, source="s")
    with pytest.raises(FlowError, match=r"lag 0: .* exactly 0 in every sample"):
        signal_to_noise(run, lags=5, cotangent=np.zeros(4))
    with pytest.raises(FlowError, match="cannot hold a lag"):
        signal_to_noise(run, lags=40)
    with pytest.raises(FlowError, match="no such state"):
        signal_to_noise(run, lags=5, source="z")
