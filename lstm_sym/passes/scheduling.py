"""Schedule: what runs before the time loop, in it, and after it; and what runs together.

* before: everything that depends on whole sequences alone (input products, biases, slopes of saved values), for all t
  at once. Inputs are whole sequences, and in a backward program so is everything on the tape.
* loop: what the carried values need.
* after: what no carried value needs (outputs, input adjoints, weight gradients), for all t at once.

Affine maps into a group are cut into pieces, one an operand, so that slots that share an operand are one product.
A sum that the loop needs, and that is kept, is begun before it with those terms that read whole sequences alone.
Statements of the same form in neighbouring slots become one run.

For a compiled target a schedule is `fused`: products alone run before and after the loop, as BLAS is best at many rows
at once; all that is element by element runs in it, one statement a run, for a loop over units to hold in registers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.ground.groups import grouped, runs
from lstm_sym.passes.layout import Layout, Place
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Value

_BOTH = (True, False)


@dataclass(frozen=True)
class Piece:
    """Part of an affine map into a slot: terms over one operand; `first` if it assigns and does not add."""

    target: Value
    terms: tuple[Term, ...]
    first: bool
    statement: Affine


@dataclass(frozen=True)
class Summand(Pointwise):
    """Some terms of a pointwise sum: the first, which read nothing `varying`, or those that are added to them."""

    first: bool = True
    varying: frozenset[sympy.Symbol] = frozenset()


@dataclass(frozen=True)
class Run:
    """Pieces or statements in neighbouring slots, in slot order, that one line of code computes."""

    parts: tuple[Piece | Statement, ...]


@dataclass(frozen=True)
class Schedule:
    """The three regions of a program, each in order; `stored` are values with an array over all t, `kept` those of them
    that must be there, whole, after the loop. `fused`: all that is element by element is in the loop; `streamed`: all.
    """

    program: Program
    layout: Layout
    before: tuple[Run, ...]
    loop: tuple[Run, ...]
    after: tuple[Run, ...]
    stored: frozenset[Value]
    kept: frozenset[Value]
    fused: bool = False
    streamed: bool = False


def schedule(
    program: Program,
    layout: Layout,
    keep: frozenset[Value] = frozenset(),
    fused: bool = False,
    begun: frozenset[Value] = frozenset(),
    streamed: bool = False,
) -> Schedule:
    """Schedule a program; values in `keep` are stored for every t as well (the tape).

    begun: values that are stored, of which sums may be begun before the loop.
    streamed: whether the inputs come step by step, so that all is in the loop.
    """
    needed = _needed_by_carries(program)
    whole = {*program.inputs, *program.parameters, *program.constants}
    # What a backward step sends to the one before is a plain variable, never a whole sequence.
    sent = {carry.outgoing for carry in program.carries} if program.direction < 0 else set()
    into_products = _read_by_whole_products(program, whole) if fused else None
    parts: dict[str, list[Piece | Statement]] = {"before": [], "loop": [], "after": []}
    late: set[Value] = set()
    for statement in program.statements:
        regions = set()
        for part in _summands(statement, whole) if statement.target in begun else _pieces(statement, layout, whole):
            region = "loop" if streamed else _region(part, whole, needed, sent)
            if into_products is not None:
                region = _fused_region(part, region, into_products, late)
            parts[region].append(part)
            regions.add(region)
        if "after" in regions:
            late.add(statement.target)
        if regions == {"before"} and statement.target not in sent:
            whole.add(statement.target)
    known = {*program.inputs, *program.parameters, *program.constants}
    known |= {carry.incoming for carry in program.carries}
    assigned: set[Value] = set()
    before, loop, after = (_Ordering(parts[region], known, layout, assigned, fused).run() for region in parts)
    stored = keep if streamed else _stored(program, parts, whole, keep)
    return Schedule(program, layout, before, loop, after, stored, keep | set(program.outputs), fused, streamed)


def _read_by_whole_products(program: Program, given: set[Value]) -> set[Value]:
    """The values of whole sequences from which products of whole sequences are computed."""
    whole, found = set(given), set[Value]()
    for statement in program.statements:
        if not isinstance(statement, Accumulate) and _is_whole(statement, whole):
            whole.add(statement.target)
    for statement in reversed(program.statements):
        if isinstance(statement, Affine):
            found |= {t.operand for t in statement.terms if t.is_product and t.operand in whole and t.operand}
        if statement.target in found and statement.target in whole:
            found |= set(statement.reads())
    return found


def _fused_region(part: Piece | Statement, region: str, into_products: set[Value], late: set[Value]) -> str:
    """Where a part runs in a fused schedule, given where it would run in one that is not."""
    terms = part.terms if isinstance(part, Piece | Affine) else ()
    if isinstance(part, Accumulate) or part.target.time is None or any(term.is_product for term in terms):
        return region
    if region == "before":
        return "before" if part.target in into_products else "loop"
    return region if late.intersection(_reads(part)) else "loop"


def _region(part: Piece | Statement, whole: set[Value], needed: set[Value], sent: set[Value]) -> str:
    if isinstance(part, Accumulate):
        return "after"
    if _is_whole(part, whole) and part.target not in sent:
        return "before"
    return "loop" if part.target in needed else "after"


def _is_whole(part: Piece | Statement, whole: set[Value]) -> bool:
    """Whether all steps can be computed at once; a constant that varies with nothing belongs to its step."""
    reads = _reads(part)
    return all(value in whole for value in reads) and (bool(reads) or part.target.time is None)


def _needed_by_carries(program: Program) -> set[Value]:
    """What the loop must compute: all that reaches a carried value, and what reads one that is not kept over time."""
    needed = {carry.outgoing for carry in program.carries}
    passing = {carry.incoming for carry in program.carries} if program.direction < 0 else set()
    for statement in reversed(program.statements):
        if passing.intersection(statement.reads()) and not isinstance(statement, Accumulate):
            needed.add(statement.target)
        if statement.target in needed:
            needed.update(statement.reads())
    return needed


def _stored(
    program: Program, parts: dict[str, list[Piece | Statement]], whole: set[Value], keep: frozenset[Value]
) -> frozenset[Value]:
    """Values that are whole sequences, begun before the loop, computed or read after it, kept, or handed out."""
    begun = {part.target for part in (*parts["before"], *parts["after"]) if not isinstance(part, Accumulate)}
    read_after = {value for part in parts["after"] for value in _reads(part)}
    constant = {*program.parameters, *program.constants}
    return frozenset((whole | begun | keep | read_after | set(program.outputs)) - constant)


def _reads(part: Piece | Statement) -> tuple[Value, ...]:
    if isinstance(part, Piece):
        return tuple(value for term in part.terms for value in term.reads())
    return part.reads()


def _pieces(statement: Statement, layout: Layout, whole: set[Value]) -> list[Piece | Statement]:
    """An affine map into a slot: a piece per operand of a product, one for the rest that is whole, one for the rest."""
    if not isinstance(statement, Affine) or not _into_slot(statement, layout):
        return [statement]

    def key(term: Term) -> object:
        is_whole = all(value in whole for value in term.reads())
        return ("product", term.operand, _kind(term)) if term.is_product else ("rest", is_whole, term.is_diagonal)

    buckets = grouped(statement.terms, key).values()
    return [Piece(statement.target, tuple(terms), False, statement) for terms in buckets]


def _summands(statement: Statement, whole: set[Value]) -> list[Piece | Statement]:
    """A pointwise sum as its terms of whole sequences, and the others; any other statement as it is."""
    if not isinstance(statement, Pointwise) or not isinstance(statement.expression, sympy.Add):
        return [statement]
    varying = frozenset(value.symbol for value in statement.operands if value not in whole)
    cut = [[t for t in statement.expression.args if t.free_symbols.isdisjoint(varying) == early] for early in _BOTH]
    steady = [v.symbol for v in statement.operands if v.time is None]
    if not cut[1] or all(term.free_symbols.issubset(steady) for term in cut[0]):
        return [statement]
    sums = [sympy.Add(*terms) for terms in cut]
    read = [tuple(v for v in statement.operands if v.symbol in expression.free_symbols) for expression in sums]
    return [
        Summand(statement.target, expression, operands, statement.provenance, first, varying)
        for expression, operands, first in zip(sums, read, _BOTH, strict=True)
    ]


def _into_slot(statement: Affine, layout: Layout) -> bool:
    plain = all(not t.transposed and t.coefficient == 1 for t in statement.terms if t.is_product)
    return plain and layout.place(statement.target) is not None


def _kind(term: Term) -> str:
    return term.weight.role.value if term.weight is not None else ""


class _Ordering:
    """List scheduling of one region: single statements as soon as they are ready, then the largest run."""

    def __init__(
        self,
        parts: list[Piece | Statement],
        known: set[Value],
        layout: Layout,
        assigned: set[Value],
        fused: bool,
    ) -> None:
        self.parts, self.layout, self.assigned, self.fused = list(parts), layout, assigned, fused
        self.pending: dict[Value, int] = {}
        for part in parts:
            self.pending[part.target] = self.pending.get(part.target, 0) + 1
        self.unknown = {v for part in parts for v in _reads(part) if v in self.pending and v not in known}
        self.runs: list[Run] = []

    def run(self) -> tuple[Run, ...]:
        """All parts of the region in order."""
        while self.parts:
            ready = [part for part in self.parts if not any(v in self.unknown for v in _reads(part))]
            single = self.single([part for part in ready if self.key(part) is None])
            together = [part for part in ready if self.key(part) is not None]
            self.emit([single] if single is not None else self.largest(together))
        return tuple(self.runs)

    def single(self, alone: list[Piece | Statement]) -> Piece | Statement | None:
        """The next of those that run alone: in order; where they are fused, products after all else."""
        if not self.fused:
            return next(iter(alone), None)
        products = {part.target for part in self.parts if isinstance(part, Piece) and part.terms[0].is_product}
        ready = [p for p in alone if not (isinstance(p, Piece) and p.target in products) or p.terms[0].is_product]
        ready.sort(key=lambda part: isinstance(part, Affine | Maximum))
        return next(iter(ready), None)

    def largest(self, ready: list[Piece | Statement]) -> list[Piece | Statement]:
        """The largest set of ready parts with the same key; of equal ones the first."""
        return max(grouped(ready, self.key).values(), key=len)

    def emit(self, parts: list[Piece | Statement]) -> None:
        """Append parts as runs of neighbouring slots, and note what is known now."""
        for run in self.neighbours(parts):
            marked = tuple(self.marked(part) for part in run)
            self.runs.append(Run(marked))
        for part in parts:
            self.parts.remove(part)
            self.pending[part.target] -= 1
            if not self.pending[part.target]:
                self.unknown.discard(part.target)

    def marked(self, part: Piece | Statement) -> Piece | Statement:
        """A piece, told whether it is the first to reach its slot."""
        if not isinstance(part, Piece):
            return part
        first = part.target not in self.assigned
        self.assigned.add(part.target)
        return replace(part, first=first)

    def neighbours(self, parts: list[Piece | Statement]) -> list[list[Piece | Statement]]:
        """Cut parts into runs of consecutive slots."""
        if len(parts) == 1 or self.key(parts[0]) is None:
            return [[part] for part in parts]

        def follows(before: Piece | Statement, part: Piece | Statement) -> bool:
            same_start = (part.target in self.assigned) == (before.target in self.assigned)
            return same_start and self.place(part).slot == self.place(before).slot + 1

        return runs(sorted(parts, key=lambda part: self.place(part).slot), follows)

    def place(self, part: Piece | Statement) -> Place:
        """The place of a part's target; only asked of parts that have a key."""
        place = self.layout.place(part.target)
        assert place is not None
        return place

    def key(self, part: Piece | Statement) -> object:
        """What parts of one run have in common, or None for a part that runs alone."""
        place = self.layout.place(part.target)
        if place is None:
            return None
        match part:
            case Piece():
                return self.piece_key(part, place)
            case Pointwise():
                pattern = None if self.fused else slot_pattern(part, self.layout)
                return None if pattern is None else (place.group, place.row, pattern)
            case Accumulate() | Affine() | Maximum():
                return None
        assert_never(part)

    def piece_key(self, piece: Piece, place: Place) -> object:
        """Products of one operand, and biases, run together; element-wise terms run alone."""
        first = piece.terms[0]
        if first.is_product and len(piece.terms) == 1:
            return place.group, place.row, "product", first.operand, _kind(first)
        if not self.fused and all(term.operand is None and term.coefficient == 1 for term in piece.terms):
            return place.group, place.row, "bias", len(piece.terms), _kind(first)
        return None


def slot_pattern(statement: Pointwise, layout: Layout) -> Expr | None:
    """The expression with each operand replaced by its row, if all stand in the slot of the target.

    Statements of one pattern in neighbouring slots are one line of code.
    """
    place = layout.place(statement.target)
    rows = {}
    for value in statement.operands:
        at = layout.place(value)
        if at is None or place is None or at.group != place.group or at.slot != place.slot:
            return None
        rows[value.symbol] = sympy.Symbol("/".join(at.row) or "pre-activation")
    return statement.expression.xreplace(rows)
