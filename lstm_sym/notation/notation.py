"""Statements, equations and Jacobians as mathematics: one walk, shared by Unicode text, LaTeX and MathML.

A target says how a name with its subscripts looks, how factors and terms are joined, and a few marks; what is said
comes from the same nodes that kernels are printed from. Signs used: δv adjoint, δv⁺ the part of it that arrives from
step t+1, δv° the part that passes through no matrix, v′ slope, ⊙ element-wise product.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Self, assert_never

import sympy
from sympy import Expr

from lstm_sym.derivation.linear_map import Applied, Block, Diagonal, Factor, LinearMap, Matrix, Path, Product, compose
from lstm_sym.equations import expressions as e
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.equation import Equation
from lstm_sym.equations.functions import SLOPES
from lstm_sym.equations.signs import Sign, parts_of_name, shown
from lstm_sym.notation.scalar import ATOM, PRODUCT, ScalarPrinter
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Operator, Role, Value

_TIME = re.compile(r"([A-Za-z])([+−])(\d+)")


@dataclass(frozen=True, eq=False)
class Notation(ScalarPrinter):
    """Base of the mathematical targets. A line is "left = right"; `values` are those of the program printed.

    scalars: the names that stand for one number in the equations that are printed as written.
    by_name: whether a stage that is one function of a named value is printed by its own name, tanh_c, as code calls it;
        else as what it is, tanh(c).
    path: where the factors of a Jacobian lie on the way from its target to its source, which is their order.
    signs: how names are shown, where not as they are written.
    """

    scalars: Collection[str] = ()
    by_name: bool = False
    path: Path = field(default_factory=dict)
    signs: Mapping[str, Sign] = field(default_factory=dict)
    equals, identity, zero = " = ", "I", "0"

    @classmethod
    def of(cls, *programs: Program) -> Self:
        """A printer that knows the values of these programs."""
        return cls({value.symbol: value for program in programs for value in program.values()})

    def knowing(self, values: Mapping[sympy.Symbol, Value]) -> Self:
        """This notation for these values and no others; their order is that of the factors."""
        return replace(self, values=values)

    def along(self, path: Path) -> Self:
        """This notation for factors on a path."""
        return replace(self, path=path)

    def arranged(self, factors: list[Expr]) -> list[Expr]:
        """Factors on the path from target to source; elsewhere as everywhere."""
        if not self.path:
            return super().arranged(factors)
        return sorted(factors, key=lambda factor: (self._place(factor, factors), *self.rank(factor)))

    def _place(self, factor: Expr, beside: list[Expr]) -> int:
        """Where a factor lies: a slope, f (1 - f) or 1 - g^2, where its value is made, another where it is read."""
        symbols = [symbol for symbol in factor.free_symbols if self.values[symbol].shape]
        if len(symbols) != 1:
            return min((self.path.get(symbol, (0, 0))[0] for symbol in symbols), default=-1)
        value, (symbol,) = self.values[symbols[0]], symbols
        if value.role is Role.SLOPE and value.of is not None:
            return self.path.get(value.of.symbol, (0, 0))[1]
        if factor == symbol:
            is_slope = any(other != symbol and other.free_symbols == {symbol} for other in beside)
        else:
            is_slope = symbol in beside or not factor.diff(symbol).is_Number
        return self.path.get(symbol, (0, 0))[is_slope]

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """A name: base letter, subscripts, mark ("", or "adjoint", "carried", "direct", "tangent", "slope"), time.

        A tangent along a further direction is marked "tangent again", with one "again" for each direction before it.
        """
        raise NotImplementedError

    def letter(self, sign: Sign) -> str:
        """A letter or a word, with its accent."""
        raise NotImplementedError

    def letters(self, base: str, subscripts: list[str]) -> tuple[str, list[str]]:
        """How a name is shown: its letter, and its subscripts."""
        first, *below = shown(base, subscripts, self.signs)
        return self.letter(first), [self.subscript(sign) for sign in below]

    def subscript(self, sign: Sign) -> str:
        """A letter or a word below another, or a time: T−1."""
        time = _TIME.fullmatch(sign.base)
        return self.moved(self.letter(Sign(time[1])), time[2], time[3]) if time else self.letter(sign)

    def moved(self, time: str, sign: str, steps: str) -> str:
        """A time some steps later, with the sign +, or earlier, with −."""
        return time + sign + steps

    def named(self, name: str, time: int | None = None) -> str:
        """A name of the cell."""
        return self.name(*parts_of_name(name), "", time)

    def function(self, name: str, prime: bool) -> str:
        """The sign of a function of the table, or of its derivative."""
        raise NotImplementedError

    def operator_sign(self, kind: str, index: int | None) -> str:
        """The sign of a constant linear map, with its index."""
        raise NotImplementedError

    def transpose(self, matrix: str) -> str:
        """A transposed matrix or row."""
        return self.forms["transpose"].format(matrix)

    def applied(self, matrix: str, vector: str) -> str:
        """matrix times vector."""
        return self.forms["applied"].format(matrix, vector)

    def summed(self, text: str, several: bool) -> str:
        """The sum over time of a contribution, or of several."""
        return self.forms["summed"].format(self.parentheses(text) if several else text)

    def diag(self, text: str) -> str:
        """diag(e)."""
        return self.forms["diag"].format(text)

    def stacked(self, parts: list[str]) -> str:
        """[u; v]."""
        return self.forms["stacked"].format(self.forms["below"].join(parts))

    def partial(self, target: str, source: str) -> str:
        """d target / d source."""
        return self.forms["partial"].format(target, source)

    @property
    def differential(self) -> str:
        """dW, a change of a matrix."""
        return self.forms["differential"]

    def symbol(self, value: Value) -> str:
        """A value with the mark of its role; a tangent of an adjoint carries both."""
        mark, inner = "", value
        if value.of is not None:
            mark, inner = _MARKS[value.role], value.of
            if mark == "tangent":
                mark += " again" * (value.direction - 1)
            if inner.of is not None:
                return self.marked(self.symbol(inner), mark)
        if inner.call is not None and not self.by_name:
            function, argument = inner.call[0], self.symbol(inner.call[1])
            if mark in ("", "slope"):
                return self.function(function, bool(mark)) + self.parentheses(argument)
            return self.marked(self.parentheses(self.symbol(inner)), mark)
        time = value.time if value.role is Role.CARRIED_ADJOINT else inner.time
        if value.place:
            return self.name(*parts_of_name(f"{inner.name}_by_{value.place}"), mark, value.time)
        return self.name(*parts_of_name(inner.name), mark, time)

    def defined(self, value: Value) -> str:
        """A value where it is defined: a stage by its own name."""
        return (self if value.call is None else replace(self, by_name=True)).symbol(value)

    def marked(self, text: str, mark: str) -> str:
        """A mark on something that carries one already, or is no name."""
        raise NotImplementedError

    def call(self, name: str, argument: str) -> str:
        """f(a), or f'(a) for a slope symbol."""
        row = SLOPES.get(name)
        if name == "max_slope":
            return self.function("max", True) + self.parentheses(argument)
        sign = self.function(row.name if row else name, row is not None)
        return sign + self.parentheses(argument)

    def raised(self, expression: Expr, exponent: int) -> str:
        """A whole power; of a function of a value its sign is raised, as in tanh^2(c)."""
        value = self.values.get(expression) if isinstance(expression, sympy.Symbol) else None
        if value is None or value.call is None or self.by_name:
            return super().raised(expression, exponent)
        function, argument = value.call
        return self.power(self.function(function, False), exponent) + self.parentheses(self.symbol(argument))

    def line(self, statement: Statement) -> str:
        """A statement as left = right."""
        return self.defined(statement.target) + self.equals + self.right(statement)

    def right(self, statement: Statement) -> str:
        """The right side of a statement."""
        match statement:
            case Pointwise():
                known, read = self.values, statement.symbols
                is_known = all(known.get(symbol) == value for symbol, value in read.items())
                return (self if is_known else self.knowing({**known, **read})).print(statement.expression)
            case Maximum():
                return self.call("max_slope" if statement.weights else "max", self.symbol(statement.operand))
            case Affine() if statement.is_stack:
                return self.stacked([self.symbol(term.operand) for term in statement.terms if term.operand is not None])
            case Affine():
                return self.signed([(term.coefficient, self.term(term)) for term in statement.terms])
            case Accumulate():
                parts = [(part.coefficient, self.contribution(part, statement)) for part in statement.contributions]
                return self.summed(self.signed(parts), len(parts) > 1) if parts else self.zero
        assert_never(statement)

    def signed(self, parts: list[tuple[Fraction, str]]) -> str:
        """A sum of texts with coefficients."""
        sizes = ((value, abs(value), text) for value, text in parts)
        scaled = ((value, text if size == 1 else self.scaled(self.number(size), text)) for value, size, text in sizes)
        return "".join(self.joined(scaled))

    def term(self, term: Term) -> str:
        """W v, W^T v, p * v, v, b, or mean(v)."""
        matrix = self.symbol(term.weight) if term.weight is not None else ""
        if term.operand is None:
            return matrix
        operand = self.symbol(term.operand)
        if term.operator is not None:
            return self.operator(term.operator, term.transposed) + self.parentheses(operand)
        if term.is_product:
            return self.applied(self.transpose(matrix) if term.transposed else matrix, operand)
        if term.weight is not None and not term.weight.shape:
            return self.scaled(matrix, operand)
        return self.product([matrix, operand]) if matrix else operand

    def operator(self, operator: Operator, transposed: bool) -> str:
        """A constant linear map: part k takes the k-th vector out of a stack, so its transpose puts it in."""
        index = {"part": operator.place, "repeat": operator.count}.get(operator.kind)
        sign = self.operator_sign(operator.kind, index)
        return self.transpose(sign) if transposed == (operator.kind == "repeat") and index is not None else sign

    def contribution(self, part: Contribution, statement: Accumulate) -> str:
        """d a v^T, d a * v, or d a."""
        left = self.symbol(part.left)
        if part.right is None:
            return left
        right = self.symbol(part.right)
        if len(statement.target.shape) == 2:
            return self.applied(left, self.transpose(right))
        return self.product([left, right])

    def linear_map(self, linear: LinearMap) -> str:
        """A Jacobian as a sum of products of diagonals and matrices."""
        if linear.is_zero:
            return self.zero
        informed = self.knowing({**self.values, **linear.values}).along(linear.path)
        write = informed.chain if linear.columns else informed.column
        return "".join(self.joined((sign, write(size)) for sign, size in map(sign_and_size, linear.terms)))

    def column(self, product: Product) -> str:
        """One product of the Jacobian of a scalar, a column: what stands last is the column, not a diagonal."""
        last = product[-1] if product else None
        if isinstance(last, Diagonal) and len(product) > 1:
            return self.applied(self.chain(product[:-1]), self.print(last.expression, ATOM))
        if isinstance(last, Diagonal):
            return self.print(last.expression, PRODUCT)
        one = self.number(Fraction(1))
        return self.applied(self.chain(product), one) if product else one

    def chain(self, product: Product) -> str:
        """One product, left to right; a number in front of it without a matrix of its own."""
        head = product[0] if len(product) > 1 else None
        if isinstance(head, Diagonal) and self.is_scalar(head.expression):
            rest = self.chain(product[1:])
            if head.expression == -1:
                return self.negative + rest
            return self.scaled(self.print(head.expression, PRODUCT), rest)
        text = ""
        for factor in reversed(product):
            text = self.applied(self.factor(factor), text) if text else self.factor(factor)
        return text or self.identity

    def factor(self, factor: Factor) -> str:
        """diag(e), a matrix, a stage, or dW v."""
        match factor:
            case Diagonal() if self.is_scalar(factor.expression):
                return self.applied(self.print(factor.expression, PRODUCT), self.identity)
            case Diagonal():
                return self.diag(self.print(factor.expression))
            case Matrix(value=Operator() as operator):
                return self.operator(operator, factor.transposed)
            case Matrix(value=Value() as value):
                text = self.symbol(value)
                return self.transpose(text) if factor.transposed else text
            case Block():
                return self.partial(self.symbol(factor.target), self.symbol(factor.source))
            case Applied():
                change = self.differential
                change = self.transpose(change) if factor.transposed else change
                return self.applied(change, self.symbol(factor.operand))
        raise TypeError(f"no notation for {type(factor).__name__}")

    def equation(self, equation: Equation, cell: Cell) -> str:
        """An equation in the order and form of the paper."""
        left = self.named(equation.target, 0)
        return left + self.equals + self.equation_right(equation, cell)

    def equation_right(self, equation: Equation, cell: Cell) -> str:
        """The right side of an equation as written: one number stands before what it scales, without a sign."""
        scalars = frozenset(name for name, shape in cell.shapes.items() if not shape)
        return replace(self, scalars=scalars)._paper(equation.expression)

    def _paper(self, node: e.Expression, context: int = 0) -> str:
        """A node of an equation as written."""
        match node:
            case e.Number():
                return self.number(node.value)
            case e.Name():
                return self.named(node.name, node.time)
            case e.Negate():
                return self._in(self.negative + self._paper(node.operand, 2), 1, context)
            case e.MatrixProduct():
                matrix = self._paper(node.matrix)
                matrix = self.transpose(matrix) if node.transposed else matrix
                return self._in(self.applied(matrix, self._paper(node.operand, 3)), 2, context)
            case e.Call():
                arguments = self.comma.join(map(self._paper, node.arguments))
                return self.function(node.function, False) + self.parentheses(arguments)
            case e.Stack():
                return self.stacked([self._paper(part) for part in node.parts])
            case e.Repeat():
                return self.operator_sign("repeat", node.count) + self.parentheses(self._paper(node.operand))
            case e.Binary():
                return self._binary(node, context)
        raise TypeError(f"no notation for {type(node).__name__}")

    def _binary(self, node: e.Binary, context: int) -> str:
        if node.operator in "+-":
            joint = self.plus if node.operator == "+" else self.minus
            text = self._paper(node.left, 1) + joint + self._paper(node.right, 1 if node.operator == "+" else 2)
            return self._in(text, 1, context)
        bar = self.fraction_bar
        if node.operator == "/":
            return self._in(
                self.fraction(self._paper(node.left, 0 if bar else 2), self._paper(node.right, 0 if bar else 3)),
                2,
                context,
            )
        if node.operator == "**":
            exponent = node.right
            whole = int(exponent.value) if isinstance(exponent, e.Number) else 0
            if isinstance(exponent, e.Negate) and isinstance(exponent.operand, e.Number):
                whole = -int(exponent.operand.value)
            return self.power(self._paper(node.left, 3), whole)
        left, right = self._paper(node.left, 2), self._paper(node.right, 3)
        scalar = all(part.name in self.scalars for part in node.left.walk() if isinstance(part, e.Name))
        joined = self.scaled(left, right) if scalar else self.product([left, right])
        return self._in(joined, 2, context)

    def _in(self, text: str, strength: int, context: int) -> str:
        return self.parentheses(text) if strength < context else text


_MARKS = {
    Role.ADJOINT: "adjoint",
    Role.CARRIED_ADJOINT: "carried",
    Role.DIRECT_ADJOINT: "direct",
    Role.TANGENT: "tangent",
    Role.SLOPE: "slope",
    Role.TOTAL: "total",
    Role.SHARE: "share",
}


def sign_and_size(product: Product) -> tuple[int, Product]:
    """The sign of the number in front of a product, and the product with that number made positive."""
    head = product[0] if product else None
    if isinstance(head, Diagonal) and head.expression.is_Number and head.expression < 0:
        return -1, compose(Diagonal(-head.expression), product[1:])
    return 1, product
