"""What experiments that classify share: shares of right answers, seeded splits, units of one scale, ranges in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstm_sym.networks import Network
from lstm_sym.training import Samples, predict


def answers(network: Network, params: Mapping[str, Any], x: Sequence[Any]) -> list[Any]:
    """The class of each sequence, or of each of its steps; 0 or 1 where the network gives out one probability."""
    found = predict(network, params, x)
    return [np.argmax(p, axis=-1) if np.shape(p)[-1] > 1 else (p[..., 0] > 0.5).astype(int) for p in found]


def accuracy(network: Network, params: Mapping[str, Any], data: Samples) -> float:
    """The share of sequences, or of steps, whose class is right."""
    found = np.concatenate([np.ravel(a) for a in answers(network, params, data.x)])
    wanted = np.concatenate([np.ravel(y) for y in data.y])
    return float((found == wanted).mean())


def parted(data: Samples, sizes: Sequence[int], rng: np.random.Generator) -> list[Samples]:
    """Parts of so many samples each, drawn; what is left over comes last."""
    order = rng.permutation(len(data))
    return [subset(data, part) for part in np.split(order, np.cumsum(sizes)) if len(part)]


def subset(data: Samples, which: Any) -> Samples:
    """The samples of these numbers."""
    return Samples([data.x[b] for b in which], np.array([data.y[b] for b in which]))


def standardised(train: Sequence[Any], *others: Sequence[Any]) -> list[list[Any]]:
    """Sequences (T, N) of mean 0 and variance 1 by unit, by the mean and variance over the steps of `train`."""
    steps = np.concatenate(train)
    mean, scale = steps.mean(axis=0), steps.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return [[((x - mean) / scale).astype(np.float32) for x in part] for part in (train, *others)]


def in_words(values: Sequence[float]) -> str:
    """The mean, and the range where there are several: "0.968 (0.962 to 0.973)"."""
    low, high = min(values), max(values)
    return f"{np.mean(values):.3f}" + (f" ({low:.3f} to {high:.3f})" if high > low else "")
