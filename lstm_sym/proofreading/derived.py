"""A derived line as a formula: a statement of the backward program in the tree that a text is read into."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import assert_never

import sympy

from lstm_sym.compile.derivation import Derivation
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.names import Reading
from lstm_sym.proofreading.tree import Leaf, Node, Quantity
from lstm_sym.proofreading.writing import Style

_KINDS = {Role.SLOPE: "slope", Role.CARRIED_ADJOINT: "carried", Role.DIRECT_ADJOINT: "direct"}


class Derived:
    """The right lines, written with those quantities that a text has names for."""

    def __init__(self, derivation: Derivation, reading: Reading, style: Style, has: Callable[[Quantity], bool]) -> None:
        self.derivation, self.reading, self.style, self.has = derivation, reading, style, has
        programs = (derivation.forward, derivation.adjoint)
        self.statements: dict[tuple[Quantity, int], Statement] = {}
        for program in programs:
            for statement in program.statements:
                quantity, time = of_value(statement.target)
                self.statements[quantity, time] = statement
        self.values = {value.symbol: value for program in programs for value in program.values()}

    def line(self, quantity: Quantity, time: int) -> Node | None:
        """The right side of the line of a quantity at step t + time; None where the programs have none."""
        sent = Quantity("carried", quantity.name)
        if quantity.kind == "adjoint" and time == -1 and (sent, -1) in self.statements:
            quantity = sent  # what this step sends to the one before
        for at in (0, -1):
            statement = self.statements.get((quantity, at))
            if statement is not None:
                return shifted(self.right(statement, quantity), time - at)
        return None

    def right(self, statement: Statement, target: Quantity) -> Node:
        """The right side of a statement."""
        match statement:
            case Pointwise():
                return self.expression(statement.expression, target)
            case Affine():
                return tree.total(tuple(self.term(term, target) for term in statement.terms))
            case Accumulate():
                body = tree.total(tuple(self.contribution(part, statement) for part in statement.contributions))
                return tree.Operation("time", body, self.style.summed)
            case Maximum():
                name = "max_slope" if statement.weights else "max"
                return tree.Call(name, False, self.leaf(statement.operand, target), "")
        assert_never(statement)

    def leaf(self, value: Value, target: Quantity) -> Node:
        """A value by a name that the text has, else by what it is made of."""
        quantity, time = of_value(value)
        if value.call is not None and not self.has(quantity) and value.role is Role.QUANTITY:
            function, argument = value.call
            return tree.Call(function, False, self.leaf(argument, target), "")
        unnamed = quantity.kind in ("adjoint", "slope", "direct") and not self.has(quantity) and quantity != target
        statement = self.statements.get((quantity, time))
        if unnamed and statement is not None and not isinstance(statement, Accumulate):
            return shifted(self.right(statement, target), 0)
        if quantity.kind == "carried" and time == 0 and not self.has(quantity):
            sending = self.statements.get((quantity, -1))
            after = Quantity("adjoint", quantity.name)
            if isinstance(sending, Pointwise) and self.has(after):
                return shifted(self.right(sending, target), 1)
        return Leaf(quantity, time)

    def expression(self, expression: sympy.Expr, target: Quantity) -> Node:
        """A scalar expression."""
        if isinstance(expression, sympy.Symbol):
            return self.leaf(self.values[expression], target)
        if expression.is_Number:
            return number(Fraction(str(expression)))
        if expression.is_Add:
            terms = [self.signed(term, target) for term in expression.as_ordered_terms()[::-1]]
            return tree.total(tuple(sorted(terms, key=lambda term: -term[0])))
        if expression.is_Mul:
            factors = tuple(self.expression(factor, target) for factor in expression.as_ordered_factors())
            return tree.product(factors, (self.style.elementwise,) * (len(factors) - 1))
        if expression.is_Pow and expression.exp.is_Integer:
            base = self.expression(expression.base, target)
            exponent = int(expression.exp)
            if isinstance(base, tree.Call) and exponent > 1:
                return tree.Call(base.function, base.prime, base.argument, "", exponent)
            return tree.Power(base, exponent)
        name = type(expression).__name__
        return tree.Call(name, False, self.expression(expression.args[0], target), "")

    def signed(self, term: sympy.Expr, target: Quantity) -> tuple[int, Node]:
        """A term with its sign before it."""
        if term.could_extract_minus_sign():
            return -1, self.expression(-term, target)
        return 1, self.expression(term, target)

    def term(self, term: Term, target: Quantity) -> tuple[int, Node]:
        """A term of an affine map."""
        sign = 1 if term.coefficient >= 0 else -1
        size = abs(term.coefficient)
        if term.operand is None:
            assert term.weight is not None
            return sign, self.leaf(term.weight, target)
        operand = self.leaf(term.operand, target)
        found = operand
        if term.is_product and term.weight is not None:
            found = self.applied(self.leaf(term.weight, target), operand, term.transposed)
        elif term.weight is not None:
            found = tree.Product((operand, self.leaf(term.weight, target)), (self.style.elementwise,))
        return sign, found if size == 1 else tree.product((number(size), found), ("",))

    def applied(self, weight: Node, operand: Node, transposed: bool) -> Node:
        """W^T v, or v W where vectors are rows; the other way where weights are stored transposed."""
        turned = transposed != self.reading.transposed
        if self.reading.rows:
            turned = not turned
        matrix = tree.Transpose(weight, self.style.transpose) if turned else weight
        factors = (operand, matrix) if self.reading.rows else (matrix, operand)
        return tree.Product(factors, (self.style.matrix,))

    def contribution(self, part: Contribution, statement: Accumulate) -> tuple[int, Node]:
        """d a v^T, d a * v or d a; v^T d a and so on in other layouts."""
        target, _ = of_value(statement.target)
        left = self.leaf(part.left, target)
        if part.right is None:
            return 1, left
        right = self.leaf(part.right, target)
        if len(statement.target.shape) < 2:
            return 1, tree.Product((left, right), (self.style.elementwise,))
        one, other = (right, left) if self.reading.transposed else (left, right)
        mark = self.style.transpose
        factors = (tree.Transpose(one, mark), other) if self.reading.rows else (one, tree.Transpose(other, mark))
        return 1, tree.Product(factors, (self.style.matrix,))


def of_value(value: Value) -> tuple[Quantity, int]:
    """The quantity of a value of a program, and its step relative to t."""
    if value.of is None:
        kind = "parameter" if value.role is Role.PARAMETER else "forward"
        return (Quantity("dy"), 0) if value.role is Role.ADJOINT else (Quantity(kind, value.name), value.time or 0)
    kind = _KINDS.get(value.role, "gradient" if value.of.is_parameter else "adjoint")
    time = value.of.time if kind == "direct" else value.time
    return Quantity(kind, value.of.name), time or 0


def shifted(node: Node, steps: int) -> Node:
    """The formula some steps later; sums over time stay."""
    if isinstance(node, Leaf):
        moves = node.quantity.kind not in ("parameter", "gradient", "size")
        return Leaf(node.quantity, node.time + steps * moves, node.form if not steps else "")
    if isinstance(node, tree.Operation) and node.kind == "time":
        return node
    return node.mapped(lambda child: shifted(child, steps)) if steps else node


def number(value: Fraction) -> Node:
    """A number as it is written."""
    return tree.Number(float(value), str(value))
