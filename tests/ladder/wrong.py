"""Rules and passes that do something wrong: each takes the right function first, then the arguments of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import sympy

from lstm_sym.derivation.linear_map import Diagonal, LinearMap, Matrix, Product
from lstm_sym.equations.functions import sigmoid
from lstm_sym.passes.layout import Layout
from lstm_sym.program import Accumulate, Affine, Pointwise, Program, Value
from lstm_sym.program.statements import Contribution, Term
from lstm_sym.program.values import Role

Wrapper = Callable[..., Any]


def square(term: Term) -> bool:
    """Whether the term is a product with a square matrix, whose transpose has the same shape."""
    return term.is_product and len(set(term.matrix.shape)) == 1


# Reverse mode


def operand_term(change: Callable[[Term], Term]) -> Wrapper:
    """What the operand of a term gets is that of a changed term."""
    return lambda right, self, term, incoming: right(self, change(term), incoming)


def contributions(change: Callable[[Value, Contribution], Contribution | None]) -> Wrapper:
    """The gradients of parameters are made of changed contributions."""

    def wrapper(right: Any, self: Any) -> None:
        for parameter, parts in self.gradients.items():
            self.gradients[parameter] = [new for part in parts if (new := change(parameter, part)) is not None]
        right(self)

    return wrapper


def swapped(parameter: Value, part: Contribution) -> Contribution:
    """A square outer product the other way round."""
    is_square = len(parameter.shape) == 2 and len(set(parameter.shape)) == 1
    return replace(part, left=part.right, right=part.left) if is_square else part


def without_last(right: Any, self: Any) -> None:
    """The last of several contributions is dropped."""
    self.gradients = {p: parts[:-1] if len(parts) > 1 else parts for p, parts in self.gradients.items()}
    right(self)


def unseeded(role: Callable[[str], bool]) -> Wrapper:
    """An adjoint that is a plain symbol of this name is not added."""

    def wrapper(right: Any, self: Any, value: Value, expression: Any) -> None:
        if not (expression.is_Symbol and role(expression.name)):
            right(self, value, expression)

    return wrapper


def defined(change: Callable[[Any], None]) -> Wrapper:
    """The adjoint of a value is made of a changed collection of terms."""

    def wrapper(right: Any, self: Any, value: Value, target: Value) -> Any:
        if value in self.incoming:
            change(self.incoming[value])
        return right(self, value, target)

    return wrapper


def drop_direct(entry: Any) -> None:
    """What passes no matrix is dropped where something else passes one."""
    if entry.terms:
        entry.pointwise = sympy.S.Zero


def keep_first_matrix(entry: Any) -> None:
    """Of several matrices one alone passes anything."""
    del entry.terms[1:]


def no_sum_over_units(right: Any, self: Any, statement: Any, incoming: Value) -> None:
    """What a maximum passes is not summed over units."""
    share = self.symbol(self.slopes.of(statement, self.statements))
    self.add_pointwise(statement.operand, share * self.symbol(incoming))


def crossed(right: Any, *arguments: Any) -> Program:
    """Two carries of one shape take each other's outgoing value."""
    program = right(*arguments)
    carries = list(program.carries)
    for k in range(len(carries)):
        for j in range(k):
            if carries[k].outgoing.shape == carries[j].outgoing.shape and carries[k].outgoing.role is not Role.STATE:
                first, second = carries[k].outgoing, carries[j].outgoing
                carries[k], carries[j] = replace(carries[k], outgoing=second), replace(carries[j], outgoing=first)
                return replace(program, carries=tuple(carries))
    return program


def in_order_of_time(right: Any, *arguments: Any) -> Program:
    """The backward pass runs from the first step to the last."""
    return replace(right(*arguments), direction=1)


# Local derivatives


def first_alone(right: Any, *arguments: Any) -> Iterator[Any]:
    """Of several operands the first alone has a derivative."""
    yield from list(right(*arguments))[:1]


def negative_last(right: Any, *arguments: Any) -> Iterator[Any]:
    """The derivative by the last of several operands has the wrong sign."""
    *rest, (operand, factor) = list(right(*arguments)) or [(None, None)]
    yield from rest
    if operand is not None:
        yield operand, replace(factor, expression=-factor.expression) if rest else factor


def slope_of_the_first(right: Any, self: Any, statement: Any, statements: Any) -> Value:
    """Every slope is the one that was made first, if shapes agree."""
    own = right(self, statement, statements)
    first = next(iter(self.made.values()))
    return first if first.shape == own.shape else own


def unwritten_output(right: Any, statement: Any) -> Any:
    """A slope in the textbook form is that of another function: 1 - y."""
    written = right(statement)
    changed = isinstance(written, Pointwise) and written is not statement
    return replace(written, expression=1 - written.operands[0].symbol) if changed else written


# Forward mode


