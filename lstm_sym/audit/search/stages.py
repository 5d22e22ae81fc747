"""The stages of the search: sequences on which mistakes have mixed the less the earlier a stage comes.

With one step of one sequence the gradients of each gate are for themselves; then what only a batch shows joins, what
only two steps show, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_sym.interpreter.over_time import Backward
from lstm_sym.mistakes.catalogue import Mistake

FEW_STEPS = 10
"""Steps of a sequence on which mistakes are sought; on longer ones it is looked whether they hold."""

SMALL = 3
"""Sequences and steps of the sequences of the stages before the last."""


@dataclass(frozen=True)
class Stage:
    """Some sequences, by place; name: "one step", "a batch", "two steps", "three steps" or "every sequence"."""

    name: str
    places: tuple[int, ...]


@dataclass(frozen=True)
class Shown:
    """What a stage shows. right, wrong: the outputs, as they were returned; mistakes: those found up to here; left: the
    outputs that these do not give.
    """

    stage: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    left: tuple[str, ...]


def in_stages(given: Sequence[Backward], usual: Sequence[int]) -> tuple[Stage, ...]:
    """The stages over these sequences. usual: places of those that nothing is unusual about, stages made of them."""
    sizes = {place: (len(given[place].steps), given[place].batch) for place in usual}
    named = {
        "one step": [place for place, size in sizes.items() if size == (1, 1)],
        "a batch": [place for place, (steps, batch) in sizes.items() if steps == 1 and 1 < batch <= SMALL],
        "two steps": [place for place, (steps, batch) in sizes.items() if steps == 2 and batch <= SMALL],
        "three steps": [place for place, (steps, batch) in sizes.items() if steps == 3 and batch <= SMALL],
        "more steps": [place for place, (steps, _) in sizes.items() if SMALL < steps <= FEW_STEPS],
    }
    found = [Stage(name, tuple(places)) for name, places in named.items() if places]
    return (*found, Stage("every sequence", tuple(range(len(given)))))
