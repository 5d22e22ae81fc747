"""Classifiers and regressors of sequences by the convention of scikit-learn, for its pipelines, folds and searches.

    from lstm_sym.training.estimators import SequenceClassifier
    model = SequenceClassifier("lstm", size=32, direction="both").fit(sequences, labels)
    model.predict_proba(others)

X is a list of sequences (T_b, D), an array (B, T, D), or one (B, T), which are sequences of one channel.
This module alone needs scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import assert_all_finite, check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise ImportError("lstm_sym.training.estimators needs scikit-learn: pip install 'scikit-learn>=1.6'") from error

from lstm_sym.api import cell as catalogue
from lstm_sym.equations import Cell
from lstm_sym.kernels import Array
from lstm_sym.networks import LOSSES, CellLayer, Dropout, Network, Pooling, dense
from lstm_sym.networks.layer import Layer
from lstm_sym.training.batches import Samples
from lstm_sym.training.fitting import fit, predict
from lstm_sym.training.optimisers import Adam


class _SequenceEstimator(BaseEstimator):
    """Layers of a cell, a pool over the steps, a dense layer; trained by Adam.

    The settings:
        cell: a name of the catalogue, or a cell.
        size: H of every layer. layers: how many. direction: "forward", "backward" or "both".
        pooling: "mean", "max", "last", or "ends" of both directions.
        dropout: the share of units left out above each layer.
        fill: vectors of the cells that begin with one value, as {"b_f": 1.0}.
        epochs, batch, rate, decay, clip: of the training. random_state: a seed, or None for another each time.
    """

    _loss = "squared"

    def __init__(
        self,
        cell: str | Cell = "lstm",
        *,
        size: int = 32,
        layers: int = 1,
        direction: str = "forward",
        pooling: str = "mean",
        dropout: float = 0.0,
        fill: dict[str, float] | None = None,
        epochs: int = 30,
        batch: int = 32,
        rate: float = 1e-2,
        decay: float = 0.0,
        clip: float | None = 1.0,
        random_state: Any = None,
    ) -> None:
        self.cell = cell
        self.size = size
        self.layers = layers
        self.direction = direction
        self.pooling = pooling
        self.dropout = dropout
        self.fill = fill
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.decay = decay
        self.clip = clip
        self.random_state = random_state

    def _trained(self, x: list[Array], targets: Array) -> None:
        """Build the network for these data, and train it."""
        own = self.cell if isinstance(self.cell, Cell) else catalogue(self.cell)
        stack: list[Layer] = []
        for number in range(1, self.layers + 1):
            stack.append(CellLayer(f"layer{number}", own, self.size, direction=self.direction))
            stack += [Dropout(f"dropout{number}", self.dropout)] if self.dropout else []
        outputs = int(targets.max()) + 1 if self._loss == "softmax" else targets.shape[1]
        top = (Pooling("pooling", self.pooling), dense("output", outputs))
        self.network_ = Network((*stack, *top), x[0].shape[1], LOSSES[self._loss])
        seed = int(check_random_state(self.random_state).randint(2**31))
        vectors = {
            f"layer{n}.{name}": value for n in range(1, self.layers + 1) for name, value in (self.fill or {}).items()
        }
        found = fit(
            self.network_,
            Samples(x, targets),
            self.network_.init(seed, fill=vectors),
            optimiser=Adam(self.rate, self.decay, self.clip),
            epochs=self.epochs,
            batch=self.batch,
            seed=seed,
        )
        self.params_, self.history_ = found.params, found.history

    def _sequences(self, X: Any, *, reset: bool) -> list[Array]:
        """The sequences (T_b, D) of X; reset: their channels are those of the data from now on.

        Raises ValueError for what is none, and for other channels than before.
        """
        if not _is_ragged(X) and getattr(X, "ndim", 2) != 3:
            return list(validate_data(self, X, reset=reset, dtype=np.float64)[..., np.newaxis])
        found = [check_array(values, dtype=np.float64, input_name="X") for values in X]
        widths = {values.shape[1] for values in found}
        if reset:
            self.n_features_in_ = min(widths)
        if widths != {self.n_features_in_}:
            raise ValueError(
                f"X has sequences of {sorted(widths)} channels; {self.n_features_in_} are expected in each"
            )
        return found

    def _given_out(self, X: Any) -> Array:
        """What the network predicts, (B, K)."""
        check_is_fitted(self, "params_")
        x = self._sequences(X, reset=False)
        return np.stack(predict(self.network_, self.params_, x))


class SequenceClassifier(ClassifierMixin, _SequenceEstimator):
    """Classes of whole sequences: softmax over a dense layer.

    Attributes after `fit`: classes_, network_, params_, history_ (a row an epoch), n_features_in_.
    """

    _loss = "softmax"

    def fit(self, X: Any, y: Any) -> SequenceClassifier:
        """Train on sequences and their classes, of any kind. Raises ValueError for what cannot be trained on."""
        x = self._sequences(X, reset=True)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        _refuse_other_counts(x, y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"SequenceClassifier needs two classes or more; y has one class, {self.classes_[0]!r}")
        self._trained(x, numbers)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, (B, K), in the order of classes_."""
        return self._given_out(X)

    def predict(self, X: Any) -> Array:
        """The likeliest class of each sequence."""
        chosen = self.predict_proba(X).argmax(axis=1)
        found: Array = self.classes_[chosen]
        return found


class SequenceRegressor(RegressorMixin, _SequenceEstimator):
    """Numbers of whole sequences: squared error of a dense layer; targets are standardised for the training.

    Attributes after `fit`: network_, params_, history_ (a row an epoch), n_features_in_.
    """

    def fit(self, X: Any, y: Any) -> SequenceRegressor:
        """Train on sequences and numbers (B,) or (B, K). Raises ValueError for what cannot be trained on."""
        x = self._sequences(X, reset=True)
        if y is None:
            raise ValueError("SequenceRegressor requires y to be passed, but the target y is None")
        targets = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        targets = targets if targets.ndim == 2 and targets.shape[1] > 1 else column_or_1d(targets, warn=True)
        self._flat = targets.ndim == 1
        _refuse_other_counts(x, targets)
        targets = targets.reshape(len(targets), -1)
        self._mean, spread = targets.mean(axis=0), targets.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        self._trained(x, (targets - self._mean) / self._spread)
        return self

    def predict(self, X: Any) -> Array:
        """The number, or numbers, of each sequence."""
        found: Array = self._given_out(X) * self._spread + self._mean
        return found[:, 0] if self._flat else found


def _is_ragged(X: Any) -> bool:
    """Whether X is a list of sequences (T_b, D)."""
    listed = isinstance(X, Sequence) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1)
    return bool(listed and len(X) > 0 and all(np.ndim(values) == 2 for values in X))


def _refuse_other_counts(x: list[Array], y: Array) -> None:
    if len(x) != len(y):
        raise ValueError(f"X has {len(x)} sequences and y {len(y)} targets; each sequence has one")
