"""The rules: for each kind of statement of a backward program, what people write instead of it.

A rewrite changes a part of a statement, or the way the gradient of a parameter is summed. The rules look at the kind of
a statement and at the roles of the values it reads, never at a cell; a kind of statement or of matrix that they do not
know is passed over. Whether a rewrite makes a difference is decided elsewhere, by numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias, assert_never

import sympy
from sympy import Expr

from lstm_sym.interpreter.loop import Total
from lstm_sym.mistakes.context import ADJOINTS, Context, Resummed, Rewrite, Says, edited, stands_for
from lstm_sym.mistakes.edits import Edit, Part, parts, scaled
from lstm_sym.mistakes.slopes import misremembered, slope_rewrites
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value

Wrong: TypeAlias = tuple[str, Expr, Says, str]
"""For a factor: the kind of rewrite, what stands instead, the words, the qualifier."""


def in_statements(context: Context) -> Iterator[Rewrite]:
    """Every rewrite of every statement, in the order of the program."""
    for statement in context.backward.statements:
        if isinstance(statement, Pointwise) and statement.target.role is Role.SLOPE:
            yield from slope_rewrites(statement, context)
            continue
        for place, part in enumerate(parts(statement)):
            yield from part_rewrites(statement, place, part, context)
            match statement:
                case Pointwise():
                    yield from product_rewrites(statement.target, place, part, context)
                case Affine():
                    yield from term_rewrites(statement, place, statement.terms[place], context)
                case Accumulate():
                    yield from contribution_rewrites(statement, place, statement.contributions[place], context)
                case Maximum():
                    pass  # it has no parts
                case _:
                    assert_never(statement)
        yield from whole_rewrites(statement)
        if statement.target.role is Role.CARRIED_ADJOINT:
            yield from sent_rewrites(statement)
        if statement.target.time is None:
            yield from total_rewrites(statement.target)


def part_rewrites(statement: Statement, place: int, part: Part, context: Context) -> Iterator[Rewrite]:
    """A summand left out, with the wrong sign, or taken twice."""
    target, detail, source = statement.target, _text(part), _value(part, context)
    alone = len(parts(statement)) == 1
    shown: Says = (target,)
    if not alone:
        shown = ("the term of ", part.left) if isinstance(part, Contribution) else (source or part,)
    kind, says = "left out", (*shown, " is never computed: it stays zero" if alone else " is left out")
    if source is not None and source.role is Role.CARRIED_ADJOINT:
        kind, says = "carried adjoint left out", (source, ", which arrives from the step after, is left out")
    elif source is not None and source.of is None:
        kind, says = "cotangent left out", (source, ", the cotangent of the output, is left out")
    if not (alone and target.role is Role.CARRIED_ADJOINT):
        yield edited(target, place, None, kind, detail, says)
    yield edited(target, place, scaled(part, -1), "sign", detail, ("the sign of ", *shown, " is wrong"))
    yield edited(target, place, scaled(part, 2), "twice", detail, (*shown, " is taken twice"))


def sent_rewrites(statement: Statement) -> Iterator[Rewrite]:
    """Nothing sent to the step before."""
    target = statement.target
    edits = tuple(Edit(target, place, None) for place in range(len(parts(statement))))
    if edits:
        says: Says = (target, " stays zero: nothing is sent to the step before")
        yield Rewrite(edits, "carried adjoint not sent", "", says)


def whole_rewrites(statement: Statement) -> Iterator[Rewrite]:
    """A sum never computed; one of three terms and more overwritten by each, so that the last of a loop is left."""
    found = parts(statement)
    if len(found) > 1 and statement.target.role is not Role.CARRIED_ADJOINT:
        nothing = tuple(Edit(statement.target, place, None) for place in range(len(found)))
        yield Rewrite(nothing, "left out", "", (statement.target, " is never computed: it stays zero"))
    for kept, part in enumerate(found if len(found) > 2 else ()):
        edits = tuple(Edit(statement.target, place, None) for place in range(len(found)) if place != kept)
        says: Says = (statement.target, " is overwritten by every term instead of summed: ", part, " alone is left")
        yield Rewrite(edits, "one term alone", _text(part), says)


def total_rewrites(target: Value) -> Iterator[Rewrite]:
    """The gradient of a parameter overwritten instead of summed, or a mean instead of a sum."""
    what = "matrix" if len(target.shape) == 2 else "vector"
    for how, kind, text in (
        (Total.FIRST_STEP, "overwritten", " is overwritten at every step instead of summed: the first step's is left"),
        (Total.LAST_STEP, "last step alone", " is that of the last step alone: the sum over time is missing"),
        (Total.FIRST_SEQUENCE, "first sequence alone", " is that of the first sequence of the batch alone"),
        (Total.LAST_SEQUENCE, "last sequence alone", " is that of the last sequence of the batch alone"),
        (Total.BATCH_MEAN, "mean over the batch", " is the mean over the batch, not the sum"),
        (Total.TIME_MEAN, "mean over time", " is the mean over time, not the sum"),
    ):
        yield Rewrite((Resummed(target, how),), kind, "", (target, text), what)


def product_rewrites(target: Value, place: int, part: Expr, context: Context) -> Iterator[Rewrite]:
    """Of a product of an adjoint with slopes and forward values: each factor wrong, and one too many."""
    if context.adjoint_of(part) is not None and not context.goes_on_alone(target):
        yield from _too_many(target, place, part, context)
    for factor in sympy.Mul.make_args(part):
        for kind, new, says, qualifier in _wrong_factors(factor, context):
            detail = f"{_text(part)}: {new} for {factor}"
            yield edited(target, place, part / factor * new, kind, detail, says, qualifier)


def _too_many(target: Value, place: int, part: Expr, context: Context) -> Iterator[Rewrite]:
    """Where slopes and gates are factors: one of them once more, or another without need."""
    factors = dict.fromkeys((*context.slopes, *context.quantities))
    if part.free_symbols.isdisjoint(factor.symbol for factor in factors):
        return
    for extra in factors:
        if extra.shape == target.shape:
            twice = extra.symbol in part.free_symbols
            words = " is taken twice" if twice else " is a factor too many"
            kind = "factor twice" if twice else "factor too many"
            factor = context.slopes.get(extra, extra.symbol)
            yield edited(target, place, part * factor, kind, f"{_text(part)}: {extra}", (extra, words), "")


def _wrong_factors(factor: Expr, context: Context) -> Iterator[Wrong]:
    value = context.values.get(factor)
    if value is None:
        yield from _wrong_expressions(factor, context)
    elif value.role is Role.SLOPE:
        yield from _wrong_slopes(value, context)
    elif value.role in ADJOINTS:
        yield from _wrong_adjoints(value, context)
    else:
        yield "factor left out", sympy.Integer(1), ("the factor ", value, " is left out"), ""
        if value in context.complements:
            yield "complement", 1 - factor, stands_for(1 - factor, factor), ""
        for kind, other in _instead_of(value, context):
            yield kind, other.symbol, stands_for(other, value), value.name if other in context.shifted else ""


def _wrong_expressions(factor: Expr, context: Context) -> Iterator[Wrong]:
    """A factor that is itself a formula, 1 - z say; a number, or what has adjoints in it, is left alone."""
    if factor.is_Number or any(context.values[symbol].role in ADJOINTS for symbol in factor.free_symbols):
        return
    yield "factor left out", sympy.Integer(1), ("the factor ", factor, " is left out"), ""
    if (1 - factor).is_Symbol:
        yield "complement", 1 - factor, stands_for(1 - factor, factor), ""
    for new in misremembered(factor):
        yield "factor misremembered", new, stands_for(new, factor), ""


def _wrong_slopes(value: Value, context: Context) -> Iterator[Wrong]:
    known = context.function(value.of) if value.of is not None else None
    yield "slope left out", sympy.Integer(1), ("the slope ", value, " is left out"), known[0].name if known else ""
    for other, expression in context.slopes.items():
        if other != value and other.shape == value.shape:
            yield "slope of another", expression, stands_for(other, value), ""


def _wrong_adjoints(value: Value, context: Context) -> Iterator[Wrong]:
    """A part of a sum of adjoints for the whole, or one carried adjoint for another."""
    statement = context.defined.get(value)
    summed = parts(statement) if isinstance(statement, Pointwise) else ()
    for part in summed if len(summed) > 1 else ():
        source = _value(part, context)
        if source is not None:
            yield "part for the whole", source.symbol, (source, " alone stands where all of ", value, " belongs"), ""
    for carry in context.backward.carries:
        other = carry.incoming
        if value.role is Role.CARRIED_ADJOINT and other != value and other.shape == value.shape:
            yield "carried adjoint of another", other.symbol, stands_for(other, value), ""


def term_rewrites(statement: Affine, place: int, part: Term, context: Context) -> Iterator[Rewrite]:
    """Of W^T d_a: the matrix not transposed where it is square, another weight of its shape, another adjoint."""
    target, matrix, operand, detail = statement.target, part.matrix, part.operand, _text(part)
    if not isinstance(matrix, Value) or operand is None:
        return
    if part.is_product and len(set(matrix.shape)) == 1:
        flipped = replace(part, transposed=not part.transposed)
        says: Says = (matrix, " is not transposed" if part.transposed else " is transposed")
        yield edited(target, place, flipped, "transposed", detail, says)
    if operand.shape == target.shape:
        plain = replace(part, matrix=None, transposed=False)
        yield edited(target, place, plain, "weight left out", detail, ("the weight ", matrix, " is left out"))
    for weight in context.backward.parameters:
        if weight != matrix and weight.shape == matrix.shape:
            new = replace(part, matrix=weight)
            yield edited(target, place, new, "wrong weight", f"{detail}: {weight}", stands_for(weight, matrix))
    others = [term.operand for term in statement.terms if term.is_product and term.operand is not None]
    for kind, other in _other_adjoints(operand, others, context):
        new = replace(part, operand=other)
        yield edited(target, place, new, kind, f"{detail}: {other}", stands_for(other, operand))


def contribution_rewrites(statement: Accumulate, place: int, part: Contribution, context: Context) -> Iterator[Rewrite]:
    """Of d_a v^T: the other way round, another adjoint, another operand."""
    target, left, right, detail = statement.target, part.left, part.right, _text(part)
    if len(target.shape) == 2 and right is not None and left.shape == right.shape:
        says: Says = ("the outer product of ", left, " and ", right, " is taken the other way round")
        yield edited(target, place, replace(part, left=right, right=left), "wrong way round", detail, says)
    for kind, other in _other_operands(left, context):
        new = replace(part, left=other)
        yield edited(target, place, new, kind, f"{detail}: {other} for {left}", stands_for(other, left))
    for kind, other in _other_operands(right, context) if right is not None else ():
        assert right is not None
        new, qualifier = replace(part, right=other), right.name if other in context.shifted else ""
        yield edited(target, place, new, kind, f"{detail}: {other} for {right}", stands_for(other, right), qualifier)


def _instead_of(value: Value, context: Context) -> Iterator[tuple[str, Value]]:
    """What stands by mistake for a forward value: its neighbour in time, its pre-activation, another of its shape."""
    neighbour, known = context.shifted.get(value), context.function(value)
    if neighbour is not None:
        yield "off by one in time", neighbour
    if known is not None:
        yield "function left out", known[1]
    kind, pool = ("wrong weight", context.backward.parameters) if value.is_parameter else ("wrong factor", context.read)
    for other in pool:
        if other not in (value, neighbour) and other.shape == value.shape:
            yield kind, other


def _other_operands(value: Value, context: Context) -> Iterator[tuple[str, Value]]:
    """What stands by mistake for an operand of an outer product."""
    pool = [operand for part in context.outer for operand in part.reads()]
    if value.role in ADJOINTS:
        yield from _other_adjoints(value, [operand for operand in pool if operand.role in ADJOINTS], context)
        return
    if value in context.shifted:
        yield "off by one in time", context.shifted[value]
    made_of = context.defined[value].reads() if value in context.defined else ()
    for other in dict.fromkeys((*pool, *context.shifted, *made_of)):
        fits = other.shape == value.shape and (other.time == value.time or other in made_of)
        if fits and other.role not in ADJOINTS and other not in (value, context.shifted.get(value)):
            yield "wrong operand", other


def _other_adjoints(value: Value, others: list[Value], context: Context) -> Iterator[tuple[str, Value]]:
    before = context.before_slope(value)
    if before is not None:
        yield "before the slope", before
    for other in dict.fromkeys(others):
        if other != value and other.shape == value.shape:
            yield "wrong adjoint", other


def _value(part: Part, context: Context) -> Value | None:
    """The value that a part is, if it is nothing but that."""
    return None if isinstance(part, Term | Contribution) else context.values.get(part)


def _text(part: Part) -> str:
    """A part as it stands in keys: U_i d_a_i[t]."""
    return " ".join(map(str, part.reads())) if isinstance(part, Term | Contribution) else str(part)
