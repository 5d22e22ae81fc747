"""Mistakes in what a factor is multiplied with: brackets lost, a wrong side, a value overwritten.

A sum of adjoints is written in one line and multiplied in another, or both in one: dy + dh * s for (dy + dh) * s. What
arrives from the step after may join the sum too early or too late. And a variable that is multiplied in place,
dc *= f, is no longer what those read that come after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import sympy
from sympy import Expr

from lstm_sym.mistakes.context import Context, Rewrite, edited
from lstm_sym.mistakes.edits import Edit, addends, parts
from lstm_sym.program.statements import Affine, Contribution, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value

WHERE = {
    "before": ("before the factors of ", ""),
    "only in": ("in ", " alone"),
    "after": ("in ", " alone, after its factors"),
    "only to": ("to ", " alone"),
}
"""Where an addend stands by mistake -> the words before and after the line it stands in."""

SENT = (Role.CARRIED_ADJOINT, Role.DIRECT_ADJOINT)
"""What goes on to the step before, and so is multiplied in place: it has no line of its own."""

FEW = 4
"""Lines that read a value, of which it is tried which of them stand below the one that overwrites it."""


def in_sums(context: Context) -> Iterator[Rewrite]:
    """Every rewrite of these kinds, in the order of the program."""
    for statement in context.backward.statements:
        if isinstance(statement, Pointwise) and statement.target.role is not Role.SLOPE:
            for place, part in enumerate(addends(statement.expression)):
                yield from _lost_brackets(statement.target, place, part, context)
        yield from _on_the_wrong_side(statement, context)
        yield from _overwritten_too_early(statement, context)


def _lost_brackets(target: Value, place: int, part: Expr, context: Context) -> Iterator[Rewrite]:
    """Of (p + q) k, k on one term alone; also where the sum stands two lines above."""
    for adjoint, factors in _products(part, context):
        summands = context.summands(adjoint)
        for kept in summands:
            new = sympy.Add(*(term * factors if term == kept else term for term in summands))
            says = ("of ", adjoint, " the term ", kept, " alone is multiplied by ", factors, ": brackets are missing")
            yield edited(target, place, new, "brackets lost", f"{part}: {kept} of {adjoint}", says)


def _products(part: Expr, context: Context) -> Iterator[tuple[Value, Expr]]:
    """The adjoints that a product is a multiple of, and by what: the one in it, and that which this is a product of."""
    adjoint, factors = context.adjoint_of(part), sympy.Integer(1)
    while adjoint is not None and isinstance(part, Expr):
        factors *= part / adjoint.symbol
        if factors != 1:
            yield adjoint, factors
        statement = context.defined.get(adjoint)
        alone = isinstance(statement, Pointwise) and not context.summands(adjoint)
        part = statement.expression if alone and isinstance(statement, Pointwise) else sympy.Integer(0)
        adjoint = context.adjoint_of(part)


def _on_the_wrong_side(statement: Statement, context: Context) -> Iterator[Rewrite]:
    """What arrives from the step after, added before what it should be added after, or after what comes after."""
    target, found = statement.target, parts(statement)
    if not isinstance(statement, Pointwise) or len(found) < 2:
        return
    for place, part in enumerate(found):
        carried = context.values.get(part) if isinstance(part, Expr) else None
        if carried is not None and carried.role is Role.CARRIED_ADJOINT:
            without = Edit(target, place, None)
            for other, edit, where in (*_before(statement, carried, context), *_after(target, carried, context)):
                before, after = WHERE[where]
                head, tail = f", which arrives from the step after, is added {before}", f"{after}, not in "
                kind, detail = "carried adjoint on the wrong side", f"{where} {other} in {edit.target}"
                yield Rewrite((without, edit), kind, detail, (carried, head, other, tail, target))


def _before(statement: Pointwise, carried: Value, context: Context) -> Iterator[tuple[Value, Edit, str]]:
    """Added to what the other terms of the sum are products of."""
    for place, part in enumerate(addends(statement.expression)):
        adjoint = context.adjoint_of(part)
        if adjoint is None or adjoint == carried:
            continue
        if part != adjoint.symbol:
            yield adjoint, Edit(statement.target, place, _joined(part, adjoint, carried)), "before"
        above = context.defined.get(adjoint)
        if isinstance(above, Pointwise):
            yield from _before(above, carried, context)


def _after(target: Value, carried: Value, context: Context) -> Iterator[tuple[Value, Edit, str]]:
    """Added in one of the lines that read the sum: to the sum there, or to what it is multiplied to."""
    for reader in context.readers.get(target, ()):
        if isinstance(reader, Pointwise) and reader.target.role is not Role.SLOPE:
            for place, part in enumerate(addends(reader.expression)):
                if context.adjoint_of(part) == target:
                    yield reader.target, Edit(reader.target, place, _joined(part, target, carried)), "only in"
                    yield reader.target, Edit(reader.target, place, part + carried.symbol), "after"
    sent = next(carry.outgoing for carry in context.backward.carries if carry.incoming == carried)
    last = context.defined[sent]
    if isinstance(last, Affine):
        yield sent, Edit(sent, len(last.terms), Term(None, carried)), "only to"


def _joined(part: Expr, adjoint: Value, added: Value) -> Expr:
    return part.xreplace({adjoint.symbol: adjoint.symbol + added.symbol})


def _overwritten_too_early(statement: Statement, context: Context) -> Iterator[Rewrite]:
    """Of v multiplied in place, v *= k: those lines that read v after that read the product."""
    if not isinstance(statement, Pointwise) or len(parts(statement)) > 1:
        return
    product, value = statement.target, context.adjoint_of(statement.expression)
    others = [s for s in context.readers.get(value, ()) if s.target != product] if value is not None else []
    if value is None or not others:
        return
    for late in _late(others, product):
        edits = [edit for other in late for edit in _read_instead(other, value, statement, context)]
        if edits:
            says = (value, " is overwritten by ", product, " before all that reads it has read it")
            where = "" if late == others else f" in {', '.join(str(other.target) for other in late)}"
            yield Rewrite(tuple(edits), "overwritten too early", f"{value} by {product}{where}", says)


def _late(others: list[Statement], product: Value) -> Iterator[list[Statement]]:
    """Which lines stand below: all of them, or, of what goes on to the step before, any of a few."""
    yield others
    for count in range(len(others) - 1, 0, -1) if product.role in SENT and len(others) <= FEW else ():
        yield from map(list, combinations(others, count))


def _read_instead(reader: Statement, value: Value, product: Pointwise, context: Context) -> Iterator[Edit]:
    """The parts of a line with the product in the place of the value, its factors written out where they can be."""
    order = [statement.target for statement in context.backward.statements]
    is_known = order.index(product.target) < order.index(reader.target)
    for place, part in enumerate(parts(reader)):
        if isinstance(part, Expr):
            if value.symbol in part.free_symbols:
                yield Edit(reader.target, place, part.xreplace({value.symbol: product.expression}))
        elif is_known and isinstance(part, Term) and part.operand == value:
            yield Edit(reader.target, place, replace(part, operand=product.target))
        elif is_known and isinstance(part, Contribution) and value in (part.left, part.right):
            left, right = (product.target if side == value else side for side in (part.left, part.right))
            assert left is not None
            yield Edit(reader.target, place, replace(part, left=left, right=right))
