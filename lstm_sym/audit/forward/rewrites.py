"""What people write instead of an equation of a cell: one thing of it changed, in the tree of its right side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from lstm_sym.equations.conventions import complement_of
from lstm_sym.equations.expressions import (
    Binary,
    Call,
    Expression,
    MatrixProduct,
    Name,
    Number,
    Stack,
    is_affine_sum,
    with_children,
)
from lstm_sym.equations.functions import FUNCTIONS

Rule = Callable[[Expression], Iterator[Expression]]

ONE = Number(Fraction(1))
MARK = Stack(())
"""No equation has this."""
OPPOSITE = {"+": "-", "-": "+"}


def rewritten(expression: Expression) -> Iterator[Expression]:
    """The right side with one thing changed: likelier changes first."""
    yield from complements(expression)
    yield from exchanges(expression)
    for rule in RULES:
        yield from changed(expression, rule)


def complements(expression: Expression) -> Iterator[Expression]:
    """z and 1 - z in each other's place."""
    for node in expression.walk():
        if isinstance(node, Binary) and complement_of(node):
            marked = with_others(expression, {node: MARK})
            yield with_others(with_others(marked, {node.right: node}), {MARK: node.right})


def exchanges(expression: Expression) -> Iterator[Expression]:
    """Two quantities in each other's place."""
    names = dict.fromkeys(n for n in expression.walk() if isinstance(n, Name) and n.time is not None)
    yield from (with_others(expression, {one: other, other: one}) for one, other in combinations(names, 2))


def another_function(node: Expression) -> Iterator[Expression]:
    """Another function with a slope in its output, or none."""
    if isinstance(node, Call) and len(node.arguments) == 1:
        names = [name for name, row in FUNCTIONS.items() if row.from_output is not None and row.arity == 1]
        yield from (replace(node, function=name) for name in names if name != node.function)
        yield node.arguments[0]


def one_more(node: Expression) -> Iterator[Expression]:
    """1 added to what a function is given: a bias that is built in."""
    if isinstance(node, Call) and len(node.arguments) == 1 and is_affine_sum(node.arguments[0]):
        yield replace(node, arguments=(Binary("+", node.arguments[0], ONE),))


def product_first(node: Expression) -> Iterator[Expression]:
    """u * (M @ v) for M @ (u * v): a gate after the product with a matrix instead of before."""
    if isinstance(node, MatrixProduct) and isinstance(node.operand, Binary) and node.operand.operator == "*":
        for gate, other in ((node.operand.left, node.operand.right), (node.operand.right, node.operand.left)):
            yield Binary("*", gate, replace(node, operand=other))


def another_sign(node: Expression) -> Iterator[Expression]:
    """A difference for a sum, and a sum for a difference."""
    if isinstance(node, Binary) and node.operator in OPPOSITE:
        yield replace(node, operator=OPPOSITE[node.operator])


def one_side(node: Expression) -> Iterator[Expression]:
    """A term or a factor left out."""
    if isinstance(node, Binary):
        yield from (node.left, node.right)


def another_step(node: Expression) -> Iterator[Expression]:
    """A state one step off in time."""
    if isinstance(node, Name) and node.time is not None:
        yield replace(node, time=-1 - node.time)


def transposed(node: Expression) -> Iterator[Expression]:
    """The transpose of a matrix."""
    if isinstance(node, MatrixProduct):
        yield replace(node, transposed=not node.transposed)


RULES: tuple[Rule, ...] = (
    another_function,
    one_more,
    product_first,
    another_step,
    another_sign,
    one_side,
    transposed,
)
"""What may be changed at one place, likelier changes first."""


def changed(node: Expression, rule: Rule) -> Iterator[Expression]:
    """The tree with what a rule makes of one of its nodes."""
    yield from rule(node)
    children = node.children()
    for place, child in enumerate(children):
        for new in changed(child, rule):
            yield with_children(node, (*children[:place], new, *children[place + 1 :]))


def with_others(node: Expression, others: Mapping[Expression, Expression]) -> Expression:
    """The tree with others in the place of some nodes."""
    new = others.get(node)
    children = node.children()
    return new if new is not None else with_children(node, tuple(with_others(child, others) for child in children))
