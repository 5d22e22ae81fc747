"""The same stream through several models and draws."""

import numpy as np
import pytest

from lstm_sym.flow import FlowError, Model, input_sensitivity, record, reporter, run
from lstm_sym.inputs import gaussian, stream
from lstm_sym.kernels import gru, lstm, rnn

X = np.random.default_rng(5).standard_normal((40, 2, 3))


def test_each_model_gives_the_profile_of_its_draws():
    models = [Model("b", lstm, fill={"b_f": 2.0}), Model("a", gru)]
    profiles = run(models, X, hidden=6, lags=9, ends=4, seeds=[7, 2])
    assert [profile.model for profile in profiles] == ["b", "a"]
    for profile, model in zip(profiles, models, strict=True):
        assert profile.seeds.tolist() == [7] * 8 + [2] * 8
        for seed, part in profile.by_seed().items():
            params = model.kernel.init(3, 6, rng=np.random.default_rng(seed), **model.fill)
            alone = input_sensitivity(record(model.kernel, params, X), lags=9, ends=4)
            np.testing.assert_array_equal(part.log_norms, alone.log_norms)


def test_given_parameters_are_measured_once_and_as_they_are():
    params = lstm.init(3, 5, rng=np.random.default_rng(11))
    (profile,) = run([Model("trained", lstm, params, output="c")], X, lags=9, ends=4, seeds=range(3))
    np.testing.assert_array_equal(
        profile.log_norms, input_sensitivity(record(lstm, params, X), lags=9, ends=4, output="c").log_norms
    )
    assert profile.output == "c"
    assert set(profile.seeds) == {-1}


def test_a_stream_of_the_inputs_room_is_taken_as_it_is():
    series = stream(gaussian(60, 3, np.random.default_rng(0)))
    (one,) = run([Model("rnn", rnn)], series, hidden=4, lags=9, ends=4)
    (other,) = run([Model("rnn", rnn)], series.values, hidden=4, lags=9, ends=4)
    np.testing.assert_array_equal(one.log_norms, other.log_norms)


def test_progress_rises_by_one_to_the_total():
    calls = []
    models = [Model("rnn", rnn), Model("gru", gru)]
    run(models, X, hidden=4, lags=9, ends=31, seeds=[0, 1], progress=lambda *call: calls.append(call))
    assert calls == [(done, 160) for done in range(1, 161)]


@pytest.mark.parametrize(
    ("models", "seeds", "words"),
    [
        ([], [0], "no model"),
        ([Model("a", rnn)], [], "no seed"),
        ([Model("a", rnn), Model("a", gru)], [0], "two models are called 'a'"),
    ],
)
def test_an_unclear_experiment_is_refused(models, seeds, words):
    with pytest.raises(FlowError, match=words):
        run(models, X, lags=9, seeds=seeds)


def test_an_error_names_the_model():
    with pytest.raises(FlowError, match=r"^my network, x"):
        run([Model("my network", rnn)], X * np.nan, lags=9)


def test_a_reporter_tells_how_far_a_run_has_come(capsys):
    run([Model("RNN", rnn)], X, hidden=4, lags=9, ends=5, progress=reporter("measuring", interval=0.0))
    assert capsys.readouterr().err.startswith("measuring: ")
