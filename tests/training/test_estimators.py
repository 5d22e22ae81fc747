"""Estimators by scikit-learn's own checks, and in its pipelines, folds and searches."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install 'scikit-learn>=1.6'")
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

from lstm_sym.training.estimators import SequenceClassifier, SequenceRegressor

SMALL = {"size": 6, "epochs": 60, "rate": 0.03, "random_state": 0}


QUICK = {"size": 4, "epochs": 3, "random_state": 0}
LEARNING = {"size": 8, "epochs": 60, "pooling": "last", "rate": 0.02, "random_state": 0}


def checks():
    """Those of scikit-learn; that something is learned of its data, which takes minutes, with -m long."""
    for kind in (SequenceClassifier, SequenceRegressor):
        for model, check in estimator_checks_generator(kind("rnn", **QUICK)):
            name = getattr(check, "func", check).__name__
            learns = name in ("check_classifiers_train", "check_regressors_train")
            marks = [pytest.mark.long] if learns else []
            yield pytest.param(
                kind("gru", **LEARNING) if learns else model, check, id=f"{kind.__name__}-{name}", marks=marks
            )


@pytest.mark.parametrize(("model", "check"), [*checks()])
def test_the_convention(model, check):
    check(model)


def drawn(count=40):
    rng = np.random.default_rng(0)
    x = [rng.standard_normal((rng.integers(4, 9), 2)) for _ in range(count)]
    return x, np.array([values.mean(axis=0)[0] for values in x])


def test_sequences_of_different_lengths_are_classified_by_names():
    x, y = drawn()
    names = np.where(y > 0, "up", "down")
    model = SequenceClassifier("gru", **SMALL).fit(x, names)
    assert model.classes_.tolist() == ["down", "up"] and model.score(x, names) >= 0.95
    assert np.allclose(model.predict_proba(x).sum(axis=1), 1)


def test_numbers_are_predicted_one_or_several():
    x, y = drawn()
    assert SequenceRegressor("gru", **SMALL).fit(x, y).score(x, y) > 0.9
    both = np.stack([y, -y], axis=1)
    assert SequenceRegressor("gru", **SMALL).fit(x, both).predict(x).shape == (40, 2)


def test_folds_searches_and_pipelines_take_it():
    x, y = drawn()
    padded = np.zeros((40, 8, 2))
    for row, values in zip(padded, x, strict=True):
        row[: len(values)] = values
    model = SequenceClassifier("rnn", **SMALL)
    assert cross_val_score(model, padded, y > 0, cv=2).mean() > 0.6
    search = GridSearchCV(model, {"size": [2, 6], "direction": ["both"]}, cv=2).fit(padded, y > 0)
    assert search.best_params_["direction"] == "both"
    piped = make_pipeline(FunctionTransformer(lambda values: values / 2), clone(model)).fit(padded, y > 0)
    assert piped.predict(padded).shape == (40,)
    assert clone(model).set_params(size=3).get_params()["size"] == 3


@pytest.mark.parametrize(
    ("x", "y", "found"),
    [
        ([np.ones((3, 2)), np.ones((3, 1))], [0, 1], "channels"),
        ([np.ones((3, 2))], [0, 1], "1 sequences and y 2 targets"),
        ([np.ones((3, 2)), np.ones((3, 2))], [1, 1], "one class"),
        ([np.full((3, 2), np.nan), np.ones((3, 2))], [0, 1], "NaN"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(x, y, found):
    with pytest.raises(ValueError, match=found):
        SequenceClassifier("rnn", **SMALL).fit(x, y)
