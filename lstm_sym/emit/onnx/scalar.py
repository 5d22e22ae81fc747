"""Expressions of one unit as nodes: the text that every target prints, read again and written operator by operator.

Where no operator computes a function in every type and without loss, `FORMS` says of which others it is made.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from lstm_sym.emit.onnx.graph import Graph
from lstm_sym.emit.scalar import CodeScalarPrinter

FORMS: dict[str, tuple[str, str]] = {
    "tanh": ("a", "Tanh(a)"),
    "exp": ("a", "Exp(a)"),
    "log": ("a", "Log(a)"),
    "sqrt": ("a", "Sqrt(a)"),
    "sin": ("a", "Sin(a)"),
    "cos": ("a", "Cos(a)"),
    "abs": ("a", "Abs(a)"),
    "sigmoid": ("a", "Sigmoid(a)"),
    "relu": ("a", "Where(a <= 0, 0, a)"),
    "softplus": ("a", "relu(a) + log_of_more(decay(a), 1 + decay(a))"),
    "softsign": ("a", "softsign_of(a, Abs(a))"),
    "softsign_of": ("a, m", "Where(m > 1, Where(a < 0, 1 / (1 + m) - 1, 1 - 1 / (1 + m)), a / (1 + m))"),
    "hard_sigmoid": ("a", "Where(a <= -3, 0, Where(a >= 3, 1, a / 6 + 0.5))"),
    "gelu": ("a", "a * exact_sigmoid(1.5957691216057308 * held(a) * (1 + 0.044715 * held(a) ** 2))"),
    "maximum": ("u, v", "Where(Or(u > v, IsNaN(u)), u, v)"),
    "minimum": ("u, v", "Where(Or(u < v, IsNaN(u)), u, v)"),
    "where": ("c, u, v", "Where(IsNaN(c), c, Where(c > 0, u, v))"),
    "positive": ("c", "where(c, 1, 0)"),
    # exp(-|a|); log(1 + e) with all digits of a small e, u = 1 + e; sigmoid with all digits; what gelu cubes.
    "decay": ("a", "Exp(-Abs(a))"),
    "log_of_more": ("e, u", "Where(u == 1, e, Log(u) * (e / Where(u == 1, 1, u - 1)))"),
    "exact_sigmoid": ("a", "Where(a < 0, decay(a), 1) / (1 + decay(a))"),
    "held": ("a", "Where(a > 64, 64, Where(a < -64, -64, a))"),
}
"""Function -> its arguments, and what it is in operators, which have capitals, and other functions. NaN stays."""
_OPERATIONS = {
    ast.Add: "Add",
    ast.Sub: "Sub",
    ast.Mult: "Mul",
    ast.Div: "Div",
    ast.Lt: "Less",
    ast.LtE: "LessOrEqual",
    ast.Gt: "Greater",
    ast.GtE: "GreaterOrEqual",
    ast.Eq: "Equal",
}


@dataclass(frozen=True, eq=False)
class FormulaPrinter(CodeScalarPrinter):
    """Prints expressions as text, which `computed` reads."""

    def call(self, name: str, argument: str) -> str:
        """f(a)."""
        return f"{name}({argument})"


def computed(graph: Graph, text: str, tensors: Mapping[str, str]) -> str:
    """The tensor of a formula over tensors by name."""
    return _tensor(graph, ast.parse(text, mode="eval").body, tensors)


def _tensor(graph: Graph, node: ast.expr, tensors: Mapping[str, str]) -> str:
    def part(inner: ast.expr) -> str:
        return _tensor(graph, inner, tensors)

    match node:
        case ast.Name(id=name):
            return tensors[name]
        case ast.Constant(value=int() | float() as value):
            return graph.number(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return graph.number(-value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return graph.op("Neg", part(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            return _power(graph, part(left), exponent)
        case (
            ast.BinOp(left=left, op=operation, right=right)
            | ast.Compare(left=left, ops=[operation], comparators=[right])
        ):
            return graph.op(_OPERATIONS[type(operation)], part(left), part(right))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            found = [part(argument) for argument in arguments]
            if name not in FORMS:
                return graph.op(name, *found)
            names, form = FORMS[name]
            return computed(graph, form, dict(zip(names.split(", "), found, strict=True)))
    raise TypeError(f"{ast.unparse(node)} is no formula")


def _power(graph: Graph, base: str, exponent: int) -> str:
    """base ** exponent, from 1 on, as products."""
    if exponent == 1:
        return base
    half = _power(graph, base, exponent // 2)
    square = graph.op("Mul", half, half)
    return graph.op("Mul", square, base) if exponent % 2 else square
