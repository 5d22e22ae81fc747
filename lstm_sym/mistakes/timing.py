"""Mistakes in which step is read: t for t-1 and t+1, the initial state not read, the last cotangent not taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sympy import Expr

from lstm_sym.interpreter.loop import Edge
from lstm_sym.mistakes.context import ADJOINTS, Context, Rewrite, Says, Unstarted, edited, stands_for
from lstm_sym.mistakes.edits import Part, parts
from lstm_sym.program.statements import Contribution, Pointwise, Statement
from lstm_sym.program.values import Role, Value

BEGINNING = {
    Edge.ZERO: ("initial state left out", " is taken as zero at the first step: the initial state is not read"),
    Edge.WRAPPED: ("last state for the initial one", " is the last state at the first step: the index t - 1 is -1"),
    Edge.AFTER_FIRST: ("off by one in time", " is read at step t instead, and is zero at the first step"),
}
"""What stands for the initial state -> the kind of rewrite, and the words."""


def in_time(context: Context) -> Iterator[Rewrite]:
    """Every rewrite of these kinds, in the order of the program."""
    for statement in context.backward.statements:
        if isinstance(statement, Pointwise) and statement.target.role is Role.SLOPE:
            continue
        for place, part in enumerate(parts(statement)):
            for value in _forward_values(part, context):
                yield from _read_elsewhere(statement.target, place, part, value, context)
            yield from _written_over(statement, place, part, context)
    for carry in context.backward.carries:
        for reader in context.readers.get(carry.incoming, ())[:1]:
            says: Says = (carry.incoming, " is zero at the last step: the cotangent of the last state is not used")
            change = Unstarted(reader.target, carry.incoming)
            yield Rewrite((change,), "last cotangent ignored", str(carry.incoming), says)


def _forward_values(part: Part, context: Context) -> list[Value]:
    """The values of the forward pass, and the cotangent of the output, that a part reads as they are."""
    if isinstance(part, Expr):
        found = [context.values[symbol] for symbol in sorted(part.free_symbols, key=str)]
    else:
        found = list(part.reads()) if isinstance(part, Contribution) else []
    return [value for value in found if value in context.neighbours or value in context.beginnings]


def _read_elsewhere(target: Value, place: int, part: Part, value: Value, context: Context) -> Iterator[Rewrite]:
    if value.role in ADJOINTS and isinstance(part, Contribution):
        return
    for other in context.neighbours.get(value, ()):
        new, detail = _replaced(part, value, other), f"{_text(part)}: {other} for {value}"
        yield edited(target, place, new, "another step", detail, stands_for(other, value))
    for other, reading in context.beginnings.get(value, {}).items():
        kind, words = BEGINNING[reading.edge]
        new = _replaced(part, value, other)
        yield edited(target, place, new, kind, f"{_text(part)}: {value}", (value, words), value.name)


def _written_over(statement: Statement, place: int, part: Part, context: Context) -> Iterator[Rewrite]:
    """Where dy and what arrives are summed in one array, dh[t - 1] = ... for +=: dy is left at the last step alone."""
    value = context.values.get(part) if isinstance(part, Expr) else None
    arriving = [one for one in statement.reads() if one.role is Role.CARRIED_ADJOINT]
    for other in context.overwritten.get(value, ()) if value is not None and arriving else ():
        assert value is not None
        says: Says = (value, " is overwritten by ", arriving[0], " at every step but the last, instead of added to it")
        yield edited(statement.target, place, other.symbol, "cotangent overwritten", _text(part), says)


def _replaced(part: Part, value: Value, other: Value) -> Part:
    if isinstance(part, Expr):
        return part.xreplace({value.symbol: other.symbol})
    assert isinstance(part, Contribution)
    if part.left == value:
        return replace(part, left=other)
    return replace(part, right=other)


def _text(part: Part) -> str:
    return str(part) if isinstance(part, Expr) else " ".join(map(str, part.reads()))
