"""The lines of a text in one reading: each resolved, tried on numbers, and mended where it is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import product

import numpy as np

from lstm_sym.interpreter.evaluation import Array
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.entries import Entry
from lstm_sym.proofreading.errors import ShapeMismatch, Unreadable
from lstm_sym.proofreading.findings import Finding
from lstm_sym.proofreading.formulas import Formula
from lstm_sym.proofreading.layers import is_the_rest, terms_of_the_loss, with_loss
from lstm_sym.proofreading.lost import changed_together, is_changed
from lstm_sym.proofreading.names import own_key
from lstm_sym.proofreading.parser import Line
from lstm_sym.proofreading.resolver import Resolver
from lstm_sym.proofreading.sequence import STEPS, WATCHED
from lstm_sym.proofreading.tree import Leaf, Node, Quantity, Symbol
from lstm_sym.proofreading.updates import (
    is_sum,
    is_update,
    resolved_with,
    sent,
    some_terms,
    starts,
    update_key,
    without_self,
)

SLIPS_OF_SHAPE = ({"superfluous term"}, {"transpose"})
"""Mistakes by which a line of a quantity of the cell is of another shape."""


class LineReader(Resolver):
    """Goes through the lines of a text in one reading."""

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

    def finding(self, place: int, *, explain: bool) -> Finding:
        """What is found of one line; a name that it changes and that is not understood is lost."""
        entry = self.entries[place]
        found = self.found(entry, place, explain)
        left = entry.line.sides[0] if entry.line else entry.left
        if not self.latex:
            self.state.lost |= dict.fromkeys(changed_together(entry), entry.formula.line)
        if isinstance(left, Symbol) and not self.latex:
            key = own_key(left)
            if found.status in ("unread", "aside") and (key in self.state.own or is_changed(entry, left)):
                self.state.lost[key] = entry.formula.line
            elif found.status not in ("unread", "aside"):
                self.state.lost.pop(key, None)
        return found

    def found(self, entry: Entry, place: int, explain: bool) -> Finding:
        """What is found of one line."""
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
        if isinstance(left, Symbol):  # what an earlier line made of it is over
            self.state.own.pop(own_key(left), None)
            if isinstance(trees[-1], Leaf) and self.judge.judged(trees[-1], target).right:
                self.state.given.add(own_key(left))
        return self.judged(formula, target, trees, explain)

    def is_its_own(self, left: Symbol, target: Leaf, right: Node, explain: bool) -> bool:
        """Whether a name that may be one of the cell is the text's own: it is something else, and the text has another
        name for what it may be, or what it may be is a size; or it is of another shape, or something else of the cell.
        """
        if not self.names.is_guess(left) or own_key(left) in self.state.given:
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

    def through_a_layer(self, formula: Formula, line: Line, target: Leaf, explain: bool) -> Finding | None:
        """The finding with a term that the loss gives through a layer after the cell; None if that mends nothing."""
        for term in terms_of_the_loss(line.sides[-1], self.is_known) if len(line.sides) == 2 else ():
            written = self.writer.write(term)
            side = self.leaves(self.whole(with_loss(line.sides[-1], term, written, target.time), target))
            found = self.judged(formula, target, [side], explain)
            if found.status == "right" or is_the_rest(found.judgement, side):
                return replace(found, reason=f"{written} is taken for what the loss gives", loss=term)
        return None

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

    def of_update(self, formula: Formula, line: Line, left: Symbol, place: int, explain: bool) -> Finding:
        """A line that adds to its left side; of a gradient, what one step adds."""
        key, added = update_key(left), line.sides[1]
        target = self.target(left)
        grown = tree.total(((1, left), (1, added))) if line.adds else added
        if target is None:
            before = self.state.trees.get(own_key(left))
            if before is None or left.time:
                raise Unreadable(f"{left.form} is no name of the cell, and it is changed")
            return self.definition(formula, left, [resolved_with(grown, key, before, self.leaves)], explain)
        alone = added if line.adds else without_self(added, key)
        if "gradient" in target.quantity.kind:
            return self.judged(formula, target, [self.leaves(alone)], explain)
        if not is_sum(line) and target.quantity.kind == "forward":
            return self.judged(formula, target, [self.leaves(added)], explain)
        if not is_sum(line):
            return self.of_rescaling(formula, target, added, left, explain)
        if not self.latex and target.quantity.kind == "carried":
            target = replace(target, time=-1)
        before = self.state.trees.get(f"={key}")
        first = [before] if before is not None else list(starts(target, self.names.derivation.cell))
        wholes = [resolved_with(grown, key, start, self.leaves) for start in first]
        if target.time == -1:
            return self.of_sent(formula, target, key, self.leaves(alone), wholes, place, explain)
        is_last = place == self.last[key]
        if is_last and any(self.judge.judged(whole, target).right for whole in wholes):
            return Finding(formula, "right", target)
        if is_last:
            return self.judged(formula, target, wholes[:1], explain)
        self.state.trees[f"={key}"] = wholes[0]
        return Finding(formula, "own", target, reason="later lines add to it")

    def of_sent(
        self, formula: Formula, target: Leaf, key: str, alone: Node, wholes: list[Node], place: int, explain: bool
    ) -> Finding:
        """What a line adds to the adjoint of the step before: all that this step sends there, or some of its terms."""
        before = self.state.trees.get(f"={key}")
        is_last = place == self.last[key]
        if any(self.judge.judged(whole, target).right for whole in (alone, *(wholes if is_last else ()))):
            return Finding(formula, "right", target)
        summed = alone if before is None else wholes[0]
        parts = self.parts_of_sent(target)
        is_part = any(self.judge.equal(part, alone) for part in parts)
        if explain and not is_part and (before is not None or not is_last):
            slip = self.judge.mended_to(self.rest_of_sent(key, place, target), alone, target)
            if slip is not None:
                return self.wrong(formula, target, alone, slip)
        if not is_last or is_part or any(self.judge.equal(part, summed) for part in parts):
            self.state.trees[f"={key}"] = summed
            return Finding(formula, "own", target, reason="later lines add to it")
        return self.judged(formula, target, [summed], explain)

    def parts_of_sent(self, target: Leaf) -> list[Array]:
        """The values of some of the terms that a step sends to the state before it; of the output what the loss gives
        there is one.
        """
        derived = self.judge.derived.line(target.quantity, target.time)
        if isinstance(derived, tree.Sum) and target.quantity.name == self.names.derivation.cell.output:
            derived = tree.Sum((*derived.terms, (1, Leaf(Quantity("dy"), target.time))))
        return [self.evaluator.value(terms, WATCHED) for terms in some_terms(derived)]

    def rest_of_sent(self, key: str, place: int, target: Leaf) -> list[Array]:
        """What is left of what may arrive at the state before, without what other lines than this one add to it."""
        lines = [entry.line for number, entry in enumerate(self.entries) if number != place and entry.line]
        lefts = [(line, line.sides[0]) for line in lines]
        others = [line for line, left in lefts if isinstance(left, Symbol) and update_key(left) == key]
        try:
            sides = [self.leaves(without_self(line.sides[-1], key)) for line in others]
            added = sum(self.evaluator.value(side, WATCHED) for side in sides)
        except (ShapeMismatch, Unreadable, KeyError):
            return []
        return [np.asarray(whole - added) for whole in self.judge.expected(target, target)]

    def of_rescaling(self, formula: Formula, target: Leaf, added: Node, left: Symbol, explain: bool) -> Finding:
        """di = di * i * (1 - i): from here on the name is the adjoint of the sum that the gate is a function of; dc of
        dc = dc * f what is sent to the step before.
        """
        name = target.quantity.name
        summed = self.names.before.get(name)
        after = Leaf(Quantity("adjoint", summed) if summed else Quantity("carried", name), target.time, target.form)
        if not summed:
            after = replace(after, time=-1)
        side = resolved_with(added, update_key(left), target, self.leaves)
        is_sent = name in self.names.derivation.cell.states and self.judge.judged(side, after).right
        if not summed and not is_sent:
            raise Unreadable(f"{tree.filled(left.form, left.time or 0)} is another quantity from here on")
        found = self.judged(formula, after, [side], explain)
        self.state.own[own_key(left)] = Leaf(after.quantity, after.time - target.time, target.form)
        return found

    def definition(self, formula: Formula, left: Node, sides: list[Node], explain: bool) -> Finding:
        """A name of the text's own: what it is by its value, if the cell has that."""
        if not isinstance(left, Symbol) or len(sides) != 1:
            raise Unreadable("the left side is nothing of the cell")
        right = self.leaves(sides[0])
        key = own_key(left)
        if any(isinstance(part, Leaf) and part.quantity == Quantity("own", key) for part in right.walk()):
            raise Unreadable(f"{tree.filled(left.form, left.time or 0)} is made of itself at another step")
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
