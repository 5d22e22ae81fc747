"""Brackets in another place, U^T (a ⊙ h) for (U^T a) ⊙ h, and factors of another, h^T (r ⊙ a) for (r ⊙ h)^T a."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.tree import Node, Product


def regrouped(node: Node) -> Iterator[Node]:
    """Every formula of the same names in the same order with brackets in another place: a product in which that of a
    matrix is taken sooner or later; a (b - c) for a b - c.
    """
    match node:
        case tree.Sum(((1, Product() as product), (plus, term))) if all(map(_is_of_elements, product.signs)):
            inside = tree.Sum(((1, product.factors[-1]), (plus, term)))
            yield replace(product, factors=(*product.factors[:-1], inside))
    if not isinstance(node, Product) or len(node.factors) != 2:
        return
    [sign], (first, second) = node.signs, node.factors
    if isinstance(second, Product) and _differ(sign, second.signs):  # A (b c) -> (A b) c
        inner = Product((first, second.factors[0]), (sign,))
        yield Product((inner, *second.factors[1:]), second.signs)
    if isinstance(first, Product) and _differ(sign, first.signs):  # (a B) c -> a (B c)
        inner = Product((first.factors[-1], second), (sign,))
        yield Product((*first.factors[:-1], inner), first.signs)


def handed_over(node: Node) -> Iterator[Node]:
    """Every product of two matrices in which a factor of the elements of one is one of the other: h^T (r a) for
    (h r)^T a.
    """
    if not isinstance(node, Product) or len(node.factors) != 2 or _is_of_elements(node.signs[0]):
        return
    for giver, taker in ((1, 0), (0, 1)):
        whole = _base(node.factors[giver])
        for place, factor in enumerate(whole.factors if isinstance(whole, Product) else ()):
            if not isinstance(whole, Product) or not all(map(_is_of_elements, whole.signs)):
                continue
            rest = tree.product(whole.factors[:place] + whole.factors[place + 1 :], whole.signs[1:])
            longer = Product((_base(node.factors[taker]), factor), whole.signs[:1])
            changed = {giver: _with_base(node.factors[giver], rest), taker: _with_base(node.factors[taker], longer)}
            yield Product((changed[0], changed[1]), node.signs)


def _base(node: Node) -> Node:
    return node.base if isinstance(node, tree.Transpose) else node


def _with_base(node: Node, base: Node) -> Node:
    return replace(node, base=base) if isinstance(node, tree.Transpose) else base


def _is_of_elements(sign: str) -> bool:
    return sign in tree.ELEMENTWISE or sign == "*"


def _differ(sign: str, others: tuple[str, ...]) -> bool:
    """Whether one is of elements and the others are of matrices, or the other way round."""
    return all(_is_of_elements(sign) != _is_of_elements(one) for one in others)
