"""Equation text -> nodes: a whitelist over `ast.parse`. Nothing is evaluated, whatever the text says.

Bounds come first, on the bare text (length, characters, nesting), so that neither Python's own parser nor SymPy ever
sees anything large. Every refusal names line and column, what is allowed, and the likely fix.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Mapping
from difflib import get_close_matches
from fractions import Fraction

from lstm_sym.equations.cell import Cell, Equation
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Binary, Call, Expression, MatrixProduct, Name, Negate, Number
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.equations.structure import assemble

MAX_TEXT = 20_000
MAX_EQUATION = 1_000
MAX_DEPTH = 100
MAX_NAME = 32
MAX_EXPONENT = 64
MAX_NUMBER = 10**9

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_RESERVED = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"np", "numpy", "t", "T", "B", "dy", "identity"}
_DERIVED = re.compile(r"d_|.*(_dot|_slope|_prev|_next)\Z")
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_ALLOWED = "names, numbers, + - * / ** @, f(...) with f one of " + ", ".join(sorted(FUNCTIONS))

_REFUSED: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Attribute: ("attribute access", "write the name without a dot; an equation has no objects"),
    ast.Lambda: ("a lambda", "write the expression itself"),
    ast.IfExp: ("an `if ... else`", "use a smooth gate such as sigmoid(...)"),
    ast.Compare: ("a comparison", "use a smooth gate such as sigmoid(...)"),
    ast.BoolOp: ("`and` / `or`", "multiply the gates instead"),
    ast.List: ("a list", "multiply each part by its own matrix and add: W @ x[t] + U @ h[t-1]"),
    ast.Tuple: ("a tuple", "write one equation a quantity"),
    ast.Dict: ("a dict", "write one equation a quantity"),
    ast.JoinedStr: ("a string", "an equation holds no text; put meanings under [symbols]"),
    ast.NamedExpr: ("`:=`", "give the quantity an equation of its own"),
    ast.Starred: ("`*name`", "write one argument"),
    ast.ListComp: ("a comprehension", "the matrix product already runs over the units"),
    ast.GeneratorExp: ("a comprehension", "the matrix product already runs over the units"),
    ast.Await: ("`await`", "an equation holds arithmetic alone"),
}


def parse(
    text: str,
    *,
    key: str = "cell",
    options: Mapping[str, str] | None = None,
    sizes: Mapping[str, str] | None = None,
    output: str | None = None,
    source: str = "equations",
    first_line: int = 1,
) -> Cell:
    """Equations as text, one a line, to a Cell.

    `options` names function options and their value, as {"phi_h": "tanh"}; `sizes` declares sizes, as {"x": "H"};
    `output` is the quantity the cell gives out (default: the one defined last); `first_line` is the number of the
    text's first line in its file. Raises CellError with line, column, what is allowed and the likely fix.
    """
    _check_text(text, source, first_line)
    equations = tuple(
        _equation(line, source, number, options or {})
        for number, line in enumerate(text.split("\n"), first_line)
        if line.split("#")[0].strip()
    )
    return assemble(equations, key=key, source=source, sizes=sizes or {}, output=output, options=options or {})


def _check_text(text: str, source: str, first_line: int) -> None:
    if len(text) > MAX_TEXT:
        raise CellError(
            f"the equations are {len(text):,} characters long",
            source=source,
            allowed=f"{MAX_TEXT:,} characters",
            fix="the largest published cells need about 2,000; is this the right file?",
        )
    for number, line in enumerate(text.split("\n"), first_line):
        for column, character in enumerate(line.split("#")[0], 1):
            if not (" " <= character <= "~" or character == "\t"):
                raise CellError(
                    f"the character U+{ord(character):04X} cannot stand in an equation",
                    source=source,
                    line=number,
                    column=column,
                    text=_printable(line),
                    allowed="plain ASCII; other scripts are welcome in meanings under [symbols]",
                    fix="spell Greek letters (sigma, theta); retype characters that came in by copy and paste",
                )


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


class _Reader:
    """Reads one equation; holds only what an error message needs."""

    def __init__(self, line: str, source: str, number: int, options: Mapping[str, str]) -> None:
        self.line, self.source, self.number, self.options = line, source, number, options
        self.code = line.split("#")[0].strip()
        self.indent = len(line) - len(line.lstrip())

    def error(self, what: str, column: int, fix: str, allowed: str = _ALLOWED) -> CellError:
        """The error at this column of this equation, counted from its first character."""
        return CellError(
            what,
            source=self.source,
            line=self.number,
            column=column + self.indent,
            text=self.line,
            allowed=allowed,
            fix=fix,
        )

    def expression(self, node: ast.expr, depth: int = 0) -> Expression:
        """One node and all below it."""
        column = node.col_offset + 1
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels of nesting", column, "give parts an equation of their own")
        match node:
            case ast.BinOp():
                return self.binary(node, depth)
            case ast.UnaryOp(op=ast.USub()):
                return Negate(self.expression(node.operand, depth + 1), column=column)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.expression(node.operand, depth + 1)
            case ast.Call():
                return self.call(node, depth)
            case ast.Subscript():
                return Name(self.name(node.value), self.time(node), column=column)
            case ast.Name():
                return Name(self.name(node), None, column=column)
            case ast.Constant():
                return Number(self.number_value(node), column=column)
        what, fix = _REFUSED.get(type(node), (f"Python's {type(node).__name__}", "write the equation of the paper"))
        raise self.error(f"{what} cannot stand in an equation", column, fix)

    def binary(self, node: ast.BinOp, depth: int) -> Expression:
        """left op right, including @ and **."""
        column = node.col_offset + 1
        if isinstance(node.op, ast.MatMult):
            return self.matrix_product(node, depth)
        left, right = self.expression(node.left, depth + 1), self.expression(node.right, depth + 1)
        if isinstance(node.op, ast.Pow):
            self.check_exponent(right, column)
            return Binary("**", left, right, column=column)
        operator = _OPERATORS.get(type(node.op))
        if operator is None:
            raise self.error("this operator is not one of an equation", column, "use + - * / ** or @")
        return Binary(operator, left, right, column=column)

    def matrix_product(self, node: ast.BinOp, depth: int) -> MatrixProduct:
        """matrix @ vector; `W @ U @ h[t-1]` is refused because Python reads it as (W @ U) @ h[t-1]."""
        column = node.col_offset + 1
        matrix, operand = self.expression(node.left, depth + 1), self.expression(node.right, depth + 1)
        if not isinstance(matrix, Name) or matrix.time is not None:
            chain = isinstance(matrix, MatrixProduct)
            raise self.error(
                f"`{matrix}` stands to the left of @, where a parameter matrix belongs",
                column,
                f"write {matrix.matrix} @ ({matrix.operand} @ {operand})"
                if chain and isinstance(matrix, MatrixProduct)
                else "write the matrix first: W @ x[t]; between two vectors use * (element by element)",
                "W @ vector, with W a name without [t]",
            )
        return MatrixProduct(matrix, operand, column=column)

    def check_exponent(self, exponent: Expression, column: int) -> None:
        """An exponent is a whole number of at most MAX_EXPONENT in size."""
        size = exponent.operand if isinstance(exponent, Negate) else exponent
        whole = isinstance(size, Number) and size.value.denominator == 1
        if not whole or not isinstance(size, Number) or abs(size.value) > MAX_EXPONENT:
            raise self.error(
                f"`{exponent}` is not an exponent a cell may use",
                column,
                "write exp(n * log(a)) for other powers",
                f"whole numbers from -{MAX_EXPONENT} to {MAX_EXPONENT}",
            )

    def call(self, node: ast.Call, depth: int) -> Expression:
        """function(argument); an option's name stands for the function chosen for it."""
        column = node.col_offset + 1
        if not isinstance(node.func, ast.Name):
            raise self.error("only a function's name can be called", column, "write sigmoid(...), tanh(...)")
        written = node.func.id
        name = self.options.get(written, written)
        if name != "identity" and name not in FUNCTIONS:
            close = get_close_matches(name, [*FUNCTIONS, "identity", *self.options], 1)
            raise self.error(
                f"there is no function `{name[:MAX_NAME]}`",
                column,
                f"did you mean {close[0]}?" if close else "did you mean a product? Write it with * or @",
                "one of " + ", ".join(sorted([*FUNCTIONS, "identity", *self.options])),
            )
        if len(node.args) != 1 or node.keywords:
            raise self.error(f"{name} takes one argument", column, f"write {name}(a)")
        argument = self.expression(node.args[0], depth + 1)
        return argument if name == "identity" else Call(name, argument, column=column)

    def name(self, node: ast.expr) -> str:
        """A name that may be used: letters, digits and _, short, and none that Python or the kernels reserve."""
        column = node.col_offset + 1
        if not isinstance(node, ast.Name):
            raise self.error("a time index belongs to a name", column, "write h[t-1]")
        if len(node.id) > MAX_NAME or not _NAME.match(node.id):
            raise self.error(
                f"`{node.id[:MAX_NAME]}` is not a name a cell may use",
                column,
                "shorten it, and begin with a letter",
                f"a letter, then letters, digits or _, at most {MAX_NAME} characters",
            )
        if node.id in _RESERVED or node.id in FUNCTIONS or node.id in self.options:
            raise self.error(
                f"`{node.id}` is taken (a Python word, a function, or an index)",
                column,
                f"call it {node.id}_1 or v",
            )
        if _DERIVED.match(node.id):
            raise self.error(
                f"`{node.id}` reads like a derived quantity: d_v, v_dot, v_slope, v_prev and v_next are the engine's",
                column,
                "choose another name",
                "names that do not begin with d_ or end with _dot, _slope, _prev, _next",
            )
        return node.id

    def time(self, node: ast.Subscript) -> int:
        """The index `t` (0) or `t-1` (-1)."""
        index = ast.unparse(node.slice).replace(" ", "")
        if index not in ("t", "t-1"):
            raise self.error(
                f"the time index [{index[:20]}] cannot be read",
                node.slice.col_offset + 1,
                "to reach further back, keep it: add an equation such as older[t] = h[t-1] and read older[t-1]",
                "[t] and [t-1]",
            )
        return 0 if index == "t" else -1

    def number_value(self, node: ast.Constant) -> Fraction:
        """An exact fraction: 0.1 is one tenth."""
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            kind = "a string" if isinstance(value, str | bytes) else f"`{str(value)[:20]}`"
            raise self.error(
                f"{kind} cannot stand in an equation",
                node.col_offset + 1,
                "an equation holds numbers and names alone",
            )
        if not abs(value) <= MAX_NUMBER:
            raise self.error(
                "the number is too large",
                node.col_offset + 1,
                "scale the equation",
                f"numbers up to {MAX_NUMBER:,}",
            )
        return Fraction(repr(value))


