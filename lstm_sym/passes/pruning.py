"""Remove statements that nothing needs."""

from __future__ import annotations

from dataclasses import replace

from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Value


def prune(program: Program, keep: frozenset[Value] = frozenset()) -> Program:
    """The program without statements whose target reaches no output, no carry, no accumulation and nothing in `keep`.

    An Accumulate is an output in itself. Cost: one sweep from the last statement to the first.
    """
    needed = {*program.outputs, *(carry.outgoing for carry in program.carries), *keep}
    kept = []
    for statement in reversed(program.statements):
        if statement.target in needed or isinstance(statement, Accumulate):
            kept.append(statement)
            needed.update(statement.reads())
    return replace(program, statements=tuple(reversed(kept)))
