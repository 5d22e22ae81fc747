"""The functions of the table written out in SymPy's own, with which SymPy can solve and simplify."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Expr

    from lstm_sym.equations.functions import FunctionRow


def defined(expression: Expr) -> Expr:
    """The expression with sigmoid(a) as 1/(1 + exp(-a)), with sigmoid_slope(a) as the derivative of that, and so on."""
    import sympy

    from lstm_sym.equations.functions import FUNCTIONS

    arguments = [defined(argument) for argument in expression.args]
    found = row(expression)
    if found is None:
        return expression.func(*arguments) if arguments else expression
    if type(expression).__name__ in FUNCTIONS:
        return found.definition(*arguments)
    a = sympy.Symbol("a", real=True)
    return found.definition(a).diff(a).xreplace({a: arguments[0]})


def row(expression: Expr) -> FunctionRow | None:
    """The row of the table that an expression is the function, or the slope, of; None if it is neither."""
    from lstm_sym.equations.functions import FUNCTIONS, SLOPES

    name = type(expression).__name__
    return FUNCTIONS.get(name) or SLOPES.get(name)