def tangent_terms(keep: Callable[[Term], bool], change: Callable[[Term], Term] = lambda term: term) -> Wrapper:
    """The tangent of an affine map has some of its terms, changed."""

    def wrapper(right: Any, self: Any, statement: Affine) -> Affine:
        tangent = right(self, statement)
        return replace(tangent, terms=tuple(change(term) for term in tangent.terms if keep(term)) or tangent.terms)

    return wrapper


def left_tangents_alone(right: Any, self: Any, statement: Accumulate) -> Accumulate:
    """l r_dot^T is dropped from the tangent of an outer product."""
    tangent = right(self, statement)
    kept = [part for part in tangent.contributions if part.left.role is Role.TANGENT]
    return replace(tangent, contributions=tuple(kept))


def tangent_of_the_mean(right: Any, kind: str, *arguments: Any, **options: Any) -> Any:
    """The operator of a sum becomes that of a mean."""
    return right("mean" if kind == "sum" else kind, *arguments, **options)


# Jacobians


def other_transpose(right: Any, value: Any, transposed: bool = False) -> Matrix:
    """A square matrix stands transposed."""
    is_square = isinstance(value, Value) and len(set(value.shape)) == 1
    return right(value, not transposed if is_square else transposed)


def plain_coefficients(right: Any, self: Any, statement: Affine, *arguments: Any) -> Any:
    """Every coefficient of an affine map is 1."""
    terms = tuple(replace(t, coefficient=t.coefficient**0) for t in statement.terms)
    return right(self, replace(statement, terms=terms), *arguments)


def outer_alone(right: Any, factor: Any, product: Product) -> Product:
    """Of two neighbouring diagonals the inner one is lost."""
    merges = isinstance(factor, Diagonal) and product and isinstance(product[0], Diagonal) and factor.expression != 1
    return right(factor, product[1:]) if merges else right(factor, product)


def last_of_equal(right: Any, products: list[Product]) -> tuple[Product, ...]:
    """Of products that differ in their first diagonal alone the last overwrites the others."""
    kept: dict[Product, Product] = {}
    for product in products:
        kept[product[1:] if product and isinstance(product[0], Diagonal) else product] = product
    return right(list(kept.values()))


def one_term_less(right: Any, self: Any, derived: Any) -> LinearMap:
    """The last term of a Jacobian of several is lost when it is written as in textbooks."""
    linear = right(derived)
    return replace(linear, terms=linear.terms[:-1]) if len(linear.terms) > 1 else linear


# From equations to a program


def unsigned(right: Any, node: Any, sign: int = 1) -> Any:
    """Every minus of a sum is a plus."""
    return [(1, part) for _, part in right(node, sign)]


def lowered_term(change: Callable[[Term], Term]) -> Wrapper:
    """Every term of an affine map is changed as it is read."""

    def wrapper(right: Any, self: Any, sign: int, node: Any) -> Term | None:
        term = right(self, sign, node)
        return None if term is None else change(term)

    return wrapper


def other_way_of_minus(right: Any, self: Any, node: Any) -> Any:
    """left - right is read as right - left."""
    value = right(self, node)
    return -value if node.operator == "-" else value


# Passes


def too_much(right: Any, program: Program, *arguments: Any) -> Program:
    """Of the terms of an affine map that sums several, the last is taken for dead."""
    kept = right(program, *arguments)
    statements = [
        replace(s, terms=s.terms[:-1])
        if isinstance(s, Affine) and len(s.terms) > 2 and s.target.role is Role.ADJOINT
        else s
        for s in kept.statements
    ]
    return replace(kept, statements=tuple(statements))


def dead_gradients(right: Any, program: Program, *arguments: Any) -> Program:
    """The last statement that a gradient reads is taken for dead."""
    kept = right(program, *arguments)
    reads = {value for s in kept.statements if isinstance(s, Accumulate) for value in s.reads()}
    dead = [s for s in kept.statements if s.target in reads and s.target.role is Role.ADJOINT][-1:]
    return replace(kept, statements=tuple(s for s in kept.statements if s not in dead))


def shared(right: Any, self: Layout, value: Value) -> Any:
    """The last two members of a group share a slot."""
    place = right(self, value)
    last = place is not None and place.slot == len(place.group.members) - 1 > 0
    return replace(place, slot=place.slot - 1) if last else place


def one_piece_less(right: Any, statement: Any, *arguments: Any) -> Any:
    """The last piece of an affine map that is cut into several is lost."""
    pieces = right(statement, *arguments)
    return pieces[:-1] if len(pieces) > 1 else pieces


def one_value_less(right: Any, *arguments: Any) -> Any:
    """The first value that the backward pass of second order reads is not saved."""
    return right(*arguments)[1:]


def same_sign(right: Any, forward: Program) -> Any:
    """1 - sigmoid(a) is taken for sigmoid(a)."""
    return {key: sigmoid(-value.args[0]) for key, value in right(forward).items()}
