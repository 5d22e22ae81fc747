"""What a line that cannot be read was probably meant to be: the likely fix for each kind of mistake."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import reduce

from lstm_sym.equations.characters import DECISION
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.equations.line import Line

FORM = "name[t] = expression, one a line"

_WORD = r"[A-Za-z_]\w*"
_BESIDE = re.compile(rf"({_WORD}|[\d.]+|[)\]])(\s+)({_WORD}|[\d.]+|\()|([)\]])({_WORD}|\d)", re.ASCII)
_OPERATORS_BESIDE = re.compile(r"(\*\*|[-+*/@=(,])\s*(\*\*|[*/@),])")

_RENAMED = {
    "sigma": "sigmoid",
    "logistic": "sigmoid",
    "expit": "sigmoid",
    "hyperbolic_tangent": "tanh",
    "rectifier": "relu",
    "ln": "log",
}
_REWRITTEN = {
    **dict.fromkeys(("dot", "matmul", "mm", "mv", "linear"), "write W @ x[t]"),
    **dict.fromkeys(("mul", "multiply", "hadamard"), "write a * b"),
    **dict.fromkeys(("cat", "concat", "concatenate"), "stack with brackets: W @ [h[t-1], x[t]]"),
    "diag": "write p * v for diag(p) @ v",
    "softmax": "give it two equations: e[t] = exp(a[t] - max(a[t])) and s[t] = e[t] / sum(e[t])",
    "std": "write sqrt(mean((a[t] - mean(a[t])) ** 2))",
    "pow": "write a ** 2",
    "min": "write minimum(u, v) for the smaller of two; over the units of one, -max(-u)",
    "transpose": "write W.T @ v, with W a name",
}

_TRANSPOSES = ("T", "mT", "H", "t", "transpose")

_NODES: dict[type[ast.AST], tuple[str, str]] = {
    ast.Attribute: ("attribute access", "write the name without a dot: an equation has no objects, only quantities"),
    ast.Compare: ("a comparison", DECISION),
    ast.Tuple: ("a comma", "write one equation a quantity; for a decimal number write a point"),
    ast.Starred: ("`*name`", "write one argument"),
}


def refused_node(node: ast.expr) -> tuple[str, str]:
    """What a construct of Python is, and what an equation has in its place."""
    return _NODES.get(type(node), (f"Python's {type(node).__name__}", "write the equation of the paper"))


def syntax_error(line: Line, error: SyntaxError) -> CellError:
    """The error for a line that Python's parser cannot read."""
    code = line.code
    target, equals, expression = code.partition("=")
    if not equals:
        return line.error(
            "this line defines nothing", 1, "begin it with name[t] =; an equation stands on one line", FORM
        )
    if not expression.strip():
        return line.error("nothing stands to the right of =", len(code), "write the expression on the same line", FORM)
    empty = re.search(r"\[\s*\]", code)
    if empty:
        return line.error("the time index is missing", empty.start() + 1, "write [t] or [t-1]", "[t] and [t-1]")
    beside = _BESIDE.search(code)
    if beside:
        return _missing_operator(line, beside)
    twice = _OPERATORS_BESIDE.search(code)
    if twice:
        fix = f"put a name, number or (...) before `{twice[2]}`, or drop it"
        return line.error(f"nothing stands between `{twice[1]}` and `{twice[2]}`", twice.start(2) + 1, fix)
    if re.search(r"[-+*/@,.=]$", code):
        return line.error(
            f"the line ends with `{code[-1]}`", len(code), "an equation stands on one line: join the next"
        )
    if error.msg.startswith("cannot assign"):
        return left_side(line, target.strip())
    column = min(error.offset or 1, len(code) + 1)
    return line.error(f"this is not an equation ({error.msg})", column, "check brackets and operators", FORM)


def _missing_operator(line: Line, beside: re.Match[str]) -> CellError:
    left, right = beside[1] or beside[4], beside[3] or beside[5]
    column = beside.start(3 if beside[3] else 5) + 1
    if left in FUNCTIONS:
        fix = f"put the argument of {left} in brackets: {left}({right} ...)"
        return line.error(f"`{left}` is a function and needs brackets", beside.start() + 1, fix)
    fix = "write @ between a matrix and a vector, * between vectors or numbers"
    if re.match(_WORD, left):
        fix += f": {left} @ {right} or {left} * {right}"
    return line.error(f"an operator is missing before `{right}`", column, fix)


def left_side(line: Line, written: str) -> CellError:
    """The error for a left side that is not name[t]."""
    target = written[:40]
    name = re.fullmatch(rf"({_WORD}?)(_t|\(t\))?", target, re.ASCII)
    previous = re.fullmatch(rf"({_WORD})\[\s*t\s*([-+])\s*\d+\s*\]", target, re.ASCII)
    if name and name[1]:
        what, fix = f"`{target}` has no time index", f"write {name[1]}[t] = ..."
    elif previous:
        what = f"`{target}` is another step than this one"
        fix = f"write {previous[1]}[t] = ..., and read the step before as [t-1]"
    elif "," in target:
        what, fix = f"`{target}` are two quantities", "write one equation a quantity"
    else:
        what, fix = f"`{target}` stands to the left of =", "move everything but one name[t] to the right"
    return line.error(what, 1, fix, "one name at [t] to the left of =")


def not_an_equation(line: Line, body: list[ast.stmt]) -> CellError:
    """The error for a line that Python reads as something other than one assignment."""
    beside = _BESIDE.search(line.code)
    if beside:  # `type h = x`, which newer Pythons read as a statement
        return _missing_operator(line, beside)
    statement = body[0] if len(body) == 1 else None
    if isinstance(statement, ast.AugAssign):
        what, fix = "this changes a quantity in place", "write the sum: h[t] = h[t-1] + ..."
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Compare):
        what, fix = "`==` compares", "write one = to define"
    else:
        what, fix = "this line defines nothing", "begin it with name[t] =; an equation stands on one line"
    return line.error(what, 1, fix, FORM)


