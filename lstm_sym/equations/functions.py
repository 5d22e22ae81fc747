"""The table of element-wise functions a cell may use: one row a function, everything else reads it.

A row carries the derivative twice, because the two uses need different things:

* `from_output`: phi'(a) written in y = phi(a), the textbook form (sigmoid' = y (1 - y)). Fast, but it cancels: it is
  exactly 0 from a = 37 on.
* the slope symbol `phi_slope(a)`: the same derivative as a function of the pre-activation, which an emitter prints as a
  form free of cancellation. Its own derivative is known too, so second order needs no new rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Function


class sigmoid(Function):
    """sigmoid(a) = 1 / (1 + exp(-a))."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """sigmoid'(a), kept as the slope symbol."""
        return sigmoid_slope(self.args[0])


class tanh(Function):
    """tanh(a); an own class, so that SymPy's automatic rewriting never changes an equation."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """tanh'(a), kept as the slope symbol."""
        return tanh_slope(self.args[0])


class relu(Function):
    """relu(a) = max(a, 0)."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """relu'(a), kept as the slope symbol."""
        return relu_slope(self.args[0])


class softplus(Function):
    """softplus(a) = log(1 + exp(a))."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """softplus'(a) = sigmoid(a)."""
        return sigmoid(self.args[0])


class sigmoid_slope(Function):
    """sigmoid'(a) as a function of the pre-activation; its derivative is sigmoid'(a) (1 - 2 sigmoid(a))."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """sigmoid''(a) = sigmoid'(a) (1 - 2 sigmoid(a))."""
        return sigmoid_slope(self.args[0]) * (1 - 2 * sigmoid(self.args[0]))


class tanh_slope(Function):
    """tanh'(a) as a function of the pre-activation; its derivative is -2 tanh(a) tanh'(a)."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """tanh''(a) = -2 tanh(a) tanh'(a)."""
        return -2 * tanh(self.args[0]) * tanh_slope(self.args[0])


class relu_slope(Function):
    """relu'(a): 1 for a > 0, else 0 (the convention at 0 is 0); its derivative is 0."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """Zero almost everywhere."""
        return sympy.Integer(0)


@dataclass(frozen=True)
class FunctionRow:
    """One element-wise function: its symbol, its derivative, its notation, and whether it is analytic.

    `slope` None: SymPy's own derivative is already free of cancellation (sin, log, ...) and no slope symbol is needed.
    """

    symbol: Any
    definition: Callable[[Any], Expr]
    latex: str
    text: str
    slope: Any = None
    from_output: Callable[[Expr], Expr] | None = None
    analytic: bool = True

    @property
    def name(self) -> str:
        """The name as written in a cell file."""
        return str(self.symbol.__name__)


_ROWS = (
    FunctionRow(sigmoid, lambda a: 1 / (1 + sympy.exp(-a)), r"\sigma", "σ", sigmoid_slope, lambda y: y * (1 - y)),
    FunctionRow(tanh, sympy.tanh, r"\tanh", "tanh", tanh_slope, lambda y: 1 - y**2),
    FunctionRow(
        relu,
        lambda a: sympy.Max(a, 0),
        r"\operatorname{relu}",
        "relu",
        relu_slope,
        relu_slope,
        analytic=False,
    ),
    FunctionRow(softplus, lambda a: sympy.log(1 + sympy.exp(a)), r"\operatorname{softplus}", "softplus"),
    FunctionRow(sympy.exp, sympy.exp, r"\exp", "exp"),
    FunctionRow(sympy.log, sympy.log, r"\log", "log"),
    FunctionRow(sympy.sin, sympy.sin, r"\sin", "sin"),
    FunctionRow(sympy.cos, sympy.cos, r"\cos", "cos"),
)

FUNCTIONS: dict[str, FunctionRow] = {row.name: row for row in _ROWS}
"""Name as written in a cell file -> row. `identity` is no row: it is dropped when a cell is read."""

SLOPES: dict[str, FunctionRow] = {row.slope.__name__: row for row in _ROWS if row.slope is not None}
"""Name of a slope symbol -> the row it is the slope of."""
