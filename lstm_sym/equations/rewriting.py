"""What was written, as a cell says it: a proposed line is read by the parser, and is the same at random numbers.

A tree of Python is rewritten by rules: comparisons become `where`, products are taken from the right, functions of
other libraries get the lines of their table. What the parser refuses, or what is another function, is not proposed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lstm_sym.equations.foreign import FOREIGN, Foreign
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.equations.meaning import IGNORED, NoMeaningError, agree, is_module

Accepts = Callable[[str], bool]
"""Whether the parser reads this text as the right side of an equation."""

MAX_SHOWN = 200
"""A longer line is not proposed: it would be read by nobody."""

_STEP_BEFORE = re.compile(r"\[t - (\d+)\]")
_KNOWN = {**{name: row.arity for name, row in FUNCTIONS.items()}, **dict.fromkeys(REDUCTIONS, 1), "identity": 1}
_TRANSPOSING = frozenset({"T", "mT", "H", "t", "transpose"})
_STACKING = frozenset({"cat", "concat", "concatenate", "hstack"})
_PRODUCTS = frozenset({"dot", "matmul", "mm", "mv"})
_ALIASES = {"a_min": "min", "a_max": "max", "clip_value_min": "min", "clip_value_max": "max", "alpha": "negative_slope"}


def proposed(node: ast.expr, accepts: Accepts) -> str:
    """The line that says what a tree says; "" where there is none, or none that is known to be the same."""
    try:
        text = shown(_rewritten(node))
        if text == shown(node) or len(text) > MAX_SHOWN or not accepts(text):
            return ""
        return text if agree(ast.parse(text, mode="eval").body, node, _VALUES) else ""
    except (NoMeaningError, SyntaxError, RecursionError):
        return ""


def shown(node: ast.expr) -> str:
    """The text of a tree as cells are written: h[t-1]."""
    return _STEP_BEFORE.sub(lambda found: f"[t-{found[1]}]", ast.unparse(node))


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from nodes(child)


def name_of(function: ast.expr) -> str:
    """The name of what is called, without the module or the object before it; in lower case if it is no function."""
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name if name in _KNOWN else name.lower()


def row_of(node: ast.Call) -> tuple[Foreign, dict[str, ast.expr]] | None:
    """The row of a function of another library, and its arguments by name; None where no row takes these."""
    given, name = _arguments(node), name_of(node.func)
    words = {word.arg: word.value for word in node.keywords if word.arg not in IGNORED}
    for row in FOREIGN:
        bound = _bound(row, given, words) if name in row.names.split() else None
        if bound is not None:
            return row, bound
    return None


def _arguments(node: ast.Call) -> list[ast.expr]:
    """The arguments in order, that of a method first."""
    of = node.func.value if isinstance(node.func, ast.Attribute) else None
    return [*([] if of is None or is_module(of) else [of]), *node.args]


def _bound(row: Foreign, given: Sequence[ast.expr], words: Mapping[str | None, ast.expr]) -> dict[str, ast.expr] | None:
    parameters = row.parameters
    found = dict(zip(parameters, given, strict=False))
    for word, value in words.items():
        name = word if word in parameters else _ALIASES.get(word or "")
        if name not in parameters or name in found:
            return None
        found[name] = value
    defaults = {name: ast.parse(text, mode="eval").body for name, text in parameters.items() if text}
    complete = {**defaults, **found}
    return complete if len(given) <= len(parameters) and set(complete) == set(parameters) else None


def _value_of(name: str) -> Callable[..., Any]:
    """The value in NumPy of a function of another library, for any number of arguments that it takes."""
    rows = [row for row in FOREIGN if name in row.names.split()]

    def value(*given: Any, **words: Any) -> Any:
        named = {
            word if any(word in row.parameters for row in rows) else _ALIASES.get(word, word): v
            for word, v in words.items()
        }
        for row in rows:
            parameters = row.parameters
            have = {*list(parameters)[: len(given)], *named}
            if len(given) + len(named) == len(have) and {n for n, d in parameters.items() if not d} <= have <= {
                *parameters
            }:
                return row.value(*given, **named)
        raise NoMeaningError(name)

    return value


_VALUES = {name: _value_of(name) for row in FOREIGN for name in row.names.split() if name not in _KNOWN} | {
    "max": lambda *given: np.max(given[0]) if len(given) == 1 else _value_of("max")(*given),
    "softplus": lambda a, beta=1.0: np.logaddexp(0, beta * a) / beta,
    "linear": lambda x, matrix, b=0.0: np.matmul(matrix, x) + b,
    **dict.fromkeys(_STACKING, lambda *parts: np.concatenate(parts) if len(parts) > 1 else parts[0]),
    **dict.fromkeys(_PRODUCTS, np.matmul),
}


def _rewritten(node: ast.expr) -> ast.expr:
    """The tree as a cell says it. Raises NoMeaningError where no rule is known."""
    match node:
        case ast.Compare():
            return _choice(node, ast.Constant(1), ast.Constant(0))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _choice(test, _rewritten(body), _rewritten(orelse))
        case ast.Call():
            return _called(node)
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            return _product(left, _rewritten(right))
        case ast.BinOp(left=left, op=op, right=right):
            return _simple(ast.BinOp(_rewritten(left), op, _rewritten(right)))
        case ast.UnaryOp(op=op, operand=operand):
            return ast.UnaryOp(op, _rewritten(operand))
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return ast.List(list(map(_rewritten, parts)), ast.Load())
    return node


def _choice(test: ast.expr, u: ast.expr, v: ast.expr) -> ast.expr:
    """where(a - b, u, v) for u where a > b; >= and <= turn the choices, < and <= the sides. Raises NoMeaningError."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        raise NoMeaningError("a choice by something other than one comparison")
    left, right, sign = _rewritten(test.left), _rewritten(test.comparators[0]), test.ops[0]
    if not isinstance(sign, ast.Gt | ast.Lt | ast.GtE | ast.LtE):
        raise NoMeaningError("an equality")
    if isinstance(sign, ast.Lt | ast.GtE):
        left, right = right, left
    if isinstance(sign, ast.GtE | ast.LtE):
        u, v = v, u
    difference: ast.expr = ast.BinOp(left, ast.Sub(), right)
    if isinstance(right, ast.Constant) and right.value == 0:
        difference = left
    elif isinstance(left, ast.Constant) and left.value == 0:
        difference = ast.UnaryOp(ast.USub(), right)
    return _call("where", difference, u, v)


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _called(node: ast.Call) -> ast.expr:
    """A call by the name that a cell has for it, or the line of its row. Raises NoMeaningError."""
    name, given = name_of(node.func), _arguments(node)
    if name == "where" and len(given) == 3 and isinstance(given[0], ast.Compare):
        return _choice(given[0], _rewritten(given[1]), _rewritten(given[2]))
    if name in _STACKING:
        parts = given[0].elts if len(given) == 1 and isinstance(given[0], ast.List | ast.Tuple) else given
        return ast.List(list(map(_rewritten, parts)), ast.Load())
    if name in _PRODUCTS and len(given) == 2:
        return _product(given[0], _rewritten(given[1]))
    if name == "linear" and len(given) in (2, 3):
        product = _product(given[1], _rewritten(given[0]))
        return product if len(given) == 2 else ast.BinOp(product, ast.Add(), _rewritten(given[2]))
    if _KNOWN.get(name) == len(given) and all(word.arg in IGNORED for word in node.keywords):
        return _call(name, *map(_rewritten, given))
    found = row_of(node)
    if found is None:
        raise NoMeaningError(name)
    row, bound = found
    replaced = _Filled({parameter: _rewritten(argument) for parameter, argument in bound.items()})
    line: ast.expr = replaced.visit(ast.parse(row.line, mode="eval").body)
    return line


