"""The derivation of a cell as a document: equations, stages, Jacobians, backward pass, forward mode, cost, checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.functions import positive
from lstm_sym.equations.initial import written
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes import save_set
from lstm_sym.passes.numbering import number_statements
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Pointwise, Statement
from lstm_sym.program.values import Role, Value, adjoint, carried_adjoint, direct_adjoint, slope, tangent
from lstm_sym.report.checks import check_table
from lstm_sym.report.diagram import diagram_block
from lstm_sym.report.facts import Facts
from lstm_sym.report.formulas import Values, operator_math, paper_line, statement_summands, value_math
from lstm_sym.report.jacobians import jacobian_blocks
from lstm_sym.report.titles import cell_title

if TYPE_CHECKING:  # the checks start autograd, which showing a derivation does not need
    from lstm_sym.check import CheckResult


def derivation_document(
    cell: Cell,
    sentences: Sentences,
    *,
    errors: Mapping[str, float] | None = None,
    checks: Sequence[CheckResult] = (),
    facts: Facts | None = None,
) -> d.Document:
    """The derivation of a cell.

    errors: statement id -> relative error of its numeric check, as `check_lines` gives them; None leaves them out.
    checks: the results of `check_cell`, shown as a table. facts: those of the cell, if documents share them.
    """
    return _Derivation(facts or Facts(cell), sentences, errors or {}).document(checks)


class _Derivation:
    """Builds the sections of one document."""

    def __init__(self, facts: Facts, sentences: Sentences, errors: Mapping[str, float]) -> None:
        self.facts, self.cell, self.derivation = facts, facts.cell, facts.derivation
        self.sentences, self.errors = sentences, errors
        self.programs = (self.derivation.forward, self.derivation.adjoint, self.derivation.tangent)
        self.numbers = number_statements(*self.programs)
        self.origins = {equation.text: f"E{k}" for k, equation in enumerate(facts.cell.equations, 1)}

    def document(self, checks: Sequence[CheckResult]) -> d.Document:
        """All sections."""
        sentences = self.sentences
        parts: dict[str, Callable[[], list[d.Block]]] = {
            "diagram": lambda: [diagram_block(self.facts.drawing, sentences)],
            "symbols": self.symbols,
            "equations": self.equations,
            "stages": self.stages,
            "jacobian": lambda: jacobian_blocks(self.derivation, sentences, self.errors),
            "backward": self.backward,
            "tangent": self.tangent,
            "cost": self.cost,
            "checks": lambda: check_table(checks, sentences),
            "signs": self.signs,
        }
        sections = tuple(self.section(key, *build()) for key, build in parts.items())
        document = d.Document(
            sentences.text("derivation.title", name=cell_title(self.cell, sentences)),
            sentences.language,
            tuple(self.lead()),
            sections,
            sentences.text("page.contents"),
            d.Labels(
                sentences.rule,
                self.checked,
                sentences.text("page.source"),
                sentences.text("page.drawing"),
                self.answers(),
            ),
            (tuple(equation.target for equation in self.cell.equations),),
            tuple(self.cell.shapes),
            self.cell.signs,
        )
        wrong = [d.Code(f"({equation.number})") for equation in document.equations() if equation.is_wrong]
        told = sentences.line("derivation.wrong", numbers=sentences.listed(wrong))
        return replace(document, warning=told) if wrong else document

    def answers(self) -> tuple[str, str, str]:
        """What stands beside the field for an answer."""
        asked, right, wrong = (self.sentences.text(f"page.{key}") for key in ("answer", "answer_right", "answer_wrong"))
        return asked, right, wrong

    def checked(self, number: str) -> str:
        """How the line of a number was checked, and on what."""
        from lstm_sym.check.derived_lines import CASE, SEED  # a page without checks does not need autograd

        sizes = ", ".join(f"{letter} = {size}" for letter, size in zip("TBDH", CASE.values(), strict=True))
        return self.sentences.text(f"page.checked.{number[0]}", case=f"float64, seed {SEED}, {sizes}")

    def section(self, key: str, *blocks: d.Block) -> d.Section:
        """A section with its title."""
        return d.Section(key, self.sentences.text(f"section.{key}"), blocks, folded=key == "tangent")

    def lead(self) -> list[d.Line]:
        """What stands under the title."""
        letters = {"equations": "E", "stages": "F", "jacobians": "J", "backward": "B", "tangent": "T"}
        found = [self.sentences.line("derivation.lead", **{name: d.Code(f"({n})") for name, n in letters.items()})]
        if self.errors:
            worst = d.error_text(max(self.errors.values()))
            found.append(self.sentences.line("derivation.checked", count=str(len(self.errors)), worst=worst))
        if self.cell.reference:
            found.append(self.sentences.line("derivation.reference", reference=d.Reference(self.cell.reference)))
        if self.cell.chosen:
            options = ", ".join(f"{name} = {choice}" for name, choice in self.cell.chosen.items())
            found.append(self.sentences.line("derivation.options", options=d.Code(options)))
        return found

    def symbols(self) -> list[d.Block]:
        """Every symbol, its meaning and its shape."""
        cell, sentences = self.cell, self.sentences
        driven = [*cell.inputs, *([cell.input] if cell.input else [])]
        names = [*driven, *cell.states, *(e.target for e in cell.equations), *cell.parameters, *cell.constants]
        rows: list[tuple[d.Line, ...]] = [
            ((value_math(self.derivation.value(name)),), (self.meaning(name),), (self.shape(name),))
            for name in dict.fromkeys(names)
        ]
        head = tuple(sentences.text(f"symbols.{column}") for column in ("symbol", "meaning", "shape"))
        sizes = sentences.line("symbols.sizes", sizes=d.Code(", ".join(cell.size_names)))
        return [d.Table(head, tuple(rows)), d.Paragraph(sizes), *self.shown_otherwise()]

    def shown_otherwise(self) -> list[d.Block]:
        """What programs call the quantities that formulas show by another sign."""
        pairs: list[d.Line] = [
            (value_math(self.derivation.value(name)), " = ", d.Code(name)) for name in self.cell.signs
        ]
        names = self.sentences.listed_lines(pairs)
        return [d.Paragraph(self.sentences.line("symbols.in_programs", names=names))] if pairs else []

    def shape(self, name: str) -> str:
        """(H,) or (H, D); of a constant, its number."""
        shape = self.cell.shapes[name]
        if name in self.cell.constants:
            return TextNotation().number(self.cell.constants[name])
        return f"({', '.join(shape)}{',' if len(shape) == 1 else ''})"

    def meaning(self, name: str) -> str:
        """What a symbol stands for, and what it starts with if that is not 0."""
        meaning = self.cell.meaning(name, self.sentences.language) or self.sentences.text(f"symbols.{self.kind(name)}")
        if name not in self.cell.initial:
            return meaning
        return self.sentences.text("symbols.starts", meaning=meaning, value=written(self.cell.initial[name]))

    def kind(self, name: str) -> str:
        """What a symbol is to the cell: a key of the table of strings."""
        cell = self.cell
        if name in cell.inputs:
            return "input"
        if name == cell.input:
            return "inputs"
        if name in cell.constants:
            return "constant"
        if name in cell.states:
            return "output_state" if name == cell.output else "state"
        if name in cell.parameters:
            return ("number", "vector", "weights")[len(cell.shapes[name])]
        return "output" if name == cell.output else "quantity"

    def equations(self) -> list[d.Block]:
        """The equations in the order and form of the paper."""
        return [paper_line(self.derivation, e.target, self.origins[e.text]) for e in self.cell.equations]

    def statement_lines(self, program: Program, statements: Sequence[Statement]) -> list[d.Equation]:
        """Statements of a program as numbered lines."""
        values = {value.symbol: value for value in program.values()}
        return [self.statement_line(statement, values) for statement in statements]

    def statement_line(self, statement: Statement, values: Values) -> d.Equation:
        """A statement, with its number, rule, origin and error."""
        source = statement.provenance
        return d.Equation(
            d.Math(lambda n: n.defined(statement.target)),
            statement_summands(statement, values),
            self.numbers[source.id],
            source.id,
            source.rule,
            self.origins.get(source.equation, ""),
            self.errors.get(source.id),
        )

    def rules(self, statements: Sequence[Statement]) -> list[d.Block]:
        """The rules that these statements were made by, each with its reason."""
        used = dict.fromkeys(statement.provenance.rule for statement in statements)
        items: list[tuple[d.Line, d.Line]] = [
            ((self.sentences.rule(rule),), (self.sentences.sentence(f"rules.{rule}.why"),))
            for rule in used
            if self.sentences.has(f"rules.{rule}.why")
        ]
        return [d.Definitions(tuple(items))]

    def stages(self) -> list[d.Block]:
        """The forward program."""
        program = self.derivation.forward
        why = d.Paragraph(self.sentences.line("stages.why"))
        return [why, *self.rules(program.statements), *self.statement_lines(program, program.statements)]

    def backward(self) -> list[d.Block]:
        """The backward program: adjoints in the order of the loop, gradients, and how the loop closes."""
        program, sentences = self.derivation.adjoint, self.sentences
        cotangents = [value_math(v) for v in program.inputs if v.role is Role.ADJOINT]
        carried = sentences.listed([value_math(carry.incoming) for carry in program.carries])
        key = "backward.why" if program.carries else "backward.why_stateless"
        why = sentences.line(key, cotangent=sentences.listed(cotangents), carried=carried)
        adjoints = [s for s in program.statements if not isinstance(s, Accumulate)]
        gradients = [s for s in program.statements if isinstance(s, Accumulate)]
        told = d.Paragraph(sentences.line("backward.gradients"))
        return [
            d.Paragraph(why),
            self.section("rules", *self.rules(program.statements)),
            self.section("adjoints", *self.statement_lines(program, adjoints)),
            *([self.section("gradients", told, *self.statement_lines(program, gradients))] if gradients else []),
            *([self.section("loop", *self.loop(program))] if program.carries else []),
        ]

    def loop(self, program: Program) -> list[d.Block]:
        """What each carried adjoint hands to the step before."""
        ids = {statement.target: statement.provenance.id for statement in program.statements}
        found: list[d.Block] = []
        for carry in program.carries:
            number = self.numbers[ids[carry.outgoing]] if carry.outgoing in ids else ""
            parts = {"sent": value_math(carry.outgoing), "received": value_math(carry.incoming)}
            link = d.Link(f"({number})", f"#{ids[carry.outgoing]}") if number else d.Code("")
            found.append(d.Paragraph(self.sentences.line("loop.passes", number=link, **parts)))
        return [*found, d.Paragraph(self.sentences.line("loop.ends"))]

    def tangent(self) -> list[d.Block]:
        """The lines that forward mode adds."""
        known = {statement.provenance.id for statement in self.derivation.forward.statements}
        program = self.derivation.tangent
        added = [statement for statement in program.statements if statement.provenance.id not in known]
        why = d.Paragraph(self.sentences.line("tangent.why"))
        return [why, *self.rules(added), *self.statement_lines(program, added)]

    def cost(self) -> list[d.Block]:
        """Operations of each pass, and the save set."""
        sentences = self.sentences
        rows: tuple[tuple[d.Line, ...], ...] = tuple(
            ((sentences.text(f"cost.{name}"),), (str(count.elementwise),), (str(count.products),))
            for name, count in self.derivation.costs.items()
        )
        head = tuple(sentences.text(f"cost.{column}") for column in ("pass", "elementwise", "products"))
        saved = [value_math(value) for value in save_set(self.derivation.forward, self.derivation.adjoint)]
        kept = sentences.line("cost.saved", values=sentences.listed(saved))
        return [d.Table(head, rows, frozenset({1, 2})), d.Paragraph(kept)]

    def signs(self) -> list[d.Block]:
        """The legend, on a value v and a matrix of the cell."""
        u, v = Value("u", ("H",)), Value("v", ("H",))
        matrix = Value("W", ("H", "D"), None, Role.PARAMETER)
        marks = {
            "adjoint": value_math(adjoint(v)),
            "carried": value_math(carried_adjoint(v, 0)),
            "direct": value_math(direct_adjoint(v)),
            "slope": value_math(slope(v)),
            "tangent": value_math(tangent(v)),
            "product": d.Math(lambda n: n.product([n.symbol(u), n.symbol(v)])),
            "diagonal": d.Math(lambda n: n.diag(n.symbol(v))),
            "transpose": d.Math(lambda n: n.transpose(n.symbol(matrix))),
        }
        marks |= self.operator_marks(v)
        return [d.Definitions(tuple(((math,), self.sentences.line(f"signs.{key}")) for key, math in marks.items()))]

    def operator_marks(self, v: Value) -> dict[str, d.Math]:
        """The signs of the constant maps and of the indicator, where the cell has them."""
        forward, backward = self.derivation.forward, self.derivation.adjoint
        affine = [s for s in forward.statements if isinstance(s, Affine)]
        used = {term.operator.kind: term.operator for s in affine for term in s.terms if term.operator is not None}
        kinds = [kind for kind in ("part", "repeat", "mean", "sum") if kind in used]
        marks: dict[str, d.Math] = {kind: operator_math(used[kind], v) for kind in kinds}
        pointwise = (s.expression for s in backward.statements if isinstance(s, Pointwise))
        if any(expression.has(positive) for expression in pointwise):
            marks["positive"] = d.Math(lambda n: n.call("positive", n.symbol(v)))
        return marks