def unknown_function(line: Line, name: str, written: str, column: int, known: Collection[str]) -> CellError:
    """The error for a call of a name that is no function; `written` is the whole call."""
    index = re.fullmatch(rf"({_WORD})\s*\(\s*(t(?:\s*-\s*1)?)\s*\)", written, re.ASCII)
    renamed = _RENAMED.get(name.lower()) or (name.lower() if name.lower() in known else None)
    close = [renamed] if renamed else get_close_matches(name, known, 1)
    if index:
        fix = f"a time index stands in square brackets: {index[1]}[{index[2]}]"
    elif name.lower() in _REWRITTEN:
        fix = _REWRITTEN[name.lower()]
    elif close:
        fix = f"did you mean {close[0]}?"
    else:
        fix = f"if {name[:40]} is a quantity or a parameter, write * or @ before the bracket"
    return line.error(f"there is no function `{name[:40]}`", column, fix, "one of " + ", ".join(sorted(known)))


def wrong_arguments(line: Line, name: str, arity: int, arguments: list[str], column: int) -> CellError:
    """The error for a call with another number of arguments than the function takes; `arguments` as written."""
    shown = f"{name}({', '.join('auvw'[arity > 1 :][:arity])})"
    takes, fix = "one argument" if arity == 1 else f"{arity} arguments", f"write {shown}"
    if name == "max" and len(arguments) > 1:
        nested = reduce(lambda right, left: f"maximum({left}, {right})", reversed(arguments))
        fix = f"max is that over the units of one; for the larger of two write {nested}"
    return line.error(f"{name} takes {takes}", column, fix, f"{shown}, of any expressions")


def not_callable(line: Line, function: ast.expr, written: str) -> CellError:
    """The error for a call of anything but a name: np.tanh(a), (a + b)(c), tanh(a)(b)."""
    column = function.col_offset + 1
    if isinstance(function, ast.Attribute):
        name = function.attr.lower()
        known = name if name in FUNCTIONS else _RENAMED.get(name)
        fix = f"write {known}(...) alone" if known else _REWRITTEN.get(name, "write the equation of the paper")
        return line.error(f"`{written}` is attribute access, which cannot stand in an equation", column, fix)
    fix = "if a product is meant, write * between the brackets; functions are called by name: tanh(a)"
    return line.error(f"`{written}` is called like a function", column, fix)


def left_of_product(line: Line, matrix: ast.expr, operand: str, column: int) -> CellError:
    """The error for something other than a parameter's name to the left of @, with the line as it should be."""
    code = line.code

    def written(node: ast.expr) -> str:
        return code[node.col_offset : node.end_col_offset]

    fix = "write the matrix first: W @ x[t]; between two vectors use * (element by element)"
    match matrix:
        case ast.BinOp(op=ast.MatMult()):
            fix = f"Python reads @ from the left; write {_from_the_right(written, matrix, operand)}"
        case ast.BinOp(op=ast.Mult(), right=ast.Name()):
            fix = f"write {written(matrix.left)} * ({written(matrix.right)} @ {operand})"
        case ast.BinOp(op=ast.Div(), left=ast.Name()):
            fix = f"write ({written(matrix.left)} @ {operand}) / {written(matrix.right)}"
        case ast.BinOp(op=ast.Add() | ast.Sub() as sign, left=ast.Name(), right=ast.Name()):
            shown = "+" if isinstance(sign, ast.Add) else "-"
            fix = f"write {written(matrix.left)} @ {operand} {shown} {written(matrix.right)} @ {operand}"
        case ast.Subscript() if re.fullmatch(_WORD, operand, re.ASCII):
            fix = f"write the matrix first: {operand} @ {written(matrix)}"
        case ast.Subscript():
            fix = f"between two vectors write *: {written(matrix)} * {operand}"
        case ast.Call(func=ast.Name(id=name)) if name in _REWRITTEN:
            fix = _REWRITTEN[name]
        case ast.Attribute() | ast.Call(func=ast.Attribute()):
            fix = _transpose(matrix, operand) or fix
        case ast.Constant():
            fix = f"write a number with *: {written(matrix)} * {operand}"
    what = f"`{written(matrix)[:40]}` stands to the left of @, where a parameter matrix belongs"
    return line.error(what, column, fix, "W @ vector, with W a name without [t]")


def _transpose(node: ast.Attribute | ast.Call, operand: str) -> str:
    """How W.transpose @ v, W.T() @ v and np.transpose(W) @ v are written; empty for any other attribute."""
    attribute = node.func if isinstance(node, ast.Call) else node
    if not isinstance(attribute, ast.Attribute) or attribute.attr not in _TRANSPOSES:
        return ""
    of_itself = node.args == [] if isinstance(node, ast.Call) else attribute.attr != "T"  # W.T alone: of a transpose
    if isinstance(attribute.value, ast.Name) and of_itself:
        return f"write {attribute.value.id}.T @ {operand}"
    return _REWRITTEN["transpose"]


def _from_the_right(written: Callable[[ast.expr], str], matrix: ast.expr, operand: str) -> str:
    result = operand
    while isinstance(matrix, ast.BinOp) and isinstance(matrix.op, ast.MatMult):
        result = f"({written(matrix.right)} @ {result})"
        matrix = matrix.left
    return f"{written(matrix)} @ {result}"
