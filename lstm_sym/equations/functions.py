"""The tables of functions a cell may use: one row a function, everything else reads them.

A row of an element-wise function carries the derivative twice, because the two uses need different things:

* `from_output`: phi'(a) written in y = phi(a), the textbook form (sigmoid' = y (1 - y)). Fast, but it cancels: it is
  exactly 0 from a = 37 on.
* the slope symbol `phi_slope(a)`: the same derivative as a function of the pre-activation, which an emitter prints as a
  form free of cancellation. Its own derivative is known too, so second order needs no new rule.

A function without a slope symbol has a derivative that other functions express without cancellation. At a kink the
derivative is the one from the left, relu'(0) = 0, except |a|, where it is 0; maximum(u, v) at u = v passes it to v.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy import Expr, Function, Integer, Rational


def _function(name: str, *derivatives: Callable[..., Expr]) -> Any:
    """A SymPy function of this name, one derivative an argument; SymPy never rewrites it: an equation stays itself."""

    def fdiff(self: Function, argindex: int = 1) -> Expr:
        return derivatives[argindex - 1](*self.args)

    members = {"nargs": len(derivatives), "fdiff": fdiff, "__module__": __name__}
    return type(name, (Function,), members)


_DIGITS = 40
_LARGEST = 3.4e38

_GELU_SCALE, _GELU_CUBE = Rational("1.5957691216057308"), Rational("0.044715")


def _gelu_argument(a: Expr) -> Expr:
    """2 sqrt(2/pi) (a + 0.044715 a^3), so that gelu(a) = a sigmoid of it."""
    return _GELU_SCALE * (a + _GELU_CUBE * a**3)


def _gelu_curvature(a: Expr) -> Expr:
    """gelu'' = s'(k) (2 k' + a k'' + a k'^2 (1 - 2 s(k))), k the argument above and s the sigmoid."""
    inner = _gelu_argument(a)
    first, second = _GELU_SCALE * (1 + 3 * _GELU_CUBE * a**2), 6 * _GELU_SCALE * _GELU_CUBE * a
    return sigmoid_slope(inner) * (2 * first + a * second + a * first**2 * (1 - 2 * sigmoid(inner)))


sigmoid: Any = _function("sigmoid", lambda a: sigmoid_slope(a))
sigmoid_slope: Any = _function("sigmoid_slope", lambda a: sigmoid_slope(a) * (1 - 2 * sigmoid(a)))
tanh: Any = _function("tanh", lambda a: tanh_slope(a))
tanh_slope: Any = _function("tanh_slope", lambda a: -2 * tanh(a) * tanh_slope(a))
relu: Any = _function("relu", lambda a: relu_slope(a))
relu_slope: Any = _function("relu_slope", lambda a: Integer(0))
softplus: Any = _function("softplus", lambda a: sigmoid(a))
softsign: Any = _function("softsign", lambda a: softsign_slope(a))
softsign_slope: Any = _function(
    "softsign_slope", lambda a: -2 * absolute_slope(a) * softsign_slope(a) / (1 + absolute(a))
)
hard_sigmoid: Any = _function("hard_sigmoid", lambda a: hard_sigmoid_slope(a))
hard_sigmoid_slope: Any = _function("hard_sigmoid_slope", lambda a: Integer(0))
gelu: Any = _function("gelu", lambda a: gelu_slope(a))
gelu_slope: Any = _function("gelu_slope", _gelu_curvature)
sqrt: Any = _function("sqrt", lambda a: 1 / (2 * sqrt(a)))
absolute: Any = _function("abs", lambda a: absolute_slope(a))
absolute_slope: Any = _function("abs_slope", lambda a: Integer(0))
positive: Any = _function("positive", lambda a: Integer(0))
positive.eval = classmethod(lambda _, a: Integer(bool(a > 0)) if a.is_Number else None)


