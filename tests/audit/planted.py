"""Wrong passes made on purpose: mistakes as people make them, planted in a derived pass, and what the search says.

Two mistakes that give the same gradients beside the others that were planted count as one another.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path

import numpy as np
from audit.generated import STYLES, printable, written

import lstm_sym as ls
from lstm_sym.audit import Audit, audit
from lstm_sym.audit.compare import BAR
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.search.clock import Clock
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.search.explanations import explain
from lstm_sym.audit.search.repair import compatible
from lstm_sym.audit.sequences.cases import ALL, forward_passes
from lstm_sym.audit.sequences.plan import LONG, SHORT
from lstm_sym.interpreter.loop import Total
from lstm_sym.mistakes.catalogue import Mistake, candidates
from lstm_sym.mistakes.frequency import FREQUENCY
from lstm_sym.mistakes.noticed import noticeable

CELLS = ("lstm", "gru", "lstm_peephole", "rnn")
MEANS = {"averaged.batch_parameters": Total.BATCH_MEAN, "averaged.time_parameters": Total.TIME_MEAN}
"""What the audit takes for meant, not mistaken: a mean in the gradients of all parameters."""
MOST = 5
"""Mistakes in a pass."""


@dataclass(frozen=True)
class Trial:
    """One wrong pass: how many mistakes were planted and named, whether the first named one is real, and the time.

    seconds: of processors; is_judged: a right file was called right, and a wrong one wrong.
    """

    number: int
    cell: str
    planted: tuple[str, ...]
    named: int
    is_first_real: bool
    seconds: float
    is_judged: bool = True


@cache
def author_of(cell: str) -> Author:
    """One for all passes of a cell."""
    return Author(cell)


def tried(number: int, seconds: float = 20.0) -> Trial:
    """The pass of this number: its cell and how many mistakes it has follow from that."""
    return author_of(CELLS[number % len(CELLS)]).tried(number, 1 + number // len(CELLS) % MOST, seconds)


class Author:
    """Somebody who writes wrong backward passes of one cell."""

    def __init__(self, cell: str) -> None:
        derivation = ls.derive(ls.cell(cell))
        sequences = forward_passes(derivation, 0)
        self.cell, self.usual = cell, [k for k, one in enumerate(sequences) if one.setting.is_usual]
        self.given = [one.backward(ALL) for one in sequences]
        self.right = [one.run(derivation.adjoint) for one in self.given]
        every = candidates(derivation.adjoint, derivation.forward)
        self.known = noticeable(every, self.given[SHORT[-1]])
        self.pass_ = self.evidence([run.gradients for run in self.right])

    def evidence(self, found: list[dict[str, np.ndarray]]) -> Evidence:
        """What was found beside what is right."""
        return Evidence(self.given, found, self.right, [BAR] * len(self.given))

    def drawn(self, number: int, count: int, which: Callable[[Mistake], bool] = lambda _: True) -> tuple[Mistake, ...]:
        """So many mistakes of some, each of which changes something beside the others."""
        draw, pool = random.Random(number), [m for m in self.known if which(m)]
        kinds = {kind: [m for m in pool if m.kind == kind] for kind in dict.fromkeys(m.kind for m in pool)}
        while True:
            chosen = draw.choices(list(kinds), [FREQUENCY[kind] for kind in kinds], k=count)
            mistakes = tuple(draw.choice(kinds[kind]) for kind in chosen)
            if compatible(mistakes) and not any(self.same(mistakes, without(mistakes, m)) for m in mistakes):
                return mistakes

    def same(self, one: tuple[Mistake, ...], other: tuple[Mistake, ...]) -> bool:
        """Whether two sets of mistakes give the same gradients."""
        for place in (SHORT[-1], *self.usual[-3:], LONG[0]):
            found, expected = self.pass_.gradients(one, place), self.pass_.gradients(other, place)
            if any(not np.allclose(found[k], expected[k], rtol=BAR, atol=1e-12, equal_nan=True) for k in expected):
                return False
        return True

    def tried(self, number: int, count: int, seconds: float) -> Trial:
        """What is said of one pass."""
        with np.errstate(all="ignore"):
            made = self.drawn(number, count)
            found = self.evidence([self.pass_.gradients(made, place) for place in range(len(self.given))])
            start = time.process_time()
            said = explain(found, self.known, Clock(seconds), usual=self.usual)
            spent = time.process_time() - start
            count_named, is_real = self.named(said.mistakes, made, is_whole=said.is_whole)
        keys = tuple(mistake.key for mistake in made)
        return Trial(number, self.cell, keys, count_named, is_real, spent)

    def named(self, said: tuple[Mistake, ...], made: tuple[Mistake, ...], *, is_whole: bool) -> tuple[int, bool]:
        """How many of the mistakes made are named by what is said, and whether the first named is real.

        All are where what is said gives all that was found, and is no more than was made.
        """
        if is_whole and len(said) <= len(made):
            return len(made), True
        count = sum(any(self.stands(one, planted, made) for one in said) for planted in made)
        return count, not made or any(self.stands(one, planted, made) for one in said[:1] for planted in made)

    def stands(self, named: Mistake, planted: Mistake, made: tuple[Mistake, ...]) -> bool:
        """Whether what is named is what was planted, or gives the same in its place."""
        rest = without(made, planted)
        return named is planted or (compatible((*rest, named)) and self.same((*rest, named), made))


def without(mistakes: tuple[Mistake, ...], one: Mistake) -> tuple[Mistake, ...]:
    """The others."""
    return tuple(mistake for mistake in mistakes if mistake is not one)


def processor_time() -> float:
    """Seconds of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def mistaken(made: tuple[Mistake, ...], found: Audit) -> tuple[Mistake, ...]:
    """Those that are not found to be meant."""
    means = {MEANS[one.key] for one in found.meant if one.key in MEANS}
    count = len(found.derivation.cell.parameters)
    return tuple(one for one in made if len(one.loop.totals) < count or means.isdisjoint(one.loop.totals.values()))


def tried_as_file(number: int, folder: Path, seconds: float = 20.0) -> Trial:
    """The pass of this number as a file that is generated in some style, through the whole audit; none to three."""
    author, count = author_of(CELLS[number % len(CELLS)]), number // len(CELLS) % 4
    style = sorted(STYLES)[number % len(STYLES)]

    def file_with(made: tuple[Mistake, ...]) -> tuple[str, str]:
        together = reduce(lambda one, other: one.and_(other), made[1:], made[0]) if made else None
        return written(ls.cell(author.cell), together, style, random.Random(number))

    def audit_of(file: tuple[str, str]) -> Audit:
        text, function = file
        path = folder / f"pass_{number}.py"
        path.write_text(text, encoding="utf-8")
        return audit(ls.cell(author.cell), path, function, seconds=seconds)

    drawn = author.drawn(number, count, printable)
    made = tuple(one for one in drawn if file_with((one,)) != file_with(()))  # one step says nothing of a sum over time
    start = processor_time()
    try:
        found = audit_of(file_with(made))
    except AuditError:  # together they leave nothing that could run
        made = made[:1]
        found = audit_of(file_with(made))
    spent = processor_time() - start
    made = mistaken(made, found)
    named = found.explanation.mistakes if found.explanation else ()
    with np.errstate(all="ignore"):
        own = tuple(one for m in named for one in author.known if one.key == m.key)
        count_named, is_real = author.named(own, made, is_whole=bool(found.explanation and found.explanation.is_whole))
    keys, is_judged = tuple(mistake.key for mistake in made), found.right == (not made)
    return Trial(number, f"{author.cell}, {style}", keys, count_named, is_real, spent, is_judged)
