"""The sequences on which a backward pass is audited, as a table: what each of them would show is beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Setting:
    """A sequence: its sizes, and what is unusual about it.

    state, weights, cotangents: what these are multiplied by; last: whether cotangents of the last state arrive; single:
    every array is float32; padded: the sequences of the batch end one after the other, zeros from there on; strided:
    x and dy do not lie as one block in memory; alone: the one cotangent that arrives where not all do, "dy" or the name
    of a state; why: what it is there for, "" for the usual ones; own: what is the user's own in it, "x" say.
    """

    steps: int
    batch: int
    inputs: int
    hidden: int
    why: str = ""
    state: float = 1.0
    weights: float = 1.0
    cotangents: float = 1.0
    last: bool = True
    single: bool = False
    padded: bool = False
    strided: bool = False
    alone: str = ""
    own: frozenset[str] = frozenset()

    @property
    def saturates(self) -> bool:
        """Whether functions come near their limits."""
        return self.state > 1 or self.weights > 1

    @property
    def is_own(self) -> bool:
        """Whether its sizes or its arrays are the user's own."""
        return self.why.startswith("your own")

    @property
    def is_usual(self) -> bool:
        """Whether nothing but its sizes is unusual about it, and these are large enough to tell mistakes apart."""
        plain = self.state == self.weights == self.cotangents == 1 and self.hidden > 2
        return plain and not (self.single or self.padded or self.strided)

    @property
    def sizes(self) -> dict[str, Any]:
        """The sizes as `random_case` has them."""
        return {"steps": self.steps, "batch": self.batch, "inputs": self.inputs, "hidden": self.hidden}


DY, EACH_STATE = "dy", "each state"
"""Cotangents that arrive alone: that of the output at every step; that of one last state, in a sequence for each."""

PLAN = (
    Setting(6, 3, 2, 4),
    Setting(6, 3, 2, 4),
    Setting(1, 3, 2, 4, last=False),
    Setting(2, 3, 2, 4),
    Setting(5, 1, 2, 4, "a batch of one"),
    Setting(3, 5, 3, 7, "a batch of five, odd sizes"),
    Setting(60, 2, 2, 4, "60 steps"),
    Setting(4, 2, 5, 3, "more inputs than states"),
    Setting(3, 8, 12, 16, "larger sizes, even"),
    Setting(5, 3, 2, 4, "the initial state zero", state=0.0),
    Setting(5, 3, 2, 4, "a large initial state", state=30.0),
    Setting(5, 3, 2, 4, "large weights, which saturate", weights=16.0),
    Setting(5, 3, 2, 4, "large cotangents", cotangents=1e3),
    Setting(5, 3, 2, 4, "small cotangents", cotangents=1e-6),
    Setting(5, 3, 2, 4, "float32", single=True),
    Setting(6, 3, 2, 4, "padded with zeros", padded=True),
    Setting(5, 3, 2, 4, "x and dy strided", strided=True),
    Setting(1, 1, 2, 4, "one step, dy alone", alone=DY),
    Setting(1, 1, 2, 4, "one step, a last cotangent alone", alone=EACH_STATE),
    Setting(1, 1, 2, 4, "one step of one sequence"),
    Setting(2, 1, 2, 4, "two steps, no last cotangent", last=False),
    Setting(3, 2, 2, 4, "three steps"),
    Setting(1, 1, 1, 1, "smallest"),
    Setting(2, 1, 1, 1, "smallest, two steps"),
    Setting(1, 2, 1, 1, "smallest, a batch of two"),
    Setting(2, 2, 1, 1, "smallest, two steps of two"),
    Setting(2, 1, 2, 2, "small, two steps"),
)
"""The sizes of the first all differ, so that what is mixed up shows in a shape."""

LONG, SHORT = (0, 1), (2, 3)
"""Places of two usual sequences, long enough for everything to show, from different seeds so that no coincidence
passes; and of two short ones, in which mistakes have not mixed through time, so that each can be told from the others.
"""


def sequences_for(states: Sequence[str]) -> tuple[Setting, ...]:
    """The sequences for a cell with these states; of those about one of several it is said which."""
    found: list[Setting] = []
    for one in PLAN:
        each = [replace(one, alone=name, why=f"{one.why}: {name}" if states[1:] else one.why) for name in states]
        found += each if one.alone == EACH_STATE else [one]
    return tuple(found)