def _choice(name: str, arity: int) -> Any:
    """A function that is one of two branches.

    Its derivative is that of the branch taken, itself a choice: the branch that is not taken may be anything.
    """

    def derivative(self: Function, symbol: Expr) -> Expr:
        c, u, v = branches(self)
        return where(c, u.diff(symbol), v.diff(symbol))

    members = {"nargs": arity, "_eval_derivative": derivative, "__module__": __name__}
    return type(name, (Function,), members)


def _known_choice(_: type, c: Expr, u: Expr, v: Expr) -> Expr | None:
    """One of the two where the condition is a number or both are the same; between two numbers a step."""
    if c.is_Number or u == v:
        return u if u == v or c > 0 else v
    return v + (u - v) * positive(c) if u.is_Number and v.is_Number else None


maximum: Any = _choice("maximum", 2)
minimum: Any = _choice("minimum", 2)
where: Any = _choice("where", 3)
where.eval = classmethod(_known_choice)

CHOICES = (maximum, minimum, where)
"""Functions whose value is one of their branches."""


def branches(choice: Expr) -> tuple[Expr, Expr, Expr]:
    """The condition c of a choice, the branch taken where c > 0, and the other."""
    if isinstance(choice, where):
        c, u, v = choice.args
        return c, u, v
    u, v = choice.args
    return (u - v if isinstance(choice, maximum) else v - u), u, v


@dataclass(frozen=True)
class FunctionRow:
    """One element-wise function: its symbol, its definition in SymPy's own functions, its notation, its derivative.

    `slope` None: the derivative is free of cancellation as other functions give it, and no slope symbol is needed.
    `analytic` False: it has kinks, or a derivative that has.
    """

    symbol: Any
    definition: Callable[..., Expr]
    latex: str
    text: str
    slope: Any = None
    from_output: Callable[[Expr], Expr] | None = None
    analytic: bool = True
    arity: int = 1

    @property
    def name(self) -> str:
        """The name as written in a cell file."""
        return str(self.symbol.__name__)


def _branches(condition: Any, u: Expr, v: Expr) -> Expr:
    return sympy.Piecewise((u, condition), (v, True))


def _upright(name: str) -> str:
    return rf"\mathrm{{{name}}}".replace("_", r"\text{-}")


_ROWS = (
    FunctionRow(sigmoid, lambda a: 1 / (1 + sympy.exp(-a)), r"\sigma", "σ", sigmoid_slope, lambda y: y * (1 - y)),
    FunctionRow(tanh, sympy.tanh, r"\tanh", "tanh", tanh_slope, lambda y: 1 - y**2),
    FunctionRow(relu, lambda a: sympy.Max(a, 0), _upright("relu"), "relu", relu_slope, relu_slope, analytic=False),
    FunctionRow(softplus, lambda a: sympy.log(1 + sympy.exp(a)), _upright("softplus"), "softplus"),
    FunctionRow(
        softsign,
        lambda a: a / (1 + sympy.Abs(a)),
        _upright("softsign"),
        "softsign",
        softsign_slope,
        lambda y: (1 - absolute(y)) ** 2,
        analytic=False,
    ),
    FunctionRow(
        hard_sigmoid,
        lambda a: sympy.Min(sympy.Max(a / 6 + Rational(1, 2), 0), 1),
        _upright("hard_sigmoid"),
        "hard_sigmoid",
        hard_sigmoid_slope,
        analytic=False,
    ),
    FunctionRow(gelu, lambda a: a / (1 + sympy.exp(-_gelu_argument(a))), _upright("gelu"), "gelu", gelu_slope),
    FunctionRow(sympy.exp, sympy.exp, r"\exp", "exp"),
    FunctionRow(sympy.log, sympy.log, r"\log", "log"),
    FunctionRow(sqrt, sympy.sqrt, _upright("sqrt"), "sqrt"),
    FunctionRow(sympy.sin, sympy.sin, r"\sin", "sin"),
    FunctionRow(sympy.cos, sympy.cos, r"\cos", "cos"),
    FunctionRow(absolute, sympy.Abs, _upright("abs"), "abs", absolute_slope, analytic=False),
    FunctionRow(maximum, lambda u, v: _branches(u > v, u, v), r"\max", "max", analytic=False, arity=2),
    FunctionRow(minimum, lambda u, v: _branches(u < v, u, v), r"\min", "min", analytic=False, arity=2),
    FunctionRow(where, lambda c, u, v: _branches(c > 0, u, v), _upright("where"), "where", analytic=False, arity=3),
)

