r"""What the loss gives through a layer after the cell, V^T \delta_o: a term of names that the cell does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.entries import Entry
from lstm_sym.proofreading.findings import Finding
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


def of_the_layer(entries: Sequence[Entry], findings: Sequence[Finding]) -> frozenset[str]:
    """The letters that stand in terms taken for what the loss gives and in no other line that is judged."""
    terms = [finding.loss for finding in findings if finding.loss is not None]
    within = {letter for term in terms for letter in _letters(term)}
    judged = [e.line for e, f in zip(entries, findings, strict=True) if e.line and f.status in ("right", "wrong")]
    sides = [side for line in judged for side in line.sides]
    return frozenset(within.difference(*(_letters(_without(side, terms)) for side in sides)))


def _without(side: Node, terms: Sequence[Node]) -> Node:
    """A side with nothing in the places of these terms."""
    return tree.Number(0, "0") if side in terms else side.mapped(lambda child: _without(child, terms))


def _letters(node: Node) -> set[str]:
    """The keys of the names in a formula, and of what a derivative is of."""
    symbols = [part for part in node.walk() if isinstance(part, Symbol)]
    symbols += [symbol for part in node.walk() if isinstance(part, Partial) for symbol in (part.above, part.below)]
    return {symbol.key for symbol in symbols}


def _unknown(node: Node, is_known: Known) -> int:
    """How many names are not known."""
    return sum(isinstance(part, Symbol | Partial) and not is_known(part) for part in node.walk())
