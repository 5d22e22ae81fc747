"""The memory card: closed forms of geometric and power-law decay, bounds, intervals, the table."""

import json
import math
import unicodedata
from functools import partial

import numpy as np
import pytest

from lstm_sym import flow
from lstm_sym.flow import FlowError, Profile, memory_table
from lstm_sym.flow.profiles.curves import centroids, half_lives, horizons, share_lags

# Enough for an interval; how well it holds what it should is asked in test_resampling.py.
memory_card = partial(flow.memory_card, resamples=200)


def profile(curves: np.ndarray, seeds: int = 1, model: str = "m") -> Profile:
    curves = np.atleast_2d(curves)
    count = len(curves)
    ends = np.stack([np.arange(count) % (count // seeds), np.zeros(count, int)], axis=1)
    return Profile(model, curves, ends, np.repeat(np.arange(seeds), count // seeds), "h", "x", "frobenius")


def geometric(rho: float, lags: int = 400) -> Profile:
    return profile(np.arange(lags + 1) * np.log(rho))


def noisy(seeds: int = 8, ends: int = 10, lags: int = 60) -> Profile:
    rng = np.random.default_rng(0)
    rates = 0.1 + 0.01 * rng.standard_normal((seeds, 1)) + 0.01 * rng.standard_normal((seeds, ends))
    return profile(-rates.reshape(-1, 1) * np.arange(lags + 1), seeds)


@pytest.mark.parametrize("rho", [0.3, 0.77, 0.9])
def test_every_number_of_a_geometric_decay_is_known(rho):
    card = memory_card(geometric(rho))
    assert card.half_life.value == pytest.approx(math.log(2) / -math.log(rho), rel=1e-12)
    assert card.centroid.value == pytest.approx(rho / (1 - rho), rel=1e-12)
    # sum_{k <= l} = 1 - rho^(l + 1) of the whole
    assert card.lag50.value == math.ceil(math.log(0.5) / math.log(rho)) - 1
    assert card.lag90.value == math.ceil(math.log(0.1) / math.log(rho)) - 1
    assert card.horizon.value == math.ceil(math.log(1e-3) / math.log(rho))
    assert card.rate.value == pytest.approx(-math.log(rho), rel=1e-12)
    assert card.law == "exponential" and card.settled
    assert not any(e.bound for e in (card.half_life, card.centroid, card.lag50, card.lag90, card.horizon))


@pytest.mark.parametrize("exponent", [2.5, 4.0])
def test_every_number_of_a_power_law_is_known(exponent):
    weights = np.arange(1.0, 402.0) ** -exponent
    curve = np.concatenate([[0.0], np.log(weights[:-1])])
    card = memory_card(profile(curve))
    weights = np.exp(curve)
    assert card.law == "power law"
    assert card.exponent.value == pytest.approx(exponent, rel=1e-12)
    assert card.centroid.value == pytest.approx(weights @ np.arange(401) / weights.sum(), rel=1e-12)
    assert card.lag90.value == np.searchsorted(weights.cumsum(), 0.9 * weights.sum())
    assert card.horizon.value == math.floor(1e-3 ** (-1 / exponent)) + 1


def test_the_numbers_are_those_of_the_profile():
    noise = noisy()
    curve = noise.median(relative=True)[None]
    assert half_lives(curve)[0] == pytest.approx(noise.half_life(), rel=1e-12)
    assert centroids(curve)[0] == pytest.approx(noise.centroid_lag, rel=1e-12)
    assert [share_lags(curve, share)[0] for share in (0.5, 0.9)] == [noise.share_lag(0.5), noise.share_lag(0.9)]


def test_the_horizon_is_behind_the_last_lag_above_the_tolerance():
    curves = np.log([[1.0, 1e-5, 0.5, 1e-4, 1e-4], [1.0, 0.1, 0.1, 0.1, 0.1]])
    assert list(horizons(curves, math.log(1e-3))) == [3, 5]
    assert list(horizons(curves, math.log(2.0))) == [0, 0]


def test_what_has_not_settled_is_a_lower_bound():
    card = memory_card(geometric(0.999, 60))
    assert not card.settled
    assert all(e.bound for e in (card.centroid, card.lag50, card.lag90, card.horizon))
    assert card.horizon.value == 61
    assert str(card.horizon) == "≥ 61"


def test_intervals_hold_the_value_and_are_the_same_on_every_call():
    card = memory_card(noisy())
    assert card == memory_card(noisy()) != memory_card(noisy(), seed=1)
    for name in ("half_life", "centroid", "lag50", "lag90", "horizon", "rate", "exponent"):
        estimate = getattr(card, name)
        assert estimate.low <= estimate.value <= estimate.high
    assert card.half_life.low < card.half_life.high
    assert (card.groups, card.resampled) == (8, "seeds")
    assert card.support > 0.9


def test_a_higher_level_gives_a_wider_interval():
    narrow, wide = (memory_card(noisy(), level=level).half_life for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_one_end_point_has_no_interval_and_the_table_says_so():
    card = memory_card(geometric(0.9))
    assert card.half_life.low is None and card.support is None and card.resampled == ""
    assert "none: one end point" in memory_table([card])


@pytest.mark.parametrize("curve", [np.zeros(61), 0.1 * np.arange(61)])
def test_what_does_not_decay_has_an_infinite_half_life(curve):
    card = memory_card(profile(np.stack([curve, curve + 1])))
    assert card.half_life.value == math.inf
    assert "∞" in memory_table([card])
    assert card.row()["half_life"] == "inf"


def test_what_grows_is_called_growth_and_what_decays_is_not():
    assert "exponential growth (" in flow.memory_table([flow.memory_card(geometric(1.05))])
    assert "growth" not in flow.memory_table([flow.memory_card(geometric(0.95))])


def test_a_row_is_flat_and_valid_json():
    row = memory_card(noisy()).row()
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert row["model"] == "m" and row["half_life_low"] < row["half_life"] < row["half_life_high"]
    assert json.dumps(memory_card(geometric(0.5)).row(), allow_nan=False)


def test_the_table_compares_models_in_aligned_columns_of_any_script():
    cards = [memory_card(profile(p.log_norms, 8, name)) for name, p in (("長短期記憶", noisy()), ("RNN", noisy()))]
    lines = memory_table(cards, labels={"model": "模型", "caption": "說明 {level}"}).splitlines()
    assert lines[-1] == "說明 95"
    assert lines[0].startswith("模型")
    places = {
        sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line[: line.index("[")]) for line in lines[1:3]
    }
    assert len(places) == 1
    assert "8 seeds" in lines[1] and "exponential" in lines[1]


@pytest.mark.parametrize("options", [{"tolerance": 0.0}, {"tolerance": 1.0}, {"level": 95}, {"resamples": 10}])
def test_options_without_a_meaning_are_refused(options):
    with pytest.raises(FlowError, match=next(iter(options))):
        memory_card(noisy(), **options)


def test_no_card_and_too_few_lags_are_refused():
    with pytest.raises(FlowError, match="no card"):
        memory_table([])
    with pytest.raises(FlowError, match="m, decay"):
        memory_card(geometric(0.5, 2))