FUNCTIONS: dict[str, FunctionRow] = {row.name: row for row in _ROWS}
"""Name as written in a cell file -> row. `identity` is no row: it is dropped when a cell is read."""

SLOPES: dict[str, FunctionRow] = {row.slope.__name__: row for row in _ROWS if row.slope is not None}
"""Name of a slope symbol -> the row it is the slope of."""


def defined(expression: Expr) -> Expr:
    """The expression with sigmoid(a) as 1/(1 + exp(-a)), with sigmoid_slope(a) as the derivative of that, and so on."""
    arguments = [defined(argument) for argument in expression.args]
    if isinstance(expression, positive):
        return _branches(arguments[0] > 0, Integer(1), Integer(0))
    found = row(expression)
    if found is None:
        return expression.func(*arguments) if arguments else expression
    if type(expression).__name__ in FUNCTIONS:
        return found.definition(*arguments)
    a = sympy.Symbol("a", real=True)
    return found.definition(a).diff(a).xreplace({a: arguments[0]})


def number_of(expression: Expr) -> Fraction | None:
    """The value of an expression without symbols, rounded once, to float64; None for what is no finite real number.

    Finite means in float32 too, in which a kernel may run: exp(100) is not.
    """
    exact = defined(expression)
    value = exact if exact.is_Rational else exact.evalf(_DIGITS)
    if not (value.is_Rational or value.is_Float) or abs(value) > _LARGEST:
        return None
    return Fraction(int(value.p), int(value.q)) if value.is_Rational else Fraction(repr(float(value)))


def row(expression: Expr) -> FunctionRow | None:
    """The row of the table that an expression is the function, or the slope, of; None if it is neither."""
    name = type(expression).__name__
    return FUNCTIONS.get(name) or SLOPES.get(name)


@dataclass(frozen=True)
class ReductionRow:
    """A function over the units of a vector, which gives its value to every unit: (N,) -> (N,); how it is written."""

    name: str
    latex: str
    text: str
    linear: bool


REDUCTIONS: dict[str, ReductionRow] = {
    row.name: row
    for row in (
        ReductionRow("sum", _upright("sum"), "sum", True),
        ReductionRow("mean", _upright("mean"), "mean", True),
        ReductionRow("max", _upright("max"), "max", False),
    )
}
"""Name as written in a cell file -> row."""

SIGNS: dict[str, tuple[str, str]] = {
    **{row.name: (row.latex, row.text) for row in _ROWS},
    **{row.name: (row.latex, row.text) for row in REDUCTIONS.values()},
    "positive": (r"\mathbf{1}_{>0}", "1₊"),
}
"""Name of a function or reduction -> its sign in LaTeX and in Unicode; `positive` is 1 where its argument is > 0."""

# A number, as every emitter prints it: a float literal, which promotes no array.
_LOG_2 = Rational(math.log(2))

LOGARITHMS: dict[Any, tuple[Callable[[Expr], Expr] | None, Callable[[Expr], Expr]]] = {
    sigmoid: (lambda a: -softplus(-a), lambda a: -softplus(-a) - softplus(a)),
    tanh: (None, lambda a: 2 * (_LOG_2 + a - softplus(2 * a))),
    sympy.exp: (lambda a: a, lambda a: a),
}
"""ln phi(a) of what is positive, and ln phi'(a), from the pre-activation: finite where the number itself underflows."""
