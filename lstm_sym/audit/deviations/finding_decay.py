"""Finds weight decay: what is too much in a gradient is the same multiple of every weight."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_sym.audit.deviations.deviation import parameters
from lstm_sym.audit.deviations.numbers import commonest
from lstm_sym.audit.deviations.penalty import Decayed
from lstm_sym.audit.deviations.seen import Deviations, Seen

MOST = 1.0
"""What λ is below: where a whole weight is added, gradients were summed up in a copy of the weights, not in zeros."""

ROUNDING = 1e-6
"""Of the relative error that is allowed: what a difference of gradients has of rounding."""


def decays(seen: Seen, known: Deviations) -> Iterator[Deviations]:
    """The multiple that most gradients show, of weights alone and with biases."""
    strengths = [strength for place in seen.by_length for strength in multiples(seen, place, known)]
    strength = commonest(strengths, 1e-5, least=2)
    if strength and 0 < strength < MOST:
        yield (Decayed(strength),)
        yield (Decayed(strength, biases=True),)


def multiples(seen: Seen, place: int, known: Deviations) -> Iterator[float]:
    """λ of every gradient of a sequence that differs by λ times its weight."""
    expected, weights, bar = seen.expected(place, known), parameters(seen.given[place]), seen.bars[place]
    for name in seen.returned & weights.keys():
        weight, excess = weights[name], seen.found[place][name] - expected[name]
        strength = float((excess * weight).sum() / (weight * weight).sum()) if weight.any() else 0.0
        left, rounding = np.abs(excess - strength * weight).max(), ROUNDING * bar * np.abs(expected[name]).max()
        if strength and left <= bar * np.abs(excess).max() + rounding and np.abs(excess).max() > 1e3 * rounding:
            yield strength
