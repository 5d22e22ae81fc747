"""Mistakes in words, in three languages, with the numbered lines of the derivation report that they are in."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

from lstm_sym.compile.derivation import Derivation
from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.context import Says
from lstm_sym.mistakes.edits import symbols
from lstm_sym.mistakes.sentences import AND, Word, one_by_one, template
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes.numbering import number_statements
from lstm_sym.program.statements import Affine, Term
from lstm_sym.program.values import Value


@dataclass(frozen=True)
class NumberedLine:
    """A line of the derivation: its number "B16", its id, its text, and the equation of the cell it follows from."""

    number: str
    id: str
    text: str
    origin: str


class MistakeWording:
    """Writes the mistakes of one derivation in the notation of its report, in a language."""

    def __init__(self, derivation: Derivation, language: str = "en") -> None:
        self.sentences, self.adjoint = Sentences(language), derivation.adjoint
        programs = (derivation.forward, derivation.adjoint, derivation.tangent)
        self.notation = TextNotation.of(*programs)
        self.numbers = number_statements(*programs)
        self.statements = {s.provenance.id: s for s in derivation.adjoint.statements}

    def sentence(self, mistake: Mistake) -> str:
        """The explanation, names as in the report."""
        return d.line_text(self.said(mistake), self.notation)

    def said(self, mistake: Mistake) -> d.Line:
        """The same with its formulas unprinted."""
        joint = self.sentences.as_in_english("mistakes", AND)
        lines = [self._line(says) for says in one_by_one(mistake.says)]
        return tuple(part for line in lines for part in (joint, *line))[1:]

    def _line(self, says: Says) -> d.Line:
        sentence, parts = template(says)
        found: list[d.Inline] = []
        for text, place, _, _ in Formatter().parse(self.sentences.as_in_english("mistakes", sentence)):
            found += [text, *([self._part(parts[int(place)])] if place else [])]
        return tuple(part for part in found if part)

    def _part(self, part: object) -> d.Inline:
        if isinstance(part, Word):
            return self.sentences.as_in_english("mistakes.word", part)
        if isinstance(part, Value):
            return d.Math(lambda notation: notation.symbol(part))
        values = self.notation.values
        if isinstance(part, Term):
            return d.Math(lambda notation: notation.knowing(values).right(Affine(Value("sum", ()), (part,))))
        return d.Math(lambda notation: notation.knowing(values).print(part))

    def lines(self, mistake: Mistake) -> list[NumberedLine]:
        """The lines that it changes."""
        return [self.line(identity) for identity in mistake.statements]

    def line(self, identity: str) -> NumberedLine:
        """The derived line of this id, as it should be."""
        statement = self.statements[identity]
        text, origin = self.notation.line(statement), statement.provenance.equation
        return NumberedLine(self.numbers[identity], identity, text, origin)

    def equation(self, identity: str) -> d.Equation:
        """The same as an equation of a page."""
        statement, values = self.statements[identity], symbols(self.adjoint)
        left = d.Math(lambda notation: notation.defined(statement.target))
        right = d.Math(lambda notation: notation.knowing(values).right(statement))
        return d.Equation(left, ((1, right),), self.numbers[identity], identity)
