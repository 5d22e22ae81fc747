"""The result of an audit for a terminal: outputs in a table, the verdict, what is wrong, and where to look next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lstm_sym.cli.streams import echo, say

if TYPE_CHECKING:
    from lstm_sym.audit import Audit
    from lstm_sym.audit.wording import Wording
    from lstm_sym.document.sentences import Sentences


def say_printed(found: Audit, sentences: Sentences) -> None:
    """What the file itself has printed last."""
    if found.answer.printed:
        say(sentences.sentence("audit.printed") + f"\n{found.answer.printed}", err=True)


def print_audit(found: Audit, language: str, *, is_brief: bool = False) -> None:
    """All of it, the most important last; in brief the verdict and what is wrong."""
    from lstm_sym.audit.page.summary import summary_lines
    from lstm_sym.audit.wording import Wording
    from lstm_sym.cli.output import say_table
    from lstm_sym.document.document import error_text

    wording = Wording(found, language)
    text = wording.sentences.text
    rows = [[text("audit.head.output"), "", *(text(f"audit.head.{name}") for name in ("error", "factor", "like"))]]
    for verdict in found.verdicts:
        factor = "" if verdict.factor is None else f"{verdict.factor:.6g}"
        said = text("audit.status.right" if verdict.right else "audit.status.wrong")
        rows.append([verdict.name, said, error_text(verdict.error), factor, wording.likeness(verdict)])
    first, rest = summary_lines(wording)[: bool(found.meant)], summary_lines(wording)[bool(found.meant) :]
    for line in first:
        say(line, bold=True)
    if not is_brief:
        say_table(rows, (2, 3), [place for place, verdict in enumerate(found.verdicts, 1) if not verdict.right])
    for line in rest:
        say(line)
    for note in () if is_brief else wording.notes():
        say(text("audit.note.prefix", note=note))
    if any(not verdict.right for verdict in found.verdicts):
        echo("\n" + "\n".join((*_explained(wording), *(() if is_brief else _smallest(wording)))))


def _smallest(wording: Wording) -> Iterator[str]:
    """A number of the smallest case that fails, and where all of them are to be had."""
    from lstm_sym.audit.page.smallest import first_wrong

    row = first_wrong(wording.audit)
    if row is not None:
        place, name, index, returned, right = row
        facts = {"name": name, "row": f"[{index}]", "returned": f"{returned:.4g}", "right": f"{right:.4g}"}
        yield ""
        yield wording.sentences.text("audit.least", sequence=wording.sequence(place), **facts)
        yield wording.sentences.text("audit.all_numbers")


def _explained(wording: Wording) -> Iterator[str]:
    """The mistakes with their lines, or that none is known."""
    from lstm_sym.document.document import line_text

    found, text = wording.audit, wording.sentences.text
    if found.is_usually_right and found.explanation and found.explanation.mistakes:
        yield text("audit.usually_right")
    if found.explanation is None or not found.explanation.mistakes:
        first, *others = (line_text(line, wording.notation) for line in wording.unexplained())
        yield from (first, *(f"  {line}" for line in others))
        yield from _started(wording)
        return
    for number, places in enumerate(wording.together):
        name = click.style(wording.called(number), bold=True)
        for place in places:
            mistake = found.explanation.mistakes[place]
            sentence = wording.sentence(mistake)
            yield text("audit.mistake_says", mistake=name, sentence=sentence) if place == places[0] else sentence
            for line in wording.lines(mistake):
                origin = "    " + text("audit.from", equation=line.origin) if line.origin else ""
                yield f"  ({line.number}) {line.text}{origin}"
        for own in found.own_lines[places[0]] if found.own_lines else ():
            for term, own_text in wording.own(own):
                shown = line_text(own_text, wording.notation)
                yield "  " + (text("audit.colon", term=term, text=shown) if term else shown)
        for place in places:
            yield from _alternatives(wording, place)
    if found.explanation.unexplained:
        yield from (line_text(line, wording.notation) for line in wording.left())
        yield from _started(wording)


def _alternatives(wording: Wording, place: int) -> Iterator[str]:
    """Other mistakes that give the same in the place of one."""
    from lstm_sym.audit.page.document import ALSO

    text, others = wording.sentences.text, wording.alternatives(place)
    if others:
        yield text("audit.also")
    for mistake in others[:ALSO]:
        yield f"  {wording.sentence(mistake)} {wording.lines_of(mistake)}"
    if len(others) > ALSO:
        yield "  " + text("audit.more", count=len(others) - ALSO)


def _started(wording: Wording) -> Iterator[str]:
    """Where what is not explained starts, and the lines that it can be in."""
    from lstm_sym.audit.page.start import started
    from lstm_sym.document.document import line_text

    said, lines = started(wording)
    yield from (line_text(line, wording.notation) for line in said)
    for line in map(wording.line, lines):
        yield f"  ({line.number}) {line.text}"
