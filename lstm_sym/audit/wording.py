"""An audit as sentences: mistakes with the numbered lines of the derivation report, and what else was noticed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.compare import Verdict
from lstm_sym.document.sentences import Sentences
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.context import Says
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
    """Writes the mistakes of one derivation in the notation of its report, in a language."""

    def __init__(self, audit: Audit, language: str = "en") -> None:
        self.sentences = Sentences(language)
        derivation = audit.derivation
        programs = (derivation.forward, derivation.adjoint, derivation.tangent)
        self.notation = TextNotation.of(*programs)
        self.numbers = number_statements(*programs)
        self.statements = {s.provenance.id: s for s in derivation.adjoint.statements}

    def sentence(self, mistake: Mistake) -> str:
        """The explanation, names as in the report."""
        joint = self.sentences.as_in_english("mistakes", AND)
        return joint.join(self._said(says) for says in one_by_one(mistake.says))

    def _said(self, says: Says) -> str:
        sentence, parts = template(says)
        return self.sentences.as_in_english("mistakes", sentence).format(*map(self._text, parts))

    def _text(self, part: object) -> str:
        if isinstance(part, Word):
            return self.sentences.as_in_english("mistakes.word", part)
        if isinstance(part, Value):
            return self.notation.symbol(part)
        if isinstance(part, Term):
            whole = Affine(Value("sum", ()), (part,))
            return self.notation.right(whole)
        return self.notation.print(part)

    def lines(self, mistake: Mistake) -> list[NumberedLine]:
        """The lines that it changes."""
        return [self.line(identity) for identity in mistake.statements]

    def line(self, identity: str) -> NumberedLine:
        """The derived line of this id, as it should be."""
        statement = self.statements[identity]
        text, origin = self.notation.line(statement), statement.provenance.equation
        return NumberedLine(self.numbers[identity], identity, text, origin)


def likeness(verdict: Verdict, audit: Audit) -> str:
    """What a wrong output looks like: "3 times the right one", "the right U_f", or nothing that is known."""
    if verdict.problem:
        return verdict.problem
    if verdict.equals:
        return "all zero" if verdict.equals == "zero" else f"the right {verdict.equals}"
    if verdict.exact and verdict.factor is not None:
        return f"{factor_text(verdict.factor, audit)} times the right one"
    return ""


def factor_text(factor: float, audit: Audit) -> str:
    """A factor by its meaning, 1/B say, where it has one; else in six digits."""
    batch, steps = audit.sizes["B"], audit.sizes["T"]
    named = {"1/B": 1 / batch, "B": batch, "1/T": 1 / steps, "T": steps, "1/(T B)": 1 / (batch * steps)}
    for name, value in named.items():
        if abs(factor - value) <= audit.bar * value:
            return name
    near = Fraction(factor).limit_denominator(8)
    return str(near) if abs(factor - near) <= audit.bar * abs(factor) else f"{factor:.6g}"


def notes(audit: Audit) -> list[str]:
    """What the user should know beside the verdicts."""
    found, answer = [], audit.answer
    turned = [v.name for v in audit.verdicts if v.right and v.layout]
    layouts = ", ".join(f"{v.name} {v.layout}" for v in audit.verdicts if v.name in turned)
    if turned:
        found.append(f"right, in another layout than the equations: {layouts}")
    if audit.missing:
        found.append(f"not returned, and so not audited: {', '.join(audit.missing)}")
    if answer.ignored:
        found.append(f"returned under names that are not the cell's, and ignored: {', '.join(answer.ignored)}")
    if audit.wrong_on and len(audit.wrong_on) < len(audit.sequences):
        found.append(f"right on the others, wrong on {'; '.join(audit.wrong_on)}")
    if audit.unused:
        found.append(
            f"left out, for the cell itself gives numbers too large, or chaotic ones, there: {', '.join(audit.unused)}"
        )
    if audit.refused:
        found.append(f"it refuses, and so it is not audited there: {'; '.join(audit.refused)}")
    if answer.replaced:
        found.append(f"the file replaces {', '.join(answer.replaced)}; nothing that is compared here goes through it")
    if answer.changed:
        found.append(f"it writes into what it is given: {', '.join(answer.changed)}")
    if answer.unstable:
        found.append(f"asked the same again, it answers otherwise: {', '.join(answer.unstable)}; it keeps something")
    if not answer.taken & {"dstate", *(t for t in answer.taken if t.startswith(("dstate/", "carried/")))}:
        found.append("it takes no cotangent of the last state; those were zero")
    if audit.common_factor is not None and not audit.right:
        text = factor_text(audit.common_factor, audit)
        found.append(f"every output is {text} times the right one: a loss scaled or averaged?")
    return found
