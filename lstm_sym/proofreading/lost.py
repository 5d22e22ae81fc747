"""Names that a line changes which is not understood: from there on nobody can say what they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lstm_sym.proofreading.entries import Entry
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.names import own_key
from lstm_sym.proofreading.scripts import plain_name
from lstm_sym.proofreading.tree import Node, Symbol, filled

_ASSIGNED = re.compile(r"\s*(?P<twice>[-+*/@]|\*\*)?=(?P<right>.*)", re.DOTALL)


def is_changed(entry: Entry, left: Symbol) -> bool:
    """Whether a line makes its left side of what that was, as far as its characters tell."""
    name = filled(left.form, left.time or 0)
    found = _ASSIGNED.fullmatch(entry.formula.text.removeprefix(name))
    inside = found and re.search(rf"(?<![\w.]){re.escape(name)}(?![\w\[])", found["right"])
    return bool(found and (found["twice"] or inside))


def changed_together(entry: Entry) -> Iterator[str]:
    """The keys of names to the left of one = that are read to its right."""
    lefts, _, right = entry.formula.text.partition("=")
    for name in lefts.split(",") if entry.line is None and "," in lefts else ():
        key, mark, *_ = plain_name(name.strip())
        if name.strip() and re.search(rf"(?<![\w.]){re.escape(name.strip())}(?!\w)", right):
            yield f"{key}{mark}"


def heeded(node: Node, lost: dict[str, int]) -> None:
    """Raises Unreadable for a formula with a name that a line changes; lost: own_key -> that line."""
    for part in node.walk():
        if isinstance(part, Symbol) and own_key(part) in lost:
            name = filled(part.form, part.time or 0)
            raise Unreadable(
                f"{name} is changed in line {lost[own_key(part)]}, which is not understood",
                f"mend that line, or give what is made of {name} there a name of its own",
            )