class _Filled(ast.NodeTransformer):
    """Puts arguments in the places of a row's line; what is called keeps its name."""

    def __init__(self, arguments: Mapping[str, ast.expr]) -> None:
        self.arguments = arguments

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The argument of this name."""
        return self.arguments.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """The call, with arguments in it."""
        return ast.Call(node.func, [self.visit(argument) for argument in node.args], [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """The operation, without a factor of 1."""
        return _simple(ast.BinOp(self.visit(node.left), node.op, self.visit(node.right)))


def _simple(node: ast.BinOp) -> ast.expr:
    """1 * a and a / 1 are a."""
    if isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Constant) and node.left.value == 1:
        return node.right
    if isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant) and node.right.value == 1:
        return node.left
    return node


def _product(matrix: ast.expr, operand: ast.expr) -> ast.expr:
    """matrix @ operand with a name alone to the left of each @. Raises NoMeaningError."""
    base = _transposed(matrix)
    match matrix if base is None else base:
        case ast.Name() as name if base is None:
            return ast.BinOp(name, ast.MatMult(), operand)
        case ast.Subscript() as vector if base is not None:
            return _product(vector, operand)
        case ast.Name() as name:
            return ast.BinOp(ast.Attribute(name, "T", ast.Load()), ast.MatMult(), operand)
        case ast.BinOp(left=left, op=ast.MatMult(), right=right) if base is not None:
            return _product(_turned(right), _product(_turned(left), operand))
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right) if base is not None:
            return ast.BinOp(_product(_turned(left), operand), op, _product(_turned(right), operand))
        case inner if base is not None and (again := _transposed(inner)) is not None:
            return _product(again, operand)
        case ast.BinOp(left=left, op=op, right=right) if base is None:
            return _of_two(left, op, right, operand)
        case ast.UnaryOp(op=ast.USub(), operand=of) if base is None:
            return ast.UnaryOp(ast.USub(), _product(of, operand))
        case ast.Call(func=function) if name_of(function) == "diag" and base is None:
            return ast.BinOp(_rewritten(_arguments(matrix)[0]), ast.Mult(), operand)  # type: ignore[arg-type]
        case ast.Subscript() as row if base is None and isinstance(operand, ast.Name | ast.Attribute):
            return _product(_turned(operand), row)
        case ast.Subscript() as row if base is None:
            return _call("sum", ast.BinOp(row, ast.Mult(), operand))
    raise NoMeaningError("a matrix of this form")


def _of_two(left: ast.expr, op: ast.operator, right: ast.expr, operand: ast.expr) -> ast.expr:
    """(left op right) @ operand, as NumPy has it: a vector beside a matrix multiplies or divides its columns."""
    match op:
        case ast.MatMult():
            return _product(left, _product(right, operand))
        case ast.Add() | ast.Sub():
            return ast.BinOp(_product(left, operand), op, _product(right, operand))
        case ast.Mult() if _is_number(left):
            return ast.BinOp(left, op, _product(right, operand))
        case ast.Mult() if _is_number(right):
            return ast.BinOp(right, op, _product(left, operand))
        case ast.Mult() if isinstance(right, ast.Subscript):
            return _product(left, ast.BinOp(right, op, operand))
        case ast.Mult():
            return _product(right, ast.BinOp(left, op, operand))
        case ast.Div() if _is_number(right):
            return ast.BinOp(_product(left, operand), op, right)
        case ast.Div():
            return _product(left, ast.BinOp(operand, op, right))
    raise NoMeaningError("a matrix of this form")


def _is_number(node: ast.expr) -> bool:
    return not any(isinstance(inner, ast.Name) for inner in nodes(node))


def _turned(matrix: ast.expr) -> ast.expr:
    base = _transposed(matrix)
    return ast.Attribute(matrix, "T", ast.Load()) if base is None else base


def _transposed(node: ast.expr) -> ast.expr | None:
    """M, of M.T, M.transpose(), np.transpose(M) and the like; None of anything else."""
    called = isinstance(node, ast.Call)
    attribute = node.func if isinstance(node, ast.Call) else node
    if isinstance(node, ast.Call) and name_of(node.func) == "transpose" and len(_arguments(node)) == 1:
        return _arguments(node)[0]
    if isinstance(attribute, ast.Attribute) and attribute.attr in _TRANSPOSING and not (called and node.args):  # type: ignore[attr-defined]
        return attribute.value
    return None
