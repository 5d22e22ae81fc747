"""The verdict of an audit in a sentence or two, in three languages: how many outputs are right, and on what."""

from __future__ import annotations

from lstm_sym.audit import Audit
from lstm_sym.audit.wording import Wording
from lstm_sym.document.sentences import Sentences


def verdict_lines(found: Audit, wording: Wording) -> list[str]:
    """The counts of outputs and sequences; of what is right, the known mistakes that would have been noticed."""
    sentences = wording.sentences
    wrong = sum(not verdict.right for verdict in found.verdicts)
    facts: dict[str, object] = {
        "right": len(found.verdicts) - wrong,
        "count": len(found.verdicts),
        "sequences": len(found.sequences),
    }
    facts |= {"wrong": wrong, "ranges": _ranges(found, sentences)}
    lines = [sentences.text("audit.wrong" if wrong else "audit.right", **facts)]
    if found.meant:
        lines.append(
            sentences.text("audit.meant.beside" if wrong else "audit.meant.verdict", meant=wording.all_meant())
        )
    if found.right:
        lines.append(sentences.text("audit.noticed", count=len(found.noticed)))
    if found.unnoticed:
        comma = sentences.sentence("list.comma")
        numbers = dict.fromkeys(line.number for mistake in found.unnoticed for line in wording.lines(mistake))
        where = comma.join(f"({number})" for number in numbers)
        lines.append(sentences.text("audit.unnoticed", count=len(found.unnoticed), lines=where))
    return lines


def _ranges(found: Audit, sentences: Sentences) -> str:
    """T 1 to 60, B 1 to 8, ..."""
    ranges = []
    for name, sizes in found.ranges.items():
        low, high = min(sizes), max(sizes)
        said = f"{name} {low}" if low == high else sentences.text("audit.range", name=name, low=low, high=high)
        ranges.append(said)
    return sentences.sentence("list.comma").join(ranges)
