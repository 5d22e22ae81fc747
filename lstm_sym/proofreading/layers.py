r"""What the loss gives through a layer after the cell, V^T \delta_o: a term of names that the cell does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.judging import Judgement
from lstm_sym.proofreading.tree import Leaf, Node, Partial, Quantity, Symbol

Known = Callable[[Node], bool]
"""Whether it is known what a name stands for."""

OF_TERMS = ("missing term", "superfluous term")


def terms_of_the_loss(side: Node, is_known: Known) -> Iterator[Node]:
    """Every term of a sum that has all the names which are not known; of sums inside each other the outer one first."""
    every = _unknown(side, is_known)
    for part in side.walk():
        if isinstance(part, tree.Sum) and every:
            yield from (term for _, term in part.terms if _unknown(term, is_known) == every)


def with_loss(side: Node, term: Node, form: str, time: int) -> Node:
    """A right side in which a term is what the loss gives at a step."""
    if side == term:
        return Leaf(Quantity("dy"), time, form)
    return side.mapped(lambda child: with_loss(child, term, form, time))


def is_the_rest(judgement: Judgement | None, side: Node) -> bool:
    """Whether what stands beside such a term is the rest of the line but for one small mistake in a term."""
    kinds = [change.kind for change in judgement.changes] if judgement else []
    losses = sum(isinstance(part, Leaf) and part.quantity.kind == "dy" for part in side.walk())
    return losses == 1 == len(kinds) and kinds[0] not in OF_TERMS


def _unknown(node: Node, is_known: Known) -> int:
    """How many names are not known."""
    return sum(isinstance(part, Symbol | Partial) and not is_known(part) for part in node.walk())
