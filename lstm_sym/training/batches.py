"""Sequences and their targets, and how an epoch is cut into batches of sequences of about one length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym import through_time
from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError
from lstm_sym.through_time.kernel import Integers


@dataclass(frozen=True, eq=False)
class Samples:
    """B sequences x[b] (T_b, N), or words (T_b,), and a target of each: one, or one a step.

    Raises NetworkError: as many targets as sequences are needed, steps in each, and a target at every step where they
    have one a step; numbers that are not finite.
    """

    x: Sequence[Array]
    y: Sequence[Any] | Array

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or not len(self.x):
            raise NetworkError(
                "y",
                f"{len(self.y)} targets for {len(self.x)} sequences",
                "targets of other data, or an array whose first axis is not the sequence",
                "give one target a sequence; sequences of one array (B, T, N) are x = list(array)",
            )
        for b, values in enumerate(self.x):
            array = np.asarray(values)
            if len(array) == 0:
                raise NetworkError(f"x[{b}]", "it has no step", "a text without words", "leave it out")
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                t = int(np.argwhere(~np.isfinite(array))[0][0])
                raise NetworkError(f"x[{b}], step {t}", "it is not finite", "a missing value", "fill or cut it")

    def __len__(self) -> int:
        """B."""
        return len(self.x)

    @property
    def lengths(self) -> Integers:
        """T_b, (B,)."""
        return np.array([len(values) for values in self.x], np.int64)

    def batch(self, chosen: Sequence[int] | Integers, every_step: bool) -> tuple[Array, Array, Integers]:
        """x (T, B, ...), targets and lengths of these sequences; targets (T, B, ...) where they are of every step."""
        x, lengths = through_time.pad([self.x[b] for b in chosen])
        if not every_step:
            return x, np.stack([np.asarray(self.y[b]) for b in chosen]), lengths
        targets, counts = through_time.pad([self.y[b] for b in chosen])
        wrong = np.flatnonzero(counts != lengths)
        if wrong.size:
            b = chosen[int(wrong[0])]
            raise NetworkError(
                f"y[{b}]",
                f"{len(self.y[b])} targets for {len(self.x[b])} steps",
                "this network gives out every step, and so needs a target at each",
                "give a target a step, or let the network pool over the steps",
            )
        return x, targets, lengths


def in_batches(lengths: Integers, size: int, rng: np.random.Generator | None) -> Iterator[Integers]:
    """Which sequences each batch of an epoch has: of about one length, in an order that is drawn.

    Sequences are drawn, and sorted by their length within groups of 32 batches: few steps are padding, no two epochs
    have the same batches. Without rng, as they stand.
    """
    order = np.arange(len(lengths)) if rng is None else rng.permutation(len(lengths))
    if rng is None:
        yield from np.split(order, range(size, len(order), size))
        return
    parts = []
    for at in range(0, len(order), 32 * size):
        group = order[at : at + 32 * size]
        group = group[np.argsort(lengths[group], kind="stable")]
        parts += np.split(group, range(size, len(group), size))
    for number in rng.permutation(len(parts)):
        yield parts[number]
