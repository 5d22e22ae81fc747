"""The formulas of a text as they could be parsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lstm_sym.proofreading.formulas import Formula
from lstm_sym.proofreading.parser import Line
from lstm_sym.proofreading.tree import Node


@dataclass
class Entry:
    """A formula that could be parsed; of one that could not, the reason, and its left side if that could."""

    formula: Formula
    line: Line | None
    reason: str = ""
    fix: str = ""
    left: Node | None = None


def parts_of(entries: Iterable[Entry]) -> Iterator[Node]:
    """Every part of the formulas that could be parsed, in reading order."""
    for entry in entries:
        for side in entry.line.sides if entry.line else ():
            yield from side.walk()
