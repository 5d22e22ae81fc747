"""Equation text -> nodes: a whitelist over `ast.parse`. Nothing is evaluated, whatever the text says.

Bounds come first, on the bare text (see `line`), so that neither Python's own parser nor SymPy ever sees anything
large. Every refusal names line and column, what is allowed, and the likely fix.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from fractions import Fraction

from lstm_sym.equations import expressions as e
from lstm_sym.equations import hints
from lstm_sym.equations.equation import Equation
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.equations.names import (
    DERIVED,
    FUNCTION_NAMES,
    INDEX,
    MAX_NAME,
    NAME,
    NO_PARAMETERS,
    RESERVED,
    reads_derived,
)
from lstm_sym.equations.numbers import BOUNDS, MAX_NUMBER, MIN_NUMBER, check_numbers
from lstm_sym.equations.source_line import MAX_DEPTH, SourceLine, check_line

MAX_REPEAT = 64
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


def read_equation(line: SourceLine, options: Mapping[str, str], constants: Mapping[str, Fraction]) -> Equation:
    """The equation that stands in a line. Raises CellError."""
    return _Reader(line, options, constants).equation()


class _Reader:
    """Reads one equation."""

    def __init__(
        self, line: SourceLine, options: Mapping[str, str], constants: Mapping[str, Fraction], *, proposes: bool = True
    ) -> None:
        self.line, self.options, self.constants, self.proposes = line, options, constants, proposes
        self.error = line.error
        self.functions = {*FUNCTION_NAMES, *options}

    def written(self, node: ast.expr) -> str:
        """A node as it stands in the equation."""
        return self.line.code[node.col_offset : node.end_col_offset]

    def accepts(self, expression: str) -> bool:
        """Whether this would be read as a right side here. What is only tried is told no line in turn."""
        line = SourceLine(f"q[t] = {expression}", self.line.number, self.line.source)
        try:
            return self.proposes and bool(_Reader(line, self.options, self.constants, proposes=False).equation())
        except CellError:
            return False

    def equation(self) -> Equation:
        """The line `target[t] = expression`."""
        check_line(self.line, lambda line: hints.decision(line, self.accepts))
        statement = self.statement()
        target = statement.targets[0]
        if len(statement.targets) != 1:
            second = statement.targets[1]
            raise self.error(
                "two = in one equation", second.col_offset + 1, "write one equation a quantity", hints.FORM
            )
        if not isinstance(target, ast.Subscript) or self.index(target) != 0 or not isinstance(target.value, ast.Name):
            raise hints.left_side(self.line, self.written(target))
        name, expression = self.name(target.value), self.expression(statement.value)
        check_numbers(expression, self.line, self.constants)
        line = self.line
        return Equation(name, expression, line.code, line.number, line.indent + 1, line.source)

    def statement(self) -> ast.Assign:
        """The line as Python reads it, which is not to run it."""
        try:
            body = ast.parse(self.line.code).body
        except SyntaxError as error:
            raise hints.syntax_error(self.line, error) from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise self.error(
                f"this cannot be read ({error})", 1, "give parts an equation of their own", hints.FORM
            ) from None
        if len(body) != 1 or not isinstance(body[0], ast.Assign):
            raise hints.not_an_equation(self.line, body)
        return body[0]

    def expression(self, node: ast.expr, depth: int = 0) -> e.Expression:
        """One node and all below it."""
        column = node.col_offset + 1
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels of nesting", column, "give parts an equation of their own")
        match node:
            case ast.BinOp():
                return self.binary(node, depth)
            case ast.UnaryOp(op=ast.USub()):
                return e.Negate(self.expression(node.operand, depth + 1), column=column)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.expression(node.operand, depth + 1)
            case ast.Call():
                return self.call(node, depth)
            case ast.Subscript():
                return e.Name(self.name(node.value), self.time(node), column=column)
            case ast.Name():
                return e.Name(self.name(node), None, column=column)
            case ast.Constant():
                return e.Number(self.number(node), column=column)
            case ast.List():
                return self.stack(node, depth)
        what, fix = hints.refused_node(node, self.accepts)
        raise self.error(f"{what} cannot stand in an equation", column, fix)

    def binary(self, node: ast.BinOp, depth: int) -> e.Expression:
        """left op right, including @ and **."""
        column = node.col_offset + 1
        if isinstance(node.op, ast.MatMult):
            return self.matrix_product(node, depth)
        operator = _OPERATORS.get(type(node.op))
        if operator is None:
            raise self.error("`//` is not an operator of an equation", column, "write / to divide")
        left, right = self.expression(node.left, depth + 1), self.expression(node.right, depth + 1)
        return e.Binary(operator, left, right, column=column)

    def matrix_product(self, node: ast.BinOp, depth: int) -> e.Expression:
        """matrix @ vector. -W @ v, in Python (-W) @ v, is -(W @ v); W @ U @ v, in Python (W @ U) @ v, is refused."""
        column, matrix = node.col_offset + 1, node.left
        if isinstance(matrix, ast.UnaryOp) and isinstance(matrix.op, ast.USub) and depth <= MAX_DEPTH:
            inner = ast.BinOp(matrix.operand, node.op, node.right)
            return e.Negate(self.matrix_product(ast.copy_location(inner, matrix.operand), depth + 1), column=column)
        transposed = isinstance(matrix, ast.Attribute) and matrix.attr == "T"
        if isinstance(matrix, ast.Attribute) and transposed:
            matrix = matrix.value
        if not isinstance(matrix, ast.Name):
            raise hints.left_of_product(self.line, node, self.accepts)
        operand = self.expression(node.right, depth + 1)
        return e.MatrixProduct(e.Name(self.name(matrix), None, column=column), operand, transposed, column=column)

    def stack(self, node: ast.List, depth: int) -> e.Stack:
        """[u, v, ...]."""
        if len(node.elts) < 2:
            fix = "write [h[t-1], x[t]], or drop the brackets" if node.elts else "write [h[t-1], x[t]]"
            raise self.error("a stack of fewer than two vectors", node.col_offset + 1, fix)
        parts = tuple(self.expression(part, depth + 1) for part in node.elts)
        return e.Stack(parts, column=node.col_offset + 1)

    def repeat(self, node: ast.Call, depth: int) -> e.Repeat:
        """repeat(v, k)."""
        column, allowed = node.col_offset + 1, f"repeat(v, k), k a whole number from 2 to {MAX_REPEAT}"
        if len(node.args) != 2 or node.keywords:
            raise self.error("repeat takes a vector and a whole number", column, "write repeat(g[t], 2)", allowed)
        times = self.expression(node.args[1], depth + 1)
        value = times.value if isinstance(times, e.Number) else None
        if isinstance(times, e.Name) and times.time is None:
            value = self.constants.get(times.name)
        if value is None or value.denominator != 1 or not 2 <= value <= MAX_REPEAT:
            fix = "write the number, or give its name a whole number under [constants]"
            raise self.error(f"`{str(times)[:40]}` is no number of repetitions", times.column, fix, allowed)
        return e.Repeat(self.expression(node.args[0], depth + 1), times, int(value), column=column)

    def call(self, node: ast.Call, depth: int) -> e.Expression:
        """function(u, ...); an option's name stands for the function chosen for it."""
        column = node.col_offset + 1
        if not isinstance(node.func, ast.Name):
            raise hints.not_callable(self.line, node, self.written(node.func)[:40], self.accepts)
        name = self.options.get(node.func.id, node.func.id)
        if name == "repeat":
            return self.repeat(node, depth)
        if name not in FUNCTION_NAMES:
            raise hints.unknown_function(self.line, node, self.written(node), self.functions, self.accepts)
        arity = FUNCTIONS[name].arity if name in FUNCTIONS else 1
        if len(node.args) != arity or node.keywords:
            raise hints.wrong_arguments(self.line, node, name, arity, self.accepts)
        arguments = tuple(self.expression(argument, depth + 1) for argument in node.args)
        return arguments[0] if name == "identity" else e.Call(name, arguments, column=column)

    def name(self, node: ast.expr) -> str:
        """A name that may be used: letters, digits and _, short, and none that Python or the kernels reserve."""
        column = node.col_offset + 1
        if not isinstance(node, ast.Name):
            raise self.error("a time index belongs to a name", column, "write the index at each name: f[t] * c[t-1]")
        name = node.id
        allowed = f"a letter, then letters, digits or _, at most {MAX_NAME} characters"
        if len(name) > MAX_NAME or not NAME.fullmatch(name):
            what = f"`{name[:MAX_NAME]}` is not a name a cell may use"
            fix = "begin with a letter" if len(name) <= MAX_NAME else "shorten it"
        elif name in NO_PARAMETERS:
            what, fix = f"`{name}` is the name of a number", NO_PARAMETERS[name]
        elif name == INDEX:
            what, fix = f"`{name}` counts steps", "call the quantity by another name; t stands in brackets alone: h[t]"
        elif name in self.functions:
            what, fix = f"`{name}` is a function", f"write {name}(...), or another name for a quantity: {name}_1"
        elif name in RESERVED:
            what = f"`{name}` is taken: it is a word of Python or of the generated code"
            fix = f"call it {name[: MAX_NAME - 2]}_1"
        elif reads_derived(name):
            what = f"`{name}` reads like a derived quantity: names of this form are the engine's"
            fix = f"write {name[:-5]}[t-1]" if name.endswith("_prev") else "choose another name"
            allowed = f"names of none of the forms {', '.join(DERIVED)}"
        else:
            return name
        raise self.error(what, column, fix, allowed)

    @staticmethod
    def index(node: ast.Subscript) -> int | None:
        """0 for [t], -1 for [t-1], None for any other index."""
        match node.slice:
            case ast.Name(id="t"):
                return 0
            case ast.BinOp(left=ast.Name(id="t"), op=ast.Sub(), right=ast.Constant(value=int(1))):
                return -1
        return None

    def time(self, node: ast.Subscript) -> int:
        """The index `t` (0) or `t-1` (-1)."""
        index = self.index(node)
        if index is not None:
            return index
        written, name = self.written(node.slice), self.written(node.value)[:MAX_NAME]
        further = re.fullmatch(r"t\s*-\s*\d+", written)
        fix = f"write {name}[t] or {name}[t-1]; units have no index, an equation holds for all of them"
        if further:
            fix = f"keep it a step longer: add older[t] = {name}[t-1] and read older[t-1], which is {name}[t-2]"
        elif "+" in written:
            fix = "the future is not known yet: shift the equation, so that the latest step that it reads is [t]"
        what = f"the time index [{written[:20]}] cannot be read"
        raise self.error(what, node.slice.col_offset + 1, fix, "[t] and [t-1]")

    def number(self, node: ast.Constant) -> Fraction:
        """An exact fraction: 0.1 is one tenth."""
        column = node.col_offset + 1
        if not isinstance(node.value, int | float):
            raise self.error(f"`{self.written(node)[:20]}` is no number", column, "write a number or a name", BOUNDS)
        if not abs(node.value) <= MAX_NUMBER:
            raise self.error("the number is too large", column, "scale the equation", BOUNDS)
        value = Fraction(repr(node.value))
        if 0 < value < MIN_NUMBER or (value == 0 and self.written(node).strip("0.eE+-")):
            raise self.error("the number is too small", column, "scale the equation", BOUNDS)
        return value
