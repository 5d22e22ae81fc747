"""The result of an audit as a document: what is wrong, how it should be, outputs, the smallest case, what was run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.page.localising import what_stages_show
from lstm_sym.audit.page.parts import read_with, wrong_parts
from lstm_sym.audit.page.smallest import Row, given, returned, smallest_place
from lstm_sym.audit.page.start import part_text, started
from lstm_sym.audit.page.summary import further, summary_lines
from lstm_sym.audit.stage_wording import stage_name
from lstm_sym.audit.wording import Wording
from lstm_sym.document import document as d
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.mistakes.catalogue import Mistake

ALSO = 6
"""Of the mistakes that cannot be told from the one named, so many are shown."""


def audit_document(audit: Audit, language: str) -> d.Document:
    """The page of an audit in a language."""
    page = _Page(Wording(audit, language))
    cell = audit.derivation.cell
    title = page.text("audit.title", cell=cell.names.get(language, cell.name) or cell.key)
    built = {
        "mistakes": page.mistakes(),
        "outputs": page.outputs(),
        "smallest": page.smallest(),
        "run": page.run(),
        "further": page.further(),
    }
    titles = {"mistakes": "meant"} if audit.right else {}
    sections = [
        d.Section(key, page.text(f"audit.section.{titles.get(key, key)}"), tuple(blocks))
        for key, blocks in built.items()
    ]
    return d.Document(
        title,
        language,
        tuple((line,) for line in summary_lines(page.wording)),
        tuple(section for section in sections if section.blocks),
        page.text("page.contents"),
        quantities=(tuple(equation.target for equation in cell.equations),),
        symbols=tuple(cell.shapes),
        signs=cell.signs,
    )


class _Page:
    """The sections, in one language."""

    def __init__(self, wording: Wording) -> None:
        self.wording, self.audit = wording, wording.audit
        self.text = wording.sentences.text

    def mistakes(self) -> Iterator[d.Block]:
        """What is meant otherwise, each mistake with its line, what else gives the same; or that none is known."""
        for deviation in self.audit.meant:
            meant = self.wording.meant(deviation)
            yield d.Paragraph((meant if self.audit.right else self.text("audit.meant.not_wrong", meant=meant),))
        if all(verdict.right for verdict in self.audit.verdicts):
            return
        if self.audit.is_usually_right and self.audit.explanation and self.audit.explanation.mistakes:
            yield d.Paragraph((self.text("audit.usually_right"),))
        yield from self.explained()

    def explained(self) -> Iterator[d.Block]:
        """The mistakes, or why there is none."""
        explanation = self.audit.explanation
        if explanation is None or not explanation.mistakes:
            yield from map(d.Paragraph, self.wording.unexplained())
            yield from self.start()
            return
        for number, places in enumerate(self.wording.together):
            name, several = self.wording.called(number), [explanation.mistakes[place] for place in places]
            for mistake in several:
                said = self.wording.said(mistake)
                whole = self.wording.sentences.line("audit.mistake_says", mistake=name, sentence=said)
                yield d.Paragraph(whole if mistake is several[0] else said)
                for identity in mistake.statements:
                    yield self.wording.equation(identity)
            lines = [line for mistake in several for line in self.wording.lines(mistake)]
            origins = dict.fromkeys(line.origin for line in lines if line.origin)
            own = self.audit.own_lines[places[0]] if self.audit.own_lines else ()
            terms = [((term,), line) for one in own for term, line in self.wording.own(one)]
            terms += [((self.text("audit.own.derived"),), (d.Code(origin),)) for origin in origins]
            if terms:
                yield d.Definitions(tuple(terms))
            for others in filter(None, map(self.wording.alternatives, places)):
                yield d.Folded(self.text("audit.also"), tuple(self.also(others)))
        if explanation.unexplained:
            yield from map(d.Paragraph, self.wording.left())
            yield from self.start()

    def also(self, others: Sequence[Mistake]) -> Iterator[d.Block]:
        """Other mistakes that give the same."""
        for mistake in others[:ALSO]:
            yield d.Paragraph((*self.wording.said(mistake), f" {self.wording.lines_of(mistake)}"))
        if (more := len(others) - ALSO) > 0:
            yield d.Paragraph((self.text("audit.more", count=more),))

    def start(self) -> Iterator[d.Block]:
        """Where what is not explained starts, and the lines that it can be in."""
        said, lines = started(self.wording)
        yield from map(d.Paragraph, said)
        yield from map(self.wording.equation, lines)

    def stages(self) -> Iterator[d.Block]:
        """What each stage shows."""
        rows: list[tuple[d.Line, ...]] = []
        for shown in what_stages_show(self.audit):
            each = (self.wording.listed(names) or "–" for names in (shown.wrong, shown.right))
            rows.append(((stage_name(shown.stage, self.wording.sentences),), *((text,) for text in each)))
        head = (self.text("audit.head.stage"), *(self.text(f"audit.status.{name}") for name in ("wrong", "right")))
        yield d.Folded(self.text("audit.stages"), (d.Table(head, tuple(rows)),))

    def outputs(self) -> Iterator[d.Block]:
        """Every output, and which part of it is wrong."""
        head = tuple(
            self.text(f"audit.head.{name}") for name in ("output", "verdict", "error", "factor", "like", "part")
        )
        rows: list[tuple[d.Line, ...]] = []
        for verdict in self.audit.verdicts:
            status = self.text("audit.status.right" if verdict.right else "audit.status.wrong")
            status = status if verdict.right else f"✗ {status}"
            factor = "" if verdict.factor is None else f"{verdict.factor:.6g}"
            texts = status, d.error_text(verdict.error), factor, self.wording.likeness(verdict), self.part(verdict.name)
            rows.append(((d.Code(verdict.name),), *((text,) if text else () for text in texts)))
        yield filled(head, rows, {2, 3})
        if sentence := self.wording.gates(read_with(self.audit)):
            yield d.Paragraph((sentence,))
        if not all(verdict.right for verdict in self.audit.verdicts):
            yield from self.stages()

    def part(self, name: str) -> str:
        """Which part of an output is wrong."""
        verdict = next(one for one in self.audit.verdicts if one.name == name)
        return part_text(self.wording, wrong_parts(self.audit, verdict))

    def smallest(self) -> Iterator[d.Block]:
        """The smallest case with all its numbers."""
        place = smallest_place(self.audit)
        if place is None:
            return
        yield d.Paragraph((self.text("audit.smallest_is", sequence=self.wording.sequence(place)),))
        head = [self.text(f"audit.head.{name}") for name in ("array", "row", "returned", "right_one")]
        wrong = []
        for row in returned(self.audit, place):
            pair: list[d.Line] = [
                (d.Code(numbers(values)),) for values in (row.values, row.right) if values is not None
            ]
            wrong.append((("✗" if row.is_wrong else "",), (d.Code(row.name),), (index(row),), *pair))
        yield filled(["", *head], wrong)
        head = [self.text(f"audit.head.{name}") for name in ("array", "row", "values")]
        shown = given(self.audit, place)
        rows = [((d.Code(row.name),), (index(row),), (d.Code(numbers(row.values)),)) for row in shown]
        yield d.Folded(self.text("audit.given"), (filled(head, rows),))

    def run(self) -> Iterator[d.Block]:
        """What was run, on what, and what was noticed."""
        audit = self.audit
        facts: dict[str, d.Inline | d.Line] = {
            "function": d.Code(audit.place),
            "seed": str(audit.seed),
            "bar": f"{audit.bar:g}",
        }
        yield d.Paragraph(self.wording.sentences.line("audit.ran", **facts))
        yield from (d.Paragraph((note,)) for note in self.wording.notes())
        right, wrong = (self.text(f"audit.status.{name}") for name in ("right", "wrong"))
        rows = [
            ((self.wording.sequence(place),), (wrong if place in audit.wrong_on else right,))
            for place in range(len(audit.passes))
        ]
        head = (self.text("audit.head.sequence"), self.text("audit.head.verdict"))
        yield d.Folded(self.text("audit.sequences"), (d.Table(head, tuple(rows)),))

    def further(self) -> Iterator[d.Block]:
        """Commands, each with what it is for."""
        yield d.Definitions(tuple(((d.Code(command),), (text,)) for command, text in further(self.wording)))


def filled(head: Sequence[str], rows: Sequence[tuple[d.Line, ...]], numeric: Collection[int] = ()) -> d.Table:
    """A table without the columns in which nothing stands."""
    kept = [column for column in range(len(head)) if any(any(row[column]) for row in rows)]
    places = frozenset(place for place, column in enumerate(kept) if column in numeric)
    return d.Table(tuple(head[k] for k in kept), tuple(tuple(row[k] for k in kept) for row in rows), places)


def index(row: Row) -> str:
    """The place of a row in its array, from 0 as in NumPy."""
    return "[" + ", ".join(map(str, row.index)) + "]" if row.index else ""


def numbers(values: Array) -> str:
    """Numbers in a row, in four digits."""
    return " ".join(f"{value:.4g}" for value in values)
