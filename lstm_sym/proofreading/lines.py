"""The lines of a text in one reading: each resolved, tried on numbers, and mended where it is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

from lstm_sym.proofreading import tree
from lstm_sym.proofreading.arguments import LEFT_OUT, slope_of, with_arguments
from lstm_sym.proofreading.derived import Derived
from lstm_sym.proofreading.entries import Entry, parts_of
from lstm_sym.proofreading.errors import ShapeMismatch, Unreadable
from lstm_sym.proofreading.evaluation import Evaluator
from lstm_sym.proofreading.findings import Finding
from lstm_sym.proofreading.formulas import Formula
from lstm_sym.proofreading.judging import Judge
from lstm_sym.proofreading.layers import is_the_rest, terms_of_the_loss, with_loss
from lstm_sym.proofreading.names import Names, Reading, own_key, resolved
from lstm_sym.proofreading.parser import Line
from lstm_sym.proofreading.sequence import STEPS, WATCHED, Sequence
from lstm_sym.proofreading.tree import Leaf, Node, Partial, Quantity, Symbol
from lstm_sym.proofreading.updates import (
    ADDED,
    is_sum,
    is_update,
    last_updates,
    resolved_with,
    sent,
    some_terms,
    starts,
    update_key,
    without_self,
)
from lstm_sym.proofreading.writing import Style, Writer, styled

SLIPS_OF_SHAPE = ({"superfluous term"}, {"transpose"})
"""Mistakes by which a line of a quantity of the cell is of another shape."""


@dataclass
class State:
    """What the lines so far have said: names of the text's own, their formulas, and sums that are still growing.

    ahead: lines that were looked at before it is their turn. equal: names of the text's own with the value of something
    of the cell.
    """

    own: dict[str, Leaf] = field(default_factory=dict)
    trees: dict[str, Node] = field(default_factory=dict)
    ahead: set[int] = field(default_factory=set)
    equal: dict[str, Quantity] = field(default_factory=dict)


class LineReader:
    """Goes through the lines of a text in one reading."""

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

    def tried(self) -> Counter[str]:
        """How many lines are right, wrong, and of shapes that do not fit; how many right ones are equations."""
        found: Counter[str] = Counter()
        for place, entry in enumerate(self.entries):
            finding = self.finding(place, explain=False)
            misfit = finding.judgement is not None and finding.judgement.problem != ""
            found["misfit" if misfit else finding.status] += 1
            found["equation"] += finding.status == "right" and self._defines(entry)
        return found

    def _defines(self, entry: Entry) -> bool:
        """Whether a line is an equation of the cell, of one quantity or of several."""
        left = entry.line.sides[0] if entry.line else None
        parts = left.children() if isinstance(left, tree.Stack) else (left,)
        leaves = [self._leaf(part) for part in parts if isinstance(part, Symbol)]
        return any(leaf is not None and leaf.quantity.kind == "forward" for leaf in leaves)

    @cached_property
    def writer(self) -> Writer:
        """What prints lines of this text."""
        return Writer(self.names.derivation, self.style, self.known)

    @cached_property
    def judge(self) -> Judge:
        """What judges lines of this text."""
        derived = Derived(self.names.derivation, self.reading, self.style, self.known.__contains__)
        return Judge(self.evaluator, derived, self.style, self.known)

    def finding(self, place: int, *, explain: bool) -> Finding:
        """What is found of one line."""
        entry = self.entries[place]
        formula, line = entry.formula, entry.line
        if _is_zeros(formula):
            return Finding(formula, "aside", reason="a first value")
        if line is None:
            status = "unread" if entry.left is None or self.about_cell(entry.left) else "aside"
            return Finding(formula, status, reason=entry.reason, fix=entry.fix)
        for below in self.defined_below(line, place):
            self.finding(below, explain=False)
        try:
            return self.of_line(formula, line, place, explain)
        except Unreadable as problem:
            status = "unread" if self.about_cell(line.sides[0]) else "aside"
            return Finding(formula, status, reason=problem.found, fix=problem.fix)
        except RecursionError:
            return Finding(formula, "unread", reason="names made of names, too many inside each other")
        except KeyError as missing:
            found = missing.args[0]
            absent = Leaf(found if isinstance(found, Quantity) else Quantity("partial", found), 0)
            return Finding(formula, "unread", absent=absent)

    def defined_below(self, line: Line, place: int) -> Iterator[int]:
        """The lines further down that define names which this one uses, where nothing says so yet what they are."""
        for node in (node for side in line.sides[1:] for node in side.walk() if isinstance(node, Symbol)):
            below = self.definitions.get(own_key(node), -1)
            is_new = below not in self.state.ahead and own_key(node) not in self.state.own
            if below > place and is_new and self._leaf(node) is None:
                self.state.ahead.add(below)
                yield below

    @cached_property
    def definitions(self) -> dict[str, int]:
        """Name that is none of the cell -> the line that defines it first."""
        lefts = [(entry.line.sides[0], place) for place, entry in enumerate(self.entries) if entry.line]
        return {own_key(left): place for left, place in reversed(lefts) if isinstance(left, Symbol)}

    def about_cell(self, left: Node) -> bool:
        """Whether a left side is a quantity of the cell, or reads like a gradient."""
        if isinstance(left, Symbol):
            return left.adjoint or self._leaf(left) is not None
        return isinstance(left, Partial) or any(self._leaf(node) is not None for node in left.walk())

    def of_line(self, formula: Formula, line: Line, place: int, explain: bool) -> Finding:
        """What is found of a line that could be parsed. Raises Unreadable, KeyError."""
        left, *sides = line.sides
        if isinstance(sides[-1], tree.Number):
            return Finding(formula, "aside", reason="a number")
        if is_update(line) and isinstance(left, Symbol):
            return self.of_update(formula, line, left, place, explain)
        if isinstance(left, tree.Stack | tree.Blocks):
            return self.of_stack(formula, left, sides, explain)
        if place in self.meant and isinstance(left, Symbol):
            return self.of_meant(formula, left, sides, self.meant[place], explain)
        target = self.target(left)
        if target is not None and target.quantity.kind == "dy":
            return Finding(formula, "aside", target, reason="what the loss gives is taken as it is")
        if target is None:
            return self.definition(formula, left, sides, explain)
        if (found := self.through_a_layer(formula, line, target, explain)) is not None:
            return found
        trees = [self.leaves(self.whole(side, target)) for side in sides]
        target = self.passed_on(target, trees[-1])
        grows = isinstance(left, Symbol) and self.last.get(update_key(left), -1) > place
        if grows and isinstance(left, Symbol) and target.quantity.kind in ("adjoint", "carried"):
            self.state.trees[f"={update_key(left)}"] = trees[-1]
            if self.judge.judged(trees[-1], target).right:
                return Finding(formula, "right", target)
            return Finding(formula, "own", target, reason="later lines add to it")
        self.state.trees.pop(f"={update_key(left)}" if isinstance(left, Symbol) else "", None)
        if isinstance(left, Symbol) and self.is_its_own(left, target, trees[-1], explain):
            return self.definition(formula, left, sides, explain)
        return self.judged(formula, target, trees, explain)

    def is_its_own(self, left: Symbol, target: Leaf, right: Node, explain: bool) -> bool:
        """Whether a name that may be one of the cell is the text's own: it is something else, and the text has another
        name for what it may be, or what it may be is a size; or it is of another shape, or something else of the cell.
        """
        if not self.names.is_guess(left):
            return False
        judgement = self.judge.judged(right, target)
        if judgement.right:
            return False
        if (left.key if left.adjoint else left.key.removeprefix("d")) in self.state.own:
            return True
        misfits = judgement.error is None
        if misfits and explain and {c.kind for c in self.judge.explained(right, target).changes} in SLIPS_OF_SHAPE:
            return False
        if left.key.isalpha() and len(left.key) == 1 and (misfits or self.judge.meant(right)):
            return True
        if "packed" in target.quantity.kind:
            return misfits
        return target.quantity.kind == "size" or len(self.called.get(target.quantity, ())) > 1

    def whole(self, side: Node, target: Leaf) -> Node:
        """A right side with the arguments of functions that it leaves out."""
        program, judged = self.names.derivation.forward, self.judge.judged
        return with_arguments(side, target, program, lambda filled: judged(self.leaves(filled), target).right)

    def through_a_layer(self, formula: Formula, line: Line, target: Leaf, explain: bool) -> Finding | None:
        """The finding with a term that the loss gives through a layer after the cell; None if that mends nothing."""
        for term in terms_of_the_loss(line.sides[-1], self.is_known) if len(line.sides) == 2 else ():
            written = self.writer.write(term)
            side = self.leaves(self.whole(with_loss(line.sides[-1], term, written, target.time), target))
            found = self.judged(formula, target, [side], explain)
            if found.status == "right" or is_the_rest(found.judgement, side):
                return replace(found, reason=f"{written} is taken for what the loss gives")
        return None

    def is_known(self, node: Node) -> bool:
        """Whether it is known what a name stands for."""
        is_own = isinstance(node, Symbol) and own_key(node) in {LEFT_OUT, *self.state.own}
        return is_own or self._leaf(node) is not None

    def leaves(self, node: Node) -> Node:
        """A formula with what its names stand for here. Raises Unreadable."""
        return resolved(node, self.names, self.reading, self.state.own)

    def of_stack(self, formula: Formula, left: Node, sides: list[Node], explain: bool) -> Finding:
        """A line of several quantities of the cell, one below or beside the other. Raises Unreadable."""
        trees = [self.leaves(side) for side in sides]
        whole = self.leaves(left)
        target = Leaf(Quantity("own", formula.text.partition("=")[0].strip()), 0)
        for explained, stacked in product(
            dict.fromkeys((False, explain)), (sent(whole, self.names.derivation.cell.states), whole)
        ):
            self.evaluator.forget(target.quantity.name)
            self.state.trees[target.quantity.name] = stacked
            found = self.judged(formula, target, trees, explained)
            found = replace(found, sides=(whole, *found.sides[1:]))
            judgement = found.judgement
            if judgement is None or judgement.right or judgement.changes or judgement.factor:
                break
        return found

    def passed_on(self, target: Leaf, right: Node) -> Leaf:
        """What dc_next to the left of = is: in a program what the loop hands on to the step before, its next round."""
        if self.latex or target.quantity.kind != "carried" or target.time or self.judge.judged(right, target).right:
            return target
        return replace(target, time=-1)

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
                written = ""
                if judgement.mended is not None:
                    writer = self.writer
                    mended = styled(judgement.mended, self.style)
                    sign = next((sign for sign in ADDED if sign in formula.text), "=")
                    changes = judgement.changes
                    is_left = bool(changes) and changes[0].kind == "left side"
                    left = changes[0].right if is_left and isinstance(changes[0].right, Leaf) else target
                    written = f"{writer.name(left)} {sign} {writer.write(mended)}"
                return Finding(formula, "wrong", target, judgement, written, sides=(target, side))
        return Finding(formula, "right", target, judgement, sides=(target, trees[-1]))

    def of_update(self, formula: Formula, line: Line, left: Symbol, place: int, explain: bool) -> Finding:
        """A line that adds to its left side; of a gradient, what one step adds."""
        key, added = update_key(left), line.sides[1]
        target = self.target(left)
        if target is None:
            raise Unreadable(f"{left.form} is no name of the cell, and lines add to it")
        alone = added if line.adds else without_self(added, key)
        if "gradient" in target.quantity.kind:
            return self.judged(formula, target, [self.leaves(alone)], explain)
        if not is_sum(line):
            return self.of_rescaling(formula, target, added, left, explain)
        if not self.latex and target.quantity.kind == "carried":
            target = replace(target, time=-1)
        grown = tree.total(((1, left), (1, added))) if line.adds else added
        before = self.state.trees.get(f"={key}")
        first = [before] if before is not None else list(starts(target, self.names.derivation.cell))
        wholes = [resolved_with(grown, key, start, self.leaves) for start in first]
        if target.time == -1:
            wholes += [self.leaves(alone)]
        is_last = place == self.last[key]
        if any(self.judge.judged(whole, target).right for whole in (wholes if is_last else wholes[len(first) :])):
            return Finding(formula, "right", target)
        summed = wholes[-1] if target.time == -1 and before is None else wholes[0]
        if not is_last or (target.time == -1 and self.is_part_of_sent(summed, target)):
            self.state.trees[f"={key}"] = summed
            return Finding(formula, "own", target, reason="later lines add to it")
        return self.judged(formula, target, [summed], explain)

    def is_part_of_sent(self, line: Node, target: Leaf) -> bool:
        """Whether a line is of some of the terms that a step sends to the state before it."""
        derived = self.judge.derived.line(target.quantity, target.time)
        try:
            found = self.evaluator.value(line, WATCHED)
        except ShapeMismatch:
            return False
        return any(self.judge.equal(found, terms) for terms in some_terms(derived))

    def of_rescaling(self, formula: Formula, target: Leaf, added: Node, left: Symbol, explain: bool) -> Finding:
        """di = di * i * (1 - i): from here on the name is the adjoint of the sum that the gate is a function of."""
        summed = self.names.before.get(target.quantity.name)
        after = Leaf(Quantity("adjoint", summed), target.time, target.form) if summed else target
        found = self.judged(formula, after, [resolved_with(added, update_key(left), target, self.leaves)], explain)
        self.state.own[own_key(left)] = Leaf(after.quantity, 0, target.form)
        return found

    def definition(self, formula: Formula, left: Node, sides: list[Node], explain: bool) -> Finding:
        """A name of the text's own: what it is by its value, if the cell has that."""
        if not isinstance(left, Symbol) or len(sides) != 1:
            raise Unreadable("the left side is nothing of the cell")
        right = self.leaves(sides[0])
        key = own_key(left)
        self.evaluator.forget(key)
        self.state.trees[key] = right
        self.state.own[key] = own = Leaf(Quantity("own", key), -(left.time or 0), left.form)
        equals = None
        try:
            for step in range(STEPS):  # known from here on, so that names made of names are not worked out again
                self.evaluator.leaf(Leaf(Quantity("own", key), 0), step)
            equals = self.judge.meant(right) if explain else None
            if self.latex and explain and equals is None and key in self.state.equal:
                again = self.of_meant(formula, left, sides, self.state.equal[key], explain)
                if again.judgement is not None and (again.judgement.changes or again.judgement.factor):
                    return replace(again, by_use=False)
                self.state.own[key] = own
            if equals is not None and equals.time == (left.time or 0) == 0:
                self.state.equal[key] = equals.quantity
            is_part = explain and equals is None and self.judge.is_part(right)
        except ShapeMismatch as mismatch:
            status = "aside" if isinstance(right, tree.Stack) else "unread"  # a list of parameters
            return Finding(formula, status, reason=f"the shapes do not fit: {mismatch}")
        return Finding(formula, "own", equals=equals, is_part=is_part, sides=(replace(own, time=left.time or 0), right))

    def of_meant(self, formula: Formula, left: Symbol, sides: list[Node], meant: Quantity, explain: bool) -> Finding:
        """A name of the text's own that by its uses is a quantity of the cell: its line is judged as that one's."""
        target = Leaf(meant, left.time or 0, left.form)
        found = self.judged(formula, target, [self.leaves(side) for side in sides], explain)
        self.state.own[own_key(left)] = Leaf(meant, 0, left.form)
        return replace(found, by_use=True)

    def adjoint_like(self, part: Node, candidates: tuple[str, ...]) -> str:
        """Of which of these quantities a formula is the adjoint, "" if of none."""
        try:
            line = self.leaves(part)
        except Unreadable:
            return ""
        leaves = {name: Leaf(Quantity("adjoint", name), 0) for name in candidates}
        return next((name for name, leaf in leaves.items() if self.judge.judged(line, leaf).right), "")


def _is_zeros(formula: Formula) -> bool:
    """Whether an array of zeros is made, as a first value."""
    return any(f"zeros{mark}" in formula.text for mark in ("(", "_like("))
