"""What experiments on long gaps are made of: tasks are what they claim, and an answer is that of the numbers."""

import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def script(monkeypatch):
    """An experiment by its name, as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "analysis"))
    return importlib.import_module


def test_the_symbol_to_recall_is_shown_once_before_the_gap(script):
    found = script("_long_gaps").recall(7).samples(300, np.random.default_rng(0))
    x = np.stack(found.x)
    assert x.shape == (300, 8, 8) and x.dtype == np.float32 and (x.sum(axis=2) == 1).all()
    assert (x[:, 0].argmax(axis=1) == found.y).all() and set(found.y) == {0, 1, 2, 3}
    assert not x[:, 1:, :4].any() and (x[:, 1:, 4:].sum(axis=(0, 1)) > 400).all()


def test_the_numbers_to_add_are_the_marked_ones(script):
    found = script("_long_gaps").adding(40).samples(500, np.random.default_rng(0))
    for x, y in zip(found.x, found.y, strict=True):
        assert 40 <= len(x) <= 44 and np.abs(x[:, 0]).max() <= 1 and (x[[0, -1], 1] == -1).all()
        first, second = sorted(np.flatnonzero(x[:, 1] == 1))
        assert 1 <= first < 10 and second < 19 and not x[1:-1, 1][x[1:-1, 1] != 1].any()
        assert y == pytest.approx(0.5 + x[[first, second], 0].sum() / 4, abs=1e-6)
    assert np.var(found.y) == pytest.approx(script("adding_problem").VARIANCE, rel=0.15)


def test_the_class_is_the_order_of_the_two_symbols(script):
    found = script("_long_gaps").temporal_order(40).samples(400, np.random.default_rng(0))
    for x, y in zip(found.x, found.y, strict=True):
        text = "".join("EBabcdXY"[unit] for unit in x.argmax(axis=1))
        assert 40 <= len(text) <= 44 and text[0] == "E" and text[-1] == "B" and (x.sum(axis=1) == 1).all()
        first, second = (place for place, symbol in enumerate(text) if symbol in "XY")
        assert 4 <= first <= 8 and 20 <= second <= 24
        assert ["XX", "XY", "YX", "YY"][y.argmax()] == text[first] + text[second] and y.sum() == 1
    assert np.mean(found.y, axis=0) == pytest.approx([0.25] * 4, abs=0.07)


def test_data_and_parameters_are_those_of_the_seed_and_no_test_is_trained_on(script):
    gaps = script("_long_gaps")
    plan, task = gaps.Training(hidden=3, epochs=1, batches=1, batch=4, held_out=4), gaps.adding(20)
    one, two, other = (gaps.trained(gaps.LEARNERS[1], task, plan, seed)[1] for seed in (0, 0, 1))
    assert one.history == two.history != other.history
    first, again = (gaps.tested(task, plan, 0).x for _ in range(2))
    drawn = task.samples(8, np.random.default_rng([0, task.gap])).x
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not any(a.shape == b.shape and (a == b).all() for a in first for b in drawn)


def test_chance_lies_in_its_interval_as_often_as_it_says(script):
    interval = script("_long_gaps").binomial_interval
    assert interval(10, 0.5, 0.95) == (0.2, 0.8)  # P(k <= 1) = 11/1024 < 0.025 < P(k <= 2) = 56/1024
    low, high = interval(1000, 0.25, 0.99)
    drawn = np.random.default_rng(0).binomial(1000, 0.25, 100_000) / 1000
    assert ((low <= drawn) & (drawn <= high)).mean() == pytest.approx(0.99, abs=0.003)


def test_an_answer_is_that_of_the_numbers(script):
    gap = script("dependency_gap")
    plan = gap.Plan(gap.LEARNERS[:2], (5, 9), 2, gap.Training(hidden=1, epochs=1, batches=1))

    def tries(rnn, lstm):
        return [
            gap.Try(label, of, seed, -of * (label == "RNN"), share, 1)
            for label, shares in (("RNN", rnn), ("LSTM, chrono", lstm))
            for of, pair in zip((5, 9), shares, strict=True)
            for seed, share in enumerate(pair)
        ]

    apart = tries([(1.0, 0.5), (0.25, 0.24)], [(1.0, 1.0), (0.99, 0.96)])
    assert gap.separating(gap.table(apart, "accuracy"), plan) == [9]
    assert "At a gap of 9 steps the RNN is at chance" in gap.answer(apart, plan)[0]
    for rnn, lstm in (((0.25, 0.4), (0.99, 0.96)), ((0.25, 0.24), (0.99, 0.9))):
        close = tries([(1.0, 1.0), rnn], [(1.0, 1.0), lstm])
        assert gap.separating(gap.table(close, "accuracy"), plan) == []
        assert "No gap" in gap.answer(close, plan)[0]
    better, smallest, largest = gap.foretold(apart)
    assert better == pytest.approx(14 / 15) and smallest == pytest.approx(-5 / np.log(10)) == largest


def test_a_title_has_the_worst_seed_and_the_text_all(script):
    gaps = script("_long_gaps")
    right = {"RNN": (0.1, 0.2), "LSTM": (1.0, 0.96)}
    found = [
        gaps.Outcome(label, seed, [], np.array([share]), np.array([1.0]))
        for label, shares in right.items()
        for seed, share in enumerate(shares)
    ]
    title, text = gaps.verdict(found, lambda each: each.answers, "Adding", "chance 15%")
    assert title == "Adding: RNN 10.0%, LSTM 96.0% right with the worst seed"
    assert "RNN 10.0% to 20.0%, LSTM 96.0% to 100.0%; chance 15%." in text


def test_an_answer_of_the_mean_is_right_as_often_as_it_says(script):
    adding = script("adding_problem")
    sums = np.random.default_rng(0).uniform(-1, 1, (200_000, 2)).sum(axis=1)
    assert (np.abs(sums / 4) < adding.NEAR).mean() == pytest.approx(adding.MEAN_NEAR, abs=0.003)


def test_a_curve_of_a_training_that_ended_keeps_its_last_number(script):
    gaps = script("_long_gaps")
    histories = ([{"validation loss": 1.0}, {"validation loss": 0.5}], [{"validation loss": 0.2}])
    found = [gaps.Outcome("LSTM", seed, rows, np.ones(1), np.ones(1)) for seed, rows in enumerate(histories)]
    (curve,) = gaps.learning_curves(found, factor=2.0)
    assert curve.low.tolist() == [0.4, 0.4] and curve.high.tolist() == [2.0, 1.0]


def test_an_epoch_that_learned_is_the_first_below_half_of_chance(script):
    during = script("flow_during_training")
    rows = [{"epoch": n, "validation loss": loss} for n, loss in enumerate((1.39, 0.9, 0.5, 0.8))]
    assert during.learned_at(rows) == 2 and during.learned_at(rows[:2]) is None
    shown = [{"epoch": 0, "half-life": 2.0}, {"epoch": 1, "half-life": np.nan}, {"epoch": 2, "half-life": np.inf}]
    assert during.by_epoch(shown, "half-life", 100.0) == ([0, 2], [2.0, 100.0])
