"""A scheduled program as nodes of code: what runs before the loop over time, in it, and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import assert_never

from lstm_sym.compile.plan import LoopPlan
from lstm_sym.compile.storage import Home, identifier
from lstm_sym.emit import nodes as n
from lstm_sym.emit.parameters import Parameters, field_of, gradient_name, stem
from lstm_sym.ground.groups import grouped, runs
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes import Piece, Place, Run, Summand, slot_pattern
from lstm_sym.program.statements import Accumulate, Affine, Contribution, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value


@dataclass
class Regions:
    """The statements of a function, region by region.

    `rows` are names that the loop binds to the row of each step; `begin` binds what the first step receives.
    """

    begin: list[n.Node] = field(default_factory=list)
    before: list[n.Node] = field(default_factory=list)
    loop: list[n.Node] = field(default_factory=list)
    after: list[n.Node] = field(default_factory=list)
    rows: dict[str, n.Node] = field(default_factory=dict)


class RegionWriter:
    """Writes the regions of one plan."""

    def __init__(self, plan: LoopPlan, numbers: Mapping[str, str]) -> None:
        self.plan, self.storage, self.numbers = plan, plan.storage, numbers
        self.notation = replace(TextNotation.of(plan.program), by_name=True)
        self.names = plan.storage.names
        self.parameters = Parameters(self.names, plan)
        self.regions = Regions()
        self.received: dict[str, Home] = {}
        # The expressions of both forms: what the precise one reads is a value of the program or on the tape.
        stated = [v for s in plan.precisely.values() for v in s.reads()]
        self.symbols = {value.symbol: value for value in (*plan.program.values(), *stated)}

    def run(self) -> Regions:
        """All regions."""
        regions, schedule = self.regions, self.plan.schedule
        for run in schedule.before:
            self.append(regions.before, self.region(run, in_loop=False))
        for run in schedule.loop:
            self.append(regions.loop, self.region(run, in_loop=True))
        accumulations = [s for run in schedule.after for s in run.parts if isinstance(s, Accumulate)]
        for run in schedule.after:
            if not isinstance(run.parts[0], Accumulate):
                self.append(regions.after, self.region(run, in_loop=False))
        for family in grouped(accumulations, self.family_key).values():
            regions.after += self.gradients(family)
        regions.loop += self.rotation()
        return regions

    @staticmethod
    def append(lines: list[n.Node], new: list[n.Node]) -> None:
        """Add statements; two choices of the form in a row are one."""
        if lines and isinstance(lines[-1], n.Choose) and isinstance(new[0], n.Choose):
            last, first = lines.pop(), new[0]
            assert isinstance(last, n.Choose)
            new = [n.Choose(last.precise + first.precise, last.fast + first.fast), *new[1:]]
        lines += new

    def region(self, run: Run, in_loop: bool) -> list[n.Node]:
        """One run, with the steps of the derivation that it is."""
        match first := run.parts[0]:
            case Piece():
                return self.noted(run.parts, self.pieces([p for p in run.parts if isinstance(p, Piece)], in_loop))
            case Affine():
                return self.noted(run.parts, self.affine(first, in_loop))
            case Maximum():
                value = n.Largest(self.reference(first.operand, in_loop), first.weights)
                return self.noted(run.parts, [self.assigned(first.target, value, in_loop)])
            case Summand():
                return self.noted(run.parts, [self.summand(first, in_loop)])
            case Pointwise():
                return self.pointwise_run([part for part in run.parts if isinstance(part, Pointwise)], in_loop)
            case Accumulate():
                raise TypeError("what is summed over time is computed after the loop, by gradients()")
        assert_never(first)

    # Comments

    def noted(self, parts: Sequence[Piece | Statement], nodes: list[n.Node]) -> list[n.Node]:
        """Statements with the equations that they compute: beside a single one, above several."""
        text = "; ".join(filter(None, map(self.comment, parts)))
        if not text:
            return nodes
        if len(nodes) == 1 and isinstance(nodes[0], n.Assign | n.Fill | n.Add):
            return [replace(nodes[0], note=text)]
        return [n.Remark(text), *nodes]

    def comment(self, part: Piece | Statement) -> str:
        """The number of the equation a line computes or continues, and the equation, as the report prints it."""
        statement = part.statement if isinstance(part, Piece) else part
        number = self.numbers.get(statement.provenance.id)
        if number is None:
            return ""
        if number[0] in self.plan.repeats:
            return f"({number})"
        if isinstance(part, Summand):
            return f"({number}) {self.notation.symbol(part.target)} {'=' if part.first else '+='} {self.terms_of(part)}"
        if not isinstance(part, Piece):
            return f"({number}) {self.notation.line(self.plan.lines.get(statement.target, statement))}"
        terms = self.notation.signed([(term.coefficient, self.notation.term(term)) for term in part.terms])
        return f"({number}) {self.notation.symbol(part.target)} {'=' if part.first else '+='} {terms}"

    def terms_of(self, part: Summand) -> str:
        """The terms of a sum as the report prints it, which reads what `part` reads under other names perhaps."""
        printed = self.plan.lines.get(part.target, part)
        assert isinstance(printed, Pointwise)
        terms = [t for t in printed.expression.args if t.free_symbols.isdisjoint(part.varying) == part.first]
        return self.notation.right(replace(printed, expression=printed.expression.func(*terms)))

    # References

    def at(self, home: Home, in_loop: bool) -> n.Node:
        """A value as it is read in this region; a row of an array over time gets a name that the loop binds."""
        whole: n.Node = n.Name(home.name)
        if home.kind == "states":
            whole = n.Steps(n.Name(home.name), "current" if home.offset else "previous")
        if not in_loop or home.kind not in ("whole", "states"):
            return whole
        previous = home.kind == "states" and not home.offset
        name = self.names.get(("row", home), home.name + ("_prev" if previous else "_t"))
        if previous and home.name in self.carried:
            self.received[name] = home
        else:
            self.regions.rows[name] = whole
        return n.Name(name)

    @cached_property
    def carried(self) -> set[str]:
        """The arrays of states of which the loop computes each: what a step receives is what the one before sent."""
        computed = {part.target for run in self.plan.schedule.loop for part in run.parts}
        return {self.storage.home(c.outgoing).name for c in self.plan.program.carries if c.outgoing in computed}

    def reference(self, value: Value, in_loop: bool) -> n.Node:
        """A value, or a parameter, as it is read in this region."""
        if value.is_parameter or value.role is Role.CONSTANT:
            return self.parameters.one(value)
        return self.at(self.storage.home(value), in_loop)

    def slots(self, value: Value, count: int, in_loop: bool) -> n.Node:
        """The neighbouring slots that begin with that of a value."""
        place = self.place(value)
        return self.at(self.storage.slot_home((place.group, place.row), place.slot, place.slot + count), in_loop)

    def place(self, value: Value) -> Place:
        """The slot of a value that has one."""
        place = self.storage.place(value)
        assert place is not None
        return place

    def is_own(self, value: Value, in_loop: bool) -> bool:
        """Whether a value is a variable of its own, and not part of an array that is there."""
        home = self.storage.home(value)
        placed = self.storage.place(value) is not None or home.kind == "states"
        return not placed and not (in_loop and home.kind == "whole")

    def assigned(self, target: Value, value: n.Node, in_loop: bool) -> n.Assign | n.Fill:
        """Into the array that holds the target, or a variable of its own."""
        place = self.at(self.storage.home(target), in_loop)
        if self.is_own(target, in_loop):
            assert isinstance(place, n.Name)
            return n.Assign(place, value)
        return n.Fill(place, value, over_time=not in_loop)

    # Affine maps

    def pieces(self, pieces: list[Piece], in_loop: bool) -> list[n.Node]:
        """A product, biases, or element-wise terms, into neighbouring slots."""
        target, nodes = self.slots(pieces[0].target, len(pieces), in_loop), list[n.Node]()
        for k, term in enumerate(pieces[0].terms):
            value = self.term(term, [piece.terms[k] for piece in pieces], in_loop)
            new = pieces[0].first and k == 0
            nodes.append(n.Fill(target, value, over_time=not in_loop) if new else n.Add(target, value))
        return nodes

    def term(self, term: Term, column: Sequence[Term], in_loop: bool) -> n.Node:
        """One term, over the slots of a run."""
        matrices = [t.weight for t in column if t.weight is not None]
        value: n.Node
        if term.operand is None:
            value = self.parameters.packed(matrices)
        elif term.operator is not None:
            value = n.Mapped(term.operator, self.reference(term.operand, in_loop), term.transposed)
        elif term.is_product:
            value = self.product(term, matrices, in_loop)
        elif matrices:
            value = n.Weighted(self.parameters.one(matrices[0]), self.reference(term.operand, in_loop))
        else:
            value = self.reference(term.operand, in_loop)
        return value if term.coefficient == 1 else n.Scaled(term.coefficient, value)

    def product(self, term: Term, matrices: Sequence[Value], in_loop: bool, operand: n.Node | None = None) -> n.Product:
        """Rows times a matrix or its transpose; whole sequences as one product of T B rows."""
        assert term.operand is not None
        operand = operand or self.reference(term.operand, in_loop)
        over_time = not in_loop and term.operand.time is not None
        if in_loop and not term.transposed:
            matrix, transposed = self.parameters.transposed(matrices)
            return n.Product(operand, matrix, transposed)
        return n.Product(operand, self.parameters.packed(matrices), not term.transposed, over_time)

    def affine(self, statement: Affine, in_loop: bool) -> list[n.Node]:
        """An affine map into a value of its own: products over neighbouring slots are one product."""
        if statement.is_stack:
            parts = tuple(self.reference(t.operand, in_loop) for t in statement.terms if t.operand is not None)
            return [self.assigned(statement.target, n.Stacked(parts), in_loop)]
        families = sorted(self.gather(statement.terms), key=lambda terms: not terms[0].is_product)
        values = [self.gathered(terms, in_loop) for terms in families]
        if isinstance(values[0], n.Name) and len(values) > 1:
            # A name alone must not be updated in place: it may be the caller's array.
            second = values[1]
            if isinstance(second, n.Scaled) and second.coefficient == -1:
                values[:2] = [n.Sum(values[0], second.operand, -1)]
            else:
                values[:2] = [n.Sum(values[0], second)]
        if not self.plan.schedule.stored:  # one step by itself: the line of the paper
            values = [reduce(n.Sum, values)]
        first = self.assigned(statement.target, values[0], in_loop)
        return [first, *(n.Add(first.target, value) for value in values[1:])]

    def gather(self, terms: tuple[Term, ...]) -> list[list[Term]]:
        """Terms W_k^T v_k with v_k in neighbouring slots of one row, together; any other term alone."""

        def key(term: Term) -> object:
            place = self.storage.place(term.operand) if term.operand is not None else None
            joinable = term.is_product and term.transposed and term.coefficient == 1 and place is not None
            return (place.group, place.row, stem(term.weight)) if joinable and place else id(term)

        families = grouped(terms, key).values()
        ordered = (sorted(family, key=self.slot) for family in families)
        return [run for family in ordered for run in runs(family, lambda a, b: self.slot(b) == self.slot(a) + 1)]

    def slot(self, term: Term) -> int:
        """The slot of a term's operand, -1 without one."""
        place = self.storage.place(term.operand) if term.operand is not None else None
        return place.slot if place is not None else -1

    def gathered(self, terms: list[Term], in_loop: bool) -> n.Node:
        """One product over the slots of several terms."""
        if len(terms) == 1 or terms[0].operand is None:
            return self.term(terms[0], terms, in_loop)
        matrices = [term.weight for term in terms if term.weight is not None]
        return self.product(terms[0], matrices, in_loop, self.slots(terms[0].operand, len(terms), in_loop))

    # Pointwise statements

    def pointwise_run(self, statements: list[Pointwise], in_loop: bool) -> list[n.Node]:
        """One expression over neighbouring slots; where the forms differ, each in its own words."""
        first = statements[0]
        if first.target not in self.plan.precisely:
            return self.noted(statements, [self.pointwise(statements, in_loop, self.plan.exact)])
        others = [self.plan.precisely.get(statement.target, statement) for statement in statements]
        if in_loop and not self.plan.schedule.fused:
            value = n.Complement(*(self.reference(s.reads()[0], in_loop) for s in (first, others[0])))
            return self.noted(statements, [self.assigned(first.target, value, in_loop)])
        precise = [node for run in self.alike(others) for node in self.precise_run(run, in_loop)]
        fast = self.noted(statements, [self.pointwise(statements, in_loop, False)])
        return [n.Choose(tuple(precise), tuple(fast))]

    def precise_run(self, statements: Sequence[Statement], in_loop: bool) -> list[n.Node]:
        """Statements of the precise form alone; a maximum is one too, in both forms alike."""
        found = [statement for statement in statements if isinstance(statement, Pointwise)]
        numbered = ((self.numbers.get(s.provenance.id), s) for s in found)
        note = "; ".join(f"({number}) {self.notation.line(s)}" for number, s in numbered if number is not None)
        return [replace(self.pointwise(found, in_loop, True), note=note)]

    def alike(self, statements: Sequence[Statement]) -> list[Sequence[Statement]]:
        """All together if one expression computes them over their slots, else each alone."""
        patterns = {slot_pattern(s, self.plan.schedule.layout) for s in statements if isinstance(s, Pointwise)}
        return [statements] if len(patterns) == 1 and None not in patterns else [[s] for s in statements]

    def summand(self, part: Summand, in_loop: bool) -> n.Fill | n.Add:
        """Terms of a sum that is kept over time: the first of all steps at once, the others step by step."""
        operands = {value.symbol: self.reference(value, in_loop) for value in part.operands}
        value = n.Elementwise(part.expression, operands, self.plan.exact, self.symbols, self.plan.program.constants)
        target = self.at(self.storage.home(part.target), in_loop)
        return n.Fill(target, value, over_time=not in_loop) if part.first else n.Add(target, value)

    def pointwise(self, statements: Sequence[Pointwise], in_loop: bool, exact: bool | None) -> n.Assign | n.Fill:
        """One pointwise statement, or one expression over neighbouring slots."""
        first, count = statements[0], len(statements)
        operands = {
            value.symbol: self.reference(value, in_loop) if count == 1 else self.slots(value, count, in_loop)
            for value in first.operands
        }
        value: n.Node = n.Elementwise(first.expression, operands, exact, self.symbols, self.plan.program.constants)
        if count > 1:
            return n.Fill(self.slots(first.target, count, in_loop), value, over_time=not in_loop)
        varies = any(operand.time is not None for operand in first.operands)
        if first.target.time is not None and not varies and self.is_own(first.target, in_loop):
            over_time = not in_loop and self.storage.home(first.target).kind == "whole"
            if over_time or not first.operands:
                value = n.Full((*(("T",) if over_time else ()), "B", first.target.shape[0]), value)
        return self.assigned(first.target, value, in_loop)

    # Gradients of parameters

    def family_key(self, statement: Accumulate) -> object:
        """What the gradients of one product share: rows on the left, values on the right; of any other, itself."""
        parts = statement.contributions
        places = [self.storage.place(part.left) for part in parts]
        slots = {place.slot for place in places if place is not None}
        alone = None in places or len(slots) != 1 or any(part.coefficient != 1 for part in parts)
        elementwise = len(statement.target.shape) < 2 and any(part.right is not None for part in parts)
        elementwise |= not statement.target.shape
        if alone or elementwise:
            return statement.target
        rows = [(place.group, place.row) for place in places if place is not None]
        return tuple(rows), tuple(part.right for part in parts), len(statement.target.shape)

    def gradients(self, family: list[Accumulate]) -> list[n.Node]:
        """Gradients that share a product if their slots are neighbours, else one by one."""
        if len(family) > 1:
            ordered = sorted(family, key=lambda s: self.place(s.contributions[0].left).slot)
            slots = [self.place(s.contributions[0].left).slot for s in ordered]
            if slots == list(range(slots[0], slots[0] + len(slots))):
                return self.noted(family, self.joint_gradient(ordered))
        return [node for statement in family for node in self.noted([statement], self.single_gradient(statement))]

    def joint_gradient(self, statements: list[Accumulate]) -> list[n.Node]:
        """One product, then a view of it for each parameter."""
        first = statements[0]
        name = n.Name(self.names.get(("pack", first.target), gradient_name([s.target for s in statements])))
        nodes: list[n.Node] = []
        for k, part in enumerate(first.contributions):
            value = self.contribution(self.slots(part.left, len(statements), False), part, first)
            nodes.append(n.Add(name, value) if k else n.Assign(name, value))
        own = tuple(n.Name(self.names.get(s.target, identifier(s.target))) for s in statements)
        size = self.place(first.contributions[0].left).group.size
        return [*nodes, n.Split(own, name, 0, len(own), size, len(own), rows=True)]

    def contribution(self, left: n.Node, part: Contribution, statement: Accumulate) -> n.Node:
        """sum over t and batch of left right^T, left * right, or left; for a scalar over units too."""
        right = None if part.right is None else self.reference(part.right, False)
        if right is not None and len(statement.target.shape) == 2:
            value: n.Node = n.Outer(left, right)
        else:
            value = n.OverTime(left, right, units=not statement.target.shape)
        return value if part.coefficient == 1 else n.Scaled(part.coefficient, value)

    def single_gradient(self, statement: Accumulate) -> list[n.Node]:
        """The gradient of one parameter, contribution by contribution."""
        name = n.Name(self.names.get(statement.target, identifier(statement.target)))
        if not statement.contributions:
            parameter = statement.target.of
            while parameter is not None and not parameter.is_parameter:
                parameter = parameter.of
            assert parameter is not None
            source = field_of(parameter)
            return [n.Assign(name, n.ZerosLike(n.Field(source.record, source.name)))]
        values = [self.contribution(self.reference(p.left, False), p, statement) for p in statement.contributions]
        return [n.Assign(name, values[0]), *(n.Add(name, value) for value in values[1:])]

    def rotation(self) -> list[n.Node]:
        """What this step sends is what the next one receives."""
        pairs = [(n.Name(name), self.at(replace(home, offset=1), True)) for name, home in self.received.items()]
        self.regions.begin = [
            n.Assign(n.Name(name), n.Steps(n.Name(h.name), "first")) for name, h in self.received.items()
        ]
        for carry in self.plan.program.carries:
            incoming, outgoing = self.storage.home(carry.incoming), self.storage.home(carry.outgoing)
            if incoming.kind == "local":
                pairs.append((n.Name(incoming.name), n.Name(outgoing.name)))
        return [n.Rotate(*zip(*pairs, strict=True))] if pairs else []
