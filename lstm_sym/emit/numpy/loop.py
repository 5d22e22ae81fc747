"""A scheduled program as the body of a NumPy function: packs, arrays, before the loop, the loop, after the loop."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from lstm_sym.emit.numpy.packs import Packs, pack_name, source_of
from lstm_sym.emit.numpy.scalar import NumPyPrinter
from lstm_sym.emit.numpy.storage import Home, Names, Storage, bracketed, identifier
from lstm_sym.notation.notation import is_stack
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes.layout import Place
from lstm_sym.passes.scheduling import Piece, Run, Schedule
from lstm_sym.program.statements import Accumulate, Affine, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Operator, Role, Value


@dataclass
class Body:
    """The lines of one function, region by region.

    `rows` are names the loop binds, each to a row of an array over time; `helpers` are functions to bring along.
    """

    packs: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    loop: list[str] = field(default_factory=list)
    rotate: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    rows: dict[str, str] = field(default_factory=dict)


class LoopEmitter:
    """Emits one schedule. `homes` of given values are decided by the caller through the storage."""

    def __init__(self, plan: Schedule, storage: Storage, precise: bool, numbers: Mapping[str, str]) -> None:
        self.plan, self.storage, self.precise, self.numbers = plan, storage, precise, numbers
        self.notation = TextNotation.of(plan.program)
        self.body = Body()
        self.names: Names = storage.names
        self.packs = Packs(self.names, self.body.packs, plan)
        self.symbols = {value.symbol: value for value in plan.program.values()}

    def run(self) -> Body:
        """All regions."""
        for run in self.plan.before:
            self.region(run, self.body.before, in_loop=False)
        for run in self.plan.loop:
            self.region(run, self.body.loop, in_loop=True)
        accumulations = [s for run in self.plan.after for s in run.parts if isinstance(s, Accumulate)]
        for run in self.plan.after:
            if not isinstance(run.parts[0], Accumulate):
                self.region(run, self.body.after, in_loop=False)
        self.accumulate(accumulations)
        self.rotate()
        return self.body

    def region(self, run: Run, lines: list[str], in_loop: bool) -> None:
        """One run into the lines of its region, under a comment that says which step of the derivation it is."""
        new: list[str] = []
        match first := run.parts[0]:
            case Piece():
                self.pieces([part for part in run.parts if isinstance(part, Piece)], new, in_loop)
            case Affine():
                self.affine(first, new, in_loop)
            case Maximum():
                self.maximum(first, new, in_loop)
            case Pointwise():
                self.pointwise([part for part in run.parts if isinstance(part, Pointwise)], new, in_loop)
            case Accumulate():
                raise TypeError("what is summed over time is computed after the loop, by accumulate()")
            case _:
                assert_never(first)
        lines += [*self.comments(run.parts), *new]

    def comments(self, parts: Sequence[Piece | Statement]) -> list[str]:
        """The equations that the next lines compute, as comments."""
        text = "; ".join(self.comment(part) for part in parts)
        return textwrap.wrap(text, 104, initial_indent="# ", subsequent_indent="# ", break_long_words=False)

    def comment(self, part: Piece | Statement) -> str:
        """The number of the equation a line computes or continues, and the equation, as the report prints it."""
        statement = part.statement if isinstance(part, Piece) else part
        number = self.numbers[statement.provenance.id]
        if not isinstance(part, Piece):
            return f"({number}) {self.notation.line(statement)}"
        terms = self.notation.signed([(term.coefficient, self.notation.term(term)) for term in part.terms])
        return f"({number}) {self.notation.symbol(part.target)} {'=' if part.first else '+='} {terms}"

    def text(self, home: Home, in_loop: bool) -> str:
        """A value as it is read in this region; a row of an array over time gets a name that the loop binds."""
        if not in_loop or home.kind not in ("whole", "states"):
            return home.whole()
        previous = home.kind == "states" and not home.offset
        name = self.names.get(("row", home), home.name + ("_prev" if previous else "_t"))
        self.body.rows[name] = home.whole()
        return name

    def reference(self, value: Value, in_loop: bool) -> str:
        """A value, or a parameter, as it is read in this region."""
        if value.is_parameter or value.role is Role.CONSTANT:
            return self.packs.parameter(value)
        return self.text(self.storage.home(value), in_loop)

    def pieces(self, pieces: list[Piece], lines: list[str], in_loop: bool) -> None:
        """A product, biases, or element-wise terms, into neighbouring slots."""
        place = self.place(pieces[0].target)
        low = place.slot
        home = self.storage.slot_home((place.group, place.row), low, low + len(pieces))
        row = self.storage.row_home((place.group, place.row)).name
        target, first = self.text(home, in_loop), pieces[0].first
        for k, term in enumerate(pieces[0].terms):
            column = [piece.terms[k] for piece in pieces]
            text = self.term(term, column, in_loop)
            fills = not in_loop and target == row and text.startswith("_times(")
            if first and k == 0:
                lines.append(f"{text[:-1]}, out={target})" if fills else f"{target}[...] = {text}")
            else:
                lines.append(f"{target} += {text}")

    def term(self, term: Term, column: list[Term], in_loop: bool) -> str:
        """The text of one term, over the slots of a run."""
        matrices = [t.weight for t in column if t.weight is not None]
        if term.operand is None:
            return self.scaled(term, self.packs.pack(matrices))
        operand = self.reference(term.operand, in_loop)
        if term.operator is not None:
            return self.scaled(term, self.operator(term.operator, term.transposed, operand))
        if term.is_product and term.operand.time is None:
            return self.scaled(term, f"{operand} @ {self.packs.pack(matrices)}{'' if term.transposed else '.T'}")
        if not term.is_product:
            return self.scaled(term, f"{self.packs.parameter(matrices[0])} * {operand}" if matrices else operand)
        return self.scaled(term, self.product(operand, matrices, not term.transposed, in_loop))

    def operator(self, operator: Operator, transposed: bool, operand: str) -> str:
        """A constant linear map of an operand; a part of a stack is copied out of it."""
        if operator.kind == "part":
            start = " + ".join(operator.before) or "0"
            return f"{operand}[..., {start} : {' + '.join((*operator.before, operator.shape[1]))}].copy()"
        if operator.kind == "repeat" and not transposed:
            return f"np.repeat({operand}, {operator.count}, axis=-1)"
        if operator.kind == "repeat":
            self.body.helpers.add("run_sums")
            return f"_run_sums({operand}, {operator.count})"
        self.body.helpers.add(f"{operator.kind}_of")
        return f"_{operator.kind}_of({operand})"

    def maximum(self, statement: Maximum, lines: list[str], in_loop: bool) -> None:
        """The maximum over units, or the share of each unit in it."""
        function = "largest_share" if statement.weights else "largest"
        self.body.helpers.add(function)
        text = f"_{function}({self.reference(statement.operand, in_loop)})"
        lines.append(f"{self.assigned(statement.target, in_loop)} = {text}")

    def assigned(self, target: Value, in_loop: bool) -> str:
        """The left side of an assignment: into the array that holds the target, or to a name of its own."""
        home = self.storage.home(target)
        placed = self.storage.place(target) is not None or home.kind == "states"
        into = placed or (in_loop and home.kind == "whole")
        return self.text(home, in_loop) + ("[...]" if into else "")

    def product(self, operand: str, matrices: Sequence[Value], transpose: bool, in_loop: bool) -> str:
        """rows @ matrix or rows @ matrix.T; whole sequences as one product of T B rows."""
        if in_loop:
            right = self.packs.transposed(matrices) if transpose else self.packs.pack(matrices)
            return f"{operand} @ {right}"
        self.body.helpers.add("times")
        return f"_times({operand}, {self.packs.pack(matrices)}{'.T' if transpose else ''})"

    def scaled(self, term: Term, text: str) -> str:
        """A term with its coefficient."""
        if term.coefficient == 1:
            return text
        if term.coefficient == -1:
            return f"-({text})"
        return f"{float(term.coefficient)!r} * ({text})"

    def affine(self, statement: Affine, lines: list[str], in_loop: bool) -> None:
        """An affine map into a value of its own: products over neighbouring slots are one product."""
        if is_stack(statement):
            parts = [self.reference(term.operand, in_loop) for term in statement.terms if term.operand is not None]
            lines.append(f"{self.assigned(statement.target, in_loop)} = np.concatenate(({', '.join(parts)}), axis=-1)")
            return
        families = sorted(self.gather(statement.terms), key=lambda terms: not terms[0].is_product)
        texts = [self.gathered(terms, in_loop) for terms in families]
        if texts[0].isidentifier() and len(texts) > 1:
            # A name alone must not be updated in place: it may be the caller's array.
            texts[:2] = [f"{texts[0]} - {texts[1][1:]}" if texts[1].startswith("-") else f"{texts[0]} + {texts[1]}"]
        lines.append(f"{self.assigned(statement.target, in_loop)} = {texts[0]}")
        name = self.text(self.storage.home(statement.target), in_loop)
        lines += [f"{name} += {text}" for text in texts[1:]]

    def gather(self, terms: tuple[Term, ...]) -> list[list[Term]]:
        """Terms W_k^T v_k with v_k in neighbouring slots of one row, together; any other term alone."""
        families: dict[object, list[Term]] = {}
        for position, term in enumerate(terms):
            place = self.storage.place(term.operand) if term.operand is not None else None
            joinable = term.is_product and term.transposed and term.coefficient == 1 and place is not None
            key: object = (place.group, place.row, stem(term.weight)) if joinable and place else position
            families.setdefault(key, []).append(term)
        result: list[list[Term]] = []
        for family in families.values():
            family.sort(key=self.slot)
            for term in family:
                if (
                    result
                    and result[-1]
                    and result[-1][-1] in family
                    and self.slot(term) == self.slot(result[-1][-1]) + 1
                ):
                    result[-1].append(term)
                else:
                    result.append([term])
        return result

    def slot(self, term: Term) -> int:
        """The slot of a term's operand, -1 without one."""
        place = self.storage.place(term.operand) if term.operand is not None else None
        return place.slot if place is not None else -1

    def gathered(self, terms: list[Term], in_loop: bool) -> str:
        """One product over the slots of several terms."""
        if len(terms) == 1:
            return self.term(terms[0], terms, in_loop)
        operand = terms[0].operand
        assert operand is not None
        place = self.place(operand)
        home = self.storage.slot_home((place.group, place.row), place.slot, place.slot + len(terms))
        matrices = [term.weight for term in terms if term.weight is not None]
        return self.product(self.text(home, in_loop), matrices, False, in_loop)

    def pointwise(self, statements: list[Pointwise], lines: list[str], in_loop: bool) -> None:
        """One pointwise statement, or one expression over neighbouring slots."""
        first = statements[0]
        count = len(statements)

        def refer(value: Value) -> str:
            if count == 1:
                return self.reference(value, in_loop)
            place = self.place(value)
            home = self.storage.slot_home((place.group, place.row), place.slot, place.slot + count)
            return self.text(home, in_loop)

        printer = NumPyPrinter(self.symbols, refer, self.body.helpers, self.precise, self.plan.program.constants)
        home = self.storage.home(first.target)
        target = refer(first.target)
        assigned = home.kind == "constant" or (home.kind == "local" and self.storage.place(first.target) is None)
        created = not in_loop and home.kind == "whole" and self.storage.place(first.target) is None
        if assigned and not first.operands and first.target.time is not None:
            size = first.target.shape[0]
            lines.append(f"{target} = np.full((B, {size}), {printer.print(first.expression)}, dtype)")
        elif created and all(value.time is None for value in first.operands):
            size = first.target.shape[0]
            lines.append(f"{target} = np.full((T, B, {size}), {printer.print(first.expression)}, dtype)")
        elif assigned or created:
            lines.append(f"{target} = {printer.print(first.expression)}")
        else:
            text = first.expression
            lines += [printer.into(text, target)] if in_loop else printer.in_place(text, target)

    def place(self, value: Value) -> Place:
        """The slot of a value that has one."""
        place = self.storage.place(value)
        assert place is not None
        return place

    def accumulate(self, statements: list[Accumulate]) -> None:
        """Weight gradients after the loop: one product for neighbouring slots that share the right operands."""
        families: dict[object, list[Accumulate]] = {}
        for statement in statements:
            families.setdefault(self.family_key(statement), []).append(statement)
        for family in families.values():
            self.family(family)

    def family_key(self, statement: Accumulate) -> object:
        """What gradients of one product share: rows on the left, values on the right; else the gradient itself."""
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

    def family(self, family: list[Accumulate]) -> None:
        """Gradients that share a product if their slots are neighbours, else one by one."""
        self.body.after += self.comments(family)
        if len(family) > 1:
            family = sorted(family, key=lambda s: self.place(s.contributions[0].left).slot)
            slots = [self.place(s.contributions[0].left).slot for s in family]
            if slots == list(range(slots[0], slots[0] + len(slots))):
                self.joint_gradient(family)
                return
        for statement in family:
            self.single_gradient(statement)

    def joint_gradient(self, statements: list[Accumulate]) -> None:
        """One product, then a view of it for each parameter."""
        first = statements[0]
        name = self.names.get(("pack", first.target), gradient_name([s.target for s in statements]))
        for k, part in enumerate(first.contributions):
            place = self.place(part.left)
            home = self.storage.slot_home((place.group, place.row), place.slot, place.slot + len(statements))
            self.body.after.append(f"{name} {'+=' if k else '='} {self.contribution(home.whole(), part.right, first)}")
        size = self.place(first.contributions[0].left).group.size
        for k, statement in enumerate(statements):
            own = self.names.get(statement.target, identifier(statement.target))
            self.body.after.append(f"{own} = {name}[{k} * {bracketed(size)} : {k + 1} * {bracketed(size)}]")

    def contribution(self, left: str, right: Value | None, statement: Accumulate) -> str:
        """sum over t and batch of left right^T, left * right, or left; for a scalar over units too."""
        if not statement.target.shape:
            weighted = left if right is None else f"({left} * {self.reference(right, False)})"
            return f"np.asarray({weighted}.sum())"
        if right is None:
            return f"{left}.sum(axis=(0, 1))"
        if len(statement.target.shape) == 2:
            self.body.helpers.add("outer")
            return f"_outer({left}, {self.reference(right, False)})"
        return f"({left} * {self.reference(right, False)}).sum(axis=(0, 1))"

    def single_gradient(self, statement: Accumulate) -> None:
        """The gradient of one parameter, contribution by contribution."""
        name = self.names.get(statement.target, identifier(statement.target))
        if not statement.contributions:
            parameter = statement.target.of
            while parameter is not None and not parameter.is_parameter:
                parameter = parameter.of
            assert parameter is not None
            self.body.after.append(f"{name} = np.zeros_like({source_of(parameter).removesuffix('.reshape(1)')})")
        for k, part in enumerate(statement.contributions):
            text = self.contribution(self.reference(part.left, False), part.right, statement)
            if part.coefficient != 1:
                text = f"{float(part.coefficient)!r} * {text}"
            self.body.after.append(f"{name} {'+=' if k else '='} {text}")

    def rotate(self) -> None:
        """Carried values that are plain variables: what this step sends is what the next one receives."""
        pairs = []
        for carry in self.plan.program.carries:
            incoming, outgoing = self.storage.home(carry.incoming), self.storage.home(carry.outgoing)
            if incoming.kind == "local":
                pairs.append((incoming.name, outgoing.name))
        if pairs:
            left, right = (", ".join(names) for names in zip(*pairs, strict=True))
            self.body.rotate.append(f"{left} = {right}")


def stem(value: Value | None) -> str:
    """The part of a parameter's name before the gate: W of W_i."""
    return value.name.split("_")[0] + value.role.value if value is not None else ""


def gradient_name(targets: Sequence[Value]) -> str:
    """The name of gradients computed together: d_W for d_W_i, d_W_f, ...; d_W_dot for their tangents."""
    adjoints = [target.of if target.role is Role.TANGENT and target.of is not None else target for target in targets]
    suffix = "_dot" if targets[0].role is Role.TANGENT else ""
    return "d_" + pack_name([value.of for value in adjoints if value.of is not None]) + suffix
