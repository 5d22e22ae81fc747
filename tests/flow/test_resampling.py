"""The bootstrap: quantiles of t, weighted medians, the groups it draws, and how often its intervals hold the truth."""

import math

import mpmath
import numpy as np
import pytest

from lstm_sym.flow import FlowError, Profile
from lstm_sym.flow.memory.bootstrap import BLOCKS, SEEDS, SEQUENCES, interval, medians, resampling, t_quantile, t_share
from lstm_sym.flow.profiles.curves import half_lives

RATE, LAGS = 0.1, 20


def sample(seeds: int, sequences: int, ends: int, rng: np.random.Generator) -> Profile:
    """Rates around RATE that differ by seed and by sequence, and from end point to end point as AR(1) with 0.8."""
    kick = rng.standard_normal((seeds, sequences, ends))
    error = kick.copy()
    for at in range(1, ends):
        error[..., at] = 0.8 * error[..., at - 1] + 0.6 * kick[..., at]
    rates = RATE + 0.01 * error
    rates += 0.01 * rng.standard_normal((seeds, 1, 1)) * (seeds > 1)
    rates += 0.01 * rng.standard_normal((seeds, sequences, 1)) * (sequences > 1)
    curves = -rates.reshape(-1, 1) * np.arange(LAGS + 1)
    where = np.stack(np.meshgrid(np.arange(ends), np.arange(sequences), indexing="xy"), axis=-1).reshape(-1, 2)
    return Profile(
        "m", curves, np.tile(where, (seeds, 1)), np.repeat(np.arange(seeds), sequences * ends), "h", "x", "frobenius"
    )


def coverage(shape: tuple[int, int, int], trials: int, resamples: int) -> float:
    """How often the 95 % interval of the half-life holds ln 2 / RATE."""
    rng, hits = np.random.default_rng(sum(shape)), 0
    for _ in range(trials):
        profile = sample(*shape, rng)
        drawn = resampling(profile, resamples, rng)
        low, high = interval(half_lives(medians(profile, drawn.counts)), drawn.groups, 0.95)
        hits += low <= math.log(2) / RATE <= high
    return hits / trials


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 30, 1001])
@pytest.mark.parametrize("share", [0.6, 0.95, 0.975, 0.9995])
def test_quantiles_of_t_agree_with_the_incomplete_beta_function(freedom, share):
    value = t_quantile(share, freedom)
    tail = mpmath.betainc(freedom / 2, 0.5, 0, freedom / (freedom + value**2), regularized=True) / 2
    assert float(1 - tail) == pytest.approx(share, rel=1e-10)
    assert t_share(0.0, freedom) == 0.5


def test_a_resampled_median_is_that_of_repeated_end_points():
    rng = np.random.default_rng(0)
    profile = sample(3, 2, 4, rng)
    drawn = resampling(profile, 100, rng)
    found = medians(profile, drawn.counts)
    for counts, curve in zip(drawn.counts, found, strict=True):
        expected = np.median(np.repeat(profile.relative(), counts, axis=0), axis=0)
        np.testing.assert_allclose(curve, expected, rtol=1e-15)


def test_whole_seeds_are_drawn_and_within_them_whole_sequences():
    drawn = resampling(sample(4, 3, 5, np.random.default_rng(0)), 200, np.random.default_rng(1))
    assert (drawn.groups, drawn.kind) == (4, SEEDS)
    sequences = drawn.counts.reshape(200, 4, 3, 5)
    assert (sequences == sequences[..., :1]).all()
    totals = sequences[..., 0].sum(axis=2)
    assert (totals % 3 == 0).all() and (totals.sum(axis=1) == 12).all()
    assert (totals == 0).any()


def test_blocks_are_neighbours_in_time_whatever_the_order_of_the_rows():
    profile = sample(1, 1, 60, np.random.default_rng(0))
    mixed = np.random.default_rng(1).permutation(60)
    shuffled = Profile("m", profile.log_norms[mixed], profile.ends[mixed], profile.seeds, "h", "x", "frobenius")
    plain, other = (resampling(p, 100, np.random.default_rng(2)) for p in (profile, shuffled))
    np.testing.assert_array_equal(plain.counts[:, mixed], other.counts)
    length = round(60 / plain.groups)
    assert plain.kind == BLOCKS.format(length=length) and length > 2


def test_independent_end_points_need_no_blocks():
    curves = np.random.default_rng(0).standard_normal((100, LAGS + 1))
    ends = np.stack([np.arange(100), np.zeros(100, int)], axis=1)
    profile = Profile("m", curves, ends, np.full(100, -1), "h", "x", "frobenius")
    assert resampling(profile, 100, np.random.default_rng(0)).groups >= 50


def test_one_end_point_cannot_be_resampled():
    drawn = resampling(sample(1, 1, 1, np.random.default_rng(0)), 100, np.random.default_rng(0))
    assert drawn.counts is None and drawn.kind == ""


@pytest.mark.parametrize("shape", [(2, 1, 1), (1, 2, 1), (1, 1, 2), (1, 1, 3)])
def test_the_smallest_samples_give_an_interval(shape):
    profile = sample(*shape, np.random.default_rng(0))
    drawn = resampling(profile, 100, np.random.default_rng(0))
    values = half_lives(medians(profile, drawn.counts))
    assert interval(values, drawn.groups, 0.95) == (values.min(), values.max())


def test_an_interval_may_be_infinite_and_is_never_no_number():
    values = np.array([1.0] * 50 + [np.inf] * 50)
    assert interval(values, 8, 0.95) == (1.0, np.inf)


def test_few_groups_give_a_wider_interval():
    values = np.random.default_rng(0).standard_normal(10_000)
    low, high = interval(values, 5, 0.95)
    assert interval(values, 5000, 0.95) == pytest.approx((-1.96, 1.96), abs=0.06)
    assert (low, high) == pytest.approx((-3.1, 3.1), abs=0.3)


def test_too_few_resamples_are_refused():
    with pytest.raises(FlowError, match="resamples: 99"):
        resampling(sample(2, 1, 2, np.random.default_rng(0)), 99, np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(8, 1, 10), (1, 8, 10), (1, 1, 120)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(shape):
    assert 0.85 <= coverage(shape, 100, 200) <= 1.0


def test_two_groups_hold_it_about_three_times_in_four():
    assert 0.6 <= coverage((2, 1, 10), 200, 100) <= 0.88


def test_end_points_taken_as_independent_would_hold_it_far_less_often():
    """What the groups are for: the same data, every end point drawn on its own."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(100):
        profile = sample(8, 1, 10, rng)
        counts = rng.multinomial(80, np.full(80, 1 / 80), size=200)
        low, high = interval(half_lives(medians(profile, counts)), 80, 0.95)
        hits += low <= math.log(2) / RATE <= high
    assert hits < 80


@pytest.mark.long
@pytest.mark.parametrize("shape", [(8, 1, 20), (16, 1, 10), (4, 4, 5), (1, 8, 10), (1, 16, 10), (1, 1, 200)])
def test_intervals_hold_the_truth_as_often_as_they_say(shape):
    assert 0.92 <= coverage(shape, 1000, 500) <= 0.99


def test_kinds_of_groups_are_told_apart():
    kinds = [resampling(sample(*shape, np.random.default_rng(0)), 100, np.random.default_rng(0)).kind
             for shape in [(2, 3, 4), (1, 3, 4), (1, 1, 4)]]  # fmt: skip
    assert kinds[:2] == [SEEDS, SEQUENCES] and kinds[2].startswith("blocks of ")
