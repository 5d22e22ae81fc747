"""What the names of a text stand for in one reading, as far as its lines have been read, and verdicts on formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.derived import Derived
from lstm_sym.proofreading.entries import Entry, parts_of
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.evaluation import Evaluator
from lstm_sym.proofreading.findings import Finding
from lstm_sym.proofreading.formulas import Formula
from lstm_sym.proofreading.functions import LEFT_OUT, of_values, slope_of, with_arguments
from lstm_sym.proofreading.judging import Judge, Judgement
from lstm_sym.proofreading.lost import heeded
from lstm_sym.proofreading.names import Names, Reading, own_key, resolved
from lstm_sym.proofreading.sequence import WATCHED, Sequence
from lstm_sym.proofreading.spellings import with_keys
from lstm_sym.proofreading.tree import Leaf, Node, Partial, Quantity, Symbol
from lstm_sym.proofreading.updates import ADDED, last_updates
from lstm_sym.proofreading.writing import Style, Writer, styled


@dataclass
class State:
    """What the lines so far have said: names of the text's own, their formulas, and sums that are still growing.

    ahead: lines that were looked at before it is their turn. equal: names of the text's own with the value of something
    of the cell. lost: names that a line changes which is not understood, with that line. given: names that a line
    gives for a quantity, δh = ∂L/∂h.
    """

    own: dict[str, Leaf] = field(default_factory=dict)
    trees: dict[str, Node] = field(default_factory=dict)
    ahead: set[int] = field(default_factory=set)
    equal: dict[str, Quantity] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)


class Resolver:
    """Knows what names stand for, and judges formulas of them."""

    def __init__(
        self,
        names: Names,
        sequence: Sequence,
        reading: Reading,
        entries: list[Entry],
        latex: bool,
        meant: Mapping[int, Quantity] = {},
    ) -> None:
        self.names, self.sequence, self.reading, self.entries = names, sequence, reading, entries
        self.latex, self.meant = latex, meant
        self.state = State()
        lines = [entry for entry in entries if entry.line and entry.formula.latex == latex]
        self.strict = any("@" in entry.formula.text or "dot(" in entry.formula.text for entry in lines)
        self.evaluator = Evaluator(sequence, reading, self.state.trees, self.strict)
        self.style = Style.of([side for entry in lines if entry.line for side in entry.line.sides], latex)
        self.known = self._known()
        self.last = last_updates(entries)

    def _known(self) -> dict[Quantity, list[Leaf]]:
        """Every quantity that the text names, with its names."""
        found: dict[Quantity, list[Leaf]] = {}
        for node in parts_of(entry for entry in self.entries if entry.formula.latex == self.latex):
            is_own = isinstance(node, Symbol) and own_key(node) in self.names.owned
            leaf = None if is_own else self._leaf(node)
            if leaf is not None and leaf not in found.setdefault(leaf.quantity, []):
                found[leaf.quantity].append(leaf)
        return found

    @cached_property
    def called(self) -> dict[Quantity, set[str]]:
        """Every quantity that the text names, with the letters of its names, capital or small."""
        found: dict[Quantity, set[str]] = {}
        for node in parts_of(self.entries):
            leaf = self._leaf(node)
            if leaf is not None and isinstance(node, Symbol):
                found.setdefault(leaf.quantity, set()).add(node.key.lower())
        return found

    def _leaf(self, node: Node) -> Leaf | None:
        try:
            return self.names.leaf(node, self.reading) if isinstance(node, Symbol | Partial) else None
        except Unreadable:
            return None

    @cached_property
    def writer(self) -> Writer:
        """What prints lines of this text."""
        return Writer(self.names.derivation, self.style, self.known)

    @cached_property
    def judge(self) -> Judge:
        """What judges lines of this text."""
        derived = Derived(self.names.derivation, self.reading, self.style, self.known.__contains__)
        return Judge(self.evaluator, derived, self.style, self.known)

    def about_cell(self, left: Node) -> bool:
        """Whether a left side is a quantity of the cell, or reads like a gradient."""
        if isinstance(left, Symbol):
            is_gradient = left.adjoint and left.key not in self.names.layer
            return is_gradient or self._leaf(left) is not None
        return isinstance(left, Partial) or any(self._leaf(node) is not None for node in left.walk())

    def whole(self, side: Node, target: Leaf) -> Node:
        """A right side with the arguments of functions that it leaves out."""
        program, judged = self.names.derivation.forward, self.judge.judged
        return with_arguments(side, target, program, lambda filled: judged(self.leaves(filled), target).right)

    def is_known(self, node: Node) -> bool:
        """Whether it is known what a name stands for."""
        is_own = isinstance(node, Symbol) and own_key(node) in {LEFT_OUT, *self.state.own}
        return is_own or self._leaf(node) is not None

    def leaves(self, node: Node) -> Node:
        """A formula with what its names stand for here. Raises Unreadable."""
        heeded(node, self.state.lost)
        found = of_values(resolved(node, self.names, self.reading, self.state.own), self.names.slopes)
        for part in found.walk():
            if isinstance(part, tree.Part) and not self.evaluator.is_cut(part, WATCHED):
                raise Unreadable(f"{part.written} cuts nothing off a vector", "write the line that stacks it above")
        return found

    def target(self, left: Node) -> Leaf | None:
        """What the left side is, None if it is a name that the cell does not have. Raises Unreadable."""
        turned = isinstance(left, tree.Transpose)
        inner = left.base if isinstance(left, tree.Transpose) else left
        if isinstance(inner, tree.Call) and inner.prime:
            found = resolved(inner.argument, self.names, self.reading, {})
            return slope_of(inner, found, self.names.derivation.forward)
        if turned or not isinstance(inner, Symbol | Partial):
            raise Unreadable("the left side is not one name", "write one quantity to the left of =")
        leaf = self.names.leaf(inner, self.reading)
        if isinstance(inner, Partial) and leaf is None:
            raise Unreadable("a derivative of what is not of the cell, or of steps that are not one step apart")
        return leaf

    def judged(self, formula: Formula, target: Leaf, trees: list[Node], explain: bool) -> Finding:
        """The verdict on the sides of a line."""
        judge = self.judge
        for side in trees:
            judgement = judge.explained(side, target) if explain else judge.judged(side, target)
            if not judgement.right:
                return self.wrong(formula, target, side, judgement)
        return Finding(formula, "right", target, judgement, sides=(target, trees[-1]))

    def wrong(self, formula: Formula, target: Leaf, side: Node, judgement: Judgement) -> Finding:
        """A wrong line, with the right one in the notation of the text."""
        written = ""
        if judgement.mended is not None:
            writer = self.writer
            mended = styled(judgement.mended, self.style)
            sign = next((sign for sign in ADDED if sign in formula.text), "=")
            changes = judgement.changes
            is_left = bool(changes) and changes[0].kind == "left side"
            left = changes[0].right if is_left and isinstance(changes[0].right, Leaf) else target
            written = with_keys(f"{writer.name(left)} {sign} {writer.write(mended)}", formula.text)
        return Finding(formula, "wrong", target, judgement, written, sides=(target, side))
