"""Where what is wrong starts, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lstm_sym.audit.page.localising import Start, where_it_starts
from lstm_sym.audit.page.parts import WrongPart, wrong_parts_on
from lstm_sym.audit.stage_wording import stage_name
from lstm_sym.audit.wording import Wording
from lstm_sym.document import document as d


def started(wording: Wording) -> tuple[list[d.Line], Sequence[str]]:
    """Sentences on where that starts which no mistake that is named gives, and the derived lines that it can be in.

    Nothing where only unusual sequences are wrong, where what is returned is no number or changes, or where the forward
    pass is another's.
    """
    audit, text = wording.audit, wording.sentences.text
    is_other = any(said.key == "audit.forward_differs" for said in audit.recognised)
    if is_other or audit.answer.unstable or any(verdict.broken for verdict in audit.verdicts):
        return [], ()
    mistakes = audit.explanation.mistakes if audit.explanation else ()
    start = where_it_starts(audit, mistakes)
    if start is None:
        return [], ()
    facts = {"stage": stage_name(start.stage, wording.sentences), "right": wording.listed(start.right)}
    facts["wrong"] = wording.listed(_with_part(wording, start, name, is_all=not mistakes) for name in start.wrong)
    said = text("audit.start.rest" if mistakes else "audit.start.first", **facts)
    said += text("audit.start.right", **facts) if start.right else ""
    lead = text("audit.start.lines" if start.right else "audit.start.all_lines")
    return [(said,), *([(lead,)] if start.lines else [])], start.lines


def _with_part(wording: Wording, start: Start, name: str, *, is_all: bool) -> str:
    """A wrong output, and which part of it is, where that is all that is wrong."""
    parts = wrong_parts_on(wording.audit, name, start.place) if is_all else []
    return wording.sentences.text("audit.start.part", name=name, part=part_text(wording, parts)) if parts else name


def part_text(wording: Wording, parts: Iterable[WrongPart]) -> str:
    """Steps 1, 2 of 6."""
    text = wording.sentences.text
    comma = wording.sentences.sentence("list.comma")
    return wording.listed(text(f"audit.part.{p.axis}", places=ranges(p.places, comma), count=p.count) for p in parts)


def ranges(places: Iterable[int], comma: str = ", ") -> str:
    """1–3, 5."""
    found: list[list[int]] = []
    for place in places:
        if found and place == found[-1][-1] + 1:
            found[-1][1:] = [place]
        else:
            found.append([place])
    return comma.join("–".join(map(str, run)) for run in found)
