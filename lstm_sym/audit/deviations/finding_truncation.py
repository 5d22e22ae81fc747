"""Finds truncation: outputs that are right on short sequences, and after how many steps they are not."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_sym.audit.deviations.deviation import is_parameter
from lstm_sym.audit.deviations.meant import Meant, of_one_loss, spread
from lstm_sym.audit.deviations.seen import Deviations, Seen, in_order
from lstm_sym.audit.deviations.truncation import CUT, LAST, SENT, ZERO, Cut, LastSteps, Windowed
from lstm_sym.interpreter.over_time import Backward, Named, deviations
from lstm_sym.program.statements import Accumulate

SHORTEST = 2
"""Steps up to which nothing that is truncated shows: a truncation to one step would be no recurrence."""

FORMS = [(is_from_start, first) for is_from_start in (True, False) for first in (SENT, ZERO, CUT, LAST)]
FORMS.remove((True, CUT))  # from the first step on a piece always ends there, and that is zero


def truncations(seen: Seen, known: Deviations) -> Iterator[Deviations]:
    """Windows, cuts and ends of every length that make more outputs of the shortest wrong sequence right."""
    place = shown_on(seen, known)
    if place is None or any(one.rank == Cut.rank for one in known):  # nobody truncates twice
        return
    steps, before = len(seen.given[place].steps), len(seen.agreeing(place, known))
    for lag, gradients in enumerate(by_lag(seen, place, known)[:-1]):
        if lag and agreeing(seen, place, gradients) > before:
            yield (Windowed(lag),)
    for length in range(2, steps + 1):
        for is_from_start in (True, False):
            plain, *others = [
                Cut(length, from_start=side, first=first) for side, first in FORMS if side == is_from_start
            ]
            better = [one for one in (plain,) if _agreeing_with(seen, place, known, one) > before]
            if better or length == steps:  # what is cut elsewhere gives more than the first state
                better += [one for one in others if _agreeing_with(seen, place, known, one) > before]
            yield from ((one,) for one in better)

    for one in (LastSteps(count, first) for count in range(2, steps) for first in (ZERO, LAST)):
        if _agreeing_with(seen, place, known, one) > before:
            yield (one,)


def _agreeing_with(seen: Seen, place: int, known: Deviations, one: Cut | LastSteps) -> int:
    return agreeing(seen, place, seen.run(seen.meant(place, in_order((*known, one)))).gradients)


def shown_on(seen: Seen, known: Deviations) -> int | None:
    """The shortest sequence on which an output is wrong that is right on those of two steps at most."""
    right = seen.returned
    for place in seen.by_length:
        here = {name for name, _ in seen.agreeing(place, known)}
        if len(seen.given[place].steps) <= SHORTEST:
            right &= here
        elif right - here:
            return place
    return None


def agreeing(seen: Seen, place: int, gradients: Named) -> int:
    """How many outputs of a sequence these gradients are."""
    errors = deviations(seen.found[place], gradients)
    return sum(error <= seen.bars[place] for error in errors.values())


def by_lag(seen: Seen, place: int, known: Deviations) -> list[Named]:
    """The gradients if the loss of every step goes back 0, 1, ... steps at most: every loss is followed once."""
    sequence = seen.given[place]
    steps = len(sequence.steps)
    parts: list[Named] = [{} for _ in range(steps)]
    for last in range(steps):
        for lag, found in enumerate(_of_loss(seen, sequence, last, known)):
            for name, value in spread(found, last - lag, steps).items():
                parts[lag][name] = parts[lag].get(name, 0) + value
    for lag in range(1, steps):
        parts[lag] = {name: value + parts[lag].get(name, 0) for name, value in parts[lag - 1].items()}
    return [seen.afterwards(place, known, gradients) for gradients in parts]


def _of_loss(seen: Seen, sequence: Backward, last: int, known: Deviations) -> Iterator[Named]:
    """What the loss of one step contributes to the gradients at that step, at the one before, ..."""
    run = seen.run(Meant(*of_one_loss(sequence, 0, last), tuple(one for one in known if one.rank < 2)))
    targets = [s.target for s in run.program.statements if isinstance(s, Accumulate)]
    for lag in range(last + 1):
        values = run.steps[last - lag]
        found = {target.of.name: values[target] for target in targets if target.of is not None}
        if "x" in run.gradients:
            found["x"] = run.gradients["x"][last - lag : last - lag + 1]
        if lag == last:
            found |= {name: value for name, value in run.gradients.items() if name != "x" and not is_parameter(name)}
        yield found
