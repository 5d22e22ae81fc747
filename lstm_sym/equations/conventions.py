"""The same cell in another convention: 1 - z called z, one matrix for [h, x], no biases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction

from lstm_sym.equations.cell import Cell
from lstm_sym.equations.expressions import (
    Binary,
    Call,
    Expression,
    MatrixProduct,
    Name,
    Negate,
    Number,
    Stack,
    summands,
    with_children,
)

_ONE = Number(Fraction(1))


def complemented_gates(cell: Cell) -> tuple[str, ...]:
    """The gates that share out between two things, z and 1 - z: those that texts call either way."""
    names = dict.fromkeys(complement_of(part) for equation in cell.equations for part in equation.expression.walk())
    calls = [(e.target, e.expression) for e in cell.equations]
    sigmoids = {target for target, call in calls if isinstance(call, Call) and call.function == "sigmoid"}
    return tuple(name for name in names if name in sigmoids)


def complemented(cell: Cell, gate: str) -> Cell:
    """The cell whose `gate` is 1 - gate of this one: h = (1 - z) h[t-1] + z n for h = z h[t-1] + (1 - z) n.

    The gate's own equation stays, so that its parameters are the negatives of those of the cell.
    """

    def exchanged(node: Expression) -> Expression:
        if isinstance(node, Name) and node.name == gate:
            return Binary("-", _ONE, node)
        if complement_of(node) == gate:
            return Name(gate, 0)
        return _mapped(node, exchanged)

    return _rewritten(cell, lambda target, right: right if target == gate else exchanged(right))


def joined(cell: Cell, *, state_first: bool = True) -> Cell | None:
    """The cell with W @ [h[t-1], x[t]] for W @ x[t] + U @ h[t-1], each W with the columns of both; None without any.

    state_first: else it is W @ [x[t], h[t-1]]. W keeps the name of the matrix of the input.
    """
    changed = _rewritten(cell, lambda _, right: _joined(right, cell, state_first))
    return changed if changed.text != cell.text else None


def biases(cell: Cell) -> tuple[str, ...]:
    """The parameters that are added to a sum in which a matrix stands, and to nothing else."""
    sums = [terms for e in cell.equations for part in e.expression.walk() if len(terms := summands(part)) > 1]
    added = {id(t): t for terms in sums if _has_product(terms) for _, t in terms if isinstance(t, Name)}.values()
    names = [node.name for e in cell.equations for node in e.expression.walk() if isinstance(node, Name)]
    found = {name.name for name in added if name.time is None and name.name in cell.parameters}
    return tuple(name for name in cell.parameters if name in found and names.count(name) == 1)


def without_terms(cell: Cell, names: Collection[str]) -> Cell:
    """The cell without these addends: its biases, say."""

    def without(node: Expression) -> Expression:
        terms = summands(node)
        kept = [(sign, term) for sign, term in terms if not (isinstance(term, Name) and term.name in names)]
        return _total(kept) if 0 < len(kept) < len(terms) else _mapped(node, without)

    return _rewritten(cell, lambda _, right: without(right))


def _has_product(terms: Sequence[tuple[int, Expression]]) -> bool:
    return any(isinstance(term, MatrixProduct) for _, term in terms)


def _total(terms: Sequence[tuple[int, Expression]]) -> Expression:
    """The sum of terms with their signs."""
    (sign, found), *rest = terms
    found = found if sign > 0 else Negate(found)
    for sign, term in rest:
        found = Binary("+" if sign > 0 else "-", found, term)
    return found


def _joined(node: Expression, cell: Cell, state_first: bool) -> Expression:
    """The sums in an expression, each with one product for two."""
    terms = summands(node)
    products = [term for sign, term in terms if sign > 0 and isinstance(term, MatrixProduct) and not term.transposed]
    of_input = [term for term in products if _is_input(term.operand, cell)]
    others = [term for term in products if not _is_input(term.operand, cell) and cell.shapes[term.matrix.name][0]]
    if len(of_input) != 1 or len(others) != 1:
        return _mapped(node, lambda child: _joined(child, cell, state_first))
    parts = (others[0].operand, of_input[0].operand)
    whole = MatrixProduct(of_input[0].matrix, Stack(parts if state_first else parts[::-1]))
    return _total([(1, whole), *(pair for pair in terms if pair[1] is not of_input[0] and pair[1] is not others[0])])


def _is_input(node: Expression, cell: Cell) -> bool:
    return isinstance(node, Name) and node.name == cell.input


def complement_of(node: Expression) -> str:
    """z, of 1 - z[t]; "" of anything else."""
    is_difference = isinstance(node, Binary) and node.operator == "-" and node.left == _ONE
    gate = node.right if isinstance(node, Binary) and is_difference else None
    return gate.name if isinstance(gate, Name) and gate.time == 0 else ""


def _mapped(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The node with its parts changed."""
    return with_children(node, tuple(map(change, node.children())))


def _rewritten(cell: Cell, change: Callable[[str, Expression], Expression]) -> Cell:
    """The cell with other right sides."""
    return cell.with_right_sides({e.target: change(e.target, e.expression) for e in cell.equations})