def _equation(line: str, source: str, number: int, options: Mapping[str, str]) -> Equation:
    """One line `target[t] = expression`."""
    reader = _Reader(line, source, number, options)
    _check_nesting(reader)
    statement = _statement(reader)
    target = statement.targets[0]
    if len(statement.targets) != 1 or not isinstance(target, ast.Subscript) or reader.time(target) != 0:
        raise reader.error(
            "the left side must be one name at [t]",
            target.col_offset + 1,
            "write h[t] = ...",
            "name[t] = expression",
        )
    return Equation(reader.name(target.value), reader.expression(statement.value), reader.code, number)


def _check_nesting(reader: _Reader) -> None:
    """Bound length, brackets and runs of signs on the bare text, before Python's own parser recurses over them."""
    code = reader.code
    if len(code) > MAX_EQUATION:
        raise reader.error(
            f"the equation is {len(code):,} characters long",
            1,
            "give parts an equation of their own",
            f"{MAX_EQUATION:,} characters an equation",
        )
    depth = 0
    for column, character in enumerate(code, 1):
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            raise reader.error(f"more than {MAX_DEPTH} levels of brackets", column, "give parts an equation")
    signs = re.search(r"(?:[-+~]\s*|\bnot\s+){%d}" % MAX_DEPTH, code)
    if signs:
        raise reader.error("a run of signs", signs.start() + 1, "write one sign")


def _statement(reader: _Reader) -> ast.Assign:
    try:
        body = ast.parse(reader.code).body
    except SyntaxError as error:
        column = min(error.offset or 1, len(reader.code) + 1)
        raise reader.error(
            f"this is not an equation ({error.msg})",
            column,
            "check brackets and operators; write * between factors",
            "name[t] = expression, one a line",
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise reader.error(f"this cannot be read ({error})", 1, "give parts an equation of their own") from None
    if len(body) != 1 or not isinstance(body[0], ast.Assign):
        what = "two statements on one line" if len(body) > 1 else "this is no equation"
        raise reader.error(what, 1, "write h[t] = ..., one a line", "name[t] = expression")
    return body[0]
