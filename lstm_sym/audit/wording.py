"""An audit as sentences: mistakes with the numbered lines of the derivation report, and what else was noticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.compare import NOT_ZERO, Verdict
from lstm_sym.audit.deviations.deviation import Deviation
from lstm_sym.audit.lines.mistaken import OwnLine
from lstm_sym.audit.mistake_wording import MistakeWording
from lstm_sym.document import document as d
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.factors import number_text

SINGLE = (1e-9, 1e-5)
"""Relative errors between which what is computed in double precision has lost digits to single precision."""

FEW = 3
"""So many sequences are named with their sizes; more only by why they are there."""

NAMES = ("names", "states")
"""Facts that are lists of names."""


def is_single(error: float) -> bool:
    """Whether no more than the digits of float32 agree."""
    return SINGLE[0] < error < SINGLE[1]


class Wording(MistakeWording):
    """Writes what an audit found in a language, formulas in the notation of the derivation's report."""

    def __init__(self, audit: Audit, language: str = "en") -> None:
        super().__init__(audit.derivation, language)
        self.audit = audit

    def own(self, line: OwnLine) -> list[tuple[str, d.Line]]:
        """A line of the user's file, and as it should be, each with its name; what is unnamed in it without one."""
        text = self.sentences.text
        found: list[tuple[str, d.Line]] = [(text("audit.own.line", line=line.line), (d.Code(line.text),))]
        found += [(text("audit.own.right"), (d.Code(line.right),))] if line.right else []
        unnamed = text("audit.own.unnamed", names=self.listed(line.unnamed))
        return found + ([("", (unnamed,))] if line.unnamed else [])

    @property
    def together(self) -> list[list[int]]:
        """The places of the mistakes; of those that the very same lines of the file are in all at once."""
        found: dict[object, list[int]] = {}
        for place in range(len(self.audit.explanation.mistakes) if self.audit.explanation else 0):
            own = self.audit.own_lines[place] if self.audit.own_lines else ()
            lines = tuple((one.line, one.text, one.right) for one in own)
            found.setdefault(lines or place, []).append(place)
        return list(found.values())

    def called(self, number: int) -> str:
        """What a mistake is called, or several in the same lines: "the mistake", or "mistake 2 of 3"."""
        count, text = len(self.together), self.sentences.text
        return text("audit.mistake") if count == 1 else text("audit.mistake_of", number=number + 1, count=count)

    def meant(self, deviation: Deviation) -> str:
        """What is meant otherwise, with its number; a sentence without a full stop."""
        values = getattr(deviation, "values", ())
        what = self.listed(sorted(self.notation.symbol(value) for value in values))
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
        if verdict.equals == NOT_ZERO:
            return text("audit.like.not_zero")
        if name := verdict.equals.removesuffix(" transposed"):
            return text("audit.like.another" if name == verdict.equals else "audit.like.transposed", name=name)
        if verdict.exact and verdict.factor is not None:
            return text("audit.like.multiple", factor=factor_text(verdict.factor, self.audit))
        return ""

    def reason(self, why: str) -> str:
        """Why a sequence is there; behind a colon the state that it is about."""
        known, sign, state = why.partition(": ")
        return self.sentences.as_in_english("audit.why", known) + sign + state

    def sequence(self, place: int) -> str:
        """Which sequence this is: its sizes, and why it is there."""
        one = self.audit.passes[place]
        sizes, why = self.listed(one.case.label.split(", ")), one.setting.why
        return self.sentences.text("audit.sequence.why", sizes=sizes, why=self.reason(why)) if why else sizes

    def briefly(self, place: int) -> str:
        """Why a sequence is there; its sizes where nothing is special about it."""
        one = self.audit.passes[place]
        return self.reason(one.setting.why) or self.sequence(place)

    def named(self, places: Sequence[int]) -> Iterable[str]:
        """Sequences by why they are there; a few with their sizes too."""
        return dict.fromkeys(map(self.sequence if len(places) <= FEW else self.briefly, places))

    def notes(self) -> list[str]:
        """What the user should know beside the verdicts."""
        recognised = [self.sentences.text(said.key, **self._listed_facts(said.facts)) for said in self.audit.recognised]
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
        right_on = [place for place in right_on if audit.wrong_on and not wrong_on and self._says_something(place)]
        refused = (one.partition(": ") for one in audit.refused)
        said: dict[str, tuple[str, Iterable[str]]] = {
            "layout": ("layouts", turned),
            "missing": ("names", audit.missing),
            "ignored": ("names", answer.ignored),
            "stacked": ("names", [name.removeprefix("pack/") for name in answer.stacked]),
            "wrong_on": ("sequences", self.named(wrong_on)),
            "right_on": ("sequences", self.named(right_on)),
            "dropped": ("sequences", [self.reason(why) for why in audit.dropped]),
            "unused": ("sequences", [self.reason(why) for why in audit.unused]),
            "refused": ("sequences", [f"{self.reason(why)}: {error}" for why, _, error in refused]),
            "replaced": ("names", answer.replaced),
            "changed": ("names", answer.changed),
            "unstable": ("names", answer.unstable),
            "single": ("names", [v.name for v in audit.verdicts if audit.is_double and is_single(v.error)]),
        }
        for key, (what, items) in said.items():
            if listed := list(items):
                yield (
                    key,
                    {what: self._joined(listed) if key in ("wrong_on", "right_on", "refused") else self.listed(listed)},
                )
        if not any(source.partition("/")[0] in ("dstate", "dstates", "carried") for source in answer.taken):
            yield "no_last", {}

    def _says_something(self, place: int) -> bool:
        """Whether anything but zero is expected of a sequence; nothing is where only what is not taken is given."""
        return any(value.any() for value in self.audit.evidence.right[place].gradients.values())

    def unexplained(self) -> list[d.Line]:
        """Why no mistake is named, in sentences."""
        line, recognised = self.sentences.line, {said.key for said in self.audit.recognised}
        usual = [line("audit.usually_right")] if self.audit.is_usually_right else []
        if any(verdict.broken for verdict in self.audit.verdicts):
            return [*usual, line("audit.not_numbers"), line("audit.not_numbers_why")]
        if self.audit.answer.unstable:
            return [*usual, line("audit.keeps_changing")]
        if "audit.forward_differs" in recognised:
            return [*usual, line("audit.forward.unknown"), line("audit.forward.first")]
        if usual:
            return usual
        command = d.Code(f"lstm-sym show {self.audit.derivation.cell.key} --only backward")
        return [line("audit.unexplained"), *self._time(), line("audit.compare", command=command)]

    def left(self) -> list[d.Line]:
        """Which outputs the mistakes do not give, in sentences."""
        explanation = self.audit.explanation
        outputs = self.listed(explanation.unexplained) if explanation else ""
        return [self.sentences.line("audit.left", outputs=outputs), *self._time()]

    def alternatives(self, place: int) -> tuple[Mistake, ...]:
        """What could stand for a mistake that is named."""
        others = self.audit.explanation.alternatives if self.audit.explanation else ()
        return others[place] if others else ()

    def _time(self) -> list[d.Line]:
        """That the search had no time to come to its end."""
        if self.audit.explanation is None or self.audit.explanation.in_time:
            return []
        return [self.sentences.line("audit.time_up", option=d.Code("--seconds"))]

    def gates(self, groups: Iterable[tuple[str, tuple[str, ...], tuple[str, ...]]]) -> str:
        """Of which quantities everything is wrong, and of which right; "" where that says nothing."""
        known = list(groups)
        wrong = self.listed(name for name, outputs, _ in known if outputs)
        right = self.listed(name for name, outputs, _ in known if not outputs)
        return self.sentences.text("audit.gates", wrong=wrong, right=right) if known else ""

    def listed(self, items: Iterable[str]) -> str:
        """With the comma of the language."""
        return self.sentences.sentence("list.comma").join(items)

    def lines_of(self, mistake: Mistake) -> str:
        """The numbers of the lines that a mistake changes: (B1), (B4)."""
        return self.listed(f"({line.number})" for line in self.lines(mistake))

    def _listed_facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts with the comma of the language between names; what stands in brackets is code."""
        return {key: self.listed(str(one).split(", ")) if key in NAMES else one for key, one in facts.items()}

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
