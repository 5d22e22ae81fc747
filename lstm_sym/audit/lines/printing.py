"""A statement of the derivation in NumPy and a user's own names; what has no name there is written by its formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.audit.lines.surroundings import Surroundings
from lstm_sym.audit.lines.written import Where
from lstm_sym.emit.numpy.scalar import NUMPY, NumPyPrinter
from lstm_sym.mistakes.context import Context
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Value

STEPS = {-1: "_prev", 1: "_next"}
"""What stands behind the name of a value of the step before, and of the step after."""


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
        """The right side of a statement, or of all that an array has beside each other; None if it is not known."""
        line = self.around.line
        found: str | None
        match statement:
            case Pointwise():
                found = self.pointwise(statement.expression, line.turned)
            case Affine():
                found = self.product(statement) or self.sum(statement)
            case Accumulate():
                found = self.total(statement)
            case Maximum():  # it is linear in nothing, and stands in no backward pass
                return None
            case _:
                assert_never(statement)
        return None if line.where is not None and self.unnamed else found

    def sum(self, statement: Affine) -> str | None:
        """The terms of a sum, one after the other."""
        if self.around.line.where is not None:
            return None
        texts = [(term.coefficient, self.term(term, self.around.line.turned)) for term in statement.terms]
        return self.joined(texts)

    def total(self, statement: Accumulate) -> str | None:
        """What a step adds to the gradient of a parameter."""
        texts = [(part.coefficient, self.contribution(part, statement)) for part in statement.contributions]
        return self.joined(texts)

    def joined(self, texts: Sequence[tuple[Fraction, str | None]]) -> str | None:
        """The terms with their signs; None where one is not known or is taken several times."""
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
                text = self.oriented(value, turned, self.beside(value))
                if text is None and isinstance(definition, Pointwise) and (value.of is not None or value.call):
                    expression, waiting = expression.xreplace({symbol: definition.expression}), True
                    break
                named[symbol] = text or self.by_its_name(value)
        return self.printer(lambda value: named[value.symbol]).print(expression)

    def beside(self, value: Value) -> Where | None:
        """The part that a value of the units of the target has to be of what stands for it."""
        where = self.around.line.where
        if where is None or not value.shape:
            return None
        return where if value.time is not None else where[-1:]

    def printer(self, reference: Callable[[Value], str]) -> OwnPrinter:
        """A printer with these names."""
        return OwnPrinter(self.context.values, reference)

    def oriented(self, value: Value, turned: bool, where: Where | None = None) -> str | None:
        """The name of a value as it is, or transposed where it is stored so."""
        found = self.around.text(value, where)
        if found is None:
            return None
        text, is_turned = found
        return text if is_turned == turned or len(value.shape) == 0 or value.time is None else f"{text}.T"

    def by_its_name(self, value: Value) -> str:
        """The name in the derivation, noted."""
        self.unnamed.append(value)
        return called(value)

    def by_formula(self, value: Value, turned: bool) -> str:
        """The formula of a value in brackets, where all that it reads has a name; else its name in the derivation."""
        definition = self.context.defined.get(value)
        is_wrong = value == self.around.wrong  # or it is an adjoint, and its line would be another
        if isinstance(definition, Pointwise) and self.around.line.where is None and (is_wrong or value.of is None):
            inner = Printing(self.context, self.around)
            text = inner.pointwise(definition.expression, turned)
            if not inner.unnamed:
                return f"({text})"
        return self.by_its_name(value)

    def matrix(self, value: Value, transposed: bool) -> str:
        """A weight as the equations have it, or transposed; stored transposed it is the other way round."""
        text, is_turned = self.around.text(value) or (self.by_its_name(value), False)
        return f"{text}.T" if is_turned != transposed else text

    def term(self, term: Term, turned: bool) -> str | None:
        """d @ U for U^T d of rows; U.T @ d of columns, and of vectors if U is no U.T itself; d, p * d."""
        if term.operand is None or term.operator is not None:
            return None
        operand = self.oriented(term.operand, turned) or self.by_formula(term.operand, turned)
        if term.weight is None:
            return operand
        if not term.is_product:
            return f"{self.matrix(term.weight, False)} * {operand}"
        if turned or (self.around.is_single and not (self.around.text(term.weight) or ("", False))[1]):
            return f"{self.matrix(term.weight, term.transposed)} @ {operand}"
        return f"{operand} @ {self.matrix(term.weight, not term.transposed)}"

    def product(self, statement: Affine) -> str | None:
        """da @ W for the sum of all d_k W_k, where arrays hold just all d_k and all W_k, beside each other."""
        terms, turned = statement.terms, self.around.line.turned
        if len(terms) < 2 or any(not _is_plain(term) or term.transposed != terms[0].transposed for term in terms):
            return None
        for text, (is_turned, where) in self.around.holding(_operand(terms[0])):
            found = self.factors(statement, text, is_turned, where or ())
            if found is not None:
                operand = text if is_turned == turned else f"{text}.T"
                name, is_stored_turned = found
                if turned:
                    return f"{name if is_stored_turned != terms[0].transposed else f'{name}.T'} @ {operand}"
                return f"{operand} @ {name if is_stored_turned == terms[0].transposed else f'{name}.T'}"
        return None

    def factors(self, statement: Affine, text: str, is_turned: bool, first: Where) -> tuple[str, bool] | None:
        """The array that holds the weights of a sum beside each other as this one holds what they multiply."""
        begun: list[tuple[int, int]] = []
        rows, (_, size) = first[0], first[1]
        for term in statement.terms:
            places = (found for name, found in self.around.holding(_operand(term)) if name == text)
            part = next((where for turn, where in places if turn == is_turned and where and where[0] == rows), None)
            if part is None:
                return None
            begun.append(part[1])
        widths = [self.around.shape(_operand(term))[1] for term in statement.terms]
        if sum(widths) != size or len(set(begun)) != len(begun):
            return None
        target = (self.around.line.where or (None, None))[1]
        names = {self.weight(term, part, target) for term, part in zip(statement.terms, begun, strict=True)}
        return names.pop() if len(names) == 1 else None

    def weight(self, term: Term, part: tuple[int, int], target: tuple[int, int] | None) -> tuple[str, bool] | None:
        """The array in which a weight of a sum has this part along what is summed over, and this along the target."""
        assert term.weight is not None
        shape = self.around.shape(term.weight)
        other = target or (0, shape[1 if term.transposed else 0])
        return self.around.text(term.weight, (part, other) if term.transposed else (other, part))

    def contribution(self, part: Contribution, statement: Accumulate) -> str | None:
        """d.T @ v of rows; the sum over the batch of d, or of d * v."""
        shape, line = statement.target.shape, self.around.line
        ends: list[Where | None] = [None, None] if line.where is None else [(end,) for end in line.where]
        left = self.vector(part.left, ends[0])
        if part.right is None:
            return self.summed(left) if shape else f"{left}.sum()"
        right = self.vector(part.right, ends[-1])
        if len(shape) == 2:
            first, second = (right, left) if line.turned else (left, right)
            if self.around.is_single:
                return f"np.outer({first}, {second})"
            return f"{_transposed(first)} @ {second}"
        return self.summed(f"({left} * {right})") if shape else f"({left} * {right}).sum()"

    def vector(self, value: Value, end: Where | None) -> str:
        """A vector of every sequence, in rows; end: the part of an array that it is, along its units."""
        where = None if end is None else ((0, self.around.shape(value)[0]), *end)
        return self.oriented(value, False, where) or self.by_formula(value, False)

    def summed(self, rows: str) -> str:
        """The sum over the batch, in as many axes as the target has; of one sequence there is none."""
        if self.around.is_single:
            return rows
        if self.around.axes < 2:
            return f"{rows}.sum(axis=0)"
        if self.around.line.turned:
            return f"{_transposed(rows)}.sum(axis=1, keepdims=True)"
        return f"{rows}.sum(axis=0, keepdims=True)"


def called(value: Value) -> str:
    """A value by its name in the derivation, and its step where that is another: c_prev for c[t-1]."""
    return f"{value.name}{STEPS.get(value.time or 0, '')}"


def _is_plain(term: Term) -> bool:
    """Whether a term is a matrix times a vector, once."""
    is_known = term.operand is not None and term.weight is not None
    return is_known and term.coefficient == 1 and term.operator is None and term.is_product


def _operand(term: Term) -> Value:
    assert term.operand is not None
    return term.operand


def _transposed(text: str) -> str:
    return text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"
