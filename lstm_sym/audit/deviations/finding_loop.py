"""Finds clipping in the loop: which adjoints are clipped at every step, and at what bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_sym.audit.deviations.loop import ARRIVING, COMPUTED, SENT, ClippedEachStep
from lstm_sym.audit.deviations.numbers import LEAST, rounded
from lstm_sym.audit.deviations.seen import Deviations, Seen, in_order
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Named
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Role, Value

TRIED = 24
"""Bounds that are tried before the best of them are followed."""
PLACES = 2
"""Sequences on which a bound is sought: one may saturate so that it hardly shows."""
FOLLOWED = 3
STEPS = 6
"""Steps of Gauss and Newton: what is clipped is linear in the bound, piece by piece."""
MOVED = 1e-6
"""Share of the bound by which it is moved to measure a slope."""


def clipped_steps(seen: Seen, known: Deviations) -> Iterator[Deviations]:
    """Every kind of adjoint that may be clipped, at the bound at which most is explained.

    Only of what is right where the cotangents are smallest, and wrong where they are larger.
    """
    for place in shown_on(seen, known)[:PLACES]:
        for what, when, values in clippable(seen.program):
            bound = bound_of(seen, place, known, ClippedEachStep(1.0, what, when, values))
            if bound is not None and bound >= LEAST:
                yield (ClippedEachStep(bound, what, when, values),)


def clippable(program: Program) -> Iterator[tuple[str, str, frozenset[Value]]]:
    """What may be clipped: a word for it, when, and the values."""
    carried = [carry.incoming for carry in program.carries]
    for when in (SENT, ARRIVING):
        yield "carried", when, frozenset(carried)
    states = {(value.of.name, 0) for value in carried if value.of is not None}
    targets = [s.target for s in program.statements if s.target.role is Role.ADJOINT]
    whole = [v for v in targets if v.of is not None and (v.of.name, v.of.time) in states]
    yield "states", COMPUTED, frozenset(whole)
    read = {part.left for s in program.statements if isinstance(s, Accumulate) for part in s.contributions}
    yield "preactivations", COMPUTED, frozenset(read)
    for values, when in ((carried, SENT), (carried, ARRIVING), (whole, COMPUTED)):
        for value in values if len(values) > 1 else ():
            yield "one", when, frozenset({value})


def shown_on(seen: Seen, known: Deviations) -> list[int]:
    """The sequences on which an output is wrong that is right where the cotangents are smallest, short ones first."""
    sizes = [
        max([np.abs(one.dy).max(initial=0), *(np.abs(v).max(initial=0) for v in one.dstate.values())])
        for one in seen.given
    ]
    smallest = int(np.argmin(sizes))
    right = {name for name, _ in seen.agreeing(smallest, known)}
    return [place for place in seen.by_length if right - {name for name, _ in seen.agreeing(place, known)}]


def bound_of(seen: Seen, place: int, known: Deviations, kind: ClippedEachStep) -> float | None:
    """The bound at which the outputs of a sequence come nearest to what was found, if some come to it exactly."""

    def given(bound: float) -> Named:
        one = ClippedEachStep(bound, kind.what, kind.when, kind.values)
        return seen.run(seen.meant(place, in_order((*known, one)))).gradients

    sizes = _sizes(seen, place, known, kind)
    if not sizes:
        return None
    tried = np.geomspace(sizes[0], sizes[-1], TRIED)
    best = sorted(tried, key=lambda bound: _distance(seen.found[place], given(bound)))[:FOLLOWED]
    before = len(seen.agreeing(place, known))
    for start in best:
        bound = float(start)
        for _ in range(STEPS):
            if not sizes[0] * 1e-3 < bound <= sizes[-1]:
                break
            bound += _step(seen.found[place], given(bound), given(bound * (1 + MOVED)), bound * MOVED)
        one = in_order((*known, ClippedEachStep(rounded(bound), kind.what, kind.when, kind.values)))
        if bound > 0 and len(seen.agreeing(place, one)) > before:
            return rounded(bound)
    return None


def _sizes(seen: Seen, place: int, known: Deviations, kind: ClippedEachStep) -> list[float]:
    """The sizes of what would be clipped, without a clip, in order."""
    steps = seen.run(seen.meant(place, known)).steps
    found = {float(size) for values in steps for v in kind.values if v in values for size in np.abs(values[v]).ravel()}
    return sorted(found - {0.0})


def _distance(found: Named, given: Named) -> float:
    """How far outputs are from what was found; one that is far off counts little more than one that is near."""
    return float(sum(_error(found[name], given[name]) ** 0.5 for name in found))


def _step(found: Named, given: Named, moved: Named, change: float) -> float:
    """What to add to the bound, by those outputs that are nearest to what was found and depend on it."""
    depending = [name for name in found if not np.array_equal(given[name], moved[name])]
    near = sorted(depending, key=lambda name: _error(found[name], given[name]))[: len(depending) // 2 + 1]
    above = below = 0.0
    for name in near:
        slope, size = (moved[name] - given[name]) / change, np.abs(found[name]).max() or 1.0
        above += float((slope * (found[name] - given[name])).sum()) / size**2
        below += float((slope * slope).sum()) / size**2
    return above / below if below else 0.0


def _error(found: Array, given: Array) -> float:
    size = float(np.abs(found).max(initial=0)) or 1.0
    return float(np.abs(found - given).max(initial=0)) / size
