"""How long untrained networks remember: H = 64, 8 standard Gaussian inputs, PyTorch's default initialisation.

A single draw may give 1.3 steps for the tanh RNN, 1.6 for the LSTM and 4.7 for the LSTM with forget bias 1. Draws
differ: the mean of eight is stated here, and those values lie within two standard deviations of it.
"""

import numpy as np
import pytest

from lstm_sym.flow import Model, run
from lstm_sym.kernels import lstm, rnn


@pytest.fixture(scope="module")
def half_lives() -> dict[str, np.ndarray]:
    """Of each model, for eight draws of the parameters."""
    models = [Model("rnn", rnn), Model("lstm", lstm), Model("forget bias 1", lstm, fill={"b_f": 1.0})]
    x = np.random.default_rng(100).standard_normal((160, 8))
    profiles = run(models, x, hidden=64, lags=60, ends=10, seeds=range(8))
    return {profile.model: np.array([draw.half_life() for draw in profile.by_seed().values()]) for profile in profiles}


@pytest.mark.parametrize(
    ("model", "mean", "tolerance", "one_draw"),
    [("rnn", 1.29, 0.1, 1.3), ("lstm", 1.49, 0.05, 1.6), ("forget bias 1", 4.19, 0.2, 4.7)],
)
def test_the_half_life_of_untrained_networks(half_lives, model, mean, tolerance, one_draw):
    values = half_lives[model]
    assert values.mean() == pytest.approx(mean, abs=tolerance)
    assert abs(values.mean() - one_draw) < 2 * values.std(ddof=1)


def test_an_untrained_lstm_forgets_about_as_fast_as_a_plain_network(half_lives):
    assert 1.0 < np.median(half_lives["lstm"] / half_lives["rnn"]) < 1.5


def test_a_forget_bias_of_1_more_than_doubles_the_memory(half_lives):
    assert (half_lives["forget bias 1"] / half_lives["lstm"] > 2).all()
