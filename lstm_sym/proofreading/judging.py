"""Whether a line is right, and if not, which single mistake, or which two, make it of the right one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from lstm_sym.interpreter.evaluation import Array
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.derived import Derived
from lstm_sym.proofreading.errors import ShapeMismatch
from lstm_sym.proofreading.evaluation import Evaluator, diagonal, shape
from lstm_sym.proofreading.rewrites import Material, Rewrite, rewrites_of
from lstm_sym.proofreading.sequence import BATCH, STEPS, WATCHED
from lstm_sym.proofreading.tree import Leaf, Node, Quantity
from lstm_sym.proofreading.writing import Style

BAR = 1e-8
"""Relative error up to which a line is right."""
FACTORS = {
    -1.0: "-1", 2.0: "2", 0.5: "1/2", float(BATCH): "B", 1 / BATCH: "1/B", float(STEPS): "T", 1 / STEPS: "1/T",
    3.0: "3", 4.0: "4", 0.25: "1/4", -2.0: "-2", -0.5: "-1/2",
}  # fmt: skip
"""A factor by which a whole line is off -> how it is written."""
SINGLE, PAIRS = 400_000, 150_000
"""How many parts of formulas are worked out to mend a line by one change, and by two: a long line has fewer tries."""
MENDING = ("forward", "parameter", "adjoint", "carried", "direct", "dy")
"""The kinds of quantity that lines are mended with."""
FIRST_OF_PAIR = ("sign", "time", "transpose", "superfluous transpose", "other quantity", "complement", "square",
                 "missing slope", "missing factor", "superfluous factor", "order", "function", "superfluous function",
                 "superfluous square", "slope of the other function", "product", "grouping", "part", "missing term",
                 "superfluous term")  # fmt: skip
"""The kinds of change that are tried two at a time."""


@dataclass(frozen=True)
class Judgement:
    """error: relative, 0.0 up to rounding for a right line, None where the shapes do not even fit, `problem` says how.

    changes: what mends it, none for a right line and where nothing small does; mended: the line as it should be.
    factor: what a whole line is off by.
    """

    right: bool
    error: float | None
    problem: str = ""
    factor: str = ""
    changes: tuple[Rewrite, ...] = ()
    mended: Node | None = None


@dataclass(frozen=True)
class Judge:
    """Judges lines in one reading of a text."""

    evaluator: Evaluator
    derived: Derived
    style: Style
    known: dict[Quantity, list[Leaf]] = field(default_factory=dict)

    def expected(self, target: Leaf, line: Node) -> list[Array]:
        """What the left side may be: of a gradient the sum, or what one step adds; of a state a step before, the part
        that is sent there too; of a derivative of one step the one along every path, or the one of its equation alone.
        """
        quantity, sequence = target.quantity, self.evaluator.sequence
        value = self.evaluator.leaf
        if quantity.kind == "gradient":
            summed = any(isinstance(node, tree.Operation) and node.kind == "time" for node in line.walk())
            step = self.evaluator.placed(sequence.at(quantity, WATCHED))
            return [value(target, WATCHED), *([] if summed else [step])]
        if quantity.kind == "packed gradient":
            parts = self.evaluator.parts(quantity)
            step = self.evaluator.stacked([self.evaluator.placed(sequence.at(part, WATCHED)) for part in parts])
            return [value(target, WATCHED), step]
        if quantity.kind == "partial":
            return self.partials(quantity.name, WATCHED + target.time)
        found = [value(target, WATCHED)]
        state = quantity.name in sequence.derivation.cell.states
        if quantity.kind == "adjoint" and target.time == -1 and state:
            found.append(value(Leaf(Quantity("carried", quantity.name), -1), WATCHED))
        return found

    def partials(self, name: str, t: int) -> list[Array]:
        """A derivative of one step: along every path or by its equation alone, as a matrix or as a diagonal.

        Where the equation alone gives zero, the derivative is meant along every path.
        """
        found = []
        matrices = [self.evaluator.jacobian(name, t, whole=whole) for whole in (False, True)]
        for matrix in [matrix for matrix in matrices if matrix.any()] or matrices:
            found.append(matrix)
            found += [matrix.swapaxes(-1, -2)] if self.evaluator.reading.rows else []
            if diagonal(matrix):
                found.append(self.evaluator.vector(np.einsum("bii->bi", matrix)))
        return found

    def errors(self, line: Node, target: Leaf, expected: list[Array]) -> Iterator[tuple[float, Array, Array]]:
        """Relative error to each that is expected, with the two arrays. Raises ShapeMismatch where no shape fits."""
        found = self.evaluator.value(line, WATCHED)
        fits = False
        for array in expected:
            one = found
            if "gradient" in target.quantity.kind:
                one = one.sum(axis=0, keepdims=True) if len(one) == BATCH else one
                if one.shape[1:] == array.shape[:0:-1] and 1 in one.shape[1:]:
                    one = one.swapaxes(-1, -2)
            if one.shape[1:] == array.shape[1:]:
                fits = True
                size = float(np.abs(array).max())
                difference = float(np.abs(one - array).max())
                yield (difference / size if size else float(difference > 0)), one, array
        if not fits:
            raise ShapeMismatch(f"{shape(found)} = {shape(expected[0])}")

    def judged(self, line: Node, target: Leaf) -> Judgement:
        """Whether the line is right, no reason sought."""
        try:
            with np.errstate(all="ignore"):
                errors = list(self.errors(line, target, self.expected(target, line)))
        except ShapeMismatch as mismatch:
            return Judgement(False, None, str(mismatch))
        error = min(error for error, _, _ in errors)
        return Judgement(error <= BAR, error)

    def explained(self, line: Node, target: Leaf) -> Judgement:
        """The same with the mistake, the likeliest first."""
        judgement = self.judged(line, target)
        if judgement.right:
            return judgement
        factor = self.factor(line, target)
        if factor in FACTORS.values() and factor not in ("-1",):
            return Judgement(
                False, judgement.error, factor=factor, mended=self.derived.line(target.quantity, target.time)
            )
        every = list(islice(rewrites_of(line, self.material(target)), SINGLE // _size(line)))
        mends = (r for r in every if self.right(r.line, target) and not _circular(r.line, line, target))
        rewrite = self.likeliest(mends, line)
        if rewrite is not None:
            return Judgement(False, judgement.error, judgement.problem, "", (rewrite,), rewrite.line)
        meant = self.meant(line) if not isinstance(line, Leaf) else None
        if meant is not None:
            other = Rewrite("left side", target, meant, line)
            return Judgement(False, judgement.error, judgement.problem, "", (other,), line)
        found = self.pair(every, target)
        if found:
            return Judgement(False, judgement.error, judgement.problem, "", found, found[-1].line)
        is_zero = not any(array.any() for array in self.expected(target, line))
        mended = tree.Number(0, "0") if is_zero else self.derived.line(target.quantity, target.time)
        return Judgement(False, judgement.error, judgement.problem, factor, (), mended)

    def mended_to(self, parts: list[Array], line: Node, target: Leaf) -> Judgement | None:
        """What makes a line one of these, the likeliest single change; None if none does."""
        every = islice(rewrites_of(line, self.material(target)), SINGLE // _size(line))
        mends = (mend for mend in every if any(self.equal(part, mend.line) for part in parts))
        mend = self.likeliest((mend for mend in mends if not _circular(mend.line, line, target)), line)
        return Judgement(False, None, changes=(mend,), mended=mend.line) if mend is not None else None

    def likeliest(self, mends: Iterator[Rewrite], line: Node) -> Rewrite | None:
        """The first change that brings no name into a line which the text has not, else the first, None if none."""
        first = next(mends, None)
        if first is None or not self.is_foreign(first, line):
            return first
        return next((mend for mend in mends if not self.is_foreign(mend, line)), first)

    def is_foreign(self, mend: Rewrite, line: Node) -> bool:
        """Whether a change brings a name into a line for which neither that line nor the text has one."""
        inside = {leaf.quantity for leaf in _leaves(line)}
        return any(leaf.quantity not in self.known and leaf.quantity not in inside for leaf in _leaves(mend.line))

    def meant(self, line: Node) -> Leaf | None:
        """The quantity whose value a formula has, None if there is none."""
        for quantity in self.evaluator.sequence.values:
            if quantity.kind != "parameter":
                for time in (0,) if quantity.kind == "gradient" else (0, -1, 1):
                    if self.judged(line, Leaf(quantity, time)).right:
                        return Leaf(quantity, time)
        return None

    def is_part(self, line: Node) -> bool:
        """Whether a formula has the value of a part of a derived line, as 1 - i has of the slope of i."""
        found = self.evaluator.value(line, WATCHED)
        lines = (self.derived.line(quantity, 0) for quantity in self.evaluator.sequence.values)
        parts = (part for whole in lines if whole is not None for part in whole.walk())
        return any(self.equal(found, part) for part in parts if isinstance(part, tree.Sum | tree.Product | tree.Call))

    def equal(self, found: Array, part: Node) -> bool:
        """Whether an array is the value of a formula."""
        try:
            value = self.evaluator.value(part, WATCHED)
        except (ShapeMismatch, KeyError):
            return False
        return value.shape[1:] == found.shape[1:] and bool(np.abs(value - found).max() <= BAR * np.abs(value).max())

    def pair(self, every: list[Rewrite], target: Leaf) -> tuple[Rewrite, Rewrite] | None:
        """Two changes that mend the line together."""
        first = [rewrite for rewrite in every if rewrite.kind in FIRST_OF_PAIR][:250]
        found = self.pairs(first, target)
        return next(islice(found, 1), None)

    def pairs(self, first: list[Rewrite], target: Leaf) -> Iterator[tuple[Rewrite, Rewrite]]:
        """Every pair that mends it."""
        tried, most = 0, PAIRS // _size(first[0].line) if first else 0
        material = self.material(target)
        for one in first:
            if one.kind in ("missing term", "missing factor", "other quantity", "missing slope"):
                continue
            for other in rewrites_of(one.line, material):
                if other.kind not in FIRST_OF_PAIR:
                    continue
                tried += 1
                if tried > most:
                    return
                if self.right(other.line, target) and not _circular(other.line, one.line, target):
                    yield one, other

    def right(self, line: Node, target: Leaf) -> bool:
        """Whether a changed line is right, and not because the change makes nothing of it."""
        try:
            with np.errstate(all="ignore"):
                errors = self.errors(line, target, self.expected(target, line))
                return any(error <= BAR and found.any() for error, found, _ in errors)
        except (ShapeMismatch, KeyError):
            return False

    def factor(self, line: Node, target: Leaf) -> str:
        """What the whole line is off by, "" if it is not off by a factor."""
        try:
            pairs = list(self.errors(line, target, self.expected(target, line)))
        except ShapeMismatch:
            return ""
        for _, found, array in pairs:
            size = float((array * array).sum())
            ratio = float((array * found).sum()) / size if size else 0.0
            if ratio and np.abs(found - ratio * array).max() <= BAR * np.abs(found).max():
                near = next((text for value, text in FACTORS.items() if abs(ratio / value - 1) <= BAR), "")
                return near or f"{ratio:.6g}"
        return ""

    def material(self, target: Leaf) -> Material:
        """What lines are mended with; the quantities that the text names before the others."""
        derived = self.derived.line(target.quantity, target.time)
        named = [leaf for leaves in self.known.values() for leaf in leaves if leaf.quantity.kind in MENDING]
        inside = [node for node in derived.walk() if isinstance(node, Leaf)] if derived is not None else []
        every = [*inside, *named]
        for quantity in (q for q in self.evaluator.sequence.values if q.kind in MENDING):
            times = (0, -1, 1) if quantity.kind in ("forward", "adjoint") else (0,)
            every += [Leaf(quantity, time) for time in times]
        every.append(Leaf(Quantity("dy"), 0))
        leaves = list({(leaf.quantity, leaf.time): Leaf(leaf.quantity, leaf.time) for leaf in every}.values())
        leaves = [leaf for leaf in leaves if leaf.quantity != target.quantity or leaf.time != target.time]
        terms: list[Node] = []
        if derived is not None:
            body = derived.body if isinstance(derived, tree.Operation) else derived
            terms += [term for _, term in body.terms] if isinstance(body, tree.Sum) else [body]
        terms += [leaf for leaf in leaves if leaf.quantity.kind in ("carried", "dy", "adjoint", "forward")]
        slopes = [self.derived.line(q, 0) for q in self.evaluator.sequence.values if q.kind == "slope"]
        return Material(leaves, terms, [slope for slope in slopes if slope is not None], self.style)


def _circular(changed: Node, line: Node, target: Leaf) -> bool:
    """Whether a change puts the left side itself into the line."""
    count = [
        sum((n.quantity, n.time) == (target.quantity, target.time) for n in _leaves(node)) for node in (changed, line)
    ]
    return count[0] > count[1]


def _size(node: Node) -> int:
    """How many parts a formula has."""
    return sum(1 for _ in node.walk())


def _leaves(node: Node) -> Iterator[Leaf]:
    return (part for part in node.walk() if isinstance(part, Leaf))
