"""Finds factors: exact multiples of the right gradients, the same of all outputs; and what they would be means over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_sym.audit.deviations.deviation import ALL, PARAMETERS, members
from lstm_sym.audit.deviations.numbers import commonest
from lstm_sym.audit.deviations.scaling import OVER, Averaged, Scaled, counted
from lstm_sym.audit.deviations.seen import Deviations, Seen


def scalings(seen: Seen, known: Deviations) -> Iterator[Deviations]:
    """A mean that explains the factors of most sequences; a factor alone; both."""
    for whom in (ALL, PARAMETERS):
        places = [place for place in seen.by_length if seen.given[place].dy.size > 1]  # of one unit all share its slope
        factors = {place: factor for place in places if (factor := common_factor(seen, place, known, whom))}
        for over in (*OVER, ""):
            scale = commonest(factor * counted(seen.given[place], over) for place, factor in factors.items())
            if scale is None or scale <= 0:  # nobody means to go uphill
                continue
            is_one = abs(scale - 1) <= 1e-6
            if over and is_one:
                yield (Averaged(over, whom),)
            elif whom == ALL and not is_one:
                yield (Averaged(over, whom), Scaled(scale)) if over else (Scaled(scale),)


def common_factor(seen: Seen, place: int, known: Deviations, whom: str) -> float | None:
    """The factor by which most outputs of a sequence differ, two at least; None where no two have one."""
    expected, factors = seen.expected(place, known), []
    for name in members(whom, seen.returned):
        found, right = seen.found[place][name], expected[name]
        size = float((right * right).sum())
        factor = float((found * right).sum()) / size if size else 0.0
        if factor and np.abs(found - factor * right).max() <= seen.bars[place] * np.abs(found).max():
            factors.append(factor)
    return commonest(factors, seen.bars[place], least=2)
