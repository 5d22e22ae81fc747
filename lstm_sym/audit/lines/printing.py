"""A statement of the derivation in NumPy and a user's own names; what has no name there is written by its formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.audit.lines.surroundings import Surroundings
from lstm_sym.emit.numpy.scalar import NUMPY, NumPyPrinter
from lstm_sym.mistakes.context import Context
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Value


@dataclass(frozen=True, eq=False)
class OwnPrinter(NumPyPrinter):
    """Prints expressions with functions as people call them."""

    def function(self, name: str) -> str:
        """np.tanh, sigmoid."""
        return f"np.{name}" if name in NUMPY else name


@dataclass
class Printing:
    """Prints statements where a line is; `unnamed` gathers the values that have no name there and no formula."""

    context: Context
    around: Surroundings
    unnamed: list[Value] = field(default_factory=list)

    def right_side(self, statement: Statement) -> str | None:
        """The right side of a statement; None for a kind that is not written here."""
        turned = self.around.line.turned
        match statement:
            case Pointwise():
                return self.pointwise(statement.expression, turned)
            case Affine():
                texts = [(term.coefficient, self.term(term, turned)) for term in statement.terms]
            case Accumulate():
                columns = len(statement.target.shape) == 2 and turned
                parts = statement.contributions
                texts = [(part.coefficient, self.contribution(part, statement, columns)) for part in parts]
            case Maximum():  # it is linear in nothing, and stands in no backward pass
                return None
            case _:
                assert_never(statement)
        if any(text is None or abs(size) != 1 for size, text in texts):
            return None
        return "".join(self.printer(lambda value: value.name).joined([(size, text or "") for size, text in texts]))

    def pointwise(self, expression: Expr, turned: bool) -> str:
        """An expression, whatever has no name in it written by its own formula."""
        named: dict[sympy.Symbol, str] = {}
        waiting = True
        while waiting:
            waiting = False
            for symbol in sorted(expression.free_symbols - named.keys(), key=str):
                value = self.context.values[symbol]
                definition = self.context.defined.get(value)
                text = self.oriented(value, turned)
                if text is None and isinstance(definition, Pointwise) and (value.of is not None or value.call):
                    expression, waiting = expression.xreplace({symbol: definition.expression}), True
                    break
                named[symbol] = text or self.by_its_name(value)
        return self.printer(lambda value: named[value.symbol]).print(expression)

    def printer(self, reference: Callable[[Value], str]) -> OwnPrinter:
        """A printer with these names."""
        return OwnPrinter(self.context.values, reference)

    def oriented(self, value: Value, turned: bool) -> str | None:
        """The name of a value as it is, or transposed where it is stored so."""
        found = self.around.text(value)
        if found is None:
            return None
        text, is_turned = found
        return text if is_turned == turned or len(value.shape) == 0 or value.time is None else f"{text}.T"

    def by_its_name(self, value: Value) -> str:
        """The name in the derivation, noted."""
        self.unnamed.append(value)
        return value.name

    def matrix(self, value: Value, transposed: bool) -> str:
        """A weight as the equations have it, or transposed; stored transposed it is the other way round."""
        text, is_turned = self.around.text(value) or (self.by_its_name(value), False)
        return f"{text}.T" if is_turned != transposed else text

    def term(self, term: Term, turned: bool) -> str | None:
        """d @ U for U^T d of rows; U.T @ d of columns; d, p * d."""
        if term.operand is None or term.operator is not None:
            return None
        operand = self.oriented(term.operand, turned) or self.by_its_name(term.operand)
        if term.weight is None:
            return operand
        if not term.is_product:
            return f"{self.matrix(term.weight, False)} * {operand}"
        if turned:
            return f"{self.matrix(term.weight, term.transposed)} @ {operand}"
        return f"{operand} @ {self.matrix(term.weight, not term.transposed)}"

    def contribution(self, part: Contribution, statement: Accumulate, turned: bool) -> str:
        """d.T @ v of rows; the sum over the batch of d, or of d * v."""
        left = self.oriented(part.left, False) or self.by_its_name(part.left)
        right = None
        if part.right is not None:
            right = self.oriented(part.right, False) or self.by_its_name(part.right)
        if right is not None and len(statement.target.shape) == 2:
            first, second = (right, left) if turned else (left, right)
            return f"{_transposed(first)} @ {second}"
        inner = left if right is None else f"({left} * {right})"
        return f"{inner}.sum(axis=0)" if statement.target.shape else f"{inner}.sum()"


def _transposed(text: str) -> str:
    return text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"
