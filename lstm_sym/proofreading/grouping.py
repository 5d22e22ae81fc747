"""Brackets in another place: U^T (a ⊙ h) for (U^T a) ⊙ h, and back."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.tree import Node, Product


def regrouped(node: Node) -> Iterator[Node]:
    """Every product of the same factors in the same order in which that of a matrix is taken sooner, or later."""
    if not isinstance(node, Product) or len(node.factors) != 2:
        return
    [sign], (first, second) = node.signs, node.factors
    if isinstance(second, Product) and _differ(sign, second.signs):  # A (b c) -> (A b) c
        inner = Product((first, second.factors[0]), (sign,))
        yield Product((inner, *second.factors[1:]), second.signs)
    if isinstance(first, Product) and _differ(sign, first.signs):  # (a B) c -> a (B c)
        inner = Product((first.factors[-1], second), (sign,))
        yield Product((*first.factors[:-1], inner), first.signs)


def _differ(sign: str, others: tuple[str, ...]) -> bool:
    """Whether one is of elements and the others are of matrices, or the other way round."""
    return all((sign in tree.ELEMENTWISE or sign == "*") != (one in tree.ELEMENTWISE or one == "*") for one in others)
