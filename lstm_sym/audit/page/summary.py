"""An audit in a few sentences: how many outputs are right, and on what; what is meant; where to look next."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_sym.audit.wording import Wording


def summary_lines(wording: Wording) -> list[str]:
    """What is meant; the counts of outputs and sequences; of what is right, how many mistakes would have shown."""
    audit, text = wording.audit, wording.sentences.text
    wrong = sum(not verdict.right for verdict in audit.verdicts)
    facts = {"right": len(audit.verdicts) - wrong, "count": len(audit.verdicts), "sequences": len(audit.passes)}
    key = "audit.wrong" if wrong else "audit.right"
    lines = [text(key, **facts, wrong=wrong, ranges=_ranges(wording))]
    if audit.convention.derivation.cell.parameters and not audit.audited_parameters:
        lines[0] = text("audit.no_weights", verdict=lines[0])
    if audit.meant:
        lines.insert(0, text("audit.meant.beside" if wrong else "audit.meant.verdict", meant=wording.all_meant()))
    if audit.other_forward:
        lines.append(text(audit.other_forward.key, **audit.other_forward.facts))
        lines.append(text("audit.forward.judged"))
    if audit.right:
        lines.append(text("audit.noticed", count=len(audit.noticed)))
    if audit.unnoticed:
        numbers = dict.fromkeys(line.number for mistake in audit.unnoticed for line in wording.lines(mistake))
        where = wording.listed(f"({number})" for number in numbers)
        number = "one" if len(audit.unnoticed) == 1 else "several"
        lines.append(text(f"audit.unnoticed.{number}", count=len(audit.unnoticed), lines=where))
    return lines


def _ranges(wording: Wording) -> str:
    """T 1 to 60, B 1 to 8, ..."""
    found = []
    for name, sizes in wording.audit.ranges.items():
        low, high = min(sizes), max(sizes)
        said = f"{name} {low}" if low == high else wording.sentences.text("audit.range", name=name, low=low, high=high)
        found.append(said)
    return wording.listed(found)


def further(wording: Wording) -> Iterator[tuple[str, str]]:
    """Commands to look further with, and what each is for."""
    audit, cell = wording.audit, wording.audit.derivation.cell.key
    again = f"lstm-sym audit {audit.place} --cell {cell}"
    commands = {
        "backward": f"lstm-sym show {cell} --only backward",
        "report": f"lstm-sym derive {cell} -o {cell}.html",
        "seed": f"{again} --seed {audit.seed + 1}",
        "sizes": f"{again} --sizes T=1,B=1,D=1,H=1",
        "json": f"{again} --json",
    }
    for name, command in commands.items():
        yield command, wording.sentences.text(f"audit.further.{name}")
