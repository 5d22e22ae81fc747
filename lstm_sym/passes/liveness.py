"""Liveness: which forward values the backward pass reads. The save set is computed, not chosen."""

from __future__ import annotations

from lstm_sym.program.program import Program
from lstm_sym.program.values import Value


def save_set(forward: Program, backward: Program) -> tuple[Value, ...]:
    """The values of `forward` that `backward` reads and does not define, in the order `forward` defines them."""
    read = {value for statement in backward.statements for value in statement.reads()}
    read -= {statement.target for statement in backward.statements}
    constant = {*forward.parameters, *forward.constants}
    return tuple(value for value in forward.values() if value in read and value not in constant)
