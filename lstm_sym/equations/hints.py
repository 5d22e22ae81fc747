"""What a line that cannot be read was probably meant to be: the likely fix for each kind of mistake."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from difflib import get_close_matches

from lstm_sym.equations.characters import DECISION
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.foreign import WORDS
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.equations.rewriting import Accepts, name_of, nodes, proposed, row_of, shown
from lstm_sym.equations.source_line import SourceLine

FORM = "name[t] = expression, one a line"

_WORD = r"[A-Za-z_]\w*"
_BESIDE = re.compile(rf"({_WORD}|[\d.]+|[)\]])(\s+)({_WORD}|[\d.]+|\()|([)\]])({_WORD}|\d)", re.ASCII)
_OPERATORS_BESIDE = re.compile(r"(\*\*|[-+*/@=(,])\s*(\*\*|[*/@),])")

_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}

_NODES: dict[type[ast.AST], tuple[str, str]] = {
    ast.Attribute: ("attribute access", "write the name without a dot: an equation has no objects, only quantities"),
    ast.Compare: ("a comparison", DECISION),
    ast.Tuple: ("a comma", "write one equation a quantity; for a decimal number write a point"),
    ast.Starred: ("`*name`", "write one argument"),
}


def refused_node(node: ast.expr, accepts: Accepts) -> tuple[str, str]:
    """What a construct of Python is, and what an equation has in its place."""
    what, fix = _NODES.get(type(node), (f"Python's {type(node).__name__}", "write the equation of the paper"))
    return what, _write(proposed(node, accepts)) or fix


def decision(line: SourceLine, accepts: Accepts) -> str:
    """How the first choice or comparison of a line is written, found in the tree of it; "" where that is not known."""
    try:
        tree = ast.parse(line.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in nodes(tree):
        chooses = isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Compare)
        if chooses or isinstance(node, ast.IfExp | ast.Compare):
            line_of_it = proposed(node, accepts)  # type: ignore[arg-type]
            return f"{_write(line_of_it)}: where compares with 0 by itself" if line_of_it else ""
    return ""


def _write(line: str) -> str:
    return line and f"write {line}"


def syntax_error(line: SourceLine, error: SyntaxError) -> CellError:
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


def _missing_operator(line: SourceLine, beside: re.Match[str]) -> CellError:
    left, right = beside[1] or beside[4], beside[3] or beside[5]
    column = beside.start(3 if beside[3] else 5) + 1
    if left in FUNCTIONS:
        fix = f"put the argument of {left} in brackets: {left}({right} ...)"
        return line.error(f"`{left}` is a function and needs brackets", beside.start() + 1, fix)
    fix = "write @ between a matrix and a vector, * between vectors or numbers"
    if re.match(_WORD, left) and right != "(":
        fix += f": {left} @ {right} or {left} * {right}"
    return line.error(f"an operator is missing before `{right}`", column, fix)


def left_side(line: SourceLine, written: str) -> CellError:
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


def not_an_equation(line: SourceLine, body: list[ast.stmt]) -> CellError:
    """The error for a line that Python reads as something other than one assignment."""
    beside = _BESIDE.search(line.code)
    if beside:  # `type h = x`, which newer Pythons read as a statement
        return _missing_operator(line, beside)
    statement = body[0] if len(body) == 1 else None
    if isinstance(statement, ast.AugAssign):
        target = statement.target.value if isinstance(statement.target, ast.Subscript) else statement.target
        name = target.id if isinstance(target, ast.Name) else "h"
        sign = _SIGNS.get(type(statement.op), "+")
        what = "this changes a quantity in place"
        fix = (
            f"write it out: {name}[t] = {name}[t-1] {sign} ..., with another name if the line before defines {name}[t]"
        )
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Compare):
        what, fix = "`==` compares", "write one = to define"
    else:
        what, fix = "this line defines nothing", "begin it with name[t] =; an equation stands on one line"
    return line.error(what, 1, fix, FORM)


def unknown_function(
    line: SourceLine, node: ast.Call, written: str, known: Collection[str], accepts: Accepts
) -> CellError:
    """The error for a call of a name that is no function; `written` is the whole call."""
    name = node.func.id if isinstance(node.func, ast.Name) else written
    index = re.fullmatch(rf"({_WORD})\s*\(\s*(t(?:\s*-\s*1)?)\s*\)", written, re.ASCII)
    close = [name.lower()] if name.lower() in known else get_close_matches(name, known, 1)
    fix = f"a time index stands in square brackets: {index[1]}[{index[2]}]" if index else foreign_call(node, accepts)
    if not fix and close:
        fix = f"did you mean {close[0]}?"
    fix = fix or f"if {name[:40]} is a quantity or a parameter, write * or @ before the bracket"
    allowed = "one of " + ", ".join(sorted(known))
    return line.error(f"there is no function `{name[:40]}`", node.col_offset + 1, fix, allowed)


def foreign_call(node: ast.Call, accepts: Accepts) -> str:
    """What stands for a function of another library: its line, or words; "" for a function that is not known."""
    line, found = proposed(node, accepts), row_of(node)
    if not line or found is None:
        return _write(line) or WORDS.get(name_of(node.func), "")
    row, given = found
    letters = {part: _letter(part, value) for part, value in given.items()}
    above = [f"{shown(letters[part])} = {shown(value)}" for part, value in given.items() if letters[part] is not value]
    if above:  # a long argument, which the line would repeat
        words = [ast.keyword(part, value) for part, value in letters.items()]
        short = proposed(ast.Call(ast.Name(row.names.split()[0], ast.Load()), [], words), accepts)
        line = f"{short}, with {' and '.join(above)} in an equation above" if short else line
    return _write(line) + (f" ({row.note})" if row.note else "")


def _letter(name: str, value: ast.expr) -> ast.expr:
    """A quantity of this name in the place of a longer expression."""
    if isinstance(value, ast.Name | ast.Subscript | ast.Constant | ast.UnaryOp):
        return value
    return ast.Subscript(ast.Name(name, ast.Load()), ast.Name("t", ast.Load()), ast.Load())


def wrong_arguments(line: SourceLine, node: ast.Call, name: str, arity: int, accepts: Accepts) -> CellError:
    """The error for a call with another number of arguments than the function takes."""
    form = f"{name}({', '.join('auvw'[arity > 1 :][:arity])})"
    takes = "one argument" if arity == 1 else f"{arity} arguments"
    fix = _write(proposed(node, accepts)) or f"write {form}"
    if name == "max" and fix != f"write {form}":
        fix = f"max is that over the units of one; {fix} for the larger of several"
    return line.error(f"{name} takes {takes}", node.col_offset + 1, fix, f"{form}, of any expressions")


def not_callable(line: SourceLine, node: ast.Call, written: str, accepts: Accepts) -> CellError:
    """The error for a call of anything but a name: np.tanh(a), (a + b)(c), tanh(a)(b)."""
    column = node.func.col_offset + 1
    if isinstance(node.func, ast.Attribute):
        fix = foreign_call(node, accepts) or "write the equation of the paper"
        return line.error(f"`{written}` is attribute access, which cannot stand in an equation", column, fix)
    fix = "if a product is meant, write * between the brackets; functions are called by name: tanh(a)"
    return line.error(f"`{written}` is called like a function", column, fix)


def left_of_product(line: SourceLine, node: ast.BinOp, accepts: Accepts) -> CellError:
    """The error for something other than a parameter's name to the left of @, with the line as it should be."""
    matrix, right = shown(node.left), node.right
    fix = _write(proposed(node, accepts))
    also = ""
    match node.left:
        case ast.BinOp(op=ast.MatMult()):
            fix = f"Python reads @ from the left; {fix or 'write brackets from the right: W @ (U @ v)'}"
        case ast.Constant():
            number = shown(ast.BinOp(node.left, ast.Mult(), right))
            fix = f"write a number with *: {number}" if accepts(number) else fix
        case ast.BinOp(op=ast.Mult(), left=ast.Subscript() as gate, right=ast.Name() as name):
            also = shown(ast.BinOp(gate, ast.Mult(), ast.BinOp(name, ast.MatMult(), right)))
        case ast.Subscript() as row if isinstance(right, ast.Name):
            also = shown(ast.BinOp(right, ast.MatMult(), row))
        case ast.Subscript() as row:
            also = shown(ast.BinOp(row, ast.Mult(), right))
    if fix and also and accepts(also):
        fix = f"{fix}, which is what this is in NumPy; if it is not what is meant, write {also}"
    fix = fix or "write the matrix first: W @ x[t]; between two vectors use * (element by element)"
    what = f"`{matrix[:40]}` stands to the left of @, where a parameter matrix belongs"
    return line.error(what, node.col_offset + 1, fix, "W @ vector, with W a name without [t]")
