"""What is found of a text: a verdict on every formula, the conventions of the text, and what its names stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lstm_sym.compile.derivation import Derivation
from lstm_sym.proofreading.conventions import Convention
from lstm_sym.proofreading.formulas import Formula
from lstm_sym.proofreading.judging import Judgement
from lstm_sym.proofreading.names import Reading
from lstm_sym.proofreading.tree import Leaf, Node, Quantity
from lstm_sym.proofreading.writing import Writer

STATUSES = ("right", "wrong", "own", "aside", "unread")
"""Right; wrong; a name that the text defines for itself; not about the quantities of the cell; not understood."""


@dataclass(frozen=True)
class Finding:
    """What was found of one formula.

    target: what its left side is, None where it is nothing of the cell. judgement: of its first wrong side. written:
    the mended line in the notation of the text. reason, fix: why it was not read. equals: what a name of the text is;
    is_part: whether it is a part of a derived line. by_use: whether that the name is `target` is told by its uses.
    absent: what it reads and the programs do not have. loss: the term that is taken for what the loss gives. sides:
    what its left and right side were understood as.
    """

    formula: Formula
    status: str
    target: Leaf | None = None
    judgement: Judgement | None = None
    written: str = ""
    reason: str = ""
    fix: str = ""
    equals: Leaf | None = None
    is_part: bool = False
    by_use: bool = False
    absent: Leaf | None = None
    loss: Node | None = None
    sides: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What was found of a text: its formulas, and what its names stand for.

    readings: how it writes, formulas in LaTeX (True) and those in plain text or code (False). conventions: in which the
    cell of `derivation` is not as its file has it.
    """

    derivation: Derivation
    readings: Mapping[bool, Reading]
    findings: tuple[Finding, ...]
    names: Mapping[str, Leaf]
    writers: Mapping[bool, Writer]
    explained: frozenset[Quantity] = frozenset()
    conventions: tuple[Convention, ...] = ()

    def writer_of(self, latex: bool) -> Writer:
        """What prints formulas as the text does, in LaTeX or plain."""
        return self.writers[latex]

    def is_explained(self, leaf: Leaf) -> bool:
        """Whether the text's own table says what a name stands for."""
        return leaf.quantity in self.explained

    @property
    def counts(self) -> Counter[str]:
        """Status -> how many formulas have it."""
        return Counter(finding.status for finding in self.findings)

    @property
    def right(self) -> bool:
        """Whether no formula is wrong."""
        return not self.counts["wrong"]
