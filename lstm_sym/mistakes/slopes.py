"""Mistakes in a slope: taken of another quantity, the function itself, another function's, or misremembered."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Expr

from lstm_sym.equations.functions import FUNCTIONS, FunctionRow
from lstm_sym.mistakes.context import Context, Rewrite, Says, edited, stands_for
from lstm_sym.mistakes.edits import addends
from lstm_sym.mistakes.sentences import Word
from lstm_sym.program.statements import Pointwise
from lstm_sym.program.values import Value


def slope_rewrites(statement: Pointwise, context: Context) -> Iterator[Rewrite]:
    """phi'(a) of y = phi(a): taken of y, written in a, of another function, or with a piece of its formula wrong."""
    output = statement.target.of
    known = context.function(output) if output is not None else None
    if output is None or known is None:
        return
    row, argument = known
    right = [row.slope(argument.symbol)]
    of_output: Says = (Word(row.text), "′ is taken of ", output, " instead of ", argument)
    wrong: list[tuple[str, Expr, Says]] = [("slope of the output", row.slope(output.symbol), of_output)]
    if row.from_output is not None:
        textbook = row.from_output(output.symbol)
        right.append(textbook)
        name = Word(row.text)
        given: Says = ("the formula for ", name, "′ in its output is given ", argument, " instead of ", output)
        wrong.append(("slope of the argument", row.from_output(argument.symbol), given))
        wrong += [("slope misremembered", e, stands_for(e, textbook)) for e in misremembered(textbook)]
        wrong += _of_another_quantity(output, argument, row, context)
    wrong.append(("function for its slope", output.symbol, stands_for(output, statement.target)))
    for other in FUNCTIONS.values():
        if other is not row and other.analytic and other.slope is not None and other.from_output is not None:
            names = Word(other.text), Word(row.text)
            says: Says = ("the slope of ", names[0], " stands where that of ", names[1], " belongs")
            wrong.append(("slope of another function", other.from_output(output.symbol), says))
    seen: set[Expr] = set()
    for kind, expression, says in wrong:
        if expression not in right and expression not in seen:
            seen.add(expression)
            yield edited(statement.target, 0, expression, kind, str(expression), says, row.name)


def _of_another_quantity(
    output: Value, argument: Value, row: FunctionRow, context: Context
) -> Iterator[tuple[str, Expr, Says]]:
    """1 - h^2 for 1 - tanh(c)^2: the formula in the output, given another quantity of the forward pass."""
    assert row.from_output is not None
    for other in context.quantities:
        if other.shape == output.shape and other not in (output, argument):
            name = Word(row.text)
            says: Says = ("the formula for ", name, "′ in its output is given ", other, " instead of ", output)
            yield "slope of another quantity", row.from_output(other.symbol), says


def misremembered(expression: Expr) -> Iterator[Expr]:
    """A formula with a factor, an addend or a square left out, a sign wrong, or squared as a whole: y for y (1 - y)."""
    for factor in expression.args if expression.is_Mul else ():
        yield expression / factor
    for addend in addends(expression) if expression.is_Add else ():
        yield expression - addend
        if not addend.is_Number:
            yield expression - 2 * addend
    for power in sorted(expression.atoms(sympy.Pow), key=str):
        if power.exp.is_Integer and power.exp > 1:
            without = expression.xreplace({power: power.base})
            yield without
            if expression.is_Add:
                yield without**power.exp
