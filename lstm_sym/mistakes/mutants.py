"""The gradients that mistakes give over one sequence: whatever they cannot change is taken from the right run.

What a value is depends on a few of the changes alone, so it is kept by them, and a set of mistakes computes what no set
before it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

import numpy as np

from lstm_sym.interpreter.evaluation import Array, run_statement
from lstm_sym.interpreter.loop import Loop, Total, ordered, summed
from lstm_sym.interpreter.over_time import Backward, Named, Run, Values
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.variants import Reach, Variants
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Value

KEPT = 20_000
"""Numbers that the forward pass of one unit's sequence may have, if what is computed over it is to be kept."""


REMEMBERED = 100_000
"""Values of one sequence that are kept at most."""


class Mutants:
    """One sequence, and everything that has been computed over it."""

    def __init__(self, variants: Variants, sequence: Backward, right: Run) -> None:
        self.variants, self.sequence, self.right = variants, sequence, right
        self._right = [[values[value] for value in variants.values] for values in right.steps]
        self._before = right.gradients
        if not sequence.is_plain:
            self._before = sequence.through_time(variants.context.backward).gradients
        self._shapes = [array.shape for array in self._right[0]] if self._right else []
        self._values: dict[tuple[int, int, int], Array] = {}
        self._gradients: dict[tuple[str, int], Array] = {}
        self._is_kept = sequence.dy.size * len(variants.lines) <= KEPT

    def gradients(self, mistakes: Sequence[Mistake], names: Iterable[str] | None = None) -> Named:
        """The outputs of these names, or all of them, with these mistakes; the right array where none reaches it."""
        if not self.sequence.is_one_loop:
            return self._together(mistakes)
        asked = self.right.gradients if names is None or not self.sequence.is_plain else names
        reach = self.variants.reach(self.variants.mask(mistakes), one_step=len(self._right) == 1)
        found = {name: self._gradient(name, reach) for name in asked}
        if not self._is_kept or len(self._values) > REMEMBERED:
            self._values.clear()
            self._gradients.clear()
        return self.sequence.afterwards(found)

    def _together(self, mistakes: Sequence[Mistake]) -> Named:
        """The gradients of a sequence that is no loop over all steps, everything computed anew."""
        first: Mistake | None = mistakes[0]
        together = reduce(lambda all_, one: all_.and_(one) if all_ is not None else None, mistakes[1:], first)
        return together.run(self.sequence).gradients if together is not None else self.right.gradients

    def _gradient(self, name: str, reach: Reach) -> Array:
        target = self.variants.targets[name]
        reaching = reach[target]
        if not reaching:
            return self._before[name]
        found = self._gradients.get((name, reaching))
        if found is None:
            self._go_back(target, reach)
            found = self._gradients[name, reaching] = self._made(name, target, reach)
        return found

    def _go_back(self, target: int, reach: Reach) -> None:
        """What the steps send each other, the last step first, so that no step waits for more than the one after."""
        for t in range(len(self.sequence.steps) - 1, 0, -1):
            for out in self.variants.carried.values():
                if reach[out] & reach[target]:
                    self._value(out, t, reach)

    def _made(self, name: str, target: int, reach: Reach) -> Array:
        steps, how = range(len(self.sequence.steps)), self.variants.total(target, reach)
        if name.endswith("[0]"):
            value = next(self.variants.values[into] for into, out in self.variants.carried.items() if out == target)
            return self.sequence.leaving({value: self._value(target, 0, reach)}, 0)[value]
        each = [self._value(target, t, reach) for t in steps]
        statement = self.variants.line(target, reach).statement
        if isinstance(statement, Accumulate):
            values: list[Values] = [{statement.target: each[t]} for t in steps]
            if how is not Total.SUM:
                values = [{**values[t], **self._read(target, t, reach)} for t in steps]
            return summed(how, statement, values, self.sequence.batch)
        return ordered(how, np.array(each))

    def _value(self, number: int, t: int, reach: Reach) -> Array:
        """The value of this number at step t."""
        reaching = reach[number]
        if not reaching:
            return self._right[t][number]
        key = number, t, reaching
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = self._computed(number, t, reach)
        return found

    def _computed(self, number: int, t: int, reach: Reach) -> Array:
        if number in self.variants.carried:
            return self._arriving(number, t, reach)
        line = self.variants.line(number, reach)
        if line.needs_sizes:  # those of a constant map are read off all that there is
            array = run_statement(line.statement, self.right.steps[t] | self._read(number, t, reach))
        else:
            reads = [self._value(n, t, reach) if n >= 0 else self._unchanged(v, t) for v, n in line.reads]
            array = line.run(reads)
        shape = self._shapes[number]
        return self.sequence.computed(
            self.variants.values[number], array if array.shape == shape else np.broadcast_to(array, shape)
        )

    def _arriving(self, number: int, t: int, reach: Reach) -> Array:
        """What arrives of a carried adjoint at step t."""
        value, out = self.variants.values[number], self.variants.carried[number]
        if t + 1 < len(self.sequence.steps):
            carried = self.sequence.leaving({value: self._value(out, t + 1, reach)}, t + 1)
        else:
            loop = Loop(unstarted=frozenset({value} if self.variants.is_unstarted(number, reach) else ()))
            carried = {value: self.sequence.starting(value, loop)}
        return self.sequence.entering(carried)[value]

    def _read(self, number: int, t: int, reach: Reach) -> Values:
        """What the line of a value reads."""
        reads = self.variants.line(number, reach).reads
        return {v: self._value(n, t, reach) if n >= 0 else self._unchanged(v, t) for v, n in reads}

    def _unchanged(self, value: Value, t: int) -> Array:
        """What no change reaches: of the right run, of the forward pass, or of another step of that."""
        known = self.right.steps[t].get(value)
        if known is not None:
            return known
        reading = self.variants.context.readings.get(value)
        return self.sequence.read(reading, t) if reading is not None else self.sequence.at(value, t)
