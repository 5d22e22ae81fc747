"""Mistakes made on purpose, alone and together: what was made is found, from the gradients alone."""

from __future__ import annotations

import random
from functools import cache, reduce

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.audit.compare import BAR
from lstm_sym.audit.search.clock import Clock
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.search.explanations import Explanation, explain
from lstm_sym.audit.sequences.cases import ALL, forward_passes
from lstm_sym.audit.sequences.plan import SHORT
from lstm_sym.interpreter.over_time import Named
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.noticed import mistakes


@cache
def pupil_of(name: str) -> Pupil:
    """One for all who do not change what he knows."""
    return Pupil(name)


class Pupil:
    """Somebody who makes mistakes on purpose, in the backward pass of a cell."""

    def __init__(self, name: str) -> None:
        self.derivation = ls.derive(ls.cell(name))
        sequences = forward_passes(self.derivation, 0)
        self.given = [sequence.backward(ALL) for sequence in sequences]
        self.usual = [place for place, sequence in enumerate(sequences) if sequence.setting.is_usual]
        self.known = mistakes(self.derivation.adjoint, self.derivation.forward, self.given[SHORT[-1]])
        self.right = [sequence.run(self.derivation.adjoint) for sequence in self.given]

    def write(self, made: Mistake) -> list[Named]:
        """The gradients of every sequence with this mistake."""
        return [made.run(sequence).gradients for sequence in self.given]

    def explained(self, found: list[Named], seconds: float = 60.0) -> Explanation:
        evidence = Evidence(self.given, found, self.right, [BAR] * len(self.given))
        return explain(evidence, self.known, Clock(seconds), usual=self.usual)


@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_every_mistake_made_alone_is_found(name: str) -> None:
    pupil = pupil_of(name)
    for made in pupil.known[:: 3 if name == "rnn" else 118]:
        found = pupil.explained(pupil.write(made))
        assert found.unexplained == ()
        assert made in (*found.mistakes, *found.also), made.key


@pytest.mark.parametrize(("name", "count", "together"), [("rnn", 8, 2), ("rnn", 3, 3), ("gru", 1, 2)])
def test_mistakes_made_together_are_found(name: str, count: int, together: int) -> None:
    """What is named gives the same gradients, whether it is the same mistakes or others that amount to them."""
    pupil, draw, seen = pupil_of(name), random.Random(3), 0
    while seen < count:
        chosen = draw.sample(pupil.known, together)
        made = reduce(lambda all_, one: all_.and_(one) if all_ else None, chosen[1:], chosen[0])
        if made is None:
            continue
        seen += 1
        written = pupil.write(made)
        found = pupil.explained(written)
        assert found.unexplained == (), made.key
        named = reduce(lambda all_, one: all_.and_(one), found.mistakes)
        for mine, theirs in zip(pupil.write(named), written, strict=True):
            assert all(np.allclose(mine[key], theirs[key], rtol=1e-6, atol=1e-9) for key in theirs)


def test_noise_is_not_explained() -> None:
    pupil, rng = pupil_of("rnn"), np.random.default_rng(0)
    noisy = [
        {k: v * (1 + 1e-3 * rng.standard_normal(v.shape)) for k, v in run.gradients.items()} for run in pupil.right
    ]
    found = pupil.explained(noisy)
    assert found.mistakes == () and found.unexplained == tuple(pupil.right[0].gradients)
    assert [shown.wrong for shown in found.stages] == [found.unexplained] * len(found.stages)
