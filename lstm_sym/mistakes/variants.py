"""Statements with changes in them, each made once; and which values a change can reach.

Changes have numbers, and a set of them is the bits of a whole number: what a value depends on of a set is then a key by
which it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np

from lstm_sym.interpreter.evaluation import Array, meaning, run_statement
from lstm_sym.interpreter.loop import Total
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.context import Change, Context, Resummed, made_in
from lstm_sym.mistakes.edits import Edit, edited_statement
from lstm_sym.program.statements import Accumulate, Affine, Pointwise, Statement
from lstm_sym.program.values import Value

REMEMBERED = 5_000
"""Sets of changes of which it is remembered what can depend on them."""


class Reach(dict[int, int]):
    """Some changes together: of each value, by its number, those of them that it can depend on, as they are asked for.

    every: all of them; places: the number of the value that each is made in, and its bit; above: of each value, itself
    and all that it depends on, as bits.
    """

    def __init__(self, every: int, places: Sequence[tuple[int, int]], above: Sequence[int]) -> None:
        super().__init__()
        self.every, self._places, self._above = every, places, above

    def __missing__(self, number: int) -> int:
        above = self._above[number]
        found = self[number] = sum(bit for place, bit in self._places if above >> place & 1)
        return found


@dataclass(frozen=True)
class Line:
    """A statement, what it reads, each with its number or -1 if no change can reach it, and how it is computed."""

    statement: Statement
    reads: tuple[tuple[Value, int], ...]
    needs_sizes: bool
    run: Callable[[Sequence[Array]], Array]


class Variants:
    """The statements of one backward program under any changes, for every sequence it is run on."""

    def __init__(self, context: Context) -> None:
        self.context = context
        program = context.backward
        self.values: list[Value] = [*(s.target for s in program.statements), *(c.incoming for c in program.carries)]
        self.numbers = {value: number for number, value in enumerate(self.values)}
        self.carried = {self.numbers[c.incoming]: self.numbers[c.outgoing] for c in program.carries}
        self.lines = [self._line(statement) for statement in program.statements]
        self.targets = self._targets()
        self._changes: list[tuple[Change, int]] = []
        self._bits: dict[Change, int] = {}
        self._masks: dict[int, tuple[Mistake, int]] = {}
        self._leading: dict[int, bool] = {}
        self._led: dict[tuple[tuple[tuple[int, int], ...], bool], list[int]] = {}
        self._own = [0 for _ in self.values]
        self._edited: dict[tuple[int, int], Line] = {}
        self._reaches: tuple[dict[int, Reach], dict[int, Reach]] = {}, {}
        self._adds: dict[int, tuple[int, ...]] = {}
        self._above = self._ancestors(self.carried), self._ancestors({})

    def mask(self, mistakes: Sequence[Mistake]) -> int:
        """The changes of these mistakes as one number."""
        return reduce(or_, map(self._mask, mistakes), 0)

    def reach(self, mask: int, *, one_step: bool = False) -> Reach:
        """What can depend on which of these changes, through time or in a sequence of one step."""
        known = self._reaches[one_step]
        found = known.get(mask)
        if found is None:
            if len(known) > REMEMBERED:
                known.clear()
            found = known[mask] = self._reach(mask, one_step=one_step)
        return found

    def outputs(self, mistake: Mistake, among: Sequence[Mistake] = (), *, one_step: bool = False) -> list[str]:
        """The names of the outputs that a mistake can change, among others that are made as well."""
        mask = self.mask((mistake,))
        reach = self.reach(mask | self.mask(among), one_step=one_step)
        return [name for name, target in self.targets.items() if reach[target] & mask]

    def leads_elsewhere(self, mistake: Mistake) -> bool:
        """Whether a line reads by this mistake what it did not read, so that others reach further."""
        known = self._leading.get(id(mistake))
        if known is None:
            mask = self._mask(mistake)  # which keeps the mistake, so that no other has its id
            known = self._leading[id(mistake)] = any(number in self._adds for number in _set_bits(mask))
        return known

    def line(self, target: int, reach: Reach) -> Line:
        """The line of a value with the changes that are made in it."""
        own = self._own[target] & reach.every
        if not own:
            return self.lines[target]
        found = self._edited.get((target, own))
        if found is None:
            found = self._edited[target, own] = self._with(target, self._of(own))
        return found

    def total(self, target: int, reach: Reach) -> Total:
        """How an output is summed."""
        own = self._own[target] & reach.every
        return next((change.how for change in self._of(own) if isinstance(change, Resummed)), Total.SUM)

    def is_unstarted(self, carried: int, reach: Reach) -> bool:
        """Whether a carried adjoint is zero at the last step."""
        return bool(self._own[carried] & reach.every)

    def _targets(self) -> dict[str, int]:
        """Name of an output, x, W_i, h[0] -> the number of the value that it is made of."""
        program = self.context.backward
        sums = [statement.target for statement in program.statements if isinstance(statement, Accumulate)]
        found = {value.of.name: self.numbers[value] for value in sums if value.of is not None}
        found |= {"x": self.numbers[program.outputs[0]]} if program.outputs else {}
        states = [(self.values[into].of, out) for into, out in self.carried.items()]
        return found | {f"{state.name}[0]": out for state, out in states if state is not None}

    def _line(self, statement: Statement) -> Line:
        reads = tuple((value, self.numbers.get(value, -1)) for value in statement.reads())
        needs_sizes = isinstance(statement, Affine) and any(term.operator for term in statement.terms)
        return Line(statement, reads, needs_sizes, _computing(statement))

    def _with(self, target: int, changes: Sequence[Change]) -> Line:
        edits = {change.place: change.part for change in changes if isinstance(change, Edit)}
        return self._line(edited_statement(self.lines[target].statement, edits, self.context.values))

    def _mask(self, mistake: Mistake) -> int:
        known = self._masks.get(id(mistake))
        if known is None:
            known = mistake, reduce(or_, map(self._bit, mistake.changes))
            self._masks[id(mistake)] = known
        return known[1]

    def _bit(self, change: Change) -> int:
        bit = self._bits.get(change)
        if bit is None:
            number, place = len(self._changes), self.numbers[made_in(change)]
            bit = self._bits[change] = 1 << number
            self._changes.append((change, place))
            self._own[place] |= bit
            if isinstance(change, Edit):
                alone, known = self._with(place, [change]), self.lines[place]
                self._edited[place, bit] = alone
                added = {read for _, read in alone.reads} - {read for _, read in known.reads} - {-1}
                if added:
                    self._adds[number] = tuple(added)
        return bit

    def _of(self, mask: int) -> list[Change]:
        return [self._changes[number][0] for number in _set_bits(mask)]

    def _reach(self, mask: int, *, one_step: bool) -> Reach:
        numbers = _set_bits(mask)
        added = tuple(dict.fromkeys((self._changes[n][1], r) for n in numbers for r in self._adds.get(n, ())))
        above = self._led.get((added, one_step))
        if above is None:
            above = self._led[added, one_step] = self._above_with(added, self._above[one_step])
        return Reach(mask, [(self._changes[number][1], 1 << number) for number in numbers], above)

    def _above_with(self, added: Sequence[tuple[int, int]], above: list[int]) -> list[int]:
        """What every value depends on where some read others besides."""
        for _ in added:  # one may lead on to the next
            for place, read in added:
                more = above[read]
                above = [found | more if found >> place & 1 else found for found in above]
        return above

    def _ancestors(self, carried: Mapping[int, int]) -> list[int]:
        """Of every value: itself and all that it depends on, through what is carried, as bits."""
        above = [1 << number for number in range(len(self.values))]
        reads = {place: [read for _, read in line.reads if read >= 0] for place, line in enumerate(self.lines)}
        reads |= {into: [out] for into, out in carried.items()}
        before: list[int] = []
        while before != above:
            before = list(above)
            for target, read in reads.items():
                above[target] = reduce(or_, (above[number] for number in read), above[target])
        return above


def _computing(statement: Statement) -> Callable[[Sequence[Array]], Array]:
    """How a statement is computed from the arrays that it reads, in their order."""
    values = statement.reads()
    if isinstance(statement, Pointwise):
        symbols, compute = [value.symbol for value in values], meaning(statement.expression)
        return lambda arrays: np.asarray(compute(dict(zip(symbols, arrays, strict=True))))
    return lambda arrays: run_statement(statement, dict(zip(values, arrays, strict=True)))


def _set_bits(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found
