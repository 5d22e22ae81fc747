"""What a name of the text's own stands for where its line is wrong: what makes the lines that use it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from lstm_sym.proofreading.entries import Entry
from lstm_sym.proofreading.findings import Finding
from lstm_sym.proofreading.names import own_key
from lstm_sym.proofreading.tree import Quantity, Symbol

KINDS = ("adjoint", "slope", "forward", "carried")
"""The kinds of quantity that texts give names of their own, the likeliest first."""
UNMENDED = 3
"""As how many changes a line counts that no small change mends."""

Meanings = Mapping[int, Quantity]
Judged = Callable[[Meanings, bool], Sequence[Finding]]
"""What is found of every line with names that stand for these, and with mistakes sought or not."""


def meanings_by_use(
    entries: Sequence[Entry], found: Sequence[Finding], judged: Judged, known: Sequence[Quantity]
) -> Meanings:
    """Place of the line of a name -> the quantity that it is meant to be, where that line is wrong, not its uses.

    Such a line has no value of the cell, and not of a part of a derived line; with the quantity in the place of the
    name, more of the lines that use it are mended than stay wrong, no right one becomes wrong, and the line of the name
    takes no more changes than they did. found: what is found without meanings; known: the quantities of the cell.
    """
    meant: dict[int, Quantity] = {}
    for place, finding in enumerate(found):
        wrong = [user for user in users(place, entries, found) if found[user].status == "wrong"]
        if finding.status != "own" or finding.target or finding.equals or finding.is_part or not wrong:
            continue
        before = judged(meant, False)
        for quantity in sorted((q for q in known if q.kind in KINDS), key=lambda q: KINDS.index(q.kind)):
            tried = {**meant, place: quantity}
            mends = _mends(place, wrong, before, judged(tried, False))
            if mends and _is_less(place, wrong, found, judged(tried, True)):
                meant = tried
                break
    return meant


def users(place: int, entries: Sequence[Entry], found: Sequence[Finding]) -> Iterator[int]:
    """The lines that use the name that a line defines, or one that is made of it."""
    keys = {_defined(entries[place])}
    for later in range(place + 1, len(entries)):
        line = entries[later].line
        inside = (node for side in line.sides[1:] for node in side.walk()) if line else ()
        name = _defined(entries[later]) if found[later].status == "own" else ""
        if keys & {own_key(node) for node in inside if isinstance(node, Symbol)}:
            yield later
            keys.add(name)
        else:
            keys.discard(name)


def _defined(entry: Entry) -> str:
    left = entry.line.sides[0] if entry.line else None
    return own_key(left) if isinstance(left, Symbol) else ""


def _mends(place: int, wrong: list[int], before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether a meaning makes most wrong lines right, and no right one wrong."""
    mended = [user for user in wrong if after[user].status == "right"]
    lost = any(old.status == "right" != new.status for old, new in zip(before, after, strict=True))
    return 2 * len(mended) > len(wrong) and not lost and after[place].status == "wrong"


def _is_less(place: int, wrong: list[int], before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether the line of the name takes no more changes than the lines that it mends."""
    mended = [user for user in wrong if after[user].status == "right"]
    return changes(after[place]) <= sum(changes(before[user]) for user in mended)


def changes(finding: Finding) -> int:
    """How many changes mend a line; one that none mends counts as some."""
    judgement = finding.judgement
    if judgement is None or judgement.right:
        return 0
    return 1 if judgement.factor else len(judgement.changes) or UNMENDED
