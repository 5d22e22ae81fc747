"""Which deviations a pass has: those with which more of its outputs are right, and none that was is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lstm_sym.audit.deviations.finding_clipping import clippings
from lstm_sym.audit.deviations.finding_decay import decays
from lstm_sym.audit.deviations.finding_loop import clipped_steps
from lstm_sym.audit.deviations.finding_scaling import scalings
from lstm_sym.audit.deviations.finding_truncation import truncations
from lstm_sym.audit.deviations.seen import Agreement, Deviations, Seen, in_order

KINDS: dict[str, Callable[[Seen, Deviations], Iterator[Deviations]]] = {
    "a factor, or means": scalings,
    "weight decay": decays,
    "clipping of what is returned": clippings,
    "truncation": truncations,
    "clipping in the loop": clipped_steps,
}
"""What deviations there are -> what finds them; the first that makes everything right is taken, else the best."""

TOGETHER = 4
"""Deviations that a pass may have at once."""


@dataclass(frozen=True)
class Found:
    """certain: with each of them more outputs are right on every sequence; likely: what may be there besides them.

    What is likely is what outputs show by themselves, and what makes more of them right on some sequences.
    """

    certain: Deviations = ()
    likely: tuple[Deviations, ...] = ()


def find(seen: Seen) -> Found:
    """One by one that which makes most outputs right, as long as one does."""
    known: Deviations = ()
    right = seen.agreement(())
    assert right is not None
    while len(known) < TOGETHER and not seen.is_everything(right):
        better = _better(seen, known, right)
        if better is None:
            break
        known, right = better
    certain, evident = _needed(seen, known), _evident(seen, known)
    likely = dict.fromkeys(in_order({*some, *evident}) for some in (certain, known))
    return Found(certain, tuple(one for one in likely if one != certain))


def _better(seen: Seen, known: Deviations, right: Agreement) -> tuple[Deviations, Agreement] | None:
    """The deviations with those that add most to what is right, of all kinds that are not among them."""
    best: tuple[Deviations, Agreement] | None = None
    ranks = {one.rank for one in known}
    for finder in KINDS.values():
        for added in finder(seen, known):
            if ranks & {one.rank for one in added}:
                continue
            together = in_order((*known, *added))
            now = seen.agreement(together, right)
            if now is not None and len(now) > len(best[1] if best else right):
                best = together, now
                if seen.is_everything(now):
                    return best
    return best


def _needed(seen: Seen, known: Deviations) -> Deviations:
    """Those without which fewer outputs are right on every sequence."""
    for one in known:
        fewer = tuple(other for other in known if other != one)
        now, less = seen.agreement(known), seen.agreement(fewer)
        if now is not None and less is not None and len(seen.right(now)) <= len(seen.right(less)):
            return _needed(seen, fewer)
    return known


def _evident(seen: Seen, known: Deviations) -> Deviations:
    """A clip of what is returned, which outputs show by themselves, whatever else is wrong with them."""
    if any(one.rank == 4 for one in known):
        return ()
    return next(clippings(seen, known), ())
