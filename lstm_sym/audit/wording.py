"""An audit as sentences: mistakes with the numbered lines of the derivation report, and what else was noticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from string import Formatter

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.compare import Verdict
from lstm_sym.audit.deviations.deviation import Deviation
from lstm_sym.audit.lines.mistaken import OwnLine
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


class Wording:
    """Writes what an audit found in a language, formulas in the notation of the derivation's report."""

    def __init__(self, audit: Audit, language: str = "en") -> None:
        self.audit, self.sentences = audit, Sentences(language)
        derivation = audit.derivation
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

    def own(self, line: OwnLine) -> list[d.Line]:
        """A line of the user's file, and as it should be."""
        write = self.sentences.line
        found = [write("audit.own.line", line=str(line.line), text=d.Code(line.text))]
        found += [write("audit.own.right", text=d.Code(line.right))] if line.right else []
        return found + ([write("audit.own.unnamed", names=self.listed(line.unnamed))] if line.unnamed else [])

    def equation(self, identity: str) -> d.Equation:
        """The same as an equation of a page."""
        statement, values = self.statements[identity], symbols(self.audit.derivation.adjoint)
        left = d.Math(lambda notation: notation.defined(statement.target))
        right = d.Math(lambda notation: notation.knowing(values).right(statement))
        return d.Equation(left, ((1, right),), self.numbers[identity], identity)

    def meant(self, deviation: Deviation) -> str:
        """What is meant otherwise, with its number; a sentence without a full stop."""
        values = getattr(deviation, "values", ())
        what = ", ".join(sorted(self.notation.symbol(value) for value in values))
        return self.sentences.text(f"audit.meant.{deviation.key}", number=number_text(deviation.number or 0), what=what)

    def all_meant(self) -> str:
        """All that is meant otherwise."""
        return self._joined(map(self.meant, self.audit.meant))

    def likeness(self, verdict: Verdict) -> str:
        """What a wrong output looks like: "3 times the right one", "the right U_f", or nothing that is known."""
        text = self.sentences.text
        if verdict.broken:
            return text("audit.like.broken", broken=verdict.broken[0], total=verdict.broken[1])
        if verdict.equals == "zero":
            return text("audit.like.zero")
        if name := verdict.equals.removesuffix(" transposed"):
            return text("audit.like.another" if name == verdict.equals else "audit.like.transposed", name=name)
        if verdict.exact and verdict.factor is not None:
            return text("audit.like.multiple", factor=factor_text(verdict.factor, self.audit))
        return ""

    def reason(self, why: str) -> str:
        """Why a sequence is there."""
        return self.sentences.as_in_english("audit.why", why)

    def sequence(self, place: int) -> str:
        """Which sequence this is: its sizes, and why it is there."""
        one = self.audit.passes[place]
        return one.case.label + (f" ({self.reason(one.setting.why)})" if one.setting.why else "")

    def notes(self) -> list[str]:
        """What the user should know beside the verdicts."""
        recognised = [self.sentences.text(said.key, **said.facts) for said in self.audit.recognised]
        return recognised + [self.sentences.text(f"audit.note.{key}", **facts) for key, facts in self._notes()]

    def _notes(self) -> Iterator[tuple[str, dict[str, str]]]:
        audit, answer = self.audit, self.audit.answer
        turned = [
            f"{v.name} {self.sentences.as_in_english('audit.layout', v.layout)}"
            for v in audit.verdicts
            if v.right and v.layout
        ]
        right_on = [place for place in range(len(audit.passes)) if place not in audit.wrong_on]
        wrong_on = [place for place in audit.wrong_on if len(audit.wrong_on) <= len(right_on)]
        right_on = [place for place in right_on if audit.wrong_on and not wrong_on]
        refused = (one.partition(": ") for one in audit.refused)
        said: dict[str, tuple[str, Iterable[str]]] = {
            "layout": ("layouts", turned),
            "missing": ("names", audit.missing),
            "ignored": ("names", answer.ignored),
            "wrong_on": ("sequences", [self.sequence(place) for place in wrong_on]),
            "right_on": ("sequences", [self.sequence(place) for place in right_on]),
            "unused": ("sequences", [self.reason(why) for why in audit.unused]),
            "refused": ("sequences", [f"{self.reason(why)}: {error}" for why, _, error in refused]),
            "replaced": ("names", answer.replaced),
            "changed": ("names", answer.changed),
            "unstable": ("names", answer.unstable),
        }
        for key, (what, items) in said.items():
            if listed := list(items):
                yield (
                    key,
                    {what: self._joined(listed) if key in ("wrong_on", "right_on", "refused") else self.listed(listed)},
                )
        if not answer.taken & {"dstate", *(t for t in answer.taken if t.startswith(("dstate/", "carried/")))}:
            yield "no_last", {}

    def unexplained(self) -> list[str]:
        """Why no mistake is named, in sentences."""
        text = self.sentences.text
        if any(verdict.broken for verdict in self.audit.verdicts):
            return [text("audit.not_numbers"), text("audit.not_numbers_why")]
        if self.audit.answer.unstable:
            return [text("audit.keeps_changing")]
        command = f"lstm-sym show {self.audit.derivation.cell.key} --only backward"
        return [text("audit.unexplained"), text("audit.compare", command=command)]

    def gates(self, groups: Iterable[tuple[str, tuple[str, ...], tuple[str, ...]]]) -> str:
        """Of which quantities everything is wrong, and of which right; "" where that says nothing."""
        known = list(groups)
        wrong = self.listed(name for name, outputs, _ in known if outputs)
        right = self.listed(name for name, outputs, _ in known if not outputs)
        return self.sentences.text("audit.gates", wrong=wrong, right=right) if known else ""

    def listed(self, items: Iterable[str]) -> str:
        """With the comma of the language."""
        return self.sentences.sentence("list.comma").join(items)

    def _joined(self, items: Iterable[str]) -> str:
        return self.sentences.sentence("audit.sequence.semicolon").join(items)


def factor_text(factor: float, audit: Audit) -> str:
    """A factor by its meaning, 1/B say, where it has one; else in six digits."""
    batch, steps = audit.sizes["B"], audit.sizes["T"]
    named = {"1/B": 1 / batch, "B": batch, "1/T": 1 / steps, "T": steps, "1/(T B)": 1 / (batch * steps)}
    for name, value in named.items():
        if abs(factor - value) <= audit.bar * value:
            return name
    return number_text(factor, audit.bar)


def number_text(number: float, bar: float = 1e-8) -> str:
    """A small fraction where it is one, to a relative error; else six digits."""
    near = Fraction(number).limit_denominator(8)
    is_one = near.denominator > 1 and abs(number - near) <= bar * abs(number)
    exact = f"{number:.6g}"
    return str(near) if is_one and len(str(near)) < len(exact) else exact
