"""The section of Jacobians: gates, the state Jacobian as blocks, states against the input and the parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from lstm_sym.api import Derivation
from lstm_sym.derivation.linear_map import LinearMap
from lstm_sym.document.document import Block, Definitions, Equation, Inline, Math, Matrix, Paragraph, Section
from lstm_sym.document.sentences import Sentences
from lstm_sym.program.values import Value
from lstm_sym.report.formulas import expression_math, map_summands, partial_math, value_math


def jacobian_blocks(derivation: Derivation, sentences: Sentences, errors: Mapping[str, float]) -> list[Block]:
    """All Jacobians of one step, numbered J1, J2, ... in the order of the page."""
    return _Jacobians(derivation, sentences, errors).blocks()


class _Jacobians:
    """Derives, numbers and lays out."""

    def __init__(self, derivation: Derivation, sentences: Sentences, errors: Mapping[str, float]) -> None:
        self.derivation, self.sentences, self.errors = derivation, sentences, errors
        self.cell = derivation.cell
        self.origins = {equation.text: f"E{k}" for k, equation in enumerate(self.cell.equations, 1)}
        self.count = 0
        self.stages: dict[str, Math] = {}
        self.own = {derivation.jacobian_id(target, source) for target, source in self.pairs()}

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every target and source that has a line in any case, unless it is zero."""
        cell = self.cell
        targets = dict.fromkeys([*(equation.target for equation in cell.equations), *cell.states])
        yield from product(targets, [*filter(None, [cell.input]), *cell.states])
        yield from product(cell.states, cell.parameters)

    def blocks(self) -> list[Block]:
        """The parts of the section."""
        cell = self.cell
        driven = [cell.input] if cell.input else []
        gates = [e.target for e in cell.equations if e.target not in cell.states]
        rule = ((self.sentences.rule("jacobian"),), self.sentences.line("rules.jacobian.why"))
        found: list[Block] = []
        if gates:
            found.append(self.section("gates", self.family(gates, [*driven, *cell.states])))
        if cell.states:
            found.append(self.section("state", self.state()))
        if cell.states and driven:
            found.append(self.section("input", self.family(list(cell.states), driven)))
        if cell.states and cell.parameters:
            found.append(self.section("parameters", self.parameters()))
        head: list[Block] = [Paragraph(self.sentences.line("jacobian.why")), Definitions((rule,))]
        for sign in list(self.stages.values())[:1]:
            head.append(Paragraph(self.sentences.line("jacobian.stages", example=sign)))
        return [*head, *found]

    def section(self, key: str, blocks: list[Block]) -> Section:
        """A part with its title."""
        return Section(key, self.sentences.text(f"section.{key}"), tuple(blocks), folded=key == "parameters")

    def partial(self, target: str, source: str) -> Math:
        """d target / d source as a sign."""
        return partial_math(self.derivation.value(target), self.derivation.value(source, source=True))

    def jacobian_lines(self, target: str, source: str, linear: LinearMap, left: Math | None = None) -> list[Equation]:
        """One Jacobian, numbered, after the stages that it refers to and that have no line yet."""
        found = []
        for stage, inner in linear.stages.items():
            identity = self.derivation.jacobian_id(stage.target, stage.source)
            sign = partial_math(stage.target, stage.source)
            if identity not in self.own and identity not in self.stages:
                found.append(self.jacobian_line(identity, stage.target.name, inner, sign))
            self.stages[identity] = sign
        identity = self.derivation.jacobian_id(target, source)
        return [*found, self.jacobian_line(identity, target, linear, left or self.partial(target, source))]

    def jacobian_line(self, identity: str, target: str, linear: LinearMap, left: Math) -> Equation:
        """A numbered line, from the equation of the cell that its target belongs to."""
        self.count += 1
        origin = self.origins[self.derivation.forward.statement(target).provenance.equation]
        number, error = f"J{self.count}", self.errors.get(identity)
        return Equation(left, map_summands(linear), number, identity, "jacobian", origin, error)

    def family(self, targets: list[str], sources: list[str]) -> list[Block]:
        """Every target against every source; independence is said in words."""
        found: list[Block] = []
        for target in targets:
            independent: list[Inline] = []
            for source in sources:
                linear = self.derivation.jacobian(target, source)
                if linear.is_zero:
                    independent.append(value_math(self.derivation.value(source, source=True)))
                else:
                    found += self.jacobian_lines(target, source, linear)
            if independent:
                found.append(self.independence(self.derivation.value(target), independent))
        return found

    def independence(self, target: Value, sources: list[Inline]) -> Paragraph:
        """Within one step the target does not depend on these."""
        listed = self.sentences.listed(sources)
        return Paragraph(self.sentences.line("jacobian.independent", target=value_math(target), sources=listed))

    def state(self) -> list[Block]:
        """The block matrix over all states, then block by block."""
        blocks = self.derivation.state_jacobian()
        states = self.cell.states
        rows = tuple(tuple(self.entry(a, b, blocks[a, b]) for b in states) for a in states)
        left = Math(lambda n: n.name("J", [], "", 0))
        found: list[Block] = [Paragraph(self.sentences.line("jacobian.state")), Matrix(left, rows)]
        for (target, source), linear in blocks.items():
            if not linear.is_zero:
                found += self.jacobian_lines(target, source, linear)
                found += self.gated(target, source, linear)
        return found

    def entry(self, target: str, source: str, linear: LinearMap) -> Math:
        """A block of the matrix: its sign, or zero."""
        return Math(lambda n: n.zero) if linear.is_zero else self.partial(target, source)

    def gated(self, target: str, source: str, linear: LinearMap) -> list[Block]:
        """A word on a diagonal block on the diagonal: the path on which a gate alone scales the gradient."""
        diagonal = linear.diagonal()
        if target != source or diagonal is None:
            return []
        parts = {"block": self.partial(target, source), "diagonal": expression_math(diagonal, linear.values)}
        return [Paragraph(self.sentences.line("jacobian.gated", **parts))]

    def parameters(self) -> list[Block]:
        """Every state against every parameter it depends on within the step."""
        change = Math(lambda n: n.differential)
        found: list[Block] = [Paragraph(self.sentences.line("jacobian.parameters", change=change))]
        for parameter in self.cell.parameters:
            for state in self.cell.states:
                linear = self.derivation.jacobian(state, parameter)
                if not linear.is_zero:
                    found += self.jacobian_lines(state, parameter, linear, self.applied(state, parameter))
        return found

    def applied(self, state: str, parameter: str) -> Math:
        """d state / d W, applied to a change of W where W is a matrix."""
        sign = self.partial(state, parameter)
        if len(self.cell.shapes[parameter]) == 1:
            return sign
        return Math(lambda n: n.applied(sign.write(n), n.differential))
