"""Finds clipping of what is returned, by that alone: many elements are exactly ±c, or several norms exactly c."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_sym.audit.deviations.clipping import ClippedElements, ClippedNorm, norm
from lstm_sym.audit.deviations.deviation import ALL, PARAMETERS, members
from lstm_sym.audit.deviations.numbers import LEAST, commonest, rounded
from lstm_sym.audit.deviations.seen import Deviations, Seen

NEAR = 1e-5
"""Relative difference of norms that were clipped to the same one: libraries add 1e-6 to what they divide by."""

ROUNDED = 1e-6
"""Relative difference of a number and what it is in single precision."""


def clippings(seen: Seen, known: Deviations) -> Iterator[Deviations]:
    """Element by element, by the norm of all together, by that of each."""
    for whom in (ALL, PARAMETERS):
        names = members(whom, seen.returned)
        if (bound := common_limit(seen, names)) and bound >= LEAST:
            yield (ClippedElements(bound, whom),)
        norms = {place: [norm([found[name]]) for name in names] for place, found in enumerate(seen.found)}
        if bound := commonest((float(np.hypot.reduce(of)) for of in norms.values()), NEAR, least=2):
            yield (ClippedNorm(bound, whom),)
        if bound := commonest((one for of in norms.values() for one in of), NEAR, least=3):
            yield (ClippedNorm(bound, whom, each=True),)


def common_limit(seen: Seen, names: frozenset[str]) -> float | None:
    """The largest size of an element of these outputs over all sequences, where two elements or more have it.

    In single precision it is another one: the commonest of those that are so near is what was written.
    """
    every = np.concatenate(
        [np.abs(found[name]).ravel() for found in seen.found for name in sorted(names)] or [np.zeros(1)]
    )
    values, counts = np.unique(every[every >= (1 - ROUNDED) * every.max()], return_counts=True)
    return rounded(float(values[counts.argmax()])) if counts.sum() >= 2 and every.any() else None
